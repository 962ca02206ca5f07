//! What a client is made of ([`ClientConfig`]), and what may differ from login to login ([`LoginOptions`]).

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use crate::api::{Api, HttpTransport, HyperHttp};
use crate::bridge::{Event, Observer, SyncHandler};
use crate::clock::Clock;
use crate::protocol::push::{DeviceClass, SyncType};
use crate::push::{Mqtt, PushTransport};
use crate::store::LocalStore;

/// Where a server is, and how to get there. Cheap to clone: clones share their connections.
///
/// ```
/// # fn main() -> Result<(), y2w_sdk::ConfigError> {
/// use std::time::Duration;
/// let config = y2w_sdk::ClientConfig::new("http://127.0.0.1:8080")?.deadline(Duration::from_secs(5));
/// assert!(y2w_sdk::ClientConfig::new("example.org").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientConfig {
    pub(crate) base_url: String,
    pub(crate) http: Arc<dyn HttpTransport>,
    pub(crate) push: Arc<dyn PushTransport>,
    pub(crate) push_url: Option<String>,
    pub(crate) clock: Clock,
    pub(crate) deadline: Duration,
    pub(crate) retries: u32,
}

/// Why a configuration is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address of the business API cannot be used.
    #[error("`{url}` is no address of a business API: {why}; expected something like http://host:port")]
    BaseUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientConfig {
    /// A client of the business API at `base_url`, as `http://host:port`, over real networks: HTTP by hyper, MQTT over
    /// TCP, the machine's clock. With `https` it trusts whom the platform trusts. Nothing is sent yet: the error says
    /// that the address is none.
    pub fn new(base_url: &str) -> Result<Self, ConfigError> {
        Self::with_transports(base_url, Arc::new(HyperHttp::new()), Arc::new(Mqtt::tcp()))
    }

    /// A client over transports of the caller's choice: [`HyperHttp`] and [`Mqtt`] with other settings, or
    /// [`InProcessHttp`](crate::api::InProcessHttp) and [`InProcessPush`](crate::push::InProcessPush), which need no
    /// sockets. The error says that the address is none.
    pub fn with_transports(
        base_url: &str,
        http: Arc<dyn HttpTransport>,
        push: Arc<dyn PushTransport>,
    ) -> Result<Self, ConfigError> {
        let wrong = |why: &str| ConfigError::BaseUrl { url: base_url.to_owned(), why: why.to_owned() };
        let uri: http::Uri = base_url.parse().map_err(|e: http::uri::InvalidUri| wrong(&e.to_string()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("it does not begin with http:// or https://"));
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        Ok(Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            http,
            push,
            push_url: None,
            clock: Clock::system(),
            deadline: Duration::from_secs(10),
            retries: Api::RETRIES,
        })
    }

    /// What carries requests to the business API, the token endpoint and the gate, as
    /// [`HyperHttp::with_tls`] for a server with a certificate of its own.
    #[must_use]
    pub fn http(self, http: Arc<dyn HttpTransport>) -> Self {
        Self { http, ..self }
    }

    /// What opens push connections: [`Mqtt`] over TCP or WebSocket, with or without TLS, or a transport of the
    /// application's own.
    ///
    /// ```
    /// # fn main() -> Result<(), y2w_sdk::ConfigError> {
    /// use std::sync::Arc;
    /// use y2w_sdk::push::Mqtt;
    /// let config = y2w_sdk::ClientConfig::new("https://im.example")?.push(Arc::new(Mqtt::websocket()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn push(self, push: Arc<dyn PushTransport>) -> Self {
        Self { push, ..self }
    }

    /// Where the push server is, as `tcp://host:port`, `ws://host:port/` or what else the transport takes. Then no gate
    /// is asked.
    #[must_use]
    pub fn push_url(self, url: &str) -> Self {
        Self { push_url: Some(url.to_owned()), ..self }
    }

    /// What tells the time, for deadlines, pauses and the times of local messages; the machine's clock if not said. A
    /// client in a simulation takes the simulation's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// What tells the time: see [`Self::clock`].
    pub fn time(&self) -> Clock {
        self.clock
    }

    /// How long one try of a request may take, or opening one push connection, or acceptConnect on it; 10 s if not
    /// said. A call that is tried again, or that pages through a list, may take several of them; one that carries a
    /// file may take longer, by its size. Rule `CLIENT-DEADLINES`.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// How many more times a reading request is tried after one that got no answer; 2 if not said. Writing requests are
    /// not repeated, but for messages in the send queue, whose tries carry one idempotency key (`CLIENT-STORE-RETRY`,
    /// `MSG-IDEMPOTENCY-KEY`).
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    pub(crate) fn api(&self) -> Api {
        Api::new(self.http.clone(), &self.base_url, self.deadline).with_retries(self.retries)
    }
}

/// Whose messages are synced without being asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageSync {
    /// Every session's, when a push says so and after each connect. For the server a message that
    /// was synced is read (`MSG-SYNC-MARKS-READ`), so unread counts say little then.
    #[default]
    Everywhere,
    /// The current session's only, as the web SDK of 2016 does it; of the others the conversations tell what is new,
    /// and how much of it is unread. See [`CurrentUser::set_current_session`](crate::CurrentUser::set_current_session).
    CurrentSession,
}

/// What may differ from login to login.
///
/// ```
/// use y2w_sdk::LoginOptions;
/// use y2w_sdk::protocol::push::DeviceClass;
/// let options = LoginOptions::default().device(DeviceClass::Mobile).seed(7).keep_messages(50);
/// ```
#[derive(Clone)]
pub struct LoginOptions {
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) device: DeviceClass,
    pub(crate) seed: u64,
    pub(crate) keep_messages: usize,
    pub(crate) message_sync: MessageSync,
    pub(crate) periodic_sync: Option<Duration>,
    pub(crate) store: Option<Arc<dyn LocalStore>>,
    pub(crate) store_messages: bool,
    pub(crate) save_after: Duration,
    pub(crate) handlers: Vec<(SyncType, Arc<dyn SyncHandler>)>,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            observer: Arc::new(|_: &Event| {}),
            device: DeviceClass::Web,
            seed: seed_of_the_machine(),
            keep_messages: 1_000,
            message_sync: MessageSync::Everywhere,
            periodic_sync: None,
            store: None,
            store_messages: false,
            save_after: Duration::from_secs(2),
            handlers: Vec::new(),
        }
    }
}

impl LoginOptions {
    /// Who is told of everything that happens to the user, in order, before anybody else, what happens during the login
    /// included. For most of an application [`CurrentUser::events`](crate::CurrentUser::events) is more convenient.
    #[must_use]
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// The device class of the push connection; web if not said. A user has one connection of each class: a second one
    /// of the same class kicks the first. Rules `CONN-DEVICE-CLASSES`, `CONN-KICK`.
    #[must_use]
    pub fn device(self, device: DeviceClass) -> Self {
        Self { device, ..self }
    }

    /// Where all of this client's randomness comes from: its guid, its idempotency keys, its jitter. Drawn from the
    /// machine if not said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Messages to hold in memory per session; older ones are let go, and can be had again as history. 1,000 if not said.
    #[must_use]
    pub fn keep_messages(self, keep_messages: usize) -> Self {
        Self { keep_messages, ..self }
    }

    /// Whose messages are synced without being asked for; [`MessageSync::Everywhere`] if not said.
    #[must_use]
    pub fn message_sync(self, message_sync: MessageSync) -> Self {
        Self { message_sync, ..self }
    }

    /// Syncs everything this often even when no push has come; off if not said, and not more often than once a second.
    /// It makes good what pushes lost while the connection stayed up.
    #[must_use]
    pub fn periodic_sync(self, every: Duration) -> Self {
        Self { periodic_sync: Some(every.max(Duration::from_secs(1))), ..self }
    }

    /// Keeps what the client knows between logins: everything but messages. The login loads it before it returns; what
    /// cannot be loaded is told as [`Event::LocalStoreFailed`] and fetched from the server, and fails no login. Without
    /// a store every login begins with nothing. Rules `CLIENT-LOCAL-STORE`, `CLIENT-LOCAL-STORE-NO-MESSAGES`.
    #[must_use]
    pub fn store(self, store: Arc<dyn LocalStore>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Keeps messages in the local store as well, up to [`Self::keep_messages`] of each session; without a store it
    /// changes nothing.
    #[must_use]
    pub fn store_messages(self) -> Self {
        Self { store_messages: true, ..self }
    }

    /// How long after a change it is written to the local store; 2 s if not said. A crash loses no more than that, and
    /// only until the next sync. [`CurrentUser::logout`](crate::CurrentUser::logout) writes what is left.
    #[must_use]
    pub fn save_after(self, save_after: Duration) -> Self {
        Self { save_after, ..self }
    }

    /// Handles notices that ask to sync something of the application's own; a handler for one of the protocol's own
    /// types takes the place of the SDK's sync. A second handler for a type takes the place of the first. Other clients
    /// send such notices with [`CurrentUser::announce`](crate::CurrentUser::announce). Rules `CLIENT-SEND-TYPES`,
    /// `NOTICE-TYPES`.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use futures_util::future::BoxFuture;
    /// use y2w_sdk::protocol::push::SyncType;
    /// use y2w_sdk::{LoginOptions, SyncContext, SyncHandler};
    ///
    /// const VOTES: SyncType = SyncType(100);
    ///
    /// struct Votes;
    ///
    /// impl SyncHandler for Votes {
    ///     fn sync<'a>(&'a self, context: SyncContext<'a>) -> BoxFuture<'a, Result<(), String>> {
    ///         Box::pin(async move {
    ///             // Fetch the votes from the application's own server here.
    ///             println!("there are new votes in {:?}", context.session);
    ///             Ok(())
    ///         })
    ///     }
    /// }
    ///
    /// let options = LoginOptions::default().sync_handler(VOTES, Arc::new(Votes));
    /// ```
    #[must_use]
    pub fn sync_handler(mut self, kind: SyncType, handler: Arc<dyn SyncHandler>) -> Self {
        self.handlers.retain(|(known, _)| *known != kind);
        self.handlers.push((kind, handler));
        self
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// The standard library seeds its hash maps from the machine's randomness: the one place where a client takes any.
fn seed_of_the_machine() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_used_is_refused_and_says_why() {
        for (url, why) in [
            ("127.0.0.1:8080", "http://"),
            ("ftp://example.org", "http://"),
            ("http://example.org/?a=b", "query"),
            ("http://", ""),
        ] {
            let error = ClientConfig::new(url).unwrap_err().to_string();
            assert!(error.contains(url) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn two_clients_do_not_share_a_seed_by_default() {
        assert_ne!(LoginOptions::default().seed, LoginOptions::default().seed);
    }
}
