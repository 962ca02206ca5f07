//! A user's conversations.

use y2w_sdk::protocol::UserConversation;
use y2w_sdk::protocol::rest::{self, path};

use super::answer::Made;
use super::call::Call;
use super::described::SYNC;
use super::route::{Act::Step, Route, delete, get, put};
use crate::business::{ClearUnread, RemoveConversation, UpdateConversation};

pub(super) const ROUTES: &[Route] = &[
    get(path::USER_CONVERSATIONS, Step(list))
        .says("The conversations that have changed since a time", &["CONV-LIST", "CONV-OWNER"])
        .asks(SYNC)
        .gives_list::<UserConversation>()
        .refuses(&[403]),
    get(path::USER_CONVERSATION, Step(one))
        .says("A conversation", &["CONV-OWNER"])
        .gives::<UserConversation>()
        .refuses(&[403]),
    put(path::USER_CONVERSATION, Step(update))
        .says("Change how a conversation is shown", &["CONV-UPDATE"])
        .takes::<rest::UpdateConversation>()
        .gives::<UserConversation>()
        .refuses(&[403]),
    delete(path::USER_CONVERSATION, Step(remove))
        .says("Hide a conversation until the next message", &["CONV-DELETE"])
        .gives::<UserConversation>()
        .refuses(&[403]),
    put(path::UNREAD, Step(clear_unread))
        .says("Mark a conversation as read", &["CONV-CLEAR-UNREAD"])
        .gives::<UserConversation>()
        .refuses(&[403]),
];

/// `GET users/UID/userConversations`.
fn list(call: &Call) -> Made {
    let ([owner], range) = (call.ids(), call.range()?);
    call.page(|business| business.conversations(&call.caller(), &owner, range))
}

/// `GET users/UID/userConversations/UCID`.
fn one(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.entry(|business| business.conversation(&call.caller(), &owner, &conversation))
}

/// `PUT users/UID/userConversations/UCID`.
fn update(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.apply(UpdateConversation { caller: call.caller(), owner, conversation, changes: call.params()? })
}

/// `DELETE users/UID/userConversations/UCID`.
fn remove(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.apply(RemoveConversation { caller: call.caller(), owner, conversation })
}

/// `PUT users/UID/userConversations/UCID/unread`.
fn clear_unread(call: &Call) -> Made {
    let [owner, conversation] = call.ids();
    call.apply(ClearUnread { caller: call.caller(), owner, conversation })
}
