use serde_json::json;

use super::*;
use crate::protocol::{Contact, SessionType, UserConversation};

fn me() -> User {
    serde_json::from_value(json!({"id": "1", "name": "Ann"})).unwrap()
}

fn at(n: i64) -> i64 {
    Timestamp::MIN.as_millis() + n
}

/// A model with something in every part.
fn model() -> Model {
    let mut model = Model::default();
    let conversation: UserConversation = serde_json::from_value(
        json!({"id": "5", "targetId": "2", "name": "Li", "type": "p2p", "updatedAt": at(4)}),
    )
    .unwrap();
    model.conversations.merge_page(vec![conversation]);
    let contact = |id: &str, gone: bool| -> Contact {
        serde_json::from_value(json!({"id": id, "userId": id, "isDelete": gone, "updatedAt": at(3)})).unwrap()
    };
    model.contacts.merge_page(vec![contact("2", false), contact("3", true)]);
    let favourite = json!({"id": "6", "sessionId": "9", "name": "team", "updatedAt": at(2)});
    model.user_sessions.merge_page(vec![serde_json::from_value(favourite).unwrap()]);
    model.take_user(serde_json::from_value(json!({"id": "2", "name": "Li"})).unwrap());
    let session = json!({"id": "8", "type": "p2p", "updatedAt": at(1)});
    model.take_session(serde_json::from_value(session).unwrap(), 10);
    model.learn_p2p(&"2".into(), "8".into());
    let known = model.session_mut(&"8".into()).unwrap();
    let member = |id: &str| json!({"id": id, "userId": id, "createdAt": at(1), "updatedAt": at(7)});
    known.members.merge_page(vec![
        serde_json::from_value(member("1")).unwrap(),
        serde_json::from_value(member("2")).unwrap(),
    ]);
    let message = |id: &str, n: i64| -> Message {
        serde_json::from_value(json!({"id": id, "type": "text", "createdAt": at(n), "updatedAt": at(n)}))
            .unwrap()
    };
    known
        .messages
        .merge_page(vec![message("20", 20), message("21", 21)], Some(Timestamp::from_millis(at(1))));
    known.messages.saw_conversation(Timestamp::from_millis(at(4)));
    model
}

fn saved(model: &Model) -> Vec<(Part, Vec<u8>)> {
    model.parts().into_iter().filter_map(|part| Some((part.clone(), model.save(&part, &me())?))).collect()
}

#[test]
fn what_was_saved_comes_back_with_its_watermarks() {
    let documents = saved(&model());
    let mut restored = Model::default();
    for (part, document) in &documents {
        restored.restore(part, document, 10).unwrap();
    }
    assert_eq!(saved(&restored), documents);
    assert_eq!(restored.contacts.watermark().as_millis(), at(3));
    assert_eq!(restored.contacts.iter().count(), 1);
    let session = restored.session_of(&SessionType::P2p, "2").unwrap();
    assert_eq!((session.members.watermark().as_millis(), session.members.mts().as_millis()), (at(7), at(1)));
    assert_eq!((session.messages.watermark().as_millis(), session.messages.len()), (at(21), 2));
    assert_eq!(restored.conversations_behind().count(), 0);
}

#[test]
fn without_its_messages_a_session_is_behind_and_syncs_from_the_beginning() {
    let mut restored = Model::default();
    for (part, document) in saved(&model()).iter().filter(|(part, _)| !matches!(part, Part::Messages(_))) {
        restored.restore(part, document, 10).unwrap();
    }
    assert_eq!(restored.conversations_behind().count(), 1);
    assert_eq!(restored.session(&"8".into()).unwrap().messages.watermark(), Timestamp::MIN);
}

#[test]
fn a_document_that_is_not_what_it_should_be_is_refused_and_changes_nothing() {
    let documents = saved(&model());
    for (part, document) in &documents {
        let mut restored = Model::default();
        if let Part::Messages(id) = part {
            let session = Part::Session(id.clone());
            restored.restore(&session, &documents.iter().find(|d| d.0 == session).unwrap().1, 10).unwrap();
        }
        let before = saved(&restored);
        let future =
            String::from_utf8(document.clone()).unwrap().replacen("\"version\":1", "\"version\":2", 1);
        for bad in [&b""[..], b"{}", b"null", b"{\"version\":1,\"data\":[]}", &document[..document.len() / 2]]
        {
            assert!(restored.restore(part, bad, 10).is_err(), "{part:?}");
        }
        let error = restored.restore(part, future.as_bytes(), 10).unwrap_err();
        assert!(error.contains("version 2"), "{error}");
        assert_eq!(saved(&restored), before);
    }
}
