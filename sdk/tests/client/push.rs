//! The push connection and what the application can do with it itself.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::value::RawValue;
use y2w_sdk::protocol::push::{DeviceClass, ImMember, Notice, SyncItem, SyncType};
use y2w_sdk::protocol::{ConnectionReturnCode, ImSessionId, SendReturnCode, SessionType, Timestamp};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{Error, Event, Events, LoginOptions};

use crate::world::{World, all_settled, connected, group, p2p, settled, texts, within};

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

async fn next_state(events: &mut Events) -> ConnectionState {
    let state = |event: &Event| match event {
        Event::Connection(state) => Some(state.clone()),
        _ => None,
    };
    within(events.wait_for(state)).await.unwrap()
}

fn code(result: Result<(), Error>) -> SendReturnCode {
    match result {
        Err(Error::Push(code)) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_tells_its_states_with_their_arguments() {
    let world = World::new();
    let ann = world.user("ann").await;
    let mut events = ann.events();
    world.cut_push();
    assert_eq!(next_state(&mut events).await, ConnectionState::NetworkDisconnected);
    assert_eq!(next_state(&mut events).await, ConnectionState::Reconnecting { attempt: 1 });
    assert_eq!(next_state(&mut events).await, ConnectionState::Connected);
    ann.disconnect();
    assert_eq!(next_state(&mut events).await, ConnectionState::Disconnected { code: None });
    assert!(!ann.is_connected());
    ann.connect();
    assert_eq!(next_state(&mut events).await, ConnectionState::Connecting { region: None });
}

#[tokio::test(start_paused = true)]
async fn a_second_connection_of_the_same_class_kicks_the_first_for_good() {
    let world = World::new();
    let first = world.user("ann").await;
    let mut events = first.events();
    let second = world.login("ann", LoginOptions::default().seed(2)).await;
    let kicked = Some(ConnectionReturnCode::KICKED);
    assert_eq!(next_state(&mut events).await, ConnectionState::Disconnected { code: kicked });
    let event = |event: &Event| matches!(event, Event::Kicked).then_some(());
    within(events.wait_for(event)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(!first.is_connected() && second.is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_kicked_client_takes_its_place_back_when_its_user_asks_for_it() {
    let world = World::new();
    let first = world.user("ann").await;
    let mut events = first.events();
    let second = world.login("ann", LoginOptions::default().seed(2)).await;
    let kicked = ConnectionState::Disconnected { code: Some(ConnectionReturnCode::KICKED) };
    assert_eq!(next_state(&mut events).await, kicked);
    let mut of_second = second.events();
    first.connect();
    connected_again(&mut events).await;
    assert_eq!(next_state(&mut of_second).await, kicked);
}

#[tokio::test(start_paused = true)]
async fn devices_of_different_classes_stay_connected_side_by_side() {
    let world = World::new();
    let web = world.user("ann").await;
    let phone = world.login("ann", LoginOptions::default().device(DeviceClass::Mobile).seed(2)).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(web.is_connected() && phone.is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_im_token_that_has_expired_is_renewed() {
    let world = World::new();
    let ann = world.user("ann").await;
    world.server.expire_im_tokens();
    world.cut_push();
    let mut events = ann.events();
    let expired = |event: &Event| match event {
        Event::Trouble(trouble) => trouble.code(),
        _ => None,
    };
    let code = within(events.wait_for(expired)).await.unwrap();
    assert!(code.asks_for_new_token(), "{code}");
    connected_again(&mut events).await;
}

async fn connected_again(events: &mut Events) {
    while next_state(events).await != ConnectionState::Connected {}
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_while_a_client_was_away_is_there_after_the_next_connect() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    p2p(&ann, &bob).await;
    bob.disconnect();
    ann.send_text(bob.id().as_str(), &SessionType::P2p, "are you there").await.unwrap();
    all_settled(&[&ann]).await;
    connected(&bob).await;
    all_settled(&[&bob]).await;
    assert_eq!(texts(&bob, &p2p(&bob, &ann).await), ["are you there"]);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_was_lost_is_made_good_by_the_periodic_sync() {
    let world = World::new();
    let ann = world.user("ann").await;
    world.users().register(&crate::world::account("bob"), "pw", "bob").await.unwrap();
    let options = LoginOptions::default().seed(2).periodic_sync(Duration::from_secs(60));
    let bob = world.login("bob", options).await;
    // Stored without any notice: as if its push had been lost.
    let session = p2p(&ann, &bob).await;
    let message = y2w_sdk::protocol::rest::StoreMessage {
        sender: ann.id().clone(),
        content: r#"{"text":"silent"}"#.to_owned(),
        kind: y2w_sdk::protocol::MessageType::Text,
    };
    ann.api().store_message(&session.id, &message, "k").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    assert!(bob.sessions().by_id(&session.id).is_none());
    tokio::time::sleep(Duration::from_secs(61)).await;
    settled(&bob).await;
    assert_eq!(texts(&bob, &session), ["silent"]);
}

#[tokio::test(start_paused = true)]
async fn the_push_servers_answers_to_plain_commands_are_told_as_they_are() {
    let world = World::new();
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let notice = raw("{}");
    let session = ImSessionId::new(SessionType::Group, "made-up");
    let (early, late) = (Timestamp::MIN, Timestamp::MIN.next());
    let sent = ann.im().send_message(&session, early, &notice).await;
    assert_eq!(code(sent), SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST);
    let members: Vec<ImMember> =
        [ann.id(), bob.id()].map(|uid| ImMember { uid: uid.clone(), is_del: false }).into();
    ann.im().update_session(&session, late, &members, false, None).await.unwrap();
    let sent = ann.im().send_message(&session, early, &notice).await;
    assert_eq!(code(sent), SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED);
    let sent = ann.im().send_message(&session, late.next(), &notice).await;
    assert_eq!(code(sent), SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED);
    ann.im().send_message(&session, late, &notice).await.unwrap();
    let nobody: Vec<ImMember> = members.iter().cloned().map(|m| ImMember { is_del: true, ..m }).collect();
    ann.im().update_session(&session, early, &nobody, true, None).await.unwrap();
    let sent = ann.im().send_message(&session, early, &notice).await;
    assert_eq!(code(sent), SendReturnCode::SESSION_MEMBERS_IS_NULL);
    let reply = ann.im().command(&session, |_| b"no JSON".to_vec()).await;
    assert!(matches!(reply, Err(Error::Push(SendReturnCode::TIMEOUT))), "it names no id: {reply:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_to_one_user_reaches_all_its_devices_and_nobody_else() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let phone = world.login("bob", LoginOptions::default().device(DeviceClass::Mobile).seed(2)).await;
    let pushed = |event: &Event| match event {
        Event::Pushed { delivery, .. } => Some(delivery.message.get().to_owned()),
        _ => None,
    };
    let mut of_cid = cid.events();
    let (mut of_bob, mut of_phone) = (bob.events(), phone.events());
    ann.im().send_to_user(bob.id(), &raw(r#"{"hello": 1}"#)).await.unwrap();
    for events in [&mut of_bob, &mut of_phone] {
        assert_eq!(within(events.wait_for(pushed)).await.as_deref(), Some(r#"{"hello": 1}"#));
    }
    ann.im().send_to_user(cid.id(), &raw(r#"{"marker": 1}"#)).await.unwrap();
    assert_eq!(within(of_cid.wait_for(pushed)).await.as_deref(), Some(r#"{"marker": 1}"#));
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_a_plain_command_says_so_and_one_under_way_is_told() {
    let world = World::new();
    let ann = world.user("ann").await;
    ann.disconnect();
    let sent = ann.im().send_to_user(ann.id(), &raw("{}")).await;
    assert!(matches!(sent, Err(Error::Offline)), "{sent:?}");
}

/// Notes the sessions it is asked to sync, and fails as often as told.
#[derive(Default)]
struct Votes {
    seen: Mutex<Vec<Option<String>>>,
    failures: Mutex<u32>,
}

impl y2w_sdk::SyncHandler for Votes {
    fn sync<'a>(
        &'a self,
        context: y2w_sdk::SyncContext<'a>,
    ) -> futures_util::future::BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let mut failures = self.failures.lock();
            if *failures > 0 {
                *failures -= 1;
                return Err("not now".to_owned());
            }
            self.seen.lock().push(context.session.map(str::to_owned));
            Ok(())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_sync_type_of_the_applications_own_is_handled_by_the_application() {
    const VOTES: SyncType = SyncType(100);
    let world = World::new();
    let ann = world.user("ann").await;
    world.users().register(&crate::world::account("bob"), "pw", "bob").await.unwrap();
    let votes = Arc::new(Votes { failures: Mutex::new(2), ..Votes::default() });
    let options = LoginOptions::default().seed(2).sync_handler(VOTES, votes.clone());
    let bob = world.login("bob", options).await;
    let item = SyncItem { kind: VOTES, session_id: Some("group_7".to_owned()) };
    let unknown = SyncItem { kind: SyncType(4711), session_id: None };
    let notice = Notice { syncs: vec![unknown, item.clone(), item], ..Notice::default() };
    ann.im().send_to_user(bob.id(), &notice.to_raw()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    all_settled(&[&bob]).await;
    assert_eq!(*votes.seen.lock(), [Some("group_7".to_owned())], "once, after two failures");
}

#[tokio::test(start_paused = true)]
async fn members_that_the_push_server_does_not_know_are_recovered_and_the_notice_arrives() {
    let world = World::new();
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let team = group(&[&ann, &bob], "team").await;
    for text in ["before", "after"] {
        ann.send_text(team.id.as_str(), &SessionType::Group, text).await.unwrap();
        all_settled(&[&ann, &bob]).await;
        world.server.forget_session(&team.im_id());
    }
    // Added past the push server: the next notice finds its mts behind (28), or it unknown (26).
    let add = y2w_sdk::protocol::rest::AddMember {
        user_id: cid.id().clone(),
        name: "cid".to_owned(),
        role: None,
        avatar_url: String::new(),
        status: None,
    };
    ann.api().add_member(&team.id, &add).await.unwrap();
    team.sync().await.unwrap();
    ann.send_text(team.id.as_str(), &SessionType::Group, "welcome").await.unwrap();
    all_settled(&[&ann, &bob, &cid]).await;
    assert_eq!(texts(&cid, &team).last().map(String::as_str), Some("welcome"));
    // Bob's mts is behind now (27): he syncs and sends again.
    bob.send_text(team.id.as_str(), &SessionType::Group, "hi cid").await.unwrap();
    all_settled(&[&ann, &bob, &cid]).await;
    assert_eq!(texts(&cid, &team).last().map(String::as_str), Some("hi cid"));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_cannot_be_read_is_answered_with_what_is_wrong() {
    let world = World::new();
    let ann = world.user("ann").await;
    let session = ImSessionId::new(SessionType::Group, "made-up");
    let answer = async |session: &ImSessionId, json: &str| {
        let payload = |id: &str| json.replace("ID", id).into_bytes();
        ann.im().command(session, payload).await.unwrap().return_code
    };
    for (json, code) in [
        (r#"{"cmd":"dance","y2wMessageId":"ID","mts":1,"message":{}}"#, SendReturnCode::CMD_IS_INVALID),
        (r#"{"cmd":"sendMessage","y2wMessageId":"ID","message":{}}"#, SendReturnCode::SESSION_MTS_IS_INVALID),
        (
            r#"{"cmd":"updateSession","y2wMessageId":"ID","mts":1,"members":7}"#,
            SendReturnCode::SESSION_MEMBERS_IS_INVALID,
        ),
    ] {
        assert_eq!(answer(&session, json).await, code);
    }
    let nowhere = ImSessionId::new(SessionType::Group, "");
    let json = r#"{"cmd":"sendMessage","y2wMessageId":"ID","mts":1,"message":{}}"#;
    assert_eq!(answer(&nowhere, json).await, SendReturnCode::SESSION_ID_IS_INVALID);
}

#[tokio::test(start_paused = true)]
async fn an_application_announces_changes_of_its_own_whatever_the_push_server_has_forgotten() {
    const VOTES: SyncType = SyncType(100);
    let world = World::new();
    let ann = world.user("ann").await;
    world.users().register(&crate::world::account("bob"), "pw", "bob").await.unwrap();
    let votes = Arc::new(Votes::default());
    let options = LoginOptions::default().seed(2).sync_handler(VOTES, votes.clone());
    let bob = world.login("bob", options).await;
    let team = group(&[&ann, &bob], "team").await;
    world.server.forget_session(&team.im_id());
    let item = SyncItem { kind: VOTES, session_id: Some(team.im_id().to_string()) };
    ann.announce(&team.im_id(), vec![item.clone()]).unwrap();
    all_settled(&[&ann, &bob]).await;
    ann.announce(&ImSessionId::new(SessionType::App, bob.id().as_str()), vec![item.clone()]).unwrap();
    all_settled(&[&ann, &bob]).await;
    assert_eq!(*votes.seen.lock(), vec![Some(team.im_id().to_string()); 2]);
    let nowhere = ImSessionId::new(SessionType::Group, "4711");
    assert!(matches!(ann.announce(&nowhere, vec![item]), Err(Error::SessionNotOpen(_))));
}
