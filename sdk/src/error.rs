//! Why something that an application asked for did not happen.

use crate::api::ApiError;
use crate::protocol::{ImSessionId, SendReturnCode};

/// Why a call of [`CurrentUser`](crate::CurrentUser) failed. The layers below have errors of their own:
/// [`ApiError`], [`ConnectError`](crate::push::ConnectError), [`StoreError`](crate::store::StoreError).
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The business API did not do it, or did not say that it did: see [`ApiError::status`] and
    /// [`ApiError::is_transient`].
    #[error(transparent)]
    Api(#[from] ApiError),
    /// This client does not know the session or its members: open it first, with
    /// [`CurrentUser::open_p2p`](crate::CurrentUser::open_p2p), [`CurrentUser::open`](crate::CurrentUser::open) or
    /// [`Sessions::get`](crate::current_user::Sessions::get).
    #[error("session {0} is not open: open it first")]
    SessionNotOpen(ImSessionId),
    /// As much is waiting already as a client holds: messages to be stored, notices for the push server, or plain
    /// commands without a reply. Nothing was taken; it can be tried again when some of it is done.
    #[error("{} messages, notices or commands are waiting already", crate::SEND_QUEUE_MAX)]
    QueueFull,
    /// There is no push connection, or it was lost before the answer came.
    #[error("there is no connection to the push server")]
    Offline,
    /// The push server refused a command, or did not answer it within 10 s (21). Rules `PUSH-RETURN-CODES`,
    /// `PUSH-TIMEOUT`.
    #[error("the push server answered the command with {0}")]
    Push(SendReturnCode),
    /// There is no such thing: it was never there, or it has gone in the meantime.
    #[error("there is no {what} {id}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Under which id.
        id: String,
    },
}

impl Error {
    /// The HTTP status, if the business API answered with an error. Rule `API-ERROR-SHAPE`.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => error.status(),
            _ => None,
        }
    }

    pub(crate) fn unknown(what: &'static str, id: impl Into<String>) -> Self {
        Self::Unknown { what, id: id.into() }
    }
}
