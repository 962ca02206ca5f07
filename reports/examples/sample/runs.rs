//! Runs that never were: one for each outcome, and some that are hard to draw.

use y2w_reports::{
    Check, Counter, Environment, ErrorKind, FormatVersion, Health, Latency, LatencyClock, Mark, MarkKind,
    Outcome, PercentilePoint, Quantiles, Route, RunResult, Setting, ThresholdOutcome, Timeline,
    TimelinePoint, Totals, Verdict, WorkloadText,
};

/// A name, and what makes it up.
type Sample = (&'static str, fn() -> RunResult);

/// What is made up.
pub(crate) const RUNS: [Sample; 8] = [
    ("passed", passed),
    ("failed", failed),
    ("invalid", invalid),
    ("interrupted", interrupted),
    ("single", single),
    ("empty", empty),
    ("long", long),
    ("phases", phases),
];

pub(crate) fn passed() -> RunResult {
    let failed = failed();
    let checks =
        failed.checks.into_iter().map(|check| Check { findings_total: 0, findings: vec![], ..check });
    let thresholds = vec![
        threshold("send_synced.p99 < 500ms", "312 ms", true),
        threshold("errors < 0.1%", "0.017 %", true),
    ];
    RunResult {
        verdict: verdict(
            Outcome::Passed,
            "1,183,420 messages reached every recipient exactly once and in order, within all limits.",
            &[],
        ),
        checks: checks.collect(),
        thresholds,
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
        command: "y2w run --workload steady.toml --users 5000 --seed 9007199254740993 --world embedded"
            .to_owned(),
        environment: Environment {
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cores: 2,
            target: "embedded mock server".to_owned(),
        },
        shards: None,
        workload: WorkloadText { name: "steady".to_owned(), text: WORKLOAD.to_owned() },
        settings: [
            ("users", "5,000"),
            ("messages per user", "1.4 per second"),
            ("group share", "20 %, 8 members in the mean"),
            ("arrivals", "Poisson, on schedule whatever the server does"),
            ("warm-up", "15 s"),
        ]
        .map(|(name, value)| Setting { name: name.to_owned(), value: value.to_owned() })
        .to_vec(),
        verdict: verdict(
            Outcome::Failed,
            "2 of 5 rules and 1 of 3 limits did not hold: 14 messages were never synced, 3 arrived out of order.",
            &[
                "14 messages were stored and never reached a member (SYNC-LOSSLESS).",
                "3 messages arrived out of order (SYNC-ORDER).",
                "send_synced.p99 was 312 ms, and had to stay under 250 ms.",
            ],
        ),
        thresholds: vec![
            threshold("send_synced.p99 < 250ms", "312 ms", false),
            threshold("errors < 0.1%", "0.017 %", true),
            threshold("duplicates == 0", "0", true),
        ],
        checks: checks(),
        totals: Totals {
            sent: 1_183_440,
            stored: 1_183_420,
            pushed: 2_301_998,
            delivered: 2_366_826,
            requests: 7_100_500,
            errors: 1_204,
            bytes_sent: 1_420_000_000,
            bytes_received: 9_300_000_000,
        },
        counters: counters(),
        latencies: latencies(),
        routes: routes(),
        errors: vec![
            error(
                "timeout",
                1_180,
                "POST /v1/sessions/p2p-0412-3377/messages: no answer within 10 s, at 75.214 s",
            ),
            error("503", 21, "GET /v1/sessions/g-0057/messages: 503 Service Unavailable: \"overloaded\""),
            error("connection lost", 3, "u-2018: the push connection was reset by the peer at 75.003 s"),
        ],
        health: Health {
            lag: quantiles(1_183_440, 310.0, 0.55),
            loop_delay: quantiles(18_000, 90.0, 0.6),
            cpu_s: Some(212.4),
            cpu_share: Some(0.59),
            memory_begin: Some(31_000_000),
            memory_peak: Some(291_000_000),
            memory_end: Some(288_500_000),
            dropped_samples: 0,
            users: 5_000,
            memory_per_user: Some(51_500),
            problems: vec![],
        },
        timeline: timeline(180),
    }
}

fn invalid() -> RunResult {
    let failed = failed();
    let problems = [
        "1 in 100 messages left more than 200 ms late; 20 ms are allowed.",
        "The process took 99 % of its 2 cores: it was the generator that was at its limit, not the server.",
        "412 samples were dropped.",
    ];
    RunResult {
        verdict: verdict(
            Outcome::Invalid,
            "The generator could not keep its schedule, so these numbers say nothing about the server.",
            &problems,
        ),
        health: Health {
            lag: quantiles(1_183_440, 4_100.0, 1.1),
            loop_delay: quantiles(18_000, 1_900.0, 0.9),
            cpu_s: Some(357.1),
            cpu_share: Some(0.99),
            dropped_samples: 412,
            problems: problems.map(str::to_owned).to_vec(),
            ..failed.health
        },
        ..failed
    }
}

fn interrupted() -> RunResult {
    let passed = passed();
    let mut timeline = timeline(61);
    timeline.marks.retain(|mark| mark.t_s < 61.0);
    RunResult {
        duration_s: 61.3,
        totals: Totals {
            sent: 391_204,
            stored: 391_190,
            pushed: 760_112,
            delivered: 779_030,
            ..passed.totals
        },
        verdict: verdict(
            Outcome::Interrupted,
            "Stopped by Ctrl-C after 1 min 1 s of 3 min; what was seen until then held.",
            &["The drain was skipped: messages that were under way at the end were not waited for."],
        ),
        timeline,
        ..passed
    }
}

/// One message in one interval.
fn single() -> RunResult {
    let run = passed();
    let latencies = run.latencies.iter().map(|latency| {
        let us = latency.quantiles.p50;
        let quantiles = Quantiles {
            count: 1,
            min: us,
            mean: us as f64,
            p50: us,
            p90: us,
            p95: us,
            p99: us,
            p999: us,
            max: us,
        };
        Latency { quantiles, percentiles: vec![], ..latency.clone() }
    });
    let one = TimelinePoint {
        t_s: 1.0,
        users_connected: 2,
        sent_per_s: 1.0,
        stored_per_s: 1.0,
        pushed_per_s: 1.0,
        delivered_per_s: 1.0,
        requests_per_s: 6.0,
        synced_p50_us: Some(9_300),
        synced_p90_us: Some(9_300),
        synced_p99_us: Some(9_300),
        synced_max_us: Some(9_300),
        ..TimelinePoint::default()
    };
    RunResult {
        title: "One message".to_owned(),
        duration_s: 1.0,
        totals: Totals { sent: 1, stored: 1, pushed: 1, delivered: 1, requests: 6, ..Totals::default() },
        latencies: latencies.collect(),
        errors: vec![],
        timeline: Timeline { interval_s: 1.0, points: vec![one], marks: vec![] },
        ..run
    }
}

fn empty() -> RunResult {
    RunResult {
        title: "A run in which nothing happened".to_owned(),
        duration_s: 0.0,
        verdict: verdict(Outcome::Failed, "No user could sign in.", &[]),
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
        ..failed()
    }
}

/// Half an hour, second by second.
fn long() -> RunResult {
    let mut run = passed();
    run.title = "Soak, 5,000 users for half an hour".to_owned();
    run.duration_s = 1_800.0;
    run.timeline = timeline(1_800);
    run
}

/// More phases than have room, and faults among them.
fn phases() -> RunResult {
    let mut run = passed();
    run.title = "A morning in nine phases".to_owned();
    let names = [
        "ramp up",
        "early shift",
        "logins",
        "calm",
        "spike",
        "after the spike",
        "lunch",
        "afternoon of meetings",
        "drain",
    ];
    let phases = (0_u8..).zip(names).map(|(index, name)| {
        let begin = f64::from(index) * 20.0;
        mark(MarkKind::Phase, begin, Some(begin + 20.0), name)
    });
    run.timeline.marks = phases.collect();
    run.timeline.marks.extend([
        mark(MarkKind::Fault, 75.0, Some(82.0), "push gateway down"),
        mark(MarkKind::Fault, 101.0, None, "500 connections cut"),
        mark(MarkKind::Fault, 103.0, None, "500 connections cut"),
        mark(MarkKind::Fault, 140.0, Some(170.0), "answers delayed by 200 ms"),
    ]);
    run.timeline.marks.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    run
}

const WORKLOAD: &str = r#"# Steady chat, and the push gateway away for seven seconds.
title = "Steady load with a push outage"

[population]
users = 5000
devices-per-user = 1
contacts = { mean = 12 }
group-size = { mean = 8, max = 40 }

[arrivals]
model = "open"
rate = "1.4/s per user"
process = "poisson"

[[phases]]
name = "ramp up"
for = "15s"

[[phases]]
name = "steady"
for = "150s"

[[faults]]
at = "75s"
for = "7s"
what = "push gateway down"

[thresholds]
"send_synced.p99" = "< 250ms"
errors = "< 0.1%"
"#;

fn verdict(outcome: Outcome, summary: &str, reasons: &[&str]) -> Verdict {
    let reasons = reasons.iter().map(|&reason| reason.to_owned()).collect();
    Verdict { outcome, summary: summary.to_owned(), reasons }
}

fn threshold(text: &str, actual: &str, held: bool) -> ThresholdOutcome {
    ThresholdOutcome { text: text.to_owned(), actual: actual.to_owned(), held }
}

fn error(kind: &str, count: u64, first: &str) -> ErrorKind {
    ErrorKind { kind: kind.to_owned(), count, first: first.to_owned() }
}

fn mark(kind: MarkKind, t_s: f64, until_s: Option<f64>, label: &str) -> Mark {
    Mark { t_s, until_s, kind, label: label.to_owned() }
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
        ("sessions", 9_412, "sessions", "P2p sessions and groups that were chatted in."),
        ("reconnects", 5_000, "connections", "Push connections that were opened again."),
        ("extra push commands", 4_310, "commands", "Recoveries of a session's members, and repetitions."),
    ]
    .map(|(name, value, unit, help)| Counter {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        help: help.to_owned(),
    })
    .to_vec()
}

fn latencies() -> Vec<Latency> {
    use LatencyClock::{Intended, Service};
    let synced = "until the last recipient's client holds the message";
    let stored = "until the server acknowledged the message";
    let pushed = "until the push notice reached the recipient";
    vec![
        latency("send_synced", "send→synced", Intended, synced, 1_183_406, 9_300.0, 1.0),
        latency("send_synced", "send→synced", Service, synced, 1_183_406, 8_700.0, 0.82),
        latency("send_stored", "send→stored", Intended, stored, 1_183_420, 1_900.0, 0.75),
        latency("send_stored", "send→stored", Service, stored, 1_183_420, 1_500.0, 0.6),
        latency("send_pushed", "send→push", Intended, pushed, 1_183_398, 4_100.0, 0.9),
        latency("login", "login", Service, "the login request to its answer", 5_000, 6_300.0, 0.5),
        latency(
            "connect",
            "connect",
            Service,
            "the connection attempt to acceptConnect",
            10_000,
            3_300.0,
            0.7,
        ),
    ]
}

fn routes() -> Vec<Route> {
    [
        ("GET /v1/users/{userId}/userConversations", 2_366_900, 14, 0, 3_100_000_000, 1_200.0),
        ("GET /v1/sessions/{sessionId}/messages", 3_540_100, 7, 0, 5_900_000_000, 1_400.0),
        ("POST /v1/sessions/{sessionId}/messages", 1_183_440, 1_180, 410_000_000, 290_000_000, 1_500.0),
        ("POST /v1/users/login", 5_000, 0, 610_000, 1_900_000, 6_300.0),
        ("GET /v1/sessions/{sessionId}/members/{memberId}", 5_060, 0, 0, 1_200_000, 900.0),
    ]
    .map(|(route, requests, failed, bytes_sent, bytes_received, median)| Route {
        route: route.to_owned(),
        requests,
        failed,
        bytes_sent,
        bytes_received,
        latency: quantiles(requests, median, 0.7),
    })
    .to_vec()
}

/// The value at a percentile of a distribution whose tail grows by a power of the rank.
fn at(median: f64, tail: f64, percentile: f64) -> u64 {
    (median * (0.4 + 0.6 * (50.0 / (100.0 - percentile)).powf(0.55 * tail))) as u64
}

fn quantiles(count: u64, median: f64, tail: f64) -> Quantiles {
    let at = |percentile| at(median, tail, percentile);
    Quantiles {
        count,
        min: at(0.0) / 2,
        mean: at(68.0) as f64,
        p50: at(50.0),
        p90: at(90.0),
        p95: at(95.0),
        p99: at(99.0),
        p999: at(99.9),
        max: at(100.0 * (1.0 - 0.5 / count as f64)),
    }
}

fn latency(
    id: &str,
    name: &str,
    clock: LatencyClock,
    help: &str,
    count: u64,
    median: f64,
    tail: f64,
) -> Latency {
    let most = (count as f64).log10();
    let steps = (0..=100)
        .map(|step| f64::from(step) / 16.0)
        .take_while(|nines| *nines <= most)
        .map(|n| 100.0 - 100.0 * 10f64.powf(-n));
    let percentiles: Vec<_> = steps
        .map(|percentile| PercentilePoint { percentile, value_us: at(median, tail, percentile) })
        .collect();
    Latency {
        id: id.to_owned(),
        name: name.to_owned(),
        help: help.to_owned(),
        clock,
        quantiles: quantiles(count, median, tail),
        percentiles,
    }
}

/// A ramp, a plateau, an outage of the pushes between 75 s and 82 s, and the recovery after it.
fn timeline(seconds: u32) -> Timeline {
    let points = (1..=seconds).map(|second| {
        let t = f64::from(second);
        let ripple = (t * 0.9).sin() * 110.0 + (t * 2.3).cos() * 70.0;
        let ramp = (t / 15.0).min(1.0);
        let out = (75.0..82.0).contains(&t);
        let recovery = if (82.0..96.0).contains(&t) { (96.0 - t) / 14.0 } else { 0.0 };
        let quiet = t > f64::from(seconds) - 15.0 && seconds > 100;
        let sent = if quiet { 0.0 } else { (7_000.0 + ripple) * ramp };
        let slow = 1.0 + 30.0 * recovery * recovery;
        let synced = |us: f64| (!out && !quiet).then_some((us * slow) as u64);
        let stored = |us: f64| (!quiet).then_some((us + ripple.abs()) as u64);
        let delivered = if out { 0.0 } else { sent * (1.5 + 0.9 * recovery) };
        TimelinePoint {
            t_s: t,
            users_connected: if out { 400 } else { (5_000.0 * ramp * (1.0 - 0.6 * recovery)) as u64 },
            sent_per_s: sent,
            stored_per_s: if out { sent * 0.93 } else { sent * 0.995 },
            pushed_per_s: delivered * 0.97,
            delivered_per_s: delivered,
            requests_per_s: sent + delivered * 3.0,
            errors_per_s: if out { 172.0 } else { 0.0 },
            bytes_in_per_s: delivered * 3_900.0,
            bytes_out_per_s: sent * 1_200.0,
            synced_p50_us: synced(9_300.0 + ripple * 6.0),
            synced_p90_us: synced(23_000.0 + ripple * 20.0),
            synced_p99_us: synced(61_000.0 + ripple * 60.0),
            synced_max_us: synced(180_000.0 + ripple.abs() * 700.0),
            stored_p50_us: stored(1_900.0),
            stored_p99_us: stored(7_900.0),
            lag_p99_us: stored(1_100.0),
            cpu_share: Some((0.05 + 0.55 * sent / 7_000.0 + 0.3 * recovery).min(1.0)),
            memory: Some((31e6 + 255e6 * ramp + t * 9e3) as u64),
        }
    });
    let end = f64::from(seconds);
    Timeline {
        interval_s: 1.0,
        points: points.collect(),
        marks: vec![
            mark(MarkKind::Phase, 0.0, Some(15.0), "ramp up"),
            mark(MarkKind::Phase, 15.0, Some(end - 15.0), "steady"),
            mark(MarkKind::Fault, 75.0, Some(82.0), "push gateway down"),
            mark(MarkKind::Phase, end - 15.0, None, "drain"),
        ],
    }
}
