//! What this process uses, from the kernel.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The resident memory, in bytes.
pub(crate) fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    1024 * field(&status, "VmRSS:")
}

/// CPU time of all threads, to the nanosecond.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// How often a thread has waited for something: what a process that does nothing does not do.
pub(crate) fn waits() -> u64 {
    let threads = fs::read_dir("/proc/self/task").expect("Linux has /proc");
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .map(|status| field(&status, "voluntary_ctxt_switches:"))
        .sum()
}

fn field(status: &str, name: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("the kernel tells it")
}
