//! What an operator inflicts: standing faults on requests and pushes, and what happens at once.

use std::time::Duration;

use axum::http::Request;
use bytes::Bytes;
use serde_json::json;
use y2w_mock_server::faults::{ErrorFault, Faults, Latency, PushFaults, RouteFault};
use y2w_mock_server::{Backend, MockServer};
use y2w_sdk::api::{HttpTransport, InProcessHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::{ImSessionId, SessionType, Timestamp};

use crate::support::{Api, Mqtt, Person, Seen, builder, server};

const MESSAGES: &str = "/v1/sessions/{id}/messages";

fn on_routes(routes: &[RouteFault]) -> Faults {
    Faults { routes: routes.to_vec(), ..Faults::default() }
}

fn on_posted_messages(fault: RouteFault) -> Faults {
    on_routes(&[RouteFault { method: Some("POST".to_owned()), path: MESSAGES.to_owned(), ..fault }])
}

struct Pair {
    server: MockServer,
    api: Api,
    ann: Person,
    session: String,
}

async fn pair() -> Pair {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = api.p2p(&ann, &bob).await;
    Pair { server, api, ann, session }
}

impl Pair {
    fn post(&self) -> crate::support::Call {
        let form = [("sender", &*self.ann.uid), ("content", r#"{"text":"hi"}"#), ("type", "text")];
        self.api.post(&format!("/v1/sessions/{}/messages", self.session), &form).by(&self.ann)
    }
}

/// Messages that the server itself has written to the pair.
const OWN: u64 = 1;

#[tokio::test]
async fn a_lost_request_changes_nothing_and_a_lost_answer_has_been_carried_out() {
    let pair = pair().await;
    pair.server
        .set_faults(on_posted_messages(RouteFault { lose_request: 1.0, ..RouteFault::default() }))
        .unwrap();
    pair.post().unanswered().await;
    assert_eq!(pair.server.stats().messages, OWN);
    pair.server
        .set_faults(on_posted_messages(RouteFault { lose_answer: 1.0, ..RouteFault::default() }))
        .unwrap();
    pair.post().unanswered().await;
    assert_eq!(pair.server.stats().messages, OWN + 1);
    pair.api.get(&format!("/v1/users/{}", pair.ann.uid)).by(&pair.ann).send().await.ok();
    pair.server.clear_faults();
    pair.post().send().await.ok();
    assert_eq!(pair.server.stats().messages, OWN + 2);
}

#[tokio::test]
async fn an_error_stands_in_for_the_answer() {
    let pair = pair().await;
    let error = Some(ErrorFault { rate: 1.0, status: 503 });
    pair.server.set_faults(on_posted_messages(RouteFault { error, ..RouteFault::default() })).unwrap();
    assert_eq!(pair.post().send().await.refused(503)["error"], "inflicted");
    assert_eq!(pair.server.stats().messages, OWN);
    let nonsense = on_posted_messages(RouteFault { lose_answer: 2.0, ..RouteFault::default() });
    let error = pair.server.set_faults(nonsense).unwrap_err();
    assert_eq!(error.to_string(), "routes[0].loseAnswer is from 0 to 1");
    assert!(pair.server.faults().routes[0].error.is_some(), "what stood still stands");
}

/// Which of many requests are hit is the seed's to say, and the same in every app's own place.
#[tokio::test]
async fn the_seed_decides_which_requests_are_hit() {
    async fn hits(seed: u64, others: bool) -> Vec<u16> {
        let server = builder().seed(seed).start().await.unwrap();
        let api = Api::of(&server);
        let error = Some(ErrorFault { rate: 0.5, status: 500 });
        let gate = RouteFault { path: "/gateHandler".to_owned(), error, ..RouteFault::default() };
        let mut statuses = Vec::new();
        for n in 0..24 {
            if n == 3 {
                server.set_faults(on_routes(std::slice::from_ref(&gate))).unwrap();
            }
            if others {
                api.get("/v1/users/1").send().await.refused(401);
            }
            statuses
                .push(api.post("/gateHandler", &[("oper", "register"), ("country", "")]).send().await.status);
        }
        statuses
    }
    let first = hits(1, false).await;
    assert!(first[3..].contains(&200) && first[3..].contains(&500), "{first:?}");
    assert_eq!(hits(1, true).await, first);
    assert_ne!(hits(2, false).await, first);
}

#[tokio::test]
async fn an_app_has_faults_of_its_own() {
    let server = builder().another_app("other", "other secret").start().await.unwrap();
    let (url, other) = server.apps().nth(1).unwrap();
    let error = Some(ErrorFault { rate: 1.0, status: 502 });
    other
        .set_faults(on_routes(&[RouteFault { path: "/v1/*".to_owned(), error, ..RouteFault::default() }]))
        .unwrap();
    Api::at(url).get("/v1/users/1").send().await.refused(502);
    Api::of(&server).get("/v1/users/1").send().await.refused(401);
}

fn in_virtual_time() -> (Backend, InProcessHttp<axum::Router>) {
    let backend = builder().clock(Clock::starting_at(Timestamp::MIN)).backend();
    let http = InProcessHttp::new(backend.router());
    (backend, http)
}

async fn ask_gate(http: &InProcessHttp<axum::Router>) -> Result<u16, String> {
    let request = Request::post("/gateHandler")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"oper=register&country="))
        .unwrap();
    http.send(request).await.map(|answer| answer.status().as_u16())
}

#[tokio::test(start_paused = true)]
async fn latency_takes_virtual_time() {
    let (backend, http) = in_virtual_time();
    let with = |latency| on_routes(&[RouteFault { latency: Some(latency), ..RouteFault::default() }]);
    backend.set_faults(with(Latency::Fixed { ms: 2_500.0 })).unwrap();
    let started = backend.clock().now();
    assert_eq!(ask_gate(&http).await, Ok(200));
    assert_eq!(started.until(backend.clock().now()), Duration::from_millis(2_500));
    backend.set_faults(with(Latency::Uniform { min_ms: 100.0, max_ms: 200.0 })).unwrap();
    let started = backend.clock().now();
    for _ in 0..10 {
        assert_eq!(ask_gate(&http).await, Ok(200));
    }
    let taken = started.until(backend.clock().now());
    assert!((1_000..=2_000).contains(&taken.as_millis()), "{taken:?}");
}

#[tokio::test]
async fn an_answer_is_lost_in_process_as_well() {
    let (backend, http) = in_virtual_time();
    backend.set_faults(on_routes(&[RouteFault { lose_answer: 1.0, ..RouteFault::default() }])).unwrap();
    assert!(ask_gate(&http).await.is_err());
}

/// Ann and Bob, connected, in the push session `p2p_1` with mts 1.
async fn connected() -> (MockServer, Mqtt, Mqtt, String) {
    let server = server().await;
    let api = Api::of(&server);
    let any = api.register("any").await;
    let token = api.im_token(&any).await;
    let mut ann = Mqtt::accepted(&server, "a", &token, "00a").await;
    let bob = Mqtt::accepted(&server, "b", &token, "00b").await;
    let update = json!({"cmd": "updateSession", "mts": 1, "members": [{"uid": "a"}, {"uid": "b"}]});
    assert_eq!(ann.ask("p2p_1", update).await["returnCode"], 20);
    (server, ann, bob, token)
}

fn push(n: u32) -> serde_json::Value {
    json!({"cmd": "sendMessage", "mts": 1, "message": n})
}

#[tokio::test]
async fn pushes_are_lost_and_doubled_and_answers_are_not() {
    let (server, mut ann, mut bob, _) = connected().await;
    let with = |push| server.set_faults(Faults { push, ..Faults::default() }).unwrap();
    with(PushFaults { loss: 1.0, ..PushFaults::default() });
    assert_eq!(ann.ask("p2p_1", push(1)).await["returnCode"], 20);
    with(PushFaults { duplicate: 1.0, ..PushFaults::default() });
    assert_eq!(ann.ask("p2p_1", push(2)).await["returnCode"], 20);
    server.clear_faults();
    assert_eq!(ann.ask("p2p_1", push(3)).await["returnCode"], 20);
    for expected in [2, 2, 3] {
        assert_eq!(bob.payload().await["message"], expected);
    }
}

#[tokio::test]
async fn a_late_push_keeps_its_place() {
    let (server, mut ann, mut bob, _) = connected().await;
    let delay = Some(Latency::Fixed { ms: 40.0 });
    server
        .set_faults(Faults { push: PushFaults { delay, ..PushFaults::default() }, ..Faults::default() })
        .unwrap();
    let started = server.clock().now();
    assert_eq!(ann.ask("p2p_1", push(1)).await["returnCode"], 20);
    server.clear_faults();
    ann.mark("b", "behind").await;
    assert_eq!(bob.payload().await["message"], 1);
    assert_eq!(bob.payload().await["message"], "behind");
    assert!(started.until(server.clock().now()) >= Duration::from_millis(40));
}

#[tokio::test]
async fn a_kicked_user_is_told() {
    let (server, _ann, mut bob, _) = connected().await;
    assert_eq!(server.kick(&"b".into()), 1);
    assert_eq!(bob.payload().await, json!({"returnCode": 10}));
    assert_eq!(bob.next().await, Seen::Closed);
    assert_eq!(server.kick(&"b".into()), 0);
}

#[tokio::test]
async fn a_moved_mts_is_what_commands_are_compared_with() {
    let (server, mut ann, _bob, _) = connected().await;
    let session = ImSessionId::new(SessionType::P2p, "1");
    assert_eq!(server.move_mts(&session, 5), Some(1));
    assert_eq!(server.session_mts(&session), Some(5));
    let behind = ann.ask("p2p_1", push(1)).await;
    assert_eq!((&behind["returnCode"], &behind["mts"]), (&json!(27), &json!(5)));
    assert_eq!(server.move_mts(&session, 0), Some(5));
    assert_eq!(ann.ask("p2p_1", push(1)).await["returnCode"], 28);
    assert_eq!(server.move_mts(&ImSessionId::new(SessionType::P2p, "2"), 1), None);
}

#[tokio::test]
async fn a_restarted_push_side_knows_nobody() {
    let (server, mut ann, mut bob, token) = connected().await;
    assert_eq!(server.restart_push(), (2, 1));
    assert_eq!((ann.next().await, bob.next().await), (Seen::Closed, Seen::Closed));
    let mut again = Mqtt::accepted(&server, "a", &token, "10a").await;
    assert_eq!(again.ask("p2p_1", push(1)).await["returnCode"], 26);
}

#[tokio::test]
async fn who_connects_may_be_refused_for_a_while() {
    let (server, mut ann, _bob, token) = connected().await;
    server.refuse_connections(Duration::from_secs(3_600));
    let mut late = Mqtt::open(&server, "c", &token, "00c");
    assert_eq!(late.next().await, Seen::ConnAck(99));
    assert_eq!(ann.ask("p2p_1", push(1)).await["returnCode"], 20, "who is connected stays");
    server.refuse_connections(Duration::ZERO);
    let _late = Mqtt::accepted(&server, "c", &token, "00c").await;
}

#[tokio::test]
async fn login_tokens_can_be_ended() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let own = |person: &Person| format!("/v1/users/{}", person.uid);
    assert_eq!(server.expire_tokens(Some(&ann.uid.as_str().into())), 1);
    api.get(&own(&ann)).by(&ann).send().await.refused(401);
    api.get(&own(&bob)).by(&bob).send().await.ok();
    assert_eq!(server.expire_tokens(None), 1, "the other was ended before");
    api.get(&own(&bob)).by(&bob).send().await.refused(401);
    assert_eq!(server.expire_tokens(Some(&"99".into())), 0);
}
