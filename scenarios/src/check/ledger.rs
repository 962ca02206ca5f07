//! One session's messages: who has sent what, and how far each member has seen it.
//!
//! The log is the order in which messages first turned up at any member. Every member walks along it with a cursor;
//! one that sees another message than the one at its cursor has skipped something, sees something again, or sees
//! another order. What it skipped stays on its account until it turns up (out of order) or the run ends (lost). A
//! message whose predecessor from the same sender has not turned up anywhere leaves a gap, on the account of all
//! who have not seen it. The log is forgotten up to the slowest cursor.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use y2w_sdk::protocol::{MessageId, Timestamp};

use super::{Finding, rules};

/// A message by its sender, as a member index, and its number in that sender's sequence, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Index of the sender among the session's members.
    pub sender: usize,
    /// The number in the sender's sequence in this session, from 1.
    pub number: u32,
}

#[derive(Debug)]
struct Entry {
    mark: Mark,
    id: MessageId,
}

#[derive(Debug, Default)]
struct Sender {
    sent: u32,
    stored: u32,
    in_log: u32,
}

#[derive(Debug)]
struct Member {
    cursor: u64,
    skipped: BTreeSet<Mark>,
    newest: Timestamp,
}

/// See the module's text.
#[derive(Debug)]
pub struct SessionLedger {
    name: String,
    names: Vec<String>,
    senders: Vec<Sender>,
    members: Vec<Member>,
    log: VecDeque<Entry>,
    log_start: u64,
    /// Messages that are not in the log though a later one of their sender is: who has seen them since.
    gaps: BTreeMap<Mark, BTreeSet<usize>>,
}

/// The log is cut when it is longer than this, so that cutting costs little per message.
const LOG_SLACK: usize = 64;

impl SessionLedger {
    /// A session and its members' names, for the prose.
    pub fn new(name: String, names: Vec<String>) -> Self {
        let senders = names.iter().map(|_| Sender::default()).collect();
        let member = || Member { cursor: 0, skipped: BTreeSet::new(), newest: Timestamp::EPOCH };
        let members = names.iter().map(|_| member()).collect();
        Self { name, names, senders, members, log: VecDeque::new(), log_start: 0, gaps: BTreeMap::new() }
    }

    /// How many members there are.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// `sender` is about to send its next message; the answer is its number.
    pub fn sending(&mut self, sender: usize) -> u32 {
        self.senders[sender].sent += 1;
        self.senders[sender].sent
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

    /// A member sees a message for the first time under this id.
    pub fn delivered(
        &mut self,
        member: usize,
        mark: Mark,
        id: &MessageId,
        created_at: Timestamp,
    ) -> Result<(), Finding> {
        if mark.sender >= self.senders.len()
            || mark.number == 0
            || mark.number > self.senders[mark.sender].sent
        {
            return Err(self.finding(
                rules::VERBATIM,
                &format!(
                    "{} sees {} (id {id}), which was never sent",
                    self.names[member],
                    self.message(mark)
                ),
            ));
        }
        let placed = self.place(member, mark, id);
        let newest = self.members[member].newest;
        self.members[member].newest = newest.max(created_at);
        placed?;
        if created_at > newest {
            return Ok(());
        }
        Err(self.finding(
            rules::SESSION_ORDER,
            &format!(
                "{} sees {} (id {id}) with createdAt {created_at} after one with createdAt {newest}",
                self.names[member],
                self.message(mark)
            ),
        ))
    }

    /// What is wrong once nothing more will come: acknowledged messages that somebody lacks, and sent ones that were
    /// not acknowledged.
    pub fn missing(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, sender) in self.senders.iter().enumerate() {
            for number in sender.stored + 1..=sender.sent {
                let message = self.message(Mark { sender: index, number });
                findings.push(self.finding(rules::STORED, &format!("{message} was never acknowledged")));
            }
        }
        for member in 0..self.members.len() {
            for mark in self.unseen_by(member) {
                if mark.number <= self.senders[mark.sender].stored {
                    let (message, name) = (self.message(mark), &self.names[member]);
                    findings.push(self.finding(
                        rules::LOST,
                        &format!("{message} was acknowledged but is missing at {name}"),
                    ));
                }
            }
        }
        findings
    }

    /// The acknowledged messages of others that a member has not seen yet: what pushes have not brought.
    pub fn unseen_of_others(&self, member: usize) -> usize {
        let stored = |m: &Mark| m.sender != member && m.number <= self.senders[m.sender].stored;
        self.unseen_by(member).iter().filter(|m| stored(m)).count()
    }

    /// A member's name.
    pub fn member_name(&self, member: usize) -> &str {
        &self.names[member]
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Messages that are held because somebody has not seen them.
    pub fn held(&self) -> usize {
        self.log.len()
    }

    fn unseen_by(&self, member: usize) -> Vec<Mark> {
        let view = &self.members[member];
        let ahead = self.log.range(self.log_index(view.cursor)..).map(|e| e.mark);
        let gaps = self.gaps.iter().filter(|(_, seen)| !seen.contains(&member)).map(|(mark, _)| *mark);
        let beyond = self
            .senders
            .iter()
            .enumerate()
            .flat_map(|(sender, s)| (s.in_log + 1..=s.stored).map(move |number| Mark { sender, number }));
        view.skipped.iter().copied().chain(ahead).chain(gaps).chain(beyond).collect()
    }

    /// Moves the member's cursor over the message, or says why it cannot be.
    fn place(&mut self, member: usize, mark: Mark, id: &MessageId) -> Result<(), Finding> {
        let at = self.log_index(self.members[member].cursor);
        if let Some(ahead) = self.log.range(at..).position(|e| e.mark == mark) {
            let skipped: Vec<Mark> = self.log.range(at..at + ahead).map(|e| e.mark).collect();
            let view = &mut self.members[member];
            view.skipped.extend(skipped);
            view.cursor += ahead as u64 + 1;
            self.forget_seen();
            return Ok(());
        }
        if self.members[member].skipped.remove(&mark) {
            return Err(self.late(member, mark, id));
        }
        if let Some(seen) = self.gaps.get_mut(&mark) {
            if !seen.insert(member) {
                return Err(self.twice(member, mark, id));
            }
            let later = |e: &Entry| e.mark.sender == mark.sender && e.mark.number > mark.number;
            let passed = self.log.iter().position(later).is_none_or(|later| later < at);
            return if passed { Err(self.late(member, mark, id)) } else { Ok(()) };
        }
        if mark.number <= self.senders[mark.sender].in_log {
            return Err(self.twice(member, mark, id));
        }
        self.append(member, mark, id);
        Ok(())
    }

    /// The first member to see the message makes it part of the log; whatever of the log it had not seen is skipped.
    fn append(&mut self, member: usize, mark: Mark, id: &MessageId) {
        let at = self.log_index(self.members[member].cursor);
        let skipped: Vec<Mark> = self.log.range(at..).map(|e| e.mark).collect();
        let in_log = &mut self.senders[mark.sender].in_log;
        for number in *in_log + 1..mark.number {
            self.gaps.insert(Mark { number, ..mark }, BTreeSet::new());
        }
        *in_log = mark.number;
        self.log.push_back(Entry { mark, id: id.clone() });
        let end = self.log_start + self.log.len() as u64;
        let view = &mut self.members[member];
        view.skipped.extend(skipped);
        view.cursor = end;
        self.forget_seen();
    }

    fn forget_seen(&mut self) {
        if self.log.len() <= LOG_SLACK || !self.log.len().is_multiple_of(LOG_SLACK) {
            return;
        }
        let slowest = self.members.iter().map(|m| m.cursor).min().unwrap_or(self.log_start);
        let seen = self.log_index(slowest);
        self.log.drain(..seen);
        self.log_start = slowest;
    }

    fn log_index(&self, cursor: u64) -> usize {
        usize::try_from(cursor - self.log_start)
            .expect("the log begins at the slowest cursor, and fits memory")
    }

    fn late(&self, member: usize, mark: Mark, id: &MessageId) -> Finding {
        let (name, message) = (&self.names[member], self.message(mark));
        self.finding(
            rules::SESSION_ORDER,
            &format!("{name} sees {message} (id {id}) only after messages that others saw later"),
        )
    }

    fn twice(&self, member: usize, mark: Mark, id: &MessageId) -> Finding {
        let (name, message) = (&self.names[member], self.message(mark));
        let first = self.log.iter().find(|e| e.mark == mark && e.id != *id);
        let also = first.map_or_else(String::new, |e| format!(", the first time with id {}", e.id));
        self.finding(rules::TWICE, &format!("{name} sees {message} (id {id}) twice{also}"))
    }

    fn message(&self, mark: Mark) -> String {
        let sender = self.names.get(mark.sender).map_or("somebody who is no member", String::as_str);
        format!("message {} of {sender}", mark.number)
    }

    fn finding(&self, rule: &'static str, text: &str) -> Finding {
        Finding { rule, text: format!("in {}, {text}", self.name) }
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
