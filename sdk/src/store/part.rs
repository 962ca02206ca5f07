//! What documents there are.

use std::fmt;

use crate::protocol::SessionId;

/// What one document holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The user, and the other users that the client has met.
    Users,
    /// The conversations and their watermark.
    Conversations,
    /// The contacts and their watermark.
    Contacts,
    /// The favourite groups and their watermark.
    UserSessions,
    /// A session, its members and their watermark.
    Session(SessionId),
    /// The messages of a session and their watermark; only if the application asked for it.
    Messages(SessionId),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users => f.write_str("users"),
            Self::Conversations => f.write_str("conversations"),
            Self::Contacts => f.write_str("contacts"),
            Self::UserSessions => f.write_str("favourite groups"),
            Self::Session(session) => write!(f, "session {session}"),
            Self::Messages(session) => write!(f, "messages of session {session}"),
        }
    }
}
