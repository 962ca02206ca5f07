//! Lets browsers of any origin in. Rules `API-CORS`, `API-CORS-PREFLIGHT`, `API-CORS-HEADERS`, `API-CORS-METHODS`.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::quirks::{Quirk, Quirks};

const HEADERS: &str = "Content-Type, Content-Length, Content-MD5, Authorization, Accept, X-Requested-With, \
     Client-Sync-Time, Idempotency-Key";
const METHODS: &str = "PUT, POST, GET, DELETE, OPTIONS";
const A_DAY: &str = "86400";

/// Answers OPTIONS itself, and marks every other answer.
pub(super) async fn layer(State(quirks): State<Quirks>, request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = if is_preflight && quirks.on(Quirk::PreflightNeedsToken) {
        ApiError::unauthorized("a token is needed").into_response()
    } else if is_preflight {
        let mut preflight = Response::new(Body::empty());
        let headers = preflight.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(A_DAY));
        preflight
    } else {
        next.run(request).await
    };
    if response.status().is_success() || !quirks.on(Quirk::CorsMissingOnErrors) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}
