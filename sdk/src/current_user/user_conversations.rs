//! Conversations: one user's views of its sessions, made by the server only. Part 6 of the protocol.

use super::{CurrentUser, Handle, Session};
use crate::error::Error;
use crate::model::Merged;
use crate::protocol::push::SyncType;
use crate::protocol::rest::UpdateConversation;
use crate::protocol::{self, ConversationId, SessionType};

/// The conversations of a user: what a chat application shows as its list. The server makes them
/// (`CONV-SERVER-MADE`). The seed's `UserConversations`.
#[derive(Clone, Copy, Debug)]
pub struct UserConversations<'a> {
    pub(super) user: &'a CurrentUser,
}

/// A conversation. The seed's `UserConversation`.
pub type UserConversation<'a> = Handle<'a, protocol::UserConversation>;

impl<'a> UserConversations<'a> {
    /// The user that this belongs to. The seed's `user`.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The conversation with this target: the other user (`p2p`), or the session (`group`); `None` before its first
    /// message, and while it is hidden. The seed's `get`; rule `CONV-TARGET`.
    pub fn get(&self, kind: &SessionType, target: &str) -> Option<UserConversation<'a>> {
        let key = (kind.clone(), target.to_owned());
        let conversation = self.user.with_model(|model| model.conversations.get(&key).cloned());
        conversation.map(|conversation| Handle::new(self.user, conversation))
    }

    /// The conversations of one type, or all: pinned ones first, then the newest. The seed's `getUserConversations`.
    pub fn list(&self, kind: Option<&SessionType>) -> Vec<UserConversation<'a>> {
        let mut conversations: Vec<_> = self.user.with_model(|model| {
            model.conversations.iter().filter(|c| kind.is_none_or(|kind| c.kind == *kind)).cloned().collect()
        });
        conversations.sort_by_key(|c| (!c.top, std::cmp::Reverse(c.updated_at)));
        conversations.into_iter().map(|conversation| Handle::new(self.user, conversation)).collect()
    }

    /// Messages that this user has not read, over all conversations, as the server last counted them. Rule
    /// `CONV-UNREAD`.
    pub fn unread(&self) -> u64 {
        self.user.with_model(|model| model.conversations.iter().map(|c| u64::from(c.unread)).sum())
    }

    /// Fetches what has changed; [`Changed::Conversations`](crate::Changed::Conversations) tells if anything has. The
    /// client does so by itself when it connects, when a notice asks for it, and after it has stored a message. The
    /// seed's `remote.sync`; rule `CONV-LIST`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_conversations().await?)
    }

    /// Changes a conversation's name, picture or place for this user alone; `target_id` and `kind` have to be those it
    /// has. A name so given stays, whatever the session is called later. The seed's `remote.store`; rules
    /// `CONV-UPDATE`, `CONV-NAME-CHOSEN`.
    pub async fn update(&self, id: &ConversationId, change: &UpdateConversation) -> Result<(), Error> {
        self.user.shared.api.update_conversation(&self.user.shared.uid, id, change).await?;
        self.changed().await
    }

    /// Hides a conversation until its next message; session and messages stay. The seed's `remote.remove`; rules
    /// `CONV-DELETE`, `CONV-RETURNS`.
    pub async fn remove(&self, id: &ConversationId) -> Result<(), Error> {
        self.user.shared.api.remove_conversation(&self.user.shared.uid, id).await?;
        self.changed().await
    }

    async fn changed(&self) -> Result<(), Error> {
        self.user.shared.sync_conversations().await?;
        self.user.announce_to_own_devices(SyncType::USER_CONVERSATION);
        Ok(())
    }
}

impl<'a> UserConversation<'a> {
    /// The name to show: the contact's title or name where the other is a contact, else the conversation's. The seed's
    /// `getName`; rule `CLIENT-CONTACT-TITLE`.
    pub fn display_name(&self) -> String {
        self.user.with_model(|model| model.conversation_name(&self.entity).to_owned())
    }

    /// Where the picture is, as a full address: the contact's where the other is a contact with one, else the
    /// conversation's; `None` without a picture. The seed's `getAvatarUrl`.
    pub fn avatar(&self) -> Option<String> {
        let url = self.user.with_model(|model| model.conversation_avatar(&self.entity).to_owned());
        self.user.absolute_url(&url)
    }

    /// The session behind it: known, or fetched. The seed's `getSession`; rule `CLIENT-SESSION-ON-DEMAND`.
    pub async fn session(&self) -> Result<Session<'a>, Error> {
        self.user.sessions().get(&self.target_id, &self.kind).await
    }

    /// Fetches what has changed of its messages: only if the conversation is newer than they are, or with `force`.
    /// [`Event::Messages`](crate::Event::Messages) tells what came. The seed's `syncMessages`; rules
    /// `CLIENT-SYNC-MESSAGES-WHEN`, `CLIENT-REMOVED-403`.
    pub async fn sync_messages(&self, force: bool) -> Result<(), Error> {
        let session = self.session().await?;
        let current = self.user.with_model(|model| {
            let known = model.session(&session.id)?;
            let stamp =
                model.conversation_of(known, &self.user.shared.uid).map_or(self.updated_at, |c| c.updated_at);
            Some(stamp <= known.messages.conversation_seen())
        });
        if force || current != Some(true) {
            self.user.shared.sync_messages(&session.im_id()).await?;
        }
        Ok(())
    }

    /// Fetches a page of messages before those that are held: see [`Messages::last`](super::Messages::last). The seed's
    /// `getLastMessages`.
    pub async fn last_messages(&self) -> Result<Merged, Error> {
        self.session().await?.messages().last().await
    }

    /// Says that this user has read all of it; `unread` is 0 then, on this user's other devices too. The seed's
    /// `clearUnread`; rule `CONV-CLEAR-UNREAD`.
    pub async fn clear_unread(&self) -> Result<(), Error> {
        self.user.shared.api.clear_unread(&self.user.shared.uid, &self.id).await?;
        self.user.user_conversations().changed().await
    }

    /// Pins it to the top of the list, or no longer. Rule `CONV-UPDATE`.
    pub async fn set_top(&self, top: bool) -> Result<(), Error> {
        let change = UpdateConversation {
            target_id: self.target_id.clone(),
            name: self.name.clone(),
            kind: self.kind.clone(),
            top: Some(top),
            avatar_url: None,
        };
        self.user.user_conversations().update(&self.id, &change).await
    }

    /// Hides it until its next message: see [`UserConversations::remove`].
    pub async fn remove(&self) -> Result<(), Error> {
        self.user.user_conversations().remove(&self.id).await
    }
}
