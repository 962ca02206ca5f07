//! A push connection of a case, packet by packet. It does what the case says and nothing by itself: it sends no pings, and
//! comes back for nobody.

use std::collections::VecDeque;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Login, Packet, Publish};
use y2w_sdk::protocol::push::{Command, ImMember, ImSessionId, Reply};
use y2w_sdk::protocol::rest::path;

use super::lab::{Lab, Person};
use super::tape::Kept;
use super::target::DEADLINE;
use super::verdict::Stop;
use super::wire::{Read, Wire};
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
    wire: Wire<'a>,
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
        let wire = self.wire(who).await?;
        let (frames, inbox) = (Frames::new(Way::Down), VecDeque::new());
        let mut device = Device { lab: self, who: who.to_owned(), wire, frames, inbox, sent: 0 };
        let mut connect = Connect::new(&hello.client_id);
        connect.keep_alive = 300;
        connect.clean_session = true;
        connect.login = hello.login.clone().map(|(username, password)| Login { username, password });
        self.note(who, format!("CONNECT as {}", hello.client_id));
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
        self.wire.write(&bytes).await;
        Ok(())
    }

    /// What comes next; none once the server has closed the connection.
    pub(super) async fn next(&mut self) -> Result<Option<Pushed>, Stop> {
        while self.inbox.is_empty() {
            match self.wire.read(DEADLINE).await? {
                Read::Bytes(Kept(bytes)) => self.frames.read(&bytes, |pushed| self.inbox.push_back(pushed)),
                Read::Closed => {
                    self.lab.note(&self.who, "the connection is closed".to_owned());
                    return Ok(None);
                }
                Read::Nothing => {
                    let within = DEADLINE.as_secs();
                    return Err(Stop::Inconclusive(format!("{} got nothing within {within} s", self.who)));
                }
            }
        }
        let next = self.inbox.pop_front();
        self.lab.note(&self.who, format!("gets {next:?}"));
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
        self.lab.note(&self.who, format!("to {session}: {}", String::from_utf8_lossy(&payload)));
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
