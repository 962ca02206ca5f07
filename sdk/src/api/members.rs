//! Members of a session. The mts is computed from [`Api::members_since`] only, never from the answer to a write:
//! servers may give whole seconds in one and milliseconds in the other (`MTS-FROM-LIST`).

use super::{Api, ApiError, PageQuery};
use crate::protocol::rest::{AddMember, UpdateMember, path};
use crate::protocol::{MemberId, SessionId, SessionMember, Timestamp};

impl Api {
    /// Members changed since `since`, removed ones included. Rules `MEMBER-LIST`, `SYNC-SINCE`.
    pub async fn members_since(
        &self,
        session: &SessionId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<SessionMember>, ApiError> {
        let call = self.get(path::MEMBERS, &[session.as_str()]).query(&PageQuery { limit }).since(since);
        call.list().await
    }

    /// A member by the id of the membership. Rule `MEMBER-FIELDS`.
    pub async fn member(&self, session: &SessionId, id: &MemberId) -> Result<SessionMember, ApiError> {
        self.get(path::MEMBER, &[session.as_str(), id.as_str()]).find("member").await
    }

    /// Adds a member. Rules `MEMBER-ADD`, `MEMBER-REVIVE`.
    pub async fn add_member(
        &self,
        session: &SessionId,
        member: &AddMember,
    ) -> Result<SessionMember, ApiError> {
        self.post(path::MEMBERS, &[session.as_str()]).form(member).send_as_user().await
    }

    /// Changes a member; give all fields, since the server of 2016 wants them. Rule `MEMBER-UPDATE`.
    pub async fn update_member(
        &self,
        session: &SessionId,
        id: &MemberId,
        change: &UpdateMember,
    ) -> Result<Option<SessionMember>, ApiError> {
        self.put(path::MEMBER, &[session.as_str(), id.as_str()]).form(change).write().await
    }

    /// Removes a member, or leaves; a tombstone stays. Rules `MEMBER-REMOVE`, `MEMBER-LEAVE`.
    pub async fn remove_member(&self, session: &SessionId, id: &MemberId) -> Result<(), ApiError> {
        self.delete(path::MEMBER, &[session.as_str(), id.as_str()]).done().await
    }

    /// Invites a user. What becomes of it is the server's affair: it may add the member at once, as for
    /// [`Self::add_member`].
    pub async fn invite_member(
        &self,
        session: &SessionId,
        member: &AddMember,
    ) -> Result<Option<SessionMember>, ApiError> {
        self.post(path::INVITE, &[session.as_str()]).form(member).write().await
    }
}
