//! The business API: what the seed calls `remote`. One file per resource.
//!
//! Every call has a deadline. Requests carry forms, answers are JSON. A call that is answered 401 logs in again with
//! the remembered account and is repeated once (`CLIENT-RELOGIN`).

mod http;
mod messages;
mod sessions;
mod tokens;
mod users;

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use http::ReqwestHttp;

use crate::protocol::Timestamp;
use crate::protocol::rest::{CLIENT_SYNC_TIME, ErrorBody};

/// Sends requests. One of the two places with I/O in the SDK; the other is
/// [`PushTransport`](crate::push::PushTransport).
pub trait HttpTransport: Send + Sync {
    /// Sends one request to an absolute URL and reads the whole answer. The caller puts the deadline on it.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>>;
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {kind}")]
pub struct ApiError {
    /// The call: method and path template.
    pub call: String,
    /// What went wrong.
    pub kind: ApiErrorKind,
}

/// What went wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum ApiErrorKind {
    /// No answer: no connection, or it broke.
    #[error("{0}")]
    Transport(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Deadline(Duration),
    /// An answer that is an error. Rule `API-ERROR-SHAPE`.
    #[error("{status}{}{message}", if message.is_empty() { "" } else { ": " })]
    Status {
        /// The HTTP status.
        status: u16,
        /// What the server said, in whatever form.
        message: String,
    },
    /// An answer that cannot be understood.
    #[error("the answer is not what was expected: {0}")]
    Answer(String),
}

impl ApiError {
    /// The HTTP status, if there was an answer that is an error.
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            ApiErrorKind::Status { status, .. } => Some(status),
            _ => None,
        }
    }

    /// Whether the same call may go better another time.
    pub fn is_transient(&self) -> bool {
        match &self.kind {
            ApiErrorKind::Transport(_) | ApiErrorKind::Deadline(_) | ApiErrorKind::Answer(_) => true,
            ApiErrorKind::Status { status, .. } => !matches!(status, 400 | 403 | 404 | 409 | 413),
        }
    }
}

/// What identifies the caller, and what the server gave for it.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) email: String,
    /// MD5 hex, as it travels.
    pub(crate) password: String,
    pub(crate) token: Arc<str>,
    pub(crate) app_key: String,
    /// The day's secret.
    pub(crate) secret: String,
}

/// The business API as one client sees it.
pub struct Api {
    transport: Arc<dyn HttpTransport>,
    base: String,
    deadline: Duration,
    credentials: Mutex<Option<Credentials>>,
}

/// A call in the making.
struct Call<'a> {
    method: Method,
    template: &'static str,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    api: &'a Api,
}

impl Api {
    /// An API client for the server at `base`, as `http://host:port`, without a user yet.
    pub fn new(transport: Arc<dyn HttpTransport>, base: &str, deadline: Duration) -> Self {
        Self {
            transport,
            base: base.trim_end_matches('/').to_owned(),
            deadline,
            credentials: Mutex::new(None),
        }
    }

    pub(crate) fn credentials(&self) -> Option<Credentials> {
        self.credentials.lock().clone()
    }

    fn get(&self, template: &'static str, ids: &[&str]) -> Call<'_> {
        self.call(Method::GET, template, ids)
    }

    fn post(&self, template: &'static str, ids: &[&str]) -> Call<'_> {
        self.call(Method::POST, template, ids)
    }

    fn call(&self, method: Method, template: &'static str, ids: &[&str]) -> Call<'_> {
        Call {
            method,
            template,
            target: format!("{}{}", self.base, crate::protocol::rest::fill(template, ids)),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            api: self,
        }
    }
}

impl Call<'_> {
    /// Puts the parameters into the query.
    fn query<T: Serialize>(mut self, parameters: &T) -> Result<Self, ApiError> {
        let query = serde_urlencoded::to_string(parameters).map_err(|e| self.unwritable(&e))?;
        self.target.push('?');
        self.target.push_str(&query);
        Ok(self)
    }

    /// Puts the parameters into the body. Rule `API-FORM-AND-JSON`.
    fn form<T: Serialize>(mut self, parameters: &T) -> Result<Self, ApiError> {
        self.body = serde_urlencoded::to_string(parameters).map_err(|e| self.unwritable(&e))?.into();
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        Ok(self)
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Asks for entries changed since then. Rule `SYNC-HEADER`.
    fn since(self, time: Timestamp) -> Self {
        self.header(CLIENT_SYNC_TIME, &time.as_millis().to_string())
    }

    fn unwritable(&self, error: &serde_urlencoded::ser::Error) -> ApiError {
        self.error(ApiErrorKind::Answer(format!("the parameters cannot be written as a form: {error}")))
    }

    fn error(&self, kind: ApiErrorKind) -> ApiError {
        ApiError { call: format!("{} {}", self.method, self.template), kind }
    }

    /// Sends it as the logged-in user, logging in again once if the token is no longer good.
    async fn send_as_user<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        self.read(&self.body_as_user().await?)
    }

    /// Sends it without saying who calls.
    async fn send<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        self.read(&self.body(None).await?)
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ApiError> {
        serde_json::from_slice(body).map_err(|e| self.error(ApiErrorKind::Answer(e.to_string())))
    }

    async fn body_as_user(&self) -> Result<Bytes, ApiError> {
        let token = self.api.credentials().map(|c| c.token);
        match self.body(token.as_deref()).await {
            Err(error) if error.status() == Some(401) && token.is_some() => {
                tracing::debug!(call = %error.call, "token refused, logging in again");
                // Boxed: it is rare, and would make the future of every call larger.
                Box::pin(self.api.login_again()).await?;
                let token = self.api.credentials().map(|c| c.token);
                self.body(token.as_deref()).await
            }
            answer => answer,
        }
    }

    /// The body of a successful answer.
    async fn body(&self, token: Option<&str>) -> Result<Bytes, ApiError> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.parse().map_err(|error| {
            self.error(ApiErrorKind::Transport(format!("`{}` is no URL: {error}", self.target)))
        })?;
        *request.headers_mut() = self.headers.clone();
        if let Some(bearer) = token.and_then(|t| HeaderValue::from_str(&format!("Bearer {t}")).ok()) {
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let answer = tokio::time::timeout(self.api.deadline, self.api.transport.send(request));
        let response = match answer.await {
            Ok(Ok(response)) => response,
            Ok(Err(why)) => return Err(self.error(ApiErrorKind::Transport(why))),
            Err(_) => return Err(self.error(ApiErrorKind::Deadline(self.api.deadline))),
        };
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(self.error(status_error(response.status(), response.body())))
    }
}

/// Reads whatever form an error takes: ours, or the object in `message` of the 2016 server, or no JSON at all.
fn status_error(status: StatusCode, body: &[u8]) -> ApiErrorKind {
    let message = serde_json::from_slice::<ErrorBody>(body).map_or_else(
        |_| {
            let text = String::from_utf8_lossy(body);
            text.chars().filter(|c| !c.is_control()).take(300).collect()
        },
        |error| error.message,
    );
    ApiErrorKind::Status { status: status.as_u16(), message }
}

/// `limit` and whatever else a list call needs in its query.
#[derive(Serialize)]
struct PageQuery {
    limit: usize,
}
