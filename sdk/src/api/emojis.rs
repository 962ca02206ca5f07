//! Emojis: pictures for messages that the app offers.

use super::{Api, ApiError};
use crate::protocol::rest::path;
use crate::protocol::{Emoji, Timestamp};

impl Api {
    /// Emojis changed since `since`, removed ones included; their count cannot be relied on. Rules `EMOJI-LIST`,
    /// `EMOJI-COUNT`.
    pub async fn emojis_since(&self, since: Timestamp, limit: usize) -> Result<Vec<Emoji>, ApiError> {
        let call = self.get(path::EMOJIS, &[]).limit(limit).since(since);
        call.list().await
    }
}
