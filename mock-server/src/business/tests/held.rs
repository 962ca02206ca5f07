//! A client's copy of one collection, made by syncing.

use std::collections::BTreeMap;

use super::*;

/// What a client holds of one collection: entries by id, and the watermark.
pub(super) struct Held<T> {
    pub(super) entries: BTreeMap<String, T>,
    watermark: Option<Timestamp>,
}

impl<T: Clone + PartialEq + std::fmt::Debug> Held<T> {
    pub(super) fn nothing() -> Self {
        Self { entries: BTreeMap::new(), watermark: None }
    }

    /// One page of two entries at most, so that pages are cut and changes come between them.
    pub(super) fn take(&mut self, page: &Page<T>, key: impl Fn(&T) -> (String, Timestamp)) -> bool {
        for entry in &page.entries {
            let (id, stamp) = key(entry);
            assert!(Some(stamp) > self.watermark, "SYNC-ORDER, SYNC-SINCE");
            self.watermark = Some(stamp);
            self.entries.insert(id, T::clone(entry));
        }
        !page.entries.is_empty()
    }

    pub(super) fn range(&self) -> Range {
        Range { since: self.watermark.unwrap_or(Timestamp::EPOCH), offset: 0, limit: 2 }
    }

    pub(super) fn check(&self, full: &Page<T>, key: impl Fn(&T) -> (String, Timestamp)) {
        let full: BTreeMap<String, T> =
            full.entries.iter().map(|entry| (key(entry).0, T::clone(entry))).collect();
        assert_eq!(self.entries, full, "SYNC-LOSSLESS");
    }
}
