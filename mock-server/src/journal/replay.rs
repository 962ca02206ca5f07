//! Reading the data at the start.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use super::disk::{Disk, NAME};
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
    /// Held as long as the store is open, where it is in a directory.
    lock: Option<locked::Taken>,
}

impl Kept {
    /// Whether it is in memory, where there is nothing to wait for.
    pub(super) fn is_in_memory(&self) -> bool {
        self.lock.is_none()
    }

    /// Whether the log has outgrown the snapshots. What is written for snapshots is so a fixed part of all that is
    /// written, however large the state gets.
    pub(super) fn snapshot_due(&self) -> bool {
        self.log_size >= self.snapshot_from.max(self.snapshot_size)
    }
}

/// What a data directory has given.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) kept: Kept,
    /// The state of each app, in the order of the store.
    pub(super) states: Vec<Business>,
    /// The place in that order of each app, in the order in which they were asked for.
    places: Vec<usize>,
    /// How often the directory was opened before.
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
        let journal = Arc::new(Journal::start(self.kept, states.clone()));
        let held = |place: &usize| {
            let of_app = OfApp { journal: journal.clone(), app: *place };
            Held { state: states[*place].clone(), journal: Some(of_app) }
        };
        self.places.iter().map(held).collect()
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
    let store = |new: &Header| Store::open(&directory.join("journal.redb"), new);
    open_store(directory, apps, store, Some(lock), snapshot_from, progress)
}

/// The same on a disk in memory. No snapshots are made there: the states are locked by whoever writes.
pub(crate) fn open_disk(disk: &Disk, apps: &[String]) -> std::result::Result<Opened, DataError> {
    let backend = disk.take()?;
    let store = |new: &Header| Store::on_disk(backend, new);
    open_store(Path::new(NAME), apps, store, None, u64::MAX, Progress::Hidden)
}

fn open_store(
    directory: &Path,
    apps: &[String],
    store: impl FnOnce(&Header) -> Result<Store>,
    lock: Option<locked::Taken>,
    snapshot_from: u64,
    progress: Progress,
) -> std::result::Result<Opened, DataError> {
    let unusable = |source| DataError::Directory { directory: directory.to_owned(), source };
    let damaged = |what| DataError::Damaged { directory: directory.to_owned(), what };
    let broken = |error: StoreError| match error.into_inner() {
        redb::Error::Io(source) if source.kind() != std::io::ErrorKind::InvalidData => unusable(source),
        redb::Error::DatabaseAlreadyOpen => DataError::Locked(directory.to_owned()),
        redb::Error::Corrupted(what) => damaged(what),
        other => damaged(other.to_string()),
    };
    let read = || {
        let new = Header { format: FORMAT, apps: apps.to_vec(), starts: 0, upto: 0, pieces: Vec::new() };
        let store = store(&new).map_err(broken)?;
        let found = store.format().map_err(broken)?;
        if found != FORMAT {
            return Err(DataError::Format { directory: directory.to_owned(), found, expected: FORMAT });
        }
        let mut header = store.header().map_err(broken)?;
        let place = |app| header.apps.iter().position(|kept| kept == app);
        let places: Option<Vec<usize>> = apps.iter().map(place).collect();
        let Some(places) = places.filter(|places| places.len() == header.apps.len()) else {
            let (kept, asked) = (header.apps, apps.to_vec());
            return Err(DataError::Apps { directory: directory.to_owned(), kept, asked });
        };
        let Read { states, last, log_size, snapshot_size } =
            read(&store, &header, progress).map_err(broken)?;
        let starts = header.starts;
        header.starts += 1;
        store.write_header(&header).map_err(broken)?;
        let kept = Kept { store, header, last, log_size, snapshot_size, snapshot_from, lock };
        Ok(Opened { kept, states, places, starts })
    };
    guarded(read).unwrap_or_else(|said| Err(damaged(format!("the store cannot read it ({said})"))))
}

struct Read {
    states: Vec<Business>,
    last: u64,
    log_size: u64,
    snapshot_size: u64,
}

fn read(store: &Store, header: &Header, progress: Progress) -> Result<Read> {
    let (mut states, snapshot_size) = store.snapshots(header)?;
    states.resize_with(header.apps.len(), Business::default);
    let (mut last, mut log_size) = (header.upto, 0);
    let progress = progress.begin(store.last()?.saturating_sub(header.upto));
    store.read_log(|first, lines| {
        if first != last + 1 {
            return Err(damaged(format!("the commands from {} to {} are missing", last + 1, first - 1)));
        }
        for record in records(lines) {
            last += 1;
            let wrong = |why: &dyn std::fmt::Display| damaged(format!("command {last} {why}"));
            let record = record.map_err(|error| wrong(&format_args!("cannot be read: {error}")))?;
            let state = states.get_mut(record.app).ok_or_else(|| wrong(&"is of no app"))?;
            let applied = record.command.apply(state, record.at);
            applied
                .map_err(|refusal| wrong(&format_args!("was accepted once and is now refused: {refusal}")))?;
        }
        log_size += lines.len() as u64;
        progress.advance(last + 1 - first);
        Ok(())
    })?;
    Ok(Read { states, last, log_size, snapshot_size })
}
