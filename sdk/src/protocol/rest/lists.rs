//! Parameters for what a user owns: contacts, favourite groups, conversations.

use serde::{Deserialize, Serialize};

use crate::protocol::entity::SessionType;
use crate::protocol::{SessionId, UserId, lenient};

/// `POST contacts`. Rule `CONTACT-ADD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AddContact {
    /// Whom.
    pub user_id: UserId,
    /// The name of that user.
    pub name: String,
    /// Where that user's picture is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub avatar_url: String,
}

/// `PUT contacts/CID`: what is absent stays. Rule `CONTACT-UPDATE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateContact {
    /// Sent because the server of 2016 wants it; it does not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The user's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The owner's name for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Other notes of the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Where the picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// `POST userSessions`. Rule `FAV-ADD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AddUserSession {
    /// Which group.
    pub session_id: SessionId,
    /// Its name.
    pub name: String,
    /// Where its picture is.
    #[serde(default)]
    pub avatar_url: String,
}

/// `PUT userSessions/USID`: what is absent stays. Rule `FAV-UPDATE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateUserSession {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where its picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// `PUT userConversations/UCID`. Rule `CONV-UPDATE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UpdateConversation {
    /// As it is; it does not change.
    pub target_id: String,
    /// The name to show.
    pub name: String,
    /// As it is; it does not change.
    #[serde(rename = "type")]
    pub kind: SessionType,
    /// Pinned to the top; stays if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient::some_flag")]
    pub top: Option<bool>,
    /// Where the picture is; stays if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}
