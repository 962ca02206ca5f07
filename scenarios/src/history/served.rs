//! A request at the server's end: between the network and the server, where neither loses anything.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use y2w_sdk::protocol::rest::path;

/// A request that has reached the server.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its number in the run.
    pub call: u64,
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: Arc<str>,
    /// Its idempotency key. Rule `MSG-IDEMPOTENCY-KEY`.
    pub key: Option<Arc<str>>,
    /// Its body.
    pub body: Bytes,
}

/// What a server says to a request.
#[derive(Clone, Debug)]
pub struct Served {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

impl Arrived {
    /// Whether it asks for a page of history.
    pub fn is_history(&self) -> bool {
        self.method == Method::GET && is_list(&self.path, "/messages/history")
    }
}

/// Whether a request is taken down at the server's end: all that changes sessions, their members and messages, what
/// shows who is a member, and pages of history.
pub fn is_taken_down(method: &Method, path: &str) -> bool {
    let is_shown = || is_list(path, "/members") || is_list(path, "/messages/history");
    path.starts_with(path::SESSIONS) && (method != Method::GET || is_shown())
}

fn is_list(path: &str, end: &str) -> bool {
    path.split('?').next().is_some_and(|path| path.ends_with(end))
}
