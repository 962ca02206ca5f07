//! Sessions and their members.

use y2w_sdk::protocol::push::DeviceClass;
use y2w_sdk::protocol::rest::{AddMember, UpdateMember, UpdateSession};
use y2w_sdk::protocol::{Role, SessionType, Status};
use y2w_sdk::{Event, LoginOptions};

use crate::world::{World, all_settled, group, p2p, texts, within};

#[tokio::test(start_paused = true)]
async fn both_sides_of_a_p2p_session_get_the_same_one_with_its_members() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    assert_eq!(session.id, p2p(&bob, &ann).await.id);
    assert_eq!(session.members().list().len(), 2);
    assert_eq!(session.members().p2p_other_side().unwrap().user_id, *bob.id());
    assert!(session.members().mts().is_some());
    world.requests();
    assert_eq!(p2p(&ann, &bob).await.id, session.id);
    assert_eq!(world.requests(), [], "what is known is not fetched again");
    assert_eq!(ann.sessions().list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_group_is_there_for_its_members_at_once() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    assert_eq!(team.members().get(ann.id()).unwrap().role, Role::Master);
    let seen = bob.sessions().by_id(&team.id).expect("the notice has brought it");
    assert_eq!((seen.name.as_str(), seen.members().list().len()), ("team", 2));
    assert!(bob.user_conversations().get(&SessionType::Group, team.id.as_str()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_group_without_a_name_is_named_after_its_members_until_somebody_names_it() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "").await;
    let name = || ann.sessions().by_id(&team.id).unwrap().name.clone();
    assert_eq!(name(), "ann,bob");
    team.rename("the team").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    assert_eq!(name(), "the team");
    let seen = bob.sessions().by_id(&team.id).unwrap();
    assert_eq!((seen.name.as_str(), seen.name_changed), ("the team", true));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_added_sees_the_group_and_what_is_sent_from_then_on() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let team = group(&[&ann, &bob], "team").await;
    let add = AddMember {
        user_id: cid.id().clone(),
        name: "cid".to_owned(),
        role: Some(Role::User),
        avatar_url: String::new(),
        status: Some(Status::Active),
    };
    assert_eq!(team.members().add(&add).await.unwrap().user_id, *cid.id());
    all_settled(&[&ann, &bob, &cid]).await;
    bob.send_text(team.id.as_str(), &SessionType::Group, "welcome").await.unwrap();
    all_settled(&[&ann, &bob, &cid]).await;
    for user in [&ann, &bob, &cid] {
        assert_eq!(texts(user, &team), ["welcome"]);
    }
}

#[tokio::test(start_paused = true)]
async fn members_are_invited_and_several_are_added_at_once() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let (cid, dan) = (world.user("cid").await, world.user("dan").await);
    let team = group(&[&ann, &bob], "team").await;
    bob.sessions().by_id(&team.id).unwrap().members().invite(&cid.me()).await.unwrap();
    team.members().add_users(&[(*dan.me()).clone()]).await.unwrap();
    all_settled(&[&ann, &bob, &cid, &dan]).await;
    for user in [&ann, &bob, &cid, &dan] {
        assert_eq!(user.sessions().by_id(&team.id).unwrap().members().list().len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_becomes_an_admin_and_may_then_remove_others() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let team = group(&[&ann, &bob, &cid], "team").await;
    let by_bob = || bob.sessions().by_id(&team.id).unwrap().members();
    let cids = by_bob().get(cid.id()).unwrap().id.clone();
    assert_eq!(by_bob().remove(&cids).await.unwrap_err().status(), Some(403));
    let member = team.members().get(bob.id()).unwrap();
    let change = UpdateMember { role: Some(Role::Admin), ..member.as_update() };
    team.members().update(&member.id, &change).await.unwrap();
    all_settled(&[&ann, &bob, &cid]).await;
    assert_eq!(by_bob().get(bob.id()).unwrap().role, Role::Admin);
    by_bob().remove(&cids).await.unwrap();
    assert!(by_bob().get(cid.id()).is_none());
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_is_told_and_gets_nothing_more() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let team = group(&[&ann, &bob, &cid], "team").await;
    let mut events = cid.events();
    let cids = team.members().get(cid.id()).unwrap().id.clone();
    team.members().remove(&cids).await.unwrap();
    let removed = |event: &Event| match event {
        Event::Removed { session } => Some(session.clone()),
        _ => None,
    };
    assert_eq!(within(events.wait_for(removed)).await, Some(team.im_id()));
    ann.send_text(team.id.as_str(), &SessionType::Group, "without cid").await.unwrap();
    all_settled(&[&ann, &bob, &cid]).await;
    assert_eq!(texts(&bob, &team), ["without cid"]);
    assert!(cid.sessions().by_id(&team.id).is_none_or(|s| texts(&cid, &s).is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_member_leaves() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let by_bob = bob.sessions().by_id(&team.id).unwrap();
    let own = by_bob.members().get(bob.id()).unwrap().id.clone();
    by_bob.members().remove(&own).await.unwrap();
    team.members().sync().await.unwrap();
    assert!(team.members().get(bob.id()).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_single_session_joins_the_users_own_devices() {
    let world = World::new();
    let web = world.user("ann").await;
    let phone = world.login("ann", LoginOptions::default().device(DeviceClass::Mobile).seed(2)).await;
    let session = web.sessions().single().await.unwrap();
    assert_eq!(phone.sessions().single().await.unwrap().id, session.id);
    assert_eq!(web.sessions().target_id(&session.id).as_deref(), Some(web.id().as_str()));
    web.send_text(web.id().as_str(), &SessionType::Single, "note to self").await.unwrap();
    all_settled(&[&web, &phone]).await;
    assert_eq!(texts(&phone, &session), ["note to self"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_session_is_forgotten() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let id = team.id.clone();
    ann.sessions().remove(&team).await.unwrap();
    assert!(ann.sessions().by_id(&id).is_none());
    assert!(ann.user_conversations().get(&SessionType::Group, id.as_str()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_is_fetched_again_on_request() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    world.requests();
    assert_eq!(ann.sessions().sync(team.id.as_str(), &SessionType::Group).await.unwrap().id, team.id);
    team.sync().await.unwrap();
    assert!(world.requests().iter().filter(|r| r.path.ends_with("/members")).count() >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_made_without_members_and_its_maker_adds_itself_as_the_master() {
    let world = World::new();
    let ann = world.user("ann").await;
    let team = ann.sessions().add(SessionType::Group, "team", "private", "").await.unwrap();
    assert_eq!(
        (team.name.as_str(), team.secure_type.as_str(), team.members().list().len()),
        ("team", "private", 0)
    );
    let me = AddMember {
        user_id: ann.id().clone(),
        name: "ann".to_owned(),
        role: Some(Role::Master),
        avatar_url: String::new(),
        status: Some(Status::Active),
    };
    assert_eq!(team.members().add(&me).await.unwrap().role, Role::Master);
    ann.send_text(team.id.as_str(), &SessionType::Group, "first").await.unwrap();
    all_settled(&[&ann]).await;
    assert_eq!(texts(&ann, &team), ["first"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_member_changes_of_a_session_is_seen_by_the_others() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let change = UpdateSession {
        secure_type: Some("public".to_owned()),
        description: Some("who wins".to_owned()),
        ..UpdateSession::default()
    };
    bob.sessions().by_id(&team.id).unwrap().update(&change).await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let seen = ann.sessions().by_id(&team.id).unwrap();
    assert_eq!((seen.secure_type.as_str(), seen.description.as_str()), ("public", "who wins"));
    assert!(seen.updated_at > team.updated_at && seen.created_at == team.created_at);
    assert_eq!(seen.name, "team", "what is not given stays");
}

#[tokio::test(start_paused = true)]
async fn a_member_is_barred_and_let_in_again() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    for (status, present) in [(Status::Inactive, false), (Status::Active, true)] {
        let member = team.members().get(bob.id()).unwrap();
        let change = UpdateMember { status: Some(status.clone()), ..member.as_update() };
        team.members().update(&member.id, &change).await.unwrap();
        let member = team.members().get(bob.id()).unwrap();
        assert_eq!((&member.status, member.is_present()), (&status, present));
    }
}
