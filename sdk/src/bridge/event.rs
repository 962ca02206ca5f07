//! What an application is told.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::StreamExt;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use crate::model::{LocalMessage, Merged};
use crate::protocol::push::{Delivery, Notice};
use crate::protocol::{ImSessionId, Message, SendReturnCode, SessionId};
use crate::push::{ConnectionState, Trouble};

/// Events that wait for a slow reader of [`Events`]; beyond that the oldest are lost, and the reader is told how many.
pub const EVENTS_MAX: usize = 1_024;

/// Told of everything that happens to a user, given to [`LoginOptions::observer`](crate::LoginOptions::observer); any
/// `Fn(&Event)` is one. Called in order and before [`Events`] have the event, with no lock held: it may call the user,
/// and it should return soon, since the user waits for it.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on_event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn on_event(&self, event: &Event) {
        self(event);
    }
}

/// Something that happened to a user. An observer is told of it, and each of the user's [`Events`].
///
/// Life of a message that is sent: `Shown`; then `Stored`, or `StoreFailed` when it is given up; after `Stored` either
/// `NoticeSent` or `NoticeFailed`. At the receivers: `Pushed`, then `Messages` when the sync that it asks for has
/// brought something new.
#[derive(Clone, Debug)]
pub enum Event {
    /// The push connection's state has changed. Rule `CONN-STATUS`.
    Connection(ConnectionState),
    /// Another client of the same user and device class has connected; this one does not connect again by itself. Rule
    /// `CONN-KICKED-STAYS`.
    Kicked,
    /// Why there is no connection; another attempt follows unless the state says otherwise. Rule `CONN-RETURN-CODES`.
    Trouble(Trouble),
    /// A message that this client sends is there to be shown. The seed's `showMsg`; rule `CLIENT-SEND-LOCAL-FIRST`.
    Shown {
        /// In which session.
        session: ImSessionId,
        /// As far as it is known; it waits to be stored.
        message: LocalMessage,
    },
    /// A message was stored: the server has it, and its receivers will. The seed's `storeMsgDone`; rule
    /// `CLIENT-SEND-STATUS`.
    Stored {
        /// Its number among all that this client sent.
        local_id: u64,
        /// In which session.
        session: ImSessionId,
        /// As the server answered it.
        message: Message,
    },
    /// A message was given up: the server refused it, or all tries failed. It can be
    /// [sent again](crate::CurrentUser::resend) or [discarded](crate::CurrentUser::discard). The seed's
    /// `storeMsgFailed`; rules `CLIENT-SEND-STATUS`, `CLIENT-STORE-RETRY`, `CLIENT-STORE-REFUSED`.
    StoreFailed {
        /// Its number among all that this client sent.
        local_id: u64,
        /// For which session.
        session: ImSessionId,
        /// Why.
        why: String,
    },
    /// The push server has taken a notice. The seed's `onSendMessage.onSuccess`.
    NoticeSent {
        /// Of which message; `None` if of another change.
        local_id: Option<u64>,
        /// How many commands it took; more than one means that the members had to be recovered.
        commands: u32,
    },
    /// A notice could not be sent; what it was about is stored, and the receivers find it with their next sync. The
    /// seed's `onSendMessage.onFailure`; rules `CLIENT-NOTICE-FAILURE`, `CLIENT-RECOVER-REPORT`.
    NoticeFailed {
        /// Of which message; `None` if of another change.
        local_id: Option<u64>,
        /// The push server's answer.
        code: SendReturnCode,
    },
    /// A push has come. What it asks to sync is synced without the application. The seed's `onMessage`; rules
    /// `PUSH-DELIVER`, `NOTICE-CUSTOM`.
    Pushed {
        /// As it came.
        delivery: Delivery,
        /// Its message, if that has the default form.
        notice: Option<Notice>,
    },
    /// A sync, or a page of history, brought messages; those that this client sent are among them.
    Messages {
        /// Of which session.
        session: ImSessionId,
        /// Which.
        merged: Merged,
    },
    /// A sync, or a write of this client, changed something else.
    Changed(Changed),
    /// The server says that this user is in a session no more. Rule `CLIENT-REMOVED-403`.
    Removed {
        /// From which session.
        session: ImSessionId,
    },
    /// A sync failed; it is tried again if that can help.
    SyncFailed {
        /// Why.
        why: String,
        /// Whether it is tried again.
        again: bool,
    },
    /// The local store could not do what it was asked, or held what cannot be used. What it should hold is fetched from
    /// the server.
    LocalStoreFailed {
        /// What went wrong.
        why: String,
    },
    /// This many events were lost, since this stream was not read for long: look at what the client knows instead.
    Lagged(u64),
}

/// What has changed beside messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The user itself.
    Me,
    /// The conversations.
    Conversations,
    /// The contacts.
    Contacts,
    /// The favourite groups.
    UserSessions,
    /// The emojis.
    Emojis,
    /// A session, or its members.
    Session(SessionId),
}

/// The events of a user from when they were asked for, as a stream. It ends when the user is dropped or logged out. Up
/// to [`EVENTS_MAX`] wait for a slow reader.
///
/// ```no_run
/// use std::time::Duration;
/// use y2w_sdk::{CurrentUser, Event};
/// use y2w_sdk::push::ConnectionState;
///
/// # async fn run(ann: CurrentUser) -> Result<(), Box<dyn std::error::Error>> {
/// // Ask for the events first, so that none is missed.
/// let mut events = ann.events();
/// ann.connect();
/// let connected = events.wait_for(|event| match event {
///     Event::Connection(ConnectionState::Connected) => Some(()),
///     _ => None,
/// });
/// tokio::time::timeout(Duration::from_secs(10), connected).await?.ok_or("the user is gone")?;
/// while let Some(event) = events.next().await {
///     match &*event {
///         Event::Messages { session, merged } => println!("{} new in {session}", merged.added.len()),
///         Event::Changed(what) => println!("{what:?} changed"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Events {
    stream: BroadcastStream<Arc<Event>>,
}

impl Events {
    pub(crate) fn new(receiver: broadcast::Receiver<Arc<Event>>) -> Self {
        Self { stream: BroadcastStream::new(receiver) }
    }

    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        StreamExt::next(self).await
    }

    /// Waits for the first event that `choose` makes something of; `None` when there will be no more. Those before it
    /// are gone from this stream. It has no deadline: put one on it.
    pub async fn wait_for<T>(&mut self, mut choose: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        loop {
            if let Some(chosen) = choose(&*self.next().await?) {
                return Some(chosen);
            }
        }
    }
}

impl Stream for Events {
    type Item = Arc<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context).map(|next| {
            next.map(|event| match event {
                Ok(event) => event,
                Err(BroadcastStreamRecvError::Lagged(lost)) => Arc::new(Event::Lagged(lost)),
            })
        })
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
