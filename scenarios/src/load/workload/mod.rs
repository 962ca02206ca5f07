//! What a load run does, as data: who there is, what they do how often, how that changes over time, what befalls them,
//! and what has to hold.
//!
//! A workload is a TOML file, written by people: [`Workload::read`] refuses what it does not know, and says in which line
//! and column. Those that come with y2w are in `scenarios/workloads/` ([`shipped`]); `docs/workloads.md` explains every
//! field, and `y2w workloads --schema` prints the same as JSON Schema, for editors.
//!
//! Invariants: a workload that was read makes sense in itself ([`Workload::check`]); nothing in it depends on the machine
//! or on the server; [`Workload::text`] gives a file that reads as the same workload again. What is random is decided by
//! the run's seed, not here.

mod check;
mod length;
mod level;
mod schedule;
mod size;
mod text;
mod threshold;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use check::Senseless;
pub use level::{Level, Ramp};
pub use schedule::{Arrivals, Timeline, arrivals};
pub use size::{Range, Size};
pub use text::{Shipped, shipped};
pub use threshold::{Judged, Latency, Number, Reading, Readings, Route, Since, Stat, Threshold};

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;
/// Most users that there can be.
pub const USERS_MAX: usize = 1_000_000;
/// The highest rate of an open arrival, per user and second.
pub const RATE_MAX: f64 = 100_000.0;
/// The longest that all phases together can take.
pub const LENGTH_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// A workload. See the module's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Workload {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// What it is, in a few words: the report's heading.
    pub title: String,
    /// What it is for, in some sentences.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What has to hold at the end, beside the checks of every delivery, as `send_synced.p99 < 250ms`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Threshold>,
    /// Who there is.
    pub population: Population,
    /// When users do something.
    #[serde(default)]
    pub arrival: Arrival,
    /// What users do: weights of [`Behaviour`]s. Each time that a user does something, one is drawn by its weight.
    pub mix: BTreeMap<Behaviour, f64>,
    /// How large what they send is.
    #[serde(default)]
    pub payload: Payload,
    /// How the load changes, one after the other.
    #[serde(rename = "phase")]
    pub phases: Vec<Phase>,
    /// What befalls users and server.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// Who there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Population {
    /// Users.
    pub users: usize,
    /// With how many others each user looks for a p2p session.
    #[serde(default)]
    pub contacts: Size,
    /// Share of the users who have a second device, of another class, that is connected all the time: 0 to 1.
    #[serde(default)]
    pub second_devices: f64,
    /// Groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Groups>,
}

/// Groups of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Groups {
    /// How many there are; or:
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// for how many users there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_per_users: Option<usize>,
    /// How many members each has, the master included; never more than there are users.
    pub size: Size,
}

/// When users do something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Arrival {
    /// On a schedule, whatever the server does: what is due is done, and what is done late counts as late.
    #[serde(rename_all = "kebab-case")]
    Open {
        /// How often each user that is online does something at load 1, per second.
        rate: f64,
        /// How the times lie.
        #[serde(default)]
        process: Process,
    },
    /// Each user does something, waits until it is done, thinks, and does the next thing.
    #[serde(rename_all = "kebab-case")]
    Closed {
        /// How long a user thinks: anything between the two, alike.
        think: Think,
    },
}

/// How the times of an open arrival lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Process {
    /// At random, independent of each other.
    #[default]
    Poisson,
    /// Each user at equal distances, with a start of its own.
    Constant,
}

/// A time to think.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Think {
    /// The shortest.
    #[serde(with = "length")]
    pub min: Duration,
    /// The longest.
    #[serde(with = "length")]
    pub max: Duration,
}

/// Something that a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Sends a text to one of its p2p sessions.
    P2pText,
    /// Sends a text to one of its groups.
    GroupText,
    /// Sends a file to one of its sessions.
    File,
    /// Reads a session: fetches the newest messages, which the server takes as read.
    Read,
    /// Pages back through a session's history.
    History,
    /// As master of a group, removes a member of it that sends nothing, or adds that member again.
    MemberChurn,
    /// Adds a contact, or removes one.
    ContactChurn,
    /// Logs in on another device, catches up with one session, looks whether all is there, logs out.
    SecondDevice,
    /// Loses its push connection, and connects again.
    Reconnect,
    /// Logs out, and in again, with what it had.
    Relogin,
    /// Nothing.
    Idle,
}

/// How large what users send is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Payload {
    /// Of a text.
    pub text: Size,
    /// Of a file.
    pub file: Size,
}

/// A time in which the load is as it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Phase {
    /// Its name, for the report: "ramp", "hold", "spike", "drain".
    pub name: String,
    /// How long it takes.
    #[serde(with = "length")]
    pub length: Duration,
    /// How much users do: a factor on the rate where arrivals are open, the share of users that do something at all
    /// where they are closed.
    #[serde(default)]
    pub load: Level,
    /// Which share of the users is online: 0 to 1. The others log out, those of the next phase log in.
    #[serde(default)]
    pub online: Level,
    /// Whether what is measured counts: false while warming up. Deliveries are verified all the same.
    #[serde(default = "yes")]
    pub measured: bool,
}

/// Something that befalls users or server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// When, since the first phase began.
    #[serde(with = "length")]
    pub at: Duration,
    /// For how long; nothing for what happens at once.
    #[serde(default, with = "length", skip_serializing_if = "Duration::is_zero")]
    pub length: Duration,
    /// What.
    pub what: Misfortune,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Misfortune {
    /// Cuts push connections of users: this share of them, once, or with a length each second.
    Cut {
        /// 0 to 1.
        share: f64,
    },
    /// The push server restarts: all connections and what it knew are gone.
    RestartPush,
    /// The push server refuses connections, for the fault's length.
    RefuseConnections,
    /// Pushes wait this long, for the fault's length.
    DelayPushes {
        /// How long.
        #[serde(with = "length")]
        by: Duration,
    },
    /// This share of the pushes comes twice, for the fault's length.
    DuplicatePushes {
        /// 0 to 1.
        rate: f64,
    },
    /// Requests to the business API wait this long, for the fault's length.
    DelayRequests {
        /// How long.
        #[serde(with = "length")]
        by: Duration,
    },
    /// This share of the requests to the business API is answered with a 503, for the fault's length.
    FailRequests {
        /// 0 to 1.
        rate: f64,
    },
    /// This share of the requests is carried out, but the answers are lost, for the fault's length.
    LoseAnswers {
        /// 0 to 1.
        rate: f64,
    },
    /// All login tokens expire.
    ExpireTokens,
}

impl Default for Arrival {
    fn default() -> Self {
        Self::Open { rate: 1.0, process: Process::default() }
    }
}

impl Default for Payload {
    fn default() -> Self {
        let text = Range { min: 20, max: 200, skew: 1.0 };
        let file = Range { min: 1024, max: 64 * 1024, skew: 2.0 };
        Self { text: Size::Drawn(text), file: Size::Drawn(file) }
    }
}

impl Groups {
    /// How many groups of this kind there are among so many users: at least one.
    pub fn count_for(&self, users: usize) -> usize {
        self.count.unwrap_or_else(|| users / self.one_per_users.unwrap_or(users).max(1)).max(1)
    }
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::P2pText,
        Self::GroupText,
        Self::File,
        Self::Read,
        Self::History,
        Self::MemberChurn,
        Self::ContactChurn,
        Self::SecondDevice,
        Self::Reconnect,
        Self::Relogin,
        Self::Idle,
    ];

    /// The name that workloads have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P2pText => "p2p-text",
            Self::GroupText => "group-text",
            Self::File => "file",
            Self::Read => "read",
            Self::History => "history",
            Self::MemberChurn => "member-churn",
            Self::ContactChurn => "contact-churn",
            Self::SecondDevice => "second-device",
            Self::Reconnect => "reconnect",
            Self::Relogin => "relogin",
            Self::Idle => "idle",
        }
    }
}

impl Misfortune {
    /// The name that workloads have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut { .. } => "cut",
            Self::RestartPush => "restart-push",
            Self::RefuseConnections => "refuse-connections",
            Self::DelayPushes { .. } => "delay-pushes",
            Self::DuplicatePushes { .. } => "duplicate-pushes",
            Self::DelayRequests { .. } => "delay-requests",
            Self::FailRequests { .. } => "fail-requests",
            Self::LoseAnswers { .. } => "lose-answers",
            Self::ExpireTokens => "expire-tokens",
        }
    }
}

fn yes() -> bool {
    true
}
