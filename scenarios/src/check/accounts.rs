//! What several processes know of the same sessions, put together: each message that was sent against each device that
//! should have it.
//!
//! A run in shards has the senders of a session in one process and some of its receivers in others. Each shard holds its
//! own devices against each other and against its own senders, and writes down an account of each session: how many
//! messages of each sender were acknowledged, or seen there, and a digest of the order. [`close`] compares them. Linear in
//! sessions and senders, not in messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Finding, rules};

/// What one process knows of one session when everybody has synced everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionAccount {
    /// Index of the session in the population.
    pub index: usize,
    /// As the server calls it, `TYPE_ID`.
    pub name: String,
    /// Those of whom anything was sent or seen.
    pub senders: Vec<SenderAccount>,
    /// How many devices see the session in that process.
    pub devices: usize,
    /// A digest of the order in which messages turned up.
    #[serde(with = "hex")]
    pub order: u64,
}

/// What one process knows of one sender in one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenderAccount {
    /// Index of the sender among the session's parties.
    pub party: usize,
    /// For the prose.
    pub name: String,
    /// How many messages it sent; only the process that it sends from knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u32>,
    /// How many of them were acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<u32>,
    /// The highest number that a device has seen there. Devices that lack one of those before were reported there.
    pub seen: u32,
}

/// What comparing the accounts gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// What is wrong, by session.
    pub findings: Vec<Finding>,
    /// Pairs of a sender and a process that were compared.
    pub compared: u64,
    /// Messages that such pairs were about.
    pub messages: u64,
}

/// Compares what all processes know; each list is one process's, and its place its number.
pub fn close(processes: &[Vec<SessionAccount>]) -> Closed {
    let mut sessions: BTreeMap<usize, Vec<(usize, &SessionAccount)>> = BTreeMap::new();
    for (process, accounts) in processes.iter().enumerate() {
        for account in accounts {
            sessions.entry(account.index).or_default().push((process, account));
        }
    }
    let mut closed = Closed::default();
    for accounts in sessions.values().filter(|accounts| accounts.len() > 1) {
        closed.session(accounts);
    }
    closed
}

impl Closed {
    fn session(&mut self, accounts: &[(usize, &SessionAccount)]) {
        let (first, one) = accounts[0];
        for (process, other) in &accounts[1..] {
            if other.name != one.name {
                let text = format!("shard {first} has {} where shard {process} has {}", one.name, other.name);
                self.findings.push(Finding { rule: rules::ONE_SESSION, text });
                return;
            }
        }
        let before = self.findings.len();
        let mut homes: BTreeMap<usize, (&SenderAccount, u32)> = BTreeMap::new();
        for (_, account) in accounts {
            for sender in &account.senders {
                if let Some(stored) = sender.stored {
                    homes.insert(sender.party, (sender, stored));
                }
            }
        }
        for (process, account) in accounts.iter().filter(|(_, account)| account.devices > 0) {
            for (party, (sender, stored)) in &homes {
                let there = account.senders.iter().find(|s| s.party == *party);
                if there.is_some_and(|s| s.stored.is_some()) {
                    continue;
                }
                self.compared += 1;
                self.messages += u64::from(*stored);
                self.compare(&one.name, sender, *stored, *process, there.map_or(0, |s| s.seen));
            }
            for stranger in account.senders.iter().filter(|s| !homes.contains_key(&s.party)) {
                let text = format!(
                    "in {}, shard {process} has seen {} messages of {}, of whom no shard knows",
                    one.name, stranger.seen, stranger.name
                );
                self.findings.push(Finding { rule: rules::VERBATIM, text });
            }
        }
        // Where messages are missing, the order differs as well, and that says nothing more.
        let seeing: Vec<_> = accounts.iter().filter(|(_, account)| account.devices > 0).collect();
        if self.findings.len() == before
            && let Some((reference, rest)) = seeing.split_first()
            && let Some((process, _)) = rest.iter().find(|(_, account)| account.order != reference.1.order)
        {
            let text = format!(
                "in {}, the devices of shard {process} saw the messages in another order than those of shard {}",
                one.name, reference.0
            );
            self.findings.push(Finding { rule: rules::SESSION_ORDER, text });
        }
    }

    fn compare(&mut self, session: &str, sender: &SenderAccount, stored: u32, process: usize, seen: u32) {
        let sent = sender.sent.unwrap_or(stored);
        let (rule, text) = if seen < stored {
            let which = if stored - seen == 1 {
                format!("message {stored} of {} was acknowledged but is", sender.name)
            } else {
                format!("messages {} to {stored} of {} were acknowledged but are", seen + 1, sender.name)
            };
            (rules::LOST, format!("in {session}, {which} missing at the devices of shard {process}"))
        } else if seen > sent {
            let name = &sender.name;
            let text = format!(
                "in {session}, the devices of shard {process} have seen message {seen} of {name}, who sent only {sent}"
            );
            (rules::VERBATIM, text)
        } else {
            return;
        };
        self.findings.push(Finding { rule, text });
    }
}

/// JSON numbers are exact to 53 bits only in many readers.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map_err(|_| D::Error::custom("expected 16 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(party: usize, stored: Option<u32>, seen: u32) -> SenderAccount {
        SenderAccount { party, name: format!("user {party}"), sent: stored, stored, seen }
    }

    fn account(senders: Vec<SenderAccount>, order: u64) -> SessionAccount {
        SessionAccount { index: 3, name: "p2p_9".to_owned(), senders, devices: 1, order }
    }

    fn texts(closed: &Closed) -> Vec<(&str, &str)> {
        closed.findings.iter().map(|f| (f.rule, f.text.as_str())).collect()
    }

    #[test]
    fn shards_that_know_the_same_give_no_finding() {
        let here = account(vec![sender(0, Some(5), 5), sender(1, None, 2)], 7);
        let there = account(vec![sender(0, None, 5), sender(1, Some(2), 2)], 7);
        let closed = close(&[vec![here], vec![there]]);
        assert_eq!(texts(&closed), []);
        assert_eq!((closed.compared, closed.messages), (2, 7));
    }

    #[test]
    fn messages_that_the_other_shard_has_not_seen_are_lost_and_named() {
        let here = account(vec![sender(0, Some(5), 5)], 7);
        for (seen, which) in [(2, "messages 3 to 5 of user 0 were"), (4, "message 5 of user 0 was")] {
            let closed = close(&[vec![here.clone()], vec![account(vec![sender(0, None, seen)], 1)]]);
            let text = format!(
                "in p2p_9, {which} acknowledged but {} missing",
                if seen == 2 { "are" } else { "is" }
            );
            assert_eq!(closed.findings.len(), 1);
            assert_eq!(closed.findings[0].rule, rules::LOST);
            assert!(closed.findings[0].text.starts_with(&text), "{:?}", closed.findings);
        }
        let nothing_seen = close(&[vec![here], vec![account(vec![], 0)]]);
        assert!(nothing_seen.findings[0].text.contains("messages 1 to 5"), "{nothing_seen:?}");
    }

    #[test]
    fn what_nobody_sent_is_found() {
        let here = account(vec![sender(0, Some(5), 5)], 7);
        let closed = close(&[vec![here.clone()], vec![account(vec![sender(0, None, 6)], 7)]]);
        assert_eq!(closed.findings[0].rule, rules::VERBATIM);
        let closed = close(&[vec![here], vec![account(vec![sender(0, None, 5), sender(4, None, 1)], 7)]]);
        assert!(closed.findings[0].text.contains("of whom no shard knows"), "{closed:?}");
    }

    #[test]
    fn the_same_messages_in_another_order_are_found() {
        let here = account(vec![sender(0, Some(5), 5), sender(1, Some(1), 1)], 7);
        let there = account(vec![sender(0, None, 5), sender(1, None, 1)], 8);
        let closed = close(&[vec![here], vec![there]]);
        assert_eq!(closed.findings.len(), 1);
        assert_eq!(closed.findings[0].rule, rules::SESSION_ORDER);
    }

    #[test]
    fn two_sessions_where_one_should_be_are_found() {
        let mut there = account(vec![], 0);
        there.name = "p2p_10".to_owned();
        let closed = close(&[vec![account(vec![], 0)], vec![there]]);
        assert_eq!(texts(&closed), [(rules::ONE_SESSION, "shard 0 has p2p_9 where shard 1 has p2p_10")]);
    }

    #[test]
    fn an_account_comes_back_from_json() {
        let account = account(vec![sender(0, Some(5), 5), sender(1, None, 2)], u64::MAX);
        let text = serde_json::to_string(&account).unwrap();
        assert_eq!(serde_json::from_str::<SessionAccount>(&text).unwrap(), account);
        assert!(text.contains(r#""order":"ffffffffffffffff""#), "{text}");
    }
}
