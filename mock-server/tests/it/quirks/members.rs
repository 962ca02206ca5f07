//! Sessions and their members, the two clocks, and who may do what.

use serde_json::Value;

use super::world::{Person, World, probes};

/// A group of ann as master, bob and cat.
async fn three(world: &World) -> (Person, Person, Person, String) {
    let [ann, bob, cat] = world.people(["ann", "bob", "cat"]).await;
    let session = world.group(&ann, &[&bob, &cat]).await;
    (ann, bob, cat, session)
}

/// Somebody changes a member's entry; what it was before and what it is then.
async fn changed(
    world: &World,
    session: &str,
    by: &Person,
    who: &Person,
    form: &[(&str, &str)],
) -> [Value; 2] {
    let before = world.member(session, who).await;
    world.put(World::member_path(session, &before), form).by(by).send().await;
    [before, world.member(session, who).await]
}

async fn session(world: &World, session: &str, by: &Person) -> Value {
    world.get(format!("/v1/sessions/{session}")).by(by).send().await.body
}

probes! {
    CreatorJoins => |world| {
        let ann = world.person("ann").await;
        let form = [("type", "group"), ("name", "x"), ("secureType", "public"), ("avatarUrl", "")];
        let session = world.post("/v1/sessions", &form).by(&ann).send().await.text_of("id");
        !world.members(&session, &ann).await.entries().is_empty()
    }
    MasterLeavesNone => |world| {
        let (ann, bob, _, session) = three(&world).await;
        world.kick_out(&session, &ann, &ann).await;
        let members = world.members(&session, &bob).await;
        let is_master = |member: &Value| member["role"] == "master" && member["isDelete"] == false;
        !members.entries().iter().any(is_master)
    }
    MasterPassedKept => |world| {
        let (ann, bob, _, session) = three(&world).await;
        changed(&world, &session, &ann, &bob, &[("role", "master")]).await;
        world.member(&session, &ann).await["role"] == "master"
    }
    MtsKeptOnRemoval => |world| {
        let (ann, bob, _, session) = three(&world).await;
        let before = world.member(&session, &bob).await;
        world.kick_out(&session, &ann, &bob).await;
        world.member(&session, &bob).await["createdAt"] == before["createdAt"]
    }
    MtsKeptOnRevive => |world| {
        let (ann, bob, _, session) = three(&world).await;
        world.kick_out(&session, &ann, &bob).await;
        let before = world.member(&session, &bob).await;
        world.enter(&session, &ann, &bob, "user").await;
        world.member(&session, &bob).await["createdAt"] == before["createdAt"]
    }
    MtsKeptOnRole => |world| {
        let (ann, bob, _, session) = three(&world).await;
        let [before, after] = changed(&world, &session, &ann, &bob, &[("role", "admin")]).await;
        before["createdAt"] == after["createdAt"]
    }
    MtsMovesOnReAdd => |world| {
        let (ann, bob, _, session) = three(&world).await;
        let before = world.member(&session, &bob).await;
        world.enter(&session, &ann, &bob, "user").await;
        world.member(&session, &bob).await["createdAt"] != before["createdAt"]
    }
    MtsMovesOnRename => |world| {
        let (ann, bob, _, session) = three(&world).await;
        let [before, after] = changed(&world, &session, &ann, &bob, &[("name", "rob")]).await;
        before["createdAt"] != after["createdAt"]
    }
    NameKeptOverwritten => |world| {
        let (ann, bob, _, id) = three(&world).await;
        world.put(format!("/v1/sessions/{id}"), &[("name", "team")]).by(&ann).send().await;
        world.kick_out(&id, &ann, &bob).await;
        session(&world, &id, &ann).await["name"] != "team"
    }
    P2pPerDirection => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        world.p2p(&ann, &bob).await != world.p2p(&bob, &ann).await
    }
    P2pRace => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        world.p2p(&ann, &bob).await != world.p2p(&bob, &ann).await
    }
    RenameUnstamped => |world| {
        let (ann, bob, _, session) = three(&world).await;
        let [before, after] = changed(&world, &session, &ann, &bob, &[("name", "rob")]).await;
        after["name"] == "rob" && before["updatedAt"] == after["updatedAt"]
    }
    SessionStampStill => |world| {
        let (ann, bob, _, id) = three(&world).await;
        let before = session(&world, &id, &ann).await;
        world.kick_out(&id, &ann, &bob).await;
        session(&world, &id, &ann).await["updatedAt"] == before["updatedAt"]
    }
    SinglePerCall => |world| {
        let ann = world.person("ann").await;
        let path = format!("/v1/sessions/single/{}", ann.uid);
        let first = world.get(&*path).by(&ann).send().await.text_of("id");
        world.get(path).by(&ann).send().await.text_of("id") != first
    }

    AnyMemberRemoves => |world| {
        let (_, bob, cat, session) = three(&world).await;
        world.kick_out(&session, &bob, &cat).await.status != 403
    }
    ContactsOfOthers => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        world.get(World::contacts(&ann)).by(&bob).send().await.status != 403
    }
    MasterRemovable => |world| {
        let (ann, bob, _, session) = three(&world).await;
        changed(&world, &session, &ann, &bob, &[("role", "admin")]).await;
        world.kick_out(&session, &bob, &ann).await.status != 403
    }
    MembersListPublic => |world| {
        let (_, _, _, session) = three(&world).await;
        let dan = world.person("dan").await;
        world.members(&session, &dan).await.status != 403
    }
    OutsiderAdds => |world| {
        let (_, _, _, session) = three(&world).await;
        let dan = world.person("dan").await;
        world.enter(&session, &dan, &dan, "user").await.status != 403
    }
    OwnStatusChanges => |world| {
        let (_, bob, _, session) = three(&world).await;
        let entry = world.member(&session, &bob).await;
        let call = world.put(World::member_path(&session, &entry), &[("status", "inactive")]);
        call.by(&bob).send().await.status != 403
    }
    P2pByThird => |world| {
        let (ann, bob, cat, _) = three(&world).await;
        let path = format!("/v1/sessions/p2p/{}/{}", ann.uid, bob.uid);
        world.get(path).by(&cat).send().await.status != 403
    }
    SessionDeletedByAny => |world| {
        let (_, bob, _, session) = three(&world).await;
        world.delete(format!("/v1/sessions/{session}")).by(&bob).send().await.status != 403
    }
    SessionUpdatedByAny => |world| {
        let (_, _, _, session) = three(&world).await;
        let dan = world.person("dan").await;
        let call = world.put(format!("/v1/sessions/{session}"), &[("name", "mine")]);
        call.by(&dan).send().await.status != 403
    }
    UserGivesRoles => |world| {
        let (_, bob, _, session) = three(&world).await;
        let dan = world.person("dan").await;
        world.enter(&session, &bob, &dan, "admin").await.status != 403
    }
    UserUpdatedByOthers => |world| {
        let [ann, bob] = world.people(["ann", "bob"]).await;
        let call = world.put(format!("/v1/users/{}", ann.uid), &[("name", "x")]);
        call.by(&bob).send().await.status != 403
    }
}
