//! A set of entries that clients copy by syncing: the members of a session, the conversations of a user.
//!
//! An entry is never taken out; what is removed stays as a tombstone (`SYNC-TOMBSTONE`). Each change moves the entry to
//! the end of the order of stamps, so a sync reads one range of that order and never looks at the rest.
//!
//! Invariants: every entry stands once in `order`, under its own stamp, and once in `by_id`; a stamp that comes in is
//! greater than all that are there (`SYNC-STAMP-STRICT`). Slots are positions in the order of creation; they never move.

use std::convert::identity;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use y2w_sdk::protocol::{
    Contact, ContactId, ConversationId, Emoji, EmojiId, MemberId, Message, MessageId, SessionMember,
    Timestamp, User, UserConversation, UserId, UserSession, UserSessionId,
};

use super::order::Order;
use crate::quirks::Quirk;

/// What a [`Collection`] holds.
pub(super) trait Entry: Clone {
    /// How the entry is named.
    type Id: Clone + Debug + Eq + Hash;

    /// The quirk by which a sync of such entries goes by whole seconds.
    const WHOLE_SECOND: Quirk = Quirk::SinceWholeSecond;

    /// The entry's name.
    fn id(&self) -> &Self::Id;

    /// When it last changed.
    fn stamp(&self) -> Timestamp;

    /// Sets when it last changed.
    fn set_stamp(&mut self, stamp: Timestamp);

    /// Whether it is a tombstone.
    fn is_removed(&self) -> bool;
}

/// A part of a collection, oldest change first. Rules `SYNC-ORDER`, `SYNC-PAGE-PREFIX`.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// How many entries match, on this page and off it.
    pub total: u64,
    /// The page.
    pub entries: Vec<Arc<T>>,
}

/// Which part of a collection is asked for. Rules `SYNC-SINCE`, `API-LIST-LIMIT`, `API-LIST-OFFSET`.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Entries changed strictly after this.
    pub since: Timestamp,
    /// How many of those to leave out at the start.
    pub offset: usize,
    /// How many to give at most.
    pub limit: usize,
}

/// A place in a [`Collection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Slot(u32);

impl Slot {
    pub(super) fn of(index: usize) -> Self {
        Self(u32::try_from(index).expect("memory ends before 4 billion entries"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Gives the stamps of one order of changes. Rules `SYNC-STAMP-STRICT`, `SYNC-STAMP-AHEAD`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Stamps {
    last: Timestamp,
}

impl Default for Stamps {
    fn default() -> Self {
        Self { last: Timestamp::EPOCH }
    }
}

impl Stamps {
    /// A stamp greater than every one before it: the time, or ahead of it if changes come faster than one a
    /// millisecond or the clock was set back.
    pub(super) fn next(&mut self, now: Timestamp) -> Timestamp {
        self.last = now.max(self.last.next());
        self.last
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Collection<T: Entry> {
    entries: Vec<Arc<T>>,
    by_id: FxHashMap<T::Id, Slot>,
    order: Order,
}

impl<T: Entry> Default for Collection<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_id: FxHashMap::default(), order: Order::default() }
    }
}

impl<T: Entry> Collection<T> {
    /// Puts a new entry at the end; its stamp is set already.
    pub(super) fn insert(&mut self, entry: T) -> Slot {
        let slot = Slot::of(self.entries.len());
        self.order.push(entry.stamp(), slot);
        self.by_id.insert(entry.id().clone(), slot);
        self.entries.push(Arc::new(entry));
        slot
    }

    /// Changes an entry and moves it to the end of the order.
    pub(super) fn update(&mut self, slot: Slot, stamp: Timestamp, change: impl FnOnce(&mut T)) -> &Arc<T> {
        let entry = Arc::make_mut(&mut self.entries[slot.index()]);
        self.order.remove(entry.stamp());
        change(entry);
        entry.set_stamp(stamp);
        self.order.push(stamp, slot);
        self.get(slot)
    }

    /// Changes of an entry what no sync has to show: its stamp stays.
    pub(super) fn touch(&mut self, slot: Slot, change: impl FnOnce(&mut T)) {
        let entry = Arc::make_mut(&mut self.entries[slot.index()]);
        let stamp = entry.stamp();
        change(entry);
        entry.set_stamp(stamp);
    }

    /// The entry in a slot.
    pub(super) fn get(&self, slot: Slot) -> &Arc<T> {
        &self.entries[slot.index()]
    }

    /// Where the entry of that id is.
    pub(super) fn find<Q>(&self, id: &Q) -> Option<Slot>
    where
        T::Id: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.by_id.get(id).copied()
    }

    /// The entry of that id.
    pub(super) fn find_entry<Q>(&self, id: &Q) -> Option<&Arc<T>>
    where
        T::Id: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.find(id).map(|slot| self.get(slot))
    }

    /// Every entry in the order of creation.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.entries.iter()
    }

    /// Every slot in the order of creation.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<T> {
        (0..self.entries.len()).map(Slot::of)
    }

    /// The entries up to the first one, in the order of creation, for which `before` no longer holds; newest last.
    pub(super) fn created_while(&self, before: impl Fn(&T) -> bool) -> &[Arc<T>] {
        &self.entries[..self.entries.partition_point(|entry| before(entry))]
    }

    /// How many entries there are, tombstones included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there has never been an entry.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What changed after `range.since`. Costs the page, not the collection. Rules `API-LIST`, `API-LIST-OFFSET`.
    pub(super) fn page(&self, range: Range) -> Page<T> {
        let (total, slots) = self.order.after(range.since, range.offset);
        let entries = slots.take(range.limit).map(|slot| self.get(slot).clone()).collect();
        Page { total: total as u64, entries }
    }
}

/// Its entries are all there is to keep: the rest is made anew of them.
impl<T: Entry + Serialize> Serialize for Collection<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl<'de, T: Entry + Deserialize<'de>> Deserialize<'de> for Collection<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<Arc<T>>::deserialize(deserializer)?;
        let by_id = entries.iter().enumerate().map(|(n, entry)| (entry.id().clone(), Slot::of(n))).collect();
        let mut changes: Vec<(Timestamp, Slot)> =
            entries.iter().enumerate().map(|(n, entry)| (entry.stamp(), Slot::of(n))).collect();
        changes.sort_unstable();
        if changes.windows(2).any(|two| two[0].0 == two[1].0) {
            return Err(serde::de::Error::custom("two entries of a collection have one stamp"));
        }
        let mut order = Order::default();
        for (stamp, slot) in changes {
            order.push(stamp, slot);
        }
        Ok(Self { entries, by_id, order })
    }
}

macro_rules! entries {
    ($($entry:ty, $id:ty, $read:expr, $write:expr, $removed:expr $(, $quirk:expr)?;)*) => {$(
        impl Entry for $entry {
            type Id = $id;
            $(const WHOLE_SECOND: Quirk = $quirk;)?

            fn id(&self) -> &$id {
                &self.id
            }

            fn stamp(&self) -> Timestamp {
                $read(self.updated_at)
            }

            fn set_stamp(&mut self, stamp: Timestamp) {
                self.updated_at = $write(stamp);
            }

            fn is_removed(&self) -> bool {
                let removed: fn(&Self) -> bool = $removed;
                removed(self)
            }
        }
    )*};
}

// Some stamps are optional on the wire, where an answer of others may lack them; here they are always set.
entries! {
    SessionMember, MemberId, identity, identity, |entry| entry.is_delete;
    Message, MessageId, identity, identity, |entry| entry.is_delete;
    UserConversation, ConversationId, identity, identity, |entry| entry.is_delete;
    Emoji, EmojiId, identity, identity, |entry| entry.is_delete, Quirk::SinceWholeSecondUsers;
    User, UserId, set, Some, |_| false, Quirk::SinceWholeSecondUsers;
    Contact, ContactId, set, Some, |entry| entry.is_delete;
    UserSession, UserSessionId, set, Some, |entry| entry.is_delete;
}

fn set(stamp: Option<Timestamp>) -> Timestamp {
    stamp.unwrap_or(Timestamp::EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Thing {
        id: u32,
        stamp: Timestamp,
    }

    impl Entry for Thing {
        type Id = u32;

        fn id(&self) -> &u32 {
            &self.id
        }

        fn stamp(&self) -> Timestamp {
            self.stamp
        }

        fn set_stamp(&mut self, stamp: Timestamp) {
            self.stamp = stamp;
        }

        fn is_removed(&self) -> bool {
            false
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn range(since: i64, offset: usize, limit: usize) -> Range {
        Range { since: at(since), offset, limit }
    }

    fn three() -> Collection<Thing> {
        let mut things = Collection::default();
        for id in 1..=3 {
            things.insert(Thing { id, stamp: at(i64::from(id) * 10) });
        }
        things
    }

    fn ids(page: &Page<Thing>) -> Vec<u32> {
        page.entries.iter().map(|thing| thing.id).collect()
    }

    #[test]
    fn stamps_follow_the_clock_and_never_stand_still() {
        let mut stamps = Stamps::default();
        let given: Vec<i64> =
            [5, 5, 5, 3, 100, 100].into_iter().map(|now| stamps.next(at(now)).as_millis()).collect();
        assert_eq!(given, [5, 6, 7, 8, 100, 101]);
    }

    #[test]
    fn a_page_holds_what_changed_strictly_after() {
        let things = three();
        assert_eq!(ids(&things.page(range(0, 0, 10))), [1, 2, 3]);
        assert_eq!(ids(&things.page(range(10, 0, 10))), [2, 3]);
        assert_eq!(ids(&things.page(range(30, 0, 10))), [0; 0]);
        assert_eq!(ids(&things.page(range(0, 1, 1))), [2]);
    }

    #[test]
    fn a_changed_entry_comes_last_and_once() {
        let mut things = three();
        let slot = things.find(&1).unwrap();
        things.update(slot, at(31), |_| ());
        assert_eq!(ids(&things.page(range(0, 0, 10))), [2, 3, 1]);
        things.touch(slot, |thing| thing.set_stamp(at(99)));
        assert_eq!(ids(&things.page(range(31, 0, 10))), [0; 0]);
    }

    #[test]
    fn the_total_counts_what_matches_on_and_off_the_page() {
        let things = three();
        for (asked, total) in [
            (range(0, 0, 2), 3),
            (range(10, 0, 1), 2),
            (range(10, 1, 5), 2),
            (range(10, 7, 5), 2),
            (range(30, 0, 5), 0),
        ] {
            assert_eq!(things.page(asked).total, total, "{asked:?}");
        }
    }
}
