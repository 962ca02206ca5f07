//! A run as a sequence diagram: what happened, told in rows between the devices and the two sides of the server.
//!
//! Each happening is told in a row or not at all (`telling`); a request and an answer that follows at once share one.
//! Of a long story only so much is shown as one can look at: rows near what shows that a rule was broken come first, then
//! what steps and faults bring about, then what is rare (`choice`).
//!
//! Invariants: the same run gives the same picture; at most `ROWS_MAX` rows and `LANES_MAX` devices are shown, and
//! how much is left out is said; the work is linear in the story.

mod choice;
mod telling;

use std::collections::BTreeMap;

use y2w_reports::diagram::Diagram;

use crate::fuzz::Simulated;
use crate::history::{Happening, What};
use crate::judge::Anomaly;
use crate::plan::{Fault, Plan, Step};
use telling::{Item, Told};

/// Findings that are told above the picture.
const FINDINGS_MAX: usize = 5;

/// The picture of a run whose story was kept.
pub fn diagram(plan: &Plan, run: &Simulated) -> Diagram {
    let anomalies = &run.verdict.anomalies[..run.verdict.anomalies.len().min(FINDINGS_MAX)];
    let told = Told::of(plan, run, anomalies);
    let untold = run.verdict.anomalies.len() - anomalies.len();
    told.picture(anomalies, untold)
}

/// For each of these anomalies, what shows it, each on a line: when, between whom, what.
pub(crate) fn witnesses(plan: &Plan, run: &Simulated, anomalies: &[Anomaly]) -> Vec<Vec<String>> {
    if anomalies.is_empty() {
        return Vec::new();
    }
    let told = Told::of(plan, run, anomalies);
    let shown = |anomaly: usize| told.items.iter().filter(move |item| item.row.findings.contains(&anomaly));
    let line = |item: &Item| told.sentence(&item.row);
    (0..anomalies.len()).map(|anomaly| shown(anomaly).filter_map(line).collect()).collect()
}

/// The steps and faults of a plan by their ids: a story names them again and again.
pub(crate) struct Planned<'a> {
    steps: BTreeMap<u32, &'a Step>,
    faults: BTreeMap<u32, &'a Fault>,
}

impl<'a> Planned<'a> {
    /// Those of that plan.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let steps = plan.steps.iter().map(|step| (step.id, step)).collect();
        Self { steps, faults: plan.faults.iter().map(|fault| (fault.id, fault)).collect() }
    }

    /// The step with that id.
    pub(crate) fn step(&self, id: u32) -> Option<&'a Step> {
        self.steps.get(&id).copied()
    }

    /// The fault with that id.
    pub(crate) fn fault(&self, id: u32) -> Option<&'a Fault> {
        self.faults.get(&id).copied()
    }
}

/// When the plan's time began, in microseconds since 1970: before it, everybody logged in. What is to happen first happens
/// on time, and nothing before its time.
pub(crate) fn beginning(planned: &Planned<'_>, story: &[Happening]) -> u64 {
    let due = |happening: &Happening| match happening.what {
        What::StepBegins(id) => planned.step(id).map(|step| step.at),
        What::FaultBegins(id) => planned.fault(id).map(|fault| fault.at),
        _ => None,
    };
    let begins = story
        .iter()
        .filter_map(|happening| Some(happening.at.saturating_sub(due(happening)?.0.saturating_mul(1_000))));
    begins.min().or(story.first().map(|first| first.at)).unwrap_or_default()
}
