//! What the page shows, ready to be written: the template only arranges it.
//!
//! Invariants: every number is formatted here, by `format`; the template computes nothing. Strings are the result's
//! own and unescaped, the template's engine escapes them; the only text that it takes as it is are the charts.

use askama::Template;

use crate::{
    Check, Latency, Quantiles, ReportError, RunResult, TimelinePoint,
    chart::{self, Chart},
    format::{self, NOTHING},
};

/// The whole page.
#[derive(Template)]
#[template(path = "run.html")]
pub(super) struct Page<'a> {
    run: &'a RunResult,
    outcome: Outcome,
    duration: String,
    figures: Vec<Figure>,
    checks: Vec<CheckRow<'a>>,
    latencies: Vec<LatencyRow<'a>>,
    distribution: Option<Picture>,
    over_time: Vec<Picture>,
    marks: Vec<(String, &'a str)>,
    counters: Vec<CounterRow<'a>>,
}

/// How something ended, as a CSS class and in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    /// Nothing was examined: neither.
    Idle,
}

impl Outcome {
    fn class(self) -> &'static str {
        match self {
            Self::Passed => "good",
            Self::Failed => "bad",
            Self::Idle => "idle",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Idle => "Not exercised",
        }
    }

    fn of_check(check: &Check) -> Self {
        match (check.findings_total.max(check.findings.len() as u64), check.examined) {
            (0, 0) => Self::Idle,
            (0, _) => Self::Passed,
            _ => Self::Failed,
        }
    }
}

/// A key figure.
struct Figure {
    name: &'static str,
    value: String,
    note: String,
}

impl Figure {
    fn unknown(name: &'static str) -> Self {
        Self { name, value: NOTHING.to_owned(), note: String::new() }
    }
}

struct CheckRow<'a> {
    check: &'a Check,
    outcome: Outcome,
    examined: String,
    findings: String,
    /// How many findings are not told, if any.
    untold: Option<String>,
}

struct LatencyRow<'a> {
    latency: &'a Latency,
    count: String,
    /// Column heading and value.
    values: [(&'static str, String); 7],
}

struct CounterRow<'a> {
    name: &'a str,
    value: String,
    unit: &'a str,
    help: &'a str,
}

/// A chart with its heading.
struct Picture {
    /// CSS class.
    class: &'static str,
    title: &'static str,
    caption: String,
    chart: Chart,
}

impl<'a> Page<'a> {
    pub(super) fn new(run: &'a RunResult) -> Result<Self, ReportError> {
        let outcome = if run.verdict.passed() { Outcome::Passed } else { Outcome::Failed };
        let checks: Vec<_> = run.checks.iter().map(check_row).collect();
        Ok(Self {
            run,
            outcome,
            duration: format::seconds(run.duration_s),
            figures: figures(run, &checks),
            checks,
            latencies: run.latencies.iter().map(latency_row).collect(),
            distribution: distribution(run)?,
            over_time: over_time(run)?,
            marks: marks(run),
            counters: run.counters.iter().map(counter_row).collect(),
        })
    }
}

fn figures(run: &RunResult, checks: &[CheckRow<'_>]) -> Vec<Figure> {
    vec![
        rules_held(checks),
        users_connected(&run.timeline.points),
        messages_stored(run),
        headline("Median latency", run, |latency| latency.p50),
        headline("99th percentile", run, |latency| latency.p99),
    ]
}

fn rules_held(checks: &[CheckRow<'_>]) -> Figure {
    let name = "Rules held";
    if checks.is_empty() {
        return Figure::unknown(name);
    }
    let ended = |outcome| checks.iter().filter(|row| row.outcome == outcome).count() as u64;
    let findings = checks.iter().map(|row| findings(row.check)).fold(0, u64::saturating_add);
    let mut note = match findings {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{} findings", format::count(many)),
    };
    if ended(Outcome::Idle) > 0 {
        note = format!("{note}, {} not exercised", format::count(ended(Outcome::Idle)));
    }
    let passed = format::count(ended(Outcome::Passed));
    Figure { name, value: format!("{passed} of {}", format::count(checks.len() as u64)), note }
}

fn users_connected(points: &[TimelinePoint]) -> Figure {
    let name = "Users connected";
    let peak = points.iter().map(|point| point.users_connected).max();
    peak.map_or(Figure::unknown(name), |peak| Figure {
        name,
        value: format::count(peak),
        note: "at the peak".to_owned(),
    })
}

/// The messages stored, over the run's duration: what came in after that is in the sum, but took no chat time.
fn messages_stored(run: &RunResult) -> Figure {
    let name = "Messages stored";
    let points = &run.timeline.points;
    if points.is_empty() || run.duration_s <= 0.0 {
        return Figure::unknown(name);
    }
    let begins = std::iter::once(0.0).chain(points.iter().map(|point| point.t_s));
    let stored: f64 = points.iter().zip(begins).map(|(p, begin)| p.stored_per_s * (p.t_s - begin)).sum();
    let peak = format::rate(points.iter().map(|point| point.stored_per_s).fold(0.0, f64::max));
    Figure { name, value: format::rate(stored / run.duration_s), note: format!("{peak} at the peak") }
}

fn headline(name: &'static str, run: &RunResult, of: impl Fn(&Quantiles) -> u64) -> Figure {
    let first = run.latencies.first().filter(|latency| latency.quantiles.count > 0);
    first.map_or(Figure::unknown(name), |latency| Figure {
        name,
        value: format::micros(of(&latency.quantiles)),
        note: latency.name.clone(),
    })
}

/// How often a rule was broken, even by a result that tells more findings than it counts.
fn findings(check: &Check) -> u64 {
    check.findings_total.max(check.findings.len() as u64)
}

fn check_row(check: &Check) -> CheckRow<'_> {
    let untold = check.findings_total.saturating_sub(check.findings.len() as u64);
    CheckRow {
        check,
        outcome: Outcome::of_check(check),
        examined: format::count(check.examined),
        findings: format::count(findings(check)),
        untold: (untold > 0).then(|| format::count(untold)),
    }
}

fn latency_row(latency: &Latency) -> LatencyRow<'_> {
    let quantiles = &latency.quantiles;
    let micros = |value| {
        if quantiles.count == 0 { NOTHING.to_owned() } else { format::micros(value) }
    };
    let mean = if quantiles.count == 0 { NOTHING.to_owned() } else { format::mean_micros(quantiles.mean) };
    LatencyRow {
        latency,
        count: format::count(quantiles.count),
        values: [
            ("min", micros(quantiles.min)),
            ("mean", mean),
            ("p50", micros(quantiles.p50)),
            ("p90", micros(quantiles.p90)),
            ("p99", micros(quantiles.p99)),
            ("p99.9", micros(quantiles.p999)),
            ("max", micros(quantiles.max)),
        ],
    }
}

fn counter_row(counter: &crate::Counter) -> CounterRow<'_> {
    let crate::Counter { name, value, unit, help } = counter;
    CounterRow { name, value: format::count(*value), unit, help }
}

fn distribution(run: &RunResult) -> Result<Option<Picture>, ReportError> {
    if run.latencies.iter().all(|latency| latency.quantiles.count == 0) {
        return Ok(None);
    }
    let chart = chart::distribution(&run.latencies)?;
    let scale = if chart.logarithmic { "Milliseconds, on a logarithmic scale" } else { "Milliseconds" };
    let caption = format!("{scale}. From 90% on, ten times fewer are slower at each label.");
    Ok(Some(Picture { class: "distribution", title: "Latency by percentile", caption, chart }))
}

fn over_time(run: &RunResult) -> Result<Vec<Picture>, ReportError> {
    let timeline = &run.timeline;
    if timeline.points.is_empty() {
        return Ok(Vec::new());
    }
    let point = format::seconds(timeline.interval_s * chart::intervals_per_point(timeline) as f64);
    let throughput = chart::throughput(timeline)?;
    let users = chart::users(timeline)?;
    let mut pictures = vec![
        Picture {
            class: "throughput",
            title: "Throughput",
            caption: format!("Per second, each point over {point}."),
            chart: throughput,
        },
        Picture {
            class: "users",
            title: "Connected users",
            caption: "With a live push connection.".to_owned(),
            chart: users,
        },
    ];
    if timeline.points.iter().any(|point| point.synced_p50_us.or(point.synced_p99_us).is_some()) {
        let chart = chart::latency_over_time(timeline)?;
        let scale = if chart.logarithmic { ", on a logarithmic scale" } else { "" };
        let gaps = "a gap is an interval in which nothing arrived";
        let caption = format!("Milliseconds{scale}; {gaps}.");
        pictures.push(Picture { class: "latency", title: "Latency, send→synced", caption, chart });
    }
    Ok(pictures)
}

fn marks(run: &RunResult) -> Vec<(String, &str)> {
    let decimals = if run.duration_s < 10.0 { 3 } else { 1 };
    let moment = |t_s| format!("{} s", format::decimal(t_s, decimals));
    run.timeline.marks.iter().map(|mark| (moment(mark.t_s), mark.label.as_str())).collect()
}
