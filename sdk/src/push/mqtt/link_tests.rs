//! A connection over a pipe in memory, in virtual time: keep-alive, bounds, the goodbye, and whatever bytes a server
//! may send.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, DuplexStream};

use super::*;
use crate::clock::Clock;

/// A connection with that keep-alive, the server's end of it, and the time at which it was opened.
async fn connected(keep_alive: Duration, pipe: usize) -> (PushLink, DuplexStream, Clock) {
    let (client, mut server) = tokio::io::duplex(pipe);
    let (reader, writer) = tokio::io::split(client);
    let wire = Wire { reader: Box::new(reader), writer: Box::new(writer) };
    let connect = Connect {
        url: String::new(),
        client_id: "00g".to_owned(),
        uid: "1".to_owned(),
        im_token: "t".to_owned(),
        keep_alive,
    };
    server.write_all(&[0x20, 2, 0, 0]).await.unwrap();
    let link = open(wire, connect).await.unwrap();
    assert!(matches!(hear(&mut server).await, Some(Packet::Connect(_))));
    (link, server, Clock::system())
}

/// The next packet of the client, read byte by byte so that nothing is taken from the one after it.
async fn hear(server: &mut DuplexStream) -> Option<Packet> {
    let mut bytes = BytesMut::new();
    loop {
        bytes.extend_from_slice(&[server.read_u8().await.ok()?]);
        if let Some(packet) = next_packet(&mut bytes).unwrap() {
            return Some(packet);
        }
    }
}

fn publish(qos: QoS, pkid: u16, payload: &[u8]) -> BytesMut {
    let mut packet = Publish::new("y2w/user/1", qos, payload);
    packet.pkid = pkid;
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).unwrap();
    bytes
}

// Rules CONN-PING, CONN-PING-LOST.
#[tokio::test(start_paused = true)]
async fn a_silent_client_pings_in_time_and_an_unanswered_ping_is_the_end() {
    let (mut link, mut server, clock) = connected(Duration::from_secs(300), 1_000).await;
    let opened = clock.now();
    for seconds in [100, 300, 500] {
        assert_eq!(hear(&mut server).await, Some(Packet::PingReq));
        assert_eq!(clock.now(), opened.plus(Duration::from_secs(seconds)));
        server.write_all(&[0xd0, 0]).await.unwrap();
    }
    assert_eq!(hear(&mut server).await, Some(Packet::PingReq));
    assert_eq!(link.downlink.recv().await, None);
    assert_eq!(clock.now(), opened.plus(Duration::from_secs(700 + 300)));
}

#[tokio::test(start_paused = true)]
async fn who_speaks_needs_no_ping() {
    let (link, mut server, clock) = connected(Duration::from_secs(300), 1_000).await;
    let opened = clock.now();
    for _ in 0..9 {
        link.uplink.publish("y2w/session/p2p_1".to_owned(), b"x".to_vec());
        assert!(matches!(hear(&mut server).await, Some(Packet::Publish(_))));
        tokio::time::advance(Duration::from_secs(90)).await;
    }
    assert_eq!(hear(&mut server).await, Some(Packet::PingReq));
    assert!(clock.now() >= opened.plus(Duration::from_secs(810)));
}

#[tokio::test(start_paused = true)]
async fn without_a_keep_alive_there_is_no_timer() {
    let (link, mut server, _) = connected(Duration::ZERO, 1_000).await;
    let silent = tokio::time::timeout(Duration::from_secs(1_000_000), hear(&mut server)).await;
    assert!(silent.is_err());
    drop(link);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_network_is_bounded() {
    let (link, mut server, _) = connected(Duration::from_secs(300), 100).await;
    let publish = |size| link.uplink.publish("t".to_owned(), vec![b'x'; size]);
    (0..100).for_each(|_| publish(UPLINK_MAX / 8));
    for _ in 0..7 {
        assert!(
            matches!(hear(&mut server).await, Some(Packet::Publish(publish)) if publish.payload.len() > 1)
        );
    }
    publish(1);
    assert!(matches!(hear(&mut server).await, Some(Packet::Publish(publish)) if publish.payload.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_does_not_hold_the_goodbye_up() {
    let (mut link, server, clock) = connected(Duration::from_secs(300), 100).await;
    let said = clock.now();
    (0..100).for_each(|_| link.uplink.publish("t".to_owned(), vec![b'x'; UPLINK_MAX / 8]));
    link.uplink.disconnect();
    assert_eq!(link.downlink.recv().await, None);
    assert_eq!(clock.now(), said.plus(GOODBYE));
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_close_after_the_goodbye_is_left() {
    let (mut link, mut server, clock) = connected(Duration::from_secs(300), 1_000).await;
    let said = clock.now();
    link.uplink.disconnect();
    link.uplink.publish("t".to_owned(), b"too late".to_vec());
    assert_eq!(hear(&mut server).await, Some(Packet::Disconnect));
    assert_eq!(hear(&mut server).await, None);
    assert_eq!(link.downlink.recv().await, None);
    assert_eq!(clock.now(), said.plus(GOODBYE));
}

// What has no place in a packet must not reach the wire: it would shift everything behind it.
#[tokio::test(start_paused = true)]
async fn what_is_no_packet_is_left_out() {
    let (link, mut server, _) = connected(Duration::from_secs(300), 1_000).await;
    for topic in ["a/#".to_owned(), "+".to_owned(), "t".repeat(TEXT_MAX + 1)] {
        link.uplink.publish(topic, b"x".to_vec());
    }
    link.uplink.publish("t".to_owned(), vec![0; PACKET_MAX]);
    link.uplink.publish("t".to_owned(), b"fits".to_vec());
    let Some(Packet::Publish(publish)) = hear(&mut server).await else { panic!("no publish") };
    assert_eq!(&publish.payload[..], b"fits");
}

#[test]
fn a_connect_that_mqtt_cannot_hold_is_refused_here() {
    let connect = Connect {
        url: String::new(),
        client_id: String::new(),
        uid: String::new(),
        im_token: "t".repeat(TEXT_MAX + 1),
        keep_alive: Duration::ZERO,
    };
    assert!(connect_packet(connect, 0).unwrap_err().contains("too long for MQTT"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_acknowledgements_gets_them() {
    let (mut link, mut server, _) = connected(Duration::from_secs(300), 1_000).await;
    server.write_all(&publish(QoS::AtLeastOnce, 5, b"a")).await.unwrap();
    assert_eq!(hear(&mut server).await, Some(Packet::PubAck(PubAck::new(5))));
    server.write_all(&publish(QoS::ExactlyOnce, 6, b"b")).await.unwrap();
    assert_eq!(hear(&mut server).await, Some(Packet::PubRec(PubRec::new(6))));
    server.write_all(&[0x62, 2, 0, 6]).await.unwrap();
    assert_eq!(hear(&mut server).await, Some(Packet::PubComp(PubComp::new(6))));
    assert_eq!(link.downlink.recv().await.unwrap(), "a");
    assert_eq!(link.downlink.recv().await.unwrap(), "b");
}

/// Bytes of which many look like packets for some way.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let packet = prop_oneof![
        Just(publish(QoS::AtMostOnce, 0, b"x").to_vec()),
        Just(publish(QoS::AtLeastOnce, 9, b"x").to_vec()),
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(first, body)| { [&[first, body.len() as u8][..], &body].concat() }),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(packet, 0..6).prop_map(|packets| packets.concat())
}

fn in_virtual_time(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(case);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    // Called here, not in the connection's task, where a panic would look like the end of the connection.
    #[test]
    fn no_bytes_make_the_client_panic(bytes in bytes(), pieces in 1_usize..8) {
        in_virtual_time(async {
            let (mut server, mut client) = tokio::io::duplex(4_096);
            let (payloads, mut downlink) = mpsc::channel(1_000);
            server.write_all(&bytes).await.unwrap();
            drop(server);
            let _ = first_packet(&mut client, &mut BytesMut::new()).await;

            let (mut server, client) = tokio::io::duplex(4_096);
            let outgoing = Outgoing::default();
            let pieces = bytes.len() / pieces + 1;
            let serving = async {
                for piece in bytes.chunks(pieces) {
                    // The client may have left.
                    let _ = server.write_all(piece).await;
                    tokio::task::yield_now().await;
                }
                drop(server);
            };
            tokio::join!(receive(client, BytesMut::new(), &outgoing, payloads), serving);
            while downlink.recv().await.is_some() {}
        });
    }
}
