//! Gate, token endpoint and push server beside a business server that knows nothing of them but the app's secret.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use y2w_mock_server::MockServer;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::credential::derived_secret;

use crate::support::{Api, Mqtt, Seen, builder, server};

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn push_only() -> MockServer {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    builder().seed(8).push_only().control(any).start().await.unwrap()
}

async fn token(push: &Api, key: &str, secret: &str) -> crate::support::Answer {
    let form = [("grant_type", "client_credentials"), ("client_id", key), ("client_secret", secret)];
    push.post("/oauth/token", &form).send().await
}

/// Users of the one talk over the other.
#[tokio::test]
async fn who_logs_in_elsewhere_is_pushed_to_from_here() {
    let (business, push) = (server().await, push_only().await);
    let (api, at_push) = (Api::of(&business), Api::of(&push));
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let gate = at_push.post("/gateHandler", &[("oper", "register"), ("country", "")]).send().await.ok();
    assert_eq!(gate["data"]["tcp"], push.push_addr().to_string());
    assert_eq!(gate["data"]["url"], push.websocket_addr().to_string());
    let mut connections = Vec::new();
    for (person, client_id) in [(&ann, "00a"), (&bob, "00b")] {
        let token = at_push.im_token(person).await;
        connections.push(Mqtt::accepted(&push, &person.uid, &token, client_id).await);
        let mut elsewhere = Mqtt::open(&business, &person.uid, &token, client_id);
        assert_eq!(elsewhere.next().await, Seen::ConnAck(5), "it is good for one push server only");
    }
    let session = format!("p2p_{}", api.p2p(&ann, &bob).await);
    let members = json!([{"uid": ann.uid}, {"uid": bob.uid}]);
    let update = json!({"cmd": "updateSession", "mts": 1, "members": members, "message": "hello"});
    assert_eq!(connections[0].ask(&session, update).await["returnCode"], 20);
    assert_eq!(connections[1].payload().await["message"], "hello");
}

/// Rules `TOKEN-SECRET-WINDOW`, `TOKEN-SECRET-OLD`, `TOKEN-RAW-SECRET`, `TOKEN-REFUSE`.
#[tokio::test]
async fn the_apps_secret_is_all_it_takes() {
    let push = push_only().await;
    let api = Api::of(&push);
    let today = Clock::system().now();
    let ago =
        |days| y2w_sdk::protocol::Timestamp::from_millis(today.as_millis() - days * DAY.as_millis() as i64);
    for secret in ["secret".to_owned(), derived_secret("secret", today), derived_secret("secret", ago(1))] {
        let answer = token(&api, "key", &secret).await.ok();
        let token = answer["access_token"].as_str().unwrap();
        drop(Mqtt::accepted(&push, "whoever", token, "00a").await);
    }
    for (key, secret) in [
        ("key", derived_secret("secret", ago(3))),
        ("key", derived_secret("another", today)),
        ("other", "secret".to_owned()),
        ("key", String::new()),
    ] {
        assert_eq!(token(&api, key, &secret).await.refused(401)["error"], "invalid_client");
    }
}

#[tokio::test]
async fn it_has_no_business_api() {
    let push = push_only().await;
    let api = Api::of(&push);
    let form = [("email", "a"), ("password", "b"), ("name", "c")];
    for refused in [
        api.post("/v1/users/register", &form).send().await.refused(404),
        api.post("/v1/users/login", &form).send().await.refused(404),
        api.get("/v1/sessions/1/messages").send().await.refused(404),
    ] {
        assert!(refused["message"].as_str().unwrap().contains("push-only"), "{refused}");
    }
    let preflight = api.call("OPTIONS", "/oauth/token").send().await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, "*"), "TOKEN-CORS");
}

#[tokio::test]
async fn its_push_side_is_under_control() {
    let push = push_only().await;
    let (api, control) = (Api::of(&push), Api::at(format!("http://{}", push.control_addr().unwrap())));
    let answer = token(&api, "key", "secret").await.ok();
    let token = answer["access_token"].as_str().unwrap();
    let mut ann = Mqtt::accepted(&push, "a", token, "00a").await;
    let update = json!({"cmd": "updateSession", "mts": 3, "members": [{"uid": "a"}]});
    assert_eq!(ann.ask("group_1", update).await["returnCode"], 20);
    let state = control.get("/_mock/state").send().await.ok();
    assert_eq!(state["pushSessions"], json!([{"id": "group_1", "mts": 3, "members": 1}]));
    assert_eq!((&state["counts"]["users"], &state["counts"]["connections"]), (&json!(0), &json!(1)));
    let lost = r#"{"push":{"loss":1}}"#;
    assert_ne!(control.call("PUT", "/_mock/faults").body(lost).send().await.ok(), Value::Null);
    let kicked = control.call("POST", "/_mock/users/a/kick").body("{}").send().await.ok();
    assert_eq!(kicked["count"], 1);
    assert_eq!(ann.payload().await, json!({"returnCode": 10}));
}
