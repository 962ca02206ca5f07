//! The form of answers, and the profile that is mostly made of it.

use serde_json::{Value, json};
use y2w_mock_server::quirks::Profile;

use super::world::{Answer, Person, World, probes};

/// Another's contacts: refused with 403.
async fn forbidden(world: &World) -> Answer {
    let [ann, bob] = world.people(["ann", "bob"]).await;
    let id = world.befriend(&ann, &bob).await.text_of("id");
    world.get(format!("{}/{id}", World::contacts(&ann))).by(&bob).send().await
}

async fn upload(world: &World, by: &Person) -> Answer {
    let form =
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nabc\r\n--b--\r\n";
    let call = world.call("POST", "/v1/attachments").by(by);
    call.header("content-type", "multipart/form-data; boundary=b").body(form).send().await
}

/// A group of ann and bob, and bob's entry.
async fn member(world: &World) -> (Person, String, Value) {
    let [ann, bob] = world.people(["ann", "bob"]).await;
    let session = world.group(&ann, &[&bob]).await;
    let member = world.member(&session, &bob).await;
    (ann, session, member)
}

probes! {
    BusinessErrors500 => |world| {
        world.person("ann").await;
        let form = [("email", "ann"), ("password", "wrong")];
        let refused = world.post("/v1/users/login", &form).send().await;
        refused.status == 500 && refused.body["status"] == 500 && refused.body["message"].is_string()
    }
    ContactAnswerNoStamp => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        world.befriend(&ann, &bob).await.body["updatedAt"].is_null()
    }
    CorsMissingOnErrors => |world| {
        !world.get("/v1/users").send().await.headers.contains_key("access-control-allow-origin")
    }
    DeleteAnswersVary => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let id = world.befriend(&ann, &bob).await.text_of("id");
        world.delete(format!("{}/{id}", World::contacts(&ann))).by(&ann).send().await.text.is_empty()
    }
    EmojiCountWrong => |world| {
        let ann = world.person("ann").await;
        let emojis = world.get("/v1/emojis").by(&ann).send().await;
        emojis.body["total_count"] != emojis.entries().len()
    }
    FileSizeNull => |world| {
        let ann = world.person("ann").await;
        upload(&world, &ann).await.body["size"] != 3
    }
    ForbiddenObject => |world| {
        let refused = forbidden(&world).await;
        refused.status == 403 && refused.body["message"]["status"] == 403
    }
    HistoryAsList => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        !world.history(&session).by(&ann).send().await.body.is_array()
    }
    IdsAsNumbers => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).send().await.entries()[0]["id"].is_number()
    }
    MemberUpdateNeedsAll => |world| {
        let (ann, session, member) = member(&world).await;
        let path = World::member_path(&session, &member);
        world.put(path, &[("name", "rob")]).by(&ann).send().await.status != 200
    }
    MissingToken400 => |world| {
        let malformed = world.get("/v1/users").header("authorization", "nonsense").send().await.status;
        world.get("/v1/users").send().await.status == 400 && malformed == 400
    }
    PreflightNeedsToken => |world| {
        world.call("OPTIONS", "/v1/users").send().await.status != 200
    }
    PutAnswersStale => |world| {
        let (ann, _, session, stored) = world.chat(1).await;
        world.wait(20).await;
        let path = format!("/v1/sessions/{session}/messages/{}", stored[0]["id"].as_str().unwrap());
        let edited = world.put(path, &[("content", "{}")]).by(&ann).send().await;
        let synced = world.messages(&session).by(&ann).send().await;
        edited.body["updatedAt"] != synced.entries()[0]["updatedAt"]
    }
    RefusedWith200 => |world| {
        forbidden(&world).await.status == 200
    }
    SessionUpdatedAtMissing => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).send().await.body["sessionUpdatedAt"].is_null()
    }
    TimesWithoutMillis => |world| {
        let (_, _, _, stored) = world.chat(1).await;
        !stored[0]["createdAt"].as_str().unwrap().contains('.')
    }
    UnknownNull => |world| {
        let ann = world.person("ann").await;
        let unknown = world.get("/v1/users/99").by(&ann).send().await;
        unknown.status == 200 && unknown.text == "null"
    }
    WriteTimesWholeSecond => |world| {
        let (ann, _, session, stored) = world.chat(1).await;
        world.messages(&session).by(&ann).send().await.entries()[0]["updatedAt"] != stored[0]["updatedAt"]
    }
}

#[tokio::test(start_paused = true)]
async fn the_profile_is_like_the_server_of_2016() {
    let quirks: Vec<_> = Profile::Yun2win2016.quirks().iter().collect();
    assert!(quirks.len() > 10);
    assert_eq!(Profile::Strict.quirks().iter().count(), 0);
    let world = World::new(&quirks);
    let [ann, bob] = world.people(["ann", "bob"]).await;
    let taken = [("email", "ann"), ("password", "x"), ("name", "x")];
    let taken = world.post("/v1/users/register", &taken).send().await;
    assert_eq!((taken.status, &taken.body), (500, &json!({"status": 500, "message": "该邮箱已被注册"})));
    assert_eq!(world.get("/v1/users").send().await.body["error"], "invalid_request");
    let wrong = world.get("/v1/users").header("authorization", "Bearer x").send().await;
    assert_eq!((wrong.status, &wrong.body["error"]), (401, &json!("invalid_token")));

    let session = world.p2p(&ann, &bob).await;
    for who in [&ann, &bob] {
        assert_eq!(world.conversation(who).await["unread"], 1);
    }
    world.wait(20).await;
    let stored = world.say(&ann, &session, "hi").await;
    assert!(stored.text_of("updatedAt").ends_with(".000Z"));
    let synced = world.messages(&session).by(&bob).send().await;
    let watermark = synced.entries()[1]["updatedAt"].as_str().unwrap();
    assert!(!watermark.ends_with(".000Z"));
    let again = world.messages(&session).by(&bob).since(watermark).send().await;
    assert_eq!(again.ids(), synced.ids(), "a page can hold nothing but known entries");

    let added = world.befriend(&ann, &bob).await;
    assert_eq!((added.status, &added.body["updatedAt"]), (200, &Value::Null));
    assert_eq!(world.befriend(&ann, &bob).await.status, 500);
    let removed = world.delete(format!("{}/{}", World::contacts(&ann), added.text_of("id"))).by(&ann);
    assert_eq!(removed.send().await.text, "");
    let others = world.get(World::contacts(&bob)).by(&ann).send().await;
    assert_eq!(others.body["message"], json!({"code": 403, "error": "forbidden", "status": 403}));
    assert_eq!(world.get("/v1/sessions/99").by(&ann).send().await.body, Value::Null);
    assert_eq!(world.say(&ann, "99", "x").await.status, 500);
    assert_eq!(upload(&world, &ann).await.body["size"], Value::Null);
}
