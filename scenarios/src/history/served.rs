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

/// Whether a request is taken down at the server's end: all that changes sessions, their members and messages, and what
/// shows who is a member.
pub fn is_taken_down(method: &Method, path: &str) -> bool {
    path.starts_with(path::SESSIONS) && (method != Method::GET || is_member_list(path))
}

fn is_member_list(path: &str) -> bool {
    path.split('?').next().is_some_and(|path| path.ends_with("/members"))
}
