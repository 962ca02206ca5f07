//! How the generator itself is: whether what it measures can be trusted.
//!
//! A load generator that does not get to its work measures itself. So it looks at its own lateness: how late it handed
//! over what was due ([`Meters::late`]), how late the runtime wakes a task ([`watch`]), what it had to leave out, and what
//! CPU and memory it takes. What the kernel does not tell on a system is left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use y2w_sdk::clock::Clock;

use super::Meters;

/// Between two looks at the runtime's delay.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What the process takes, over a run.
#[derive(Debug, Default)]
pub(in crate::load) struct Process {
    cpu_begin: Duration,
    begin: u64,
    peak: AtomicU64,
    /// Whether the process had no run before: what one leaves behind, the next one takes without growing.
    pub(in crate::load) is_first: bool,
}

/// What the process took.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::load) struct Health {
    /// CPU time since the beginning.
    pub(in crate::load) cpu: Duration,
    /// Resident memory in bytes: at the beginning, at most, now.
    pub(in crate::load) memory: [u64; 3],
}

impl Process {
    pub(in crate::load) fn begin() -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let begin = memory();
        let is_first = RUNS.fetch_add(1, Ordering::Relaxed) == 0;
        Self { cpu_begin: cpu(), begin, peak: AtomicU64::new(begin), is_first }
    }

    /// Looks, and remembers the most memory that was seen.
    pub(in crate::load) fn look(&self) -> Health {
        let now = memory();
        let peak = self.peak.fetch_max(now, Ordering::Relaxed).max(now);
        Health { cpu: cpu().saturating_sub(self.cpu_begin), memory: [self.begin, peak, now] }
    }
}

/// Asks to be woken every so often, and notes how late that was; never ends.
pub(in crate::load) async fn watch(meters: Arc<Meters>, clock: Clock) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        let before = clock.elapsed();
        ticks.tick().await;
        let late = (clock.elapsed() - before).saturating_sub(LOOK_EVERY);
        meters.loop_delayed(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
    }
}

/// CPU time of all threads of this process.
fn cpu() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec.unsigned_abs()).unwrap_or(0))
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

/// Resident memory of this process in bytes; 0 where the kernel does not tell it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
