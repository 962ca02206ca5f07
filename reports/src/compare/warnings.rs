//! What a comparison may be wrong about.

use super::{Set, Settings, metrics::of_set};
use crate::{Outcome, RunResult};

/// The warnings, one sentence each; none if the two sides differ in nothing but what is to be compared.
pub(super) fn of(a: &Set, b: &Set, settings: Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    warnings.extend(too_few(a, b, settings));
    differing(a, b, "workloads", |run| run.workload.name.clone(), &mut warnings);
    if warnings.iter().all(|said| !said.contains("workloads")) {
        let texts = |set: &Set| set.runs.iter().map(|(_, run)| run.workload.text.clone()).collect::<Vec<_>>();
        let (of_a, of_b) = (texts(a), texts(b));
        if of_a.iter().chain(&of_b).any(|text| *text != of_a[0]) {
            warnings.push("The workloads have the same name, but not the same text.".to_owned());
        }
    }
    let settings_of = |run: &RunResult| {
        let told: Vec<_> = run.settings.iter().map(|told| format!("{} {}", told.name, told.value)).collect();
        told.join("; ")
    };
    differing(a, b, "settings", settings_of, &mut warnings);
    differing(a, b, "versions", |run| run.tool_version.clone(), &mut warnings);
    differing(a, b, "targets", |run| run.environment.target.clone(), &mut warnings);
    differing(a, b, "numbers of cores", |run| run.environment.cores.to_string(), &mut warnings);
    let system = |run: &RunResult| format!("{} {}", run.environment.os, run.environment.arch);
    differing(a, b, "systems", system, &mut warnings);
    let share = |run: &RunResult| match run.shards {
        None => "whole".to_owned(),
        Some(crate::Shards { index: None, count }) => format!("{count} merged"),
        Some(crate::Shards { index: Some(index), count }) => format!("{} of {count}", u64::from(index) + 1),
    };
    differing(a, b, "shares of the load", share, &mut warnings);
    for (file, run) in a.runs.iter().chain(&b.runs) {
        match run.verdict.outcome {
            Outcome::Failed => warnings.push(format!("{file} failed: {}", run.verdict.summary)),
            Outcome::Interrupted => warnings.push(format!("{file} was interrupted: {}", run.verdict.summary)),
            Outcome::Passed | Outcome::Invalid => {}
        }
    }
    for (file, run) in &b.runs {
        if let Some((other, _)) = a.runs.iter().find(|(_, other)| other == run) {
            warnings.push(format!("{file} is the same run as {other}, which is on the other side."));
        }
    }
    only_in(a, b, &mut warnings);
    only_in(b, a, &mut warnings);
    warnings
}

/// Whether even sides that do not overlap at all may do so by chance, and how many runs it takes.
fn too_few(a: &Set, b: &Set, settings: Settings) -> Option<String> {
    let (of_a, of_b) = (a.runs.len(), b.runs.len());
    if of_a < 2 || of_b < 2 {
        let side = if of_a < 2 { a } else { b };
        let name = &side.name;
        return Some(format!(
            "{name} has a single run: nothing says how much runs differ by chance, so nothing is significant."
        ));
    }
    // Of all ways to deal the runs to the sides, two keep them apart.
    let ways = (1..=of_a).fold(1.0, |ways, k| ways * (of_b + k) as f64 / k as f64);
    (2.0 / ways > 1.0 - settings.confidence).then(|| {
        format!(
            "With {of_a} and {of_b} runs, sides that are equal differ in all of them once in {:.0} times: four runs each are \
             the least for a confidence of 95 %.",
            ways / 2.0
        )
    })
}

fn differing(a: &Set, b: &Set, what: &str, of: impl Fn(&RunResult) -> String, warnings: &mut Vec<String>) {
    let all = |set: &Set| {
        let mut values: Vec<String> = set.runs.iter().map(|(_, run)| of(run)).collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    let (of_a, of_b) = (all(a), all(b));
    if of_a != of_b || of_a.len() > 1 {
        let said = |set: &Set, values: &[String]| {
            let values: Vec<_> =
                values.iter().map(|value| if value.is_empty() { "none" } else { value.as_str() }).collect();
            format!("{} has {}", set.name, values.join(" and "))
        };
        warnings.push(format!("Different {what}: {}, {}.", said(a, &of_a), said(b, &of_b)));
    }
}

fn only_in(set: &Set, other: &Set, warnings: &mut Vec<String>) {
    let others = of_set(other);
    let is_alone = |id: &str| others.iter().all(|(known, _)| known.id != id);
    let alone: Vec<_> =
        of_set(set).into_iter().map(|(known, _)| known.id).filter(|id| is_alone(id)).collect();
    if !alone.is_empty() {
        warnings.push(format!("Only {} has {}.", set.name, alone.join(", ")));
    }
}
