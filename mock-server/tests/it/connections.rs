//! Push connections: kicks, take-over, faults.

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Login};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use y2w_mock_server::MockServer;
use y2w_sdk::protocol::{ImSessionId, SessionType};

use crate::support::{Api, Mqtt, Seen, server};

/// A server with an imToken for everybody: it stands for the app, not for a user.
async fn with_token() -> (MockServer, String) {
    let server = server().await;
    let api = Api::of(&server);
    let person = api.register("any").await;
    let token = api.im_token(&person).await;
    (server, token)
}

#[tokio::test]
async fn the_second_connection_of_a_class_kicks_the_first() {
    let (server, token) = with_token().await;
    let mut first = Mqtt::accepted(&server, "u", &token, "00a").await;
    let mut mobile = Mqtt::accepted(&server, "u", &token, "01a").await;
    let _second = Mqtt::accepted(&server, "u", &token, "00b").await;
    assert_eq!(first.payload().await, json!({"returnCode": 10}));
    assert_eq!(first.next().await, Seen::Closed);
    let mut other = Mqtt::accepted(&server, "v", &token, "00c").await;
    other.mark("u", "mark").await;
    assert_eq!(mobile.payload().await["message"], "mark", "no kick across classes");
    assert_eq!(server.stats().connections, 3);
}

#[tokio::test]
async fn a_reconnection_takes_over_its_own_place_only() {
    let (server, token) = with_token().await;
    let mut first = Mqtt::accepted(&server, "u", &token, "00a").await;
    let mut again = Mqtt::accepted(&server, "u", &token, "10a").await;
    assert_eq!(first.next().await, Seen::Closed, "without a notice");
    let mut late = Mqtt::open(&server, "u", &token, "10b");
    assert_eq!(late.next().await, Seen::ConnAck(10));
    let mut other = Mqtt::accepted(&server, "v", &token, "00c").await;
    other.mark("u", "mark").await;
    assert_eq!(again.payload().await["message"], "mark", "the refused one changed nothing");
}

#[tokio::test]
async fn an_expired_token_is_told_from_a_wrong_one() {
    let (server, token) = with_token().await;
    let mut live = Mqtt::accepted(&server, "u", &token, "00a").await;
    server.expire_im_tokens();
    let mut expired = Mqtt::open(&server, "v", &token, "00b");
    assert_eq!(expired.next().await, Seen::ConnAck(6));
    let mut wrong = Mqtt::open(&server, "v", "nonsense", "00b");
    assert_eq!(wrong.next().await, Seen::ConnAck(5));
    let reply = live.ask("p2p_1", json!({"cmd": "x"})).await;
    assert_eq!(reply["returnCode"], 22, "who is connected stays");
}

#[tokio::test]
async fn faults_end_connections_and_forget_sessions() {
    let (server, token) = with_token().await;
    let mut ann = Mqtt::accepted(&server, "a", &token, "00a").await;
    let mut bob = Mqtt::accepted(&server, "b", &token, "00b").await;
    let update = json!({"cmd": "updateSession", "mts": 1, "members": [{"uid": "a"}, {"uid": "b"}]});
    let send = json!({"cmd": "sendMessage", "mts": 1, "message": 1});
    assert_eq!(ann.ask("p2p_1", update).await["returnCode"], 20);
    assert_eq!(ann.ask("p2p_1", send.clone()).await["returnCode"], 20);
    assert_eq!(bob.payload().await["message"], 1);
    let session = ImSessionId::new(SessionType::P2p, "1");
    assert!(server.forget_session(&session));
    assert!(!server.forget_session(&session));
    assert_eq!(ann.ask("p2p_1", send).await["returnCode"], 26);
    assert_eq!(server.drop_connection(&"b".into()), 1);
    assert_eq!(bob.next().await, Seen::Closed);
    assert_eq!(server.drop_all_connections(), 1);
    assert_eq!(ann.next().await, Seen::Closed);
    assert_eq!(server.stats().connections, 0);
}

#[tokio::test]
async fn a_withheld_accept_leaves_a_client_waiting() {
    let (server, token) = with_token().await;
    server.withhold_accept(true);
    let mut waiting = Mqtt::open(&server, "u", &token, "00a");
    assert_eq!(waiting.next().await, Seen::ConnAck(0));
    server.withhold_accept(false);
    let _other = Mqtt::accepted(&server, "u", &token, "00b").await;
    assert_eq!(waiting.payload().await, json!({"returnCode": 10}), "the first thing it hears is its end");
}

#[tokio::test]
async fn a_stock_client_may_subscribe_first() {
    let (server, token) = with_token().await;
    let mut client = Mqtt::accepted(&server, "u", &token, "00a").await;
    client.client().subscribe("y2w/user/u", QoS::AtLeastOnce).await.unwrap();
    assert_eq!(client.ask("p2p_1", json!({})).await, json!({"returnCode": 22}));
    let mut other = Mqtt::accepted(&server, "v", &token, "00b").await;
    other.mark("u", "mark").await;
    let Seen::Payload(topic, _) = client.next().await else {
        panic!("a delivery comes");
    };
    assert_eq!(topic, "y2w/user/u");
}

/// Memory for a client that does not read ends where its outbox does, beside what the kernel holds for it.
#[tokio::test]
async fn who_stops_reading_is_dropped_and_holds_up_nobody() {
    let (server, token) = with_token().await;
    let mut ann = Mqtt::accepted(&server, "a", &token, "00a").await;
    let mut bob = Mqtt::accepted(&server, "b", &token, "00b").await;
    let mut connect = BytesMut::new();
    let mut packet = Connect::new("00c");
    packet.login = Some(Login::new("c", &*token));
    packet.write(&mut connect).unwrap();
    let mut stops = TcpStream::connect(server.push_addr()).await.unwrap();
    stops.write_all(&connect).await.unwrap();
    // The CONNACK and the accept, and nothing from then on.
    stops.read_exact(&mut [0; 35]).await.unwrap();
    let members = json!([{"uid": "b"}, {"uid": "c"}]);
    let update = json!({"cmd": "updateSession", "mts": 1, "members": members});
    assert_eq!(ann.ask("group_1", update).await["returnCode"], 20);
    let large = "x".repeat(200 * 1024);
    let mut sent = 0;
    while server.stats().overflows == 0 {
        sent += 1;
        assert!(sent < 1_000, "the kernel holds less than that");
        let send = json!({"cmd": "sendMessage", "mts": 1, "message": [sent, large]});
        assert_eq!(ann.ask("group_1", send).await["returnCode"], 20);
        assert_eq!(bob.payload().await["message"][0], sent);
    }
    assert_eq!(server.stats().connections, 2);
    let send = json!({"cmd": "sendMessage", "mts": 1, "message": "more"});
    assert_eq!(ann.ask("group_1", send).await["returnCode"], 20);
    assert_eq!(bob.payload().await["message"], "more");
}
