//! Users and the current user: where an application begins.
//!
//! [`Users`] registers and logs in. A login gives a [`CurrentUser`], which owns its driver task: dropping it ends the
//! connection and whatever is under way.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{Api, ApiError, HttpTransport};
use crate::bridge::outbox::Outbox;
use crate::bridge::send_queue::SendQueue;
use crate::bridge::sync_queue::{SyncKey, SyncQueue};
use crate::bridge::{Core, Draft, Observer, Shared, drive};
use crate::clock::Clock;
use crate::model::Model;
use crate::protocol::entity::Role;
use crate::protocol::push::DeviceClass;
use crate::protocol::rest::{AddMember, CreateSession};
use crate::protocol::{ImSessionId, SessionType, User, UserId};
use crate::push::{Connection, PushTransport};

/// Unstored messages that a user may have waiting.
pub const SEND_QUEUE_MAX: usize = 1_000;

/// What a client is made of: where the server is, and how to get there.
#[derive(Clone)]
pub struct ClientConfig {
    /// Where the business API is, as `http://host:port`.
    pub base_url: String,
    /// Carries requests.
    pub http: Arc<dyn HttpTransport>,
    /// Opens push connections.
    pub push: Arc<dyn PushTransport>,
    /// Tells the time.
    pub clock: Clock,
    /// How long one request may take, or opening one connection, or acceptConnect on it.
    pub deadline: Duration,
}

/// What may differ from login to login.
#[derive(Clone)]
pub struct LoginOptions {
    /// Told of everything that happens to the user.
    pub observer: Arc<dyn Observer>,
    /// The device class of the push connection.
    pub device: DeviceClass,
    /// Where all of this client's randomness comes from: its guid, its idempotency keys, its jitter.
    pub seed: u64,
    /// Messages to hold in memory per session; older ones are let go.
    pub keep_messages: usize,
}

/// The accounts of a server. The seed's `Users.getInstance().remote`.
#[derive(Clone)]
pub struct Users {
    config: ClientConfig,
}

impl Users {
    /// The accounts of the server that `config` names.
    pub fn new(config: ClientConfig) -> Self {
        Self { config }
    }

    /// Makes an account. Rule `AUTH-REGISTER`.
    pub async fn register(&self, account: &str, password: &str, name: &str) -> Result<User, ApiError> {
        self.api().register(account, password, name).await
    }

    /// Logs in. The user is not connected to the push server until [`CurrentUser::connect`]. Rule `AUTH-LOGIN`.
    pub async fn login(
        &self,
        account: &str,
        password: &str,
        options: LoginOptions,
    ) -> Result<CurrentUser, ApiError> {
        let api = self.api();
        let me = api.login(account, password).await?;
        let mut random = ChaCha8Rng::seed_from_u64(options.seed);
        let guid = format!("{:032x}", random.random::<u128>());
        let shared = Arc::new(Shared {
            me,
            api,
            push: self.config.push.clone(),
            clock: self.config.clock,
            observer: options.observer,
            deadline: self.config.deadline,
            keep_messages: options.keep_messages,
            core: Mutex::new(Core {
                model: Model::default(),
                connection: Connection::new(
                    options.device,
                    guid.clone(),
                    random.random(),
                    self.config.deadline,
                ),
                send_queue: SendQueue::default(),
                sync_queue: SyncQueue::default(),
                outbox: Outbox::default(),
                catch_up: false,
            }),
            guid,
            wake: Notify::new(),
            settled: Notify::new(),
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "a user's driver is one task, owned by the CurrentUser"
        )]
        let driver = tokio::spawn(drive(shared.clone()));
        Ok(CurrentUser { shared, _driver: AbortOnDropHandle::new(driver) })
    }

    fn api(&self) -> Api {
        Api::new(self.config.http.clone(), &self.config.base_url, self.config.deadline)
    }
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The session was not opened.
    #[error("the session is not open: open it first")]
    SessionNotOpen,
    /// [`SEND_QUEUE_MAX`] messages are waiting.
    #[error("{SEND_QUEUE_MAX} messages are waiting to be stored")]
    QueueFull,
}

/// A user who is logged in.
pub struct CurrentUser {
    shared: Arc<Shared>,
    _driver: AbortOnDropHandle<()>,
}

impl CurrentUser {
    /// The user as the login answered it.
    pub fn me(&self) -> &User {
        &self.shared.me
    }

    /// Finds a user by the whole account name. Rule `USER-SEARCH`.
    pub async fn search(&self, account: &str) -> Result<Option<User>, ApiError> {
        self.shared.api.search(account).await
    }

    /// Connects to the push server, and stays connected until [`Self::disconnect`] or a code that ends it.
    pub fn connect(&self) {
        self.shared.core.lock().connection.start();
        self.shared.wake.notify_one();
    }

    /// Disconnects from the push server, and stays so.
    pub fn disconnect(&self) {
        self.shared.core.lock().connection.stop();
        self.shared.wake.notify_one();
    }

    /// Loses the push connection as a failing network would; the client then reconnects by itself. For testing.
    pub fn sever(&self) {
        let now = self.shared.clock.now();
        self.shared.core.lock().connection.reconnect("severed on purpose", now);
        self.shared.wake.notify_one();
    }

    /// Whether acceptConnect has come and the connection has not been lost since.
    pub fn is_connected(&self) -> bool {
        self.shared.core.lock().connection.is_up()
    }

    /// Opens the session with another user, making it if need be. Rule `SESS-P2P-ONE`.
    pub async fn open_p2p(&self, other: &UserId) -> Result<ImSessionId, ApiError> {
        self.shared.open(&SessionType::P2p, other.as_str()).await
    }

    /// Opens a session that this user is in.
    pub async fn open(&self, session: &ImSessionId) -> Result<(), ApiError> {
        self.shared.sync_session(&session.id).await
    }

    /// Makes a group with this user as its master and `others` in it. Rules `SESS-CREATE-GROUP`, `MEMBER-ADD`.
    pub async fn create_group(&self, name: &str, others: &[User]) -> Result<ImSessionId, ApiError> {
        let api = &self.shared.api;
        let wanted = CreateSession {
            kind: SessionType::Group,
            name: name.to_owned(),
            secure_type: "private".to_owned(),
            avatar_url: String::new(),
        };
        let session = api.create_session(&wanted).await?;
        let me = [(&self.shared.me, Role::Master)];
        for (user, role) in me.into_iter().chain(others.iter().map(|user| (user, Role::User))) {
            let member = AddMember {
                user_id: user.id.clone(),
                name: user.name.clone(),
                role: Some(role),
                avatar_url: user.avatar_url.clone(),
                status: None,
            };
            api.add_member(&session.id, &member).await?;
        }
        let im_id = ImSessionId::new(SessionType::Group, session.id);
        self.open(&im_id).await?;
        Ok(im_id)
    }

    /// Hands a message over to be stored and announced, in the order of the calls. The answer is its number; events
    /// tell what becomes of it. Rule `CLIENT-SEND-ORDER`.
    pub fn send(&self, draft: Draft) -> Result<u64, SendError> {
        let mut core = self.shared.core.lock();
        if core.send_queue.len() >= SEND_QUEUE_MAX {
            return Err(SendError::QueueFull);
        }
        let session = draft.session.id.clone();
        if core.model.session(&session).is_none() {
            return Err(SendError::SessionNotOpen);
        }
        let local_id = core.send_queue.push(draft);
        if let Some(known) = core.model.session_mut(&session) {
            known.messages.add_local(local_id);
        }
        drop(core);
        self.shared.wake.notify_one();
        Ok(local_id)
    }

    /// Asks for a sync of a session's messages; it joins the queue like one that a push asks for.
    pub fn sync_messages(&self, session: &ImSessionId) {
        self.shared.core.lock().sync_queue.request(SyncKey::Messages(session.clone()));
        self.shared.wake.notify_one();
    }

    /// Waits until nothing is waiting to be stored, announced or synced. The caller puts the deadline on it.
    pub async fn settled(&self) {
        loop {
            let notified = self.shared.settled.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.shared.core.lock().is_settled() {
                return;
            }
            notified.await;
        }
    }

    /// Looks at what the client knows. The look must be short: the driver waits meanwhile.
    pub fn with_model<T>(&self, look: impl FnOnce(&Model) -> T) -> T {
        look(&self.shared.core.lock().model)
    }
}
