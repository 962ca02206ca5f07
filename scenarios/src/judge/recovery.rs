//! A client recovers from what the push server says to its commands as it is to, and in as many rounds as it is to.
//! Rules `CLIENT-RECOVER-26`, `CLIENT-RECOVER-27-FORCE`, `CLIENT-RECOVER-28`, `CLIENT-RECOVER-NO-RESEND`,
//! `CLIENT-RECOVER-REPORT`.
//!
//! Commands with the same message on one connection belong together, where the message says which step it is from. A
//! reply counts only if the client surely had it when it sent the next: nothing befell the network, and no timeout can
//! have been in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use y2w_sdk::protocol::limits::ROUNDS_BEFORE_FORCE;
use y2w_sdk::protocol::push::{ImSessionId, Reply};
use y2w_sdk::protocol::{SendReturnCode, SessionType};

use super::links::LinkId;
use super::{Cast, Checker, Findings};
use crate::history::{Command, Happening, Pushed, What};
use crate::play::step_pushed;

/// A client that sends again within this time, in microseconds, does so for the reply's sake: without one it waits for
/// longer. Rule `PUSH-TIMEOUT`.
const FOR_THE_REPLY: u64 = 5_000_000;

/// For so long after the network's last fault, in microseconds, what it held back may still come.
const AFTERMATH: u64 = 60_000_000;

#[derive(Default)]
pub(super) struct Recovery {
    lanes: BTreeMap<(LinkId, ImSessionId, Arc<str>), Lane>,
    /// By connection and y2wMessageId, the message of each command that waits for its reply.
    open: BTreeMap<(LinkId, String), (ImSessionId, Arc<str>)>,
    faults: u32,
    /// From when on the network is itself again.
    calm_from: u64,
}

/// One message on its way.
struct Lane {
    sent: u64,
    number: u64,
    /// The reply to the last command with it.
    reply: Option<(SendReturnCode, u64)>,
    /// How often 27 came since the members were last told.
    rounds: u32,
}

impl Recovery {
    fn sent(
        &mut self,
        cast: &Cast,
        link: LinkId,
        number: u64,
        at: u64,
        command: &Command,
        found: &mut Findings,
    ) {
        let Some(message) = command.message.clone().filter(|message| step_pushed(message).is_some()) else {
            return;
        };
        let key = (link, command.session.clone(), message.clone());
        let before = self.lanes.remove(&key).filter(|lane| at < lane.sent + FOR_THE_REPLY);
        let mut rounds = 0;
        if let Some((before, (code, replied))) = before.and_then(|lane| lane.reply.map(|reply| (lane, reply)))
        {
            rounds = before.rounds;
            if let Some(rule) = broken(code, rounds, command) {
                let kind = if command.is_update() { "an updateSession" } else { "a sendMessage" };
                let text = format!(
                    "{} sends {message} to {} once more, as {kind}{}, after it was answered with {code}",
                    cast.name(link.0),
                    command.session,
                    if rounds > 0 { format!(" and {rounds} rounds of 27") } else { String::new() },
                );
                found.add(rule, &[before.number, replied, number], text);
            }
        }
        self.lanes.insert(key, Lane { sent: at, number, reply: None, rounds });
        self.open.insert((link, command.id.clone()), (command.session.clone(), message));
    }

    fn replied(&mut self, link: LinkId, number: u64, reply: &Reply) {
        let Some(id) = reply.message_id.clone() else { return };
        let Some((session, message)) = self.open.remove(&(link, id)) else { return };
        if let Some(lane) = self.lanes.get_mut(&(link, session, message)) {
            lane.reply = Some((reply.return_code, number));
            let is_27 = reply.return_code == SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED;
            lane.rounds = if is_27 { lane.rounds + 1 } else { 0 };
        }
    }

    fn forget(&mut self, of: impl Fn(LinkId) -> bool) {
        self.lanes.retain(|(link, ..), _| !of(*link));
        self.open.retain(|(link, _), _| !of(*link));
    }
}

/// The rule that a command breaks which follows that reply.
fn broken(code: SendReturnCode, rounds: u32, next: &Command) -> Option<&'static str> {
    match code {
        SendReturnCode::SUCCESS => Some("CLIENT-RECOVER-NO-RESEND"),
        SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST => (!next.is_update()).then_some("CLIENT-RECOVER-26"),
        SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED => {
            (!next.is_update()).then_some("CLIENT-RECOVER-28")
        }
        SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED => {
            (rounds > ROUNDS_BEFORE_FORCE && !next.force).then_some("CLIENT-RECOVER-27-FORCE")
        }
        SendReturnCode::TIMEOUT => None,
        _ => Some("CLIENT-RECOVER-REPORT"),
    }
}

impl Checker for Recovery {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        match happening.what {
            What::FaultBegins(fault) if cast.fault(fault).is_some_and(|fault| fault.who().is_some()) => {
                self.faults += 1;
                self.calm_from = happening.at + AFTERMATH;
            }
            What::FaultEnds(fault) if cast.fault(fault).is_some_and(|fault| fault.who().is_some()) => {
                self.faults = self.faults.saturating_sub(1);
                self.calm_from = happening.at + AFTERMATH;
            }
            _ => (),
        }
        let Some(link) = cast.links.of(happening) else { return };
        let What::Push { pushed, .. } = &happening.what else { return };
        if happening.at < self.calm_from || self.faults > 0 {
            self.forget(|other| other == link);
            return;
        }
        match pushed {
            Pushed::Command(command) if command.session.kind != SessionType::App => {
                self.sent(cast, link, number, happening.at, command, found);
            }
            Pushed::Reply(reply) => self.replied(link, number, reply),
            Pushed::Closed(_) => self.forget(|other| other == link),
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(is_update: bool, force: bool) -> Command {
        Command {
            session: ImSessionId::new(SessionType::Group, "1"),
            id: "1".to_owned(),
            mts: 1,
            members: is_update.then(Vec::new),
            force,
            message: None,
        }
    }

    #[test]
    fn each_reply_has_its_way_of_recovery() {
        let (send, update, force) = (command(false, false), command(true, false), command(true, true));
        let unknown = SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST;
        let behind = SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED;
        for (code, rounds, next, rule) in [
            (SendReturnCode::SUCCESS, 0, &send, Some("CLIENT-RECOVER-NO-RESEND")),
            (unknown, 0, &send, Some("CLIENT-RECOVER-26")),
            (unknown, 0, &update, None),
            (SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED, 0, &send, Some("CLIENT-RECOVER-28")),
            (behind, 1, &send, None),
            (behind, ROUNDS_BEFORE_FORCE, &send, None),
            (behind, ROUNDS_BEFORE_FORCE + 1, &send, Some("CLIENT-RECOVER-27-FORCE")),
            (behind, ROUNDS_BEFORE_FORCE + 1, &force, None),
            (SendReturnCode::SESSION_MEMBERS_IS_NULL, 0, &send, Some("CLIENT-RECOVER-REPORT")),
            (SendReturnCode::TIMEOUT, 0, &send, None),
        ] {
            assert_eq!(broken(code, rounds, next), rule, "{code} after {rounds} rounds, then {next:?}");
        }
    }
}
