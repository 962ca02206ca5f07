//! A web client of 2016 in a real browser: `page.js` is written for what browsers and libraries gave at that time
//! (`XMLHttpRequest`, forms, `mqttws31.js`) and knows the server only as that client did: the address of
//! the business API, and that the gate's host has a push server at port 80.
//!
//! The page comes from an origin of its own, so that every call crosses origins as it did then. It needs Chromium and
//! the MQTT library, and is therefore run by `.ci/browser`, which fetches both.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use y2w_mock_server::{MockServer, PasswordCost};

/// How long the page may take, the start of the browser included.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the page tells when it has come to its end.
const PASSED: &str = "passed";

#[tokio::test]
#[ignore = "needs Chromium and mqttws31.js: run it by .ci/browser"]
async fn a_web_client_of_2016_works_in_a_browser() {
    let server = MockServer::builder()
        .app("key", "secret")
        .seed(7)
        .password_cost(PasswordCost::Fast)
        .gate_host("push.y2w.test:80")
        .start()
        .await
        .unwrap();
    let mqtt = std::fs::read_to_string(variable("Y2W_MQTTWS31")).unwrap();
    let (told, mut tells) = mpsc::channel(64);
    let page = format!("<!doctype html><script>{mqtt}</script><script src=\"/page.js\"></script>");
    let site = Router::new()
        .route("/", get(|| async { Html(page) }))
        .route("/page.js", get(|| async { ([(CONTENT_TYPE, "text/javascript")], include_str!("page.js")) }))
        .route(
            "/tell",
            post(|line: String| async move {
                told.send(line).await.unwrap();
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = listener.local_addr().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, site).await.unwrap() });

    let profile = tempfile::tempdir().unwrap();
    let map = format!(
        "MAP push.y2w.test:80 {}, MAP api.y2w.test:80 {}",
        server.websocket_addr(),
        server.http_url().trim_start_matches("http://")
    );
    let _browser = Command::new(variable("Y2W_CHROMIUM"))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--host-resolver-rules={map}"))
        .arg(format!("http://{origin}/"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(Browser)
        .unwrap();

    let mut story = Vec::new();
    let passed = timeout(DEADLINE, async {
        while let Some(line) = tells.recv().await {
            println!("page: {line}");
            story.push(line);
            if story.last().is_some_and(|line| line == PASSED) {
                return true;
            } else if story.last().is_some_and(|line| line.starts_with("failed")) {
                return false;
            }
        }
        false
    });
    assert_eq!(passed.await, Ok(true), "the page told: {story:#?}");
}

/// The browser, which ends with the test however that ends.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn variable(name: &str) -> PathBuf {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set; .ci/browser sets it")).into()
}
