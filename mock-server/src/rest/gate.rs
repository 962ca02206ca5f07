//! The gate: tells a client which push server to use.

use axum::http::header::HOST;
use y2w_sdk::protocol::rest::{GATE_REGISTER, GateAnswer, GateData, GateRequest, path};

use super::answer::{Made, ok};
use super::call::Asked;
use super::error::ApiError;
use super::route::{Act::Open, Route, post};

/// The one region there is.
const REGION: &str = "loopback";

pub(super) const ROUTES: &[Route] = &[post(path::GATE, Open(|asked| Box::pin(tell(asked))))
    .says("Which push server to use", &["GATE-REQUEST", "GATE-ANSWER", "GATE-URL-PORT", "GATE-TCP"])
    .takes::<GateRequest>()
    .gives::<GateAnswer>()];

/// `POST /gateHandler`.
async fn tell(asked: Asked) -> Made {
    let params: GateRequest = asked.params()?;
    if params.oper != GATE_REGISTER {
        return Err(ApiError::bad_request("oper is register"));
    }
    let called = asked.headers().get(HOST).and_then(|host| host.to_str().ok());
    let (url, tcp) = asked.backend().inner.push_server(called);
    ok(&GateAnswer { data: GateData { region: REGION.to_owned(), url, tcp } })
}
