//! Judges a run: looks at its [history](crate::history) while it happens, and at what everybody knows when it is over,
//! and says which rules were broken, by what, as one would tell a colleague.
//!
//! Each checker stands for some rules, in a file of its own. It sees each happening once, keeps what it needs, and is
//! asked at the end: the whole is linear in the history.
//!
//! Invariants: a server and clients that keep the rules are never accused, whatever the weather (`y2w fuzz` against the
//! strict server is the test of that); an anomaly names the rule, and the happenings that show it.

mod agreement;
mod apart;
mod connections;
mod delivery;
mod fanout;
mod keys;
mod links;
mod lists;
mod membership;
mod mts;
mod reach;
mod recovery;
mod roster;
mod unread;
mod watermark;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use y2w_sdk::protocol::ImSessionId;

pub use reach::{Reach, Reached};

use keys::{Retries, Stored};
use links::Links;
use reach::Reaching;

use crate::history::{Happening, Watcher};
use crate::plan::{Actor, Misfortune, Plan};
use crate::play::Played;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// The rule's id in `docs/protocol.md`.
    pub rule: &'static str,
    /// What was seen, as one would tell a colleague.
    pub text: String,
    /// The happenings that show it, by their number in the history.
    pub witnesses: Vec<u64>,
}

/// What a judge says at the end.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The rules that were broken, in the order in which that was seen.
    pub anomalies: Vec<Anomaly>,
    /// What the run has reached.
    pub reached: Reach,
}

/// Who there is, as checkers see it: devices and users by their place in the plan.
pub(crate) struct Cast {
    /// Each device with the place of its user.
    devices: Vec<(Actor, usize)>,
    faults: BTreeMap<u32, Misfortune>,
    /// The push connections so far.
    links: Links,
    /// What became of requests that were sent again.
    retries: Retries,
    /// The message that was stored just now under a key.
    stored: Option<Stored>,
}

impl Cast {
    fn new(plan: &Plan) -> Self {
        let places: BTreeMap<&str, usize> =
            plan.users.iter().enumerate().map(|(place, user)| (&*user.name, place)).collect();
        let device = |actor: Actor| {
            let place = places[&*actor.user];
            (actor, place)
        };
        Self {
            devices: plan.devices().map(device).collect(),
            faults: plan.faults.iter().map(|fault| (fault.id, fault.what.clone())).collect(),
            links: Links::default(),
            retries: Retries::default(),
            stored: None,
        }
    }

    fn name(&self, device: usize) -> String {
        self.actor(device).to_string()
    }

    fn actor(&self, device: usize) -> &Actor {
        &self.devices[device].0
    }

    fn fault(&self, id: u32) -> Option<&Misfortune> {
        self.faults.get(&id)
    }

    fn user(&self, device: usize) -> usize {
        self.devices[device].1
    }
}

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Findings(Vec<Anomaly>);

/// Anomalies that are kept; one broken server breaks a rule at every turn.
const ANOMALIES_MAX: usize = 50;

impl Findings {
    fn add(&mut self, rule: &'static str, witnesses: &[u64], text: String) {
        if self.0.len() < ANOMALIES_MAX {
            self.0.push(Anomaly { rule, text, witnesses: witnesses.to_vec() });
        }
    }
}

/// Looks at a run for some rules.
trait Checker: Send {
    /// The `number`-th thing has happened.
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings);

    /// All is over.
    fn end(&mut self, _: &Ending<'_>, _: &mut Findings) {}
}

/// What is known when all is over.
pub(crate) struct Ending<'a> {
    cast: &'a Cast,
    plan: &'a Plan,
    played: &'a Played,
    places: BTreeMap<&'a ImSessionId, &'a str>,
}

impl Ending<'_> {
    /// The plan's name of a session.
    fn place(&self, session: &ImSessionId) -> String {
        self.places.get(session).map_or_else(|| session.to_string(), |name| (*name).to_owned())
    }
}

/// See the module's text. Shared between the history that it watches and who asks it at the end.
#[derive(Clone)]
pub struct Judge {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    cast: Cast,
    count: u64,
    checkers: Vec<Box<dyn Checker>>,
    reaching: Reaching,
    found: Findings,
}

impl Judge {
    /// For a run of that plan.
    pub fn new(plan: &Plan) -> Self {
        let checkers: Vec<Box<dyn Checker>> = vec![
            Box::new(delivery::Delivery::default()),
            Box::new(watermark::Watermark::default()),
            Box::new(membership::Membership::new(plan)),
            Box::new(connections::Connections::new(plan)),
            Box::new(mts::Mts::default()),
            Box::new(fanout::Fanout::default()),
            Box::new(roster::Roster::default()),
            Box::new(keys::Keys::default()),
            Box::new(recovery::Recovery::default()),
            Box::new(unread::Unread::default()),
            Box::new(agreement::Agreement::default()),
            Box::new(lists::Lists),
            Box::new(apart::Apart::new(plan)),
        ];
        let inner = Inner {
            cast: Cast::new(plan),
            count: 0,
            checkers,
            reaching: Reaching::default(),
            found: Findings::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// What it says, once everything has happened.
    pub fn verdict(&self, plan: &Plan, played: &Played) -> Verdict {
        let mut inner = self.inner.lock();
        let Inner { cast, checkers, found, reaching, .. } = &mut *inner;
        let places = played.sessions.iter().map(|(name, id)| (id, &**name)).collect();
        let ending = Ending { cast, plan, played, places };
        // Who is left with a server that knows nothing any more cannot agree with it.
        for checker in checkers.iter_mut().filter(|_| !played.is_state_lost) {
            checker.end(&ending, found);
        }
        Verdict { anomalies: std::mem::take(&mut found.0), reached: reaching.reach.clone() }
    }
}

impl Watcher for Judge {
    fn watch(&mut self, happening: &Happening) {
        let mut inner = self.inner.lock();
        let Inner { cast, count, checkers, found, reaching } = &mut *inner;
        cast.links.watch(*count, happening);
        cast.stored = cast.retries.watch(*count, happening);
        for checker in checkers {
            checker.watch(cast, *count, happening, found);
        }
        reaching.watch(happening);
        *count += 1;
    }
}
