//! Why something that an application asked for did not happen.

use crate::api::ApiError;
use crate::protocol::{ConnectionReturnCode, ImSessionId, SendReturnCode};

/// Why a call of [`CurrentUser`](crate::CurrentUser) failed. The layers below have errors of their own:
/// [`ApiError`], [`ConnectError`](crate::push::ConnectError), [`StoreError`](crate::store::StoreError).
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The business API did not do it.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The session was not opened.
    #[error("session {0} is not open: open it first")]
    SessionNotOpen(ImSessionId),
    /// As many messages wait to be stored as a client holds.
    #[error("{} messages are waiting to be stored", crate::SEND_QUEUE_MAX)]
    QueueFull,
    /// There is no push connection.
    #[error("there is no connection to the push server")]
    Offline,
    /// The push server refused a command, or did not answer it (21).
    #[error("the push server answered the command with {0}")]
    Push(SendReturnCode),
    /// The push server refused the connection.
    #[error("the push server refused the connection with {0}")]
    Connection(ConnectionReturnCode),
    /// There is no such thing.
    #[error("there is no {what} {id}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Under which id.
        id: String,
    },
}

impl Error {
    /// The HTTP status, if the business API answered with an error.
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
