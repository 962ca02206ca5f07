//! The control API of a server elsewhere: what only an operator can inflict on it, over HTTP. The mock server has one
//! (`y2w serve --control`), described at its `/_mock/docs`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use serde_json::Value;
use y2w_sdk::api::HttpTransport;

/// How long it may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// See the module's text.
#[derive(Clone)]
pub struct Control {
    url: String,
    http: Arc<dyn HttpTransport>,
}

/// It did not do what it was asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct ControlError {
    /// What it answered, if it did.
    pub(crate) status: Option<StatusCode>,
    text: String,
}

impl Control {
    /// The control API at this URL; nothing is asked yet.
    pub fn new(url: &str, http: Arc<dyn HttpTransport>) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), http }
    }

    /// Asks for something, and waits until it is done.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<(), ControlError> {
        let said = |status: Option<StatusCode>, why: &dyn std::fmt::Display| ControlError {
            status,
            text: format!("the control API at {}: {why}", self.url),
        };
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| said(None, &error))?;
        let answer = tokio::time::timeout(DEADLINE, self.http.send(request)).await;
        let answer = answer
            .map_err(|_| said(None, &format_args!("no answer within {DEADLINE:?}")))?
            .map_err(|why| said(None, &why))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => {
                let body = String::from_utf8_lossy(answer.body()).chars().take(200).collect::<String>();
                Err(said(Some(status), &format_args!("{status} to {method} {path}: {body}")))
            }
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Control").field(&self.url).finish()
    }
}
