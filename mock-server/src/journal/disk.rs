//! A disk in memory, for servers without sockets in simulated time.
//!
//! It has what a store has, plainly: memory needs no transactions, no sums and no format. Nor has it snapshots: what is
//! simulated is short, and the states are locked by whoever writes.

use std::sync::Arc;

use parking_lot::Mutex;

use super::DataError;
use crate::files::Files;

/// What errors call it, where another one has a directory.
pub(super) const NAME: &str = "memory";

/// What outlives a server without sockets, as a data directory outlives one with: the next server on it
/// ([`MockServerBuilder::apps_on`](crate::MockServerBuilder::apps_on)) goes on with all that was acknowledged. Clones
/// are the same disk; one server at a time has it.
///
/// It is written to at once, in the thread of whoever writes: simulated time has nobody to wait for.
#[derive(Clone, Debug)]
pub struct Disk {
    /// None while a server has it.
    written: Arc<Mutex<Option<Written>>>,
    files: Arc<Mutex<Option<Arc<Files>>>>,
}

/// What is on it.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The keys of the apps, in the order in which records number them; none before the first start.
    pub(super) apps: Vec<String>,
    /// How often it was opened.
    pub(super) starts: u64,
    /// The line of each command.
    pub(super) log: Vec<Vec<u8>>,
}

impl Default for Disk {
    fn default() -> Self {
        Self { written: Arc::new(Mutex::new(Some(Written::default()))), files: Arc::default() }
    }
}

impl Disk {
    /// Takes the last commands away from what is kept, as a disk does that says that it has written what it has not.
    /// Says how many there were to take. To be used between two servers.
    pub fn lose_last(&self, commands: usize) -> Result<usize, DataError> {
        let log = &mut self.take()?.written.log;
        let before = log.len();
        log.truncate(before.saturating_sub(commands));
        Ok(before - log.len())
    }

    /// What is on it, for one at a time.
    pub(super) fn take(&self) -> Result<Taken, DataError> {
        let written = self.written.lock().take().ok_or_else(|| DataError::Locked(NAME.into()))?;
        Ok(Taken { written, from: self.written.clone() })
    }

    /// The attachments on it; `new` ones if there are none yet.
    pub(crate) fn files(&self, new: impl FnOnce() -> Files) -> Arc<Files> {
        self.files.lock().get_or_insert_with(|| Arc::new(new())).clone()
    }
}

/// What a server has taken from a disk; it is back there when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(super) written: Written,
    from: Arc<Mutex<Option<Written>>>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        *self.from.lock() = Some(std::mem::take(&mut self.written));
    }
}
