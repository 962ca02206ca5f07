//! What is measured: our server, the empty handler, rumqttd, Mosquitto.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitCode};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tempfile::NamedTempFile;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_sdk::protocol::rest::path;

use crate::child::Process;

const OURS: &str = "server";
const EMPTY: &str = "empty";
const RUMQTTD: &str = "rumqttd";

/// The app's secret of our server.
pub(crate) const APP: (&str, &str) = y2w_mock_server::DEFAULT_APP;

/// Our server in a process of its own: HTTP, MQTT over TCP.
pub(crate) fn ours() -> (Process, SocketAddr, SocketAddr) {
    let (process, line) = Process::in_role(OURS);
    let mut addrs = line.split(' ').map(|addr| addr.parse().expect("an address"));
    let mut next = || addrs.next().expect("two addresses");
    (process, next(), next())
}

/// An axum router that does nothing, served as ours is.
pub(crate) fn empty() -> (Process, SocketAddr) {
    let (process, line) = Process::in_role(EMPTY);
    (process, line.parse().expect("an address"))
}

/// rumqttd in a process of its own.
pub(crate) fn rumqttd() -> (Process, SocketAddr) {
    let (process, line) = Process::in_role(RUMQTTD);
    let addr = line.parse().expect("an address");
    wait_for(addr);
    (process, addr)
}

/// Mosquitto, if it is installed. Its file of settings has to stay as long as it starts.
pub(crate) fn mosquitto() -> Option<(Process, SocketAddr, NamedTempFile)> {
    let addr = free();
    let mut settings = NamedTempFile::new().expect("there is room for a small file");
    // As our server: no delay, no persistence, whoever comes, and nothing thrown away that comes in a burst.
    let text = format!(
        "listener {} {}\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nmax_queued_messages 0\n\
         log_type error\nuser root\n",
        addr.port(),
        addr.ip()
    );
    settings.write_all(text.as_bytes()).expect("there is room for a small file");
    let programs = ["mosquitto", "/usr/sbin/mosquitto"];
    let mut commands = programs.into_iter().map(Command::new);
    let process = commands.find_map(|mut command| Process::of(command.arg("-c").arg(settings.path())))?;
    wait_for(addr);
    Some((process, addr, settings))
}

/// Does what a child in that role does, until its standard input ends.
pub(crate) fn serve(role: &str) -> ExitCode {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files can be read");
    let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
    let _server = match role {
        OURS => {
            let starting = MockServer::builder().password_cost(PasswordCost::Fast).start();
            let server = runtime.block_on(starting).expect("there are free ports on the loopback");
            println!("{} {}", server.http_addr(), server.push_addr());
            Some(server)
        }
        EMPTY => {
            let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
            let listener = listener.expect("there are free ports on the loopback");
            println!("{}", listener.local_addr().expect("it is bound"));
            #[expect(clippy::disallowed_methods, reason = "it ends with the process")]
            let _serving = {
                let _guard = runtime.enter();
                tokio::spawn(serve_empty(listener))
            };
            None
        }
        RUMQTTD => {
            serve_rumqttd();
            None
        }
        other => panic!("no role is named {other}"),
    };
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("standard input is a pipe");
    ExitCode::SUCCESS
}

async fn serve_empty(listener: tokio::net::TcpListener) {
    let router = Router::new().route(path::MESSAGES, get(async || ()).merge(post(async || ())));
    loop {
        let (stream, _) = listener.accept().await.expect("connections can be taken");
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        #[expect(clippy::disallowed_methods, reason = "it ends with the process")]
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(120));
            // However it ends, it was measured until then.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn serve_rumqttd() {
    let addr = free();
    let config = json!({
        "id": 0,
        "router": {"id": 0, "max_connections": 20_000, "max_outgoing_packet_count": 200,
                   "max_segment_size": 104_857_600, "max_segment_count": 10},
        "v4": {"1": {"name": "1", "listen": addr, "next_connection_delay_ms": 0,
                     "connections": {"connection_timeout_ms": 60_000, "max_payload_size": 262_144,
                                     "max_inflight_count": 100}}},
    });
    let config: rumqttd::Config = serde_json::from_value(config).expect("these are its settings");
    println!("{addr}");
    #[expect(clippy::disallowed_methods, reason = "it serves on this thread for good")]
    std::thread::spawn(move || {
        let ended = rumqttd::Broker::new(config).start();
        eprintln!("rumqttd has ended: {ended:?}");
    });
}

/// An address on which nobody listens now.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports on the loopback");
    listener.local_addr().expect("it is bound")
}

fn wait_for(addr: SocketAddr) {
    for _ in 0..1_000 {
        if TcpStream::connect(addr).is_ok() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "there is nothing else to do until it listens")]
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nobody listens on {addr}");
}
