//! What holds of users' own lists after any sequence of operations.

use std::time::Duration;

use proptest::prelude::*;
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Contact, UserSession};

use super::held::Held;
use super::*;

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    AddContact { by: usize, user: usize },
    Retitle { by: usize, which: usize, title: bool },
    RemoveContact { by: usize, which: usize },
    Favour { by: usize, which: usize },
    Unfavour { by: usize, which: usize },
    Sync,
}

const USERS: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = || 1..=USERS;
    let which = || 0..8_usize;
    let step = prop_oneof![
        1 => (0..3_u64).prop_map(Step::Wait),
        4 => (user(), user()).prop_map(|(by, user)| Step::AddContact { by, user }),
        2 => (user(), which(), any::<bool>())
            .prop_map(|(by, which, title)| Step::Retitle { by, which, title }),
        3 => (user(), which()).prop_map(|(by, which)| Step::RemoveContact { by, which }),
        3 => (user(), 0..3_usize).prop_map(|(by, which)| Step::Favour { by, which }),
        2 => (user(), which()).prop_map(|(by, which)| Step::Unfavour { by, which }),
        4 => Just(Step::Sync),
    ];
    prop::collection::vec(step, 1..80)
}

fn contact_key(contact: &Contact) -> (String, Timestamp) {
    (contact.user_id.to_string(), contact.updated_at.unwrap())
}

fn favourite_key(favourite: &UserSession) -> (String, Timestamp) {
    (favourite.session_id.to_string(), favourite.updated_at.unwrap())
}

/// The ids are the app's, so a number may name an entry of anybody, or of nobody.
fn take_step(state: &mut Business, sessions: &[String], step: &Step, at: Timestamp) {
    match *step {
        Step::Wait(_) | Step::Sync => (),
        Step::AddContact { by, user } => {
            let add = AddContact {
                caller: uid(by),
                owner: by.to_string(),
                user: uid(user),
                name: format!("N{user}"),
                avatar_url: String::new(),
            };
            drop(state.apply(add, at));
        }
        Step::Retitle { by, which, title } => {
            let update = UpdateContact {
                caller: uid(by),
                owner: by.to_string(),
                contact: which.to_string(),
                changes: rest::UpdateContact {
                    title: Some(if title { "Boss".to_owned() } else { String::new() }),
                    ..Default::default()
                },
            };
            drop(state.apply(update, at));
        }
        Step::RemoveContact { by, which } => {
            let (owner, contact) = (by.to_string(), which.to_string());
            drop(state.apply(RemoveContact { caller: uid(by), owner, contact }, at));
        }
        Step::Favour { by, which } => {
            let add = AddFavourite {
                caller: uid(by),
                owner: by.to_string(),
                session: sessions[which].as_str().into(),
                name: "team".to_owned(),
                avatar_url: String::new(),
            };
            drop(state.apply(add, at));
        }
        Step::Unfavour { by, which } => {
            let (owner, favourite) = (by.to_string(), which.to_string());
            drop(state.apply(RemoveFavourite { caller: uid(by), owner, favourite }, at));
        }
    }
}

proptest! {
    /// Rules `SYNC-LOSSLESS`, `SYNC-STAMP-STRICT`, `CONTACT-REVIVE`, `FAV-ONE-PER-SESSION`: whoever follows the
    /// watermark and merges by key ends with what a full fetch gives, and no key comes under two ids.
    #[test]
    fn incremental_syncs_of_lists_add_up_to_the_whole(steps in steps()) {
        let mut state = with_users(USERS);
        let sessions: Vec<String> = (0..3).map(|_| group_of(&mut state, USERS)).collect();
        let owner = uid(1);
        let (mut of_contacts, mut of_favourites) = (Held::nothing(), Held::nothing());
        let mut at = now();
        for step in &steps {
            if let Step::Wait(millis) = step {
                // 0 sets the clock back.
                at = if *millis == 0 { now() } else { at.plus(Duration::from_millis(*millis)) };
            }
            take_step(&mut state, &sessions, step, at);
            if let Step::Sync = step {
                of_contacts.take(&state.contacts(&owner, "1", of_contacts.range()).unwrap(), contact_key);
                of_favourites.take(&state.favourites(&owner, "1", of_favourites.range()).unwrap(), favourite_key);
            }
        }
        while of_contacts.take(&state.contacts(&owner, "1", of_contacts.range()).unwrap(), contact_key) {}
        while of_favourites.take(&state.favourites(&owner, "1", of_favourites.range()).unwrap(), favourite_key) {}
        let contacts = state.contacts(&owner, "1", ALL).unwrap();
        prop_assert_eq!(contacts.entries.len(), of_contacts.entries.len(), "one entry for each user");
        of_contacts.check(&contacts, contact_key);
        let favourites = state.favourites(&owner, "1", ALL).unwrap();
        prop_assert_eq!(favourites.entries.len(), of_favourites.entries.len(), "one entry for each session");
        of_favourites.check(&favourites, favourite_key);
    }

    /// Rule `CONTACT-ADD-MUTUAL`: who was ever added has an entry for the one who added.
    #[test]
    fn contacts_are_known_to_each_other(steps in steps()) {
        let mut state = with_users(USERS);
        let sessions: Vec<String> = (0..3).map(|_| group_of(&mut state, USERS)).collect();
        for step in &steps {
            take_step(&mut state, &sessions, step, now());
        }
        for one in 1..=USERS {
            for contact in state.contacts(&uid(one), uid(one).as_str(), ALL).unwrap().entries {
                prop_assert!(state.contacts.under(&contact.user_id, uid(one).as_str()).is_some());
            }
        }
    }
}
