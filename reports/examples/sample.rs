//! Renders a made-up result, so that anybody can look at a report without a run.
//!
//! `cargo run -p y2w-reports --example sample -- FOLDER [passed|failed|single|empty]`

use std::{env, error::Error, path::PathBuf};

use y2w_reports::{
    Check, Counter, Environment, FormatVersion, Latency, Mark, PercentilePoint, RunResult, Setting, Timeline,
    TimelinePoint, Verdict, write_all,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let folder = args.next().map(PathBuf::from).ok_or("usage: sample FOLDER [passed|failed|single|empty]")?;
    let kind = args.next().unwrap_or_else(|| "passed".into());
    let result = match kind.to_str() {
        Some("passed") => passed(),
        Some("failed") => failed(),
        Some("single") => single(),
        Some("empty") => empty(),
        _ => return Err(format!("no sample is called {}", kind.display()).into()),
    };
    for path in write_all(&folder, &result)? {
        println!("{}", path.display());
    }
    Ok(())
}

fn passed() -> RunResult {
    let failed = failed();
    let checks =
        failed.checks.into_iter().map(|check| Check { findings_total: 0, findings: vec![], ..check });
    RunResult {
        verdict: Verdict {
            passed: true,
            summary: "All 1,183,420 messages reached every recipient exactly once and in order; \
                      the 99th percentile stayed under its limit of 250 ms."
                .to_owned(),
        },
        checks: checks.collect(),
        ..failed
    }
}

fn failed() -> RunResult {
    RunResult {
        format: FormatVersion,
        run_id: "steady-5k-7f3a".to_owned(),
        title: "Steady load with a push outage, 5,000 users".to_owned(),
        started_at: "2026-03-02T09:30:00Z".to_owned(),
        duration_s: 180.0,
        seed: 9_007_199_254_740_993,
        tool_version: "0.1.0".to_owned(),
        command: "y2w load steady --users 5000 --duration 180s --seed 9007199254740993 --world embedded"
            .to_owned(),
        environment: Environment {
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cores: 2,
            target: "embedded mock server".to_owned(),
        },
        settings: [
            ("users", "5,000"),
            ("messages per user", "1.4 per second"),
            ("group share", "20 %, 8 members in the mean"),
            ("think time", "0.2 s to 2 s"),
            ("warm-up", "15 s"),
            ("sync retry", "0.5 s, doubling to 8 s"),
        ]
        .map(|(name, value)| Setting { name: name.to_owned(), value: value.to_owned() })
        .to_vec(),
        verdict: Verdict {
            passed: false,
            summary: "2 of 5 rules did not hold: 14 messages were never synced, and 3 arrived out of order."
                .to_owned(),
        },
        checks: checks(),
        counters: counters(),
        latencies: vec![
            latency(
                "send→synced",
                "Until the last recipient's client holds the message.",
                1_183_406,
                9_300.0,
                1.0,
            ),
            latency("send→stored", "Until the server acknowledged the message.", 1_183_420, 1_900.0, 0.75),
            latency("send→pushed", "Until the push notice reached the recipient.", 1_183_398, 4_100.0, 0.9),
        ],
        timeline: timeline(),
    }
}

/// One message in one interval.
fn single() -> RunResult {
    let run = passed();
    let latencies = run.latencies.iter().map(|latency| {
        let us = latency.p50;
        let (count, mean, percentiles) = (1, us as f64, vec![]);
        Latency { count, min: us, mean, p90: us, p99: us, p999: us, max: us, percentiles, ..latency.clone() }
    });
    RunResult {
        title: "One message".to_owned(),
        duration_s: 1.0,
        latencies: latencies.collect(),
        timeline: Timeline {
            interval_s: 1.0,
            points: vec![TimelinePoint {
                t_s: 1.0,
                users_connected: 2,
                sent_per_s: 1.0,
                stored_per_s: 1.0,
                delivered_per_s: 1.0,
                errors_per_s: 0.0,
                synced_p50_us: Some(9_300),
                synced_p99_us: Some(9_300),
            }],
            marks: vec![],
        },
        ..run
    }
}

fn empty() -> RunResult {
    RunResult {
        title: "A run in which nothing happened".to_owned(),
        duration_s: 0.0,
        verdict: Verdict { passed: false, summary: "No user could sign in.".to_owned() },
        settings: vec![],
        checks: vec![],
        counters: vec![],
        latencies: vec![],
        timeline: Timeline::default(),
        ..failed()
    }
}

fn checks() -> Vec<Check> {
    let check = |id: &str, title: &str, examined, findings_total, findings: &[&str]| Check {
        id: id.to_owned(),
        title: title.to_owned(),
        examined,
        findings_total,
        findings: findings.iter().map(|&finding| finding.to_owned()).collect(),
    };
    vec![
        check(
            "SYNC-LOSSLESS",
            "Every stored message reaches every member's client.",
            2_366_840,
            14,
            &[
                "Message m-88213 from u-0412 in session p2p-0412-3377 was stored at 74.220 s, and u-3377, connected \
                 again at 81.004 s, never received it: its sync from 74.219 s answered 11 messages without this one.",
                "Message m-88240 from u-1190 in session g-0057 was stored at 74.221 s; 7 of 8 members received it, \
                 u-2018 did not.",
            ],
        ),
        check(
            "SYNC-ORDER",
            "Messages of one session arrive in the order in which they were stored.",
            1_183_406,
            3,
            &[
                "u-0087 received m-91002 before m-91001 in session g-0012, though both were stored at 92.500 s.",
            ],
        ),
        check(
            "SEND-ONCE",
            "A message that was sent is stored once, whatever was retried.",
            1_183_420,
            0,
            &[],
        ),
        check("PUSH-KICK", "A second device of one user ends the first one's connection.", 312, 0, &[]),
        check("TOKEN-EXPIRY", "An expired token is renewed without losing a message.", 0, 0, &[]),
    ]
}

fn counters() -> Vec<Counter> {
    [
        ("sent", 1_183_420, "messages", "Handed to a client by a user."),
        ("stored", 1_183_420, "messages", "Acknowledged by the server."),
        ("synced", 2_366_826, "copies", "Received by a recipient's client."),
        ("reconnects", 5_000, "connections", "Push connections that were opened again."),
        ("request errors", 1_204, "requests", "Answered by 5xx, or not at all."),
    ]
    .map(|(name, value, unit, help)| Counter {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        help: help.to_owned(),
    })
    .to_vec()
}

/// A distribution whose tail grows by a power of the rank.
fn latency(name: &str, help: &str, count: u64, median: f64, tail: f64) -> Latency {
    let at =
        |percentile: f64| (median * (0.4 + 0.6 * (50.0 / (100.0 - percentile)).powf(0.55 * tail))) as u64;
    let steps = (0..=80).map(|step| 100.0 * (1.0 - 10f64.powf(-f64::from(step) / 16.0)));
    let percentiles: Vec<_> =
        steps.map(|percentile| PercentilePoint { percentile, value_us: at(percentile) }).collect();
    Latency {
        name: name.to_owned(),
        help: help.to_owned(),
        unit: "us".to_owned(),
        count,
        min: at(0.0) / 2,
        mean: at(68.0) as f64,
        p50: at(50.0),
        p90: at(90.0),
        p99: at(99.0),
        p999: at(99.9),
        max: at(99.9999),
        percentiles,
    }
}

/// A ramp, a plateau, an outage of the pushes between 75 s and 82 s, and the recovery after it.
fn timeline() -> Timeline {
    let points = (1..=180).map(|second| {
        let t = f64::from(second);
        let ripple = (t * 0.9).sin() * 110.0 + (t * 2.3).cos() * 70.0;
        let ramp = (t / 15.0).min(1.0);
        let out = (75.0..82.0).contains(&t);
        let recovery = if (82.0..96.0).contains(&t) { (96.0 - t) / 14.0 } else { 0.0 };
        let sent = if t > 165.0 { 0.0 } else { (7_000.0 + ripple) * ramp };
        let slow = 1.0 + 30.0 * recovery * recovery;
        TimelinePoint {
            t_s: t,
            users_connected: if out { 400 } else { (5_000.0 * ramp * (1.0 - 0.6 * recovery)) as u64 },
            sent_per_s: sent,
            stored_per_s: if out { sent * 0.93 } else { sent * 0.995 },
            delivered_per_s: if out { 0.0 } else { sent * (1.5 + 0.9 * recovery) },
            errors_per_s: if out { 172.0 } else { 0.0 },
            synced_p50_us: (!out && t <= 166.0).then_some(((9_300.0 + ripple * 6.0) * slow) as u64),
            synced_p99_us: (!out && t <= 166.0).then_some(((61_000.0 + ripple * 60.0) * slow) as u64),
        }
    });
    let mark = |t_s, label: &str| Mark { t_s, label: label.to_owned() };
    Timeline {
        interval_s: 1.0,
        points: points.collect(),
        marks: vec![
            mark(0.0, "ramp up"),
            mark(15.0, "steady"),
            mark(75.0, "push gateway down"),
            mark(82.0, "push gateway back"),
            mark(96.0, "recovered"),
            mark(165.0, "quiet"),
        ],
    }
}
