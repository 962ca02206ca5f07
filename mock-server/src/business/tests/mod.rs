//! The rules of the business state, case by case, and what holds after any sequence of operations. Here: short ways to
//! say who does what.

mod cases;
mod changes;
mod held;
mod list_properties;
mod lists;
mod machine;
mod properties;

use std::sync::Arc;

use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::{Message, MessageType, SessionMember, Timestamp, UserConversation, UserId};

use super::*;

const ALL: Range = Range { since: Timestamp::EPOCH, offset: 0, limit: usize::MAX };

fn now() -> Timestamp {
    Timestamp::MIN
}

/// A state with users `1` to `count`.
fn with_users(count: usize) -> Business {
    let mut state = Business::default();
    for n in 1..=count {
        state
            .apply(
                Register {
                    email: format!("{n}@example.org"),
                    password_hash: "hash".to_owned(),
                    name: format!("N{n}"),
                    avatar_url: String::new(),
                },
                now(),
            )
            .unwrap();
    }
    state
}

fn uid(n: usize) -> UserId {
    UserId::from(n.to_string().as_str())
}

fn group(state: &mut Business, creator: usize, name: &str) -> String {
    let create = CreateGroup {
        caller: uid(creator),
        name: name.to_owned(),
        secure_type: "public".to_owned(),
        avatar_url: String::new(),
    };
    state.apply(create, now()).unwrap().id.as_str().to_owned()
}

fn add_as(
    state: &mut Business,
    by: usize,
    session: &str,
    user: usize,
    role: Role,
) -> Result<Arc<SessionMember>, Refusal> {
    let add = AddMember {
        caller: uid(by),
        session: session.to_owned(),
        user: uid(user),
        name: format!("N{user}"),
        role,
        avatar_url: String::new(),
        status: Status::Active,
    };
    state.apply(add, now())
}

fn add(state: &mut Business, by: usize, session: &str, user: usize) -> Arc<SessionMember> {
    add_as(state, by, session, user, Role::User).unwrap()
}

/// A group of users `1` to `count`, with `1` as its master.
fn group_of(state: &mut Business, count: usize) -> String {
    let session = group(state, 1, "");
    add_as(state, 1, &session, 1, Role::Master).unwrap();
    for user in 2..=count {
        add(state, 1, &session, user);
    }
    session
}

fn remove(
    state: &mut Business,
    by: usize,
    session: &str,
    user: usize,
) -> Result<Arc<SessionMember>, Refusal> {
    let member = member(state, session, user).id;
    let remove =
        RemoveMember { caller: uid(by), session: session.to_owned(), member: member.as_str().to_owned() };
    state.apply(remove, now())
}

fn post(
    state: &mut Business,
    by: usize,
    session: &str,
    text: &str,
    key: Option<&str>,
) -> Result<Arc<Message>, Refusal> {
    let post = PostMessage {
        caller: uid(by),
        session: session.to_owned(),
        sender: uid(by),
        content: text.to_owned(),
        kind: MessageType::Text,
        idempotency_key: key.map(str::to_owned),
    };
    state.apply(post, now())
}

fn members(state: &Business, session: &str) -> Vec<SessionMember> {
    let room = state.sessions.room(session).unwrap();
    room.members.iter().map(|member| SessionMember::clone(member)).collect()
}

fn member(state: &Business, session: &str, user: usize) -> SessionMember {
    let found = members(state, session).into_iter().find(|member| member.user_id == uid(user));
    found.unwrap()
}

fn mts(state: &Business, session: &str) -> Timestamp {
    members(state, session).iter().map(|member| member.created_at).max().unwrap()
}

fn conversation(state: &Business, user: usize) -> UserConversation {
    let page = state.conversations(&uid(user), uid(user).as_str(), ALL).unwrap();
    UserConversation::clone(page.entries.last().unwrap())
}
