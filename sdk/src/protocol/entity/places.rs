//! Sessions, their members, their messages.

use serde::{Deserialize, Serialize};

use super::names::{MessageType, Role, SessionType, Status, active, role_user};
use crate::protocol::ids::{MemberId, MessageId, SessionId, UserId};
use crate::protocol::lenient;
use crate::protocol::time::Timestamp;

/// A place where users talk. Rule `SESS-FIELDS`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    #[serde(default, deserialize_with = "lenient::syllables")]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
