//! What holds after any sequence of operations.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

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
    Sync,
}

const USERS: usize = 5;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = || 1..=USERS;
    let step = prop_oneof![
        // Most operations share their millisecond with others; the clock may even go back.
        1 => (0..3_u64).prop_map(Step::Wait),
        4 => (user(), user(), any::<bool>()).prop_map(|(by, user, admin)| Step::Add { by, user, admin }),
        3 => (user(), user()).prop_map(|(by, user)| Step::Remove { by, user }),
        6 => (user(), any::<bool>()).prop_map(|(by, keyed)| Step::Post { by, keyed }),
        2 => user().prop_map(|by| Step::Read { by }),
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

/// Takes a step at `at`; says whether the membership changed.
fn take_step(state: &mut Business, session: &str, step: &Step, at: Timestamp) -> bool {
    match *step {
        Step::Wait(_) | Step::Sync => false,
        Step::Add { by, user, admin } => {
            let present = state.member_of(session, user).is_some_and(|member| !member.is_delete);
            let add = AddMember {
                caller: uid(by),
                session: session.to_owned(),
                user: uid(user),
                name: format!("N{user}"),
                role: if admin { Role::Admin } else { Role::User },
                avatar_url: String::new(),
                status: Status::Active,
            };
            state.apply(add, at).is_ok() && !present
        }
        Step::Remove { by, user } => {
            let Some(member) = state.member_of(session, user) else {
                return false;
            };
            let remove = RemoveMember {
                caller: uid(by),
                session: session.to_owned(),
                member: member.id.as_str().to_owned(),
            };
            state.apply(remove, at).is_ok() && !member.is_delete
        }
        Step::Post { by, keyed } => {
            let post = PostMessage {
                caller: uid(by),
                session: session.to_owned(),
                sender: uid(by),
                content: "x".to_owned(),
                kind: MessageType::Text,
                idempotency_key: keyed.then(|| "key".to_owned()),
            };
            drop(state.apply(post, at));
            false
        }
        Step::Read { by } => {
            let read = MarkRead { caller: uid(by), session: session.to_owned() };
            drop(state.apply(read, at));
            false
        }
    }
}

impl Business {
    fn member_of(&self, session: &str, user: usize) -> Option<SessionMember> {
        let room = self.sessions.room(session).unwrap();
        room.member_of(&uid(user)).map(|member| SessionMember::clone(member))
    }
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
        let mut known_mts = mts(&state, &session);
        for step in &steps {
            if let Step::Wait(millis) = step {
                // 0 sets the clock back.
                at = if *millis == 0 { now() } else { at.plus(Duration::from_millis(*millis)) };
            }
            let moved = take_step(&mut state, &session, step, at);
            let mts = mts(&state, &session);
            prop_assert_eq!(mts > known_mts, moved, "{:?}", step);
            known_mts = mts;
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
