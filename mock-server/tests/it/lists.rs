//! What users own, as raw HTTP: contacts and favourite groups.

use serde_json::json;

use crate::support::{Api, group, server};

#[tokio::test]
async fn a_contact_is_added_titled_removed_and_added_again() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let path = format!("/v1/users/{}/contacts", ann.uid);
    let form = [("userId", &*bob.uid), ("name", "bob")];
    let added = api.post(&path, &form).by(&ann).send().await.ok();
    let stamp = &added["createdAt"];
    assert!(stamp.is_string());
    let golden = json!({
        "id": "2", "userId": bob.uid, "name": "bob", "pinyin": ["bob"], "title": "", "titlePinyin": [], "remark": "",
        "email": "bob@example.org", "avatarUrl": "", "isDelete": false, "createdAt": stamp, "updatedAt": stamp,
    });
    assert_eq!(added, golden);
    api.post(&path, &form).by(&ann).send().await.refused(400);
    api.post(&path, &form[..1]).by(&ann).send().await.refused(400);
    api.post(&path, &form).by(&bob).send().await.refused(403);
    let of_bob = format!("/v1/users/{}/contacts", bob.uid);
    let mutual = api.get(&of_bob).by(&bob).send().await.ok();
    assert_eq!((&mutual["entries"][0]["userId"], &mutual["total_count"]), (&json!(ann.uid), &json!(1)));

    let entry = format!("{path}/{}", added["id"].as_str().unwrap());
    let form = [("userId", &*bob.uid), ("name", "bob"), ("title", "老鲍"), ("remark", ""), ("avatarUrl", "")];
    let titled = api.put(&entry, &form).by(&ann).send().await.ok();
    assert_eq!((&titled["title"], &titled["createdAt"]), (&json!("老鲍"), stamp));
    assert_eq!(titled["titlePinyin"], json!(["lao", "bao"]));
    assert_eq!(api.get(&entry).by(&ann).send().await.ok(), titled);
    api.get(&entry).by(&bob).send().await.refused(403);
    api.get(&format!("{path}/77")).by(&ann).send().await.refused(404);
    let removed = api.call("DELETE", &entry).by(&ann).send().await.ok();
    let since = titled["updatedAt"].as_str().unwrap();
    let changed = api.get(&path).by(&ann).since(since).send().await.ok();
    assert_eq!(changed, json!({"total_count": 1, "entries": [removed]}));
    assert_eq!(removed["isDelete"], true);
    let form = [("userId", &*bob.uid), ("name", "bob")];
    let back = api.post(&path, &form).by(&ann).send().await.ok();
    assert_eq!((&back["id"], &back["isDelete"]), (&added["id"], &json!(false)));
}

#[tokio::test]
async fn a_group_is_a_favourite_until_it_is_taken_off() {
    let server = server().await;
    let api = Api::of(&server);
    let (ann, bob) = (api.register("ann").await, api.register("bob").await);
    let session = group(&api, &ann, &[&bob]).await;
    let path = format!("/v1/users/{}/userSessions", ann.uid);
    let form = [("sessionId", &*session), ("name", "team"), ("avatarUrl", "")];
    let added = api.post(&path, &form).by(&ann).send().await.ok();
    let stamp = &added["createdAt"];
    let golden = json!({
        "id": "1", "sessionId": session, "name": "team", "avatarUrl": "", "isDelete": false,
        "createdAt": stamp, "updatedAt": stamp,
    });
    assert_eq!(added, golden);
    assert_eq!(api.post(&path, &form).by(&ann).send().await.ok(), golden, "once, however often");
    let entry = format!("{path}/1");
    let renamed = api.put(&entry, &[("name", "mine")]).by(&ann).send().await.ok();
    assert_eq!(renamed["name"], "mine");
    assert_eq!(api.get(&entry).by(&ann).send().await.ok(), renamed);
    for call in [api.get(&path), api.get(&entry), api.put(&entry, &[]), api.call("DELETE", &entry)] {
        call.by(&bob).send().await.refused(403);
    }
    let removed = api.call("DELETE", &entry).by(&ann).send().await.ok();
    assert_eq!(removed["isDelete"], true);
    api.get(&format!("/v1/sessions/{session}/messages")).by(&ann).send().await.ok();
    let all = api.get(&path).by(&ann).send().await.ok();
    assert_eq!(all, json!({"total_count": 1, "entries": [removed]}));
}
