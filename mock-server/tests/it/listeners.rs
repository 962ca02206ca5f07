//! Starting, ending, and many servers side by side.

use std::io::ErrorKind;

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use y2w_mock_server::push::PushConfig;
use y2w_mock_server::{Listener, MockServer, StartError};

use crate::support::{Api, Mqtt, Seen, builder, server};

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = server().await;
    let taken = first.http_addr();
    let error = MockServer::builder().http(taken).start().await.unwrap_err();
    assert!(error.is_port_in_use());
    assert!(matches!(&error, StartError::Listen(error) if error.listener == Listener::Http));
    let text = error.to_string();
    assert!(text.contains(&taken.to_string()) && text.contains("choose another port"), "{text}");
}

#[tokio::test]
async fn a_shutdown_ends_connections_and_frees_the_ports() {
    let server = server().await;
    let api = Api::of(&server);
    let person = api.register("ann").await;
    let mut connection = Mqtt::accepted(&server, &person.uid, &api.im_token(&person).await, "00a").await;
    let addresses = [server.http_addr(), server.push_addr(), server.websocket_addr()];
    server.shutdown().await;
    assert_eq!(connection.next().await, Seen::Closed);
    for addr in addresses {
        let refused = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn a_dropped_server_ends_its_connections() {
    let server = server().await;
    let api = Api::of(&server);
    let person = api.register("ann").await;
    let mut connection = Mqtt::accepted(&server, &person.uid, &api.im_token(&person).await, "00a").await;
    drop(server);
    assert_eq!(connection.next().await, Seen::Closed);
}

#[tokio::test]
async fn servers_in_one_process_share_nothing() {
    let (one, other) = (server().await, server().await);
    let ann = Api::of(&one).register("ann").await;
    let answer = Api::of(&other).get(&format!("/v1/users/{}", ann.uid)).by(&ann).send().await;
    answer.refused(401);
    assert_eq!((one.stats().users, other.stats().users), (1, 0));
}

#[tokio::test]
async fn an_address_has_no_more_push_connections_than_it_may() {
    let config = PushConfig { connections_per_address: Some(2), ..PushConfig::default() };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = builder().push_config(config).control(any).start().await.unwrap();
    let api = Api::of(&server);
    let person = api.register("ann").await;
    let token = api.im_token(&person).await;
    let mut first = Mqtt::accepted(&server, &person.uid, &token, "00a").await;
    let silent = TcpStream::connect(server.websocket_addr()).await.unwrap();
    // Taken in their order: the silent one has its place once somebody behind it was answered.
    let mut fence = TcpStream::connect(server.websocket_addr()).await.unwrap();
    assert_eq!(fence.read(&mut [0]).await.unwrap(), 0);
    let mut one_more = TcpStream::connect(server.push_addr()).await.unwrap();
    assert_eq!(one_more.read(&mut [0]).await.unwrap(), 0, "closed at once");
    first.ask("p2p_1", serde_json::json!({})).await;
    let metrics = Api::at(format!("http://{}", server.control_addr().unwrap()));
    let metrics = String::from_utf8(metrics.get("/metrics").send().await.bytes).unwrap();
    let line = r#"y2w_push_refused_total{reason="connections per address"} 2"#;
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
    drop(silent);
}
