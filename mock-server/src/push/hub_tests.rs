//! Each return code, the order of the checks, kicks. All of it beside a reference: `hub_machine_tests`.

use proptest::prelude::*;
use serde_json::{Value, json};
use y2w_sdk::protocol::push::ClientId;
use y2w_sdk::protocol::{ConnectionReturnCode, ImSessionId};

use super::hub::{ConnId, ConnectOutcome, Displaced, Hub, Outcome};

const GROUP: &str = "y2w/session/group_4";

fn client(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

fn connect(hub: &mut Hub, id: u64, uid: &str, client_id: &str) -> ConnectOutcome {
    hub.connect(ConnId(id), &uid.into(), client(client_id))
}

/// Users 1, 2 and 3 with connections 1, 2 and 3.
fn three() -> Hub {
    let mut hub = Hub::default();
    for id in 1..=3 {
        assert_eq!(
            connect(&mut hub, id, &id.to_string(), "00x"),
            ConnectOutcome::Accepted { displaced: None }
        );
    }
    hub
}

fn command(hub: &mut Hub, topic: &str, payload: &str) -> Outcome {
    hub.command(ConnId(1), topic, payload.as_bytes()).unwrap()
}

fn reply(hub: &mut Hub, topic: &str, payload: &str) -> String {
    let outcome = command(hub, topic, payload);
    let code = serde_json::from_slice::<Value>(&outcome.reply).unwrap()["returnCode"].clone();
    assert!(outcome.delivery.is_none() || code == 20, "PUSH-FAILURE-NO-EFFECT");
    String::from_utf8(outcome.reply.to_vec()).unwrap()
}

fn update(mts: i64, members: &Value, force: bool) -> String {
    json!({"cmd": "updateSession", "y2wMessageId": "u", "mts": mts, "members": members, "force": force})
        .to_string()
}

fn send(mts: i64) -> String {
    format!(r#"{{"cmd":"sendMessage","y2wMessageId":"g","mts":{mts},"message":{{"a": 1}}}}"#)
}

fn receivers(hub: &mut Hub, topic: &str, payload: &str) -> Vec<u64> {
    let outcome = command(hub, topic, payload);
    assert!(outcome.reply.ends_with(b"\"returnCode\":20}"), "{outcome:?}");
    let mut to: Vec<u64> =
        outcome.delivery.map_or_else(Vec::new, |delivery| delivery.to.iter().map(|id| id.0).collect());
    to.sort_unstable();
    to
}

#[test]
fn every_answer_is_these_bytes() {
    let hub = &mut three();
    let sent = |code: &str| format!(r#"{{"cmd":"sendMessage","y2wMessageId":"g","returnCode":{code}}}"#);
    let updated = |code: &str| format!(r#"{{"cmd":"updateSession","y2wMessageId":"u","returnCode":{code}}}"#);
    assert_eq!(reply(hub, GROUP, "{"), r#"{"returnCode":30}"#);
    assert_eq!(reply(hub, GROUP, "[]"), r#"{"returnCode":22}"#);
    assert_eq!(reply(hub, GROUP, "{}"), r#"{"returnCode":22}"#);
    assert_eq!(
        reply(hub, GROUP, r#"{"cmd":"fly","y2wMessageId":7}"#),
        r#"{"cmd":"fly","y2wMessageId":"7","returnCode":22}"#
    );
    assert_eq!(reply(hub, "y2w/session/group_", &send(1)), sent("24"));
    assert_eq!(reply(hub, GROUP, &send(1).replace(":1,", ":\"1\",")), sent("25"));
    assert_eq!(reply(hub, GROUP, &send(1)), sent("26"));
    assert_eq!(reply(hub, GROUP, &update(5, &json!({}), false)), updated("29"));
    assert_eq!(reply(hub, GROUP, &update(5, &json!([]), false)), updated("20"));
    assert_eq!(reply(hub, GROUP, &send(5)), sent("31"));
    assert_eq!(reply(hub, GROUP, &send(4)), sent("27,\"mts\":5"));
    assert_eq!(reply(hub, GROUP, &send(6)), sent("28,\"mts\":5"));
    assert_eq!(reply(hub, GROUP, &update(4, &json!([]), false)), updated("27,\"mts\":5"));
    assert_eq!(reply(hub, GROUP, &update(6, &json!([{"uid": "1"}]), false)), updated("20"));
    assert_eq!(reply(hub, GROUP, &send(6)), sent("20"));
}

/// Rule `PUSH-CHECK-ORDER`: payloads that are wrong in two ways get the code of the earlier check.
#[test]
fn checks_are_made_in_their_order() {
    let hub = &mut three();
    let nowhere = "y2w/session/";
    let code = |hub: &mut Hub, topic: &str, payload: &str| -> u64 {
        let reply: Value = serde_json::from_str(&reply(hub, topic, payload)).unwrap();
        reply["returnCode"].as_u64().unwrap()
    };
    for (topic, payload, expected) in [
        (nowhere, r#"{"cmd":"fly""#, 30),
        (nowhere, r#"{"cmd":"fly"}"#, 22),
        (GROUP, r#"["sendMessage","g",5,null,null,1]"#, 22),
        (GROUP, r#"{"cmd":"fly","mts":"x"}"#, 22),
        (nowhere, r#"{"cmd":"sendMessage","mts":"x"}"#, 24),
        (nowhere, r#"{"cmd":"updateSession","members":1}"#, 24),
        (GROUP, r#"{"cmd":"sendMessage","mts":"x"}"#, 25),
        (GROUP, r#"{"cmd":"updateSession","mts":"x","members":1}"#, 25),
        (GROUP, r#"{"cmd":"updateSession","mts":null}"#, 25),
    ] {
        assert_eq!(code(hub, topic, payload), expected, "{topic} {payload}");
    }
    assert_eq!(code(hub, GROUP, &update(5, &json!([]), false)), 20);
    // Wrong members come before an mts that is behind, and an mts that is off before members that are none.
    for (payload, expected) in [
        (update(4, &json!([1]), false), 29),
        (update(4, &json!([{"isDel": true}]), true), 29),
        (update(5, &json!([["1", true]]), false), 29),
        (update(4, &json!([]), false), 27),
        (send(4), 27),
        (send(6), 28),
        (send(5), 31),
    ] {
        assert_eq!(code(hub, GROUP, &payload), expected, "{payload}");
    }
}

#[test]
fn members_get_what_was_sent_byte_for_byte() {
    let hub = &mut three();
    let members = json!([{"uid": "1", "isDel": false}, {"uid": "2"}, {"uid": "9"}]);
    reply(hub, GROUP, &update(5, &members, false));
    let delivery = command(hub, GROUP, &send(5)).delivery.unwrap();
    assert_eq!(delivery.to, [ConnId(2)]);
    assert_eq!(
        delivery.payload,
        r#"{"cmd":"sendMessage","message":{"a": 1},"from":"1","sessionId":"group_4"}"#
    );
    let nothing = send(5).replace("{\"a\": 1}", "null");
    assert_eq!(receivers(hub, GROUP, &nothing), [2], "null is a message");
}

#[test]
fn the_senders_other_device_gets_it_too() {
    let hub = &mut three();
    connect(hub, 4, "1", "01m");
    reply(hub, GROUP, &update(5, &json!([{"uid": "1"}, {"uid": "2"}]), false));
    assert_eq!(receivers(hub, GROUP, &send(5)), [2, 4]);
    assert!(hub.command(ConnId(99), GROUP, b"{}").is_none());
}

#[test]
fn an_update_adds_removes_and_delivers_to_who_is_left() {
    let hub = &mut three();
    reply(hub, GROUP, &update(5, &json!([{"uid": "2"}, {"uid": "3"}]), false));
    let with_message = |update: &str| update.replacen('{', r#"{"message":"m","#, 1);
    let removal = update(6, &json!([{"uid": "3", "isDel": true}]), false);
    assert_eq!(receivers(hub, GROUP, &with_message(&removal)), [2]);
    let forced = update(2, &json!([{"uid": "3"}, {"uid": "2", "isDel": true}]), true);
    assert_eq!(receivers(hub, GROUP, &with_message(&forced)), [3]);
    assert_eq!(receivers(hub, GROUP, &send(2)), [3], "MTS-UPDATE-TAKES-MTS");
    assert!(hub.forget(&ImSessionId::from_topic(GROUP).unwrap()));
    assert_eq!(reply(hub, GROUP, &send(2)), r#"{"cmd":"sendMessage","y2wMessageId":"g","returnCode":26}"#);
}

#[test]
fn a_user_is_addressed_directly() {
    let hub = &mut three();
    let push = send(1_264_953_600_000);
    assert_eq!(receivers(hub, "y2w/session/y2wIMApp_3", &push), [3]);
    assert_eq!(receivers(hub, "y2w/session/y2wIMApp_1", &push), [0; 0]);
    assert_eq!(receivers(hub, "y2w/session/y2wIMApp_nobody", &push), [0; 0]);
}

#[test]
fn a_second_connection_takes_the_place_of_the_first() {
    let hub = &mut Hub::default();
    let accepted = |displaced| ConnectOutcome::Accepted { displaced };
    assert_eq!(connect(hub, 1, "u", "00a"), accepted(None));
    assert_eq!(connect(hub, 2, "u", "01a"), accepted(None), "another class");
    assert_eq!(connect(hub, 3, "v", "00a"), accepted(None), "another user");
    assert_eq!(connect(hub, 4, "u", "00b"), accepted(Some(Displaced::Kicked(ConnId(1)))));
    assert_eq!(connect(hub, 5, "u", "10a"), ConnectOutcome::Refused(ConnectionReturnCode::KICKED));
    assert_eq!(connect(hub, 6, "u", "10b"), accepted(Some(Displaced::Replaced(ConnId(4)))));
    // What was displaced is gone, and its end does not touch the one that took its place.
    hub.disconnect(ConnId(1));
    hub.disconnect(ConnId(4));
    let mut live: Vec<ConnId> = hub.connections_of(&"u".into()).collect();
    live.sort();
    assert_eq!(live, [ConnId(2), ConnId(6)]);
    hub.disconnect(ConnId(6));
    assert_eq!(connect(hub, 7, "u", "10new"), accepted(None));
    assert_eq!(hub.live(), 3);
}

proptest! {
    #[test]
    fn no_payload_panics(bytes in prop::collection::vec(any::<u8>(), 0..100), topic in ".*") {
        let outcome = three().command(ConnId(1), &topic, &bytes).unwrap();
        prop_assert!(serde_json::from_slice::<Value>(&outcome.reply).is_ok());
    }
}
