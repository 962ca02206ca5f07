//! What a case was told from outside, kept so that it can be told again: every answer, every piece of a stream, and what
//! an operator did or could not do.
//!
//! Life: while a case runs against a server, each thing that comes from outside passes through [`Tape::told`], which
//! keeps it under what it is the answer to. A case that is judged again asks the same and is told the same, in the order
//! in which it was, also where it asks several things at once: nothing is waited for, and no server is there.
//!
//! Invariants:
//!
//! * A case does nothing but by what it was told: the same tape leads to the same checks.
//! * What is asked is kept as a digest, for passwords may be in it. What was answered is kept as it came: the login
//!   tokens of the case's users are in it, as long as the server takes them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use y2w_sdk::clock::Clock;

use super::verdict::Stop;

/// See the module's text.
pub(super) struct Tape {
    state: Mutex<State>,
}

enum State {
    Recording {
        clock: Clock,
        began: Duration,
        told: Vec<Told>,
    },
    /// What is left, each with its place in the order; and the place after the last that was told.
    Telling {
        now: u64,
        told: BTreeMap<String, VecDeque<(usize, Told)>>,
        next: usize,
    },
}

/// How often somebody lets others go first whose turn it should be: they may not be there, in a recording that is of
/// another case.
const TURNS_MAX: u32 = 10_000;

/// One thing that a case was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// What it is the answer to.
    to: String,
    /// When, in microseconds since the case began.
    at: u64,
    what: Value,
}

impl Tape {
    /// An empty one, to be recorded on.
    pub(super) fn new(clock: Clock) -> Self {
        Self { state: Mutex::new(State::Recording { clock, began: clock.elapsed(), told: Vec::new() }) }
    }

    /// One that tells what was recorded.
    pub(super) fn of(recorded: Vec<Told>) -> Self {
        let mut told: BTreeMap<String, VecDeque<(usize, Told)>> = BTreeMap::new();
        for (place, one) in recorded.into_iter().enumerate() {
            told.entry(one.to.clone()).or_default().push_back((place, one));
        }
        Self { state: Mutex::new(State::Telling { now: 0, told, next: 0 }) }
    }

    /// What comes from outside, as the answer to that: it is waited for, or told again.
    pub(super) async fn told<T: Serialize + DeserializeOwned>(
        &self,
        to: String,
        outside: impl Future<Output = T>,
    ) -> Result<T, Stop> {
        if self.is_telling() {
            for _ in 0..TURNS_MAX {
                if self.is_turn_of(&to) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            return self.tell(&to);
        }
        let what = outside.await;
        let kept = serde_json::to_value(&what)
            .map_err(|why| Stop::Harness(format!("what was told to {to} cannot be kept: {why}")))?;
        if let State::Recording { clock, began, told } = &mut *self.state.lock() {
            told.push(Told { to, at: micros(*clock, *began), what: kept });
        }
        Ok(what)
    }

    /// Whether what was recorded before it has been told.
    fn is_turn_of(&self, to: &str) -> bool {
        let State::Telling { told, next, .. } = &*self.state.lock() else { return true };
        told.get(to).and_then(VecDeque::front).is_none_or(|(place, _)| place <= next)
    }

    /// The next that was recorded of that.
    fn tell<T: DeserializeOwned>(&self, to: &str) -> Result<T, Stop> {
        let missing = || Stop::Harness(format!("the recording has nothing told to: {to}"));
        let mut state = self.state.lock();
        let State::Telling { now, told, next } = &mut *state else { return Err(missing()) };
        let (place, one) = told.get_mut(to).and_then(VecDeque::pop_front).ok_or_else(missing)?;
        *now = one.at.max(*now);
        *next = (place + 1).max(*next);
        serde_json::from_value(one.what)
            .map_err(|why| Stop::Harness(format!("the recording cannot be read at: {to}: {why}")))
    }

    /// Whether it tells what was recorded: then there is nothing to wait for.
    fn is_telling(&self) -> bool {
        matches!(*self.state.lock(), State::Telling { .. })
    }

    /// Microseconds since the case began.
    pub(super) fn now(&self) -> u64 {
        match &*self.state.lock() {
            State::Recording { clock, began, .. } => micros(*clock, *began),
            State::Telling { now, .. } => *now,
        }
    }

    /// What was recorded.
    pub(super) fn take(&self) -> Vec<Told> {
        match &mut *self.state.lock() {
            State::Recording { told, .. } => std::mem::take(told),
            State::Telling { .. } => Vec::new(),
        }
    }
}

fn micros(clock: Clock, began: Duration) -> u64 {
    u64::try_from((clock.elapsed() - began).as_micros()).unwrap_or(u64::MAX)
}

/// Bytes on a tape: as text where they are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept(pub(super) Bytes);

impl Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => self.0[..].serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Bytes(Vec<u8>),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Text(text) => text.into(),
            Either::Bytes(bytes) => bytes.into(),
        }))
    }
}
