//! What is known of uploaded files. Their bytes are elsewhere, under a key that the server made.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::{Attachment, AttachmentId, Timestamp};

use super::collection::Stamps;
use super::{Business, Ids, Operation, Refusal};

/// Makes an attachment of bytes that have come in whole. Rules `FILE-UPLOAD`, `FILE-DEDUP`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddAttachment {
    /// Where the bytes are.
    pub key: String,
    /// The name that the file was uploaded under.
    pub file_name: String,
    /// What the sender says is in it.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// The MD5 of the bytes, in hexadecimal, as the server found it.
    pub md5: String,
    /// Whether an attachment with the same bytes will do as well.
    pub or_same: bool,
}

/// An attachment, with what its readers need beside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredFile {
    /// What clients see of it.
    pub attachment: Attachment,
    /// Where the bytes are.
    pub key: String,
    /// What its sender said is in it.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
}

impl Operation for AddAttachment {
    /// The attachment: one that was there already has another key than the one given.
    type Reply = Arc<StoredFile>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<StoredFile>, Refusal> {
        let attachments = &mut state.attachments;
        let sum = (self.md5.clone(), self.size);
        if self.or_same
            && let Some(same) = attachments.by_sum.get(&sum).and_then(|id| attachments.all.get(id))
        {
            return Ok(same.clone());
        }
        let id: AttachmentId = attachments.ids.next();
        let stamp = attachments.stamps.next(now);
        let stored = Arc::new(StoredFile {
            attachment: Attachment {
                path: format!("attachments/{id}/content"),
                id: id.clone(),
                file_name: self.file_name,
                size: Some(self.size),
                md5: self.md5,
                is_delete: false,
                created_at: Some(stamp),
                updated_at: Some(stamp),
            },
            key: self.key,
            content_type: self.content_type,
            size: self.size,
        });
        attachments.by_sum.insert(sum, id.clone());
        attachments.all.insert(id, stored.clone());
        Ok(stored)
    }
}

impl Business {
    /// Where the bytes of each attachment are, in no order.
    pub fn attachment_keys(&self) -> impl Iterator<Item = &str> {
        self.attachments.all.values().map(|stored| &*stored.key)
    }

    /// An attachment. Rules `FILE-INFO`, `FILE-CONTENT`.
    pub fn attachment(&self, id: &str) -> Result<&Arc<StoredFile>, Refusal> {
        self.attachments.all.get(id).ok_or_else(|| Refusal::not_found("no such attachment"))
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Attachments {
    #[serde(with = "super::sorted")]
    all: FxHashMap<AttachmentId, Arc<StoredFile>>,
    /// The newest with that MD5 and that size.
    #[serde(with = "super::sorted")]
    by_sum: FxHashMap<(String, u64), AttachmentId>,
    ids: Ids,
    stamps: Stamps,
}
