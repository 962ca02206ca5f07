//! Files in memory, up to a size of all of them together, those that are still coming in included.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// See the module.
#[derive(Debug)]
pub(super) struct Memory {
    held: Mutex<FxHashMap<String, Bytes>>,
    room: Room,
}

/// How much there may be, and how much there is, in bytes.
#[derive(Debug)]
struct Room {
    most: u64,
    taken: AtomicU64,
}

impl Memory {
    pub(super) fn new(most: u64) -> Self {
        Self { held: Mutex::default(), room: Room { most, taken: AtomicU64::new(0) } }
    }

    pub(super) fn begin(&self, key: String) -> Growing<'_> {
        Growing { of: self, key, bytes: Vec::new(), taken: 0 }
    }

    pub(super) fn read(&self, key: &str) -> Option<Bytes> {
        self.held.lock().get(key).cloned()
    }

    pub(super) fn remove(&self, key: &str) {
        if let Some(bytes) = self.held.lock().remove(key) {
            self.room.give_back(bytes.len());
        }
    }
}

impl Room {
    /// Takes so many bytes if there are so many left.
    fn take(&self, bytes: usize) -> bool {
        let more = |taken: u64| taken.checked_add(bytes as u64).filter(|taken| *taken <= self.most);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

/// A file that is coming in. It gives its room back unless it is kept.
#[derive(Debug)]
pub(crate) struct Growing<'a> {
    of: &'a Memory,
    key: String,
    bytes: Vec<u8>,
    /// What it has of the room: its capacity.
    taken: usize,
}

impl Growing<'_> {
    pub(super) fn write(&mut self, more: &[u8]) -> io::Result<()> {
        let needed = self.bytes.len() + more.len();
        if needed > self.taken {
            // Twice as much as before, so that growing costs little; where there is no room for that, what is needed.
            let next = needed.max(self.taken * 2);
            let next = [next, needed].into_iter().find(|next| self.of.room.take(next - self.taken));
            let next = next.ok_or(io::ErrorKind::StorageFull)?;
            self.taken = next;
            self.bytes.reserve_exact(next - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    pub(super) fn keep(mut self) -> String {
        let bytes = std::mem::take(&mut self.bytes).into_boxed_slice();
        // What it does not need goes back when `self` is dropped.
        self.taken -= bytes.len();
        self.of.held.lock().insert(self.key.clone(), bytes.into());
        std::mem::take(&mut self.key)
    }
}

impl Drop for Growing<'_> {
    fn drop(&mut self) {
        self.of.room.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(memory: &Memory) -> u64 {
        memory.room.taken.load(Ordering::Relaxed)
    }

    #[test]
    fn all_files_together_have_a_limit() {
        let memory = Memory::new(10);
        let mut first = memory.begin("1".to_owned());
        first.write(b"1234").unwrap();
        first.write(b"5").unwrap();
        let mut second = memory.begin("2".to_owned());
        assert_eq!(second.write(b"123456").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(first.keep(), "1");
        assert_eq!(taken(&memory), 5, "what it had grown by in advance is free again");
        second.write(b"12345").unwrap();
        assert!(memory.begin("3".to_owned()).write(b"1").is_err());
        drop(second);
        memory.remove("1");
        memory.remove("1");
        assert_eq!(taken(&memory), 0);
        let mut third = memory.begin("3".to_owned());
        third.write(&[0; 10]).unwrap();
        assert_eq!(third.keep(), "3");
        assert_eq!(memory.read("3").unwrap().len(), 10);
    }
}
