//! When a sync has read enough: the loop of rule `SYNC-LOOP` as a state of its own, the same for every collection.
//!
//! A sync asks page after page until one brings nothing new. A server that answers what is *at or after* the
//! watermark may fill a whole page with entries that are known; then a larger page is asked for, and if even the
//! largest brings nothing new, the watermark moves on by the smallest step, which the caller reports: entries with
//! that very stamp that did not fit cannot be had from such a server.

use crate::protocol::limits;

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The collection is up to date.
    Done,
    /// Ask for the next page, with this limit.
    Ask {
        /// The `limit` of the request.
        limit: usize,
    },
    /// The largest page held nothing new: move the watermark on by the smallest step, report it, then ask again.
    MoveOn,
}

/// One sync's loop over its pages.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    limit: usize,
}

impl Default for Paging {
    fn default() -> Self {
        Self { limit: limits::PAGE_DEFAULT }
    }
}

impl Paging {
    /// The `limit` of the next request.
    pub fn limit(self) -> usize {
        self.limit
    }

    /// Takes note of a page: how many entries it held, and how many of them were new, or moved the watermark.
    pub fn page(&mut self, entries: usize, new: usize) -> Next {
        if new > 0 {
            Next::Ask { limit: self.limit }
        } else if entries < self.limit {
            Next::Done
        } else if self.limit < limits::PAGE_MAX {
            self.limit = limits::PAGE_MAX;
            Next::Ask { limit: self.limit }
        } else {
            Next::MoveOn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_goes_on_while_pages_bring_something_new() {
        let mut paging = Paging::default();
        assert_eq!(paging.page(100, 100), Next::Ask { limit: 100 });
        assert_eq!(paging.page(3, 3), Next::Ask { limit: 100 });
        assert_eq!(paging.page(1, 0), Next::Done);
    }

    #[test]
    fn a_full_page_of_known_entries_does_not_loop_for_ever() {
        let mut paging = Paging::default();
        assert_eq!(paging.page(100, 0), Next::Ask { limit: 1_000 });
        assert_eq!(paging.page(1_000, 0), Next::MoveOn);
    }
}
