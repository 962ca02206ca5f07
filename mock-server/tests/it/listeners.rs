//! Starting, ending, and many servers side by side.

use std::io::ErrorKind;

use tokio::net::TcpStream;
use y2w_mock_server::{Listener, MockServer};

use crate::support::{Api, Mqtt, Seen, server};

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = server().await;
    let taken = first.http_addr();
    let error = MockServer::builder().http(taken).start().await.unwrap_err();
    assert!(error.is_port_in_use());
    assert_eq!(error.listener, Listener::Http);
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
