//! What a push server sends, packet by packet, with nothing left out: topics and QoS, answers to pings, words that are no
//! MQTT. Pure.

use std::collections::BTreeMap;
use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use rumqttc::mqttbytes;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use serde_json::value::RawValue;
use y2w_sdk::protocol::{ConnectionReturnCode, SendReturnCode};

/// The longest packet that is read; longer ones end the reading.
const PACKET_MAX: usize = 16 * 1024 * 1024;

/// One thing that a connection brings.
#[derive(Clone, Debug)]
pub(super) enum Got {
    /// The code of a CONNACK.
    Connack(u8),
    /// A PUBLISH.
    Publish(Word),
    /// The answer to a PINGREQ.
    Pingresp,
    /// Another packet.
    Other(String),
    /// A text frame of a WebSocket.
    Text(String),
    /// Bytes that are no MQTT, and why.
    NoMqtt(String),
    /// The server has closed the connection.
    Closed,
    /// Nothing for so many milliseconds.
    Nothing(u128),
}

/// A PUBLISH.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) topic: String,
    pub(super) qos: u8,
    pub(super) payload: Bytes,
    /// The fields of the payload, if that is a JSON object; a field that is null is there.
    fields: BTreeMap<String, Box<RawValue>>,
}

impl Word {
    fn new(publish: Publish) -> Self {
        let fields = serde_json::from_slice(&publish.payload).unwrap_or_default();
        Self { topic: publish.topic, qos: publish.qos as u8, payload: publish.payload, fields }
    }

    /// The JSON of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|field| field.get())
    }

    /// A field that is a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.field(name)?).ok()
    }

    /// A field that is a whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        serde_json::from_str(self.field(name)?).ok()
    }

    /// The return code of a reply or of a control message.
    pub(super) fn code(&self) -> Option<i64> {
        self.number("returnCode")
    }

    /// The code, if it is a control message: one of a connection, and not about a command. Rule `CONN-CONTROL-MESSAGE`.
    pub(super) fn control(&self) -> Option<i64> {
        let is_of_command = self.field("cmd").is_some() || self.field("y2wMessageId").is_some();
        self.code().filter(|code| !is_of_command && !known(*code))
    }

    /// Whether it is the reply to a command. Rule `PUSH-REPLY`.
    pub(super) fn is_reply(&self) -> bool {
        self.field("returnCode").is_some() && self.control().is_none()
    }

    /// The message, if it is a delivery. Rule `PUSH-DELIVER`.
    pub(super) fn message(&self) -> Option<&str> {
        self.field("message").filter(|_| self.field("returnCode").is_none())
    }
}

fn known(code: i64) -> bool {
    u32::try_from(code).is_ok_and(|code| SendReturnCode::KNOWN.contains(&SendReturnCode(code)))
}

impl Got {
    /// The PUBLISH, if it is one.
    pub(super) fn word(&self) -> Option<&Word> {
        match self {
            Self::Publish(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is the control message with that code.
    pub(super) fn is_control(&self, code: ConnectionReturnCode) -> bool {
        self.word().and_then(Word::control) == Some(code.0.into())
    }

    /// Whether it is the end of the connection.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether nothing more comes of this connection, by itself or for now.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Self::Closed | Self::Nothing(_))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 300;
        let text = String::from_utf8_lossy(&self.payload);
        let shown: String = text.chars().take(SHOWN).collect();
        let rest = if shown.len() < text.len() { "…" } else { "" };
        let qos = if self.qos == 0 { String::new() } else { format!(" with QoS {}", self.qos) };
        write!(f, "a PUBLISH on {}{qos}: {}{rest}", self.topic, shown.escape_debug())
    }
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connack(code) => write!(f, "CONNACK {code}"),
            Self::Publish(word) => word.fmt(f),
            Self::Pingresp => f.write_str("a PINGRESP"),
            Self::Other(what) => f.write_str(what),
            Self::Text(text) => write!(f, "the text frame {text:?}"),
            Self::NoMqtt(why) => write!(f, "bytes that are no MQTT: {why}"),
            Self::Closed => f.write_str("the end of the connection"),
            Self::Nothing(millis) => write!(f, "nothing within {:.1} s", *millis as f64 / 1e3),
        }
    }
}

/// Makes packets of bytes.
#[derive(Default)]
pub(super) struct Reader {
    rest: BytesMut,
    /// Something was no MQTT: what follows cannot be told apart.
    is_lost: bool,
}

impl Reader {
    pub(super) fn take_in(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
    }

    /// The next packet, once it is whole.
    pub(super) fn next(&mut self) -> Option<Got> {
        if self.is_lost {
            return None;
        }
        // The codec knows no CONNACK code above 5.
        if let [0x20, 0x02, _, code, ..] = self.rest[..] {
            self.rest.advance(4);
            return Some(Got::Connack(code));
        }
        match Packet::read(&mut self.rest, PACKET_MAX) {
            Ok(Packet::Publish(publish)) => Some(Got::Publish(Word::new(publish))),
            Ok(Packet::PingResp) => Some(Got::Pingresp),
            Ok(other) => Some(Got::Other(format!("{other:?}"))),
            Err(mqttbytes::Error::InsufficientBytes(_)) => None,
            Err(error) => {
                self.is_lost = true;
                Some(Got::NoMqtt(error.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Got> {
        let mut reader = Reader::default();
        // Byte by byte: where they are cut says nothing.
        let mut got = Vec::new();
        for byte in bytes {
            reader.take_in(&[*byte]);
            got.extend(std::iter::from_fn(|| reader.next()));
        }
        got
    }

    #[test]
    fn what_comes_is_read_with_nothing_left_out() {
        let got =
            read(b"\x20\x02\x00\x00\x30\x1d\x00\x0ay2w/user/7{\"returnCode\":11}\xd0\x00\x20\x02\x00\x0a");
        let shown: Vec<String> = got.iter().map(ToString::to_string).collect();
        let accept = "a PUBLISH on y2w/user/7: {\\\"returnCode\\\":11}";
        assert_eq!(shown, ["CONNACK 0", accept, "a PINGRESP", "CONNACK 10"]);
        assert!(got[1].is_control(ConnectionReturnCode::ACCEPT_CONNECT));
        assert!(matches!(&read(b"\xff\xff\xff\xff\xff\xff")[..], [Got::NoMqtt(_)]));
    }

    #[test]
    fn words_are_told_apart_by_what_they_hold() {
        let word = |payload: &'static str| Word::new(Publish::new("t", mqttbytes::QoS::AtMostOnce, payload));
        assert_eq!(word(r#"{"returnCode":10}"#).control(), Some(10));
        assert!(word(r#"{"returnCode":22}"#).is_reply());
        assert!(word(r#"{"cmd":"sendMessage","returnCode":20}"#).is_reply());
        assert_eq!(word(r#"{"cmd":"sendMessage","message":null}"#).message(), Some("null"));
        assert_eq!(word("[1").message(), None);
    }
}
