//! Conversations, unread.

use serde_json::Value;

use super::world::{Person, World, probes};

fn path_of(who: &Person, conversation: &Value) -> String {
    format!("/v1/users/{}/userConversations/{}", who.uid, conversation["id"].as_str().unwrap())
}

/// Bob deletes his conversation, then a message comes: his list.
async fn returned(world: &World) -> Vec<Value> {
    let (ann, bob, session, _) = world.chat(1).await;
    let conversation = world.conversation(&bob).await;
    world.delete(path_of(&bob, &conversation)).by(&bob).send().await;
    world.say(&ann, &session, "again").await;
    world.conversations(&bob).await.entries().to_vec()
}

probes! {
    ClearUnreadUnstamped => |world| {
        let (_, bob, _, _) = world.chat(1).await;
        let before = world.conversation(&bob).await;
        world.put(format!("{}/unread", path_of(&bob, &before)), &[]).by(&bob).send().await;
        world.conversation(&bob).await["updatedAt"] == before["updatedAt"]
    }
    ConversationStaysDeleted => |world| {
        returned(&world).await[0]["isDelete"] != false
    }
    LastMessageEditIgnored => |world| {
        let (ann, bob, session, stored) = world.chat(1).await;
        let path = format!("/v1/sessions/{session}/messages/{}", stored[0]["id"].as_str().unwrap());
        world.put(path, &[("content", "{}")]).by(&ann).send().await;
        world.conversation(&bob).await["lastMessage"]["content"] != "{}"
    }
    LastMessageStale => |world| {
        let (_, bob, _, stored) = world.chat(2).await;
        world.conversation(&bob).await["lastMessage"]["content"] != stored[1]["content"]
    }
    P2pSilent => |world| {
        let (_, bob, _, _) = world.chat(0).await;
        world.conversations(&bob).await.entries().is_empty()
    }
    P2pTargetIsSession => |world| {
        let people = world.people(["zoe", "kim"]).await;
        world.group(&people[0], &[]).await;
        let (ann, bob, _, _) = world.chat(1).await;
        world.conversation(&bob).await["targetId"] != ann.uid
    }
    SecondConversation => |world| {
        returned(&world).await.len() != 1
    }
    SenderWithoutConversation => |world| {
        let (ann, _, _, _) = world.chat(1).await;
        world.conversations(&ann).await.entries().is_empty()
    }
    SyncKeepsUnread => |world| {
        let (_, bob, session, _) = world.chat(1).await;
        world.messages(&session).by(&bob).send().await;
        world.conversation(&bob).await["unread"] != 0
    }
    UnreadCountsSender => |world| {
        let (ann, _, _, _) = world.chat(1).await;
        world.conversation(&ann).await["unread"] != 0
    }
    UnreadMissesSystem => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        world.group(&ann, &[&bob]).await;
        world.conversation(&bob).await["unread"] == 0
    }
    UnreadStopsAt1 => |world| {
        let (_, bob, _, _) = world.chat(2).await;
        world.conversation(&bob).await["unread"] == 1
    }
}
