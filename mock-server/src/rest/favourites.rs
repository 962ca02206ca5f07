//! A user's favourite groups: `userSessions` on the wire.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::UserSession;
use y2w_sdk::protocol::rest::{AddUserSession, List, UpdateUserSession};

use super::answer::{Answer, Json, list as as_list};
use super::request::{Caller, Ids, ListQuery, Params};
use crate::Backend;
use crate::business::{AddFavourite, RemoveFavourite, UpdateFavourite};

/// `GET users/UID/userSessions`. Rules `FAV-LIST`, `FAV-OWNER`.
pub(super) async fn list(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(owner): Ids<String>,
    query: ListQuery,
) -> Answer<List<Arc<UserSession>>> {
    let page = backend.inner.business.lock().favourites(&caller, &owner, query.range())?;
    Ok(Json(as_list(page)))
}

/// `POST users/UID/userSessions`. Rules `FAV-ADD`, `FAV-ONE-PER-SESSION`.
pub(super) async fn add(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(owner): Ids<String>,
    Params(params): Params<AddUserSession>,
) -> Answer<Arc<UserSession>> {
    Ok(Json(backend.apply(AddFavourite {
        caller,
        owner,
        session: params.session_id,
        name: params.name,
        avatar_url: params.avatar_url,
    })?))
}

/// `GET users/UID/userSessions/USID`. Rule `FAV-OWNER`.
pub(super) async fn one(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, favourite)): Ids<(String, String)>,
) -> Answer<Arc<UserSession>> {
    let favourite = backend.inner.business.lock().favourite(&caller, &owner, &favourite)?.clone();
    Ok(Json(favourite))
}

/// `PUT users/UID/userSessions/USID`. Rule `FAV-UPDATE`.
pub(super) async fn update(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, favourite)): Ids<(String, String)>,
    Params(changes): Params<UpdateUserSession>,
) -> Answer<Arc<UserSession>> {
    Ok(Json(backend.apply(UpdateFavourite { caller, owner, favourite, changes })?))
}

/// `DELETE users/UID/userSessions/USID`. Rules `FAV-DELETE`, `FAV-DELETE-NOT-MEMBERSHIP`.
pub(super) async fn remove(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, favourite)): Ids<(String, String)>,
) -> Answer<Arc<UserSession>> {
    Ok(Json(backend.apply(RemoveFavourite { caller, owner, favourite })?))
}
