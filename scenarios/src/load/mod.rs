//! A load run: simulated users that chat over a server, with every message verified.
//!
//! Life of a run: set up (register, log in, connect, find partners, open sessions), chat until the time is up, let
//! the queues run empty, give pushes their time, then have everybody sync everything and compare. What is random comes
//! from the seed: who talks to whom, and when.

mod meters;
mod payload;
mod population;
mod result;
mod run;
mod setup;
mod user;
pub mod workload;

use std::time::Duration;

pub use meters::{Meters, Metric};
pub use population::Population;
pub use result::{Environment, Outcome};
pub use run::{Progress, Snapshot, run};

/// What a run does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Simulated users.
    pub users: usize,
    /// How long they chat.
    pub duration: Duration,
    /// Messages that each user sends per second, on average; when is a Poisson process.
    pub rate: f64,
    /// Partners that each user looks for.
    pub partners: usize,
    /// Groups.
    pub groups: usize,
    /// Members of each group.
    pub group_size: usize,
    /// Where all randomness comes from.
    pub seed: u64,
    /// What is inflicted on the users.
    pub chaos: Option<Chaos>,
    /// How long one user may take to connect, and how long the end of the run may wait for what is outstanding.
    pub patience: Duration,
    /// What the accounts of this run begin with; another one for each run against the same server.
    pub account_prefix: String,
}

/// What is inflicted on the users during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Chaos {
    /// Cut the push connection of random users: each second one in twenty loses it.
    Reconnect,
}

/// Share of the users that [`Chaos::Reconnect`] cuts off each second.
pub const SEVERED_PER_SECOND: f64 = 0.05;

/// Why a run could not be carried out; not that it found something.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings make no sense.
    #[error("{0}")]
    Settings(String),
    /// The server, or this machine, does not let it.
    #[error("{0}")]
    Environment(String),
}
