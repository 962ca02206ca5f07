//! `conformance.html`: the run on one page that needs nothing else. Its few lines of script only hide and show.
//!
//! Invariant: every string of the run goes through the template's escaping.

use askama::Template;

use super::model::{Case, Conformance, Counts, Outcome, RuleState, Standing};
use crate::{ReportError, format};

#[derive(Template)]
#[template(path = "conformance.html")]
struct Page<'a> {
    run: &'a Conformance,
    duration: String,
    passed: String,
    all: String,
    rules_held: String,
    rules_broken: String,
    rules_untested: String,
    present: Vec<Outcome>,
    cases: Vec<Row<'a>>,
}

struct Row<'a> {
    case: &'a Case,
    class: &'static str,
    /// The levels of the rules that did not hold, or of those that it is about.
    levels: String,
    took: String,
    timeline: Vec<(String, &'a str, &'a str)>,
    runs: Option<String>,
}

pub(super) fn render(run: &Conformance) -> Result<String, ReportError> {
    let rules = |state| format::count(run.rules.iter().filter(|rule| rule.state == state).count() as u64);
    let page = Page {
        run,
        duration: format::seconds(run.duration_s),
        passed: format::count(run.counts.get(&Outcome::Pass).copied().unwrap_or(0)),
        all: format::count(run.counts.values().sum()),
        rules_held: rules(RuleState::Holds),
        rules_broken: rules(RuleState::Broken),
        rules_untested: rules(RuleState::Untested),
        present: Outcome::ALL.into_iter().filter(|outcome| run.counts.contains_key(outcome)).collect(),
        cases: sorted(&run.cases).into_iter().map(|case| row(run, case)).collect(),
    };
    Ok(page.render()?)
}

/// What speaks against the run first, then what did not pass, then the rest.
fn sorted(cases: &[Case]) -> Vec<&Case> {
    let mut sorted: Vec<&Case> = cases.iter().collect();
    let is_passed = |case: &Case| case.outcome == Outcome::Pass;
    sorted.sort_by_key(|case| (!case.standing.is_against(), is_passed(case)));
    sorted
}

fn row<'a>(run: &Conformance, case: &'a Case) -> Row<'a> {
    let level_of = |id: &String| run.rules.iter().find(|rule| rule.id == *id).map(|rule| rule.level.clone());
    let mut levels: Vec<String> = if case.broken.is_empty() {
        case.rules.iter().filter_map(level_of).collect()
    } else {
        case.broken.iter().map(|broken| broken.level.clone()).collect()
    };
    levels.sort_unstable();
    levels.dedup();
    let line = |line: &'a super::Line| {
        (format!("{:.3}", line.at_us as f64 / 1e6), line.who.as_str(), line.what.as_str())
    };
    let rate = |counts: &Counts| {
        let all: u64 = counts.values().sum();
        let each = counts.iter().map(|(outcome, count)| format!("{outcome} {count} of {all}"));
        each.collect::<Vec<_>>().join(", ")
    };
    Row {
        case,
        class: class(case),
        levels: levels.join(" "),
        took: format::micros(case.took_us),
        timeline: case.timeline.iter().map(line).collect(),
        runs: case.runs.as_ref().map(rate),
    }
}

fn class(case: &Case) -> &'static str {
    match (case.standing, case.outcome) {
        (standing, _) if standing.is_against() => "bad",
        (Standing::Known, _) | (_, Outcome::NonStrict) => "warn",
        (_, Outcome::Pass) => "good",
        _ => "idle",
    }
}

fn count(counts: &Counts, outcome: Outcome) -> String {
    counts.get(&outcome).map(|count| format::count(*count)).unwrap_or_default()
}

fn rule_class(state: RuleState) -> &'static str {
    match state {
        RuleState::Holds => "good",
        RuleState::Broken => "bad",
        RuleState::Unproven => "warn",
        RuleState::NotRun | RuleState::Untested => "idle",
    }
}
