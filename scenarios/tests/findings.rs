//! The checks of a run find what they are there for: each flow here has one thing go wrong between an honest server and
//! honest clients, and the run must name it. The last ones show that a run without fault is clean.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod small_run;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_reports::model::Check;
use y2w_scenarios::check::rules;
use y2w_scenarios::load::{self, Outcome, Progress, RunError, Server, Settings, Snapshot, Target};
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::{Connect, ConnectError, Mqtt, PushLink, PushTransport};

/// Six users who talk in pairs and in a group for a second.
const SIX: &str = r#"
version = 1
title = "Six"
population = { users = 6, contacts = 1, groups = [{ count = 1, size = 4 }] }
arrival = { open = { rate = 8 } }
mix = { p2p-text = 1, group-text = 1 }
phase = [{ name = "hold", length = "1s" }]
"#;

fn settings() -> Settings {
    small_run::settings(SIX)
}

async fn server() -> MockServer {
    MockServer::builder().seed(1).password_cost(PasswordCost::Fast).start().await.unwrap()
}

fn target(server: &MockServer) -> Target {
    let here = Server::Here(server.backend().clone());
    Target::new(&server.http_url(), Clock::system(), Duration::from_secs(10), here)
}

async fn run(target: &Target, settings: &Settings, progress: &dyn Progress) -> Result<Outcome, RunError> {
    load::run(target, settings, progress, &CancellationToken::new()).await
}

/// The broken rules of a run, and their findings.
async fn broken(target: &Target, settings: &Settings) -> Vec<Check> {
    let outcome = run(target, settings, &()).await.unwrap();
    assert!(outcome.checks().iter().any(|check| check.examined > 0));
    outcome.checks().iter().filter(|c| c.findings_total > 0).cloned().collect()
}

fn rules_of(checks: &[Check]) -> Vec<&str> {
    checks.iter().map(|c| c.id.as_str()).collect()
}

/// Changes the answers to syncs of messages.
struct Tampering<F> {
    honest: HyperHttp,
    tamper: F,
}

impl<F: Fn(&mut Vec<Value>) + Send + Sync> HttpTransport for Tampering<F> {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let is_sync = request.method() == Method::GET && request.uri().path().ends_with("/messages");
        let answer = self.honest.send(request);
        Box::pin(async move {
            let response = answer.await?;
            if !is_sync {
                return Ok(response);
            }
            Ok(response.map(|body| {
                let mut list: Value = serde_json::from_slice(&body).unwrap();
                (self.tamper)(list["entries"].as_array_mut().unwrap());
                list.to_string().into()
            }))
        })
    }
}

async fn broken_with(tamper: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Vec<Check> {
    let server = server().await;
    let http = Arc::new(Tampering { honest: HyperHttp::new(), tamper });
    // What is lost is waited for until the patience is over.
    let settings = Settings { patience: Duration::from_secs(4), ..settings() };
    let broken = broken(&Target { http, ..target(&server) }, &settings).await;
    server.shutdown().await;
    broken
}

/// Whether the entry is the third message of user 0 to somebody.
fn is_third_of_user_0(entry: &Value) -> bool {
    entry["content"].as_str().is_some_and(|c| c.contains(r#""y2w":{"u":0,"n":3,"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_syncs_leave_out_is_lost_and_named() {
    let broken = broken_with(|entries| entries.retain(|e| !is_third_of_user_0(e))).await;
    assert!(rules_of(&broken).contains(&rules::LOST), "{broken:?}");
    let lost = broken.iter().find(|c| c.id == rules::LOST).unwrap();
    assert!(
        lost.findings
            .iter()
            .all(|f| f.contains("message 3 of user 0 (id ") && f.contains(" is missing at user ")),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_under_two_ids_is_there_twice() {
    let broken = broken_with(|entries| {
        if let Some(mut copy) = entries.iter().find(|e| is_third_of_user_0(e)).cloned() {
            copy["id"] = json!("copy");
            entries.push(copy);
        }
    })
    .await;
    assert!(rules_of(&broken).contains(&rules::TWICE), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stamps_that_stand_still_break_the_order() {
    let broken = broken_with(|entries| {
        for entry in entries {
            entry["createdAt"] = json!("2016-11-24T08:00:00.000Z");
        }
    })
    .await;
    assert_eq!(rules_of(&broken), [rules::SESSION_ORDER], "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_sent_is_found() {
    let broken = broken_with(|entries| {
        for entry in entries.iter_mut().filter(|e| is_third_of_user_0(e)) {
            entry["content"] = json!(r#"{"text":"forged","y2w":{"u":0,"n":4000,"at":1}}"#);
        }
    })
    .await;
    assert!(rules_of(&broken).contains(&rules::VERBATIM), "{broken:?}");
}

/// Loses every delivery, and nothing else.
struct Deaf {
    lost: Arc<AtomicUsize>,
}

impl PushTransport for Deaf {
    fn address(&self, gate: &GateData) -> Result<String, String> {
        Mqtt::tcp().address(gate)
    }

    fn connect(&self, connect: Connect) -> BoxFuture<'static, Result<PushLink, ConnectError>> {
        let lost = self.lost.clone();
        let honest = Mqtt::tcp().connect(connect);
        Box::pin(async move {
            let PushLink { uplink, downlink: mut honest } = honest.await?;
            let (payloads, downlink) = tokio::sync::mpsc::channel(32);
            #[expect(
                clippy::disallowed_methods,
                reason = "ends with the link, since either channel then closes"
            )]
            tokio::spawn(async move {
                while let Some(payload) = honest.recv().await {
                    if payload.windows(9).any(|w| w == br#""message""#) {
                        lost.fetch_add(1, Ordering::Relaxed);
                    } else if payloads.send(payload).await.is_err() {
                        return;
                    }
                }
            });
            Ok(PushLink { uplink, downlink })
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_that_do_not_arrive_are_found_though_nothing_is_lost_in_the_end() {
    let server = server().await;
    let lost = Arc::new(AtomicUsize::new(0));
    let deaf = Target { push: Some(Arc::new(Deaf { lost: lost.clone() })), ..target(&server) };
    let settings = Settings { patience: Duration::from_secs(3), ..settings() };
    let broken = broken(&deaf, &settings).await;
    assert_eq!(rules_of(&broken), [rules::PUSHED], "{broken:?}");
    assert!(lost.load(Ordering::Relaxed) > 0);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_server_that_never_accepts_ends_the_run_with_that_reason() {
    let server = server().await;
    server.backend().withhold_accept(true);
    let target = Target { deadline: Duration::from_secs(3), ..target(&server) };
    match run(&target, &settings(), &()).await {
        Err(RunError::Environment(why)) => assert!(why.contains("sent no acceptConnect"), "{why}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("nobody was accepted"),
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_run_is_clean_though_its_users_lose_their_connections() {
    let server = server().await;
    let settings = small_run::settings(&format!(
        "{}\nfault = [{{ at = \"0s\", length = \"2s\", what = {{ cut = {{ share = 0.2 }} }} }}]",
        SIX.replace("users = 6", "users = 40").replace("1s", "2s")
    ));
    assert_eq!(broken(&target(&server), &settings).await, []);
    server.shutdown().await;
}

/// Has the server drop all connections when the chat has gone on for a second.
struct DropAll<'a> {
    server: &'a MockServer,
    dropped: AtomicUsize,
}

impl Progress for DropAll<'_> {
    fn phase(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn snapshot(&self, _: &Snapshot) {
        if self.dropped.load(Ordering::Relaxed) == 0 {
            self.dropped.store(self.server.backend().drop_all_connections(), Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_run_is_clean_though_the_server_drops_everybody() {
    let server = server().await;
    let progress = DropAll { server: &server, dropped: AtomicUsize::new(0) };
    let settings = small_run::settings(&SIX.replace("1s", "2s"));
    let outcome = run(&target(&server), &settings, &progress).await.unwrap();
    assert!(outcome.checks().iter().all(|check| check.findings_total == 0), "{:?}", outcome.checks());
    assert_eq!(progress.dropped.load(Ordering::Relaxed), settings.workload.population.users);
    server.shutdown().await;
}

/// Answers no sync of messages once the chat has begun.
struct Mute {
    honest: HyperHttp,
    stores: AtomicUsize,
}

impl HttpTransport for Mute {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let is_messages = request.uri().path().ends_with("/messages");
        if is_messages && request.method() == Method::POST {
            self.stores.fetch_add(1, Ordering::Relaxed);
        } else if is_messages && self.stores.load(Ordering::Relaxed) > 0 {
            return Box::pin(std::future::pending());
        }
        self.honest.send(request)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_too_slow_to_be_judged_is_not_said_to_lose_messages() {
    let server = server().await;
    let http = Arc::new(Mute { honest: HyperHttp::new(), stores: AtomicUsize::new(0) });
    let settings = Settings { patience: Duration::from_secs(2), ..settings() };
    let broken = broken(&Target { http, ..target(&server) }, &settings).await;
    let texts: Vec<&String> = broken.iter().flat_map(|check| &check.findings).collect();
    assert!(!texts.is_empty() && texts.iter().all(|text| text.contains("cannot be told")), "{texts:?}");
    server.shutdown().await;
}
