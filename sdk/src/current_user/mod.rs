//! The current user: who is logged in, what this client knows of it, and what it can do.
//!
//! [`CurrentUser`] owns its driver task: dropping it ends the connection and whatever is under way. What belongs to it
//! is reached through handles that borrow it, under the names that the protocol's documentation gives them:
//! [`contacts()`](CurrentUser::contacts), [`user_conversations()`](CurrentUser::user_conversations), … A handle that
//! stands for one thing, as a [`Contact`], is that thing as it stood when it was asked for; its methods act on the
//! server and on what the client knows.
//!
//! Reading never waits: it looks at what syncs have brought. Writing goes to the server, then a sync brings the change
//! back, since the answer to a write may be stale or without times (`SYNC-WATERMARK`); other clients are told to sync.
//! Dropping the future of a call leaves the model consistent; the call may or may not have reached the server.
//!
//! # Errors
//!
//! What can go wrong in a call that asks the business API is an [`Error::Api`]. If it has a
//! [`status`](crate::api::ApiError::status), the server has refused the call, and nothing has changed
//! (`API-NO-EFFECT`): 400 for a wrong parameter, 401 if logging in again did not help, 403 for want of a right, 404 for
//! what is not there; the server of 2016 often answers 500 instead. Without a status no answer came in time, or none
//! that can be read: a write may then have been carried out, which the next sync shows. Where the text of a call names
//! no other error, it has no others.

mod contacts;
mod files;
mod handle;
mod im;
mod members;
mod messages;
mod sessions;
mod user_conversations;
mod user_sessions;
mod users;

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;

pub use contacts::{Contact, Contacts};
pub use files::{Attachments, Emojis};
pub use handle::Handle;
pub use im::Im;
pub use members::{SessionMember, SessionMembers};
pub use messages::{Messages, Party};
pub use sessions::{NewGroup, Session, Sessions};
pub use user_conversations::{UserConversation, UserConversations};
pub use user_sessions::{UserSession, UserSessions};
pub use users::Users;

use crate::api::{Api, LoginState};
use crate::bridge::event::EVENTS_MAX;
use crate::bridge::sync_queue::SyncKey;
use crate::bridge::{Changed, Draft, Event, Events, Shared};
use crate::error::Error;
use crate::model::Model;
use crate::protocol::push::{SyncItem, SyncType};
use crate::protocol::rest::UpdateUser;
use crate::protocol::{ImSessionId, SessionType, User, UserId};
use crate::push::Trouble;
use crate::store::Part;

/// Unstored messages that a user may have waiting.
pub const SEND_QUEUE_MAX: usize = 1_000;

/// A user who is logged in. See the [module's text](self).
///
/// ```no_run
/// use y2w_sdk::CurrentUser;
/// use y2w_sdk::protocol::SessionType;
///
/// # async fn run(ann: CurrentUser) -> Result<(), y2w_sdk::Error> {
/// // What the client knows, without asking anybody.
/// for conversation in ann.user_conversations().list(None) {
///     println!("{}: {} unread", conversation.display_name(), conversation.unread);
/// }
/// // A session is fetched if it is not known; a message is taken in, and stored when its turn comes.
/// let session = ann.sessions().get("2", &SessionType::P2p).await?;
/// let local_id = ann.send_text("2", &SessionType::P2p, "hello").await?;
/// // Until everything is stored, announced and synced.
/// ann.settled().await;
/// println!("message {local_id} is one of {}", session.messages().count() + session.messages().local().len());
/// ann.logout().await;
/// # Ok(())
/// # }
/// ```
pub struct CurrentUser {
    shared: Arc<Shared>,
    driver: AbortOnDropHandle<()>,
}

/// Who the user is, and whether it is connected.
impl CurrentUser {
    /// The user, as the server last answered it: at the login, or at a later [`Self::sync`] or [`Self::update`].
    pub fn me(&self) -> Arc<User> {
        self.shared.core.lock().me.clone()
    }

    /// The user's id; it never changes.
    pub fn id(&self) -> &UserId {
        &self.shared.uid
    }

    /// The business API as this user, for what the handles do not offer.
    pub fn api(&self) -> &Api {
        &self.shared.api
    }

    /// The login, to be kept somewhere safe and given to [`Users::resume`] later. It holds the token and the MD5 of the
    /// password, and the appKey and the day's secret that an imToken is asked for with. `None` without a login, which
    /// no user from [`Users`] is.
    pub fn login_state(&self) -> Option<LoginState> {
        self.shared.api.login_state(&self.me())
    }

    /// Fetches the user's own data, and tells [`Changed::Me`]. Rule `USER-GET`.
    pub async fn sync(&self) -> Result<Arc<User>, Error> {
        let user = self.shared.api.user(&self.shared.uid).await?;
        Ok(self.take_me(user))
    }

    /// Changes the user's own data: name, picture, …; what is `None` stays. The seed's `remote.store`; rule
    /// `USER-UPDATE`.
    pub async fn update(&self, change: &UpdateUser) -> Result<Arc<User>, Error> {
        let user = self.shared.api.update_user(&self.shared.uid, change).await?;
        Ok(self.take_me(user))
    }

    /// Changes the user's password; later logins of this client use the new one. An error with a status if `old` is
    /// wrong. If no answer came, nobody knows which of the two holds: log in again with either. Rules
    /// `AUTH-SET-PASSWORD`, `AUTH-SET-PASSWORD-OLD`.
    pub async fn set_password(&self, old: &str, new: &str) -> Result<(), Error> {
        Ok(self.shared.api.set_password(old, new).await?)
    }

    /// Finds a user by the whole account name; `None` if nobody has it. The user is remembered for [`Self::user`].
    /// Rules `USER-SEARCH`, `USER-SEARCH-NONE`.
    pub async fn search(&self, account: &str) -> Result<Option<User>, Error> {
        let found = self.shared.api.search(account).await?;
        if let Some(user) = &found {
            self.met(user.clone());
        }
        Ok(found)
    }

    /// A user by id: as it was when it was met, or fetched. An error that
    /// [`is_missing`](crate::api::ApiError::is_missing) if there is no such user. Rule `USER-GET`.
    pub async fn user(&self, id: &UserId) -> Result<Arc<User>, Error> {
        if let Some(known) = self.with_model(|model| model.user(id).cloned()) {
            return Ok(known);
        }
        let user = self.shared.api.user(id).await?;
        Ok(self.met(user))
    }

    /// Fetches an imToken: what the push server takes for a password. The client does so by itself before it connects,
    /// so this is for what connects by other means. The seed's `remote.syncIMToken` and `imToken`; rule
    /// `CLIENT-IMTOKEN-FETCH`.
    pub async fn sync_im_token(&self) -> Result<String, Error> {
        Ok(self.shared.api.im_token().await?)
    }

    /// Connects to the push server, and stays connected until [`Self::disconnect`] or a code that ends it: a connection
    /// that is lost is opened again after a pause that grows from 1 s to 30 s. Returns at once; [`Event::Connection`]
    /// tells the rest. After each connect everything that may have been missed is synced. Where there is a connection,
    /// or one is being opened, nothing happens. Rules `CONN-STATUS`, `CONN-BACKOFF`, `CONN-STOP-CODES`,
    /// `CONN-APPKEY-LOCAL`, `CLIENT-ON-CONNECTED`.
    pub fn connect(&self) {
        let has_key = self.shared.api.has_app_key();
        self.change(|core| {
            if has_key {
                core.connection.start();
            } else {
                core.connection.refuse_without_app_key();
            }
        });
    }

    /// Disconnects from the push server, and stays so until [`Self::connect`]. Messages are still stored; what is to be
    /// announced waits for the next connection.
    pub fn disconnect(&self) {
        self.change(|core| core.connection.stop());
    }

    /// Loses the push connection as a failing network would; the client then reconnects by itself. For testing.
    pub fn sever(&self) {
        let now = self.shared.clock.now();
        let why = Trouble::Network("severed on purpose".to_owned());
        self.change(|core| core.connection.reconnect(why, now));
    }

    /// Whether acceptConnect has come and the connection has not been lost since. Rule `CONN-ACCEPT`.
    pub fn is_connected(&self) -> bool {
        self.shared.core.lock().connection.is_up()
    }

    /// Says goodbye to the push server, writes to the local store what is not yet there, and ends. Messages that wait
    /// to be sent are lost: wait for [`Self::settled`] before if they matter. What has not ended within the
    /// configuration's deadline is given up and told as [`Event::LocalStoreFailed`]. The server is not asked: the token
    /// stays valid.
    pub async fn logout(self) {
        self.change(|core| {
            core.connection.stop();
            core.closing = true;
            if let Some(saves) = &mut core.saves {
                saves.flush();
            }
        });
        let deadline = self.shared.deadline;
        if tokio::time::timeout(deadline, self.driver).await.is_err() {
            let why = format!("not everything was stored within {} s of the logout", deadline.as_secs_f64());
            self.shared.tell(Event::LocalStoreFailed { why });
        }
    }

    /// What happens to the user from now on, as a stream; each call gives a stream of its own. Whoever waits for an
    /// event asks for the stream before doing what leads to the event.
    pub fn events(&self) -> Events {
        let sender = self.shared.events.get_or_init(|| broadcast::channel(EVENTS_MAX).0);
        Events::new(sender.subscribe())
    }

    /// Waits until nothing is waiting to be stored, announced or synced; notices that wait while the client is
    /// disconnected on purpose, or for good, do not count, nor does what waits for the local store. It has no deadline:
    /// put one on it, as `tokio::time::timeout` does, since a server that is away holds it up.
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

    /// Whether [`Self::settled`] would return at once.
    pub fn is_settled(&self) -> bool {
        self.shared.core.lock().is_settled()
    }

    /// Looks at all that the client knows, without copying; what the seed calls `updatedAt` of a collection, the stamp
    /// that its next sync asks from, is a `watermark` there. The look must be short, since the driver waits meanwhile,
    /// and must not call this user, whose lock is held.
    pub fn with_model<T>(&self, look: impl FnOnce(&Model) -> T) -> T {
        look(&self.shared.core.lock().model)
    }
}

/// What the user has.
impl CurrentUser {
    /// The conversations: who there is to talk to, the newest message, unread counts.
    pub fn user_conversations(&self) -> UserConversations<'_> {
        UserConversations { user: self }
    }

    /// The contacts.
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts { user: self }
    }

    /// The favourite groups.
    pub fn user_sessions(&self) -> UserSessions<'_> {
        UserSessions { user: self }
    }

    /// The sessions, with their members and messages.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions { user: self }
    }

    /// Files on the server.
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments { user: self }
    }

    /// The emojis of the app.
    pub fn emojis(&self) -> Emojis<'_> {
        Emojis { user: self }
    }

    /// The push server itself, past the bridge: the seed's y2wIM client.
    pub fn im(&self) -> Im<'_> {
        Im { user: self }
    }

    /// The session that the application shows, as it said last. The seed's `currentSession`.
    pub fn current_session(&self) -> Option<ImSessionId> {
        self.shared.core.lock().current.clone()
    }

    /// Says which session the application shows; its messages are synced now, and after each connect. Rule
    /// `CLIENT-ON-CONNECTED`.
    pub fn set_current_session(&self, session: Option<ImSessionId>) {
        self.change(|core| {
            if let Some(session) = &session {
                core.sync_queue.request(SyncKey::Messages(session.clone()));
            }
            core.current = session;
        });
    }

    /// A picture's full address: with the server's before it and the token after it where it needs them. `None` if there
    /// is no picture. The seed's `getAvatarUrl`; rules `FILE-REFERENCE`, `API-AUTH-QUERY`.
    pub fn absolute_url(&self, url: &str) -> Option<String> {
        self.shared.api.absolute_url(url)
    }
}

/// Sending: the seed's y2wIMBridge.
impl CurrentUser {
    /// Hands a message over to be shown, stored and announced, in the order of the calls. It is among the session's
    /// [local messages](Messages::local) when this returns. The answer is its number, by which
    /// [`Event::Shown`], [`Event::Stored`] or [`Event::StoreFailed`], and [`Event::NoticeSent`] or
    /// [`Event::NoticeFailed`] tell what becomes of it. A try to store it that fails is repeated every 5 s, up to 60
    /// times, while later messages wait; one that the server refuses is given up at once. The seed's `addToSendList`;
    /// rules `CLIENT-SEND-ORDER`, `CLIENT-SEND-LOCAL-FIRST`, `CLIENT-SEND-STATUS`, `CLIENT-STORE-RETRY`,
    /// `CLIENT-STORE-REFUSED`.
    ///
    /// [`Error::SessionNotOpen`] if this client does not know the session, [`Error::QueueFull`] if
    /// [`SEND_QUEUE_MAX`] messages wait.
    pub fn send(&self, draft: Draft) -> Result<u64, Error> {
        let now = self.shared.clock.now();
        let session = draft.session.clone();
        let mut core = self.shared.core.lock();
        if core.send_queue.len() >= SEND_QUEUE_MAX {
            return Err(Error::QueueFull);
        }
        if core.model.session(&session.id).is_none() {
            return Err(Error::SessionNotOpen(session));
        }
        let (kind, content) = (draft.kind.clone(), draft.preview());
        let local_id = core.send_queue.push(draft);
        let messages = core.model.session_mut(&session.id).map(|known| {
            known.messages.add_local(local_id, kind, content, now);
            known.messages.local().last().cloned()
        });
        drop(core);
        self.shared.wake.notify_one();
        if let Some(message) = messages.flatten() {
            self.shared.tell(Event::Shown { session, message });
        }
        Ok(local_id)
    }

    /// Sends a text to another user (`p2p`), a group, or the user's own other devices (`single`), opening the session if
    /// need be: `target` is the other user's id, the session's, or the user's own. It returns when the message is taken
    /// in; errors are those of opening the session and of [`Self::send`]. The seed's `sendTextMessage`; rule
    /// `CONV-TARGET`.
    pub async fn send_text(&self, target: &str, scene: &SessionType, text: &str) -> Result<u64, Error> {
        let session = self.shared.open(scene, target).await?;
        self.send(Draft::text(session, text))
    }

    /// Sends a file to a target as of [`Self::send_text`]; it is uploaded when its turn comes. `content_type` is its
    /// media type, as `text/plain`. A picture is sent with [`Draft::image`]. The seed's `sendFileMessage`; rule
    /// `CLIENT-SEND-UPLOAD-FIRST`.
    pub async fn send_file(
        &self,
        target: &str,
        scene: &SessionType,
        name: &str,
        content_type: &str,
        bytes: impl Into<bytes::Bytes>,
    ) -> Result<u64, Error> {
        let session = self.shared.open(scene, target).await?;
        self.send(Draft::file(session, name, content_type, bytes))
    }

    /// Tries a message again that was given up, behind those that wait; [`Error::Unknown`] if no message of that number
    /// was. Its tries carry one idempotency key, so that a server that honours it stores one message
    /// (`MSG-IDEMPOTENCY-KEY`). The newest hundred that were given up are held for that.
    pub fn resend(&self, local_id: u64) -> Result<(), Error> {
        let mut core = self.shared.core.lock();
        let again = core.send_queue.retry(local_id);
        let queued = again.ok_or_else(|| Error::unknown("failed message", local_id.to_string()))?;
        if let Some(known) = core.model.session_mut(&queued.draft.session.id) {
            known.messages.local_storing(local_id, None);
        }
        drop(core);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Forgets a message that was given up; [`Error::Unknown`] if no message of that number was.
    pub fn discard(&self, local_id: u64) -> Result<(), Error> {
        let mut core = self.shared.core.lock();
        let discarded = core.send_queue.discard(local_id);
        let queued = discarded.ok_or_else(|| Error::unknown("failed message", local_id.to_string()))?;
        if let Some(known) = core.model.session_mut(&queued.draft.session.id) {
            known.messages.discard_local(local_id);
        }
        Ok(())
    }

    /// Has the other clients in a session sync something: a change of the application's own, for which they registered
    /// a [`SyncHandler`](crate::SyncHandler). To one user's devices alone it goes with the address [`SessionType::App`]
    /// and the user's id. [`Event::NoticeSent`] and [`Event::NoticeFailed`] without a `local_id` tell what becomes of
    /// it; a push server that does not know the members is told them, as for messages. This client is not told: it
    /// knows what it changed. Rules `NOTICE-SYNCS`, `NOTICE-UNKNOWN-TYPE`.
    ///
    /// [`Error::SessionNotOpen`] if this client does not know the members, [`Error::QueueFull`] if a thousand notices
    /// wait for a connection.
    pub fn announce(&self, session: &ImSessionId, syncs: Vec<SyncItem>) -> Result<(), Error> {
        let is_open = |model: &Model| model.session(&session.id).is_some();
        if session.kind != SessionType::App && !self.with_model(is_open) {
            return Err(Error::SessionNotOpen(session.clone()));
        }
        if self.shared.announce(session, syncs) { Ok(()) } else { Err(Error::QueueFull) }
    }

    /// Opens the session with another user, making it if need be; a known one costs no request. Rule `SESS-P2P-ONE`.
    pub async fn open_p2p(&self, other: &UserId) -> Result<ImSessionId, Error> {
        Ok(self.shared.open(&SessionType::P2p, other.as_str()).await?)
    }

    /// Opens a session that this user is in: fetches it and its members as they are now. An error if there is no such
    /// session, or if this user may not look at it. Rule `CLIENT-SESSION-WITH-MEMBERS`.
    pub async fn open(&self, session: &ImSessionId) -> Result<(), Error> {
        Ok(self.shared.sync_session(&session.id).await?)
    }

    /// Asks for a sync of a session's messages; it joins the queue like one that a push asks for, and
    /// [`Event::Messages`] tells what it brings. Rule `CLIENT-SYNC-COALESCE`.
    pub fn request_messages(&self, session: &ImSessionId) {
        self.change(|core| core.sync_queue.request(SyncKey::Messages(session.clone())));
    }
}

impl CurrentUser {
    /// Changes the core, and has the driver look at it.
    fn change(&self, change: impl FnOnce(&mut crate::bridge::Core)) {
        change(&mut self.shared.core.lock());
        self.shared.wake.notify_one();
    }

    fn met(&self, user: User) -> Arc<User> {
        let now = self.shared.clock.now();
        let mut core = self.shared.core.lock();
        core.changed(Part::Users, now);
        core.model.take_user(user)
    }

    fn take_me(&self, user: User) -> Arc<User> {
        let me = Arc::new(user);
        {
            let mut core = self.shared.core.lock();
            core.me = me.clone();
            core.changed(Part::Users, self.shared.clock.now());
        }
        self.shared.tell(Event::Changed(Changed::Me));
        me
    }

    /// Has this user's other devices sync something of their own.
    fn announce_to_own_devices(&self, kind: SyncType) {
        let own = ImSessionId::new(SessionType::App, self.shared.uid.as_str());
        self.shared.announce(&own, vec![SyncItem { kind, session_id: None }]);
    }

    /// Has another user's clients sync something of that user's.
    fn announce_to(&self, user: &UserId, syncs: Vec<SyncItem>) {
        self.shared.announce(&ImSessionId::new(SessionType::App, user.as_str()), syncs);
    }
}

impl std::fmt::Debug for CurrentUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CurrentUser").field("id", &self.shared.uid).finish_non_exhaustive()
    }
}
