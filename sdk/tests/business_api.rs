//! The business API as the client speaks it, against canned answers: what goes over the wire, and what is made of
//! errors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::time::Duration;

use serde_json::json;
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::ApiErrorKind;
use y2w_sdk::{ClientConfig, CurrentUser, Error, Users};

fn users(server: &MockServer, deadline: Duration) -> Users {
    Users::new(ClientConfig::new(&server.uri()).unwrap().deadline(deadline))
}

const PATIENT: Duration = Duration::from_secs(30);

fn logged_in(token: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "id": "1", "email": "a@b.c", "name": "Ann", "token": token, "expires": 3600, "key": "k", "secret": "s",
    }))
}

/// A user who is logged in with the token `t1`; later logins give `t2`.
async fn ann(server: &MockServer) -> CurrentUser {
    let login = || Mock::given(method("POST")).and(path("/v1/users/login"));
    login().respond_with(logged_in("t1")).up_to_n_times(1).mount(server).await;
    login().respond_with(logged_in("t2")).mount(server).await;
    users(server, PATIENT).login("a@b.c", "123456").await.unwrap()
}

fn search(token: &str) -> wiremock::MockBuilder {
    Mock::given(method("GET"))
        .and(path("/v1/users"))
        .and(query_param("filter_term", "b@b.c"))
        .and(header("authorization", format!("Bearer {token}").as_str()))
}

fn found_bob() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"total_count": 1, "entries": [{"id": "2", "name": "Bob"}]}))
}

#[tokio::test]
async fn an_account_is_made_with_this_form() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/users/register"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string("email=a%40b.c&password=e10adc3949ba59abbe56e057f20f883e&name=Ann"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"id": "1", "name": "Ann"})))
        .expect(1)
        .mount(&server)
        .await;
    let user = users(&server, PATIENT).register("a@b.c", "123456", "Ann").await.unwrap();
    assert_eq!(user.id.as_str(), "1");
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_renewed_and_the_call_repeated() {
    let server = MockServer::start().await;
    let ann = ann(&server).await;
    search("t1").respond_with(ResponseTemplate::new(401)).expect(1).mount(&server).await;
    search("t2").respond_with(found_bob()).expect(1).mount(&server).await;
    let bob = ann.search("b@b.c").await.unwrap().unwrap();
    assert_eq!(bob.name, "Bob");
}

#[tokio::test]
async fn a_call_that_is_refused_again_after_the_renewal_fails() {
    let server = MockServer::start().await;
    let ann = ann(&server).await;
    for token in ["t1", "t2"] {
        search(token).respond_with(ResponseTemplate::new(401)).expect(1).mount(&server).await;
    }
    assert_eq!(ann.search("b@b.c").await.unwrap_err().status(), Some(401));
}

#[tokio::test]
async fn an_error_says_which_call_which_status_and_what_the_server_said() {
    let server = MockServer::start().await;
    let ann = ann(&server).await;
    let body = json!({"status": 403, "error": "forbidden", "message": "not yours"});
    search("t1").respond_with(ResponseTemplate::new(403).set_body_json(body)).mount(&server).await;
    let error = ann.search("b@b.c").await.unwrap_err();
    assert_eq!(error.to_string(), "GET /v1/users: 403: not yours");
}

#[tokio::test]
async fn an_error_of_2016_with_an_object_for_a_message_is_shown_as_it_is() {
    let server = MockServer::start().await;
    let ann = ann(&server).await;
    let body = json!({"status": 403, "message": {"code": 403, "error": "x", "status": 403}});
    search("t1").respond_with(ResponseTemplate::new(403).set_body_json(body)).mount(&server).await;
    let error = ann.search("b@b.c").await.unwrap_err().to_string();
    assert!(error.contains(r#""code":403"#), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error_that_says_so() {
    let server = MockServer::start().await;
    let ann = ann(&server).await;
    search("t1").respond_with(ResponseTemplate::new(200).set_body_string("<html>")).mount(&server).await;
    let error = ann.search("b@b.c").await.unwrap_err();
    assert!(matches!(&error, Error::Api(api) if matches!(api.kind, ApiErrorKind::Answer(_))), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_the_deadline_and_no_more() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/users/register"))
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(3_600)))
        .mount(&server)
        .await;
    let deadline = Duration::from_millis(200);
    let error = users(&server, deadline).register("a@b.c", "x", "Ann").await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Deadline(d) if d == deadline), "{error}");
}

#[tokio::test]
async fn a_secret_of_yesterday_is_renewed_by_a_login_before_the_next_try() {
    let server = MockServer::start().await;
    let ann = ann(&server).await;
    let token = || Mock::given(method("POST")).and(path("/oauth/token"));
    let form = body_string("grant_type=client_credentials&client_id=k&client_secret=s");
    token().respond_with(ResponseTemplate::new(401)).up_to_n_times(1).expect(1).mount(&server).await;
    token()
        .and(form)
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"access_token": "im"})))
        .expect(1)
        .mount(&server)
        .await;
    let (asked, gate) = tokio::sync::oneshot::channel();
    let asked = parking_lot::Mutex::new(Some(asked));
    Mock::given(path("/gateHandler"))
        .and(body_string("oper=register&country="))
        .respond_with(move |_: &wiremock::Request| {
            if let Some(asked) = asked.lock().take() {
                let _ = asked.send(());
            }
            ResponseTemplate::new(503)
        })
        .mount(&server)
        .await;
    ann.connect();
    tokio::time::timeout(PATIENT, gate).await.unwrap().unwrap();
}
