//! Where a plan is played.
//!
//! * `Sim`: client and server code in one thread, virtual time, no sockets. Fast, and the same every time.
//! * `Embedded`: the same server on real loopback sockets, real time.
//! * `Remote`: any server at a URL. What only an operator can inflict on a server is not possible there.
//!
//! A [`World`] gives clients their way to the server and inflicts on the server what the plan says. What befalls the
//! network is no part of it: that is the [weather], which lies between any client and any world.

mod control;
mod embedded;
mod frames;
mod next_door;
mod remote;
mod sim;
pub mod weather;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::{ImSessionId, UserId};
use y2w_sdk::push::{Mqtt, Sockets, Streams};

pub use control::Control;
pub use embedded::Embedded;
pub(crate) use next_door::NextDoor;
pub use remote::Remote;
pub(crate) use sim::harm_ours;
pub use sim::{Sim, in_virtual_time};
pub use weather::Weather;

/// What a stream in memory holds before its writer has to wait.
const STREAM_BYTES: usize = 64 * 1024;

/// What whoever sent a request is told that was lost, or that met the end of the server.
const RESET: &str = "connection reset";

/// Where a plan is played; see the module's text.
pub trait World: Send + Sync {
    /// The address of the business API.
    fn base_url(&self) -> &str;

    /// The time there.
    fn clock(&self) -> Clock;

    /// The account of a user of the plan: on a server that others use too, one that nobody else has.
    fn account(&self, name: &str) -> String {
        format!("{name}@example.org")
    }

    /// The way of requests to the server.
    fn http(&self) -> Arc<dyn HttpTransport>;

    /// The way of push connections to the server.
    fn streams(&self) -> Arc<dyn Streams>;

    /// The way of the bytes below WebSocket, the handshake being the first of them: for who looks at the frames.
    fn websockets(&self) -> Arc<dyn Streams> {
        Arc::new(Sockets::below(Mqtt::websocket()))
    }

    /// The address of the business API of another app of the same server, if the plan has one.
    fn neighbour(&self) -> Option<String> {
        None
    }

    /// Does this to the server.
    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>>;
}

/// What can be done to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Whoever connects for a push connection is refused for so long.
    Refuse(Duration),
    /// The push side restarts.
    RestartPush,
    /// The server stops.
    Stop,
    /// The server that was stopped starts again.
    Start {
        /// With what it acknowledged; otherwise with nothing.
        journal: bool,
    },
    /// The push side forgets a session.
    Forget(ImSessionId),
    /// The push side's mts of a session moves by so many milliseconds.
    MoveMts(ImSessionId, i64),
    /// A user's login tokens expire, or everybody's.
    ExpireTokens(Option<UserId>),
    /// All imTokens expire.
    ExpireImTokens,
    /// A user is kicked.
    Kick(UserId),
    /// A user is barred: may not log in any more.
    Bar(UserId),
}

/// Why something could not be done to the server of a world, to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotInflicted(pub String);

impl fmt::Display for NotInflicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
