//! The push connection: its life ([`connection`]), where it goes ([`gate`]), and what carries it ([`PushTransport`]).

pub mod connection;
pub mod gate;
mod in_process;
mod mqtt;
mod streams;

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

pub use connection::{Connection, ConnectionState, Trouble};
pub use in_process::{ByteStream, Dial, InProcessPush};
pub use mqtt::{Mqtt, Sockets};
pub use streams::{OverStreams, Streams};

use crate::protocol::ConnectionReturnCode;
use crate::protocol::rest::GateData;

/// What a transport needs to open a connection. Rule `CONN-CONNECT`.
#[derive(Clone)]
pub struct Connect {
    /// Where the push server is, as [`PushTransport::address`] gave it.
    pub url: String,
    /// The MQTT client identifier.
    pub client_id: String,
    /// The MQTT user name.
    pub uid: String,
    /// The MQTT password: the imToken.
    pub im_token: String,
    /// The MQTT keep-alive.
    pub keep_alive: Duration,
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// CONNACK with a code other than 0.
    #[error("refused with {0}")]
    Refused(ConnectionReturnCode),
    /// The network, or something that is no MQTT server.
    #[error("{0}")]
    Network(String),
}

/// Opens push connections. One of the two places with I/O in the SDK; the other is
/// [`HttpTransport`](crate::api::HttpTransport).
pub trait PushTransport: Send + Sync {
    /// Where this transport finds the push server that the gate names, as a URL; the error says what is wrong with the
    /// gate's answer. Rules `GATE-ANSWER`, `GATE-PORTS`, `GATE-URL-PORT`, `GATE-TCP`.
    fn address(&self, gate: &GateData) -> Result<String, String>;

    /// Connects and waits for the CONNACK. The caller puts the deadline on it: dropping the future gives up.
    fn connect(&self, connect: Connect) -> BoxFuture<'static, Result<PushLink, ConnectError>>;
}

/// An open connection. Dropping it closes it at once, as a lost network would.
pub struct PushLink {
    /// Sends.
    pub uplink: Box<dyn Uplink>,
    /// The payloads of the server's PUBLISHes in order; it ends when the connection is lost.
    pub downlink: mpsc::Receiver<Bytes>,
}

/// The sending half of a connection.
pub trait Uplink: Send + Sync {
    /// Hands a QoS 0 PUBLISH over, without waiting. What cannot be taken now is lost, as QoS 0 may be: the outbox
    /// sends it again when no reply comes.
    fn publish(&self, topic: String, payload: Vec<u8>);

    /// Says goodbye, so that the server does not wait for this client: the connection ends by itself soon after, once
    /// what was handed over before is sent.
    fn disconnect(&self);
}
