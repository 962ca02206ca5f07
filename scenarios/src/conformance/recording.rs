//! Recordings: what cases were told, in a file, so that they can be judged again without the server.
//!
//! A recording holds the answers as they came, the login tokens of the case's users among them, and nothing of what a
//! target's file keeps secret.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cases::all;
use super::need::Need;
use super::suite::{Result, judge_again};
use super::tape::Told;

/// The name and version of the form.
const FORMAT: &str = "y2w-recording/1";

/// See the module's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    format: String,
    /// The case's title.
    case: String,
    /// The id of its run.
    run: String,
    /// What was declared missing.
    missing: BTreeSet<Need>,
    /// Milliseconds that an answer could take.
    answer_within: u64,
    told: Vec<Told>,
}

impl Recording {
    /// Of that result.
    pub fn new(result: &Result) -> Self {
        Self {
            format: FORMAT.to_owned(),
            case: result.case.clone(),
            run: result.run.clone(),
            missing: result.missing.clone(),
            answer_within: u64::try_from(result.deadline.as_millis()).unwrap_or(u64::MAX),
            told: result.told.clone(),
        }
    }

    /// Reads one; what is wrong with it is told on one line.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let recording: Self = serde_json::from_str(text).map_err(|why| format!("no recording: {why}"))?;
        if recording.format != FORMAT {
            return Err(format!("its format is {:?}: expected {FORMAT:?}", recording.format));
        }
        Ok(recording)
    }

    /// As it stands in a file.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("a recording has string keys only") + "\n"
    }

    /// Judges the case again by what it was told. Must be called in a runtime; nothing is waited for.
    pub async fn judge(&self) -> std::result::Result<Result, String> {
        let case = all().into_iter().find(|case| case.title() == self.case);
        let case = case.ok_or_else(|| format!("there is no case {:?} any more", self.case))?;
        let deadline = Duration::from_millis(self.answer_within);
        Ok(judge_again(&case, self.told.clone(), &self.run, &self.missing, deadline).await)
    }
}
