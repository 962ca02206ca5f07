//! A user's conversations.

use y2w_sdk::protocol::rest::path;

use super::answer::Made;
use super::call::Call;
use super::route::{Act::Step, Route, delete, get, put};
use crate::business::{ClearUnread, RemoveConversation, UpdateConversation};

pub(super) static ROUTES: &[Route] = &[
    get(path::USER_CONVERSATIONS, Step(list)),
    get(path::USER_CONVERSATION, Step(one)),
    put(path::USER_CONVERSATION, Step(update)),
    delete(path::USER_CONVERSATION, Step(remove)),
    put(path::UNREAD, Step(clear_unread)),
];

/// `GET users/UID/userConversations`. Rules `CONV-LIST`, `CONV-OWNER`.
fn list(call: &Call) -> Made {
    let ([owner], range) = (call.ids(), call.range()?);
    call.page(|business| business.conversations(&call.caller(), &owner, range))
}

/// `GET users/UID/userConversations/UCID`. Rule `CONV-OWNER`.
fn one(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.entry(|business| business.conversation(&call.caller(), &owner, &conversation))
}

/// `PUT users/UID/userConversations/UCID`. Rule `CONV-UPDATE`.
fn update(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.apply(UpdateConversation { caller: call.caller(), owner, conversation, changes: call.params()? })
}

/// `DELETE users/UID/userConversations/UCID`. Rule `CONV-DELETE`.
fn remove(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.apply(RemoveConversation { caller: call.caller(), owner, conversation })
}

/// `PUT users/UID/userConversations/UCID/unread`. Rule `CONV-CLEAR-UNREAD`.
fn clear_unread(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.apply(ClearUnread { caller: call.caller(), owner, conversation })
}
