//! What is noted of all that happens to one device of a user.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::Notify;
use y2w_sdk::clock::Clock;
use y2w_sdk::model::Merged;
use y2w_sdk::protocol::{ImSessionId, Message, MessageType};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{Event, Observer};

use super::Shard;
use super::meters::{Meters, Metric};
use super::payload::Stamp;
use super::population::Population;
use super::workload::{Phase, Timeline};
use crate::check::ledger::Mark;
use crate::check::{Delivered, Seat, Sent, Verifier, rules};

/// What all users of a run share.
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) meters: Arc<Meters>,
    pub(super) population: Population,
    pub(super) timeline: Timeline,
    pub(super) phases: Vec<Phase>,
    pub(super) shard: Shard,
    /// There once all sessions are open.
    pub(super) verifier: OnceLock<Verifier>,
}

/// Where a device sees a session from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Index of the session in the population.
    pub(super) planned: usize,
    /// Its index at the verifier.
    pub(super) watched: usize,
    pub(super) seat: Seat,
}

/// What is known of one device; it is told of all that happens to it.
pub(super) struct Watch {
    stage: Arc<Stage>,
    pub(super) index: usize,
    pub(super) name: String,
    /// Whether the user sends from this device.
    sends: bool,
    /// Messages handed to the SDK and not yet stored, in order.
    pending: Mutex<VecDeque<Pending>>,
    /// Stored messages whose notices are not yet acknowledged: their number for the SDK, and when they were due.
    announced: Mutex<VecDeque<(u64, Stamp)>>,
    up: AtomicBool,
    /// When the present attempt to connect was due and was begun; microseconds since 1970.
    connecting: Mutex<Option<(u64, u64)>>,
    /// The connection came up, there was trouble, or a message was stored or given up.
    changed: Notify,
    pub(super) trouble: Mutex<Option<String>>,
    /// Messages that are not yet stored or given up.
    under_way: AtomicU32,
    /// Where it sees its sessions from; there once they are open.
    pub(super) places: OnceLock<FxHashMap<ImSessionId, Place>>,
}

/// A message on its way to be stored.
pub(super) struct Pending {
    pub(super) sent: Sent,
    pub(super) stamp: Stamp,
    /// What was sent; it is known once a file is uploaded.
    pub(super) content: Arc<OnceLock<Arc<str>>>,
}

impl Watch {
    pub(super) fn new(stage: Arc<Stage>, index: usize, name: String, sends: bool) -> Self {
        Self {
            stage,
            index,
            name,
            sends,
            pending: Mutex::default(),
            announced: Mutex::default(),
            up: AtomicBool::new(false),
            connecting: Mutex::default(),
            changed: Notify::new(),
            trouble: Mutex::default(),
            under_way: AtomicU32::new(0),
            places: OnceLock::new(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// Whether everything that was handed over is stored or given up.
    pub(super) fn has_stored_all(&self) -> bool {
        self.under_way.load(Ordering::Acquire) == 0
    }

    /// Waits until this holds; it is asked whenever something changes.
    pub(super) async fn wait_until<T>(&self, mut holds: impl FnMut(&Self) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(held) = holds(self) {
                return held;
            }
            changed.await;
        }
    }

    /// An attempt to connect begins, which was due then.
    pub(super) fn connecting(&self, due: u64) {
        *self.connecting.lock() = Some((due, self.stage.clock.micros()));
    }

    /// The client is no more: nothing tells that its connection is gone.
    pub(super) fn gone(&self) {
        if self.up.swap(false, Ordering::AcqRel) {
            self.stage.meters.connection(false);
        }
        *self.connecting.lock() = None;
        self.pending.lock().clear();
        self.under_way.store(0, Ordering::Release);
        self.announced.lock().clear();
    }

    /// Hands a message over by `hand_over`, under a lock, so that acknowledgements meet their messages in order.
    pub(super) fn send<E>(
        &self,
        pending: Pending,
        hand_over: impl FnOnce() -> Result<u64, E>,
    ) -> Result<(), E> {
        let mut waiting = self.pending.lock();
        self.under_way.fetch_add(1, Ordering::AcqRel);
        match hand_over() {
            Ok(_) => {
                waiting.push_back(pending);
                Ok(())
            }
            Err(error) => {
                self.under_way.fetch_sub(1, Ordering::AcqRel);
                Err(error)
            }
        }
    }

    fn found(&self, rule: &'static str, text: String) {
        if let Some(verifier) = self.stage.verifier.get() {
            verifier.found(rule, text);
        }
    }

    fn connection(&self, state: &ConnectionState) {
        let up = *state == ConnectionState::Connected;
        if self.up.swap(up, Ordering::AcqRel) != up {
            self.stage.meters.connection(up);
        }
        if up && let Some((due, begun)) = self.connecting.lock().take() {
            let now = self.stage.clock.micros();
            self.stage.meters.record(Metric::Connect, now.saturating_sub(due), now.saturating_sub(begun));
        }
        if let ConnectionState::Disconnected { code: Some(code) } = state {
            self.found(rules::KICKED, format!("{} was disconnected for good with {code}", self.name));
        }
        self.changed.notify_waiters();
    }

    fn next_stored(&self) -> Option<Pending> {
        let pending = self.pending.lock().pop_front()?;
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        self.changed.notify_waiters();
        Some(pending)
    }

    fn stored(&self, local_id: u64, message: &Message) {
        let Some(pending) = self.next_stored() else {
            return;
        };
        let Some(verifier) = self.stage.verifier.get() else {
            return;
        };
        let (since_due, since_begun) = pending.stamp.ages(self.stage.clock.micros());
        self.stage.meters.record(Metric::SendStored, since_due, since_begun);
        let verbatim = pending.content.get().is_some_and(|content| *message.content == **content);
        verifier.stored(pending.sent, &message.id, message.created_at, verbatim);
        self.announced.lock().push_back((local_id, pending.stamp));
    }

    /// The notice of a message is done with; notices before it are too, whatever became of them.
    fn announced(&self, local_id: u64) -> Option<Stamp> {
        let mut announced = self.announced.lock();
        while announced.front().is_some_and(|(first, _)| *first < local_id) {
            announced.pop_front();
        }
        let is_first = announced.front().is_some_and(|(first, _)| *first == local_id);
        if is_first { announced.pop_front().map(|(_, stamp)| stamp) } else { None }
    }

    fn messages(&self, session: &ImSessionId, merged: &Merged) {
        let Some(verifier) = self.stage.verifier.get() else {
            return;
        };
        let Some(place) = self.places.get().and_then(|places| places.get(session)) else {
            return;
        };
        let planned = &self.stage.population.sessions[place.planned];
        let now = self.stage.clock.micros();
        for message in merged.added.iter().filter(|m| m.kind != MessageType::System) {
            let stamp = Stamp::from_content(&message.content);
            let sender = stamp.and_then(|s| planned.position(s.user));
            let (Some(stamp), Some(sender)) = (stamp, sender) else {
                let text =
                    format!("in {session}, {} sees message {}, which was never sent", self.name, message.id);
                verifier.found(rules::VERBATIM, text);
                continue;
            };
            let from_another = !self.sends || stamp.user != self.index;
            if from_another && matches!(place.seat, Seat::Device(_)) {
                let (since_due, since_begun) = stamp.ages(now);
                self.stage.meters.record(Metric::SendSynced, since_due, since_begun);
            }
            verifier.delivered(&Delivered {
                session: place.watched,
                seat: place.seat,
                from_another,
                mark: Mark { sender, number: stamp.number },
                sent_here: self.stage.shard.has(stamp.user),
                id: &message.id,
                created_at: message.created_at,
            });
        }
    }
}

impl Observer for Watch {
    fn on_event(&self, event: &Event) {
        let meters = &self.stage.meters;
        match event {
            Event::Connection(state) => self.connection(state),
            Event::Trouble(trouble) => {
                *self.trouble.lock() = Some(trouble.to_string());
                self.changed.notify_waiters();
            }
            Event::Stored { local_id, message, .. } => self.stored(*local_id, message),
            Event::StoreFailed { session, why, .. } => {
                let number = self.next_stored().map_or(0, |p| p.sent.mark.number);
                let text = format!("in {session}, message {number} of {} was not stored: {why}", self.name);
                meters.error("messages given up", || text.clone());
                self.found(rules::STORED, text);
            }
            Event::NoticeSent { local_id, commands } => {
                meters.extra_commands.fetch_add(u64::from(commands.saturating_sub(1)), Ordering::Relaxed);
                let Some(local_id) = *local_id else {
                    return;
                };
                if let Some(stamp) = self.announced(local_id) {
                    let (since_due, since_begun) = stamp.ages(self.stage.clock.micros());
                    meters.record(Metric::SendAck, since_due, since_begun);
                }
                if let Some(verifier) = self.stage.verifier.get() {
                    verifier.notice_taken();
                }
            }
            Event::NoticeFailed { local_id, code } => {
                if let Some(local_id) = *local_id {
                    self.announced(local_id);
                }
                let text = format!("a notice of {} was answered with {code}", self.name);
                meters.error("notices given up", || text.clone());
                self.found(rules::NOTICE, text);
            }
            Event::Pushed { notice, .. } => {
                meters.pushes.fetch_add(1, Ordering::Relaxed);
                if let Some(stamp) = notice.as_ref().and_then(|n| Stamp::from_notice_extra(&n.extra)) {
                    let (since_due, since_begun) = stamp.ages(self.stage.clock.micros());
                    meters.record(Metric::SendPush, since_due, since_begun);
                }
            }
            Event::Messages { session, merged } => self.messages(session, merged),
            Event::Removed { session } => {
                let seat = self.places.get().and_then(|places| places.get(session)).map(|place| place.seat);
                if let Some(Seat::Device(_)) = seat {
                    let text = format!("{} is refused the messages of {session}, which it is in", self.name);
                    self.found(rules::LOST, text);
                }
            }
            Event::SyncFailed { why, .. } => {
                meters.error("syncs that failed", || format!("{}: {why}", self.name));
                tracing::info!(user = self.name, why, "a sync failed");
            }
            Event::LocalStoreFailed { why } => {
                meters.error("local stores that failed", || format!("{}: {why}", self.name));
            }
            Event::Shown { .. } | Event::Changed(_) | Event::Kicked | Event::Lagged(_) => {}
        }
    }
}
