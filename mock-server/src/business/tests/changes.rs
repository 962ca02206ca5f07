//! Changes of what is there: users, sessions, members, messages, conversations.

use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Session, SessionType};

use super::*;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn session(state: &Business, id: &str) -> Arc<Session> {
    state.sessions.room(id).unwrap().session.clone()
}

fn alter(
    state: &mut Business,
    by: usize,
    id: &str,
    changes: rest::UpdateSession,
) -> Result<Arc<Session>, Refusal> {
    state.apply(UpdateSession { caller: uid(by), session: id.to_owned(), changes }, now())
}

fn rename(state: &mut Business, by: usize, id: &str, name: &str) -> Result<Arc<Session>, Refusal> {
    alter(state, by, id, rest::UpdateSession { name: text(name), ..Default::default() })
}

fn change_member(
    state: &mut Business,
    by: usize,
    id: &str,
    user: usize,
    changes: rest::UpdateMember,
) -> Result<Arc<SessionMember>, Refusal> {
    let member = member(state, id, user).id.to_string();
    state.apply(UpdateMember { caller: uid(by), session: id.to_owned(), member, changes }, now())
}

fn give_role(
    state: &mut Business,
    by: usize,
    id: &str,
    user: usize,
    role: Role,
) -> Result<Arc<SessionMember>, Refusal> {
    change_member(state, by, id, user, rest::UpdateMember { role: Some(role), ..Default::default() })
}

fn edit(
    state: &mut Business,
    by: usize,
    id: &str,
    message: &Message,
    content: &str,
) -> Result<Arc<Message>, Refusal> {
    let changes = rest::EditMessage { content: text(content), ..Default::default() };
    let edit =
        EditMessage { caller: uid(by), session: id.to_owned(), message: message.id.to_string(), changes };
    state.apply(edit, now())
}

fn withdraw(state: &mut Business, by: usize, id: &str, message: &Message) -> Result<Arc<Message>, Refusal> {
    let (session, message) = (id.to_owned(), message.id.to_string());
    state.apply(DeleteMessage { caller: uid(by), session, message }, now())
}

fn update_conversation(
    state: &mut Business,
    of: usize,
    name: &str,
    top: Option<bool>,
) -> Result<Arc<UserConversation>, Refusal> {
    let known = conversation(state, of);
    let changes = rest::UpdateConversation {
        target_id: "77".to_owned(),
        name: name.to_owned(),
        kind: SessionType::P2p,
        top,
        avatar_url: None,
    };
    let (owner, conversation) = (of.to_string(), known.id.to_string());
    state.apply(UpdateConversation { caller: uid(of), owner, conversation, changes }, now())
}

fn remove_conversation(state: &mut Business, of: usize) -> Arc<UserConversation> {
    let conversation = conversation(state, of).id.to_string();
    state.apply(RemoveConversation { caller: uid(of), owner: of.to_string(), conversation }, now()).unwrap()
}

#[test]
fn a_user_changes_nobody_but_themself() {
    let mut state = with_users(2);
    let changes = rest::UpdateUser { name: text("Li"), phone: text("110"), ..Default::default() };
    let by = |caller: usize, user: &str| UpdateUser {
        caller: uid(caller),
        user: user.to_owned(),
        changes: changes.clone(),
    };
    let before = state.user("1").unwrap().clone();
    assert!(matches!(state.apply(by(2, "1"), now()), Err(Refusal::Forbidden(_))));
    assert!(matches!(state.apply(by(2, "9"), now()), Err(Refusal::NotFound(_))));
    let after = state.apply(by(1, "1"), now()).unwrap();
    assert_eq!((&*after.name, &*after.phone, &after.email), ("Li", "110", &before.email));
    assert!(after.updated_at > before.updated_at);
    assert_eq!(state.apply(by(1, "1"), now()).unwrap(), after);
}

#[test]
fn a_password_changes_only_from_the_one_that_was_checked() {
    let mut state = with_users(1);
    let set = |old: &str, new: &str| SetPassword {
        caller: uid(1),
        old_hash: old.to_owned(),
        new_hash: new.to_owned(),
    };
    state.apply(set("hash", "other"), now()).unwrap();
    assert_eq!(&*state.own_account(&uid(1)).unwrap().password_hash, "other");
    assert!(matches!(state.apply(set("hash", "third"), now()), Err(Refusal::BadRequest(_))));
}

#[test]
fn who_is_barred_or_gone_has_no_token() {
    let mut state = with_users(3);
    let issue = |user, token: &str| IssueToken {
        user: uid(user),
        token: token.to_owned(),
        life: std::time::Duration::from_secs(10),
    };
    for (user, token) in [(1, "a"), (1, "b"), (2, "c"), (3, "d")] {
        state.apply(issue(user, token), now()).unwrap();
    }
    state.apply(SetUserStatus { user: uid(1), status: Status::Inactive }, now()).unwrap();
    assert_eq!(state.account("1@example.org").unwrap().user.status, Status::Inactive);
    let delete = |caller: usize| DeleteUser { caller: uid(caller), user: "2".to_owned() };
    assert!(matches!(state.apply(delete(3), now()), Err(Refusal::Forbidden(_))));
    state.apply(delete(2), now()).unwrap();
    for token in ["a", "b", "c"] {
        assert!(matches!(state.caller(token, now()), Err(Refusal::Unauthorized(_))), "{token}");
    }
    assert_eq!(state.caller("d", now()), Ok(uid(3)));
    assert!(matches!(state.user("2"), Err(Refusal::NotFound(_))));
    assert_eq!(state.search_user("2@example.org").total, 0);
    let again = Register {
        email: "2@example.org".to_owned(),
        password_hash: String::new(),
        name: "new".to_owned(),
        avatar_url: String::new(),
    };
    assert_ne!(state.apply(again, now()).unwrap().id, uid(2));
}

#[test]
fn a_user_has_one_session_with_themself() {
    let mut state = with_users(2);
    let open = |state: &mut Business, caller| {
        state.apply(OpenSingle { caller: uid(caller), owner: "1".to_owned() }, now())
    };
    let single = open(&mut state, 1).unwrap();
    assert_eq!(single.kind, SessionType::Single);
    assert_eq!(open(&mut state, 1).unwrap(), single);
    assert!(matches!(open(&mut state, 2), Err(Refusal::Forbidden(_))));
    let id = single.id.as_str();
    assert_eq!(members(&state, id).len(), 1);
    assert!(matches!(add_as(&mut state, 1, id, 2, Role::User), Err(Refusal::Forbidden(_))));
    post(&mut state, 1, id, "note", None).unwrap();
    let shown = conversation(&state, 1);
    assert_eq!((shown.kind, &*shown.target_id, shown.unread), (SessionType::Single, id, 0));
}

#[test]
fn a_name_that_somebody_chose_is_kept() {
    let mut state = with_users(3);
    let id = group_of(&mut state, 2);
    assert!(matches!(rename(&mut state, 3, &id, "x"), Err(Refusal::Forbidden(_))));
    let before = session(&state, &id);
    let named = rename(&mut state, 2, &id, "Friends").unwrap();
    assert!(named.name_changed && named.updated_at > before.updated_at);
    assert_eq!(conversation(&state, 1).name, "Friends", "without a message");
    assert_eq!(rename(&mut state, 2, &id, "Friends").unwrap(), named);
    add(&mut state, 1, &id, 3);
    assert_eq!(session(&state, &id).name, "Friends", "SESS-NAME-KEPT");
    assert!(matches!(rename(&mut state, 2, &id, ""), Err(Refusal::BadRequest(_))));
    let again = rest::UpdateSession { name_changed: Some(false), ..Default::default() };
    assert_eq!(alter(&mut state, 1, &id, again).unwrap().name, "N1,N2,N3", "SESS-NAME-AUTO");
    let odd = rest::UpdateSession { secure_type: text("odd"), ..Default::default() };
    assert!(matches!(alter(&mut state, 1, &id, odd), Err(Refusal::BadRequest(_))));
}

#[test]
fn a_group_that_ends_removes_everybody() {
    let mut state = with_users(3);
    let id = group_of(&mut state, 3);
    post(&mut state, 2, &id, "last words", None).unwrap();
    let (known, unread) = (mts(&state, &id), conversation(&state, 3).unread);
    let end = |caller| DeleteSession { caller: uid(caller), session: id.clone() };
    assert!(matches!(state.apply(end(2), now()), Err(Refusal::Forbidden(_))));
    state.apply(end(1), now()).unwrap();
    assert!(members(&state, &id).iter().all(|member| member.is_delete && member.created_at > known));
    for user in 1..=3 {
        assert!(conversation(&state, user).is_delete);
        assert!(matches!(state.messages(&uid(user), &id, ALL), Err(Refusal::Forbidden(_))));
        assert!(state.session(&uid(user), &id).is_ok(), "what it was can still be seen");
    }
    assert_eq!(conversation(&state, 3).unread, unread);
    assert!(matches!(state.apply(end(1), now()), Err(Refusal::Forbidden(_))));
    assert!(matches!(add_as(&mut state, 1, &id, 2, Role::User), Err(Refusal::Forbidden(_))));
}

// Rule `SESS-DELETE-DISSOLVES`: one who is banned is a member too.
#[test]
fn a_group_that_ends_is_gone_from_the_list_of_a_banned_member_too() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    let ban = rest::UpdateMember { status: Some(Status::Inactive), ..Default::default() };
    change_member(&mut state, 1, &id, 2, ban).unwrap();
    state.apply(DeleteSession { caller: uid(1), session: id }, now()).unwrap();
    assert!(conversation(&state, 1).is_delete && conversation(&state, 2).is_delete);
}

#[test]
fn a_name_moves_one_clock_and_a_role_both() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    let (before, stamp) = (member(&state, &id, 2), session(&state, &id).updated_at);
    let given = rest::UpdateMember { name: text("Li"), ..Default::default() };
    let renamed = change_member(&mut state, 2, &id, 2, given.clone()).unwrap();
    assert_eq!(renamed.created_at, before.created_at);
    assert!(renamed.updated_at > before.updated_at);
    assert_eq!(session(&state, &id).name, "N1,Li");
    assert!(session(&state, &id).updated_at > stamp);
    assert_eq!(conversation(&state, 1).name, "N1,Li");
    assert_eq!(change_member(&mut state, 2, &id, 2, given).unwrap(), renamed, "no change, no stamp");
    let promoted = give_role(&mut state, 1, &id, 2, Role::Admin).unwrap();
    assert!(promoted.created_at > before.created_at);
    assert_eq!(promoted.created_at, promoted.updated_at);
    assert_eq!(mts(&state, &id), promoted.created_at);
}

#[test]
fn roles_and_bans_are_given_by_master_and_admin() {
    let mut state = with_users(5);
    let id = group_of(&mut state, 4);
    let forbidden = |result: Result<Arc<SessionMember>, Refusal>| {
        assert!(matches!(result, Err(Refusal::Forbidden(_))), "{result:?}");
    };
    forbidden(give_role(&mut state, 2, &id, 3, Role::Admin));
    forbidden(give_role(&mut state, 2, &id, 2, Role::Admin));
    forbidden(give_role(&mut state, 5, &id, 2, Role::Admin));
    let name = || rest::UpdateMember { name: text("x"), ..Default::default() };
    forbidden(change_member(&mut state, 2, &id, 3, name()));
    give_role(&mut state, 1, &id, 2, Role::Admin).unwrap();
    give_role(&mut state, 2, &id, 3, Role::Admin).unwrap();
    forbidden(give_role(&mut state, 2, &id, 1, Role::User));
    forbidden(give_role(&mut state, 2, &id, 3, Role::Master));
    let ban = || rest::UpdateMember { status: Some(Status::Inactive), ..Default::default() };
    forbidden(change_member(&mut state, 2, &id, 1, ban()));
    forbidden(change_member(&mut state, 2, &id, 2, ban()));
    let known = mts(&state, &id);
    let banned = change_member(&mut state, 2, &id, 4, ban()).unwrap();
    assert_eq!((banned.status.clone(), mts(&state, &id)), (Status::Inactive, known), "MEMBER-CREATED-AT");
    assert!(matches!(post(&mut state, 4, &id, "x", None), Err(Refusal::Forbidden(_))));
    assert_eq!(session(&state, &id).name, "N1,N2,N3", "named after active members");
    assert!(matches!(give_role(&mut state, 1, &id, 1, Role::User), Err(Refusal::BadRequest(_))));
    remove(&mut state, 1, &id, 3).unwrap();
    assert!(matches!(give_role(&mut state, 1, &id, 3, Role::User), Err(Refusal::NotFound(_))));
}

#[test]
fn the_master_passes_the_role_on() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    let known = mts(&state, &id);
    let heir = give_role(&mut state, 1, &id, 2, Role::Master).unwrap();
    let former = member(&state, &id, 1);
    assert_eq!((heir.role.clone(), former.role), (Role::Master, Role::Admin));
    assert!(former.created_at > known && heir.created_at > former.created_at);
}

#[test]
fn an_edit_moves_one_time_of_a_message() {
    let mut state = with_users(3);
    let id = group_of(&mut state, 2);
    let first = post(&mut state, 1, &id, "a", None).unwrap();
    let edited = edit(&mut state, 1, &id, &first, "b").unwrap();
    assert_eq!((&*edited.content, &edited.kind), ("b", &MessageType::Text));
    assert_eq!(edited.created_at, first.created_at);
    assert!(edited.updated_at > first.updated_at);
    assert_eq!(edit(&mut state, 1, &id, &first, "b").unwrap(), edited, "no change, no stamp");
    for (by, whose) in [(2, "another member"), (3, "an outsider")] {
        assert!(matches!(edit(&mut state, by, &id, &first, "x"), Err(Refusal::Forbidden(_))), "{whose}");
        assert!(matches!(withdraw(&mut state, by, &id, &first), Err(Refusal::Forbidden(_))), "{whose}");
    }
    assert!(matches!(edit(&mut state, 1, &id, &first, ""), Err(Refusal::BadRequest(_))));
    let deleted = withdraw(&mut state, 1, &id, &first).unwrap();
    assert!(deleted.is_delete && deleted.updated_at > edited.updated_at);
    assert_eq!(withdraw(&mut state, 1, &id, &first).unwrap(), deleted);
    assert!(matches!(edit(&mut state, 1, &id, &first, "c"), Err(Refusal::NotFound(_))));
    let theirs = post(&mut state, 2, &id, "x", None).unwrap();
    remove(&mut state, 1, &id, 2).unwrap();
    assert!(matches!(edit(&mut state, 2, &id, &theirs, "y"), Err(Refusal::Forbidden(_))), "MSG-EDIT-MEMBER");
}

/// Rule `HIST-REMOVED`: an edit after the removal is something stored later.
#[test]
fn who_is_removed_reads_what_was_there_then() {
    let mut state = with_users(3);
    let id = group_of(&mut state, 3);
    let first = post(&mut state, 1, &id, "a", None).unwrap();
    edit(&mut state, 1, &id, &first, "b").unwrap();
    remove(&mut state, 1, &id, 2).unwrap();
    edit(&mut state, 1, &id, &first, "c").unwrap();
    edit(&mut state, 1, &id, &first, "d").unwrap();
    remove(&mut state, 1, &id, 3).unwrap();
    withdraw(&mut state, 1, &id, &first).unwrap();
    let seen_by = |state: &Business, user| {
        let history = state.history(&uid(user), &id, Timestamp::MAX, 100).unwrap();
        let message = history.into_iter().find(|message| message.id == first.id).unwrap();
        (message.content.clone(), message.is_delete)
    };
    assert_eq!(seen_by(&state, 2), ("b".to_owned(), false));
    assert_eq!(seen_by(&state, 3), ("d".to_owned(), false));
    assert_eq!(seen_by(&state, 1), ("d".to_owned(), true));
    assert_eq!(
        state.sessions.room(&id).unwrap().earlier[&first.id].len(),
        2,
        "nothing is kept that nobody may read"
    );
    add(&mut state, 1, &id, 2);
    assert_eq!(seen_by(&state, 2), ("d".to_owned(), true));
}

#[test]
fn the_newest_message_is_shown_as_it_is_now() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    let older = post(&mut state, 1, &id, "a", None).unwrap();
    let newest = post(&mut state, 1, &id, "b", None).unwrap();
    let before = conversation(&state, 2);
    edit(&mut state, 1, &id, &older, "x").unwrap();
    assert_eq!(conversation(&state, 2), before, "an older message shows nowhere");
    edit(&mut state, 1, &id, &newest, "c").unwrap();
    let shown = conversation(&state, 2);
    assert_eq!((shown.last_message.unwrap().content, shown.unread), ("c".to_owned(), before.unread));
    assert!(shown.updated_at > before.updated_at);
    withdraw(&mut state, 1, &id, &newest).unwrap();
    assert_eq!(conversation(&state, 2).last_message.unwrap().content, "");
}

#[test]
fn a_conversation_is_named_and_pinned_by_its_owner() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    let before = conversation(&state, 1);
    let pinned = update_conversation(&mut state, 1, &before.name, Some(true)).unwrap();
    assert!(pinned.top && pinned.updated_at > before.updated_at);
    assert_eq!((&pinned.target_id, &pinned.kind), (&before.target_id, &before.kind));
    rename(&mut state, 2, &id, "Friends").unwrap();
    assert_eq!(conversation(&state, 1).name, "Friends", "the name was not chosen");
    let named = update_conversation(&mut state, 1, "Old friends", None).unwrap();
    assert!(named.top, "what is absent stays");
    post(&mut state, 2, &id, "x", None).unwrap();
    rename(&mut state, 2, &id, "Enemies").unwrap();
    assert_eq!(conversation(&state, 1).name, "Old friends");
    update_conversation(&mut state, 1, "Enemies", None).unwrap();
    rename(&mut state, 2, &id, "Friends").unwrap();
    assert_eq!(conversation(&state, 1).name, "Friends", "given back its own name, it follows it again");
}

#[test]
fn a_removed_conversation_comes_back_with_the_next_message() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    let known = conversation(&state, 1);
    let removed = remove_conversation(&mut state, 1);
    assert!(removed.is_delete && removed.updated_at > known.updated_at);
    assert_eq!(remove_conversation(&mut state, 1), removed);
    assert!(!member(&state, &id, 1).is_delete, "CONV-DELETE");
    rename(&mut state, 2, &id, "Friends").unwrap();
    assert_eq!(conversation(&state, 1), *removed, "it is gone, whatever its session does");
    assert!(matches!(update_conversation(&mut state, 1, "x", None), Err(Refusal::NotFound(_))));
    post(&mut state, 2, &id, "x", None).unwrap();
    let back = conversation(&state, 1);
    assert_eq!((&back.id, back.is_delete, &*back.name), (&known.id, false, "Friends"));
    assert_eq!(back.unread, known.unread + 1);
}

#[test]
fn unread_is_cleared_by_its_owner() {
    let mut state = with_users(2);
    let id = group_of(&mut state, 2);
    post(&mut state, 1, &id, "x", None).unwrap();
    let known = conversation(&state, 2);
    let clear = |caller| ClearUnread {
        caller: uid(caller),
        owner: "2".to_owned(),
        conversation: known.id.to_string(),
    };
    assert!(matches!(state.apply(clear(1), now()), Err(Refusal::Forbidden(_))));
    let cleared = state.apply(clear(2), now()).unwrap();
    assert!(cleared.unread == 0 && cleared.updated_at > known.updated_at);
    assert_eq!(state.apply(clear(2), now()).unwrap(), cleared);
}
