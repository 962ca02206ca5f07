//! The sync queue beside a plain list of who waits, and a tally of what is owed: each request is followed by a sync that
//! begins after it, however many requests come and however often syncs fail.

use std::time::Duration;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::{SyncKey, SyncQueue};
use crate::machines;
use crate::protocol::push::SyncType;
use crate::protocol::{ImSessionId, SessionType, Timestamp};

#[derive(Clone, Debug)]
enum Step {
    Request(usize),
    Pass(u64),
    /// Asks for the next sync.
    Poll,
    /// The sync that is under way ends.
    Finish(bool),
}

/// Keys that are easily taken for each other.
fn key(n: usize) -> SyncKey {
    let session = |kind, id| ImSessionId::new(kind, id);
    [
        SyncKey::Conversations,
        SyncKey::Contacts,
        SyncKey::UserSessions,
        SyncKey::Messages(session(SessionType::P2p, "1")),
        SyncKey::Members(session(SessionType::P2p, "1")),
        SyncKey::Messages(session(SessionType::Group, "1")),
        SyncKey::Conversation(SessionType::P2p, "1".to_owned()),
        SyncKey::Custom(SyncType(9), None),
        SyncKey::Custom(SyncType(9), Some("1".to_owned())),
    ][n]
        .clone()
}

const KEYS: usize = 9;

#[derive(Clone, Debug, PartialEq)]
struct Waiting {
    key: usize,
    /// In seconds; nothing is asked for before.
    due: u64,
    failures: usize,
}

#[derive(Clone, Debug, Default)]
struct Reference {
    /// In whole seconds.
    now: u64,
    /// In the order in which they began to wait.
    waiting: Vec<Waiting>,
    /// What is under way, how often it failed, and whether it was asked for again meanwhile.
    running: Option<(usize, usize, bool)>,
    /// Asked for, with no sync begun since.
    owed: Vec<usize>,
    /// What the last poll is to answer.
    answer: Option<usize>,
}

/// Rule `CLIENT-SYNC-COALESCE`; the pauses are the ones that the queue promises.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 16, 30];

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let (polls, ends) = if state.running.is_some() { (1, 4) } else { (4, 1) };
        prop_oneof![
            6 => (0..KEYS).prop_map(Step::Request),
            1 => (0..5_u64).prop_map(Step::Pass),
            1 => Just(Step::Pass(31)),
            polls => Just(Step::Poll),
            ends => any::<bool>().prop_map(Step::Finish),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.answer = None;
        match *step {
            Step::Pass(seconds) => state.now += seconds,
            Step::Request(key) => {
                if !state.owed.contains(&key) {
                    state.owed.push(key);
                }
                if let Some((running, _, again)) = &mut state.running
                    && *running == key
                {
                    *again = true;
                } else if let Some(known) = state.waiting.iter_mut().find(|waiting| waiting.key == key) {
                    known.due = 0;
                } else {
                    state.waiting.push(Waiting { key, due: 0, failures: 0 });
                }
            }
            Step::Poll if state.running.is_none() => {
                if let Some(place) = state.waiting.iter().position(|waiting| waiting.due <= state.now) {
                    let Waiting { key, failures, .. } = state.waiting.remove(place);
                    state.running = Some((key, failures, false));
                    state.owed.retain(|owed| *owed != key);
                    state.answer = Some(key);
                }
            }
            Step::Poll => {}
            Step::Finish(succeeded) => {
                if let Some((key, failures, again)) = state.running.take() {
                    if !succeeded {
                        let due = state.now + PAUSES[failures.min(5)];
                        state.waiting.push(Waiting { key, due, failures: failures + 1 });
                        // It is owed, whether asked for again or not: nothing that failed is forgotten.
                        state.owed.retain(|owed| *owed != key);
                        state.owed.push(key);
                    } else if again {
                        state.waiting.push(Waiting { key, due: 0, failures: 0 });
                    }
                }
            }
        }
        state
    }
}

struct Queue;

fn time(seconds: u64) -> Timestamp {
    Timestamp::MIN.plus(Duration::from_secs(seconds))
}

impl StateMachineTest for Queue {
    type SystemUnderTest = SyncQueue;
    type Reference = Reference;

    fn init_test(_: &Reference) -> SyncQueue {
        SyncQueue::default()
    }

    fn apply(mut queue: SyncQueue, reference: &Reference, step: Step) -> SyncQueue {
        match step {
            Step::Pass(_) => {}
            Step::Request(n) => queue.request(key(n)),
            Step::Poll => assert_eq!(queue.poll(time(reference.now)), reference.answer.map(key)),
            Step::Finish(succeeded) => queue.finished(succeeded, time(reference.now)),
        }
        queue
    }

    fn check_invariants(queue: &SyncQueue, reference: &Reference) {
        let things = reference.waiting.len() + usize::from(reference.running.is_some());
        assert_eq!(queue.entries.len(), things, "each thing once");
        assert_eq!(queue.is_idle(), things == 0);
        let next = reference.waiting.iter().map(|waiting| waiting.due).min();
        match next.filter(|_| reference.running.is_none()) {
            Some(0) => assert!(queue.deadline().is_some_and(|due| due <= time(reference.now)), "at once"),
            next => assert_eq!(queue.deadline(), next.map(time)),
        }
    }

    /// When no more is asked for and nothing fails, what is owed is synced, each once, and then there is peace.
    fn teardown(mut queue: SyncQueue, reference: Reference) {
        let mut owed = reference.owed.clone();
        if let Some((key, _, true)) = reference.running {
            assert!(owed.contains(&key), "CLIENT-SYNC-ROUND-AFTER");
        }
        let later = time(reference.now + 60);
        queue.finished(true, later);
        while let Some(synced) = queue.poll(later) {
            let place = owed.iter().position(|owed| key(*owed) == synced).expect("nobody asked for this");
            owed.remove(place);
            queue.finished(true, later);
        }
        assert_eq!(owed, [0; 0], "asked for and not synced");
        assert!(queue.is_idle());
    }
}

#[test]
fn every_request_is_followed_by_a_sync_and_none_runs_beside_another() {
    machines::run::<Queue>(1_000, 60);
}
