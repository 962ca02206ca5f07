//! MQTT on real networks: over TCP and over WebSocket, each with or without TLS.
//!
//! The packets are rumqttc's. Its event loop is not used, because it refuses a WebSocket server that answers with the
//! sub-protocol `mqttv3.1` (`CONN-WEBSOCKET`), keeps ten times the memory per connection, and reconnects by itself.
//! [`link`] drives a connection instead; [`websocket`] makes byte streams of binary frames.

mod link;
mod websocket;

use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::gate::{Address, Carrier};
use super::{ByteStream, Connect, ConnectError, PushLink, PushTransport, Streams};
use crate::protocol::rest::GateData;
use crate::tls::Tls;

/// Opens push connections over TCP or WebSocket.
#[derive(Clone, Debug)]
pub struct Mqtt {
    websocket: bool,
    tls: Option<Tls>,
}

impl Mqtt {
    /// Over TCP. Rule `CONN-TCP`.
    pub fn tcp() -> Self {
        Self { websocket: false, tls: None }
    }

    /// Over WebSocket. Rule `CONN-WEBSOCKET`.
    pub fn websocket() -> Self {
        Self { websocket: true, tls: None }
    }

    /// With TLS, and only with TLS. Without this the gate decides: it may name a URL with TLS, and then the platform's
    /// roots are trusted.
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    fn carrier(&self) -> Carrier {
        match (self.websocket, self.tls.is_some()) {
            (false, false) => Carrier::Tcp,
            (false, true) => Carrier::Tls,
            (true, false) => Carrier::WebSocket,
            (true, true) => Carrier::SecureWebSocket,
        }
    }

    /// The socket below, with TLS where the address has it.
    async fn socket(self, address: &Address) -> Result<Box<dyn ByteStream>, String> {
        let host = address.host.as_str();
        let tcp = TcpStream::connect((host, address.port)).await.map_err(|e| e.to_string())?;
        tcp.set_nodelay(true).map_err(|e| e.to_string())?;
        if !address.carrier.is_secure() {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|e| e.to_string())?;
        let tls = TlsConnector::from(self.tls.unwrap_or_else(Tls::system).config());
        Ok(Box::new(tls.connect(name, tcp).await.map_err(|e| format!("no TLS: {e}"))?))
    }

    async fn dial(self, address: &Address) -> Result<Wire, String> {
        let socket = self.socket(address).await?;
        if address.carrier.is_websocket() {
            return websocket::open(socket, address).await;
        }
        Ok(Wire::of(socket))
    }
}

impl PushTransport for Mqtt {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        Address::from_gate(gate, self.carrier()).map(|address| address.to_string())
    }

    fn connect(&self, connect: Connect) -> BoxFuture<'static, Result<PushLink, ConnectError>> {
        let transport = self.clone();
        Box::pin(async move {
            let address = Address::parse(&connect.url, transport.carrier()).map_err(ConnectError::Network)?;
            let at = |why: String| ConnectError::Network(format!("{address}: {why}"));
            let wire = transport.dial(&address).await.map_err(at)?;
            link::open(wire, connect).await.map_err(|error| match error {
                ConnectError::Network(why) => at(why),
                refused @ ConnectError::Refused(_) => refused,
            })
        })
    }
}

impl Streams for Mqtt {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        PushTransport::address(self, gate)
    }

    fn open(&self, address: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let (transport, address) = (self.clone(), Address::parse(address, self.carrier()));
        Box::pin(async move {
            let address = address?;
            let wire = transport.dial(&address).await.map_err(|why| format!("{address}: {why}"))?;
            Ok(Box::new(tokio::io::join(wire.reader, wire.writer)) as Box<dyn ByteStream>)
        })
    }
}

/// What lies below [`Mqtt`]: sockets to the place that the gate names, with TLS where that is asked for. Over WebSocket they
/// carry the handshake and the frames, which whoever opens them makes and reads: a proxy, or a test of a server.
#[derive(Clone, Debug)]
pub struct Sockets {
    mqtt: Mqtt,
}

impl Sockets {
    /// Those that this would use.
    pub fn below(mqtt: Mqtt) -> Self {
        Self { mqtt }
    }
}

impl Streams for Sockets {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        PushTransport::address(&self.mqtt, gate)
    }

    fn open(&self, address: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let (mqtt, address) = (self.mqtt.clone(), Address::parse(address, self.mqtt.carrier()));
        Box::pin(async move {
            let address = address?;
            mqtt.socket(&address).await.map_err(|why| format!("{address}: {why}"))
        })
    }
}

/// An MQTT connection over a stream that is open.
pub(super) async fn over(stream: Box<dyn ByteStream>, connect: Connect) -> Result<PushLink, ConnectError> {
    link::open(Wire::of(stream), connect).await
}

/// The two directions of a connection that carries MQTT.
struct Wire {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
}

impl Wire {
    fn of(stream: Box<dyn ByteStream>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader: Box::new(reader), writer: Box::new(writer) }
    }
}
