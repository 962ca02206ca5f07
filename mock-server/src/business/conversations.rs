//! Each user's view of the sessions. Made by the server only, with the first message (`CONV-SERVER-MADE`,
//! `CONV-ON-MESSAGE`).

use y2w_sdk::protocol::{
    ConversationId, LastMessage, Message, MessageType, SessionType, Timestamp, UserConversation, UserId,
};

use super::collection::{Page, Range};
use super::sessions::Room;
use super::users::Users;
use super::{Business, Refusal, same_user};

impl Business {
    /// A user's conversations, for that user. Rules `CONV-LIST`, `CONV-OWNER`.
    pub fn conversations(
        &self,
        caller: &UserId,
        user: &str,
        range: Range,
    ) -> Result<Page<UserConversation>, Refusal> {
        same_user(caller, user)?;
        Ok(self.conversations.page(caller, range))
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
        let last = LastMessage {
            sender: message.sender.clone(),
            kind: message.kind.clone(),
            content: message.content.clone(),
        };
        for member in room.members.iter().filter(|member| member.is_present()) {
            let user = &member.user_id;
            let counts = message.kind == MessageType::System || *user != message.sender;
            let face = Face::of(room, user, &self.users);
            self.conversations.put(
                user,
                &room.session.id,
                now,
                |conversation| face.show(conversation, &last, counts),
                |id, stamp| face.conversation(id, stamp, &last, counts),
            );
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

    fn show(&self, conversation: &mut UserConversation, last: &LastMessage, counts: bool) {
        conversation.unread += u32::from(counts);
        conversation.last_message = Some(last.clone());
        conversation.visiable = true;
        conversation.is_delete = false;
        if conversation.name != self.name {
            self.name.clone_into(&mut conversation.name);
        }
        if conversation.avatar_url != self.avatar_url {
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
