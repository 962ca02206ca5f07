//! A user's conversations.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::UserConversation;
use y2w_sdk::protocol::rest::List;

use super::answer::{Answer, Json, list as as_list};
use super::request::{Caller, Ids, ListQuery};
use crate::Backend;

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
