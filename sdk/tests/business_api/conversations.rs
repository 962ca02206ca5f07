//! Conversations.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;
use y2w_sdk::protocol::rest::UpdateConversation;
use y2w_sdk::protocol::{SessionType, Timestamp};

use crate::canned::{exchange, ok};
use crate::wire::{form, plain, since};

fn with_bob() -> Value {
    json!({
        "id": "5", "targetId": "2", "name": "Bob", "type": "p2p", "top": true, "visiable": true, "unread": 3,
        "lastMessage": {"sender": "2", "type": "text", "content": "{\"text\":\"hi\"}"}, "avatarUrl": "",
        "isDelete": false, "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
    })
}

#[tokio::test]
async fn conversations_are_synced() {
    let answer = ok(json!({"total_count": 1, "entries": [with_bob()]}));
    let (page, sent) =
        exchange(answer, async |api| api.conversations_since(&"1".into(), Timestamp::MIN, 100).await).await;
    assert_eq!(page.unwrap()[0].unread, 3);
    assert_eq!(sent, since("GET /v1/users/1/userConversations?limit=100", 946_684_800_000));
}

#[tokio::test]
async fn a_conversation_is_asked_for_by_its_id() {
    let (conversation, sent) =
        exchange(ok(with_bob()), async |api| api.conversation(&"1".into(), &"5".into()).await).await;
    assert_eq!(conversation.unwrap().target_id, "2");
    assert_eq!(sent, plain("GET /v1/users/1/userConversations/5"));
}

#[tokio::test]
async fn a_conversation_goes_to_the_top() {
    let change = UpdateConversation {
        target_id: "2".to_owned(),
        name: "Bob".to_owned(),
        kind: SessionType::P2p,
        top: Some(true),
        avatar_url: None,
    };
    let (conversation, sent) = exchange(ok(with_bob()), async |api| {
        api.update_conversation(&"1".into(), &"5".into(), &change).await
    })
    .await;
    assert!(conversation.unwrap().unwrap().top);
    assert_eq!(sent, form("PUT /v1/users/1/userConversations/5", "targetId=2&name=Bob&type=p2p&top=true"));
}

#[tokio::test]
async fn a_conversation_is_hidden() {
    let (removed, sent) = exchange(ResponseTemplate::new(200), async |api| {
        api.remove_conversation(&"1".into(), &"5".into()).await
    })
    .await;
    removed.unwrap();
    assert_eq!(sent, plain("DELETE /v1/users/1/userConversations/5"));
}

#[tokio::test]
async fn a_conversation_is_marked_as_read() {
    let (cleared, sent) =
        exchange(ok(with_bob()), async |api| api.clear_unread(&"1".into(), &"5".into()).await).await;
    cleared.unwrap();
    assert_eq!(sent, plain("PUT /v1/users/1/userConversations/5/unread"));
}
