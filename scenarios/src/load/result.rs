//! What came of a run, as the reports want it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use y2w_reports::model::{
    Check, Counter, FormatVersion, Health, Latency, Mark, RunResult, Setting, Timeline, TimelinePoint,
    Totals, Verdict, WorkloadText,
};
use y2w_reports::{format, model};

use super::Settings;
use super::user::Stage;
use crate::check::{self, Verifier};

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// How long the users chatted.
    pub chatted: Duration,
    /// Every rule's outcome.
    pub checks: Vec<check::Check>,
    latencies: Vec<Latency>,
    totals: Totals,
    counters: Vec<Counter>,
    timeline: Timeline,
    stored: u64,
    delivered: u64,
}

/// Where a run took place, which the run itself does not know.
#[derive(Clone, Debug)]
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

impl Outcome {
    pub(super) fn new(
        stage: &Stage,
        verifier: &Verifier,
        chatted: Duration,
        interval: Duration,
        points: Vec<TimelinePoint>,
        marks: Vec<Mark>,
    ) -> Self {
        let counter = |name: &str, value: u64, unit: &str, help: &str| Counter {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            help: help.to_owned(),
        };
        let meters = &stage.meters;
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let (stored, delivered) = (verifier.stored_count(), verifier.delivered_count());
        let sessions = stage.population.sessions.len() as u64;
        let counters = vec![
            counter("sessions", sessions, "sessions", "p2p sessions and groups that were chatted in"),
            counter("messages sent", load(&meters.sent), "messages", "handed to the SDK"),
            counter("messages stored", stored, "messages", "acknowledged by the business API"),
            counter("pushes received", load(&meters.pushes), "pushes", "notices that reached a member"),
            counter("deliveries verified", delivered, "deliveries", "messages that a member's sync brought"),
            counter(
                "extra push commands",
                load(&meters.extra_commands),
                "commands",
                "recoveries of a session's members, and repetitions after a lost connection",
            ),
            counter(
                "connections cut",
                load(&meters.severed),
                "connections",
                "push connections cut on purpose",
            ),
            counter(
                "errors",
                load(&meters.errors),
                "errors",
                "stores and notices given up, syncs that failed",
            ),
        ];
        Self {
            chatted,
            checks: verifier.checks(),
            latencies: meters.latencies(),
            totals: Totals {
                sent: load(&meters.sent),
                stored,
                pushed: load(&meters.pushes),
                delivered,
                errors: load(&meters.errors),
                ..Totals::default()
            },
            counters,
            timeline: Timeline { interval_s: interval.as_secs_f64(), points, marks },
            stored,
            delivered,
        }
    }

    /// Whether every check holds. A run in which nothing was sent has shown nothing, and does not pass.
    pub fn passed(&self) -> bool {
        self.stored > 0 && self.checks.iter().all(|c| c.broken == 0)
    }

    /// The result as the reports want it.
    pub fn into_result(self, settings: &Settings, environment: Environment) -> RunResult {
        let outcome = if self.passed() { model::Outcome::Passed } else { model::Outcome::Failed };
        let setting = |name: &str, value: String| Setting { name: name.to_owned(), value };
        let settings_list = vec![
            setting("users", settings.users.to_string()),
            setting("duration", format::seconds(settings.duration.as_secs_f64())),
            setting("rate", format!("{} messages per user and second", settings.rate)),
            setting("partners", format!("{} per user", settings.partners)),
            setting("groups", format!("{} of {}", settings.groups, settings.group_size)),
            setting("chaos", settings.chaos.map_or("none".to_owned(), |c| format!("{c:?}").to_lowercase())),
        ];
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        RunResult {
            format: FormatVersion,
            run_id: environment.run_id,
            title: format!(
                "{} users chat for {}",
                settings.users,
                format::seconds(settings.duration.as_secs_f64())
            ),
            started_at: environment.started_at,
            duration_s: self.chatted.as_secs_f64(),
            seed: settings.seed,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: environment.command,
            environment: model::Environment {
                os: std::env::consts::OS.to_owned(),
                arch: std::env::consts::ARCH.to_owned(),
                cores: u32::try_from(cores).unwrap_or(u32::MAX),
                target: environment.target,
            },
            shards: None,
            workload: WorkloadText::default(),
            settings: settings_list,
            verdict: Verdict { outcome, summary: self.summary(), reasons: Vec::new() },
            thresholds: Vec::new(),
            checks: self.checks.into_iter().map(report_check).collect(),
            totals: self.totals,
            counters: self.counters,
            latencies: self.latencies,
            routes: Vec::new(),
            errors: Vec::new(),
            health: Health { users: settings.users as u64, ..Health::default() },
            timeline: self.timeline,
        }
    }

    fn summary(&self) -> String {
        let broken: u64 = self.checks.iter().map(|c| c.broken).sum();
        let seen = format!(
            "{} messages stored, {} deliveries verified",
            format::count(self.stored),
            format::count(self.delivered)
        );
        match (self.stored, broken) {
            (0, 0) => "no message was sent, so nothing was shown".to_owned(),
            (_, 0) => format!("{seen}: nothing lost, nothing twice, all in order"),
            (_, 1) => format!("{seen}; 1 finding"),
            _ => format!("{seen}; {} findings", format::count(broken)),
        }
    }
}

fn report_check(check: check::Check) -> Check {
    Check {
        id: check.rule.to_owned(),
        title: check.title.to_owned(),
        examined: check.examined,
        findings_total: check.broken,
        findings: check.findings,
    }
}
