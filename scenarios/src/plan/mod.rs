//! A plan: everything that is to happen in one simulated run, as data. Users and their devices, steps (what a device
//! does, and when) and faults (what befalls devices, network and server, and when). The same plan is played in any
//! world; a generator makes plans, shrinking makes smaller ones of them, and those that found something are kept as
//! files.
//!
//! Life: read from TOML ([`Plan::parse`]) or generated, checked once ([`Plan::check`]), then played; never changed while
//! it is played.
//!
//! Invariants of a checked plan: every user, device, group and step that is named exists; ids are unique over steps and
//! faults; a group is created by one step; rates are from 0 to 1. Steps need not be in order of time, and a step whose
//! premise does not come true (a message into a group that could not be created) is skipped when it is played: what
//! is left of a plan when steps are taken away can still be played, which is what shrinking lives on.
//!
//! What chance remains in a run (how long a request takes, which of them is lost) is drawn by [`crate::chance`] from the
//! plan's seed and from what it is about, not from a sequence: taking one step away leaves what befalls the others as
//! it was.

mod action;
mod check;
mod names;
mod neighbour;
mod population;
mod text;
mod words;

use serde::{Deserialize, Serialize};

pub use action::{Action, Fault, Misfortune};
pub use check::PlanError;
pub use names::{Actor, Millis, Place, Whom};
pub(crate) use neighbour::NEIGHBOUR;

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;

/// See the module's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plan {
    /// [`VERSION`].
    pub version: u32,
    /// Where the run's chance comes from.
    pub seed: u64,
    /// What the plan is for, in a line or two.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The quirks of the server, as `y2w serve --quirk` takes them. A server that is not ours has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<String>,
    /// How long everybody has, after the last step and the end of the last fault, until all must agree.
    #[serde(default = "Plan::default_quiet", skip_serializing_if = "Plan::is_default_quiet")]
    pub quiet: Millis,
    /// Whether a step waits, beyond its time, until nothing is under way any more. Nothing depends on who is faster
    /// then, so that a plan without faults ends alike in every world.
    #[serde(default, skip_serializing_if = "is_false")]
    pub in_turn: bool,
    /// Whether another app of the same server, with users of the same names, does the same at the same time. Neither is
    /// to see anything of the other.
    #[serde(default, skip_serializing_if = "is_false")]
    pub neighbour: bool,
    /// The network between devices and server, when no fault is on it.
    #[serde(default, skip_serializing_if = "Network::is_default")]
    pub network: Network,
    /// Who takes part.
    #[serde(rename = "user", default)]
    pub users: Vec<PlanUser>,
    /// What they do.
    #[serde(rename = "step", default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What befalls them.
    #[serde(rename = "fault", default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// How long anything takes from a device to the server, and back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// One way, at least.
    #[serde(default, skip_serializing_if = "Millis::is_zero")]
    pub latency: Millis,
    /// Up to this much more, drawn for each request, answer and push.
    #[serde(default, skip_serializing_if = "Millis::is_zero")]
    pub jitter: Millis,
}

/// A user, who is registered before the run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanUser {
    /// Unique; letters, digits and hyphens.
    pub name: String,
    /// The devices, by name. One called `web` or `mobile`, or so with a number behind, is of that class; of one class
    /// only one can be connected.
    #[serde(default = "PlanUser::default_devices", skip_serializing_if = "PlanUser::is_default_devices")]
    pub devices: Vec<String>,
    /// The devices that are logged in from the beginning; all if not said. The others come with a `login` step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<Vec<String>>,
    /// How far the clocks of the devices are ahead of the server's, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skew: i64,
    /// Whether the devices sync the messages of the session that is open only, as the web client of 2016, and not all.
    #[serde(default, skip_serializing_if = "is_false")]
    pub current_only: bool,
}

/// One thing that a device does. What one device is to do, it does one after the other: a step waits for the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Unique over steps and faults, and kept when the plan is shrunk.
    pub id: u32,
    /// When, from the beginning of the run.
    pub at: Millis,
    /// Who.
    pub by: Actor,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
}

impl Plan {
    fn default_quiet() -> Millis {
        Millis(60_000)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if gives a reference")]
    fn is_default_quiet(quiet: &Millis) -> bool {
        *quiet == Self::default_quiet()
    }

    /// A plan in which nobody does anything, for who wants a server with these quirks, two apps, and no more.
    pub fn of_server(quirks: &[String]) -> Result<Self, PlanError> {
        let plan = Self {
            version: VERSION,
            seed: 1,
            note: String::new(),
            quirks: quirks.to_vec(),
            quiet: Self::default_quiet(),
            in_turn: false,
            neighbour: true,
            network: Network::default(),
            users: vec![PlanUser::new("nobody")],
            steps: Vec::new(),
            faults: Vec::new(),
        };
        plan.check().map(|()| plan)
    }

    /// The user of that name.
    pub fn user(&self, name: &str) -> Option<&PlanUser> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The step with that id.
    pub fn step(&self, id: u32) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// All devices, in the order of the plan.
    pub fn devices(&self) -> impl Iterator<Item = Actor> {
        self.users.iter().flat_map(|user| user.devices.iter().map(|device| Actor::new(&user.name, device)))
    }

    /// Whether the server is to keep a journal, since it has to find what it acknowledged after a restart.
    pub fn wants_journal(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.what, Misfortune::RestartServer { journal: true }))
    }

    /// When the last step begins or the last fault ends, whichever is later.
    pub fn end(&self) -> Millis {
        let steps = self.steps.iter().map(|step| step.at.0);
        let faults = self.faults.iter().map(|fault| fault.at.0.saturating_add(fault.lasts.0));
        Millis(steps.chain(faults).max().unwrap_or(0))
    }
}

impl Network {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl PlanUser {
    /// A user with one web device.
    pub fn new(name: &str) -> Self {
        let devices = Self::default_devices();
        Self { name: name.to_owned(), devices, online: None, skew: 0, current_only: false }
    }

    fn default_devices() -> Vec<String> {
        vec!["web".to_owned()]
    }

    fn is_default_devices(devices: &[String]) -> bool {
        devices == Self::default_devices()
    }

    /// Whether a device is logged in from the beginning.
    pub fn begins_online(&self, device: &str) -> bool {
        self.online.as_ref().is_none_or(|online| online.iter().any(|name| name == device))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if gives a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if gives a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
