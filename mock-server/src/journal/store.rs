//! The embedded store: what is in its tables, and the transactions over them.
//!
//! * `header`: one row, what the data is of.
//! * `log`: one row for each commit; its key is the number of its first command, counted from 1 since the beginning.
//! * `snapshots`: the states before the first command of the log, each in pieces.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use redb::{Database, ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::record::{checked, summed};
use crate::business::Business;

/// How the data is written. To be raised with every change that an older or a newer server would misread.
pub(super) const FORMAT: u32 = 1;

const HEADER: TableDefinition<'_, (), &[u8]> = TableDefinition::new("header");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const SNAPSHOTS: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("snapshots");

/// What can go wrong with a store, for us all the same.
#[derive(Debug, Error)]
#[error(transparent)]
pub(super) struct StoreError(Box<redb::Error>);

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

impl StoreError {
    pub(super) fn into_inner(self) -> redb::Error {
        *self.0
    }
}

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// What the data is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    /// The keys of the apps, in the order in which records number them.
    pub(super) apps: Vec<String>,
    /// How often it was opened before: what must not be guessed must not come twice either.
    pub(super) starts: u64,
    /// The last command that the snapshots hold.
    pub(super) upto: u64,
    /// How many pieces the snapshot of each app has; none before the first snapshot.
    pub(super) pieces: Vec<u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Store {
    database: Database,
}

impl Store {
    /// Opens the store in that file, and makes it if it is not there.
    ///
    /// A new one is made beside its place and moved there when it is whole: whatever ends the process in between, there
    /// is never half of a store.
    pub(super) fn open(file: &Path, new: &Header) -> Result<Self> {
        if !file.try_exists()? {
            let beside = file.with_extension("new");
            match std::fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => (),
            }
            Self { database: Database::create(&beside)? }.write_header(new)?;
            std::fs::rename(&beside, file)?;
            if let Some(directory) = file.parent() {
                // So that the new name is durable as well.
                std::fs::File::open(directory)?.sync_all()?;
            }
        }
        let noted = |session: &mut redb::RepairSession| {
            if session.progress() <= 0.0 {
                tracing::info!("the data was not closed; what was not written to the end is left out");
            }
        };
        Ok(Self { database: Database::builder().set_repair_callback(noted).open(file)? })
    }

    /// How the data is written: the one thing that a header of any format tells.
    pub(super) fn format(&self) -> Result<u32> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        self.read_header::<Format>().map(|header| header.format)
    }

    pub(super) fn header(&self) -> Result<Header> {
        self.read_header()
    }

    fn read_header<H: DeserializeOwned>(&self) -> Result<H> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(HEADER)?;
        let stored = table.get(())?.ok_or_else(|| damaged("it has no header"))?;
        let bytes = checked(stored.value()).ok_or_else(|| damaged("its header has another sum"))?;
        serde_json::from_slice(bytes).map_err(|error| damaged(format!("its header cannot be read: {error}")))
    }

    pub(super) fn write_header(&self, header: &Header) -> Result<()> {
        let transaction = self.database.begin_write()?;
        put_header(&transaction, header)?;
        transaction.open_table(LOG)?;
        transaction.open_table(SNAPSHOTS)?;
        Ok(transaction.commit()?)
    }

    /// The states of the snapshot, and their size in bytes.
    pub(super) fn snapshots(&self, header: &Header) -> Result<(Vec<Business>, u64)> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(SNAPSHOTS)?;
        let (mut states, mut size) = (Vec::new(), 0);
        for (app, pieces) in (0..).zip(&header.pieces) {
            let mut bytes = Vec::new();
            for piece in 0..*pieces {
                let stored =
                    table.get((app, piece))?.ok_or_else(|| damaged("a piece of a snapshot is missing"))?;
                let whole = checked(stored.value()).ok_or_else(|| damaged("a snapshot has another sum"))?;
                bytes.extend_from_slice(whole);
            }
            size += bytes.len() as u64;
            let state = serde_json::from_slice(&bytes);
            states.push(state.map_err(|error| damaged(format!("a snapshot cannot be read: {error}")))?);
        }
        Ok((states, size))
    }

    /// The number of the last command.
    pub(super) fn last(&self) -> Result<u64> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(LOG)?;
        let last = table.last()?;
        Ok(last.map_or(0, |(first, lines)| {
            let commands = lines.value().iter().filter(|byte| **byte == b'\n').count() as u64;
            (first.value() + commands).saturating_sub(1)
        }))
    }

    /// Shows each commit of the log: the number of its first command, and its lines.
    pub(super) fn read_log(&self, mut show: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(LOG)?;
        for row in table.range::<u64>(..)? {
            let (first, stored) = row?;
            let lines =
                checked(stored.value()).ok_or_else(|| damaged("a part of the log has another sum"))?;
            show(first.value(), lines)?;
        }
        Ok(())
    }

    /// Appends commands. When it returns, they are on disk.
    pub(super) fn commit(&self, commands: &Range<u64>, lines: &[u8]) -> Result<()> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(LOG)?.insert(commands.start, &*summed(lines))?;
        Ok(transaction.commit()?)
    }

    /// Replaces snapshots and log by the states as they are after command `header.upto`. Gives their size in bytes.
    pub(super) fn snapshot(&self, header: &mut Header, states: &[Business]) -> Result<u64> {
        let transaction = self.database.begin_write()?;
        transaction.delete_table(LOG)?;
        transaction.open_table(LOG)?;
        transaction.delete_table(SNAPSHOTS)?;
        let mut size = 0;
        {
            let mut table = transaction.open_table(SNAPSHOTS)?;
            header.pieces.clear();
            for (app, state) in (0..).zip(states) {
                let mut pieces = 0;
                let mut put = |piece: &[u8]| -> Result<()> {
                    table.insert((app, pieces), &*summed(piece))?;
                    pieces += 1;
                    size += piece.len() as u64;
                    Ok(())
                };
                let mut writing = io::BufWriter::with_capacity(PIECE, Pieces(&mut put));
                serde_json::to_writer(&mut writing, state).map_err(io::Error::from)?;
                writing.flush()?;
                drop(writing);
                header.pieces.push(pieces);
            }
        }
        put_header(&transaction, header)?;
        transaction.commit()?;
        Ok(size)
    }
}

/// How large the pieces of a snapshot are, in bytes.
const PIECE: usize = 1024 * 1024;

/// Makes a piece of each write.
struct Pieces<F>(F);

impl<F: FnMut(&[u8]) -> Result<()>> Write for Pieces<F> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        (self.0)(piece).map_err(io::Error::other)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn put_header(transaction: &redb::WriteTransaction, header: &Header) -> Result<()> {
    let bytes = serde_json::to_vec(header).map_err(io::Error::from)?;
    transaction.open_table(HEADER)?.insert((), &*summed(&bytes))?;
    Ok(())
}

/// The store is whole, but what is in it is not what was written.
pub(super) fn damaged(what: impl Into<String>) -> StoreError {
    redb::Error::Corrupted(what.into()).into()
}
