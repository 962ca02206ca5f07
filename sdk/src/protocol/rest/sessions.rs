//! Parameters of sessions, members and messages.

use serde::{Deserialize, Serialize};

use crate::protocol::entity::{MessageType, Role, SessionType, Status};
use crate::protocol::{UserId, lenient};

/// `POST sessions`. Rule `SESS-CREATE-GROUP`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateSession {
    /// What the session is; only `group` is made this way.
    #[serde(rename = "type")]
    pub kind: SessionType,
    /// The name; empty lets the server make it.
    #[serde(default)]
    pub name: String,
    /// `public` or `private`.
    #[serde(default)]
    pub secure_type: String,
    /// Where the picture is.
    #[serde(default)]
    pub avatar_url: String,
}

/// `POST members`. Rule `MEMBER-ADD`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AddMember {
    /// Who.
    pub user_id: UserId,
    /// The name in this session.
    pub name: String,
    /// What the member may do; `user` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where the picture is.
    #[serde(default)]
    pub avatar_url: String,
    /// `active` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// `POST messages`. Rule `MSG-STORE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoreMessage {
    /// The caller's own uid.
    pub sender: UserId,
    /// A string of JSON.
    pub content: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: MessageType,
}

/// `PUT sessions/SID`: what is absent stays. Rule `SESS-UPDATE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateSession {
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether somebody chose the name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient::some_flag")]
    pub name_changed: Option<bool>,
    /// `public` or `private`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_type: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// `PUT members/MID`: all of it, since the server of 2016 wants all. Rule `MEMBER-UPDATE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateMember {
    /// As it is; it does not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The name in this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the member may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where the picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Whether the member is in good standing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// `PUT messages/MID`: what is absent stays. Rule `MSG-EDIT`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct EditMessage {
    /// As it is; sent because the server of 2016 wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
    /// A string of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What it holds.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<MessageType>,
}
