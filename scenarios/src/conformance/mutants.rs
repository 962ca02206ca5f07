//! The suite's own power: servers that break one rule each, and which cases notice.
//!
//! A mutant is the mock server with one of its quirks, in virtual time. It is killed where a case says that a rule does
//! not hold; a case that can say nothing kills none. A mutant that is never killed is a hole in the suite, unless the
//! quirk is one that clients have to bear: then no rule for servers is broken.

use std::sync::Arc;

use y2w_mock_server::quirks::Quirk;

use super::case::Case;
use super::coverage::reason;
use super::ledger;
use super::suite::{Result, run};
use super::target::Target;
use super::verdict::Verdict;
use crate::plan::Plan;
use crate::world::{Sim, in_virtual_time};

/// What came of the suite against one quirk.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The quirk.
    pub quirk: Quirk,
    /// The cases that noticed, by their titles, with the rules that they found broken.
    pub killers: Vec<(String, Vec<&'static str>)>,
    /// The cases that could say nothing against it.
    pub undecided: usize,
}

impl Mutant {
    /// Whether a case noticed.
    pub fn is_killed(&self) -> bool {
        !self.killers.is_empty()
    }

    /// Whether a case found one of the rules broken that the quirk is said to break.
    pub fn is_understood(&self) -> bool {
        let named = self.quirk.rules();
        self.killers.iter().flat_map(|(_, rules)| rules).any(|rule| named.contains(rule))
    }

    /// Whether the quirk breaks a rule for servers that can be tested.
    pub fn is_due(&self) -> bool {
        self.quirk.rules().iter().filter_map(|rule| ledger::rule(rule)).any(|rule| reason(rule).is_none())
    }
}

/// Runs these cases against the mock server with that quirk, in virtual time and in this thread.
pub fn mutant(quirk: Quirk, cases: &[Case]) -> Mutant {
    let plan = Plan::of_server(&[quirk.name().to_owned()]).expect("a quirk's name is one");
    let results = in_virtual_time(async {
        let target = Target::in_virtual_time(Arc::new(Sim::new(&plan)));
        run(cases, &target, "mutant", 1, |_| ()).await
    });
    let killers = results
        .iter()
        .filter(|result| !result.broken.is_empty())
        .map(|result| (result.case.clone(), result.broken.iter().map(|broken| broken.rule).collect()));
    let is_undecided =
        |result: &&Result| matches!(result.verdict, Verdict::Inconclusive | Verdict::HarnessError);
    let undecided = results.iter().filter(is_undecided).count();
    Mutant { quirk, killers: killers.collect(), undecided }
}
