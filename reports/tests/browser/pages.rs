//! The pages, and what has to be seen of them.

use y2w_reports::{Exporter as _, compare, export::Html};

use crate::look::{colours_seen, look_at};
use crate::{compared, runs};

#[tokio::test]
#[ignore = "needs Chromium: run it by .ci/browser"]
async fn every_run_is_shown_whole_on_a_phone_and_on_a_desk() {
    for (name, run) in runs::RUNS {
        let (faults, shown) = look_at(&Html.render(&run()).unwrap()).await;
        assert_eq!(faults, [""; 0], "{name}");
        assert_eq!(shown.iter().map(|page| page.width).collect::<Vec<_>>(), [400, 1280]);
        // Distribution, throughput, latency, users, requests, and what the generator did.
        let least = match name {
            "empty" => 0,
            "single" => 5,
            _ => 8,
        };
        assert!(shown.iter().all(|page| page.charts.len() >= least), "{name}: {shown:?}");
    }
}

#[tokio::test]
#[ignore = "needs Chromium: run it by .ci/browser"]
async fn a_comparison_is_shown_whole_on_a_phone_and_on_a_desk() {
    let comparison = compared::comparison().unwrap();
    let page = compare::render("compare.html", &comparison).unwrap().unwrap();
    let (faults, shown) = look_at(&page).await;
    assert_eq!(faults, [""; 0]);
    assert!(shown.iter().all(|page| page.bars == comparison.metrics.len()), "{shown:?}");
}

#[tokio::test]
#[ignore = "needs Chromium: run it by .ci/browser"]
async fn charts_have_the_colours_that_the_legend_has() {
    let page = Html.render(&runs::passed()).unwrap();
    // The first three lines of the light palette; and one that is nowhere.
    let colours = [[0x2a, 0x63, 0xc8], [0xd0, 0x69, 0x0f], [0x15, 0x86, 0x6a], [0x01, 0xff, 0x02]];
    assert_eq!(colours_seen(&page, &colours).await, [true, true, true, false]);
}

/// What would make the tests above worthless if it were not seen.
#[tokio::test]
#[ignore = "needs Chromium: run it by .ci/browser"]
async fn a_bad_page_is_seen_to_be_bad() {
    let page = Html.render(&runs::passed()).unwrap();
    for (what, bad, said) in [
        ("a wide table", "<div style=\"width: 1300px\">wide</div>", "beyond the page's width"),
        ("a picture from elsewhere", "<img src=\"http://example.org/x.png\">", "something was fetched"),
        ("a picture beside it", "<img src=\"beside.png\">", "something was fetched"),
        ("an error of a script", "<script>nothing.at.all()</script>", "the console: "),
        ("an empty chart", "<figure><svg></svg></figure>", "a chart is empty"),
    ] {
        let (faults, _) = look_at(&page.replace("</main>", &format!("{bad}</main>"))).await;
        assert!(faults.iter().any(|fault| fault.contains(said)), "{what}: {faults:#?}");
    }
}
