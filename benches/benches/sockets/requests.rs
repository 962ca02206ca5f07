//! HTTP requests over connections that stay: one thread, one request under way on each.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Blocking};
use std::time::Duration;

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::Value;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{CLIENT_SYNC_TIME, fill, path};

use crate::child::Process;
use crate::peers::APP;

/// Connections that ask.
const CONNECTIONS: usize = 32;
/// Nothing that is asked takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was measured, over all rounds.
pub(crate) struct Measured {
    count: u64,
    lasted: Duration,
    cpu: Duration,
    took: Histogram<u64>,
}

impl Measured {
    pub(crate) fn none() -> Self {
        let most = PATIENCE.as_nanos() as u64;
        let took = Histogram::new_with_max(most, 3).expect("three digits are allowed");
        Self { count: 0, lasted: Duration::ZERO, cpu: Duration::ZERO, took }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count as f64 / self.lasted.as_secs_f64()
    }

    /// CPU of the server for one request.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_secs_f64(self.cpu.as_secs_f64() / self.count as f64)
    }

    pub(crate) fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.took.value_at_quantile(quantile))
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: y2w\r\n{headers}{form}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A server, and the connections over which it is asked.
pub(crate) struct Asked<'a> {
    server: &'a Process,
    poll: Poll,
    connections: Vec<Asking>,
    request: &'a [u8],
    pub(crate) measured: Measured,
}

impl<'a> Asked<'a> {
    /// Opens the connections; each round sends that request over and over.
    pub(crate) fn at(server: &'a Process, addr: SocketAddr, request: &'a [u8]) -> Self {
        let poll = Poll::new().expect("there is epoll");
        let connections = (0..CONNECTIONS).map(|n| Asking::to(addr, &poll, n)).collect();
        Self { server, poll, connections, request, measured: Measured::none() }
    }

    /// Asks for that long, and then waits for the last answers; each is a 200.
    pub(crate) fn round(&mut self, time: Duration) {
        let clock = Clock::system();
        let (begun, cpu) = (clock.elapsed(), self.server.cpu());
        for connection in &mut self.connections {
            connection.ask(self.request, clock.elapsed());
        }
        let mut events = Events::with_capacity(CONNECTIONS);
        let mut under_way = self.connections.len();
        while under_way > 0 {
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => panic!("epoll failed: {error}"),
                _ => assert!(!events.is_empty(), "answers come"),
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if connection.is_answered() {
                    let now = clock.elapsed();
                    self.measured.took.saturating_record((now - connection.asked).as_nanos() as u64);
                    self.measured.count += 1;
                    if now < begun + time {
                        connection.ask(self.request, now);
                    } else {
                        under_way -= 1;
                    }
                }
            }
        }
        self.measured.lasted += clock.elapsed() - begun;
        self.measured.cpu += self.server.cpu() - cpu;
    }
}

struct Asking {
    stream: TcpStream,
    answer: Vec<u8>,
    asked: Duration,
}

impl Asking {
    fn to(addr: SocketAddr, poll: &Poll, number: usize) -> Self {
        let stream = Blocking::connect(addr).expect("the server takes connections");
        stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true)).expect("a socket can be");
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(number), Interest::READABLE)
            .expect("epoll takes a socket");
        Self { stream, answer: Vec::with_capacity(4_096), asked: Duration::ZERO }
    }

    fn ask(&mut self, request: &[u8], now: Duration) {
        self.answer.clear();
        self.asked = now;
        self.stream.write_all(request).expect("a small request fits the socket");
    }

    /// Reads what there is; whether that was the rest of an answer.
    fn is_answered(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server has closed a connection"),
                Ok(read) => {
                    self.answer.extend_from_slice(&buffer[..read]);
                    if read < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("a connection broke: {error}"),
            }
        }
        whole(&self.answer).is_some()
    }
}

/// The body of an answer that has come whole.
fn whole(answer: &[u8]) -> Option<&[u8]> {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).expect("a head is text");
    assert!(text.starts_with("HTTP/1.1 200 "), "{}", String::from_utf8_lossy(answer));
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("an answer has a length").parse().expect("a number");
    answer.get(head..head + length)
}

fn once(addr: SocketAddr, request: &[u8]) -> Value {
    let mut stream = Blocking::connect(addr).expect("the server takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket can have one");
    stream.write_all(request).expect("a small request fits the socket");
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        if let Some(body) = whole(&answer) {
            return serde_json::from_slice(body).expect("answers are JSON");
        }
        let read = stream.read(&mut buffer).expect("an answer comes");
        assert!(read > 0, "the server has closed the connection");
        answer.extend_from_slice(&buffer[..read]);
    }
}

/// An imToken of our server.
pub(crate) fn im_token(http: SocketAddr) -> String {
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", APP.0, APP.1);
    let answer = once(http, &request("POST", path::TOKEN, "", &form));
    answer["access_token"].as_str().expect("a token is a string").to_owned()
}

/// Two users who know each other on our server, the session that they share, and what is asked of it.
pub(crate) struct Chat {
    /// `POST messages`.
    pub(crate) post: Vec<u8>,
    /// `GET messages`, with a time before the last message: one entry comes.
    pub(crate) get: Vec<u8>,
}

impl Chat {
    pub(crate) fn on(http: SocketAddr, names: [&str; 2]) -> Self {
        let [(ann, by_ann), (bob, by_bob)] = names.map(|name| {
            let form = format!("email={name}&password={}&name={name}", "0".repeat(32));
            once(http, &request("POST", path::REGISTER, "", &form));
            let login = once(http, &request("POST", path::LOGIN, "", &form));
            let text = |field: &str| login[field].as_str().expect("a string").to_owned();
            (text("id"), format!("authorization: Bearer {}\r\n", text("token")))
        });
        let session = once(http, &request("GET", &fill(path::P2P_SESSION, &[&ann, &bob]), &by_ann, ""));
        let session = session["id"].as_str().expect("an id is a string");
        let messages = fill(path::MESSAGES, &[session]);
        let form = format!("sender={ann}&type=text&content=%7B%22text%22%3A%22a+message+of+some+words%22%7D");
        let post = request("POST", &messages, &by_ann, &form);
        let first = once(http, &post);
        once(http, &post);
        let since = first["updatedAt"].as_str().and_then(Timestamp::parse).expect("a time");
        let headers = format!("{by_bob}{CLIENT_SYNC_TIME}: {}\r\n", since.as_millis());
        Self { post, get: request("GET", &messages, &headers, "") }
    }
}
