//! What the page shows, ready to be written: the template only arranges it.
//!
//! Invariants: every number is formatted here, by `format`; the template computes nothing. Strings are the result's
//! own and unescaped, the template's engine escapes them; the only text that it takes as it is are the charts.

mod health;
mod pictures;
mod tables;

use askama::Template;

use self::{
    health::Trust,
    pictures::Picture,
    tables::{CounterRow, LatencyRow, RouteRow},
};
use crate::{
    Check, MarkKind, Outcome, Quantiles, ReportError, RunResult, TimelinePoint,
    format::{self, NOTHING},
};

/// The whole page.
#[derive(Template)]
#[template(path = "run.html")]
pub(super) struct Page<'a> {
    run: &'a RunResult,
    outcome: Ended,
    duration: String,
    figures: Vec<Figure>,
    checks: Vec<CheckRow<'a>>,
    latencies: Vec<LatencyRow<'a>>,
    distribution: Option<Picture>,
    over_time: Vec<Picture>,
    marks: Vec<MarkRow<'a>>,
    routes: Vec<RouteRow<'a>>,
    errors: Vec<(&'a str, String, &'a str)>,
    trust: Trust,
    health: Vec<(&'static str, String)>,
    health_over_time: Vec<Picture>,
    counters: Vec<CounterRow<'a>>,
    share: Option<String>,
}

/// How something ended, as a CSS class and in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Of(Outcome),
    /// Nothing was examined.
    Idle,
}

impl Ended {
    fn class(self) -> &'static str {
        match self {
            Self::Of(Outcome::Passed) => "good",
            Self::Of(Outcome::Failed) => "bad",
            Self::Of(Outcome::Invalid) => "warn",
            Self::Of(Outcome::Interrupted) | Self::Idle => "idle",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Of(Outcome::Passed) => "Passed",
            Self::Of(Outcome::Failed) => "Failed",
            Self::Of(Outcome::Invalid) => "Invalid",
            Self::Of(Outcome::Interrupted) => "Interrupted",
            Self::Idle => "Not exercised",
        }
    }

    /// What is drawn into a circle of 24: a tick, a cross, an exclamation mark, a pause.
    fn badge(self) -> &'static str {
        match self {
            Self::Of(Outcome::Passed) => "M6.8 12.4l3.5 3.5 7-7.4",
            Self::Of(Outcome::Failed) => "M8 8l8 8M16 8l-8 8",
            Self::Of(Outcome::Invalid) => "M12 6v7.5M12 17v.4",
            Self::Of(Outcome::Interrupted) | Self::Idle => "M9.5 8v8M14.5 8v8",
        }
    }

    fn of_check(check: &Check) -> Self {
        match (findings(check), check.examined) {
            (0, 0) => Self::Idle,
            (0, _) => Self::Of(Outcome::Passed),
            _ => Self::Of(Outcome::Failed),
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
    outcome: Ended,
    examined: String,
    findings: String,
    /// How many findings are not told, if any.
    untold: Option<String>,
}

struct MarkRow<'a> {
    at: String,
    until: String,
    kind: &'static str,
    label: &'a str,
}

impl<'a> Page<'a> {
    pub(super) fn new(run: &'a RunResult) -> Result<Self, ReportError> {
        let checks: Vec<_> = run.checks.iter().map(check_row).collect();
        Ok(Self {
            run,
            outcome: Ended::Of(run.verdict.outcome),
            duration: format::seconds(run.duration_s),
            figures: figures(run, &checks),
            checks,
            latencies: tables::latencies(run),
            distribution: pictures::distribution(run)?,
            over_time: pictures::over_time(run)?,
            marks: marks(run),
            routes: run.routes.iter().map(tables::route).collect(),
            errors: tables::errors(run),
            trust: Trust::of(run),
            health: health::facts(&run.health),
            health_over_time: pictures::health(run)?,
            counters: tables::counters(run),
            share: run.shards.map(share),
        })
    }
}

fn share(shards: crate::Shards) -> String {
    match shards.index {
        Some(index) => format!("share {} of {} of the load", u64::from(index) + 1, shards.count),
        None => format!("{} shares of the load, merged", shards.count),
    }
}

fn figures(run: &RunResult, checks: &[CheckRow<'_>]) -> Vec<Figure> {
    vec![
        rules_held(checks),
        users_connected(&run.timeline.points),
        messages_stored(run),
        headline("Median latency", run, |quantiles| quantiles.p50),
        headline("99th percentile", run, |quantiles| quantiles.p99),
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
    if ended(Ended::Idle) > 0 {
        note = format!("{note}, {} not exercised", format::count(ended(Ended::Idle)));
    }
    let passed = format::count(ended(Ended::Of(Outcome::Passed)));
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

/// The messages stored, over the time that the load lasted: what came in after that is in the sum, but took no such time.
fn messages_stored(run: &RunResult) -> Figure {
    let name = "Messages stored";
    if run.timeline.points.is_empty() || run.duration_s <= 0.0 {
        return Figure::unknown(name);
    }
    let value = format::rate(run.totals.stored as f64 / run.duration_s);
    let peak = run.timeline.points.iter().map(|point| point.stored_per_s).fold(0.0, f64::max);
    Figure { name, value, note: format!("{} at the peak", format::rate(peak)) }
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
        outcome: Ended::of_check(check),
        examined: format::count(check.examined),
        findings: format::count(findings(check)),
        untold: (untold > 0).then(|| format::count(untold)),
    }
}

fn marks(run: &RunResult) -> Vec<MarkRow<'_>> {
    let decimals = if run.duration_s < 10.0 { 3 } else { 1 };
    let moment = |t_s| format!("{} s", format::decimal(t_s, decimals));
    let row = |mark: &'_ crate::Mark| {
        let kind = match mark.kind {
            MarkKind::Phase => "phase",
            MarkKind::Fault => "fault",
        };
        (moment(mark.t_s), mark.until_s.map(moment).unwrap_or_default(), kind)
    };
    let rows = run.timeline.marks.iter().map(|mark| (row(mark), mark.label.as_str()));
    rows.map(|((at, until, kind), label)| MarkRow { at, until, kind, label }).collect()
}
