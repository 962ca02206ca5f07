//! Refusals: by status, by body, and by silence.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::{Api, ApiErrorKind};
use y2w_sdk::protocol::rest::{AddContact, UpdateUser};
use y2w_sdk::protocol::{Timestamp, UserId};

use crate::canned::{PATIENT, ann, client, exchange, ok, sent};

fn invalid_token() -> ResponseTemplate {
    ResponseTemplate::new(401).set_body_json(json!({
        "status": 401, "error": "invalid_token", "message": "The access token provided is invalid",
    }))
}

#[tokio::test]
async fn a_missing_token_is_400_and_no_reason_to_log_in() {
    let server = MockServer::start().await;
    let refusal =
        json!({"status": 400, "error": "invalid_request", "message": "The access token was not found"});
    Mock::given(any()).respond_with(ResponseTemplate::new(400).set_body_json(refusal)).mount(&server).await;
    let error = client(&server, PATIENT).user(&"2".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "GET /v1/users/{user}: 400: The access token was not found");
    assert_eq!(sent(&server).await, ["GET /v1/users/2\n"]);
}

#[tokio::test]
async fn a_wrong_or_expired_token_is_401_and_renewed() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    Mock::given(header("authorization", "Bearer t1")).respond_with(invalid_token()).mount(&server).await;
    Mock::given(header("authorization", "Bearer t2"))
        .respond_with(ok(json!({"id": 2, "name": "Bob"})))
        .mount(&server)
        .await;
    assert_eq!(api.user(&"2".into()).await.unwrap().name, "Bob");
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_is_an_error_after_one_repetition() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    Mock::given(path("/v1/users/2")).respond_with(invalid_token()).mount(&server).await;
    let error = api.user(&"2".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "GET /v1/users/{user}: 401: The access token provided is invalid");
    let calls = sent(&server).await.iter().filter(|request| request.starts_with("GET")).count();
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn a_token_is_never_sent_in_two_ways_at_once() {
    let file = ResponseTemplate::new(200).set_body_string("hello");
    let (_, sent) = exchange(file, async |api: &Api| {
        let address = api.absolute_url("attachments/5/content").unwrap();
        api.download(&address).await.unwrap()
    })
    .await;
    assert_eq!(sent, "GET /v1/attachments/5/content\nauthorization: Bearer t1\n");
}

#[tokio::test]
async fn a_business_error_is_500_with_words_in_chinese_and_not_asked_for_again() {
    let body = r#"{"status":500,"message":"会话不存在"}"#;
    let answer = ResponseTemplate::new(500).set_body_raw(body, "application/json; charset=utf-8");
    let (session, sent) = exchange(answer, async |api| api.session(&"999".into()).await).await;
    assert_eq!(session.unwrap_err().to_string(), "GET /v1/sessions/{session}: 500: 会话不存在");
    assert_eq!(sent, "GET /v1/sessions/999\nauthorization: Bearer t1\n");
}

#[tokio::test]
async fn a_contact_that_exists_an_email_that_is_taken_and_a_wrong_password_are_500_too() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let refusal =
        |words: &str| ResponseTemplate::new(500).set_body_json(json!({"status": 500, "message": words}));
    for (route, words) in [
        ("/v1/users/register", "该邮箱已被注册"),
        ("/v1/users/setPassword", "密码错误"),
        ("/v1/users/1/contacts", "联系人已存在"),
    ] {
        Mock::given(path(route)).respond_with(refusal(words)).mount(&server).await;
    }
    let bob = AddContact { user_id: "2".into(), name: "Bob".to_owned(), avatar_url: String::new() };
    let errors = [
        api.register("a@b.c", "x", "Ann").await.unwrap_err(),
        api.set_password("x", "y").await.unwrap_err(),
        api.add_contact(&"1".into(), &bob).await.unwrap_err(),
    ];
    assert_eq!(
        errors.map(|error| error.to_string()),
        [
            "POST /v1/users/register: 500: 该邮箱已被注册",
            "POST /v1/users/setPassword: 500: 密码错误",
            "POST /v1/users/{user}/contacts: 500: 联系人已存在",
        ]
    );
    assert_eq!(sent(&server).await.len(), 4);
}

#[tokio::test]
async fn an_error_with_an_object_for_a_message_is_told() {
    let body = json!({"status": 403, "message": {"code": 4031, "error": "不是会话成员", "status": 403}});
    let answer = ResponseTemplate::new(403).set_body_json(body);
    let (page, _) =
        exchange(answer, async |api| api.messages_since(&"9".into(), Timestamp::MIN, 100).await).await;
    let error = page.unwrap_err();
    assert_eq!(error.status(), Some(403));
    let text = error.to_string();
    assert!(text.starts_with("GET /v1/sessions/{session}/messages: 403: "), "{text}");
    assert!(text.contains("不是会话成员") && text.contains("4031"), "{text}");
}

#[tokio::test]
async fn a_missing_parameter_is_400() {
    let body = json!({"status": 400, "message": "name 不能为空"});
    let answer = ResponseTemplate::new(400).set_body_json(body);
    let (user, _) =
        exchange(answer, async |api| api.update_user(&"1".into(), &UpdateUser::default()).await).await;
    let error = user.unwrap_err();
    assert_eq!(error.to_string(), "PUT /v1/users/{user}: 400: name 不能为空");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn an_unknown_single_object_is_200_with_null_and_missing() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let null = ResponseTemplate::new(200).set_body_raw("null", "application/json; charset=utf-8");
    Mock::given(method("GET")).respond_with(null).mount(&server).await;
    let me = UserId::from("1");
    let errors = [
        api.user(&"999".into()).await.unwrap_err(),
        api.contact(&me, &"999".into()).await.unwrap_err(),
        api.user_session(&me, &"999".into()).await.unwrap_err(),
        api.conversation(&me, &"999".into()).await.unwrap_err(),
        api.session(&"999".into()).await.unwrap_err(),
        api.member(&"9".into(), &"999".into()).await.unwrap_err(),
        api.attachment(&"999".into()).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.is_missing() && !error.is_transient()));
    assert_eq!(
        errors.map(|error| error.to_string()),
        [
            "GET /v1/users/{user}: the server knows no such user",
            "GET /v1/users/{user}/contacts/{contact}: the server knows no such contact",
            "GET /v1/users/{user}/userSessions/{user_session}: the server knows no such favourite group",
            "GET /v1/users/{user}/userConversations/{conversation}: the server knows no such conversation",
            "GET /v1/sessions/{session}: the server knows no such session",
            "GET /v1/sessions/{session}/members/{member}: the server knows no such member",
            "GET /v1/attachments/{attachment}: the server knows no such attachment",
        ]
    );
}

#[tokio::test]
async fn a_user_whose_id_the_database_has_read_its_own_way_has_the_id_of_the_answer() {
    let (user, sent) =
        exchange(ok(json!({"id": 12, "name": "Li"})), async |api| api.user(&"12abc".into()).await).await;
    assert_eq!(user.unwrap().id.as_str(), "12");
    assert_eq!(sent, "GET /v1/users/12abc\nauthorization: Bearer t1\n");
}

#[tokio::test]
async fn a_request_that_is_never_answered_ends_at_its_deadline() {
    let server = MockServer::start().await;
    let never = ResponseTemplate::new(200).set_delay(Duration::from_secs(3_600));
    Mock::given(any()).respond_with(never).mount(&server).await;
    let deadline = Duration::from_millis(100);
    let api = client(&server, deadline);
    let errors = [
        api.session(&"x".into()).await.unwrap_err(),
        api.history(&"x".into(), Timestamp::MAX, 20).await.unwrap_err(),
        api.update_user(&"x".into(), &UpdateUser::default()).await.unwrap_err(),
        api.remove_session(&"x".into()).await.unwrap_err(),
        api.upload("a.txt", "text/plain", Bytes::new()).await.unwrap_err(),
        api.login("a@b.c", "x").await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error.kind, ApiErrorKind::Deadline(d) if d == deadline), "{error}");
        assert!(error.is_transient());
    }
    assert_eq!(sent(&server).await.len(), 6);
}

#[tokio::test]
async fn its_own_token_endpoint_takes_no_secret_that_a_login_gave() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    let refusal =
        json!({"status": 400, "error": "invalid_client", "message": "Client credentials are invalid"});
    Mock::given(path("/oauth/token"))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .mount(&server)
        .await;
    let error = api.im_token().await.unwrap_err();
    assert_eq!(error.to_string(), "POST /oauth/token: 400: Client credentials are invalid");
}

#[tokio::test]
async fn it_has_no_gate() {
    let answer = ResponseTemplate::new(404).set_body_raw("Cannot POST /gateHandler\n", "text/html");
    let (gate, _) = exchange(answer, async |api| api.gate().await).await;
    let error = gate.unwrap_err();
    assert_eq!(error.to_string(), "POST /gateHandler: 404: Cannot POST /gateHandler");
}
