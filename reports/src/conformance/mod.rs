//! What a conformance run came to, and the files made of it: for people (a page, a summary for CI, a badge) and for
//! programs (JSON with a schema, `JUnit` XML).
//!
//! Invariants: every file is a pure function of the [`Conformance`]; whatever a server said is escaped for the format
//! that it is put into; all are rendered before one is written.

mod badge;
mod junit;
mod markdown;
mod model;
mod page;

use std::path::{Path, PathBuf};

pub use model::{
    Area, Broken, Case, Conformance, Counts, FORMAT, Line, Outcome, Rule, RuleState, SCHEMA, Standing,
    Verdict,
};

use crate::ReportError;
use crate::export::write_files;

/// A name, and what renders the file of that name.
type File = (&'static str, fn(&Conformance) -> Result<String, ReportError>);

/// The files, by their names.
const FILES: [File; 5] = [
    ("conformance.json", json),
    ("conformance.html", page::render),
    ("junit.xml", junit::render),
    ("summary.md", markdown::render),
    ("badge.svg", badge::render),
];

/// Writes `conformance.json`, `conformance.html`, `junit.xml`, `summary.md` and `badge.svg` into a folder, made if it is
/// not there, and answers their paths. Other files go beside them: their names and texts.
///
/// # Errors
///
/// When something cannot be rendered (then nothing was touched), or a folder or file cannot be written.
pub fn write(
    dir: &Path,
    run: &Conformance,
    beside: Vec<(String, String)>,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = FILES
        .iter()
        .map(|(name, render)| Ok(((*name).to_owned(), render(run)?)))
        .collect::<Result<Vec<_>, ReportError>>()?;
    files.extend(beside);
    write_files(dir, &files)
}

/// One of the files that [`write()`] writes, by its name; none if there is none of that name.
///
/// # Errors
///
/// When it cannot be rendered.
pub fn render(name: &str, run: &Conformance) -> Option<Result<String, ReportError>> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, render)| render(run))
}

fn json(run: &Conformance) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(run)? + "\n")
}
