//! Members of a session.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;
use y2w_sdk::protocol::rest::{AddMember, UpdateMember};
use y2w_sdk::protocol::{Role, Status, Timestamp};

use crate::canned::{exchange, ok};
use crate::wire::{form, plain, since};

fn bob() -> Value {
    json!({
        "id": "7", "userId": "2", "name": "Bob", "pinyin": ["bob"], "role": "admin", "status": "active",
        "avatarUrl": "", "lastReadTime": null, "isDelete": false,
        "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
    })
}

#[tokio::test]
async fn members_are_synced() {
    let answer = ok(json!({"total_count": 1, "entries": [bob()]}));
    let (page, sent) =
        exchange(answer, async |api| api.members_since(&"9".into(), Timestamp::MIN, 100).await).await;
    assert_eq!(page.unwrap()[0].role, Role::Admin);
    assert_eq!(sent, since("GET /v1/sessions/9/members?limit=100", 946_684_800_000));
}

#[tokio::test]
async fn a_member_is_asked_for_by_the_id_of_the_membership() {
    let (member, sent) = exchange(ok(bob()), async |api| api.member(&"9".into(), &"7".into()).await).await;
    assert_eq!(member.unwrap().user_id.as_str(), "2");
    assert_eq!(sent, plain("GET /v1/sessions/9/members/7"));
}

#[tokio::test]
async fn a_member_is_added() {
    let member = AddMember {
        user_id: "2".into(),
        name: "Bob".to_owned(),
        role: Some(Role::User),
        avatar_url: String::new(),
        status: Some(Status::Active),
    };
    let (added, sent) = exchange(ok(bob()), async |api| api.add_member(&"9".into(), &member).await).await;
    assert_eq!(added.unwrap().id.as_str(), "7");
    assert_eq!(
        sent,
        form("POST /v1/sessions/9/members", "userId=2&name=Bob&role=user&avatarUrl=&status=active")
    );
}

#[tokio::test]
async fn a_member_gets_a_role() {
    let change = UpdateMember {
        user_id: Some("2".into()),
        name: Some("Bob".to_owned()),
        role: Some(Role::Admin),
        avatar_url: Some(String::new()),
        status: Some(Status::Active),
    };
    let (member, sent) =
        exchange(ok(bob()), async |api| api.update_member(&"9".into(), &"7".into(), &change).await).await;
    assert_eq!(member.unwrap().unwrap().role, Role::Admin);
    assert_eq!(
        sent,
        form("PUT /v1/sessions/9/members/7", "userId=2&name=Bob&role=admin&avatarUrl=&status=active")
    );
}

#[tokio::test]
async fn a_member_is_removed() {
    let (removed, sent) =
        exchange(ResponseTemplate::new(200), async |api| api.remove_member(&"9".into(), &"7".into()).await)
            .await;
    removed.unwrap();
    assert_eq!(sent, plain("DELETE /v1/sessions/9/members/7"));
}

#[tokio::test]
async fn a_user_is_invited() {
    let member = AddMember {
        user_id: "2".into(),
        name: "Bob".to_owned(),
        role: None,
        avatar_url: String::new(),
        status: None,
    };
    let (invited, sent) =
        exchange(ok(bob()), async |api| api.invite_member(&"9".into(), &member).await).await;
    assert_eq!(invited.unwrap().unwrap().id.as_str(), "7");
    assert_eq!(sent, form("POST /v1/sessions/9/members/invite", "userId=2&name=Bob&avatarUrl="));
}
