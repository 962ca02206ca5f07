//! The bare pair: clients and a server that know HTTP and MQTT, and nothing of the protocol.
//!
//! As many connections as there were users, for requests and for frames, carry as many of both as the run did, of the
//! same size on average. hyper's client asks an axum handler that answers a constant. A message is one PUBLISH to the
//! server, which decodes it, replies to the sender with another, and passes it on to the sender's partner.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::routing::any;
use bytes::{Bytes, BytesMut};
use http::Request;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use y2w_reports::RunResult;
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::clock::Clock;

/// What a request line, an answer's status line and the least headers take.
const HEAD: usize = 100;
/// Room for what a frame has beside its payload.
const FRAME_HEAD: usize = 16;
/// Longer than any frame.
const PACKET_MAX: usize = 1 << 20;
/// Frames that wait for one connection; a client has one under way.
const QUEUE: usize = 64;

/// What a run has carried.
pub(crate) struct Traffic {
    users: usize,
    requests: u64,
    messages: u64,
    request: usize,
    answer: usize,
    frame: usize,
}

impl Traffic {
    /// The sizes are those of the phases; the numbers are those of the whole run.
    pub(crate) fn of(run: &RunResult) -> Self {
        let requests: u64 = run.routes.iter().map(|route| route.requests).sum();
        let sum = |bytes: fn(&y2w_reports::model::Route) -> u64| run.routes.iter().map(bytes).sum::<u64>();
        let (sent, received) = (sum(|r| r.bytes_sent), sum(|r| r.bytes_received));
        let each = |bytes: u64, of: u64| usize::try_from(bytes / of.max(1)).expect("a size");
        // A message is one frame to the server; what it brings back is two.
        let frames = run.totals.bytes_sent.saturating_sub(each(sent, requests) as u64 * run.totals.requests);
        Self {
            users: usize::try_from(run.health.users).expect("a number of users"),
            requests: run.totals.requests,
            messages: run.totals.stored,
            request: each(sent, requests).saturating_sub(HEAD),
            answer: each(received, requests).saturating_sub(HEAD),
            frame: each(frames, run.totals.stored).saturating_sub(FRAME_HEAD),
        }
    }

    /// For people: what of which size.
    pub(crate) fn text(&self) -> String {
        format!(
            "requests of {} bytes, answers of {}, frames of {}",
            self.request + HEAD,
            self.answer + HEAD,
            self.frame + FRAME_HEAD
        )
    }
}

/// Carries that traffic, and nothing else; as messages per second.
pub(crate) async fn carried(traffic: &Traffic) -> f64 {
    let http = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let push = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let url = format!("http://{}/", http.local_addr().expect("bound"));
    let address = push.local_addr().expect("bound");
    let body = Bytes::from(vec![b'x'; traffic.answer]);
    let router = Router::new().route("/", any(move || std::future::ready(body.clone())));
    let mut servers = JoinSet::new();
    servers.spawn(async move {
        let listener = axum::serve::ListenerExt::tap_io(http, |stream| {
            stream.set_nodelay(true).expect("a socket option");
        });
        let _ = axum::serve(listener, router).await;
    });
    servers.spawn(broker(push, traffic.users));

    let client = HyperHttp::new();
    let mut ends = Vec::new();
    for number in 0..traffic.users {
        ends.push(End::connect(address, number).await);
    }
    let request = Bytes::from(vec![b'x'; traffic.request]);
    let ask = move |url: String, client: HyperHttp, request: Bytes| async move {
        let request = Request::post(&url).body(request).expect("a request");
        client.send(request).await.expect("an answer");
    };
    let clock = Clock::system();
    let mut work = JoinSet::new();
    for share in shares(traffic.requests, traffic.users) {
        let (client, url, request) = (client.clone(), url.clone(), request.clone());
        work.spawn(async move {
            for _ in 0..share {
                ask(url.clone(), client.clone(), request.clone()).await;
            }
        });
    }
    let mine: Vec<u64> = shares(traffic.messages, traffic.users).collect();
    let frame = Bytes::from(vec![b'x'; traffic.frame]);
    for (number, end) in ends.into_iter().enumerate() {
        let (send, receive) = (mine[number], mine[partner(number, traffic.users)]);
        work.spawn(end.play(send, receive, frame.clone()));
    }
    while let Some(done) = work.join_next().await {
        done.expect("the bare pair works");
    }
    traffic.messages as f64 / clock.elapsed().as_secs_f64()
}

fn shares(all: u64, parts: usize) -> impl Iterator<Item = u64> {
    let parts = parts as u64;
    (0..parts).map(move |part| all / parts + u64::from(part < all % parts))
}

/// Pairs; an odd one out talks to itself.
fn partner(number: usize, users: usize) -> usize {
    if number ^ 1 < users { number ^ 1 } else { number }
}

/// What a frame from the server is.
const REPLY: &str = "reply";
const PASSED_ON: &str = "passed on";

fn publish(topic: &str, payload: Bytes, into: &mut BytesMut) {
    Packet::Publish(Publish::from_bytes(topic, QoS::AtMostOnce, payload))
        .write(into, PACKET_MAX)
        .expect("it is short enough");
}

/// A connection, frame by frame.
struct End {
    stream: TcpStream,
    input: BytesMut,
    output: BytesMut,
}

impl End {
    /// Connects, and tells its number.
    async fn connect(address: std::net::SocketAddr, number: usize) -> Self {
        let stream = TcpStream::connect(address).await.expect("loopback is there");
        stream.set_nodelay(true).expect("a socket option");
        let mut end = Self { stream, input: BytesMut::new(), output: BytesMut::new() };
        end.send(&number.to_string(), Bytes::new()).await;
        let hello = end.next().await.expect("the server is there");
        assert_eq!(hello.topic, REPLY);
        end
    }

    async fn send(&mut self, topic: &str, payload: Bytes) {
        publish(topic, payload, &mut self.output);
        self.stream.write_all(&self.output).await.expect("it is written");
        self.output.clear();
    }

    async fn next(&mut self) -> Option<Publish> {
        next(&mut self.stream, &mut self.input).await
    }

    /// Sends so many frames, each when the one before was replied to, and ends when so many others have come.
    async fn play(mut self, send: u64, mut receive: u64, frame: Bytes) {
        for _ in 0..send {
            self.send("message", frame.clone()).await;
            while self.next().await.expect("the server is there").topic != REPLY {
                receive -= 1;
            }
        }
        for _ in 0..receive {
            assert_eq!(self.next().await.expect("the server is there").topic, PASSED_ON);
        }
    }
}

async fn next(reader: &mut (impl AsyncReadExt + Unpin), input: &mut BytesMut) -> Option<Publish> {
    loop {
        match Packet::read(input, PACKET_MAX) {
            Ok(Packet::Publish(publish)) => return Some(publish),
            Ok(other) => panic!("{other:?} among PUBLISHes"),
            Err(rumqttc::mqttbytes::Error::InsufficientBytes(_)) => {}
            Err(error) => panic!("no MQTT: {error}"),
        }
        if reader.read_buf(input).await.ok()? == 0 {
            return None;
        }
    }
}

/// Answers each frame, and passes it on to the sender's partner.
async fn broker(listener: TcpListener, users: usize) {
    let ends: Arc<[OnceLock<mpsc::Sender<BytesMut>>]> = (0..users).map(|_| OnceLock::new()).collect();
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("a socket option");
        connections.spawn(serve(stream, ends.clone()));
    }
}

async fn serve(stream: TcpStream, ends: Arc<[OnceLock<mpsc::Sender<BytesMut>>]>) {
    let (mut reader, mut writer) = stream.into_split();
    let mut input = BytesMut::new();
    let Some(hello) = next(&mut reader, &mut input).await else {
        return;
    };
    let number: usize = hello.topic.parse().expect("a number");
    let (mine, mut frames) = mpsc::channel::<BytesMut>(QUEUE);
    ends[number].set(mine.clone()).expect("each number comes once");
    let writing = async {
        while let Some(mut bytes) = frames.recv().await {
            while let Ok(more) = frames.try_recv() {
                bytes.unsplit(more);
            }
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let reading = async {
        let mut bytes = BytesMut::new();
        publish(REPLY, Bytes::new(), &mut bytes);
        if mine.send(bytes).await.is_err() {
            return;
        }
        while let Some(frame) = next(&mut reader, &mut input).await {
            let (mut reply, mut passed_on) = (BytesMut::new(), BytesMut::new());
            publish(REPLY, frame.payload.clone(), &mut reply);
            publish(PASSED_ON, frame.payload, &mut passed_on);
            let partner = ends[partner(number, ends.len())].get().expect("all have said their numbers");
            if partner.send(passed_on).await.is_err() || mine.send(reply).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writing);
}
