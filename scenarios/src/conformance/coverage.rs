//! Which rules the suite is about, and why it is not about the others.
//!
//! Invariant, kept by a test: every rule has a case or a reason, and none has both. The rules for clients have one reason
//! for all, and are those whose id or text begins with the client; so have liberties, about which there can be cases all the
//! same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cases::{UNTESTED, all};
use super::ledger::{self, Level, Rule};

/// What is said of a rule that binds clients.
const FOR_CLIENTS: &str = "binds clients: no server can be judged by it";

/// What is said of a MAY.
const LIBERTY: &str = "a liberty: whatever a server does, it keeps it";

/// Why there is no case about a rule, if there need be none.
pub fn reason(rule: &Rule) -> Option<&'static str> {
    let own = UNTESTED.iter().flat_map(|reasons| reasons.iter()).find(|(id, _)| *id == rule.id);
    match own {
        Some((_, why)) => Some(why),
        None if rule.text.starts_with("A client ") || rule.id.starts_with("CLIENT-") => Some(FOR_CLIENTS),
        None => (rule.level == Level::May).then_some(LIBERTY),
    }
}

/// The cases about each rule, by their titles.
pub fn by_rule() -> BTreeMap<&'static str, Vec<String>> {
    let mut by_rule: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for case in all() {
        for rule in case.rules {
            by_rule.entry(rule).or_default().push(case.title());
        }
    }
    by_rule
}

/// Which cases there are for each rule, or why there are none, for people.
pub fn matrix() -> String {
    let by_rule = by_rule();
    let mut text = String::new();
    let (mut part, mut tested, mut reasons) = ("", 0, 0);
    // Writing to a string does not fail.
    for rule in ledger::rules() {
        if rule.part != part {
            part = rule.part;
            let _ = writeln!(text, "\n{part}");
        }
        let cases = match (by_rule.get(rule.id), reason(rule)) {
            (Some(cases), _) => {
                tested += 1;
                // A case over both ways is one to read about.
                let is_one = |case: &&String| !case.contains('@');
                cases.iter().filter(is_one).cloned().collect::<Vec<_>>().join(", ")
            }
            (None, Some(why)) => {
                reasons += 1;
                format!("({why})")
            }
            (None, None) => "-".to_owned(),
        };
        let _ = writeln!(text, "  {:<34} {:<6} {cases}", rule.id, rule.level.to_string());
    }
    let rules = ledger::rules().len();
    let left = rules - tested - reasons;
    let _ = writeln!(
        text,
        "\n{rules} rules: {tested} have a case, {reasons} say why there is none, {left} have neither; {} cases",
        all().len()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_case_or_says_why_there_is_none() {
        let by_rule = by_rule();
        let is_left = |rule: &&Rule| !by_rule.contains_key(rule.id) && reason(rule).is_none();
        let left: Vec<&str> = ledger::rules().iter().filter(is_left).map(|rule| rule.id).collect();
        assert_eq!(left, [""; 0], "rules with neither a case nor a reason");
        for rule in ledger::rules() {
            let (has_case, has_reason) = (by_rule.contains_key(rule.id), reason(rule).is_some());
            assert!(
                !(has_case && has_reason) || rule.level == Level::May,
                "{} has a case, and a reason to have none",
                rule.id
            );
        }
    }

    #[test]
    fn reasons_are_given_for_rules_that_are_there() {
        for (id, why) in UNTESTED.iter().flat_map(|reasons| reasons.iter()) {
            assert!(ledger::rule(id).is_some(), "there is no rule {id}");
            assert!(!why.is_empty(), "{id}");
        }
    }
}
