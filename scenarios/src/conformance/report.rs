//! What a run came to, as the report that is made of it.

use std::collections::{BTreeMap, BTreeSet};

use y2w_reports::conformance::{self as model, Conformance, Counts, RuleState, Standing};
use y2w_reports::model::Environment;

use super::coverage::reason;
use super::known::{Baseline, fingerprint, is_against};
use super::ledger;
use super::suite::Result;
use super::verdict::{Broken, Verdict};

/// What is said of a run beside its results.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Names the run among others.
    pub run_id: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long it took, in seconds.
    pub duration_s: f64,
    /// What was tested.
    pub target: String,
    /// The options that lead to the same server, each with a space before it.
    pub ways: String,
    /// The command line that repeats the run.
    pub command: String,
    /// Processor cores that the run could use.
    pub cores: u32,
}

/// The report of these results.
pub fn report(about: &About, results: &[Result], baseline: &Baseline) -> Conformance {
    // The day of the run decides what the baseline says.
    let today = about.started_at.get(..10).unwrap_or_default();
    let cases: Vec<model::Case> =
        results.iter().map(|result| case(about, result, baseline.standing(result, today))).collect();
    let mut counts = Counts::new();
    let mut areas: BTreeMap<&str, Counts> = BTreeMap::new();
    for result in results {
        for counts in [&mut counts, areas.entry(result.area()).or_default()] {
            *counts.entry(result.verdict).or_default() += 1;
        }
    }
    Conformance {
        format: model::FORMAT.to_owned(),
        run_id: about.run_id.clone(),
        started_at: about.started_at.clone(),
        duration_s: about.duration_s,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: about.command.clone(),
        environment: Environment {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cores: about.cores,
            target: about.target.clone(),
        },
        verdict: judgement(&cases, &counts),
        counts,
        areas: areas
            .into_iter()
            .map(|(name, counts)| model::Area { name: name.to_owned(), counts })
            .collect(),
        cases,
        rules: rules(results),
    }
}

/// Whether a case is worth a recording: its verdict can be doubted.
pub fn is_recorded(result: &Result) -> bool {
    is_against(result.verdict) || result.verdict == Verdict::NonStrict
}

/// The file of a case's recording, below the folder of the run.
pub fn recording_name(case: &str) -> String {
    format!("recording-{}.json", case.replace('@', "-"))
}

fn judgement(cases: &[model::Case], counts: &Counts) -> model::Verdict {
    let mut against: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.standing.is_against()) {
        let what = match case.standing {
            Standing::Unexpected => case.outcome.to_string(),
            standing => standing.word().to_owned(),
        };
        *against.entry(what).or_default() += 1;
    }
    let known = cases.iter().filter(|case| case.standing == Standing::Known).count();
    let all: u64 = counts.values().sum();
    let summary = if against.is_empty() {
        let but = if known > 0 { format!(", {known} of them known failures") } else { String::new() };
        format!("{all} cases, nothing unexpected{but}.")
    } else {
        let each = against.iter().map(|(what, count)| format!("{count} {what}"));
        format!("{all} cases; not expected: {}.", each.collect::<Vec<_>>().join(", "))
    };
    model::Verdict { passed: against.is_empty(), summary }
}

fn case(about: &About, result: &Result, (standing, note): (Standing, Option<String>)) -> model::Case {
    model::Case {
        name: result.case.clone(),
        area: result.area().to_owned(),
        rules: result.rules.iter().map(|rule| (*rule).to_owned()).collect(),
        outcome: result.verdict,
        standing,
        note,
        fingerprint: fingerprint(result),
        broken: result.broken.iter().map(broken).collect(),
        why: result.why.clone(),
        timeline: result.timeline.clone(),
        took_us: result.took_us,
        command: again(&result.case, &about.ways),
        recording: is_recorded(result).then(|| recording_name(&result.case)),
        runs: (result.runs.values().sum::<u64>() > 1).then(|| result.runs.clone()),
    }
}

/// The command that runs just that case.
pub fn again(case: &str, ways: &str) -> String {
    format!("y2w conform --case {case}{ways}")
}

fn broken(broken: &Broken) -> model::Broken {
    let rule = ledger::rule(broken.rule);
    model::Broken {
        rule: broken.rule.to_owned(),
        level: rule.map_or_else(String::new, |rule| rule.level.to_string()),
        text: rule.map_or_else(String::new, ledger::Rule::flowing),
        expected: broken.expected.clone(),
        actual: broken.actual.clone(),
    }
}

fn rules(results: &[Result]) -> Vec<model::Rule> {
    let broken: BTreeSet<&str> =
        results.iter().flat_map(|result| &result.broken).map(|broken| broken.rule).collect();
    let mut of_rule: BTreeMap<&str, Vec<&Result>> = BTreeMap::new();
    for result in results {
        for rule in result.rules {
            of_rule.entry(rule).or_default().push(result);
        }
    }
    let state = |rule: &ledger::Rule| match of_rule.get(rule.id) {
        _ if broken.contains(rule.id) => RuleState::Broken,
        Some(cases) if cases.iter().any(|case| case.verdict == Verdict::Pass) => RuleState::Holds,
        Some(_) => RuleState::Unproven,
        None if reason(rule).is_some() => RuleState::Untested,
        None => RuleState::NotRun,
    };
    let rule = |rule: &ledger::Rule| model::Rule {
        id: rule.id.to_owned(),
        level: rule.level.to_string(),
        sources: rule.sources.to_owned(),
        part: rule.part.to_owned(),
        text: rule.flowing(),
        state: state(rule),
        cases: of_rule.get(rule.id).into_iter().flatten().map(|result| result.case.clone()).collect(),
        untested: reason(rule).map(str::to_owned),
    };
    ledger::rules().iter().map(rule).collect()
}
