//! How long things took, by kind and by route, and what went wrong.
//!
//! Invariant: every time is in whole microseconds, the mean apart.

use serde::{Deserialize, Serialize};

use crate::wire::finite;

/// A distribution in ten numbers, in microseconds. With a count of 0 the others say nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// The shortest.
    pub min: u64,
    /// The arithmetic mean.
    #[serde(serialize_with = "finite")]
    pub mean: f64,
    /// Half took at most this.
    pub p50: u64,
    /// 90 % took at most this.
    pub p90: u64,
    /// 95 % took at most this.
    pub p95: u64,
    /// 99 % took at most this.
    pub p99: u64,
    /// 99.9 % took at most this.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

/// From when a latency counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatencyClock {
    /// From when the schedule wanted it, whatever held it up: what a user would feel (no coordinated omission).
    Intended,
    /// From when it was really begun: what the server took.
    Service,
}

/// How long one kind of thing took over the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// What thresholds and comparisons call it: `send_synced`. The same for both clocks.
    pub id: String,
    /// From what to what: "send→synced".
    pub name: String,
    /// What it means, in one sentence that goes on from the clock: "until the server has acknowledged the message".
    pub help: String,
    /// From when it counts.
    pub clock: LatencyClock,
    /// The distribution in short.
    pub quantiles: Quantiles,
    /// The distribution, by ascending percentile. May be empty: then the quantiles are drawn.
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

/// One route of the business API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Method and path, with its parameters' names: "GET /v1/sessions/{id}/messages".
    pub route: String,
    /// Requests that were answered or given up.
    pub requests: u64,
    /// Those among them that failed.
    pub failed: u64,
    /// Bytes of the requests' bodies.
    pub bytes_sent: u64,
    /// Bytes of the answers' bodies.
    pub bytes_received: u64,
    /// From the request's begin to the end of its answer.
    pub latency: Quantiles,
}

/// One kind of thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorKind {
    /// Which, in a few words: "timeout".
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The first of them, in full.
    pub first: String,
}
