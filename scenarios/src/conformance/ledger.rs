//! The rules of the protocol, read from `docs/protocol.md` itself: what a verdict cites is what people read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, as `AUTH-LOGIN`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Where it comes from: letters as the text explains them.
    pub sources: &'static str,
    /// The part of the text that it stands in.
    pub part: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Whoever breaks it does not conform.
    Must,
    /// To be kept unless there is a good reason.
    Should,
    /// A liberty: nobody may rely on it or forbid it.
    May,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

impl Rule {
    /// What it says, each paragraph on one line; tables and examples as they are.
    pub fn flowing(&self) -> String {
        let mut flowing = String::with_capacity(self.text.len());
        let mut is_example = false;
        let mut before = "";
        for line in self.text.lines() {
            let is_fence = line.starts_with("```");
            let is_plain = |line: &str| !line.is_empty() && !line.starts_with(['|', '`']);
            if !flowing.is_empty() {
                flowing.push(if !is_example && !is_fence && is_plain(before) && is_plain(line) {
                    ' '
                } else {
                    '\n'
                });
            }
            if is_fence {
                is_example = !is_example;
            }
            flowing += line;
            before = line;
        }
        flowing
    }
}

const TEXT: &str = include_str!("../../../docs/protocol.md");

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| parse(TEXT));

static BY_ID: LazyLock<BTreeMap<&'static str, Rule>> =
    LazyLock::new(|| RULES.iter().map(|rule| (rule.id, *rule)).collect());

/// All rules, in the order of the text.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The rule with that id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    BY_ID.get(id)
}

/// A rule is a heading of level four, the line under it its level and sources, and all up to the next heading its text.
fn parse(text: &'static str) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut part = "";
    // Each piece begins behind a heading's line break and mark.
    for piece in text.split("\n#").skip(1) {
        let level = piece.bytes().take_while(|byte| *byte == b'#').count();
        let (heading, body) = piece[level..].split_once('\n').unwrap_or((&piece[level..], ""));
        let heading = heading.trim();
        if level == 1 {
            part = heading;
        }
        let (first, body) = body.split_once('\n').unwrap_or((body, ""));
        if level == 3
            && let Some((binding, sources)) = first.split_once(" · source ")
            && let Some(level) = level_of(binding)
        {
            rules.push(Rule { id: heading, level, sources, part, text: body.trim() });
        }
    }
    rules
}

fn level_of(text: &str) -> Option<Level> {
    [Level::Must, Level::Should, Level::May].into_iter().find(|level| level.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_has_every_rule_of_the_text() {
        assert_eq!(rules().len(), TEXT.lines().filter(|line| line.starts_with("#### ")).count());
        assert_eq!(BY_ID.len(), rules().len());
        let rule = rule("AUTH-LOGIN-ALIKE").unwrap();
        assert_eq!((rule.level, rule.sources, rule.part), (Level::Should, "O", "2. Accounts and tokens"));
        assert!(rule.text.starts_with("A server does not show, by status, words or time"), "{}", rule.text);
        assert!(!rule.flowing().lines().next().unwrap_or_default().ends_with(','), "{}", rule.flowing());
        assert!(rules().iter().all(|rule| !rule.text.is_empty() && !rule.part.is_empty()));
    }
}
