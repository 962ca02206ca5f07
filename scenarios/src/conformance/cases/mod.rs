//! The cases, one file per area.

mod accounts;
mod apps;
mod attachments;
mod auth;
mod bodies;
mod checks;
mod clocks;
mod connection;
mod contact_changes;
mod contacts;
mod conventions;
mod conversation_changes;
mod conversations;
mod cors;
mod delivery;
mod delivery_updates;
mod edits;
mod emojis;
mod favourites;
mod gate;
mod history;
mod hostile;
mod keep_alive;
mod kicks;
mod lists;
mod member_changes;
mod member_removals;
mod members;
mod message_keys;
mod messages;
mod own_devices;
mod passwords;
mod payloads;
mod push_members;
mod push_sessions;
mod recovery;
mod refusals;
mod refused;
mod replies;
mod rights;
mod routes;
mod session_changes;
mod sessions;
mod sync;
mod sync_emojis;
mod sync_people;
mod sync_writes;
mod tokens;
mod unread;
mod upload;
mod uploads;
mod users;
mod websocket;

use super::case::{Case, Transport};

/// All cases, in the order of their areas; what is to be run over both ways of push connections twice.
pub fn all() -> Vec<Case> {
    let areas = [
        conventions::CASES,
        auth::CASES,
        cors::CASES,
        refusals::CASES,
        bodies::CASES,
        lists::CASES,
        apps::CASES,
        accounts::CASES,
        passwords::CASES,
        tokens::CASES,
        users::CASES,
        contacts::CASES,
        contact_changes::CASES,
        favourites::CASES,
        attachments::CASES,
        uploads::CASES,
        emojis::CASES,
        sessions::CASES,
        session_changes::CASES,
        members::CASES,
        member_removals::CASES,
        member_changes::CASES,
        clocks::CASES,
        conversations::CASES,
        conversation_changes::CASES,
        unread::CASES,
        messages::CASES,
        message_keys::CASES,
        edits::CASES,
        history::CASES,
        rights::CASES,
        sync::CASES,
        sync_emojis::CASES,
        sync_writes::CASES,
        sync_people::CASES,
        connection::CASES,
        push_sessions::CASES,
        push_members::CASES,
        gate::CASES,
        kicks::CASES,
        keep_alive::CASES,
        replies::CASES,
        checks::CASES,
        refused::CASES,
        delivery::CASES,
        delivery_updates::CASES,
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

/// Rules without a case, and why; those for clients need none: see [`coverage`](super::coverage).
pub(super) const UNTESTED: &[&[(&str, &str)]] =
    &[accounts::UNTESTED, attachments::UNTESTED, bodies::UNTESTED, gate::UNTESTED, recovery::UNTESTED];

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
