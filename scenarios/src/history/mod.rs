//! What happened in a run, in order: what devices were told to do and did, every request and its answer, every push
//! either way, everything that the clients told. It is taken down at the clients' own transports and observers, hence in
//! the same way in every world, a server that is not ours included.
//!
//! Life: one [`History`] per run. What happens is noted as it happens; each note goes to the checkers, into the trace's
//! hash if one is wanted, and is kept if the run is small enough to be told as a story.
//!
//! Invariants: times never go back; an answer has the number of its request; the notes of one device are in the order
//! in which the device saw them.

mod pushed;
mod served;

use std::fmt::Write as _;
use std::hash::Hasher;
use std::sync::Arc;

use http::{Method, StatusCode};
use parking_lot::Mutex;
use rustc_hash::FxHasher;
use y2w_sdk::Event;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::{Timestamp, UserId};

pub use pushed::{Command, End, Pushed};
pub use served::{Arrived, Served, is_taken_down};

/// A device, by its place in the plan.
pub type DeviceIndex = usize;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When, in microseconds since 1970, by the world's clock.
    pub at: u64,
    /// To which device; none if it is no device's.
    pub device: Option<DeviceIndex>,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum What {
    /// A device begins with a step of the plan.
    StepBegins(u32),
    /// A step is done.
    StepEnds {
        /// Which.
        step: u32,
        /// How it went.
        outcome: Outcome,
    },
    /// A fault of the plan begins.
    FaultBegins(u32),
    /// What a fault of the plan does to the server is done to it.
    Inflicted(u32),
    /// A fault of the plan is over.
    FaultEnds(u32),
    /// A device logs in as that user; its client begins anew.
    LoggedIn(UserId),
    /// A device's client has ended.
    LoggedOut,
    /// A request is sent.
    Request {
        /// Its number in the run.
        call: u64,
        /// Its method.
        method: Method,
        /// Its path and query.
        path: Arc<str>,
        /// Its Client-Sync-Time.
        since: Option<Timestamp>,
    },
    /// A request has ended.
    Answer {
        /// Its number in the run.
        call: u64,
        /// The answer's status; none if there is no answer.
        status: Option<StatusCode>,
    },
    /// A request that matters at the server's end has reached it.
    Arrives(Arc<Arrived>),
    /// The server has done with it.
    Served {
        /// Its number in the run.
        call: u64,
        /// What the server says; none if it ended with the request in hand: nobody knows what it has done.
        answer: Option<Served>,
    },
    /// A push connection is being opened.
    Dials,
    /// Something passes over a push connection.
    Push {
        /// The connection's number among those of the device, from 1.
        connection: u32,
        /// What.
        pushed: Pushed,
    },
    /// What the client told.
    Told(Event),
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Done,
    /// Its premise did not come true.
    Skipped(&'static str),
    /// The server refused it: nothing has changed. Rule `API-NO-EFFECT`.
    Refused(String),
    /// It was not done as far as one knows, or not all of it: the server may have done what was asked.
    Failed(String),
}

/// Looks at what happens, as it happens.
pub trait Watcher: Send {
    /// One more thing.
    fn watch(&mut self, happening: &Happening);
}

/// Looks at nothing.
impl Watcher for () {
    fn watch(&mut self, _: &Happening) {}
}

/// See the module's text.
pub struct History {
    clock: Clock,
    notes: Mutex<Notes>,
}

struct Notes {
    calls: u64,
    count: u64,
    hash: Option<FxHasher>,
    kept: Option<Vec<Happening>>,
    watcher: Box<dyn Watcher>,
    line: String,
}

/// What is to be kept of a history beside what its watcher makes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// All of it, to be told.
    pub story: bool,
    /// A hash over all of it, to be compared with another run's.
    pub hash: bool,
}

impl History {
    /// An empty one.
    pub fn new(clock: Clock, keep: Keep, watcher: Box<dyn Watcher>) -> Self {
        let notes = Notes {
            calls: 0,
            count: 0,
            hash: keep.hash.then(FxHasher::default),
            kept: keep.story.then(Vec::new),
            watcher,
            line: String::new(),
        };
        Self { clock, notes: Mutex::new(notes) }
    }

    /// Notes what happened now.
    pub fn note(&self, device: Option<DeviceIndex>, what: What) {
        let mut notes = self.notes.lock();
        let happening = Happening { at: self.clock.micros(), device, what };
        notes.take(happening);
    }

    /// Notes a request, and gives its number.
    pub fn note_request(
        &self,
        device: DeviceIndex,
        method: Method,
        path: Arc<str>,
        since: Option<Timestamp>,
    ) -> u64 {
        let mut notes = self.notes.lock();
        let call = notes.calls;
        notes.calls += 1;
        let what = What::Request { call, method, path, since };
        notes.take(Happening { at: self.clock.micros(), device: Some(device), what });
        call
    }

    /// How much has happened.
    pub fn count(&self) -> u64 {
        self.notes.lock().count
    }

    /// The hash over everything so far, if one is kept.
    pub fn hash(&self) -> Option<u64> {
        self.notes.lock().hash.as_ref().map(Hasher::finish)
    }

    /// All that was kept; nothing is kept any more.
    pub fn take_story(&self) -> Vec<Happening> {
        self.notes.lock().kept.take().unwrap_or_default()
    }
}

impl Notes {
    fn take(&mut self, happening: Happening) {
        self.count += 1;
        self.watcher.watch(&happening);
        if let Some(hash) = &mut self.hash {
            self.line.clear();
            // Writing to a string does not fail.
            let _ = write!(self.line, "{happening:?}");
            hash.write(self.line.as_bytes());
        }
        if let Some(kept) = &mut self.kept {
            kept.push(happening);
        }
    }
}
