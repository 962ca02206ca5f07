//! The one place that reads the time.
//!
//! A clock is a wall time at its start plus what tokio's clock has counted since, so a paused runtime's virtual time
//! is everybody's time. It never goes back. Copies agree with each other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::protocol::Timestamp;

/// Tells the time; cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: tokio::time::Instant,
    wall_at_start: Duration,
}

impl Clock {
    /// A clock that begins at the machine's wall time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the wall clock is read once, here, for real networks only"
    )]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: tokio::time::Instant::now(), wall_at_start: since_epoch }
    }

    /// A clock that begins at `wall`, whatever the machine says: for simulated time.
    #[expect(clippy::disallowed_methods, reason = "the clock is where tokio's time is read")]
    pub fn starting_at(wall: Timestamp) -> Self {
        let wall_at_start = Timestamp::EPOCH.until(wall);
        Self { started: tokio::time::Instant::now(), wall_at_start }
    }

    /// The wall time in milliseconds.
    pub fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(self.wall_at_start + self.elapsed())
    }

    /// The wall time in microseconds since 1970, for stamps that latencies are computed from.
    pub fn micros(&self) -> u64 {
        u64::try_from((self.wall_at_start + self.elapsed()).as_micros()).unwrap_or(u64::MAX)
    }

    /// Since the clock began: for measuring, to the microsecond and below.
    #[expect(clippy::disallowed_methods, reason = "the clock is where tokio's time is read")]
    pub fn elapsed(&self) -> Duration {
        tokio::time::Instant::now().duration_since(self.started)
    }

    /// Waits until the wall time is `time`; at once if it has passed.
    pub async fn sleep_until(&self, time: Timestamp) {
        let since_start = Timestamp::EPOCH.until(time).saturating_sub(self.wall_at_start);
        tokio::time::sleep_until(self.started + since_start).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn virtual_time_is_the_clocks_time() {
        let clock = Clock::starting_at(Timestamp::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
        clock.sleep_until(Timestamp::MIN.plus(Duration::from_secs(3_600))).await;
        assert_eq!(clock.now(), Timestamp::MIN.plus(Duration::from_secs(3_600)));
        assert_eq!(clock.elapsed(), Duration::from_secs(3_600));
    }
}
