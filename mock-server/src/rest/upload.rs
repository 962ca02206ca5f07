//! Receiving one file as `multipart/form-data`.

use std::io;

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use base64ct::{Base64, Encoding};
use bytes::Bytes;
use futures_util::Stream;
use md5::{Digest, Md5};
use multer::{Constraints, Field, Multipart, SizeLimit};
use y2w_sdk::protocol::rest::CONTENT_MD5;

use super::body::{Interrupted, too_large};
use super::error::ApiError;
use crate::files::{Begun, Files};

/// What a form may have besides its file, in bytes.
const ENVELOPE_MAX: u64 = 64 * 1024;
/// Longest name of a file that is kept, in bytes.
const NAME_MAX: usize = 255;

/// A file that has come in whole.
pub(super) struct Arrived<'a> {
    /// Its bytes, not kept yet.
    pub(super) begun: Begun<'a>,
    pub(super) file_name: String,
    pub(super) content_type: String,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
}

/// Reads a form and takes its one file in, whatever its field is called. Rule `FILE-FIELD`.
pub(super) async fn receive<'a>(
    files: &'a Files,
    keys: impl Fn() -> String,
    headers: &HeaderMap,
    pieces: impl Stream<Item = Result<Bytes, Interrupted>> + Send,
) -> Result<Arrived<'a>, ApiError> {
    let most = files.max.saturating_add(ENVELOPE_MAX);
    if announced(headers).is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(most));
    let mut form = Multipart::with_constraints(pieces, boundary(headers)?, constraints);
    let mut arrived = None;
    while let Some(field) = form.next_field().await? {
        if field.file_name().is_none() {
            continue;
        }
        if arrived.is_some() {
            return Err(ApiError::bad_request("more than one file"));
        }
        arrived = Some(take(files, &keys, field).await?);
    }
    arrived.ok_or_else(|| ApiError::bad_request("no part of the form is a file"))
}

async fn take<'a>(
    files: &'a Files,
    keys: impl Fn() -> String,
    mut field: Field<'_>,
) -> Result<Arrived<'a>, ApiError> {
    let mut begun = files.begin(keys).await.map_err(not_stored)?;
    let mut sum = Md5::new();
    let mut size = 0;
    while let Some(piece) = field.chunk().await? {
        size += piece.len() as u64;
        if size > files.max {
            return Err(too_large());
        }
        sum.update(&piece);
        begun.write(&piece).await.map_err(not_stored)?;
    }
    Ok(Arrived {
        begun,
        file_name: plain_name(field.file_name().unwrap_or_default()),
        content_type: field.content_type().map_or_else(|| OPAQUE.to_owned(), ToString::to_string),
        size,
        md5: sum.finalize().into(),
    })
}

/// Rule `FILE-NO-ROOM`.
pub(super) fn not_stored(error: io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            let message = "the server has no room for this attachment";
            ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage", message)
        }
        _ => ApiError::internal(error),
    }
}

/// What a file is that nobody says more about.
pub(super) const OPAQUE: &str = "application/octet-stream";

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn boundary(headers: &HeaderMap) -> Result<String, ApiError> {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|kind| multer::parse_boundary(kind).ok())
        .ok_or_else(|| ApiError::bad_request("an upload is multipart/form-data with a boundary"))
}

/// The last part of what may be a path, without what no name needs. It is shown, and never used as a path. Rule
/// `FILE-NAME-NO-PATH`.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut plain = String::new();
    for sign in last.chars().filter(|sign| !sign.is_control()) {
        if plain.len() + sign.len_utf8() > NAME_MAX {
            break;
        }
        plain.push(sign);
    }
    if plain.is_empty() { "file".to_owned() } else { plain }
}

/// The sum that a sender announces: in base64 as RFC 1864 has it, or in hexadecimal. Rules `FILE-MD5`, `FILE-MD5-FORMS`.
pub(super) fn announced_sum(headers: &HeaderMap) -> Result<Option<[u8; 16]>, ApiError> {
    headers
        .get(CONTENT_MD5)
        .map(|value| {
            let text = value.to_str().ok().map(str::trim);
            text.and_then(|text| from_hex(text).or_else(|| from_base64(text)))
                .ok_or_else(|| ApiError::bad_request("Content-MD5 is no MD5 in base64 or hexadecimal"))
        })
        .transpose()
}

fn from_base64(text: &str) -> Option<[u8; 16]> {
    let mut sum = [0; 16];
    let length = Base64::decode(text, &mut sum).ok()?.len();
    (length == sum.len()).then_some(sum)
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}

/// As it stands in an attachment.
pub(super) fn hex(sum: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(sum))
}

impl From<multer::Error> for ApiError {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => too_large(),
            multer::Error::StreamReadFailed(why) => match why.downcast::<Interrupted>() {
                Ok(why) => (*why).into(),
                Err(why) => Self::bad_request(why.to_string()),
            },
            other => Self::bad_request(format!("the form cannot be read: {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_name_is_no_path() {
        for (sent, kept) in [
            ("plan.pdf", "plan.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"C:\temp\图.png", "图.png"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("dir/", "file"),
            ("", "file"),
        ] {
            assert_eq!(plain_name(sent), kept);
        }
        assert_eq!(plain_name(&"图".repeat(200)).len(), 255);
    }

    #[test]
    fn a_sum_is_read_in_both_forms() {
        let sum = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_MD5, HeaderValue::from_str(text).unwrap());
            announced_sum(&headers).ok().flatten().map(hex)
        };
        let expected = Some("5d41402abc4b2a76b9719d911017c592".to_owned());
        assert_eq!(sum("5d41402abc4b2a76b9719d911017c592"), expected);
        assert_eq!(sum("5D41402ABC4B2A76B9719D911017C592"), expected);
        assert_eq!(sum("XUFAKrxLKna5cZ2REBfFkg=="), expected);
        for bad in [
            "",
            "x",
            "5d41402abc4b2a76b9719d911017c59",
            "XUFAKrxLKna5cZ2REBfF",
            "+d41402abc4b2a76b9719d911017c592",
        ] {
            assert_eq!(sum(bad), None, "{bad}");
        }
        assert!(announced_sum(&HeaderMap::new()).is_ok_and(|sum| sum.is_none()));
    }
}
