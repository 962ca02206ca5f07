//! The messages of a session.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Message, MessageId, MessageType, Timestamp, UserId};

use super::collection::{Page, Range, Slot};
use super::sessions::Room;
use super::{Business, Operation, Refusal, require, require_if_given, same_user};
use crate::quirks::Quirk;

/// For how long an idempotency key is remembered: longer than a client tries (`CLIENT-STORE-RETRY`) with a deadline on
/// each attempt. Rule `MSG-IDEMPOTENCY-KEY`.
pub const IDEMPOTENCY_MEMORY: Duration = Duration::from_secs(3_600);

/// Stores a message. Rules `MSG-STORE`, `MSG-SENDER`, `MSG-MEMBERS-ONLY`, `MSG-STAMP-NEW`, `MSG-IDEMPOTENCY-KEY`,
/// `CONV-ON-MESSAGE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PostMessage {
    /// Who asks.
    pub caller: UserId,
    /// In which session.
    pub session: String,
    /// In whose name; the caller's own.
    pub sender: UserId,
    /// A string of JSON.
    pub content: String,
    /// What it holds.
    pub kind: MessageType,
    /// The same key again gives the same message again.
    pub idempotency_key: Option<String>,
}

impl Operation for PostMessage {
    type Reply = Arc<Message>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Message>, Refusal> {
        let room = state.sessions.room_mut(&self.session)?;
        room.check_member_or(Quirk::PostByRemoved, &self.caller)?;
        if !state.quirks.on(Quirk::SenderForged) {
            same_user(&self.caller, self.sender.as_str())?;
        }
        require(!self.kind.as_str().is_empty(), "type")?;
        if state.quirks.on(Quirk::TypesClosed) && !is_of_closed_types(&self.kind) {
            return Err(Refusal::bad_request("there is no such type"));
        }
        let key_of =
            if state.quirks.on(Quirk::IdempotencyKeyShared) { UserId::from("") } else { self.caller };
        let key = self.idempotency_key.map(|key| (key_of, Arc::<str>::from(key)));
        if let Some(stored) = key.as_ref().and_then(|key| room.stored_with(key)) {
            return Ok(stored.clone());
        }
        let stamp = room.stamps.next(now);
        let message = Message {
            id: state.sessions.message_ids.next(),
            sender: self.sender,
            kind: self.kind,
            content: if state.quirks.on(Quirk::ContentReencoded) {
                reencoded(self.content)
            } else {
                self.content
            },
            is_delete: false,
            created_at: stamp,
            updated_at: stamp,
        };
        let room = state.sessions.room_mut(&self.session)?;
        if let Some(key) = key {
            room.remember(key, message.id.clone(), now);
        }
        if state.quirks.strikes(Quirk::MessageLost) {
            return Ok(Arc::new(message));
        }
        if state.quirks.strikes(Quirk::MessageTwice) {
            let stamp = state.sessions.room_mut(&self.session)?.stamps.next(now);
            let id = state.sessions.message_ids.next();
            let again = Message { id, created_at: stamp, updated_at: stamp, ..message.clone() };
            let first = state.store(&self.session, message, now)?;
            state.store(&self.session, again, now)?;
            return Ok(first);
        }
        state.store(&self.session, message, now)
    }
}

fn is_of_closed_types(kind: &MessageType) -> bool {
    matches!(kind, MessageType::Text | MessageType::Image | MessageType::File | MessageType::System)
}

fn reencoded(content: String) -> String {
    match serde_json::from_str::<serde_json::Value>(&content) {
        Ok(value) => value.to_string(),
        Err(_) => content,
    }
}

/// Changes what a message says; a recall is such a change. Rules `MSG-EDIT`, `MSG-EDIT-CREATED-AT`, `MSG-EDIT-RIGHT`,
/// `MSG-EDIT-MEMBER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditMessage {
    /// Who changes it: its sender.
    pub caller: UserId,
    /// In which session.
    pub session: String,
    /// The message.
    pub message: String,
    /// What is given changes.
    pub changes: rest::EditMessage,
}

impl Operation for EditMessage {
    type Reply = Arc<Message>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Message>, Refusal> {
        let rest::EditMessage { sender, content, kind } = self.changes;
        let (_, known) = state.sessions.room(&self.session)?.own_message(&self.caller, &self.message)?;
        if known.is_delete {
            return Err(Refusal::not_found("the message was deleted"));
        }
        sender.map_or(Ok(()), |sender| same_user(&self.caller, sender.as_str()))?;
        require_if_given(content.as_deref(), "content")?;
        require_if_given(kind.as_ref().map(MessageType::as_str), "type")?;
        state.change_message(&self.caller, &self.session, &self.message, now, |message| {
            message.content = content.unwrap_or_else(|| message.content.clone());
            message.kind = kind.unwrap_or_else(|| message.kind.clone());
        })
    }
}

/// Withdraws a message; to do so twice changes nothing. Rules `MSG-DELETE`, `MSG-EDIT-CREATED-AT`, `MSG-EDIT-RIGHT`,
/// `MSG-EDIT-MEMBER`, `SYNC-TOMBSTONE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteMessage {
    /// Who withdraws it: its sender.
    pub caller: UserId,
    /// In which session.
    pub session: String,
    /// The message.
    pub message: String,
}

impl Operation for DeleteMessage {
    type Reply = Arc<Message>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Message>, Refusal> {
        state.change_message(&self.caller, &self.session, &self.message, now, |message| {
            message.is_delete = true;
        })
    }
}

/// Marks a session read by a member. Rules `MSG-SYNC-MARKS-READ`, `MEMBER-LAST-READ`, `MEMBER-LAST-READ-QUIET`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarkRead {
    /// Who has read.
    pub caller: UserId,
    /// What.
    pub session: String,
}

impl Operation for MarkRead {
    type Reply = ();

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<(), Refusal> {
        let room = state.sessions.room_mut(&self.session)?;
        room.check_member_or(Quirk::SyncByRemoved, &self.caller)?;
        let slot = room.by_user.get(&self.caller).copied();
        if let Some(slot) = slot {
            room.members.touch(slot, |member| member.last_read_time = Some(now));
        }
        if !state.quirks.on(Quirk::SyncKeepsUnread) {
            state.clear_unread(&self.caller, &self.session, now);
        }
        Ok(())
    }
}

/// What a sync of messages gives. Rules `MSG-SYNC`, `MSG-SESSION-UPDATED-AT`.
#[derive(Clone, Debug)]
pub struct SyncedMessages {
    /// The messages, oldest change first.
    pub page: Page<Message>,
    /// When the session or its members last changed.
    pub session_updated_at: Option<Timestamp>,
}

impl Business {
    /// The messages of a session that changed, for a member. Rules `MSG-SYNC`, `MSG-MEMBERS-ONLY`.
    pub fn messages(&self, caller: &UserId, session: &str, range: Range) -> Result<SyncedMessages, Refusal> {
        let room = self.sessions.room(session)?;
        room.check_member_or(Quirk::SyncByRemoved, caller)?;
        let page = self.sync(range, |range| room.messages.page(range));
        Ok(SyncedMessages { page, session_updated_at: room.session.updated_at })
    }

    /// The server's own word in a session. Rules `MEMBER-SYSTEM-MESSAGE`, `MSG-CONTENT-FORMS`.
    pub(super) fn write_system_message(
        &mut self,
        session: &str,
        actor: &UserId,
        text: String,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        #[derive(Serialize)]
        struct Content {
            text: String,
        }
        let content = serde_json::to_string(&Content { text }).expect("a struct of one string is JSON");
        let stamp = self.sessions.room_mut(session)?.stamps.next(now);
        let message = Message {
            id: self.sessions.message_ids.next(),
            sender: actor.clone(),
            kind: MessageType::System,
            content,
            is_delete: false,
            created_at: stamp,
            updated_at: stamp,
        };
        self.sessions.room_mut(session)?.written.insert(message.id.clone());
        self.store(session, message, now).map(|_| ())
    }

    /// Changes a message of the caller's own. One that comes out as it was keeps its stamp.
    fn change_message(
        &mut self,
        caller: &UserId,
        session: &str,
        message: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Message),
    ) -> Result<Arc<Message>, Refusal> {
        let room = self.sessions.room_mut(session)?;
        let (slot, before) = room.own_message(caller, message)?;
        let mut after = Message::clone(before);
        change(&mut after);
        if after == **before {
            return Ok(before.clone());
        }
        if before.updated_at <= room.last_removal {
            let before = before.clone();
            room.earlier.entry(before.id.clone()).or_default().push(before);
        }
        let is_newest = slot.index() + 1 == room.messages.len();
        let stamp = room.stamps.next(now);
        if room.quirks.on(Quirk::EditMovesCreated) {
            after.created_at = stamp;
        }
        let changed = if room.quirks.on(Quirk::EditUnstamped) {
            room.messages.touch(slot, |message| *message = after);
            room.messages.get(slot).clone()
        } else {
            room.messages.update(slot, stamp, |message| *message = after).clone()
        };
        if is_newest {
            self.note_edit(session, &changed, now)?;
        }
        Ok(changed)
    }

    fn store(&mut self, session: &str, message: Message, now: Timestamp) -> Result<Arc<Message>, Refusal> {
        let room = self.sessions.room_mut(session)?;
        let slot = room.messages.insert(message);
        let message = room.messages.get(slot).clone();
        self.note_message(session, &message, now)?;
        Ok(message)
    }
}

impl Room {
    /// A message that the caller, still a member, has sent. Rules `MSG-EDIT-RIGHT`, `MSG-EDIT-MEMBER`, `MSG-EDIT-SYSTEM`.
    fn own_message(&self, caller: &UserId, id: &str) -> Result<(Slot, &Arc<Message>), Refusal> {
        self.check_member_or(Quirk::EditByRemoved, caller)?;
        let slot = self.messages.find(id).ok_or_else(|| Refusal::not_found("no such message"))?;
        let message = self.messages.get(slot);
        if self.written.contains(&message.id) {
            return Err(Refusal::forbidden("nobody changes what the server wrote"));
        }
        if message.sender == *caller || self.quirks.on(Quirk::EditByAnyone) {
            Ok((slot, message))
        } else {
            Err(Refusal::forbidden("only its sender changes a message"))
        }
    }

    fn stored_with(&self, key: &(UserId, Arc<str>)) -> Option<&Arc<Message>> {
        self.keyed.get(key).and_then(|id| self.messages.find_entry(id.as_str()))
    }

    fn remember(&mut self, key: (UserId, Arc<str>), message: MessageId, now: Timestamp) {
        while let Some((since, _, _)) = self.keys.front()
            && since.plus(IDEMPOTENCY_MEMORY) < now
        {
            if let Some((_, user, key)) = self.keys.pop_front() {
                self.keyed.remove(&(user, key));
            }
        }
        self.keys.push_back((now, key.0.clone(), key.1.clone()));
        self.keyed.insert(key, message);
    }
}
