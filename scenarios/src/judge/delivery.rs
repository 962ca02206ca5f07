//! Messages: acknowledged ones are there for everybody who is in, once, as they were sent, in their sender's order, and
//! in one order for all. Rules `SYNC-LOSSLESS`, `MSG-ONCE`, `MSG-CONTENT-VERBATIM`, `CLIENT-SEND-ORDER`, `SYNC-ORDER`.

use std::collections::{BTreeMap, BTreeSet};

use y2w_sdk::Event;
use y2w_sdk::protocol::{ImSessionId, Message, MessageId, MessageType};

use super::{Cast, Checker, Ending, Findings};
use crate::check::rules;
use crate::history::{Happening, What};
use crate::plan::{Action, Step};
use crate::play::{step_of, step_said};

#[derive(Default)]
pub(super) struct Delivery {
    begun: BTreeSet<u32>,
    /// What was acknowledged: by step, in which session, as what, when that was told, and by which device.
    stored: BTreeMap<u32, Stored>,
    order: u64,
    /// Under which id each step's message was first seen, where and in which happening.
    seen: BTreeMap<(ImSessionId, u32), (MessageId, u64)>,
}

struct Stored {
    session: ImSessionId,
    id: MessageId,
    device: usize,
    order: u64,
    witness: u64,
}

impl Checker for Delivery {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        let Some(device) = happening.device else {
            return;
        };
        match &happening.what {
            What::StepBegins(step) => {
                self.begun.insert(*step);
            }
            What::Told(Event::Stored { session, message, .. }) => {
                self.acknowledged(cast, number, device, session, message, found);
            }
            What::Told(Event::Messages { session, merged }) => {
                for message in &merged.added {
                    self.brought(cast, number, device, session, message, found);
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        let recalled: BTreeSet<u32> = ending.plan.steps.iter().filter_map(recalls).collect();
        let mut by_place: BTreeMap<String, Vec<(u32, &Stored)>> = BTreeMap::new();
        for (step, stored) in self.stored.iter().filter(|(step, _)| !recalled.contains(step)) {
            by_place.entry(ending.place(&stored.session)).or_default().push((*step, stored));
        }
        for truth in &ending.played.truth {
            for (place, room) in &truth.view.rooms {
                let steps: Vec<u32> =
                    room.messages.iter().flatten().filter_map(|text| step_said(text)).collect();
                let due = by_place.get(place).map_or(&[][..], Vec::as_slice);
                all_there(ending, &truth.user, place, &steps, due, found);
                self.in_order(ending, &truth.user, place, &steps, found);
            }
        }
        same_order(ending, found);
    }
}

impl Delivery {
    fn acknowledged(
        &mut self,
        cast: &Cast,
        number: u64,
        device: usize,
        session: &ImSessionId,
        message: &Message,
        found: &mut Findings,
    ) {
        let Some(step) = step_of(&message.kind, &message.content) else {
            let text =
                format!("the answer to a message of {} has another content than was sent", cast.name(device));
            found.add(rules::VERBATIM, &[number], text);
            return;
        };
        self.order += 1;
        let stored = Stored {
            session: session.clone(),
            id: message.id.clone(),
            device,
            order: self.order,
            witness: number,
        };
        if let Some(before) = self.stored.insert(step, stored)
            && before.id != message.id
            && !cast.retries.made(&message.id)
        {
            let text = format!(
                "the message of step {step} was acknowledged twice, as {} and {}",
                before.id, message.id
            );
            found.add(rules::TWICE, &[before.witness, number], text);
        }
    }

    fn brought(
        &mut self,
        cast: &Cast,
        number: u64,
        device: usize,
        session: &ImSessionId,
        message: &Message,
        found: &mut Findings,
    ) {
        if message.kind == MessageType::System || message.is_delete {
            return;
        }
        let name = cast.name(device);
        let Some(step) = step_of(&message.kind, &message.content).filter(|step| self.begun.contains(step))
        else {
            let text = format!("{name} sees message {} in {session}, which nobody has sent", message.id);
            found.add(rules::VERBATIM, &[number], text);
            return;
        };
        let first = self.seen.entry((session.clone(), step)).or_insert_with(|| (message.id.clone(), number));
        if first.0 != message.id && !cast.retries.made(&message.id) {
            let text = format!(
                "the message of step {step} is there twice: {name} sees it as {}, and it was seen as {} before",
                message.id, first.0
            );
            found.add(rules::TWICE, &[first.1, number], text);
        }
    }

    /// What one device sent is there in the order in which it was acknowledged.
    fn in_order(&self, ending: &Ending<'_>, user: &str, place: &str, steps: &[u32], found: &mut Findings) {
        let mut last: BTreeMap<usize, (u64, u32, u64)> = BTreeMap::new();
        for step in steps {
            let Some(stored) = self.stored.get(step) else {
                continue;
            };
            if let Some((order, before, witness)) = last.get(&stored.device)
                && *order > stored.order
            {
                let text = format!(
                    "{} sent step {step} before step {before} to {place}, and {user} sees them the other way round",
                    ending.cast.name(stored.device)
                );
                found.add(rules::SENDER_ORDER, &[stored.witness, *witness], text);
                return;
            }
            last.insert(stored.device, (stored.order, *step, stored.witness));
        }
    }
}

/// Everything that was acknowledged is there, once.
fn all_there(
    ending: &Ending<'_>,
    user: &str,
    place: &str,
    steps: &[u32],
    due: &[(u32, &Stored)],
    found: &mut Findings,
) {
    let mut count: BTreeMap<u32, usize> = BTreeMap::new();
    for step in steps {
        *count.entry(*step).or_default() += 1;
    }
    for (step, stored) in due {
        let sender = ending.cast.name(stored.device);
        match count.get(step) {
            None => {
                let text = format!(
                    "the message of step {step} that {sender} sent to {place} was acknowledged, and {user}, who is \
                         in, does not find it on the server"
                );
                found.add(rules::LOST, &[stored.witness], text);
            }
            Some(1) => (),
            Some(_) if ending.cast.retries.made(&stored.id) => (),
            Some(times) => {
                let text =
                    format!("the message of step {step} is in {place} {times} times, as {user} sees it");
                found.add(rules::TWICE, &[stored.witness], text);
            }
        }
    }
}

/// All members see one order.
fn same_order(ending: &Ending<'_>, found: &mut Findings) {
    let mut orders: BTreeMap<&str, (&str, Vec<&String>)> = BTreeMap::new();
    for truth in &ending.played.truth {
        for (place, room) in &truth.view.rooms {
            let seen: Vec<&String> = room.messages.iter().flatten().collect();
            let Some((other, theirs)) = orders.get(place.as_str()) else {
                orders.insert(place, (&truth.user, seen));
                continue;
            };
            if *theirs != seen {
                let text = format!(
                    "{other} and {} fetch different messages of {place}: {theirs:?} and {seen:?}",
                    truth.user
                );
                found.add(rules::SESSION_ORDER, &[], text);
            }
        }
    }
}

/// The step that a step recalls the message of.
fn recalls(step: &Step) -> Option<u32> {
    match step.action {
        Action::Recall { step } => Some(step),
        _ => None,
    }
}
