//! Client SDK for the yun2win instant-messaging protocol.
//!
//! An application begins with [`Users`]: it makes accounts, and a login gives a [`CurrentUser`]. What that user has is
//! reached from there: contacts, conversations, sessions with their members and messages, favourite groups, files.
//! Reading looks at what the client knows and never waits; [`Event`]s tell what changes. `README.md` has a short
//! beginning and every name of the original documentation beside its name here; `examples/` has whole programs.
//!
//! ```no_run
//! use y2w_sdk::protocol::SessionType;
//! use y2w_sdk::{ClientConfig, Event, Users};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let users = Users::new(ClientConfig::new("http://127.0.0.1:8080")?);
//! let ann = users.login("ann@example.org", "secret").await?;
//! let mut events = ann.events();
//! ann.connect();
//! let bob = ann.search("bob@example.org").await?.ok_or("nobody has that account")?;
//! ann.send_text(bob.id.as_str(), &SessionType::P2p, "hello").await?;
//! while let Some(event) = events.next().await {
//!     if let Event::Messages { session, merged } = &*event {
//!         println!("{} new messages in {session}", merged.added.len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Two expressions occur everywhere. *The seed* is the vendor's documentation of the web client of 2016, whose names
//! and behaviour this SDK takes over. Ids in capitals, as `CLIENT-SEND-ORDER`, name rules of the protocol; their text
//! is in `docs/protocol.md`.
//!
//! Everything runs on tokio. A user is one task, and one more for its push connection. Its [`CurrentUser`] owns both:
//! dropping that ends the connection and whatever is under way.
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
#[cfg(test)]
mod machines;
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

/// The code in README.md is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
