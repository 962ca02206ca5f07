//! The sync queue: what to sync, each thing once at a time. Rule `CLIENT-SYNC-COALESCE`.
//!
//! A request for what is already waiting changes nothing; one for what is being synced right now asks for one more
//! round after it, however many such requests come. So the queue is bounded by the number of things there are. A
//! sync that failed is tried again after a pause; it is never forgotten.

use std::time::Duration;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::protocol::push::SyncType;
use crate::protocol::{ImSessionId, SessionType, Timestamp};

/// What can be synced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SyncKey {
    /// The list of conversations.
    Conversations,
    /// The contacts.
    Contacts,
    /// The favourite groups.
    UserSessions,
    /// The messages of a session.
    Messages(ImSessionId),
    /// The messages behind a conversation whose session may not be known yet.
    Conversation(SessionType, String),
    /// A session and its members.
    Members(ImSessionId),
    /// What the application has given a handler for, with the session that the notice named.
    Custom(SyncType, Option<String>),
}

/// First pause before a failed sync is tried again; it doubles up to [`RETRY_MAX`].
pub const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest such pause.
pub const RETRY_MAX: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting { not_before: Timestamp, failures: u32 },
    Syncing { repeat: bool, failures: u32 },
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct SyncQueue {
    entries: IndexMap<SyncKey, State, FxBuildHasher>,
    syncing: Option<SyncKey>,
}

impl SyncQueue {
    /// Asks for a sync.
    pub fn request(&mut self, key: SyncKey) {
        match self.entries.get_mut(&key) {
            None => {
                self.entries.insert(key, State::Waiting { not_before: Timestamp::EPOCH, failures: 0 });
            }
            Some(State::Waiting { not_before, .. }) => *not_before = Timestamp::EPOCH,
            Some(State::Syncing { repeat, .. }) => *repeat = true,
        }
    }

    /// What to sync now; nothing while a sync is under way. It is under way until [`Self::finished`].
    pub fn poll(&mut self, now: Timestamp) -> Option<SyncKey> {
        if self.syncing.is_some() {
            return None;
        }
        let due = |state: &State| matches!(state, State::Waiting { not_before, .. } if *not_before <= now);
        let (key, state) = self.entries.iter_mut().find(|(_, state)| due(state))?;
        let failures = match *state {
            State::Waiting { failures, .. } | State::Syncing { failures, .. } => failures,
        };
        *state = State::Syncing { repeat: false, failures };
        self.syncing = Some(key.clone());
        self.syncing.clone()
    }

    /// When [`Self::poll`] has something to give at the latest, if it has nothing now.
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.syncing.is_some() {
            return None;
        }
        let waiting = |state: &State| match state {
            State::Waiting { not_before, .. } => Some(*not_before),
            State::Syncing { .. } => None,
        };
        self.entries.values().filter_map(waiting).min()
    }

    /// The sync that [`Self::poll`] gave out has ended.
    pub fn finished(&mut self, succeeded: bool, now: Timestamp) {
        let Some(key) = self.syncing.take() else { return };
        let Some(State::Syncing { repeat, failures }) = self.entries.shift_remove(&key) else {
            return;
        };
        if !succeeded {
            let pause = RETRY_MAX.min(RETRY_FIRST.saturating_mul(1 << failures.min(8)));
            self.entries.insert(key, State::Waiting { not_before: now.plus(pause), failures: failures + 1 });
        } else if repeat {
            self.entries.insert(key, State::Waiting { not_before: Timestamp::EPOCH, failures: 0 });
        }
    }

    /// Whether nothing waits and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
#[path = "sync_queue_machine_tests.rs"]
mod machine;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MIN;

    fn messages(id: &str) -> SyncKey {
        SyncKey::Messages(ImSessionId::new(SessionType::P2p, id))
    }

    #[test]
    fn a_request_for_what_waits_changes_nothing() {
        let mut queue = SyncQueue::default();
        queue.request(messages("1"));
        queue.request(messages("1"));
        assert_eq!(queue.poll(NOW), Some(messages("1")));
        queue.finished(true, NOW);
        assert!(queue.is_idle());
    }

    #[test]
    fn requests_during_a_sync_make_one_more_round() {
        let mut queue = SyncQueue::default();
        queue.request(messages("1"));
        queue.poll(NOW);
        for _ in 0..5 {
            queue.request(messages("1"));
        }
        assert_eq!(queue.poll(NOW), None);
        queue.finished(true, NOW);
        assert_eq!(queue.poll(NOW), Some(messages("1")));
        queue.finished(true, NOW);
        assert!(queue.is_idle());
    }

    #[test]
    fn things_are_synced_in_the_order_of_their_requests() {
        let mut queue = SyncQueue::default();
        queue.request(SyncKey::Conversations);
        queue.request(messages("1"));
        assert_eq!(queue.poll(NOW), Some(SyncKey::Conversations));
        queue.request(SyncKey::Conversations);
        queue.finished(true, NOW);
        assert_eq!(queue.poll(NOW), Some(messages("1")));
    }

    #[test]
    fn a_failed_sync_waits_and_is_tried_again_while_others_go_on() {
        let mut queue = SyncQueue::default();
        queue.request(messages("1"));
        queue.poll(NOW);
        queue.finished(false, NOW);
        assert_eq!(queue.poll(NOW), None);
        queue.request(messages("2"));
        assert_eq!(queue.poll(NOW), Some(messages("2")));
        queue.finished(true, NOW);
        let later = NOW.plus(RETRY_FIRST);
        assert_eq!(queue.deadline(), Some(later));
        assert_eq!(queue.poll(later), Some(messages("1")));
    }

    #[test]
    fn a_new_request_ends_the_pause_of_a_failed_sync() {
        let mut queue = SyncQueue::default();
        queue.request(messages("1"));
        queue.poll(NOW);
        queue.finished(false, NOW);
        queue.request(messages("1"));
        assert_eq!(queue.poll(NOW), Some(messages("1")));
    }
}
