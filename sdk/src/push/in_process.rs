//! MQTT without sockets: over any stream of bytes, as one end of a `tokio::io::duplex` whose other end a server in the
//! same process holds. For simulation and for tests in virtual time.
//!
//! The packets are those of a real connection, by rumqttc's codec. Each connection has one task, owned by its
//! [`PushLink`]: it writes what is handed over, passes PUBLISHes on, and pings when the keep-alive asks for it. A stream
//! that ends, or bytes that are no MQTT, end the connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use rumqttc::mqttbytes::v4::{self, Packet};
use rumqttc::mqttbytes::{Error as CodecError, QoS};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{Connect, ConnectError, PushLink, PushTransport, Uplink};
use crate::protocol::rest::GateData;
use crate::protocol::{ConnectionReturnCode, limits};

/// Payloads and publishes that wait, per connection and direction.
const QUEUE: usize = 32;

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
        Box::pin(async move { open(dial().await.map_err(ConnectError::Network)?, connect).await })
    }
}

enum Outgoing {
    Publish(String, Vec<u8>),
    Goodbye,
}

struct InProcessUplink {
    outgoing: mpsc::Sender<Outgoing>,
    /// Taken by a goodbye, which the task then says by itself.
    task: parking_lot::Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Uplink for InProcessUplink {
    fn publish(&self, topic: String, payload: Vec<u8>) {
        if self.outgoing.try_send(Outgoing::Publish(topic, payload)).is_err() {
            tracing::debug!("a publish was not taken");
        }
    }

    fn disconnect(&self) {
        if self.outgoing.try_send(Outgoing::Goodbye).is_ok()
            && let Some(task) = self.task.lock().take()
        {
            task.detach();
        }
    }
}

/// One connection: the stream and what was read from it.
struct Wire {
    stream: Box<dyn ByteStream>,
    input: BytesMut,
    output: BytesMut,
}

async fn open(stream: Box<dyn ByteStream>, connect: Connect) -> Result<PushLink, ConnectError> {
    let mut wire = Wire { stream, input: BytesMut::new(), output: BytesMut::new() };
    let mut packet = v4::Connect::new(connect.client_id);
    packet.keep_alive = u16::try_from(connect.keep_alive.as_secs()).unwrap_or(u16::MAX);
    packet.clean_session = true;
    packet.set_login(connect.uid, connect.im_token);
    let network = ConnectError::Network;
    wire.write(&Packet::Connect(packet)).await.map_err(network)?;
    match wire.read().await.map_err(network)? {
        Read::Connack(0) => {}
        Read::Connack(code) => return Err(ConnectError::Refused(ConnectionReturnCode(code.into()))),
        Read::Packet(other) => return Err(network(format!("the first packet is no CONNACK but {other:?}"))),
    }
    let (payloads, downlink) = mpsc::channel(QUEUE);
    let (outgoing, to_send) = mpsc::channel(QUEUE);
    let keep_alive = connect.keep_alive;
    #[expect(clippy::disallowed_methods, reason = "one task per connection, owned by its link")]
    let task = tokio::spawn(async move {
        if let Err(why) = run(wire, payloads, to_send, keep_alive).await {
            tracing::debug!(why, "push connection lost");
        }
    });
    let task = parking_lot::Mutex::new(Some(AbortOnDropHandle::new(task)));
    Ok(PushLink { uplink: Box::new(InProcessUplink { outgoing, task }), downlink })
}

async fn run(
    mut wire: Wire,
    payloads: mpsc::Sender<Bytes>,
    mut to_send: mpsc::Receiver<Outgoing>,
    keep_alive: Duration,
) -> Result<(), String> {
    loop {
        let ping = tokio::time::sleep(keep_alive);
        tokio::select! {
            biased;
            packet = wire.read() => match packet? {
                Read::Packet(Packet::Publish(publish)) => {
                    if payloads.send(publish.payload).await.is_err() {
                        return Ok(());
                    }
                }
                Read::Packet(Packet::Disconnect) => return Ok(()),
                Read::Packet(_) | Read::Connack(_) => {}
            },
            outgoing = to_send.recv() => match outgoing {
                Some(Outgoing::Publish(topic, payload)) => {
                    let publish = v4::Publish::new(topic, QoS::AtMostOnce, payload);
                    wire.write(&Packet::Publish(publish)).await?;
                }
                Some(Outgoing::Goodbye) => return wire.write(&Packet::Disconnect).await,
                None => return Ok(()),
            },
            () = ping => wire.write(&Packet::PingReq).await?,
        }
    }
}

enum Read {
    /// With its code: the codec knows none above 5.
    Connack(u8),
    Packet(Packet),
}

impl Wire {
    /// The next packet. Dropped anywhere, it loses nothing.
    async fn read(&mut self) -> Result<Read, String> {
        loop {
            if let [0x20, 2, _, code, ..] = self.input[..] {
                let _ = self.input.split_to(4);
                return Ok(Read::Connack(code));
            }
            match Packet::read(&mut self.input, limits::PACKET_MAX) {
                Ok(packet) => return Ok(Read::Packet(packet)),
                Err(CodecError::InsufficientBytes(_)) => {}
                Err(error) => return Err(error.to_string()),
            }
            if self.stream.read_buf(&mut self.input).await.map_err(|e| e.to_string())? == 0 {
                return Err("the connection was closed".to_owned());
            }
        }
    }

    async fn write(&mut self, packet: &Packet) -> Result<(), String> {
        self.output.clear();
        packet.write(&mut self.output, limits::PACKET_MAX).map_err(|e| e.to_string())?;
        self.stream.write_all(&self.output).await.map_err(|e| e.to_string())
    }
}
