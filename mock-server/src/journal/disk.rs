//! A disk in memory, for servers without sockets in simulated time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::DataError;
use super::store::Store;
use crate::files::Files;

/// What errors call it, where another one has a directory.
pub(super) const NAME: &str = "memory";

/// What outlives a server without sockets, as a data directory outlives one with: the next server on it
/// ([`MockServerBuilder::apps_on`](crate::MockServerBuilder::apps_on)) goes on with all that was acknowledged. Clones
/// are the same disk; one server at a time has it.
///
/// It is written to at once, in the thread of whoever writes: simulated time has nobody to wait for.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    in_use: Arc<AtomicBool>,
    files: Arc<Mutex<Option<Arc<Files>>>>,
}

impl Disk {
    /// Takes the last commands away from what is kept, as a disk does that says that it has written what it has not.
    /// Says how many there were to take. To be used between two servers.
    pub fn lose_last(&self, commands: usize) -> Result<usize, DataError> {
        let backend = self.take()?;
        let lost = Store::over(backend).and_then(|store| store.lose_last(commands));
        lost.map_err(|error| DataError::Damaged { directory: NAME.into(), what: error.to_string() })
    }

    /// The bytes, for one store at a time.
    pub(super) fn take(&self) -> Result<Backend, DataError> {
        if self.in_use.swap(true, Ordering::AcqRel) {
            return Err(DataError::Locked(NAME.into()));
        }
        Ok(Backend { bytes: self.bytes.clone(), in_use: self.in_use.clone() })
    }

    /// The attachments on it; `new` ones if there are none yet.
    pub(crate) fn files(&self, new: impl FnOnce() -> Files) -> Arc<Files> {
        self.files.lock().get_or_insert_with(|| Arc::new(new())).clone()
    }
}

/// A disk that a store has; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Backend {
    bytes: Arc<Mutex<Vec<u8>>>,
    in_use: Arc<AtomicBool>,
}

impl Backend {
    pub(super) fn is_new(&self) -> bool {
        self.bytes.lock().is_empty()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.in_use.store(false, Ordering::Release);
    }
}

/// Where a piece begins and ends.
fn piece(offset: u64, len: usize, of: usize) -> io::Result<std::ops::Range<usize>> {
    let begin = usize::try_from(offset).ok();
    let end = begin.and_then(|begin| begin.checked_add(len)).filter(|end| *end <= of);
    match (begin, end) {
        (Some(begin), Some(end)) => Ok(begin..end),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl redb::StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().len() as u64)
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let bytes = self.bytes.lock();
        Ok(bytes[piece(offset, len, bytes.len())?].to_vec())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::StorageFull)?;
        self.bytes.lock().resize(len, 0);
        Ok(())
    }

    fn sync_data(&self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes.lock();
        let place = piece(offset, data.len(), bytes.len())?;
        bytes[place].copy_from_slice(data);
        Ok(())
    }
}
