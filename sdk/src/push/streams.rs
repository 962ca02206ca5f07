//! The way to a push server as streams of bytes, so that something can lie between a client and its network: a proxy, a
//! tap, a simulated network that loses and delays. What is above the streams, MQTT and the life of the connection, stays
//! as it is.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{ByteStream, Connect, ConnectError, PushLink, PushTransport, mqtt};
use crate::protocol::rest::GateData;

/// Opens streams of bytes to push servers. [`Mqtt`](super::Mqtt) does so over real networks.
pub trait Streams: Send + Sync {
    /// Where the push server is that the gate names, as a URL: see [`PushTransport::address`].
    fn address(&self, gate: &GateData) -> Result<String, String>;

    /// Opens a stream that carries MQTT packets and nothing else, to a place that [`Self::address`] gave. The caller
    /// puts the deadline on it.
    fn open(&self, address: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>>;
}

/// Opens push connections over streams that somebody else opens.
///
/// ```
/// # fn main() -> Result<(), y2w_sdk::ConfigError> {
/// use std::sync::Arc;
/// use y2w_sdk::push::{Mqtt, OverStreams, Streams};
/// // Here a wrapper of the application's own would stand in place of the plain TCP streams.
/// let streams: Arc<dyn Streams> = Arc::new(Mqtt::tcp());
/// let config = y2w_sdk::ClientConfig::new("https://im.example")?.push(Arc::new(OverStreams::new(streams)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OverStreams {
    streams: Arc<dyn Streams>,
}

impl OverStreams {
    /// Over these.
    pub fn new(streams: Arc<dyn Streams>) -> Self {
        Self { streams }
    }
}

impl PushTransport for OverStreams {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        self.streams.address(gate)
    }

    fn connect(&self, connect: Connect) -> BoxFuture<'static, Result<PushLink, ConnectError>> {
        let stream = self.streams.open(&connect.url);
        Box::pin(async move { mqtt::over(stream.await.map_err(ConnectError::Network)?, connect).await })
    }
}
