//! Contacts.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{AddContact, UpdateContact};

use crate::canned::{exchange, ok};
use crate::wire::{form, plain, since};

fn bob() -> Value {
    json!({
        "id": "3", "userId": "2", "name": "Bob", "pinyin": ["bob"], "title": "Bobby", "titlePinyin": ["bobby"],
        "remark": "", "email": "b@b.c", "avatarUrl": "", "isDelete": false,
        "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
    })
}

#[tokio::test]
async fn contacts_are_synced() {
    let answer = ok(json!({"total_count": 1, "entries": [bob()]}));
    let then = Timestamp::from_millis(1_479_974_400_000);
    let (page, sent) = exchange(answer, async |api| api.contacts_since(&"1".into(), then, 100).await).await;
    assert_eq!(page.unwrap()[0].title, "Bobby");
    assert_eq!(sent, since("GET /v1/users/1/contacts?limit=100", 1_479_974_400_000));
}

#[tokio::test]
async fn one_entry_that_cannot_be_read_does_not_keep_the_others_away() {
    let entries = json!([{"name": "who is this"}, bob(), {"id": {}, "userId": "2"}]);
    let answer = ok(json!({"total_count": 3, "entries": entries}));
    let (page, _) =
        exchange(answer, async |api| api.contacts_since(&"1".into(), Timestamp::MIN, 100).await).await;
    assert_eq!(page.unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_without_one_entry_that_can_be_read_is_an_error_that_says_what_is_wrong() {
    let answer = ok(json!({"total_count": 1, "entries": [{"name": "who is this"}]}));
    let (page, _) =
        exchange(answer, async |api| api.contacts_since(&"1".into(), Timestamp::MIN, 100).await).await;
    let error = page.unwrap_err().to_string();
    assert!(error.contains("GET /v1/users/{user}/contacts") && error.contains("`id`"), "{error}");
}

#[tokio::test]
async fn a_contact_is_asked_for_by_its_own_id() {
    let (contact, sent) = exchange(ok(bob()), async |api| api.contact(&"1".into(), &"3".into()).await).await;
    assert_eq!(contact.unwrap().user_id.as_str(), "2");
    assert_eq!(sent, plain("GET /v1/users/1/contacts/3"));
}

#[tokio::test]
async fn a_contact_is_added() {
    let bob_added = AddContact { user_id: "2".into(), name: "Bob".to_owned(), avatar_url: String::new() };
    let (contact, sent) =
        exchange(ok(bob()), async |api| api.add_contact(&"1".into(), &bob_added).await).await;
    assert_eq!(contact.unwrap().id.as_str(), "3");
    assert_eq!(sent, form("POST /v1/users/1/contacts", "userId=2&name=Bob"));
}

#[tokio::test]
async fn a_contact_gets_a_title() {
    let change = UpdateContact {
        user_id: Some("2".into()),
        title: Some("老 B".to_owned()),
        ..UpdateContact::default()
    };
    let (contact, sent) =
        exchange(ok(bob()), async |api| api.update_contact(&"1".into(), &"3".into(), &change).await).await;
    assert_eq!(contact.unwrap().unwrap().title, "Bobby");
    assert_eq!(sent, form("PUT /v1/users/1/contacts/3", "userId=2&title=%E8%80%81+B"));
}

#[tokio::test]
async fn a_contact_is_removed() {
    let (removed, sent) =
        exchange(ResponseTemplate::new(200), async |api| api.remove_contact(&"1".into(), &"3".into()).await)
            .await;
    removed.unwrap();
    assert_eq!(sent, plain("DELETE /v1/users/1/contacts/3"));
}
