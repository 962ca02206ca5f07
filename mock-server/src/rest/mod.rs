//! The business API, the token endpoint and the gate over HTTP.
//!
//! Thin: a handler knows who calls, builds an operation or a read, and answers with what comes back. The state's lock
//! is taken for that one step and never held across an await; what is answered is made into JSON after it.
//!
//! One file for each resource. `error` is the only place where a refusal becomes a status. `distorted` is there for a
//! server that is told to answer in another form, and not in the way of any other.

mod answer;
mod attachments;
mod body;
mod contacts;
mod conversations;
mod cors;
mod distorted;
mod durable;
mod emojis;
mod error;
mod favourites;
mod gate;
mod members;
mod messages;
mod range;
mod request;
mod sessions;
mod token;
mod upload;
mod users;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use y2w_sdk::protocol::rest::path;

use crate::Backend;
use crate::apps::Apps;
use crate::traffic;

pub(crate) use answer::{Answer, Json};
pub(crate) use body::whole;
pub(crate) use durable::durable;
pub(crate) use error::ApiError;

/// Every route there is, for each app under its prefix.
pub(crate) fn router(apps: &Apps) -> Router {
    let of_first = routes(apps, apps.first().clone());
    let all = apps
        .others()
        .iter()
        .fold(of_first, |all, app| all.nest(&Apps::prefix(app.app_key()), routes(apps, app.clone())));
    let push_only = apps.first().inner.push_only;
    all.fallback(async move || if push_only { ApiError::push_only() } else { ApiError::no_such_route() })
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn_with_state(apps.first().inner.quirks.clone(), cors::layer))
}

fn routes(apps: &Apps, backend: Backend) -> Router {
    let quirks = backend.inner.quirks.clone();
    let of_all = Router::new().route(path::TOKEN, post(token::grant)).with_state(apps.clone());
    let business = if backend.inner.push_only { Router::new() } else { business() };
    let routes = business.route(path::GATE, post(gate::tell)).with_state(backend.clone()).merge(of_all);
    let routes = if quirks.any(distorted::QUIRKS) {
        routes.layer(from_fn_with_state(quirks, distorted::layer))
    } else {
        routes
    };
    // Whatever an operator inflicts on the answer, it comes after this.
    durable(routes, &backend).layer(from_fn_with_state(backend, traffic::layer))
}

/// The business API.
fn business() -> Router<Backend> {
    Router::new()
        .route(path::REGISTER, post(users::register))
        .route(path::LOGIN, post(users::login))
        .route(path::USERS, get(users::list))
        .route(path::SET_PASSWORD, post(users::set_password))
        .route(path::USER, get(users::one).put(users::update).delete(users::delete))
        .route(path::CONTACTS, get(contacts::list).post(contacts::add))
        .route(path::CONTACT, get(contacts::one).put(contacts::update).delete(contacts::remove))
        .route(path::USER_SESSIONS, get(favourites::list).post(favourites::add))
        .route(path::USER_SESSION, get(favourites::one).put(favourites::update).delete(favourites::remove))
        .route(path::USER_CONVERSATIONS, get(conversations::list))
        .route(
            path::USER_CONVERSATION,
            get(conversations::one).put(conversations::update).delete(conversations::remove),
        )
        .route(path::UNREAD, put(conversations::clear_unread))
        .route(path::P2P_SESSION, get(sessions::p2p))
        .route(path::SINGLE_SESSION, get(sessions::single))
        .route(path::SESSIONS, post(sessions::create))
        .route(path::SESSION, get(sessions::one).put(sessions::update).delete(sessions::delete))
        .route(path::MEMBERS, get(members::list).post(members::add))
        .route(path::INVITE, post(members::invite))
        .route(path::MEMBER, get(members::one).put(members::update).delete(members::remove))
        .route(path::MESSAGES, get(messages::sync).post(messages::store))
        .route(path::MESSAGE, put(messages::edit).delete(messages::delete))
        .route(path::MESSAGES_HISTORY, get(messages::history))
        .route(path::ATTACHMENTS, post(attachments::upload))
        .route(path::ATTACHMENT, get(attachments::info))
        .route(path::ATTACHMENT_CONTENT, get(attachments::content))
        .route(path::ATTACHMENT_CONTENT_NAME, get(attachments::content_named))
        .route(path::EMOJIS, get(emojis::list))
}
