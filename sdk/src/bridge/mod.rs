//! y2wIMBridge: what ties the business API to the push connection.
//!
//! The queues are pure ([`send_queue`], [`sync_queue`], [`outbox`]); the driver moves what they decide. One driver
//! task per user owns the connection and whatever is under way, so dropping the user ends all of it.

mod driver;
pub mod event;
pub mod outbox;
pub mod send_queue;
pub mod sync_queue;
mod syncing;

pub use event::{Event, Observer};
pub use send_queue::Draft;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use self::outbox::Outbox;
use self::send_queue::SendQueue;
use self::sync_queue::SyncQueue;
use crate::api::Api;
use crate::clock::Clock;
use crate::model::Model;
use crate::protocol::User;
use crate::push::{Connection, PushTransport};

pub(crate) use driver::drive;

/// What one user's handle and its driver share.
pub(crate) struct Shared {
    pub(crate) me: User,
    pub(crate) api: Api,
    pub(crate) push: Arc<dyn PushTransport>,
    pub(crate) clock: Clock,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) deadline: Duration,
    pub(crate) keep_messages: usize,
    /// What the idempotency keys of this client begin with.
    pub(crate) guid: String,
    /// Never held across an await, nor while the observer is called.
    pub(crate) core: Mutex<Core>,
    /// The driver has something to do.
    pub(crate) wake: Notify,
    /// The driver has nothing to do any more.
    pub(crate) settled: Notify,
}

/// The functional core of one user.
pub(crate) struct Core {
    pub(crate) model: Model,
    pub(crate) connection: Connection,
    pub(crate) send_queue: SendQueue,
    pub(crate) sync_queue: SyncQueue,
    pub(crate) outbox: Outbox,
    /// The next sync of the conversations is followed by one of each that is behind.
    pub(crate) catch_up: bool,
}

impl Core {
    /// Whether nothing is waiting or under way, but for the connection.
    pub(crate) fn is_settled(&self) -> bool {
        self.send_queue.is_empty() && self.outbox.is_empty() && self.sync_queue.is_idle()
    }
}

impl Shared {
    pub(crate) fn tell(&self, event: &Event) {
        self.observer.on_event(event);
    }
}
