//! The few MQTT packets that are needed, and a connection that has been let in.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// A packet of that first byte, with its length.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut rest = body.len();
    loop {
        let low = (rest & 0x7F) as u8;
        rest >>= 7;
        packet.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short texts only");
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

pub(crate) fn publish(topic: &str, payload: &str) -> Vec<u8> {
    packet(0x30, &[&text(topic)[..], payload.as_bytes()].concat())
}

/// Who connects. A stock broker takes it as well.
pub(crate) fn connect(uid: &str, token: &str) -> Vec<u8> {
    let client_id = format!("00{uid}");
    let head = b"\x00\x04MQTT\x04\xc2\x01\x2c";
    packet(0x10, &[&head[..], &text(&client_id), &text(uid), &text(token)].concat())
}

fn subscribe(topic: &str) -> Vec<u8> {
    packet(0x82, &[&[0, 1][..], &text(topic), &[0]].concat())
}

/// A server of MQTT, ours or another.
#[derive(Clone, Copy)]
pub(crate) struct Broker<'a> {
    pub(crate) addr: SocketAddr,
    /// Where the push server is ours. Another one wants subscriptions in place of tokens.
    pub(crate) token: Option<&'a str>,
}

impl Broker<'_> {
    /// A connection that was let in and gets what is published on the topic of the fan-out.
    pub(crate) fn connected(&self, uid: &str, subscribes: bool) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(&connect(uid, self.token.unwrap_or("none")))?;
        let ack = next(&mut stream)?;
        assert_eq!(ack, [0x20, 2, 0, 0], "{uid} is let in");
        if self.token.is_some() {
            let accept = next(&mut stream)?;
            assert!(accept.ends_with(b"{\"returnCode\":11}"), "{uid} is accepted");
        } else if subscribes {
            stream.write_all(&subscribe(crate::fan_out::TOPIC))?;
            assert_eq!(next(&mut stream)?, [0x90, 3, 0, 1, 0], "{uid} has subscribed");
        }
        Ok(stream)
    }
}

/// The next packet, as it came.
pub(crate) fn next(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut packet = vec![0; 2];
    stream.read_exact(&mut packet)?;
    let mut length = usize::from(packet[1] & 0x7F);
    let mut shift = 7;
    while packet.last().is_some_and(|byte| byte & 0x80 != 0) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        length |= usize::from(byte[0] & 0x7F) << shift;
        shift += 7;
        packet.push(byte[0]);
    }
    let head = packet.len();
    packet.resize(head + length, 0);
    stream.read_exact(&mut packet[head..])?;
    Ok(packet)
}
