//! The driver: one task per user that does what the pure machines decide.
//!
//! Each turn: ask every machine what is to be done and start it, then wait for the first of: something under way has
//! ended, a payload has come, somebody woke it, a deadline is due. What is under way are futures inside this task, so
//! that ending the task ends them.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::draft::PrepareError;
use super::receiving::{delivered, synced};
use super::send_queue::{Queued, Step};
use super::sending::{prepare, prepared, store, stored};
use super::sync_queue::SyncKey;
use super::syncing::SyncError;
use super::{Core, Event, NOTICES_MAX, SaveQueue, Shared};
use crate::api::ApiError;
use crate::protocol::push::Downlink;
use crate::protocol::rest::GateData;
use crate::protocol::{Message, Timestamp};
use crate::push::connection::Dialled;
use crate::push::{ConnectError, PushLink};
use crate::store::{Part, StoreError};

/// Something that was under way has ended.
pub(super) enum Done {
    Token(Result<String, ApiError>),
    Gate(Result<GateData, ApiError>),
    Dialled(Result<PushLink, ConnectError>),
    Prepared(Queued, Result<String, PrepareError>),
    Stored(Queued, Result<Message, ApiError>),
    Synced(SyncKey, Result<(), SyncError>),
    Saved(Part, Result<(), StoreError>),
}

pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) under_way: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(super) link: Option<PushLink>,
    pub(super) im_token: String,
    pub(super) push_url: Option<String>,
}

/// Runs until it is dropped, or until the user has logged out and what has to be stored is stored.
pub(crate) async fn drive(shared: Arc<Shared>) {
    let mut driver = Driver {
        push_url: shared.push_url.clone(),
        shared,
        under_way: FuturesUnordered::new(),
        link: None,
        im_token: String::new(),
    };
    loop {
        driver.start_what_is_due();
        if driver.shared.core.lock().is_over() {
            return;
        }
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
                self.shared.tell(event);
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
        while let Some((topic, payload)) = core.raw.poll() {
            if let Some(link) = &self.link {
                link.uplink.publish(topic, payload);
            }
        }
        if !core.closing {
            if core.periodic.poll(now) {
                core.sync_everything();
            }
            idle &= !self.next_store(&mut core, now);
            idle &= !self.next_sync(&mut core, now);
        }
        if let Some(part) = core.saves.as_mut().and_then(|saves| saves.poll(now)) {
            idle = false;
            let shared = self.shared.clone();
            self.under_way.push(Box::pin(async move {
                let result = shared.save(&part).await;
                Done::Saved(part, result)
            }));
        }
        if idle && core.is_settled() {
            self.shared.settled.notify_waiters();
        }
        idle
    }

    fn next_store(&self, core: &mut Core, now: Timestamp) -> bool {
        if core.outbox.len() >= NOTICES_MAX {
            return false;
        }
        let shared = self.shared.clone();
        match core.send_queue.poll(now) {
            None => return false,
            Some(Step::Prepare(queued)) => self.under_way.push(Box::pin(prepare(shared, queued))),
            Some(Step::Store(queued, content)) => {
                self.under_way.push(Box::pin(store(shared, queued, content)));
            }
        }
        true
    }

    fn next_sync(&self, core: &mut Core, now: Timestamp) -> bool {
        let Some(key) = core.sync_queue.poll(now) else {
            return false;
        };
        let shared = self.shared.clone();
        self.under_way.push(Box::pin(async move {
            let result = shared.sync(&key).await;
            Done::Synced(key, result)
        }));
        true
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
                let region = result.map_err(|e| e.to_string()).and_then(|gate| self.found(gate));
                shared.core.lock().connection.gate(region, now);
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
            Done::Prepared(queued, result) => prepared(&shared, &queued, result, now),
            Done::Stored(queued, result) => stored(&shared, queued, result, now),
            Done::Synced(key, result) => synced(&shared, &key, result, now),
            Done::Saved(part, result) => {
                if let Some(saves) = &mut shared.core.lock().saves {
                    saves.finished(part, result.is_ok(), now);
                }
                if let Err(error) = result {
                    tracing::warn!(%error, "what the client knows could not be stored");
                    shared.tell(Event::LocalStoreFailed { why: error.to_string() });
                }
            }
        }
    }

    fn received(&mut self, payload: Option<Bytes>) {
        let now = self.shared.clock.now();
        let Some(payload) = payload else {
            self.link = None;
            let why = self.where_to("the connection was closed");
            let mut core = self.shared.core.lock();
            core.offline();
            core.connection.lost(why, now);
            return;
        };
        match Downlink::parse(&payload) {
            Ok(Downlink::Control(code)) => self.shared.core.lock().connection.control(code, now),
            Ok(Downlink::Reply(reply)) => {
                let mut core = self.shared.core.lock();
                if core.raw.reply(&reply) {
                    return;
                }
                match reply.message_id.as_deref().and_then(|id| id.parse().ok()) {
                    Some(id) => {
                        let mts = reply.mts.map(Timestamp::from_millis);
                        core.outbox.reply(id, reply.return_code, mts);
                    }
                    None => tracing::debug!(?reply, "a reply to no command of ours"),
                }
            }
            Ok(Downlink::Delivery(delivery)) => delivered(&self.shared, delivery),
            Err(error) => tracing::debug!(error, "a payload from the push server cannot be read"),
        }
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

impl Core {
    fn deadline(&self) -> Option<Timestamp> {
        let always = [
            self.connection.deadline(),
            self.outbox.deadline(),
            self.saves.as_ref().and_then(SaveQueue::deadline),
        ];
        // What a client that is ending no longer begins with is not due either, or it would be due for ever.
        let while_open = [self.send_queue.deadline(), self.sync_queue.deadline(), self.periodic.deadline()];
        let open = while_open.into_iter().filter(|_| !self.closing);
        always.into_iter().chain(open).flatten().min()
    }
}
