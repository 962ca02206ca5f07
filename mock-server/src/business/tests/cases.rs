//! Case by case.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::business::*;

fn texts(messages: &[Arc<Message>]) -> Vec<&str> {
    messages.iter().map(|message| message.content.as_str()).collect()
}

#[test]
fn an_account_name_is_taken_once() {
    let mut state = with_users(1);
    let again = Register {
        email: "1@example.org".to_owned(),
        password_hash: String::new(),
        name: "other".to_owned(),
        avatar_url: String::new(),
    };
    assert!(matches!(state.apply(again, now()), Err(Refusal::BadRequest(_))));
    assert_eq!(state.search_user("1@example.org").total, 1);
    assert_eq!(state.search_user("1@example").total, 0);
    assert_eq!(state.counts().users, 1);
}

#[test]
fn a_token_is_good_until_its_time_is_over() {
    let mut state = with_users(1);
    let life = Duration::from_secs(10);
    let issue = |token: &str| IssueToken { user: uid(1), token: token.to_owned(), life };
    state.apply(issue("a"), now()).unwrap();
    state.apply(issue("b"), now()).unwrap();
    assert_eq!(state.caller("a", now()), Ok(uid(1)), "AUTH-TOKEN-MANY");
    assert!(matches!(state.caller("a", now().plus(life)), Err(Refusal::Unauthorized(_))));
    assert!(matches!(state.caller("x", now()), Err(Refusal::Unauthorized(_))));
}

#[test]
fn a_pair_has_one_session_whoever_asks() {
    let mut state = with_users(3);
    let open = |state: &mut Business, caller, one, other| {
        let open = OpenP2p { caller: uid(caller), one: uid(one), other: uid(other) };
        state.apply(open, now())
    };
    let session = open(&mut state, 1, 1, 2).unwrap();
    assert_eq!(open(&mut state, 2, 2, 1).unwrap().id, session.id);
    assert_eq!(members(&state, session.id.as_str()).len(), 2);
    assert_eq!(state.counts().messages, 1, "MEMBER-SYSTEM-MESSAGE, once");
    assert!(matches!(open(&mut state, 3, 1, 2), Err(Refusal::Forbidden(_))));
    assert!(matches!(open(&mut state, 1, 1, 9), Err(Refusal::NotFound(_))));
    assert!(matches!(open(&mut state, 1, 1, 1), Err(Refusal::BadRequest(_))));
    assert!(matches!(add_as(&mut state, 1, session.id.as_str(), 3, Role::User), Err(Refusal::Forbidden(_))));
}

#[test]
fn an_empty_group_is_filled_by_its_creator_only() {
    let mut state = with_users(2);
    let session = group(&mut state, 1, "");
    assert!(matches!(add_as(&mut state, 2, &session, 2, Role::User), Err(Refusal::Forbidden(_))));
    assert!(state.session(&uid(1), &session).is_ok());
    assert!(state.session(&uid(2), &session).is_err());
    let master = add_as(&mut state, 1, &session, 1, Role::Master).unwrap();
    assert_eq!(master.role, Role::Master);
}

#[test]
fn any_member_adds_but_only_master_and_admin_give_roles() {
    let mut state = with_users(6);
    let session = group_of(&mut state, 2);
    assert_eq!(add(&mut state, 2, &session, 3).role, Role::User);
    assert!(matches!(add_as(&mut state, 2, &session, 4, Role::Admin), Err(Refusal::Forbidden(_))));
    assert_eq!(add_as(&mut state, 1, &session, 4, Role::Admin).unwrap().role, Role::Admin);
    assert!(matches!(add_as(&mut state, 4, &session, 5, Role::Master), Err(Refusal::BadRequest(_))));
    assert!(matches!(add_as(&mut state, 6, &session, 5, Role::User), Err(Refusal::Forbidden(_))));
}

#[test]
fn removal_and_return_move_both_clocks_of_one_entry() {
    let mut state = with_users(3);
    let session = group_of(&mut state, 3);
    let first = member(&state, &session, 3);
    let known = mts(&state, &session);
    assert!(matches!(remove(&mut state, 2, &session, 3), Err(Refusal::Forbidden(_))));
    assert_eq!(mts(&state, &session), known, "API-NO-EFFECT");
    let removed = remove(&mut state, 1, &session, 3).unwrap();
    assert!(removed.is_delete);
    assert_eq!(removed.created_at, removed.updated_at);
    assert_eq!(mts(&state, &session), removed.created_at);
    let again = remove(&mut state, 1, &session, 3).unwrap();
    assert_eq!(again, removed, "a second removal changes nothing");
    let back = add(&mut state, 2, &session, 3);
    assert_eq!(back.id, first.id);
    assert!(!back.is_delete && back.created_at > removed.created_at);
    assert_eq!(mts(&state, &session), back.created_at);
    assert_eq!(add(&mut state, 2, &session, 3), back, "MEMBER-ADD-TWICE");
}

#[test]
fn a_master_who_leaves_hands_the_role_on() {
    let mut state = with_users(3);
    let session = group_of(&mut state, 2);
    add_as(&mut state, 1, &session, 3, Role::Admin).unwrap();
    assert!(matches!(remove(&mut state, 3, &session, 1), Err(Refusal::Forbidden(_))));
    let left = remove(&mut state, 1, &session, 1).unwrap();
    let heir = member(&state, &session, 3);
    assert_eq!(heir.role, Role::Master, "an admin comes first");
    assert!(heir.created_at > left.created_at, "a new role is a new membership");
    remove(&mut state, 3, &session, 3).unwrap();
    assert_eq!(member(&state, &session, 2).role, Role::Master);
    remove(&mut state, 2, &session, 2).unwrap();
    assert!(members(&state, &session).iter().all(|member| member.is_delete));
}

#[test]
fn an_unnamed_group_is_named_after_its_first_four() {
    let mut state = with_users(5);
    let session = group_of(&mut state, 5);
    let name = |state: &Business| state.session(&uid(1), &session).unwrap().name.clone();
    assert_eq!(name(&state), "N1,N2,N3,N4");
    remove(&mut state, 1, &session, 2).unwrap();
    assert_eq!(name(&state), "N1,N3,N4,N5");
    assert_eq!(conversation(&state, 1).name, "N1,N3,N4,N5");
    let named = group(&mut state, 1, "Friends");
    add_as(&mut state, 1, &named, 1, Role::Master).unwrap();
    assert_eq!(state.session(&uid(1), &named).unwrap().name, "Friends");
}

#[test]
fn a_change_of_members_is_told_in_the_group() {
    let mut state = with_users(2);
    let session = group_of(&mut state, 2);
    let before = state.session(&uid(1), &session).unwrap().updated_at;
    remove(&mut state, 2, &session, 2).unwrap();
    let synced = state.messages(&uid(1), &session, ALL).unwrap();
    assert_eq!(
        texts(&synced.page.entries),
        [
            r#"{"text":"N1 joined the group"}"#,
            r#"{"text":"N2 joined the group"}"#,
            r#"{"text":"N2 left the group"}"#
        ]
    );
    assert!(synced.session_updated_at > before, "SESS-STAMP-ON-MEMBERSHIP");
    assert_eq!(conversation(&state, 1).unread, 3, "CONV-UNREAD-SYSTEM");
    assert_eq!(conversation(&state, 2).unread, 1);
}

#[test]
fn only_members_write_and_only_in_their_own_name() {
    let mut state = with_users(3);
    let session = group_of(&mut state, 2);
    assert!(matches!(post(&mut state, 3, &session, "x", None), Err(Refusal::Forbidden(_))));
    let in_anothers_name = PostMessage {
        caller: uid(1),
        session: session.clone(),
        sender: uid(2),
        content: "x".to_owned(),
        kind: MessageType::Text,
        idempotency_key: None,
    };
    assert!(matches!(state.apply(in_anothers_name, now()), Err(Refusal::Forbidden(_))));
    assert!(matches!(post(&mut state, 1, "77", "x", None), Err(Refusal::NotFound(_))));
    remove(&mut state, 1, &session, 2).unwrap();
    assert!(matches!(post(&mut state, 2, &session, "x", None), Err(Refusal::Forbidden(_))));
    assert!(matches!(state.messages(&uid(2), &session, ALL), Err(Refusal::Forbidden(_))));
}

#[test]
fn one_key_makes_one_message() {
    let mut state = with_users(2);
    let session = group_of(&mut state, 2);
    let other = group_of(&mut state, 2);
    let first = post(&mut state, 1, &session, "a", Some("k")).unwrap();
    let count = state.counts().messages;
    assert_eq!(post(&mut state, 1, &session, "a", Some("k")).unwrap(), first);
    assert_eq!(state.counts().messages, count);
    assert_eq!(conversation(&state, 2).unread, 2, "both systems and one text, over two groups");
    for (by, session, key) in
        [(2, &session, Some("k")), (1, &other, Some("k")), (1, &session, Some("l")), (1, &session, None)]
    {
        assert_ne!(post(&mut state, by, session, "a", key).unwrap().id, first.id);
    }
    let later = now().plus(IDEMPOTENCY_MEMORY * 2);
    let again = PostMessage {
        caller: uid(1),
        session: session.clone(),
        sender: uid(1),
        content: "a".to_owned(),
        kind: MessageType::Text,
        idempotency_key: Some("m".to_owned()),
    };
    state.apply(again, later).unwrap();
    let room = state.sessions.room(&session).unwrap();
    assert_eq!((room.keys.len(), room.keyed.len()), (1, 1), "old keys are forgotten");
}

#[test]
fn reading_clears_unread_once() {
    let mut state = with_users(2);
    let session = group_of(&mut state, 2);
    post(&mut state, 1, &session, "a", None).unwrap();
    let before = conversation(&state, 2);
    assert!(before.unread > 0);
    let read = MarkRead { caller: uid(2), session: session.clone() };
    state.apply(read.clone(), now()).unwrap();
    let after = conversation(&state, 2);
    assert_eq!(after.unread, 0);
    assert!(after.updated_at > before.updated_at);
    assert!(member(&state, &session, 2).last_read_time.is_some());
    state.apply(read, now()).unwrap();
    assert_eq!(conversation(&state, 2), after, "CONV-CHANGE-STAMPED");
}

#[test]
fn history_goes_back_page_by_page() {
    let mut state = with_users(2);
    let session = group(&mut state, 1, "g");
    add_as(&mut state, 1, &session, 1, Role::Master).unwrap();
    for text in ["a", "b", "c", "d"] {
        post(&mut state, 1, &session, text, None).unwrap();
    }
    let page = |until, limit| state.history(&uid(1), &session, until, limit).unwrap();
    let newest = page(Timestamp::MAX, 2);
    assert_eq!(texts(&newest), ["d", "c"]);
    let older = page(newest[1].created_at, 2);
    assert_eq!(texts(&older), ["c", "b"], "HIST-BOUNDARY");
    assert_eq!(page(Timestamp::EPOCH, 2).len(), 0);
    assert!(matches!(state.history(&uid(2), &session, Timestamp::MAX, 2), Err(Refusal::Forbidden(_))));
}

/// Rule `HIST-REMOVED`, in the same millisecond.
#[test]
fn history_of_a_removed_member_ends_at_the_removal() {
    let mut state = with_users(2);
    let session = group_of(&mut state, 2);
    post(&mut state, 1, &session, "before", None).unwrap();
    remove(&mut state, 1, &session, 2).unwrap();
    post(&mut state, 1, &session, "after", None).unwrap();
    let seen = state.history(&uid(2), &session, Timestamp::MAX, 100).unwrap();
    assert_eq!(texts(&seen)[0], "before");
}
