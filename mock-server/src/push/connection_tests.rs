//! A connection over a pipe, on virtual time; and whatever bytes may come.

use std::sync::Arc;

use proptest::prelude::*;
use rumqttc::mqttbytes::v4::{Login, PingReq, Publish, Subscribe, Unsubscribe};
use tokio::io::DuplexStream;
use tokio::task::JoinSet;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;

use super::*;
use crate::faults::Dice;
use crate::push::PushConfig;
use crate::quirks::Quirks;

const ACCEPT: &[u8] = b"\x20\x02\x00\x00\x30\x1d\x00\x0ay2w/user/1{\"returnCode\":11}";
const KICK: &[u8] = b"\x30\x1d\x00\x0ay2w/user/1{\"returnCode\":10}";

fn push() -> Arc<Push> {
    push_with(PushConfig::default())
}

fn push_with(config: PushConfig) -> Arc<Push> {
    let push =
        Arc::new(Push::new(Clock::starting_at(Timestamp::MIN), config, Dice::new(1), Quirks::default()));
    push.add_token("good");
    push
}

fn connect_bytes(uid: &str, token: &str, client_id: &str, keep_alive: u16) -> BytesMut {
    let mut connect = Connect::new(client_id);
    connect.login = Some(Login::new(uid, token));
    connect.keep_alive = keep_alive;
    let mut bytes = BytesMut::new();
    connect.write(&mut bytes).unwrap();
    bytes
}

/// A short PUBLISH to user 1.
fn to_user_1(payload: &str) -> Vec<u8> {
    let length = u8::try_from(2 + "y2w/user/1".len() + payload.len()).unwrap();
    assert!(length < 128, "the length is one byte");
    [&[0x30, length], &b"\x00\x0ay2w/user/1"[..], payload.as_bytes()].concat()
}

/// The server's end is served by a task; this is the client's end.
struct Pipe {
    stream: DuplexStream,
    served: JoinSet<()>,
}

fn open(push: &Arc<Push>, size: usize) -> Pipe {
    let (stream, mut theirs) = tokio::io::duplex(size);
    let pushes = Pushes::from(push.clone());
    let mut served = JoinSet::new();
    served.spawn(async move { serve(&pushes, &mut theirs).await });
    Pipe { stream, served }
}

impl Pipe {
    async fn connect(push: &Arc<Push>, client_id: &str) -> Self {
        let mut pipe = open(push, 4_096);
        pipe.send(&connect_bytes("1", "good", client_id, 300)).await;
        pipe.expect(ACCEPT).await;
        pipe
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn expect(&mut self, bytes: &[u8]) {
        let mut read = vec![0; bytes.len()];
        self.stream.read_exact(&mut read).await.unwrap();
        assert_eq!(read, bytes, "{}", String::from_utf8_lossy(&read));
    }

    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        rest
    }
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_code() {
    let push = push();
    push.add_token("old");
    push.expire_tokens();
    push.add_token("good");
    let long = "u".repeat(UID_MAX + 1);
    for (uid, token, client_id, code) in [
        ("1", "good", "0x", 2),
        ("1", "good", "00", 2),
        ("", "good", "00a", 4),
        ("a/b", "good", "00a", 4),
        (&*long, "good", "00a", 4),
        ("1", "bad", "00a", 5),
        ("1", "", "00a", 5),
        ("1", "old", "00a", 6),
    ] {
        let mut pipe = open(&push, 4_096);
        pipe.send(&connect_bytes(uid, token, client_id, 300)).await;
        assert_eq!(pipe.rest().await, [0x20, 2, 0, code], "{uid} {token} {client_id}");
    }
    let mut pipe = open(&push, 4_096);
    pipe.send(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00").await;
    assert_eq!(pipe.rest().await, [0x20, 2, 0, 3]);
    assert_eq!(push.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reconnection_finds_another_client_in_its_place() {
    let push = push();
    let _live = Pipe::connect(&push, "00a").await;
    let mut pipe = open(&push, 4_096);
    pipe.send(&connect_bytes("1", "good", "10b", 300)).await;
    assert_eq!(pipe.rest().await, [0x20, 2, 0, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_kicked_connection_is_told_and_a_replaced_one_is_not() {
    let push = push();
    let mut first = Pipe::connect(&push, "00a").await;
    let mut second = Pipe::connect(&push, "00b").await;
    assert_eq!(first.rest().await, KICK);
    let _third = Pipe::connect(&push, "10b").await;
    assert_eq!(second.rest().await, b"");
    assert_eq!(push.live(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_words_are_read_by_who_is_still_writing() {
    let push = push();
    let mut first = Pipe::connect(&push, "00a").await;
    first.send(b"\xc0\x00\xf0\x00").await;
    assert_eq!(first.rest().await, b"\xd0\x00");
    assert_eq!(push.live(), 0, "out of the hub before the wait");
    first.send(b"more").await;
    let started = push.clock.elapsed();
    assert!(first.served.join_next().await.is_some());
    assert_eq!(push.clock.elapsed() - started, LINGER);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection_after_one_and_a_half_keep_alives() {
    let push = push();
    let mut pipe = Pipe::connect(&push, "00a").await;
    let started = push.clock.elapsed();
    tokio::time::advance(Duration::from_secs(400)).await;
    pipe.send(b"\xc0\x00").await;
    pipe.expect(b"\xd0\x00").await;
    // Deliveries are no signs of life.
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(200)).await;
        let mut other = Pipe::connect(&push, "01b").await;
        other.send(&publish_bytes("y2w/session/y2wIMApp_1", APP_PUSH, QoS::AtMostOnce, 0)).await;
        pipe.expect(&to_user_1(r#"{"cmd":"sendMessage","message":1,"from":"1","sessionId":"y2wIMApp_1"}"#))
            .await;
    }
    assert_eq!(pipe.rest().await, b"");
    let lived = push.clock.elapsed() - started;
    assert_eq!(lived.as_secs(), 400 + 450, "{lived:?}");
}

const APP_PUSH: &str = r#"{"cmd":"sendMessage","mts":1264953600000,"message":1}"#;

fn publish_bytes(topic: &str, payload: &str, qos: QoS, pkid: u16) -> BytesMut {
    let mut publish = Publish::new(topic, qos, payload);
    publish.pkid = pkid;
    let mut bytes = BytesMut::new();
    publish.write(&mut bytes).unwrap();
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_connect_is_not_kept() {
    let push = push();
    let mut silent = open(&push, 64);
    let started = push.clock.elapsed();
    assert_eq!(silent.rest().await, b"");
    assert_eq!((push.clock.elapsed() - started).as_secs(), 10);
    let mut rude = open(&push, 64);
    rude.send(b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(rude.rest().await, b"");
}

#[tokio::test(start_paused = true)]
async fn stock_clients_may_subscribe_and_use_qos_1() {
    let push = push();
    let mut pipe = Pipe::connect(&push, "00a").await;
    let mut bytes = publish_bytes("y2w/session/p2p_1", "x", QoS::AtLeastOnce, 9);
    let mut subscribe = Subscribe::new("#", QoS::AtLeastOnce);
    subscribe.pkid = 3;
    subscribe.write(&mut bytes).unwrap();
    let mut unsubscribe = Unsubscribe::new("#");
    unsubscribe.pkid = 4;
    unsubscribe.write(&mut bytes).unwrap();
    bytes.extend_from_slice(b"\xe0\x00");
    pipe.send(&bytes).await;
    let reply = b"\x40\x02\x00\x09\x30\x1d\x00\x0ay2w/user/1{\"returnCode\":30}";
    pipe.expect(reply).await;
    assert_eq!(pipe.rest().await, b"\x90\x03\x00\x03\x00\xb0\x02\x00\x04");
}

#[tokio::test(start_paused = true)]
async fn packets_right_behind_the_connect_are_handled() {
    let push = push();
    let mut pipe = open(&push, 4_096);
    let mut bytes = connect_bytes("1", "good", "00a", 0);
    PingReq.write(&mut bytes).unwrap();
    pipe.send(&bytes).await;
    pipe.expect(ACCEPT).await;
    pipe.expect(b"\xd0\x00").await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_is_dropped() {
    let push = push_with(PushConfig { outgoing_queue: 4, ..PushConfig::default() });
    let mut sender = Pipe::connect(&push, "00a").await;
    let mut slow = open(&push, 64);
    slow.send(&connect_bytes("2", "good", "00b", 0)).await;
    slow.expect(&ACCEPT[..4]).await;
    let push_once = publish_bytes("y2w/session/y2wIMApp_2", APP_PUSH, QoS::AtMostOnce, 0);
    let reply = to_user_1(r#"{"cmd":"sendMessage","returnCode":20}"#);
    for _ in 0..2_000 {
        sender.send(&push_once).await;
        sender.expect(&reply).await;
    }
    assert_eq!(push.counters.overflows.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(push.live(), 1);
    // What was on its way may come, then the end.
    assert!(slow.rest().await.len() < 2 * BATCH);
}

/// Not only many pushes fill an outbox: so do few large ones.
#[tokio::test(start_paused = true)]
async fn what_waits_for_a_slow_client_is_bounded_in_bytes() {
    let config = PushConfig { outgoing_bytes: 64 * 1024, ..PushConfig::default() };
    let push = push_with(config);
    let sender = push.plug(&"1".into(), ClientId::parse("00a").unwrap()).unwrap();
    let slow = push.plug(&"2".into(), ClientId::parse("00b").unwrap()).unwrap();
    let large = format!(r#"{{"cmd":"sendMessage","mts":1,"message":"{}"}}"#, "x".repeat(20 * 1024));
    for _ in 0..3 {
        push.command(sender.id, "y2w/session/y2wIMApp_2", large.as_bytes()).unwrap();
        assert_eq!(push.live(), 2);
    }
    push.command(sender.id, "y2w/session/y2wIMApp_2", large.as_bytes()).unwrap();
    assert_eq!(push.live(), 1);
    assert!(slow.outbox.next().is_none(), "and what waited is given back");
}

/// A client that stops reading is dropped even if nothing more comes for it.
#[tokio::test(start_paused = true)]
async fn a_write_that_is_not_taken_ends_the_connection() {
    let push = push();
    let mut slow = open(&push, 64);
    slow.send(&connect_bytes("2", "good", "00b", 0)).await;
    slow.expect(&ACCEPT[..4]).await;
    slow.expect(&[0x30, 0x1d]).await;
    let sender = push.plug(&"1".into(), ClientId::parse("00a").unwrap()).unwrap();
    let started = push.clock.elapsed();
    for _ in 0..3 {
        push.command(sender.id, "y2w/session/y2wIMApp_2", APP_PUSH.as_bytes()).unwrap();
    }
    slow.served.join_next().await;
    assert_eq!(push.clock.elapsed() - started, push.config.write_deadline);
    assert_eq!(push.counters.overflows.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(push.live(), 1);
}

/// Whoever shows no token has nothing when the connection is over, and little before.
#[tokio::test(start_paused = true)]
async fn who_is_not_let_in_costs_nothing_lasting() {
    let push = push();
    let mut large = Connect::new("00a");
    large.login = Some(Login::new("1", "x".repeat(CONNECT_MAX)));
    let mut bytes = BytesMut::new();
    large.write(&mut bytes).unwrap();
    let mut pipe = open(&push, 4_096);
    // The server may be gone before it has come whole.
    let _ = pipe.stream.write_all(&bytes).await;
    assert_eq!(pipe.rest().await, b"", "too large to be one");
    let mut none = Connect::new("00a");
    none.keep_alive = 0;
    let mut bytes = BytesMut::new();
    none.write(&mut bytes).unwrap();
    for _ in 0..100 {
        let mut pipe = open(&push, 4_096);
        pipe.send(&bytes).await;
        assert_eq!(pipe.rest().await, [0x20, 2, 0, 4]);
        // It does not go, and is waited for no longer than that.
        let started = push.clock.elapsed();
        pipe.served.join_next().await;
        assert!(push.clock.elapsed() - started <= LINGER);
    }
    assert_eq!((push.live(), push.sessions()), (0, 0));
    // A byte now and then is no CONNECT either.
    let mut dripping = open(&push, 64);
    let started = push.clock.elapsed();
    for byte in &connect_bytes("1", "good", "00a", 300)[..9] {
        dripping.send(&[*byte]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(dripping.rest().await, b"");
    assert_eq!((push.clock.elapsed() - started).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_accept_can_be_withheld() {
    let push = push();
    push.withhold_accept(true);
    let mut pipe = open(&push, 4_096);
    pipe.send(&connect_bytes("1", "good", "00a", 300)).await;
    pipe.send(b"\xc0\x00").await;
    pipe.expect(b"\x20\x02\x00\x00\xd0\x00").await;
    push.withhold_accept(false);
    let mut accepted = Pipe::connect(&push, "01a").await;
    let to_both = publish_bytes("y2w/session/y2wIMApp_1", APP_PUSH, QoS::AtMostOnce, 0);
    accepted.send(&to_both).await;
    accepted.expect(&to_user_1(r#"{"cmd":"sendMessage","returnCode":20}"#)).await;
    let _newer = Pipe::connect(&push, "00b").await;
    assert_eq!(pipe.rest().await, KICK, "no delivery before an accept");
}

/// Frames as clients send them, one behind the other.
fn valid_frames() -> Vec<u8> {
    let mut bytes = publish_bytes("y2w/session/y2wIMApp_1", APP_PUSH, QoS::AtMostOnce, 0);
    bytes.unsplit(publish_bytes("y2w/session/p2p_1", "{}", QoS::AtLeastOnce, 5));
    bytes.unsplit(connect_bytes("1", "good", "00a", 300));
    let mut subscribe = Subscribe::new("a/b", QoS::AtMostOnce);
    subscribe.pkid = 1;
    subscribe.write(&mut bytes).unwrap();
    Unsubscribe::new("a/b").write(&mut bytes).unwrap();
    PingReq.write(&mut bytes).unwrap();
    bytes.to_vec()
}

fn handle(bytes: &[u8]) {
    let push = push();
    let plugged = push.plug(&"1".into(), ClientId::parse("00a").unwrap()).unwrap();
    let mut frames =
        Frames { push: &push, id: plugged.id, inbox: Inbox::of(&"1".into()), has_subscribed: false };
    let mut input = BytesMut::from(bytes);
    let before = input.len();
    let mut out = BytesMut::new();
    frames.handle(&mut input, &mut out);
    assert!(input.len() <= before);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        handle(&bytes);
    }

    #[test]
    fn no_damaged_frame_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = valid_frames();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let start = cut.index(bytes.len());
        handle(&bytes[start..]);
        handle(&bytes);
    }
}
