//! A comparison that never was: six runs on each side, of which the new ones are slower at the end of the tail.

use y2w_reports::compare::{Comparison, Set, Settings, compare};
use y2w_reports::{Quantiles, ReportError, RunResult};

use crate::runs::passed;

/// Has metrics of all four outcomes, and something to be warned of.
pub(crate) fn comparison() -> Result<Comparison, ReportError> {
    let (old, mut new) = (set("main", 1.0), set("faster-sync", 1.31));
    for (_, run) in &mut new.runs {
        run.tool_version = "0.2.0".to_owned();
        run.health.memory_per_user = run.health.memory_per_user.map(|bytes| bytes * 4 / 5);
    }
    compare(&old, &new, Settings::default())
}

fn set(name: &str, tail: f64) -> Set {
    let run = |index: u32| (format!("out/{name}/{index}/result.json"), run(index, tail));
    Set { name: name.to_owned(), runs: (1..=6).map(run).collect() }
}

/// One of them, as far from the others as runs are, a thing more than another.
fn run(index: u32, tail: f64) -> RunResult {
    let mut run = passed();
    let noise = |spread: f64| 1.0 + spread * (f64::from(index) * 2.4).sin();
    run.run_id = format!("steady-5k-{index}");
    run.duration_s *= noise(0.004);
    for (nth, latency) in (0_i32..).zip(&mut run.latencies) {
        let spread = 0.012 * f64::from(nth + 1);
        let times = |value: u64, factor: f64| (value as f64 * factor * noise(spread)) as u64;
        let Quantiles { p50, p90, p99, mean, .. } = latency.quantiles;
        latency.quantiles.p50 = times(p50, 1.0);
        latency.quantiles.p90 = times(p90, tail.powf(0.1));
        latency.quantiles.p99 = times(p99, tail);
        latency.quantiles.mean = mean * noise(spread);
    }
    run.health.cpu_s = run.health.cpu_s.map(|cpu_s| cpu_s * noise(0.03));
    run
}
