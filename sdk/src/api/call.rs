//! One call: from its parameters to what is made of the answer.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue, Method, Request, header};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::error::{not_understood, refused};
use super::{Api, ApiError, ApiErrorKind, Token};
use crate::protocol::Timestamp;
use crate::protocol::rest::{CLIENT_SYNC_TIME, List, MessageList, fill_into};

/// Pause before the first of the further tries of a GET; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Bytes a second of the slowest link that files are expected to pass.
const SLOW_LINK: usize = 32 * 1024;

/// What ids and a query make a URL longer than its template, nearly always.
const ROOM: usize = 48;

/// Made once, and not for each request.
static SYNC_TIME: HeaderName = HeaderName::from_static(CLIENT_SYNC_TIME);

/// A call in the making.
pub(super) struct Call<'a> {
    api: &'a Api,
    method: Method,
    template: &'static str,
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// How long one try may take.
    deadline: Duration,
    /// Why it cannot be sent; told when it is to be.
    fault: Option<String>,
}

impl<'a> Call<'a> {
    /// A call to the template's path with these ids in it.
    pub(super) fn new(api: &'a Api, method: Method, template: &'static str, ids: &[&str]) -> Self {
        // Such a segment would vanish from the path, and the request be another one.
        let target = if ids.iter().any(|id| matches!(*id, "" | "." | "..")) {
            Err("an id is empty or consists of dots".to_owned())
        } else {
            let mut target = String::with_capacity(api.base.len() + template.len() + ROOM);
            target.push_str(&api.base);
            fill_into(&mut target, template, ids);
            Ok(target)
        };
        Self::to(api, method, template, target)
    }

    /// A call to this URL, or to none and why; the template only names the call.
    pub(super) fn to(
        api: &'a Api,
        method: Method,
        template: &'static str,
        target: Result<String, String>,
    ) -> Self {
        let (target, fault) = match target {
            Ok(target) => (target, None),
            Err(fault) => (String::new(), Some(fault)),
        };
        let (headers, deadline) = (Vec::new(), api.deadline);
        Self { api, method, template, target, headers, body: Bytes::new(), deadline, fault }
    }

    /// Asks for at most so many entries. Rule `API-LIST-LIMIT`.
    pub(super) fn limit(mut self, limit: usize) -> Self {
        write!(self.target, "?limit={limit}").expect("writing to a String does not fail");
        self
    }

    /// Puts the parameters into the query.
    pub(super) fn query<T: Serialize>(mut self, parameters: &T) -> Self {
        match serde_urlencoded::to_string(parameters) {
            Ok(query) => {
                self.target.push('?');
                self.target.push_str(&query);
            }
            Err(error) => self.fault = Some(error.to_string()),
        }
        self
    }

    /// Puts the parameters into the body. Rule `API-FORM-AND-JSON`.
    pub(super) fn form<T: Serialize>(mut self, parameters: &T) -> Self {
        match serde_urlencoded::to_string(parameters) {
            Ok(form) => self.body("application/x-www-form-urlencoded", form.into()),
            Err(error) => {
                self.fault = Some(error.to_string());
                self
            }
        }
    }

    /// Sends these bytes as the body.
    pub(super) fn body(mut self, content_type: &str, body: Bytes) -> Self {
        self.body = body;
        self.header(header::CONTENT_TYPE, content_type)
    }

    /// Adds a header, if its value can be one.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Gives each try as much longer as this many bytes take on a slow link.
    pub(super) fn carrying(mut self, bytes: usize) -> Self {
        self.deadline += Duration::from_secs((bytes / SLOW_LINK) as u64);
        self
    }

    /// Asks for entries changed since then. Rule `SYNC-HEADER`.
    pub(super) fn since(mut self, time: Timestamp) -> Self {
        self.headers.push((SYNC_TIME.clone(), time.as_millis().into()));
        self
    }

    /// Sends it as the logged-in user, logging in again once if the token is no longer good.
    pub(super) async fn send_as_user<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        self.read(&self.body_as_user().await?)
    }

    /// Sends it without saying who calls.
    pub(super) async fn send<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        self.read(&self.tries(None).await?)
    }

    /// Asks for a list. Rule `API-LIST`.
    pub(super) async fn list<T: DeserializeOwned>(self) -> Result<Vec<T>, ApiError> {
        let body = self.body_as_user().await?;
        let body = text(&body);
        match serde_json::from_str::<List<T>>(&body) {
            Ok(page) => Ok(page.entries),
            Err(error) => match serde_json::from_str::<List<&RawValue>>(&body) {
                Ok(raw) => self.salvage(&raw.entries, &error),
                Err(_) => Err(self.error(not_understood(&error))),
            },
        }
    }

    /// Asks for a page of messages to sync. Rules `MSG-SYNC`, `MSG-SESSION-UPDATED-AT`.
    pub(super) async fn messages(self) -> Result<MessageList, ApiError> {
        let body = self.body_as_user().await?;
        let body = text(&body);
        match serde_json::from_str(&body) {
            Ok(page) => Ok(page),
            Err(error) => match serde_json::from_str::<MessageList<&RawValue>>(&body) {
                Ok(MessageList { total_count, entries, session_updated_at }) => {
                    let entries = self.salvage(&entries, &error)?;
                    Ok(MessageList { total_count, entries, session_updated_at })
                }
                Err(_) => Err(self.error(not_understood(&error))),
            },
        }
    }

    /// Asks for a bare array. Rule `HIST-ARRAY`.
    pub(super) async fn array<T: DeserializeOwned>(self) -> Result<Vec<T>, ApiError> {
        let body = self.body_as_user().await?;
        let body = text(&body);
        match serde_json::from_str(&body) {
            Ok(page) => Ok(page),
            Err(error) => match serde_json::from_str::<Vec<&RawValue>>(&body) {
                Ok(raw) => self.salvage(&raw, &error),
                Err(_) => Err(self.error(not_understood(&error))),
            },
        }
    }

    /// Reads the entries of a page one by one and leaves out those that cannot be read, with a warning: one bad entry
    /// must not keep a client from all the others for ever. A page without one good entry is the error that it was.
    fn salvage<T: DeserializeOwned>(
        &self,
        entries: &[&RawValue],
        error: &serde_json::Error,
    ) -> Result<Vec<T>, ApiError> {
        let read = |entry: &&RawValue| match serde_json::from_str(entry.get()) {
            Ok(entry) => Some(entry),
            Err(error) => {
                tracing::warn!(template = self.template, %error, "an entry of a list cannot be read and is left out");
                None
            }
        };
        let good: Vec<T> = entries.iter().filter_map(read).collect();
        if good.is_empty() { Err(self.error(not_understood(error))) } else { Ok(good) }
    }

    /// Asks for one object. The server of 2016 answers 200 and `null` where there is none.
    pub(super) async fn find<T: DeserializeOwned>(self, what: &'static str) -> Result<T, ApiError> {
        let body = self.body_as_user().await?;
        if says_nothing(&body) { Err(self.error(ApiErrorKind::Missing(what))) } else { self.read(&body) }
    }

    /// Writes, and reads the object if the answer holds it: an answer of 2016 may be empty, or an object without the
    /// stamps that a client needs.
    pub(super) async fn write<T: DeserializeOwned>(self) -> Result<Option<T>, ApiError> {
        let body = self.body_as_user().await?;
        if says_nothing(&body) {
            return Ok(None);
        }
        match serde_json::from_str(&text(&body)) {
            Ok(written) => Ok(Some(written)),
            Err(error) if error.is_data() => {
                tracing::debug!(template = self.template, %error, "a write's answer does not hold what was written");
                Ok(None)
            }
            // Not even JSON: it was not the business server that answered.
            Err(error) => Err(self.error(not_understood(&error))),
        }
    }

    /// Writes; the answer is not looked at, only that it is a success. Rules `API-SUCCESS`, `API-DELETE-ANSWER`.
    pub(super) async fn done(self) -> Result<(), ApiError> {
        self.body_as_user().await.map(drop)
    }

    pub(super) async fn body_as_user(&self) -> Result<Bytes, ApiError> {
        let token = self.api.token();
        let (error, stale) = match (self.tries(token.as_deref()).await, token) {
            (Err(error), Some(token)) if error.status() == Some(401) => (error, token),
            (answer, _) => return answer,
        };
        tracing::debug!(call = %error.call, "token refused, logging in again");
        // Boxed: it is rare, and would make the future of every call larger.
        if let Err(login) = Box::pin(self.api.login_again(&stale)).await {
            // How the login was refused must not pass for an answer to this call: a 403 has a meaning here.
            return Err(if login.status().is_some() {
                let message = format!("logging in again: {}", login.kind);
                self.error(ApiErrorKind::Status { status: 401, message })
            } else {
                login
            });
        }
        self.tries(self.api.token().as_deref()).await
    }

    pub(super) fn error(&self, kind: ApiErrorKind) -> ApiError {
        ApiError { call: format!("{} {}", self.method, self.template), kind }
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ApiError> {
        serde_json::from_str(&text(body)).map_err(|error| self.error(not_understood(&error)))
    }

    /// The body of a successful answer, after as many tries as the call may have.
    async fn tries(&self, token: Option<&Token>) -> Result<Bytes, ApiError> {
        let mut left = if self.method == Method::GET { self.api.retries } else { 0 };
        let mut pause = FIRST_PAUSE;
        loop {
            match self.once(token).await {
                Err(error) if left > 0 && error.is_unanswered() => {
                    tracing::debug!(%error, ?pause, "trying again");
                    left -= 1;
                    tokio::time::sleep(pause).await;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                answer => return answer,
            }
        }
    }

    async fn once(&self, token: Option<&Token>) -> Result<Bytes, ApiError> {
        let request = self.request(token)?;
        let answer = tokio::time::timeout(self.deadline, self.api.transport.send(request));
        let response = match answer.await {
            Ok(Ok(response)) => response,
            Ok(Err(why)) => return Err(self.error(ApiErrorKind::Transport(why))),
            Err(_) => return Err(self.error(ApiErrorKind::Deadline(self.deadline))),
        };
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(self.error(refused(response.status(), response.body())))
    }

    fn request(&self, token: Option<&Token>) -> Result<Request<Bytes>, ApiError> {
        if let Some(fault) = &self.fault {
            return Err(self.error(ApiErrorKind::Request(fault.clone())));
        }
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.parse().map_err(|error| {
            self.error(ApiErrorKind::Request(format!("`{}` is no URL: {error}", self.target)))
        })?;
        let bearer = token.and_then(|token| token.bearer.clone());
        let headers =
            self.headers.iter().cloned().chain(bearer.map(|bearer| (header::AUTHORIZATION, bearer)));
        *request.headers_mut() = headers.collect();
        Ok(request)
    }
}

/// A body as text, looked through once and not string by string. What is not UTF-8 is no JSON; it is read as U+FFFD, since
/// one bad name must not keep a client from all the rest.
fn text(body: &[u8]) -> Cow<'_, str> {
    // Faster than the lossy way where nothing is lost, which is always.
    str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
}

/// Whether a body is one of those that stand for nothing: empty, `null`, `{}`.
fn says_nothing(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let in_braces = body.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    body.is_empty() || body == b"null" || in_braces.is_some_and(|inside| inside.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::says_nothing;

    #[test]
    fn what_stands_for_nothing() {
        for nothing in ["", " \n", "null", " null\r\n", "{}", "{ }\n"] {
            assert!(says_nothing(nothing.as_bytes()), "{nothing:?}");
        }
        for something in ["0", "[]", "{", "}", "{\"id\":1}", "nul"] {
            assert!(!says_nothing(something.as_bytes()), "{something:?}");
        }
    }
}
