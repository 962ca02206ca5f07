//! The gate: tells a client which push server to use.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use y2w_sdk::protocol::rest::{GATE_REGISTER, GateAnswer, GateData, GateRequest};

use super::answer::{Answer, Json};
use super::error::ApiError;
use super::request::Params;
use crate::Backend;

/// The one region there is.
const REGION: &str = "loopback";

/// `POST /gateHandler`. Rules `GATE-REQUEST`, `GATE-ANSWER`, `GATE-URL-PORT`, `GATE-TCP`.
pub(super) async fn tell(
    State(backend): State<Backend>,
    headers: HeaderMap,
    Params(params): Params<GateRequest>,
) -> Answer<GateAnswer> {
    if params.oper != GATE_REGISTER {
        return Err(ApiError::bad_request("oper is register"));
    }
    let called = headers.get(HOST).and_then(|host| host.to_str().ok());
    let (url, tcp) = backend.inner.push_server(called);
    Ok(Json(GateAnswer { data: GateData { region: REGION.to_owned(), url, tcp } }))
}
