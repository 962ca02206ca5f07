//! What is tested, and what is known of it beside its address.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::need::Need;
use crate::world::World;

/// See the module's text.
#[derive(Clone)]
pub struct Target {
    pub(super) world: Arc<dyn World>,
    /// The app's key and secret, where whoever tests knows them.
    pub(super) app: Option<App>,
    /// What it is said not to have.
    pub(super) missing: BTreeSet<Need>,
}

/// An app as its owner knows it.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) key: String,
    pub(super) secret: String,
}

impl Target {
    /// A server of ours, in virtual time: without sockets its gate has no place to name for TCP.
    pub fn in_virtual_time(world: Arc<dyn World>) -> Self {
        let app = App { key: "key".to_owned(), secret: "secret".to_owned() };
        Self { world, app: Some(app), missing: BTreeSet::from([Need::GateTcp]) }
    }

    /// A server of ours, on sockets: time passes as it does.
    pub fn on_sockets(world: Arc<dyn World>) -> Self {
        Self { missing: BTreeSet::from([Need::Time]), ..Self::in_virtual_time(world) }
    }
}
