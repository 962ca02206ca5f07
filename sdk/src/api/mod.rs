//! The business API: what the seed calls `remote`. One file per resource.
//!
//! Requests carry forms, answers are JSON. Life of a call:
//!
//! * every try has the deadline; a call whose deadline passes has failed (`CLIENT-DEADLINES`);
//! * a GET that got no answer, or 502, 503 or 504, is tried again after a pause: every GET of this API may be
//!   repeated, those that make a session if need be included. A write is never tried again here: its first try may
//!   have been carried out;
//! * a call that is answered 401 logs in again with the remembered account and is repeated once, a write too: a 401
//!   has changed nothing (`CLIENT-RELOGIN`, `CLIENT-RELOGIN-ONCE`). Calls that are refused together share one login.
//!
//! Dropping a call's future ends it and leaves the [`Api`] as usable as before; whether the server carried a dropped
//! write out, nobody knows.
//!
//! # Errors
//!
//! Every call fails with an [`ApiError`], which names the call. With a [`status`](ApiError::status) the server has
//! refused it and nothing has changed (`API-NO-EFFECT`): 400 for a parameter that is missing or wrong, 401 for a token
//! that is not good even after another login, 403 for want of a right, 404 for what is not there; the server of 2016
//! answers 500 to much of that. Without a status there was no answer within the deadline, or none that can be read:
//! then a write may have been carried out. [`ApiError::is_transient`] says whether another try may help,
//! [`ApiError::is_missing`] that there is no such thing.

mod attachments;
mod call;
mod contacts;
mod conversations;
mod emojis;
mod error;
mod http;
mod in_process;
mod login_state;
mod members;
mod messages;
mod multipart;
mod relogin;
mod sessions;
mod tokens;
mod url;
mod user_sessions;
mod users;

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Method, Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

pub use error::{ApiError, ApiErrorKind};
pub use http::HyperHttp;
pub use in_process::InProcessHttp;
pub use login_state::LoginState;

use call::Call;
use relogin::Relogin;

/// Sends requests. One of the two places with I/O in the SDK; the other is
/// [`PushTransport`](crate::push::PushTransport).
pub trait HttpTransport: Send + Sync {
    /// Sends one request to an absolute URL and reads the whole answer. The caller puts the deadline on it.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>>;
}

/// What identifies the caller, and what the server gave for it.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) email: String,
    /// MD5 hex, as it travels.
    pub(crate) password: String,
    pub(crate) token: Arc<Token>,
    pub(crate) app_key: String,
    /// The day's secret.
    pub(crate) secret: String,
}

/// A login token. Which login it is from shows by its address: a server may give out a text again.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// What stands for it in the head of a request; none if it cannot stand there.
    bearer: Option<HeaderValue>,
}

impl Token {
    pub(crate) fn new(text: String) -> Arc<Self> {
        let bearer = HeaderValue::try_from(format!("Bearer {text}")).ok();
        Arc::new(Self { text, bearer })
    }
}

/// The business API as one client sees it: who it is logged in as, and how to reach the server. See the
/// [module's text](self) for what becomes of a call, and what its errors mean. Lists take the time to ask from and the
/// `limit` of entries to answer, which a server may lower.
pub struct Api {
    transport: Arc<dyn HttpTransport>,
    base: String,
    deadline: Duration,
    retries: u32,
    credentials: Mutex<Option<Credentials>>,
    relogin: Relogin,
}

impl Api {
    /// How often a GET is tried again unless [`Self::with_retries`] says otherwise.
    pub const RETRIES: u32 = 2;

    /// An API client for the server at `base`, as `http://host:port`, without a user yet. Each try of a call may take
    /// as long as `deadline`. Rule `CLIENT-DEADLINES`.
    pub fn new(transport: Arc<dyn HttpTransport>, base: &str, deadline: Duration) -> Self {
        Self {
            transport,
            base: base.trim_end_matches('/').to_owned(),
            deadline,
            retries: Self::RETRIES,
            credentials: Mutex::new(None),
            relogin: Relogin::default(),
        }
    }

    /// Tries a GET without an answer again this often, after 200 ms, 400 ms and so on; 0 is never.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    pub(crate) fn credentials(&self) -> Option<Credentials> {
        self.credentials.lock().clone()
    }

    fn token(&self) -> Option<Arc<Token>> {
        self.credentials.lock().as_ref().map(|known| known.token.clone())
    }

    fn get(&self, template: &'static str, ids: &[&str]) -> Call<'_> {
        Call::new(self, Method::GET, template, ids)
    }

    fn post(&self, template: &'static str, ids: &[&str]) -> Call<'_> {
        Call::new(self, Method::POST, template, ids)
    }

    fn put(&self, template: &'static str, ids: &[&str]) -> Call<'_> {
        Call::new(self, Method::PUT, template, ids)
    }

    fn delete(&self, template: &'static str, ids: &[&str]) -> Call<'_> {
        Call::new(self, Method::DELETE, template, ids)
    }
}
