//! What reads are answered with: numbers for ids, 0 and 1 for flags, counts that do not count, times in two grains.

use serde_json::{Value, json};
use y2w_sdk::protocol::{Role, SessionType, Status, Timestamp};

use crate::canned::{exchange, ok};

const SECOND: &str = "2016-11-24T08:00:05.000Z";
const MILLI: &str = "2016-11-24T08:00:05.120Z";

#[tokio::test]
async fn numbers_for_ids_and_null_for_empty_are_read() {
    let user = json!({
        "id": 2, "email": "b@b.c", "name": "Bob", "pinyin": null, "role": null, "jobTitle": null, "phone": null,
        "address": null, "status": "active", "avatarUrl": null, "createdAt": SECOND, "updatedAt": MILLI,
    });
    let (user, _) = exchange(ok(user), async |api| api.user(&"2".into()).await).await;
    let user = user.unwrap();
    assert_eq!((user.id.as_str(), user.avatar_url.as_str(), user.status), ("2", "", Status::Active));
}

#[tokio::test]
async fn zero_and_one_for_flags_are_read() {
    let conversation = json!({
        "id": 5, "targetId": 2, "name": "Bob", "type": "p2p", "top": 1, "visiable": 1, "unread": 0, "lastMessage": null,
        "avatarUrl": null, "isDelete": 0, "createdAt": SECOND, "updatedAt": SECOND,
    });
    let (conversation, _) =
        exchange(ok(conversation), async |api| api.conversation(&"1".into(), &"5".into()).await).await;
    let conversation = conversation.unwrap();
    assert!(conversation.top && conversation.visiable && !conversation.is_delete);
    assert_eq!(conversation.target_id, "2");

    let member = json!({
        "id": 7, "userId": 2, "name": "Bob", "pinyin": "bo bu", "role": "user", "status": "inactive", "isDelete": 1,
        "createdAt": SECOND, "updatedAt": SECOND,
    });
    let (member, _) = exchange(ok(member), async |api| api.member(&"9".into(), &"7".into()).await).await;
    let member = member.unwrap();
    assert!(member.is_delete && !member.is_present());
    assert_eq!((member.role, member.pinyin), (Role::User, vec!["bo".to_owned(), "bu".to_owned()]));
}

#[tokio::test]
async fn whole_second_and_millisecond_stamps_of_one_object_are_each_read_as_they_are() {
    let session = |updated: &str| {
        ok(
            json!({"id": 9, "name": "team", "type": "group", "nameChanged": 1, "createdAt": SECOND, "updatedAt": updated}),
        )
    };
    for stamp in [SECOND, MILLI] {
        let (read, _) = exchange(session(stamp), async |api| api.session(&"9".into()).await).await;
        let read = read.unwrap();
        assert_eq!((read.kind, read.updated_at), (SessionType::Group, Timestamp::parse(stamp)));
    }
}

#[tokio::test]
async fn a_count_that_does_not_match_the_entries_is_not_believed() {
    let smile = json!({"id": 6, "name": "微笑", "package": "default", "url": "e/6.png", "isDelete": 0, "updatedAt": SECOND});
    for count in [json!(0), json!(99), Value::Null] {
        let answer = ok(json!({"total_count": count, "entries": [smile]}));
        let (page, _) = exchange(answer, async |api| api.emojis_since(Timestamp::MIN, 100).await).await;
        assert_eq!(page.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_conversation_of_a_new_p2p_session_begins_with_one_unread_message_of_the_system() {
    let conversation = json!({
        "id": 5, "targetId": 2, "name": "Bob", "type": "p2p", "top": 0, "visiable": 1, "unread": 1,
        "lastMessage": {"sender": 1, "type": "system", "content": "{\"text\":\"Ann、Bob\"}"}, "isDelete": 0,
        "createdAt": SECOND, "updatedAt": SECOND,
    });
    let answer = ok(json!({"total_count": 1, "entries": [conversation]}));
    let (page, _) =
        exchange(answer, async |api| api.conversations_since(&"1".into(), Timestamp::MIN, 100).await).await;
    let conversation = &page.unwrap()[0];
    assert_eq!(conversation.unread, 1);
    assert_eq!(conversation.last_message.as_ref().unwrap().kind.as_str(), "system");
}

#[tokio::test]
async fn history_is_a_bare_array_newest_first() {
    let message = |id: u32, at: &str| {
        json!({
            "id": id, "sender": 1, "type": "text", "content": "{\"text\":\"hi\"}", "isDelete": 0, "createdAt": at,
            "updatedAt": at,
        })
    };
    let answer = ok(json!([message(302, MILLI), message(301, SECOND)]));
    let (page, _) = exchange(answer, async |api| api.history(&"9".into(), Timestamp::MAX, 20).await).await;
    let ids: Vec<String> = page.unwrap().iter().map(|m| m.id.to_string()).collect();
    assert_eq!(ids, ["302", "301"]);
    let (page, _) =
        exchange(ok(json!([])), async |api| api.history(&"9".into(), Timestamp::MAX, 20).await).await;
    assert_eq!(page.unwrap(), []);
}
