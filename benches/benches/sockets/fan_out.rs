//! One sender, one topic, and everybody gets what is sent.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use y2w_sdk::clock::Clock;

use crate::child::Process;
use crate::crowd::Crowd;
use crate::mqtt::{self, Broker};

/// Where it is sent to.
pub(crate) const TOPIC: &str = "y2w/session/group_1";
const SENDER: &str = "u99999";
/// A notice as clients send it.
const MESSAGE: &str =
    r#"{"syncs":[{"type":0},{"type":1,"sessionId":"group_1"}],"pns":{"msg":"a new message"}}"#;
/// Nothing that comes takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was measured.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    /// CPU of the server for one delivery.
    pub(crate) cpu: Duration,
}

/// A sender and its receivers.
pub(crate) struct FanOut {
    crowd: Crowd,
    sender: TcpStream,
    command: Vec<u8>,
    /// Bytes that each receiver gets for one command.
    frame: u64,
    sent: u64,
    begun: u64,
}

impl FanOut {
    /// Connects everybody.
    pub(crate) fn to(broker: Broker<'_>, receivers: usize) -> Self {
        let mut crowd = Crowd::new();
        for number in 0..receivers {
            let uid = uid(number);
            crowd.add(broker.connected(&uid, true).unwrap_or_else(|error| panic!("{uid}: {error}")));
        }
        Self::with(broker, crowd)
    }

    /// Takes who is connected already, under the uids from 0 on.
    pub(crate) fn with(broker: Broker<'_>, mut crowd: Crowd) -> Self {
        let mut sender = broker.connected(SENDER, false).expect("a sender is let in");
        if broker.token.is_some() {
            know_members(&mut sender, crowd.len());
        }
        let delivered =
            format!(r#"{{"cmd":"sendMessage","message":{MESSAGE},"from":"{SENDER}","sessionId":"group_1"}}"#);
        let (command, frame) = if broker.token.is_some() {
            let command =
                format!(r#"{{"cmd":"sendMessage","y2wMessageId":"g-1","mts":1,"message":{MESSAGE}}}"#);
            (command, mqtt::publish(&format!("y2w/user/{}", uid(0)), &delivered).len())
        } else {
            // What another server passes on as it is has the payload that ours makes of a command.
            let frame = mqtt::publish(TOPIC, &delivered).len();
            (delivered, frame)
        };
        sender.set_nonblocking(true).expect("a socket can be");
        let command = mqtt::publish(TOPIC, &command);
        let begun = crowd.received;
        crowd.read(Duration::ZERO);
        assert_eq!(crowd.received, begun, "nothing is on its way");
        Self { crowd, sender, command, frame: frame as u64, sent: 0, begun }
    }

    /// Sends for that long, with at most `window` commands under way.
    pub(crate) fn measure(&mut self, server: &Process, time: Duration, window: u64) -> Measured {
        let clock = Clock::system();
        let warm = clock.elapsed() + time / 5;
        while clock.elapsed() < warm {
            self.go_on(window);
        }
        let (begun, cpu, received) = (clock.elapsed(), server.cpu(), self.crowd.received);
        while clock.elapsed() < begun + time {
            self.go_on(window);
        }
        let deliveries = (self.crowd.received - received) as f64 / self.frame as f64;
        let (took, cpu) = (clock.elapsed() - begun, server.cpu() - cpu);
        self.finish();
        Measured {
            per_second: deliveries / took.as_secs_f64(),
            cpu: Duration::from_secs_f64(cpu.as_secs_f64() / deliveries),
        }
    }

    /// One command, and everybody has what it brings.
    pub(crate) fn once(&mut self) {
        self.send();
        self.finish();
    }

    fn go_on(&mut self, window: u64) {
        while self.due() - self.received() <= (window - 1) * self.frame * self.crowd.len() as u64 {
            self.send();
        }
        assert!(self.crowd.read(PATIENCE), "deliveries come");
        self.drain_replies();
    }

    fn finish(&mut self) {
        while self.received() < self.due() {
            assert!(self.crowd.read(PATIENCE), "{} of {} bytes came", self.received(), self.due());
        }
        assert_eq!(self.received(), self.due(), "everybody gets each message once");
        self.drain_replies();
    }

    fn send(&mut self) {
        let mut written = 0;
        while written < self.command.len() {
            match self.sender.write(&self.command[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.crowd.read(Duration::from_millis(1));
                    self.drain_replies();
                }
                Err(error) => panic!("the sender's connection broke: {error}"),
            }
        }
        self.sent += 1;
    }

    fn drain_replies(&mut self) {
        let mut replies = [0; 16 * 1024];
        while matches!(self.sender.read(&mut replies), Ok(16_384..)) {}
    }

    fn due(&self) -> u64 {
        self.sent * self.frame * self.crowd.len() as u64
    }

    fn received(&self) -> u64 {
        self.crowd.received - self.begun
    }
}

/// All of one length, so that all frames are.
pub(crate) fn uid(number: usize) -> String {
    format!("u{number:05}")
}

/// Tells our server who is in the session, in pieces that fit a packet.
fn know_members(sender: &mut TcpStream, count: usize) {
    let all: Vec<String> = (0..count).map(|number| format!(r#"{{"uid":"{}"}}"#, uid(number))).collect();
    for some in all.chunks(5_000) {
        let update = format!(
            r#"{{"cmd":"updateSession","y2wMessageId":"u-1","mts":1,"members":[{}]}}"#,
            some.join(",")
        );
        sender.write_all(&mqtt::publish(TOPIC, &update)).expect("the server takes it");
        let reply = mqtt::next(sender).expect("the server answers");
        assert!(reply.ends_with(b"\"returnCode\":20}"), "{}", String::from_utf8_lossy(&reply));
    }
}
