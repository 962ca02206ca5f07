//! The result of one run, as plain data: what every exporter reads and what `result.json` holds.
//!
//! Invariants: no field depends on a clock or on a machine unless the caller put it there; every list keeps its
//! order; unknown fields and other versions of the format are refused. Changing a field means a new [`FORMAT`].

mod health;
mod latency;
mod timeline;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use health::Health;
pub use latency::{ErrorKind, Latency, LatencyClock, PercentilePoint, Quantiles, Route};
pub use timeline::{Mark, MarkKind, Timeline, TimelinePoint};

use crate::wire::{decimal_string, finite};

/// The name and version of the JSON form, the value of its field `format`.
pub const FORMAT: &str = "y2w-run/2";

/// What is said of the format in JSON Schema, draft 2020-12.
pub const SCHEMA: &str = include_str!("../schemas/run.schema.json");

/// Stands for [`FORMAT`] in a [`RunResult`]: writes that string and accepts no other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FormatVersion;

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(FORMAT)
    }
}

impl<'de> Deserialize<'de> for FormatVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let format = String::deserialize(deserializer)?;
        if format == FORMAT {
            Ok(Self)
        } else {
            Err(D::Error::custom(format_args!("format {format:?} is not {FORMAT:?}")))
        }
    }
}

/// Everything there is to say about one finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// Always [`FORMAT`].
    pub format: FormatVersion,
    /// Names this run among others.
    pub run_id: String,
    /// What was run, in a few words: the report's heading.
    pub title: String,
    /// When the run began, RFC 3339. In a simulated run, virtual time.
    pub started_at: String,
    /// How long the load lasted, in seconds of the run's own clock: what rates are taken over.
    #[serde(serialize_with = "finite")]
    pub duration_s: f64,
    /// The seed that all chance in the run comes from. A string in JSON.
    #[serde(with = "decimal_string")]
    pub seed: u64,
    /// Version of the command that made the run.
    pub tool_version: String,
    /// The command line that repeats this run.
    pub command: String,
    /// Where it ran.
    pub environment: Environment,
    /// Which part of the load this is, if several processes share it; none where one process did all of it.
    pub shards: Option<Shards>,
    /// The workload that was run.
    pub workload: WorkloadText,
    /// What the run was asked to do, in the order to show.
    pub settings: Vec<Setting>,
    /// The outcome.
    pub verdict: Verdict,
    /// The limits that the run was given, in the order to show.
    pub thresholds: Vec<ThresholdOutcome>,
    /// The rules that were checked, in the order to show.
    pub checks: Vec<Check>,
    /// How much there was of what every run has.
    pub totals: Totals,
    /// Totals of what this run has beside that, in the order to show.
    pub counters: Vec<Counter>,
    /// How long things took, in the order to show; the first one is the headline.
    pub latencies: Vec<Latency>,
    /// The REST routes that were called, in the order to show.
    pub routes: Vec<Route>,
    /// What went wrong, by kind, in the order to show.
    pub errors: Vec<ErrorKind>,
    /// How the generator itself fared: whether its numbers can be trusted.
    pub health: Health,
    /// How the run went over time.
    pub timeline: Timeline,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Operating system: "linux".
    pub os: String,
    /// Processor architecture: "aarch64".
    pub arch: String,
    /// Processor cores that the run could use.
    pub cores: u32,
    /// What was put under load: "simulated network", or a server's URL.
    pub target: String,
}

/// One share of a load, or several of them put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// Which share, counted from 0; none for all of them together.
    pub index: Option<u32>,
    /// How many shares there are.
    pub count: u32,
}

/// A workload as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadText {
    /// Its name.
    pub name: String,
    /// The whole of its TOML.
    pub text: String,
}

/// One thing that the run was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, ready to be read, with the unit.
    pub value: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All that was asked for held.
    Passed,
    /// Something did not.
    Failed,
    /// The generator could not keep its schedule: the numbers say nothing of the server and must not be used.
    Invalid,
    /// It was ended early, and what was seen until then held.
    Interrupted,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The outcome in one word.
    pub outcome: Outcome,
    /// The outcome in one sentence.
    pub summary: String,
    /// Why it is that outcome, one sentence each. May be empty.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// Whether everything that was asked for held, to the end.
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// A limit that a run was given, and whether it kept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdOutcome {
    /// The limit as it was given: `send_synced.p99 < 250ms`.
    pub text: String,
    /// What was measured, ready to be read, with the unit.
    pub actual: String,
    /// Whether it was kept.
    pub held: bool,
}

/// One rule, and how it fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The rule's id: "SYNC-LOSSLESS".
    pub id: String,
    /// What the rule demands, in one sentence.
    pub title: String,
    /// How many things were looked at. With 0 the rule was not exercised, and that nothing was found says nothing.
    pub examined: u64,
    /// How many times the rule was broken.
    pub findings_total: u64,
    /// The first findings, each in prose.
    pub findings: Vec<String>,
}

/// How much there was of what every run has: what two runs are compared by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Messages that users handed to their client.
    pub sent: u64,
    /// Messages that the server acknowledged.
    pub stored: u64,
    /// Push notices that reached a recipient's client.
    pub pushed: u64,
    /// Copies of messages that reached a recipient's client by a sync.
    pub delivered: u64,
    /// Requests to the business API that were answered or given up.
    pub requests: u64,
    /// Things that went wrong, of all kinds.
    pub errors: u64,
    /// Bytes that clients sent.
    pub bytes_sent: u64,
    /// Bytes that clients received.
    pub bytes_received: u64,
}

/// A total over the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// The total, in `unit`.
    pub value: u64,
    /// What was counted: "messages".
    pub unit: String,
    /// What it means, in one sentence.
    pub help: String,
}
