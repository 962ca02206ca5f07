//! One push connection over any stream of bytes.
//!
//! Its life: the CONNECT within a deadline, a CONNACK, the accept (`CONN-ACCEPT`), then packets both ways until the
//! client leaves, is silent for too long (`CONN-KEEPALIVE`), does not read, sends what is no MQTT, or is told to end. All
//! it does wrong ends itself only.
//!
//! One task reads and writes. Reading comes before the outbox, so that a flood of deliveries does not hide the client's
//! signs of life; with each write goes everything that waits, up to a bound. Buffers begin empty and are given back
//! after a large packet, since most connections are idle most of the time.

use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::FutureExt;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Packet};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::limits::{KEEP_ALIVE_GRACE, PACKET_MAX, UID_MAX};
use y2w_sdk::protocol::push::ClientId;
use y2w_sdk::protocol::{ConnectionReturnCode, Timestamp, UserId};

use super::Pushes;
use super::hub::ConnId;
use super::outbox::Outgoing;
use super::switchboard::{Plugged, Push};
use super::wire::{self, Inbox, Malformed, next_packet};
use crate::quirks::Quirk;

/// Serves one connection to its end. If this is dropped before, the connection ends abruptly.
pub(crate) async fn serve<S>(pushes: &Pushes, stream: &mut S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = BytesMut::new();
    let greeting = timeout(pushes.config().connect_deadline, first_packet(stream, &mut input)).await;
    let admitted = match greeting {
        Ok(Some(Ok(Packet::Connect(connect)))) => {
            let push = pushes.of_token(login(&connect).1);
            admit(push, &connect).map(|client| (push, client))
        }
        Ok(Some(Err(Malformed::ProtocolVersion))) => Err(ConnectionReturnCode::UNACCEPTABLE_PROTOCOL_VERSION),
        // Whoever sends something else, or nothing, is no client.
        Ok(Some(_) | None) | Err(_) => return,
    };
    match admitted {
        Ok((push, client)) => {
            let id = client.plugged.id;
            // Taken out even if the task is ended from outside.
            let _unplug = Unplug { push, id };
            Connected::new(push, client, input).run(stream).await;
        }
        Err(code) => {
            let code = u8::try_from(code.0).unwrap_or(u8::MAX);
            let written = timeout(LINGER, stream.write_all(&wire::connack(code))).await;
            if pushes.first.quirks.on(Quirk::RefusalNotClosed) {
                // Until the client goes.
                while matches!(stream.read(&mut [0; 256]).await, Ok(1..)) {}
            } else if matches!(written, Ok(Ok(()))) {
                close(stream).await;
            }
        }
    }
}

/// For how long a closed connection waits for its client to close as well.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// Ends what we send, then reads what still comes until the client has closed too. To drop the stream with bytes unread
/// would reset it, and a reset may overtake the last words we sent.
async fn close<S>(stream: &mut S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let closing = async {
        stream.shutdown().await?;
        let mut unread = [0; 256];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    // However it went, it is over.
    let _ = timeout(LINGER, closing).await;
}

struct Unplug<'a> {
    push: &'a Push,
    id: ConnId,
}

impl Drop for Unplug<'_> {
    fn drop(&mut self) {
        self.push.unplug(self.id);
    }
}

/// Largest CONNECT that is taken, in bytes: nobody who was not let in makes the server keep more.
const CONNECT_MAX: usize = 4 * 1024;

async fn first_packet<S>(stream: &mut S, input: &mut BytesMut) -> Option<Result<Packet, Malformed>>
where
    S: AsyncRead + Unpin,
{
    loop {
        match next_packet(input, CONNECT_MAX) {
            Ok(None) => (),
            Ok(Some(packet)) => return Some(Ok(packet)),
            Err(malformed) => return Some(Err(malformed)),
        }
        input.reserve(READ);
        if stream.read_buf(input).await.ok()? == 0 {
            return None;
        }
    }
}

/// A client that was let in.
struct Admitted {
    uid: UserId,
    /// How long it may be silent, if that is limited.
    patience: Option<Duration>,
    plugged: Plugged,
}

/// Checks a CONNECT. Rules `CONN-REFUSE-CLIENT-ID`, `CONN-REFUSE-UID`, `CONN-REFUSE-TOKEN`, `CONN-REFUSE-EXPIRED`,
/// `CONN-RECONNECT-REFUSED`.
fn admit(push: &Push, connect: &Connect) -> Result<Admitted, ConnectionReturnCode> {
    let any_client = || push.quirks.on(Quirk::ClientIdUnchecked).then(|| ClientId::parse("00?")).flatten();
    let client = ClientId::parse(&connect.client_id).or_else(any_client);
    let client = client.ok_or(ConnectionReturnCode::IDENTIFIER_REJECTED)?;
    let (uid, token) = login(connect);
    let is_let_in = uid.is_empty() && push.quirks.on(Quirk::UidUnchecked);
    if !is_uid(uid) && !is_let_in {
        return Err(ConnectionReturnCode::UID_IS_INVALID);
    }
    push.check_open()?;
    push.admit(token)?;
    let uid = UserId::from(uid);
    let plugged = push.plug(&uid, client)?;
    let is_limited = connect.keep_alive > 0 && !push.quirks.on(Quirk::KeepAliveIgnored);
    let grace = if push.quirks.on(Quirk::KeepAliveShort) { 0.5 } else { KEEP_ALIVE_GRACE };
    let patience = is_limited.then(|| Duration::from_secs(connect.keep_alive.into()).mul_f64(grace));
    Ok(Admitted { uid, patience, plugged })
}

/// The uid and the imToken.
fn login(connect: &Connect) -> (&str, &str) {
    connect.login.as_ref().map_or(("", ""), |login| (&login.username, &login.password))
}

/// A uid is part of a topic, so it holds none of the signs that topics give a meaning.
fn is_uid(text: &str) -> bool {
    let fit = |sign: char| !sign.is_control() && !matches!(sign, '/' | '+' | '#');
    !text.is_empty() && text.len() <= UID_MAX && text.chars().all(fit)
}

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Open,
    /// What is written so far still goes out.
    Close,
}

struct Connected<'a> {
    push: &'a Push,
    frames: Frames<'a>,
    accepted: bool,
    patience: Option<Duration>,
    plugged: Plugged,
    /// A push that a fault holds back; what is behind it in the queue waits as well.
    held: Option<(Timestamp, Bytes)>,
    input: BytesMut,
    out: BytesMut,
}

/// Room for one read, several commands long; all that an idle connection keeps.
const READ: usize = 512;
/// Most bytes put into one write, beyond the packet that passes it.
const BATCH: usize = 32 * 1024;
/// A buffer that has grown beyond this is given back when it is empty.
const BUFFER_KEPT: usize = 4 * 1024;

impl<'a> Connected<'a> {
    fn new(push: &'a Push, client: Admitted, input: BytesMut) -> Self {
        let mut frames =
            Frames { push, id: client.plugged.id, inbox: Inbox::of(&client.uid), has_subscribed: false };
        let mut out = BytesMut::new();
        out.extend_from_slice(&wire::connack(0));
        let accepted = push.accepts();
        if accepted {
            frames.inbox.write_control(ConnectionReturnCode::ACCEPT_CONNECT, &mut out);
        }
        Self {
            push,
            frames,
            accepted,
            patience: client.patience,
            plugged: client.plugged,
            held: None,
            input,
            out,
        }
    }

    async fn run<S>(mut self, stream: &mut S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let clock = self.push.clock;
        let patience = self.patience.unwrap_or(FOREVER);
        let mut silent_until = clock.now().plus(patience);
        let mut alarm = pin!(clock.sleep_until(silent_until));
        let outbox = self.plugged.outbox.clone();
        // Packets may have come right behind the CONNECT.
        let mut flow = self.frames.handle(&mut self.input, &mut self.out);
        loop {
            if !self.out.is_empty() && !self.flush(stream).await {
                return;
            }
            reset(&mut self.out);
            if flow == Flow::Close {
                self.push.unplug(self.plugged.id);
                close(stream).await;
                return;
            }
            self.input.reserve(READ);
            tokio::select! {
                biased;
                () = &mut alarm => {
                    if clock.now() >= silent_until {
                        return;
                    }
                    alarm.set(clock.sleep_until(silent_until));
                }
                read = stream.read_buf(&mut self.input) => {
                    if !matches!(read, Ok(1..)) {
                        return;
                    }
                    silent_until = clock.now().plus(patience);
                    flow = self.frames.handle(&mut self.input, &mut self.out);
                    if self.input.is_empty() {
                        reset(&mut self.input);
                    }
                }
                () = until(clock, self.held.as_ref()), if self.held.is_some() => self.release(),
                () = outbox.ended(), if self.held.is_some() => return,
                is_filled = outbox.is_filled(), if self.held.is_none() => if !is_filled {
                    return;
                },
            }
            while flow == Flow::Open
                && self.held.is_none()
                && self.out.len() < BATCH
                && let Some(next) = outbox.next()
            {
                flow = self.take(next);
            }
        }
    }

    /// Writes out all there is; false if the connection has to end.
    async fn flush<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> bool {
        // Nearly always there is room for all of it, and no deadline to be set up.
        if let Some(sent) = send(stream, &mut self.out).now_or_never() {
            return sent.is_ok();
        }
        let outbox = self.plugged.outbox.clone();
        tokio::select! {
            biased;
            () = outbox.ended() => false,
            sent = timeout(self.push.config.write_deadline, send(stream, &mut self.out)) => {
                if sent.is_err() {
                    self.push.stalled(self.plugged.id);
                }
                matches!(sent, Ok(Ok(())))
            }
        }
    }

    fn release(&mut self) {
        if let Some((_, payload)) = self.held.take() {
            self.write(payload);
        }
    }

    fn write(&mut self, payload: Bytes) {
        // Rule `CONN-ACCEPT-FIRST`.
        if self.accepted && self.frames.is_subscribed() {
            self.frames.inbox.write(payload, &mut self.out);
        }
    }

    fn take(&mut self, next: Outgoing) -> Flow {
        match next {
            Outgoing::Payload(payload) => {
                self.write(payload);
                Flow::Open
            }
            Outgoing::Late(due, payload) => {
                self.held = Some((due, payload));
                Flow::Open
            }
            Outgoing::Kicked => {
                self.frames.inbox.write_control(ConnectionReturnCode::KICKED, &mut self.out);
                Flow::Close
            }
        }
    }
}

/// When a push that is held back is due.
async fn until(clock: Clock, held: Option<&(Timestamp, Bytes)>) {
    if let Some((due, _)) = held {
        clock.sleep_until(*due).await;
    }
}

/// Writes all of `out`; what was written is gone from it also when this is dropped halfway.
///
/// Not `write_all_buf`, which writes a vector of pieces where the stream can: there is one piece, and for one the kernel has
/// a shorter way.
async fn send<S: AsyncWrite + Unpin>(stream: &mut S, out: &mut BytesMut) -> std::io::Result<()> {
    while !out.is_empty() {
        let written = stream.write(out).await?;
        if written == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        out.advance(written);
    }
    stream.flush().await
}

/// Longer than any server runs.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

fn reset(buffer: &mut BytesMut) {
    if buffer.capacity() > BUFFER_KEPT {
        *buffer = BytesMut::new();
    } else {
        buffer.clear();
    }
}

/// What a client's packets do, from bytes to bytes.
struct Frames<'a> {
    push: &'a Push,
    id: ConnId,
    inbox: Inbox,
    /// Asked for by a quirk only: the protocol has no use for it.
    has_subscribed: bool,
}

impl Frames<'_> {
    /// Whether deliveries are for this connection. Rule `PUSH-DELIVER-UNSUBSCRIBED`.
    fn is_subscribed(&self) -> bool {
        self.has_subscribed || !self.push.quirks.on(Quirk::SubscriptionNeeded)
    }

    /// Handles every whole packet in `input`.
    fn handle(&mut self, input: &mut BytesMut, out: &mut BytesMut) -> Flow {
        loop {
            match next_packet(input, PACKET_MAX) {
                Ok(None) => return Flow::Open,
                Ok(Some(packet)) => {
                    if self.packet(packet, out) == Flow::Close {
                        return Flow::Close;
                    }
                }
                Err(malformed) => {
                    tracing::debug!(connection = self.id.0, %malformed, "a client sent no MQTT");
                    return Flow::Close;
                }
            }
        }
    }

    fn packet(&mut self, packet: Packet, out: &mut BytesMut) -> Flow {
        match packet {
            Packet::Publish(publish) => {
                match publish.qos {
                    QoS::AtMostOnce => (),
                    QoS::AtLeastOnce => wire::write_puback(publish.pkid, out),
                    // The protocol has no use for it (`PUSH-QOS`).
                    QoS::ExactlyOnce => return Flow::Close,
                }
                match self.push.command(self.id, &publish.topic, &publish.payload) {
                    Some(reply) => self.inbox.write(reply, out),
                    None => return Flow::Open,
                }
            }
            // Stock clients subscribe to what they expect; all of it comes unasked (`PUSH-DELIVER-UNSUBSCRIBED`).
            Packet::Subscribe(subscribe) => {
                self.has_subscribed = true;
                wire::write_suback(subscribe.pkid, subscribe.filters.len(), out);
            }
            Packet::Unsubscribe(unsubscribe) => wire::write_unsuback(unsubscribe.pkid, out),
            Packet::PingReq if self.push.quirks.on(Quirk::PingUnanswered) => (),
            Packet::PingReq => wire::write_pingresp(out),
            Packet::PubAck(_) => (),
            Packet::Disconnect
            | Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::PubRec(_)
            | Packet::PubRel(_)
            | Packet::PubComp(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp => return Flow::Close,
        }
        Flow::Open
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
