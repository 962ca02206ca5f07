//! The frames of a WebSocket over a pipe, on virtual time; and whatever frames may come.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use proptest::prelude::*;
use rumqttc::mqttbytes::v4::{Connect, Login, PingReq};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;

use super::*;
use crate::faults::Dice;
use crate::push::{Push, PushConfig};
use crate::quirks::Quirks;

const ACCEPT: &[u8] = b"\x20\x02\x00\x00\x30\x1d\x00\x0ay2w/user/1{\"returnCode\":11}";
const KICK: &[u8] = b"\x30\x1d\x00\x0ay2w/user/1{\"returnCode\":10}";
const PINGRESP: &[u8] = b"\xd0\x00";

fn push() -> Arc<Push> {
    let push =
        Push::new(Clock::starting_at(Timestamp::MIN), PushConfig::default(), Dice::new(1), Quirks::default());
    push.add_token("good");
    Arc::new(push)
}

fn connect_bytes(keep_alive: u16) -> Vec<u8> {
    let mut connect = Connect::new("00a");
    connect.login = Some(Login::new("1", "good"));
    connect.keep_alive = keep_alive;
    let mut bytes = BytesMut::new();
    connect.write(&mut bytes).unwrap();
    bytes.to_vec()
}

fn ping_bytes() -> Vec<u8> {
    let mut bytes = BytesMut::new();
    PingReq.write(&mut bytes).unwrap();
    bytes.to_vec()
}

/// The client's end of a pipe whose other end is served.
struct Served {
    stream: DuplexStream,
    task: JoinSet<()>,
}

fn serving(push: &Arc<Push>) -> Served {
    let (stream, theirs) = tokio::io::duplex(4_096);
    let pushes = Pushes::from(push.clone());
    let mut task = JoinSet::new();
    task.spawn(async move { serve(&pushes, theirs).await });
    Served { stream, task }
}

struct Client {
    socket: WebSocketStream<DuplexStream>,
    task: JoinSet<()>,
    input: Vec<u8>,
}

async fn handshake(push: &Arc<Push>, url: &str, protocols: &str) -> Result<(Client, String), Error> {
    let mut request = url.into_client_request().unwrap();
    let offer = HeaderValue::from_str(protocols).unwrap();
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offer);
    let Served { stream, task } = serving(push);
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
    let chosen = response.headers()[SEC_WEBSOCKET_PROTOCOL].to_str().unwrap().to_owned();
    Ok((Client { socket, task, input: Vec::new() }, chosen))
}

impl Client {
    async fn open(push: &Arc<Push>) -> Self {
        handshake(push, "ws://push/", "mqttv3.1").await.unwrap().0
    }

    async fn accepted(push: &Arc<Push>) -> Self {
        let mut client = Self::open(push).await;
        client.send(&connect_bytes(300)).await;
        client.expect(ACCEPT).await;
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.socket.send(Message::Binary(Bytes::copy_from_slice(bytes))).await.unwrap();
    }

    /// The next bytes, from however many frames.
    async fn expect(&mut self, bytes: &[u8]) {
        while self.input.len() < bytes.len() {
            match self.socket.next().await {
                Some(Ok(Message::Binary(more))) => self.input.extend_from_slice(&more),
                other => panic!("{other:?} in place of bytes"),
            }
        }
        let seen: Vec<u8> = self.input.drain(..bytes.len()).collect();
        assert_eq!(seen, bytes, "{}", String::from_utf8_lossy(&seen));
    }

    /// The code of the close frame, which is the next that comes.
    async fn closed(&mut self) -> Option<CloseCode> {
        match self.socket.next().await {
            Some(Ok(Message::Close(frame))) => frame.map(|frame| frame.code),
            other => panic!("{other:?} in place of a close"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_two_names_is_agreed_on() {
    for (offered, agreed) in [
        ("mqttv3.1", "mqttv3.1"),
        ("mqtt", "mqtt"),
        ("x, mqtt, mqttv3.1", "mqtt"),
        ("mqttv3.1,mqtt", "mqttv3.1"),
    ] {
        let (_client, chosen) = handshake(&push(), "ws://push/?a=b", offered).await.unwrap();
        assert_eq!(chosen, agreed, "{offered}");
    }
    for (url, offered, status) in [("ws://push/", "xmpp", 400), ("ws://push/mqtt", "mqtt", 404)] {
        let refused = handshake(&push(), url, offered).await;
        assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == status), "{url} {offered}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_offers_no_name_is_refused() {
    let mut served = serving(&push());
    let request = b"GET / HTTP/1.1\r\nHost: push\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    served.stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    served.stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.ends_with(
        r#"{"status":400,"error":"invalid_request","message":"the sub-protocol is mqttv3.1 or mqtt"}"#
    ));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_ended() {
    let push = push();
    for begun in [&b""[..], b"GET / HTTP/1.1\r\nHost: pu", b"nonsense\r\n\r\n"] {
        let mut served = serving(&push);
        served.stream.write_all(begun).await.unwrap();
        assert_eq!(served.stream.read(&mut [0; 16]).await.unwrap(), 0);
        served.task.join_next().await;
    }
    let mut client = Client::open(&push).await;
    client.send(&connect_bytes(300)[..5]).await;
    client.task.join_next().await;
    assert_eq!(push.live(), 0, "nor does a CONNECT that does not end");
}

#[tokio::test(start_paused = true)]
async fn packets_are_cut_and_joined_anywhere() {
    let push = push();
    let mut client = Client::open(&push).await;
    let bytes = [connect_bytes(300), ping_bytes(), ping_bytes()].concat();
    for byte in &bytes {
        client.send(&[*byte]).await;
        client.send(&[]).await;
    }
    client.expect(&[ACCEPT, PINGRESP, PINGRESP].concat()).await;
    let mut client = Client::open(&push).await;
    client.send(&bytes).await;
    client.expect(&[ACCEPT, PINGRESP, PINGRESP].concat()).await;
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_a_close_is_returned() {
    let push = push();
    let mut client = Client::accepted(&push).await;
    client.socket.send(Message::Ping(Bytes::from_static(b"x"))).await.unwrap();
    assert_eq!(client.socket.next().await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"x")));
    client.socket.close(None).await.unwrap();
    assert_eq!(client.closed().await, None);
    client.task.join_next().await;
    assert_eq!(push.live(), 0);
}

/// Rule `CONN-KEEPALIVE`: it is packets that count, not frames.
#[tokio::test(start_paused = true)]
async fn pings_of_the_carrier_are_no_sign_of_life() {
    let push = push();
    let mut client = Client::open(&push).await;
    client.send(&connect_bytes(10)).await;
    client.expect(ACCEPT).await;
    let started = push.clock.now();
    let silent = async {
        while client.socket.send(Message::Ping(Bytes::new())).await.is_ok() {
            push.clock.sleep_until(push.clock.now().plus(Duration::from_secs(4))).await;
        }
    };
    silent.await;
    let lasted = started.until(push.clock.now());
    assert!((15..25).contains(&lasted.as_secs()), "{lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_binary_frame_ends_the_connection_with_a_reason() {
    let push = push();
    let large = Message::Binary(vec![0; MESSAGE_MAX + 1].into());
    for (message, code) in [(Message::text("{}"), CloseCode::Unsupported), (large, CloseCode::Size)] {
        let mut client = Client::accepted(&push).await;
        // The pipe is smaller than what is sent, and may break in the middle.
        let _ = client.socket.send(message).await;
        assert_eq!(client.closed().await, Some(code));
    }
    // A frame without a mask, and one with a reserved code.
    for raw in [&b"\x82\x01x"[..], b"\x83\x80\0\0\0\0"] {
        let mut client = Client::accepted(&push).await;
        client.socket.get_mut().write_all(raw).await.unwrap();
        assert_eq!(client.closed().await, Some(CloseCode::Protocol));
    }
    // No MQTT in good frames.
    let mut client = Client::accepted(&push).await;
    client.send(b"\x00\x00").await;
    assert_eq!(client.closed().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_kicked_client_is_told_and_closed() {
    let push = push();
    let mut first = Client::accepted(&push).await;
    let _second = Client::accepted(&push).await;
    first.expect(KICK).await;
    assert_eq!(first.closed().await, None);
    first.task.join_next().await;
    assert_eq!(push.live(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_gets_its_code() {
    let push = push();
    push.expire_tokens();
    let mut client = Client::open(&push).await;
    client.send(&connect_bytes(300)).await;
    client.expect(b"\x20\x02\x00\x06").await;
    assert_eq!(client.closed().await, None);
}

/// A client that does not read holds up nobody but itself, and ends when its queue is full.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped() {
    let config = PushConfig { outgoing_queue: 4, ..PushConfig::default() };
    let push =
        Arc::new(Push::new(Clock::starting_at(Timestamp::MIN), config, Dice::new(1), Quirks::default()));
    push.add_token("good");
    let mut client = Client::accepted(&push).await;
    let sender = push.plug(&"2".into(), y2w_sdk::protocol::push::ClientId::parse("00b").unwrap()).unwrap();
    let notice = format!(r#"{{"cmd":"sendMessage","mts":1,"message":"{}"}}"#, "x".repeat(3_000));
    while push.live() == 2 {
        push.command(sender.id, "y2w/session/y2wIMApp_1", notice.as_bytes()).unwrap();
        tokio::task::yield_now().await;
    }
    client.task.join_next().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However the bytes of packets are cut into frames, the answers are the same.
    #[test]
    fn any_cut_gives_the_same_answers(cuts in prop::collection::vec(0..60_usize, 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut client = Client::open(&push()).await;
            let bytes = [connect_bytes(300), ping_bytes(), ping_bytes(), ping_bytes()].concat();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (frame, behind) = rest.split_at(cut.min(rest.len()));
                client.send(frame).await;
                rest = behind;
            }
            client.send(rest).await;
            client.expect(&[ACCEPT, PINGRESP, PINGRESP, PINGRESP].concat()).await;
        });
    }

    /// Whatever comes after the handshake, the server ends the connection or waits for more; it never panics.
    #[test]
    fn any_bytes_for_frames_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut client = Client::open(&push()).await;
            let _ = client.socket.get_mut().write_all(&bytes).await;
            client.socket.get_mut().shutdown().await.unwrap();
            while client.socket.get_mut().read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
            prop_assert!(client.task.join_next().await.unwrap().is_ok());
            Ok(())
        })?;
    }
}
