//! The driver: one task per user that does what the pure machines decide.
//!
//! Each turn: ask every machine what is to be done and start it, then wait for the first of: something under way has
//! ended, a payload has come, somebody woke it, a deadline is due. What is under way are futures inside this task, so
//! that ending the task ends them.

use std::future::pending;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::outbox::{Action as Outgoing, Scope};
use super::send_queue::{AfterStore, Queued, StoreOutcome};
use super::sync_queue::SyncKey;
use super::{Core, Event, Shared};
use crate::api::ApiError;
use crate::protocol::push::{Command, Delivery, Downlink, Notice, SyncType};
use crate::protocol::rest::{GateData, StoreMessage};
use crate::protocol::{ConnectionStatus, ImSessionId, Message, SessionType, Timestamp, limits};
use crate::push::connection::{Action as Dialling, Dialled};
use crate::push::{Connect, ConnectError, PushLink};

use std::sync::Arc;

/// Notices that wait for the push server; beyond that, stores wait too, so that memory stays bounded.
const NOTICES_MAX: usize = 1_000;

/// Something that was under way has ended.
enum Done {
    Token(Result<String, ApiError>),
    Gate(Result<GateData, ApiError>),
    Dialled(Result<PushLink, ConnectError>),
    Stored(Queued, Result<Message, ApiError>),
    Synced(SyncKey, Result<(), ApiError>),
}

struct Driver {
    shared: Arc<Shared>,
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
    link: Option<PushLink>,
    im_token: String,
    push_url: Option<String>,
}

/// Runs until it is dropped.
pub(crate) async fn drive(shared: Arc<Shared>) {
    let mut driver = Driver {
        shared,
        under_way: FuturesUnordered::new(),
        link: None,
        im_token: String::new(),
        push_url: None,
    };
    loop {
        driver.start_what_is_due();
        driver.wait().await;
    }
}

impl Driver {
    async fn wait(&mut self) {
        let deadline = self.shared.core.lock().deadline();
        let clock = self.shared.clock;
        let shared = self.shared.clone();
        tokio::select! {
            biased;
            Some(done) = self.under_way.next() => self.done(done),
            payload = receive(&mut self.link) => self.received(payload),
            () = shared.wake.notified() => {}
            () = sleep_until(clock, deadline) => {
                let now = clock.now();
                shared.core.lock().connection.tick(now);
            }
        }
    }

    fn start_what_is_due(&mut self) {
        loop {
            let mut events = Vec::new();
            let idle = self.turn(&mut events);
            for event in events {
                self.shared.tell(&event);
            }
            if idle {
                return;
            }
        }
    }

    /// Takes one round of decisions; true if there were none.
    fn turn(&mut self, events: &mut Vec<Event>) -> bool {
        let shared = self.shared.clone();
        let now = shared.clock.now();
        let mut core = shared.core.lock();
        let mut idle = true;
        while let Some(action) = core.connection.poll() {
            idle = false;
            self.connection_action(action, &mut core, events);
        }
        while let Some(action) = core.outbox.poll(now) {
            idle = false;
            self.outbox_action(action, &mut core, now, events);
        }
        if core.outbox.len() < NOTICES_MAX
            && let Some(queued) = core.send_queue.poll(now)
        {
            idle = false;
            self.under_way.push(Box::pin(store(shared.clone(), queued)));
        }
        if let Some(key) = core.sync_queue.poll(now) {
            idle = false;
            let shared = shared.clone();
            self.under_way.push(Box::pin(async move {
                let result = shared.sync(&key).await;
                Done::Synced(key, result)
            }));
        }
        if idle && core.is_settled() {
            shared.settled.notify_waiters();
        }
        idle
    }

    fn connection_action(&mut self, action: Dialling, core: &mut Core, events: &mut Vec<Event>) {
        let shared = self.shared.clone();
        match action {
            Dialling::FetchToken => {
                self.under_way.push(Box::pin(async move { Done::Token(shared.api.im_token().await) }));
            }
            Dialling::AskGate => {
                self.under_way.push(Box::pin(async move { Done::Gate(shared.api.gate().await) }));
            }
            Dialling::Dial(client_id) => {
                let connect = Connect {
                    url: self.push_url.clone().unwrap_or_default(),
                    client_id: client_id.to_string(),
                    uid: shared.me.id.to_string(),
                    im_token: self.im_token.clone(),
                    keep_alive: limits::KEEP_ALIVE,
                };
                let dial = tokio::time::timeout(shared.deadline, shared.push.connect(connect));
                self.under_way.push(Box::pin(async move {
                    Done::Dialled(dial.await.unwrap_or_else(|_| {
                        Err(ConnectError::Network(format!(
                            "no CONNACK within {} s",
                            shared.deadline.as_secs_f64()
                        )))
                    }))
                }));
            }
            Dialling::Close => {
                self.link = None;
                core.outbox.offline();
            }
            Dialling::Status(status, detail) => {
                if status == ConnectionStatus::CONNECTED {
                    core.outbox.online();
                    core.sync_queue.request(SyncKey::Conversations);
                    core.catch_up = true;
                } else {
                    core.outbox.offline();
                }
                events.push(Event::Connection { status, detail });
            }
            Dialling::Trouble(trouble) => events.push(Event::Trouble(trouble)),
        }
    }

    fn outbox_action(&mut self, action: Outgoing, core: &mut Core, now: Timestamp, events: &mut Vec<Event>) {
        match action {
            Outgoing::Send { id, session } => self.command(core, id, &session, None),
            Outgoing::Update { id, session, scope } => self.command(core, id, &session, Some(scope)),
            Outgoing::SyncMembers(session) => core.sync_queue.request(SyncKey::Members(session)),
            Outgoing::Reconnect => core.connection.reconnect("the push server does not answer commands", now),
            Outgoing::Done { local_id, commands } => events.push(Event::NoticeSent { local_id, commands }),
            Outgoing::Failed { local_id, code } => events.push(Event::NoticeFailed { local_id, code }),
        }
    }

    /// Sends the notice at the head of a session's lane, as a push or as an update of the members.
    fn command(&mut self, core: &Core, id: u64, im_id: &ImSessionId, update: Option<Scope>) {
        let (Some(link), Some(message)) = (&self.link, core.outbox.head(im_id)) else {
            return;
        };
        let Some(session) = core.model.session(&im_id.id) else {
            return;
        };
        let message_id = id.to_string();
        let mts = session.members.mts().as_millis();
        let payload = match update {
            None => Command::SendMessage { message_id: &message_id, mts, message }.to_payload(),
            Some(scope) => {
                let members = match scope {
                    Scope::Present => session.members.present(),
                    Scope::Since(mts) => session.members.changed_since(mts),
                    Scope::All => session.members.all(),
                };
                let force = scope == Scope::All;
                let (message_id, members, message) = (&message_id[..], &members[..], Some(message));
                Command::UpdateSession { message_id, mts, members, force, message }.to_payload()
            }
        };
        link.uplink.publish(im_id.topic(), payload);
    }

    fn done(&mut self, done: Done) {
        let shared = self.shared.clone();
        let now = shared.clock.now();
        match done {
            Done::Token(result) => {
                let result = result.map(|token| self.im_token = token).map_err(|e| e.to_string());
                shared.core.lock().connection.token(result, now);
            }
            Done::Gate(result) => {
                let address = result.map_err(|e| e.to_string()).and_then(|data| shared.push.address(&data));
                let result = address.map(|address| self.push_url = Some(address));
                shared.core.lock().connection.gate(result, now);
            }
            Done::Dialled(result) => {
                let dialled = match result {
                    Ok(link) => {
                        self.link = Some(link);
                        Dialled::Connack
                    }
                    Err(ConnectError::Refused(code)) => Dialled::Refused(code),
                    Err(ConnectError::Network(why)) => Dialled::Network(self.where_to(&why)),
                };
                let mut core = shared.core.lock();
                core.connection.dialled(dialled, now);
                if core.connection.is_stopped() {
                    self.link = None;
                }
            }
            Done::Stored(queued, result) => stored(&shared, queued, result, now),
            Done::Synced(key, result) => synced(&shared, &key, result, now),
        }
    }

    fn received(&mut self, payload: Option<Bytes>) {
        let now = self.shared.clock.now();
        let Some(payload) = payload else {
            self.link = None;
            let why = self.where_to("the connection was closed");
            let mut core = self.shared.core.lock();
            core.outbox.offline();
            core.connection.lost(why, now);
            return;
        };
        match Downlink::parse(&payload) {
            Ok(Downlink::Control(code)) => self.shared.core.lock().connection.control(code, now),
            Ok(Downlink::Reply(reply)) => {
                let id = reply.message_id.as_deref().and_then(|id| id.parse().ok());
                match id {
                    Some(id) => {
                        let mts = reply.mts.map(Timestamp::from_millis);
                        self.shared.core.lock().outbox.reply(id, reply.return_code, mts);
                    }
                    None => tracing::debug!(?reply, "a reply to no command of ours"),
                }
            }
            Ok(Downlink::Delivery(delivery)) => delivered(&self.shared, delivery),
            Err(error) => tracing::debug!(error, "a payload from the push server cannot be read"),
        }
    }

    fn where_to(&self, why: &str) -> String {
        self.push_url.as_ref().map_or_else(|| why.to_owned(), |url| format!("{url}: {why}"))
    }
}

async fn receive(link: &mut Option<PushLink>) -> Option<Bytes> {
    match link {
        Some(link) => link.downlink.recv().await,
        None => pending().await,
    }
}

async fn sleep_until(clock: crate::clock::Clock, deadline: Option<Timestamp>) {
    match deadline {
        Some(time) => clock.sleep_until(time).await,
        None => pending().await,
    }
}

async fn store(shared: Arc<Shared>, queued: Queued) -> Done {
    let draft = &queued.draft;
    let message = StoreMessage {
        sender: shared.me.id.clone(),
        content: draft.content.to_string(),
        kind: draft.kind.clone(),
    };
    let key = format!("{}-{}", shared.guid, queued.local_id);
    let result = shared.api.store_message(&draft.session.id, &message, &key).await;
    Done::Stored(queued, result)
}

fn stored(shared: &Shared, queued: Queued, result: Result<Message, ApiError>, now: Timestamp) {
    let outcome = match &result {
        Ok(_) => StoreOutcome::Stored,
        Err(error) if error.is_transient() => StoreOutcome::Transient,
        Err(_) => StoreOutcome::Refused,
    };
    let Queued { local_id, draft } = queued;
    let session = draft.session.clone();
    let event = {
        let mut core = shared.core.lock();
        let after = core.send_queue.finished(outcome, now);
        let known = core.model.session_mut(&session.id);
        match (after, result) {
            (AfterStore::Stored(_), Ok(message)) => {
                if let Some(known) = known {
                    known.messages.local_stored(local_id, &message.id);
                }
                let mut notice = Notice::new_message(&session, draft.notification.as_str());
                notice.extra.clone_from(&draft.notice_extra);
                core.outbox.push(&session, local_id, notice.to_raw());
                Event::Stored { local_id, session, message }
            }
            (AfterStore::Failed(_), Err(error)) => {
                if let Some(known) = known {
                    known.messages.local_failed(local_id);
                }
                Event::StoreFailed { local_id, session, why: error.to_string() }
            }
            (_, result) => {
                if let Err(error) = result {
                    tracing::debug!(%error, local_id, "a store failed and is tried again");
                }
                return;
            }
        }
    };
    shared.tell(&event);
}

fn synced(shared: &Shared, key: &SyncKey, result: Result<(), ApiError>, now: Timestamp) {
    let mut core = shared.core.lock();
    let again = result.as_ref().is_err_and(ApiError::is_transient);
    core.sync_queue.finished(!again, now);
    if !again {
        if let SyncKey::Members(session) = key {
            core.outbox.members_synced(session);
        }
        if *key == SyncKey::Conversations && std::mem::take(&mut core.catch_up) {
            let behind: Vec<SyncKey> = core
                .model
                .conversations_behind()
                .map(|c| SyncKey::Conversation(c.kind.clone(), c.target_id.clone()))
                .collect();
            for key in behind {
                core.sync_queue.request(key);
            }
        }
    }
    drop(core);
    if let Err(error) = result {
        shared.tell(&Event::SyncFailed { why: error.to_string(), again });
    }
}

/// A push: queue what it asks to sync, tell the application. Rules `NOTICE-TYPES`, `NOTICE-UNKNOWN-TYPE`.
fn delivered(shared: &Shared, delivery: Delivery) {
    let notice: Option<Notice> = serde_json::from_str(delivery.message.get()).ok();
    if let Some(notice) = &notice {
        let mut core = shared.core.lock();
        for item in &notice.syncs {
            let session = item.session_id.as_deref().and_then(ImSessionId::parse);
            let key = match (item.kind, session) {
                (SyncType::USER_CONVERSATION, _) => SyncKey::Conversations,
                (SyncType::MESSAGE, Some(session)) if session.kind != SessionType::App => {
                    SyncKey::Messages(session)
                }
                (SyncType::SESSION_MEMBER, Some(session)) => SyncKey::Members(session),
                (kind, _) => {
                    tracing::debug!(?kind, "a push asks to sync what this client does not know");
                    continue;
                }
            };
            core.sync_queue.request(key);
        }
    }
    shared.tell(&Event::Pushed { delivery, notice });
}

impl Core {
    fn deadline(&self) -> Option<Timestamp> {
        [
            self.connection.deadline(),
            self.outbox.deadline(),
            self.send_queue.deadline(),
            self.sync_queue.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
