//! The vocabulary of the wire: codes, ids, times, entities, frames, paths, limits.
//!
//! Client and server both use it, so each rule stands once. That both sides could then share a mistake is what the
//! literal JSON in the tests here guards against. No I/O, no clock, no randomness.
//!
//! The rules themselves, with their ids, are in `docs/protocol.md`.

mod calendar;
pub mod codes;
pub mod content;
pub mod credential;
pub mod entity;
pub mod ids;
mod lenient;
pub mod limits;
pub mod push;
pub mod rest;
pub mod time;

pub use codes::{ConnectionReturnCode, ConnectionStatus, SendReturnCode};
pub use entity::{
    Attachment, Contact, Emoji, LastMessage, Message, MessageType, Role, Session, SessionMember, SessionType,
    Status, User, UserConversation, UserSession,
};
pub use ids::{
    AttachmentId, ContactId, ConversationId, EmojiId, MemberId, MessageId, SessionId, UserId, UserSessionId,
};
pub use push::ImSessionId;
pub use time::Timestamp;
