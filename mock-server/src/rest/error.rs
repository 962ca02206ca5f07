//! The one place where what went wrong becomes a status and an error body. Rule `API-ERROR-SHAPE`.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use y2w_sdk::protocol::rest::ErrorBody;

use super::answer::json;
use crate::business::Refusal;

/// An error answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    error: &'static str,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        error: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, error, message: message.into(), retry_after: None }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Rule `API-BAD-REQUEST`.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// Rules `API-AUTH-NEEDED`, `API-AUTH-INVALID`.
    pub(super) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", message)
    }

    /// Rule `API-NOT-FOUND`.
    pub(crate) fn push_only() -> Self {
        let message = "this server is push-only: it has a gate, a token endpoint and a push server, and no business API";
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "no such route")
    }

    /// Something on this side failed; what it was is not the client's business.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "the server failed")
    }

    /// Nobody listens for that long. Rule `AUTH-LOGIN-LIMIT`.
    pub(super) fn too_many_attempts(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let message = format!("too many logins have failed; the next is listened to in {seconds} s");
        let refused = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message);
        Self { retry_after: Some(Duration::from_secs(seconds)), ..refused }
    }

    /// The route is there, but not for this method.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method")
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BadRequest(message) => Self::bad_request(message),
            Refusal::Unauthorized(message) => Self::unauthorized(message),
            Refusal::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            Refusal::NotFound(message) => Self::new(StatusCode::NOT_FOUND, "not_found", message),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            status: self.status.as_u16(),
            error: self.error.to_owned(),
            message: self.message.into_owned(),
        };
        let mut response = json(self.status, &body);
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, wait.as_secs().into());
        }
        response
    }
}
