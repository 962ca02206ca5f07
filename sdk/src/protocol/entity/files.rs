//! Attachments and emojis.

use serde::{Deserialize, Serialize};

use crate::protocol::ids::{AttachmentId, EmojiId};
use crate::protocol::lenient;
use crate::protocol::time::Timestamp;

/// An uploaded file. Rule `FILE-UPLOAD`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The attachment's id.
    pub id: AttachmentId,
    /// The name that the file was uploaded under.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub file_name: String,
    /// Where the server keeps it; of no use to a client.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub path: String,
    /// The size in bytes; servers may leave it out. Rule `FILE-SIZE-NULL`.
    #[serde(default)]
    pub size: Option<u64>,
    /// The MD5 of the bytes, in hexadecimal.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub md5: String,
    /// A tombstone.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When it was uploaded.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

/// A picture for messages that the app offers. Rule `EMOJI-LIST`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Emoji {
    /// The emoji's id.
    pub id: EmojiId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The package that it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default", rename = "package")]
    pub package: String,
    /// Where the picture is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub url: String,
    /// A tombstone.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_delete: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it last changed; the stamp of its sync.
    pub updated_at: Timestamp,
}
