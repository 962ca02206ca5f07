//! What users own: contacts and favourite groups.

use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Contact, UserSession};

use super::*;

pub(super) fn befriend(state: &mut Business, by: usize, user: usize) -> Result<Arc<Contact>, Refusal> {
    let add = AddContact {
        caller: uid(by),
        owner: by.to_string(),
        user: uid(user),
        name: format!("N{user}"),
        avatar_url: String::new(),
    };
    state.apply(add, now())
}

pub(super) fn contacts(state: &Business, of: usize) -> Vec<Arc<Contact>> {
    state.contacts(&uid(of), uid(of).as_str(), ALL).unwrap().entries
}

fn change(
    state: &mut Business,
    of: usize,
    contact: &Contact,
    changes: rest::UpdateContact,
) -> Result<Arc<Contact>, Refusal> {
    let (owner, contact) = (of.to_string(), contact.id.to_string());
    state.apply(UpdateContact { caller: uid(of), owner, contact, changes }, now())
}

fn part(state: &mut Business, of: usize, contact: &Contact) -> Arc<Contact> {
    let (owner, contact) = (of.to_string(), contact.id.to_string());
    state.apply(RemoveContact { caller: uid(of), owner, contact }, now()).unwrap()
}

fn favour(state: &mut Business, by: usize, session: &str) -> Result<Arc<UserSession>, Refusal> {
    let add = AddFavourite {
        caller: uid(by),
        owner: by.to_string(),
        session: session.into(),
        name: "team".to_owned(),
        avatar_url: String::new(),
    };
    state.apply(add, now())
}

fn drop_favourite(state: &mut Business, by: usize, favourite: &str) -> Result<Arc<UserSession>, Refusal> {
    let favourite = favourite.to_owned();
    state.apply(RemoveFavourite { caller: uid(by), owner: by.to_string(), favourite }, now())
}

fn favourites(state: &Business, of: usize) -> Vec<Arc<UserSession>> {
    state.favourites(&uid(of), uid(of).as_str(), ALL).unwrap().entries
}

#[test]
fn who_adds_a_contact_becomes_one() {
    let mut state = with_users(2);
    let added = befriend(&mut state, 1, 2).unwrap();
    assert_eq!((added.user_id.clone(), &*added.name, &*added.email), (uid(2), "N2", "2@example.org"));
    let other = &contacts(&state, 2)[0];
    assert_eq!((other.user_id.clone(), &*other.name, &*other.email), (uid(1), "N1", "1@example.org"));
    for (by, user) in [(1, 2), (2, 1)] {
        assert!(matches!(befriend(&mut state, by, user), Err(Refusal::BadRequest(_))), "CONTACT-ADD-TWICE");
    }
    assert!(matches!(befriend(&mut state, 1, 1), Err(Refusal::BadRequest(_))));
    assert!(matches!(befriend(&mut state, 1, 9), Err(Refusal::BadRequest(_))));
    assert_eq!((contacts(&state, 1).len(), contacts(&state, 2).len()), (1, 1));
}

#[test]
fn a_removed_contact_comes_back_as_the_same_entry() {
    let mut state = with_users(2);
    let first = befriend(&mut state, 1, 2).unwrap();
    let titled = rest::UpdateContact { title: Some("Boss".to_owned()), ..Default::default() };
    change(&mut state, 1, &first, titled).unwrap();
    let removed = part(&mut state, 1, &first);
    assert!(removed.is_delete && removed.updated_at > first.updated_at);
    assert_eq!(part(&mut state, 1, &first), removed, "a second removal changes nothing");
    let other = contacts(&state, 2)[0].clone();
    assert!(!other.is_delete, "CONTACT-DELETE-OWN-SIDE");
    let back = befriend(&mut state, 1, 2).unwrap();
    assert_eq!((&back.id, back.is_delete, &*back.title), (&first.id, false, "Boss"));
    assert!(back.updated_at > removed.updated_at);
    assert_eq!(contacts(&state, 2), [other], "the other side was there all the time");
}

#[test]
fn adding_revives_the_other_side_as_well() {
    let mut state = with_users(2);
    let first = befriend(&mut state, 1, 2).unwrap();
    let other = contacts(&state, 2)[0].clone();
    part(&mut state, 1, &first);
    part(&mut state, 2, &other);
    befriend(&mut state, 1, 2).unwrap();
    let revived = &contacts(&state, 2)[0];
    assert_eq!((&revived.id, revived.is_delete), (&other.id, false));
}

#[test]
fn of_a_contact_only_what_is_given_changes() {
    let mut state = with_users(2);
    let first = befriend(&mut state, 1, 2).unwrap();
    let given = rest::UpdateContact {
        user_id: Some(uid(1)),
        title: Some("Boss".to_owned()),
        remark: Some("asks a lot".to_owned()),
        ..Default::default()
    };
    let changed = change(&mut state, 1, &first, given.clone()).unwrap();
    assert_eq!((&changed.user_id, &*changed.name), (&uid(2), "N2"));
    assert_eq!((&*changed.title, &*changed.remark), ("Boss", "asks a lot"));
    assert!(changed.updated_at > first.updated_at);
    assert_eq!(change(&mut state, 1, &first, given.clone()).unwrap(), changed, "no change, no stamp");
    let nameless = rest::UpdateContact { name: Some(String::new()), ..Default::default() };
    assert!(matches!(change(&mut state, 1, &first, nameless), Err(Refusal::BadRequest(_))));
    part(&mut state, 1, &first);
    assert!(matches!(change(&mut state, 1, &first, given), Err(Refusal::NotFound(_))));
}

#[test]
fn lists_are_their_owners_alone() {
    let mut state = with_users(2);
    let session = group_of(&mut state, 2);
    let contact = befriend(&mut state, 1, 2).unwrap().id.to_string();
    let favourite = favour(&mut state, 1, &session).unwrap().id.to_string();
    let owner = || "1".to_owned();
    assert!(matches!(state.contacts(&uid(2), "1", ALL), Err(Refusal::Forbidden(_))));
    assert!(matches!(state.contact(&uid(2), "1", &contact), Err(Refusal::Forbidden(_))));
    assert!(matches!(state.contact(&uid(1), "1", "77"), Err(Refusal::NotFound(_))));
    assert!(matches!(state.favourites(&uid(2), "1", ALL), Err(Refusal::Forbidden(_))));
    assert!(matches!(state.favourite(&uid(2), "1", &favourite), Err(Refusal::Forbidden(_))));
    let remove = RemoveContact { caller: uid(2), owner: owner(), contact };
    assert!(matches!(state.apply(remove, now()), Err(Refusal::Forbidden(_))));
    let remove = RemoveFavourite { caller: uid(2), owner: owner(), favourite };
    assert!(matches!(state.apply(remove, now()), Err(Refusal::Forbidden(_))));
}

#[test]
fn a_group_is_on_a_list_of_favourites_once() {
    let mut state = with_users(3);
    let session = group_of(&mut state, 2);
    let first = favour(&mut state, 1, &session).unwrap();
    assert_eq!(favour(&mut state, 1, &session).unwrap(), first, "FAV-ONE-PER-SESSION");
    let removed = drop_favourite(&mut state, 1, first.id.as_str()).unwrap();
    assert!(removed.is_delete);
    assert!(!member(&state, &session, 1).is_delete, "FAV-DELETE-NOT-MEMBERSHIP");
    let back = favour(&mut state, 1, &session).unwrap();
    assert_eq!((&back.id, back.is_delete), (&first.id, false));
    assert!(back.updated_at > removed.updated_at && removed.updated_at > first.updated_at);
    assert_eq!(favourites(&state, 1).len(), 1);
    assert!(matches!(favour(&mut state, 3, &session), Err(Refusal::Forbidden(_))));
    assert!(matches!(favour(&mut state, 1, "77"), Err(Refusal::BadRequest(_))));
}

#[test]
fn of_a_favourite_group_name_and_picture_change() {
    let mut state = with_users(2);
    let session = group_of(&mut state, 2);
    let favourite = favour(&mut state, 1, &session).unwrap();
    let rename = UpdateFavourite {
        caller: uid(1),
        owner: "1".to_owned(),
        favourite: favourite.id.to_string(),
        changes: rest::UpdateUserSession { name: Some("mine".to_owned()), avatar_url: None },
    };
    let renamed = state.apply(rename, now()).unwrap();
    assert_eq!((&*renamed.name, &*renamed.avatar_url), ("mine", ""));
    assert_ne!(state.session(&uid(1), &session).unwrap().name, "mine");
}
