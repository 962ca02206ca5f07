//! Each user's view of the sessions. Made by the server only, with the first message (`CONV-SERVER-MADE`,
//! `CONV-ON-MESSAGE`).

use rustc_hash::FxHashMap;
use y2w_sdk::protocol::{
    LastMessage, Message, MessageType, SessionId, SessionType, Timestamp, UserConversation, UserId,
};

use super::collection::{Collection, Page, Range, Slot, Stamps};
use super::sessions::Room;
use super::users::Users;
use super::{Business, Ids, Refusal, same_user};

impl Business {
    /// A user's conversations, for that user. Rules `CONV-LIST`, `CONV-OWNER`.
    pub fn conversations(
        &self,
        caller: &UserId,
        user: &str,
        range: Range,
    ) -> Result<Page<UserConversation>, Refusal> {
        same_user(caller, user)?;
        Ok(self
            .conversations
            .by_user
            .get(caller)
            .map_or(Page { total: 0, entries: Vec::new() }, |own| own.all.page(range)))
    }

    /// How many messages of a session a user has not read. Rule `CONV-UNREAD`.
    pub fn unread(&self, user: &UserId, session: &str) -> u32 {
        self.conversations
            .by_user
            .get(user)
            .and_then(|own| own.with_session(session))
            .map_or(0, |(_, conversation)| conversation.unread)
    }

    /// Rule `CONV-CHANGE-STAMPED`: the stamp moves only where there was something to clear.
    pub(super) fn clear_unread(&mut self, user: &UserId, session: &str, now: Timestamp) {
        let Some(own) = self.conversations.by_user.get_mut(user) else {
            return;
        };
        if let Some((slot, conversation)) = own.with_session(session)
            && conversation.unread > 0
        {
            let stamp = own.stamps.next(now);
            own.all.update(slot, stamp, |conversation| conversation.unread = 0);
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
        let last = LastMessage {
            sender: message.sender.clone(),
            kind: message.kind.clone(),
            content: message.content.clone(),
        };
        for member in room.members.iter().filter(|member| member.is_present()) {
            let user = &member.user_id;
            let counts = message.kind == MessageType::System || *user != message.sender;
            let face = Face::of(room, user, &self.users);
            self.conversations.show(user, &room.session.id, &face, &last, counts, now);
        }
        Ok(())
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
            SessionType::P2p => room
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
}

#[derive(Clone, Debug, Default)]
pub(super) struct AllConversations {
    by_user: FxHashMap<UserId, Conversations>,
    ids: Ids,
}

impl AllConversations {
    fn show(
        &mut self,
        user: &UserId,
        session: &SessionId,
        face: &Face<'_>,
        last: &LastMessage,
        counts: bool,
        now: Timestamp,
    ) {
        let own = match self.by_user.get_mut(user) {
            Some(own) => own,
            None => self.by_user.entry(user.clone()).or_default(),
        };
        let stamp = own.stamps.next(now);
        if let Some((slot, _)) = own.with_session(session.as_str()) {
            own.all.update(slot, stamp, |conversation| {
                conversation.unread += u32::from(counts);
                conversation.last_message = Some(last.clone());
                conversation.visiable = true;
                conversation.is_delete = false;
                if conversation.name != face.name {
                    face.name.clone_into(&mut conversation.name);
                }
                if conversation.avatar_url != face.avatar_url {
                    face.avatar_url.clone_into(&mut conversation.avatar_url);
                }
            });
        } else {
            let slot = own.all.insert(UserConversation {
                id: self.ids.next(),
                target_id: face.target.to_owned(),
                name: face.name.to_owned(),
                kind: face.kind.clone(),
                top: false,
                visiable: true,
                unread: u32::from(counts),
                last_message: Some(last.clone()),
                avatar_url: face.avatar_url.to_owned(),
                is_delete: false,
                created_at: Some(stamp),
                updated_at: stamp,
            });
            own.by_session.insert(session.clone(), slot);
        }
    }
}

/// One user's conversations; at most one for each session. Rule `CONV-ONE-PER-TARGET`.
#[derive(Clone, Debug, Default)]
struct Conversations {
    all: Collection<UserConversation>,
    by_session: FxHashMap<SessionId, Slot>,
    stamps: Stamps,
}

impl Conversations {
    fn with_session(&self, session: &str) -> Option<(Slot, &UserConversation)> {
        let slot = *self.by_session.get(session)?;
        Some((slot, self.all.get(slot)))
    }
}
