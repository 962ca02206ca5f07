//! Lets browsers of any origin in. Rules `API-CORS`, `API-CORS-PREFLIGHT`, `API-CORS-HEADERS`, `API-CORS-METHODS`.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE,
};
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::quirks::{Quirk, Quirks};

const HEADERS: &str = "Content-Type, Content-Length, Content-MD5, Authorization, Accept, X-Requested-With, \
     Client-Sync-Time, Idempotency-Key";
const METHODS: &str = "PUT, POST, GET, DELETE, OPTIONS";
const A_DAY: &str = "86400";

/// The answer to OPTIONS, whatever the path.
pub(super) fn preflight(quirks: &Quirks) -> Response {
    if quirks.on(Quirk::PreflightNeedsToken) {
        return ApiError::unauthorized("a token is needed").into_response();
    }
    let mut preflight = Response::new(Body::empty());
    let headers = preflight.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(A_DAY));
    preflight
}

/// Marks an answer, as all are.
pub(super) fn mark(quirks: &Quirks, answer: &mut Response) {
    if answer.status().is_success() || !quirks.on(Quirk::CorsMissingOnErrors) {
        answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}
