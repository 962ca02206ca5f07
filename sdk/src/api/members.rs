//! Members of a session. The mts is computed from [`Api::members_since`] only, never from the answer to a write:
//! servers may give whole seconds in one and milliseconds in the other (`MTS-FROM-LIST`).

use super::{Api, ApiError};
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
        let call = self.get(path::MEMBERS, &[session.as_str()]).limit(limit).since(since);
        call.list().await
    }

    /// A member by the id of the membership. Rule `MEMBER-FIELDS`.
    pub async fn member(&self, session: &SessionId, id: &MemberId) -> Result<SessionMember, ApiError> {
        self.get(path::MEMBER, &[session.as_str(), id.as_str()]).find("member").await
    }

    /// Adds a member, or brings one back that was removed. 403 for who is no member, and for roles that the caller may
    /// not give. Rules `MEMBER-ADD`, `MEMBER-ADD-OUTSIDER`, `MEMBER-ROLES`, `MEMBER-REVIVE`.
    pub async fn add_member(
        &self,
        session: &SessionId,
        member: &AddMember,
    ) -> Result<SessionMember, ApiError> {
        self.post(path::MEMBERS, &[session.as_str()]).form(member).send_as_user().await
    }

    /// Changes a member; give all fields, since the server of 2016 wants them. `None` if the answer does not hold the
    /// member, 403 for who may not. Rules `MEMBER-UPDATE`, `MEMBER-UPDATE-RIGHT`.
    pub async fn update_member(
        &self,
        session: &SessionId,
        id: &MemberId,
        change: &UpdateMember,
    ) -> Result<Option<SessionMember>, ApiError> {
        self.put(path::MEMBER, &[session.as_str(), id.as_str()]).form(change).write().await
    }

    /// Removes a member, or leaves; a tombstone stays. 403 for who may not. Rules `MEMBER-REMOVE`,
    /// `MEMBER-REMOVE-RIGHT`, `MEMBER-LEAVE`.
    pub async fn remove_member(&self, session: &SessionId, id: &MemberId) -> Result<(), ApiError> {
        self.delete(path::MEMBER, &[session.as_str(), id.as_str()]).done().await
    }

    /// Invites a user, who is a member at once, with the role `user`; `None` if the answer does not hold the member.
    /// Rule `MEMBER-INVITE`.
    pub async fn invite_member(
        &self,
        session: &SessionId,
        member: &AddMember,
    ) -> Result<Option<SessionMember>, ApiError> {
        self.post(path::INVITE, &[session.as_str()]).form(member).write().await
    }
}
