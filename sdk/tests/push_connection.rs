//! The push connection over a real socket, against a server that says exactly what a case wants.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, Publish};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::push::{ConnectionState, Trouble};
use y2w_sdk::{ClientConfig, CurrentUser, Event, LoginOptions, Users};

const PATIENT: Duration = Duration::from_secs(30);

/// What of the events these cases look at, in short.
fn short(event: &Event) -> Option<String> {
    match event {
        Event::Connection(ConnectionState::Disconnected { code: Some(code) }) => {
            Some(format!("disconnected {}", code.0))
        }
        Event::Connection(ConnectionState::Connecting { region: Some(region) }) => {
            Some(format!("region {region}"))
        }
        Event::Connection(state) => state.status().meaning().map(str::to_owned),
        Event::Kicked => Some("kicked".to_owned()),
        Event::Trouble(Trouble::Refused(code)) => Some(format!("refused {}", code.0)),
        Event::Trouble(_) => Some("trouble".to_owned()),
        _ => None,
    }
}

/// A user who connects to the push server at `push`, and what happens to it.
async fn connecting(push: SocketAddr) -> (CurrentUser, mpsc::UnboundedReceiver<String>, MockServer) {
    let server = MockServer::start().await;
    let login = json!({"id": "1", "name": "Ann", "token": "t", "expires": 9, "key": "k", "secret": "s"});
    let gate = json!({"data": {"region": "r", "url": "unused", "tcp": push.to_string()}});
    for (route, answer) in [
        ("/v1/users/login", login),
        ("/oauth/token", json!({"access_token": "im"})),
        ("/gateHandler", gate),
        ("/v1/users/1/userConversations", json!({"total_count": 0, "entries": []})),
        ("/v1/users/1/contacts", json!({"total_count": 0, "entries": []})),
        ("/v1/users/1/userSessions", json!({"total_count": 0, "entries": []})),
    ] {
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        Mock::given(path(route)).respond_with(answer).mount(&server).await;
    }
    let (told, events) = mpsc::unbounded_channel();
    let observer = move |event: &Event| {
        if let Some(text) = short(event) {
            let _ = told.send(text);
        }
    };
    let options = LoginOptions::default().observer(Arc::new(observer)).seed(1).keep_messages(10);
    let config = ClientConfig::new(&server.uri()).unwrap().deadline(PATIENT);
    let user = Users::new(config).login_with("a@b.c", "x", options).await.unwrap();
    user.connect();
    (user, events, server)
}

async fn next(events: &mut mpsc::UnboundedReceiver<String>) -> String {
    tokio::time::timeout(PATIENT, events.recv()).await.unwrap().unwrap()
}

/// Waits for the CONNECT and checks what it says; rules `CONN-CONNECT`, `CONN-CLIENT-ID`.
async fn accept(listener: &TcpListener, id_begins: &str) -> TcpStream {
    let (mut stream, _) = tokio::time::timeout(PATIENT, listener.accept()).await.unwrap().unwrap();
    let mut bytes = bytes::BytesMut::new();
    let connect = loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        if let Ok(Packet::Connect(connect)) = Packet::read(&mut bytes, 1_000) {
            break connect;
        }
    };
    assert!(connect.client_id.starts_with(id_begins), "{}", connect.client_id);
    assert_eq!((connect.keep_alive, connect.clean_session), (300, true));
    let login = connect.login.unwrap();
    assert_eq!((login.username.as_str(), login.password.as_str()), ("1", "im"));
    stream
}

fn connack() -> Packet {
    Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, false))
}

fn control(code: u32) -> Packet {
    let payload = format!("{{\"returnCode\":{code}}}");
    Packet::Publish(Publish::new("y2w/user/1", QoS::AtMostOnce, payload))
}

async fn say(stream: &mut TcpStream, packets: &[Packet]) {
    let mut bytes = bytes::BytesMut::new();
    for packet in packets {
        packet.write(&mut bytes, 1_000).unwrap();
    }
    stream.write_all(&bytes).await.unwrap();
}

#[tokio::test]
async fn the_accept_makes_it_connected_and_a_lost_connection_is_opened_again_as_a_reconnection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_user, mut events, _server) = connecting(listener.local_addr().unwrap()).await;
    let mut stream = accept(&listener, "00").await;
    say(&mut stream, &[connack(), control(11)]).await;
    assert_eq!(next(&mut events).await, "connecting");
    assert_eq!(next(&mut events).await, "region r");
    assert_eq!(next(&mut events).await, "connected");
    drop(stream);
    assert_eq!(next(&mut events).await, "network disconnected");
    assert_eq!(next(&mut events).await, "trouble");
    assert_eq!(next(&mut events).await, "reconnecting");
    let mut stream = accept(&listener, "10").await;
    say(&mut stream, &[connack(), control(11)]).await;
    assert_eq!(next(&mut events).await, "connected");
}

// The last words and the end of the connection arrive together: none of them may be lost.
#[tokio::test]
async fn a_kick_that_comes_with_the_end_of_the_connection_is_heard_and_final() {
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_user, mut events, _server) = connecting(listener.local_addr().unwrap()).await;
        let mut stream = accept(&listener, "00").await;
        say(&mut stream, &[connack(), control(11)]).await;
        assert_eq!(next(&mut events).await, "connecting");
        assert_eq!(next(&mut events).await, "region r");
        assert_eq!(next(&mut events).await, "connected");
        say(&mut stream, &[control(10)]).await;
        drop(stream);
        assert_eq!(next(&mut events).await, "refused 10");
        assert_eq!(next(&mut events).await, "disconnected 10");
        assert_eq!(next(&mut events).await, "kicked");
    }
}

#[tokio::test]
async fn a_code_above_mqtts_own_is_read_from_the_connack() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_user, mut events, _server) = connecting(listener.local_addr().unwrap()).await;
    let mut stream = accept(&listener, "00").await;
    stream.write_all(&[0x20, 2, 0, 10]).await.unwrap();
    assert_eq!(next(&mut events).await, "connecting");
    assert_eq!(next(&mut events).await, "region r");
    assert_eq!(next(&mut events).await, "refused 10");
    assert_eq!(next(&mut events).await, "disconnected 10");
}
