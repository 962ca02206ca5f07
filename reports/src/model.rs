//! The result of one run, as plain data: what every exporter reads and what `result.json` holds.
//!
//! Invariants: no field depends on a clock or on a machine unless the caller put it there; every list keeps its
//! order; unknown fields and other versions of the format are refused. Changing a field means a new [`FORMAT`].

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::wire::{decimal_string, finite};

/// The name and version of the JSON form, the value of its field `format`.
pub const FORMAT: &str = "y2w-run/1";

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
    /// How long the run took, in seconds of its own clock.
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
    /// What the run was asked to do, in the order to show.
    pub settings: Vec<Setting>,
    /// The outcome.
    pub verdict: Verdict,
    /// The rules that were checked, in the order to show.
    pub checks: Vec<Check>,
    /// Totals over the run, in the order to show.
    pub counters: Vec<Counter>,
    /// How long things took, in the order to show; the first one is the headline.
    pub latencies: Vec<Latency>,
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

/// One thing that the run was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, ready to be read, with the unit.
    pub value: String,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether everything that was asked for held.
    pub passed: bool,
    /// The outcome in one sentence.
    pub summary: String,
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

/// How long one kind of thing took over the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// From what to what: "send→stored".
    pub name: String,
    /// What it means, in one sentence.
    pub help: String,
    /// Unit of all values: "us", microseconds.
    pub unit: String,
    /// How many were measured.
    pub count: u64,
    /// The shortest, in microseconds.
    pub min: u64,
    /// The arithmetic mean, in microseconds.
    #[serde(serialize_with = "finite")]
    pub mean: f64,
    /// Half took at most this, in microseconds.
    pub p50: u64,
    /// 90 % took at most this, in microseconds.
    pub p90: u64,
    /// 99 % took at most this, in microseconds.
    pub p99: u64,
    /// 99.9 % took at most this, in microseconds.
    pub p999: u64,
    /// The longest, in microseconds.
    pub max: u64,
    /// The distribution, by ascending percentile. May be empty: then the values above are drawn.
    pub percentiles: Vec<PercentilePoint>,
}

/// One point of a distribution: this share took at most that long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PercentilePoint {
    /// The share, in percent: 0 to 100.
    #[serde(serialize_with = "finite")]
    pub percentile: f64,
    /// The latency, in microseconds.
    pub value_us: u64,
}

/// How a run went over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// The time between two points, in seconds.
    #[serde(serialize_with = "finite")]
    pub interval_s: f64,
    /// One point for each interval, by ascending time.
    pub points: Vec<TimelinePoint>,
    /// Phases and faults, by ascending time.
    pub marks: Vec<Mark>,
}

/// What happened in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimelinePoint {
    /// The interval's end, in seconds since the run began.
    #[serde(serialize_with = "finite")]
    pub t_s: f64,
    /// Users with a live push connection at the interval's end.
    pub users_connected: u64,
    /// Messages that users handed to their client, per second.
    #[serde(serialize_with = "finite")]
    pub sent_per_s: f64,
    /// Messages that the server acknowledged, per second.
    #[serde(serialize_with = "finite")]
    pub stored_per_s: f64,
    /// Copies of messages that reached a recipient's client by a sync, per second.
    #[serde(serialize_with = "finite")]
    pub delivered_per_s: f64,
    /// Requests that failed, per second.
    #[serde(serialize_with = "finite")]
    pub errors_per_s: f64,
    /// Median of send→synced in this interval, in microseconds; none when nothing was synced.
    pub synced_p50_us: Option<u64>,
    /// 99th percentile of send→synced in this interval, in microseconds; none when nothing was synced.
    pub synced_p99_us: Option<u64>,
}

/// A moment worth a label: a phase began, a fault was inflicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When, in seconds since the run began.
    #[serde(serialize_with = "finite")]
    pub t_s: f64,
    /// What, in a few words.
    pub label: String,
}
