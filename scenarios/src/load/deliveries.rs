//! `deliveries.json`: what a shard knows of every session at the end, for the checks across shards.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Shard;
use crate::check::accounts::SessionAccount;

/// The name of the file in a run's folder.
pub(super) const FILE: &str = "deliveries.json";
/// Version of the format.
const FORMAT: &str = "y2w-deliveries/1";

/// See the module's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deliveries {
    format: String,
    /// Which shard it is, from 0.
    pub(super) shard: usize,
    /// Of how many.
    pub(super) shards: usize,
    /// Whether everything was synced when this was written: otherwise what is missing may only be late.
    pub(super) settled: bool,
    pub(super) sessions: Vec<SessionAccount>,
}

/// Why the file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", .file.display())]
pub struct DeliveriesError {
    file: PathBuf,
    why: String,
}

impl Deliveries {
    pub(super) fn new(shard: Shard, settled: bool, sessions: Vec<SessionAccount>) -> Self {
        Self { format: FORMAT.to_owned(), shard: shard.index, shards: shard.count, settled, sessions }
    }

    pub(super) fn write(&self, dir: &Path) -> Result<PathBuf, DeliveriesError> {
        let file = dir.join(FILE);
        let text = serde_json::to_vec(self).expect("accounts have string keys");
        match std::fs::write(&file, text) {
            Ok(()) => Ok(file),
            Err(error) => Err(DeliveriesError { file, why: error.to_string() }),
        }
    }

    pub(super) fn read(dir: &Path) -> Result<Self, DeliveriesError> {
        let file = dir.join(FILE);
        let wrong = |why: String| DeliveriesError { file: file.clone(), why };
        let text = std::fs::read(&file).map_err(|e| wrong(e.to_string()))?;
        let read: Self = serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
        if read.format == FORMAT {
            Ok(read)
        } else {
            Err(wrong(format!("its format is {:?}; {FORMAT:?} was expected", read.format)))
        }
    }
}
