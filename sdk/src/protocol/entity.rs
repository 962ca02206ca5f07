//! The things of the business API, as they stand in its JSON.
//!
//! Reading is lenient where real servers are loose (`null` or absent for an empty value), never where an identity or
//! the order of a sync would have to be guessed: ids are required, and so are the stamps of synced entries, except
//! that write answers may lack them (`None`).

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::{ConversationId, MemberId, MessageId, SessionId, UserId};
use super::lenient;
use super::time::Timestamp;

macro_rules! open_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$row])* $variant,)*
            /// A name that is not in the table; kept as it came.
            Other(Arc<str>),
        }

        impl $name {
            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name {
                    $($text => Self::$variant,)*
                    other => Self::Other(Arc::from(other)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                lenient::text(deserializer).map(|name| Self::from(name.as_str()))
            }
        }
    };
}

open_names! {
    /// What a session is. Rule `SESS-TYPES`.
    SessionType {
        /// Two users; one session for each unordered pair.
        P2p = "p2p",
        /// Any number of users.
        Group = "group",
        /// One user's own session, for their other devices.
        Single = "single",
        /// Not a business session: a push straight to one user. Rule `PUSH-APP`.
        App = "y2wIMApp",
    }
}

open_names! {
    /// What a message holds. Rule `MSG-TYPES`.
    MessageType {
        /// `{text}`
        Text = "text",
        /// `{src, thumbnail, width, height}`
        Image = "image",
        /// A video file.
        Video = "video",
        /// An audio file.
        Audio = "audio",
        /// `{src, name, size}`
        File = "file",
        /// `{text}`, written by the server.
        System = "system",
        /// A place.
        Location = "location",
    }
}

open_names! {
    /// What a member may do. Rule `MEMBER-ROLES`.
    Role {
        /// The owner of a group.
        Master = "master",
        /// May do what the master may, but not end the mastership.
        Admin = "admin",
        /// Everybody else.
        User = "user",
    }
}

open_names! {
    /// Whether a user or a member is in good standing. Rule `MEMBER-STATUS`.
    Status {
        /// In good standing.
        Active = "active",
        /// Barred.
        Inactive = "inactive",
    }
}

/// An account. Rule `USER-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id, the `uid` of the push side.
    pub id: UserId,
    /// The account name; any text that is unique in the app.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email: String,
    /// The name that people see.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The syllables of the name in pinyin.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub pinyin: Vec<String>,
    /// Free text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub role: String,
    /// Free text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub job_title: String,
    /// Free text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone: String,
    /// Free text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub address: String,
    /// Whether the user may log in.
    #[serde(default = "active")]
    pub status: Status,
    /// Where the picture is; absolute, or relative to the business API.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub avatar_url: String,
    /// When the account was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

/// One user's view of a session; made by the server only. Rule `CONV-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserConversation {
    /// The conversation's id.
    pub id: ConversationId,
    /// The other user's id (`p2p`), or the session's id (`group`).
    #[serde(deserialize_with = "lenient::text")]
    pub target_id: String,
    /// The name to show.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What `target_id` means.
    #[serde(rename = "type")]
    pub kind: SessionType,
    /// Pinned to the top.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub top: bool,
    /// Shown in the list; spelt so on the wire.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub visiable: bool,
    /// Messages that this user has not read.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub unread: u32,
    /// The newest message in short.
    #[serde(default)]
    pub last_message: Option<LastMessage>,
    /// Where the picture is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub avatar_url: String,
    /// A tombstone: hidden until the next message.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last changed; the stamp of its sync.
    pub updated_at: Timestamp,
}

/// The newest message of a conversation, in short. Rule `CONV-LAST-MESSAGE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastMessage {
    /// Who sent it.
    #[serde(default)]
    pub sender: UserId,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The content as in the message: a string of JSON.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub content: String,
}

/// A place where users talk. Rule `SESS-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The name to show.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Whether somebody chose the name; until then the server makes it from the members' names.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub name_changed: bool,
    /// `public` or `private`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub secure_type: String,
    /// What the session is.
    #[serde(rename = "type")]
    pub kind: SessionType,
    /// Free text.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub description: String,
    /// Where the picture is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub avatar_url: String,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it, or its members, last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

/// A user's membership in a session. Rule `MEMBER-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionMember {
    /// The membership's id.
    pub id: MemberId,
    /// Who the member is.
    pub user_id: UserId,
    /// The name in this session.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The syllables of the name in pinyin.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub pinyin: Vec<String>,
    /// What the member may do.
    #[serde(default = "role_user")]
    pub role: Role,
    /// Whether the member is in good standing.
    #[serde(default = "active")]
    pub status: Status,
    /// Where the picture is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub avatar_url: String,
    /// Up to when the member has read.
    #[serde(default)]
    pub last_read_time: Option<Timestamp>,
    /// A tombstone: no member any more.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When the *membership* last changed: added, removed, revived, another role. Rule `MEMBER-TWO-CLOCKS`.
    pub created_at: Timestamp,
    /// When anything of it last changed; the stamp of its sync.
    pub updated_at: Timestamp,
}

impl SessionMember {
    /// Whether pushes and syncs are due to this member.
    pub fn is_present(&self) -> bool {
        !self.is_delete && self.status == Status::Active
    }
}

/// A message as the server holds it. Rule `MSG-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The message's id.
    pub id: MessageId,
    /// Who sent it.
    #[serde(default)]
    pub sender: UserId,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// A string of JSON whose form depends on `kind`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub content: String,
    /// Withdrawn.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When it was stored; it never changes, and it is the order of the session.
    pub created_at: Timestamp,
    /// When it last changed; the stamp of its sync. Equal to `created_at` for a new message.
    pub updated_at: Timestamp,
}

fn active() -> Status {
    Status::Active
}

fn role_user() -> Role {
    Role::User
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
}
