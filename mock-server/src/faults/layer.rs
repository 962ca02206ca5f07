//! Standing faults at work on requests: between the count of an app's traffic and its routes.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::draw::{Dice, Fate, Then, subject};
use super::lost::lost;
use super::plan::Faults;
use crate::rest::ApiError;

/// The faults of an app, and how many requests each route has had.
#[derive(Debug)]
pub(crate) struct Standing {
    dice: Dice,
    state: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    faults: Arc<Faults>,
    requests: FxHashMap<u64, u64>,
}

impl Standing {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, state: Mutex::default() }
    }

    pub(super) fn faults(&self) -> Arc<Faults> {
        self.state.lock().faults.clone()
    }

    pub(super) fn set(&self, faults: Faults) {
        self.state.lock().faults = Arc::new(faults);
    }

    /// What happens to one more request of a route. It counts whatever faults there are, so that what it meets does not
    /// depend on when they were set.
    fn of_request(&self, method: &str, path: &str) -> Option<Fate> {
        let route = subject(method, path);
        let mut state = self.state.lock();
        let count = state.requests.entry(route).or_default();
        let number = *count;
        *count += 1;
        let fault = state.faults.of_route(method, path)?;
        Some(self.dice.of_request(fault, route, number))
    }

    /// Lets a request meet what stands against its route.
    pub(crate) async fn meet(
        &self,
        method: &str,
        path: &str,
        answering: impl Future<Output = Response>,
    ) -> Response {
        let Some(fate) = self.of_request(method, path) else {
            return answering.await;
        };
        if !fate.wait.is_zero() {
            tokio::time::sleep(fate.wait).await;
        }
        match fate.then {
            Then::Answer => answering.await,
            Then::LoseRequest => lost(),
            Then::LoseAnswer => {
                answering.await;
                lost()
            }
            Then::Error(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
                ApiError::new(status, "inflicted", "a fault that the operator has set").into_response()
            }
        }
    }
}
