//! Sending, receiving, editing, paging.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::Method;
use y2w_sdk::api::Api;
use y2w_sdk::bridge::{Prepare, PrepareError};
use y2w_sdk::model::LocalStatus;
use y2w_sdk::protocol::content::Content;
use y2w_sdk::protocol::{ImSessionId, MessageType, SendReturnCode, SessionType};
use y2w_sdk::{Draft, Error, Event, Events, LoginOptions, Party};

use crate::world::{Fate, World, all_settled, group, p2p, settled, texts, within};

const P2P: SessionType = SessionType::P2p;

/// What becomes of sent messages, in order, until as many notices are out as given.
async fn story(events: &mut Events, notices: usize) -> Vec<&'static str> {
    let mut story = Vec::new();
    while story.iter().filter(|s| **s == "notice").count() < notices {
        let event = within(events.next()).await.unwrap();
        story.push(match *event {
            Event::Shown { .. } => "shown",
            Event::Stored { .. } => "stored",
            Event::StoreFailed { .. } => "failed",
            Event::NoticeSent { local_id: Some(_), .. } => "notice",
            _ => continue,
        });
    }
    story
}

#[tokio::test(start_paused = true)]
async fn a_text_is_shown_then_stored_then_announced_and_the_other_has_it() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    let mut events = ann.events();
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    assert_eq!(story(&mut events, 1).await, ["shown", "stored", "notice"]);
    all_settled(&[&ann, &bob]).await;
    assert_eq!(texts(&bob, &p2p(&bob, &ann).await), ["hello"]);
    session.messages().sync().await.unwrap();
    assert_eq!(texts(&ann, &session), ["hello"]);
    assert!(session.messages().local().is_empty(), "the sync has brought it: CLIENT-MERGE-ONCE");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_uploaded_before_its_message_is_stored_and_can_be_downloaded() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    p2p(&ann, &bob).await;
    world.requests();
    let bytes = b"the plan".as_slice();
    ann.send_file(bob.id().as_str(), &P2P, "plan.txt", "text/plain", bytes).await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let writes: Vec<String> =
        world.requests().into_iter().filter(|r| r.method == Method::POST).map(|r| r.path).collect();
    assert!(writes[0].ends_with("/attachments") && writes[1].ends_with("/messages"), "{writes:?}");
    let message = p2p(&bob, &ann).await.messages().list().pop().unwrap();
    let Content::File(file) = Content::parse(&message.kind, &message.content) else {
        panic!("{message:?}");
    };
    assert_eq!((file.name.as_str(), file.size), ("plan.txt", 8));
    assert_eq!(bob.attachments().download(&file.src).await.unwrap(), bytes);
    let id = file.src.split('/').nth(1).unwrap().into();
    assert_eq!(bob.attachments().get(&id).await.unwrap().file_name, "plan.txt");
}

#[tokio::test(start_paused = true)]
async fn a_picture_is_sent_with_its_size() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    let draft = Draft::image(session.im_id(), "a.png", "image/png", &b"png"[..], (640, 480));
    ann.send(draft.notification("a picture")).unwrap();
    all_settled(&[&ann, &bob]).await;
    let message = p2p(&bob, &ann).await.messages().list().pop().unwrap();
    match Content::parse(&message.kind, &message.content) {
        Content::Image(image) => assert_eq!((image.width, image.height), (640, 480)),
        other => panic!("{other:?}"),
    }
}

struct Votes;

impl Prepare for Votes {
    fn preview(&self) -> String {
        "{}".to_owned()
    }

    fn prepare<'a>(&'a self, api: &'a Api) -> BoxFuture<'a, Result<String, PrepareError>> {
        Box::pin(async move {
            let page = api.emojis_since(y2w_sdk::protocol::Timestamp::MIN, 1).await?;
            Ok(format!("{{\"of\":{}}}", page.len().min(1)))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_sends_messages_of_its_own_kinds() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    ann.send(Draft::custom(session.im_id(), "poke", r#"{"times":3}"#)).unwrap();
    ann.send(Draft::prepared(session.im_id(), MessageType::from("vote"), Arc::new(Votes))).unwrap();
    all_settled(&[&ann, &bob]).await;
    let messages = p2p(&bob, &ann).await.messages().list();
    let own: Vec<_> = messages.iter().filter(|m| m.kind != MessageType::System).collect();
    assert_eq!((own[0].kind.as_str(), own[0].content.as_str()), ("poke", r#"{"times":3}"#));
    assert_eq!(own[1].kind.as_str(), "vote");
}

#[tokio::test(start_paused = true)]
async fn messages_are_stored_in_the_order_they_were_sent_whatever_fails_on_the_way() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    let mut fates = [Fate::Lost, Fate::AnswerLost, Fate::Arrives, Fate::Hangs, Fate::AnswerLost].into_iter();
    world.judge(move |method, path| {
        if *method == Method::POST && path.ends_with("/messages") {
            return fates.next().unwrap_or(Fate::Arrives);
        }
        Fate::Arrives
    });
    for text in ["one", "two", "three"] {
        ann.send(Draft::text(session.im_id(), text)).unwrap();
    }
    all_settled(&[&ann, &bob]).await;
    assert_eq!(texts(&bob, &p2p(&bob, &ann).await), ["one", "two", "three"]);
    let keys: Vec<_> = world.requests().into_iter().filter_map(|r| r.key).collect();
    assert_eq!(keys.len(), 7, "each try carries its message's key: {keys:?}");
    let mut distinct = keys.clone();
    distinct.dedup();
    assert_eq!(distinct.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_server_refuses_has_failed_and_can_be_sent_again_or_discarded() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let team = group(&[&ann, &bob, &cid], "team").await;
    let by_bob = bob.sessions().by_id(&team.id).unwrap();
    let mut events = bob.events();
    let bobs = team.members().get(bob.id()).unwrap().id.clone();
    ann.api().remove_member(&team.id, &bobs).await.unwrap();
    let local_id = bob.send(Draft::text(team.im_id(), "too late")).unwrap();
    let failed = |event: &Event| match event {
        Event::StoreFailed { local_id, .. } => Some(*local_id),
        _ => None,
    };
    assert_eq!(within(events.wait_for(failed)).await, Some(local_id));
    let local = by_bob.messages().local();
    assert_eq!((local[0].status, &*local[0].content), (LocalStatus::StoreFailed, r#"{"text":"too late"}"#));
    team.members().add_users(&[(*bob.me()).clone()]).await.unwrap();
    all_settled(&[&ann, &bob]).await;
    bob.resend(local_id).unwrap();
    all_settled(&[&ann, &bob, &cid]).await;
    assert_eq!(texts(&cid, &team), ["too late"]);
    assert!(matches!(bob.discard(local_id), Err(Error::Unknown { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_open_takes_no_message_and_says_so() {
    let world = World::new();
    let ann = world.user("ann").await;
    let nowhere = ImSessionId::new(SessionType::Group, "4711");
    let error = ann.send(Draft::text(nowhere, "hello")).unwrap_err();
    assert_eq!(error.to_string(), "session group_4711 is not open: open it first");
}

#[tokio::test(start_paused = true)]
async fn a_message_is_edited_and_withdrawn_and_everybody_sees_it() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    ann.send(Draft::text(session.im_id(), "helo")).unwrap();
    all_settled(&[&ann, &bob]).await;
    session.messages().sync().await.unwrap();
    let listed = session.messages().list();
    let id = listed.iter().find(|m| m.kind == MessageType::Text).unwrap().id.clone();
    session.messages().edit_text(&id, "hello").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    assert_eq!(texts(&bob, &p2p(&bob, &ann).await), ["hello"]);
    assert!(p2p(&bob, &ann).await.messages().edit_text(&id, "mine").await.is_err(), "MSG-EDIT-RIGHT");
    session.messages().remove(&id).await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let by_bob = p2p(&bob, &ann).await.messages().list();
    assert!(by_bob.iter().find(|m| m.id == id).unwrap().is_delete);
}

#[tokio::test(start_paused = true)]
async fn history_is_paged_twenty_at_a_time_to_its_beginning() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    for number in 0..45 {
        ann.send(Draft::text(session.im_id(), &number.to_string())).unwrap();
    }
    all_settled(&[&ann, &bob]).await;
    let options = LoginOptions::default().keep_messages(5).seed(9);
    let ann = {
        ann.logout().await;
        world.login("ann", options).await
    };
    let session = p2p(&ann, &bob).await;
    session.messages().sync().await.unwrap();
    assert_eq!(session.messages().count(), 5);
    let mut pages = 0;
    while session.messages().more() {
        let before = session.messages().top_date();
        session.messages().last().await.unwrap();
        assert!(session.messages().top_date() < before || !session.messages().more());
        pages += 1;
        assert!(pages < 10);
    }
    let all: Vec<String> = (0..45).map(|n| n.to_string()).collect();
    assert_eq!(texts(&ann, &session), all);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_pages_its_history_too() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let conversation = ann.user_conversations().get(&P2P, bob.id().as_str()).unwrap();
    conversation.last_messages().await.unwrap();
    assert!(!conversation.session().await.unwrap().messages().more());
}

#[tokio::test(start_paused = true)]
async fn from_and_to_are_users_in_a_pair_and_member_and_session_in_a_group() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    ann.send_text(team.id.as_str(), &SessionType::Group, "hello").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    let by_ann = |messages: &y2w_sdk::current_user::Messages<'_>| {
        messages.list().into_iter().rfind(|m| m.sender == *ann.id()).unwrap()
    };
    let pair = p2p(&bob, &ann).await.messages();
    let message = by_ann(&pair);
    assert!(
        matches!(pair.from(&message), Some(Party::User { id, name, .. }) if id == *ann.id() && name == "ann")
    );
    assert!(matches!(pair.to(&message), Some(Party::User { id, .. }) if id == *bob.id()));
    let of_team = bob.sessions().by_id(&team.id).unwrap().messages();
    let message = by_ann(&of_team);
    assert!(matches!(of_team.from(&message), Some(Party::Member(member)) if member.user_id == *ann.id()));
    assert!(matches!(of_team.to(&message), Some(Party::Session(session)) if session.id == team.id));
}

#[tokio::test(start_paused = true)]
async fn the_emojis_of_the_app_are_synced() {
    let world = World::new();
    let ann = world.user("ann").await;
    ann.emojis().sync().await.unwrap();
    for emoji in ann.emojis().list() {
        assert!(ann.emojis().url(&emoji).is_none_or(|url| url.starts_with("http")));
    }
    settled(&ann).await;
}

#[tokio::test(start_paused = true)]
async fn an_attachment_is_uploaded_by_itself() {
    let world = World::new();
    let ann = world.user("ann").await;
    let attachment = ann.attachments().upload("a b.txt", "text/plain", "hello".into()).await.unwrap();
    let src = format!("attachments/{}/content", attachment.id);
    assert_eq!(ann.attachments().download(&src).await.unwrap(), "hello");
}

#[tokio::test(start_paused = true)]
async fn a_sent_message_is_storing_then_stored_and_stands_behind_the_others_until_a_sync_brings_it() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = p2p(&ann, &bob).await;
    let messages = session.messages();
    messages.sync().await.unwrap();
    let synced = messages.count();
    let mut events = ann.events();
    let local_id = ann.send(Draft::text(session.im_id(), "hello")).unwrap();
    let local = || messages.local().first().map(|m| (m.local_id, m.status, m.id.is_some()));
    assert_eq!(local(), Some((local_id, LocalStatus::Storing, false)));
    let stored = |event: &Event| match event {
        Event::Stored { message, .. } => Some(message.id.clone()),
        _ => None,
    };
    let id = within(events.wait_for(stored)).await.unwrap();
    assert_eq!(local(), Some((local_id, LocalStatus::Stored, true)));
    assert_eq!(messages.count(), synced);
    messages.sync().await.unwrap();
    assert_eq!((local(), messages.count()), (None, synced + 1));
    assert_eq!(messages.list().last().unwrap().id, id);
}

#[tokio::test(start_paused = true)]
async fn a_notice_for_a_session_that_is_gone_has_failed_with_23() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let team = group(&[&ann, &bob], "team").await;
    ann.disconnect();
    let mut events = ann.events();
    let sent = ann.send(Draft::text(team.im_id(), "last words")).unwrap();
    settled(&ann).await;
    ann.sessions().remove(&team).await.unwrap();
    ann.connect();
    let failed = |event: &Event| match event {
        Event::NoticeFailed { local_id, code } => Some((*local_id, *code)),
        _ => None,
    };
    let failed = within(events.wait_for(failed)).await;
    assert_eq!(failed, Some((Some(sent), SendReturnCode::SESSION_IS_INVALID)));
}
