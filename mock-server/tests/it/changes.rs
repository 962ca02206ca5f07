//! Changes of what is there, as raw HTTP.

use serde_json::json;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::entity::Status;

use crate::support::{Api, Person, group, server};

#[tokio::test]
async fn a_user_changes_their_record_and_password() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let path = format!("/v1/users/{}", ann.uid);
    let form = [("name", "Ann Lee"), ("jobTitle", "smith")];
    api.put(&path, &form).by(&bob).send().await.refused(403);
    let changed = api.put(&path, &form).by(&ann).send().await.ok();
    assert_eq!((&changed["name"], &changed["jobTitle"]), (&json!("Ann Lee"), &json!("smith")));
    assert_eq!(api.get(&path).by(&bob).send().await.ok(), changed);

    let (old, new) = (password_md5("ann"), password_md5("new"));
    let set = async |old: &str, new: &str| {
        let form = [("oldPassword", old), ("password", new)];
        api.post("/v1/users/setPassword", &form).by(&ann).send().await
    };
    set(&new, &new).await.refused(400);
    set(&old, "").await.refused(400);
    assert_eq!(set(&old, &new).await.ok(), json!({"success": true}));
    set(&old, &new).await.refused(400);
    let login = async |password: &str| {
        api.post("/v1/users/login", &[("email", "ann@example.org"), ("password", password)]).send().await
    };
    login(&old).await.refused(400);
    login(&new).await.ok();
    api.post("/v1/users/setPassword", &[]).send().await.refused(401);
}

#[tokio::test]
async fn who_is_barred_or_gone_does_not_come_in() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    assert!(server.set_user_status(&ann.uid.as_str().into(), Status::Inactive));
    let path = format!("/v1/users/{}", ann.uid);
    api.get(&path).by(&ann).send().await.refused(401);
    let password = password_md5("ann");
    let form = [("email", "ann@example.org"), ("password", &*password)];
    api.post("/v1/users/login", &form).send().await.refused(400);
    assert!(server.set_user_status(&ann.uid.as_str().into(), Status::Active));
    api.post("/v1/users/login", &form).send().await.ok();
    assert!(!server.set_user_status(&"99".into(), Status::Active));

    let path = format!("/v1/users/{}", bob.uid);
    assert_eq!(api.call("DELETE", &path).by(&bob).send().await.ok()["status"], "inactive");
    api.get(&path).by(&bob).send().await.refused(401);
    let again = api.register("bob").await;
    api.get(&path).by(&again).send().await.refused(404);
}

#[tokio::test]
async fn a_session_with_oneself() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let path = format!("/v1/sessions/single/{}", ann.uid);
    api.get(&path).by(&bob).send().await.refused(403);
    let session = api.get(&path).by(&ann).send().await.ok();
    assert_eq!(session["type"], "single");
    assert_eq!(api.get(&path).by(&ann).send().await.ok(), session);
    let session = session["id"].as_str().unwrap();
    let members = api.get(&format!("/v1/sessions/{session}/members")).by(&ann).send().await.ok();
    assert_eq!((&members["total_count"], &members["entries"][0]["userId"]), (&json!(1), &json!(ann.uid)));
    api.send_text(&ann, session, "note").await;
}

/// The id of somebody's entry in a session.
async fn member_of(api: &Api, session: &str, by: &Person, who: &Person) -> String {
    let members = api.get(&format!("/v1/sessions/{session}/members")).by(by).send().await.ok();
    let entries = members["entries"].as_array().unwrap();
    entries.iter().find(|member| member["userId"] == *who.uid).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_group_is_renamed_and_filled_by_invitation_and_ended() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob, eve) = (api.register("ann").await, api.register("bob").await, api.register("eve").await);
    let session = group(&api, &ann, &[]).await;
    let path = format!("/v1/sessions/{session}");
    let form = [("userId", &*bob.uid), ("name", "bob"), ("role", "admin"), ("status", "inactive")];
    let invited = api.post(&format!("{path}/members/invite"), &form).by(&ann).send().await.ok();
    assert_eq!((&invited["role"], &invited["status"]), (&json!("user"), &json!("active")));
    let form = [("userId", &*eve.uid), ("name", "eve")];
    api.post(&format!("{path}/members/invite"), &form).by(&eve).send().await.refused(403);

    let form =
        [("name", "Friends"), ("nameChanged", "true"), ("secureType", "private"), ("description", "x")];
    api.put(&path, &form).by(&eve).send().await.refused(403);
    let renamed = api.put(&path, &form).by(&bob).send().await.ok();
    let golden = json!({
        "id": session, "name": "Friends", "nameChanged": true, "secureType": "private", "type": "group",
        "description": "x", "avatarUrl": "", "createdAt": renamed["createdAt"], "updatedAt": renamed["updatedAt"],
    });
    assert_eq!(renamed, golden);
    api.put(&path, &[("nameChanged", "perhaps")]).by(&bob).send().await.refused(400);

    api.call("DELETE", &path).by(&bob).send().await.refused(403);
    api.call("DELETE", &path).by(&ann).send().await.ok();
    api.get(&format!("{path}/messages")).by(&bob).send().await.refused(403);
    let members = api.get(&format!("{path}/members")).by(&bob).send().await.ok();
    assert!(members["entries"].as_array().unwrap().iter().all(|member| member["isDelete"] == true));
}

#[tokio::test]
async fn a_member_is_changed_with_all_of_its_fields() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = group(&api, &ann, &[&bob]).await;
    let entry = member_of(&api, &session, &ann, &bob).await;
    let entry = format!("/v1/sessions/{session}/members/{entry}");
    let before = api.get(&entry).by(&ann).send().await.ok();
    let form = |role, name| {
        [("userId", &*bob.uid), ("name", name), ("role", role), ("avatarUrl", ""), ("status", "active")]
    };
    api.put(&entry, &form("admin", "bob")).by(&bob).send().await.refused(403);
    let renamed = api.put(&entry, &form("user", "Bobby")).by(&bob).send().await.ok();
    assert_eq!((&renamed["name"], &renamed["pinyin"]), (&json!("Bobby"), &json!(["bobby"])));
    assert_eq!(renamed["createdAt"], before["createdAt"]);
    let promoted = api.put(&entry, &form("admin", "Bobby")).by(&ann).send().await.ok();
    assert_eq!(promoted["role"], "admin");
    assert_ne!(promoted["createdAt"], before["createdAt"]);
    api.put(&entry, &form("emperor", "Bobby")).by(&ann).send().await.refused(400);
    api.put(&format!("/v1/sessions/{session}/members/77"), &[]).by(&ann).send().await.refused(404);
}

#[tokio::test]
async fn a_message_is_recalled_and_deleted() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = api.p2p(&ann, &bob).await;
    let messages = format!("/v1/sessions/{session}/messages");
    let sent = api.send_text(&ann, &session, "oops").await;
    let entry = format!("{messages}/{}", sent["id"].as_str().unwrap());
    let form = [("sender", &*ann.uid), ("type", "system"), ("content", r#"{"text":"recalled"}"#)];
    api.put(&entry, &form).by(&bob).send().await.refused(403);
    let recalled = api.put(&entry, &form).by(&ann).send().await.ok();
    assert_eq!((&recalled["type"], &recalled["createdAt"]), (&json!("system"), &sent["createdAt"]));
    let since = sent["updatedAt"].as_str().unwrap();
    let synced = api.get(&messages).by(&bob).since(since).send().await.ok();
    assert_eq!(synced["entries"], json!([recalled]));
    let conversations = format!("/v1/users/{}/userConversations", bob.uid);
    let list = api.get(&conversations).by(&bob).send().await.ok();
    assert_eq!(list["entries"][0]["lastMessage"]["content"], r#"{"text":"recalled"}"#);
    api.call("DELETE", &entry).by(&bob).send().await.refused(403);
    let deleted = api.call("DELETE", &entry).by(&ann).send().await.ok();
    assert_eq!(deleted["isDelete"], true);
    api.put(&entry, &form).by(&ann).send().await.refused(404);
    api.put(&format!("{messages}/77"), &form).by(&ann).send().await.refused(404);
}

#[tokio::test]
async fn a_conversation_is_pinned_read_removed_and_back() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = api.p2p(&ann, &bob).await;
    api.send_text(&ann, &session, "hi").await;
    let path = format!("/v1/users/{}/userConversations", bob.uid);
    let list = api.get(&path).by(&bob).send().await.ok();
    let known = list["entries"][0].clone();
    let entry = format!("{path}/{}", known["id"].as_str().unwrap());
    let form = [("targetId", &*ann.uid), ("name", "ann"), ("type", "p2p"), ("top", "1")];
    let unread = format!("{entry}/unread");
    for call in [api.get(&entry), api.put(&entry, &form), api.put(&unread, &[]), api.call("DELETE", &entry)] {
        call.by(&ann).send().await.refused(403);
    }
    let pinned = api.put(&entry, &form).by(&bob).send().await.ok();
    let golden = json!({
        "id": known["id"], "targetId": ann.uid, "name": "ann", "type": "p2p", "top": true, "visiable": true,
        "unread": 2, "lastMessage": {"sender": ann.uid, "type": "text", "content": r#"{"text":"hi"}"#},
        "avatarUrl": "", "isDelete": false, "createdAt": known["createdAt"], "updatedAt": pinned["updatedAt"],
    });
    assert_eq!(pinned, golden);
    api.put(&entry, &form[..1]).by(&bob).send().await.refused(400);
    let read = api.put(&unread, &[]).by(&bob).send().await.ok();
    assert_eq!(read["unread"], 0);
    assert_eq!(api.get(&entry).by(&bob).send().await.ok(), read);
    let removed = api.call("DELETE", &entry).by(&bob).send().await.ok();
    assert_eq!(removed["isDelete"], true);
    api.send_text(&ann, &session, "still there?").await;
    let back = api.get(&entry).by(&bob).send().await.ok();
    assert_eq!((&back["isDelete"], &back["unread"], &back["top"]), (&json!(false), &json!(1), &json!(true)));
    api.get(&format!("{path}/77")).by(&bob).send().await.refused(404);
}

#[tokio::test]
async fn what_the_server_wrote_nobody_changes() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = group(&api, &ann, &[&bob]).await;
    let messages = format!("/v1/sessions/{session}/messages");
    let all = api.get(&messages).by(&ann).send().await.ok();
    for entry in all["entries"].as_array().unwrap() {
        assert_eq!((&entry["type"], &entry["sender"]), (&json!("system"), &json!(ann.uid)));
        let path = format!("{messages}/{}", entry["id"].as_str().unwrap());
        api.put(&path, &[("content", "{}")]).by(&ann).send().await.refused(403);
        api.call("DELETE", &path).by(&ann).send().await.refused(403);
    }
    assert_eq!(api.get(&messages).by(&ann).send().await.ok(), all);
}
