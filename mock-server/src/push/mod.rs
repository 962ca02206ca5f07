//! The push server: it carries notices between the connections of one app and holds no business data.
//!
//! * [`hub`]: who is connected and who is in which push session; pure.
//! * `command`, `wire`: commands and packets as bytes; pure.
//! * `switchboard`: the hub with the outboxes of its connections.
//! * `outbox`: what waits for one connection, bounded.
//! * `connection`: one connection over any byte stream.
//! * `websocket`: the same inside of a WebSocket.
//! * `mirror`: a copy of the traffic for who watches it.
//! * `gateway`: the listeners. `addresses`: how many connections one address may have.

pub(crate) mod addresses;
mod command;
mod connection;
pub(crate) mod gateway;
pub mod hub;
mod mirror;
mod outbox;
mod switchboard;
pub(crate) mod tokens;
mod websocket;
mod wire;

#[cfg(test)]
mod hub_machine_tests;
#[cfg(test)]
mod hub_tests;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use connection::serve;
pub use mirror::Mirrored;
pub(crate) use switchboard::{ConnectionView, Push, PushView};
pub(crate) use websocket::serve as serve_websocket;

/// The push sides of a server's apps. Rule `CONN-APP-SCOPE`.
#[derive(Clone, Debug)]
pub(crate) struct Pushes {
    first: Arc<Push>,
    others: Arc<[Arc<Push>]>,
}

impl Pushes {
    pub(crate) fn new(first: Arc<Push>, others: impl Iterator<Item = Arc<Push>>) -> Self {
        Self { first, others: others.collect() }
    }

    /// The one whose imToken that is; any will do to refuse one that nobody knows.
    fn of_token(&self, token: &str) -> &Push {
        self.others.iter().find(|push| push.knows(token)).unwrap_or(&self.first)
    }

    /// What holds before it is known which one it is.
    fn config(&self) -> &PushConfig {
        &self.first.config
    }
}

impl From<Arc<Push>> for Pushes {
    fn from(push: Arc<Push>) -> Self {
        Self::new(push, std::iter::empty())
    }
}

/// What a push server can be given.
#[derive(Clone, Copy, Debug)]
pub struct PushConfig {
    /// How many payloads may wait for one connection. When one more comes, the connection is dropped: its client
    /// reads too slowly, and memory does not grow for it.
    pub outgoing_queue: usize,
    /// How many bytes these payloads may have together; a single one may have more.
    pub outgoing_bytes: usize,
    /// How long a connection may take for what is written to it at once. When that is over, it is dropped: its client
    /// does not read.
    pub write_deadline: Duration,
    /// How many connections one address may have over TCP and WebSocket together. Without a number it is 4,096, and there
    /// is no limit for loopback.
    pub connections_per_address: Option<usize>,
    /// How long a new connection may take for its CONNECT.
    pub connect_deadline: Duration,
    /// For how long an imToken is good.
    pub token_life: Duration,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self {
            outgoing_queue: 1_024,
            outgoing_bytes: 1024 * 1024,
            write_deadline: Duration::from_secs(30),
            connections_per_address: None,
            connect_deadline: Duration::from_secs(10),
            token_life: Duration::from_secs(24 * 3_600),
        }
    }
}
