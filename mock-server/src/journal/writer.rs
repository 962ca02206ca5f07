//! The thread that writes, and the hand-over to it. Where the disk is in memory there is none: what is handed over is
//! written at once.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use thiserror::Error;
use tokio::sync::Notify;

use super::States;
use super::disk::Taken;
use super::replay::Kept;
use super::store::Result;
use crate::business::Business;

/// The log cannot be written any more.
#[derive(Clone, Copy, Debug, Error)]
#[error("the journal cannot be written")]
pub(crate) struct Broken;

/// Where commands are handed over to be written. See the module above.
#[derive(Debug)]
pub(crate) enum Journal {
    /// To this thread, until the journal is dropped.
    Thread { shared: Arc<Shared>, thread: Option<JoinHandle<()>> },
    /// To a disk in memory.
    AtOnce(Mutex<Taken>),
}

#[derive(Debug)]
pub(crate) struct Shared {
    queue: Mutex<Queue>,
    /// Something has come, or the end.
    came: Condvar,
    /// The last command on disk.
    durable: AtomicU64,
    broken: AtomicBool,
    /// `durable` or `broken` has changed.
    settled: Notify,
}

#[derive(Debug)]
struct Queue {
    lines: Vec<u8>,
    /// The numbers of the commands in `lines`; it ends at the number of the next one.
    commands: Range<u64>,
    closed: bool,
}

impl Journal {
    /// Begins to write after what was read. The states are looked at for snapshots.
    #[expect(clippy::disallowed_methods, reason = "it waits for a disk, which a seed does not decide")]
    pub(crate) fn start(kept: Kept, states: States) -> Self {
        let last = kept.last;
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue { lines: Vec::new(), commands: last + 1..last + 1, closed: false }),
            came: Condvar::new(),
            durable: AtomicU64::new(last),
            broken: AtomicBool::new(false),
            settled: Notify::new(),
        });
        let writer = Writer { shared: shared.clone(), kept, states };
        Self::Thread { shared, thread: Some(std::thread::spawn(move || writer.run())) }
    }

    /// Hands a command over.
    pub(super) fn append(&self, line: &[u8]) {
        match self {
            Self::Thread { shared, .. } => {
                let mut queue = shared.queue.lock();
                queue.lines.extend_from_slice(line);
                queue.commands.end += 1;
                shared.came.notify_one();
            }
            Self::AtOnce(disk) => disk.lock().written.log.push(line.to_vec()),
        }
    }

    /// Waits until everything handed over before is on disk.
    pub(crate) async fn settled(&self) -> std::result::Result<(), Broken> {
        match self {
            Self::Thread { shared, .. } => shared.settled().await,
            Self::AtOnce(_) => Ok(()),
        }
    }
}

impl Shared {
    async fn settled(&self) -> std::result::Result<(), Broken> {
        let last = self.queue.lock().commands.end - 1;
        loop {
            let settled = self.settled.notified();
            // Looked at after the notification is asked for: none can come in between unseen.
            if self.durable.load(Ordering::Acquire) >= last {
                return Ok(());
            }
            if self.broken.load(Ordering::Acquire) {
                return Err(Broken);
            }
            settled.await;
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let Self::Thread { shared, thread } = self else {
            return;
        };
        shared.queue.lock().closed = true;
        shared.came.notify_one();
        if let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread has panicked");
        }
    }
}

struct Writer {
    shared: Arc<Shared>,
    kept: Kept,
    states: States,
}

/// A thread that ends, for whatever reason, leaves nobody waiting.
impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.broken.store(true, Ordering::Release);
        self.shared.settled.notify_waiters();
    }
}

impl Writer {
    fn run(mut self) {
        while let Some((commands, lines)) = self.next() {
            if let Err(error) = self.write(&commands, &lines) {
                tracing::error!(%error, "the journal cannot be written; no answer is given any more");
                return;
            }
        }
    }

    /// Waits for commands; `None` is the end.
    fn next(&self) -> Option<(Range<u64>, Vec<u8>)> {
        let mut queue = self.shared.queue.lock();
        while queue.commands.is_empty() && !queue.closed {
            self.shared.came.wait(&mut queue);
        }
        (!queue.commands.is_empty()).then(|| queue.take())
    }

    fn write(&mut self, commands: &Range<u64>, lines: &[u8]) -> Result<()> {
        self.kept.store.commit(commands, lines)?;
        self.written(commands.end - 1);
        self.kept.log_size += lines.len() as u64;
        if self.kept.snapshot_due() { self.snapshot() } else { Ok(()) }
    }

    fn snapshot(&mut self) -> Result<()> {
        let (states, last) = self.still();
        self.kept.header.upto = last;
        self.kept.snapshot_size = self.kept.store.snapshot(&mut self.kept.header, &states)?;
        self.kept.log_size = 0;
        self.written(last);
        Ok(())
    }

    /// The states of all apps at one moment, and the last command in them. What waits to be written is in them and has
    /// no need to be logged.
    fn still(&self) -> (Vec<Business>, u64) {
        // Nobody else has more than one of these locks at a time, so the order does not matter.
        let states: Vec<_> = self.states.iter().map(|state| state.lock()).collect();
        let (commands, _) = self.shared.queue.lock().take();
        (states.iter().map(|state| Business::clone(state)).collect(), commands.end - 1)
    }

    fn written(&self, last: u64) {
        self.shared.durable.store(last, Ordering::Release);
        self.shared.settled.notify_waiters();
    }
}

impl Queue {
    fn take(&mut self) -> (Range<u64>, Vec<u8>) {
        let next = self.commands.end;
        (std::mem::replace(&mut self.commands, next..next), std::mem::take(&mut self.lines))
    }
}
