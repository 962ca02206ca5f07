//! A push connection of a case, packet by packet. It does what the case says and nothing by itself: it sends no pings, and
//! comes back for nobody.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use y2w_sdk::protocol::push::{Command, ImMember, ImSessionId};
use y2w_sdk::protocol::rest::path;
use y2w_sdk::protocol::{ConnectionReturnCode, limits};

use super::case::Transport;
use super::lab::{Lab, Person};
use super::packets::{Got, Reader, Word};
use super::tape::Kept;
use super::verdict::Stop;
use super::wire::{Read, Wire};

/// The longest packet that is sent.
const PACKET_MAX: usize = 1024 * 1024;

/// How a device introduces itself: as every client does, but for what a case changes. Rule `CONN-CONNECT`.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub(super) client_id: String,
    /// The user name.
    pub(super) uid: Option<String>,
    pub(super) password: Option<String>,
    /// In seconds.
    pub(super) keep_alive: u16,
    /// The name of the protocol, and its level.
    pub(super) protocol: (&'static str, u8),
    /// The way, if it is not the case's.
    pub(super) over: Option<Transport>,
}

/// See the module's text.
pub(super) struct Device<'a> {
    pub(super) lab: &'a Lab,
    who: String,
    pub(super) wire: Wire<'a>,
    reader: Reader,
    inbox: VecDeque<Got>,
    sent: u32,
    /// The last message that was expected and came.
    pub(super) last: Option<String>,
}

impl Hello {
    /// As that client of that user.
    pub(super) fn of(person: &Person, im_token: &str, client_id: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            uid: Some(person.uid.clone()),
            password: Some(im_token.to_owned()),
            keep_alive: u16::try_from(limits::KEEP_ALIVE.as_secs()).unwrap_or(u16::MAX),
            protocol: ("MQTT", 4),
            over: None,
        }
    }

    /// The same of another client.
    pub(super) fn client(&self, client_id: &str) -> Self {
        Self { client_id: client_id.to_owned(), ..self.clone() }
    }

    /// The CONNECT, byte by byte: what is wrong with it is up to the case.
    pub(super) fn packet(&self) -> Vec<u8> {
        const CLEAN: u8 = 0x02;
        let mut body = Vec::new();
        text(&mut body, self.protocol.0);
        let flag = |is_there: bool, bit: u8| if is_there { bit } else { 0 };
        body.push(self.protocol.1);
        body.push(CLEAN | flag(self.uid.is_some(), 0x80) | flag(self.password.is_some(), 0x40));
        body.extend(self.keep_alive.to_be_bytes());
        if self.protocol.1 >= 5 {
            // No properties.
            body.push(0);
        }
        for field in [Some(&self.client_id), self.uid.as_ref(), self.password.as_ref()].into_iter().flatten()
        {
            text(&mut body, field);
        }
        let mut packet = vec![0x10];
        let mut rest = body.len();
        loop {
            let low = u8::try_from(rest % 128).unwrap_or_default();
            rest /= 128;
            packet.push(if rest > 0 { low | 0x80 } else { low });
            if rest == 0 {
                break;
            }
        }
        packet.extend(body);
        packet
    }
}

/// A text with its length before it.
fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(text.as_bytes());
}

impl Lab {
    /// An imToken, as the token endpoint gives it to whoever has the secret of a login.
    pub(super) async fn im_token(&self, person: &Person) -> Result<String, Stop> {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &*person.key),
            ("client_secret", &*person.secret),
        ];
        let answer = self.ask(http::Method::POST, path::TOKEN).form(&fields).send().await?;
        let token = answer.text("/access_token");
        token.ok_or_else(|| {
            Stop::Inconclusive(format!("the token endpoint gives no imToken: {}", answer.said()))
        })
    }

    /// Opens a connection and sends nothing.
    pub(super) async fn stranger(&self, who: &str) -> Result<Device<'_>, Stop> {
        let wire = self.wire(who, self.transport).await?;
        Ok(self.device_on(who, wire))
    }

    /// A connection over that.
    pub(super) fn device_on<'a>(&'a self, who: &str, wire: Wire<'a>) -> Device<'a> {
        let (reader, inbox) = (Reader::default(), VecDeque::new());
        Device { lab: self, who: who.to_owned(), wire, reader, inbox, sent: 0, last: None }
    }

    /// Opens a connection and sends the CONNECT.
    pub(super) async fn device(&self, who: &str, hello: &Hello) -> Result<Device<'_>, Stop> {
        let wire = self.wire(who, hello.over.unwrap_or(self.transport)).await?;
        let mut device = self.device_on(who, wire);
        device.connect(hello).await;
        Ok(device)
    }

    /// A device that is connected and accepted; where it is not, nothing can be said of what comes after.
    pub(super) async fn online(&self, who: &str, hello: &Hello) -> Result<Device<'_>, Stop> {
        let mut device = self.device(who, hello).await?;
        device.is_in().await?;
        Ok(device)
    }
}

impl Device<'_> {
    /// Sends a CONNECT.
    pub(super) async fn connect(&mut self, hello: &Hello) {
        self.lab.note(&self.who, format!("CONNECT as {}", hello.client_id));
        self.wire.write(&hello.packet()).await;
    }

    /// Waits for the accept; where it does not come, nothing can be said of what comes after.
    pub(super) async fn is_in(&mut self) -> Result<(), Stop> {
        let connack = self.next().await?;
        let accept = if matches!(connack, Got::Connack(0)) { self.next().await? } else { Got::Closed };
        if accept.is_control(ConnectionReturnCode::ACCEPT_CONNECT) {
            return Ok(());
        }
        Err(Stop::Inconclusive(format!("{} was not let in: {connack}, then {accept}", self.who)))
    }

    /// Sends these bytes, whatever they are.
    pub(super) async fn bytes(&mut self, what: &str, bytes: &[u8]) {
        self.lab.note(&self.who, format!("sends {what}"));
        self.wire.write(bytes).await;
    }

    /// Sends a packet.
    pub(super) async fn send(&mut self, packet: &Packet) -> Result<(), Stop> {
        let bytes = written(packet)?;
        if !matches!(packet, Packet::Publish(_)) {
            self.lab.note(&self.who, format!("sends {packet:?}"));
        }
        self.wire.write(&bytes).await;
        Ok(())
    }

    /// Sends a PINGREQ.
    pub(super) async fn ping(&mut self) -> Result<(), Stop> {
        self.send(&Packet::PingReq).await
    }

    /// Leaves as MQTT has it, and waits until the server has closed as well.
    pub(super) async fn leave(&mut self) -> Result<(), Stop> {
        self.send(&Packet::Disconnect).await?;
        while !self.next_within(Duration::from_secs(2)).await?.is_end() {}
        self.wire.close();
        Ok(())
    }

    /// What comes next.
    pub(super) async fn next(&mut self) -> Result<Got, Stop> {
        self.next_within(self.lab.deadline()).await
    }

    /// What comes next within that time after the last that came.
    pub(super) async fn next_within(&mut self, within: Duration) -> Result<Got, Stop> {
        let next = loop {
            if let Some(next) = self.inbox.pop_front() {
                // What was put back has been noted.
                return Ok(next);
            }
            if let Some(next) = self.reader.next() {
                break next;
            }
            match self.wire.read(within).await? {
                Read::Bytes(Kept(bytes)) => self.reader.take_in(&bytes),
                Read::Text(text) => break Got::Text(text),
                Read::Closed => break Got::Closed,
                Read::Nothing => break Got::Nothing(within.as_millis()),
            }
        };
        self.lab.note(&self.who, format!("gets {next}"));
        Ok(next)
    }

    /// Sends a `sendMessage`, and gives its reply. What comes before that stays to be read.
    pub(super) async fn push(
        &mut self,
        session: &ImSessionId,
        mts: i64,
        message: &str,
    ) -> Result<Word, Stop> {
        let payload = self.send_message(mts, message)?;
        self.command(&session.topic(), &payload).await
    }

    /// Sends an `updateSession`, and gives its reply.
    pub(super) async fn update(
        &mut self,
        session: &ImSessionId,
        mts: i64,
        members: &[(&Person, bool)],
        force: bool,
        message: Option<&str>,
    ) -> Result<Word, Stop> {
        let id = self.id();
        let member =
            |(person, is_in): &(&Person, bool)| ImMember { uid: person.uid.as_str().into(), is_del: !is_in };
        let members: Vec<ImMember> = members.iter().map(member).collect();
        let message = message.map(raw).transpose()?;
        let message = message.as_deref();
        let payload =
            Command::UpdateSession { message_id: &id, mts, members: &members, force, message }.to_payload();
        self.command(&session.topic(), &payload).await
    }

    /// The payload of a `sendMessage`.
    pub(super) fn send_message(&mut self, mts: i64, message: &str) -> Result<Vec<u8>, Stop> {
        let id = self.id();
        let message = raw(message)?;
        Ok(Command::SendMessage { message_id: &id, mts, message: &message }.to_payload())
    }

    fn id(&mut self) -> String {
        self.sent += 1;
        self.sent.to_string()
    }

    /// Publishes this payload, whatever it is, and gives the reply.
    pub(super) async fn command(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> Result<Word, Stop> {
        self.publish(topic, payload).await?;
        self.reply().await
    }

    /// Publishes this payload, whatever it is, and waits for nothing.
    pub(super) async fn publish(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> Result<(), Stop> {
        const SHOWN: usize = 1_000;
        let payload = payload.as_ref();
        let shown = String::from_utf8_lossy(&payload[..payload.len().min(SHOWN)]);
        self.lab.note(&self.who, format!("on {topic}: {shown}"));
        self.send(&Packet::Publish(Publish::new(topic, QoS::AtMostOnce, payload))).await
    }

    /// The next reply. What comes before that stays to be read. Where none comes, nothing can be said.
    pub(super) async fn reply(&mut self) -> Result<Word, Stop> {
        match self.next_reply().await? {
            Got::Publish(word) => Ok(word),
            end => Err(Stop::Inconclusive(format!("{} got {end} in place of a reply", self.who))),
        }
    }

    /// The next reply, or what is in place of it: no more comes then. What comes before that stays to be read.
    pub(super) async fn next_reply(&mut self) -> Result<Got, Stop> {
        let mut before = VecDeque::new();
        let reply = loop {
            match self.next().await? {
                Got::Publish(word) if word.is_reply() => break Got::Publish(word),
                end if end.is_end() => break end,
                other => before.push_back(other),
            }
        };
        before.append(&mut self.inbox);
        self.inbox = before;
        Ok(reply)
    }
}

/// A packet as bytes.
pub(super) fn written(packet: &Packet) -> Result<BytesMut, Stop> {
    let mut bytes = BytesMut::new();
    let written = packet.write(&mut bytes, PACKET_MAX);
    written.map_err(|why| Stop::Harness(format!("a packet cannot be written: {why}")))?;
    Ok(bytes)
}

fn raw(message: &str) -> Result<Box<serde_json::value::RawValue>, Stop> {
    serde_json::from_str(message).map_err(|why| Stop::Harness(format!("{message} is no JSON: {why}")))
}
