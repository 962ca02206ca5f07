//! The control API of a server elsewhere: what only an operator can inflict on it, over HTTP. The mock server has one
//! (`y2w serve --control`), described at its `/_mock/docs`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use y2w_mock_server::faults::Faults;
use y2w_sdk::api::HttpTransport;
use y2w_sdk::protocol::rest::fill;

use super::{Harm, NotInflicted};

/// How long it may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// See the module's text.
#[derive(Clone)]
pub struct Control {
    url: String,
    http: Arc<dyn HttpTransport>,
}

impl Control {
    /// The control API at this URL; nothing is asked yet.
    pub fn new(url: &str, http: Arc<dyn HttpTransport>) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), http }
    }

    /// Has that server inflict something.
    pub(crate) async fn inflict(&self, harm: &Harm) -> Result<(), NotInflicted> {
        let Some((path, body)) = command(harm) else {
            return Err(NotInflicted("the control API can neither stop a server nor bar a user".to_owned()));
        };
        match self.ask(Method::POST, &path, &body).await? {
            // The push server does not know the session yet: there is nothing to forget and nothing to move.
            Err((StatusCode::NOT_FOUND, _)) if matches!(harm, Harm::Forget(_) | Harm::MoveMts(..)) => Ok(()),
            done => done.map_err(|(_, why)| why),
        }
    }

    /// Has it do this from now on, in place of all that stood.
    pub(crate) async fn set_faults(&self, faults: &Faults) -> Result<(), NotInflicted> {
        let body = serde_json::to_value(faults).expect("plain data is JSON");
        self.ask(Method::PUT, "/_mock/faults", &body).await?.map_err(|(_, why)| why)
    }

    /// Asks for something, and waits until it is done or refused.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Result<(), (StatusCode, NotInflicted)>, NotInflicted> {
        let said =
            |why: &dyn std::fmt::Display| NotInflicted(format!("the control API at {}: {why}", self.url));
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| said(&error))?;
        let answer = tokio::time::timeout(DEADLINE, self.http.send(request)).await;
        let answer = answer
            .map_err(|_| said(&format_args!("no answer within {DEADLINE:?}")))?
            .map_err(|why| said(&why))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(Ok(()));
        }
        let body = String::from_utf8_lossy(answer.body()).chars().take(200).collect::<String>();
        Ok(Err((status, said(&format_args!("{status} to {method} {path}: {body}")))))
    }
}

/// What is asked for: see the mock server's `/_mock/docs`. None where the control API has nothing for that.
fn command(harm: &Harm) -> Option<(String, Value)> {
    Some(match harm {
        Harm::Refuse(time) => {
            let ms = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
            ("/_mock/connections/refuse".to_owned(), json!({ "ms": ms }))
        }
        Harm::RestartPush => ("/_mock/push/restart".to_owned(), json!({})),
        Harm::Forget(session) => {
            (fill("/_mock/sessions/{session}/forget", &[&session.to_string()]), json!({}))
        }
        Harm::MoveMts(session, by) => {
            (fill("/_mock/sessions/{session}/mts", &[&session.to_string()]), json!({ "by": by }))
        }
        Harm::ExpireTokens(user) => ("/_mock/tokens/expire".to_owned(), json!({ "uid": user })),
        Harm::ExpireImTokens => ("/_mock/im-tokens/expire".to_owned(), json!({})),
        Harm::Kick(user) => (fill("/_mock/users/{uid}/kick", &[user.as_str()]), json!({})),
        Harm::Bar(_) | Harm::Stop | Harm::Start { .. } => return None,
    })
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Control").field(&self.url).finish()
    }
}
