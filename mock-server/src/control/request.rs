//! What the control API takes from a request: the app it is about, and a body in which every name has to be known.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Backend;
use crate::apps::Apps;
use crate::rest::{ApiError, whole};

/// Largest body, in bytes.
const MAX: usize = 256 * 1024;
/// How many entries a list of the state has if nothing is said, and at most.
const LIMIT: (usize, usize) = (100, 1_000);

/// The query: `app` names one by its key, the first if it is left out; `limit` is for lists.
pub(super) struct About {
    pub(super) app: Backend,
    pub(super) limit: usize,
}

impl FromRequestParts<Apps> for About {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, apps: &Apps) -> Result<Self, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Query {
            app: Option<String>,
            limit: Option<usize>,
        }
        let query: Query = serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
            .map_err(|error| ApiError::bad_request(format!("the query cannot be read: {error}")))?;
        let app = match query.app {
            None => apps.first(),
            Some(key) => apps.find(&key).ok_or_else(|| not_found(format!("there is no app {key}")))?,
        };
        Ok(Self { app: app.clone(), limit: query.limit.unwrap_or(LIMIT.0).min(LIMIT.1) })
    }
}

/// A JSON body; one that is empty is `{}`.
pub(super) struct Strict<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Strict<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let body = whole(request.into_body(), MAX).await?;
        let json = if body.trim_ascii().is_empty() { b"{}" } else { &*body };
        serde_json::from_slice(json)
            .map(Self)
            .map_err(|error| ApiError::bad_request(format!("the body cannot be read: {error}")))
    }
}

/// The body of what needs none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

pub(super) fn not_found(message: String) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
}
