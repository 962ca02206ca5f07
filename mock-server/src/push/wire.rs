//! MQTT packets as bytes, over rumqttc's codec: pure.

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{Packet, PubAck, Publish, SubAck, SubscribeReasonCode, UnsubAck};
use rumqttc::mqttbytes::{self, QoS};
use thiserror::Error;
use y2w_sdk::protocol::push::{control_payload, user_topic};
use y2w_sdk::protocol::{ConnectionReturnCode, UserId};

/// Input that is no MQTT 3.1.1; the connection it came on ends.
#[derive(Debug, Error)]
pub(crate) enum Malformed {
    /// Rule `CONN-REFUSE-PROTOCOL`.
    #[error("another version of MQTT")]
    ProtocolVersion,
    /// Anything else.
    #[error("{0}")]
    Packet(mqttbytes::Error),
}

/// Takes the next whole packet of at most `max` bytes from `input`; `None` if more bytes are needed.
pub(crate) fn next_packet(input: &mut BytesMut, max: usize) -> Result<Option<Packet>, Malformed> {
    if protocol_level(input).is_some_and(|level| level != PROTOCOL_LEVEL) {
        return Err(Malformed::ProtocolVersion);
    }
    match Packet::read(input, max) {
        Ok(packet) => Ok(Some(packet)),
        Err(mqttbytes::Error::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(Malformed::Packet(error)),
    }
}

/// CONNACK. Written out here because the codec knows no code above 5.
pub(crate) fn connack(code: u8) -> [u8; 4] {
    [0x20, 0x02, 0x00, code]
}

/// Writes what one user receives, each as a PUBLISH on the user's topic. Rules `PUSH-QOS`, `PUSH-DELIVER-TOPIC`.
#[derive(Debug)]
pub(crate) struct Inbox {
    publish: Publish,
}

impl Inbox {
    /// For that user.
    pub(crate) fn of(uid: &UserId) -> Self {
        Self { publish: Publish::from_bytes(user_topic(uid), QoS::AtMostOnce, Bytes::new()) }
    }

    /// Appends the packet with that payload. One that is too large for MQTT is left out.
    pub(crate) fn write(&mut self, payload: Bytes, out: &mut BytesMut) {
        self.publish.payload = payload;
        let before = out.len();
        if let Err(error) = self.publish.write(out) {
            out.truncate(before);
            tracing::warn!(%error, "a payload does not fit a packet");
        }
        self.publish.payload = Bytes::new();
    }

    /// Appends a control message. Rules `CONN-ACCEPT`, `CONN-KICK`.
    pub(crate) fn write_control(&mut self, code: ConnectionReturnCode, out: &mut BytesMut) {
        self.write(control_payload(code).into(), out);
    }
}

/// Appends PUBACK.
pub(crate) fn write_puback(pkid: u16, out: &mut BytesMut) {
    let written = PubAck::new(pkid).write(out);
    debug_assert!(written.is_ok(), "four bytes fit a packet");
}

/// Appends SUBACK, granting QoS 0 to each filter.
pub(crate) fn write_suback(pkid: u16, filters: usize, out: &mut BytesMut) {
    let codes = vec![SubscribeReasonCode::Success(QoS::AtMostOnce); filters];
    let written = SubAck::new(pkid, codes).write(out);
    debug_assert!(written.is_ok(), "fewer codes than bytes came in");
}

/// Appends UNSUBACK.
pub(crate) fn write_unsuback(pkid: u16, out: &mut BytesMut) {
    let written = UnsubAck::new(pkid).write(out);
    debug_assert!(written.is_ok(), "four bytes fit a packet");
}

/// Appends PINGRESP. Rule `CONN-PINGRESP`.
pub(crate) fn write_pingresp(out: &mut BytesMut) {
    out.extend_from_slice(&[0xD0, 0x00]);
}

/// MQTT 3.1.1. Rule `CONN-CONNECT`.
const PROTOCOL_LEVEL: u8 = 4;

/// The level in a CONNECT at the start of `input`. The codec would take a CONNECT of another level apart as if it were
/// one of 3.1.1, and fail somewhere in it.
fn protocol_level(input: &[u8]) -> Option<u8> {
    if input.first()? >> 4 != 1 {
        return None;
    }
    let length_bytes = input[1..].iter().take(4).position(|byte| byte & 0x80 == 0)? + 1;
    let body = &input[1 + length_bytes..];
    let (&[high, low], rest) = body.split_first_chunk::<2>()?;
    rest.get(usize::from(u16::from_be_bytes([high, low]))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_the_server_are_these_bytes() {
        let mut out = BytesMut::new();
        let mut inbox = Inbox::of(&"7".into());
        inbox.write_control(ConnectionReturnCode::ACCEPT_CONNECT, &mut out);
        assert_eq!(&out[..], b"\x30\x1d\x00\x0ay2w/user/7{\"returnCode\":11}");
        out.clear();
        write_puback(258, &mut out);
        write_suback(3, 2, &mut out);
        write_unsuback(4, &mut out);
        write_pingresp(&mut out);
        assert_eq!(&out[..], b"\x40\x02\x01\x02\x90\x04\x00\x03\x00\x00\xb0\x02\x00\x04\xd0\x00");
        assert_eq!(connack(10), [0x20, 2, 0, 10]);
    }

    #[test]
    fn a_packet_is_taken_when_it_is_whole() {
        let mut input = BytesMut::from(&b"\xc0"[..]);
        assert!(next_packet(&mut input, 64).unwrap().is_none());
        input.extend_from_slice(b"\x00\xe0\x00");
        assert_eq!(next_packet(&mut input, 64).unwrap(), Some(Packet::PingReq));
        assert_eq!(next_packet(&mut input, 64).unwrap(), Some(Packet::Disconnect));
        assert!(next_packet(&mut input, 64).unwrap().is_none());
    }

    #[test]
    fn another_version_of_mqtt_is_told_from_nonsense() {
        let v5 = b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03abc";
        let v31 = b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00";
        for connect in [&v5[..], &v31[..]] {
            let mut input = BytesMut::from(connect);
            assert!(matches!(next_packet(&mut input, 64), Err(Malformed::ProtocolVersion)));
        }
        let mut input = BytesMut::from(&b"\x10\x00"[..]);
        assert!(matches!(next_packet(&mut input, 64), Err(Malformed::Packet(_))));
    }
}
