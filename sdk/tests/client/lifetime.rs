//! Nothing outlives a user, and a dropped call harms nothing.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use y2w_sdk::protocol::SessionType;
use y2w_sdk::{CurrentUser, LoginOptions};

use crate::world::{World, all_settled, connected, group, p2p, settled, texts};

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn a_dropped_user_leaves_no_task_and_no_connection_behind() {
    let world = World::new();
    let ann = world.user("ann").await;
    assert!(tasks() > 0);
    drop(ann);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((tasks(), world.server.stats().connections), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_logout_leaves_no_task_and_no_connection_behind_and_ends_the_events() {
    let world = World::new();
    let ann = world.user("ann").await;
    let mut events = ann.events();
    ann.logout().await;
    while events.next().await.is_some() {}
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((tasks(), world.server.stats().connections), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_user_dropped_in_the_middle_of_connecting_leaves_nothing_behind() {
    let world = World::new();
    world.users().register(&crate::world::account("ann"), "pw", "ann").await.unwrap();
    for turns in 0..40 {
        let ann = world.users().login(&crate::world::account("ann"), "pw").await.unwrap();
        ann.connect();
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        drop(ann);
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!((tasks(), world.server.stats().connections), (0, 0));
}

/// Polls a call `times` times and drops it; true if it ended before. What it waits for goes on between the polls.
async fn dropped_after<T>(call: impl Future<Output = T>, times: usize) -> bool {
    let mut call = pin!(call);
    for _ in 0..times {
        let mut context = Context::from_waker(Waker::noop());
        if call.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}

/// What a client shows of everything, to be compared with what a fresh one shows.
fn shown(user: &CurrentUser) -> String {
    let conversations: Vec<_> = user
        .user_conversations()
        .list(None)
        .iter()
        .map(|c| (c.kind.clone(), c.target_id.clone(), c.top, c.last_message.clone()))
        .collect();
    let mut sessions: Vec<_> = user
        .sessions()
        .list()
        .iter()
        .map(|s| {
            let members: Vec<_> =
                s.members().list().iter().map(|m| (m.user_id.clone(), m.role.clone())).collect();
            (s.id.clone(), s.name.clone(), members, texts(user, s))
        })
        .collect();
    sessions.sort_by(|a, b| a.0.cmp(&b.0));
    let contacts: Vec<_> =
        user.contacts().list().iter().map(|c| (c.user_id.clone(), c.title.clone(), c.is_delete)).collect();
    format!("{conversations:?}\n{sessions:?}\n{contacts:?}")
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_anywhere_leaves_a_client_that_ends_up_like_a_fresh_one() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    ann.send_text(bob.id().as_str(), &SessionType::P2p, "hello").await.unwrap();
    let contact = ann.contacts().add(bob.id(), "bob").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let conversation = ann.user_conversations().get(&SessionType::P2p, bob.id().as_str()).unwrap();
    let session = p2p(&ann, &bob).await;
    let mut ended = 0;
    for times in 0..12 {
        let title = times.to_string();
        ended += usize::from(dropped_after(contact.set_title(&title), times).await);
        ended += usize::from(dropped_after(ann.contacts().sync(), times).await);
        ended += usize::from(dropped_after(team.rename(&title), times).await);
        ended += usize::from(dropped_after(conversation.set_top(times % 2 == 0), times).await);
        ended += usize::from(dropped_after(conversation.sync_messages(true), times).await);
        ended += usize::from(dropped_after(session.messages().last(), times).await);
        ended += usize::from(
            dropped_after(ann.send_text(bob.id().as_str(), &SessionType::P2p, &title), times).await,
        );
        ended += usize::from(dropped_after(ann.settled(), times).await);
    }
    assert!(ended > 8, "{ended}");
    all_settled(&[&ann, &bob]).await;
    for session in ann.sessions().list() {
        session.sync().await.unwrap();
        session.messages().sync().await.unwrap();
    }
    ann.user_conversations().sync().await.unwrap();
    ann.contacts().sync().await.unwrap();
    settled(&ann).await;
    let before = shown(&ann);
    ann.logout().await;
    let fresh = world.login("ann", LoginOptions::default().seed(8)).await;
    connected(&fresh).await;
    all_settled(&[&fresh]).await;
    fresh.user_conversations().sync().await.unwrap();
    assert_eq!(before, shown(&fresh));
}
