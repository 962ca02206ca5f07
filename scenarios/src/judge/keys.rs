//! One idempotency key, one message. Rule `MSG-IDEMPOTENCY-KEY`.
//!
//! A server need not know the key. One that was seen to honour it has to do so always; and no key of one user may be
//! answered with the message of another.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use y2w_sdk::protocol::{Message, MessageId};

use super::{Cast, Checker, Ending, Findings};
use crate::history::{Happening, What};

const RULE: &str = "MSG-IDEMPOTENCY-KEY";

/// Which user, by the place in the plan, sent which key to which path.
type Key = (usize, Arc<str>, Arc<str>);

#[derive(Default)]
pub(super) struct Keys {
    under_way: BTreeMap<u64, (Key, u64)>,
    /// What each key was answered with at first, and by which request.
    answered: FxHashMap<Key, (MessageId, u64)>,
    /// Whose key each message was stored with.
    owners: FxHashMap<(Arc<str>, MessageId), usize>,
    /// Whether the server was seen to know of keys.
    is_honoured: bool,
    ignored: Vec<(Key, u64, u64)>,
}

impl Keys {
    fn served(
        &mut self,
        cast: &Cast,
        device: usize,
        (key, number): (Key, u64),
        id: MessageId,
        found: &mut Findings,
    ) {
        let owner = *self.owners.entry((key.1.clone(), id.clone())).or_insert(key.0);
        if owner != key.0 {
            let text = format!(
                "{}'s message was answered with {id}, which another user has stored",
                cast.name(device)
            );
            found.add(RULE, &[number], text);
        }
        match self.answered.get(&key) {
            None => drop(self.answered.insert(key, (id, number))),
            Some((before, _)) if *before == id => self.is_honoured = true,
            Some((_, first)) => self.ignored.push((key.clone(), *first, number)),
        }
    }
}

impl Checker for Keys {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        let Some(device) = happening.device else { return };
        match &happening.what {
            What::Arrives(arrived) => {
                if let Some(key) = &arrived.key {
                    let key = (cast.user(device), arrived.path.clone(), key.clone());
                    self.under_way.insert(arrived.call, (key, number));
                }
            }
            What::Served { call, answer } => {
                let Some(asked) = self.under_way.remove(call) else { return };
                let stored = answer.as_ref().filter(|answer| answer.status.is_success());
                let stored = stored.and_then(|answer| serde_json::from_slice::<Message>(&answer.body).ok());
                if let Some(message) = stored {
                    self.served(cast, device, asked, message.id, found);
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        for ((user, path, key), first, second) in self.ignored.iter().filter(|_| self.is_honoured) {
            let name = ending.plan.users.get(*user).map_or("", |user| &user.name);
            let text = format!("{name} sent the key {key} to {path} twice, and there are two messages of it");
            found.add(RULE, &[*first, *second], text);
        }
    }
}
