//! What is measured: latencies in histograms, counts over time. Memory does not grow with the number of samples.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use y2w_reports::model::{Latency, LatencyClock, PercentilePoint, Quantiles, TimelinePoint};

/// A latency. All count from when the message was due to be sent, whatever held it up (no coordinated omission),
/// except [`Metric::Connect`] and [`Metric::Lag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Until another member's sync has brought the message.
    Synced,
    /// Until another member's connection has brought the push.
    Pushed,
    /// Until the server has acknowledged the store.
    Stored,
    /// From the start of a user's login until acceptConnect.
    Connect,
    /// By how much the generator was late in handing the message over.
    Lag,
}

impl Metric {
    const ALL: [(Self, &'static str, &'static str, &'static str); 5] = [
        (Self::Synced, "send_synced", "send→synced", "until each other member has the message by its sync"),
        (
            Self::Pushed,
            "send_pushed",
            "send→push received",
            "until each other member's push connection has brought the notice",
        ),
        (Self::Stored, "send_stored", "send→stored", "until the business API has acknowledged the message"),
        (Self::Connect, "connect", "login→connected", "from the login request until acceptConnect"),
        (
            Self::Lag,
            "lag",
            "generator lag",
            "by how much the generator was late in sending; part of the others",
        ),
    ];
}

/// One minute and more counts as this: nothing that is alive takes longer.
const CEILING_US: u64 = 120_000_000;

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, CEILING_US, 3).expect("the bounds are fixed and valid")
}

/// All meters of a run. Shared by all users.
pub struct Meters {
    latencies: [Mutex<Histogram<u64>>; 5],
    /// [`Metric::Synced`] since the last point of the timeline.
    interval: Mutex<Histogram<u64>>,
    /// Messages handed to the SDK.
    pub sent: AtomicU64,
    /// Pushes received.
    pub pushes: AtomicU64,
    /// Stores and notices that were given up, and syncs that failed.
    pub errors: AtomicU64,
    /// Commands to the push server beyond one for each notice: recoveries, and repetitions after a lost connection.
    pub extra_commands: AtomicU64,
    /// Push connections that were cut on purpose.
    pub severed: AtomicU64,
    /// Users whose push connection is up.
    pub connected: AtomicI64,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            latencies: std::array::from_fn(|_| Mutex::new(histogram())),
            interval: Mutex::new(histogram()),
            sent: AtomicU64::new(0),
            pushes: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            extra_commands: AtomicU64::new(0),
            severed: AtomicU64::new(0),
            connected: AtomicI64::new(0),
        }
    }
}

/// Counts at the end of the previous point of the timeline.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    at_s: f64,
    sent: u64,
    stored: u64,
    delivered: u64,
    errors: u64,
}

impl Meters {
    /// Takes one sample.
    pub fn record(&self, metric: Metric, micros: u64) {
        self.latencies[metric as usize].lock().saturating_record(micros.max(1));
        if metric == Metric::Synced {
            self.interval.lock().saturating_record(micros.max(1));
        }
    }

    /// Users whose push connection is up.
    pub fn connected(&self) -> u64 {
        u64::try_from(self.connected.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// A latency at a percentile; `None` without samples.
    pub fn percentile(&self, metric: Metric, percentile: f64) -> Option<u64> {
        let histogram = self.latencies[metric as usize].lock();
        (!histogram.is_empty()).then(|| histogram.value_at_percentile(percentile))
    }

    /// The next point of the timeline, and the counts to hand in for the one after it.
    pub(super) fn point(
        &self,
        t_s: f64,
        stored: u64,
        delivered: u64,
        last: Counts,
    ) -> (TimelinePoint, Counts) {
        let (sent, errors) = (self.sent.load(Ordering::Relaxed), self.errors.load(Ordering::Relaxed));
        let now = Counts { at_s: t_s, sent, stored, delivered, errors };
        let seconds = (t_s - last.at_s).max(f64::EPSILON);
        let rate = |now: u64, last: u64| (now - last) as f64 / seconds;
        let synced = std::mem::replace(&mut *self.interval.lock(), histogram());
        let at = |percentile| (!synced.is_empty()).then(|| synced.value_at_percentile(percentile));
        let point = TimelinePoint {
            t_s,
            users_connected: self.connected(),
            sent_per_s: rate(sent, last.sent),
            stored_per_s: rate(stored, last.stored),
            delivered_per_s: rate(delivered, last.delivered),
            errors_per_s: rate(errors, last.errors),
            synced_p50_us: at(50.0),
            synced_p90_us: at(90.0),
            synced_p99_us: at(99.0),
            synced_max_us: at(100.0),
            ..TimelinePoint::default()
        };
        (point, now)
    }

    /// All latencies, the most telling first.
    pub fn latencies(&self) -> Vec<Latency> {
        Metric::ALL.into_iter().map(|(metric, id, name, help)| self.latency(metric, id, name, help)).collect()
    }

    fn latency(&self, metric: Metric, id: &str, name: &str, help: &str) -> Latency {
        let histogram = self.latencies[metric as usize].lock();
        let at = |percentile| histogram.value_at_percentile(percentile);
        let percentiles = histogram
            .iter_quantiles(5)
            .map(|v| PercentilePoint {
                percentile: v.quantile_iterated_to() * 100.0,
                value_us: v.value_iterated_to(),
            })
            .collect();
        Latency {
            id: id.to_owned(),
            name: name.to_owned(),
            help: help.to_owned(),
            clock: LatencyClock::Intended,
            quantiles: Quantiles {
                count: histogram.len(),
                min: histogram.min(),
                mean: histogram.mean(),
                p50: at(50.0),
                p90: at(90.0),
                p95: at(95.0),
                p99: at(99.0),
                p999: at(99.9),
                max: histogram.max(),
            },
            percentiles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_its_own_histogram_and_name() {
        for (index, (metric, ..)) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, index);
            let meters = Meters::default();
            meters.record(metric, 1_000);
            let counts: Vec<u64> = meters.latencies().iter().map(|l| l.quantiles.count).collect();
            assert_eq!(counts.iter().sum::<u64>(), 1);
            assert_eq!(counts[index], 1);
        }
    }

    #[test]
    fn rates_are_differences_over_the_interval_and_its_latencies_are_its_own() {
        let meters = Meters::default();
        meters.sent.store(10, Ordering::Relaxed);
        meters.record(Metric::Synced, 5_000);
        let (first, counts) = meters.point(2.0, 8, 20, Counts::default());
        assert_eq!((first.sent_per_s, first.stored_per_s, first.delivered_per_s), (5.0, 4.0, 10.0));
        assert!(first.synced_p50_us.is_some());
        let (second, _) = meters.point(3.0, 8, 20, counts);
        assert_eq!((second.sent_per_s, second.synced_p50_us), (0.0, None));
    }

    #[test]
    fn a_latency_beyond_the_ceiling_is_kept_as_the_ceiling() {
        let meters = Meters::default();
        meters.record(Metric::Stored, u64::MAX);
        assert!(meters.percentile(Metric::Stored, 100.0).unwrap() >= CEILING_US);
    }
}
