//! Attachments and emojis. Part 11 of the protocol.

use bytes::Bytes;

use super::CurrentUser;
use crate::error::Error;
use crate::protocol::{Attachment, AttachmentId, Emoji};

/// Files on the server. The seed's `Attachments`.
#[derive(Clone, Copy, Debug)]
pub struct Attachments<'a> {
    pub(super) user: &'a CurrentUser,
}

/// The emojis of the app.
#[derive(Clone, Copy, Debug)]
pub struct Emojis<'a> {
    pub(super) user: &'a CurrentUser,
}

impl Attachments<'_> {
    /// Uploads a file under a name and with its media type, as `text/plain`. A message or a picture refers to it as
    /// `attachments/ID/content`. A message with a file needs no such call: [`CurrentUser::send_file`] uploads by
    /// itself. A status of 413 says that the server takes no file so large. Rules `FILE-UPLOAD`, `FILE-REFERENCE`.
    pub async fn upload(&self, name: &str, content_type: &str, bytes: Bytes) -> Result<Attachment, Error> {
        Ok(self.user.shared.api.upload(name, content_type, bytes).await?)
    }

    /// What the server knows of a file: name, size in bytes, MD5. Rules `FILE-INFO`, `FILE-SIZE-NULL`.
    pub async fn get(&self, id: &AttachmentId) -> Result<Attachment, Error> {
        Ok(self.user.shared.api.attachment(id).await?)
    }

    /// The bytes of a file, by its address in a message or in an avatar, as `attachments/ID/content`. The whole file is
    /// held in memory. An address on another server is an error, since it would learn the token. Rules `FILE-CONTENT`,
    /// `FILE-REFERENCE`.
    pub async fn download(&self, src: &str) -> Result<Bytes, Error> {
        Ok(self.user.shared.api.download(src).await?)
    }
}

impl Emojis<'_> {
    /// All emojis that syncs have brought, in the order of their first arrival. Nothing syncs them but [`Self::sync`].
    pub fn list(&self) -> Vec<Emoji> {
        self.user.with_model(|model| model.emojis.iter().cloned().collect())
    }

    /// Fetches what has changed. Rules `EMOJI-LIST`, `EMOJI-COUNT`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_emojis().await?)
    }

    /// Where an emoji's picture is, as a full address; `None` without a picture. Rule `FILE-REFERENCE`.
    pub fn url(&self, emoji: &Emoji) -> Option<String> {
        self.user.absolute_url(&emoji.url)
    }
}
