//! The imToken and the gate.

use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::canned::{ann, ok, sent};

const ASKED: &str = concat!(
    "POST /oauth/token\ncontent-type: application/x-www-form-urlencoded\n\n",
    "grant_type=client_credentials&client_id=k&client_secret=s"
);

#[tokio::test]
async fn an_im_token_is_asked_for_with_key_and_secret_of_the_login() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let answer = ok(json!({"access_token": "im", "token_type": "bearer", "expires_in": 86400}));
    Mock::given(path("/oauth/token")).respond_with(answer).mount(&server).await;
    assert_eq!(api.im_token().await.unwrap(), "im");
    assert_eq!(sent(&server).await[1..], [ASKED]);
}

#[tokio::test]
async fn a_secret_of_yesterday_is_renewed_by_a_login_before_the_next_try() {
    for refusal in [400, 401] {
        let server = MockServer::start().await;
        let api = ann(&server).await;
        let token = || Mock::given(path("/oauth/token"));
        token().respond_with(ResponseTemplate::new(refusal)).up_to_n_times(1).mount(&server).await;
        token().respond_with(ok(json!({"access_token": "im"}))).mount(&server).await;
        assert_eq!(api.im_token().await.unwrap(), "im");
        let requests = sent(&server).await;
        assert_eq!(requests[1], ASKED);
        assert!(requests[2].starts_with("POST /v1/users/login\n"));
        assert_eq!(requests[3..], [ASKED]);
    }
}

#[tokio::test]
async fn a_secret_that_is_refused_after_a_login_too_is_an_error() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let refusal = ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"}));
    Mock::given(path("/oauth/token")).respond_with(refusal).mount(&server).await;
    let error = api.im_token().await.unwrap_err();
    assert_eq!(error.to_string(), "POST /oauth/token: 401: invalid_client");
    assert_eq!(sent(&server).await.len(), 4);
}

#[tokio::test]
async fn the_gate_is_asked_with_this_form_and_no_token() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let answer = ok(json!({"data": {"region": "cn", "url": "push.example.org"}}));
    Mock::given(path("/gateHandler")).respond_with(answer).mount(&server).await;
    assert_eq!(api.gate().await.unwrap().url, "push.example.org");
    assert_eq!(
        sent(&server).await[1..],
        ["POST /gateHandler\ncontent-type: application/x-www-form-urlencoded\n\noper=register&country="]
    );
}
