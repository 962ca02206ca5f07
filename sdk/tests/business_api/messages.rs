//! Messages.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;
use y2w_sdk::protocol::rest::{EditMessage, StoreMessage};
use y2w_sdk::protocol::{MessageType, Timestamp};

use crate::canned::{exchange, ok};
use crate::wire::{form, plain, since};

fn hello(id: &str) -> Value {
    json!({
        "id": id, "sender": "1", "type": "text", "content": "{\"text\":\"hello\"}", "isDelete": false,
        "createdAt": "2016-11-24T08:00:05.120Z", "updatedAt": "2016-11-24T08:00:05.120Z",
    })
}

#[tokio::test]
async fn a_message_is_stored_with_its_key() {
    let message = StoreMessage {
        sender: "1".into(),
        content: r#"{"text":"hello"}"#.to_owned(),
        kind: MessageType::Text,
    };
    let (stored, sent) =
        exchange(ok(hello("301")), async |api| api.store_message(&"9".into(), &message, "guid-1").await)
            .await;
    assert_eq!(stored.unwrap().id.as_str(), "301");
    assert_eq!(
        sent,
        concat!(
            "POST /v1/sessions/9/messages\n",
            "authorization: Bearer t1\n",
            "content-type: application/x-www-form-urlencoded\n",
            "idempotency-key: guid-1\n",
            "\n",
            "sender=1&content=%7B%22text%22%3A%22hello%22%7D&type=text",
        )
    );
}

#[tokio::test]
async fn messages_are_synced() {
    let answer = ok(json!({
        "total_count": 1, "sessionUpdatedAt": "2016-11-24T08:00:00.000Z", "entries": [hello("301")],
    }));
    let (page, sent) =
        exchange(answer, async |api| api.messages_since(&"9".into(), Timestamp::MIN, 100).await).await;
    let page = page.unwrap();
    assert_eq!(page.entries[0].content, r#"{"text":"hello"}"#);
    assert_eq!(page.session_updated_at, Timestamp::parse("2016-11-24T08:00:00.000Z"));
    assert_eq!(sent, since("GET /v1/sessions/9/messages?limit=100", 946_684_800_000));
}

#[tokio::test]
async fn history_is_an_array_and_begins_in_the_year_3000() {
    let answer = ok(json!([hello("302"), hello("301")]));
    let (page, sent) = exchange(answer, async |api| api.history(&"9".into(), Timestamp::MAX, 20).await).await;
    let ids: Vec<String> = page.unwrap().iter().map(|m| m.id.to_string()).collect();
    assert_eq!(ids, ["302", "301"]);
    assert_eq!(sent, since("GET /v1/sessions/9/messages/history?limit=20", 32_503_680_000_000));
}

#[tokio::test]
async fn a_message_is_edited() {
    let change = EditMessage {
        sender: Some("1".into()),
        content: Some(r#"{"text":"recalled"}"#.to_owned()),
        kind: Some(MessageType::System),
    };
    let (edited, sent) =
        exchange(ok(hello("301")), async |api| api.edit_message(&"9".into(), &"301".into(), &change).await)
            .await;
    assert_eq!(edited.unwrap().unwrap().id.as_str(), "301");
    assert_eq!(
        sent,
        form(
            "PUT /v1/sessions/9/messages/301",
            "sender=1&content=%7B%22text%22%3A%22recalled%22%7D&type=system"
        )
    );
}

#[tokio::test]
async fn a_message_is_deleted() {
    let (removed, sent) = exchange(ResponseTemplate::new(200), async |api| {
        api.remove_message(&"9".into(), &"301".into()).await
    })
    .await;
    removed.unwrap();
    assert_eq!(sent, plain("DELETE /v1/sessions/9/messages/301"));
}
