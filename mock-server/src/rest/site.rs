//! What answers under one base URL: the routes, which are the same for all servers, for one app of one of them. Around the
//! routes, and around what is said where there is none, browsers are let in.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use tower_service::Service;

use super::{PUSH_SIDE, ROUTES, cors, distorted};
use crate::Backend;
use crate::apps::Apps;

/// For whom a route answers: an extension of each request.
pub(super) struct Scope {
    /// The app whose base URL it is.
    pub(super) backend: Backend,
    /// All apps of the server.
    pub(super) apps: Apps,
    /// What comes before the paths.
    pub(super) prefix: String,
    /// Whether answers are distorted.
    pub(super) distorts: bool,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Site(Arc<Scope>);

impl Site {
    pub(super) fn new(apps: &Apps, app: &Backend, prefix: &str) -> Self {
        let distorts = app.inner.quirks.any(distorted::QUIRKS);
        Self(Arc::new(Scope {
            backend: app.clone(),
            apps: apps.clone(),
            prefix: prefix.to_owned(),
            distorts,
        }))
    }

    async fn answer(self, mut request: Request) -> Result<Response, Infallible> {
        let inner = self.0.backend.inner.clone();
        let mut answer = if request.method() == Method::OPTIONS {
            cors::preflight(&inner.quirks)
        } else {
            let routes = if inner.push_only { &PUSH_SIDE } else { &ROUTES };
            request.extensions_mut().insert(self.0);
            Router::clone(routes).call(request).await?
        };
        cors::mark(&inner.quirks, &mut answer);
        Ok(answer)
    }
}

impl Service<Request> for Site {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}
