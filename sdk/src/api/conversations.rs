//! Conversations, on the wire userConversations: one user's views of sessions. The server makes them.

use super::{Api, ApiError};
use crate::protocol::rest::{UpdateConversation, path};
use crate::protocol::{ConversationId, Timestamp, UserConversation, UserId};

impl Api {
    /// Conversations changed since `since`, deleted ones included. Rules `CONV-LIST`, `SYNC-SINCE`.
    pub async fn conversations_since(
        &self,
        me: &UserId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<UserConversation>, ApiError> {
        let call = self.get(path::USER_CONVERSATIONS, &[me.as_str()]).limit(limit).since(since);
        call.list().await
    }

    /// A conversation by its id. Rule `CONV-FIELDS`.
    pub async fn conversation(&self, me: &UserId, id: &ConversationId) -> Result<UserConversation, ApiError> {
        self.get(path::USER_CONVERSATION, &[me.as_str(), id.as_str()]).find("conversation").await
    }

    /// Changes name, place at the top and picture of a conversation; `None` if the answer does not hold it. Rule
    /// `CONV-UPDATE`.
    pub async fn update_conversation(
        &self,
        me: &UserId,
        id: &ConversationId,
        change: &UpdateConversation,
    ) -> Result<Option<UserConversation>, ApiError> {
        self.put(path::USER_CONVERSATION, &[me.as_str(), id.as_str()]).form(change).write().await
    }

    /// Hides a conversation until the next message in it. Rules `CONV-DELETE`, `CONV-RETURNS`.
    pub async fn remove_conversation(&self, me: &UserId, id: &ConversationId) -> Result<(), ApiError> {
        self.delete(path::USER_CONVERSATION, &[me.as_str(), id.as_str()]).done().await
    }

    /// Marks a conversation as read: `unread` is 0 then. Rule `CONV-CLEAR-UNREAD`.
    pub async fn clear_unread(&self, me: &UserId, id: &ConversationId) -> Result<(), ApiError> {
        self.put(path::UNREAD, &[me.as_str(), id.as_str()]).done().await
    }
}
