//! One MQTT connection, from CONNECT to its end.
//!
//! ```text
//!  publish, disconnect ──▶ Outgoing ──▶ send ──▶ server ──▶ receive ──▶ PushLink::downlink
//!                             ▲                                │
//!             ping ───────────┴────────── acknowledgements ────┘
//! ```
//!
//! `send`, `receive` and `ping` are one task, which reads also while it cannot write. It is aborted when the
//! [`PushLink`] is dropped, unless the goodbye was said: then it lives until the server has closed, or for
//! [`GOODBYE`]. Between packets it holds no buffer, and its only timer is that of the keep-alive.

use std::future::{pending, poll_fn};
use std::io;
use std::mem::{MaybeUninit, take};
use std::pin::Pin;
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use rumqttc::mqttbytes::v4::{self, Packet, PubAck, PubComp, PubRec, Publish};
use rumqttc::mqttbytes::{Error as CodecError, QoS, valid_topic};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Wire;
use crate::protocol::ConnectionReturnCode;
use crate::protocol::limits::PACKET_MAX;
use crate::push::{Connect, ConnectError, PushLink, Uplink};

/// Payloads from the server that wait for the client; when it is full, TCP holds the server back.
const DOWNLINK_QUEUE: usize = 32;
/// Bytes that wait for the network.
const UPLINK_MAX: usize = 2 * PACKET_MAX;
/// How long the end of a connection may take after the goodbye, or after it can no longer be written to.
const GOODBYE: Duration = Duration::from_secs(2);
/// Ticks in a keep-alive.
const TICKS: u32 = 3;
/// The longest text MQTT can hold.
const TEXT_MAX: usize = u16::MAX as usize;

/// Says CONNECT and waits for CONNACK. Rules `CONN-CONNECT`, `CONN-RETURN-CODES`.
pub(super) async fn open(mut wire: Wire, connect: Connect) -> Result<PushLink, ConnectError> {
    let keep_alive = u16::try_from(connect.keep_alive.as_secs()).unwrap_or(u16::MAX);
    let hello = connect_packet(connect, keep_alive).map_err(ConnectError::Network)?;
    // A server that refuses everybody may have done so already: then its answer tells more than the failed write.
    let _ = write(&mut wire.writer, &hello).await;
    let mut input = BytesMut::new();
    match first_packet(&mut wire.reader, &mut input).await? {
        Packet::ConnAck(connack) if connack.code == v4::ConnectReturnCode::Success => {}
        Packet::ConnAck(connack) => {
            return Err(ConnectError::Refused(ConnectionReturnCode(connack.code as u32)));
        }
        other => return Err(ConnectError::Network(format!("the answer to CONNECT is {other:?}"))),
    }
    let (payloads, downlink) = mpsc::channel(DOWNLINK_QUEUE);
    let outgoing = Arc::new(Outgoing::default());
    let keep_alive = Duration::from_secs(keep_alive.into());
    let task = run(wire, input, Arc::clone(&outgoing), payloads, keep_alive);
    #[expect(clippy::disallowed_methods, reason = "the connection's own task; its link ends it")]
    let task = AbortOnDropHandle::new(tokio::spawn(task));
    Ok(PushLink { uplink: Box::new(MqttUplink { outgoing, task: Mutex::new(Some(task)) }), downlink })
}

fn connect_packet(connect: Connect, keep_alive: u16) -> Result<BytesMut, String> {
    if [&connect.client_id, &connect.uid, &connect.im_token].iter().any(|text| text.len() > TEXT_MAX) {
        return Err("the client id, the uid or the imToken is too long for MQTT".to_owned());
    }
    let mut packet = v4::Connect::new(connect.client_id);
    packet.keep_alive = keep_alive;
    packet.clean_session = true;
    packet.set_login(connect.uid, connect.im_token);
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

async fn first_packet(
    reader: &mut (impl AsyncRead + Unpin),
    input: &mut BytesMut,
) -> Result<Packet, ConnectError> {
    loop {
        match next_packet(input) {
            Ok(Some(packet)) => return Ok(packet),
            Ok(None) => {}
            // A CONNACK above 5 is not in MQTT's table: 6, 7, 10, 99 and 100 arrive this way.
            Err(CodecError::InvalidConnectReturnCode(code)) => {
                return Err(ConnectError::Refused(ConnectionReturnCode(u32::from(code))));
            }
            Err(error) => {
                return Err(ConnectError::Network(format!("the answer to CONNECT is no MQTT: {error}")));
            }
        }
        match read(reader, input).await {
            Ok(0) => return Err(ConnectError::Network("no answer to CONNECT: closed".to_owned())),
            Ok(_) => {}
            Err(error) => return Err(ConnectError::Network(format!("no answer to CONNECT: {error}"))),
        }
    }
}

/// What waits to be sent, and what the keep-alive has to know of it.
#[derive(Default)]
struct Outgoing {
    queue: Mutex<Queue>,
    more: Notify,
    /// Nothing more is taken: the goodbye is the last thing in the queue, or the connection is lost.
    closing: CancellationToken,
}

#[derive(Default)]
struct Queue {
    bytes: BytesMut,
    /// Whether anything was sent since the last tick.
    busy: bool,
    /// Ticks since a PINGREQ to which no PINGRESP has come.
    unanswered: Option<u32>,
}

impl Outgoing {
    fn put(&self, packet: &Packet) -> Result<(), String> {
        let goodbye = *packet == Packet::Disconnect;
        let mut queue = self.queue.lock();
        if self.closing.is_cancelled() {
            return Err("the connection ends".to_owned());
        }
        if !goodbye && queue.bytes.len() + packet.size() > UPLINK_MAX {
            return Err("too much waits for the network".to_owned());
        }
        packet.write(&mut queue.bytes, PACKET_MAX).map_err(|e| e.to_string())?;
        if goodbye {
            self.closing.cancel();
        }
        drop(queue);
        self.more.notify_one();
        Ok(())
    }

    /// All that waits, as soon as there is something; `None` after the goodbye.
    async fn next(&self) -> Option<BytesMut> {
        loop {
            {
                let mut queue = self.queue.lock();
                if !queue.bytes.is_empty() {
                    queue.busy = true;
                    return Some(take(&mut queue.bytes));
                }
            }
            if self.closing.is_cancelled() {
                return None;
            }
            self.more.notified().await;
        }
    }

    /// A third of the keep-alive has passed. A tick without any packet asks for a PINGREQ, so that less than two
    /// thirds of the keep-alive lie between two packets (`CONN-PING`); false if a PINGREQ was not answered within a
    /// whole one (`CONN-PING-LOST`).
    fn tick(&self) -> bool {
        let mut queue = self.queue.lock();
        let busy = take(&mut queue.busy);
        match &mut queue.unanswered {
            Some(ticks) => {
                *ticks += 1;
                return *ticks < TICKS;
            }
            None if busy => return true,
            None => queue.unanswered = Some(0),
        }
        drop(queue);
        if let Err(why) = self.put(&Packet::PingReq) {
            tracing::debug!(why, "a ping was not sent");
        }
        true
    }

    fn answered(&self) {
        self.queue.lock().unanswered = None;
    }

    /// Nothing is sent any more.
    fn end(&self) {
        let mut queue = self.queue.lock();
        self.closing.cancel();
        queue.bytes = BytesMut::new();
    }
}

struct MqttUplink {
    outgoing: Arc<Outgoing>,
    /// Given away by the goodbye.
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Uplink for MqttUplink {
    fn publish(&self, topic: String, payload: Vec<u8>) {
        let taken = if topic.len() > TEXT_MAX || !valid_topic(&topic) {
            Err(format!("`{topic}` is no topic"))
        } else {
            self.outgoing.put(&Packet::Publish(Publish::new(topic, QoS::AtMostOnce, payload)))
        };
        if let Err(why) = taken {
            tracing::debug!(why, "a publish was not taken");
        }
    }

    fn disconnect(&self) {
        match self.outgoing.put(&Packet::Disconnect) {
            Ok(()) => {
                if let Some(task) = self.task.lock().take() {
                    task.detach();
                }
            }
            Err(why) => tracing::debug!(why, "a goodbye was not taken"),
        }
    }
}

async fn run(
    wire: Wire,
    input: BytesMut,
    outgoing: Arc<Outgoing>,
    payloads: mpsc::Sender<Bytes>,
    keep_alive: Duration,
) {
    let why = tokio::select! { biased;
        why = receive(wire.reader, input, &outgoing, payloads) => why,
        why = send(wire.writer, &outgoing) => why,
        why = ping(&outgoing, keep_alive) => why,
        why = overdue(&outgoing) => why,
    };
    outgoing.end();
    tracing::debug!(why, "push connection ended");
}

/// Hands payloads on until the connection ends; what arrived together with the end is read first.
async fn receive(
    mut reader: impl AsyncRead + Unpin,
    mut input: BytesMut,
    outgoing: &Outgoing,
    payloads: mpsc::Sender<Bytes>,
) -> String {
    loop {
        loop {
            let answer = match next_packet(&mut input) {
                Ok(None) => break,
                Ok(Some(Packet::Publish(publish))) => {
                    let answer = match publish.qos {
                        QoS::AtMostOnce => None,
                        // `PUSH-QOS` has no other; who sends them all the same may wait for an acknowledgement.
                        QoS::AtLeastOnce => Some(Packet::PubAck(PubAck::new(publish.pkid))),
                        QoS::ExactlyOnce => Some(Packet::PubRec(PubRec::new(publish.pkid))),
                    };
                    // After the goodbye there may be nobody who listens.
                    let _ = payloads.send(publish.payload).await;
                    answer
                }
                Ok(Some(Packet::PubRel(release))) => Some(Packet::PubComp(PubComp::new(release.pkid))),
                Ok(Some(Packet::PingResp)) => {
                    outgoing.answered();
                    None
                }
                Ok(Some(other)) => return format!("the server sent {other:?}"),
                Err(error) => return error.to_string(),
            };
            if let Some(Err(why)) = answer.map(|packet| outgoing.put(&packet)) {
                tracing::debug!(why, "an acknowledgement was not sent");
            }
        }
        match read(&mut reader, &mut input).await {
            Ok(0) => return "the server closed it".to_owned(),
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
    }
}

/// Sends what waits, until the goodbye is said or nothing more can be written.
async fn send(mut writer: impl AsyncWrite + Unpin, outgoing: &Outgoing) -> String {
    while let Some(bytes) = outgoing.next().await {
        if let Err(error) = write(&mut writer, &bytes).await {
            // The server's last words may not be read yet, and their end is told by `receive`.
            tokio::time::sleep(GOODBYE).await;
            return error.to_string();
        }
    }
    let _ = writer.shutdown().await;
    // Now the server closes: leaving earlier could take the goodbye back with a reset.
    pending().await
}

async fn ping(outgoing: &Outgoing, keep_alive: Duration) -> String {
    if keep_alive.is_zero() {
        return pending().await;
    }
    loop {
        tokio::time::sleep(keep_alive / TICKS).await;
        if !outgoing.tick() {
            return "no answer to a ping".to_owned();
        }
    }
}

async fn overdue(outgoing: &Outgoing) -> String {
    outgoing.closing.cancelled().await;
    tokio::time::sleep(GOODBYE).await;
    "the server did not close after the goodbye".to_owned()
}

/// Takes the next whole packet from `input`; `None` if more bytes are needed. Rule `PUSH-PACKET-MAX`.
fn next_packet(input: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
    match Packet::read(input, PACKET_MAX) {
        Ok(packet) => Ok(Some(packet)),
        Err(CodecError::InsufficientBytes(missing)) => {
            if input.is_empty() {
                *input = BytesMut::new();
            } else {
                input.reserve(missing);
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Appends what has arrived to `input`; 0 at the end. The bytes wait on the stack, so that a connection to which
/// nothing comes keeps no room for them.
async fn read(reader: &mut (impl AsyncRead + Unpin), input: &mut BytesMut) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut room = [MaybeUninit::uninit(); 8 * 1024];
        let mut room = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *reader).poll_read(cx, &mut room))?;
        input.extend_from_slice(room.filled());
        Ok(room.filled().len()).into()
    })
    .await
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
