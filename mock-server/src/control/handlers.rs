//! What each route of the control API does.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::{ImSessionId, UserId};

use super::request::{About, Nothing, Strict, not_found};
use super::{exposition, view};
use crate::apps::Apps;
use crate::faults::Faults;
use crate::rest::{Answer, ApiError, Json};

/// `GET /metrics`
pub(super) async fn metrics(State(apps): State<Apps>) -> impl IntoResponse {
    ([(CONTENT_TYPE, crate::exposition::CONTENT_TYPE)], exposition::of(&apps))
}

/// `GET /_mock/state`
pub(super) async fn state(State(apps): State<Apps>, about: About) -> Json<view::State> {
    Json(view::State::of(&apps, &about.app, about.limit))
}

/// `GET /_mock/faults`
pub(super) async fn faults(about: About) -> Json<Faults> {
    Json(about.app.faults())
}

/// `PUT /_mock/faults`
pub(super) async fn set_faults(about: About, Strict(faults): Strict<Faults>) -> Answer<Faults> {
    about.app.set_faults(faults).map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok(Json(about.app.faults()))
}

/// `DELETE /_mock/faults`
pub(super) async fn clear_faults(about: About) -> Json<Faults> {
    about.app.clear_faults();
    Json(about.app.faults())
}

/// How many were hit.
#[derive(Serialize)]
pub(super) struct Hit {
    count: usize,
}

/// `POST /_mock/users/{uid}/kick`
pub(super) async fn kick(
    about: About,
    Path(uid): Path<String>,
    Strict(Nothing {}): Strict<Nothing>,
) -> Json<Hit> {
    Json(Hit { count: about.app.kick(&uid.as_str().into()) })
}

/// Whom it is about; everybody if nobody is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whom {
    uid: Option<UserId>,
}

/// `POST /_mock/tokens/expire`
pub(super) async fn expire_tokens(about: About, Strict(whom): Strict<Whom>) -> Json<Hit> {
    Json(Hit { count: about.app.expire_tokens(whom.uid.as_ref()) })
}

/// `POST /_mock/im-tokens/expire`
pub(super) async fn expire_im_tokens(about: About, Strict(Nothing {}): Strict<Nothing>) -> Json<Done> {
    about.app.expire_im_tokens();
    Json(Done {})
}

/// Nothing more to say.
#[derive(Serialize)]
pub(super) struct Done {}

/// `POST /_mock/sessions/{imSession}/forget`
pub(super) async fn forget_session(
    about: About,
    Path(session): Path<String>,
    Strict(Nothing {}): Strict<Nothing>,
) -> Answer<Done> {
    if about.app.forget_session(&parse(&session)?) { Ok(Json(Done {})) } else { Err(unknown(&session)) }
}

/// Where an mts goes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    mts: Option<i64>,
    by: Option<i64>,
}

/// Where an mts went.
#[derive(Serialize)]
pub(super) struct Moved {
    before: i64,
    mts: i64,
}

/// `POST /_mock/sessions/{imSession}/mts`
pub(super) async fn move_mts(
    about: About,
    Path(session): Path<String>,
    Strict(to): Strict<Move>,
) -> Answer<Moved> {
    let id = parse(&session)?;
    let known = || about.app.session_mts(&id).ok_or_else(|| unknown(&session));
    let mts = match (to.mts, to.by) {
        (Some(mts), None) => mts,
        (None, Some(by)) => known()?.saturating_add(by),
        _ => return Err(ApiError::bad_request("either mts or by is needed")),
    };
    let before = about.app.move_mts(&id, mts).ok_or_else(|| unknown(&session))?;
    Ok(Json(Moved { before, mts }))
}

fn parse(session: &str) -> Result<ImSessionId, ApiError> {
    ImSessionId::parse(session)
        .ok_or_else(|| ApiError::bad_request("a push session is named TYPE_ID, such as group_4"))
}

fn unknown(session: &str) -> ApiError {
    not_found(format!("the push server knows no session {session}"))
}

/// `POST /_mock/connections/drop`
pub(super) async fn drop_connections(about: About, Strict(whom): Strict<Whom>) -> Json<Hit> {
    let count = match whom.uid {
        Some(uid) => about.app.drop_connection(&uid),
        None => about.app.drop_all_connections(),
    };
    Json(Hit { count })
}

/// For how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForTime {
    ms: u32,
}

/// `POST /_mock/connections/refuse`
pub(super) async fn refuse_connections(about: About, Strict(time): Strict<ForTime>) -> Json<Done> {
    about.app.refuse_connections(Duration::from_millis(time.ms.into()));
    Json(Done {})
}

/// What a restart has ended.
#[derive(Serialize)]
pub(super) struct Restarted {
    connections: usize,
    sessions: usize,
}

/// `POST /_mock/push/restart`
pub(super) async fn restart_push(about: About, Strict(Nothing {}): Strict<Nothing>) -> Json<Restarted> {
    let (connections, sessions) = about.app.restart_push();
    Json(Restarted { connections, sessions })
}
