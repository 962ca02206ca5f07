//! What makes the business state survive the end of the process: a log of the commands that were carried out, and
//! snapshots of the state, in one embedded store below `--data-dir`.
//!
//! Its life:
//!
//! 1. [`open`] locks the directory, reads the last snapshot of each app and carries out the commands logged after it, in
//!    their order and with the times they had. Since the state is decided by its operations, it is the same again.
//! 2. [`Opened::start`] begins the thread that writes. From then on whoever has applied an operation hands it over with
//!    [`OfApp::append`], still under the lock of the state: the log has the order of the state.
//! 3. The thread takes what has come together since its last commit and commits that in one transaction, so requests
//!    that come at the same time share the wait for the disk. [`Journal::settled`] returns when all that was applied
//!    before the call is on disk.
//! 4. When the log has grown as large as the last snapshot, and not small, the states are written anew and the log is
//!    emptied, in one transaction.
//! 5. Dropping the journal writes what is left and closes the store.
//!
//! Invariants:
//!
//! * No answer of the business API leaves before everything applied until then is durable, reads included: what one
//!   client is shown cannot be lost to all. One layer around all routes sees to it (`rest::durable`), inside of the
//!   one that loses answers or makes errors of them; the control API has it too.
//!   What an operator does by a method of a backend, without an answer, is durable with the next one.
//! * Only what was accepted is logged: what an operation refuses it has not touched.
//! * A commit that fails ends the journal. Every answer from then on is an error, for the state in memory is then ahead
//!   of the disk. Only a new start helps.
//! * What waits to be written is bounded by the requests that wait for it.
//!
//! A commit that was cut off by the end of the process is not there at the next start; nobody has had an answer to it.
//! Anything else that is wrong with the store is a [`DataError`], and nothing is changed then.
//!
//! The thread runs in real time, and in simulated time nothing should wait for it: what is to outlive a server there is on
//! a [`Disk`] in memory, which is written to at once and by nobody else.

mod disk;
mod error;
mod guard;
mod progress;
mod record;
mod replay;
mod store;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::business::{AsCommand, Business, Operation};
use y2w_sdk::protocol::Timestamp;

pub use disk::Disk;
pub use error::DataError;
pub(crate) use progress::Progress;
pub(crate) use replay::{Opened, open, open_disk};
pub(crate) use writer::Journal;

/// Below this size of the log, in bytes, no snapshot is worth its while.
pub(crate) const SNAPSHOT_FROM: u64 = 32 * 1024 * 1024;

/// The states of all apps, in the order of the store.
pub(crate) type States = Vec<Arc<Mutex<Business>>>;

/// The state of one app, and where its operations are appended; nowhere if it is in memory only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) state: Arc<Mutex<Business>>,
    pub(crate) journal: Option<OfApp>,
}

/// What one app appends to.
#[derive(Clone, Debug)]
pub(crate) struct OfApp {
    pub(crate) journal: Arc<Journal>,
    /// Its place in the order of the store.
    pub(crate) app: usize,
}

impl OfApp {
    /// An operation that is to be appended once it is accepted: it is used up by then.
    pub(crate) fn record<O: Operation>(&self, operation: &O, at: Timestamp) -> Vec<u8> {
        record::line(self.app, at, AsCommand(operation))
    }

    /// Appends what was accepted. To be called under the lock of the app's state.
    pub(crate) fn append(&self, record: &[u8]) {
        self.journal.append(record);
    }
}
