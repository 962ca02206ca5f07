//! The apps of one server. They share its listeners and nothing else. Rule `API-APP-ISOLATION`.
//!
//! A registration or a login names no app, so each app has a base URL of its own: the first one that of the server, any
//! other `/apps/KEY` below it. The token endpoint and the push server, which are told by appKey and imToken, serve all
//! apps in one place.

use std::sync::Arc;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use y2w_sdk::protocol::rest::fill;

use crate::push::addresses::Addresses;
use crate::push::{self, Pushes};
use crate::{Backend, rest};

/// The apps of one server; there is at least one. As with a [`Backend`], which is one of them, no sockets are needed to
/// call their router and to hand them push connections. Clones share the state.
#[derive(Clone, Debug)]
pub struct Apps {
    first: Backend,
    others: Arc<[Backend]>,
    addresses: Arc<Addresses>,
}

impl Apps {
    pub(crate) fn new(first: Backend, others: Vec<Backend>) -> Self {
        let addresses = Arc::new(Addresses::new(first.inner.push.config.connections_per_address));
        Self { first, others: others.into(), addresses }
    }

    /// What answers the requests to all apps, as [`Backend::router`] does for one.
    pub fn router(&self) -> Router {
        rest::router(self)
    }

    /// Serves one push connection, of whichever app its imToken is, to its end, or until `stop`.
    pub async fn serve_push<S>(&self, mut stream: S, stop: &CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let pushes = self.pushes();
        tokio::select! {
            biased;
            () = stop.cancelled() => (),
            () = push::serve(&pushes, &mut stream) => (),
        }
    }

    /// The same over WebSocket: the stream begins with the handshake.
    pub async fn serve_websocket<S>(&self, stream: S, stop: &CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let pushes = self.pushes();
        tokio::select! {
            biased;
            () = stop.cancelled() => (),
            () = push::serve_websocket(&pushes, stream) => (),
        }
    }

    /// The first app.
    pub fn first(&self) -> &Backend {
        &self.first
    }

    pub(crate) fn others(&self) -> &[Backend] {
        &self.others
    }

    /// All apps, the first one first.
    pub fn all(&self) -> impl Iterator<Item = &Backend> {
        std::iter::once(&self.first).chain(&*self.others)
    }

    /// Who is connected to the push listeners.
    pub(crate) fn addresses(&self) -> &Arc<Addresses> {
        &self.addresses
    }

    /// The app with that key.
    pub fn find(&self, key: &str) -> Option<&Backend> {
        self.all().find(|app| app.app_key() == key)
    }

    /// What comes before the paths of an app that is not the first.
    pub fn prefix(key: &str) -> String {
        fill("/apps/{app}", &[key])
    }

    pub(crate) fn pushes(&self) -> Pushes {
        Pushes::new(self.first.inner.push.clone(), self.others.iter().map(|app| app.inner.push.clone()))
    }
}
