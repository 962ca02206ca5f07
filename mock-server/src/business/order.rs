//! The order in which the entries of a collection last changed.
//!
//! Changes only come at the end, so the order is a log. A change of an entry leaves a hole where it stood before; counts
//! over the log tell how many entries stand behind any place, and where the n-th of them is, without looking at the rest.
//!
//! Invariants: stamps in the log strictly increase; there are never more holes than entries, but for a few, since the
//! log is then written anew; `counts` is in step with the log.

use y2w_sdk::protocol::Timestamp;

use super::collection::Slot;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    log: Vec<Record>,
    counts: Counts,
    holes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    stamp: Timestamp,
    /// `None` is a hole: the entry stands further back now.
    slot: Option<Slot>,
}

/// Holes that are borne in any log.
const HOLES_BORNE: usize = 32;

impl Order {
    /// Puts an entry at the end.
    pub(super) fn push(&mut self, stamp: Timestamp, slot: Slot) {
        debug_assert!(
            self.log.last().is_none_or(|last| last.stamp < stamp),
            "stamps of a collection strictly increase"
        );
        self.log.push(Record { stamp, slot: Some(slot) });
        self.counts.push();
    }

    /// Takes out the entry with that stamp.
    pub(super) fn remove(&mut self, stamp: Timestamp) {
        let Ok(place) = self.log.binary_search_by_key(&stamp, |record| record.stamp) else {
            return;
        };
        if self.log[place].slot.take().is_none() {
            return;
        }
        self.counts.decrease(place);
        self.holes += 1;
        if self.holes > HOLES_BORNE + self.log.len() / 2 {
            self.log.retain(|record| record.slot.is_some());
            self.counts = Counts::of(self.log.len());
            self.holes = 0;
        }
    }

    /// How many entries changed after `since`, and which they are but for the first `offset` of them.
    pub(super) fn after(&self, since: Timestamp, offset: usize) -> (usize, impl Iterator<Item = Slot> + '_) {
        let place = self.log.partition_point(|record| record.stamp <= since);
        let before = self.counts.before(place);
        let behind = self.log.len() - self.holes - before;
        let first = if offset < behind { self.counts.place_of(before + offset) } else { self.log.len() };
        (behind, self.log[first..].iter().filter_map(|record| record.slot))
    }
}

/// How many entries, not holes, stand in a log before any place: a Fenwick tree. Part `n` counts so many records up to and with
/// the `n`-th as the lowest set bit of `n + 1` says.
#[derive(Clone, Debug, Default)]
struct Counts {
    parts: Vec<u32>,
}

fn lowest_bit(n: usize) -> usize {
    n & n.wrapping_neg()
}

impl Counts {
    /// Of a log of that length without holes.
    fn of(length: usize) -> Self {
        let part = |n: usize| u32::try_from(lowest_bit(n)).expect("a log has less than 4 billion records");
        Self { parts: (1..=length).map(part).collect() }
    }

    /// One more entry at the end.
    fn push(&mut self) {
        let n = self.parts.len() + 1;
        let mut count = 1;
        let mut covered = n - 1;
        while covered > n - lowest_bit(n) {
            count += self.parts[covered - 1];
            covered -= lowest_bit(covered);
        }
        self.parts.push(count);
    }

    /// The entry at a place has gone.
    fn decrease(&mut self, place: usize) {
        let mut n = place + 1;
        while n <= self.parts.len() {
            self.parts[n - 1] -= 1;
            n += lowest_bit(n);
        }
    }

    /// How many entries stand before a place.
    fn before(&self, place: usize) -> usize {
        let (mut n, mut count) = (place, 0);
        while n > 0 {
            count += self.parts[n - 1] as usize;
            n -= lowest_bit(n);
        }
        count
    }

    /// Where the entry is that has `before` entries before it; the end if there are not so many.
    fn place_of(&self, mut before: usize) -> usize {
        let (mut place, mut step) = (0, self.parts.len().checked_ilog2().map_or(0, |bits| 1 << bits));
        while step > 0 {
            if let Some(count) = self.parts.get(place + step - 1)
                && *count as usize <= before
            {
                before -= *count as usize;
                place += step;
            }
            step /= 2;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    proptest! {
        /// As a sorted map of stamps would have it, whatever is put in and taken out.
        #[test]
        fn an_order_is_a_sorted_map(steps in prop::collection::vec((any::<bool>(), 0..300_usize), 1..300)) {
            let mut order = Order::default();
            let mut model = BTreeMap::new();
            for (n, (removes, which)) in steps.into_iter().enumerate() {
                if removes {
                    // Mostly one that is there; now and then none.
                    let stamp = model.keys().nth(which % (model.len() + 1)).copied().unwrap_or(at(-1));
                    order.remove(stamp);
                    model.remove(&stamp);
                } else {
                    let stamp = at(10 * i64::try_from(n).unwrap());
                    order.push(stamp, Slot::of(n));
                    model.insert(stamp, Slot::of(n));
                }
                prop_assert!(order.holes <= 2 * HOLES_BORNE + model.len());
                let since = at(i64::try_from(which).unwrap() * 7);
                for offset in [0, 1, which % 50] {
                    let (count, slots) = order.after(since, offset);
                    let all: Vec<Slot> = model.iter().filter(|(stamp, _)| **stamp > since).map(|(_, slot)| *slot).collect();
                    prop_assert_eq!(count, all.len());
                    let rest: Vec<Slot> = all.into_iter().skip(offset).collect();
                    prop_assert_eq!(slots.collect::<Vec<_>>(), rest);
                }
            }
        }
    }
}
