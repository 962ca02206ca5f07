//! Messages: store and sync.

use super::{Api, ApiError, PageQuery};
use crate::protocol::rest::{IDEMPOTENCY_KEY, MessageList, StoreMessage, path};
use crate::protocol::{Message, SessionId, Timestamp};

impl Api {
    /// Stores a message; all tries of one message carry the same `key`. Rules `MSG-STORE`, `MSG-IDEMPOTENCY-KEY`.
    pub async fn store_message(
        &self,
        session: &SessionId,
        message: &StoreMessage,
        key: &str,
    ) -> Result<Message, ApiError> {
        let call = self.post(path::MESSAGES, &[session.as_str()]).form(message)?;
        call.header(IDEMPOTENCY_KEY, key).send_as_user().await
    }

    /// Messages changed since `since`, oldest change first. Rules `SYNC-SINCE`, `MSG-SYNC-MARKS-READ`.
    pub async fn messages_since(
        &self,
        session: &SessionId,
        since: Timestamp,
        limit: usize,
    ) -> Result<MessageList, ApiError> {
        let call = self.get(path::MESSAGES, &[session.as_str()]).query(&PageQuery { limit })?.since(since);
        call.send_as_user().await
    }
}
