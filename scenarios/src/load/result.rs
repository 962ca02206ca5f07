//! What came of a run, as the reports want it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use y2w_reports::model::{
    Check, FormatVersion, Mark, Outcome as Word, RunResult, Setting, Shards, ThresholdOutcome, Timeline,
    TimelinePoint, Verdict, WorkloadText,
};
use y2w_reports::{format, model};

use super::Settings;
use super::deliveries::{Deliveries, DeliveriesError};
use super::measured::Measured;
use super::meters::OfRoute;
use super::meters::hlog::{self, Entry, HlogError};
use super::meters::log::Packed;
use super::sampler::SAMPLE_EVERY;
use super::watch::Stage;
use super::workload::{Arrival, Workload};
use crate::check::Verifier;

/// The interval log of the latencies in a run's folder.
pub(super) const LATENCIES: &str = "latency.hlog";
/// The histograms of the routes.
pub(super) const ROUTES: &str = "routes.hlog";

/// What came of a run.
pub struct Outcome {
    pub(super) measured: Measured,
    pub(super) deliveries: Deliveries,
    pub(super) log: Vec<Entry>,
    pub(super) points: Vec<TimelinePoint>,
    pub(super) marks: Vec<Mark>,
    /// When the first phase began, in seconds since 1970.
    pub(super) began_s: f64,
    pub(super) interrupted: bool,
}

/// Where a run took place, which the run itself does not know.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// A name for the run, also of its folder.
    pub run_id: String,
    /// RFC 3339.
    pub started_at: String,
    /// The command that repeats the run.
    pub command: String,
    /// The server, in words.
    pub target: String,
}

/// Why the files of a run could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The histograms.
    #[error("cannot write {0}")]
    Histograms(#[from] HlogError),
    /// What is known of each session.
    #[error("cannot write {0}")]
    Deliveries(#[from] DeliveriesError),
}

/// How a run ended, beside what it measured.
pub(super) struct Ending {
    pub(super) interrupted: bool,
    /// Whether everybody had synced everything.
    pub(super) settled: bool,
    /// When the first phase began, in microseconds since 1970.
    pub(super) begun: u64,
}

impl Outcome {
    pub(super) fn new(
        stage: &Stage,
        verifier: &Verifier,
        measured: Measured,
        (points, marks, log): (Vec<TimelinePoint>, Vec<Mark>, Vec<Entry>),
        ending: &Ending,
    ) -> Self {
        // The verifier knows those sessions that somebody here is in.
        let here = |members: &[usize]| members.iter().any(|m| stage.shard.has(*m));
        let planned = stage.population.sessions.iter().enumerate();
        let planned: Vec<usize> = planned.filter(|(_, s)| here(&s.members)).map(|(index, _)| index).collect();
        Self {
            measured,
            deliveries: Deliveries::new(stage.shard, ending.settled, verifier.accounts(|at| planned[at])),
            log,
            points,
            marks,
            began_s: ending.begun as f64 / 1e6,
            interrupted: ending.interrupted,
        }
    }

    /// How many operations users began, each when it was due.
    pub fn operations(&self) -> u64 {
        self.measured.operations
    }

    /// Every rule's outcome.
    pub fn checks(&self) -> &[Check] {
        &self.measured.checks
    }

    /// Writes what other tools and `y2w merge` read beside the report, into a folder that is there: histograms, and in a
    /// shard what is known of each session.
    pub fn write_files(&self, dir: &Path) -> Result<Vec<PathBuf>, FilesError> {
        let (latencies, routes) = (dir.join(LATENCIES), dir.join(ROUTES));
        let comment =
            "y2w: latencies in microseconds; from when it was due, and with .service from when it was begun";
        hlog::write(&latencies, comment, self.began_s, &self.log)?;
        let entries: Vec<Entry> =
            self.measured.routes.iter().map(|route| route_entry(route, self.measured.acted_s)).collect();
        hlog::write(&routes, "y2w: requests by route, in microseconds", self.began_s, &entries)?;
        let mut files = vec![latencies, routes];
        if self.deliveries.shards > 1 {
            files.push(self.deliveries.write(dir)?);
        }
        Ok(files)
    }

    /// The result as the reports want it.
    pub fn into_result(self, settings: &Settings, environment: Environment) -> RunResult {
        let timeline =
            Timeline { interval_s: SAMPLE_EVERY.as_secs_f64(), points: self.points, marks: self.marks };
        let shard = settings.shard;
        let shards = (shard.count > 1).then(|| Shards {
            index: u32::try_from(shard.index).ok(),
            count: u32::try_from(shard.count).unwrap_or(u32::MAX),
        });
        let problems = problems(&self.measured, settings.max_lag);
        let what = What {
            workload: &settings.workload,
            name: &settings.workload_name,
            seed: settings.seed,
            shards,
            interrupted: self.interrupted,
        };
        assemble(&self.measured, &what, environment, timeline, problems)
    }
}

/// A route's histogram for the log; its interval is the whole run.
pub(super) fn route_entry(route: &OfRoute, acted_s: f64) -> Entry {
    Entry {
        tag: hlog::tag(&route.route),
        start: Duration::ZERO,
        length: Duration::from_secs_f64(acted_s.max(0.0)),
        samples: Packed::of(&route.latency),
    }
}

/// What was run.
pub(super) struct What<'a> {
    pub(super) workload: &'a Workload,
    pub(super) name: &'a str,
    pub(super) seed: u64,
    pub(super) shards: Option<Shards>,
    pub(super) interrupted: bool,
}

/// Puts a result together and judges it; the problems are the generator's.
pub(super) fn assemble(
    measured: &Measured,
    what: &What<'_>,
    environment: Environment,
    timeline: Timeline,
    problems: Vec<String>,
) -> RunResult {
    let workload = what.workload;
    let thresholds: Vec<ThresholdOutcome> = workload
        .thresholds
        .iter()
        .map(|threshold| {
            let judged = threshold.judge(measured);
            ThresholdOutcome { text: threshold.to_string(), actual: judged.actual, held: judged.held }
        })
        .collect();
    // The threads of a process are as many as there are cores, whatever the shards.
    let cores = measured.cores as u32;
    let verdict = verdict(measured, &thresholds, &problems, what.interrupted);
    RunResult {
        format: FormatVersion,
        run_id: environment.run_id,
        title: workload.title.clone(),
        started_at: environment.started_at,
        duration_s: measured.acted_s,
        seed: what.seed,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: environment.command,
        environment: model::Environment {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cores,
            target: environment.target,
        },
        shards: what.shards,
        workload: WorkloadText { name: what.name.to_owned(), text: workload.text() },
        settings: settings_list(workload),
        verdict,
        thresholds,
        checks: measured.checks.clone(),
        totals: measured.totals,
        counters: measured.counters.clone(),
        latencies: measured.latencies(),
        routes: measured.routes(),
        errors: measured.errors.clone(),
        health: measured.health(problems),
        timeline,
    }
}

/// The share of operations that may be left out; above it the schedule was not kept.
pub const DROPPED_SHARE: f64 = 0.001;

/// What is wrong with the generator, if anything: then what it measured is its own doing.
fn problems(measured: &Measured, max_lag: Duration) -> Vec<String> {
    let mut problems = Vec::new();
    let allowed = u64::try_from(max_lag.as_micros()).unwrap_or(u64::MAX);
    let lag = measured.lag.value_at_percentile(99.0);
    if !measured.lag.is_empty() && lag > allowed {
        problems.push(format!(
            "1 in 100 of what was due was begun more than {} late ({} are allowed, --max-lag): this machine is too slow \
             for this load; take a lower rate, more cores, or shards on several machines (where it is the server that is \
             slow to answer: more --connections)",
            format::micros(lag),
            format::micros(allowed)
        ));
    }
    if measured.dropped as f64 > DROPPED_SHARE * measured.operations as f64 {
        problems.push(format!(
            "{} of {} operations were left out, since too much of the same user was under way: the server answers too \
             slowly for this rate, so what was measured is of a lower one",
            format::count(measured.dropped),
            format::count(measured.operations)
        ));
    }
    problems
}

fn verdict(
    measured: &Measured,
    thresholds: &[ThresholdOutcome],
    problems: &[String],
    interrupted: bool,
) -> Verdict {
    let findings = measured.findings();
    let missed: Vec<&ThresholdOutcome> = thresholds.iter().filter(|t| !t.held).collect();
    let seen = format!(
        "{} messages stored, {} deliveries verified",
        format::count(measured.totals.stored),
        format::count(measured.totals.delivered)
    );
    let mut reasons = Vec::new();
    for check in measured.checks.iter().filter(|c| c.findings_total > 0) {
        reasons.push(format!("{}: {} findings", check.id, format::count(check.findings_total)));
    }
    let (outcome, summary) = if findings > 0 {
        let number = if findings == 1 {
            "1 finding".to_owned()
        } else {
            format!("{} findings", format::count(findings))
        };
        (Word::Failed, format!("{seen}; {number}"))
    } else if measured.operations == 0 {
        reasons.push("no user did anything: is the rate, the load or the share online 0?".to_owned());
        (Word::Failed, "nothing was done, so nothing was shown".to_owned())
    } else if !problems.is_empty() {
        reasons.extend(problems.iter().cloned());
        (
            Word::Invalid,
            "the generator could not keep its schedule: its figures say nothing about the server".to_owned(),
        )
    } else if interrupted {
        reasons.push("it was ended before its time; thresholds are not judged".to_owned());
        (
            Word::Interrupted,
            format!("{seen} until it was interrupted: nothing lost, nothing twice, all in order"),
        )
    } else if let Some(first) = missed.first() {
        reasons.extend(missed.iter().map(|t| format!("{}: {}", t.text, t.actual)));
        (
            Word::Failed,
            format!("{seen}, all as it should be; {} does not hold ({})", first.text, first.actual),
        )
    } else {
        (Word::Passed, format!("{seen}: nothing lost, nothing twice, all in order"))
    };
    Verdict { outcome, summary, reasons }
}

fn settings_list(workload: &Workload) -> Vec<Setting> {
    let setting = |name: &str, value: String| Setting { name: name.to_owned(), value };
    let arrival = match workload.arrival {
        Arrival::Open { rate, process } => {
            format!("open, {rate} a second for each user that is online, {process:?}").to_lowercase()
        }
        Arrival::Closed { think } => format!(
            "closed, {} to {} to think",
            humantime::format_duration(think.min),
            humantime::format_duration(think.max)
        ),
    };
    vec![
        setting("users", format::count(workload.population.users as u64)),
        setting("length", format::seconds(workload.length().as_secs_f64())),
        setting("arrival", arrival),
    ]
}
