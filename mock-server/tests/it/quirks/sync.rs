//! The sync rule.

use serde_json::Value;

use super::world::{Person, World, millis, probes};

/// The texts of the messages that a sync brings, given by their numbers.
async fn page(world: &World, by: &Person, session: &str, query: &str, since: i64) -> Vec<usize> {
    let path = format!("/v1/sessions/{session}/messages{query}");
    let synced = world.get(path).by(by).since(&since.to_string()).send().await;
    let number = |message: &Value| {
        let content: Value = serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
        content["text"].as_str().unwrap().parse().unwrap()
    };
    synced.entries().iter().map(number).collect()
}

probes! {
    LimitIgnored => |world| {
        let (ann, _, session, _) = world.chat(3).await;
        page(&world, &ann, &session, "?limit=2", 0).await.len() > 2
    }
    OffsetIgnored => |world| {
        let (ann, _, session, _) = world.chat(3).await;
        page(&world, &ann, &session, "?offset=1", 0).await != [1, 2]
    }
    PageBorderLost => |world| {
        let (ann, _, session, _) = world.chat(4).await;
        page(&world, &ann, &session, "?limit=2", 0).await != [0, 1]
    }
    PageNewest => |world| {
        let (ann, _, session, _) = world.chat(3).await;
        page(&world, &ann, &session, "?limit=2", 0).await == [1, 2]
    }
    ReplicaBehind => |world| {
        let (ann, _, session, _) = world.chat(2).await;
        page(&world, &ann, &session, "", 0).await != [0, 1]
    }
    SinceAbsentIsNow => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).send().await.entries().is_empty()
    }
    SinceBadAccepted => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).since("yesterday").send().await.status != 400
    }
    SinceDateRefused => |world| {
        let (ann, _, session, _) = world.chat(1).await;
        world.messages(&session).by(&ann).since("2016-11-24T08:00:00.000Z").send().await.status != 200
    }
    SinceIgnored => |world| {
        let (ann, _, session, stored) = world.chat(2).await;
        page(&world, &ann, &session, "", millis(&stored[1]["updatedAt"])).await == [0, 1]
    }
    SinceInclusive => |world| {
        let (ann, _, session, stored) = world.chat(2).await;
        page(&world, &ann, &session, "", millis(&stored[1]["updatedAt"])).await == [1]
    }
    SinceInSeconds => |world| {
        let (ann, _, session, stored) = world.chat(2).await;
        page(&world, &ann, &session, "", millis(&stored[0]["updatedAt"])).await.is_empty()
    }
    SinceWholeSecond => |world| {
        let (ann, _, session, stored) = world.chat(2).await;
        page(&world, &ann, &session, "", millis(&stored[1]["updatedAt"])).await == [0, 1]
    }
    SinceWholeSecondUsers => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let since = bob.login["updatedAt"].as_str().unwrap();
        !world.get("/v1/users").by(&ann).since(since).send().await.entries().is_empty()
    }
    StampsCoarse => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let session = world.p2p(&ann, &bob).await;
        world.wait(20).await;
        world.say(&ann, &session, "0").await;
        let known = world.messages(&session).by(&bob).send().await;
        world.say(&ann, &session, "1").await;
        page(&world, &bob, &session, "", millis(&known.entries()[0]["updatedAt"])).await.is_empty()
    }
    StampsWholeSecond => |world| {
        let (ann, bob, session, _) = world.chat(1).await;
        let known = world.messages(&session).by(&bob).send().await;
        world.wait(20).await;
        world.say(&ann, &session, "1").await;
        page(&world, &bob, &session, "", millis(&known.entries()[0]["updatedAt"])).await.is_empty()
    }
    SyncNewestFirst => |world| {
        let (ann, _, session, _) = world.chat(2).await;
        page(&world, &ann, &session, "", 0).await == [1, 0]
    }
    TotalOfPage => |world| {
        let (ann, _, session, _) = world.chat(3).await;
        let path = format!("/v1/sessions/{session}/messages?limit=2");
        world.get(path).by(&ann).send().await.body["total_count"] != 3
    }
    WatermarkAhead => |world| {
        let (ann, _, session, _) = world.chat(3).await;
        let path = format!("/v1/sessions/{session}/messages?limit=2");
        let first = world.get(path).by(&ann).send().await;
        page(&world, &ann, &session, "", millis(&first.entries()[1]["updatedAt"])).await.is_empty()
    }
}
