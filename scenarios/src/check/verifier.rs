//! All sessions of a run, and what was found in them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use y2w_sdk::protocol::{MessageId, Timestamp};

use super::accounts::SessionAccount;
use super::floater::Floater;
use super::ledger::{Mark, Party, SessionLedger, View};
use super::{Finding, rules};

/// A session that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// As the server calls it, `TYPE_ID`.
    pub name: String,
    /// Who may send to it.
    pub parties: Vec<Party>,
    /// The devices here that see it.
    pub views: Vec<View>,
    /// Members who come and go, by name.
    pub floaters: Vec<String>,
}

/// Who sees a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// A device, by its index among the session's.
    Device(usize),
    /// A member who comes and goes, by its index among those.
    Floater(usize),
}

/// A message that was sent, as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Index of the session.
    pub session: usize,
    /// Which message of whom.
    pub mark: Mark,
}

/// A message that somebody sees.
#[derive(Clone, Debug)]
pub struct Delivered<'a> {
    /// Index of the session.
    pub session: usize,
    /// Who sees it.
    pub seat: Seat,
    /// Whether it comes from another device than this one.
    pub from_another: bool,
    /// Which message of whom.
    pub mark: Mark,
    /// Whether its sender is in this process.
    pub sent_here: bool,
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
pub(crate) const FINDINGS_KEPT: usize = 20;

const TITLES: [(&str, &str); 15] = [
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
    (rules::MEMBERSHIP, "who was removed from a group sees nothing of what came after"),
    (rules::MEMBERS, "at the end a group has the members that it should have"),
    (rules::UNREAD, "at the end, when all is read, nothing is unread"),
    (rules::HISTORY, "history comes newest first"),
    (rules::FRESH_DEVICE, "a new device of a user finds every message"),
];

/// Watches every message of a run. Shared by all users; a lock is held per session only.
pub struct Verifier {
    sessions: Vec<Mutex<Session>>,
    found: Mutex<Found>,
    broken: AtomicU64,
    stored: AtomicU64,
    notices: AtomicU64,
    connections: AtomicU64,
    delivered: AtomicU64,
    looked_at: [AtomicU64; LOOKS.len()],
    /// Deliveries to other devices here that messages acknowledged here still owe.
    owed: AtomicI64,
}

/// Findings, by rule: how many, and the first of them.
#[derive(Default)]
struct Found {
    by_rule: FxHashMap<&'static str, (u64, Vec<String>)>,
    /// The rule of the newest one that was kept.
    newest: Option<&'static str>,
}

/// Rules that are looked at by the way, each counted for itself.
const LOOKS: [&str; 5] =
    [rules::MEMBERSHIP, rules::MEMBERS, rules::UNREAD, rules::HISTORY, rules::FRESH_DEVICE];

struct Session {
    ledger: SessionLedger,
    floaters: Vec<Floater>,
}

impl Verifier {
    /// Watches these sessions.
    pub fn new(sessions: Vec<Watched>) -> Self {
        let session = |watched: Watched| {
            let ledger = SessionLedger::new(watched.name, watched.parties, watched.views);
            Mutex::new(Session { ledger, floaters: watched.floaters.into_iter().map(Floater::new).collect() })
        };
        Self {
            sessions: sessions.into_iter().map(session).collect(),
            found: Mutex::default(),
            broken: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            notices: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            looked_at: Default::default(),
            owed: AtomicI64::new(0),
        }
    }

    /// A member is about to send its next message to a session.
    pub fn sending(&self, session: usize, sender: usize) -> Mark {
        let number = self.sessions[session].lock().ledger.sending(sender);
        Mark { sender, number }
    }

    /// The message that a member was last about to send is not sent after all.
    pub fn not_sent(&self, session: usize, sender: usize) {
        self.sessions[session].lock().ledger.not_sent(sender);
    }

    /// The server has acknowledged a message under this id and stamp, with this content for the one that was sent.
    pub fn stored(&self, sent: Sent, id: &MessageId, created_at: Timestamp, verbatim: bool) {
        let mut session = self.sessions[sent.session].lock();
        let result = session.ledger.stored(sent.mark);
        for floater in &mut session.floaters {
            floater.stored(id, created_at);
        }
        let ledger = &session.ledger;
        self.stored.fetch_add(1, Ordering::Relaxed);
        let receivers = i64::try_from(ledger.receivers_of(sent.mark.sender)).unwrap_or(i64::MAX);
        self.owed.fetch_add(receivers, Ordering::Relaxed);
        let altered = (!verbatim).then(|| Finding {
            rule: rules::VERBATIM,
            text: format!(
                "in {}, the answer to message {} of {} has another content than was sent",
                ledger.name(),
                sent.mark.number,
                ledger.party_name(sent.mark.sender)
            ),
        });
        drop(session);
        self.note(result.err());
        self.note(altered);
    }

    /// Somebody sees a message.
    pub fn delivered(&self, delivered: &Delivered<'_>) {
        let Delivered { session, seat, from_another, mark, id, created_at, sent_here } = *delivered;
        self.delivered.fetch_add(1, Ordering::Relaxed);
        let mut session = self.sessions[session].lock();
        let Session { ledger, floaters } = &mut *session;
        let result = match seat {
            Seat::Floater(floater) => {
                let floater = &mut floaters[floater];
                self.look(rules::MEMBERSHIP, u64::from(floater.is_followed()));
                floater.delivered(ledger.name(), id, created_at, sent_here)
            }
            Seat::Device(device) => {
                let result = ledger.delivered(device, mark, id, created_at);
                let paid = result.as_ref().err().is_none_or(|f| f.rule == rules::SESSION_ORDER);
                if from_another && sent_here && paid {
                    self.owed.fetch_sub(1, Ordering::Relaxed);
                }
                result
            }
        };
        drop(session);
        self.note(result.err());
    }

    /// Tells the session's members who come and go, if they are here, what happens to them.
    pub fn float(&self, session: usize, what: impl FnMut(&mut Floater)) {
        self.sessions[session].lock().floaters.iter_mut().for_each(what);
    }

    /// How many messages of each sender from here were acknowledged so far, by the sender's index.
    pub fn stored_by(&self, session: usize) -> Vec<u32> {
        self.sessions[session].lock().ledger.stored_by()
    }

    /// One of the rules that are looked at by the way was looked at so often.
    pub fn look(&self, rule: &'static str, times: u64) {
        if let Some(index) = LOOKS.iter().position(|l| *l == rule) {
            self.looked_at[index].fetch_add(times, Ordering::Relaxed);
        }
    }

    /// What is known here of every session, to be compared with what is known elsewhere.
    pub fn accounts(&self, index_of: impl Fn(usize) -> usize) -> Vec<SessionAccount> {
        let account = |(at, session): (usize, &Mutex<Session>)| session.lock().ledger.account(index_of(at));
        self.sessions.iter().enumerate().map(account).collect()
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

    /// The newest finding of those that are kept, with its rule.
    pub fn newest(&self) -> Option<(&'static str, String)> {
        let found = self.found.lock();
        let rule = found.newest?;
        Some((rule, found.by_rule.get(rule)?.1.last()?.clone()))
    }

    /// Pushes have had their time: whatever members lack now they would never have asked for.
    pub fn pushes_are_over(&self) {
        for session in &self.sessions {
            let session = session.lock();
            let ledger = &session.ledger;
            for device in 0..ledger.device_count() {
                let unseen = ledger.unseen_of_others(device);
                if unseen > 0 {
                    let (name, device) = (ledger.name(), ledger.device_name(device));
                    let text = format!("in {name}, {device} was not led to {unseen} messages");
                    self.found(rules::PUSHED, text);
                }
            }
        }
    }

    /// Everybody has synced everything: what is missing now is lost.
    pub fn all_is_synced(&self) {
        for session in &self.sessions {
            let session = session.lock();
            let name = session.ledger.name();
            let lacking = session.floaters.iter().filter_map(|f| f.missing(name));
            for finding in session.ledger.missing().into_iter().chain(lacking) {
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
            rule => match LOOKS.iter().position(|l| *l == rule) {
                Some(index) => self.looked_at[index].load(Ordering::Relaxed),
                None => delivered,
            },
        };
        let mut checks: Vec<Check> = TITLES
            .into_iter()
            .map(|(rule, title)| {
                let (broken, findings) = found.by_rule.get(rule).cloned().unwrap_or_default();
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
        let (count, kept) = found.by_rule.entry(rule).or_default();
        *count += 1;
        if kept.len() < FINDINGS_KEPT {
            kept.push(text);
            found.newest = Some(rule);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier() -> Verifier {
        let party = |name: &str| Party { name: name.to_owned(), here: true };
        let view = |of: usize| View { name: format!("device of {of}"), of };
        Verifier::new(vec![Watched {
            name: "p2p_3".to_owned(),
            parties: vec![party("ann"), party("bob")],
            views: vec![view(0), view(1)],
            floaters: Vec::new(),
        }])
    }

    fn store(verifier: &Verifier, mark: Mark, verbatim: bool) {
        let at = Timestamp::from_millis(i64::from(mark.number));
        verifier.stored(Sent { session: 0, mark }, &"1".into(), at, verbatim);
    }

    fn deliver(verifier: &Verifier, device: usize, mark: Mark) {
        let created_at = Timestamp::from_millis(i64::from(mark.number));
        verifier.delivered(&Delivered {
            session: 0,
            seat: Seat::Device(device),
            from_another: device != mark.sender,
            mark,
            sent_here: true,
            id: &"1".into(),
            created_at,
        });
    }

    fn broken(verifier: &Verifier) -> Vec<(&'static str, u64)> {
        verifier.checks().iter().filter(|c| c.broken > 0).map(|c| (c.rule, c.broken)).collect()
    }

    #[test]
    fn a_message_owes_a_delivery_to_each_other_member_until_they_see_it() {
        let verifier = verifier();
        let mark = verifier.sending(0, 0);
        store(&verifier, mark, true);
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
        store(&verifier, mark, true);
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
        store(&verifier, mark, false);
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
        assert_eq!(verifier.newest(), Some((rules::KICKED, "19".to_owned())));
        verifier.found(rules::LOST, "one".to_owned());
        assert_eq!(verifier.newest(), Some((rules::LOST, "one".to_owned())));
    }

    #[test]
    fn every_rule_that_is_cited_stands_in_the_protocol_text() {
        let text = include_str!("../../../docs/protocol.md");
        for (rule, _) in TITLES {
            assert!(text.contains(&format!("\n#### {rule}\n")), "{rule} is not in docs/protocol.md");
        }
    }
}
