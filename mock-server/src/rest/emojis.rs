//! The app's emojis.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::Emoji;
use y2w_sdk::protocol::rest::List;

use super::answer::{Answer, Json, list as as_list};
use super::request::{Caller, ListQuery};
use crate::Backend;

/// `GET emojis`. Rule `EMOJI-LIST`.
pub(super) async fn list(
    State(backend): State<Backend>,
    _: Caller,
    query: ListQuery,
) -> Answer<List<Arc<Emoji>>> {
    let page = backend.inner.business.lock().emojis(query.range());
    Ok(Json(as_list(page)))
}
