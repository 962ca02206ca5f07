//! Messages of a session.

use y2w_sdk::protocol::Message;
use y2w_sdk::protocol::limits::HISTORY_PAGE;
use y2w_sdk::protocol::rest::{self, MessageList, StoreMessage, path};

use super::answer::{Made, ok};
use super::call::Call;
use super::described::{HISTORY, IDEMPOTENT, SYNC};
use super::error::ApiError;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{DeleteMessage, EditMessage, MarkRead, PostMessage};
use crate::quirks::Quirk;

pub(super) const ROUTES: &[Route] = &[
    get(path::MESSAGES, Step(sync))
        .says(
            "The messages that have changed since a time; marks the session as read",
            &["MSG-SYNC", "MSG-SESSION-UPDATED-AT", "MSG-SYNC-MARKS-READ"],
        )
        .asks(SYNC)
        .gives::<MessageList>()
        .refuses(&[403]),
    post(path::MESSAGES, Step(store))
        .with_content()
        .says("Store a message", &["MSG-STORE", "MSG-IDEMPOTENCY-KEY"])
        .asks(IDEMPOTENT)
        .takes::<StoreMessage>()
        .gives::<Message>()
        .refuses(&[403]),
    get(path::MESSAGES_HISTORY, Step(history))
        .says("A page of messages, newest first", &["HIST-ARRAY", "HIST-BOUNDARY"])
        .asks(HISTORY)
        .gives_array::<Message>()
        .refuses(&[403]),
    put(path::MESSAGE, Step(edit))
        .with_content()
        .says("Edit or recall a message", &["MSG-EDIT", "MSG-EDIT-RIGHT", "MSG-EDIT-MEMBER"])
        .takes::<rest::EditMessage>()
        .gives::<Message>()
        .refuses(&[403]),
    delete(path::MESSAGE, Step(remove))
        .says(
            "Delete a message: it becomes a tombstone",
            &["MSG-DELETE", "MSG-EDIT-RIGHT", "MSG-EDIT-MEMBER"],
        )
        .gives::<Message>()
        .refuses(&[403]),
];

/// `GET sessions/SID/messages`.
fn sync(call: &Call) -> Made {
    let ([session], caller, range) = (call.ids(), call.caller(), call.range()?);
    let inner = &call.backend().inner;
    let synced = {
        let mut business = inner.business.lock();
        let synced = business.messages(&caller, &session, range)?;
        if business.unread(&caller, &session) > 0 {
            call.backend().apply_to(&mut business, MarkRead { caller, session })?;
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

/// `POST sessions/SID/messages`.
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

/// `GET sessions/SID/messages/history`.
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

/// `PUT sessions/SID/messages/MID`.
fn edit(call: &Call) -> Made {
    let [session, message] = call.ids();
    call.apply(EditMessage { caller: call.caller(), session, message, changes: call.params()? })
}

/// `DELETE sessions/SID/messages/MID`.
fn remove(call: &Call) -> Made {
    let [session, message] = call.ids();
    call.apply(DeleteMessage { caller: call.caller(), session, message })
}
