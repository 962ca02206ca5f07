//! Accounts and users.

use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::ApiErrorKind;
use y2w_sdk::protocol::rest::UpdateUser;

use crate::canned::{PATIENT, ann, answer_logins, client, exchange, ok, sent};
use crate::wire::{form, plain};

#[tokio::test]
async fn an_account_is_made_with_this_form_and_no_token() {
    let server = MockServer::start().await;
    let answer = ok(json!({"id": "1", "name": "Ann"}));
    Mock::given(path("/v1/users/register")).respond_with(answer).mount(&server).await;
    let user = client(&server, PATIENT).register("a@b.c", "123456", "Ann").await.unwrap();
    assert_eq!(user.id.as_str(), "1");
    assert_eq!(
        sent(&server).await,
        [concat!(
            "POST /v1/users/register\ncontent-type: application/x-www-form-urlencoded\n\n",
            "email=a%40b.c&password=e10adc3949ba59abbe56e057f20f883e&name=Ann"
        )]
    );
}

#[tokio::test]
async fn a_login_is_this_form_and_no_token() {
    let server = MockServer::start().await;
    answer_logins(&server).await;
    let user = client(&server, PATIENT).login("a@b.c", "123456").await.unwrap();
    assert_eq!((user.id.as_str(), user.email.as_str()), ("1", "a@b.c"));
    assert_eq!(
        sent(&server).await,
        [concat!(
            "POST /v1/users/login\ncontent-type: application/x-www-form-urlencoded\n\n",
            "email=a%40b.c&password=e10adc3949ba59abbe56e057f20f883e"
        )]
    );
}

#[tokio::test]
async fn a_user_is_found_by_the_whole_account() {
    let answer = ok(json!({"total_count": 1, "entries": [{"id": "2", "name": "Bob"}]}));
    let (found, sent) = exchange(answer, async |api| api.search("b+1@b.c").await).await;
    assert_eq!(found.unwrap().unwrap().name, "Bob");
    assert_eq!(sent, plain("GET /v1/users?filter_term=b%2B1%40b.c"));
}

#[tokio::test]
async fn a_search_that_finds_nobody_is_no_error() {
    let answer = ok(json!({"total_count": 0, "entries": []}));
    let (found, _) = exchange(answer, async |api| api.search("b@b.c").await).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn a_user_is_asked_for_by_the_id() {
    let answer = ok(json!({
        "id": "2", "email": "b@b.c", "name": "Bob", "pinyin": ["bob"], "role": "", "jobTitle": "smith", "phone": "1",
        "address": null, "status": "active", "avatarUrl": "attachments/5/content",
    }));
    let (user, sent) = exchange(answer, async |api| api.user(&"2".into()).await).await;
    let user = user.unwrap();
    assert_eq!((user.job_title.as_str(), user.avatar_url.as_str()), ("smith", "attachments/5/content"));
    assert_eq!(sent, plain("GET /v1/users/2"));
}

#[tokio::test]
async fn a_profile_is_changed_with_the_given_fields() {
    let change = UpdateUser {
        name: Some("Anne".to_owned()),
        job_title: Some("a & b".to_owned()),
        ..UpdateUser::default()
    };
    let answer = ok(json!({"id": "1", "name": "Anne", "jobTitle": "a & b"}));
    let (user, sent) = exchange(answer, async |api| api.update_user(&"1".into(), &change).await).await;
    assert_eq!(user.unwrap().name, "Anne");
    assert_eq!(sent, form("PUT /v1/users/1", "name=Anne&jobTitle=a+%26+b"));
}

#[tokio::test]
async fn a_profile_that_the_answer_to_its_change_does_not_hold_is_asked_for() {
    for empty in ["", "{}", "null"] {
        let server = MockServer::start().await;
        let api = ann(&server).await;
        let written = ResponseTemplate::new(200).set_body_string(empty);
        Mock::given(method("PUT")).respond_with(written).mount(&server).await;
        let answer = ok(json!({"id": "1", "name": "Anne"}));
        Mock::given(method("GET")).respond_with(answer).mount(&server).await;
        let change = UpdateUser { name: Some("Anne".to_owned()), ..UpdateUser::default() };
        assert_eq!(api.update_user(&"1".into(), &change).await.unwrap().name, "Anne");
        let expected = [form("PUT /v1/users/1", "name=Anne"), plain("GET /v1/users/1")];
        assert_eq!(sent(&server).await.split_off(1), expected);
    }
}

#[tokio::test]
async fn a_user_is_deleted() {
    let (deleted, sent) =
        exchange(ResponseTemplate::new(204), async |api| api.delete_user(&"1".into()).await).await;
    deleted.unwrap();
    assert_eq!(sent, plain("DELETE /v1/users/1"));
}

#[tokio::test]
async fn a_password_is_changed_with_both_as_md5() {
    let answer = ok(json!({"success": true}));
    let (changed, sent) = exchange(answer, async |api| api.set_password("123456", "hunter2").await).await;
    changed.unwrap();
    assert_eq!(
        sent,
        form(
            "POST /v1/users/setPassword",
            "oldPassword=e10adc3949ba59abbe56e057f20f883e&password=2ab96390c7dbe3439de74d0c9b0b1767"
        )
    );
}

/// The password of the login that follows when the change was answered so and the token then expires.
async fn password_after(change: ResponseTemplate, succeeds: bool) -> String {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    Mock::given(path("/v1/users/setPassword")).respond_with(change).mount(&server).await;
    assert_eq!(api.set_password("123456", "hunter2").await.is_ok(), succeeds);
    Mock::given(path("/v1/users/2"))
        .and(header("authorization", "Bearer t2"))
        .respond_with(ok(json!({"id": "2"})))
        .mount(&server)
        .await;
    Mock::given(path("/v1/users/2")).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    api.user(&"2".into()).await.unwrap();
    let requests = sent(&server).await;
    let login = requests.iter().rfind(|r| r.starts_with("POST /v1/users/login\n")).unwrap();
    login.rsplit_once("password=").unwrap().1.to_owned()
}

const OLD: &str = "e10adc3949ba59abbe56e057f20f883e";
const NEW: &str = "2ab96390c7dbe3439de74d0c9b0b1767";

#[tokio::test]
async fn the_next_login_is_made_with_the_changed_password() {
    assert_eq!(password_after(ok(json!({"success": true})), true).await, NEW);
    assert_eq!(password_after(ResponseTemplate::new(200), true).await, NEW);
}

#[tokio::test]
async fn a_change_of_password_that_was_refused_is_forgotten() {
    assert_eq!(password_after(ResponseTemplate::new(400), false).await, OLD);
    assert_eq!(password_after(ok(json!({"success": false})), false).await, OLD);
}

#[tokio::test]
async fn a_change_of_password_without_success_is_an_error() {
    let answer = ok(json!({"success": false}));
    let (changed, _) = exchange(answer, async |api| api.set_password("123456", "hunter2").await).await;
    let error = changed.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Answer(_)), "{error}");
}
