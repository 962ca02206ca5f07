//! Push connections: a kick comes only where it is due, and is final; nobody storms the server. Rules `CONN-KICK`,
//! `CONN-KICKED-STAYS`, `CLIENT-NOTICE-FAILURE`.

use std::collections::VecDeque;

use y2w_sdk::Event;
use y2w_sdk::protocol::SendReturnCode;

use super::{Cast, Checker, Findings};
use crate::check::rules;
use crate::history::{Happening, What};
use crate::plan::{Actor, Misfortune, Plan};

const STAYS: &str = "CONN-KICKED-STAYS";
const BACKOFF: &str = "CONN-BACKOFF";

/// In this many microseconds a device tries to connect at most so often: its pauses begin at half a second and grow.
const STORM_MICROS: u64 = 10_000_000;
const STORM_DIALS: usize = 20;

/// No reply, and nobody left in the session: a client could not have done otherwise.
const BEYOND_IT: [SendReturnCode; 2] = [SendReturnCode::TIMEOUT, SendReturnCode::SESSION_MEMBERS_IS_NULL];

pub(super) struct Connections {
    /// By device: whether something was done that ends its connection with a kick, and not yet used up.
    due: Vec<bool>,
    kicked: Vec<Option<u64>>,
    dials: Vec<VecDeque<u64>>,
    actors: Vec<Actor>,
    kicks: Vec<(u32, String)>,
}

impl Connections {
    pub(super) fn new(plan: &Plan) -> Self {
        let actors: Vec<Actor> = plan.devices().collect();
        let kicks = plan.faults.iter().filter_map(|fault| match &fault.what {
            Misfortune::Kick { user } => Some((fault.id, user.clone())),
            _ => None,
        });
        Self {
            due: vec![false; actors.len()],
            kicked: vec![None; actors.len()],
            dials: vec![VecDeque::new(); actors.len()],
            kicks: kicks.collect(),
            actors,
        }
    }

    fn class(&self, device: usize) -> (&str, &str) {
        let actor = &self.actors[device];
        (&actor.user, actor.device.trim_end_matches(|c: char| c.is_ascii_digit()))
    }
}

impl Checker for Connections {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        match (&happening.what, happening.device) {
            (What::FaultBegins(fault), _) => {
                if let Some((_, user)) = self.kicks.iter().find(|(id, _)| id == fault) {
                    for (due, actor) in self.due.iter_mut().zip(&self.actors) {
                        *due |= actor.user == *user;
                    }
                }
            }
            (What::LoggedIn, Some(device)) => self.kicked[device] = None,
            (What::Dials, Some(device)) => {
                if let Some(kick) = self.kicked[device] {
                    let text = format!("{} was kicked, and connects again by itself", cast.name(device));
                    found.add(STAYS, &[kick, number], text);
                }
                let dials = &mut self.dials[device];
                dials.push_back(happening.at);
                while dials.front().is_some_and(|at| happening.at - at > STORM_MICROS) {
                    dials.pop_front();
                }
                if dials.len() == STORM_DIALS {
                    let text = format!("{} connects {STORM_DIALS} times within 10 s", cast.name(device));
                    found.add(BACKOFF, &[number], text);
                }
                // Whoever else of the same user and class is connected has to go; and who finds another one connected
                // when it comes back is refused with the same code.
                let class = self.class(device);
                let rivals =
                    (0..self.actors.len()).filter(|other| *other != device && self.class(*other) == class);
                let rivals: Vec<usize> = rivals.collect();
                for rival in rivals {
                    self.due[rival] = true;
                    self.due[device] = true;
                }
            }
            (What::Told(Event::Kicked), Some(device)) => {
                self.kicked[device] = Some(number);
                if !self.due[device] {
                    let text = format!(
                        "{} was kicked, and no other device of its class had connected",
                        cast.name(device)
                    );
                    found.add(rules::KICKED, &[number], text);
                }
            }
            (What::Told(Event::NoticeFailed { code, .. }), Some(device)) if !BEYOND_IT.contains(code) => {
                let text = format!("a notice of {} was refused for good with {code}", cast.name(device));
                found.add(rules::NOTICE, &[number], text);
            }
            _ => (),
        }
    }
}
