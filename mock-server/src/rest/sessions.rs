//! Sessions.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::rest::{self, CreateSession};
use y2w_sdk::protocol::{Session, SessionType, UserId};

use super::answer::{Answer, Json};
use super::error::ApiError;
use super::request::{Caller, Ids, Params};
use crate::Backend;
use crate::business::{CreateGroup, DeleteSession, OpenP2p, OpenSingle, UpdateSession};

/// `GET sessions/p2p/A/B`. Rules `SESS-P2P-ONE`, `SESS-P2P-MEMBERS`, `SESS-P2P-PARTIES`.
pub(super) async fn p2p(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((one, other)): Ids<(UserId, UserId)>,
) -> Answer<Arc<Session>> {
    Ok(Json(backend.apply(OpenP2p { caller, one, other })?))
}

/// `GET sessions/single/UID`. Rules `SESS-SINGLE-ONE`, `SESS-SINGLE-MEMBER`.
pub(super) async fn single(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(owner): Ids<String>,
) -> Answer<Arc<Session>> {
    Ok(Json(backend.apply(OpenSingle { caller, owner })?))
}

/// `POST sessions`. Rule `SESS-CREATE-GROUP`.
pub(super) async fn create(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Params(params): Params<CreateSession>,
) -> Answer<Arc<Session>> {
    if params.kind != SessionType::Group {
        return Err(ApiError::bad_request("only groups are created this way"));
    }
    Ok(Json(backend.apply(CreateGroup {
        caller,
        name: params.name,
        secure_type: params.secure_type,
        avatar_url: params.avatar_url,
    })?))
}

/// `GET sessions/SID`. Rule `SESS-GET`.
pub(super) async fn one(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
) -> Answer<Arc<Session>> {
    let session = backend.inner.business.lock().session(&caller, &session)?.clone();
    Ok(Json(session))
}

/// `PUT sessions/SID`. Rules `SESS-UPDATE`, `SESS-UPDATE-RIGHT`.
pub(super) async fn update(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
    Params(changes): Params<rest::UpdateSession>,
) -> Answer<Arc<Session>> {
    Ok(Json(backend.apply(UpdateSession { caller, session, changes })?))
}

/// `DELETE sessions/SID`. Rules `SESS-DELETE`, `SESS-DELETE-RIGHT`, `SESS-DELETE-DISSOLVES`.
pub(super) async fn delete(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
) -> Answer<Arc<Session>> {
    Ok(Json(backend.apply(DeleteSession { caller, session })?))
}
