//! The control API: each thing that can be inflicted, over HTTP, and what it refuses.

use std::net::SocketAddr;

use serde_json::{Value, json};
use y2w_mock_server::MockServer;

use crate::support::{Api, Mqtt, Seen, builder, server};

async fn controlled() -> (MockServer, Api) {
    let server = builder()
        .another_app("other", "other secret")
        .control(SocketAddr::from(([127, 0, 0, 1], 0)))
        .start()
        .await
        .unwrap();
    let control = Api::at(format!("http://{}", server.control_addr().unwrap()));
    (server, control)
}

async fn post(control: &Api, path: &str, body: Value) -> Value {
    control.call("POST", path).body(body.to_string()).send().await.ok()
}

#[tokio::test]
async fn there_is_none_unless_it_is_asked_for() {
    let server = server().await;
    assert_eq!(server.control_addr(), None);
    Api::of(&server).get("/_mock/state").send().await.refused(404);
}

#[tokio::test]
async fn faults_are_set_shown_and_ended() {
    let (server, control) = controlled().await;
    let api = Api::of(&server);
    assert_eq!(control.get("/_mock/faults").send().await.ok()["routes"], json!([]));
    let faults = json!({
        "routes": [{"method": "GET", "path": "/v1/users/{id}", "error": {"rate": 1, "status": 503}}],
        "push": {"delay": {"normal": {"meanMs": 20, "deviationMs": 5}}},
    });
    let set = control.call("PUT", "/_mock/faults").body(faults.to_string()).send().await.ok();
    assert_eq!(set["routes"][0]["error"]["status"], 503);
    assert_eq!(set["push"]["delay"]["normal"]["meanMs"], 20.0);
    assert_eq!(control.get("/_mock/faults").send().await.ok(), set);
    api.get("/v1/users/1").send().await.refused(503);
    let elsewhere = control.get("/_mock/faults?app=other").send().await.ok();
    assert_eq!(elsewhere["routes"], json!([]));
    let none = control.call("DELETE", "/_mock/faults").send().await.ok();
    assert_eq!((&none["routes"], &none["push"]["delay"]), (&json!([]), &Value::Null));
    api.get("/v1/users/1").send().await.refused(401);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_and_named() {
    let (_server, control) = controlled().await;
    for (method, path, body, named) in [
        ("PUT", "/_mock/faults", r#"{"routes":[{"pth":"/v1"}]}"#, "unknown field `pth`"),
        ("PUT", "/_mock/faults", r#"{"push":{"loss":7}}"#, "push.loss is from 0 to 1"),
        ("PUT", "/_mock/faults", "[", "the body cannot be read"),
        ("POST", "/_mock/connections/refuse", r#"{"seconds":1}"#, "unknown field `seconds`"),
        ("POST", "/_mock/connections/refuse", "", "missing field `ms`"),
        ("POST", "/_mock/push/restart", r#"{"hard":true}"#, "unknown field `hard`"),
        ("POST", "/_mock/sessions/p2p_1/mts", "{}", "either mts or by"),
        ("POST", "/_mock/sessions/p2p_1/mts", r#"{"mts":1,"by":1}"#, "either mts or by"),
        ("POST", "/_mock/sessions/p2p/forget", "", "TYPE_ID"),
        ("GET", "/_mock/state?ap=key", "", "unknown field `ap`"),
    ] {
        let refused = control.call(method, path).body(body).send().await.refused(400);
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(named), "{method} {path}: {message}");
    }
    control.get("/_mock/state?app=nobody").send().await.refused(404);
    control.get("/_mock/nowhere").send().await.refused(404);
    control.call("PUT", "/_mock/push/restart").send().await.refused(405);
    control.call("POST", "/_mock/sessions/p2p_1/forget").send().await.refused(404);
    control.call("POST", "/_mock/sessions/p2p_1/mts").body(r#"{"by":1}"#).send().await.refused(404);
    let foreign = control.call("POST", "/_mock/push/restart").header("origin", "http://a.example");
    foreign.send().await.refused(403);
}

#[tokio::test]
async fn everything_can_be_inflicted() {
    let (server, control) = controlled().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let token = api.im_token(&ann).await;
    let mut of_ann = Mqtt::accepted(&server, &ann.uid, &token, "00a").await;
    let mut of_bob = Mqtt::accepted(&server, &bob.uid, &token, "01b").await;
    let members = json!([{"uid": ann.uid}, {"uid": bob.uid}]);
    let update = json!({"cmd": "updateSession", "mts": 7, "members": members});
    let send = json!({"cmd": "sendMessage", "mts": 7});
    assert_eq!(of_ann.ask("group_4", update).await["returnCode"], 20);

    let state = control.get("/_mock/state").send().await.ok();
    assert_eq!((&state["app"], &state["apps"]), (&json!("key"), &json!(["key", "other"])));
    assert_eq!(state["pushSessions"], json!([{"id": "group_4", "mts": 7, "members": 2}]));
    let connections = json!([
        {"id": 1, "uid": ann.uid, "device": "web"},
        {"id": 2, "uid": bob.uid, "device": "mobile"},
    ]);
    assert_eq!(state["connections"], connections);
    assert_eq!((&state["counts"]["users"], &state["counts"]["commands"]), (&json!(2), &json!(1)));
    let short = control.get("/_mock/state?limit=1").send().await.ok();
    assert_eq!(short["connections"], json!([connections[0]]));

    let moved = post(&control, "/_mock/sessions/group_4/mts", json!({"by": -2})).await;
    assert_eq!(moved, json!({"before": 7, "mts": 5}));
    assert_eq!(of_ann.ask("group_4", send.clone()).await["returnCode"], 28);
    post(&control, "/_mock/sessions/group_4/mts", json!({"mts": 9})).await;
    assert_eq!(of_ann.ask("group_4", send.clone()).await["returnCode"], 27);
    post(&control, "/_mock/sessions/group_4/forget", json!({})).await;
    assert_eq!(of_ann.ask("group_4", send.clone()).await["returnCode"], 26);

    let kicked = post(&control, &format!("/_mock/users/{}/kick", bob.uid), json!({})).await;
    assert_eq!(kicked["count"], 1);
    assert_eq!(of_bob.payload().await, json!({"returnCode": 10}));
    let ended = post(&control, "/_mock/tokens/expire", json!({"uid": ann.uid})).await;
    assert_eq!(ended["count"], 1);
    api.get("/v1/users/1").by(&ann).send().await.refused(401);
    api.get("/v1/users/1").by(&bob).send().await.ok();
    assert_eq!(post(&control, "/_mock/tokens/expire", json!({})).await["count"], 1);

    post(&control, "/_mock/connections/refuse", json!({"ms": 3_600_000})).await;
    let refusing = control.get("/_mock/state").send().await.ok();
    assert_eq!(refusing["refusingConnections"], true);
    let mut late = Mqtt::open(&server, "9", &token, "00c");
    assert_eq!(late.next().await, Seen::ConnAck(99));
    post(&control, "/_mock/connections/refuse", json!({"ms": 0})).await;
    assert_eq!(post(&control, "/_mock/connections/drop?app=other", json!({})).await["count"], 0);
    assert_eq!(post(&control, "/_mock/connections/drop", json!({"uid": ann.uid})).await["count"], 1);
    assert_eq!(of_ann.next().await, Seen::Closed);
    let mut again = Mqtt::accepted(&server, &ann.uid, &token, "10a").await;
    let restarted = post(&control, "/_mock/push/restart", json!({})).await;
    assert_eq!(restarted, json!({"connections": 1, "sessions": 0}));
    assert_eq!(again.next().await, Seen::Closed);
    control.call("POST", "/_mock/im-tokens/expire").send().await.ok();
    let mut expired = Mqtt::open(&server, &ann.uid, &token, "00a");
    assert_eq!(expired.next().await, Seen::ConnAck(6));
}

/// Every line is a comment or `name{labels} number`; a name comes under its own TYPE; buckets never go down.
#[tokio::test]
async fn metrics_are_what_prometheus_reads() {
    let (server, control) = controlled().await;
    let api = Api::of(&server);
    let ann = api.register("ann").await;
    let lost = r#"{"routes":[{"path":"/v1/users/{id}","loseAnswer":1}]}"#;
    control.call("PUT", "/_mock/faults").body(lost).send().await.ok();
    api.get("/v1/users/1").by(&ann).unanswered().await;
    let answer = control.get("/metrics").send().await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(answer.bytes).unwrap();
    let (mut family, mut last_bucket) = (String::new(), 0.0);
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            typed.split(' ').next().unwrap().clone_into(&mut family);
        }
        if line.starts_with('#') {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        assert!(name.starts_with(&family) && labels.ends_with("\"}"), "{line}");
        let value: f64 = value.parse().unwrap();
        if name.ends_with("_bucket") {
            assert!(labels.contains("le=\"0.001\"") || value >= last_bucket, "{line}");
            last_bucket = value;
        }
    }
    for expected in [
        r#"y2w_users{app="key"} 1"#,
        r#"y2w_users{app="other"} 0"#,
        r#"y2w_http_requests_total{app="key",method="POST",route="/v1/users/login",status="200"} 1"#,
        r#"y2w_http_request_duration_seconds_bucket{app="key",method="POST",route="/v1/users/login",le="+Inf"} 1"#,
        r#"y2w_http_request_duration_seconds_count{app="key",method="POST",route="/v1/users/login"} 1"#,
    ] {
        assert!(text.lines().any(|line| line == expected), "{expected}\n{text}");
    }
    assert!(text.contains(r#"status="none"} 1"#), "{text}");
}

#[tokio::test]
async fn the_page_and_the_description_need_nothing_else() {
    let (_server, control) = controlled().await;
    let page = control.get("/").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let page = String::from_utf8(page.bytes).unwrap();
    assert!(page.contains("y2w mock server") && !page.contains("http://") && !page.contains("https://"));
    let viewer = control.get("/_mock/docs").send().await;
    assert_eq!((viewer.status, viewer.header("content-type")), (200, "text/html; charset=utf-8"));
    let description = control.get("/_mock/openapi.json").send().await.ok();
    assert_eq!(description["openapi"], "3.1.0");
}
