//! The token endpoint: OAuth 2 client credentials for an imToken.

use std::time::Duration;

use axum::http::StatusCode;
use y2w_sdk::protocol::credential::derived_secret;
use y2w_sdk::protocol::rest::{GRANT_TYPE, TokenAnswer, TokenRequest, path};

use super::answer::{Made, ok};
use super::call::Asked;
use super::error::ApiError;
use super::route::{Act::Open, Route, post};
use crate::backend::Inner;
use crate::quirks::Quirk;

pub(super) const ROUTES: &[Route] = &[post(path::TOKEN, Open(|asked| Box::pin(grant(asked))))
    .says("An imToken for the push server", &["TOKEN-GRANT", "TOKEN-GRANT-TYPE", "TOKEN-REFUSE"])
    .takes::<TokenRequest>()
    .gives::<TokenAnswer>()
    .refuses(&[401])];

/// `POST /oauth/token`.
async fn grant(asked: Asked) -> Made {
    let params: TokenRequest = asked.params()?;
    if params.grant_type != GRANT_TYPE {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "grant_type is client_credentials",
        ));
    }
    let app = asked.scope().apps.find(&params.client_id).map(|app| &app.inner);
    let Some(inner) = app.filter(|inner| is_secret(inner, &params.client_secret)) else {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "unknown appKey or wrong secret",
        ));
    };
    let access_token = inner.secrets.token();
    inner.push.add_token(&access_token);
    ok(&TokenAnswer {
        access_token,
        expires_in: inner.push.config.token_life.as_secs(),
        token_type: "bearer".to_owned(),
    })
}

/// Rules `TOKEN-SECRET-WINDOW`, `TOKEN-SECRET-ZONE`, `TOKEN-SECRET-OLD`, `TOKEN-RAW-SECRET`.
fn is_secret(inner: &Inner, secret: &str) -> bool {
    const DAY: Duration = Duration::from_secs(24 * 3_600);
    let today = inner.clock.now();
    let yesterday = y2w_sdk::protocol::Timestamp::EPOCH
        .plus(y2w_sdk::protocol::Timestamp::EPOCH.until(today).saturating_sub(DAY));
    let of_day = |day| derived_secret(&inner.app.secret, day) == secret;
    let of_yesterday = !inner.quirks.on(Quirk::YesterdaysSecretRefused) && of_day(yesterday);
    secret == inner.app.secret || of_day(today) || of_yesterday || of_day(today.plus(DAY))
}
