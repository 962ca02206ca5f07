//! `summary.md`: the run for the summary of a CI job: the verdict, the areas, and what is not as expected.

use std::fmt::Write as _;

use super::model::{Case, Conformance, Outcome};
use crate::{ReportError, format, markdown::cell};

/// Cases that are shown with their checks; a summary has a limit of its size.
const SHOWN: usize = 50;

#[expect(clippy::unnecessary_wraps, reason = "the files are rendered by functions of one shape")]
pub(super) fn render(run: &Conformance) -> Result<String, ReportError> {
    let word = if run.verdict.passed { "As expected" } else { "Not as expected" };
    let mut text = format!("## y2w conform: {word}\n\n{}\n\n", cell(&run.verdict.summary));
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "Against {}, {}, {}.\n",
        cell(&run.environment.target),
        run.started_at,
        format::seconds(run.duration_s)
    );
    let present: Vec<Outcome> =
        Outcome::ALL.into_iter().filter(|outcome| run.counts.contains_key(outcome)).collect();
    let head = present.iter().map(|outcome| format!(" {outcome} |")).collect::<String>();
    let _ = writeln!(text, "| area |{head}\n|---|{}", "--:|".repeat(present.len()));
    let row = |name: &str, counts: &super::Counts| {
        let counts = present.iter().map(|outcome| match counts.get(outcome) {
            Some(count) => format!(" {count} |"),
            None => "  |".to_owned(),
        });
        format!("| {name} |{}\n", counts.collect::<String>())
    };
    for area in &run.areas {
        text += &row(&area.name, &area.counts);
    }
    text += &row("**all**", &run.counts);
    let shown: Vec<&Case> = run.cases.iter().filter(|case| case.standing.is_against()).collect();
    if !shown.is_empty() {
        text += "\n### Not as expected\n";
    }
    for case in shown.iter().take(SHOWN) {
        text += &told(case);
    }
    if shown.len() > SHOWN {
        let _ = writeln!(text, "\nAnd {} more: see the report.", shown.len() - SHOWN);
    }
    Ok(text)
}

fn told(case: &Case) -> String {
    let mut text = format!("\n**{}** `{}`\n\n", case.outcome, case.name);
    // Writing to a string does not fail.
    for note in case.note.iter().chain(&case.why) {
        let _ = writeln!(text, "{}\n", cell(note));
    }
    for broken in &case.broken {
        let (expected, actual) = (cell(&broken.expected), cell(&broken.actual));
        let _ = writeln!(text, "- `{}` ({})", broken.rule, broken.level);
        let _ = writeln!(text, "  - expected: {expected}\n  - actual: {actual}");
    }
    let _ = writeln!(text, "\n```\n{}\n```", case.command);
    text
}
