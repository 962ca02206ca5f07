//! The business API, the token endpoint and the gate over HTTP.
//!
//! Thin: a route knows who calls, builds an operation or a read, and answers with what comes back. The state's lock is
//! taken for that one step and never held across an await; what is answered is made into JSON after it.
//!
//! One file for each resource, with a table of its routes. `site` is what answers under one base URL, `route` what is done
//! around each route, `call` what all read of a request. `error` is the only place where a refusal becomes a status.
//! `distorted` is there for a server that is told to answer in another form, and not in the way of any other.

mod answer;
mod attachments;
mod body;
mod call;
mod contacts;
mod conversations;
mod cors;
mod described;
mod distorted;
mod durable;
mod emojis;
mod error;
mod favourites;
mod gate;
mod members;
mod messages;
#[cfg(test)]
mod openapi;
mod range;
mod request;
mod route;
mod sessions;
mod site;
mod token;
mod upload;
mod users;

use std::sync::{Arc, LazyLock};

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router};
use bytes::Bytes;

use crate::apps::Apps;
use route::Route;
use site::{Scope, Site};

pub(crate) use answer::{Answer, Json};
pub(crate) use body::whole;
pub(crate) use durable::durable;
pub(crate) use error::ApiError;

/// Every route there is, for each app under its prefix.
pub(crate) fn router(apps: &Apps) -> Router {
    let first = Router::new().fallback_service(Site::new(apps, apps.first(), ""));
    apps.others().iter().fold(first, |all, app| {
        let prefix = Apps::prefix(app.app_key());
        all.nest_service(&prefix, Site::new(apps, app, &prefix))
    })
}

/// Every route there is, below any base URL. They are the same for all servers and made once: simulations make servers by
/// the thousand.
static ROUTES: LazyLock<Router> = LazyLock::new(|| {
    TABLE
        .iter()
        .flat_map(|(_, routes)| *routes)
        .fold(Router::new(), |router, route| route.add_to(router))
        .route("/openapi.json", get(described))
        .route("/docs", fixed("text/html; charset=utf-8", VIEWER))
        .fallback(async || ApiError::no_such_route())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
});

/// Those of them that are there beside somebody else's business API.
static PUSH_SIDE: LazyLock<Router> = LazyLock::new(|| {
    [token::ROUTES, gate::ROUTES]
        .into_iter()
        .flatten()
        .fold(Router::new(), |router, route| route.add_to(router))
        .fallback(async || ApiError::push_only())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
});

async fn described(Extension(scope): Extension<Arc<Scope>>) -> impl IntoResponse {
    let root = format!("\"url\": \"{}/\"", scope.prefix);
    ([(CONTENT_TYPE, "application/json")], OPENAPI.replacen(AT_ROOT, &root, 1))
}

/// Answers the same text to everybody.
pub(crate) fn fixed<S>(kind: &'static str, text: impl Into<Bytes>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let text = text.into();
    get(async move || ([(CONTENT_TYPE, kind)], text.clone()))
}

/// A page for people that shows the `openapi.json` beside it.
pub(crate) const VIEWER: &str = include_str!("viewer.html");

/// The description of all this, made of the tables by a test.
const OPENAPI: &str = include_str!("openapi.json");
/// The base URL in it.
const AT_ROOT: &str = "\"url\": \"/\"";

/// Every route of one app, by resource.
static TABLE: [(&str, &[Route]); 11] = [
    ("users", users::ROUTES),
    ("contacts", contacts::ROUTES),
    ("favourite groups", favourites::ROUTES),
    ("conversations", conversations::ROUTES),
    ("sessions", sessions::ROUTES),
    ("members", members::ROUTES),
    ("messages", messages::ROUTES),
    ("attachments", attachments::ROUTES),
    ("emojis", emojis::ROUTES),
    ("token endpoint", token::ROUTES),
    ("gate", gate::ROUTES),
];
