//! The metrics of a run, and what becomes of each over two sets of runs.
//!
//! Invariant: a metric that a run did not measure is not there; it is never taken for zero.

use rand::{SeedableRng as _, rngs::ChaCha8Rng};

use super::{
    Better, Change, Interval, Metric, Set, Settings, Side, Unit,
    bootstrap::{interval, median},
};
use crate::{Latency, LatencyClock, Quantiles, RunResult};

/// What one run measured.
pub(super) struct Measured {
    pub(super) id: String,
    name: String,
    unit: Unit,
    better: Better,
    value: f64,
}

/// All that a run measured, in the order to show.
pub(super) fn of_run(run: &RunResult) -> Vec<Measured> {
    let mut all = Vec::new();
    let mut add = |id: String, name: String, unit, better, value: f64| {
        if value.is_finite() {
            all.push(Measured { id, name, unit, better, value });
        }
    };
    let measured = || run.latencies.iter().filter(|latency| latency.quantiles.count > 0);
    // What a user would feel, and from when it was begun only where there is nothing else: the two say much the same, and
    // each metric more is one more that chance may move.
    let is_felt =
        |id: &str| measured().any(|latency| latency.clock == LatencyClock::Intended && latency.id == id);
    let is_said = |latency: &&Latency| latency.clock == LatencyClock::Intended || !is_felt(&latency.id);
    for latency in measured().filter(is_said) {
        let (clock, words) = match latency.clock {
            LatencyClock::Intended => ("", ""),
            LatencyClock::Service => (".service", ", once begun"),
        };
        for (short, value) in shown(&latency.quantiles) {
            let id = format!("{}{clock}.{short}", latency.id);
            add(id, format!("{} {short}{words}", latency.name), Unit::Us, Better::Less, value);
        }
    }
    let totals = &run.totals;
    if run.duration_s > 0.0 {
        for (id, name, total) in [
            ("stored", "messages stored", totals.stored),
            ("delivered", "messages delivered", totals.delivered),
        ] {
            let rate = total as f64 / run.duration_s;
            add(format!("{id}_per_s"), name.to_owned(), Unit::PerS, Better::More, rate);
        }
    }
    if totals.requests > 0 {
        let share = totals.errors as f64 / totals.requests as f64;
        add("errors".to_owned(), "errors per request".to_owned(), Unit::Share, Better::Less, share);
    }
    if let Some(cpu_s) = run.health.cpu_s.filter(|_| totals.stored > 0) {
        let each = cpu_s * 1e6 / totals.stored as f64;
        add("cpu_per_message".to_owned(), "CPU per message stored".to_owned(), Unit::Us, Better::Less, each);
    }
    if let Some(bytes) = run.health.memory_per_user {
        let name = "memory per user".to_owned();
        add("memory_per_user".to_owned(), name, Unit::Bytes, Better::Less, bytes as f64);
    }
    all
}

fn shown(quantiles: &Quantiles) -> [(&'static str, f64); 4] {
    let Quantiles { p50, p90, p99, mean, .. } = *quantiles;
    [("p50", p50 as f64), ("p90", p90 as f64), ("p99", p99 as f64), ("mean", mean)]
}

/// What each side has, in the order of its first run that has it.
pub(super) fn of_set(set: &Set) -> Vec<(Measured, Vec<f64>)> {
    let mut all: Vec<(Measured, Vec<f64>)> = Vec::new();
    for measured in set.runs.iter().flat_map(|(_, run)| of_run(run)) {
        match all.iter_mut().find(|(known, _)| known.id == measured.id) {
            Some((_, values)) => values.push(measured.value),
            None => {
                let value = measured.value;
                all.push((measured, vec![value]));
            }
        }
    }
    all
}

/// The metrics that both sides have.
pub(super) fn of_both(a: &Set, b: &Set, settings: Settings) -> Vec<Metric> {
    let of_b = of_set(b);
    let both = of_set(a).into_iter().filter_map(|(measured, of_a)| {
        let (_, of_b) = of_b.iter().find(|(other, _)| other.id == measured.id)?;
        Some(metric(measured, of_a, of_b.clone(), settings))
    });
    both.collect()
}

fn metric(measured: Measured, a: Vec<f64>, b: Vec<f64>, settings: Settings) -> Metric {
    let Measured { id, name, unit, better, .. } = measured;
    let Settings { tolerance, confidence, resamples, seed } = settings;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ fnv(&id));
    let interval = interval(&a, &b, confidence, resamples, &mut rng);
    let a = Side { median: median(&a), values: a };
    let b = Side { median: median(&b), values: b };
    let difference = b.median - a.median;
    let relative = (a.median != 0.0).then(|| difference / a.median);
    let change =
        interval.map_or(Change::Unclear, |interval| judged(interval, better, tolerance * a.median.abs()));
    Metric { id, name, unit, better, a, b, difference, relative, interval, change }
}

/// What an interval comes to, with what does not matter in the metric's unit.
fn judged(interval: Interval, better: Better, tolerated: f64) -> Change {
    let Interval { low, high } = interval;
    let (more, less) = match better {
        Better::Less => (Change::Regressed, Change::Improved),
        Better::More => (Change::Improved, Change::Regressed),
    };
    if low > tolerated {
        more
    } else if high < -tolerated {
        less
    } else if -tolerated <= low && high <= tolerated {
        Change::Same
    } else {
        Change::Unclear
    }
}

/// FNV-1a: which stream of random numbers is whose.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_interval_beyond_the_tolerance_is_a_change() {
        for (low, high, less_is_better, more_is_better) in [
            (6.0, 9.0, Change::Regressed, Change::Improved),
            (-9.0, -6.0, Change::Improved, Change::Regressed),
            (-5.0, 5.0, Change::Same, Change::Same),
            (4.0, 9.0, Change::Unclear, Change::Unclear),
            (-9.0, -4.0, Change::Unclear, Change::Unclear),
            (-9.0, 9.0, Change::Unclear, Change::Unclear),
        ] {
            let judged = |better| judged(Interval { low, high }, better, 5.0);
            assert_eq!((judged(Better::Less), judged(Better::More)), (less_is_better, more_is_better));
        }
    }

    #[test]
    fn from_nothing_to_something_is_a_change_without_a_share() {
        let errors = |value| Measured {
            id: "errors".to_owned(),
            name: "errors".to_owned(),
            unit: Unit::Share,
            better: Better::Less,
            value,
        };
        let none = metric(errors(0.0), vec![0.0; 4], vec![0.0; 4], Settings::default());
        assert_eq!((none.relative, none.change), (None, Change::Same));
        let some = metric(errors(0.0), vec![0.0; 4], vec![0.1; 4], Settings::default());
        assert_eq!((some.relative, some.change), (None, Change::Regressed));
    }
}
