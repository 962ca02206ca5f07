//! Takes a point of the timeline every second, and says how it goes.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use y2w_reports::model::TimelinePoint;

use super::meters::log::Log;
use super::meters::{Health, Interval as Samples, Metric, Process};
use super::watch::Stage;
use crate::check::Verifier;

/// Told how far the run is.
pub trait Progress: Send + Sync {
    /// A phase begins; it has so many steps, or takes so many seconds.
    fn phase(&self, name: &str, total: u64);
    /// So many of the phase's steps are done.
    fn advance(&self, done: u64);
    /// How it goes; about once a second.
    fn snapshot(&self, snapshot: &Snapshot);
}

/// Nobody is told.
impl Progress for () {
    fn phase(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn snapshot(&self, _: &Snapshot) {}
}

/// How a run goes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What the last second was like.
    pub point: TimelinePoint,
    /// Seconds that the phases take together.
    pub length_s: f64,
    /// The workload's phase, while one lasts.
    pub phase: Option<String>,
    /// Messages stored so far.
    pub stored: u64,
    /// Deliveries verified so far.
    pub verified: u64,
    /// Deliveries that stored messages still owe.
    pub owed: i64,
    /// What failed so far.
    pub errors: u64,
    /// Broken rules so far.
    pub findings: u64,
    /// The newest finding with its rule, or else the newest kind of error with its first case.
    pub trouble: Option<(&'static str, String)>,
    /// Latencies so far, of what counts.
    pub latencies: Vec<LatencySoFar>,
    /// 99th percentile of the generator's lag so far, in microseconds.
    pub lag_p99_us: u64,
    /// What else there is to count.
    pub totals: Totals,
}

/// A latency so far, from when it was due.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencySoFar {
    /// In files and metrics, as `send_synced`.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Median, 90th and 99th percentile in microseconds.
    pub quantiles: [u64; 3],
    /// Samples.
    pub count: u64,
    /// All of them together, in microseconds, as exactly as the histogram knows.
    pub sum_us: f64,
}

/// Counts since the beginning of the run, set-up included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// What users did, whatever came of it.
    pub operations: u64,
    /// What was due and was left out, since too much of the same user was under way.
    pub left_out: u64,
    /// Messages handed to the SDK.
    pub sent: u64,
    /// Pushes received.
    pub pushes: u64,
    /// Requests that were answered or failed.
    pub requests: u64,
    /// Those of them that got no answer, or one of 500 and more.
    pub requests_failed: u64,
    /// Bytes to the server, and from it.
    pub bytes: [u64; 2],
    /// CPU time of the process.
    pub cpu: Duration,
}

/// A point of the timeline, and a progress line, every so often.
pub(super) const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// What the tags of intervals begin with that do not count.
pub(super) const UNCOUNTED: &str = "uncounted.";

/// What the process took for its work: from the beginning of the first phase until all that was begun was delivered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// CPU time; zero where the system does not tell.
    pub(super) cpu: Duration,
    /// CPU time that the cores could have given.
    pub(super) available: Duration,
}

/// Counts at the end of the previous point.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    at_s: f64,
    cpu: Duration,
    sent: u64,
    stored: u64,
    pushed: u64,
    delivered: u64,
    requests: u64,
    errors: u64,
    bytes: [u64; 2],
}

/// See the module's text.
pub(super) struct Sampler<'a> {
    stage: &'a Stage,
    verifier: &'a Verifier,
    progress: &'a dyn Progress,
    process: &'a Process,
    ticks: Interval,
    /// When the first phase began, in microseconds since 1970.
    begun: u64,
    counts: Counts,
    /// CPU time when the first phase began.
    cpu_begun: Duration,
    cores: f64,
    /// Nothing counts any more.
    over: bool,
    pub(super) points: Vec<TimelinePoint>,
    pub(super) log: Log,
}

impl<'a> Sampler<'a> {
    pub(super) fn new(
        stage: &'a Stage,
        verifier: &'a Verifier,
        progress: &'a dyn Progress,
        process: &'a Process,
        begun: u64,
    ) -> Self {
        let mut ticks = tokio::time::interval_at(first_tick(), SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut sampler = Self {
            stage,
            verifier,
            progress,
            process,
            ticks,
            begun,
            counts: Counts::default(),
            cpu_begun: Duration::ZERO,
            over: false,
            cores: std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64),
            points: Vec::new(),
            log: Log::default(),
        };
        // What was measured while setting up, logins and connects, is an interval of its own.
        sampler.write_down(stage.meters.turn(), 0.0, 0.0);
        sampler.counts = sampler.count(process.look());
        sampler.cpu_begun = sampler.counts.cpu;
        sampler
    }

    pub(super) async fn during<F: Future>(&mut self, work: F) -> F::Output {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                output = &mut work => return output,
                _ = self.ticks.tick() => self.sample(),
            }
        }
    }

    pub(super) fn sample(&mut self) {
        self.measure_by_phase();
        let samples = self.stage.meters.turn();
        let health = self.process.look();
        let (last, now) = (self.counts, self.count(health));
        self.counts = now;
        let point = self.point(&samples, last, now, health);
        self.write_down(samples, last.at_s, now.at_s);
        self.points.push(point);
        self.progress.snapshot(&self.snapshot(point, now));
    }

    /// What the phases led to is delivered. Of what comes now, everybody's last look in a burst, nothing counts, unless
    /// something is still under way: that is as late as it is.
    pub(super) fn work_is_over(&mut self, all_delivered: bool) -> Work {
        self.last_sample();
        self.over = all_delivered;
        if self.over {
            self.stage.meters.measure(false);
        }
        let cpu = self.process.look().cpu.saturating_sub(self.cpu_begun);
        Work { cpu, available: Duration::from_secs_f64(self.seconds().max(0.0) * self.cores) }
    }

    /// The rest of the time since the last point, unless it is too short for a rate to mean anything.
    pub(super) fn last_sample(&mut self) {
        let last = self.points.last().map_or(0.0, |point| point.t_s);
        if self.points.is_empty() || self.seconds() - last >= SAMPLE_EVERY.as_secs_f64() / 2.0 {
            self.sample();
        } else {
            let (last, now) = (self.counts.at_s, self.seconds());
            self.write_down(self.stage.meters.turn(), last, now);
        }
    }

    /// Whether what is measured counts is a matter of the phase; after the last one it is as in the last.
    pub(super) fn measure_by_phase(&self) {
        if self.over {
            return;
        }
        let phase = self.stage.timeline.phase_at(Duration::from_secs_f64(self.seconds().max(0.0)));
        if let Some(phase) = phase.and_then(|at| self.stage.phases.get(at)) {
            self.stage.meters.measure(phase.measured);
        }
    }

    fn count(&self, health: Health) -> Counts {
        let meters = &self.stage.meters;
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let bytes = |way: usize| load(&meters.routes.bytes[way]) + load(&meters.push_bytes[way]);
        Counts {
            at_s: self.seconds(),
            cpu: health.cpu,
            sent: load(&meters.sent),
            stored: self.verifier.stored_count(),
            pushed: load(&meters.pushes),
            delivered: self.verifier.delivered_count(),
            requests: load(&meters.routes.requests),
            errors: meters.error_count(),
            bytes: [bytes(0), bytes(1)],
        }
    }

    fn point(&self, samples: &Samples, last: Counts, now: Counts, health: Health) -> TimelinePoint {
        let seconds = (now.at_s - last.at_s).max(1e-6);
        let rate = |now: u64, last: u64| now.saturating_sub(last) as f64 / seconds;
        let mut point = TimelinePoint {
            t_s: now.at_s,
            users_connected: self.stage.meters.connected(),
            sent_per_s: rate(now.sent, last.sent),
            stored_per_s: rate(now.stored, last.stored),
            pushed_per_s: rate(now.pushed, last.pushed),
            delivered_per_s: rate(now.delivered, last.delivered),
            requests_per_s: rate(now.requests, last.requests),
            errors_per_s: rate(now.errors, last.errors),
            bytes_in_per_s: rate(now.bytes[1], last.bytes[1]),
            bytes_out_per_s: rate(now.bytes[0], last.bytes[0]),
            cpu_share: Some(now.cpu.saturating_sub(last.cpu).as_secs_f64() / seconds / self.cores),
            memory: (health.memory[2] > 0).then_some(health.memory[2]),
            ..TimelinePoint::default()
        };
        let latencies =
            Metric::ALL.iter().map(|label| (label.id, &samples.latencies[label.metric as usize][0]));
        for (tag, histogram) in latencies.chain([("lag", &samples.lag)]) {
            if let Some(of_point) = of_point(tag) {
                of_point(&mut point, histogram);
            }
        }
        point
    }

    fn snapshot(&self, point: TimelinePoint, now: Counts) -> Snapshot {
        let phase = self.stage.timeline.phase_at(Duration::from_secs_f64(point.t_s.max(0.0)));
        let quantiles = |h: &Histogram<u64>| [50.0, 90.0, 99.0].map(|p| h.value_at_percentile(p));
        let latencies = Metric::ALL
            .iter()
            .map(|label| (label, self.stage.meters.totals(label.metric)))
            .filter(|(_, [due, _])| !due.is_empty())
            .map(|(label, [due, _])| LatencySoFar {
                id: label.id,
                name: label.name,
                quantiles: quantiles(&due),
                count: due.len(),
                sum_us: due.mean() * due.len() as f64,
            })
            .collect();
        let meters = &self.stage.meters;
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            point,
            length_s: self.stage.timeline.length().as_secs_f64(),
            phase: phase.and_then(|at| self.stage.phases.get(at)).map(|p| p.name.clone()),
            stored: now.stored,
            verified: now.delivered,
            owed: self.verifier.owed(),
            errors: now.errors,
            findings: self.verifier.broken_count(),
            trouble: self.verifier.newest().or_else(|| meters.newest_error()),
            latencies,
            lag_p99_us: meters.lag_total().value_at_percentile(99.0),
            totals: Totals {
                operations: load(&meters.operations),
                left_out: load(&meters.dropped),
                sent: now.sent,
                pushes: now.pushed,
                requests: now.requests,
                requests_failed: load(&meters.routes.failed),
                bytes: now.bytes,
                cpu: now.cpu,
            },
        }
    }

    fn write_down(&mut self, samples: Samples, from_s: f64, to_s: f64) {
        let prefix = if self.stage.meters.measures() { "" } else { UNCOUNTED };
        let start = Duration::from_secs_f64(from_s.max(0.0));
        let end = start + Duration::from_secs_f64((to_s - from_s).max(0.0));
        let latencies = Metric::ALL.iter().zip(samples.latencies).flat_map(|(label, [due, begun])| {
            [(format!("{prefix}{}", label.id), due), (format!("{prefix}{}.service", label.id), begun)]
        });
        let health = [("lag", samples.lag), ("loop_delay", samples.loop_delay)];
        let health = health.into_iter().map(|(id, histogram)| (format!("{prefix}{id}"), histogram));
        self.log.push(start, end, latencies.chain(health));
    }

    /// Seconds since the first phase began.
    pub(super) fn seconds(&self) -> f64 {
        (self.stage.clock.micros() as f64 - self.begun as f64) / 1e6
    }
}

/// What a point has of a metric, by its tag in the log.
pub(super) fn of_point(tag: &str) -> Option<fn(&mut TimelinePoint, &Histogram<u64>)> {
    match tag {
        "send_synced" => Some(|point, histogram| {
            point.synced_p50_us = at(histogram, 50.0);
            point.synced_p90_us = at(histogram, 90.0);
            point.synced_p99_us = at(histogram, 99.0);
            point.synced_max_us = at(histogram, 100.0);
        }),
        "send_stored" => Some(|point, histogram| {
            point.stored_p50_us = at(histogram, 50.0);
            point.stored_p99_us = at(histogram, 99.0);
        }),
        "lag" => Some(|point, histogram| point.lag_p99_us = at(histogram, 99.0)),
        _ => None,
    }
}

/// A percentile in microseconds; none of nothing.
fn at(histogram: &Histogram<u64>, percentile: f64) -> Option<u64> {
    (!histogram.is_empty()).then(|| histogram.value_at_percentile(percentile))
}

#[expect(clippy::disallowed_methods, reason = "tokio's interval takes its first tick as an instant")]
fn first_tick() -> Instant {
    Instant::now() + SAMPLE_EVERY
}
