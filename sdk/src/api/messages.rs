//! Messages: store, sync, history, edit.

use super::{Api, ApiError, PageQuery};
use crate::protocol::rest::{EditMessage, IDEMPOTENCY_KEY, MessageList, StoreMessage, path};
use crate::protocol::{Message, MessageId, SessionId, Timestamp};

impl Api {
    /// Stores a message; all tries of one message carry the same `key`. Rules `MSG-STORE`, `MSG-IDEMPOTENCY-KEY`.
    pub async fn store_message(
        &self,
        session: &SessionId,
        message: &StoreMessage,
        key: &str,
    ) -> Result<Message, ApiError> {
        let call = self.post(path::MESSAGES, &[session.as_str()]).form(message);
        call.header(IDEMPOTENCY_KEY, key).send_as_user().await
    }

    /// Messages changed since `since`, oldest change first. Rules `MSG-SYNC`, `SYNC-SINCE`, `MSG-SYNC-MARKS-READ`.
    pub async fn messages_since(
        &self,
        session: &SessionId,
        since: Timestamp,
        limit: usize,
    ) -> Result<MessageList, ApiError> {
        let call = self.get(path::MESSAGES, &[session.as_str()]).query(&PageQuery { limit }).since(since);
        call.messages().await
    }

    /// Messages made at or before `before`, newest first; it marks nothing as read. Rules `HIST-ARRAY`, `HIST-ORDER`,
    /// `HIST-BOUNDARY`, `HIST-PAGE`.
    pub async fn history(
        &self,
        session: &SessionId,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Message>, ApiError> {
        let call = self.get(path::MESSAGES_HISTORY, &[session.as_str()]).query(&PageQuery { limit });
        call.since(before).array().await
    }

    /// Replaces the given parts of a message; a recall is an edit too. Rules `MSG-EDIT`, `MSG-EDIT-RIGHT`.
    pub async fn edit_message(
        &self,
        session: &SessionId,
        id: &MessageId,
        change: &EditMessage,
    ) -> Result<Option<Message>, ApiError> {
        self.put(path::MESSAGE, &[session.as_str(), id.as_str()]).form(change).write().await
    }

    /// Deletes a message; a tombstone stays. Rule `MSG-DELETE`.
    pub async fn remove_message(&self, session: &SessionId, id: &MessageId) -> Result<(), ApiError> {
        self.delete(path::MESSAGE, &[session.as_str(), id.as_str()]).done().await
    }
}
