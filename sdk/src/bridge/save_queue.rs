//! The save queue: which documents of the local store are behind what the client knows, and when to write them.
//!
//! A change makes its part wait; a while later everything that waits is written, one part after the other, so that a
//! burst of changes costs one write each. A part that changes while it is being written waits again. A failed write is
//! repeated after a pause; nothing is forgotten.

use std::time::Duration;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use crate::protocol::Timestamp;
use crate::store::Part;

/// Pause before a failed write is repeated.
pub const SAVE_RETRY: Duration = Duration::from_secs(30);

/// See the module's text.
#[derive(Debug)]
pub struct SaveQueue {
    after: Duration,
    waiting: IndexSet<Part, FxBuildHasher>,
    /// When the next part is written.
    due: Option<Timestamp>,
    writing: bool,
}

impl SaveQueue {
    /// A queue that writes a change this much later.
    pub fn new(after: Duration) -> Self {
        Self { after, waiting: IndexSet::default(), due: None, writing: false }
    }

    /// This part has changed.
    pub fn changed(&mut self, part: Part, now: Timestamp) {
        self.waiting.insert(part);
        if self.due.is_none() {
            self.due = Some(now.plus(self.after));
        }
    }

    /// Write everything that waits without waiting any longer.
    pub fn flush(&mut self) {
        if !self.waiting.is_empty() {
            self.due = Some(Timestamp::EPOCH);
        }
    }

    /// The part to write now, if one is due. It is being written until [`Self::finished`].
    pub fn poll(&mut self, now: Timestamp) -> Option<Part> {
        if self.writing || self.due.is_none_or(|due| now < due) {
            return None;
        }
        let part = self.waiting.shift_remove_index(0)?;
        self.writing = true;
        Some(part)
    }

    /// The write that [`Self::poll`] gave out has ended.
    pub fn finished(&mut self, part: Part, succeeded: bool, now: Timestamp) {
        self.writing = false;
        if !succeeded {
            self.waiting.insert(part);
            self.due = Some(now.plus(SAVE_RETRY));
        } else if self.waiting.is_empty() {
            self.due = None;
        }
    }

    /// When [`Self::poll`] has something to give at the latest, if it has nothing now.
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.writing { None } else { self.due }
    }

    /// Whether everything is written.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.writing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MIN;
    const AFTER: Duration = Duration::from_secs(2);

    #[test]
    fn a_burst_of_changes_is_one_write_a_while_later() {
        let mut queue = SaveQueue::new(AFTER);
        for _ in 0..5 {
            queue.changed(Part::Contacts, NOW);
        }
        assert_eq!(queue.poll(NOW), None);
        let due = queue.deadline().unwrap();
        assert_eq!(due, NOW.plus(AFTER));
        assert_eq!(queue.poll(due), Some(Part::Contacts));
        queue.finished(Part::Contacts, true, due);
        assert_eq!((queue.poll(due), queue.deadline(), queue.is_idle()), (None, None, true));
    }

    #[test]
    fn a_part_that_changes_while_it_is_written_is_written_again() {
        let mut queue = SaveQueue::new(AFTER);
        queue.changed(Part::Contacts, NOW);
        queue.flush();
        assert_eq!(queue.poll(NOW), Some(Part::Contacts));
        queue.changed(Part::Contacts, NOW);
        assert_eq!(queue.poll(NOW), None);
        queue.finished(Part::Contacts, true, NOW);
        assert!(!queue.is_idle());
        let due = queue.deadline().unwrap();
        assert_eq!(queue.poll(due), Some(Part::Contacts));
    }

    #[test]
    fn a_failed_write_is_repeated_after_a_pause() {
        let mut queue = SaveQueue::new(AFTER);
        queue.changed(Part::Users, NOW);
        queue.changed(Part::Contacts, NOW);
        queue.flush();
        let first = queue.poll(NOW).unwrap();
        queue.finished(first, false, NOW);
        assert_eq!(queue.poll(NOW), None);
        let due = queue.deadline().unwrap();
        assert_eq!(due, NOW.plus(SAVE_RETRY));
        assert_eq!(queue.poll(due), Some(Part::Contacts));
        queue.finished(Part::Contacts, true, due);
        assert_eq!(queue.poll(due), Some(Part::Users));
    }
}
