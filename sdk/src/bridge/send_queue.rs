//! The send queue: messages are stored strictly in the order they were sent. Rule `CLIENT-SEND-ORDER`.
//!
//! Life of a message: queued → storing → stored, or → waiting to be tried again → storing …, or → failed. Only the
//! head is ever on its way, so a later message can never be stored before an earlier one. A failure that another try
//! cannot mend ends the message at once; any other is tried again after [`limits::STORE_RETRY`], up to
//! [`limits::STORE_RETRIES`] times (`CLIENT-STORE-RETRY`). All tries of one message carry one idempotency key.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::{ImSessionId, MessageType, Timestamp, limits};

/// What an application hands over to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// To which session.
    pub session: ImSessionId,
    /// What it holds.
    pub kind: MessageType,
    /// A string of JSON whose form depends on `kind`.
    pub content: Arc<str>,
    /// The text for the receivers' platform notification.
    pub notification: String,
    /// What else the notice carries to the receivers, beside what to sync.
    pub notice_extra: serde_json::Map<String, serde_json::Value>,
}

/// A draft in the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued {
    /// Its number among all that this client sent.
    pub local_id: u64,
    /// What to send.
    pub draft: Arc<Draft>,
}

/// How a try to store a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOutcome {
    /// The server has acknowledged it.
    Stored,
    /// It may go better another time.
    Transient,
    /// The server will not have it.
    Refused,
}

/// What became of the head after a try.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterStore {
    /// Stored; the notice is due.
    Stored(Queued),
    /// Given up.
    Failed(Queued),
    /// Waits for its next try.
    TryAgain,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct SendQueue {
    queue: VecDeque<Queued>,
    next_id: u64,
    attempts: u32,
    head: Head,
}

#[derive(Debug, Default, PartialEq)]
enum Head {
    #[default]
    Ready,
    Storing,
    WaitingUntil(Timestamp),
}

impl SendQueue {
    /// Takes a draft in; its number is unique in this client.
    pub fn push(&mut self, draft: Draft) -> u64 {
        let local_id = self.next_id;
        self.next_id += 1;
        self.queue.push_back(Queued { local_id, draft: Arc::new(draft) });
        local_id
    }

    /// How many are not yet stored or given up.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether all is stored or given up.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The message to store now, if one is due. It stays the head until [`Self::finished`].
    pub fn poll(&mut self, now: Timestamp) -> Option<Queued> {
        match self.head {
            Head::Storing => return None,
            Head::WaitingUntil(time) if now < time => return None,
            Head::Ready | Head::WaitingUntil(_) => {}
        }
        let head = self.queue.front()?.clone();
        self.head = Head::Storing;
        self.attempts += 1;
        Some(head)
    }

    /// When [`Self::poll`] has something to give at the latest, if it has nothing now.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.head {
            Head::WaitingUntil(time) => Some(time),
            Head::Ready | Head::Storing => None,
        }
    }

    /// The try that [`Self::poll`] gave out has ended.
    pub fn finished(&mut self, outcome: StoreOutcome, now: Timestamp) -> AfterStore {
        let give_up = outcome == StoreOutcome::Refused || self.attempts > limits::STORE_RETRIES;
        if outcome == StoreOutcome::Transient && !give_up {
            self.head = Head::WaitingUntil(now.plus(limits::STORE_RETRY));
            return AfterStore::TryAgain;
        }
        self.head = Head::Ready;
        self.attempts = 0;
        match self.queue.pop_front() {
            Some(done) if outcome == StoreOutcome::Stored => AfterStore::Stored(done),
            Some(done) => AfterStore::Failed(done),
            None => AfterStore::TryAgain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::SessionType;

    const NOW: Timestamp = Timestamp::MIN;

    fn queue(n: usize) -> SendQueue {
        let mut queue = SendQueue::default();
        for i in 0..n {
            queue.push(Draft {
                session: ImSessionId::new(SessionType::P2p, "1"),
                kind: MessageType::Text,
                content: i.to_string().into(),
                notification: String::new(),
                notice_extra: serde_json::Map::new(),
            });
        }
        queue
    }

    #[test]
    fn a_message_waits_for_the_one_before_it() {
        let mut queue = queue(2);
        assert_eq!(queue.poll(NOW).map(|q| q.local_id), Some(0));
        assert_eq!(queue.poll(NOW), None);
        assert!(
            matches!(queue.finished(StoreOutcome::Stored, NOW), AfterStore::Stored(q) if q.local_id == 0)
        );
        assert_eq!(queue.poll(NOW).map(|q| q.local_id), Some(1));
    }

    #[test]
    fn a_transient_failure_is_tried_again_after_the_pause_and_keeps_its_place() {
        let mut queue = queue(2);
        queue.poll(NOW);
        assert_eq!(queue.finished(StoreOutcome::Transient, NOW), AfterStore::TryAgain);
        assert_eq!(queue.poll(NOW), None);
        let later = NOW.plus(limits::STORE_RETRY);
        assert_eq!(queue.deadline(), Some(later));
        assert_eq!(queue.poll(later).map(|q| q.local_id), Some(0));
    }

    #[test]
    fn after_the_last_retry_a_message_is_given_up_and_the_next_one_goes_on() {
        let mut queue = queue(2);
        let mut now = NOW;
        for retry in 0..=limits::STORE_RETRIES {
            assert_eq!(queue.poll(now).map(|q| q.local_id), Some(0), "retry {retry}");
            let after = queue.finished(StoreOutcome::Transient, now);
            assert_eq!(matches!(after, AfterStore::Failed(_)), retry == limits::STORE_RETRIES);
            now = now.plus(limits::STORE_RETRY);
        }
        assert_eq!(queue.poll(now).map(|q| q.local_id), Some(1));
    }

    #[test]
    fn a_refused_message_is_given_up_at_once() {
        let mut queue = queue(1);
        queue.poll(NOW);
        assert!(matches!(queue.finished(StoreOutcome::Refused, NOW), AfterStore::Failed(_)));
        assert!(queue.is_empty());
    }
}
