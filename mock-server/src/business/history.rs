//! Reading back through the messages of a session, as far as its reader may.

use std::cmp::Reverse;
use std::sync::Arc;

use y2w_sdk::protocol::{Message, Timestamp, UserId};

use super::sessions::Room;
use super::{Business, Refusal};
use crate::quirks::Quirk;

impl Business {
    /// The newest `limit` messages created at or before `until`, newest first; for a removed member only those up to
    /// the removal. Rules `HIST-ORDER`, `HIST-BOUNDARY`, `HIST-PAGE`, `HIST-REMOVED`, `HIST-OUTSIDER`.
    pub fn history(
        &self,
        caller: &UserId,
        session: &str,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Arc<Message>>, Refusal> {
        let room = self.sessions.room(session)?;
        let removal = room.check_may_look_back(caller)?;
        let last = until.min(removal);
        let upto = room.messages.created_while(|message| message.created_at <= last);
        let limit = if room.quirks.on(Quirk::HistoryPageShort) {
            limit.min(upto.len()).saturating_sub(1)
        } else {
            limit
        };
        let newest_first = upto.iter().rev().skip(room.left_out_at(until));
        let mut page: Vec<_> =
            newest_first.take(limit).map(|message| room.as_of(message, removal).clone()).collect();
        if room.quirks.on(Quirk::HistoryByUpdate) {
            page.sort_by_key(|message| Reverse(message.updated_at));
        }
        if room.quirks.on(Quirk::HistoryOldestFirst) {
            page.reverse();
        }
        Ok(page)
    }
}

impl Room {
    /// Until when somebody may read: a removed member until the removal. Rules `HIST-REMOVED`, `HIST-OUTSIDER`.
    fn check_may_look_back(&self, caller: &UserId) -> Result<Timestamp, Refusal> {
        let forbidden = Refusal::forbidden("only for members of the session");
        let never = Timestamp::from_millis(i64::MAX);
        match self.member_of(caller) {
            None if self.quirks.on(Quirk::HistoryForOutsiders) => Ok(never),
            None => Err(forbidden),
            Some(member) if member.is_delete && self.quirks.on(Quirk::HistoryRefusesRemoved) => {
                Err(forbidden)
            }
            Some(member) if member.is_delete && !self.quirks.on(Quirk::HistoryAfterRemoval) => {
                Ok(member.created_at)
            }
            Some(_) => Ok(never),
        }
    }

    /// How many messages are left out where a page begins that is not the first one.
    fn left_out_at(&self, until: Timestamp) -> usize {
        match until < Timestamp::MAX {
            true if self.quirks.on(Quirk::HistorySkipsOne) => 2,
            true if self.quirks.on(Quirk::HistoryWithoutBoundary) => 1,
            _ => 0,
        }
    }

    /// A message as it was at that time: what somebody removed then may read of it. Rule `HIST-REMOVED`.
    fn as_of<'a>(&'a self, message: &'a Arc<Message>, time: Timestamp) -> &'a Arc<Message> {
        if message.updated_at <= time {
            return message;
        }
        let earlier = self.earlier.get(&message.id).into_iter().flatten();
        // There is one: it was kept because of the removal.
        earlier.rev().find(|earlier| earlier.updated_at <= time).unwrap_or(message)
    }
}
