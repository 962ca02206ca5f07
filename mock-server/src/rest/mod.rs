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
mod distorted;
mod emojis;
mod error;
mod favourites;
mod gate;
mod members;
mod messages;
mod range;
mod request;
mod route;
mod sessions;
mod token;
mod upload;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::Backend;
use crate::apps::Apps;
use route::{Route, Scope};

pub(crate) use answer::{Answer, Json};
pub(crate) use body::whole;
pub(crate) use error::ApiError;

/// Every route there is, for each app under its prefix.
pub(crate) fn router(apps: &Apps) -> Router {
    let of_first = routes(apps, apps.first().clone());
    let all = apps
        .others()
        .iter()
        .fold(of_first, |all, app| all.nest(&Apps::prefix(app.app_key()), routes(apps, app.clone())));
    all.fallback(async || ApiError::no_such_route())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn_with_state(apps.first().inner.quirks.clone(), cors::layer))
}

fn routes(apps: &Apps, backend: Backend) -> Router {
    table()
        .fold(Router::new(), |router, route| route.add_to(router))
        .with_state(Arc::new(Scope::new(apps, backend)))
}

/// Every route of one app.
fn table() -> impl Iterator<Item = &'static Route> {
    let resources = [
        users::ROUTES,
        contacts::ROUTES,
        favourites::ROUTES,
        conversations::ROUTES,
        sessions::ROUTES,
        members::ROUTES,
        messages::ROUTES,
        attachments::ROUTES,
        emojis::ROUTES,
        token::ROUTES,
        gate::ROUTES,
    ];
    resources.into_iter().flatten()
}
