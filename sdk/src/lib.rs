//! Client SDK for the yun2win instant-messaging protocol.
//!
//! Three layers, from the wire up:
//!
//! * [`protocol`]: the vocabulary both ends share. Pure data; the mock server is built on it as well.
//! * [`model`], [`push::connection`], [`bridge`] queues: the functional core. It takes a time and an input and
//!   gives outputs; it never waits, spawns, locks, reads a clock or draws a random number.
//! * [`api`], [`push`], [`CurrentUser`]: the thin shell that moves bytes, over the two traits
//!   [`api::HttpTransport`] and [`push::PushTransport`], the only I/O there is.

pub mod api;
pub mod bridge;
pub mod clock;
mod config;
pub mod current_user;
mod error;
pub mod model;
pub mod protocol;
pub mod push;
pub mod store;
mod tls;

pub use bridge::{Changed, Draft, Event, Events, Observer, SyncContext, SyncHandler};
pub use config::{ClientConfig, ConfigError, LoginOptions, MessageSync};
pub use current_user::{
    Contact, CurrentUser, NewGroup, Party, SEND_QUEUE_MAX, Session, SessionMember, UserConversation,
    UserSession, Users,
};
pub use error::Error;
pub use tls::Tls;
