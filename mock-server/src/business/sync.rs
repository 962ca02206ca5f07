//! How a page of a synced collection is given out: by part 12 of the rules, or with what quirks do to it.

use std::sync::Arc;

use y2w_sdk::protocol::Timestamp;

use super::Business;
use super::collection::{Entry, Page, Range};
use crate::quirks::Quirk;

const COARSE: i64 = 10;
const SECOND: i64 = 1_000;

impl Business {
    /// The page that `read` gives. It keeps the rules, so without quirks there is nothing to do here.
    pub(super) fn sync<T: Entry>(&self, asked: Range, read: impl Fn(Range) -> Page<T>) -> Page<T> {
        let has = |quirk| self.quirks.on(quirk);
        if self.quirks.is_empty() {
            return read(asked);
        }
        let range = self.understood::<T>(asked);
        let mut page = read(range);
        let beyond = range.offset.saturating_add(page.entries.len());
        let total = usize::try_from(page.total).unwrap_or(usize::MAX);
        let is_cut = beyond < total;
        if is_cut && has(Quirk::PageNewest) {
            page = read(Range { offset: total - page.entries.len(), ..range });
        }
        if is_cut && has(Quirk::PageBorderLost) {
            page.entries.pop();
            page.entries.extend(read(Range { offset: beyond, limit: 1, ..range }).entries);
        }
        if is_cut && has(Quirk::WatermarkAhead) {
            let newest = read(Range { offset: total - 1, limit: 1, ..range }).entries.pop();
            if let (Some(last), Some(newest)) = (page.entries.last_mut(), newest) {
                Arc::make_mut(last).set_stamp(newest.stamp());
            }
        }
        if !is_cut && has(Quirk::ReplicaBehind) {
            page.entries.pop();
        }
        if has(Quirk::TombstonesMissing) {
            page.entries.retain(|entry| !entry.is_removed());
        }
        if let Some(step) = self.step() {
            for entry in &mut page.entries {
                let entry = Arc::make_mut(entry);
                entry.set_stamp(cut(entry.stamp(), step));
            }
        }
        if has(Quirk::SyncNewestFirst) {
            page.entries.reverse();
        }
        if has(Quirk::TotalOfPage) {
            page.total = page.entries.len() as u64;
        }
        page
    }

    /// What a server with these quirks takes a question for.
    fn understood<T: Entry>(&self, mut range: Range) -> Range {
        let has = |quirk| self.quirks.on(quirk);
        if has(T::WHOLE_SECOND) {
            range.since = cut(range.since, SECOND);
            if T::WHOLE_SECOND == Quirk::SinceWholeSecond {
                range.since = range.since.previous();
            }
        }
        if has(Quirk::SinceInclusive) {
            range.since = range.since.previous();
        }
        if let Some(step) = self.step() {
            // Later as stamps are shown: all that shows the same stamp is not.
            range.since = Timestamp::from_millis(cut(range.since, step).as_millis() + step - 1);
        }
        if has(Quirk::SinceIgnored) {
            range.since = Timestamp::EPOCH;
        }
        if has(Quirk::OffsetIgnored) {
            range.offset = 0;
        }
        if has(Quirk::LimitIgnored) {
            range.limit = usize::MAX;
        }
        range
    }

    /// How coarse the stamps are that clients see, where that is more than a millisecond.
    fn step(&self) -> Option<i64> {
        [(Quirk::StampsWholeSecond, SECOND), (Quirk::StampsCoarse, COARSE)]
            .into_iter()
            .find_map(|(quirk, step)| self.quirks.on(quirk).then_some(step))
    }
}

fn cut(stamp: Timestamp, step: i64) -> Timestamp {
    Timestamp::from_millis(stamp.as_millis() / step * step)
}
