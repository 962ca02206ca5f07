//! Tokens that are no longer good. Rules `CLIENT-RELOGIN`, `CLIENT-RELOGIN-ONCE`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::{Api, ApiErrorKind};
use y2w_sdk::protocol::MessageType;
use y2w_sdk::protocol::rest::StoreMessage;

use crate::canned::{ann, ok, sent};
use crate::script::{DEADLINE, Says, Script};
use crate::wire::plain;

const LOGIN: &str = concat!(
    "POST /v1/users/login\ncontent-type: application/x-www-form-urlencoded\n\n",
    "email=a%40b.c&password=e10adc3949ba59abbe56e057f20f883e"
);

/// Everything but logins: 401 for the first token, this for the second.
async fn refuse_the_first_token(server: &MockServer, then: ResponseTemplate) {
    Mock::given(header("authorization", "Bearer t1"))
        .respond_with(ResponseTemplate::new(401))
        .mount(server)
        .await;
    Mock::given(header("authorization", "Bearer t2")).respond_with(then).mount(server).await;
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_renewed_and_the_call_repeated() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    refuse_the_first_token(&server, ok(json!({"id": "2"}))).await;
    api.user(&"2".into()).await.unwrap();
    let again = plain("GET /v1/users/2").replace("t1", "t2");
    assert_eq!(sent(&server).await, [LOGIN, &plain("GET /v1/users/2"), LOGIN, &again]);
}

#[tokio::test]
async fn a_write_is_repeated_with_the_same_form_and_the_same_key() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let stored = ok(json!({"id": "1", "type": "text", "createdAt": 1, "updatedAt": 1}));
    refuse_the_first_token(&server, stored).await;
    let message = StoreMessage { sender: "1".into(), content: "{}".to_owned(), kind: MessageType::Text };
    api.store_message(&"9".into(), &message, "guid-1").await.unwrap();
    let requests = sent(&server).await;
    assert!(requests[1].contains("idempotency-key: guid-1\n\nsender=1&content=%7B%7D&type=text"));
    assert_eq!(requests[3], requests[1].replace("t1", "t2"));
}

#[tokio::test]
async fn a_call_that_is_refused_again_after_the_renewal_fails() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    refuse_the_first_token(&server, ResponseTemplate::new(401)).await;
    assert_eq!(api.user(&"2".into()).await.unwrap_err().status(), Some(401));
    assert_eq!(sent(&server).await.len(), 4);
}

#[tokio::test]
async fn a_refused_login_is_an_answer_of_401_to_the_call() {
    // A 403 to the call itself would mean that the user was removed from the session.
    let (_, api) = Script::in_order(vec![
        Says::login("t1"),
        Says::status(401),
        Says::Answer(403, r#"{"status":403,"message":"inactive"}"#.to_owned()),
    ]);
    api.login("a@b.c", "123456").await.unwrap();
    let error = api.session(&"9".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "GET /v1/sessions/{session}: 401: logging in again: 403: inactive");
}

#[tokio::test]
async fn a_login_that_gets_no_answer_is_told_as_what_it_is() {
    let (_, api) = Script::in_order(vec![Says::login("t1"), Says::status(401), Says::Breaks]);
    api.login("a@b.c", "123456").await.unwrap();
    let error = api.session(&"9".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "POST /v1/users/login: connection reset");
    assert!(error.is_transient());
}

#[tokio::test]
async fn nobody_logs_in_again_who_never_logged_in() {
    let (script, api) = Script::in_order(vec![Says::status(401), Says::status(401)]);
    assert_eq!(api.user(&"2".into()).await.unwrap_err().status(), Some(401));
    assert_eq!(api.login("a@b.c", "123456").await.unwrap_err().status(), Some(401));
    assert_eq!(script.sent(), ["GET /v1/users/2", "POST /v1/users/login"]);
}

/// Ann, who makes ten calls at once.
async fn ten_calls(api: &Api) -> Vec<Result<String, String>> {
    let calls = (0..10).map(|_| async {
        api.user(&"2".into()).await.map(|bob| bob.name).map_err(|error| error.to_string())
    });
    join_all(calls).await
}

#[tokio::test]
async fn calls_that_are_refused_together_share_one_login_over_sockets() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    refuse_the_first_token(&server, ok(json!({"id": "2", "name": "Bob"}))).await;
    assert_eq!(ten_calls(&api).await, vec![Ok("Bob".to_owned()); 10]);
    assert_eq!(sent(&server).await.iter().filter(|request| *request == LOGIN).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_with_the_same_text_again_is_a_new_token() {
    let refusals = AtomicUsize::new(0);
    let (script, api) = Script::api(move |request| match request {
        "POST /v1/users/login" => Says::After(Duration::from_secs(1), 200, Says::login_body("t1")),
        _ if refusals.fetch_add(1, Ordering::Relaxed) < 10 => Says::status(401),
        _ => Says::bob(),
    });
    api.login("a@b.c", "123456").await.unwrap();
    assert_eq!(ten_calls(&api).await, vec![Ok("Bob".to_owned()); 10]);
    assert_eq!(script.sent().iter().filter(|request| request.starts_with("POST")).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_fails_fails_for_all_who_waited_for_it_and_not_for_later_ones() {
    let logins = AtomicUsize::new(0);
    let (script, api) = Script::api(move |request| match request {
        "POST /v1/users/login" => match logins.fetch_add(1, Ordering::Relaxed) {
            0 => Says::login("t1"),
            1 => Says::After(Duration::from_secs(1), 500, r#"{"message":"busy"}"#.to_owned()),
            _ => Says::login("t2"),
        },
        "GET /v1/users/2 t1" => Says::status(401),
        _ => Says::bob(),
    });
    api.login("a@b.c", "123456").await.unwrap();
    let refused = "GET /v1/users/{user}: 401: logging in again: 500: busy";
    assert_eq!(ten_calls(&api).await, vec![Err(refused.to_owned()); 10]);
    assert_eq!(script.sent().iter().filter(|request| request.starts_with("POST")).count(), 2);
    assert_eq!(ten_calls(&api).await, vec![Ok("Bob".to_owned()); 10]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_logs_in_leaves_that_to_the_next() {
    let logins = AtomicUsize::new(0);
    let (script, api) = Script::api(move |request| match request {
        "POST /v1/users/login" => match logins.fetch_add(1, Ordering::Relaxed) {
            0 => Says::login("t1"),
            1 => Says::Nothing,
            _ => Says::login("t2"),
        },
        "GET /v1/users/2 t1" => Says::status(401),
        _ => Says::bob(),
    });
    api.login("a@b.c", "123456").await.unwrap();
    let bob = "2".into();
    let impatient = tokio::time::timeout(DEADLINE / 2, api.user(&bob));
    let (dropped, waiting) = tokio::join!(impatient, ten_calls(&api));
    assert!(dropped.is_err());
    assert_eq!(waiting, vec![Ok("Bob".to_owned()); 10]);
    assert_eq!(script.sent().iter().filter(|request| request.starts_with("POST")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_changed_while_a_login_is_under_way_is_kept() {
    let logins = AtomicUsize::new(0);
    let (script, api) = Script::api(move |request| match request {
        "POST /v1/users/login" => match logins.fetch_add(1, Ordering::Relaxed) {
            0 => Says::login("t1"),
            1 => Says::After(Duration::from_secs(1), 200, Says::login_body("t2")),
            _ => Says::login("t3"),
        },
        "POST /v1/users/setPassword t1" => Says::Answer(200, r#"{"success":true}"#.to_owned()),
        "GET /v1/users/2 t1" | "GET /v1/users/3 t2" => Says::status(401),
        _ => Says::bob(),
    });
    api.login("a@b.c", "123456").await.unwrap();
    let bob = "2".into();
    let (renewed, changed) = tokio::join!(api.user(&bob), api.set_password("123456", "hunter2"));
    renewed.unwrap();
    changed.unwrap();
    api.user(&"3".into()).await.unwrap();
    assert_eq!(
        script.sent()[4..],
        ["GET /v1/users/2 t2", "GET /v1/users/3 t2", "POST /v1/users/login", "GET /v1/users/3 t3"]
    );
    assert_eq!(script.last_form(), "email=a%40b.c&password=2ab96390c7dbe3439de74d0c9b0b1767");
}

#[tokio::test]
async fn a_missing_token_is_no_reason_to_log_in_again() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let refused = ResponseTemplate::new(400)
        .set_body_json(json!({"status": 400, "error": "invalid_request", "message": "no token"}));
    Mock::given(path("/v1/users/2")).respond_with(refused).mount(&server).await;
    let error = api.user(&"2".into()).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Status { status: 400, .. }), "{error}");
    assert_eq!(sent(&server).await.len(), 2);
}
