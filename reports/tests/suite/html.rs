//! The page: it says what the result says, needs nothing from elsewhere, and bears any data.

use crate::common::{elements, empty, pictures, small};
use y2w_reports::{
    Exporter as _, Latency, Mark, MarkKind, Outcome, Quantiles, RunResult, TimelinePoint, export::Html,
};

fn page(result: &RunResult) -> String {
    let page = Html.render(result).unwrap();
    for tag in elements(&page) {
        assert!(!tag.contains(" src=") && !tag.contains("@import"), "{tag}");
        assert!(!tag.contains(" href=") || tag.contains("href=\"data:,\""), "{tag}");
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
    }
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
    page
}

#[test]
fn the_page_says_what_the_result_says() {
    let page = page(&small());
    for text in [
        "<title>Failed: Two users</title>",
        "1 of 1 rules did not hold.",
        "SYNC-LOSSLESS",
        "u-2 never received m-7.",
        "And 1 more.",
        "12,345",
        "1.23 ms",
        "45.7 ms",
        "1.00 s",
        "1.50 s",
        "outage",
        "2 messages were lost.",
        "share 1 of 4 of the load",
        "send_synced.p99 &#60; 20ms",
        "GET /v1/sessions/{id}/messages",
        "GET /v1/sessions/s-1/messages: no answer in 10 s",
        "What was found stands, but do not use the times and rates",
        "1 sample was dropped.",
        "50.0 KiB",
        "From when it was due: Until the server acknowledged.",
        "users = 2",
        "18446744073709551615",
        "y2w run --workload two --seed 18446744073709551615",
        "http://127.0.0.1:8080",
        "linux, x86_64",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn each_outcome_has_its_word_and_what_it_means_for_the_numbers() {
    for (outcome, word, trust) in [
        (Outcome::Passed, "Passed", "The numbers can be trusted: the generator kept its schedule"),
        (Outcome::Failed, "Failed", "The numbers can be trusted"),
        (Outcome::Invalid, "Invalid", "Do not use these numbers"),
        (Outcome::Interrupted, "Interrupted", "The numbers can be trusted"),
    ] {
        let mut result = small();
        result.verdict.outcome = outcome;
        result.health.problems.clear();
        result.health.dropped_samples = 0;
        let page = page(&result);
        assert!(
            page.contains(&format!("<title>{word}: Two users</title>")) && page.contains(trust),
            "{word}"
        );
    }
    assert!(page(&empty()).contains("nothing says how far the numbers can be trusted"));
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let mut result = small();
    result.environment.target = "simulated".into();
    let page = page(&result);
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
}

#[test]
fn the_same_result_gives_the_same_page() {
    assert_eq!(page(&small()), page(&small()));
}

#[test]
fn every_string_is_escaped() {
    let hostile = "<script>alert('&')</script>\" onload=\"x";
    let text = serde_json::to_value(small()).unwrap();
    let result = serde_json::from_value::<RunResult>(with_strings(text, hostile)).unwrap();
    let page = page(&result);
    assert!(!page.contains("<script"));
    assert!(elements(&page).iter().all(|tag| !tag.contains("onload")));
    let drawn = pictures(&page);
    assert!(drawn.iter().any(|svg| svg.contains("&lt;script&gt;")), "the mark's label is drawn");
}

/// Replaces each string but those that the format prescribes.
fn with_strings(value: serde_json::Value, text: &str) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(_) => text.into(),
        Value::Array(items) => items.into_iter().map(|item| with_strings(item, text)).collect(),
        Value::Object(fields) => {
            let kept = ["format", "seed", "outcome", "clock", "kind"];
            let replaced = fields.into_iter().map(|(name, value)| {
                let value = if kept.contains(&name.as_str()) { value } else { with_strings(value, text) };
                (name, value)
            });
            Value::Object(replaced.collect())
        }
        other => other,
    }
}

#[test]
fn an_empty_result_has_a_page_without_pictures() {
    let page = page(&empty());
    assert!(pictures(&page).is_empty());
    for text in ["No rules were checked", "No latency was measured", "Nothing was counted"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_rule_that_was_not_exercised_has_not_passed() {
    let mut result = small();
    result.checks[0].examined = 0;
    result.checks[0].findings_total = 0;
    result.checks[0].findings.clear();
    let page = page(&result);
    assert!(page.contains("Not exercised") && page.contains("0 of 1"));
}

#[test]
fn pictures_are_well_formed_for_any_number_of_points() {
    let point = small().timeline.points[0];
    for many in [1, 2, 599, 601, 5_000] {
        let mut result = small();
        result.timeline.points = (0..many).map(|n| TimelinePoint { t_s: f64::from(n), ..point }).collect();
        result.timeline.points[0].synced_p50_us = None;
        let page = page(&result);
        let pictures = pictures(&page);
        // With one point, in which nothing was synced at the median, there are other percentiles.
        assert_eq!(pictures.len(), 18, "two sizes of each");
        for svg in pictures {
            let tags = elements(svg);
            assert!(tags[0].contains("role=\"img\"") && tags[0].contains("aria-label=\""), "{}", tags[0]);
            assert_eq!(tags[1], "title");
            assert!(svg.len() < 60_000, "{} bytes for {many} points", svg.len());
            assert!(!svg.contains("\"#"), "a colour that the page does not decide");
        }
    }
}

fn mark(t_s: f64, label: String) -> Mark {
    Mark { t_s, until_s: None, kind: MarkKind::Fault, label }
}

#[test]
fn numbers_that_are_none_are_gaps() {
    let mut result = small();
    result.duration_s = f64::NAN;
    result.timeline.interval_s = f64::INFINITY;
    let point = result.timeline.points[0];
    result.timeline.points = vec![
        TimelinePoint { sent_per_s: f64::NAN, ..point },
        TimelinePoint { t_s: f64::INFINITY, ..point },
        TimelinePoint { t_s: -1.0, errors_per_s: -5.0, ..point },
    ];
    result.timeline.marks.push(mark(f64::NAN, "nowhere".into()));
    result.latencies[0].percentiles[0].percentile = f64::NAN;
    page(&result);
}

#[test]
fn latencies_may_be_extreme_or_have_a_summary_only() {
    let mut result = small();
    let latency = result.latencies[0].clone();
    let with = |count, us, max| Latency {
        quantiles: Quantiles { count, max, mean: us as f64, ..same(us) },
        percentiles: vec![],
        ..latency.clone()
    };
    result.latencies =
        vec![with(0, 0, 0), with(1, 1_234, 1_234), with(7, 0, 0), with(u64::MAX, 90, u64::MAX)];
    let page = page(&result);
    let drawn = pictures(&page).into_iter().filter(|svg| svg.contains("by percentile: how long"));
    assert_eq!(drawn.count(), 2);
}

/// All quantiles the same.
fn same(us: u64) -> Quantiles {
    Quantiles { count: 1, min: us, mean: us as f64, p50: us, p90: us, p95: us, p99: us, p999: us, max: us }
}

#[test]
fn every_mark_is_listed_though_not_all_have_room() {
    let mut result = small();
    result.timeline.marks = (0..40).map(|n| mark(f64::from(n) / 40.0, format!("fault {n}"))).collect();
    let page = page(&result);
    assert!((0..40).all(|n| page.contains(&format!("<td>fault {n}</td>"))));
    assert!(pictures(&page).iter().any(|svg| svg.matches("class=\"l-bad\"").count() == 40));
}

#[test]
fn a_label_without_room_to_its_right_leaves_room_for_those_before_it() {
    let mut result = small();
    let point = result.timeline.points[0];
    result.timeline.points = (1..=11).map(|n| TimelinePoint { t_s: f64::from(n), ..point }).collect();
    let labels = ["ramp", "drain", "everybody comes home"];
    let marks = labels.iter().zip([0.0, 9.0, 10.3]);
    result.timeline.marks = marks.map(|(label, t_s)| mark(t_s, (*label).to_owned())).collect();
    let page = page(&result);
    let throughput = pictures(&page).into_iter().find(|svg| svg.contains("Messages per second")).unwrap();
    assert!(labels.iter().all(|label| throughput.contains(label)), "{throughput}");
}
