//! The business API as the client speaks it, against canned answers: what goes over the wire, literally, and what is
//! made of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod attachments;
mod canned;
mod contacts;
mod conversations;
mod emojis;
mod errors;
mod members;
mod messages;
mod relogin;
mod retries;
mod script;
mod sessions;
mod tokens;
mod user_sessions;
mod users;
mod wire;
