//! MQTT without sockets: over any stream of bytes, as one end of a `tokio::io::duplex` whose other end a server in the
//! same process holds. For simulation and for tests in virtual time. From the stream on, everything is as on a real
//! network: see [`mqtt`](super::mqtt).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::mqtt;
use super::{Connect, ConnectError, PushLink, PushTransport};
use crate::protocol::rest::GateData;

/// A stream of bytes to a push server.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Opens a stream to the push server, or says why that cannot be done now.
pub type Dial = dyn Fn() -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> + Send + Sync;

/// Opens push connections over streams in the same process.
#[derive(Clone)]
pub struct InProcessPush {
    dial: Arc<Dial>,
}

impl InProcessPush {
    /// Opens each connection over a stream that `dial` gives.
    pub fn new(dial: Arc<Dial>) -> Self {
        Self { dial }
    }
}

impl PushTransport for InProcessPush {
    fn address(&self, _: &GateData) -> Result<String, String> {
        Ok("in-process".to_owned())
    }

    fn connect(&self, connect: Connect) -> BoxFuture<'static, Result<PushLink, ConnectError>> {
        let dial = self.dial.clone();
        Box::pin(async move { mqtt::over(dial().await.map_err(ConnectError::Network)?, connect).await })
    }
}
