//! What writes are answered with, and what they must carry.

use bytes::Bytes;
use serde_json::{Value, json};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use y2w_sdk::api::Api;
use y2w_sdk::protocol::rest::{
    AddContact, AddMember, EditMessage, UpdateContact, UpdateConversation, UpdateMember, UpdateSession,
    UpdateUserSession,
};
use y2w_sdk::protocol::{Role, SessionType, Status, UserId};

use crate::canned::{PATIENT, ann, client, exchange, ok, sent};

/// Every DELETE, and the PUT whose answer nobody needs.
async fn removals(api: &Api) {
    let me = UserId::from("1");
    api.delete_user(&me).await.unwrap();
    api.remove_contact(&me, &"3".into()).await.unwrap();
    api.remove_user_session(&me, &"4".into()).await.unwrap();
    api.remove_conversation(&me, &"5".into()).await.unwrap();
    api.clear_unread(&me, &"5".into()).await.unwrap();
    api.remove_session(&"9".into()).await.unwrap();
    api.remove_member(&"9".into(), &"7".into()).await.unwrap();
    api.remove_message(&"9".into(), &"301".into()).await.unwrap();
}

#[tokio::test]
async fn a_delete_is_answered_with_nothing_braces_or_null() {
    for body in ["", "{}", "null"] {
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json; charset=utf-8");
        exchange(answer, removals).await;
    }
}

/// How many of the changes were answered with the object.
async fn changes_with_an_object(api: &Api) -> usize {
    let me = UserId::from("1");
    let session = "9".into();
    let conversation = UpdateConversation {
        target_id: "2".to_owned(),
        name: "Bob".to_owned(),
        kind: SessionType::P2p,
        top: None,
        avatar_url: None,
    };
    let contact = api.update_contact(&me, &"3".into(), &UpdateContact::default()).await.unwrap();
    let favourite = api.update_user_session(&me, &"4".into(), &UpdateUserSession::default()).await.unwrap();
    let conversation = api.update_conversation(&me, &"5".into(), &conversation).await.unwrap();
    let renamed = api.update_session(&session, &UpdateSession::default()).await.unwrap();
    let member = api.update_member(&session, &"7".into(), &UpdateMember::default()).await.unwrap();
    let invited = api.invite_member(&session, &bob()).await.unwrap();
    let message = api.edit_message(&session, &"301".into(), &EditMessage::default()).await.unwrap();
    [
        contact.is_some(),
        favourite.is_some(),
        conversation.is_some(),
        renamed.is_some(),
        member.is_some(),
        invited.is_some(),
        message.is_some(),
    ]
    .into_iter()
    .filter(|held| *held)
    .count()
}

fn bob() -> AddMember {
    AddMember {
        user_id: "2".into(),
        name: "Bob".to_owned(),
        role: Some(Role::User),
        avatar_url: String::new(),
        status: Some(Status::Active),
    }
}

#[tokio::test]
async fn a_change_may_be_answered_with_nothing_of_what_was_changed() {
    for body in ["", "{}", "null", "[1]", "1", r#""ok""#, r#"{"success":true}"#] {
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json; charset=utf-8");
        let (held, _) = exchange(answer, changes_with_an_object).await;
        assert_eq!(held, 0, "{body}");
    }
}

/// An answer in which every kind of object finds its fields, with these times.
fn anything(times: &Value) -> ResponseTemplate {
    let mut answer = json!({
        "id": 1, "userId": 2, "sessionId": 9, "targetId": 2, "type": "p2p", "sender": 1, "content": "{}", "name": "x",
    });
    answer.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
    ok(answer)
}

#[tokio::test]
async fn a_write_answer_without_times_holds_only_what_needs_none() {
    // Contacts, favourite groups and sessions can do without; conversations, members and messages cannot.
    let (held, _) = exchange(anything(&json!({})), changes_with_an_object).await;
    assert_eq!(held, 3);
    let times = json!({"createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.000Z"});
    let (held, _) = exchange(anything(&times), changes_with_an_object).await;
    assert_eq!(held, 7);
}

#[tokio::test]
async fn a_contact_is_added_without_being_told_when() {
    let answer = ok(
        json!({"id": 3, "userId": 2, "name": "Bob", "isDelete": 0, "createdAt": "2016-11-24T08:00:00.000Z"}),
    );
    let added = AddContact { user_id: "2".into(), name: "Bob".to_owned(), avatar_url: String::new() };
    let (contact, _) = exchange(answer, async |api| api.add_contact(&"1".into(), &added).await).await;
    let contact = contact.unwrap();
    assert_eq!((contact.id.as_str(), contact.user_id.as_str(), contact.updated_at), ("3", "2", None));
}

#[tokio::test]
async fn a_member_is_changed_with_all_five_of_its_fields() {
    let change = UpdateMember {
        user_id: Some("2".into()),
        name: Some("Bob".to_owned()),
        role: Some(Role::User),
        avatar_url: Some(" ".to_owned()),
        status: Some(Status::Inactive),
    };
    let answer = ResponseTemplate::new(200);
    let (_, sent) = exchange(answer, async |api: &Api| {
        api.update_member(&"9".into(), &"7".into(), &change).await.unwrap()
    })
    .await;
    assert!(sent.ends_with("\n\nuserId=2&name=Bob&role=user&avatarUrl=+&status=inactive"), "{sent}");
}

#[tokio::test]
async fn the_days_secret_goes_back_as_it_came_and_as_a_form() {
    let server = MockServer::start().await;
    let login = json!({
        "id": 1, "email": "a@b.c", "name": "Ann", "token": "t1", "expires": 7200, "key": "k",
        "secret": "5b4a040bfae332221bc0eead20e8d4b2==2016-3-5",
    });
    Mock::given(path("/v1/users/login")).respond_with(ok(login)).mount(&server).await;
    Mock::given(path("/oauth/token")).respond_with(ok(json!({"access_token": "im"}))).mount(&server).await;
    let api = client(&server, PATIENT);
    assert_eq!(api.login("a@b.c", "x").await.unwrap().id.as_str(), "1");
    assert_eq!(api.im_token().await.unwrap(), "im");
    assert_eq!(
        sent(&server).await[1],
        concat!(
            "POST /oauth/token\ncontent-type: application/x-www-form-urlencoded\n\n",
            "grant_type=client_credentials&client_id=k",
            "&client_secret=5b4a040bfae332221bc0eead20e8d4b2%3D%3D2016-3-5",
        )
    );
}

#[tokio::test]
async fn an_attachment_is_answered_without_a_size() {
    let mut answer = json!({
        "id": 5, "fileName": "计划.txt", "path": "2016/11/5d41", "md5": "5d41402abc4b2a76b9719d911017c592", "isDelete": 0,
        "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.000Z",
    });
    for size in [None, Some(Value::Null)] {
        if let Some(size) = size {
            answer["size"] = size;
        }
        let (attachment, _) = exchange(ok(answer.clone()), async |api| {
            api.upload("计划.txt", "text/plain", Bytes::from_static(b"hello")).await
        })
        .await;
        let attachment = attachment.unwrap();
        assert_eq!((attachment.id.as_str(), attachment.size, attachment.is_delete), ("5", None, false));
    }
}

#[tokio::test]
async fn bodies_are_forms_but_for_a_files() {
    let server = MockServer::start().await;
    let api = ann(&server).await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    Mock::given(any()).respond_with(ok(json!({}))).mount(&server).await;
    removals(&api).await;
    changes_with_an_object(&api).await;
    for request in &sent(&server).await {
        let (head, form) = request.split_once("\n\n").unwrap_or((request, ""));
        let says_form = head.contains("content-type: application/x-www-form-urlencoded");
        assert!(says_form || form.is_empty(), "{request}");
        assert!(!form.starts_with('{'), "{request}");
    }
}
