//! What a run has reached: a run that never met a code or a fault says nothing about what comes of it.

use std::collections::BTreeMap;

use http::StatusCode;
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
    /// The end of a history was reached.
    HistoryEnd,
    /// A step was refused.
    StepRefused,
    /// A step failed.
    StepFailed,
}

impl Reached {
    /// All, with what they are called.
    pub const ALL: [(Self, &'static str); 14] = [
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
        (Self::HistoryEnd, "history"),
        (Self::StepRefused, "refused step"),
        (Self::StepFailed, "failed step"),
    ];
}

/// How often what was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    counts: BTreeMap<Reached, u64>,
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
            What::Request { path, .. } if is_history(path) => Reached::HistoryEnd,
            What::StepEnds { outcome: Outcome::Refused(_), .. } => Reached::StepRefused,
            What::StepEnds { outcome: Outcome::Failed(_), .. } => Reached::StepFailed,
            _ => return,
        };
        *self.counts.entry(reached).or_default() += 1;
    }
}

fn is_history(path: &str) -> bool {
    path.split('?').next().is_some_and(|path| path.ends_with("/messages/history"))
}
