//! Answers without sockets, so that virtual time shows what a call waits for.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use parking_lot::Mutex;
use serde_json::json;
use y2w_sdk::api::{Api, HttpTransport};

/// How long a scripted call may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What becomes of one request.
pub(crate) enum Says {
    /// This status and body.
    Answer(u16, String),
    /// The same, this much later.
    After(Duration, u16, String),
    /// The connection breaks.
    Breaks,
    /// No answer, ever.
    Nothing,
}

impl Says {
    /// An answer of this status without a body.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, String::new())
    }

    /// A user with the id 2.
    pub(crate) fn bob() -> Self {
        Self::Answer(200, json!({"id": "2", "name": "Bob"}).to_string())
    }

    /// The answer to a login, with this token.
    pub(crate) fn login(token: &str) -> Self {
        Self::Answer(200, Self::login_body(token))
    }

    pub(crate) fn login_body(token: &str) -> String {
        json!({"id": "1", "name": "Ann", "token": token, "expires": 9, "key": "k", "secret": "s"}).to_string()
    }
}

/// A transport that says what a case wants and remembers what it was asked.
pub(crate) struct Script {
    says: Box<dyn Fn(&str) -> Says + Send + Sync>,
    sent: Mutex<Vec<String>>,
    last_form: Mutex<Bytes>,
}

impl Script {
    /// A client whose requests, as `GET /v1/users/2 t1` with the token at the end, are answered so.
    pub(crate) fn api(says: impl Fn(&str) -> Says + Send + Sync + 'static) -> (Arc<Self>, Api) {
        let script =
            Arc::new(Self { says: Box::new(says), sent: Mutex::default(), last_form: Mutex::default() });
        let api = Api::new(script.clone(), "http://server.example", DEADLINE);
        (script, api)
    }

    /// A client whose requests are answered in this order.
    pub(crate) fn in_order(answers: Vec<Says>) -> (Arc<Self>, Api) {
        let answers = Mutex::new(VecDeque::from(answers));
        Self::api(move |request| {
            answers.lock().pop_front().unwrap_or_else(|| panic!("{request} was not expected"))
        })
    }

    /// All requests so far.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.lock().clone()
    }

    /// The last body that was not empty.
    pub(crate) fn last_form(&self) -> String {
        String::from_utf8(self.last_form.lock().to_vec()).unwrap()
    }
}

impl HttpTransport for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let token = request.headers().get("authorization").map_or("", |value| value.to_str().unwrap());
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        let line = format!("{} {} {token}", request.method(), request.uri().path());
        let line = line.trim_end().to_owned();
        let says = (self.says)(&line);
        self.sent.lock().push(line);
        if !request.body().is_empty() {
            *self.last_form.lock() = request.into_body();
        }
        let answer = |status: u16, body: String| {
            let mut response = Response::new(Bytes::from(body));
            *response.status_mut() = status.try_into().unwrap();
            Ok(response)
        };
        Box::pin(async move {
            match says {
                Says::Answer(status, body) => answer(status, body),
                Says::After(pause, status, body) => {
                    tokio::time::sleep(pause).await;
                    answer(status, body)
                }
                Says::Breaks => Err("connection reset".to_owned()),
                Says::Nothing => pending().await,
            }
        })
    }
}
