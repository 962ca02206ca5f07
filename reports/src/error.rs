//! What can go wrong between a result and its files.

use std::{io, path::PathBuf};

/// Why a report could not be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The result has no JSON form: a number in it is not finite.
    #[error("the result cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file is no result.
    #[error("{} is not the result of a run, format {}: {source}", path.display(), crate::FORMAT)]
    NotAResult {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: serde_json::Error,
    },
    /// Sets of runs that cannot be compared, and why.
    #[error("cannot compare: {0}")]
    NotComparable(String),
    /// The page's template failed.
    #[error("the report page cannot be rendered: {0}")]
    Page(#[from] askama::Error),
    /// A chart could not be drawn.
    #[error("the chart \"{chart}\" cannot be drawn: {reason}")]
    Chart {
        /// The chart's description.
        chart: String,
        /// What the drawing library said.
        reason: String,
    },
    /// A folder or a file could not be written or read.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "create the folder".
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}
