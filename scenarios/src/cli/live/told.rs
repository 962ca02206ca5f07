//! What the run tells, kept for whoever shows it: the live view, and the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::state::{About, State};
use crate::load::{Progress, Snapshot};

/// The latest of what was told. To tell it costs the run next to nothing: who shows it takes a copy.
pub(in crate::cli) struct Told {
    state: Mutex<State>,
    /// Steps of the present stage; told by many users at the same time.
    done: AtomicU64,
}

impl Told {
    pub(in crate::cli) fn new(about: About) -> Self {
        Self { state: Mutex::new(State::new(about)), done: AtomicU64::new(0) }
    }

    /// How it stands.
    pub(in crate::cli) fn now(&self) -> State {
        let mut state = self.state.lock().clone();
        state.advance(self.done.load(Ordering::Relaxed));
        state
    }

    /// The keys are explained, or no more.
    pub(super) fn turn_help(&self) {
        let mut state = self.state.lock();
        state.help = !state.help;
    }
}

impl Progress for Told {
    fn phase(&self, name: &str, total: u64) {
        let mut state = self.state.lock();
        self.done.store(0, Ordering::Relaxed);
        state.stage(name, total);
    }

    fn advance(&self, done: u64) {
        self.done.fetch_max(done, Ordering::Relaxed);
    }

    fn snapshot(&self, snapshot: &Snapshot) {
        self.state.lock().snapshot(snapshot);
    }
}
