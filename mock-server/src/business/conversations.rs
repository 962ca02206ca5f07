//! Each user's view of the sessions. Made by the server only, with the first message (`CONV-SERVER-MADE`,
//! `CONV-ON-MESSAGE`).
//!
//! A conversation shows the name and the picture of its session, or of the other user, until its owner chooses others
//! (`CONV-UPDATE`); what was chosen stays when the session changes (`CONV-NAME-CHOSEN`).

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{
    ConversationId, LastMessage, Message, MessageType, SessionMember, SessionType, Timestamp,
    UserConversation, UserId,
};

use super::collection::{Page, Range};
use super::sessions::Room;
use super::users::Users;
use super::{Business, Operation, Refusal, same_user};
use crate::quirks::Quirk;

/// Changes how a user's list shows a session. Rules `CONV-UPDATE`, `CONV-NAME-CHOSEN`, `CONV-OWNER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateConversation {
    /// Who changes it.
    pub caller: UserId,
    /// Among whose conversations; the caller's own.
    pub owner: String,
    /// The entry.
    pub conversation: String,
    /// What is given changes.
    pub changes: rest::UpdateConversation,
}

impl Operation for UpdateConversation {
    type Reply = Arc<UserConversation>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<UserConversation>, Refusal> {
        let known = state.conversation(&self.caller, &self.owner, &self.conversation)?;
        if known.is_delete {
            return Err(Refusal::not_found("the conversation was removed"));
        }
        let rest::UpdateConversation { target_id: _, kind: _, name, top, avatar_url } = self.changes;
        let avatar_url = avatar_url.unwrap_or_else(|| known.avatar_url.clone());
        let mut chosen = state.chosen.get(&known.id).copied().unwrap_or_default();
        if let Some(room) = state.room_shown_in(known, &self.caller) {
            let face = Face::of(room, &self.caller, &state.users);
            // A client sends the name along with whatever it changes; only another name is a choice.
            if name != known.name {
                chosen.name = name != face.name;
            }
            if avatar_url != known.avatar_url {
                chosen.avatar_url = avatar_url != face.avatar_url;
            }
        }
        state.chosen.insert(known.id.clone(), chosen);
        let changed = state.conversations.edit(&self.caller, &self.conversation, now, |conversation| {
            conversation.name = name;
            conversation.top = top.unwrap_or(conversation.top);
            conversation.avatar_url = avatar_url;
        });
        changed.ok_or_else(no_such)
    }
}

/// Takes a conversation off the list until the next message; to do so twice changes nothing. Rules `CONV-DELETE`,
/// `CONV-OWNER`, `SYNC-TOMBSTONE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveConversation {
    /// Who removes it.
    pub caller: UserId,
    /// Among whose conversations; the caller's own.
    pub owner: String,
    /// The entry.
    pub conversation: String,
}

impl Operation for RemoveConversation {
    type Reply = Arc<UserConversation>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<UserConversation>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        let removed = if state.quirks.on(Quirk::TombstonesUnstamped) {
            state.conversations.edit_unstamped(&self.caller, &self.conversation, take_off)
        } else {
            state.conversations.edit(&self.caller, &self.conversation, now, take_off)
        };
        removed.ok_or_else(no_such)
    }
}

/// Says that a user has read all of a conversation. Rules `CONV-CLEAR-UNREAD`, `CONV-OWNER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClearUnread {
    /// Who has read.
    pub caller: UserId,
    /// Among whose conversations; the caller's own.
    pub owner: String,
    /// The entry.
    pub conversation: String,
}

impl Operation for ClearUnread {
    type Reply = Arc<UserConversation>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<UserConversation>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        let read = |conversation: &mut UserConversation| conversation.unread = 0;
        let cleared = if state.quirks.on(Quirk::ClearUnreadUnstamped) {
            state.conversations.edit_unstamped(&self.caller, &self.conversation, read)
        } else {
            state.conversations.edit(&self.caller, &self.conversation, now, read)
        };
        cleared.ok_or_else(no_such)
    }
}

fn take_off(conversation: &mut UserConversation) {
    conversation.is_delete = true;
    conversation.visiable = false;
}

fn no_such() -> Refusal {
    Refusal::not_found("no such conversation")
}

impl Business {
    /// A user's conversations, for that user. Rules `CONV-LIST`, `CONV-OWNER`.
    pub fn conversations(
        &self,
        caller: &UserId,
        user: &str,
        range: Range,
    ) -> Result<Page<UserConversation>, Refusal> {
        same_user(caller, user)?;
        Ok(self.sync(range, |range| self.conversations.page(caller, range)))
    }

    /// One conversation, removed or not.
    pub fn conversation(
        &self,
        caller: &UserId,
        owner: &str,
        conversation: &str,
    ) -> Result<&Arc<UserConversation>, Refusal> {
        same_user(caller, owner)?;
        self.conversations.entry(caller, conversation).ok_or_else(no_such)
    }

    /// How many messages of a session a user has not read. Rule `CONV-UNREAD`.
    pub fn unread(&self, user: &UserId, session: &str) -> u32 {
        self.conversations.under(user, session).map_or(0, |conversation| conversation.unread)
    }

    /// Rule `CONV-CHANGE-STAMPED`: the stamp moves only where there was something to clear.
    pub(super) fn clear_unread(&mut self, user: &UserId, session: &str, now: Timestamp) {
        if self.unread(user, session) > 0 {
            self.conversations.update_under(user, session, now, |conversation| conversation.unread = 0);
        }
    }

    /// Shows a new message in the conversation of each active member. Rules `CONV-ON-MESSAGE`, `CONV-LAST-MESSAGE`,
    /// `CONV-UNREAD`, `CONV-UNREAD-SYSTEM`, `CONV-RETURNS`.
    pub(super) fn note_message(
        &mut self,
        session: &str,
        message: &Message,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let room = self.sessions.room(session)?;
        let last = in_short(message);
        let has = |quirk| self.quirks.on(quirk);
        for member in room.present() {
            let user = &member.user_id;
            let is_system = message.kind == MessageType::System;
            let is_own = *user == message.sender && !is_system;
            let counts = if is_system {
                !has(Quirk::UnreadMissesSystem)
            } else {
                !is_own || has(Quirk::UnreadCountsSender)
            };
            if is_own && has(Quirk::SenderWithoutConversation) {
                continue;
            }
            if has(Quirk::SecondConversation)
                && self.conversations.under(user, session).is_some_and(|known| known.is_delete)
            {
                self.conversations.unlink(user, session);
            }
            let face = Face::of(room, user, &self.users);
            let show = |conversation: &mut UserConversation| {
                conversation.unread += u32::from(counts);
                if has(Quirk::UnreadStopsAt1) {
                    conversation.unread = conversation.unread.min(1);
                }
                if !has(Quirk::LastMessageStale) {
                    conversation.last_message = Some(last.clone());
                }
                conversation.visiable = true;
                conversation.is_delete &= has(Quirk::ConversationStaysDeleted);
                face.put_on(conversation, &self.chosen);
            };
            let make = |id, stamp| face.conversation(id, stamp, &last, counts);
            self.conversations.put(user, &room.session.id, now, show, make);
        }
        Ok(())
    }

    /// The newest message of a session has changed: so does what the conversations show of it. Rules
    /// `CONV-LAST-MESSAGE-EDITED`, `CONV-CHANGE-STAMPED`.
    pub(super) fn note_edit(
        &mut self,
        session: &str,
        message: &Message,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.quirks.on(Quirk::LastMessageEditIgnored) {
            return Ok(());
        }
        let last = in_short(message);
        self.update_conversations(session, now, SessionMember::is_present, |_, _, conversation| {
            conversation.last_message = Some(last.clone());
        })
    }

    /// A session has another name or picture: its conversations show it. Rules `CONV-CHANGE-STAMPED`, `CONV-NAME-CHOSEN`.
    pub(super) fn note_face(&mut self, session: &str, now: Timestamp) -> Result<(), Refusal> {
        self.update_conversations(session, now, SessionMember::is_present, |face, chosen, conversation| {
            face.put_on(conversation, chosen);
        })
    }

    /// A session has ended: its conversations go, those of banned members too. Rule `SESS-DELETE-DISSOLVES`.
    pub(super) fn note_end(&mut self, session: &str, now: Timestamp) -> Result<(), Refusal> {
        let is_in = |member: &SessionMember| !member.is_delete;
        self.update_conversations(session, now, is_in, |_, _, conversation| take_off(conversation))
    }

    /// Changes the conversation, if it is not removed, of each member that is meant; one that comes out as it was keeps its
    /// stamp.
    fn update_conversations(
        &mut self,
        session: &str,
        now: Timestamp,
        whose: impl Fn(&SessionMember) -> bool,
        change: impl Fn(&Face<'_>, &Choices, &mut UserConversation),
    ) -> Result<(), Refusal> {
        let room = self.sessions.room(session)?;
        for member in room.members.iter().filter(|member| whose(member)) {
            let face = Face::of(room, &member.user_id, &self.users);
            self.conversations.edit_under(&member.user_id, session, now, |conversation| {
                if !conversation.is_delete {
                    change(&face, &self.chosen, conversation);
                }
            });
        }
        Ok(())
    }

    fn room_shown_in(&self, conversation: &UserConversation, owner: &UserId) -> Option<&Room> {
        let target = conversation.target_id.as_str();
        match conversation.kind {
            SessionType::P2p => self.sessions.p2p_room(owner, &UserId::from(target)),
            _ => self.sessions.room(target).ok(),
        }
    }
}

/// Which parts of their faces the owners of conversations have chosen.
pub(super) type Choices = FxHashMap<ConversationId, Chosen>;

/// What of a conversation's face its owner has chosen. Rule `CONV-NAME-CHOSEN`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chosen {
    name: bool,
    avatar_url: bool,
}

/// Rules `CONV-LAST-MESSAGE`, `CONV-LAST-MESSAGE-EDITED`.
fn in_short(message: &Message) -> LastMessage {
    LastMessage {
        sender: message.sender.clone(),
        kind: message.kind.clone(),
        content: if message.is_delete { String::new() } else { message.content.clone() },
    }
}

/// What a conversation shows of its session. Rule `CONV-TARGET`.
struct Face<'a> {
    kind: &'a SessionType,
    target: &'a str,
    name: &'a str,
    avatar_url: &'a str,
}

impl<'a> Face<'a> {
    fn of(room: &'a Room, user: &UserId, users: &'a Users) -> Self {
        let session = &room.session;
        let other = match session.kind {
            SessionType::P2p if !room.quirks.on(Quirk::P2pTargetIsSession) => room
                .members
                .iter()
                .find(|member| member.user_id != *user)
                .and_then(|member| users.find(&member.user_id)),
            _ => None,
        };
        match other {
            Some(other) => Self {
                kind: &session.kind,
                target: other.id.as_str(),
                name: &other.name,
                avatar_url: &other.avatar_url,
            },
            None => Self {
                kind: &session.kind,
                target: session.id.as_str(),
                name: &session.name,
                avatar_url: &session.avatar_url,
            },
        }
    }

    fn put_on(&self, conversation: &mut UserConversation, choices: &Choices) {
        let chosen = |part: fn(&Chosen) -> bool, id| choices.get(id).is_some_and(part);
        if conversation.name != self.name && !chosen(|chosen| chosen.name, &conversation.id) {
            self.name.clone_into(&mut conversation.name);
        }
        if conversation.avatar_url != self.avatar_url && !chosen(|chosen| chosen.avatar_url, &conversation.id)
        {
            self.avatar_url.clone_into(&mut conversation.avatar_url);
        }
    }

    fn conversation(
        &self,
        id: ConversationId,
        stamp: Timestamp,
        last: &LastMessage,
        counts: bool,
    ) -> UserConversation {
        UserConversation {
            id,
            target_id: self.target.to_owned(),
            name: self.name.to_owned(),
            kind: self.kind.clone(),
            top: false,
            visiable: true,
            unread: u32::from(counts),
            last_message: Some(last.clone()),
            avatar_url: self.avatar_url.to_owned(),
            is_delete: false,
            created_at: Some(stamp),
            updated_at: stamp,
        }
    }
}
