//! Small results that the tests share, and a judge of markup.

use y2w_reports::{
    Check, Counter, Environment, ErrorKind, FormatVersion, Health, Latency, LatencyClock, Mark, MarkKind,
    Outcome, PercentilePoint, Quantiles, Route, RunResult, Setting, Shards, ThresholdOutcome, Timeline,
    TimelinePoint, Totals, Verdict, WorkloadText,
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
        command: "y2w run --workload two --seed 18446744073709551615".into(),
        environment: Environment {
            os: "linux".into(),
            arch: "x86_64".into(),
            cores: 2,
            target: "http://127.0.0.1:8080".into(),
        },
        shards: Some(Shards { index: Some(0), count: 4 }),
        workload: WorkloadText { name: "two".into(), text: "[population]\nusers = 2\n".into() },
        settings: vec![Setting { name: "users".into(), value: "2".into() }],
        verdict: Verdict {
            outcome: Outcome::Failed,
            summary: "1 of 1 rules did not hold.".into(),
            reasons: vec!["2 messages were lost.".into()],
        },
        thresholds: vec![ThresholdOutcome {
            text: "send_synced.p99 < 20ms".into(),
            actual: "45.7 ms".into(),
            held: false,
        }],
        checks: vec![Check {
            id: "SYNC-LOSSLESS".into(),
            title: "Every stored message reaches every member.".into(),
            examined: 12_345,
            findings_total: 2,
            findings: vec!["u-2 never received m-7.".into()],
        }],
        totals: Totals {
            sent: 12_345,
            stored: 12_344,
            pushed: 12_343,
            delivered: 12_342,
            requests: 50_000,
            errors: 3,
            bytes_sent: 2_000_000,
            bytes_received: 9_000_000,
        },
        counters: vec![Counter {
            name: "reconnects".into(),
            value: 17,
            unit: "connections".into(),
            help: "Opened again.".into(),
        }],
        latencies: vec![Latency {
            id: "send_stored".into(),
            name: "send→stored".into(),
            help: "Until the server acknowledged.".into(),
            clock: LatencyClock::Intended,
            quantiles: quantiles(),
            percentiles: vec![PercentilePoint { percentile: 50.0, value_us: 1_234 }],
        }],
        routes: vec![Route {
            route: "GET /v1/sessions/{id}/messages".into(),
            requests: 50_000,
            failed: 3,
            bytes_sent: 0,
            bytes_received: 8_000_000,
            latency: quantiles(),
        }],
        errors: vec![ErrorKind {
            kind: "timeout".into(),
            count: 3,
            first: "GET /v1/sessions/s-1/messages: no answer in 10 s".into(),
        }],
        health: Health {
            lag: quantiles(),
            loop_delay: quantiles(),
            cpu_s: Some(1.5),
            cpu_share: Some(0.3),
            memory_begin: Some(20_000_000),
            memory_peak: Some(22_000_000),
            memory_end: Some(21_000_000),
            dropped_samples: 1,
            users: 2,
            memory_per_user: Some(51_200),
            problems: vec!["1 sample was dropped.".into()],
        },
        timeline: Timeline {
            interval_s: 1.0,
            points: vec![TimelinePoint {
                t_s: 1.0,
                users_connected: 2,
                sent_per_s: 10.0,
                stored_per_s: 9.5,
                pushed_per_s: 9.25,
                delivered_per_s: 9.0,
                requests_per_s: 40.0,
                errors_per_s: 0.5,
                bytes_in_per_s: 7_000.0,
                bytes_out_per_s: 900.0,
                synced_p50_us: Some(1_500),
                synced_p90_us: Some(2_500),
                synced_p99_us: None,
                synced_max_us: Some(4_500),
                stored_p50_us: Some(500),
                stored_p99_us: Some(900),
                lag_p99_us: Some(1_100),
                cpu_share: Some(0.25),
                memory: Some(21_000_000),
            }],
            marks: vec![
                Mark { t_s: 0.0, until_s: Some(1.0), kind: MarkKind::Phase, label: "steady".into() },
                Mark { t_s: 0.5, until_s: None, kind: MarkKind::Fault, label: "outage".into() },
            ],
        },
    }
}

/// Nine numbers that are written in different units.
pub(crate) fn quantiles() -> Quantiles {
    Quantiles {
        count: 12_345,
        min: 90,
        mean: 1_300.5,
        p50: 1_234,
        p90: 4_000,
        p95: 9_990,
        p99: 45_650,
        p999: 999_500,
        max: 1_500_000,
    }
}

/// A result of a run in which nothing happened.
pub(crate) fn empty() -> RunResult {
    RunResult {
        duration_s: 0.0,
        shards: None,
        workload: WorkloadText::default(),
        settings: vec![],
        thresholds: vec![],
        checks: vec![],
        totals: Totals::default(),
        counters: vec![],
        latencies: vec![],
        routes: vec![],
        errors: vec![],
        health: Health::default(),
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
