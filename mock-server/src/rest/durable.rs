//! No answer before what it rests on is on disk.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::Backend;
use crate::journal::{Journal, OfApp};

/// These routes with each answer held back until everything that was applied before it is durable: what the request
/// wrote, and what others wrote that it has read. The routes as they are where the state is in memory only.
pub(crate) fn durable<S: Clone + Send + Sync + 'static>(routes: Router<S>, of: &Backend) -> Router<S> {
    match &of.inner.journal {
        Some(of_app) => routes.layer(from_fn_with_state(of_app.journal.clone(), layer)),
        None => routes,
    }
}

/// An answer, held back in the same way.
pub(super) async fn settled(journal: Option<&OfApp>, answer: Response) -> Response {
    match journal {
        Some(of_app) => after(&of_app.journal, answer).await,
        None => answer,
    }
}

async fn layer(State(journal): State<Arc<Journal>>, request: Request, next: Next) -> Response {
    after(&journal, next.run(request).await).await
}

async fn after(journal: &Journal, answer: Response) -> Response {
    match journal.settled().await {
        Ok(()) => answer,
        Err(broken) => ApiError::internal(broken).into_response(),
    }
}
