//! The outbox: notices on their way to the push server, and the recovery when it does not know the members.
//!
//! Each session has a lane in which one notice is on its way at a time, so that a session that has to recover holds
//! up only itself. A notice stays at the head of its lane until the push server answers 20, or answers with a code
//! that no recovery mends, or the rounds are used up. What is on its way when the connection is lost goes again on
//! the next one: a push may be seen twice, never not at all.
//!
//! Notices are of messages, or of other changes (members, contacts, …) and then have no local id. They go to sessions
//! or to one user's own address (`PUSH-APP`), which knows no recovery.
//!
//! ```text
//!            send                20
//!   Ready ──────────▶ Sent ─────────────▶ next notice
//!     ▲                │ 26: Update(present)   28: Update(since)      21, connection lost: Ready
//!     │   synced       │ 27: sync members first; after three such rounds Update(all, force)
//!     └── Syncing ◀────┘
//! ```

use std::collections::VecDeque;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use serde_json::value::RawValue;

use crate::protocol::{ImSessionId, SendReturnCode, SessionType, Timestamp, limits};

/// Which members an update names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that are in. Rule `CLIENT-RECOVER-26`.
    Present,
    /// Those whose membership changed after this mts. Rule `CLIENT-RECOVER-28`.
    Since(Timestamp),
    /// Everybody, the removed ones marked so, with `force`. Rule `CLIENT-RECOVER-27`.
    All,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send `sendMessage` with the members' mts, under this id.
    Send {
        /// `y2wMessageId`
        id: u64,
        /// To which session.
        session: ImSessionId,
    },
    /// Send `updateSession` with these members and their mts, under this id.
    Update {
        /// `y2wMessageId`
        id: u64,
        /// Of which session.
        session: ImSessionId,
        /// Which members.
        scope: Scope,
    },
    /// Sync the session and its members, then call [`Outbox::members_synced`].
    SyncMembers(ImSessionId),
    /// Too many commands in a row went unanswered: the connection is no good.
    Reconnect,
    /// The notice has reached the push server.
    Done {
        /// Of which message; `None` if of none.
        local_id: Option<u64>,
        /// How many commands it took.
        commands: u32,
    },
    /// No recovery helps.
    Failed {
        /// Of which message; `None` if of none.
        local_id: Option<u64>,
        /// The last answer.
        code: SendReturnCode,
    },
}

/// Answers to one notice after which it is given up: far more than any recovery needs, so that a push server that always
/// asks for another round cannot keep a client busy for ever. Commands that nobody answered are none of them: the notice
/// is recovered all the same when the connection is back.
const ANSWERS_MAX: u32 = 12;

#[derive(Debug)]
struct Notice {
    local_id: Option<u64>,
    message: Box<RawValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The next command is to be sent as soon as there is a connection.
    Ready(Option<Scope>),
    /// Waits for the reply to this command.
    Sent { id: u64, scope: Option<Scope> },
    /// Waits for the members to be synced; then the notice goes again, as an update if so said.
    Syncing(Option<Scope>),
}

#[derive(Debug)]
struct Lane {
    notices: VecDeque<Notice>,
    step: Step,
    /// Answers 27 for the head.
    rounds: u32,
    /// Commands sent for the head.
    commands: u32,
    /// Answers that were not 20 to the head.
    answers: u32,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct Outbox {
    lanes: FxHashMap<ImSessionId, Lane>,
    /// Lanes that may have something to send, in order.
    ready: VecDeque<ImSessionId>,
    /// Commands without a reply, oldest first: session and deadline.
    sent: IndexMap<u64, (ImSessionId, Timestamp), FxBuildHasher>,
    actions: VecDeque<Action>,
    next_id: u64,
    timeouts_in_row: u32,
    online: bool,
    waiting: usize,
}

impl Outbox {
    /// Takes a notice in, of a message or of another change.
    pub fn push(&mut self, session: &ImSessionId, local_id: Option<u64>, message: Box<RawValue>) {
        self.waiting += 1;
        let lane = self.lanes.entry(session.clone()).or_insert_with(|| {
            self.ready.push_back(session.clone());
            Lane { notices: VecDeque::new(), step: Step::Ready(None), rounds: 0, commands: 0, answers: 0 }
        });
        lane.notices.push_back(Notice { local_id, message });
    }

    /// How many notices have not reached the push server.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether every notice has reached the push server or was given up.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// The message of the notice at the head of a session's lane.
    pub fn head(&self, session: &ImSessionId) -> Option<&RawValue> {
        self.lanes.get(session)?.notices.front().map(|n| &*n.message)
    }

    /// There is a connection.
    pub fn online(&mut self) {
        self.online = true;
    }

    /// The connection is lost: whatever was on its way goes again on the next one.
    pub fn offline(&mut self) {
        self.online = false;
        self.timeouts_in_row = 0;
        for (_, (session, _)) in std::mem::take(&mut self.sent) {
            self.send_again(&session);
        }
    }

    /// What to do now; call until there is nothing more.
    pub fn poll(&mut self, now: Timestamp) -> Option<Action> {
        self.expire(now);
        if self.actions.is_empty() && self.online {
            while let Some(session) = self.ready.pop_front() {
                if self.send_head(session, now) {
                    break;
                }
            }
        }
        self.actions.pop_front()
    }

    /// When [`Self::poll`] has something to give at the latest, if it has nothing now.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.sent.values().next().map(|(_, deadline)| *deadline)
    }

    /// The push server has answered command `id`. A reply to nothing that waits is ignored.
    pub fn reply(&mut self, id: u64, code: SendReturnCode, server_mts: Option<Timestamp>) {
        let Some((session, _)) = self.sent.shift_remove(&id) else {
            return;
        };
        self.timeouts_in_row = 0;
        let Some(lane) = self.lanes.get_mut(&session) else {
            return;
        };
        if !matches!(lane.step, Step::Sent { id: sent, .. } if sent == id) {
            return;
        }
        if code == SendReturnCode::SUCCESS {
            self.head_is_over(&session, None);
            return;
        }
        lane.answers += 1;
        // One user's own address has no members to recover (PUSH-APP).
        if lane.answers >= ANSWERS_MAX || session.kind == SessionType::App {
            self.head_is_over(&session, Some(code));
            return;
        }
        match code {
            SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST => lane.step = Step::Ready(Some(Scope::Present)),
            SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED => {
                lane.step = Step::Ready(Some(server_mts.map_or(Scope::All, Scope::Since)));
            }
            SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED => {
                lane.rounds += 1;
                let then = (lane.rounds > limits::ROUNDS_BEFORE_FORCE).then_some(Scope::All);
                lane.step = Step::Syncing(then);
                self.actions.push_back(Action::SyncMembers(session));
                return;
            }
            _ => {
                self.head_is_over(&session, Some(code));
                return;
            }
        }
        self.ready.push_back(session);
    }

    /// The members that [`Action::SyncMembers`] asked for are synced, or could not be for now.
    pub fn members_synced(&mut self, session: &ImSessionId) {
        let Some(lane) = self.lanes.get_mut(session) else {
            return;
        };
        if let Step::Syncing(then) = lane.step {
            lane.step = Step::Ready(then);
            self.ready.push_back(session.clone());
        }
    }

    fn send_again(&mut self, session: &ImSessionId) {
        let Some(lane) = self.lanes.get_mut(session) else {
            return;
        };
        if let Step::Sent { scope, .. } = lane.step {
            lane.step = Step::Ready(scope);
            self.ready.push_back(session.clone());
        }
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some((_, (_, deadline))) = self.sent.first() {
            if *deadline > now {
                break;
            }
            let Some((_, (session, _))) = self.sent.shift_remove_index(0) else {
                break;
            };
            self.timeouts_in_row += 1;
            self.send_again(&session);
            if self.timeouts_in_row >= limits::TIMEOUTS_BEFORE_RECONNECT {
                self.timeouts_in_row = 0;
                self.actions.push_back(Action::Reconnect);
            }
        }
    }

    fn send_head(&mut self, session: ImSessionId, now: Timestamp) -> bool {
        let Some(lane) = self.lanes.get_mut(&session) else {
            return false;
        };
        let Step::Ready(scope) = lane.step else {
            return false;
        };
        if lane.notices.is_empty() {
            self.lanes.remove(&session);
            return false;
        }
        let id = self.next_id;
        self.next_id += 1;
        lane.step = Step::Sent { id, scope };
        lane.commands += 1;
        self.sent.insert(id, (session.clone(), now.plus(limits::SEND_TIMEOUT)));
        self.actions.push_back(match scope {
            None => Action::Send { id, session },
            Some(scope) => Action::Update { id, session, scope },
        });
        true
    }

    fn head_is_over(&mut self, session: &ImSessionId, failed: Option<SendReturnCode>) {
        let Some(lane) = self.lanes.get_mut(session) else {
            return;
        };
        if let Some(Notice { local_id, .. }) = lane.notices.pop_front() {
            self.waiting -= 1;
            self.actions.push_back(match failed {
                None => Action::Done { local_id, commands: lane.commands },
                Some(code) => Action::Failed { local_id, code },
            });
        }
        if lane.notices.is_empty() {
            self.lanes.remove(session);
        } else {
            lane.step = Step::Ready(None);
            lane.rounds = 0;
            lane.commands = 0;
            lane.answers = 0;
            self.ready.push_back(session.clone());
        }
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
