//! The whole client against the mock server, in virtual time: no sockets, no waiting.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod accounts;
mod contacts;
mod conversations;
mod groups;
mod lifetime;
mod messages;
mod push;
mod store;
mod syncing;
mod world;
