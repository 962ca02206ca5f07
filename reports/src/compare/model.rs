//! A comparison of two sets of runs as plain data: what every file of it is made from, and what `compare.json` holds.
//!
//! Invariants as for [a run's result](crate::model). Changing a field means a new [`FORMAT`].

use serde::{Deserialize, Serialize};

use crate::model::{Environment, Outcome};
use crate::wire::{decimal_string, finite, finite_or_none};

/// The name and version of the JSON form, the value of its field `format`.
pub const FORMAT: &str = "y2w-compare/1";

/// What is said of the format in JSON Schema, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../schemas/compare.schema.json");

/// Two sets of runs, metric by metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Always [`FORMAT`].
    pub format: String,
    /// The baseline.
    pub a: About,
    /// What is compared with it.
    pub b: About,
    /// By what rules.
    pub settings: Settings,
    /// All in all: the worst that is certain of any metric.
    pub verdict: Change,
    /// The outcome in one sentence.
    pub summary: String,
    /// What the comparison may be wrong about, one sentence each.
    pub warnings: Vec<String>,
    /// The metrics that both sides have, in the order to show.
    pub metrics: Vec<Metric>,
}

/// What decides a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The difference that does not matter, as a share of the baseline's median: 0.05.
    #[serde(serialize_with = "finite")]
    pub tolerance: f64,
    /// How much of what chance may do an interval covers: 0.95.
    #[serde(serialize_with = "finite")]
    pub confidence: f64,
    /// How often runs are drawn again.
    pub resamples: u32,
    /// What the drawing comes from. A string in JSON.
    #[serde(with = "decimal_string")]
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tolerance: 0.05, confidence: 0.95, resamples: 10_000, seed: 1 }
    }
}

/// One side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it is called.
    pub name: String,
    /// Its runs.
    pub runs: Vec<RunAbout>,
}

/// A run of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunAbout {
    /// Where its result was read from.
    pub file: String,
    /// Its name among runs.
    pub run_id: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// What it came to.
    pub outcome: Outcome,
    /// What was run.
    pub title: String,
    /// The workload's name.
    pub workload: String,
    /// Version of the command that made it.
    pub tool_version: String,
    /// Where it ran.
    pub environment: Environment,
}

/// How a metric, or a whole comparison, came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The whole interval is worse by more than the tolerance.
    Regressed,
    /// The whole interval is better by more than the tolerance.
    Improved,
    /// The whole interval is within the tolerance.
    Same,
    /// Neither can be said.
    Unclear,
}

/// In what a metric is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Microseconds.
    Us,
    /// So many per second.
    PerS,
    /// A share of 1.
    Share,
    /// Bytes.
    Bytes,
}

/// Which of two values is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// The smaller.
    Less,
    /// The greater.
    More,
}

/// One thing that was measured on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Which: `send_synced.p99`.
    pub id: String,
    /// The same in words.
    pub name: String,
    /// In what it is measured.
    pub unit: Unit,
    /// In which direction it gets better.
    pub better: Better,
    /// The baseline's values.
    pub a: Side,
    /// The other's.
    pub b: Side,
    /// By how much the median of B is greater than that of A, in the unit.
    #[serde(serialize_with = "finite")]
    pub difference: f64,
    /// The same as a share of A's median; none if that is 0.
    #[serde(serialize_with = "finite_or_none")]
    pub relative: Option<f64>,
    /// Between what the difference lies, in the unit; none if a side has one run only.
    pub interval: Option<Interval>,
    /// How it came out.
    pub change: Change,
}

/// The values of one side, one for each run that has the metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// In the order of the runs.
    pub values: Vec<f64>,
    /// Their median.
    #[serde(serialize_with = "finite")]
    pub median: f64,
}

/// Two ends, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The lower one.
    #[serde(serialize_with = "finite")]
    pub low: f64,
    /// The upper one.
    #[serde(serialize_with = "finite")]
    pub high: f64,
}
