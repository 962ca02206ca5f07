//! The baseline: failures that are known, each with what exactly it looks like, a reason and a day after which nobody may
//! go on with it.
//!
//! Invariants: what is known is run all the same. Another failure of the same case is not known. A case that passes
//! although the baseline has it, and an entry whose day is over, speak against the run: a list that nobody tends hides
//! what is new.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;
use y2w_reports::conformance::Standing;

use super::cases::all;
use super::suite::Result;
use super::verdict::Verdict;
use crate::chance;
use crate::toml_file::{TomlFile, TomlFileError};

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: BTreeMap<String, Known>,
}

/// A failure that is known.
#[derive(Clone, Debug)]
struct Known {
    fingerprint: String,
    reason: String,
    /// The last day on which it may be known, as `2016-11-24`.
    expires: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    #[serde(default)]
    known: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    case: Spanned<String>,
    fingerprint: String,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
}

const VERSION: u32 = 1;

/// Days that a new entry is known for, where nobody says otherwise.
const DAYS: i64 = 90;

impl Baseline {
    /// Reads and checks the baseline in a file.
    pub fn read(file: &Path) -> std::result::Result<Self, TomlFileError> {
        Self::of(&TomlFile::read(file)?)
    }

    fn of(file: &TomlFile) -> std::result::Result<Self, TomlFileError> {
        let content: File = file.parse()?;
        if *content.version.get_ref() != VERSION {
            let text = format!("version {} is not known: expected {VERSION}", content.version.get_ref());
            return Err(file.wrong_at(content.version.span().start, text));
        }
        let titles: Vec<String> = all().iter().map(super::Case::title).collect();
        let mut known = BTreeMap::new();
        for entry in content.known {
            let (at, case) = (entry.case.span().start, entry.case.into_inner());
            if !titles.contains(&case) {
                let text = format!("there is no case {case:?}; `y2w conform --list` names all");
                return Err(file.wrong_at(at, text));
            }
            if entry.reason.get_ref().trim().is_empty() {
                return Err(file.wrong_at(entry.reason.span().start, "expected the reason why this is known"));
            }
            let Datetime { date: Some(date), time: None, .. } = entry.expires.get_ref() else {
                return Err(file.wrong_at(entry.expires.span().start, "expected a day, as 2030-12-31"));
            };
            let value = Known {
                fingerprint: entry.fingerprint,
                reason: entry.reason.into_inner(),
                expires: date.to_string(),
            };
            if known.insert(case.clone(), value).is_some() {
                return Err(file.wrong_at(at, format!("the case {case:?} is here twice")));
            }
        }
        Ok(Self { known })
    }

    /// How a result stands to it on that day (`2016-11-24`), and what it says of it.
    pub fn standing(&self, result: &Result, today: &str) -> (Standing, Option<String>) {
        let fails = is_against(result.verdict);
        let Some(known) = self.known.get(&result.case) else {
            return (if fails { Standing::Unexpected } else { Standing::Good }, None);
        };
        let note = format!("{} (until {})", known.reason, known.expires);
        match fingerprint(result) {
            None => (Standing::UnexpectedPass, Some(note)),
            Some(now) if now != known.fingerprint => {
                let other = format!("it fails otherwise than the baseline knows it ({note})");
                (Standing::Unexpected, Some(other))
            }
            Some(_) if *today > *known.expires => (Standing::Expired, Some(note)),
            Some(_) => (Standing::Known, Some(note)),
        }
    }

    /// A baseline of these results, as a file; whoever takes it has reasons to fill in.
    pub fn of_results(results: &[Result], today: i64) -> String {
        const DAY_MILLIS: i64 = 24 * 3600 * 1000;
        let last = y2w_sdk::protocol::Timestamp::from_millis(today + DAYS * DAY_MILLIS).to_string();
        let mut text = "# What is known to fail: see `y2w conform --help`. Every entry needs a reason.\n\
             version = 1\n"
            .to_owned();
        for result in results {
            let Some(fingerprint) = fingerprint(result).filter(|_| is_against(result.verdict)) else {
                continue;
            };
            // Writing to a string does not fail. Names and fingerprints need no escapes.
            let _ = write!(
                text,
                "\n[[known]]\ncase = \"{}\"\nfingerprint = \"{fingerprint}\"\nreason = \"\"\nexpires = {}\n",
                result.case,
                &last[..10]
            );
        }
        text
    }
}

/// Whether a verdict speaks against the run, unless it is known. What misses a SHOULD only is told, and no failure.
pub(super) fn is_against(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Inconclusive | Verdict::HarnessError)
}

/// What exactly a failure looks like, without what differs from run to run: ids, times, tokens. None for what passed.
pub fn fingerprint(result: &Result) -> Option<String> {
    if matches!(result.verdict, Verdict::Pass | Verdict::Unsupported) {
        return None;
    }
    let mut text = result.verdict.to_string();
    for broken in &result.broken {
        for part in [broken.rule, &broken.expected, &broken.actual] {
            text.push('\n');
            text += &lasting(part);
        }
    }
    text += &lasting(result.why.as_deref().unwrap_or_default());
    let rules: Vec<&str> = result.broken.iter().map(|broken| broken.rule).collect();
    let digest = chance::draw(0, text);
    Some([&[&*result.verdict.to_string()], &rules[..], &[&*format!("{digest:016x}")]].concat().join(" "))
}

/// A text with one mark for each word that has a digit in it.
fn lasting(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '@' | '=' | '+' | '…');
    let mut lasting = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = if word == 0 {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            rest.split_at(first)
        } else {
            rest.split_at(word)
        };
        lasting += if word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word };
        rest = after;
    }
    lasting
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Broken;
    use super::*;

    fn passed(case: &str) -> Result {
        Result { case: case.to_owned(), ..Result::new(&all()[0], "test", Verdict::Pass) }
    }

    fn failed(case: &str, actual: &str) -> Result {
        let broken = Broken { rule: "API-TIME", expected: "a time".to_owned(), actual: actual.to_owned() };
        Result { verdict: Verdict::Fail, broken: vec![broken], ..passed(case) }
    }

    fn baseline(
        case: &str,
        fingerprint: &str,
        reason: &str,
        expires: &str,
    ) -> std::result::Result<Baseline, String> {
        let text = format!(
            "version = 1\n\n[[known]]\ncase = \"{case}\"\nfingerprint = \"{fingerprint}\"\nreason = \"{reason}\"\nexpires = {expires}\n"
        );
        Baseline::of(&TomlFile::new("known.toml", &text)).map_err(|error| error.to_string())
    }

    const CASE: &str = "accounts.an-email-is-registered-once";

    #[test]
    fn a_failure_is_known_until_its_day_and_only_as_it_was() {
        let result = failed(CASE, "200  {\"id\":\"17\",\"at\":\"2016-11-24T08:00:00Z\"}");
        let print = fingerprint(&result).unwrap();
        let known = baseline(CASE, &print, "we know", "2030-06-01").unwrap();
        assert_eq!(known.standing(&result, "2030-06-01").0, Standing::Known);
        assert_eq!(known.standing(&result, "2030-06-02").0, Standing::Expired);
        // Ids and times are others in each run.
        let later = failed(CASE, "200  {\"id\":\"9918\",\"at\":\"2017-01-02T09:30:00Z\"}");
        assert_eq!(known.standing(&later, "2030-06-01").0, Standing::Known);
        let other = failed(CASE, "200  {\"id\":null}");
        assert_eq!(known.standing(&other, "2030-06-01").0, Standing::Unexpected);
        let passed = passed(CASE);
        assert_eq!(known.standing(&passed, "2030-06-01").0, Standing::UnexpectedPass);
        assert_eq!(Baseline::default().standing(&result, "2030-06-01").0, Standing::Unexpected);
        assert_eq!(Baseline::default().standing(&passed, "2030-06-01").0, Standing::Good);
    }

    #[test]
    fn the_example_is_one() {
        let text = include_str!("../../../docs/conform-known.toml");
        let known = Baseline::of(&TomlFile::new("known.toml", text));
        assert_eq!(known.map(|known| known.known.len()).ok(), Some(1));
    }

    #[test]
    fn a_broken_baseline_says_where_and_what_was_expected() {
        let error = |case, reason, expires| baseline(case, "x", reason, expires).unwrap_err();
        assert_eq!(error(CASE, " ", "2030-06-01"), "known.toml:6:10: expected the reason why this is known");
        assert_eq!(
            error(CASE, "so", "\"soon\""),
            "known.toml:7:11: invalid type: string \"soon\", expected a TOML datetime"
        );
        assert_eq!(
            error(CASE, "so", "2030-06-01T08:00:00"),
            "known.toml:7:11: expected a day, as 2030-12-31"
        );
        assert!(error("a.b", "so", "2030-06-01").starts_with("known.toml:4:8: there is no case \"a.b\""));
    }

    #[test]
    fn a_baseline_that_was_written_is_read_once_its_reasons_are_given() {
        let results = [failed(CASE, "200"), passed("push.other")];
        let text = Baseline::of_results(&results, 1_479_974_400_000);
        assert!(text.contains("expires = 2017-02-22\n"), "{text}");
        assert!(Baseline::of(&TomlFile::new("known.toml", &text)).is_err());
        let text = text.replace("reason = \"\"", "reason = \"so it is\"");
        let known = Baseline::of(&TomlFile::new("known.toml", &text)).unwrap();
        assert_eq!(known.standing(&results[0], "2017-02-22").0, Standing::Known);
    }
}
