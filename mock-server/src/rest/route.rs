//! A route: one row of a table, and what is done around each.
//!
//! An [`Act`] turns a request into an answer. Around it, in this order: the request is counted, it meets the faults
//! that stand against its route, and its answer is distorted where the server is told so. All routes are one handler to
//! axum; what is said of one stands in its row only.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use super::answer::Made;
use super::call::{Asked, Call};
use super::distorted;
use super::request::{SMALL, WITH_CONTENT};
use crate::Backend;
use crate::apps::Apps;
use crate::traffic::known;

/// What a route does.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// One step in the business state, for a known user.
    Step(fn(&Call) -> Made),
    /// Something to wait for, for a known user.
    Wait(fn(Call) -> Waiting),
    /// The same, for whoever asks.
    Open(fn(Asked) -> Waiting),
    /// The same, which looks after its request itself.
    Raw(fn(Arc<Scope>, Request) -> Waiting),
}

/// An answer that is on its way.
pub(super) type Waiting = Pin<Box<dyn Future<Output = Made> + Send>>;

/// What answers under one base URL.
pub(super) struct Scope {
    /// The app whose base URL it is.
    pub(super) backend: Backend,
    /// All apps of the server.
    pub(super) apps: Apps,
    /// Whether answers are distorted.
    distorts: bool,
}

impl Scope {
    pub(super) fn new(apps: &Apps, backend: Backend) -> Self {
        let distorts = backend.inner.quirks.any(distorted::QUIRKS);
        Self { backend, apps: apps.clone(), distorts }
    }
}

/// See the module.
pub(super) struct Route {
    method: Method,
    path: &'static str,
    act: Act,
    body_max: usize,
}

/// A route for GET.
pub(super) const fn get(path: &'static str, act: Act) -> Route {
    Route { method: Method::GET, path, act, body_max: SMALL }
}

/// A route for POST, with a body that holds only names and the like.
pub(super) const fn post(path: &'static str, act: Act) -> Route {
    Route { method: Method::POST, path, act, body_max: SMALL }
}

/// A route for PUT, with a body that holds only names and the like.
pub(super) const fn put(path: &'static str, act: Act) -> Route {
    Route { method: Method::PUT, path, act, body_max: SMALL }
}

/// A route for DELETE.
pub(super) const fn delete(path: &'static str, act: Act) -> Route {
    Route { method: Method::DELETE, path, act, body_max: SMALL }
}

impl Route {
    /// The content of a message is in the body. Rule `API-BODY-MAX`.
    pub(super) const fn with_content(mut self) -> Self {
        self.body_max = WITH_CONTENT;
        self
    }

    pub(super) fn add_to(&'static self, router: Router<Arc<Scope>>) -> Router<Arc<Scope>> {
        let method = MethodFilter::try_from(self.method.clone()).expect("a method with a filter");
        router.route(self.path, on(method, self))
    }

    async fn answer(&self, request: Request, scope: Arc<Scope>) -> Response {
        let made = match self.act {
            Act::Step(act) => Call::read(request, scope, self.body_max).await.and_then(|call| act(&call)),
            Act::Wait(act) => match Call::read(request, scope, self.body_max).await {
                Ok(call) => act(call).await,
                Err(error) => Err(error),
            },
            Act::Open(act) => match Asked::read(request, scope, self.body_max).await {
                Ok(asked) => act(asked).await,
                Err(error) => Err(error),
            },
            Act::Raw(act) => act(scope, request).await,
        };
        made.unwrap_or_else(IntoResponse::into_response)
    }

    async fn serve(&self, request: Request, scope: Arc<Scope>) -> Response {
        let method = known(request.method());
        let inner = scope.backend.inner.clone();
        let answering = async {
            let distorted = scope.distorts.then(|| request.method().clone());
            let response = self.answer(request, scope).await;
            match distorted {
                Some(method) => distorted::distort(&inner.quirks, method, self.path, response).await,
                None => response,
            }
        };
        let meeting = inner.standing.meet(method, self.path, answering);
        inner.traffic.count(inner.clock, method, self.path, meeting).await
    }
}

impl Handler<(), Arc<Scope>> for &'static Route {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, scope: Arc<Scope>) -> Self::Future {
        Box::pin(self.serve(request, scope))
    }
}
