//! When a sync is due although no push asked for it.

use std::time::Duration;

use crate::protocol::Timestamp;

/// The period, if there is one, and when the next sync is due.
#[derive(Debug, Default)]
pub(crate) struct Periodic {
    every: Option<Duration>,
    due: Option<Timestamp>,
}

impl Periodic {
    pub(crate) fn new(every: Option<Duration>, now: Timestamp) -> Self {
        Self { every, due: every.map(|every| now.plus(every)) }
    }

    /// Whether a sync is due; asking makes it no longer so.
    pub(crate) fn poll(&mut self, now: Timestamp) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = self.every.map(|every| now.plus(every));
        }
        due
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_once_in_every_period_and_never_without_one() {
        let every = Duration::from_secs(60);
        let now = Timestamp::MIN;
        let mut periodic = Periodic::new(Some(every), now);
        assert!(!periodic.poll(now));
        assert!(periodic.poll(now.plus(every)));
        assert!(!periodic.poll(now.plus(every)));
        assert_eq!(periodic.deadline(), Some(now.plus(every * 2)));
        assert!(!Periodic::new(None, now).poll(Timestamp::MAX));
    }
}
