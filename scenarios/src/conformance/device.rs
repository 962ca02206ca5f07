//! A push connection of a case, packet by packet. It does what the case says and nothing by itself: it sends no pings, and
//! comes back for nobody.

use std::collections::VecDeque;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Login, Packet, Publish};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use y2w_sdk::protocol::push::{Command, ImMember, ImSessionId, Reply};
use y2w_sdk::protocol::rest::{GateData, path};
use y2w_sdk::push::ByteStream;

use super::lab::{DEADLINE, Lab, Person};
use super::verdict::Stop;
use crate::history::Pushed;
use crate::world::{Frames, Way};

/// The longest packet that is sent.
const PACKET_MAX: usize = 1024 * 1024;

/// How a device introduces itself.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub(super) client_id: String,
    /// User name and password.
    pub(super) login: Option<(String, String)>,
}

/// See the module's text.
pub(super) struct Device<'a> {
    lab: &'a Lab,
    who: String,
    stream: Box<dyn ByteStream>,
    frames: Frames,
    inbox: VecDeque<Pushed>,
    sent: u32,
}

impl Hello {
    /// As that client of that user.
    pub(super) fn of(person: &Person, im_token: &str, client_id: &str) -> Self {
        let login = Some((person.uid.clone(), im_token.to_owned()));
        Self { client_id: client_id.to_owned(), login }
    }
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

    /// Opens a connection and sends the CONNECT.
    pub(super) async fn device(&self, who: &str, hello: &Hello) -> Result<Device<'_>, Stop> {
        let unusable = |why: String| Stop::Inconclusive(format!("{who} cannot reach the push server: {why}"));
        let gate = self.ask(http::Method::POST, path::GATE).form(&[("oper", "register"), ("country", "")]);
        let gate = gate.send().await?;
        let place: GateData = serde_json::from_value(gate.json["data"].clone())
            .map_err(|why| unusable(format!("the gate's answer has no place: {why}: {}", gate.said())))?;
        let streams = self.world.streams();
        let address = streams.address(&place).map_err(unusable)?;
        let stream = tokio::time::timeout(DEADLINE, streams.open(&address)).await;
        let stream = stream.unwrap_or_else(|_| Err(format!("no connection within {} s", DEADLINE.as_secs())));
        let stream = stream.map_err(unusable)?;
        let (frames, inbox) = (Frames::new(Way::Down), VecDeque::new());
        let mut device = Device { lab: self, who: who.to_owned(), stream, frames, inbox, sent: 0 };
        let mut connect = Connect::new(&hello.client_id);
        connect.keep_alive = 300;
        connect.clean_session = true;
        connect.login = hello.login.clone().map(|(username, password)| Login { username, password });
        self.timeline.note(who, format!("CONNECT as {}", hello.client_id));
        device.send(&Packet::Connect(connect)).await?;
        Ok(device)
    }

    /// A device that is connected and accepted; where it is not, nothing can be said of what comes after.
    pub(super) async fn online(&self, who: &str, hello: &Hello) -> Result<Device<'_>, Stop> {
        let mut device = self.device(who, hello).await?;
        let (connack, accept) = (device.next().await?, device.next().await?);
        match (&connack, &accept) {
            (Some(Pushed::Connack(0)), Some(Pushed::Control(11))) => Ok(device),
            other => Err(Stop::Inconclusive(format!("{who} was not let in: {other:?}"))),
        }
    }
}

impl Device<'_> {
    async fn send(&mut self, packet: &Packet) -> Result<(), Stop> {
        let mut bytes = BytesMut::new();
        let written = packet.write(&mut bytes, PACKET_MAX);
        written.map_err(|why| Stop::Harness(format!("a packet cannot be written: {why}")))?;
        // Where the other end has closed, that shows when something is read.
        drop(tokio::time::timeout(DEADLINE, self.stream.write_all(&bytes)).await);
        drop(tokio::time::timeout(DEADLINE, self.stream.flush()).await);
        Ok(())
    }

    /// What comes next; none once the server has closed the connection.
    pub(super) async fn next(&mut self) -> Result<Option<Pushed>, Stop> {
        let mut bytes = [0; 4096];
        while self.inbox.is_empty() {
            let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut bytes)).await;
            let Ok(read) = read else {
                let within = DEADLINE.as_secs();
                return Err(Stop::Inconclusive(format!("{} got nothing within {within} s", self.who)));
            };
            let Ok(count @ 1..) = read else {
                self.lab.timeline.note(&self.who, "the connection is closed".to_owned());
                return Ok(None);
            };
            self.frames.read(&bytes[..count], |pushed| self.inbox.push_back(pushed));
        }
        let next = self.inbox.pop_front();
        self.lab.timeline.note(&self.who, format!("gets {next:?}"));
        Ok(next)
    }

    /// Sends a `sendMessage`, and gives its reply. What comes before that stays to be read.
    pub(super) async fn push(
        &mut self,
        session: &ImSessionId,
        mts: i64,
        message: &str,
    ) -> Result<Reply, Stop> {
        let id = self.id();
        let message = raw(message)?;
        let payload = Command::SendMessage { message_id: &id, mts, message: &message }.to_payload();
        self.command(session, &id, payload).await
    }

    /// Sends an `updateSession`, and gives its reply.
    pub(super) async fn update(
        &mut self,
        session: &ImSessionId,
        mts: i64,
        members: &[(&Person, bool)],
        force: bool,
        message: Option<&str>,
    ) -> Result<Reply, Stop> {
        let id = self.id();
        let member =
            |(person, is_in): &(&Person, bool)| ImMember { uid: person.uid.as_str().into(), is_del: !is_in };
        let members: Vec<ImMember> = members.iter().map(member).collect();
        let message = message.map(raw).transpose()?;
        let message = message.as_deref();
        let payload =
            Command::UpdateSession { message_id: &id, mts, members: &members, force, message }.to_payload();
        self.command(session, &id, payload).await
    }

    fn id(&mut self) -> String {
        self.sent += 1;
        self.sent.to_string()
    }

    async fn command(&mut self, session: &ImSessionId, id: &str, payload: Vec<u8>) -> Result<Reply, Stop> {
        self.lab.timeline.note(&self.who, format!("to {session}: {}", String::from_utf8_lossy(&payload)));
        self.send(&Packet::Publish(Publish::new(session.topic(), QoS::AtMostOnce, payload))).await?;
        let mut before = VecDeque::new();
        let reply = loop {
            match self.next().await? {
                Some(Pushed::Reply(reply)) if reply.message_id.as_deref() == Some(id) => break reply,
                Some(other) => before.push_back(other),
                None => {
                    return Err(Stop::Inconclusive(format!(
                        "{} was put out before the reply came",
                        self.who
                    )));
                }
            }
        };
        before.append(&mut self.inbox);
        self.inbox = before;
        Ok(reply)
    }
}

fn raw(message: &str) -> Result<Box<serde_json::value::RawValue>, Stop> {
    serde_json::from_str(message).map_err(|why| Stop::Harness(format!("{message} is no JSON: {why}")))
}
