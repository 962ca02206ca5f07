//! What is read of a request. Each refuses in the error shape.

use std::borrow::Cow;
use std::fmt::Display;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::{Map, Value};
use y2w_sdk::protocol::limits::{PAGE_DEFAULT, PAGE_MAX};
use y2w_sdk::protocol::rest::{ACCESS_TOKEN, CLIENT_SYNC_TIME, IDEMPOTENCY_KEY};
use y2w_sdk::protocol::{Timestamp, UserId};

use super::error::ApiError;
use crate::Backend;
use crate::business::Range;
use crate::quirks::{Quirk, Quirks};

/// Largest body of a request that holds only names and the like, in bytes.
pub(super) const SMALL: usize = 64 * 1024;
/// Largest body of a request that holds the content of a message, in bytes.
pub(super) const WITH_CONTENT: usize = 1024 * 1024;
/// Longest idempotency key, in bytes.
const KEY_MAX: usize = 255;

/// Who calls. Rules `API-AUTH`, `API-AUTH-QUERY`, `API-AUTH-NEEDED`, `API-AUTH-INVALID`.
pub(super) fn caller(uri: &Uri, headers: &HeaderMap, backend: &Backend) -> Result<UserId, ApiError> {
    #[derive(Deserialize)]
    struct Token {
        access_token: Option<String>,
    }
    let inner = &backend.inner;
    let quirks = &inner.quirks;
    let from_header = bearer(headers).map_err(|error| missing(quirks, error))?;
    // Taken apart only where it can be in there.
    let is_read = !quirks.on(Quirk::QueryTokenIgnored);
    let query = uri.query().filter(|query| is_read && query.contains(ACCESS_TOKEN));
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
    Ok(inner.business.lock().caller(token, inner.clock.now())?)
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

/// Whether a body is JSON. Everything else is taken for a form.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    const JSON: &[u8] = b"application/json";
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.get(..JSON.len()).is_some_and(|start| start.eq_ignore_ascii_case(JSON))
}

/// Reads the parameters in a body. Both forms become the same pairs first, so that they mean the same. Rules
/// `API-FORM-AND-JSON`, `API-BAD-REQUEST`.
pub(super) fn parameters<T: DeserializeOwned>(body: &[u8], is_json: bool) -> Result<T, ApiError> {
    let pairs = pairs(body, is_json).map_err(unreadable)?;
    T::deserialize(MapDeserializer::new(pairs.into_iter()))
        .map_err(|error: serde_json::Error| unreadable(error))
}

fn pairs(body: &[u8], is_json: bool) -> Result<Vec<(Cow<'_, str>, Value)>, serde_json::Error> {
    if is_json {
        let object: Map<String, Value> = serde_json::from_slice(body)?;
        Ok(object.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect())
    } else {
        let form = form_urlencoded::parse(body);
        Ok(form.map(|(name, value)| (name, Value::String(value.into_owned()))).collect())
    }
}

fn unreadable(error: impl Display) -> ApiError {
    ApiError::bad_request(format!("the parameters cannot be read: {error}"))
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
    /// What a request's head says.
    pub(super) fn read(head: &Parts, backend: &Backend) -> Result<Self, ApiError> {
        let mut query = match head.uri.query() {
            Some(query) => parse_query::<Self>(query)?,
            None => Self::default(),
        };
        let quirks = &backend.inner.quirks;
        query.since = sync_time(&head.headers, quirks)?;
        if query.since.is_none() && quirks.on(Quirk::SinceAbsentIsNow) {
            query.since = Some(backend.inner.clock.now());
        }
        Ok(query)
    }

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
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    headers
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
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    serde_urlencoded::from_str(query)
        .map_err(|error| ApiError::bad_request(format!("the query cannot be read: {error}")))
}
