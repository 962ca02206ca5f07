//! Sessions.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;
use y2w_sdk::protocol::SessionType;
use y2w_sdk::protocol::rest::{CreateSession, UpdateSession};

use crate::canned::{exchange, ok};
use crate::wire::{form, plain};

fn session(kind: &str) -> Value {
    json!({
        "id": "9", "name": "team", "nameChanged": true, "secureType": "private", "type": kind, "description": "",
        "avatarUrl": "", "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
    })
}

#[tokio::test]
async fn the_session_of_two_users_is_asked_for_by_both() {
    let (p2p, sent) =
        exchange(ok(session("p2p")), async |api| api.p2p_session(&"1".into(), &"2".into()).await).await;
    assert_eq!(p2p.unwrap().kind, SessionType::P2p);
    assert_eq!(sent, plain("GET /v1/sessions/p2p/1/2"));
}

#[tokio::test]
async fn a_users_own_session_is_asked_for() {
    let (single, sent) =
        exchange(ok(session("single")), async |api| api.single_session(&"1".into()).await).await;
    assert_eq!(single.unwrap().kind, SessionType::Single);
    assert_eq!(sent, plain("GET /v1/sessions/single/1"));
}

#[tokio::test]
async fn a_session_is_asked_for_by_its_id() {
    let (group, sent) = exchange(ok(session("group")), async |api| api.session(&"9".into()).await).await;
    assert!(group.unwrap().name_changed);
    assert_eq!(sent, plain("GET /v1/sessions/9"));
}

#[tokio::test]
async fn a_group_is_made() {
    let wanted = CreateSession {
        kind: SessionType::Group,
        name: "team".to_owned(),
        secure_type: "private".to_owned(),
        avatar_url: String::new(),
    };
    let (group, sent) = exchange(ok(session("group")), async |api| api.create_session(&wanted).await).await;
    assert_eq!(group.unwrap().id.as_str(), "9");
    assert_eq!(sent, form("POST /v1/sessions", "type=group&name=team&secureType=private&avatarUrl="));
}

#[tokio::test]
async fn a_session_is_renamed() {
    let change =
        UpdateSession { name: Some("us".to_owned()), name_changed: Some(true), ..UpdateSession::default() };
    let (group, sent) =
        exchange(ok(session("group")), async |api| api.update_session(&"9".into(), &change).await).await;
    assert_eq!(group.unwrap().unwrap().name, "team");
    assert_eq!(sent, form("PUT /v1/sessions/9", "name=us&nameChanged=true"));
}

#[tokio::test]
async fn a_session_is_deleted() {
    let (removed, sent) =
        exchange(ResponseTemplate::new(200), async |api| api.remove_session(&"9".into()).await).await;
    removed.unwrap();
    assert_eq!(sent, plain("DELETE /v1/sessions/9"));
}
