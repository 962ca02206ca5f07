//! Members of a session.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::SessionMember;
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::rest::{self, List};

use super::answer::{Answer, Json, list as as_list};
use super::request::{Caller, Ids, ListQuery, Params};
use crate::Backend;
use crate::business::{AddMember, RemoveMember, UpdateMember};

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
