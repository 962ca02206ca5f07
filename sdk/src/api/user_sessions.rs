//! Favourite groups, on the wire userSessions.

use super::{Api, ApiError};
use crate::protocol::rest::{AddUserSession, UpdateUserSession, path};
use crate::protocol::{Timestamp, UserId, UserSession, UserSessionId};

impl Api {
    /// Favourite groups changed since `since`, removed ones included. Rules `FAV-LIST`, `SYNC-SINCE`.
    pub async fn user_sessions_since(
        &self,
        me: &UserId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<UserSession>, ApiError> {
        let call = self.get(path::USER_SESSIONS, &[me.as_str()]).limit(limit).since(since);
        call.list().await
    }

    /// A favourite group by the id of its entry. Rule `FAV-FIELDS`.
    pub async fn user_session(&self, me: &UserId, id: &UserSessionId) -> Result<UserSession, ApiError> {
        self.get(path::USER_SESSION, &[me.as_str(), id.as_str()]).find("favourite group").await
    }

    /// Puts a group among the favourites. Rules `FAV-ADD`, `FAV-ONE-PER-SESSION`.
    pub async fn add_user_session(
        &self,
        me: &UserId,
        group: &AddUserSession,
    ) -> Result<UserSession, ApiError> {
        self.post(path::USER_SESSIONS, &[me.as_str()]).form(group).send_as_user().await
    }

    /// Changes the given fields of a favourite group's entry; `None` if the answer does not hold it. Rule `FAV-UPDATE`.
    pub async fn update_user_session(
        &self,
        me: &UserId,
        id: &UserSessionId,
        change: &UpdateUserSession,
    ) -> Result<Option<UserSession>, ApiError> {
        self.put(path::USER_SESSION, &[me.as_str(), id.as_str()]).form(change).write().await
    }

    /// Takes a group off the favourites; a tombstone stays, and so does the group. Rules `FAV-DELETE`,
    /// `FAV-DELETE-NOT-MEMBERSHIP`.
    pub async fn remove_user_session(&self, me: &UserId, id: &UserSessionId) -> Result<(), ApiError> {
        self.delete(path::USER_SESSION, &[me.as_str(), id.as_str()]).done().await
    }
}
