//! What syncs ask for, and when.

use std::time::Duration;

use http::Method;
use y2w_sdk::protocol::{ImSessionId, SessionType};
use y2w_sdk::{Event, LoginOptions, MessageSync};

use crate::world::{Fate, World, account, all_settled, connected, group, p2p, texts, within};

#[tokio::test(start_paused = true)]
async fn each_connect_syncs_conversations_contacts_and_favourites_from_their_watermarks() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    ann.contacts().add(bob.id(), "bob").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    ann.disconnect();
    world.requests();
    connected(&ann).await;
    let requests = world.requests();
    for (path, from_start) in [("/userConversations", true), ("/contacts", false), ("/userSessions", true)] {
        let asked: Vec<_> = requests.iter().filter(|r| r.path.ends_with(path)).collect();
        assert_eq!(asked.len(), 1, "{path}: {requests:?}");
        assert_eq!(asked[0].since == Some(y2w_sdk::protocol::Timestamp::MIN), from_start, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_current_sessions_messages_alone_are_synced_if_the_application_wants_it_so() {
    let world = World::new();
    let ann = world.user("ann").await;
    world.users().register(&account("bob"), "pw", "bob").await.unwrap();
    let options = LoginOptions::default().seed(2).message_sync(MessageSync::CurrentSession);
    let bob = world.login("bob", options).await;
    let team = group(&[&ann, &bob], "team").await;
    let other = group(&[&ann, &bob], "other").await;
    assert_eq!(bob.current_session(), None);
    bob.set_current_session(Some(team.im_id()));
    for session in [&team, &other] {
        ann.send_text(session.id.as_str(), &SessionType::Group, "hello").await.unwrap();
    }
    all_settled(&[&ann, &bob]).await;
    assert_eq!(texts(&bob, &team), ["hello"]);
    let unread = |id: &str| bob.user_conversations().get(&SessionType::Group, id).unwrap().unread;
    assert_eq!(unread(team.id.as_str()), 0);
    assert!(unread(other.id.as_str()) > 0);
    bob.set_current_session(Some(other.im_id()));
    all_settled(&[&bob]).await;
    assert_eq!(texts(&bob, &other), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_fails_is_tried_again_and_stops_no_other() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    p2p(&ann, &bob).await;
    all_settled(&[&ann, &bob]).await;
    let mut events = bob.events();
    world.next(Method::GET, "/userConversations", Fate::Lost, 20);
    ann.send_text(bob.id().as_str(), &SessionType::P2p, "hello").await.unwrap();
    let failed = |event: &Event| match event {
        Event::SyncFailed { again, .. } => Some(*again),
        _ => None,
    };
    assert_eq!(within(events.wait_for(failed)).await, Some(true));
    tokio::time::sleep(Duration::from_secs(120)).await;
    all_settled(&[&ann, &bob]).await;
    assert_eq!(texts(&bob, &p2p(&bob, &ann).await), ["hello"]);
    assert!(bob.user_conversations().get(&SessionType::P2p, ann.id().as_str()).is_some());
}

#[tokio::test(start_paused = true)]
async fn many_pushes_at_once_cost_few_syncs() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    all_settled(&[&ann, &bob]).await;
    bob.disconnect();
    for number in 0..50 {
        ann.send_text(bob.id().as_str(), &SessionType::P2p, &number.to_string()).await.unwrap();
    }
    all_settled(&[&ann]).await;
    world.requests();
    connected(&bob).await;
    all_settled(&[&bob]).await;
    assert_eq!(texts(&bob, &session).len(), 50);
    let asked = world.requests().iter().filter(|r| r.path.ends_with("/messages")).count();
    assert!(asked <= 3, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_session_asked_for_by_name_is_synced_with_its_members() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let again = world.login("bob", LoginOptions::default().seed(3)).await;
    again.open(&team.im_id()).await.unwrap();
    assert_eq!(again.sessions().by_id(&team.id).unwrap().members().list().len(), 2);
    again.request_messages(&team.im_id());
    all_settled(&[&again]).await;
    let nowhere = ImSessionId::new(SessionType::Group, "4711");
    assert!(again.open(&nowhere).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn events_that_nobody_reads_are_counted_not_hoarded() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let mut events = ann.events();
    let session = p2p(&ann, &bob).await;
    for _ in 0..3 {
        for number in 0..400 {
            ann.send(y2w_sdk::Draft::text(session.im_id(), &number.to_string())).unwrap();
        }
        all_settled(&[&ann]).await;
    }
    let first = within(events.next()).await.unwrap();
    assert!(matches!(*first, Event::Lagged(lost) if lost > 0), "{first:?}");
}
