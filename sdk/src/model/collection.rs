//! A synced list of things that are known by a key.

use std::hash::Hash;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::protocol::Timestamp;

/// What a collection holds.
pub trait Entry: PartialEq {
    /// What tells one entry from another. Rule `SYNC-MERGE-KEY`.
    type Key: Hash + Eq + Clone;

    /// The entry's key.
    fn key(&self) -> Self::Key;
    /// The stamp of its sync, `updatedAt`. An entry without one stands before all others.
    fn stamp(&self) -> Timestamp;
    /// Whether it says that the thing is gone.
    fn is_tombstone(&self) -> bool;
}

/// Entries by key in the order of their first arrival, and the watermark of their sync.
#[derive(Debug)]
pub struct Collection<E: Entry> {
    /// Boxed: the map moves all that it holds when it grows, and has room for four when it holds one.
    entries: IndexMap<E::Key, Box<E>, FxBuildHasher>,
    watermark: Timestamp,
}

impl<E: Entry> Default for Collection<E> {
    fn default() -> Self {
        Self { entries: IndexMap::default(), watermark: Timestamp::MIN }
    }
}

impl<E: Entry> Collection<E> {
    /// The greatest stamp seen in a list answer: what the next sync asks from. Rule `SYNC-WATERMARK`.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// The entry of this key; `None` as well if it is a tombstone.
    pub fn get(&self, key: &E::Key) -> Option<&E> {
        self.find(key).filter(|e| !e.is_tombstone())
    }

    /// The entry of this key, tombstone or not.
    pub fn find(&self, key: &E::Key) -> Option<&E> {
        self.entries.get(key).map(|e| &**e)
    }

    /// All entries that are no tombstones, in the order of their first arrival.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.iter_all().filter(|e| !e.is_tombstone())
    }

    /// All entries, tombstones included.
    pub fn iter_all(&self) -> impl Iterator<Item = &E> {
        self.entries.values().map(|e| &**e)
    }

    /// Merges a page of a sync; the answer is the number of entries that changed something.
    pub fn merge_page(&mut self, page: Vec<E>) -> usize {
        let mut new = 0;
        for entry in page {
            self.watermark = self.watermark.max(entry.stamp());
            new += usize::from(self.merge_entry(entry));
        }
        new
    }

    /// The collection as it was stored. See [`snapshot`](super::snapshot).
    pub fn restored(watermark: Timestamp, entries: Vec<E>) -> Self {
        let mut collection = Self::default();
        for entry in entries {
            collection.merge_entry(entry);
        }
        collection.watermark = collection.watermark.max(watermark);
        collection
    }

    fn merge_entry(&mut self, entry: E) -> bool {
        match self.entries.entry(entry.key()) {
            indexmap::map::Entry::Vacant(vacant) => {
                vacant.insert(Box::new(entry));
                true
            }
            indexmap::map::Entry::Occupied(mut known) => {
                let known = &mut **known.get_mut();
                // Stamps of whole seconds tie: then what differs is the newer one.
                let newer =
                    entry.stamp() > known.stamp() || entry.stamp() == known.stamp() && entry != *known;
                if newer {
                    *known = entry;
                }
                newer
            }
        }
    }

    /// How many entries there are that are no tombstones.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no entry but tombstones.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Changes an entry in place to what the server is known to hold by now, without a stamp of its own: the next sync
    /// has the last word. The answer is whether there is such an entry.
    pub fn amend(&mut self, key: &E::Key, amend: impl FnOnce(&mut E)) -> bool {
        self.entries.get_mut(key).map(|entry| amend(entry)).is_some()
    }

    /// Gives up on entries with the watermark's very stamp. See [`Next::MoveOn`](super::Next::MoveOn).
    pub fn move_on(&mut self) {
        self.watermark = self.watermark.next();
    }
}

#[cfg(test)]
#[path = "collection_machine_tests.rs"]
mod machine;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Thing {
        key: u8,
        value: u8,
        gone: bool,
        at: i64,
    }

    impl Entry for Thing {
        type Key = u8;
        fn key(&self) -> u8 {
            self.key
        }
        fn stamp(&self) -> Timestamp {
            Timestamp::from_millis(self.at)
        }
        fn is_tombstone(&self) -> bool {
            self.gone
        }
    }

    fn thing(key: u8, value: u8, at: i64) -> Thing {
        Thing { key, value, gone: false, at: Timestamp::MIN.as_millis() + at }
    }

    #[test]
    fn a_page_that_comes_again_brings_nothing_new() {
        let mut collection = Collection::default();
        let page = vec![thing(1, 1, 1), thing(2, 1, 2)];
        assert_eq!(collection.merge_page(page.clone()), 2);
        assert_eq!(collection.merge_page(page), 0);
    }

    #[test]
    fn a_stale_answer_changes_neither_entry_nor_watermark() {
        let mut collection = Collection::default();
        collection.merge_page(vec![thing(1, 2, 20)]);
        let watermark = collection.watermark();
        assert_eq!(collection.merge_page(vec![thing(1, 1, 10)]), 0);
        assert_eq!(collection.watermark(), watermark);
        assert_eq!(collection.get(&1).map(|t| t.value), Some(2));
    }

    #[test]
    fn a_restored_collection_goes_on_from_its_own_watermark() {
        let collection = Collection::restored(thing(1, 1, 20).stamp(), vec![thing(1, 1, 50)]);
        assert_eq!(collection.watermark(), thing(1, 1, 20).stamp());
        assert_eq!(collection.get(&1).map(|t| t.at), Some(thing(1, 1, 50).at));
    }

    #[test]
    fn a_tombstone_hides_its_entry_and_a_stale_copy_does_not_bring_it_back() {
        let mut collection = Collection::default();
        collection.merge_page(vec![thing(1, 1, 1)]);
        collection.merge_page(vec![Thing { gone: true, ..thing(1, 1, 2) }]);
        collection.merge_page(vec![thing(1, 1, 1)]);
        assert_eq!(collection.get(&1), None);
        assert_eq!(collection.iter().count(), 0);
        assert_eq!(collection.iter_all().count(), 1);
    }

    proptest! {
        // Whatever order pages come in and however often: the newest state of each key wins.
        #[test]
        fn the_order_of_pages_does_not_matter(mut log in proptest::collection::vec((0..4u8, any::<bool>()), 1..40),
                                              order in proptest::collection::vec(any::<proptest::sample::Index>(), 1..60)) {
            let log: Vec<Thing> = log.drain(..).enumerate()
                .map(|(i, (key, gone))| Thing { gone, ..thing(key, u8::try_from(i).unwrap(), i64::try_from(i).unwrap()) })
                .collect();
            let mut straight = Collection::default();
            straight.merge_page(log.clone());
            let mut shuffled = Collection::default();
            let mut watermark = shuffled.watermark();
            for index in order {
                shuffled.merge_page(vec![log[index.index(log.len())].clone()]);
                prop_assert!(shuffled.watermark() >= watermark);
                watermark = shuffled.watermark();
            }
            shuffled.merge_page(log);
            for key in 0..4 {
                prop_assert_eq!(straight.find(&key), shuffled.find(&key));
            }
        }
    }
}
