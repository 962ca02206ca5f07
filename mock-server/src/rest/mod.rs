//! The business API, the token endpoint and the gate over HTTP.
//!
//! Thin: a route knows who calls, builds an operation or a read, and answers with what comes back. The state's lock is
//! taken for that one step and never held across an await; what is answered is made into JSON after it.
//!
//! One file for each resource, with a table of its routes. `route` is what is done around each, `call` what all read of
//! a request. `error` is the only place where a refusal becomes a status. `distorted` is there for a
//! server that is told to answer in another form, and not in the way of any other.

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
mod token;
mod upload;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;

use crate::Backend;
use crate::apps::Apps;
use route::{Route, Scope};

pub(crate) use answer::{Answer, Json};
pub(crate) use body::whole;
pub(crate) use durable::durable;
pub(crate) use error::ApiError;

/// Every route there is, for each app under its prefix.
pub(crate) fn router(apps: &Apps) -> Router {
    let of_first = routes(apps, apps.first().clone(), "");
    let all = apps.others().iter().fold(of_first, |all, app| {
        let prefix = Apps::prefix(app.app_key());
        all.nest(&prefix, routes(apps, app.clone(), &prefix))
    });
    let push_only = apps.first().inner.push_only;
    all.fallback(async move || if push_only { ApiError::push_only() } else { ApiError::no_such_route() })
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn_with_state(apps.first().inner.quirks.clone(), cors::layer))
}

fn routes(apps: &Apps, backend: Backend, prefix: &str) -> Router {
    let push_only = backend.inner.push_only;
    let scope = Arc::new(Scope::new(apps, backend));
    if push_only {
        let routes =
            TABLE.iter().filter(|(part, _)| PUSH_SIDE.contains(part)).flat_map(|(_, routes)| *routes);
        return routes.fold(Router::new(), |router, route| route.add_to(router)).with_state(scope);
    }
    let routes = TABLE.iter().flat_map(|(_, routes)| *routes);
    let root = format!("\"url\": \"{prefix}/\"");
    let described = async move || ([(CONTENT_TYPE, "application/json")], OPENAPI.replacen(AT_ROOT, &root, 1));
    routes
        .fold(Router::new(), |router, route| route.add_to(router))
        .with_state(scope)
        .route("/openapi.json", get(described))
        .route("/docs", fixed("text/html; charset=utf-8", VIEWER))
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
    (TOKEN_ENDPOINT, token::ROUTES),
    (GATE, gate::ROUTES),
];

const TOKEN_ENDPOINT: &str = "token endpoint";
const GATE: &str = "gate";

/// What is there beside somebody else's business API.
const PUSH_SIDE: [&str; 2] = [TOKEN_ENDPOINT, GATE];
