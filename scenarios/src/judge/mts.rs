//! What the push server answers to commands fits what it was told before. Rules `PUSH-REPLY`, `PUSH-REPLY-MTS`,
//! `PUSH-APP`, `MTS-UNKNOWN-SESSION`, `MTS-CLIENT-BEHIND`, `MTS-SERVER-BEHIND`, `MTS-UPDATE-BEHIND`,
//! `MTS-UPDATE-CREATES`, `MTS-UPDATE-TAKES-MTS`.
//!
//! Nobody but the server knows in which order it took commands that were under way together. So only bounds are kept:
//! its mts of a session is at least the greatest that it has confirmed before a command was handed over, and at most the
//! greatest that it was ever told. A force, or a session that is forgotten, begins a new epoch without a lower bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use y2w_sdk::protocol::push::{ImSessionId, Reply};
use y2w_sdk::protocol::{SendReturnCode, SessionType};

use super::links::LinkId;
use super::{Cast, Checker, Ending, Findings};
use crate::history::{Command, Happening, Pushed, What};
use crate::plan::Misfortune;

const REPLY: &str = "PUSH-REPLY";
const REPLY_MTS: &str = "PUSH-REPLY-MTS";
const APP: &str = "PUSH-APP";
const UNKNOWN: &str = "MTS-UNKNOWN-SESSION";
const CLIENT_BEHIND: &str = "MTS-CLIENT-BEHIND";
const SERVER_BEHIND: &str = "MTS-SERVER-BEHIND";
const UPDATE_BEHIND: &str = "MTS-UPDATE-BEHIND";
const CREATES: &str = "MTS-UPDATE-CREATES";
const TAKES_MTS: &str = "MTS-UPDATE-TAKES-MTS";

#[derive(Default)]
pub(super) struct Mts {
    sessions: BTreeMap<ImSessionId, Session>,
    open: BTreeMap<(LinkId, String), Open>,
    now: u64,
}

#[derive(Default)]
struct Session {
    epoch: u32,
    /// The greatest mts that the server has confirmed in this epoch, and the happening that showed it.
    least: Option<(i64, u64)>,
    /// The greatest mts that it was ever told.
    most: i64,
    /// It was moved by an operator: there is no bound.
    is_moved: bool,
    /// Some command that makes it was handed over since it was forgotten, or may still be carried out.
    is_made: bool,
    updates_open: u32,
}

struct Open {
    command: Arc<Command>,
    number: u64,
    at: u64,
    epoch: u32,
    least: Option<(i64, u64)>,
    /// The session cannot be known to the server, unless by a command that comes after this one.
    is_unknown: bool,
}

impl Mts {
    /// A fault begins, and may be inflicted in a moment, or it has been.
    fn fault(&mut self, what: Option<&Misfortune>, is_inflicted: bool) {
        let Some(what) = what else { return };
        // Which session a plan's name is of is not known here: any may be the one.
        let (forgets_one, moves) =
            (matches!(what, Misfortune::ForgetSession { .. }), matches!(what, Misfortune::MoveMts { .. }));
        let restarts = what.restarts_push();
        if !restarts && !forgets_one && !moves {
            return;
        }
        for session in self.sessions.values_mut() {
            session.epoch += 1;
            session.least = None;
            session.is_moved |= moves;
            session.is_made &= !restarts || !is_inflicted || session.updates_open > 0;
        }
    }

    fn handed_over(&mut self, link: LinkId, number: u64, command: &Arc<Command>) {
        let session = self.sessions.entry(command.session.clone()).or_default();
        let open = Open {
            command: command.clone(),
            number,
            at: self.now,
            epoch: session.epoch,
            least: session.least,
            is_unknown: !session.is_made && !command.is_update(),
        };
        if command.is_update() {
            session.is_made = true;
            session.updates_open += 1;
            session.most = session.most.max(command.mts);
            if command.force {
                session.epoch += 1;
                session.least = None;
            }
        }
        self.open.insert((link, command.id.clone()), open);
    }

    fn replied(&mut self, cast: &Cast, link: LinkId, number: u64, reply: &Reply, found: &mut Findings) {
        let name = cast.name(link.0);
        let key = reply.message_id.clone().map(|id| (link, id));
        let Some(open) = key.and_then(|key| self.open.remove(&key)) else {
            let text = format!("{name} gets a reply that belongs to no command that it waits for: {reply:?}");
            found.add(REPLY, &[number], text);
            return;
        };
        let command = &open.command;
        let Some(session) = self.sessions.get_mut(&command.session) else { return };
        let is_update = command.is_update();
        session.updates_open -= u32::from(is_update);
        let code = reply.return_code;
        let least = open.least.filter(|_| open.epoch == session.epoch);
        let mut broken = |rule: &'static str, before: Option<u64>, what: String| {
            let witnesses: Vec<u64> = before.into_iter().chain([open.number, number]).collect();
            let kind = if is_update { "updateSession" } else { "sendMessage" };
            let text = format!(
                "{name}'s {kind} to {} with mts {} was answered with {code}{}: {what}",
                command.session,
                command.mts,
                reply.mts.map_or_else(String::new, |mts| format!(" and mts {mts}")),
            );
            found.add(rule, &witnesses, text);
        };
        if command.session.kind == SessionType::App {
            if code != SendReturnCode::SUCCESS {
                broken(APP, None, "a user's own devices need no push session".to_owned());
            }
            return;
        }
        match code {
            SendReturnCode::SUCCESS => {
                if let Some((mts, witness)) = least.filter(|(mts, _)| command.mts < *mts && !command.force) {
                    let rule = if is_update { UPDATE_BEHIND } else { CLIENT_BEHIND };
                    broken(rule, Some(witness), format!("the server had confirmed {mts} before"));
                } else if !is_update && open.is_unknown {
                    broken(UNKNOWN, None, "nobody has told the server of this session".to_owned());
                } else if !is_update && !session.is_moved && command.mts > session.most {
                    broken(
                        SERVER_BEHIND,
                        None,
                        format!("the server was told no later mts than {}", session.most),
                    );
                }
                let grows = session.least.is_none_or(|(mts, _)| mts < command.mts);
                if open.epoch == session.epoch && grows {
                    session.least = Some((command.mts, number));
                }
            }
            SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST if is_update => {
                broken(CREATES, None, "an updateSession makes the session".to_owned());
            }
            SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED
            | SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED => {
                let is_27 = code == SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED;
                match reply.mts {
                    None => broken(REPLY_MTS, None, "it has to say its own mts".to_owned()),
                    Some(mts) if is_27 && mts <= command.mts => {
                        broken(CLIENT_BEHIND, None, "its own mts is not greater".to_owned());
                    }
                    Some(mts) if !is_27 && mts >= command.mts => {
                        broken(SERVER_BEHIND, None, "its own mts is not less".to_owned());
                    }
                    Some(mts) => {
                        if let Some((known, witness)) = least.filter(|(known, _)| mts < *known) {
                            broken(TAKES_MTS, Some(witness), format!("it had confirmed {known} before"));
                        }
                    }
                }
            }
            _ => (),
        }
    }

    fn unanswered(&mut self, cast: &Cast, of: impl Fn(LinkId) -> bool, found: &mut Findings) {
        let keys: Vec<_> = self.open.keys().filter(|(link, _)| of(*link)).cloned().collect();
        for (link, id) in keys {
            let Some(open) = self.open.remove(&(link, id)) else { continue };
            if let Some(session) = self.sessions.get_mut(&open.command.session) {
                session.updates_open -= u32::from(open.command.is_update());
                // It may have been carried out, or be so yet.
                session.is_made |= open.command.is_update();
            }
            if self.now > open.at + REPLIES_WITHIN {
                let text =
                    format!("a command of {} to {} got no reply", cast.name(link.0), open.command.session);
                found.add(REPLY, &[open.number], text);
            }
        }
    }
}

/// A server that replies at all does so within this time, in microseconds: clients give up after 10 s. Rule
/// `PUSH-TIMEOUT`.
const REPLIES_WITHIN: u64 = 10_000_000;

impl Checker for Mts {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        self.now = happening.at;
        match (&happening.what, happening.device) {
            (What::FaultBegins(fault), _) => self.fault(cast.fault(*fault), false),
            (What::Inflicted(fault), _) => self.fault(cast.fault(*fault), true),
            (What::Push { connection, pushed }, Some(device)) => {
                let link = (device, *connection);
                match pushed {
                    Pushed::Command(command) => self.handed_over(link, number, command),
                    Pushed::Reply(reply) => self.replied(cast, link, number, reply, found),
                    // The server has done with the connection, and with what came last.
                    Pushed::Closed(_) => self.unanswered(cast, |other| other == link, found),
                    pushed if pushed.is_dismissal() => {
                        self.unanswered(cast, |other| other == link, found);
                    }
                    _ => (),
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        self.unanswered(ending.cast, |_| true, found);
    }
}
