//! One simulated user: what it does when, and what is noted of all that happens to it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use rand::RngExt;
use tokio::sync::Notify;
use y2w_sdk::bridge::Body;
use y2w_sdk::clock::Clock;
use y2w_sdk::model::Merged;
use y2w_sdk::protocol::{ImSessionId, Message, MessageType};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{CurrentUser, Draft, Event, Observer};

use super::meters::{Meters, Metric};
use super::payload::Stamp;
use super::population::{Population, stream};
use crate::check::{Delivered, Sent, Verifier, rules};

/// What all users of a run share.
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) meters: Meters,
    pub(super) population: Population,
    /// There once all sessions are open.
    pub(super) verifier: OnceLock<Verifier>,
}

/// What is known of one user; it is told of all that happens to it.
pub(super) struct Watch {
    stage: Arc<Stage>,
    pub(super) index: usize,
    pub(super) name: String,
    /// Messages handed to the SDK and not yet acknowledged, in order.
    pending: Mutex<VecDeque<Pending>>,
    up: AtomicBool,
    /// The connection came up, or there was trouble.
    pub(super) changed: Notify,
    pub(super) trouble: Mutex<Option<String>>,
}

struct Pending {
    sent: Sent,
    at: u64,
    content: Arc<str>,
}

impl Watch {
    pub(super) fn new(stage: Arc<Stage>, index: usize, name: String) -> Self {
        Self {
            stage,
            index,
            name,
            pending: Mutex::default(),
            up: AtomicBool::new(false),
            changed: Notify::new(),
            trouble: Mutex::default(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    fn found(&self, rule: &'static str, text: String) {
        if let Some(verifier) = self.stage.verifier.get() {
            verifier.found(rule, text);
        }
    }

    fn connection(&self, state: &ConnectionState) {
        let up = *state == ConnectionState::Connected;
        if self.up.swap(up, Ordering::AcqRel) != up {
            self.stage.meters.connected.fetch_add(if up { 1 } else { -1 }, Ordering::Relaxed);
        }
        if let ConnectionState::Disconnected { code: Some(code) } = state {
            self.found(rules::KICKED, format!("{} was disconnected for good with {code}", self.name));
        }
        self.changed.notify_one();
    }

    fn stored(&self, message: &Message) {
        let Some(pending) = self.pending.lock().pop_front() else {
            return;
        };
        let Some(verifier) = self.stage.verifier.get() else {
            return;
        };
        self.stage.meters.record(Metric::Stored, self.stage.clock.micros().saturating_sub(pending.at));
        verifier.stored(pending.sent, *message.content == *pending.content);
    }

    fn messages(&self, session: &ImSessionId, merged: &Merged) {
        let Some(verifier) = self.stage.verifier.get() else {
            return;
        };
        let Some(index) = verifier.session_index(&session.to_string()) else {
            return;
        };
        let planned = &self.stage.population.sessions[index];
        let Some(member) = planned.position(self.index) else {
            return;
        };
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
            if sender != member {
                self.stage.meters.record(Metric::Synced, now.saturating_sub(stamp.at));
            }
            verifier.delivered(&Delivered {
                session: index,
                member,
                mark: crate::check::ledger::Mark { sender, number: stamp.number },
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
                self.changed.notify_one();
            }
            Event::Stored { message, .. } => self.stored(message),
            Event::StoreFailed { session, why, .. } => {
                meters.errors.fetch_add(1, Ordering::Relaxed);
                let number = self.pending.lock().pop_front().map_or(0, |p| p.sent.mark.number);
                let text = format!("in {session}, message {number} of {} was not stored: {why}", self.name);
                self.found(rules::STORED, text);
            }
            Event::NoticeSent { local_id, commands } => {
                meters.extra_commands.fetch_add(u64::from(commands.saturating_sub(1)), Ordering::Relaxed);
                if let Some(verifier) = self.stage.verifier.get().filter(|_| local_id.is_some()) {
                    verifier.notice_taken();
                }
            }
            Event::NoticeFailed { code, .. } => {
                meters.errors.fetch_add(1, Ordering::Relaxed);
                self.found(rules::NOTICE, format!("a notice of {} was answered with {code}", self.name));
            }
            Event::Pushed { notice, .. } => {
                meters.pushes.fetch_add(1, Ordering::Relaxed);
                let stamp = notice.as_ref().and_then(|n| Stamp::from_notice_extra(&n.extra));
                if let Some(stamp) = stamp {
                    meters.record(Metric::Pushed, self.stage.clock.micros().saturating_sub(stamp.at));
                }
            }
            Event::Messages { session, merged } => self.messages(session, merged),
            Event::Removed { session } => {
                let text = format!("{} is refused the messages of {session}, which it is in", self.name);
                self.found(rules::LOST, text);
            }
            Event::SyncFailed { why, .. } => {
                meters.errors.fetch_add(1, Ordering::Relaxed);
                tracing::info!(user = self.name, why, "a sync failed");
            }
            Event::LocalStoreFailed { why } => tracing::info!(user = self.name, why, "the local store"),
            Event::Shown { .. } | Event::Changed(_) | Event::Kicked | Event::Lagged(_) => {}
        }
    }
}

/// A user that is logged in and connected.
pub(super) struct SimUser {
    pub(super) user: CurrentUser,
    pub(super) watch: Arc<Watch>,
}

impl SimUser {
    /// Sends messages at random times, `rate` a second on average, from `start` on for `duration`, as microseconds.
    ///
    /// The times are fixed by the seed and do not depend on how fast anything is: a message that is handed over late
    /// is late from when it was due.
    pub(super) async fn chat(
        &self,
        sessions: &[ImSessionId],
        seed: u64,
        rate: f64,
        start: u64,
        duration: Duration,
    ) {
        let stage = &self.watch.stage;
        let Some(verifier) = stage.verifier.get() else {
            return;
        };
        let mine = &stage.population.sessions_of[self.watch.index];
        if mine.is_empty() || rate <= 0.0 {
            return;
        }
        let mut random = stream(seed, &format!("chat {}", self.watch.index));
        let end = start + u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let mut due = start;
        loop {
            due += exponential_micros(random.random::<f64>(), rate);
            if due >= end {
                return;
            }
            let session = mine[random.random_range(0..mine.len())];
            let now = stage.clock.micros();
            if due > now {
                tokio::time::sleep(Duration::from_micros(due - now)).await;
            }
            self.send(verifier, session, &sessions[session], due);
        }
    }

    fn send(&self, verifier: &Verifier, session: usize, im_id: &ImSessionId, due: u64) {
        let stage = &self.watch.stage;
        let Some(member) = stage.population.sessions[session].position(self.watch.index) else {
            return;
        };
        stage.meters.record(Metric::Lag, stage.clock.micros().saturating_sub(due));
        let mark = verifier.sending(session, member);
        let stamp = Stamp { user: self.watch.index, number: mark.number, at: due };
        let text = format!("Message {} of {}: the quick brown fox.", mark.number, self.watch.name);
        let content: Arc<str> = stamp.content(&text).into();
        // The lock spans the handing over, so that acknowledgements meet their messages in order.
        let mut pending = self.watch.pending.lock();
        let draft = Draft {
            notice_extra: stamp.notice_extra(),
            ..Draft::new(im_id.clone(), MessageType::Text, Body::Ready(content.clone()))
        };
        match self.user.send(draft) {
            Ok(_) => {
                pending.push_back(Pending { sent: Sent { session, mark }, at: due, content });
                stage.meters.sent.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                stage.meters.errors.fetch_add(1, Ordering::Relaxed);
                let text = format!(
                    "in {im_id}, message {} of {} was not sent: {error}",
                    mark.number, self.watch.name
                );
                verifier.found(rules::STORED, text);
            }
        }
    }
}

/// A gap of a Poisson process with `rate` events a second, from a uniform draw in [0, 1); at least one microsecond.
fn exponential_micros(uniform: f64, rate: f64) -> u64 {
    let seconds = -(1.0 - uniform).ln() / rate;
    ((seconds * 1e6) as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_as_long_as_the_rate_says_on_average() {
        let mut random = stream(7, "gaps");
        let sum: u64 = (0..100_000).map(|_| exponential_micros(random.random::<f64>(), 4.0)).sum();
        let mean = sum as f64 / 100_000.0;
        assert!((245_000.0..255_000.0).contains(&mean), "{mean}");
    }

    #[test]
    fn no_draw_gives_a_gap_that_is_endless_or_nothing() {
        assert_eq!(exponential_micros(0.0, 1.0), 1);
        assert!(exponential_micros(1.0 - f64::EPSILON, 1.0) < 60_000_000);
    }
}
