//! Messages of a session.

use y2w_sdk::protocol::limits::HISTORY_PAGE;
use y2w_sdk::protocol::rest::{MessageList, StoreMessage, path};

use super::answer::{Made, ok};
use super::call::Call;
use super::error::ApiError;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{DeleteMessage, EditMessage, MarkRead, PostMessage};
use crate::quirks::Quirk;

pub(super) static ROUTES: &[Route] = &[
    get(path::MESSAGES, Step(sync)),
    post(path::MESSAGES, Step(store)).with_content(),
    get(path::MESSAGES_HISTORY, Step(history)),
    put(path::MESSAGE, Step(edit)).with_content(),
    delete(path::MESSAGE, Step(remove)),
];

/// `GET sessions/SID/messages`. Rules `MSG-SYNC`, `MSG-SESSION-UPDATED-AT`, `MSG-SYNC-MARKS-READ`.
fn sync(call: &Call) -> Made {
    let ([session], caller, range) = (call.ids(), call.caller(), call.range()?);
    let inner = &call.backend().inner;
    let synced = {
        let mut business = inner.business.lock();
        let synced = business.messages(&caller, &session, range)?;
        if business.unread(&caller, &session) > 0 {
            business.apply(MarkRead { caller, session }, inner.clock.now())?;
        }
        synced
    };
    let list = MessageList {
        total_count: synced.page.total,
        entries: synced.page.entries,
        session_updated_at: synced.session_updated_at,
    };
    ok(&list)
}

/// `POST sessions/SID/messages`. Rules `MSG-STORE`, `MSG-IDEMPOTENCY-KEY`.
fn store(call: &Call) -> Made {
    let ([session], idempotency_key) = (call.ids(), call.idempotency_key()?);
    let params: StoreMessage = call.params()?;
    if params.content.is_empty() {
        return Err(ApiError::bad_request("content is missing"));
    }
    call.apply(PostMessage {
        caller: call.caller(),
        session,
        sender: params.sender,
        content: params.content,
        kind: params.kind,
        idempotency_key,
    })
}

/// `GET sessions/SID/messages/history`. Rules `HIST-ARRAY`, `HIST-BOUNDARY`.
fn history(call: &Call) -> Made {
    let ([session], query) = (call.ids(), call.query()?);
    let limit = query.limit(HISTORY_PAGE);
    let business = call.backend().inner.business.lock();
    let history = business.history(&call.caller(), &session, query.until(), limit)?;
    drop(business);
    if call.backend().inner.quirks.on(Quirk::HistoryMarksRead) {
        call.backend().apply(MarkRead { caller: call.caller(), session })?;
    }
    ok(&history)
}

/// `PUT sessions/SID/messages/MID`. Rules `MSG-EDIT`, `MSG-EDIT-RIGHT`, `MSG-EDIT-MEMBER`.
fn edit(call: &Call) -> Made {
    let [session, message] = call.ids();
    call.apply(EditMessage { caller: call.caller(), session, message, changes: call.params()? })
}

/// `DELETE sessions/SID/messages/MID`. Rules `MSG-DELETE`, `MSG-EDIT-RIGHT`, `MSG-EDIT-MEMBER`.
fn remove(call: &Call) -> Made {
    let [session, message] = call.ids();
    call.apply(DeleteMessage { caller: call.caller(), session, message })
}
