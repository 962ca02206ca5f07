//! Push connections over WebSocket, as a web client makes them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Login, Packet, Publish};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use y2w_mock_server::MockServer;
use y2w_sdk::protocol::limits::PACKET_MAX;

use crate::support::{Api, Mqtt, Seen, server};

/// A web client of 2016: one packet in a frame.
struct Web {
    socket: WebSocketStream<TcpStream>,
    input: BytesMut,
}

impl Web {
    /// At the place that the gate names.
    async fn open(server: &MockServer, uid: &str, im_token: &str) -> Self {
        let api = Api::of(server);
        let gate = api.post("/gateHandler", &[("oper", "register"), ("country", "")]).send().await.ok();
        let place = gate["data"]["url"].as_str().unwrap();
        assert_eq!(place, server.websocket_addr().to_string());
        let mut request = format!("ws://{place}/").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "mqttv3.1".parse().unwrap());
        let stream = TcpStream::connect(place).await.unwrap();
        let (socket, answer) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "mqttv3.1");
        let mut web = Self { socket, input: BytesMut::new() };
        let mut connect = Connect::new("005b1f8c2e-93d4-4c0a-8a57-0d6e7f1c2b34");
        connect.keep_alive = 300;
        connect.login = Some(Login::new(uid, im_token));
        let mut bytes = BytesMut::new();
        connect.write(&mut bytes).unwrap();
        web.send(bytes).await;
        assert!(matches!(web.packet().await, Some(Packet::ConnAck(ack)) if ack.code as u32 == 0));
        assert_eq!(web.payload().await, json!({"returnCode": 11}));
        web
    }

    async fn send(&mut self, bytes: BytesMut) {
        self.socket.send(Message::Binary(bytes.freeze())).await.unwrap();
    }

    async fn command(&mut self, session: &str, payload: &Value) {
        let topic = format!("y2w/session/{session}");
        let mut bytes = BytesMut::new();
        Publish::new(topic, QoS::AtMostOnce, payload.to_string()).write(&mut bytes).unwrap();
        self.send(bytes).await;
    }

    /// The next packet, or `None` when the server has closed.
    async fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Ok(packet) = Packet::read(&mut self.input, PACKET_MAX) {
                return Some(packet);
            }
            match timeout(Duration::from_secs(20), self.socket.next()).await.unwrap() {
                Some(Ok(Message::Binary(bytes))) => self.input.extend_from_slice(&bytes),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => (),
            }
        }
    }

    async fn payload(&mut self) -> Value {
        match self.packet().await {
            Some(Packet::Publish(publish)) => serde_json::from_slice(&publish.payload).unwrap(),
            other => panic!("{other:?} in place of a payload"),
        }
    }
}

#[tokio::test]
async fn web_and_mobile_reach_each_other() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let mut of_ann = Web::open(&server, &ann.uid, &api.im_token(&ann).await).await;
    let mut of_bob = Mqtt::accepted(&server, &bob.uid, &api.im_token(&bob).await, "01b").await;
    let mut also_of_ann = Mqtt::accepted(&server, &ann.uid, &api.im_token(&ann).await, "01a").await;
    assert_eq!(server.stats().connections, 3, "the carrier is no device class");
    let update = json!({
        "cmd": "updateSession", "y2wMessageId": "g", "mts": 1, "message": "x".repeat(8_000),
        "members": [{"uid": ann.uid}, {"uid": bob.uid}],
    });
    of_ann.command("p2p_1", &update).await;
    assert_eq!(
        of_ann.payload().await,
        json!({"cmd": "updateSession", "y2wMessageId": "g", "returnCode": 20})
    );
    for mobile in [&mut of_bob, &mut also_of_ann] {
        assert_eq!(mobile.payload().await["message"], update["message"]);
    }
    of_bob.mark(&ann.uid, "back").await;
    assert_eq!(of_ann.payload().await["message"], "back");
}

#[tokio::test]
async fn the_same_device_class_kicks_over_either_carrier() {
    let server = server().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let token = api.im_token(&ann).await;
    let mut over_tcp = Mqtt::accepted(&server, &ann.uid, &token, "00a").await;
    let mut over_websocket = Web::open(&server, &ann.uid, &token).await;
    assert_eq!(over_tcp.payload().await, json!({"returnCode": 10}));
    assert_eq!(over_tcp.next().await, Seen::Closed);
    let _again = Mqtt::accepted(&server, &ann.uid, &token, "00c").await;
    assert_eq!(over_websocket.payload().await, json!({"returnCode": 10}));
    assert_eq!(over_websocket.packet().await, None);
}

#[tokio::test]
async fn a_dropped_connection_and_a_shutdown_end_web_clients_too() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let mut of_ann = Web::open(&server, &ann.uid, &api.im_token(&ann).await).await;
    let mut of_bob = Web::open(&server, &bob.uid, &api.im_token(&bob).await).await;
    assert_eq!(server.drop_connection(&ann.uid.as_str().into()), 1);
    assert_eq!(of_ann.packet().await, None);
    of_bob.socket.send(Message::Ping(Bytes::new())).await.unwrap();
    server.shutdown().await;
    assert_eq!(of_bob.packet().await, None);
}
