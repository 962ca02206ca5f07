//! A collection beside the list of everything that was ever received: pages in any order, stale and equal stamps,
//! tombstones, amendments, and restarts from what was stored.
//!
//! What the reference knows of a key is found by going through the whole list again each time.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::{Collection, Entry};
use crate::machines;
use crate::protocol::Timestamp;

#[derive(Clone, Debug, PartialEq)]
struct Thing {
    key: u8,
    value: u8,
    gone: bool,
    at: i64,
}

impl Entry for Thing {
    type Key = u8;
    fn key(&self) -> u8 {
        self.key
    }
    fn stamp(&self) -> Timestamp {
        at(self.at)
    }
    fn is_tombstone(&self) -> bool {
        self.gone
    }
}

/// Some stamps lie before the start of all watermarks.
fn at(stamp: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::MIN.as_millis() + stamp)
}

#[derive(Clone, Debug)]
enum Step {
    Page(Vec<Thing>),
    Amend {
        key: u8,
        value: u8,
    },
    MoveOn,
    /// What is held is written to the local store.
    Store,
    /// The client goes on from what it has stored, or from nothing.
    Restart,
}

/// All that was received, in its order; amendments are in it as if they had come with the stamp that was known.
#[derive(Clone, Debug, Default)]
struct Received {
    things: Vec<Thing>,
    /// Every stamp that a page brought, and how far was moved on.
    marks: Vec<i64>,
    stored: Option<(Vec<Thing>, Vec<i64>)>,
    /// What the last step is to answer.
    answer: usize,
}

impl Received {
    /// The last one received of those with the greatest stamp. Rules `SYNC-MERGE-KEY`, `SYNC-MERGE-IDEMPOTENT`.
    fn of(&self, key: u8) -> Option<&Thing> {
        let all = || self.things.iter().filter(|thing| thing.key == key);
        let newest = all().map(|thing| thing.at).max()?;
        all().rfind(|thing| thing.at == newest)
    }

    fn keys(&self) -> Vec<u8> {
        let mut keys = Vec::new();
        for thing in &self.things {
            if !keys.contains(&thing.key) {
                keys.push(thing.key);
            }
        }
        keys
    }

    fn watermark(&self) -> i64 {
        self.marks.iter().copied().fold(0, i64::max)
    }

    fn receive(&mut self, thing: &Thing) -> bool {
        let before = self.of(thing.key).cloned();
        self.things.push(thing.clone());
        self.of(thing.key).cloned() != before
    }
}

impl ReferenceStateMachine for Received {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let thing = (0..5_u8, 0..3_u8, any::<bool>(), -2..12_i64).prop_map(|(key, value, gone, at)| Thing {
            key,
            value,
            gone,
            at,
        });
        prop_oneof![
            8 => prop::collection::vec(thing, 0..5).prop_map(Step::Page),
            2 => (0..5_u8, 0..3_u8).prop_map(|(key, value)| Step::Amend { key, value }),
            1 => Just(Step::MoveOn),
            1 => Just(Step::Store),
            1 => Just(Step::Restart),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.answer = 0;
        match step {
            Step::Page(page) => {
                for thing in page {
                    state.marks.push(thing.at);
                    state.answer += usize::from(state.receive(thing));
                }
            }
            Step::Amend { key, value } => {
                if let Some(known) = state.of(*key).cloned() {
                    state.things.push(Thing { value: *value, ..known });
                    state.answer = 1;
                }
            }
            Step::MoveOn => state.marks.push(state.watermark() + 1),
            Step::Store => state.stored = Some((state.things.clone(), state.marks.clone())),
            Step::Restart => (state.things, state.marks) = state.stored.clone().unwrap_or_default(),
        }
        state
    }
}

#[derive(Debug, Default)]
struct Client {
    collection: Collection<Thing>,
    stored: Option<(Timestamp, Vec<Thing>)>,
}

impl StateMachineTest for Client {
    type SystemUnderTest = Self;
    type Reference = Received;

    fn init_test(_: &Received) -> Self {
        Self::default()
    }

    fn apply(mut client: Self, reference: &Received, step: Step) -> Self {
        let watermark = client.collection.watermark();
        let restarts = matches!(step, Step::Restart);
        let answer = match step {
            Step::Page(page) => client.collection.merge_page(page),
            Step::Amend { key, value } => {
                usize::from(client.collection.amend(&key, |thing| thing.value = value))
            }
            Step::MoveOn => {
                client.collection.move_on();
                0
            }
            Step::Store => {
                let entries = client.collection.iter_all().cloned().collect();
                client.stored = Some((client.collection.watermark(), entries));
                0
            }
            Step::Restart => {
                let (watermark, entries) = client.stored.clone().unwrap_or((Timestamp::MIN, Vec::new()));
                client.collection = Collection::restored(watermark, entries);
                0
            }
        };
        assert_eq!(answer, reference.answer, "what was new");
        assert!(restarts || client.collection.watermark() >= watermark, "SYNC-WATERMARK: never back");
        client
    }

    fn check_invariants(client: &Self, reference: &Received) {
        let held = &client.collection;
        assert_eq!(held.watermark(), at(reference.watermark()), "SYNC-WATERMARK");
        let all: Vec<&Thing> = reference.keys().into_iter().filter_map(|key| reference.of(key)).collect();
        assert_eq!(held.iter_all().collect::<Vec<_>>(), all, "in the order of their first arrival");
        let shown: Vec<&Thing> = all.into_iter().filter(|thing| !thing.gone).collect();
        assert_eq!(held.iter().collect::<Vec<_>>(), shown, "SYNC-MERGE-TOMBSTONE");
        assert_eq!((held.len(), held.is_empty()), (shown.len(), shown.is_empty()));
        for key in 0..5 {
            assert_eq!(held.find(&key), reference.of(key));
            assert_eq!(held.get(&key), reference.of(key).filter(|thing| !thing.gone));
        }
    }
}

#[test]
fn a_collection_is_what_the_list_of_all_that_came_says() {
    machines::run::<Client>(1_000, 30);
}
