//! Attachments: a file in, and out again in whole or in part.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::timeout;
use y2w_sdk::protocol::Attachment;
use y2w_sdk::protocol::rest::path;

use super::answer::{Made, ok};
use super::body::{Interrupted, Patience, discard, pieces};
use super::call::Call;
use super::described::{RANGED, SUMMED};
use super::error::ApiError;
use super::range::{Asked, asked};
use super::request::caller;
use super::route::Act::{Raw, Step, Wait};
use super::route::{Route, get, post};
use super::site::Scope;
use super::upload::{OPAQUE, announced_sum, hex, not_stored, receive};
use crate::Backend;
use crate::business::AddAttachment;

/// Enough for a large file over a bad network.
const FOR_UPLOADS: Patience =
    Patience { whole: Duration::from_secs(15 * 60), between: Duration::from_secs(30) };

pub(super) const ROUTES: &[Route] = &[
    post(path::ATTACHMENTS, Raw(|scope, request| Box::pin(upload(scope, request))))
        .says("Upload a file", &["FILE-UPLOAD", "FILE-DEDUP", "FILE-MD5", "FILE-SIZE-MAX", "FILE-NO-ROOM"])
        .asks(SUMMED)
        .takes_file()
        .gives::<Attachment>()
        .refuses(&[507]),
    get(path::ATTACHMENT, Step(info)).says("What is known of a file", &["FILE-INFO"]).gives::<Attachment>(),
    get(path::ATTACHMENT_CONTENT, Wait(|call| Box::pin(content(call))))
        .says(
            "The bytes of a file",
            &["FILE-CONTENT", "FILE-CONTENT-TYPE", "FILE-RANGE", "FILE-CONTENT-NAME"],
        )
        .asks(RANGED)
        .refuses(&[416]),
    get(path::ATTACHMENT_CONTENT_NAME, Wait(|call| Box::pin(content(call))))
        .says(
            "The same, under a name that is only shown",
            &["FILE-CONTENT", "FILE-CONTENT-TYPE", "FILE-RANGE", "FILE-CONTENT-NAME"],
        )
        .asks(RANGED)
        .refuses(&[416]),
];

/// `POST attachments`. Whatever is wrong, the body is read before it is said: a client that still sends hears no answer.
async fn upload(scope: Arc<Scope>, request: Request) -> Made {
    let (head, body) = request.into_parts();
    let mut pieces = pin!(pieces(body, FOR_UPLOADS));
    let storing = async {
        caller(&head.uri, &head.headers, &scope.backend)?;
        store(&scope.backend, &head.headers, pieces.as_mut()).await
    };
    let stored = match timeout(FOR_UPLOADS.whole, storing).await {
        Ok(stored) => stored,
        Err(_) => Err(Interrupted::TooSlow.into()),
    };
    if stored.is_err() {
        discard(pieces).await;
    }
    ok(&stored?)
}

async fn store(
    backend: &Backend,
    headers: &HeaderMap,
    pieces: impl Stream<Item = Result<Bytes, Interrupted>> + Send,
) -> Result<Attachment, ApiError> {
    let inner = &backend.inner;
    let announced = announced_sum(headers)?;
    let arrived = receive(&inner.files, || inner.secrets.token(), headers, pieces).await?;
    if announced.is_some_and(|sum| sum != arrived.md5) {
        return Err(ApiError::bad_request("Content-MD5 is not the sum of what came"));
    }
    let key = arrived.begun.keep().await.map_err(not_stored)?;
    let stored = backend.apply(AddAttachment {
        key: key.clone(),
        file_name: arrived.file_name,
        content_type: arrived.content_type,
        size: arrived.size,
        md5: hex(arrived.md5),
        or_same: announced.is_some(),
    })?;
    if stored.key != key {
        inner.files.remove(&key).await.map_err(ApiError::internal)?;
    }
    Ok(stored.attachment.clone())
}

/// `GET attachments/ID`.
fn info(call: &Call) -> Made {
    let [id] = call.ids();
    let stored = call.backend().inner.business.lock().attachment(&id)?.clone();
    ok(&stored.attachment)
}

/// `GET attachments/ID/content`, and the same with a name after it.
async fn content(call: Call) -> Made {
    let ([id], backend) = (call.ids(), call.backend());
    let stored = backend.inner.business.lock().attachment(&id)?.clone();
    let size = stored.size;
    let (start, length, part) = match asked(call.headers(), size) {
        Asked::Whole => (0, size, false),
        Asked::Part { start, length } => (start, length, true),
        Asked::Outside => return Ok(outside(size)),
    };
    let body = backend.inner.files.read(&stored.key, start, length).await.map_err(ApiError::internal)?;
    let mut response = Response::new(body);
    let answer = response.headers_mut();
    let kind = HeaderValue::from_str(&stored.content_type);
    answer.insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static(OPAQUE)));
    // Whatever it is, it was written by a user: no browser is to guess at it or run it as a page of this server.
    answer.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    answer.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if part {
        answer.insert(CONTENT_RANGE, text(&format!("bytes {start}-{}/{size}", start + length - 1)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn outside(size: u64) -> Response {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let mut response =
        ApiError::new(status, "range_not_satisfiable", "the file has no such bytes").into_response();
    response.headers_mut().insert(CONTENT_RANGE, text(&format!("bytes */{size}")));
    response
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("digits and signs are a header's value")
}
