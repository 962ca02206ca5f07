//! The send queue beside a plain list of messages with what has happened to each of them: order, tries and pauses,
//! contents, who failed and can be sent again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::{AfterStore, Draft, FAILED_MAX, Queued, SendQueue, Step as Due, StoreOutcome};
use crate::machines;
use crate::protocol::{ImSessionId, SessionType, Timestamp, limits};

#[derive(Clone, Copy, Debug)]
enum Step {
    Push {
        file: bool,
    },
    /// Asks what is due.
    Poll,
    /// The content of the message that is being prepared is made.
    Prepared,
    /// What is on its way ends.
    Finish(StoreOutcome),
    Pass(u64),
    /// A message is sent again, or forgotten, whatever became of it.
    Retry(u64),
    Discard(u64),
    /// The head fails so often in a row, and each time it is tried again as soon as that may be.
    FailInARow(usize),
    /// So many more messages are taken in; all that wait are refused.
    RefuseAll(usize),
}

/// What the queue answers to a step.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Prepare(u64),
    Store(u64, String),
    Stored(u64),
    Failed(u64),
    TryAgain,
    Retried(u64),
    Discarded(u64),
}

#[derive(Clone, Debug)]
struct Sent {
    id: u64,
    file: bool,
    /// Since it was handed over, or sent again.
    tries: u32,
    prepared: bool,
}

impl Sent {
    fn content(&self) -> String {
        if self.file { format!("uploaded {}", self.id) } else { format!(r#"{{"text":"{}"}}"#, self.id) }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Head {
    #[default]
    Rests,
    Prepares,
    Stores,
}

#[derive(Clone, Debug, Default)]
struct Reference {
    /// In milliseconds.
    now: u64,
    queue: Vec<Sent>,
    failed: Vec<Sent>,
    head: Head,
    not_before: Option<u64>,
    pushed: u64,
    said: Vec<Said>,
}

impl Reference {
    fn push(&mut self, file: bool) {
        self.queue.push(Sent { id: self.pushed, file, tries: 0, prepared: false });
        self.pushed += 1;
    }

    /// Rules `CLIENT-SEND-ORDER`, `CLIENT-SEND-UPLOAD-FIRST`.
    fn poll(&mut self) {
        let early = self.not_before.is_some_and(|time| self.now < time);
        let Some(first) = self.queue.first().filter(|_| self.head == Head::Rests && !early) else { return };
        let must_prepare = first.file && !first.prepared;
        self.head = if must_prepare { Head::Prepares } else { Head::Stores };
        self.said.push(match must_prepare {
            true => Said::Prepare(first.id),
            false => Said::Store(first.id, first.content()),
        });
    }

    /// Rules `CLIENT-STORE-RETRY`, `CLIENT-STORE-REFUSED`.
    fn finish(&mut self, outcome: StoreOutcome) {
        self.head = Head::Rests;
        let first = &mut self.queue[0];
        first.tries += 1;
        if outcome == StoreOutcome::Transient && first.tries <= 60 {
            self.not_before = Some(self.now + 5_000);
            return self.said.push(Said::TryAgain);
        }
        self.not_before = None;
        let first = self.queue.remove(0);
        if outcome == StoreOutcome::Stored {
            return self.said.push(Said::Stored(first.id));
        }
        self.said.push(Said::Failed(first.id));
        self.failed.push(first);
        let too_many = self.failed.len().saturating_sub(FAILED_MAX);
        self.failed.drain(..too_many);
    }

    fn take_failed(&mut self, id: u64) -> Option<Sent> {
        let place = self.failed.iter().position(|sent| sent.id == id)?;
        Some(self.failed.remove(place))
    }
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        // Mostly one that failed.
        let failed: Vec<u64> = state.failed.iter().map(|sent| sent.id).collect();
        let all = 0..state.pushed + 1;
        let some = if failed.is_empty() { all.boxed() } else { prop::sample::select(failed).boxed() };
        let outcome = prop_oneof![
            3 => Just(StoreOutcome::Stored),
            2 => Just(StoreOutcome::Transient),
            1 => Just(StoreOutcome::Refused),
        ];
        let (rests, prepares, stores) = match state.head {
            Head::Rests => (8, 0, 0),
            Head::Prepares => (1, 6, 2),
            Head::Stores => (1, 0, 8),
        };
        prop_oneof![
            4 => any::<bool>().prop_map(|file| Step::Push { file }),
            rests => Just(Step::Poll),
            prepares => Just(Step::Prepared),
            stores => outcome.prop_map(Step::Finish),
            3 => prop_oneof![0..5_000_u64, Just(5_000)].prop_map(Step::Pass),
            2 => some.clone().prop_map(Step::Retry),
            1 => some.prop_map(Step::Discard),
            1 => (1..70_usize).prop_map(Step::FailInARow),
            1 => (0..70_usize).prop_map(Step::RefuseAll),
        ]
        .boxed()
    }

    /// What drives the queue ends only what it was given.
    fn preconditions(state: &Self, step: &Step) -> bool {
        match step {
            Step::Prepared => state.head == Head::Prepares,
            Step::Finish(StoreOutcome::Stored) => state.head == Head::Stores,
            Step::Finish(_) => state.head != Head::Rests,
            Step::FailInARow(_) => state.head == Head::Rests && !state.queue.is_empty(),
            Step::RefuseAll(_) => state.head == Head::Rests,
            _ => true,
        }
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.said.clear();
        match *step {
            Step::Push { file } => state.push(file),
            Step::Poll => state.poll(),
            Step::Prepared => {
                state.queue[0].prepared = true;
                state.head = Head::Rests;
                state.not_before = None;
            }
            Step::Finish(outcome) => state.finish(outcome),
            Step::Pass(millis) => state.now += millis,
            Step::Retry(id) => {
                if let Some(sent) = state.take_failed(id) {
                    state.queue.push(Sent { tries: 0, ..sent });
                    state.said.push(Said::Retried(id));
                }
            }
            Step::Discard(id) => {
                if state.take_failed(id).is_some() {
                    state.said.push(Said::Discarded(id));
                }
            }
            Step::FailInARow(times) => {
                for _ in 0..times {
                    state.now = state.now.max(state.not_before.unwrap_or(0));
                    state.poll();
                    if state.head != Head::Rests {
                        state.finish(StoreOutcome::Transient);
                    }
                }
            }
            Step::RefuseAll(more) => {
                (0..more).for_each(|_| state.push(false));
                state.now = state.now.max(state.not_before.unwrap_or(0));
                while !state.queue.is_empty() {
                    state.poll();
                    state.finish(StoreOutcome::Refused);
                }
            }
        }
        state
    }
}

/// The queue and the drafts that it was given: a message goes out as what it is, whenever and however often.
#[derive(Debug, Default)]
struct Client {
    queue: SendQueue,
    drafts: BTreeMap<u64, Arc<Draft>>,
    said: Vec<Said>,
}

impl Client {
    fn push(&mut self, file: bool) {
        let session = ImSessionId::new(SessionType::P2p, "1");
        let n = self.drafts.len();
        let draft = match file {
            true => Draft::file(session, &n.to_string(), "text/plain", &b"bytes"[..]),
            false => Draft::text(session, &n.to_string()),
        };
        let id = self.queue.push(draft);
        let draft = self.queue.queue.back().unwrap().queued.draft.clone();
        assert!(self.drafts.insert(id, draft).is_none(), "a number is given once");
    }

    fn id(&self, queued: &Queued) -> u64 {
        assert!(Arc::ptr_eq(&queued.draft, &self.drafts[&queued.local_id]));
        queued.local_id
    }

    fn poll(&mut self, now: Timestamp) -> bool {
        let said = match self.queue.poll(now) {
            Some(Due::Prepare(queued)) => Said::Prepare(self.id(&queued)),
            Some(Due::Store(queued, content)) => Said::Store(self.id(&queued), content.to_string()),
            None => return false,
        };
        self.said.push(said);
        true
    }

    fn finish(&mut self, outcome: StoreOutcome, now: Timestamp) {
        let said = match self.queue.finished(outcome, now) {
            AfterStore::Stored(queued) => Said::Stored(self.id(&queued)),
            AfterStore::Failed(queued) => Said::Failed(self.id(&queued)),
            AfterStore::TryAgain => Said::TryAgain,
        };
        self.said.push(said);
    }
}

fn time(millis: u64) -> Timestamp {
    Timestamp::MIN.plus(Duration::from_millis(millis))
}

impl StateMachineTest for Client {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Self {
        Self::default()
    }

    fn apply(mut client: Self, reference: &Reference, step: Step) -> Self {
        client.said.clear();
        let mut now = time(reference.now);
        match step {
            Step::Push { file } => client.push(file),
            Step::Poll => drop(client.poll(now)),
            Step::Prepared => {
                let id = client.queue.queue[0].queued.local_id;
                client.queue.prepared(format!("uploaded {id}").into());
            }
            Step::Finish(outcome) => client.finish(outcome, now),
            Step::Pass(_) => {}
            Step::Retry(id) => {
                let retried = client.queue.retry(id);
                client.said.extend(retried.map(|queued| Said::Retried(client.id(&queued))));
            }
            Step::Discard(id) => {
                let discarded = client.queue.discard(id);
                client.said.extend(discarded.map(|queued| Said::Discarded(client.id(&queued))));
            }
            Step::FailInARow(times) => {
                // The reference has come to the end of it: back to where the first of them was due.
                let pauses = reference.said.iter().filter(|said| **said == Said::TryAgain).count();
                let last_pauses = reference.not_before.is_some();
                let waited = u32::try_from(pauses - usize::from(last_pauses)).unwrap();
                now = Timestamp::from_millis(
                    now.as_millis() - i64::try_from((limits::STORE_RETRY * waited).as_millis()).unwrap(),
                );
                for _ in 0..times {
                    now = now.max(client.queue.deadline().unwrap_or(now));
                    if client.poll(now) {
                        client.finish(StoreOutcome::Transient, now);
                    }
                }
                assert_eq!(now, time(reference.now));
            }
            Step::RefuseAll(more) => {
                (0..more).for_each(|_| client.push(false));
                while client.poll(now) {
                    client.finish(StoreOutcome::Refused, now);
                }
            }
        }
        assert_eq!(client.said, reference.said);
        client
    }

    fn check_invariants(client: &Self, reference: &Reference) {
        let queue = &client.queue;
        assert_eq!((queue.len(), queue.is_empty()), (reference.queue.len(), reference.queue.is_empty()));
        assert_eq!(
            queue.deadline(),
            reference.not_before.filter(|_| reference.head == Head::Rests).map(time)
        );
        assert!(queue.failed.len() <= FAILED_MAX);
    }

    /// When nothing fails any more, all that wait are stored, each once and in their order.
    fn teardown(mut client: Self, reference: Reference) {
        let mut now = time(reference.now);
        if reference.head != Head::Rests {
            client.finish(StoreOutcome::Transient, now);
        }
        client.said.clear();
        let waiting = client.queue.len();
        for _ in 0..2 * waiting {
            now = now.max(client.queue.deadline().unwrap_or(now));
            client.poll(now);
            match client.said.last() {
                Some(Said::Prepare(id)) => client.queue.prepared(format!("uploaded {id}").into()),
                Some(Said::Store(..)) => client.finish(StoreOutcome::Stored, now),
                _ => {}
            }
        }
        assert!(client.queue.is_empty());
        let stored = client.said.iter().filter_map(|said| match said {
            Said::Stored(id) => Some(*id),
            _ => None,
        });
        // One that was at its last try when the connection went may have been given up.
        let given_up = reference.queue.len() - waiting;
        let order: Vec<u64> = reference.queue.iter().skip(given_up).map(|sent| sent.id).collect();
        assert_eq!(stored.collect::<Vec<_>>(), order);
    }
}

#[test]
fn messages_go_out_in_their_order_each_as_what_it_is_and_none_is_lost() {
    machines::run::<Client>(500, 60);
}
