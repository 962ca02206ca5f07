//! The send queue: messages are stored strictly in the order they were sent. Rule `CLIENT-SEND-ORDER`.
//!
//! Life of a message: queued → preparing (where its file is uploaded, say) → storing → stored, or → waiting to be
//! tried again → …, or → failed. Only the head is ever on its way, so a later message can never be stored before an
//! earlier one, and what is prepared once is not prepared again, even if the message failed and is sent again
//! (`CLIENT-SEND-UPLOAD-FIRST`). A failure that another
//! try cannot mend ends the message at once; any other is tried again after [`limits::STORE_RETRY`], up to
//! [`limits::STORE_RETRIES`] times (`CLIENT-STORE-RETRY`). All tries of one message carry one idempotency key. The
//! newest [`FAILED_MAX`] failed ones are held, so that an application can have them tried again.

use std::collections::VecDeque;
use std::sync::Arc;

use super::draft::{Body, Draft};
use crate::protocol::{Timestamp, limits};

/// Failed messages that can be tried again; older ones are let go.
pub const FAILED_MAX: usize = 100;

/// A draft in the queue.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its number among all that this client sent.
    pub local_id: u64,
    /// What to send.
    pub draft: Arc<Draft>,
}

/// What to do for the head of the queue.
#[derive(Clone, Debug)]
pub enum Step {
    /// Make its content, then call [`SendQueue::prepared`], or [`SendQueue::finished`] if that failed.
    Prepare(Queued),
    /// Store it with this content, then call [`SendQueue::finished`].
    Store(Queued, Arc<str>),
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOutcome {
    /// The server has acknowledged the message.
    Stored,
    /// It may go better another time.
    Transient,
    /// It will not go better.
    Refused,
}

/// What became of the head after a try.
#[derive(Clone, Debug)]
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
    queue: VecDeque<Entry>,
    failed: VecDeque<Entry>,
    next_id: u64,
    attempts: u32,
    head: Head,
}

#[derive(Debug)]
struct Entry {
    queued: Queued,
    /// The message's content, once it is known.
    content: Option<Arc<str>>,
}

#[derive(Debug, Default, PartialEq)]
enum Head {
    #[default]
    Ready,
    OnItsWay,
    WaitingUntil(Timestamp),
}

impl SendQueue {
    /// Takes a draft in; its number is unique in this client.
    pub fn push(&mut self, draft: Draft) -> u64 {
        let local_id = self.next_id;
        self.next_id += 1;
        let content = match &draft.body {
            Body::Ready(content) => Some(content.clone()),
            Body::Prepare(_) => None,
        };
        self.queue.push_back(Entry { queued: Queued { local_id, draft: Arc::new(draft) }, content });
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

    /// What to do now, if something is due. It is on its way until one of the answers is given.
    pub fn poll(&mut self, now: Timestamp) -> Option<Step> {
        match self.head {
            Head::OnItsWay => return None,
            Head::WaitingUntil(time) if now < time => return None,
            Head::Ready | Head::WaitingUntil(_) => {}
        }
        let head = self.queue.front()?;
        self.head = Head::OnItsWay;
        let queued = head.queued.clone();
        Some(match &head.content {
            Some(content) => Step::Store(queued, content.clone()),
            None => Step::Prepare(queued),
        })
    }

    /// When [`Self::poll`] has something to give at the latest, if it has nothing now.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.head {
            Head::WaitingUntil(time) => Some(time),
            Head::Ready | Head::OnItsWay => None,
        }
    }

    /// The head's content is made: it is stored next.
    pub fn prepared(&mut self, content: Arc<str>) {
        if self.head == Head::OnItsWay
            && let Some(head) = self.queue.front_mut()
        {
            head.content = Some(content);
            self.head = Head::Ready;
        }
    }

    /// The try that [`Self::poll`] gave out has ended.
    pub fn finished(&mut self, outcome: StoreOutcome, now: Timestamp) -> AfterStore {
        self.attempts += 1;
        let give_up = outcome == StoreOutcome::Refused || self.attempts > limits::STORE_RETRIES;
        if outcome == StoreOutcome::Transient && !give_up {
            self.head = Head::WaitingUntil(now.plus(limits::STORE_RETRY));
            return AfterStore::TryAgain;
        }
        self.head = Head::Ready;
        self.attempts = 0;
        match self.queue.pop_front() {
            Some(done) if outcome == StoreOutcome::Stored => AfterStore::Stored(done.queued),
            Some(done) => {
                if self.failed.len() == FAILED_MAX {
                    self.failed.pop_front();
                }
                let queued = done.queued.clone();
                self.failed.push_back(done);
                AfterStore::Failed(queued)
            }
            None => AfterStore::TryAgain,
        }
    }

    /// Puts a failed message at the end of the queue again, under its number and its idempotency key; `None` if it is
    /// not among the failed.
    pub fn retry(&mut self, local_id: u64) -> Option<Queued> {
        let failed = self.take_failed(local_id)?;
        let queued = failed.queued.clone();
        self.queue.push_back(failed);
        Some(queued)
    }

    /// Forgets a failed message.
    pub fn discard(&mut self, local_id: u64) -> Option<Queued> {
        self.take_failed(local_id).map(|failed| failed.queued)
    }

    fn take_failed(&mut self, local_id: u64) -> Option<Entry> {
        let place = self.failed.iter().position(|failed| failed.queued.local_id == local_id)?;
        self.failed.remove(place)
    }
}

#[cfg(test)]
#[path = "send_queue_machine_tests.rs"]
mod machine;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ImSessionId, SessionType};

    const NOW: Timestamp = Timestamp::MIN;

    fn session() -> ImSessionId {
        ImSessionId::new(SessionType::P2p, "1")
    }

    fn queue(n: usize) -> SendQueue {
        let mut queue = SendQueue::default();
        for i in 0..n {
            queue.push(Draft::text(session(), &i.to_string()));
        }
        queue
    }

    fn due(queue: &mut SendQueue, now: Timestamp) -> Option<(&'static str, u64)> {
        queue.poll(now).map(|step| match step {
            Step::Prepare(queued) => ("prepare", queued.local_id),
            Step::Store(queued, _) => ("store", queued.local_id),
        })
    }

    #[test]
    fn a_message_waits_for_the_one_before_it() {
        let mut queue = queue(2);
        assert_eq!(due(&mut queue, NOW), Some(("store", 0)));
        assert_eq!(due(&mut queue, NOW), None);
        assert!(
            matches!(queue.finished(StoreOutcome::Stored, NOW), AfterStore::Stored(q) if q.local_id == 0)
        );
        assert_eq!(due(&mut queue, NOW), Some(("store", 1)));
    }

    #[test]
    fn a_transient_failure_is_tried_again_after_the_pause_and_keeps_its_place() {
        let mut queue = queue(2);
        due(&mut queue, NOW);
        assert!(matches!(queue.finished(StoreOutcome::Transient, NOW), AfterStore::TryAgain));
        assert_eq!(due(&mut queue, NOW), None);
        let later = NOW.plus(limits::STORE_RETRY);
        assert_eq!(queue.deadline(), Some(later));
        assert_eq!(due(&mut queue, later), Some(("store", 0)));
    }

    #[test]
    fn after_the_last_retry_a_message_is_given_up_and_the_next_one_goes_on() {
        let mut queue = queue(2);
        let mut now = NOW;
        for retry in 0..=limits::STORE_RETRIES {
            assert_eq!(due(&mut queue, now), Some(("store", 0)), "retry {retry}");
            let after = queue.finished(StoreOutcome::Transient, now);
            assert_eq!(matches!(after, AfterStore::Failed(_)), retry == limits::STORE_RETRIES);
            now = now.plus(limits::STORE_RETRY);
        }
        assert_eq!(due(&mut queue, now), Some(("store", 1)));
    }

    #[test]
    fn a_refused_message_is_given_up_at_once_and_can_be_sent_again_behind_the_others() {
        let mut queue = queue(2);
        due(&mut queue, NOW);
        assert!(matches!(queue.finished(StoreOutcome::Refused, NOW), AfterStore::Failed(_)));
        assert_eq!(queue.retry(0).map(|q| q.local_id), Some(0));
        assert!(queue.retry(0).is_none());
        assert_eq!(due(&mut queue, NOW), Some(("store", 1)));
        queue.finished(StoreOutcome::Stored, NOW);
        assert_eq!(due(&mut queue, NOW), Some(("store", 0)));
    }

    #[test]
    fn a_file_is_uploaded_once_and_before_its_message_is_stored() {
        let mut queue = SendQueue::default();
        queue.push(Draft::file(session(), "plan.pdf", "application/pdf", &b"bytes"[..]));
        assert_eq!(due(&mut queue, NOW), Some(("prepare", 0)));
        assert!(matches!(queue.finished(StoreOutcome::Transient, NOW), AfterStore::TryAgain));
        let later = NOW.plus(limits::STORE_RETRY);
        assert_eq!(due(&mut queue, later), Some(("prepare", 0)));
        queue.prepared("{}".into());
        assert_eq!(due(&mut queue, later), Some(("store", 0)));
        queue.finished(StoreOutcome::Transient, later);
        assert_eq!(due(&mut queue, later.plus(limits::STORE_RETRY)), Some(("store", 0)));
    }

    #[test]
    fn a_file_is_not_uploaded_again_when_its_message_failed_and_is_sent_again() {
        let mut queue = SendQueue::default();
        queue.push(Draft::file(session(), "plan.pdf", "application/pdf", &b"bytes"[..]));
        due(&mut queue, NOW);
        queue.prepared("{}".into());
        due(&mut queue, NOW);
        queue.finished(StoreOutcome::Refused, NOW);
        queue.retry(0);
        assert_eq!(due(&mut queue, NOW), Some(("store", 0)));
    }

    #[test]
    fn the_content_of_one_message_never_goes_out_with_the_next() {
        let mut queue = queue(2);
        let contents: Vec<String> = (0..2)
            .map(|_| match queue.poll(NOW) {
                Some(Step::Store(_, content)) => {
                    queue.finished(StoreOutcome::Stored, NOW);
                    content.to_string()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(contents, [r#"{"text":"0"}"#, r#"{"text":"1"}"#]);
    }
}
