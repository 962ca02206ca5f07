//! A server that answers what a case wants, and what it was sent, as text.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use y2w_sdk::api::{Api, HyperHttp};

/// Longer than any case takes.
pub(crate) const PATIENT: Duration = Duration::from_secs(30);

/// A client without a user yet.
pub(crate) fn client(server: &MockServer, deadline: Duration) -> Api {
    Api::new(Arc::new(HyperHttp::new()), &server.uri(), deadline)
}

/// Ann's client, logged in with the token `t1`; later logins give `t2`.
pub(crate) async fn ann(server: &MockServer) -> Api {
    answer_logins(server).await;
    let api = client(server, PATIENT);
    api.login("a@b.c", "123456").await.unwrap();
    api
}

/// The first login gives the token `t1`, later ones `t2`.
pub(crate) async fn answer_logins(server: &MockServer) {
    let login = || Mock::given(method("POST")).and(path("/v1/users/login"));
    let logged_in = |token: &str| {
        ok(json!({
            "id": "1", "email": "a@b.c", "name": "Ann", "token": token, "expires": 3600, "key": "k", "secret": "s",
        }))
    };
    login().respond_with(logged_in("t1")).up_to_n_times(1).mount(server).await;
    login().respond_with(logged_in("t2")).mount(server).await;
}

/// Ann makes one call, which gets this answer: what the call makes of it, and what was sent.
pub(crate) async fn exchange<T>(answer: ResponseTemplate, call: impl AsyncFnOnce(&Api) -> T) -> (T, String) {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let outcome = call(&api).await;
    (outcome, sent(&server).await.split_off(1).join("\n"))
}

/// An answer of 200 with this JSON.
pub(crate) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// All requests in the order of their arrival.
pub(crate) async fn sent(server: &MockServer) -> Vec<String> {
    server.received_requests().await.unwrap().iter().map(text).collect()
}

/// Method and target, the headers that the SDK has a say in by name, an empty line and the body if there is one.
fn text(request: &Request) -> String {
    let target = request.url.query().map_or(String::new(), |query| format!("?{query}"));
    let mut text = format!("{} {}{target}\n", request.method, request.url.path());
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| !["host", "accept", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    headers.sort();
    text.extend(headers);
    if !request.body.is_empty() {
        text.push('\n');
        text.push_str(std::str::from_utf8(&request.body).unwrap());
    }
    text
}
