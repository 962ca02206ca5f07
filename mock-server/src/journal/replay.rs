//! Reading the data at the start.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use super::disk::{Disk, NAME, Taken};
use super::guard::guarded;
use super::progress::Progress;
use super::record::records;
use super::store::{FORMAT, Header, Result, Store, StoreError, damaged};
use super::{DataError, Held, Journal, OfApp};
use crate::business::Business;
use crate::locked;

/// A store that was read, with what its writer has to know of it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) store: Store,
    pub(super) header: Header,
    /// The last command there is.
    pub(super) last: u64,
    /// The size of the log and of the snapshots, in bytes.
    pub(super) log_size: u64,
    pub(super) snapshot_size: u64,
    /// From which size of the log on a snapshot is made.
    pub(super) snapshot_from: u64,
    /// Held as long as the store is open.
    _lock: locked::Taken,
}

impl Kept {
    /// Whether the log has outgrown the snapshots. What is written for snapshots is so a fixed part of all that is
    /// written, however large the state gets.
    pub(super) fn snapshot_due(&self) -> bool {
        self.log_size >= self.snapshot_from.max(self.snapshot_size)
    }
}

/// Where what was read is gone on with.
#[derive(Debug)]
pub(super) enum Place {
    InDirectory(Kept),
    InMemory(Taken),
}

/// What a data directory, or a disk in memory, has given.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) place: Place,
    /// The state of each app, in the order of the store.
    pub(super) states: Vec<Business>,
    /// Where in that order each app is, in the order in which they were asked for.
    order: Vec<usize>,
    /// How often it was opened before.
    pub(crate) starts: u64,
}

impl Opened {
    /// The keys of all attachments.
    pub(crate) fn attachment_keys(&self) -> FxHashSet<String> {
        self.states.iter().flat_map(Business::attachment_keys).map(str::to_owned).collect()
    }

    /// Begins to write: the state of each app with its journal, in the order in which the apps were asked for.
    pub(crate) fn start(self) -> Vec<Held> {
        let states: Vec<_> = self.states.into_iter().map(|state| Arc::new(Mutex::new(state))).collect();
        let journal = Arc::new(match self.place {
            Place::InDirectory(kept) => Journal::start(kept, states.clone()),
            Place::InMemory(disk) => Journal::AtOnce(Mutex::new(disk)),
        });
        let held = |app: &usize| {
            let of_app = OfApp { journal: journal.clone(), app: *app };
            Held { state: states[*app].clone(), journal: Some(of_app) }
        };
        self.order.iter().map(held).collect()
    }
}

/// Opens the data of these apps in `directory`, which is made if need be, and reads it. A snapshot is made when the log
/// has `snapshot_from` bytes, or as many as the last snapshot.
pub(crate) fn open(
    directory: &Path,
    apps: &[String],
    snapshot_from: u64,
    progress: Progress,
) -> std::result::Result<Opened, DataError> {
    let unusable = |source| DataError::Directory { directory: directory.to_owned(), source };
    let Some(lock) = locked::take(directory).map_err(unusable)? else {
        return Err(DataError::Locked(directory.to_owned()));
    };
    let read = || {
        let new = Header { format: FORMAT, apps: apps.to_vec(), starts: 0, upto: 0, pieces: Vec::new() };
        let broken = |error| broken(directory, error);
        let store = Store::open(&directory.join("journal.redb"), &new).map_err(broken)?;
        let found = store.format().map_err(broken)?;
        if found != FORMAT {
            return Err(DataError::Format { directory: directory.to_owned(), found, expected: FORMAT });
        }
        let mut header = store.header().map_err(broken)?;
        let order = order(directory, &header.apps, apps)?;
        let Read { states, last, log_size, snapshot_size } =
            read(&store, &header, progress).map_err(broken)?;
        let starts = header.starts;
        header.starts += 1;
        store.write_header(&header).map_err(broken)?;
        let kept = Kept { store, header, last, log_size, snapshot_size, snapshot_from, _lock: lock };
        Ok(Opened { place: Place::InDirectory(kept), states, order, starts })
    };
    let damaged = |what| DataError::Damaged { directory: directory.to_owned(), what };
    guarded(read).unwrap_or_else(|said| Err(damaged(format!("the store cannot read it ({said})"))))
}

/// The same on a disk in memory.
pub(crate) fn open_disk(disk: &Disk, apps: &[String]) -> std::result::Result<Opened, DataError> {
    let mut taken = disk.take()?;
    let written = &mut taken.written;
    if written.apps.is_empty() {
        written.apps = apps.to_vec();
    }
    let directory = Path::new(NAME);
    let order = order(directory, &written.apps, apps)?;
    let mut read = Read { states: vec![Business::default(); apps.len()], ..Read::default() };
    written.log.iter().try_for_each(|line| read.carry_out(line)).map_err(|error| broken(directory, error))?;
    let starts = written.starts;
    written.starts += 1;
    Ok(Opened { place: Place::InMemory(taken), states: read.states, order, starts })
}

/// Where each of the apps that are asked for is among those that are kept. They have to be the same.
fn order(directory: &Path, kept: &[String], asked: &[String]) -> std::result::Result<Vec<usize>, DataError> {
    let place = |app| kept.iter().position(|kept| kept == app);
    let order: Option<Vec<usize>> = asked.iter().map(place).collect();
    order.filter(|order| order.len() == kept.len()).ok_or_else(|| DataError::Apps {
        directory: directory.to_owned(),
        kept: kept.to_vec(),
        asked: asked.to_vec(),
    })
}

fn broken(directory: &Path, error: StoreError) -> DataError {
    let directory = directory.to_owned();
    match error.into_inner() {
        redb::Error::Io(source) if source.kind() != std::io::ErrorKind::InvalidData => {
            DataError::Directory { directory, source }
        }
        redb::Error::DatabaseAlreadyOpen => DataError::Locked(directory),
        redb::Error::Corrupted(what) => DataError::Damaged { directory, what },
        other => DataError::Damaged { directory, what: other.to_string() },
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    states: Vec<Business>,
    /// The last command in them.
    last: u64,
    log_size: u64,
    snapshot_size: u64,
}

fn read(store: &Store, header: &Header, progress: Progress) -> Result<Read> {
    let (mut states, snapshot_size) = store.snapshots(header)?;
    states.resize_with(header.apps.len(), Business::default);
    let mut read = Read { states, last: header.upto, log_size: 0, snapshot_size };
    let progress = progress.begin(store.last()?.saturating_sub(header.upto));
    store.read_log(|first, lines| {
        if first != read.last + 1 {
            return Err(damaged(format!("the commands from {} to {} are missing", read.last + 1, first - 1)));
        }
        read.carry_out(lines)?;
        progress.advance(read.last + 1 - first);
        Ok(())
    })?;
    Ok(read)
}

impl Read {
    /// Carries out the commands that come next.
    fn carry_out(&mut self, lines: &[u8]) -> Result<()> {
        for record in records(lines) {
            self.last += 1;
            let number = self.last;
            let wrong = |why: &dyn std::fmt::Display| damaged(format!("command {number} {why}"));
            let record = record.map_err(|error| wrong(&format_args!("cannot be read: {error}")))?;
            let state = self.states.get_mut(record.app).ok_or_else(|| wrong(&"is of no app"))?;
            let applied = record.command.apply(state, record.at);
            applied
                .map_err(|refusal| wrong(&format_args!("was accepted once and is now refused: {refusal}")))?;
        }
        self.log_size += lines.len() as u64;
        Ok(())
    }
}
