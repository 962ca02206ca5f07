//! One idempotency key, one message. Rule `MSG-IDEMPOTENCY-KEY`.
//!
//! A server need not know the key. One that was seen to honour it has to do so always; and no key of one user may be
//! answered with the message of another. What a server that does not know it makes of a request that was sent again is
//! two messages, and no fault of its own: whoever counts messages asks [`Retries::made`].

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use y2w_sdk::protocol::{Message, MessageId};

use super::{Cast, Checker, Ending, Findings};
use crate::history::{Happening, What};

const RULE: &str = "MSG-IDEMPOTENCY-KEY";

/// Which device sent which key to which path.
type Key = (usize, Arc<str>, Arc<str>);

/// A message that was stored under a key.
#[derive(Debug)]
pub(super) struct Stored {
    path: Arc<str>,
    id: MessageId,
    /// The happening that showed the request.
    asked: u64,
}

/// What became of requests that were sent again under the same key: what checkers of messages share.
#[derive(Debug, Default)]
pub(super) struct Retries {
    under_way: BTreeMap<u64, (Key, u64)>,
    /// What each key was answered with at first, and by which request.
    answered: FxHashMap<Key, (MessageId, u64)>,
    /// Whether the server was seen to know of keys.
    is_honoured: bool,
    /// Keys that were answered with another message the second time, with both requests.
    ignored: Vec<(Key, u64, u64)>,
    made: FxHashSet<MessageId>,
}

impl Retries {
    /// One more thing has happened. Gives the message that was stored, if one was.
    pub(super) fn watch(&mut self, number: u64, happening: &Happening) -> Option<Stored> {
        let device = happening.device?;
        match &happening.what {
            What::Arrives(arrived) => {
                let key = (device, arrived.path.clone(), arrived.key.clone()?);
                self.under_way.insert(arrived.call, (key, number));
                None
            }
            What::Served { call, answer } => {
                let (key, asked) = self.under_way.remove(call)?;
                let stored = answer.as_ref().filter(|answer| answer.status.is_success())?;
                let id = serde_json::from_slice::<Message>(&stored.body).ok()?.id;
                let path = key.1.clone();
                self.served(key, asked, &id);
                Some(Stored { path, id, asked })
            }
            _ => None,
        }
    }

    fn served(&mut self, key: Key, asked: u64, id: &MessageId) {
        match self.answered.get(&key) {
            None => drop(self.answered.insert(key, (id.clone(), asked))),
            Some((before, _)) if before == id => self.is_honoured = true,
            Some((before, first)) => {
                self.made.extend([before.clone(), id.clone()]);
                self.ignored.push((key.clone(), *first, asked));
            }
        }
    }

    /// Whether a message is one of several that a server which knows no keys made of one.
    pub(super) fn made(&self, message: &MessageId) -> bool {
        !self.is_honoured && self.made.contains(message)
    }
}

#[derive(Default)]
pub(super) struct Keys {
    /// Whose key each message was stored with, by the path it was sent to.
    owners: FxHashMap<(Arc<str>, MessageId), usize>,
}

impl Checker for Keys {
    fn watch(&mut self, cast: &Cast, _: u64, happening: &Happening, found: &mut Findings) {
        let (Some(device), Some(Stored { path, id, asked })) = (happening.device, &cast.stored) else {
            return;
        };
        let user = cast.user(device);
        let owner = *self.owners.entry((path.clone(), id.clone())).or_insert(user);
        if owner != user {
            let name = cast.name(device);
            let text = format!("{name}'s message was answered with {id}, which another user has stored");
            found.add(RULE, &[*asked], text);
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        let retries = &ending.cast.retries;
        for ((device, path, key), first, second) in retries.ignored.iter().filter(|_| retries.is_honoured) {
            let name = ending.cast.name(*device);
            let text = format!("{name} sent the key {key} to {path} twice, and there are two messages of it");
            found.add(RULE, &[*first, *second], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};

    use super::*;
    use crate::history::{Arrived, Served};

    /// What is known after one device has sent a key so often and was answered with these messages.
    fn after(answers: &[&str]) -> Retries {
        let mut retries = Retries::default();
        for (call, id) in (0..).zip(answers) {
            let (method, path, body) = (Method::POST, "/v1/sessions/1/messages".into(), "".into());
            let arrived = Arrived { call, method, path, key: Some("key".into()), body };
            let body = format!(
                "{{\"id\":\"{id}\",\"type\":\"text\",\"createdAt\":\"2016-11-24T08:00:00.000Z\",\
                 \"updatedAt\":\"2016-11-24T08:00:00.000Z\"}}"
            );
            let answer = Some(Served { status: StatusCode::OK, body: body.into() });
            for what in [What::Arrives(Arc::new(arrived)), What::Served { call, answer }] {
                retries.watch(call, &Happening { at: 0, device: Some(0), what });
            }
        }
        retries
    }

    #[test]
    fn a_server_that_knows_no_keys_makes_two_messages_of_one() {
        let retries = after(&["a", "b"]);
        assert!(retries.made(&"a".into()) && retries.made(&"b".into()) && !retries.made(&"c".into()));
        assert!(!retries.is_honoured);
    }

    #[test]
    fn one_that_knows_them_is_held_to_it() {
        let retries = after(&["a", "a", "b"]);
        assert!(retries.is_honoured && !retries.made(&"b".into()));
        assert_eq!(retries.ignored.len(), 1);
    }
}
