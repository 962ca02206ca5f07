//! The push transport over real sockets: one list of cases, each run over TCP and WebSocket, with and without TLS,
//! against a server that says exactly what a case wants.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod server;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use rumqttc::mqttbytes::v4::Packet;
use server::{CONNACK, End, Server, TOPIC, connect_to, linked, publish, say, why_not};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_tungstenite::tungstenite::Message;
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::protocol::limits::PACKET_MAX;
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::gate::Carrier::{self, SecureWebSocket, Tcp, Tls, WebSocket};
use y2w_sdk::push::{ConnectError, Mqtt, OverStreams, PushTransport, Sockets, Streams};

/// Runs a case with a deadline on all of its waits.
async fn in_time(case: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), Box::pin(case)).await.expect("the case hangs");
}

/// Makes a test of each case for each carrier.
macro_rules! over_every_carrier {
    ($($case:ident)*) => {$(
        mod $case {
            use super::*;

            #[tokio::test]
            async fn tcp() {
                in_time(super::$case(Tcp)).await;
            }

            #[tokio::test]
            async fn tls() {
                in_time(super::$case(Tls)).await;
            }

            #[tokio::test]
            async fn websocket() {
                in_time(super::$case(WebSocket)).await;
            }

            #[tokio::test]
            async fn secure_websocket() {
                in_time(super::$case(SecureWebSocket)).await;
            }
        }
    )*};
}

over_every_carrier! {
    connect_says_who_it_is
    every_code_of_a_connack_arrives_as_its_number
    a_server_that_refuses_everybody_is_heard
    publishes_go_both_ways_in_order
    streams_carry_a_connection
    a_packet_may_be_as_large_as_the_rules_allow
    a_packet_beyond_the_limit_is_the_end
    last_words_are_heard
    a_goodbye_is_said_even_if_the_link_is_dropped_at_once
    a_dropped_link_says_nothing
    the_end_of_the_server_is_the_end_of_the_link
    a_client_that_gives_up_hangs_up
    a_server_that_is_no_mqtt_server_is_told_apart
    garbage_after_connack_is_the_end
    a_closed_port_is_told
}

// Rules CONN-CONNECT, CONN-WEBSOCKET, CONN-WEBSOCKET-MQTT.
async fn connect_says_who_it_is(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let accepting = async {
        let mut peer = server.accept().await;
        let Some(Packet::Connect(connect)) = peer.hear().await else { panic!("no CONNECT") };
        assert_eq!(connect.client_id, "00guid");
        assert_eq!((connect.keep_alive, connect.clean_session), (300, true));
        let login = connect.login.unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("7", "secret"));
        peer.send(CONNACK).await;
    };
    let (link, ()) = tokio::join!(server.connect(), accepting);
    assert!(link.is_ok());
}

// Rule CONN-RETURN-CODES.
async fn every_code_of_a_connack_arrives_as_its_number(carrier: Carrier) {
    let server = Server::start(carrier).await;
    for code in [1, 2, 3, 4, 5, 6, 7, 10, 99, 100, 255] {
        let accepting = async {
            let mut peer = server.accept().await;
            peer.hear().await;
            peer.send(&[0x20, 2, 0, code]).await;
        };
        let (link, ()) = tokio::join!(server.connect(), accepting);
        match link.err() {
            Some(ConnectError::Refused(refused)) => assert_eq!(refused.0, u32::from(code)),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_server_that_refuses_everybody_is_heard(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let accepting = async { server.accept().await.send(&[0x20, 2, 0, 99]).await };
    let (link, ()) = tokio::join!(server.connect(), accepting);
    assert!(matches!(link.err(), Some(ConnectError::Refused(code)) if code.0 == 99));
}

/// Something may lie between the client and its network.
async fn streams_carry_a_connection(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let accepting = async {
        let mut peer = server.accept().await;
        assert!(matches!(peer.hear().await, Some(Packet::Connect(_))));
        peer.send(CONNACK).await;
        peer.send(&publish(b"down")).await;
        peer
    };
    let client = OverStreams::new(Arc::new(server.client()));
    let (link, mut peer) = tokio::join!(client.connect(connect_to(server.url())), accepting);
    let mut link = link.unwrap();
    say(&link, b"up".to_vec());
    assert_eq!(link.downlink.recv().await.unwrap(), b"down"[..]);
    assert!(matches!(peer.hear().await, Some(Packet::Publish(publish)) if publish.payload == b"up"[..]));
}

async fn publishes_go_both_ways_in_order(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let (mut link, mut peer) = linked(&server).await;
    let payload = |i: u32| format!("payload {i}").into_bytes();
    let down = (0..2_000).flat_map(|i| publish(&payload(i))).collect::<Vec<_>>();
    (0..2_000).for_each(|i| say(&link, payload(i)));
    let serving = async {
        peer.send(&down).await;
        for i in 0..2_000 {
            assert_eq!(peer.hear_payload().await, payload(i));
        }
    };
    let listening = async {
        for i in 0..2_000 {
            assert_eq!(link.downlink.recv().await.unwrap(), payload(i));
        }
    };
    tokio::join!(serving, listening);
}

/// A payload with which a publish on `topic` is just as large as a packet may be.
fn largest_payload(topic: &str) -> Vec<u8> {
    vec![b'x'; PACKET_MAX - (1 + 3 + 2 + topic.len())]
}

// Rule PUSH-PACKET-MAX.
async fn a_packet_may_be_as_large_as_the_rules_allow(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let (mut link, mut peer) = linked(&server).await;
    let payload = largest_payload("y2w/user/7");
    let packet = publish(&payload);
    assert_eq!(packet.len(), PACKET_MAX);
    let (received, ()) = tokio::join!(link.downlink.recv(), peer.send(&packet));
    assert_eq!(received.unwrap(), payload);

    let payload = largest_payload(TOPIC);
    say(&link, payload.clone());
    assert_eq!(peer.hear_payload().await, payload);
    say(&link, [&payload[..], b"x"].concat());
    say(&link, "after what was too large");
    assert_eq!(peer.hear_payload().await, "after what was too large");
}

async fn a_packet_beyond_the_limit_is_the_end(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let (mut link, mut peer) = linked(&server).await;
    let packet = publish(&vec![0; PACKET_MAX]);
    let (end, ()) = tokio::join!(link.downlink.recv(), peer.send(&packet));
    assert_eq!(end, None);
}

// What arrives together with the end, as the notice of a kick, is read; also if the client speaks meanwhile.
async fn last_words_are_heard(carrier: Carrier) {
    let server = Server::start(carrier).await;
    for _ in 0..20 {
        let (mut link, mut peer) = linked(&server).await;
        (0..10).for_each(|_| say(&link, "hello"));
        peer.hear_payload().await;
        peer.send(&[publish(b"first"), publish(b"last")].concat()).await;
        drop(peer);
        (0..10).for_each(|_| say(&link, "anybody there?"));
        assert_eq!(link.downlink.recv().await.unwrap(), "first");
        assert_eq!(link.downlink.recv().await.unwrap(), "last");
        assert_eq!(link.downlink.recv().await, None);
    }
}

async fn a_goodbye_is_said_even_if_the_link_is_dropped_at_once(carrier: Carrier) {
    let server = Server::start(carrier).await;
    for unread in [&b""[..], &publish(b"nobody reads this")] {
        let (link, mut peer) = linked(&server).await;
        peer.send(unread).await;
        say(&link, "before");
        link.uplink.disconnect();
        drop(link);
        assert_eq!(peer.hear_payload().await, "before");
        assert_eq!(peer.hear().await, Some(Packet::Disconnect));
        assert_eq!(peer.hear().await, None);
    }
}

async fn a_dropped_link_says_nothing(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let (link, mut peer) = linked(&server).await;
    drop(link);
    assert_eq!(peer.hear().await, None);
}

async fn the_end_of_the_server_is_the_end_of_the_link(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let (mut link, peer) = linked(&server).await;
    drop(peer);
    assert_eq!(link.downlink.recv().await, None);
    say(&link, "nobody takes this");
    link.uplink.disconnect();
}

async fn a_client_that_gives_up_hangs_up(carrier: Carrier) {
    let server = Server::start(carrier).await;
    let accepting = async {
        let mut peer = server.accept().await;
        assert!(matches!(peer.hear().await, Some(Packet::Connect(_))));
        peer
    };
    let mut peer = tokio::select! {
        peer = accepting => peer,
        why = why_not(server.connect()) => panic!("{why}"),
    };
    assert_eq!(peer.hear().await, None);
}

async fn a_server_that_is_no_mqtt_server_is_told_apart(carrier: Carrier) {
    let server = Server::start(carrier).await;
    for (answer, why) in [
        (&b""[..], "no answer to CONNECT: "),
        (b"220 smtp.example ESMTP\r\n", "no answer to CONNECT: "),
        (b"\xff\xff\xff\xff\xff\xff", "the answer to CONNECT is no MQTT"),
        (b"\xd0\x00", "the answer to CONNECT is PingResp"),
        (b"\x20\x00", "the answer to CONNECT is no MQTT"),
    ] {
        let accepting = async {
            let mut peer = server.accept().await;
            peer.hear().await;
            peer.send(answer).await;
            if let End::Bytes(socket) = &mut peer.end {
                let _ = socket.shutdown().await;
            }
        };
        let (told, ()) = tokio::join!(why_not(server.connect()), accepting);
        assert!(told.starts_with(&server.url()) && told.contains(why), "{told}");
    }
}

async fn garbage_after_connack_is_the_end(carrier: Carrier) {
    let server = Server::start(carrier).await;
    for garbage in
        [&b"\xff\xff\xff\xff\xff\xff"[..], b"\x30\x02\x00\x05", b"\x10\x00", b"\x90\x03\x00\x01\x00"]
    {
        let (mut link, mut peer) = linked(&server).await;
        peer.send(&[&publish(b"sense"), garbage].concat()).await;
        assert_eq!(link.downlink.recv().await.unwrap(), "sense");
        assert_eq!(link.downlink.recv().await, None);
    }
}

async fn a_closed_port_is_told(carrier: Carrier) {
    let server = Server::start(carrier).await;
    // Held, so that nobody else gets it, and not listened to.
    let port = TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("{}://{}/", carrier.scheme(), port.local_addr().unwrap());
    let told = why_not(server.client().connect(connect_to(url))).await;
    assert!(told.contains("refused"), "{told}");
}

// ---- trust ----

#[tokio::test]
async fn a_stranger_is_refused() {
    in_time(async {
        for carrier in [Tls, SecureWebSocket] {
            let server = Server::start(carrier).await;
            let other = Server::start(carrier).await;
            let client = other.client();
            let (why, peer) =
                tokio::join!(why_not(client.connect(connect_to(server.url()))), server.try_accept());
            assert!(why.contains("no TLS: invalid peer certificate: "), "{why}");
            assert!(peer.is_none());
        }
    })
    .await;
}

// The platform's roots, if it has any, do not hold the certificate either.
#[tokio::test]
async fn the_gates_word_alone_makes_nobody_trusted() {
    in_time(async {
        let server = Server::start(Tls).await;
        let (why, peer) =
            tokio::join!(why_not(Mqtt::tcp().connect(connect_to(server.url()))), server.try_accept());
        assert!(why.contains("no TLS: "), "{why}");
        assert!(peer.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    in_time(async {
        for carrier in [Tls, SecureWebSocket] {
            let server = Server::with_certificate_for(carrier, "push.example").await;
            let (why, peer) = tokio::join!(why_not(server.connect()), server.try_accept());
            assert!(why.contains("not valid for"), "{why}");
            assert!(peer.is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    in_time(async {
        let server = Server::start(Tcp).await;
        let client = Mqtt::tcp().tls(server.trust());
        let url = server.url().replace("tcp:", "ssl:");
        let accepting = async { server.accept().await.send(b"220 smtp.example ESMTP\r\n").await };
        let (why, ()) = tokio::join!(why_not(client.connect(connect_to(url))), accepting);
        assert!(why.contains("no TLS: "), "{why}");
    })
    .await;
}

#[tokio::test]
async fn https_has_the_same_trust() {
    in_time(async {
        let server = Server::start(Tls).await;
        let url = server.url().replace("ssl:", "https:");
        let get = || http::Request::get(&url).body(Bytes::new()).unwrap();
        let serving = async {
            let mut peer = server.accept().await;
            peer.hear_request().await;
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
        };
        let trusting = HyperHttp::with_tls(&server.trust());
        let (answer, ()) = tokio::join!(trusting.send(get()), serving);
        assert_eq!(answer.unwrap().into_body(), "hi");

        let doubting = HyperHttp::with_tls(&Server::start(Tls).await.trust());
        let (answer, peer) = tokio::join!(doubting.send(get()), server.try_accept());
        assert!(peer.is_none());
        let why = answer.unwrap_err();
        assert!(why.contains("invalid peer certificate"), "{why}");
    })
    .await;
}

// ---- WebSocket ----

// Rules CONN-WEBSOCKET, CONN-WEBSOCKET-MQTT.
#[tokio::test]
async fn the_server_chooses_one_of_both_sub_protocols() {
    in_time(async {
        let mut server = Server::start(WebSocket).await;
        server.sub_protocol = Some("mqtt");
        linked(&server).await;
        for wrong in [None, Some("stomp")] {
            server.sub_protocol = wrong;
            let (why, _peer) = tokio::join!(why_not(server.connect()), server.try_accept());
            assert!(why.contains("no WebSocket: ") && why.contains("SubProtocol"), "{why}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_web_server_without_websocket_is_told_apart() {
    in_time(async {
        let web = Server::start(Tcp).await;
        let url = web.url().replace("tcp:", "ws:");
        let accepting = async {
            let mut peer = web.accept().await;
            peer.hear_request().await;
            peer.send(b"HTTP/1.1 404 Not Found\r\n\r\n").await;
        };
        let (why, ()) = tokio::join!(why_not(Mqtt::websocket().connect(connect_to(url))), accepting);
        assert!(why.contains("no WebSocket: HTTP error: 404 Not Found"), "{why}");
    })
    .await;
}

#[tokio::test]
async fn control_frames_are_no_mqtt_and_text_is_the_end() {
    in_time(async {
        let server = Server::start(WebSocket).await;
        let (mut link, mut peer) = linked(&server).await;
        let End::Frames(frames) = &mut peer.end else { unreachable!("it is WebSocket") };
        frames.send(Message::Ping("?".into())).await.unwrap();
        assert_eq!(frames.next().await.unwrap().unwrap(), Message::Pong("?".into()));
        frames.send(Message::binary(publish(b"x"))).await.unwrap();
        assert_eq!(link.downlink.recv().await.unwrap(), "x");
        frames.send(Message::text("y")).await.unwrap();
        assert_eq!(link.downlink.recv().await, None);
    })
    .await;
}

// ---- whatever bytes ----

/// Whether anything panicked: in the connection's own task that would only look like its end.
fn panicked() -> bool {
    static PANICKED: AtomicBool = AtomicBool::new(false);
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::Relaxed);
            hook(panic);
        }));
    });
    PANICKED.load(Ordering::Relaxed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // Below the WebSocket, and in its frames; instead of CONNACK, and after it.
    #[test]
    fn no_bytes_make_the_client_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        over in prop::sample::select(vec![Tcp, WebSocket]),
        framed in any::<bool>(),
        after_connack in any::<bool>(),
    ) {
        prop_assert!(!panicked());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(in_time(async {
            let server = Server::start(over).await;
            let accepting = async {
                let mut peer = server.accept().await;
                peer.hear().await;
                if after_connack {
                    peer.send(CONNACK).await;
                }
                match &mut peer.end {
                    End::Frames(frames) if !framed => {
                        let _ = frames.get_mut().write_all(&bytes).await;
                    }
                    _ => peer.send(&bytes).await,
                }
            };
            let (link, ()) = tokio::join!(server.connect(), accepting);
            if let Ok(mut link) = link {
                while link.downlink.recv().await.is_some() {}
            }
        }));
        prop_assert!(!panicked());
    }
}

/// No handshake and no frames: whoever opens a socket below WebSocket makes them.
#[tokio::test]
async fn sockets_carry_bytes_as_they_are() {
    in_time(async {
        for mqtt in [Mqtt::tcp(), Mqtt::websocket()] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = listener.local_addr().unwrap().to_string();
            let sockets = Sockets::below(mqtt);
            let place = sockets.address(&GateData { region: String::new(), url, tcp: None }).unwrap();
            let (stream, accepted) = tokio::join!(sockets.open(&place), listener.accept());
            let (mut ours, (mut theirs, _)) = (stream.unwrap(), accepted.unwrap());
            let mut came = [0; 2];
            ours.write_all(b"up").await.unwrap();
            theirs.read_exact(&mut came).await.unwrap();
            assert_eq!(&came, b"up", "{place}");
            theirs.write_all(b"dn").await.unwrap();
            ours.read_exact(&mut came).await.unwrap();
            assert_eq!(&came, b"dn", "{place}");
        }
    })
    .await;
}
