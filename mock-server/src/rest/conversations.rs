//! A user's conversations.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::UserConversation;
use y2w_sdk::protocol::rest::{self, List};

use super::answer::{Answer, Json, list as as_list};
use super::request::{Caller, Ids, ListQuery, Params};
use crate::Backend;
use crate::business::{ClearUnread, RemoveConversation, UpdateConversation};

/// `GET users/UID/userConversations`. Rules `CONV-LIST`, `CONV-OWNER`.
pub(super) async fn list(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(user): Ids<String>,
    query: ListQuery,
) -> Answer<List<Arc<UserConversation>>> {
    let page = backend.inner.business.lock().conversations(&caller, &user, query.range())?;
    Ok(Json(as_list(page)))
}

/// `GET users/UID/userConversations/UCID`. Rule `CONV-OWNER`.
pub(super) async fn one(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, conversation)): Ids<(String, String)>,
) -> Answer<Arc<UserConversation>> {
    let conversation = backend.inner.business.lock().conversation(&caller, &owner, &conversation)?.clone();
    Ok(Json(conversation))
}

/// `PUT users/UID/userConversations/UCID`. Rule `CONV-UPDATE`.
pub(super) async fn update(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, conversation)): Ids<(String, String)>,
    Params(changes): Params<rest::UpdateConversation>,
) -> Answer<Arc<UserConversation>> {
    Ok(Json(backend.apply(UpdateConversation { caller, owner, conversation, changes })?))
}

/// `DELETE users/UID/userConversations/UCID`. Rule `CONV-DELETE`.
pub(super) async fn remove(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, conversation)): Ids<(String, String)>,
) -> Answer<Arc<UserConversation>> {
    Ok(Json(backend.apply(RemoveConversation { caller, owner, conversation })?))
}

/// `PUT users/UID/userConversations/UCID/unread`. Rule `CONV-CLEAR-UNREAD`.
pub(super) async fn clear_unread(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, conversation)): Ids<(String, String)>,
) -> Answer<Arc<UserConversation>> {
    Ok(Json(backend.apply(ClearUnread { caller, owner, conversation })?))
}
