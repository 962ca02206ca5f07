//! `junit.xml`: what CI systems read. One test suite for each area; a case's rules are its properties.
//!
//! What `JUnit` has no word for: a SHOULD that is missed is a pass with its words in `system-out`; what is unsupported is
//! skipped; what is inconclusive is an error, as a fault of the harness is; what the baseline knows is skipped, with its
//! reason.

use askama::Template;

use super::model::{Case, Conformance, Outcome, Standing};
use crate::ReportError;

#[derive(Template)]
#[template(path = "junit.xml", escape = "xml")]
struct Junit<'a> {
    /// When the run began, to the second and without a zone, as the schema has it.
    began: &'a str,
    seconds: String,
    counts: [usize; 4],
    suites: Vec<Suite<'a>>,
}

struct Suite<'a> {
    name: &'a str,
    /// Tests, failures, errors, skipped.
    counts: [usize; 4],
    seconds: String,
    cases: Vec<Test<'a>>,
}

struct Test<'a> {
    case: &'a Case,
    seconds: String,
    kind: Kind,
    message: String,
    body: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pass,
    Failure,
    Error,
    Skipped,
}

pub(super) fn render(run: &Conformance) -> Result<String, ReportError> {
    let suites: Vec<Suite> = run.areas.iter().map(|area| suite(run, &area.name)).collect();
    let mut counts = [0; 4];
    for suite in &suites {
        for (sum, count) in counts.iter_mut().zip(suite.counts) {
            *sum += count;
        }
    }
    let began = run.started_at.get(..19).unwrap_or_default();
    Ok(Junit { began, seconds: format!("{:.6}", run.duration_s), counts, suites }.render()?)
}

fn suite<'a>(run: &'a Conformance, area: &'a str) -> Suite<'a> {
    let of_area: Vec<&Case> = run.cases.iter().filter(|case| case.area == area).collect();
    let cases: Vec<Test> = of_area.iter().map(|case| test(case)).collect();
    let count = |kind| cases.iter().filter(|test| test.kind == kind).count();
    let counts = [cases.len(), count(Kind::Failure), count(Kind::Error), count(Kind::Skipped)];
    let took = of_area.iter().map(|case| case.took_us).sum();
    Suite { name: area, counts, seconds: seconds(took), cases }
}

fn test(case: &Case) -> Test<'_> {
    let kind = match (case.standing, case.outcome) {
        (Standing::Known, _) | (_, Outcome::Unsupported) => Kind::Skipped,
        (Standing::UnexpectedPass, _) | (_, Outcome::Fail) => Kind::Failure,
        (_, Outcome::Pass | Outcome::NonStrict) => Kind::Pass,
        (_, Outcome::Inconclusive | Outcome::HarnessError) => Kind::Error,
    };
    Test {
        case,
        seconds: seconds(case.took_us),
        kind,
        message: plain(&message(case)),
        body: plain(&body(case)),
    }
}

/// In one line.
fn message(case: &Case) -> String {
    let rules = case.broken.iter().map(|broken| format!("{} ({})", broken.rule, broken.level));
    let what = case.why.iter().cloned().chain(rules).collect::<Vec<_>>().join("; ");
    match (&case.note, case.standing) {
        (Some(note), _) => format!("{}: {note}: {what}", case.standing.word()),
        (None, Standing::Good | Standing::Unexpected) => what,
        (None, standing) => format!("{}: {what}", standing.word()),
    }
}

fn body(case: &Case) -> String {
    let checks = case.broken.iter().map(|broken| {
        let (expected, actual) = (&broken.expected, &broken.actual);
        format!("{}: {}\nexpected: {expected}\nactual:   {actual}\n", broken.rule, broken.text)
    });
    let lines = case
        .timeline
        .iter()
        .map(|line| format!("{:>9.3} s  {:<10} {}\n", line.at_us as f64 / 1e6, line.who, line.what));
    let again = std::iter::once(format!("again: {}\n", case.command));
    checks.chain(lines).chain(again).collect()
}

fn seconds(us: u64) -> String {
    format!("{:.6}", us as f64 / 1e6)
}

/// Without the characters that XML 1.0 has no way to write.
fn plain(text: &str) -> String {
    let is_written = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(|c| is_written(*c) && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
