//! What an application is told.

use crate::model::Merged;
use crate::protocol::push::{Delivery, Notice};
use crate::protocol::{ConnectionStatus, ImSessionId, Message, SendReturnCode};
use crate::push::Trouble;

/// Told of everything that happens to a user. Called by the user's driver, in order, with no lock held: it should
/// return soon, since the user waits for it.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on_event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn on_event(&self, event: &Event) {
        self(event);
    }
}

/// Something that happened to a user.
#[derive(Debug)]
pub enum Event {
    /// The push connection's state has changed. Rule `CONN-STATUS`.
    Connection {
        /// The new state.
        status: ConnectionStatus,
        /// The count of a reconnection, or the code of a disconnection.
        detail: u32,
    },
    /// Why there is no connection; another attempt follows unless the state says otherwise.
    Trouble(Trouble),
    /// A message was stored. The seed's `storeMsgDone`.
    Stored {
        /// Its number among all that this client sent.
        local_id: u64,
        /// In which session.
        session: ImSessionId,
        /// As the server answered it.
        message: Message,
    },
    /// A message was given up. The seed's `storeMsgFailed`.
    StoreFailed {
        /// Its number among all that this client sent.
        local_id: u64,
        /// For which session.
        session: ImSessionId,
        /// Why.
        why: String,
    },
    /// The push server has taken a message's notice.
    NoticeSent {
        /// Of which message.
        local_id: u64,
        /// How many commands it took; more than one means that the members had to be recovered.
        commands: u32,
    },
    /// A message's notice could not be sent; the message itself is stored.
    NoticeFailed {
        /// Of which message.
        local_id: u64,
        /// The push server's answer.
        code: SendReturnCode,
    },
    /// A push has come. What it asks to sync is synced without the application.
    Pushed {
        /// As it came.
        delivery: Delivery,
        /// Its message, if that has the default form.
        notice: Option<Notice>,
    },
    /// A sync brought messages.
    Messages {
        /// Of which session.
        session: ImSessionId,
        /// Which.
        merged: Merged,
    },
    /// The server says that this user is in a session no more. Rule `CLIENT-REMOVED-403`.
    Removed {
        /// From which session.
        session: ImSessionId,
    },
    /// A sync failed; it is tried again if that can help.
    SyncFailed {
        /// Why.
        why: String,
        /// Whether it is tried again.
        again: bool,
    },
}
