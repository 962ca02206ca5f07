//! The cases, one file per area.

mod accounts;
mod checks;
mod connection;
mod conventions;
mod delivery;
mod gate;
mod hostile;
mod keep_alive;
mod kicks;
mod own_devices;
mod payloads;
mod push_sessions;
mod recovery;
mod replies;
mod websocket;

use super::case::{Case, Transport};

/// All cases, in the order of their areas; what is to be run over both ways of push connections twice.
pub fn all() -> Vec<Case> {
    let areas = [
        conventions::CASES,
        accounts::CASES,
        gate::CASES,
        connection::CASES,
        kicks::CASES,
        keep_alive::CASES,
        push_sessions::CASES,
        replies::CASES,
        checks::CASES,
        delivery::CASES,
        payloads::CASES,
        own_devices::CASES,
        recovery::CASES,
        hostile::CASES,
        websocket::CASES,
    ];
    let ways = |case: &Case| {
        let other = case.is_over_both.then_some(Case { transport: Transport::Websocket, ..*case });
        [Some(*case), other].into_iter().flatten()
    };
    areas.into_iter().flatten().flat_map(ways).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::conformance::ledger;

    #[test]
    fn every_case_has_a_name_of_its_own_and_rules_that_are_there() {
        let mut names = BTreeSet::new();
        for case in all() {
            assert!(names.insert(case.title()), "{} is there twice", case.title());
            let (area, rest) = case.name.split_once('.').unwrap_or_default();
            let is_plain = |text: &str| {
                !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || "-0123456789".contains(c))
            };
            assert!(is_plain(area) && is_plain(rest), "{}", case.name);
            assert!(!case.rules.is_empty(), "{} is about no rule", case.name);
            for rule in case.rules {
                assert!(ledger::rule(rule).is_some(), "{}: there is no rule {rule}", case.name);
            }
        }
    }
}
