//! Contacts and favourite groups.

use y2w_sdk::protocol::SessionType;
use y2w_sdk::protocol::push::DeviceClass;
use y2w_sdk::protocol::rest::{UpdateContact, UpdateMember, UpdateSession, UpdateUserSession};
use y2w_sdk::{Error, LoginOptions};

use crate::world::{World, all_settled, group, p2p};

#[tokio::test(start_paused = true)]
async fn adding_a_contact_adds_both_and_tells_the_other() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    assert_eq!((&contact.user_id, contact.display_name()), (bob.id(), "bob"));
    all_settled(&[&ann, &bob]).await;
    let back = bob.contacts().get(ann.id()).unwrap();
    assert_eq!(back.display_name(), "ann");
    assert_eq!(bob.contacts().list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn adding_a_contact_twice_is_an_error_and_one_that_was_removed_comes_back() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    assert!(matches!(ann.contacts().add(bob.id(), "bob").await, Err(Error::Api(_))));
    contact.remove().await.unwrap();
    assert!(ann.contacts().get(bob.id()).is_none());
    assert_eq!(ann.contacts().list().len(), 0);
    assert_eq!(ann.contacts().add(bob.id(), "bob").await.unwrap().id, contact.id);
}

#[tokio::test(start_paused = true)]
async fn a_title_goes_before_the_name_in_conversations_and_members_too() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    let session = p2p(&ann, &bob).await;
    ann.send_text(bob.id().as_str(), &SessionType::P2p, "hello").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let conversation = ann.user_conversations().get(&SessionType::P2p, bob.id().as_str()).unwrap();
    assert_eq!(conversation.display_name(), "bob");
    contact.set_title("老李").await.unwrap();
    assert_eq!(conversation.display_name(), "老李");
    assert_eq!(session.members().p2p_other_side().unwrap().display_name(), "老李");
    let contact = ann.contacts().get(bob.id()).unwrap();
    assert_eq!(
        (contact.display_name(), contact.display_pinyin()),
        ("老李", &["lao".to_owned(), "li".to_owned()][..])
    );
}

#[tokio::test(start_paused = true)]
async fn an_avatar_is_a_full_address_with_the_token_where_it_needs_one() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    assert_eq!(contact.avatar(), None);
    let change = |url: &str| UpdateContact { avatar_url: Some(url.to_owned()), ..UpdateContact::default() };
    ann.contacts().update(&contact.id, &change("attachments/5/content")).await.unwrap();
    let token = ann.login_state().unwrap().token;
    let full = format!("http://server/v1/attachments/5/content?access_token={token}");
    assert_eq!(ann.contacts().get(bob.id()).unwrap().avatar(), Some(full));
    ann.contacts().update(&contact.id, &change("https://other.example/a.png")).await.unwrap();
    let elsewhere = Some("https://other.example/a.png".to_owned());
    assert_eq!(ann.contacts().get(bob.id()).unwrap().avatar(), elsewhere);
}

#[tokio::test(start_paused = true)]
async fn a_change_on_one_device_reaches_the_users_other_device() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let phone = world.login("ann", LoginOptions::default().device(DeviceClass::Mobile).seed(2)).await;
    ann.contacts().add(bob.id(), "bob").await.unwrap();
    all_settled(&[&ann, &phone]).await;
    let contact = phone.contacts().get(bob.id()).unwrap();
    contact.set_title("Bobby").await.unwrap();
    all_settled(&[&ann, &phone]).await;
    assert_eq!(ann.contacts().get(bob.id()).unwrap().display_name(), "Bobby");
}

#[tokio::test(start_paused = true)]
async fn a_contact_opens_the_session_with_the_user() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    assert_eq!(contact.session().await.unwrap().id, p2p(&bob, &ann).await.id);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_marked_as_a_favourite_renamed_and_unmarked() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let favourite = ann.user_sessions().add(&team.id, "team", "").await.unwrap();
    assert_eq!((favourite.session_id.clone(), favourite.avatar()), (team.id.clone(), None));
    assert_eq!(favourite.session().await.unwrap().id, team.id);
    let change = UpdateUserSession { name: Some("the team".to_owned()), avatar_url: None };
    ann.user_sessions().update(&favourite.id, &change).await.unwrap();
    assert_eq!(ann.user_sessions().get(&team.id).unwrap().name, "the team");
    ann.user_sessions().remove(&favourite.id).await.unwrap();
    ann.user_sessions().sync().await.unwrap();
    assert!(ann.user_sessions().get(&team.id).is_none());
    assert_eq!(ann.user_sessions().list().len(), 0);
    assert!(team.members().get(ann.id()).is_some(), "FAV-DELETE-NOT-MEMBERSHIP");
}

#[tokio::test(start_paused = true)]
async fn pictures_of_conversations_members_and_favourites_are_full_addresses_too() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let url = "attachments/5/content";
    let full = Some(ann.absolute_url(url).unwrap());
    assert!(full.as_ref().unwrap().starts_with("http://server/v1/attachments/5/content?access_token="));
    let member = team.members().get(ann.id()).unwrap();
    let change = UpdateMember { avatar_url: Some(url.to_owned()), ..member.as_update() };
    team.members().update(&member.id, &change).await.unwrap();
    assert_eq!(team.members().get(ann.id()).unwrap().avatar(), full);
    assert_eq!(ann.user_sessions().add(&team.id, "team", url).await.unwrap().avatar(), full);
    let change = UpdateSession { avatar_url: Some(url.to_owned()), ..UpdateSession::default() };
    team.update(&change).await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let conversation = ann.user_conversations().get(&SessionType::Group, team.id.as_str()).unwrap();
    assert_eq!(conversation.avatar(), full);
}

#[tokio::test(start_paused = true)]
async fn a_favourite_on_one_device_reaches_the_users_other_device() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let phone = world.login("ann", LoginOptions::default().device(DeviceClass::Mobile).seed(2)).await;
    let team = group(&[&ann, &bob], "team").await;
    ann.user_sessions().add(&team.id, "team", "").await.unwrap();
    all_settled(&[&ann, &phone]).await;
    let favourite = phone.user_sessions().get(&team.id).unwrap();
    phone.user_sessions().remove(&favourite.id).await.unwrap();
    all_settled(&[&ann, &phone]).await;
    assert!(ann.user_sessions().get(&team.id).is_none());
}
