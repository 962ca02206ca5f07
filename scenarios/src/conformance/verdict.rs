//! What a case comes to.

use std::fmt;

use serde::Serialize;

use super::need::Need;

/// What a case comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that it looks at holds.
    Pass,
    /// A SHOULD is missed.
    NonStrict,
    /// A MUST is broken.
    Fail,
    /// The server has not what the case is about, and says so.
    Unsupported,
    /// Nothing can be said, for a reason that is given.
    Inconclusive,
    /// The case itself went wrong.
    HarnessError,
}

impl Verdict {
    /// All of them, the best first.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::NonStrict, Self::Fail, Self::Unsupported, Self::Inconclusive, Self::HarnessError];
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::NonStrict => "non-strict",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Inconclusive => "inconclusive",
            Self::HarnessError => "harness-error",
        })
    }
}

/// A check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
