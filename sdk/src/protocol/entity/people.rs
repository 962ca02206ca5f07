//! Users, and what each of them has: contacts, favourite groups, conversations.

use serde::{Deserialize, Serialize};

use super::names::{MessageType, SessionType, Status, active};
use crate::protocol::ids::{ContactId, ConversationId, SessionId, UserId, UserSessionId};
use crate::protocol::lenient;
use crate::protocol::time::Timestamp;

/// An account. Rule `USER-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    #[serde(default, deserialize_with = "lenient::syllables")]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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

/// One user's entry for another user. Rule `CONTACT-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The entry's id, not the user's.
    pub id: ContactId,
    /// Who it is.
    pub user_id: UserId,
    /// The user's own name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The syllables of the name in pinyin.
    #[serde(default, deserialize_with = "lenient::syllables")]
    pub pinyin: Vec<String>,
    /// The owner's name for the user; shown in place of `name` where it is not empty.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub title: String,
    /// The syllables of the title in pinyin.
    #[serde(default, deserialize_with = "lenient::syllables")]
    pub title_pinyin: Vec<String>,
    /// Other notes of the owner.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub remark: String,
    /// The account name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email: String,
    /// Where the picture is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub avatar_url: String,
    /// A tombstone.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last changed; the stamp of its sync. The server of 2016 leaves it out of the answer to a POST.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

/// A group that a user has marked as a favourite. Rule `FAV-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserSession {
    /// The entry's id, not the session's.
    pub id: UserSessionId,
    /// Which group.
    pub session_id: SessionId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Where its picture is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub avatar_url: String,
    /// A tombstone.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last changed; the stamp of its sync. A write's answer may lack it.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}
