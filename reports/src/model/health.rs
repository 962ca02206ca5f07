//! How the generator itself fared: whether what it measured is the server's doing or its own.

use serde::{Deserialize, Serialize};

use super::Quantiles;
use crate::wire::finite_or_none;

/// The generator's own health. What its system does not tell is none, not zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// By how much the generator was late in beginning what its schedule wanted, in microseconds.
    pub lag: Quantiles,
    /// By how much timers of its event loop came late, in microseconds.
    pub loop_delay: Quantiles,
    /// CPU time that its process took from the first phase until all was delivered, in seconds; with an embedded server,
    /// that one's included.
    #[serde(serialize_with = "finite_or_none")]
    pub cpu_s: Option<f64>,
    /// That time as a share of what the cores could have given, 0 to 1.
    #[serde(serialize_with = "finite_or_none")]
    pub cpu_share: Option<f64>,
    /// Resident memory before the first user, in bytes.
    pub memory_begin: Option<u64>,
    /// The most resident memory there was, in bytes.
    pub memory_peak: Option<u64>,
    /// Resident memory at the end, in bytes.
    pub memory_end: Option<u64>,
    /// What its schedule wanted and that was left out, and what was measured and could not be recorded.
    pub dropped_samples: u64,
    /// Users that it played.
    pub users: u64,
    /// Bytes of resident memory that a user takes; none where the process had runs before.
    pub memory_per_user: Option<u64>,
    /// What speaks against trusting the numbers, one sentence each. Empty if nothing does.
    pub problems: Vec<String>,
}
