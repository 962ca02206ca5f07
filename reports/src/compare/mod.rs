//! Whether one set of runs is slower than another: each metric's median on both sides, the difference, and how far chance
//! alone may have moved it.
//!
//! Each side is one or more results of the same workload ([`Set`]). For each metric that both have, the difference of
//! the medians is bootstrapped: runs are drawn again from each side, many times over, and the middle 95 % of the
//! differences that come of it are the interval (`bootstrap`). A metric has regressed only if that whole interval lies
//! beyond the tolerance on the bad side. From one run on a side no interval can be made, so nothing is told from it.
//!
//! Invariants: everything is a pure function of the results, the settings and the seed; a metric's resampling has a
//! stream of its own, so that another metric shifts none. A run whose generator could not keep its schedule, or
//! had other trouble, is refused.

mod bootstrap;
mod metrics;
mod model;
mod page;
mod table;
mod warnings;

use std::path::{Path, PathBuf};

pub use model::{
    About, Better, Change, Comparison, FORMAT, Interval, Metric, RunAbout, SCHEMA, Settings, Side, Unit,
};
pub use table::{COLUMNS, rows};

use crate::{Outcome, ReportError, RunResult, export::write_files, format};

/// One side of a comparison.
#[derive(Debug, Clone)]
pub struct Set {
    /// What to call it.
    pub name: String,
    /// The results, each with what to call it: the file it comes from.
    pub runs: Vec<(String, RunResult)>,
}

impl Set {
    /// Reads a set, each result from its file or its folder.
    ///
    /// # Errors
    ///
    /// When one cannot be read, or is no result.
    pub fn read(name: &str, paths: &[PathBuf]) -> Result<Self, ReportError> {
        let run = |path: &PathBuf| Ok((path.display().to_string(), RunResult::read(path)?));
        Ok(Self { name: name.to_owned(), runs: paths.iter().map(run).collect::<Result<_, ReportError>>()? })
    }
}

/// Compares the new set `b` with the baseline `a`.
///
/// # Errors
///
/// When a side is empty, a run in it is invalid, or the settings are out of range; the error names which.
pub fn compare(a: &Set, b: &Set, settings: Settings) -> Result<Comparison, ReportError> {
    check(a, b, settings)?;
    let metrics = metrics::of_both(a, b, settings);
    let changes = || metrics.iter().map(|metric| metric.change);
    let verdict = match () {
        () if changes().any(|change| change == Change::Regressed) => Change::Regressed,
        () if changes().any(|change| change == Change::Improved) => Change::Improved,
        () if !metrics.is_empty() && changes().all(|change| change == Change::Same) => Change::Same,
        () => Change::Unclear,
    };
    Ok(Comparison {
        format: FORMAT.to_owned(),
        a: about(a),
        b: about(b),
        settings,
        verdict,
        summary: summary(&metrics, settings),
        warnings: warnings::of(a, b, settings),
        metrics,
    })
}

fn check(a: &Set, b: &Set, settings: Settings) -> Result<(), ReportError> {
    let refused = |reason: String| Err(ReportError::NotComparable(reason));
    // Not a number is in no range.
    if !(0.0..=10.0).contains(&settings.tolerance) {
        return refused(format!("a tolerance is a share from 0 to 10, not {}", settings.tolerance));
    }
    if !(0.5..1.0).contains(&settings.confidence) {
        let confidence = settings.confidence;
        return refused(format!("a confidence is a share from 0.5 to less than 1, not {confidence}"));
    }
    if !(100..=1_000_000).contains(&settings.resamples) {
        return refused(format!("resamples are 100 to 1,000,000, not {}", settings.resamples));
    }
    for set in [a, b] {
        if set.runs.is_empty() {
            return refused(format!("{} has no run; a side needs at least one", set.name));
        }
        for (file, run) in &set.runs {
            // One that failed may have trouble of its own, too.
            let why = match run.health.problems.first() {
                Some(problem) => problem,
                None if run.verdict.outcome == Outcome::Invalid => &run.verdict.summary,
                None => continue,
            };
            return refused(format!("{file} is an invalid run, whose numbers must not be used: {why}"));
        }
    }
    Ok(())
}

fn about(set: &Set) -> About {
    let run = |(file, run): &(String, RunResult)| RunAbout {
        file: file.clone(),
        run_id: run.run_id.clone(),
        started_at: run.started_at.clone(),
        outcome: run.verdict.outcome,
        title: run.title.clone(),
        workload: run.workload.name.clone(),
        tool_version: run.tool_version.clone(),
        environment: run.environment.clone(),
    };
    About { name: set.name.clone(), runs: set.runs.iter().map(run).collect() }
}

fn summary(metrics: &[Metric], settings: Settings) -> String {
    let count = |change| metrics.iter().filter(|metric| metric.change == change).count() as u64;
    if metrics.is_empty() {
        return "There is no metric that both sides have.".to_owned();
    }
    let parts = [
        (Change::Regressed, "regressed"),
        (Change::Improved, "improved"),
        (Change::Same, "are the same"),
        (Change::Unclear, "are unclear"),
    ];
    let parts = parts.into_iter().filter(|(change, _)| count(*change) > 0);
    let parts: Vec<_> =
        parts.map(|(change, words)| format!("{} {words}", format::count(count(change)))).collect();
    let (all, tolerance) = (format::count(metrics.len() as u64), format::share(settings.tolerance));
    format!("Of {all} metrics, {}, within a tolerance of {tolerance}.", parts.join(", "))
}

/// A name, and what renders the file of that name.
type File = (&'static str, fn(&Comparison) -> Result<String, ReportError>);

/// The files, by their names.
const FILES: [File; 3] =
    [("compare.json", json), ("compare.html", page::render), ("compare.md", table::markdown)];

/// Writes `compare.json`, `compare.html` and `compare.md` into a folder, made if it is not there, and answers their paths.
///
/// # Errors
///
/// When something cannot be rendered (then nothing was touched), or a folder or file cannot be written.
pub fn write(dir: &Path, comparison: &Comparison) -> Result<Vec<PathBuf>, ReportError> {
    let files = FILES.iter().map(|(name, render)| Ok(((*name).to_owned(), render(comparison)?)));
    write_files(dir, &files.collect::<Result<Vec<_>, ReportError>>()?)
}

/// One of the files that [`write()`] writes, by its name; none if there is none of that name.
///
/// # Errors
///
/// When it cannot be rendered.
pub fn render(name: &str, comparison: &Comparison) -> Option<Result<String, ReportError>> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, render)| render(comparison))
}

fn json(comparison: &Comparison) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(comparison)? + "\n")
}
