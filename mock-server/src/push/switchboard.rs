//! The hub with the outgoing queue of each of its connections.
//!
//! Everything that touches the hub takes its lock, and no lock is held across an await. What a command delivers is put
//! into the receivers' queues under the same lock, so that each receiver gets the pushes of a session in the order in
//! which they were carried out (`PUSH-DELIVER-ORDER`).
//!
//! Invariant: a connection of the hub has a link, and a link's connection is in the hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::push::{ClientId, DeviceClass, control_payload};
use y2w_sdk::protocol::{ConnectionReturnCode, ImSessionId, Timestamp, UserId};

use super::PushConfig;
use super::hub::{ConnId, ConnectOutcome, Delivery, Displaced, Hub};
use super::mirror::{Mirror, Mirrored};
use super::outbox::{Outbox, Outgoing, Room};
use super::tokens::ImTokens;
use crate::faults::{Dice, PushFate, PushFaults};
use crate::quirks::{Quirk, Quirks};

/// The push side of one app.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) clock: Clock,
    pub(crate) config: PushConfig,
    pub(crate) counters: Counters,
    dice: Dice,
    withhold_accept: AtomicBool,
    refusing_until: Mutex<Option<Timestamp>>,
    pub(crate) quirks: Quirks,
    tokens: Mutex<ImTokens>,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    hub: Hub,
    links: FxHashMap<ConnId, Link>,
    last: u64,
    faults: PushFaults,
    quirks: Quirks,
    /// What waits for the next delivery to overtake it.
    held: Option<Delivery>,
    mirror: Mirror,
}

#[derive(Debug)]
struct Link {
    uid: UserId,
    outbox: Arc<Outbox>,
    /// How many pushes it was meant to get.
    pushes: u64,
}

/// A connection's end of its link.
#[derive(Debug)]
pub(super) struct Plugged {
    pub(super) id: ConnId,
    pub(super) outbox: Arc<Outbox>,
}

/// Some of who is connected and of the sessions that are known, the oldest connections and the first ids.
#[derive(Debug)]
pub(crate) struct PushView {
    pub(crate) connections: Vec<ConnectionView>,
    /// Each with its mts and how many members it has.
    pub(crate) sessions: Vec<(ImSessionId, i64, usize)>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct ConnectionView {
    pub(crate) id: ConnId,
    pub(crate) uid: UserId,
    pub(crate) device: DeviceClass,
}

/// What happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) commands: AtomicU64,
    pub(crate) deliveries: AtomicU64,
    pub(crate) overflows: AtomicU64,
    pub(crate) kicks: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, more: usize) {
        counter.fetch_add(more as u64, Ordering::Relaxed);
    }
}

impl Push {
    pub(crate) fn new(clock: Clock, config: PushConfig, dice: Dice, quirks: Quirks) -> Self {
        Self {
            clock,
            config,
            counters: Counters::default(),
            dice,
            withhold_accept: AtomicBool::new(false),
            refusing_until: Mutex::default(),
            quirks: quirks.clone(),
            tokens: Mutex::default(),
            board: Mutex::new(Board { hub: Hub::with_quirks(quirks.clone()), quirks, ..Board::default() }),
        }
    }

    pub(crate) fn add_token(&self, token: &str) {
        self.tokens.lock().insert(token, self.config.token_life, self.clock.now());
    }

    pub(crate) fn check_token(&self, token: &str) -> Result<(), ConnectionReturnCode> {
        self.tokens.lock().check(token, self.clock.now())
    }

    /// Whether a token lets its client in.
    pub(crate) fn admit(&self, token: &str) -> Result<(), ConnectionReturnCode> {
        use ConnectionReturnCode as Code;
        match self.check_token(token) {
            Err(Code::TOKEN_HAS_EXPIRED) if self.quirks.on(Quirk::ExpiredImTokenAccepted) => Ok(()),
            Err(Code::TOKEN_HAS_EXPIRED) if self.quirks.on(Quirk::ExpiredImTokenAs5) => {
                Err(Code::TOKEN_IS_INVALID)
            }
            Err(Code::TOKEN_IS_INVALID) if self.quirks.on(Quirk::ImTokenUnchecked) => Ok(()),
            checked => checked,
        }
    }

    /// Whether a token, good or expired, is one of this app.
    pub(crate) fn knows(&self, token: &str) -> bool {
        self.check_token(token) != Err(ConnectionReturnCode::TOKEN_IS_INVALID)
    }

    pub(crate) fn expire_tokens(&self) {
        self.tokens.lock().expire_all(self.clock.now());
    }

    pub(crate) fn withhold_accept(&self, withhold: bool) {
        self.withhold_accept.store(withhold, Ordering::SeqCst);
    }

    pub(crate) fn accepts(&self) -> bool {
        let is_lost =
            self.quirks.on(Quirk::AcceptLost) && self.board.lock().quirks.strikes(Quirk::AcceptLost);
        !is_lost && !self.withhold_accept.load(Ordering::SeqCst)
    }

    /// Whether connections are let in at all.
    pub(crate) fn check_open(&self) -> Result<(), ConnectionReturnCode> {
        match *self.refusing_until.lock() {
            Some(until) if self.clock.now() < until => Err(ConnectionReturnCode::SERVER_UNAVAILABLE),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse_for(&self, time: Duration) {
        *self.refusing_until.lock() = Some(self.clock.now().plus(time));
    }

    /// A copy of the traffic from now on, for one watcher at a time.
    pub(crate) fn watch(&self, capacity: usize) -> mpsc::Receiver<Mirrored> {
        self.board.lock().mirror.watch(capacity)
    }

    pub(crate) fn set_faults(&self, faults: PushFaults) {
        self.board.lock().faults = faults;
    }

    /// Puts a connection whose token is good into the hub. Whom it displaces is told to end.
    pub(super) fn plug(&self, uid: &UserId, client: ClientId) -> Result<Plugged, ConnectionReturnCode> {
        let mut board = self.board.lock();
        board.last += 1;
        let id = ConnId(board.last);
        match board.hub.connect(id, uid, client) {
            ConnectOutcome::Refused(code) => return Err(code),
            ConnectOutcome::Accepted { displaced: None } => (),
            ConnectOutcome::Accepted { displaced: Some(Displaced::Kicked(older)) } => {
                let stays = self.quirks.on(Quirk::KickNotClosed);
                board.tell_kicked(older, stays, &self.counters);
            }
            ConnectOutcome::Accepted { displaced: Some(Displaced::Replaced(older)) } => {
                if let Some(link) = board.links.remove(&older) {
                    link.outbox.end();
                }
            }
        }
        let outbox = Arc::new(Outbox::default());
        board.links.insert(id, Link { uid: uid.clone(), outbox: outbox.clone(), pushes: 0 });
        Counters::add(&self.counters.accepted, 1);
        Ok(Plugged { id, outbox })
    }

    /// Takes a connection out; once is enough, and more does no harm.
    pub(crate) fn unplug(&self, id: ConnId) {
        let mut board = self.board.lock();
        board.hub.disconnect(id);
        board.links.remove(&id);
    }

    /// Carries out a command: deliveries go into their queues, the reply's payload comes back. `None` if the
    /// connection was displaced meanwhile.
    pub(crate) fn command(&self, from: ConnId, topic: &str, payload: &[u8]) -> Option<Bytes> {
        let mut board = self.board.lock();
        let outcome = board.hub.command(from, topic, payload)?;
        Counters::add(&self.counters.commands, 1);
        board.mirror.command(topic, payload);
        let mut next = outcome.delivery;
        if self.quirks.on(Quirk::PushReordered) && next.is_some() && board.held.is_none() {
            board.held = next.take();
        } else if next.is_some() {
            let held = board.held.take();
            self.deliver(&mut board, next);
            next = held;
        }
        self.deliver(&mut board, next);
        let is_lost = board.quirks.strikes(Quirk::ReplyLost);
        if is_lost { None } else { Some(outcome.reply) }
    }

    fn deliver(&self, board: &mut Board, delivery: Option<Delivery>) {
        if let Some(delivery) = delivery {
            Counters::add(&self.counters.deliveries, delivery.to.len());
            for id in delivery.to {
                self.deliver_one(board, id, &delivery.payload);
            }
        }
    }

    /// One push for one connection, as the faults that stand let it through.
    fn deliver_one(&self, board: &mut Board, id: ConnId, payload: &Bytes) {
        if board.faults.is_quiet() {
            self.put(board, id, Outgoing::Payload(payload.clone()));
            return;
        }
        let Some(link) = board.links.get_mut(&id) else {
            return;
        };
        link.pushes += 1;
        let PushFate { delay, copies } = self.dice.of_push(&board.faults, id.0, link.pushes);
        for _ in 0..copies {
            let next = if delay.is_zero() {
                Outgoing::Payload(payload.clone())
            } else {
                Outgoing::Late(self.clock.now().plus(delay), payload.clone())
            };
            self.put(board, id, next);
        }
    }

    fn put(&self, board: &mut Board, id: ConnId, next: Outgoing) {
        let room = Room { payloads: self.config.outgoing_queue, bytes: self.config.outgoing_bytes };
        let is_full = board.links.get(&id).is_some_and(|link| {
            if let Outgoing::Payload(payload) | Outgoing::Late(_, payload) = &next {
                board.mirror.delivery(&link.uid, payload);
            }
            link.outbox.put(next, room).is_err()
        });
        if is_full {
            tracing::warn!(connection = id.0, "a client reads too slowly: its connection is dropped");
            Counters::add(&self.counters.overflows, 1);
            board.end(id);
        }
    }

    /// A client has taken nothing of what was written to it for too long.
    pub(super) fn stalled(&self, id: ConnId) {
        tracing::warn!(connection = id.0, "a client does not read: its connection is dropped");
        Counters::add(&self.counters.overflows, 1);
    }

    /// Ends a user's connections with the notice 10.
    pub(crate) fn kick(&self, uid: &UserId) -> usize {
        let mut board = self.board.lock();
        let ids: Vec<ConnId> = board.hub.connections_of(uid).collect();
        for id in &ids {
            board.hub.disconnect(*id);
            board.tell_kicked(*id, false, &self.counters);
        }
        ids.len()
    }

    /// Ends all connections and forgets all push sessions; says how many of each there were.
    pub(crate) fn restart(&self) -> (usize, usize) {
        let mut board = self.board.lock();
        (board.end_all(), board.hub.forget_all())
    }

    /// Ends a user's connections at once.
    pub(crate) fn drop_user(&self, uid: &UserId) -> usize {
        let mut board = self.board.lock();
        let ids: Vec<ConnId> = board.hub.connections_of(uid).collect();
        ids.iter().for_each(|id| board.end(*id));
        ids.len()
    }

    /// Ends all connections at once.
    pub(crate) fn drop_all(&self) -> usize {
        self.board.lock().end_all()
    }

    pub(crate) fn forget(&self, session: &ImSessionId) -> bool {
        self.board.lock().hub.forget(session)
    }

    pub(crate) fn mts(&self, session: &ImSessionId) -> Option<i64> {
        self.board.lock().hub.mts(session)
    }

    pub(crate) fn set_mts(&self, session: &ImSessionId, mts: i64) -> Option<i64> {
        self.board.lock().hub.set_mts(session, mts)
    }

    pub(crate) fn sessions(&self) -> usize {
        self.board.lock().hub.sessions().len()
    }

    /// At most `limit` of each.
    pub(crate) fn view(&self, limit: usize) -> PushView {
        let board = self.board.lock();
        let connections = first(limit, board.hub.connections(), |(id, ..)| *id);
        let sessions = first(limit, board.hub.sessions(), |(id, ..)| (*id).clone());
        PushView {
            connections: connections
                .into_iter()
                .map(|(id, uid, device)| ConnectionView { id, uid: uid.clone(), device })
                .collect(),
            sessions: sessions.into_iter().map(|(id, mts, members)| (id.clone(), mts, members)).collect(),
        }
    }

    pub(crate) fn live(&self) -> usize {
        self.board.lock().hub.live()
    }
}

/// The first of many by a key, in order, without putting all of them into order.
fn first<T, K: Ord>(limit: usize, all: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    if limit < all.len() {
        all.select_nth_unstable_by_key(limit, &key);
        all.truncate(limit);
    }
    all.sort_unstable_by_key(key);
    all
}

impl Board {
    /// The last that a connection is told which was kicked, and which the hub has taken out.
    fn tell_kicked(&mut self, id: ConnId, stays: bool, counters: &Counters) {
        Counters::add(&counters.kicks, 1);
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        if stays {
            let notice = control_payload(ConnectionReturnCode::KICKED).into();
            // Beyond all room: it is the last, too.
            let beyond = Room { payloads: usize::MAX, bytes: usize::MAX };
            let _ = link.outbox.put(Outgoing::Payload(notice), beyond);
        } else {
            link.outbox.kick();
        }
    }

    fn end_all(&mut self) -> usize {
        let ids: Vec<ConnId> = self.links.keys().copied().collect();
        ids.iter().for_each(|id| self.end(*id));
        ids.len()
    }

    fn end(&mut self, id: ConnId) {
        self.hub.disconnect(id);
        if let Some(link) = self.links.remove(&id) {
            link.outbox.end();
        }
    }
}
