//! Sessions: where users talk.

use super::{Api, ApiError};
use crate::protocol::rest::{CreateSession, UpdateSession, path};
use crate::protocol::{Session, SessionId, UserId};

impl Api {
    /// The session of two users, made if it does not exist. Rule `SESS-P2P-ONE`.
    pub async fn p2p_session(&self, me: &UserId, other: &UserId) -> Result<Session, ApiError> {
        self.get(path::P2P_SESSION, &[me.as_str(), other.as_str()]).find("session").await
    }

    /// The user's own session, made if it does not exist: the way to the user's other devices. Rule `SESS-SINGLE-ONE`.
    pub async fn single_session(&self, me: &UserId) -> Result<Session, ApiError> {
        self.get(path::SINGLE_SESSION, &[me.as_str()]).find("session").await
    }

    /// A session by its id. Rule `SESS-GET`.
    pub async fn session(&self, id: &SessionId) -> Result<Session, ApiError> {
        self.get(path::SESSION, &[id.as_str()]).find("session").await
    }

    /// Makes a group without members; the creator adds itself next. Rule `SESS-CREATE-GROUP`.
    pub async fn create_session(&self, session: &CreateSession) -> Result<Session, ApiError> {
        self.post(path::SESSIONS, &[]).form(session).send_as_user().await
    }

    /// Changes the given fields of a session; `None` if the answer does not hold it, 403 for who is no member. Rules
    /// `SESS-UPDATE`, `SESS-UPDATE-RIGHT`, `SESS-NAME-KEPT`.
    pub async fn update_session(
        &self,
        id: &SessionId,
        change: &UpdateSession,
    ) -> Result<Option<Session>, ApiError> {
        self.put(path::SESSION, &[id.as_str()]).form(change).write().await
    }

    /// Deletes a session, where the server lets one; 403 for who is not its master. Rules `SESS-DELETE`,
    /// `SESS-DELETE-RIGHT`.
    pub async fn remove_session(&self, id: &SessionId) -> Result<(), ApiError> {
        self.delete(path::SESSION, &[id.as_str()]).done().await
    }
}
