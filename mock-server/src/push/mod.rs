//! The push server: it carries notices between the connections of one app and holds no business data.
//!
//! * [`hub`]: who is connected and who is in which push session; pure.
//! * `command`, `wire`: commands and packets as bytes; pure.
//! * `switchboard`: the hub with the outgoing queues of its connections.
//! * `connection`: one connection over any byte stream.
//! * `websocket`: the same inside of a WebSocket.
//! * `gateway`: the listeners.

mod command;
mod connection;
pub(crate) mod gateway;
pub mod hub;
mod switchboard;
pub(crate) mod tokens;
mod websocket;
mod wire;

#[cfg(test)]
mod hub_tests;

use std::time::Duration;

pub(crate) use connection::serve;
pub(crate) use switchboard::Push;

/// What a push server can be given.
#[derive(Clone, Copy, Debug)]
pub struct PushConfig {
    /// How many payloads may wait for one connection. When one more comes, the connection is dropped: its client
    /// reads too slowly, and memory does not grow for it.
    pub outgoing_queue: usize,
    /// How long a new connection may take for its CONNECT.
    pub connect_deadline: Duration,
    /// For how long an imToken is good.
    pub token_life: Duration,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self {
            outgoing_queue: 1_024,
            connect_deadline: Duration::from_secs(10),
            token_life: Duration::from_secs(24 * 3_600),
        }
    }
}
