//! The pages in a real browser: opened from files, with the network cut, as a phone and as a desk shows them.
//!
//! `probe.html` holds a page in two frames and measures it; Chromium prints what it has measured, and what the page
//! said on the console. It needs Chromium, and is therefore run by `.ci/browser`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;
use y2w_reports::{Exporter as _, compare, export::Html};

#[path = "../../examples/sample/compared.rs"]
#[cfg(test)]
mod compared;
#[path = "../../examples/sample/runs.rs"]
#[cfg(test)]
mod runs;

/// How long one page may take, the start of the browser included.
const DEADLINE: Duration = Duration::from_secs(60);

/// A page as one frame shows it, in pixels.
#[derive(Debug, Deserialize)]
struct Shown {
    width: u32,
    /// How wide its content is.
    scroll: u32,
    /// Elements that are not within its width.
    outside: u32,
    height: u32,
    figures: usize,
    /// The charts that can be seen: width and height.
    charts: Vec<(u32, u32)>,
    /// Those of them in which something is drawn.
    lines: usize,
    bars: usize,
    rows: usize,
    /// What was fetched for it.
    loaded: u32,
}

impl Shown {
    /// What is wrong with it.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{what}: {self:?}"));
            }
        };
        expect(self.scroll <= self.width && self.outside == 0, "something reaches beyond the page's width");
        expect(self.loaded == 0, "something was fetched");
        expect(self.height > 500, "next to nothing is shown");
        expect(self.charts.len() == self.figures, "a figure has not one chart that fits");
        let is_readable = |(width, height): &(u32, u32)| *width * 10 >= self.width * 6 && *height >= 80;
        expect(self.charts.iter().all(is_readable), "a chart is too small to be read");
        expect(self.lines == self.charts.len(), "a chart is empty");
        expect(self.bars == self.rows, "a row has no bar");
        faults
    }
}

/// What is wrong with a page, by a look at it in both widths; and how it is shown in them.
async fn look_at(page: &str) -> (Vec<String>, Vec<Shown>) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page.html"), page).unwrap();
    let probe = dir.path().join("probe.html");
    fs::write(&probe, include_str!("probe.html").replace("PAGE", "page.html")).unwrap();
    let output = chromium(&dir, &["--allow-file-access-from-files", "--dump-dom"], &probe).await;
    let dom = String::from_utf8_lossy(&output.stdout);
    let told = dom.split("<pre id=\"told\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let told = told.unwrap_or_else(|| panic!("the probe told nothing: {dom}"));
    let shown: Vec<Shown> = serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {told}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let said =
        said.lines().filter(|line| line.contains("CONSOLE")).map(|line| format!("the console: {line}"));
    (shown.iter().flat_map(Shown::faults).chain(said).collect(), shown)
}

/// Runs Chromium without a network, and with a profile of its own, until it is done with a file.
async fn chromium(dir: &tempfile::TempDir, args: &[&str], file: &Path) -> Output {
    let browser = std::env::var_os("Y2W_CHROMIUM").expect("Y2W_CHROMIUM is not set; .ci/browser sets it");
    let ended = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", dir.path().join("profile").display()))
        .args(args)
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    timeout(DEADLINE, ended).await.expect("Chromium takes too long").unwrap()
}

/// Whether a pixel of each of these colours is in a screenshot of the page's top.
async fn colours_seen(page: &str, colours: &[[u8; 3]]) -> Vec<bool> {
    const SIZE: (u32, u32) = (1280, 4000);
    let dir = tempfile::tempdir().unwrap();
    let (file, picture): (PathBuf, PathBuf) = (dir.path().join("page.html"), dir.path().join("page.png"));
    fs::write(&file, page).unwrap();
    let (shot, size) =
        (format!("--screenshot={}", picture.display()), format!("--window-size={},{}", SIZE.0, SIZE.1));
    let light = "--blink-settings=preferredColorScheme=1";
    chromium(&dir, &[&shot, &size, light], &file).await;
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(&picture).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), SIZE);
    let is_seen =
        |colour: &[u8; 3]| pixels.chunks(info.color_type.samples()).any(|pixel| pixel[..3] == colour[..]);
    colours.iter().map(is_seen).collect()
}

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
