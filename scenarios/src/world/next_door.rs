//! The world as another app of the same server has it: an address of its own, and all else shared.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;
use y2w_sdk::push::Streams;

use super::{Harm, NotInflicted, World};

/// The key of the other app.
pub(super) const KEY: &str = "neighbour";
/// Its secret.
pub(super) const SECRET: &str = "the neighbour's secret";

/// Where its business API is on a server of ours.
pub(super) fn url(base: &str) -> String {
    format!("{base}/apps/{KEY}")
}

/// See the module's text.
pub(crate) struct NextDoor {
    world: Arc<dyn World>,
    base_url: String,
}

impl NextDoor {
    pub(crate) fn new(world: Arc<dyn World>, base_url: String) -> Self {
        Self { world, base_url }
    }
}

impl World for NextDoor {
    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn clock(&self) -> Clock {
        self.world.clock()
    }

    fn account(&self, name: &str) -> String {
        self.world.account(name)
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.world.http()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        self.world.streams()
    }

    fn websockets(&self) -> Arc<dyn Streams> {
        self.world.websockets()
    }

    fn inflict(&self, _: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        Box::pin(async { Err(NotInflicted("what befalls the server befalls the first app".to_owned())) })
    }
}
