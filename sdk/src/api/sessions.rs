//! Sessions, their members, and the conversations that lead to them.

use super::{Api, ApiError, PageQuery};
use crate::protocol::rest::{AddMember, CreateSession, List, path};
use crate::protocol::{Session, SessionId, SessionMember, Timestamp, UserConversation, UserId};

impl Api {
    /// The session of two users, made if it does not exist. Rule `SESS-P2P-ONE`.
    pub async fn p2p_session(&self, me: &UserId, other: &UserId) -> Result<Session, ApiError> {
        self.get(path::P2P_SESSION, &[me.as_str(), other.as_str()]).send_as_user().await
    }

    /// A session by its id. Rule `SESS-GET`.
    pub async fn session(&self, id: &SessionId) -> Result<Session, ApiError> {
        self.get(path::SESSION, &[id.as_str()]).send_as_user().await
    }

    /// Makes a group without members; the creator adds itself next. Rule `SESS-CREATE-GROUP`.
    pub async fn create_session(&self, session: &CreateSession) -> Result<Session, ApiError> {
        self.post(path::SESSIONS, &[]).form(session)?.send_as_user().await
    }

    /// Adds a member. Rule `MEMBER-ADD`.
    pub async fn add_member(
        &self,
        session: &SessionId,
        member: &AddMember,
    ) -> Result<SessionMember, ApiError> {
        self.post(path::MEMBERS, &[session.as_str()]).form(member)?.send_as_user().await
    }

    /// Members changed since `since`, removed ones included. Rule `SYNC-SINCE`.
    pub async fn members_since(
        &self,
        session: &SessionId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<SessionMember>, ApiError> {
        let call = self.get(path::MEMBERS, &[session.as_str()]).query(&PageQuery { limit })?.since(since);
        let page: List<SessionMember> = call.send_as_user().await?;
        Ok(page.entries)
    }

    /// Conversations changed since `since`, deleted ones included. Rule `SYNC-SINCE`.
    pub async fn conversations_since(
        &self,
        me: &UserId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<UserConversation>, ApiError> {
        let call =
            self.get(path::USER_CONVERSATIONS, &[me.as_str()]).query(&PageQuery { limit })?.since(since);
        let page: List<UserConversation> = call.send_as_user().await?;
        Ok(page.entries)
    }
}
