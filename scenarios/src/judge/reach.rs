//! What a run has reached: a run that never met a code or a fault says nothing about what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Method, StatusCode};
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use y2w_sdk::Event;
use y2w_sdk::protocol::SendReturnCode;
use y2w_sdk::push::{ConnectionState, Trouble};

use crate::history::{Happening, Outcome, Pushed, What};

/// What can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reached {
    /// A device was kicked.
    Kick,
    /// A connection was lost and came back.
    Reconnection,
    /// A push server refused a connection.
    Refusal,
    /// A command met return code 26: the push server did not know the session.
    UnknownSession,
    /// A command met return code 27: the client knew older members.
    ClientBehind,
    /// A command met return code 28: the push server knew older members.
    ServerBehind,
    /// The members were sent by force.
    Force,
    /// A command got no reply in time.
    Timeout,
    /// A token had expired.
    TokenExpired,
    /// A client was told that it is no member any more.
    Removed,
    /// A request got no answer.
    NoAnswer,
    /// A page of history was the last one.
    HistoryEnd,
    /// Two messages reached one session within a millisecond: the server had to give them two stamps all the same.
    SameMillisecond,
    /// A step was refused.
    StepRefused,
    /// A step failed.
    StepFailed,
}

impl Reached {
    /// All, with what they are called.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Kick, "kick"),
        (Self::Reconnection, "reconnection"),
        (Self::Refusal, "refused connection"),
        (Self::UnknownSession, "26 unknown session"),
        (Self::ClientBehind, "27 client behind"),
        (Self::ServerBehind, "28 server behind"),
        (Self::Force, "force"),
        (Self::Timeout, "reply timeout"),
        (Self::TokenExpired, "token expiry"),
        (Self::Removed, "403 after removal"),
        (Self::NoAnswer, "request without answer"),
        (Self::HistoryEnd, "end of history"),
        (Self::SameMillisecond, "two messages in a millisecond"),
        (Self::StepRefused, "refused step"),
        (Self::StepFailed, "failed step"),
    ];
}

/// How often what was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    counts: BTreeMap<Reached, u64>,
}

/// Counts what a run reaches, while it does.
#[derive(Debug, Default)]
pub(super) struct Reaching {
    /// What was reached so far.
    pub(super) reach: Reach,
    /// When a message last reached each session, in milliseconds.
    stored: FxHashMap<Arc<str>, u64>,
    /// Pages of history that were asked for, with how many messages each may have.
    pages: BTreeMap<u64, usize>,
}

/// The limit in a query; none asked for, none reached.
fn limit(path: &str) -> usize {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    limit.and_then(|limit| limit.parse().ok()).unwrap_or(0)
}

/// How many entries an array has; as many as there can be, if it is none.
fn entries(body: &[u8]) -> usize {
    serde_json::from_slice::<Vec<&RawValue>>(body).map_or(usize::MAX, |entries| entries.len())
}

impl Reach {
    /// How often that was reached.
    pub fn count(&self, reached: Reached) -> u64 {
        self.counts.get(&reached).copied().unwrap_or(0)
    }

    /// Takes another run's in.
    pub fn add(&mut self, other: &Self) {
        for (reached, count) in &other.counts {
            *self.counts.entry(*reached).or_default() += count;
        }
    }
}

impl Reaching {
    pub(super) fn watch(&mut self, happening: &Happening) {
        let reached = match &happening.what {
            What::Told(Event::Kicked) => Reached::Kick,
            What::Told(Event::Connection(ConnectionState::Reconnecting { attempt: 1 })) => {
                Reached::Reconnection
            }
            What::Told(Event::Trouble(Trouble::Refused(_))) => Reached::Refusal,
            What::Told(Event::Removed { .. }) => Reached::Removed,
            What::Push { pushed: Pushed::Reply(reply), .. } => match reply.return_code {
                SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST => Reached::UnknownSession,
                SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED => Reached::ClientBehind,
                SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED => Reached::ServerBehind,
                _ => return,
            },
            What::Push { pushed: Pushed::Command(command), .. } if command.force => Reached::Force,
            What::Told(Event::Trouble(Trouble::Unanswered(_))) => Reached::Timeout,
            What::Answer { status: None, .. } => Reached::NoAnswer,
            What::Answer { status: Some(StatusCode::UNAUTHORIZED), .. } => Reached::TokenExpired,
            What::Arrives(arrived)
                if arrived.method == Method::POST && arrived.path.ends_with("/messages") =>
            {
                let millis = happening.at / 1_000;
                if self.stored.insert(arrived.path.clone(), millis) != Some(millis) {
                    return;
                }
                Reached::SameMillisecond
            }
            What::Arrives(arrived) if arrived.is_history() => {
                self.pages.insert(arrived.call, limit(&arrived.path));
                return;
            }
            What::Served { call, answer } => match (self.pages.remove(call), answer) {
                (Some(limit), Some(answer)) if entries(&answer.body) < limit => Reached::HistoryEnd,
                _ => return,
            },
            What::StepEnds { outcome: Outcome::Refused(_), .. } => Reached::StepRefused,
            What::StepEnds { outcome: Outcome::Failed(_), .. } => Reached::StepFailed,
            _ => return,
        };
        *self.reach.counts.entry(reached).or_default() += 1;
    }
}
