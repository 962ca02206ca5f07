//! The lists that users own: contacts, favourite groups, conversations.
//!
//! An owner has one order of stamps for each list, and under a key at most one entry, tombstones counted. The key is
//! what a client merges by (`SYNC-MERGE-KEY`), so that a revived entry replaces the one that a client holds.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::{Timestamp, UserId};

use super::Ids;
use super::collection::{Collection, Entry, Page, Range, Slot, Stamps};

/// One kind of list, for all owners.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "T: Serialize, K: Serialize + Ord",
    deserialize = "T: Deserialize<'de>, K: Deserialize<'de> + Eq + Hash"
))]
pub(super) struct OwnLists<T: Entry, K> {
    #[serde(with = "super::sorted")]
    by_owner: FxHashMap<UserId, OwnList<T, K>>,
    ids: Ids,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "T: Serialize, K: Serialize + Ord",
    deserialize = "T: Deserialize<'de>, K: Deserialize<'de> + Eq + Hash"
))]
struct OwnList<T: Entry, K> {
    all: Collection<T>,
    #[serde(with = "super::sorted")]
    by_key: FxHashMap<K, Slot>,
    stamps: Stamps,
}

impl<T: Entry, K> Default for OwnLists<T, K> {
    fn default() -> Self {
        Self { by_owner: FxHashMap::default(), ids: Ids::default() }
    }
}

impl<T: Entry, K> Default for OwnList<T, K> {
    fn default() -> Self {
        Self { all: Collection::default(), by_key: FxHashMap::default(), stamps: Stamps::default() }
    }
}

impl<T, K> OwnLists<T, K>
where
    T: Entry,
    T::Id: Borrow<str> + for<'a> From<&'a str>,
    K: Borrow<str> + Clone + Eq + Hash,
{
    /// What changed in an owner's list.
    pub(super) fn page(&self, owner: &UserId, range: Range) -> Page<T> {
        self.by_owner.get(owner).map_or(Page { total: 0, entries: Vec::new() }, |own| own.all.page(range))
    }

    /// An owner's entry of that id.
    pub(super) fn entry(&self, owner: &UserId, id: &str) -> Option<&Arc<T>> {
        self.by_owner.get(owner)?.all.find_entry(id)
    }

    /// An owner's entry under that key.
    pub(super) fn under(&self, owner: &UserId, key: &str) -> Option<&Arc<T>> {
        let own = self.by_owner.get(owner)?;
        own.by_key.get(key).map(|slot| own.all.get(*slot))
    }

    /// Changes the entry under a key, or puts in the one that `make` makes.
    pub(super) fn put(
        &mut self,
        owner: &UserId,
        key: &K,
        now: Timestamp,
        change: impl FnOnce(&mut T),
        make: impl FnOnce(T::Id, Timestamp) -> T,
    ) -> &Arc<T> {
        let own = self.by_owner.entry(owner.clone()).or_default();
        let stamp = own.stamps.next(now);
        if let Some(slot) = own.by_key.get(key.borrow()) {
            own.all.update(*slot, stamp, change)
        } else {
            let slot = own.all.insert(make(self.ids.next(), stamp));
            own.by_key.insert(key.clone(), slot);
            own.all.get(slot)
        }
    }

    /// Changes the entry of an id and leaves its stamp: no sync brings the change.
    pub(super) fn edit_unstamped(
        &mut self,
        owner: &UserId,
        id: &str,
        change: impl FnOnce(&mut T),
    ) -> Option<Arc<T>> {
        let own = self.by_owner.get_mut(owner)?;
        let slot = own.all.find(id)?;
        own.all.touch(slot, change);
        Some(own.all.get(slot).clone())
    }

    /// Lets go of a key: the next [`put`](Self::put) under it makes a second entry.
    pub(super) fn unlink(&mut self, owner: &UserId, key: &str) {
        if let Some(own) = self.by_owner.get_mut(owner) {
            own.by_key.remove(key);
        }
    }

    /// Changes the entry under a key, if there is one.
    pub(super) fn update_under(
        &mut self,
        owner: &UserId,
        key: &str,
        now: Timestamp,
        change: impl FnOnce(&mut T),
    ) {
        if let Some(own) = self.by_owner.get_mut(owner)
            && let Some(slot) = own.by_key.get(key)
        {
            own.all.update(*slot, own.stamps.next(now), change);
        }
    }

    /// Changes the entry of an id. Where that comes to nothing the stamp stays: no other device has to fetch it.
    pub(super) fn edit(
        &mut self,
        owner: &UserId,
        id: &str,
        now: Timestamp,
        change: impl FnOnce(&mut T),
    ) -> Option<Arc<T>>
    where
        T: PartialEq,
    {
        let own = self.by_owner.get_mut(owner)?;
        let slot = own.all.find(id)?;
        Some(own.edit(slot, now, change).clone())
    }

    /// As [`edit`](Self::edit), the entry under a key if there is one.
    pub(super) fn edit_under(
        &mut self,
        owner: &UserId,
        key: &str,
        now: Timestamp,
        change: impl FnOnce(&mut T),
    ) where
        T: PartialEq,
    {
        if let Some(own) = self.by_owner.get_mut(owner)
            && let Some(slot) = own.by_key.get(key).copied()
        {
            own.edit(slot, now, change);
        }
    }
}

impl<T: Entry + PartialEq, K> OwnList<T, K> {
    fn edit(&mut self, slot: Slot, now: Timestamp, change: impl FnOnce(&mut T)) -> &Arc<T> {
        let before = self.all.get(slot);
        let mut after = T::clone(before);
        change(&mut after);
        if after == **before {
            return self.all.get(slot);
        }
        let stamp = self.stamps.next(now);
        self.all.update(slot, stamp, |entry| *entry = after)
    }
}
