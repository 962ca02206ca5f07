//! All sessions of a run, and what was found in them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use y2w_sdk::protocol::{ImSessionId, MessageId, Timestamp};

use super::ledger::{Mark, SessionLedger};
use super::{Finding, rules};

/// A message that was sent, as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Index of the session.
    pub session: usize,
    /// Which message of whom.
    pub mark: Mark,
}

/// A message that a member sees.
#[derive(Clone, Debug)]
pub struct Delivered<'a> {
    /// Index of the session.
    pub session: usize,
    /// Index of the member in the session.
    pub member: usize,
    /// Which message of whom.
    pub mark: Mark,
    /// The server's id for it.
    pub id: &'a MessageId,
    /// The server's stamp on it.
    pub created_at: Timestamp,
}

/// One rule's outcome over a whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// The rule's id.
    pub rule: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// How often it was looked at.
    pub examined: u64,
    /// How often it was broken.
    pub broken: u64,
    /// The first findings.
    pub findings: Vec<String>,
}

/// Findings that are kept per rule; the rest is counted.
const FINDINGS_KEPT: usize = 20;

const TITLES: [(&str, &str); 10] = [
    (rules::STORED, "every message that was sent was acknowledged"),
    (rules::LOST, "every acknowledged message reached every member"),
    (rules::TWICE, "no message is there twice"),
    (rules::SENDER_ORDER, "each sender's messages are stored in their order"),
    (rules::SESSION_ORDER, "all members see the server's order"),
    (rules::VERBATIM, "every message is what its sender sent"),
    (rules::PUSHED, "members learn of messages by a push or when they reconnect"),
    (rules::NOTICE, "every stored message's notice was taken by the push server"),
    (rules::KICKED, "nobody was disconnected for good"),
    (rules::ONE_SESSION, "both users of a pair get the same session"),
];

/// Watches every message of a run. Shared by all users; a lock is held per session only.
pub struct Verifier {
    sessions: Vec<Mutex<SessionLedger>>,
    index: FxHashMap<String, usize>,
    found: Mutex<FxHashMap<&'static str, (u64, Vec<String>)>>,
    broken: AtomicU64,
    stored: AtomicU64,
    notices: AtomicU64,
    connections: AtomicU64,
    delivered: AtomicU64,
    /// Deliveries to members other than the sender that acknowledged messages still owe.
    owed: AtomicI64,
}

impl Verifier {
    /// Watches these sessions, each with the names of its members.
    pub fn new(sessions: Vec<(ImSessionId, Vec<String>)>) -> Self {
        let index = sessions.iter().enumerate().map(|(i, (id, _))| (id.to_string(), i)).collect();
        Self {
            sessions: sessions
                .into_iter()
                .map(|(id, names)| Mutex::new(SessionLedger::new(id.to_string(), names)))
                .collect(),
            index,
            found: Mutex::default(),
            broken: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            notices: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            owed: AtomicI64::new(0),
        }
    }

    /// The index of a session by its name `TYPE_ID`.
    pub fn session_index(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// A member is about to send its next message to a session.
    pub fn sending(&self, session: usize, sender: usize) -> Mark {
        let number = self.sessions[session].lock().sending(sender);
        Mark { sender, number }
    }

    /// The server has acknowledged a message, with this content for the one that was sent.
    pub fn stored(&self, sent: Sent, verbatim: bool) {
        let mut ledger = self.sessions[sent.session].lock();
        let result = ledger.stored(sent.mark);
        self.stored.fetch_add(1, Ordering::Relaxed);
        let others = i64::try_from(ledger.member_count()).unwrap_or(i64::MAX) - 1;
        self.owed.fetch_add(others, Ordering::Relaxed);
        let altered = (!verbatim).then(|| Finding {
            rule: rules::VERBATIM,
            text: format!(
                "in {}, the answer to message {} of {} has another content than was sent",
                ledger.name(),
                sent.mark.number,
                ledger.member_name(sent.mark.sender)
            ),
        });
        drop(ledger);
        self.note(result.err());
        self.note(altered);
    }

    /// A member sees a message.
    pub fn delivered(&self, delivered: &Delivered<'_>) {
        let Delivered { session, member, mark, id, created_at } = *delivered;
        let result = self.sessions[session].lock().delivered(member, mark, id, created_at);
        self.delivered.fetch_add(1, Ordering::Relaxed);
        if mark.sender != member && result.as_ref().err().is_none_or(|f| f.rule == rules::SESSION_ORDER) {
            self.owed.fetch_sub(1, Ordering::Relaxed);
        }
        self.note(result.err());
    }

    /// The push server has taken a notice.
    pub fn notice_taken(&self) {
        self.notices.fetch_add(1, Ordering::Relaxed);
    }

    /// So many push connections have been watched from now on.
    pub fn connected(&self, connections: u64) {
        self.connections.fetch_add(connections, Ordering::Relaxed);
    }

    /// Something that no ledger can see.
    pub fn found(&self, rule: &'static str, text: String) {
        self.note(Some(Finding { rule, text }));
    }

    /// Deliveries that acknowledged messages still owe to members other than their senders.
    pub fn owed(&self) -> i64 {
        self.owed.load(Ordering::Relaxed)
    }

    /// Messages acknowledged so far.
    pub fn stored_count(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Deliveries examined so far.
    pub fn delivered_count(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Findings so far.
    pub fn broken_count(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }

    /// Pushes have had their time: whatever members lack now they would never have asked for.
    pub fn pushes_are_over(&self) {
        for session in &self.sessions {
            let ledger = session.lock();
            for member in 0..ledger.member_count() {
                let unseen = ledger.unseen_of_others(member);
                if unseen > 0 {
                    let (name, member) = (ledger.name(), ledger.member_name(member));
                    self.found(
                        rules::PUSHED,
                        format!("in {name}, {member} was not led to {unseen} messages"),
                    );
                }
            }
        }
    }

    /// Everybody has synced everything: what is missing now is lost.
    pub fn all_is_synced(&self) {
        for session in &self.sessions {
            let missing = session.lock().missing();
            for finding in missing {
                self.note(Some(finding));
            }
        }
    }

    /// Every rule's outcome, broken ones first, otherwise in a fixed order.
    pub fn checks(&self) -> Vec<Check> {
        let found = self.found.lock();
        let (stored, delivered) = (self.stored_count(), self.delivered_count());
        let examined = |rule| match rule {
            rules::STORED | rules::SENDER_ORDER => stored,
            rules::NOTICE => self.notices.load(Ordering::Relaxed),
            rules::KICKED => self.connections.load(Ordering::Relaxed),
            rules::ONE_SESSION => self.sessions.len() as u64,
            _ => delivered,
        };
        let mut checks: Vec<Check> = TITLES
            .into_iter()
            .map(|(rule, title)| {
                let (broken, findings) = found.get(rule).cloned().unwrap_or_default();
                Check { rule, title, examined: examined(rule).max(broken), broken, findings }
            })
            .collect();
        checks.sort_by_key(|c| c.broken == 0);
        checks
    }

    fn note(&self, finding: Option<Finding>) {
        let Some(Finding { rule, text }) = finding else {
            return;
        };
        self.broken.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(rule, text, "finding");
        let mut found = self.found.lock();
        let (count, kept) = found.entry(rule).or_default();
        *count += 1;
        if kept.len() < FINDINGS_KEPT {
            kept.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use y2w_sdk::protocol::SessionType;

    fn verifier() -> Verifier {
        let session = ImSessionId::new(SessionType::P2p, "3");
        Verifier::new(vec![(session, vec!["ann".to_owned(), "bob".to_owned()])])
    }

    fn deliver(verifier: &Verifier, member: usize, mark: Mark) {
        let created_at = Timestamp::from_millis(i64::from(mark.number));
        verifier.delivered(&Delivered { session: 0, member, mark, id: &"1".into(), created_at });
    }

    fn broken(verifier: &Verifier) -> Vec<(&'static str, u64)> {
        verifier.checks().iter().filter(|c| c.broken > 0).map(|c| (c.rule, c.broken)).collect()
    }

    #[test]
    fn a_message_owes_a_delivery_to_each_other_member_until_they_see_it() {
        let verifier = verifier();
        let mark = verifier.sending(0, 0);
        verifier.stored(Sent { session: 0, mark }, true);
        assert_eq!(verifier.owed(), 1);
        deliver(&verifier, 0, mark);
        assert_eq!(verifier.owed(), 1);
        deliver(&verifier, 1, mark);
        assert_eq!(verifier.owed(), 0);
        verifier.pushes_are_over();
        verifier.all_is_synced();
        assert_eq!(broken(&verifier), []);
    }

    #[test]
    fn a_message_that_no_push_brought_but_a_sync_did_breaks_the_push_rule_only() {
        let verifier = verifier();
        let mark = verifier.sending(0, 0);
        verifier.stored(Sent { session: 0, mark }, true);
        verifier.pushes_are_over();
        deliver(&verifier, 0, mark);
        deliver(&verifier, 1, mark);
        verifier.all_is_synced();
        assert_eq!(broken(&verifier), [(rules::PUSHED, 1)]);
    }

    #[test]
    fn an_altered_content_is_found() {
        let verifier = verifier();
        let mark = verifier.sending(0, 0);
        verifier.stored(Sent { session: 0, mark }, false);
        assert_eq!(broken(&verifier), [(rules::VERBATIM, 1)]);
    }

    #[test]
    fn findings_beyond_the_first_are_counted_only() {
        let verifier = verifier();
        for i in 0..100 {
            verifier.found(rules::KICKED, format!("{i}"));
        }
        let checks = verifier.checks();
        assert_eq!((checks[0].rule, checks[0].broken, checks[0].findings.len()), (rules::KICKED, 100, 20));
    }

    #[test]
    fn every_rule_that_is_cited_stands_in_the_protocol_text() {
        let text = include_str!("../../../docs/protocol.md");
        for (rule, _) in TITLES {
            assert!(text.contains(&format!("\n#### {rule}\n")), "{rule} is not in docs/protocol.md");
        }
    }
}
