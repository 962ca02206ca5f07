//! History.

use serde_json::Value;

use super::world::{World, probes};

/// The ids of a session's messages, oldest first.
fn ids(stored: &[Value]) -> Vec<&str> {
    stored.iter().map(|message| message["id"].as_str().unwrap()).collect()
}

/// A group of three in which a message was said before bob was removed, and one after.
async fn removed(world: &World) -> (super::world::Person, String) {
    let [ann, bob] = world.people(["ann", "bob"]).await;
    let session = world.group(&ann, &[&bob]).await;
    world.say(&ann, &session, "before").await;
    world.kick_out(&session, &ann, &bob).await;
    world.say(&ann, &session, "after").await;
    (bob, session)
}

probes! {
    HistoryAfterRemoval => |world| {
        let (bob, session) = removed(&world).await;
        world.history(&session).by(&bob).send().await.text.contains("after")
    }
    HistoryByUpdate => |world| {
        let (ann, _, session, stored) = world.chat(2).await;
        let path = format!("/v1/sessions/{session}/messages/{}", ids(&stored)[0]);
        world.put(path, &[("content", "{}")]).by(&ann).send().await;
        world.history(&session).by(&ann).send().await.ids()[0] != ids(&stored)[1]
    }
    HistoryForOutsiders => |world| {
        let (_, _, session, _) = world.chat(1).await;
        let cat = world.person("cat").await;
        world.history(&session).by(&cat).send().await.status != 403
    }
    HistoryMarksRead => |world| {
        let (_, bob, session, _) = world.chat(1).await;
        world.history(&session).by(&bob).send().await;
        world.conversation(&bob).await["unread"] != 1
    }
    HistoryOldestFirst => |world| {
        let (ann, _, session, stored) = world.chat(2).await;
        world.history(&session).by(&ann).send().await.ids()[0] != ids(&stored)[1]
    }
    HistoryPageShort => |world| {
        let (ann, _, session, _) = world.chat(3).await;
        let path = format!("/v1/sessions/{session}/messages/history?limit=2");
        world.get(path).by(&ann).send().await.ids().len() != 2
    }
    HistoryRefusesRemoved => |world| {
        let (bob, session) = removed(&world).await;
        world.history(&session).by(&bob).send().await.status != 200
    }
    HistorySkipsOne => |world| {
        let (ann, _, session, stored) = world.chat(3).await;
        let page = world.history(&session).by(&ann).since(stored[2]["createdAt"].as_str().unwrap()).send().await;
        !page.ids().contains(&ids(&stored)[1])
    }
    HistoryWithoutBoundary => |world| {
        let (ann, _, session, stored) = world.chat(3).await;
        let page = world.history(&session).by(&ann).since(stored[2]["createdAt"].as_str().unwrap()).send().await;
        !page.ids().contains(&ids(&stored)[2])
    }
}
