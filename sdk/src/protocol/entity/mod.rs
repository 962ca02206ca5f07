//! The things of the business API, as they stand in its JSON.
//!
//! Reading is lenient where real servers are loose (`null` or absent for an empty value), never where an identity or
//! the order of a sync would have to be guessed: ids are required, and so are the stamps of synced entries, except
//! that write answers may lack them (`None`).

mod files;
mod names;
mod people;
mod places;

pub use files::{Attachment, Emoji};
pub use names::{MessageType, Role, SessionType, Status};
pub use people::{Contact, LastMessage, User, UserConversation, UserSession};
pub use places::{Message, Session, SessionMember};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::time::Timestamp;

    #[test]
    fn a_message_is_this_json() {
        let message = Message {
            id: "9".into(),
            sender: "1".into(),
            kind: MessageType::Text,
            content: r#"{"text":"hi"}"#.to_owned(),
            is_delete: false,
            created_at: Timestamp::from_millis(1_479_974_400_000),
            updated_at: Timestamp::from_millis(1_479_974_400_001),
        };
        let golden = r#"{"id":"9","sender":"1","type":"text","content":"{\"text\":\"hi\"}","isDelete":false,"createdAt":"2016-11-24T08:00:00.000Z","updatedAt":"2016-11-24T08:00:00.001Z"}"#;
        assert_eq!(serde_json::to_string(&message).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Message>(golden).unwrap(), message);
    }

    #[test]
    fn a_user_is_this_json() {
        let golden = json!({
            "id": "2", "email": "li@example.org", "name": "李", "pinyin": ["li"], "role": "", "jobTitle": "cook",
            "phone": "", "address": "", "status": "active", "avatarUrl": "attachments/5/content",
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
        });
        let user: User = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!((user.email.as_str(), user.job_title.as_str()), ("li@example.org", "cook"));
        assert_eq!(serde_json::to_value(&user).unwrap(), golden);
    }

    #[test]
    fn a_session_is_this_json() {
        let golden = json!({
            "id": "9", "name": "team", "nameChanged": true, "secureType": "private", "type": "group",
            "description": "", "avatarUrl": "attachments/5/content",
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
        });
        let session: Session = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!((session.kind.clone(), session.name_changed), (SessionType::Group, true));
        assert_eq!(serde_json::to_value(&session).unwrap(), golden);
    }

    #[test]
    fn a_conversation_is_this_json() {
        let golden = json!({
            "id": "5", "targetId": "2", "name": "Li", "type": "p2p", "top": false, "visiable": true, "unread": 3,
            "lastMessage": {"sender": "2", "type": "text", "content": "{\"text\":\"hi\"}"}, "avatarUrl": "",
            "isDelete": false, "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
        });
        let conversation: UserConversation = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!(conversation.target_id, "2");
        assert_eq!(conversation.kind, SessionType::P2p);
        assert_eq!(conversation.unread, 3);
        assert_eq!(serde_json::to_value(&conversation).unwrap(), golden);
    }

    #[test]
    fn a_member_is_this_json() {
        let golden = json!({
            "id": "7", "userId": "2", "name": "Li", "pinyin": ["li"], "role": "master", "status": "active",
            "avatarUrl": "", "lastReadTime": null, "isDelete": false,
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
        });
        let member: SessionMember = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!(member.role, Role::Master);
        assert_eq!(serde_json::to_value(&member).unwrap(), golden);
    }

    #[test]
    fn loose_forms_of_2016_are_read() {
        let member: SessionMember = serde_json::from_value(json!({
            "id": 7, "userId": 2, "name": null, "pinyin": null, "isDelete": 1,
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": 1_479_974_400_000_i64,
        }))
        .unwrap();
        assert_eq!(member.user_id.as_str(), "2");
        assert!(member.is_delete);
        assert_eq!(member.created_at, member.updated_at);
    }

    #[test]
    fn an_entry_without_its_stamp_is_refused() {
        let error = serde_json::from_value::<Message>(json!({"id": "1", "type": "text"})).unwrap_err();
        assert!(error.to_string().contains("createdAt"), "{error}");
    }

    #[test]
    fn a_contact_is_this_json() {
        let golden = json!({
            "id": "3", "userId": "2", "name": "李", "pinyin": ["li"], "title": "老李", "titlePinyin": ["lao", "li"],
            "remark": "", "email": "li@example.org", "avatarUrl": "attachments/5/content", "isDelete": false,
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
        });
        let contact: Contact = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!(contact.title_pinyin, ["lao", "li"]);
        assert_eq!(serde_json::to_value(&contact).unwrap(), golden);
    }

    #[test]
    fn a_contact_that_a_post_answers_without_times_is_read() {
        let contact: Contact = serde_json::from_value(json!({"id": 3, "userId": 2, "name": "Li"})).unwrap();
        assert_eq!((contact.user_id.as_str(), contact.updated_at), ("2", None));
    }

    #[test]
    fn a_favourite_group_is_this_json() {
        let golden = json!({
            "id": "4", "sessionId": "9", "name": "team", "avatarUrl": "", "isDelete": true,
            "createdAt": "2016-11-24T08:00:00.000Z", "updatedAt": "2016-11-24T08:00:00.001Z",
        });
        let favourite: UserSession = serde_json::from_value(golden.clone()).unwrap();
        assert!(favourite.is_delete);
        assert_eq!(serde_json::to_value(&favourite).unwrap(), golden);
    }

    #[test]
    fn an_attachment_of_2016_without_a_size_is_read() {
        let attachment: Attachment = serde_json::from_value(json!({
            "id": 5, "fileName": "plan.pdf", "path": "x", "md5": "00", "size": null, "isDelete": 0,
        }))
        .unwrap();
        assert_eq!((attachment.id.as_str(), attachment.size), ("5", None));
    }
}
