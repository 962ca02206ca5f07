//! A response that says there is none.
//!
//! A handler has to answer something. This something carries a mark, at which the HTTP side closes the connection
//! without a word. Whoever calls the router in process meets a body that breaks, which to a client is the same: no answer.

use std::io;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;

#[derive(Clone, Copy)]
struct Lost;

/// In place of an answer.
pub(super) fn lost() -> Response {
    let broken = stream::iter([Err::<&[u8], _>(io::Error::from(io::ErrorKind::ConnectionReset))]);
    let mut response = Response::new(Body::from_stream(broken));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.extensions_mut().insert(Lost);
    response
}

/// Whether a response is none.
pub(crate) fn is_lost<B>(response: &Response<B>) -> bool {
    response.extensions().get::<Lost>().is_some()
}
