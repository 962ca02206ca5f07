//! A push server that says exactly what a case wants, over each carrier, and a client for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use rcgen::{CertifiedKey, KeyPair};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use y2w_sdk::Tls;
use y2w_sdk::protocol::limits::PACKET_MAX;
use y2w_sdk::push::gate::Carrier;
use y2w_sdk::push::{Connect, ConnectError, Mqtt, PushLink, PushTransport};

pub(crate) const CONNACK: &[u8] = &[0x20, 2, 0, 0];

pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

pub(crate) struct Server {
    carrier: Carrier,
    listener: TcpListener,
    certificate: CertifiedKey<KeyPair>,
    /// What it answers to the sub-protocols that a client offers.
    pub(crate) sub_protocol: Option<&'static str>,
}

impl Server {
    pub(crate) async fn start(carrier: Carrier) -> Self {
        Self::with_certificate_for(carrier, "127.0.0.1").await
    }

    pub(crate) async fn with_certificate_for(carrier: Carrier, host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let certificate = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        Self { carrier, listener, certificate, sub_protocol: Some("mqttv3.1") }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/", self.carrier.scheme(), self.listener.local_addr().unwrap())
    }

    /// A client that trusts this server.
    pub(crate) fn client(&self) -> Mqtt {
        let client = if self.carrier.is_websocket() { Mqtt::websocket() } else { Mqtt::tcp() };
        if self.carrier.is_secure() { client.tls(self.trust()) } else { client }
    }

    pub(crate) fn trust(&self) -> Tls {
        Tls::with_roots(self.certificate.cert.pem().as_bytes()).unwrap()
    }

    pub(crate) fn connect(&self) -> impl Future<Output = Result<PushLink, ConnectError>> + use<> {
        self.client().connect(connect_to(self.url()))
    }

    /// The next connection; `None` if its client did not like the handshakes.
    pub(crate) async fn try_accept(&self) -> Option<Peer> {
        let (tcp, _) = self.listener.accept().await.unwrap();
        let socket: Box<dyn Socket> = if self.carrier.is_secure() {
            Box::new(self.acceptor().accept(tcp).await.ok()?)
        } else {
            Box::new(tcp)
        };
        let end = if self.carrier.is_websocket() {
            #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
            let shake = |request: &Request, mut response: Response| {
                assert_eq!(request.uri().path(), "/");
                assert_eq!(request.headers()[SEC_WEBSOCKET_PROTOCOL], "mqttv3.1, mqtt");
                if let Some(name) = self.sub_protocol {
                    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
                }
                Ok(response)
            };
            End::Frames(Box::new(tokio_tungstenite::accept_hdr_async(socket, shake).await.ok()?))
        } else {
            End::Bytes(socket)
        };
        Some(Peer { end, input: BytesMut::new() })
    }

    pub(crate) async fn accept(&self) -> Peer {
        self.try_accept().await.unwrap()
    }

    fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(self.certificate.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.cert.der().clone()], key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}

/// The server's end of a connection.
pub(crate) struct Peer {
    pub(crate) end: End,
    input: BytesMut,
}

pub(crate) enum End {
    Bytes(Box<dyn Socket>),
    Frames(Box<WebSocketStream<Box<dyn Socket>>>),
}

impl Peer {
    /// Sends, in frames that are cut anywhere. What a client that has left does not take is lost.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        match &mut self.end {
            End::Bytes(socket) => {
                let _ = socket.write_all(bytes).await;
                let _ = socket.flush().await;
            }
            End::Frames(socket) => {
                for piece in bytes.chunks(999) {
                    let _ = socket.feed(Message::binary(Bytes::copy_from_slice(piece))).await;
                }
                let _ = socket.flush().await;
            }
        }
    }

    /// The next packet of the client, or `None` at the end.
    pub(crate) async fn hear(&mut self) -> Option<Packet> {
        loop {
            if let Ok(packet) = Packet::read(&mut self.input, PACKET_MAX) {
                return Some(packet);
            }
            match &mut self.end {
                End::Bytes(socket) => match socket.read_buf(&mut self.input).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                },
                End::Frames(socket) => match socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => self.input.extend_from_slice(&bytes),
                    Some(Ok(Message::Close(_))) => {}
                    Some(Ok(other)) => panic!("{other:?}"),
                    Some(Err(_)) | None => return None,
                },
            }
        }
    }

    /// A whole HTTP request without a body.
    pub(crate) async fn hear_request(&mut self) {
        let End::Bytes(socket) = &mut self.end else { panic!("HTTP in WebSocket") };
        while !self.input.ends_with(b"\r\n\r\n") {
            self.input.extend_from_slice(&[socket.read_u8().await.unwrap()]);
        }
    }

    pub(crate) async fn hear_payload(&mut self) -> Bytes {
        match self.hear().await {
            Some(Packet::Publish(publish)) => {
                assert_eq!(publish.qos, QoS::AtMostOnce);
                publish.payload
            }
            other => panic!("{other:?} instead of a publish"),
        }
    }
}

pub(crate) fn connect_to(url: String) -> Connect {
    Connect {
        url,
        client_id: "00guid".to_owned(),
        uid: "7".to_owned(),
        im_token: "secret".to_owned(),
        keep_alive: Duration::from_secs(300),
    }
}

/// An open link and the server's end of it.
pub(crate) async fn linked(server: &Server) -> (PushLink, Peer) {
    let accepting = async {
        let mut peer = server.accept().await;
        assert!(matches!(peer.hear().await, Some(Packet::Connect(_))));
        peer.send(CONNACK).await;
        peer
    };
    let (link, peer) = tokio::join!(server.connect(), accepting);
    (link.unwrap(), peer)
}

/// What went wrong when nobody answered CONNECT with a code.
pub(crate) async fn why_not(connecting: impl Future<Output = Result<PushLink, ConnectError>>) -> String {
    match connecting.await {
        Err(ConnectError::Network(why)) => why,
        Err(ConnectError::Refused(code)) => panic!("refused with {code}"),
        Ok(_) => panic!("connected"),
    }
}

pub(crate) fn publish(payload: &[u8]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    Publish::new("y2w/user/7", QoS::AtMostOnce, payload).write(&mut bytes).unwrap();
    bytes.to_vec()
}

pub(crate) const TOPIC: &str = "y2w/session/p2p_1";

pub(crate) fn say(link: &PushLink, payload: impl Into<Vec<u8>>) {
    link.uplink.publish(TOPIC.to_owned(), payload.into());
}
