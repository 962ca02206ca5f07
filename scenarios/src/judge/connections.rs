//! Push connections: who has to go is told so and put out, nobody else is; a refusal is due; a kick is final; nobody
//! storms the server. Rules `CONN-ACCEPT`, `CONN-KICK`, `CONN-KICK-CLOSE`, `CONN-REFUSE-CLOSE`, `CONN-TAKEOVER`,
//! `CONN-RECONNECT-REFUSED`, `CONN-RECONNECT-FREE`, `CONN-KICKED-STAYS`, `CONN-BACKOFF`, `PUSH-SEND`.

use std::collections::{BTreeMap, VecDeque};

use y2w_sdk::Event;
use y2w_sdk::protocol::{ConnectionReturnCode, SendReturnCode};

use super::links::{AT_ONCE, LinkId, Moment};
use super::{Cast, Checker, Ending, Findings};
use crate::check::rules;
use crate::history::{End, Happening, Pushed, What};
use crate::plan::{Misfortune, Plan};

const ACCEPT: &str = "CONN-ACCEPT";
const KICK_CLOSE: &str = "CONN-KICK-CLOSE";
const REFUSE_CLOSE: &str = "CONN-REFUSE-CLOSE";
const TAKEOVER: &str = "CONN-TAKEOVER";
const RECONNECT_REFUSED: &str = "CONN-RECONNECT-REFUSED";
const RECONNECT_FREE: &str = "CONN-RECONNECT-FREE";
const STAYS: &str = "CONN-KICKED-STAYS";
const BACKOFF: &str = "CONN-BACKOFF";

/// In this many microseconds a device tries to connect at most so often: its pauses begin at half a second and grow.
const STORM_MICROS: u64 = 10_000_000;
const STORM_DIALS: usize = 20;

/// No reply, and nobody left in the session: a client could not have done otherwise.
const BEYOND_IT: [SendReturnCode; 2] = [SendReturnCode::TIMEOUT, SendReturnCode::SESSION_MEMBERS_IS_NULL];

pub(super) struct Connections {
    /// Connections that another one has taken the place of: by which happening, and whether with a kick.
    replaced: BTreeMap<LinkId, (Moment, Replaced)>,
    /// By device: when an operator has kicked its user.
    kicked_by_operator: Vec<Option<u64>>,
    /// By device: the happening with which its client learnt that it was kicked.
    kicked: Vec<Option<u64>>,
    dials: Vec<VecDeque<u64>>,
    /// When the push side last restarted.
    restarted: Option<u64>,
    now: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replaced {
    /// By a newer client. Rule `CONN-KICK`.
    Newer,
    /// By the same client. Rule `CONN-TAKEOVER`.
    Same,
    /// By an older client that came back, which must not be. Rule `CONN-RECONNECT-REFUSED`.
    Older,
}

impl Connections {
    pub(super) fn new(plan: &Plan) -> Self {
        let devices = plan.devices().count();
        Self {
            replaced: BTreeMap::new(),
            kicked_by_operator: vec![None; devices],
            kicked: vec![None; devices],
            dials: vec![VecDeque::new(); devices],
            restarted: None,
            now: 0,
        }
    }

    fn fault_begins(&mut self, cast: &Cast, fault: u32, number: u64) {
        match cast.fault(fault) {
            Some(Misfortune::Kick { user }) => {
                for (device, kick) in self.kicked_by_operator.iter_mut().enumerate() {
                    if cast.actor(device).user == *user {
                        *kick = Some(number);
                    }
                }
            }
            Some(what) if what.restarts_push() => self.restarted = Some(self.now),
            _ => (),
        }
    }

    fn pushed(&mut self, cast: &Cast, id: LinkId, moment: Moment, pushed: &Pushed, found: &mut Findings) {
        match pushed {
            Pushed::Connack(0) => self.accepted(cast, id, moment),
            Pushed::Connack(code) if u32::from(*code) == ConnectionReturnCode::KICKED.0 => {
                self.refused(cast, id, moment, found);
            }
            Pushed::Control(code) if *code == ConnectionReturnCode::KICKED.0 => {
                self.dismissed(cast, id, moment, found);
            }
            Pushed::Closed(end) => self.closed(cast, id, moment, *end, found),
            _ => (),
        }
    }

    fn accepted(&mut self, cast: &Cast, id: LinkId, moment: Moment) {
        let Some(link) = cast.links.link(id) else { return };
        for (other, rival) in cast.links.rivals(id) {
            // One that was accepted while this one was being accepted may have come after it.
            let is_older = rival.accepted.is_some_and(|accepted| accepted < link.introduced);
            if !rival.is_live() || !is_older {
                continue;
            }
            let how = match (link.client.reconnection, link.client.guid == rival.client.guid) {
                (false, _) => Replaced::Newer,
                (true, true) => Replaced::Same,
                (true, false) => Replaced::Older,
            };
            self.replaced.entry(other).or_insert((moment, how));
        }
    }

    /// A connection was refused with the code of a kick: only a client that comes back to find another one is.
    fn refused(&self, cast: &Cast, id: LinkId, moment: Moment, found: &mut Findings) {
        let Some(link) = cast.links.link(id).filter(|link| link.client.reconnection) else { return };
        let may_be_there = |rival: &super::links::Link| {
            rival.client.guid != link.client.guid
                && rival.introduced < moment
                && rival.refused.is_none()
                && rival.closed.is_none_or(|(end, _)| end.at + AT_ONCE >= link.introduced.at)
        };
        if !cast.links.rivals(id).any(|(_, rival)| may_be_there(rival)) {
            let text = format!(
                "{} came back and was refused with 10, and no other client of its device class was there",
                cast.name(id.0)
            );
            found.add(RECONNECT_FREE, &[link.introduced.number, moment.number], text);
        }
    }

    fn dismissed(&self, cast: &Cast, id: LinkId, moment: Moment, found: &mut Findings) {
        let Some(link) = cast.links.link(id) else { return };
        let operator = self.kicked_by_operator[id.0].is_some_and(|kick| kick > link.introduced.number);
        let newer = cast.links.rivals(id).any(|(_, rival)| {
            let answered = rival.accepted.or(rival.refused.map(|(moment, _)| moment));
            !rival.client.reconnection && answered.is_none_or(|answered| answered > link.introduced)
        });
        if !operator && !newer {
            let text =
                format!("{} was kicked, and no newer client of its device class had come", cast.name(id.0));
            found.add(rules::KICKED, &[moment.number], text);
        }
    }

    fn closed(&self, cast: &Cast, id: LinkId, moment: Moment, end: End, found: &mut Findings) {
        let Some(link) = cast.links.link(id) else { return };
        let name = cast.name(id.0);
        if end == End::Device {
            if let Some(told) = link.dismissed {
                let text = format!("{name} was kicked, and the server left the connection open");
                found.add(KICK_CLOSE, &[told.number, moment.number], text);
            } else if let Some((told, code)) = link.refused {
                let text = format!("{name} was refused with {code}, and the server left the connection open");
                found.add(REFUSE_CLOSE, &[told.number, moment.number], text);
            }
        }
        let restarts = self.restarted.is_some_and(|at| at + AT_ONCE >= moment.at);
        if let Some((by, Replaced::Newer)) = self.replaced.get(&id)
            && end == End::Server
            && link.dismissed.is_none()
            && !restarts
        {
            let text = format!(
                "a newer client took the place of {name}, whose connection was closed without a word"
            );
            found.add(rules::KICKED, &[by.number, moment.number], text);
        }
    }

    fn dials(&mut self, cast: &Cast, device: usize, number: u64, at: u64, found: &mut Findings) {
        if let Some(kick) = self.kicked[device] {
            let text = format!("{} was kicked, and connects again by itself", cast.name(device));
            found.add(STAYS, &[kick, number], text);
        }
        let dials = &mut self.dials[device];
        dials.push_back(at);
        while dials.front().is_some_and(|first| at - first > STORM_MICROS) {
            dials.pop_front();
        }
        if dials.len() == STORM_DIALS {
            let text = format!("{} connects {STORM_DIALS} times within 10 s", cast.name(device));
            found.add(BACKOFF, &[number], text);
        }
    }
}

impl Checker for Connections {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        self.now = happening.at;
        match (&happening.what, happening.device) {
            (What::FaultBegins(fault), _) => self.fault_begins(cast, *fault, number),
            (What::LoggedIn(_), Some(device)) => self.kicked[device] = None,
            (What::Dials, Some(device)) => self.dials(cast, device, number, happening.at, found),
            (What::Told(Event::Kicked), Some(device)) => self.kicked[device] = Some(number),
            (What::Told(Event::NoticeFailed { code, .. }), Some(device)) if !BEYOND_IT.contains(code) => {
                let text = format!("a notice of {} was refused for good with {code}", cast.name(device));
                found.add(rules::NOTICE, &[number], text);
            }
            (What::Push { pushed, .. }, _) => {
                if let Some(id) = cast.links.of(happening) {
                    self.pushed(cast, id, Moment { number, at: happening.at }, pushed, found);
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        for (id, link) in ending.cast.links.all() {
            let name = ending.cast.name(id.0);
            let until = link.ended().map_or(self.now, |moment| moment.at);
            let lasted = |since: Moment| until > since.at + AT_ONCE;
            if let Some(accepted) = link.accepted.filter(|accepted| !link.welcomed && lasted(*accepted)) {
                let text = format!("{name} was accepted, and the server's word 11 never came");
                found.add(ACCEPT, &[accepted.number], text);
            }
            let Some((by, how)) = self.replaced.get(&id).filter(|(by, _)| lasted(*by)) else {
                continue;
            };
            let (rule, what) = match how {
                Replaced::Newer => (rules::KICKED, "a newer client has come, and it was not kicked"),
                Replaced::Same => (TAKEOVER, "the same client has come back, and it was not closed"),
                Replaced::Older => {
                    (RECONNECT_REFUSED, "it is there, and an older client that came back was let in")
                }
            };
            found.add(rule, &[by.number], format!("{name}, connection {}: {what}", id.1));
        }
    }
}
