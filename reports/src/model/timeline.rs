//! How a run went over time: one point for each interval, and the phases and faults on the same clock.

use serde::{Deserialize, Serialize};

use crate::wire::{finite, finite_or_none};

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

/// What happened in one interval. A latency is none when nothing was measured in it.
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
    /// Push notices that reached a recipient's client, per second.
    #[serde(serialize_with = "finite")]
    pub pushed_per_s: f64,
    /// Copies of messages that reached a recipient's client by a sync, per second.
    #[serde(serialize_with = "finite")]
    pub delivered_per_s: f64,
    /// Requests to the business API, per second.
    #[serde(serialize_with = "finite")]
    pub requests_per_s: f64,
    /// Things that went wrong, per second.
    #[serde(serialize_with = "finite")]
    pub errors_per_s: f64,
    /// Bytes that clients received, per second.
    #[serde(serialize_with = "finite")]
    pub bytes_in_per_s: f64,
    /// Bytes that clients sent, per second.
    #[serde(serialize_with = "finite")]
    pub bytes_out_per_s: f64,
    /// Median of send→synced, in microseconds.
    pub synced_p50_us: Option<u64>,
    /// 90th percentile of send→synced, in microseconds.
    pub synced_p90_us: Option<u64>,
    /// 99th percentile of send→synced, in microseconds.
    pub synced_p99_us: Option<u64>,
    /// The longest send→synced, in microseconds.
    pub synced_max_us: Option<u64>,
    /// Median of send→stored, in microseconds.
    pub stored_p50_us: Option<u64>,
    /// 99th percentile of send→stored, in microseconds.
    pub stored_p99_us: Option<u64>,
    /// 99th percentile of the generator's lag, in microseconds.
    pub lag_p99_us: Option<u64>,
    /// CPU time of the generator's process as a share of what the cores could have given, 0 to 1.
    #[serde(serialize_with = "finite_or_none")]
    pub cpu_share: Option<f64>,
    /// Resident memory of the generator's process at the interval's end, in bytes.
    pub memory: Option<u64>,
}

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// The workload changed.
    Phase,
    /// Something was broken on purpose.
    Fault,
}

/// A phase or a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When it began, in seconds since the run began.
    #[serde(serialize_with = "finite")]
    pub t_s: f64,
    /// When it was over; none for a moment, and for what lasted to the end.
    #[serde(serialize_with = "finite_or_none")]
    pub until_s: Option<f64>,
    /// Which of the two.
    pub kind: MarkKind,
    /// What, in a few words.
    pub label: String,
}
