//! Messages of a session.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::Message;
use y2w_sdk::protocol::limits::HISTORY_PAGE;
use y2w_sdk::protocol::rest::{self, MessageList, StoreMessage};

use super::answer::{Answer, Json};
use super::error::ApiError;
use super::request::{Caller, IdempotencyKey, Ids, ListQuery, Params, WITH_CONTENT};
use crate::Backend;
use crate::business::{DeleteMessage, EditMessage, MarkRead, PostMessage};
use crate::quirks::Quirk;

/// `GET sessions/SID/messages`. Rules `MSG-SYNC`, `MSG-SESSION-UPDATED-AT`, `MSG-SYNC-MARKS-READ`.
pub(super) async fn sync(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
    query: ListQuery,
) -> Answer<MessageList<Arc<Message>>> {
    let synced = {
        let mut business = backend.inner.business.lock();
        let synced = business.messages(&caller, &session, query.range())?;
        if business.unread(&caller, &session) > 0 {
            backend.apply_to(&mut business, MarkRead { caller, session })?;
        }
        synced
    };
    Ok(Json(MessageList {
        total_count: synced.page.total,
        entries: synced.page.entries,
        session_updated_at: synced.session_updated_at,
    }))
}

/// `POST sessions/SID/messages`. Rules `MSG-STORE`, `MSG-IDEMPOTENCY-KEY`.
pub(super) async fn store(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Params(params): Params<StoreMessage, WITH_CONTENT>,
) -> Answer<Arc<Message>> {
    if params.content.is_empty() {
        return Err(ApiError::bad_request("content is missing"));
    }
    Ok(Json(backend.apply(PostMessage {
        caller,
        session,
        sender: params.sender,
        content: params.content,
        kind: params.kind,
        idempotency_key,
    })?))
}

/// `GET sessions/SID/messages/history`. Rules `HIST-ARRAY`, `HIST-BOUNDARY`.
pub(super) async fn history(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(session): Ids<String>,
    query: ListQuery,
) -> Answer<Vec<Arc<Message>>> {
    let limit = query.limit(HISTORY_PAGE);
    let history = backend.inner.business.lock().history(&caller, &session, query.until(), limit)?;
    if backend.inner.quirks.on(Quirk::HistoryMarksRead) {
        backend.apply(MarkRead { caller, session })?;
    }
    Ok(Json(history))
}

/// `PUT sessions/SID/messages/MID`. Rules `MSG-EDIT`, `MSG-EDIT-RIGHT`, `MSG-EDIT-MEMBER`.
pub(super) async fn edit(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((session, message)): Ids<(String, String)>,
    Params(changes): Params<rest::EditMessage, WITH_CONTENT>,
) -> Answer<Arc<Message>> {
    Ok(Json(backend.apply(EditMessage { caller, session, message, changes })?))
}

/// `DELETE sessions/SID/messages/MID`. Rules `MSG-DELETE`, `MSG-EDIT-RIGHT`, `MSG-EDIT-MEMBER`.
pub(super) async fn delete(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((session, message)): Ids<(String, String)>,
) -> Answer<Arc<Message>> {
    Ok(Json(backend.apply(DeleteMessage { caller, session, message })?))
}
