//! The files made of a result: a trait, one small file per format, and the one function that writes them.
//!
//! Invariants: everything is rendered before anything is written; a file appears under its name whole or not at all.

mod html;
mod json;
mod page;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

pub use html::Html;
pub use json::Json;

use crate::{ReportError, RunResult};

/// One format of report.
pub trait Exporter {
    /// Name of the file that it is written to, without a folder.
    fn file_name(&self) -> &str;

    /// The whole file, for this result. The same result gives the same text.
    ///
    /// # Errors
    ///
    /// When the result holds what the format cannot express.
    fn render(&self, result: &RunResult) -> Result<String, ReportError>;
}

/// Every format that [`write_all`] writes, in that order.
pub const EXPORTERS: [&dyn Exporter; 2] = [&Json, &Html];

/// Writes `result.json` and `report.html` into a folder, made if it is not there, and answers their paths.
///
/// Each file is written beside its place and then renamed, so that a reader never sees half of one.
///
/// # Errors
///
/// When the result cannot be rendered (then nothing was touched), or a folder or file cannot be written.
pub fn write_all(dir: &Path, result: &RunResult) -> Result<Vec<PathBuf>, ReportError> {
    let files = EXPORTERS
        .iter()
        .map(|exporter| Ok((exporter.file_name().to_owned(), exporter.render(result)?)))
        .collect::<Result<Vec<_>, ReportError>>()?;
    write_files(dir, &files)
}

/// Writes files, by their names and texts, into a folder, made if it is not there; each whole or not at all.
pub(crate) fn write_files(dir: &Path, files: &[(String, String)]) -> Result<Vec<PathBuf>, ReportError> {
    fs::create_dir_all(dir).map_err(failed_to("create the folder", dir))?;
    files.iter().map(|(name, text)| write_whole(dir, name, text)).collect()
}

fn write_whole(dir: &Path, name: &str, text: &str) -> Result<PathBuf, ReportError> {
    let path = dir.join(name);
    let unfinished = dir.join(format!(".{name}.unfinished"));
    let written = write_and_sync(&unfinished, text)
        .map_err(failed_to("write", &unfinished))
        .and_then(|()| fs::rename(&unfinished, &path).map_err(failed_to("write", &path)));
    if written.is_err() {
        // What went wrong first is what to tell; that the rest could not be removed either follows from it.
        let _ = fs::remove_file(&unfinished);
    }
    written.map(|()| path)
}

fn write_and_sync(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn failed_to(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.to_owned();
    move |source| ReportError::Io { action, path, source }
}
