//! What a call says when it fails.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpSocket;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::{Api, ApiError, ApiErrorKind, HyperHttp};
use y2w_sdk::protocol::UserId;

use crate::canned::{PATIENT, ann, client, exchange, ok, sent};

/// The error of a call that is answered so.
async fn error_of(answer: ResponseTemplate) -> ApiError {
    let (user, _) = exchange(answer, async |api| api.user(&"2".into()).await).await;
    user.unwrap_err()
}

#[tokio::test]
async fn an_error_says_which_call_which_status_and_what_the_server_said() {
    let body = json!({"status": 403, "error": "forbidden", "message": "not yours"});
    let error = error_of(ResponseTemplate::new(403).set_body_json(body)).await;
    assert_eq!(error.to_string(), "GET /v1/users/{user}: 403: not yours");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn an_error_without_words_says_the_status() {
    let error = error_of(ResponseTemplate::new(403)).await;
    assert_eq!(error.to_string(), "GET /v1/users/{user}: 403");
}

#[tokio::test]
async fn an_object_that_does_not_exist_is_missing() {
    let error = error_of(ResponseTemplate::new(404)).await;
    assert!(error.is_missing() && !error.is_transient());
    assert!(!error_of(ResponseTemplate::new(403)).await.is_missing());
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error_that_says_so() {
    let error = error_of(ResponseTemplate::new(200).set_body_string("<html>")).await;
    assert!(matches!(error.kind, ApiErrorKind::Answer(_)), "{error}");
}

#[tokio::test]
async fn an_answer_of_another_form_is_quoted_in_short() {
    let error = error_of(ok(json!({"id": {"x": 1}, "name": "x".repeat(10_000)}))).await;
    assert!(matches!(error.kind, ApiErrorKind::Answer(_)), "{error}");
    let error = error_of(ok(json!({"id": "2", "pinyin": "x", "createdAt": "x".repeat(10_000)}))).await;
    assert!(error.to_string().len() < 500, "{error}");
}

#[tokio::test]
async fn a_success_of_any_kind_is_a_success() {
    for status in [200, 201, 202] {
        let answer = ResponseTemplate::new(status).set_body_json(json!({"id": "2", "something": "new"}));
        let (user, _) = exchange(answer, async |api| api.user(&"2".into()).await).await;
        assert_eq!(user.unwrap().id.as_str(), "2");
    }
}

#[tokio::test]
async fn an_id_that_would_make_another_request_is_not_sent() {
    for id in ["", ".", ".."] {
        let (deleted, sent) =
            exchange(ResponseTemplate::new(200), async |api| api.delete_user(&id.into()).await).await;
        let error = deleted.unwrap_err();
        assert!(matches!(error.kind, ApiErrorKind::Request(_)) && !error.is_transient(), "{error}");
        assert_eq!(sent, "");
    }
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path_whatever_is_in_it() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    api.delete_user(&UserId::from("../1?a=b#c%2F 例")).await.unwrap();
    let requests = sent(&server).await;
    assert!(
        requests[1].starts_with("DELETE /v1/users/..%2F1%3Fa%3Db%23c%252F%20%E4%BE%8B\n"),
        "{}",
        requests[1]
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_the_deadline_and_no_more() {
    let server = MockServer::start().await;
    let never = ResponseTemplate::new(200).set_delay(Duration::from_secs(3_600));
    Mock::given(any()).respond_with(never).mount(&server).await;
    let deadline = Duration::from_millis(200);
    let error = client(&server, deadline).register("a@b.c", "x", "Ann").await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Deadline(d) if d == deadline), "{error}");
    assert_eq!(error.to_string(), "POST /v1/users/register: no answer within 0.2 s");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_so() {
    // Bound and not listening: connections are refused, and nobody else gets the port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base = format!("http://{}", socket.local_addr().unwrap());
    let api = Api::new(Arc::new(HyperHttp::new()), &base, PATIENT).with_retries(0);
    let error = api.user(&"2".into()).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Transport(_)) && error.is_transient(), "{error}");
    assert!(error.to_string().starts_with(&format!("GET /v1/users/{{user}}: {base}: ")), "{error}");
}
