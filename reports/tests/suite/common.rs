//! Small results that the tests share, and a judge of markup.

use y2w_reports::{
    Check, Counter, Environment, FormatVersion, Latency, Mark, PercentilePoint, RunResult, Setting, Timeline,
    TimelinePoint, Verdict,
};

/// A result with one of everything.
pub(crate) fn small() -> RunResult {
    RunResult {
        format: FormatVersion,
        run_id: "r-1".into(),
        title: "Two users".into(),
        started_at: "2026-03-02T09:30:00Z".into(),
        duration_s: 2.5,
        seed: u64::MAX,
        tool_version: "0.1.0".into(),
        command: "y2w load two --seed 18446744073709551615".into(),
        environment: Environment {
            os: "linux".into(),
            arch: "x86_64".into(),
            cores: 2,
            target: "http://127.0.0.1:8080".into(),
        },
        settings: vec![Setting { name: "users".into(), value: "2".into() }],
        verdict: Verdict { passed: false, summary: "1 of 1 rules did not hold.".into() },
        checks: vec![Check {
            id: "SYNC-LOSSLESS".into(),
            title: "Every stored message reaches every member.".into(),
            examined: 12_345,
            findings_total: 2,
            findings: vec!["u-2 never received m-7.".into()],
        }],
        counters: vec![Counter {
            name: "sent".into(),
            value: 12_345,
            unit: "messages".into(),
            help: "Handed to a client.".into(),
        }],
        latencies: vec![Latency {
            name: "send→stored".into(),
            help: "Until the server acknowledged.".into(),
            unit: "us".into(),
            count: 12_345,
            min: 90,
            mean: 1_300.5,
            p50: 1_234,
            p90: 4_000,
            p99: 45_650,
            p999: 999_500,
            max: 1_500_000,
            percentiles: vec![PercentilePoint { percentile: 50.0, value_us: 1_234 }],
        }],
        timeline: Timeline {
            interval_s: 1.0,
            points: vec![TimelinePoint {
                t_s: 1.0,
                users_connected: 2,
                sent_per_s: 10.0,
                stored_per_s: 9.5,
                delivered_per_s: 9.0,
                errors_per_s: 0.5,
                synced_p50_us: Some(1_500),
                synced_p99_us: None,
            }],
            marks: vec![Mark { t_s: 0.5, label: "outage".into() }],
        },
    }
}

/// A result of a run in which nothing happened.
pub(crate) fn empty() -> RunResult {
    RunResult {
        duration_s: 0.0,
        settings: vec![],
        checks: vec![],
        counters: vec![],
        latencies: vec![],
        timeline: Timeline::default(),
        ..small()
    }
}

/// The elements of a page or picture, by their opening tags. Panics unless each is closed in its turn, has all its
/// attributes quoted, and no text holds a bare `<` or an unknown entity.
pub(crate) fn elements(markup: &str) -> Vec<String> {
    const VOID: [&str; 3] = ["meta", "link", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let mut seen = Vec::new();
    let mut rest = markup;
    while let Some((text, after)) = rest.split_once('<') {
        if open.last() != Some(&"style") {
            assert!(!text.contains('>'), "a bare > in {text:?}");
            for (at, _) in text.match_indices('&') {
                let entity = text[at + 1..].split(';').next().unwrap();
                let known = ["amp", "lt", "gt", "quot", "apos"].contains(&entity) || entity.starts_with('#');
                assert!(known, "an unknown entity in {text:?}");
            }
        }
        let (tag, after) = after.split_once('>').expect("a tag that does not end");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed out of turn");
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "an unquoted attribute in {tag:?}");
        if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        seen.push(tag.to_owned());
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    seen
}

/// The pictures of a page, markup and all.
pub(crate) fn pictures(page: &str) -> Vec<&str> {
    let starts = page.match_indices("<svg class=\"wide\"").chain(page.match_indices("<svg class=\"narrow\""));
    starts.map(|(at, _)| &page[at..at + page[at..].find("</svg>").unwrap() + "</svg>".len()]).collect()
}
