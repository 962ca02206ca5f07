//! A stream of bytes to the push server, plain or in the frames of a WebSocket. Every piece that comes over it is on the
//! tape.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::ByteStream;

use super::case::Transport;
use super::lab::Lab;
use super::need::Need;
use super::tape::Kept;
use super::verdict::Stop;

/// The sub-protocol of every push server. Rule `CONN-WEBSOCKET`.
pub(super) const SUB_PROTOCOL: &str = "mqttv3.1";

/// See the module's text.
pub(super) struct Wire<'a> {
    lab: &'a Lab,
    /// What tells it from the others on the tape.
    name: String,
    /// None where a tape tells what came, and once it is over.
    stream: Option<Stream>,
}

enum Stream {
    Plain(Box<dyn ByteStream>),
    Framed(Box<WebSocketStream<Box<dyn ByteStream>>>),
}

/// What comes over a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Read {
    /// These bytes.
    Bytes(Kept),
    /// A text frame, where bytes should be.
    Text(String),
    /// Nothing more: the server has closed it.
    Closed,
    /// Nothing until the deadline.
    Nothing,
}

/// What a WebSocket's handshake came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Handshake {
    /// It is open, and the server has named this sub-protocol.
    Open(String),
    /// It was refused with that status.
    Refused(u16),
    /// It failed otherwise.
    Failed(String),
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(protocol) if protocol.is_empty() => f.write_str("open, without a sub-protocol"),
            Self::Open(protocol) => write!(f, "open, with the sub-protocol {protocol}"),
            Self::Refused(status) => write!(f, "refused with {status}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

impl Lab {
    /// Opens a stream to the push server that carries MQTT and nothing else.
    pub(super) async fn wire(&self, who: &str, over: Transport) -> Result<Wire<'_>, Stop> {
        if over == Transport::Tcp {
            return self.socket(who, over).await;
        }
        let (handshake, wire) = self.handshake(who, None, &[SUB_PROTOCOL]).await?;
        match handshake {
            Handshake::Open(_) => Ok(wire),
            other => Err(self.lacks(Need::Websocket, format!("the handshake of {who} came to: {other}"))),
        }
    }

    /// Makes the handshake of a WebSocket at that path, or where the gate says, with these sub-protocols.
    pub(super) async fn handshake(
        &self,
        who: &str,
        path: Option<&str>,
        protocols: &[&str],
    ) -> Result<(Handshake, Wire<'_>), Stop> {
        let mut wire = self.socket(who, Transport::Websocket).await?;
        let place = self.place().await?.clone();
        let (stream, offered) = (wire.stream.take(), protocols.join(", "));
        let mut framed = None;
        let shake = async {
            let Some(Stream::Plain(stream)) = stream else {
                return Handshake::Failed("no stream".to_owned());
            };
            let place = match self.world().websockets().address(&place) {
                Ok(place) => place,
                Err(why) => return Handshake::Failed(why),
            };
            let deadline = self.deadline();
            match tokio::time::timeout(deadline, Box::pin(shake(stream, &place, path, &offered))).await {
                Ok((handshake, stream)) => {
                    framed = stream;
                    handshake
                }
                Err(_) => Handshake::Failed(format!("no answer within {} s", deadline.as_secs_f64())),
            }
        };
        let handshake = self.tape.told(format!("{} shakes hands", wire.name), shake).await?;
        wire.stream = framed.map(Stream::Framed);
        self.note(who, format!("WebSocket {} ({}): {handshake}", path.unwrap_or("/"), protocols.join(", ")));
        Ok((handshake, wire))
    }

    /// Opens a stream to where the gate says that the push server is.
    async fn socket(&self, who: &str, over: Transport) -> Result<Wire<'_>, Stop> {
        let place = self.place().await?;
        let name = self.count(who);
        let mut stream = None;
        let open = async {
            let streams = match over {
                Transport::Tcp => self.world().streams(),
                Transport::Websocket => self.world().websockets(),
            };
            let opening = streams.open(&streams.address(place)?);
            let deadline = self.deadline();
            let opened = tokio::time::timeout(deadline, opening).await;
            let late = |_| format!("no connection within {} s", deadline.as_secs_f64());
            stream = Some(opened.map_err(late)??);
            Ok(())
        };
        let opened: Result<(), String> = self.tape.told(format!("{name} opens"), open).await?;
        let need = if over == Transport::Tcp { Need::Tcp } else { Need::Websocket };
        opened.map_err(|why| self.lacks(need, format!("{who} cannot reach the push server: {why}")))?;
        Ok(Wire { lab: self, name, stream: stream.map(Stream::Plain) })
    }

    /// What the gate says, asked once.
    pub(super) async fn place(&self) -> Result<&GateData, Stop> {
        self.common.place.get_or_try_init(|| self.ask_gate()).await
    }
}

async fn shake(
    stream: Box<dyn ByteStream>,
    place: &str,
    path: Option<&str>,
    offered: &str,
) -> (Handshake, Option<Box<WebSocketStream<Box<dyn ByteStream>>>>) {
    let failed = |why: &dyn fmt::Display| (Handshake::Failed(why.to_string()), None);
    let place = match path {
        Some(path) => {
            let host = place.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            format!("{host}{path}")
        }
        None => place.to_owned(),
    };
    let mut request = match place.into_client_request() {
        Ok(request) => request,
        Err(why) => return failed(&why),
    };
    if !offered.is_empty() {
        match HeaderValue::try_from(offered) {
            Ok(offered) => request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offered),
            Err(why) => return failed(&why),
        };
    }
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, answer)) => {
            let named = answer.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|name| name.to_str().ok());
            (Handshake::Open(named.unwrap_or_default().to_owned()), Some(Box::new(socket)))
        }
        Err(Error::Http(answer)) => (Handshake::Refused(answer.status().as_u16()), None),
        Err(why) => failed(&why),
    }
}

impl Wire<'_> {
    /// Sends these bytes; in a WebSocket as one frame. Where the other end has closed, that shows when something is read.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let deadline = self.lab.deadline();
        match &mut self.stream {
            Some(Stream::Plain(stream)) => {
                drop(tokio::time::timeout(deadline, stream.write_all(bytes)).await);
                drop(tokio::time::timeout(deadline, stream.flush()).await);
            }
            Some(Stream::Framed(_)) => self.frame(Message::Binary(Bytes::copy_from_slice(bytes))).await,
            None => (),
        }
    }

    /// Sends a frame of a WebSocket.
    pub(super) async fn frame(&mut self, message: Message) {
        let deadline = self.lab.deadline();
        if let Some(Stream::Framed(socket)) = &mut self.stream {
            drop(tokio::time::timeout(deadline, socket.send(message)).await);
        }
    }

    /// Sends these bytes as one message of a WebSocket in several frames.
    pub(super) async fn fragments(&mut self, pieces: &[&[u8]]) {
        for (index, piece) in pieces.iter().enumerate() {
            let code = OpCode::Data(if index == 0 { Data::Binary } else { Data::Continue });
            let is_last = index + 1 == pieces.len();
            self.frame(Message::Frame(Frame::message(piece.to_vec(), code, is_last))).await;
        }
    }

    /// What comes next, within that time.
    pub(super) async fn read(&mut self, within: Duration) -> Result<Read, Stop> {
        let stream = &mut self.stream;
        let read = async {
            let read = match stream {
                Some(Stream::Plain(stream)) => tokio::time::timeout(within, bytes(stream)).await,
                Some(Stream::Framed(socket)) => tokio::time::timeout(within, data(socket)).await,
                None => Ok(Read::Closed),
            };
            read.unwrap_or(Read::Nothing)
        };
        let read = self.lab.tape.told(format!("{} reads", self.name), read).await?;
        if read == Read::Closed {
            self.stream = None;
        }
        Ok(read)
    }

    /// Closes it without a word.
    pub(super) fn close(&mut self) {
        self.stream = None;
    }
}

async fn bytes(stream: &mut Box<dyn ByteStream>) -> Read {
    let mut bytes = [0; 4096];
    match stream.read(&mut bytes).await {
        Ok(count @ 1..) => Read::Bytes(Kept(Bytes::copy_from_slice(&bytes[..count]))),
        _ => Read::Closed,
    }
}

async fn data(socket: &mut WebSocketStream<Box<dyn ByteStream>>) -> Read {
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => return Read::Bytes(Kept(bytes)),
            Some(Ok(Message::Text(text))) => return Read::Text(text.to_string()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => (),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Read::Closed,
        }
    }
}
