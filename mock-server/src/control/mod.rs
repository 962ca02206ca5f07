//! The control API: an operator's hand on a running server, on a port of its own that is closed unless it is asked for.
//!
//! * [`handlers`]: one function for each thing that can be inflicted or asked; each does no more than call the method
//!   of [`Backend`](crate::Backend) of that name.
//! * [`view`]: what the server holds, as JSON.
//! * [`exposition`]: what it counts, for Prometheus.
//! * `page.html`: the same for people; `openapi.json`: the description, which a test compares with [`table`], shown at
//!   `/_mock/docs`.
//!
//! Who reaches the port may do everything, so it is meant for loopback. A browser's page of another origin is turned
//! away; errors have the business API's shape.

mod exposition;
mod handlers;
mod request;
mod view;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::apps::Apps;
use crate::rest::{ApiError, VIEWER, durable, fixed};

/// What the control port answers.
pub(crate) fn router(apps: &Apps) -> Router {
    let routes = |routes: Vec<Route>| {
        routes.into_iter().fold(Router::new(), |router, (path, _, answers)| router.route(path, answers))
    };
    let (inflicted, watched) = table().into_iter().partition(|(path, ..)| path.starts_with("/_mock/"));
    // Metrics are there also when the journal is not.
    durable(routes(inflicted), apps.first())
        .merge(routes(watched))
        .with_state(apps.clone())
        .route("/_mock/docs", fixed("text/html; charset=utf-8", VIEWER))
        .route("/", fixed("text/html; charset=utf-8", PAGE))
        .fallback(async || ApiError::no_such_route())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn(same_origin))
}

const PAGE: &str = include_str!("page.html");
const OPENAPI: &str = include_str!("openapi.json");

type Route = (&'static str, &'static [&'static str], MethodRouter<Apps>);

/// Every route but the pages: path, methods, what answers.
fn table() -> Vec<Route> {
    vec![
        ("/metrics", &["get"], get(handlers::metrics)),
        ("/_mock/openapi.json", &["get"], fixed("application/json", OPENAPI)),
        ("/_mock/state", &["get"], get(handlers::state)),
        (
            "/_mock/faults",
            &["get", "put", "delete"],
            get(handlers::faults).put(handlers::set_faults).delete(handlers::clear_faults),
        ),
        ("/_mock/users/{uid}/kick", &["post"], post(handlers::kick)),
        ("/_mock/tokens/expire", &["post"], post(handlers::expire_tokens)),
        ("/_mock/im-tokens/expire", &["post"], post(handlers::expire_im_tokens)),
        ("/_mock/sessions/{imSession}/forget", &["post"], post(handlers::forget_session)),
        ("/_mock/sessions/{imSession}/mts", &["post"], post(handlers::move_mts)),
        ("/_mock/connections/drop", &["post"], post(handlers::drop_connections)),
        ("/_mock/connections/refuse", &["post"], post(handlers::refuse_connections)),
        ("/_mock/push/restart", &["post"], post(handlers::restart_push)),
    ]
}

/// Browsers say where a request comes from; one that does not come from our own page has no business here.
async fn same_origin(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        let message = "the control API does not answer to pages of another origin";
        return ApiError::new(StatusCode::FORBIDDEN, "forbidden", message).into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin.map(|(_, origin)| origin) != host
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let description: Value = serde_json::from_str(OPENAPI).unwrap();
        let described: BTreeSet<(String, String)> = description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
            })
            .filter(|(_, key)| key != "parameters")
            .collect();
        let routes: BTreeSet<(String, String)> = table()
            .into_iter()
            .flat_map(|(path, methods, _)| {
                methods.iter().map(move |method| (path.to_owned(), (*method).to_owned()))
            })
            .collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn the_description_refers_to_what_is_in_it() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => (),
            }
        }
        let description: Value = serde_json::from_str(OPENAPI).unwrap();
        let mut found = Vec::new();
        references(&description, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }
}
