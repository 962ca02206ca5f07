//! Favourite groups.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{AddUserSession, UpdateUserSession};

use crate::canned::{exchange, ok};
use crate::wire::{form, plain, since};

fn team() -> Value {
    json!({
        "id": "4", "sessionId": "9", "name": "team", "avatarUrl": "", "isDelete": false,
        "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
    })
}

#[tokio::test]
async fn favourite_groups_are_synced() {
    let answer = ok(json!({"total_count": 1, "entries": [team()]}));
    let (page, sent) =
        exchange(answer, async |api| api.user_sessions_since(&"1".into(), Timestamp::MIN, 7).await).await;
    assert_eq!(page.unwrap()[0].session_id.as_str(), "9");
    assert_eq!(sent, since("GET /v1/users/1/userSessions?limit=7", 946_684_800_000));
}

#[tokio::test]
async fn a_favourite_group_is_asked_for_by_its_own_id() {
    let (group, sent) =
        exchange(ok(team()), async |api| api.user_session(&"1".into(), &"4".into()).await).await;
    assert_eq!(group.unwrap().name, "team");
    assert_eq!(sent, plain("GET /v1/users/1/userSessions/4"));
}

#[tokio::test]
async fn a_group_becomes_a_favourite() {
    let group = AddUserSession { session_id: "9".into(), name: "team".to_owned(), avatar_url: String::new() };
    let (added, sent) =
        exchange(ok(team()), async |api| api.add_user_session(&"1".into(), &group).await).await;
    assert_eq!(added.unwrap().id.as_str(), "4");
    assert_eq!(sent, form("POST /v1/users/1/userSessions", "sessionId=9&name=team&avatarUrl="));
}

#[tokio::test]
async fn a_favourite_group_is_renamed() {
    let change = UpdateUserSession { name: Some("us".to_owned()), avatar_url: None };
    let (group, sent) =
        exchange(ok(team()), async |api| api.update_user_session(&"1".into(), &"4".into(), &change).await)
            .await;
    assert_eq!(group.unwrap().unwrap().id.as_str(), "4");
    assert_eq!(sent, form("PUT /v1/users/1/userSessions/4", "name=us"));
}

#[tokio::test]
async fn a_group_is_no_favourite_any_more() {
    let (removed, sent) = exchange(ResponseTemplate::new(200), async |api| {
        api.remove_user_session(&"1".into(), &"4".into()).await
    })
    .await;
    removed.unwrap();
    assert_eq!(sent, plain("DELETE /v1/users/1/userSessions/4"));
}
