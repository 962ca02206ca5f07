//! A route: one row of a table, and what is done around each.
//!
//! An [`Act`] turns a request into an answer. Around it, in this order: the request is counted, it meets the faults
//! that stand against its route, what it rests on is made durable, and its answer is distorted where the server is told
//! so. All routes are one handler to
//! axum; what is said of one stands in its row only.

use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use super::answer::Made;
use super::call::{Asked, Call};
use super::described::{Gives, Parameter, Said, Shape, Shaped, Takes};
use super::request::{SMALL, WITH_CONTENT};
use super::site::Scope;
use super::{distorted, durable};
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

/// See the module.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    act: Act,
    body_max: usize,
    pub(super) said: Said,
}

/// A route for GET.
pub(super) const fn get(path: &'static str, act: Act) -> Route {
    Route { method: Method::GET, path, act, body_max: SMALL, said: Said::NOTHING }
}

/// A route for POST, with a body that holds only names and the like.
pub(super) const fn post(path: &'static str, act: Act) -> Route {
    Route { method: Method::POST, path, act, body_max: SMALL, said: Said::NOTHING }
}

/// A route for PUT, with a body that holds only names and the like.
pub(super) const fn put(path: &'static str, act: Act) -> Route {
    Route { method: Method::PUT, path, act, body_max: SMALL, said: Said::NOTHING }
}

/// A route for DELETE.
pub(super) const fn delete(path: &'static str, act: Act) -> Route {
    Route { method: Method::DELETE, path, act, body_max: SMALL, said: Said::NOTHING }
}

impl Route {
    /// The content of a message is in the body. Rule `API-BODY-MAX`.
    pub(super) const fn with_content(mut self) -> Self {
        self.body_max = WITH_CONTENT;
        self
    }

    /// What the route is for, and the rules that it keeps.
    pub(super) const fn says(mut self, what: &'static str, rules: &'static [&'static str]) -> Self {
        self.said.what = what;
        self.said.rules = rules;
        self
    }

    /// What it is asked for in query and head.
    pub(super) const fn asks(mut self, parameters: &'static [Parameter]) -> Self {
        self.said.parameters = parameters;
        self
    }

    /// The parameters in its body.
    pub(super) const fn takes<T: Shaped>(mut self) -> Self {
        self.said.takes = Takes::Parameters(Shape::of::<T>());
        self
    }

    /// Its body is a form with a file in it.
    pub(super) const fn takes_file(mut self) -> Self {
        self.said.takes = Takes::File;
        self
    }

    /// Its answer.
    pub(super) const fn gives<T: Shaped>(mut self) -> Self {
        self.said.gives = Gives::One(Shape::of::<T>());
        self
    }

    /// Its answer, a list under `API-LIST`.
    pub(super) const fn gives_list<T: Shaped>(mut self) -> Self {
        self.said.gives = Gives::One(Shape::list_of::<T>());
        self
    }

    /// Its answer, a bare array.
    pub(super) const fn gives_array<T: Shaped>(mut self) -> Self {
        self.said.gives = Gives::Array(Shape::of::<T>());
        self
    }

    /// Statuses that it may answer, beside those of what it takes: 400, 401 where a token is needed, 404 where an id is in
    /// the path, 413 and 408 where there is a body.
    pub(super) const fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.said.refuses = statuses;
        self
    }

    /// Whether it asks who calls.
    #[cfg(test)]
    pub(super) fn needs_token(&self) -> bool {
        !matches!(self.act, Act::Open(_))
    }

    pub(super) fn add_to(&'static self, router: Router) -> Router {
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
        // Pinned where they are: a future that is handed on by value takes its room again in each that it is handed to.
        let answering = pin!(async {
            let distorted = scope.distorts.then(|| request.method().clone());
            let response = self.answer(request, scope).await;
            let response = match distorted {
                Some(method) => distorted::distort(&inner.quirks, method, self.path, response).await,
                None => response,
            };
            durable::settled(inner.journal.as_ref(), response).await
        });
        let meeting = pin!(inner.standing.meet(method, self.path, answering));
        inner.traffic.count(inner.clock, method, self.path, meeting).await
    }
}

impl Handler<(), ()> for &'static Route {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, mut request: Request, (): ()) -> Self::Future {
        let scope = request.extensions_mut().remove().expect("a site gives its scope to every request");
        Box::pin(self.serve(request, scope))
    }
}
