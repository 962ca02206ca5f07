//! The apps of one server. They share its listeners and nothing else. Rule `API-APP-ISOLATION`.
//!
//! A registration or a login names no app, so each app has a base URL of its own: the first one that of the server, any
//! other `/apps/KEY` below it. The token endpoint and the push server, which are told by appKey and imToken, serve all
//! apps in one place.

use std::sync::Arc;

use y2w_sdk::protocol::rest::fill;

use crate::Backend;
use crate::push::Pushes;
use crate::push::addresses::Addresses;

/// See the module. There is at least one.
#[derive(Clone, Debug)]
pub(crate) struct Apps {
    first: Backend,
    others: Arc<[Backend]>,
    addresses: Arc<Addresses>,
}

impl Apps {
    pub(crate) fn new(first: Backend, others: Vec<Backend>) -> Self {
        let addresses = Arc::new(Addresses::new(first.inner.push.config.connections_per_address));
        Self { first, others: others.into(), addresses }
    }

    pub(crate) fn first(&self) -> &Backend {
        &self.first
    }

    pub(crate) fn others(&self) -> &[Backend] {
        &self.others
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Backend> {
        std::iter::once(&self.first).chain(&*self.others)
    }

    /// Who is connected to the push listeners.
    pub(crate) fn addresses(&self) -> &Arc<Addresses> {
        &self.addresses
    }

    pub(crate) fn find(&self, key: &str) -> Option<&Backend> {
        self.all().find(|app| app.app_key() == key)
    }

    /// What comes before the paths of an app that is not the first.
    pub(crate) fn prefix(key: &str) -> String {
        fill("/apps/{app}", &[key])
    }

    pub(crate) fn pushes(&self) -> Pushes {
        Pushes::new(self.first.inner.push.clone(), self.others.iter().map(|app| app.inner.push.clone()))
    }
}
