//! Files as forms, put together by hand: a case decides on every byte.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::path;

use super::super::ask::Ask;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;

/// What parts begin with. It is in no file.
const BOUNDARY: &str = "----frontier";

/// One part of a form: what its `Content-Disposition` says after `form-data`, its `Content-Type` where it has one, and its
/// bytes.
pub(super) fn part(disposition: &str, kind: Option<&str>, bytes: &[u8]) -> Vec<u8> {
    let kind = kind.map_or(String::new(), |kind| format!("Content-Type: {kind}\r\n"));
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n");
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

/// A form of these parts.
pub(super) fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}

/// A form with that one file.
pub(super) fn file(name: &str, kind: Option<&str>, bytes: &[u8]) -> Vec<u8> {
    form(&[part(&format!("name=\"file\"; filename=\"{name}\""), kind, bytes)])
}

/// A form with that one text.
pub(super) fn text(name: &str, text: &str) -> Vec<u8> {
    file(name, Some("text/plain"), text.as_bytes())
}

/// Puts a form into a request.
pub(super) fn body<'a>(ask: Ask<'a>, form: &[u8]) -> Ask<'a> {
    ask.body(&format!("multipart/form-data; boundary={BOUNDARY}"), form.to_vec())
}

impl Lab {
    /// An upload of that form.
    pub(super) fn uploading(&self, by: &Person, form: &[u8]) -> Ask<'_> {
        body(self.ask(Method::POST, path::ATTACHMENTS), form).by(by)
    }

    /// Uploads a file for a case that is about something else: the attachment. Rule `FILE-UPLOAD`.
    pub(super) async fn upload(&self, by: &Person, form: &[u8]) -> Result<Value, Stop> {
        Ok(self.uploading(by, form).send().await?.needed()?.json)
    }
}
