//! What holds after any sequence of operations.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use y2w_sdk::protocol::SessionType;
use y2w_sdk::protocol::rest;

use super::held::Held;
use super::*;
use crate::business::*;

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Add { by: usize, user: usize, admin: bool },
    Remove { by: usize, user: usize },
    Post { by: usize, keyed: bool },
    Read { by: usize },
    Member { by: usize, user: usize, changes: rest::UpdateMember },
    Session { by: usize, changes: rest::UpdateSession },
    Edit { by: usize, message: usize, changes: rest::EditMessage },
    Withdraw { by: usize, message: usize },
    Conversation { of: usize, which: usize, what: Whim },
    Sync,
}

/// What a user does to a conversation.
#[derive(Clone, Copy, Debug)]
enum Whim {
    Pin(bool),
    Name(usize),
    Remove,
    ClearUnread,
}

const USERS: usize = 5;

fn name() -> impl Strategy<Value = Option<String>> {
    prop::option::of((0..3_usize).prop_map(|n| format!("name {n}")))
}

fn member_changes() -> impl Strategy<Value = rest::UpdateMember> {
    let role = prop::option::of(prop::sample::select(vec![Role::Master, Role::Admin, Role::User]));
    let status = prop::option::weighted(0.2, prop::sample::select(vec![Status::Active, Status::Inactive]));
    (name(), role, status).prop_map(|(name, role, status)| rest::UpdateMember {
        name,
        role,
        status,
        ..Default::default()
    })
}

fn session_changes() -> impl Strategy<Value = rest::UpdateSession> {
    (name(), prop::option::of(any::<bool>())).prop_map(|(name, name_changed)| rest::UpdateSession {
        name,
        name_changed,
        ..Default::default()
    })
}

fn whim() -> impl Strategy<Value = Whim> {
    prop_oneof![
        any::<bool>().prop_map(Whim::Pin),
        (0..3_usize).prop_map(Whim::Name),
        Just(Whim::Remove),
        Just(Whim::ClearUnread),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = || 1..=USERS;
    let message = || 1..30_usize;
    let step = prop_oneof![
        // Most operations share their millisecond with others; the clock may even go back.
        1 => (0..3_u64).prop_map(Step::Wait),
        4 => (user(), user(), any::<bool>()).prop_map(|(by, user, admin)| Step::Add { by, user, admin }),
        3 => (user(), user()).prop_map(|(by, user)| Step::Remove { by, user }),
        6 => (user(), any::<bool>()).prop_map(|(by, keyed)| Step::Post { by, keyed }),
        2 => user().prop_map(|by| Step::Read { by }),
        4 => (user(), user(), member_changes())
            .prop_map(|(by, user, changes)| Step::Member { by, user, changes }),
        1 => (user(), session_changes()).prop_map(|(by, changes)| Step::Session { by, changes }),
        2 => (user(), message(), name()).prop_map(|(by, message, content)| Step::Edit {
            by,
            message,
            changes: rest::EditMessage { content, ..Default::default() },
        }),
        1 => (user(), message()).prop_map(|(by, message)| Step::Withdraw { by, message }),
        3 => (user(), user(), whim()).prop_map(|(of, which, what)| Step::Conversation { of, which, what }),
        4 => Just(Step::Sync),
    ];
    prop::collection::vec(step, 1..80)
}

fn member_key(member: &SessionMember) -> (String, Timestamp) {
    (member.id.to_string(), member.updated_at)
}

fn message_key(message: &Message) -> (String, Timestamp) {
    (message.id.to_string(), message.updated_at)
}

fn conversation_key(conversation: &UserConversation) -> (String, Timestamp) {
    (conversation.id.to_string(), conversation.updated_at)
}

/// Takes a step at `at`; refusals are part of the game.
fn take_step(state: &mut Business, session: &str, step: &Step, at: Timestamp) {
    let session = || session.to_owned();
    match step.clone() {
        Step::Wait(_) | Step::Sync => (),
        Step::Add { by, user, admin } => {
            let add = AddMember {
                caller: uid(by),
                session: session(),
                user: uid(user),
                name: format!("N{user}"),
                role: if admin { Role::Admin } else { Role::User },
                avatar_url: String::new(),
                status: Status::Active,
            };
            drop(state.apply(add, at));
        }
        Step::Remove { by, user } => {
            let member = member_id(state, &session(), user);
            drop(state.apply(RemoveMember { caller: uid(by), session: session(), member }, at));
        }
        Step::Post { by, keyed } => {
            let post = PostMessage {
                caller: uid(by),
                session: session(),
                sender: uid(by),
                content: "x".to_owned(),
                kind: MessageType::Text,
                idempotency_key: keyed.then(|| "key".to_owned()),
            };
            drop(state.apply(post, at));
        }
        Step::Read { by } => drop(state.apply(MarkRead { caller: uid(by), session: session() }, at)),
        Step::Member { by, user, changes } => {
            let member = member_id(state, &session(), user);
            drop(state.apply(UpdateMember { caller: uid(by), session: session(), member, changes }, at));
        }
        Step::Session { by, changes } => {
            drop(state.apply(UpdateSession { caller: uid(by), session: session(), changes }, at));
        }
        Step::Edit { by, message, changes } => {
            let message = message.to_string();
            drop(state.apply(EditMessage { caller: uid(by), session: session(), message, changes }, at));
        }
        Step::Withdraw { by, message } => {
            let message = message.to_string();
            drop(state.apply(DeleteMessage { caller: uid(by), session: session(), message }, at));
        }
        Step::Conversation { of, which, what } => whim_of(state, of, which, what, at),
    }
}

fn whim_of(state: &mut Business, of: usize, which: usize, what: Whim, at: Timestamp) {
    let (caller, owner, conversation) = (uid(of), of.to_string(), which.to_string());
    let changes = |name: String, top| rest::UpdateConversation {
        target_id: String::new(),
        name,
        kind: SessionType::Group,
        top,
        avatar_url: None,
    };
    match what {
        Whim::Pin(top) => {
            let known = state.conversation(&caller, &owner, &conversation);
            let changes =
                changes(known.map_or_else(|_| String::new(), |known| known.name.clone()), Some(top));
            drop(state.apply(UpdateConversation { caller, owner, conversation, changes }, at));
        }
        Whim::Name(n) => {
            let changes = changes(format!("name {n}"), None);
            drop(state.apply(UpdateConversation { caller, owner, conversation, changes }, at));
        }
        Whim::Remove => drop(state.apply(RemoveConversation { caller, owner, conversation }, at)),
        Whim::ClearUnread => drop(state.apply(ClearUnread { caller, owner, conversation }, at)),
    }
}

fn member_id(state: &Business, session: &str, user: usize) -> String {
    let room = state.sessions.room(session).unwrap();
    room.member_of(&uid(user)).map_or_else(String::new, |member| member.id.to_string())
}

/// What a push server has to be told of: who is in, and what each may do.
fn membership(state: &Business, session: &str) -> Vec<(UserId, bool, Role)> {
    let members = members(state, session).into_iter();
    members.map(|member| (member.user_id, member.is_delete, member.role)).collect()
}

proptest! {
    /// Rules `SYNC-LOSSLESS`, `SYNC-STAMP-STRICT`, `SYNC-PAGE-PREFIX`, `MTS-GROWS`: whoever follows the watermark in
    /// small pages, with changes between them, ends with what a full fetch gives.
    #[test]
    fn incremental_syncs_add_up_to_the_whole(steps in steps()) {
        let mut state = with_users(USERS);
        let session = group_of(&mut state, 2);
        let owner = uid(1);
        let (mut of_members, mut of_messages, mut of_conversations) =
            (Held::nothing(), Held::nothing(), Held::nothing());
        let mut at = now();
        let (mut known_mts, mut known) = (mts(&state, &session), membership(&state, &session));
        for step in &steps {
            if let Step::Wait(millis) = step {
                // 0 sets the clock back.
                at = if *millis == 0 { now() } else { at.plus(Duration::from_millis(*millis)) };
            }
            take_step(&mut state, &session, step, at);
            let (mts, members) = (mts(&state, &session), membership(&state, &session));
            prop_assert_eq!(mts > known_mts, members != known, "{:?}", step);
            let masters = members.iter().filter(|(_, gone, role)| !gone && *role == Role::Master).count();
            prop_assert!(masters <= 1, "{:?}", step);
            (known_mts, known) = (mts, members);
            if let Step::Sync = step {
                let page = state.sessions.room(&session).unwrap().members.page(of_members.range());
                of_members.take(&page, member_key);
                let page = state.sessions.room(&session).unwrap().messages.page(of_messages.range());
                of_messages.take(&page, message_key);
                let page = state.conversations(&owner, "1", of_conversations.range()).unwrap();
                of_conversations.take(&page, conversation_key);
            }
        }
        let room = state.sessions.room(&session).unwrap();
        while of_members.take(&room.members.page(of_members.range()), member_key) {}
        while of_messages.take(&room.messages.page(of_messages.range()), message_key) {}
        while of_conversations.take(&state.conversations(&owner, "1", of_conversations.range()).unwrap(), conversation_key) {}
        // What only `lastReadTime` changed comes with no sync of its own (`MEMBER-LAST-READ-QUIET`).
        for member in of_members.entries.values_mut() {
            member.last_read_time = None;
        }
        let mut full = room.members.page(ALL);
        for member in &mut full.entries {
            Arc::make_mut(member).last_read_time = None;
        }
        of_members.check(&full, member_key);
        of_messages.check(&room.messages.page(ALL), message_key);
        of_conversations.check(&state.conversations(&owner, "1", ALL).unwrap(), conversation_key);
    }

    /// The same operations at the same times give the same state.
    #[test]
    fn the_state_is_decided_by_its_operations(steps in steps()) {
        let run = || {
            let mut state = with_users(USERS);
            let session = group_of(&mut state, 2);
            for step in &steps {
                take_step(&mut state, &session, step, now());
            }
            let room = state.sessions.room(&session).unwrap();
            (room.members.page(ALL), room.messages.page(ALL))
        };
        prop_assert_eq!(run(), run());
    }
}
