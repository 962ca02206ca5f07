//! What waits for one connection, between those who push and the task that writes.
//!
//! Its life: pushes are put in, the connection's task takes them out; it ends from either side, with the notice 10
//! ([`kick`](Outbox::kick)) or at once ([`end`](Outbox::end)), and takes nothing more then.
//!
//! Invariants: what waits is bounded in number and in bytes ([`Room`]), so that a client that does not read costs no more
//! than that; the task is woken only when it waits for what has come, so that a burst wakes it once; an empty outbox
//! has given back what a burst made it take.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use y2w_sdk::protocol::Timestamp;

/// What waits for a connection's writer.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A push.
    Payload(Bytes),
    /// A push that is held back until then, and with it what comes behind it.
    Late(Timestamp, Bytes),
    /// The notice 10, after which the connection is closed. Rules `CONN-KICK`, `CONN-KICK-CLOSE`.
    Kicked,
}

impl Outgoing {
    fn bytes(&self) -> usize {
        match self {
            Self::Payload(payload) | Self::Late(_, payload) => payload.len(),
            Self::Kicked => 0,
        }
    }
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Payloads.
    pub(super) payloads: usize,
    /// Bytes of all payloads together; a single one may be larger.
    pub(super) bytes: usize,
}

/// There is no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Outgoing>,
    bytes: usize,
    is_ended: bool,
    /// The connection's task, and whether it waits for pushes or only for the end.
    waker: Option<(Waker, Interest)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interest {
    Pushes,
    End,
}

/// Places that an empty queue keeps.
const KEPT: usize = 8;

impl Outbox {
    /// Puts a push behind what waits.
    pub(super) fn put(&self, next: Outgoing, room: Room) -> Result<(), Full> {
        let mut inner = self.inner.lock();
        let bytes = inner.bytes.saturating_add(next.bytes());
        let is_crowded = inner.waiting.len() >= room.payloads || bytes > room.bytes;
        if is_crowded && !inner.waiting.is_empty() {
            return Err(Full);
        }
        inner.waiting.push_back(next);
        inner.bytes = bytes;
        let woken = inner.woken_by(Interest::Pushes);
        drop(inner);
        wake(woken);
        Ok(())
    }

    /// Puts the notice 10 behind what waits, whatever that is.
    pub(super) fn kick(&self) {
        let mut inner = self.inner.lock();
        inner.waiting.push_back(Outgoing::Kicked);
        let woken = inner.woken_by(Interest::Pushes);
        drop(inner);
        wake(woken);
    }

    /// Ends the connection at once; what waits is gone.
    pub(super) fn end(&self) {
        let mut inner = self.inner.lock();
        inner.is_ended = true;
        inner.waiting = VecDeque::new();
        inner.bytes = 0;
        let woken = inner.woken_by(Interest::End);
        drop(inner);
        wake(woken);
    }

    /// What is next, if anything is.
    pub(super) fn next(&self) -> Option<Outgoing> {
        let mut inner = self.inner.lock();
        let next = inner.waiting.pop_front()?;
        inner.bytes -= next.bytes();
        if inner.waiting.is_empty() && inner.waiting.capacity() > KEPT {
            inner.waiting = VecDeque::new();
        }
        Some(next)
    }

    /// Waits until something waits, true, or the connection has to end, false.
    pub(super) async fn is_filled(&self) -> bool {
        self.wait(Interest::Pushes).await
    }

    /// Waits until the connection has to end.
    pub(super) async fn ended(&self) {
        self.wait(Interest::End).await;
    }

    async fn wait(&self, interest: Interest) -> bool {
        poll_fn(|cx| {
            let mut inner = self.inner.lock();
            if inner.is_ended {
                return Poll::Ready(false);
            }
            if interest == Interest::Pushes && !inner.waiting.is_empty() {
                return Poll::Ready(true);
            }
            match &mut inner.waker {
                Some((waker, of)) if waker.will_wake(cx.waker()) => *of = interest,
                waker => *waker = Some((cx.waker().clone(), interest)),
            }
            Poll::Pending
        })
        .await
    }
}

impl Inner {
    /// The task, if it waits for that. Whoever waits for pushes waits for the end as well.
    fn woken_by(&mut self, what: Interest) -> Option<Waker> {
        let (waker, interest) = self.waker.take()?;
        if interest == Interest::Pushes || what == Interest::End {
            return Some(waker);
        }
        self.waker = Some((waker, interest));
        None
    }
}

/// Not under the lock, which the task takes first of all.
fn wake(task: Option<Waker>) {
    if let Some(task) = task {
        task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    const ROOM: Room = Room { payloads: 3, bytes: 10 };

    fn payload(bytes: usize) -> Outgoing {
        Outgoing::Payload(vec![b'x'; bytes].into())
    }

    #[test]
    fn there_is_room_for_so_many_and_so_much() {
        let many = Outbox::default();
        assert_eq!(
            [1, 1, 1, 1].map(|bytes| many.put(payload(bytes), ROOM)),
            [Ok(()), Ok(()), Ok(()), Err(Full)]
        );
        let much = Outbox::default();
        assert_eq!([6, 4, 1].map(|bytes| much.put(payload(bytes), ROOM)), [Ok(()), Ok(()), Err(Full)]);
        assert!(much.next().is_some());
        assert_eq!(much.put(payload(1), ROOM), Ok(()), "what was taken makes room");
        let large = Outbox::default();
        assert_eq!([11, 1].map(|bytes| large.put(payload(bytes), ROOM)), [Ok(()), Err(Full)]);
    }

    #[tokio::test]
    async fn a_burst_wakes_once_and_what_is_not_waited_for_never() {
        let (waker, woken) = counting_waker();
        let mut cx = std::task::Context::from_waker(&waker);
        let outbox = Outbox::default();
        {
            let mut filled = pin!(outbox.is_filled());
            assert!(filled.as_mut().poll(&mut cx).is_pending());
            for _ in 0..3 {
                outbox.put(payload(1), ROOM).unwrap();
            }
            assert_eq!(woken(), 1);
            assert!(matches!(filled.poll(&mut cx), Poll::Ready(true)));
        }
        {
            let mut ended = pin!(outbox.ended());
            assert!(ended.as_mut().poll(&mut cx).is_pending());
            outbox.next();
            outbox.put(payload(1), ROOM).unwrap();
            assert_eq!(woken(), 1);
            outbox.end();
            assert_eq!(woken(), 2);
            assert!(ended.poll(&mut cx).is_ready());
        }
        assert_eq!(outbox.is_filled().now_or_never(), Some(false));
        assert!(outbox.next().is_none(), "what waited is gone");
    }

    #[tokio::test]
    async fn an_empty_outbox_has_given_back_what_a_burst_took() {
        let outbox = Outbox::default();
        let room = Room { payloads: 1_000, bytes: 1_000 };
        (0..1_000).for_each(|_| outbox.put(payload(1), room).unwrap());
        while outbox.next().is_some() {}
        assert!(outbox.inner.lock().waiting.capacity() <= KEPT);
        assert_eq!(outbox.is_filled().now_or_never(), None);
    }

    /// A waker, and how often it was woken.
    fn counting_waker() -> (Waker, impl Fn() -> usize) {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};
        use std::task::Wake;

        #[derive(Default)]
        struct Count(AtomicUsize);

        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }

        let count = Arc::new(Count::default());
        (count.clone().into(), move || count.0.load(Ordering::SeqCst))
    }
}
