//! A copy of the traffic for who watches it: each command as it came in, each push as it is put on its way.
//!
//! Bounded: what a slow watcher has no room for is left out and counted, and the server does not wait. What connects
//! and closes is not in it, and so no imToken either.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use y2w_sdk::protocol::UserId;
use y2w_sdk::protocol::push::user_topic;

/// One packet of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// As a client sent it, whatever that is, or `y2w/user/UID`.
    pub topic: String,
    /// What was sent.
    pub payload: Bytes,
}

/// See the module. Nobody watches at first.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    watcher: Option<mpsc::Sender<Mirrored>>,
    missed: u64,
}

impl Mirror {
    /// A new watcher, in place of any there was.
    pub(super) fn watch(&mut self, capacity: usize) -> mpsc::Receiver<Mirrored> {
        let (watcher, traffic) = mpsc::channel(capacity.max(1));
        self.watcher = Some(watcher);
        traffic
    }

    pub(super) fn command(&mut self, topic: &str, payload: &[u8]) {
        if self.watcher.is_some() {
            self.show(topic.to_owned(), Bytes::copy_from_slice(payload));
        }
    }

    pub(super) fn delivery(&mut self, to: &UserId, payload: &Bytes) {
        if self.watcher.is_some() {
            self.show(user_topic(to), payload.clone());
        }
    }

    fn show(&mut self, topic: String, payload: Bytes) {
        let Some(watcher) = &self.watcher else {
            return;
        };
        match watcher.try_send(Mirrored { topic, payload }) {
            Ok(()) => (),
            Err(TrySendError::Full(_)) => {
                if self.missed == 0 {
                    tracing::warn!("who watches the traffic is too slow and does not see all of it");
                }
                self.missed += 1;
            }
            Err(TrySendError::Closed(_)) => self.watcher = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_watcher_misses_what_it_has_no_room_for() {
        let mut mirror = Mirror::default();
        mirror.command("nobody sees this", b"");
        let mut traffic = mirror.watch(2);
        mirror.command("y2w/session/p2p_1", b"{}");
        for payload in ["one", "two", "three"] {
            mirror.delivery(&"7".into(), &payload.into());
        }
        let command = Mirrored { topic: "y2w/session/p2p_1".to_owned(), payload: "{}".into() };
        let delivery = Mirrored { topic: "y2w/user/7".to_owned(), payload: "one".into() };
        assert_eq!((traffic.try_recv(), traffic.try_recv()), (Ok(command), Ok(delivery)));
        assert!(traffic.try_recv().is_err());
        assert_eq!(mirror.missed, 2);
        drop(traffic);
        mirror.command("a", b"");
        assert!(mirror.watcher.is_none());
    }
}
