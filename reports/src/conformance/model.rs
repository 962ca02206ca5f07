//! What a conformance run came to, as plain data: what every file of it is made from, and what `conformance.json` holds.
//!
//! Invariants as for [a run's result](crate::model): nothing here depends on a clock or a machine unless the caller put
//! it there, lists keep their order, unknown fields and other versions are refused. Changing a field means a new
//! [`FORMAT`].

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Environment;
use crate::wire::finite;

/// The name and version of the JSON form, the value of its field `format`.
pub const FORMAT: &str = "y2w-conformance/1";

/// What is said of the format in JSON Schema, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../schemas/conformance.schema.json");

/// Everything there is to say about one run of the suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conformance {
    /// Always [`FORMAT`].
    pub format: String,
    /// Names this run among others.
    pub run_id: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// How long the run took, in seconds.
    #[serde(serialize_with = "finite")]
    pub duration_s: f64,
    /// Version of the command that made the run.
    pub tool_version: String,
    /// The command line that repeats it.
    pub command: String,
    /// Where it ran, and against what.
    pub environment: Environment,
    /// Whether all is as expected, and why not.
    pub verdict: Verdict,
    /// How many cases came to what.
    pub counts: Counts,
    /// The same by area.
    pub areas: Vec<Area>,
    /// The cases, by name.
    pub cases: Vec<Case>,
    /// The rules, in the order of the protocol.
    pub rules: Vec<Rule>,
}

/// Whether a run of the suite is as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether all is as expected.
    pub passed: bool,
    /// The outcome in one sentence.
    pub summary: String,
}

/// How many cases came to what; what nothing came to is not listed.
pub type Counts = BTreeMap<Outcome, u64>;

/// One area of the suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// What its cases' names begin with.
    pub name: String,
    /// How many came to what.
    pub counts: Counts,
}

/// What a case came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All that it looks at holds.
    Pass,
    /// A SHOULD is missed.
    NonStrict,
    /// A MUST is broken.
    Fail,
    /// The server has not what the case is about, as was declared.
    Unsupported,
    /// Nothing can be said.
    Inconclusive,
    /// The case itself went wrong.
    HarnessError,
}

/// How a case stands to what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing speaks against it.
    Good,
    /// It speaks against the server, or the run, and nobody expected it.
    Unexpected,
    /// It is known: the baseline has exactly this, with a reason.
    Known,
    /// It passes, and the baseline has it as failing.
    UnexpectedPass,
    /// The baseline has it, and for longer than it was to.
    Expired,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The area that it belongs to.
    pub area: String,
    /// The rules that it is about.
    pub rules: Vec<String>,
    /// What it came to; of several runs, the worst.
    pub outcome: Outcome,
    /// How that stands to what was expected.
    pub standing: Standing,
    /// What the baseline says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// What the baseline has to have of it; none for one that passed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<String>,
    /// The checks that did not hold.
    pub broken: Vec<Broken>,
    /// Why it came to that, where no check says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// What went over the wire; nothing if it passed.
    pub timeline: Vec<Line>,
    /// Microseconds that it took.
    pub took_us: u64,
    /// The command that runs just this case.
    pub command: String,
    /// The file by which it can be judged again, beside this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recording: Option<String>,
    /// Of several runs, how many came to what.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runs: Option<Counts>,
}

/// A check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// The rule's id.
    pub rule: String,
    /// How binding it is.
    pub level: String,
    /// What it says.
    pub text: String,
    /// What the rule has one expect.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// One thing that went over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Microseconds since the case began.
    pub at_us: u64,
    /// Who, as the case calls them.
    pub who: String,
    /// What.
    pub what: String,
}

/// One rule of the protocol, and what the run says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// MUST, SHOULD or MAY.
    pub level: String,
    /// Where it comes from.
    pub sources: String,
    /// The part of the protocol that it stands in.
    pub part: String,
    /// What it says.
    pub text: String,
    /// What the run says of it.
    pub state: RuleState,
    /// The cases about it that were run.
    pub cases: Vec<String>,
    /// Why there is no case about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub untested: Option<String>,
}

/// What a run says of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleState {
    /// A case about it passed, and none found it broken.
    Holds,
    /// A case found it broken.
    Broken,
    /// Cases about it were run, and none came to its end.
    Unproven,
    /// No case about it was run.
    NotRun,
    /// It cannot be tested from outside, for a reason that is given.
    Untested,
}

impl Outcome {
    /// All of them, the best first.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::NonStrict, Self::Fail, Self::Unsupported, Self::Inconclusive, Self::HarnessError];

    /// As it stands in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NonStrict => "non-strict",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Inconclusive => "inconclusive",
            Self::HarnessError => "harness-error",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Standing {
    /// Whether the run is not as expected because of it.
    pub fn is_against(self) -> bool {
        matches!(self, Self::Unexpected | Self::UnexpectedPass | Self::Expired)
    }

    /// In people's words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "as it should be",
            Self::Unexpected => "not expected",
            Self::Known => "known",
            Self::UnexpectedPass => "passes, though the baseline has it as failing",
            Self::Expired => "known, but for longer than the baseline allows",
        }
    }
}

impl RuleState {
    /// In people's words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Unproven => "unproven",
            Self::NotRun => "not run",
            Self::Untested => "not testable",
        }
    }
}
