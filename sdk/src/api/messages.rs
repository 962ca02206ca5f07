//! Messages: store, sync, history, edit.

use ::http::HeaderName;

use super::{Api, ApiError};
use crate::protocol::rest::{EditMessage, IDEMPOTENCY_KEY, MessageList, StoreMessage, path};
use crate::protocol::{Message, MessageId, SessionId, Timestamp};

impl Api {
    /// Stores a message; all tries of one message carry the same `key`, so that a server that honours it stores one.
    /// 403 for who is no member. Rules `MSG-STORE`, `MSG-IDEMPOTENCY-KEY`, `MSG-MEMBERS-ONLY`.
    pub async fn store_message(
        &self,
        session: &SessionId,
        message: &StoreMessage,
        key: &str,
    ) -> Result<Message, ApiError> {
        let call = self.post(path::MESSAGES, &[session.as_str()]).form(message);
        call.header(HeaderName::from_static(IDEMPOTENCY_KEY), key).send_as_user().await
    }

    /// Messages changed since `since`, oldest change first; for the server they are read then. 403 for who is no member
    /// (any more). Rules `MSG-SYNC`, `SYNC-SINCE`, `MSG-SYNC-MARKS-READ`, `MSG-MEMBERS-ONLY`.
    pub async fn messages_since(
        &self,
        session: &SessionId,
        since: Timestamp,
        limit: usize,
    ) -> Result<MessageList, ApiError> {
        let call = self.get(path::MESSAGES, &[session.as_str()]).limit(limit).since(since);
        call.messages().await
    }

    /// Messages made at or before `before`, newest first; it marks nothing as read. Who was removed gets those up to
    /// the removal, who was never a member 403. Rules `HIST-ARRAY`, `HIST-ORDER`, `HIST-BOUNDARY`, `HIST-PAGE`,
    /// `HIST-REMOVED`, `HIST-OUTSIDER`.
    pub async fn history(
        &self,
        session: &SessionId,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Message>, ApiError> {
        let call = self.get(path::MESSAGES_HISTORY, &[session.as_str()]).limit(limit);
        call.since(before).array().await
    }

    /// Replaces the given parts of a message; a recall is an edit too. `None` if the answer does not hold the message,
    /// 403 if another user sent it. Rules `MSG-EDIT`, `MSG-EDIT-RIGHT`, `MSG-EDIT-MEMBER`.
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
