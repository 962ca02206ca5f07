//! How every answer is made.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use y2w_sdk::protocol::rest::List;

use super::error::ApiError;
use crate::business::Page;

/// An answer in JSON. Rule `API-JSON-ANSWER`.
pub(crate) struct Json<T>(pub(crate) T);

/// What a handler gives.
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;

/// What comes of a request.
pub(super) type Made = Result<Response, ApiError>;

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

/// Answers that, in JSON.
pub(super) fn ok<T: Serialize>(body: &T) -> Made {
    Ok(json(StatusCode::OK, body))
}

/// Makes a response of that status and body.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let bytes = serde_json::to_vec(body).expect("answers have string keys and finite numbers only");
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A page as the list it is on the wire. Rule `API-LIST`.
pub(super) fn list<T>(page: Page<T>) -> List<std::sync::Arc<T>> {
    List { total_count: page.total, entries: page.entries }
}
