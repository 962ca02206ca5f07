//! What handlers take from a request. Each refuses in the error shape.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use y2w_sdk::protocol::limits::{PAGE_DEFAULT, PAGE_MAX};
use y2w_sdk::protocol::rest::{CLIENT_SYNC_TIME, IDEMPOTENCY_KEY};
use y2w_sdk::protocol::{Timestamp, UserId};

use super::body::whole;
use super::error::ApiError;
use crate::Backend;
use crate::business::Range;
use crate::quirks::{Quirk, Quirks};

/// Largest body of a request that holds only names and the like, in bytes.
const SMALL: usize = 64 * 1024;
/// Largest body of a request that holds the content of a message, in bytes.
pub(super) const WITH_CONTENT: usize = 1024 * 1024;
/// Longest idempotency key, in bytes.
const KEY_MAX: usize = 255;

/// Who calls. Rules `API-AUTH`, `API-AUTH-QUERY`, `API-AUTH-NEEDED`, `API-AUTH-INVALID`.
pub(super) struct Caller(pub(super) UserId);

impl FromRequestParts<Backend> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, backend: &Backend) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct Token {
            access_token: Option<String>,
        }
        let quirks = &backend.inner.quirks;
        let from_header = bearer(&parts.headers).map_err(|error| missing(quirks, error))?;
        // Taken apart only where it can be in there.
        let is_read = !quirks.on(Quirk::QueryTokenIgnored);
        let query = parts.uri.query().filter(|query| is_read && query.contains("access_token"));
        let from_query = match query {
            Some(query) => parse_query::<Token>(query)?.access_token,
            None => None,
        };
        let token = match (from_header, &from_query) {
            (Some(_), Some(_)) => {
                return Err(ApiError::bad_request("the token is given in two ways at once"));
            }
            (Some(token), None) => token,
            (None, Some(token)) => token,
            (None, None) => return Err(missing(quirks, ApiError::unauthorized("a token is needed"))),
        };
        let inner = &backend.inner;
        let caller = inner.business.lock().caller(token, inner.clock.now())?;
        Ok(Self(caller))
    }
}

/// What is said where there is no token that could be good.
fn missing(quirks: &Quirks, error: ApiError) -> ApiError {
    if quirks.on(Quirk::MissingToken400) { ApiError::bad_request("a token is needed") } else { error }
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Some(token.trim()))
        .ok_or_else(|| ApiError::unauthorized("the Authorization header is not of the form: Bearer TOKEN"))
}

/// The ids in the path.
pub(super) struct Ids<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Ids<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(ids)| Self(ids))
            .map_err(|_| ApiError::bad_request("an id in the path cannot be read"))
    }
}

/// The parameters in the body of at most `MAX` bytes, as a form or as JSON. Rules `API-FORM-AND-JSON`, `API-BODY-MAX`.
pub(super) struct Params<T, const MAX: usize = SMALL>(pub(super) T);

impl<T, S, const MAX: usize> FromRequest<S> for Params<T, MAX>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
        let body = whole(request.into_body(), MAX).await?;
        let params = if is_json {
            serde_json::from_slice(&body).map_err(|error| error.to_string())
        } else {
            serde_urlencoded::from_bytes(&body).map_err(|error| error.to_string())
        };
        params
            .map(Self)
            .map_err(|error| ApiError::bad_request(format!("the parameters cannot be read: {error}")))
    }
}

/// What a GET of a list asks for. Rules `API-LIST-LIMIT`, `API-LIST-OFFSET`.
#[derive(Default, Deserialize)]
pub(super) struct ListQuery {
    limit: Option<usize>,
    offset: Option<usize>,
    pub(super) filter_term: Option<String>,
    #[serde(skip)]
    since: Option<Timestamp>,
}

impl ListQuery {
    /// The part of a synced collection. Rules `SYNC-HEADER`, `SYNC-HEADER-ABSENT`.
    pub(super) fn range(&self) -> Range {
        Range {
            since: self.since.unwrap_or(Timestamp::EPOCH),
            offset: self.offset.unwrap_or(0),
            limit: self.limit(PAGE_DEFAULT),
        }
    }

    /// Where history begins: at the newest if nothing is said. Rule `HIST-BOUNDARY`.
    pub(super) fn until(&self) -> Timestamp {
        self.since.unwrap_or_else(|| Timestamp::from_millis(i64::MAX))
    }

    pub(super) fn limit(&self, default: usize) -> usize {
        self.limit.unwrap_or(default).min(PAGE_MAX)
    }
}

impl FromRequestParts<Backend> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, backend: &Backend) -> Result<Self, ApiError> {
        let mut query = match parts.uri.query() {
            Some(query) => parse_query::<Self>(query)?,
            None => Self::default(),
        };
        let quirks = &backend.inner.quirks;
        query.since = sync_time(&parts.headers, quirks)?;
        if query.since.is_none() && quirks.on(Quirk::SinceAbsentIsNow) {
            query.since = Some(backend.inner.clock.now());
        }
        Ok(query)
    }
}

/// Rules `SYNC-HEADER`, `SYNC-HEADER-DATE`, `SYNC-HEADER-BAD`.
fn sync_time(headers: &HeaderMap, quirks: &Quirks) -> Result<Option<Timestamp>, ApiError> {
    let Some(value) = headers.get(CLIENT_SYNC_TIME) else {
        return Ok(None);
    };
    let text = value.to_str().ok();
    let is_number = text.is_some_and(|text| text.trim().parse::<i64>().is_ok());
    let text = text.filter(|_| is_number || !quirks.on(Quirk::SinceDateRefused));
    match text.and_then(Timestamp::parse) {
        Some(time) if is_number && quirks.on(Quirk::SinceInSeconds) => {
            Ok(Some(Timestamp::from_millis(time.as_millis().saturating_mul(1_000))))
        }
        Some(time) => Ok(Some(time)),
        None if quirks.on(Quirk::SinceBadAccepted) => Ok(None),
        None => Err(ApiError::bad_request("Client-Sync-Time is no time")),
    }
}

/// Rule `MSG-IDEMPOTENCY-KEY`.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .headers
            .get(IDEMPOTENCY_KEY)
            .map(|value| {
                value
                    .to_str()
                    .ok()
                    .filter(|key| (1..=KEY_MAX).contains(&key.len()))
                    .map(str::to_owned)
                    .ok_or_else(|| ApiError::bad_request("Idempotency-Key is empty, too long or unreadable"))
            })
            .transpose()
            .map(Self)
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    serde_urlencoded::from_str(query)
        .map_err(|error| ApiError::bad_request(format!("the query cannot be read: {error}")))
}
