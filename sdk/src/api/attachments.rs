//! Attachments: files that messages refer to as `attachments/ID/content`.

use ::http::{HeaderName, Method};
use bytes::Bytes;

use super::call::Call;
use super::multipart::Multipart;
use super::{Api, ApiError, url};
use crate::protocol::rest::{CONTENT_MD5, path};
use crate::protocol::{Attachment, AttachmentId, credential};

/// The name of the upload's one field; the protocol fixes none.
const FIELD: &str = "file";
/// Nobody says beforehand how large a download is: it may take as long as this many bytes do.
const DOWNLOAD: usize = 10 * 1024 * 1024;

impl Api {
    /// Uploads a file under a name and with its media type, as `text/plain`; the deadline grows with its size. A server
    /// may answer an attachment that it already holds with the same bytes. 413 if it takes no file so large. Rules
    /// `FILE-UPLOAD`, `FILE-DEDUP`, `FILE-SIZE-MAX`.
    pub async fn upload(
        &self,
        file_name: &str,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<Attachment, ApiError> {
        let form = Multipart::of_one_file(FIELD, file_name, content_type, &bytes);
        self.post(path::ATTACHMENTS, &[])
            .body(&form.content_type, form.body)
            .header(HeaderName::from_static(CONTENT_MD5), &credential::md5_hex(&bytes))
            .carrying(bytes.len())
            .send_as_user()
            .await
    }

    /// What is known of an attachment: name, size in bytes, MD5. Rules `FILE-INFO`, `FILE-SIZE-NULL`.
    pub async fn attachment(&self, id: &AttachmentId) -> Result<Attachment, ApiError> {
        self.get(path::ATTACHMENT, &[id.as_str()]).find("attachment").await
    }

    /// The bytes of a file: `src` as in a message, or an absolute URL on the same server. The token goes in a header, so
    /// it shows in no log of URLs, and it goes to no other server. Rules `FILE-CONTENT`, `FILE-REFERENCE`.
    pub async fn download(&self, src: &str) -> Result<Bytes, ApiError> {
        let target = url::on_server(&self.base, src);
        Call::to(self, Method::GET, path::ATTACHMENT_CONTENT, target).carrying(DOWNLOAD).body_as_user().await
    }

    /// The address of a picture or a file for whatever loads it without headers, as a browser does: absolute URLs as
    /// they are, relative ones on this server and with the token. `None` where there is none: the field is blank. Rules
    /// `FILE-REFERENCE`, `API-AUTH-QUERY`.
    pub fn absolute_url(&self, url: &str) -> Option<String> {
        url::with_token(&self.base, url, self.token().as_deref().map(|token| &*token.text))
    }
}
