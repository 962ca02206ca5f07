//! A member who sends nothing, and is removed from a group and added again while others talk.
//!
//! Between the server's answer to the removal and the request that adds the member again, nothing new may reach it: a
//! message that was stored later than the removal, by the server's stamps, may not be seen. Since the last time that it was added, it
//! has to see everything. Memory does not grow with the messages: what is due and what was seen are counts and digests;
//! only what is stored or seen while the member is being added, whose stamp is not known yet, is kept until it is.
//!
//! Where a run is in shards, it is followed in its own one if the changes are made there as well. What members in other
//! shards have stored is not known there, so that of theirs only what it may not see is looked at.

use y2w_sdk::protocol::{MessageId, Timestamp};

use super::{Finding, rules};
use crate::chance::draw;

/// See the module's text.
#[derive(Debug)]
pub struct Floater {
    name: String,
    state: State,
    due: Tally,
    seen: Tally,
}

#[derive(Debug)]
enum State {
    /// A member since this stamp.
    In(Timestamp),
    /// A removal is under way.
    Leaving,
    /// Removed at this stamp.
    Out(Timestamp),
    /// Being added: what was stored and seen since that began, until the stamp is known.
    Joining { due: Vec<(Timestamp, u64)>, seen: Vec<(Timestamp, u64)> },
    /// Whether it is a member is not known, since an answer was lost: nothing can be said any more.
    Unknown,
}

/// A number of messages, and a digest that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    count: u64,
    digest: u64,
}

impl Tally {
    fn add(&mut self, digest: u64) {
        self.count += 1;
        self.digest = self.digest.wrapping_add(digest);
    }
}

impl Floater {
    /// A member from the beginning.
    pub fn new(name: String) -> Self {
        Self { name, state: State::In(Timestamp::EPOCH), due: Tally::default(), seen: Tally::default() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Somebody is about to remove it.
    pub fn leaving(&mut self) {
        self.state = State::Leaving;
    }

    /// The server has removed it, at this stamp.
    pub fn left(&mut self, at: Timestamp) {
        self.state = State::Out(at);
    }

    /// Somebody is about to add it again.
    pub fn joining(&mut self) {
        if let State::Out(_) = self.state {
            self.state = State::Joining { due: Vec::new(), seen: Vec::new() };
        }
    }

    /// The server has added it, at this stamp.
    pub fn joined(&mut self, at: Timestamp) {
        let State::Joining { due, seen } = std::mem::replace(&mut self.state, State::In(at)) else {
            return;
        };
        (self.due, self.seen) = (Tally::default(), Tally::default());
        due.into_iter().filter(|(stamp, _)| *stamp > at).for_each(|(_, digest)| self.due.add(digest));
        seen.into_iter().filter(|(stamp, _)| *stamp > at).for_each(|(_, digest)| self.seen.add(digest));
    }

    /// An answer was lost, or is told elsewhere: whether it is a member is not known any more.
    pub fn lost_track(&mut self) {
        self.state = State::Unknown;
    }

    /// Whether it is known when it is a member.
    pub fn is_followed(&self) -> bool {
        !matches!(self.state, State::Unknown)
    }

    /// The server has acknowledged the message of somebody who is here.
    pub fn stored(&mut self, id: &MessageId, at: Timestamp) {
        let digest = draw(0, id.as_str());
        match &mut self.state {
            State::In(since) if at > *since => self.due.add(digest),
            State::Joining { due, .. } => due.push((at, digest)),
            _ => {}
        }
    }

    /// It sees a message, in this session; whether its sender is here says whether [`Self::stored`] is told of it.
    pub fn delivered(
        &mut self,
        session: &str,
        id: &MessageId,
        at: Timestamp,
        sent_here: bool,
    ) -> Result<(), Finding> {
        let digest = draw(0, id.as_str());
        match &mut self.state {
            State::In(since) if at > *since && sent_here => self.seen.add(digest),
            State::Out(removed) if at > *removed => {
                let text = format!(
                    "in {session}, {} was removed at {removed} and sees message {id}, stored at {at}",
                    self.name
                );
                return Err(Finding { rule: rules::MEMBERSHIP, text });
            }
            State::Joining { seen, .. } if sent_here => seen.push((at, digest)),
            _ => {}
        }
        Ok(())
    }

    /// What is wrong once nothing more will come.
    pub fn missing(&self, session: &str) -> Option<Finding> {
        let State::In(since) = self.state else {
            return None;
        };
        if self.due == self.seen {
            return None;
        }
        let since =
            if since == Timestamp::EPOCH { String::new() } else { format!(" since it was added at {since}") };
        let text = format!(
            "in {session}, {} messages were acknowledged{since}, and {} sees {} of them or others in their place",
            self.due.count, self.name, self.seen.count
        );
        Some(Finding { rule: rules::LOST, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn id(n: i64) -> MessageId {
        MessageId::new(n.to_string())
    }

    fn floater() -> Floater {
        Floater::new("user 3".to_owned())
    }

    fn store_and_see(floater: &mut Floater, n: i64) {
        floater.stored(&id(n), at(n));
        floater.delivered("group_7", &id(n), at(n), true).unwrap();
    }

    #[test]
    fn who_sees_all_that_is_stored_while_a_member_lacks_nothing() {
        let mut floater = floater();
        store_and_see(&mut floater, 1);
        floater.leaving();
        floater.stored(&id(2), at(2));
        floater.left(at(3));
        floater.stored(&id(4), at(4));
        floater.joining();
        floater.stored(&id(5), at(5));
        floater.stored(&id(7), at(7));
        floater.delivered("group_7", &id(7), at(7), true).unwrap();
        floater.joined(at(6));
        store_and_see(&mut floater, 8);
        assert_eq!(floater.missing("group_7"), None);
    }

    #[test]
    fn a_message_that_was_stored_after_the_removal_may_not_be_seen() {
        let mut floater = floater();
        floater.leaving();
        floater.left(at(3));
        for sent_here in [true, false] {
            assert_eq!(floater.delivered("group_7", &id(2), at(2), sent_here), Ok(()));
            let finding = floater.delivered("group_7", &id(4), at(4), sent_here).unwrap_err();
            assert_eq!(finding.rule, rules::MEMBERSHIP);
            assert!(finding.text.contains("user 3 was removed"), "{}", finding.text);
        }
    }

    #[test]
    fn who_lacks_one_or_sees_another_in_its_place_is_found() {
        let mut lacking = floater();
        lacking.stored(&id(1), at(1));
        assert_eq!(lacking.missing("group_7").unwrap().rule, rules::LOST);
        let mut another = floater();
        another.stored(&id(1), at(1));
        another.delivered("group_7", &id(9), at(1), true).unwrap();
        assert!(another.missing("group_7").is_some());
    }

    #[test]
    fn what_is_sent_elsewhere_is_not_due_here() {
        let mut floater = floater();
        store_and_see(&mut floater, 1);
        floater.delivered("group_7", &id(2), at(2), false).unwrap();
        assert_eq!(floater.missing("group_7"), None);
        floater.leaving();
        floater.left(at(3));
        floater.joining();
        floater.delivered("group_7", &id(5), at(5), false).unwrap();
        floater.joined(at(4));
        assert_eq!(floater.missing("group_7"), None);
        floater.stored(&id(6), at(6));
        floater.delivered("group_7", &id(7), at(7), false).unwrap();
        assert!(floater.missing("group_7").is_some(), "another's does not stand for it");
    }

    #[test]
    fn nothing_is_said_of_who_may_or_may_not_be_a_member() {
        let mut floater = floater();
        floater.leaving();
        floater.lost_track();
        floater.stored(&id(1), at(1));
        assert_eq!(floater.missing("group_7"), None);
        assert!(!floater.is_followed());
    }
}
