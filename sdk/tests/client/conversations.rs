//! Conversations: made by the server, changed by their user.

use y2w_sdk::protocol::SessionType;
use y2w_sdk::protocol::rest::UpdateConversation;

use crate::world::{World, all_settled, group, p2p, texts};

const P2P: SessionType = SessionType::P2p;

#[tokio::test(start_paused = true)]
async fn a_message_makes_the_conversation_of_both_and_the_receiver_counts_it_as_unread() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    world.judge(|_, _| crate::world::Fate::Arrives);
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    all_settled(&[&ann]).await;
    bob.user_conversations().sync().await.unwrap();
    let conversation = bob.user_conversations().get(&P2P, ann.id().as_str()).unwrap();
    assert_eq!(conversation.display_name(), "ann");
    assert!(conversation.last_message.as_ref().unwrap().content.contains("hello"));
    assert_eq!(bob.user_conversations().list(Some(&P2P)).len(), 1);
    assert_eq!(bob.user_conversations().list(Some(&SessionType::Group)).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn unread_counts_what_others_wrote_until_it_is_cleared() {
    let world = World::new();
    let ann = world.user("ann").await;
    let options = y2w_sdk::LoginOptions::default().message_sync(y2w_sdk::MessageSync::CurrentSession);
    world.users().register(&crate::world::account("bob"), "pw", "bob").await.unwrap();
    let bob = world.login("bob", options.seed(2)).await;
    for text in ["one", "two"] {
        ann.send_text(bob.id().as_str(), &P2P, text).await.unwrap();
    }
    all_settled(&[&ann, &bob]).await;
    let conversation = bob.user_conversations().get(&P2P, ann.id().as_str()).unwrap();
    assert!(conversation.unread >= 2, "{conversation:?}");
    assert_eq!(bob.user_conversations().unread(), u64::from(conversation.unread));
    conversation.clear_unread().await.unwrap();
    assert_eq!(bob.user_conversations().unread(), 0);
    assert!(texts(&bob, &conversation.session().await.unwrap()).is_empty(), "nobody asked for the messages");
    conversation.sync_messages(true).await.unwrap();
    assert_eq!(texts(&bob, &conversation.session().await.unwrap()), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn messages_are_synced_only_if_the_conversation_is_newer_or_if_forced() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    bob.user_conversations().sync().await.unwrap();
    let conversation = bob.user_conversations().get(&P2P, ann.id().as_str()).unwrap();
    conversation.sync_messages(true).await.unwrap();
    bob.user_conversations().sync().await.unwrap();
    conversation.sync_messages(false).await.unwrap();
    world.requests();
    conversation.sync_messages(false).await.unwrap();
    assert_eq!(world.requests(), []);
    conversation.sync_messages(true).await.unwrap();
    assert!(world.requests().iter().any(|r| r.path.ends_with("/messages")));
}

#[tokio::test(start_paused = true)]
async fn a_pinned_conversation_stands_first() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    for other in [&bob, &cid] {
        ann.send_text(other.id().as_str(), &P2P, "hello").await.unwrap();
        all_settled(&[&ann]).await;
    }
    let order = || -> Vec<String> {
        ann.user_conversations().list(None).iter().map(y2w_sdk::UserConversation::display_name).collect()
    };
    assert_eq!(order(), ["cid", "bob"]);
    ann.user_conversations().get(&P2P, bob.id().as_str()).unwrap().set_top(true).await.unwrap();
    assert_eq!(order(), ["bob", "cid"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_conversation_is_hidden_until_the_next_message_and_keeps_its_id() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    ann.send_text(bob.id().as_str(), &P2P, "one").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let conversation = ann.user_conversations().get(&P2P, bob.id().as_str()).unwrap();
    conversation.remove().await.unwrap();
    assert!(ann.user_conversations().get(&P2P, bob.id().as_str()).is_none());
    bob.send_text(ann.id().as_str(), &P2P, "two").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let back = ann.user_conversations().get(&P2P, bob.id().as_str()).unwrap();
    assert_eq!(back.id, conversation.id);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_leads_to_its_session_and_back() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    let session = p2p(&ann, &bob).await;
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    ann.send_text(team.id.as_str(), &SessionType::Group, "hello all").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let of_team = bob.user_conversations().get(&SessionType::Group, team.id.as_str()).unwrap();
    assert_eq!(
        (of_team.display_name().as_str(), of_team.session().await.unwrap().id.clone()),
        ("team", team.id.clone())
    );
    assert_eq!(session.conversation().unwrap().target_id, bob.id().as_str());
    assert_eq!(ann.sessions().target_id(&session.id).as_deref(), Some(bob.id().as_str()));
    assert_eq!(ann.sessions().target_id(&team.id).as_deref(), Some(team.id.as_str()));
    assert_eq!(of_team.avatar(), None);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_keeps_the_name_that_its_user_gives_it() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    all_settled(&[&ann, &bob]).await;
    let of_team = || ann.user_conversations().get(&SessionType::Group, team.id.as_str()).unwrap();
    let change = UpdateConversation {
        target_id: team.id.to_string(),
        name: "work".to_owned(),
        kind: SessionType::Group,
        top: None,
        avatar_url: Some("https://other.example/work.png".to_owned()),
    };
    ann.user_conversations().update(&of_team().id, &change).await.unwrap();
    team.rename("the team").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    assert_eq!(of_team().display_name(), "work", "CONV-NAME-CHOSEN");
    assert_eq!(of_team().avatar().as_deref(), Some("https://other.example/work.png"));
    let by_bob = bob.user_conversations().get(&SessionType::Group, team.id.as_str()).unwrap();
    assert_eq!(by_bob.display_name(), "the team");
}

#[tokio::test(start_paused = true)]
async fn a_conversation_whose_messages_were_synced_is_read() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let unread = || {
        let conversation = bob.user_conversations().get(&P2P, ann.id().as_str());
        conversation.map(|c| c.unread)
    };
    for text in ["one", "two"] {
        ann.send_text(bob.id().as_str(), &P2P, text).await.unwrap();
        all_settled(&[&ann, &bob]).await;
        assert_eq!(unread(), Some(0), "MSG-SYNC-MARKS-READ");
    }
    bob.user_conversations().sync().await.unwrap();
    assert_eq!(unread(), Some(0));
}
