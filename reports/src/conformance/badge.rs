//! `badge.svg`: how many cases pass, in the size that a list of badges has.

use askama::Template;

use super::model::{Conformance, Outcome};
use crate::ReportError;

#[derive(Template)]
#[template(path = "badge.svg", escape = "html")]
struct Badge {
    text: String,
    color: &'static str,
    left: usize,
    right: usize,
}

/// Pixels that a letter takes on average, and around the text.
const LETTER: usize = 7;
const PADDING: usize = 12;

pub(super) fn render(run: &Conformance) -> Result<String, ReportError> {
    let count = |outcome| run.counts.get(&outcome).copied().unwrap_or(0);
    let all: u64 = run.counts.values().sum();
    let passed = count(Outcome::Pass);
    let (text, color) = match (run.verdict.passed, count(Outcome::Fail)) {
        (true, 0) => (format!("{passed} of {all} pass"), "#14713f"),
        (true, known) => (format!("{passed} of {all} pass, {known} known failures"), "#8a7a10"),
        (false, 0) => (format!("{passed} of {all} pass"), "#b3261e"),
        (false, failed) => (format!("{failed} of {all} fail"), "#b3261e"),
    };
    let wide = |letters: usize| letters * LETTER + PADDING;
    let (left, right) = (wide("y2w conform".len()), wide(text.len()));
    Ok(Badge { text, color, left, right }.render()?)
}
