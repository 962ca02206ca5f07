//! One session's messages: who has sent what, and how far each device of a member has seen it.
//!
//! The log is the order in which messages first turned up at any device. Every device walks along it with a cursor;
//! one that sees another message than the one at its cursor has skipped something, sees something again, or sees
//! another order. What it skipped stays on its account until it turns up (out of order) or the run ends (lost). A
//! message whose predecessor from the same sender has not turned up anywhere leaves a gap, on the account of all
//! who have not seen it. The log is forgotten up to the slowest cursor.
//!
//! A sender may be elsewhere: then only what the devices here have seen of it is known, and [`SessionLedger::account`]
//! is what has to be compared with the accounts of the others ([`super::accounts`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use y2w_sdk::protocol::{MessageId, Timestamp};

use crate::chance::draw;

use super::accounts::{SenderAccount, SessionAccount};
use super::{Finding, rules};

/// Somebody who sends to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// For the prose.
    pub name: String,
    /// Whether it sends from here, so that what it sent and what was acknowledged is known.
    pub here: bool,
}

/// A device that sees a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// For the prose.
    pub name: String,
    /// Index of its user among the session's parties.
    pub of: usize,
}

/// A message by its sender, as an index among the parties, and its number in that sender's sequence, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Index of the sender among the session's parties.
    pub sender: usize,
    /// The number in the sender's sequence in this session, from 1.
    pub number: u32,
}

#[derive(Debug)]
struct Entry {
    mark: Mark,
    id: MessageId,
}

#[derive(Debug)]
struct Sender {
    name: String,
    here: bool,
    sent: u32,
    stored: u32,
    in_log: u32,
}

#[derive(Debug)]
struct Device {
    name: String,
    of: usize,
    cursor: u64,
    skipped: BTreeSet<Mark>,
    newest: Timestamp,
}

/// See the module's text.
#[derive(Debug)]
pub struct SessionLedger {
    name: String,
    senders: Vec<Sender>,
    devices: Vec<Device>,
    log: VecDeque<Entry>,
    log_start: u64,
    /// A digest of the log's order, from its first entry on.
    order: u64,
    /// Messages that are not in the log though a later one of their sender is: which devices have seen them since.
    gaps: BTreeMap<Mark, BTreeSet<usize>>,
}

/// The log is cut when it is longer than this, so that cutting costs little per message.
const LOG_SLACK: usize = 64;

impl SessionLedger {
    /// A session, who may send to it, and the devices that see it.
    pub fn new(name: String, parties: Vec<Party>, views: Vec<View>) -> Self {
        let sender = |p: Party| Sender { name: p.name, here: p.here, sent: 0, stored: 0, in_log: 0 };
        let device = |v: View| Device {
            name: v.name,
            of: v.of,
            cursor: 0,
            skipped: BTreeSet::new(),
            newest: Timestamp::EPOCH,
        };
        Self {
            name,
            senders: parties.into_iter().map(sender).collect(),
            devices: views.into_iter().map(device).collect(),
            log: VecDeque::new(),
            log_start: 0,
            order: 0,
            gaps: BTreeMap::new(),
        }
    }

    /// How many devices see it.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// How many devices see it that are not the one that a message of this sender comes from: what a message owes.
    pub fn receivers_of(&self, sender: usize) -> usize {
        let own = usize::from(self.devices.iter().any(|d| d.of == sender));
        self.devices.len() - own
    }

    /// `sender` is about to send its next message; the answer is its number.
    pub fn sending(&mut self, sender: usize) -> u32 {
        self.senders[sender].sent += 1;
        self.senders[sender].sent
    }

    /// The message that `sender` was last about to send is not sent after all.
    pub fn not_sent(&mut self, sender: usize) {
        self.senders[sender].sent -= 1;
    }

    /// The server has acknowledged a message.
    pub fn stored(&mut self, mark: Mark) -> Result<(), Finding> {
        let stored = &mut self.senders[mark.sender].stored;
        let expected = *stored + 1;
        *stored = mark.number;
        if mark.number == expected {
            return Ok(());
        }
        Err(self.finding(
            rules::SENDER_ORDER,
            &format!("{} was stored when its number {expected} was due", self.message(mark)),
        ))
    }

    /// A device sees a message for the first time under this id.
    pub fn delivered(
        &mut self,
        device: usize,
        mark: Mark,
        id: &MessageId,
        created_at: Timestamp,
    ) -> Result<(), Finding> {
        let unknown =
            self.senders.get(mark.sender).is_none_or(|sender| sender.here && mark.number > sender.sent);
        if unknown || mark.number == 0 {
            return Err(self.finding(
                rules::VERBATIM,
                &format!(
                    "{} sees {} (id {id}), which was never sent",
                    self.devices[device].name,
                    self.message(mark)
                ),
            ));
        }
        let placed = self.place(device, mark, id);
        let newest = self.devices[device].newest;
        self.devices[device].newest = newest.max(created_at);
        placed?;
        if created_at > newest {
            return Ok(());
        }
        Err(self.finding(
            rules::SESSION_ORDER,
            &format!(
                "{} sees {} (id {id}) with createdAt {created_at} after one with createdAt {newest}",
                self.devices[device].name,
                self.message(mark)
            ),
        ))
    }

    /// What is wrong once nothing more will come: acknowledged messages that some device lacks, and sent ones that were
    /// not acknowledged. Of senders elsewhere: what one device here has seen and another has not.
    pub fn missing(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, sender) in self.senders.iter().enumerate() {
            for number in sender.stored + 1..=sender.sent {
                let message = self.message(Mark { sender: index, number });
                findings.push(self.finding(rules::STORED, &format!("{message} was never acknowledged")));
            }
        }
        for device in 0..self.devices.len() {
            for mark in self.unseen_by(device) {
                let (message, name) = (self.message(mark), &self.devices[device].name);
                let sender = &self.senders[mark.sender];
                if !sender.here {
                    let text = format!("{message} was seen by others but is missing at {name}");
                    findings.push(self.finding(rules::LOST, &text));
                } else if mark.number <= sender.stored {
                    let text = format!("{message} was acknowledged but is missing at {name}");
                    findings.push(self.finding(rules::LOST, &text));
                }
            }
        }
        findings
    }

    /// The acknowledged messages of others that a device has not seen yet: what pushes have not brought.
    pub fn unseen_of_others(&self, device: usize) -> usize {
        let of = self.devices[device].of;
        let stored = |m: &Mark| {
            let sender = &self.senders[m.sender];
            m.sender != of && (!sender.here || m.number <= sender.stored)
        };
        self.unseen_by(device).iter().filter(|m| stored(m)).count()
    }

    /// How many messages of each sender were acknowledged so far.
    pub fn stored_by(&self) -> Vec<u32> {
        self.senders.iter().map(|s| s.stored).collect()
    }

    /// What is known here of the session at the end, to be compared with what is known elsewhere.
    pub fn account(&self, index: usize) -> SessionAccount {
        let account = |(party, s): (usize, &Sender)| SenderAccount {
            party,
            name: s.name.clone(),
            sent: s.here.then_some(s.sent),
            stored: s.here.then_some(s.stored),
            seen: s.in_log,
        };
        let active = self.senders.iter().enumerate().filter(|(_, s)| s.sent > 0 || s.in_log > 0);
        SessionAccount {
            index,
            name: self.name.clone(),
            senders: active.map(account).collect(),
            devices: self.devices.len(),
            order: self.order,
        }
    }

    /// A device's name.
    pub fn device_name(&self, device: usize) -> &str {
        &self.devices[device].name
    }

    /// A sender's name.
    pub fn party_name(&self, party: usize) -> &str {
        &self.senders[party].name
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Messages that are held because somebody has not seen them.
    pub fn held(&self) -> usize {
        self.log.len()
    }

    fn unseen_by(&self, device: usize) -> Vec<Mark> {
        let view = &self.devices[device];
        let ahead = self.log.range(self.log_index(view.cursor)..).map(|e| e.mark);
        let gaps = self.gaps.iter().filter(|(_, seen)| !seen.contains(&device)).map(|(mark, _)| *mark);
        let beyond = self
            .senders
            .iter()
            .enumerate()
            .flat_map(|(sender, s)| (s.in_log + 1..=s.stored).map(move |number| Mark { sender, number }));
        view.skipped.iter().copied().chain(ahead).chain(gaps).chain(beyond).collect()
    }

    /// Moves the device's cursor over the message, or says why it cannot be.
    fn place(&mut self, device: usize, mark: Mark, id: &MessageId) -> Result<(), Finding> {
        let at = self.log_index(self.devices[device].cursor);
        if let Some(ahead) = self.log.range(at..).position(|e| e.mark == mark) {
            let skipped: Vec<Mark> = self.log.range(at..at + ahead).map(|e| e.mark).collect();
            let view = &mut self.devices[device];
            view.skipped.extend(skipped);
            view.cursor += ahead as u64 + 1;
            self.forget_seen();
            return Ok(());
        }
        if self.devices[device].skipped.remove(&mark) {
            return Err(self.late(device, mark, id));
        }
        if let Some(seen) = self.gaps.get_mut(&mark) {
            if !seen.insert(device) {
                return Err(self.twice(device, mark, id));
            }
            let later = |e: &Entry| e.mark.sender == mark.sender && e.mark.number > mark.number;
            let passed = self.log.iter().position(later).is_none_or(|later| later < at);
            return if passed { Err(self.late(device, mark, id)) } else { Ok(()) };
        }
        if mark.number <= self.senders[mark.sender].in_log {
            return Err(self.twice(device, mark, id));
        }
        self.append(device, mark, id);
        Ok(())
    }

    /// The first device to see the message makes it part of the log; whatever of the log it had not seen is skipped.
    fn append(&mut self, device: usize, mark: Mark, id: &MessageId) {
        let at = self.log_index(self.devices[device].cursor);
        let skipped: Vec<Mark> = self.log.range(at..).map(|e| e.mark).collect();
        let in_log = &mut self.senders[mark.sender].in_log;
        for number in *in_log + 1..mark.number {
            self.gaps.insert(Mark { number, ..mark }, BTreeSet::new());
        }
        *in_log = mark.number;
        self.order = draw(self.order, (mark.sender, mark.number));
        self.log.push_back(Entry { mark, id: id.clone() });
        let end = self.log_start + self.log.len() as u64;
        let view = &mut self.devices[device];
        view.skipped.extend(skipped);
        view.cursor = end;
        self.forget_seen();
    }

    fn forget_seen(&mut self) {
        if self.log.len() <= LOG_SLACK || !self.log.len().is_multiple_of(LOG_SLACK) {
            return;
        }
        let slowest = self.devices.iter().map(|m| m.cursor).min().unwrap_or(self.log_start);
        let seen = self.log_index(slowest);
        self.log.drain(..seen);
        self.log_start = slowest;
    }

    fn log_index(&self, cursor: u64) -> usize {
        usize::try_from(cursor - self.log_start)
            .expect("the log begins at the slowest cursor, and fits memory")
    }

    fn late(&self, device: usize, mark: Mark, id: &MessageId) -> Finding {
        let (name, message) = (&self.devices[device].name, self.message(mark));
        self.finding(
            rules::SESSION_ORDER,
            &format!("{name} sees {message} (id {id}) only after messages that others saw later"),
        )
    }

    fn twice(&self, device: usize, mark: Mark, id: &MessageId) -> Finding {
        let (name, message) = (&self.devices[device].name, self.message(mark));
        let first = self.log.iter().find(|e| e.mark == mark && e.id != *id);
        let also = first.map_or_else(String::new, |e| format!(", the first time with id {}", e.id));
        self.finding(rules::TWICE, &format!("{name} sees {message} (id {id}) twice{also}"))
    }

    fn message(&self, mark: Mark) -> String {
        let sender = self.senders.get(mark.sender).map_or("somebody who is no member", |s| s.name.as_str());
        format!("message {} of {sender}", mark.number)
    }

    fn finding(&self, rule: &'static str, text: &str) -> Finding {
        Finding { rule, text: format!("in {}, {text}", self.name) }
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
