//! The tap: a stock client watches a command and its delivery.

use std::net::SocketAddr;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet};
use serde_json::{Value, json};
use tokio::time::timeout;
use y2w_mock_server::{Listener, StartError};

use crate::support::{Api, Mqtt, builder};

const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

#[tokio::test]
async fn who_listens_at_the_tap_sees_commands_and_deliveries() {
    let server = builder().tap(SocketAddr::from(ANY)).start().await.unwrap();
    let tap = server.tap_addr().unwrap();
    let options = MqttOptions::new("watcher", tap.ip().to_string(), tap.port());
    let (watcher, mut events) = AsyncClient::new(options, 16);
    watcher.subscribe("y2w/#", QoS::AtMostOnce).await.unwrap();
    let mut next = async || {
        loop {
            let event = timeout(Duration::from_secs(20), events.poll()).await.unwrap().unwrap();
            match event {
                Event::Incoming(Packet::Publish(publish)) => return Some(publish),
                Event::Incoming(Packet::SubAck(_)) => return None,
                _ => (),
            }
        }
    };
    assert_eq!(next().await, None, "it is subscribed");

    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let token = api.im_token(&ann).await;
    let mut of_ann = Mqtt::accepted(&server, &ann.uid, &token, "00a").await;
    let mut of_bob = Mqtt::accepted(&server, &bob.uid, &token, "00b").await;
    let command =
        json!({"cmd": "sendMessage", "y2wMessageId": "1", "mts": 1_264_953_600_000_i64, "message": "hi"});
    of_ann.ask("y2wIMApp_2", command.clone()).await;
    assert_eq!(of_bob.payload().await["message"], "hi");

    let (seen, delivered) = (next().await.unwrap(), next().await.unwrap());
    assert_eq!(seen.topic, "y2w/session/y2wIMApp_2");
    assert_eq!(serde_json::from_slice::<Value>(&seen.payload).unwrap(), command);
    assert_eq!(delivered.topic, "y2w/user/2");
    assert_eq!(serde_json::from_slice::<Value>(&delivered.payload).unwrap()["message"], "hi");
    server.shutdown().await;
}

#[tokio::test]
async fn a_tap_whose_port_is_taken_does_not_start() {
    let taken = tokio::net::TcpListener::bind(SocketAddr::from(ANY)).await.unwrap();
    let error = builder().tap(taken.local_addr().unwrap()).start().await.unwrap_err();
    assert!(matches!(&error, StartError::Listen(error) if error.listener == Listener::Tap));
    assert!(error.is_port_in_use());
}
