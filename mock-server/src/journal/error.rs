//! Why a data directory cannot be used.

use std::path::PathBuf;

use thiserror::Error;

/// Why a server cannot use its data directory. Each says on one line what is wrong and, where something helps, what.
#[derive(Debug, Error)]
pub enum DataError {
    /// The directory cannot be made or used.
    #[error("cannot use {} for data: {source}", .directory.display())]
    Directory {
        /// The directory asked for.
        directory: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process has it.
    #[error("the data in {} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// Another version of the server wrote it.
    #[error("the data in {} has format {found}, this server reads {expected}; choose another directory", .directory.display())]
    Format {
        /// The directory asked for.
        directory: PathBuf,
        /// What it has.
        found: u32,
        /// What can be read.
        expected: u32,
    },
    /// It was written for other apps.
    #[error("the data in {} is of the apps {}, not of {}", .directory.display(), .kept.join(", "), .asked.join(", "))]
    Apps {
        /// The directory asked for.
        directory: PathBuf,
        /// The keys of the apps it is of.
        kept: Vec<String>,
        /// The keys of the apps to serve.
        asked: Vec<String>,
    },
    /// It is not what was written once.
    #[error("the data in {} is damaged: {what}; restore a copy, or choose another directory", .directory.display())]
    Damaged {
        /// The directory asked for.
        directory: PathBuf,
        /// What was found.
        what: String,
    },
}
