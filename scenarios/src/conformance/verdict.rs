//! What a case comes to.

pub use y2w_reports::conformance::Outcome as Verdict;

use super::need::Need;

/// A check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The rule.
    pub rule: &'static str,
    /// What the rule has one expect.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// Why a case ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A MUST is broken.
    Broken(Broken),
    /// Nothing can be said, and why: the server gave no answer, for one.
    Inconclusive(String),
    /// The server, or whoever tests it, has not what the case is about, and what showed it.
    Lacking(Need, String),
    /// The case is wrong, and why: it cites a rule that there is not, for one.
    Harness(String),
}
