//! A load run: simulated users, each a complete client, who do what a [`workload`] says, with every delivery
//! verified and everything measured.
//!
//! Life of a run: set up (register, log in, connect, find partners, open sessions), go through the phases, then
//! everybody comes online, the queues run empty, pushes get their time, everybody syncs everything, and all is compared.
//! What is random comes from the seed: who talks to whom, who does what, and when.
//!
//! * [`population`]: who there is. `setup` brings them to life as `person`s, each with a `watch` on every device.
//! * `behaviour`: what they do. `drive`: when. `faults`: what befalls them.
//! * `meters`: what is measured. `sampler`: takes it once a second. `result`: what came of it.
//! * [`capacity`]: which load to try next, for the highest that holds.
//! * A run may be a [`Shard`] of several: `marshal` keeps them together, [`merge`] puts their results together.

mod behaviour;
pub mod capacity;
mod churn;
mod deliveries;
mod drive;
mod endgame;
mod faults;
mod fresh;
mod marshal;
mod measured;
pub mod merge;
mod meters;
mod payload;
mod person;
pub mod population;
mod result;
mod run;
mod sampler;
mod setup;
mod watch;
pub mod workload;

use std::time::Duration;

pub use faults::Server;
pub use population::Population;
pub use result::{DROPPED_SHARE, Environment, FilesError, Outcome};
pub use run::{CONNECTIONS, Target, run};
pub use sampler::{LatencySoFar, Progress, Snapshot, Totals};
use workload::Workload;

/// What a run does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What users do.
    pub workload: Workload,
    /// What the workload is called: its file's or its shipped name.
    pub workload_name: String,
    /// Where all randomness comes from.
    pub seed: u64,
    /// How long one user may take to connect, and how long the end of the run may wait for what is outstanding.
    pub patience: Duration,
    /// By how much the generator may be late, at the 99th percentile, before what it measures counts for nothing.
    pub max_lag: Duration,
    /// What the accounts of this run begin with; another one for each run against the same server, and the same in all
    /// shards of a run.
    pub account_prefix: String,
    /// Which share of the users is in this process.
    pub shard: Shard,
    /// When the first phase begins; at once if not said, or in shards when all are ready.
    pub start_at: Option<std::time::SystemTime>,
}

/// A deterministic share of the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// All users.
    pub const ALL: Self = Self { index: 0, count: 1 };

    /// Whether a user is in it.
    pub fn has(self, user: usize) -> bool {
        user % self.count == self.index
    }
}

/// Why a run could not be carried out; not that it found something.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings make no sense.
    #[error("{0}")]
    Settings(String),
    /// The server, or this machine, does not let it.
    #[error("{0}")]
    Environment(String),
    /// It was told to stop before anybody did anything.
    #[error("interrupted while the users were being set up: nothing was measured")]
    Interrupted,
}
