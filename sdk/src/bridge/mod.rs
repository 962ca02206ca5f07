//! y2wIMBridge: what ties the business API to the push connection.
//!
//! The queues are pure ([`send_queue`], [`sync_queue`], [`outbox`], [`save_queue`]); the driver moves what they decide.
//! One driver task per user owns the connection and whatever is under way, so dropping the user ends all of it.

mod connecting;
mod custom;
pub mod draft;
mod driver;
pub mod event;
pub mod outbox;
mod periodic;
mod raw;
mod receiving;
pub mod save_queue;
pub mod send_queue;
mod sending;
mod stored;
pub mod sync_queue;
mod syncing;

pub use custom::{HANDLER_MAX, SyncContext, SyncHandler};
pub use draft::{Body, Draft, Prepare, PrepareError, Upload};
pub use event::{Changed, Event, Events, Observer};

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast};

use self::outbox::Outbox;
use self::periodic::Periodic;
use self::raw::RawCommands;
use self::save_queue::SaveQueue;
use self::send_queue::SendQueue;
use self::sync_queue::SyncQueue;
use crate::api::Api;
use crate::clock::Clock;
use crate::config::{LoginOptions, MessageSync};
use crate::model::Model;
use crate::protocol::push::{Notice, SyncItem, SyncType};
use crate::protocol::{ImSessionId, Timestamp, User, UserId};
use crate::push::{Connection, PushTransport};
use crate::store::{LocalStore, Part};

pub(crate) use driver::drive;
pub(crate) use stored::load as load_stored;

/// Notices that wait for the push server; beyond that, stores wait too, so that memory stays bounded.
const NOTICES_MAX: usize = 1_000;

/// What one user's handle and its driver share.
pub(crate) struct Shared {
    pub(crate) uid: UserId,
    pub(crate) api: Api,
    pub(crate) push: Arc<dyn PushTransport>,
    /// Where the push server is, if the gate is not to be asked.
    pub(crate) push_url: Option<String>,
    pub(crate) clock: Clock,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) deadline: Duration,
    pub(crate) keep_messages: usize,
    pub(crate) message_sync: MessageSync,
    pub(crate) handlers: Vec<(SyncType, Arc<dyn SyncHandler>)>,
    pub(crate) store: Option<Arc<dyn LocalStore>>,
    pub(crate) store_messages: bool,
    /// What the idempotency keys of this client begin with.
    pub(crate) guid: String,
    /// There once somebody asked for the events.
    pub(crate) events: OnceLock<broadcast::Sender<Arc<Event>>>,
    /// Never held across an await, nor while the observer is called.
    pub(crate) core: Mutex<Core>,
    /// The driver has something to do.
    pub(crate) wake: Notify,
    /// The driver has nothing to do any more.
    pub(crate) settled: Notify,
}

/// The functional core of one user.
pub(crate) struct Core {
    pub(crate) me: Arc<User>,
    pub(crate) model: Model,
    pub(crate) connection: Connection,
    pub(crate) send_queue: SendQueue,
    pub(crate) sync_queue: SyncQueue,
    pub(crate) outbox: Outbox,
    pub(crate) raw: RawCommands,
    /// There if there is a local store.
    pub(crate) saves: Option<SaveQueue>,
    pub(crate) periodic: Periodic,
    /// The next sync of the conversations is followed by one of each that is behind.
    pub(crate) catch_up: bool,
    /// The session that the application shows.
    pub(crate) current: Option<ImSessionId>,
    /// The user is logging out.
    pub(crate) closing: bool,
}

impl Core {
    pub(crate) fn new(
        me: User,
        model: Model,
        connection: Connection,
        options: &LoginOptions,
        now: Timestamp,
    ) -> Self {
        let mut saves = options.store.as_ref().map(|_| SaveQueue::new(options.save_after));
        if let Some(saves) = &mut saves {
            saves.changed(Part::Users, now);
        }
        Self {
            me: Arc::new(me),
            model,
            connection,
            send_queue: SendQueue::default(),
            sync_queue: SyncQueue::default(),
            outbox: Outbox::default(),
            raw: RawCommands::default(),
            saves,
            periodic: Periodic::new(options.periodic_sync, now),
            catch_up: false,
            current: None,
            closing: false,
        }
    }

    /// Whether nothing is waiting or under way, but for the connection and the local store. Notices of a client that is
    /// not to be connected wait for the application.
    pub(crate) fn is_settled(&self) -> bool {
        let announced = self.outbox.is_empty() || self.connection.is_stopped();
        self.send_queue.is_empty() && announced && self.sync_queue.is_idle()
    }

    /// What this part holds has changed.
    pub(crate) fn changed(&mut self, part: Part, now: Timestamp) {
        if let Some(saves) = &mut self.saves {
            saves.changed(part, now);
        }
    }
}

impl Shared {
    /// Tells the application, the observer first. Never called with the core locked.
    pub(crate) fn tell(&self, event: Event) {
        self.observer.on_event(&event);
        if let Some(events) = self.events.get() {
            // Without a reader nobody misses it.
            let _ = events.send(Arc::new(event));
        }
    }

    /// Has other clients sync something: the members of a session, or one user by its own address. As all notices it
    /// reaches who is connected; the others find the change with their next sync. False if too many notices wait.
    pub(crate) fn announce(&self, to: &ImSessionId, syncs: Vec<SyncItem>) -> bool {
        let notice = Notice { syncs, ..Notice::default() };
        let mut core = self.core.lock();
        if core.outbox.len() >= NOTICES_MAX {
            return false;
        }
        core.outbox.push(to, None, notice.to_raw());
        drop(core);
        self.wake.notify_one();
        true
    }

    /// Whether the messages of this session are synced without being asked for.
    pub(crate) fn follows(&self, core: &Core, session: &ImSessionId) -> bool {
        self.message_sync == MessageSync::Everywhere || core.current.as_ref() == Some(session)
    }
}
