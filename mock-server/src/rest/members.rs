//! Members of a session.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::SessionMember;
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::rest::{self, List};

use super::answer::{Answer, Json, list as as_list};
use super::error::ApiError;
use super::request::{Caller, Ids, ListQuery, Params};
use crate::Backend;
use crate::business::{AddMember, RemoveMember, UpdateMember};
use crate::quirks::Quirk;

/// `GET sessions/SID/members`. Rules `MEMBER-LIST`, `MEMBER-LIST-PRIVATE`.
pub(super) async fn list(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
    query: ListQuery,
) -> Answer<List<Arc<SessionMember>>> {
    let page = backend.inner.business.lock().members(&caller, &session, query.range())?;
    Ok(Json(as_list(page)))
}

/// `POST sessions/SID/members`. Rule `MEMBER-ADD`.
pub(super) async fn add(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
    Params(params): Params<rest::AddMember>,
) -> Answer<Arc<SessionMember>> {
    Ok(Json(backend.apply(AddMember {
        caller,
        session,
        user: params.user_id,
        name: params.name,
        role: params.role.unwrap_or(Role::User),
        avatar_url: params.avatar_url,
        status: params.status.unwrap_or(Status::Active),
    })?))
}

/// `POST sessions/SID/members/invite`: role and status are the server's to say. Rule `MEMBER-INVITE`.
pub(super) async fn invite(
    backend: State<Backend>,
    caller: Caller,
    session: Ids<String>,
    Params(mut params): Params<rest::AddMember>,
) -> Answer<Arc<SessionMember>> {
    params.role = None;
    params.status = None;
    add(backend, caller, session, Params(params)).await
}

/// `GET sessions/SID/members/MID`.
pub(super) async fn one(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((session, member)): Ids<(String, String)>,
) -> Answer<Arc<SessionMember>> {
    let member = backend.inner.business.lock().member(&caller, &session, &member)?.clone();
    Ok(Json(member))
}

/// `PUT sessions/SID/members/MID`. Rules `MEMBER-UPDATE`, `MEMBER-UPDATE-RIGHT`, `MEMBER-ROLES`.
pub(super) async fn update(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((session, member)): Ids<(String, String)>,
    Params(changes): Params<rest::UpdateMember>,
) -> Answer<Arc<SessionMember>> {
    let rest::UpdateMember { user_id, name, role, avatar_url, status } = &changes;
    let is_whole =
        user_id.is_some() && name.is_some() && role.is_some() && avatar_url.is_some() && status.is_some();
    if !is_whole && backend.inner.quirks.on(Quirk::MemberUpdateNeedsAll) {
        return Err(ApiError::bad_request("userId, name, role, avatarUrl and status are needed"));
    }
    Ok(Json(backend.apply(UpdateMember { caller, session, member, changes })?))
}

/// `DELETE sessions/SID/members/MID`. Rules `MEMBER-REMOVE`, `MEMBER-LEAVE`.
pub(super) async fn remove(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((session, member)): Ids<(String, String)>,
) -> Answer<Arc<SessionMember>> {
    Ok(Json(backend.apply(RemoveMember { caller, session, member })?))
}
