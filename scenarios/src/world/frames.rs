//! Reads what passes on a push connection, one way: bytes in, what a [history](crate::history) wants to know of them out.
//! Looks only: what cannot be read is told as such, and passes like everything else.

use std::sync::Arc;

use bytes::{Buf, BytesMut};
use rumqttc::mqttbytes;
use rumqttc::mqttbytes::v4::{Connect, Packet, Publish};
use serde::Deserialize;
use serde_json::value::RawValue;
use y2w_sdk::protocol::push::{ClientId, Downlink, ImMember, ImSessionId};

use super::weather::Way;
use crate::history::{Command, Pushed};

/// The longest packet that is read; longer ones end the reading.
const PACKET_MAX: usize = 16 * 1024 * 1024;

/// See the module's text.
pub(crate) struct Frames {
    way: Way,
    rest: BytesMut,
    /// Something was no MQTT: what follows cannot be told apart.
    is_lost: bool,
}

impl Frames {
    pub(crate) fn new(way: Way) -> Self {
        Self { way, rest: BytesMut::new(), is_lost: false }
    }

    /// Takes more bytes in, and tells all that is whole now.
    pub(crate) fn read(&mut self, bytes: &[u8], mut tell: impl FnMut(Pushed)) {
        if self.is_lost {
            return;
        }
        self.rest.extend_from_slice(bytes);
        loop {
            // The codec knows no CONNACK code above 5.
            if let [0x20, 0x02, _, code, ..] = self.rest[..] {
                self.rest.advance(4);
                tell(Pushed::Connack(code));
                continue;
            }
            match Packet::read(&mut self.rest, PACKET_MAX) {
                Ok(Packet::Connect(connect)) => tell(introduction(connect)),
                Ok(Packet::Publish(publish)) => tell(match self.way {
                    Way::Up => command(&publish),
                    Way::Down => downlink(&publish),
                }),
                Ok(_) => (),
                Err(mqttbytes::Error::InsufficientBytes(_)) => return,
                Err(error) => {
                    self.is_lost = true;
                    tell(Pushed::Unreadable(error.to_string()));
                    return;
                }
            }
        }
    }
}

fn introduction(connect: Connect) -> Pushed {
    match (ClientId::parse(&connect.client_id), connect.login) {
        (Some(client), Some(login)) => Pushed::Connect { client, uid: login.username.as_str().into() },
        _ => Pushed::Unreadable(format!("a CONNECT as {:?}", connect.client_id)),
    }
}

fn command(publish: &Publish) -> Pushed {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(rename = "y2wMessageId")]
        id: String,
        mts: i64,
        #[serde(default)]
        members: Option<Vec<ImMember>>,
        #[serde(default)]
        force: bool,
        #[serde(default, borrow)]
        message: Option<&'a RawValue>,
    }
    let Some(session) = ImSessionId::from_topic(&publish.topic) else {
        return Pushed::Unreadable(format!("topic {:?}", publish.topic));
    };
    match serde_json::from_slice::<Shape<'_>>(&publish.payload) {
        Ok(shape) => Pushed::Command(Arc::new(Command {
            session,
            id: shape.id,
            mts: shape.mts,
            members: shape.members,
            force: shape.force,
            message: shape.message.map(|message| message.get().into()),
        })),
        Err(error) => Pushed::Unreadable(error.to_string()),
    }
}

fn downlink(publish: &Publish) -> Pushed {
    match Downlink::parse(&publish.payload) {
        Ok(Downlink::Control(code)) => Pushed::Control(code.0),
        Ok(Downlink::Reply(reply)) => Pushed::Reply(reply),
        Ok(Downlink::Delivery(delivery)) => Pushed::Delivery(delivery.message.get().into()),
        Err(error) => Pushed::Unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(way: Way, pieces: &[&[u8]]) -> Vec<String> {
        let mut frames = Frames::new(way);
        let mut told = Vec::new();
        for piece in pieces {
            frames.read(piece, |pushed| told.push(format!("{pushed:?}")));
        }
        told
    }

    #[test]
    fn a_packet_is_told_once_it_is_whole() {
        let accept = b"\x20\x02\x00\x00\x30\x1d\x00\x0ay2w/user/7{\"returnCode\":11}";
        let expected = ["Connack(0)", "Control(11)"];
        assert_eq!(told(Way::Down, &[accept]), expected);
        assert_eq!(told(Way::Down, &accept.iter().map(std::slice::from_ref).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn a_refusal_beyond_mqtts_own_codes_is_told() {
        assert_eq!(told(Way::Down, &[b"\x20\x02\x00\x0a"]), ["Connack(10)"]);
    }

    #[test]
    fn a_command_is_told_with_its_session() {
        let payload = br#"{"cmd":"sendMessage","y2wMessageId":"g","mts":5,"message":{"a": 1}}"#;
        let topic = b"y2w/session/group_42";
        let length = u8::try_from(2 + topic.len() + payload.len()).unwrap();
        let mut packet = vec![0x30, length, 0, u8::try_from(topic.len()).unwrap()];
        packet.extend_from_slice(topic);
        packet.extend_from_slice(payload);
        let [line] = &told(Way::Up, &[&packet])[..] else { panic!("one packet") };
        for part in ["group_42", "id: \"g\"", "mts: 5", r#"{\"a\": 1}"#] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }

    #[test]
    fn what_is_no_mqtt_is_told_once() {
        let told = told(Way::Down, &[b"\xff\xff\xff\xff\xff\xff", b"more"]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("Unreadable"), "{told:?}");
    }
}
