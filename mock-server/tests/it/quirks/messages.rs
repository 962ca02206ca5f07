//! Messages and tombstones.

use serde_json::Value;

use super::world::{Person, World, probes};

fn path_of(session: &str, message: &Value) -> String {
    format!("/v1/sessions/{session}/messages/{}", message["id"].as_str().unwrap())
}

async fn post(world: &World, by: &Person, session: &str, sender: &Person, kind: &str, content: &str) -> u16 {
    let form = [("sender", &*sender.uid), ("content", content), ("type", kind)];
    world.post(format!("/v1/sessions/{session}/messages"), &form).by(by).send().await.status
}

/// A group in which bob said something and was removed then.
async fn removed(world: &World) -> (Person, String, Value) {
    let [ann, bob] = world.people(["ann", "bob"]).await;
    let session = world.group(&ann, &[&bob]).await;
    let said = world.say(&bob, &session, "hi").await.body;
    world.kick_out(&session, &ann, &bob).await;
    (bob, session, said)
}

probes! {
    ContentReencoded => |world| {
        let (ann, _, session, _) = world.chat(0).await;
        let content = r#"{ "text": "hi", "a": 1.0 }"#;
        post(&world, &ann, &session, &ann, "text", content).await;
        world.messages(&session).by(&ann).send().await.entries()[0]["content"] != content
    }
    EditByAnyone => |world| {
        let (_, bob, session, stored) = world.chat(1).await;
        world.put(path_of(&session, &stored[0]), &[("content", "{}")]).by(&bob).send().await.status != 403
    }
    EditByRemoved => |world| {
        let (bob, session, said) = removed(&world).await;
        world.put(path_of(&session, &said), &[("content", "{}")]).by(&bob).send().await.status != 403
    }
    EditMovesCreated => |world| {
        let (ann, _, session, stored) = world.chat(1).await;
        let edited = world.put(path_of(&session, &stored[0]), &[("content", "{}")]).by(&ann).send().await;
        edited.body["createdAt"] != stored[0]["createdAt"]
    }
    EditUnstamped => |world| {
        let (ann, bob, session, stored) = world.chat(1).await;
        world.put(path_of(&session, &stored[0]), &[("content", "{}")]).by(&ann).send().await;
        let since = stored[0]["updatedAt"].as_str().unwrap();
        world.messages(&session).by(&bob).since(since).send().await.entries().is_empty()
    }
    IdempotencyKeyShared => |world| {
        let (ann, bob, session, _) = world.chat(0).await;
        let path = format!("/v1/sessions/{session}/messages");
        let mut ids = Vec::new();
        for who in [ann, bob] {
            let form = [("sender", &*who.uid), ("content", "{}"), ("type", "text")];
            let call = world.post(&*path, &form).by(&who).header("idempotency-key", "k");
            ids.push(call.send().await.text_of("id"));
        }
        ids[0] == ids[1]
    }
    MessageLost => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).send().await.entries().is_empty()
    }
    MessageTwice => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).send().await.entries().len() != 1
    }
    PostByRemoved => |world| {
        let (bob, session, _) = removed(&world).await;
        world.say(&bob, &session, "again").await.status != 403
    }
    SenderForged => |world| {
        let (ann, bob, session, _) = world.chat(0).await;
        post(&world, &bob, &session, &ann, "text", "{}").await != 403
    }
    SyncByRemoved => |world| {
        let (bob, session, _) = removed(&world).await;
        world.messages(&session).by(&bob).send().await.status != 403
    }
    TypesClosed => |world| {
        let (ann, _, session, _) = world.chat(0).await;
        post(&world, &ann, &session, &ann, "location", "{}").await != 200
    }

    ContactRemovalMutual => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let id = world.befriend(&ann, &bob).await.text_of("id");
        world.delete(format!("{}/{id}", World::contacts(&ann))).by(&ann).send().await;
        world.get(World::contacts(&bob)).by(&bob).send().await.entries()[0]["isDelete"] != false
    }
    ContactReviveSecond => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let id = world.befriend(&ann, &bob).await.text_of("id");
        world.delete(format!("{}/{id}", World::contacts(&ann))).by(&ann).send().await;
        world.befriend(&ann, &bob).await.text_of("id") != id
    }
    MemberReviveSecond => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let session = world.group(&ann, &[&bob]).await;
        world.kick_out(&session, &ann, &bob).await;
        world.enter(&session, &ann, &bob, "user").await;
        world.members(&session, &ann).await.entries().len() != 2
    }
    TombstonesMissing => |world| {
        let (ann, bob, session, stored) = world.chat(1).await;
        world.delete(path_of(&session, &stored[0])).by(&ann).send().await;
        world.messages(&session).by(&bob).send().await.entries().is_empty()
    }
    TombstonesUnstamped => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let added = world.befriend(&ann, &bob).await;
        let path = World::contacts(&ann);
        world.delete(format!("{path}/{}", added.text_of("id"))).by(&ann).send().await;
        let changed = world.get(path).by(&ann).since(&added.text_of("updatedAt")).send().await;
        changed.entries().is_empty()
    }
}
