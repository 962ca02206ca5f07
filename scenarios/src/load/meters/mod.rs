//! What is measured. Memory does not grow with the number of samples.
//!
//! A sample goes into the histogram of the present interval; once a second [`Meters::turn`] takes the intervals out, adds
//! them to the totals and hands them on, to be written down as they are: adding the intervals of any number of runs gives
//! exactly the histogram of all their samples.

mod health;
pub(super) mod hlog;
mod http;
pub(super) mod log;
mod push;
mod routes;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use hdrhistogram::Histogram;
use parking_lot::Mutex;

pub(super) use health::{Health, Process, watch};
pub(super) use http::MeteredHttp;
pub(super) use push::MeteredStreams;
pub(super) use routes::{OfRoute, Routes};

/// A latency, in microseconds. Each counts from when it was due, whatever held it up (no coordinated omission), and has a
/// twin that counts from when it was really begun: the service time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    /// Until another device has the message by its sync.
    SendSynced,
    /// Until another device's connection has brought the push.
    SendPush,
    /// Until the business API has acknowledged the message.
    SendStored,
    /// Until the push server has acknowledged the notice.
    SendAck,
    /// A login.
    Login,
    /// From the beginning of the connection until acceptConnect.
    Connect,
}

/// What a [`Metric`] is called, and what it means.
pub(super) struct Label {
    pub(super) metric: Metric,
    /// In thresholds and files.
    pub(super) id: &'static str,
    /// For people.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

impl Metric {
    pub(super) const COUNT: usize = 6;

    /// All of them, the most telling first.
    pub(super) const ALL: [Label; Self::COUNT] = [
        Label {
            metric: Self::SendSynced,
            id: "send_synced",
            name: "send→synced",
            help: "until each other device of the session has the message by its sync",
        },
        Label {
            metric: Self::SendPush,
            id: "send_push",
            name: "send→push",
            help: "until the push connection of each other device has brought the notice",
        },
        Label {
            metric: Self::SendStored,
            id: "send_stored",
            name: "send→stored",
            help: "until the business API has acknowledged the message",
        },
        Label {
            metric: Self::SendAck,
            id: "send_ack",
            name: "send→ack",
            help: "until the push server has acknowledged the message's notice",
        },
        Label {
            metric: Self::Login,
            id: "login",
            name: "login",
            help: "the login request and what it leads to",
        },
        Label {
            metric: Self::Connect,
            id: "connect",
            name: "connect",
            help: "from the beginning of the push connection until acceptConnect",
        },
    ];
}

/// What is beyond counts as this: two minutes. Nothing that is alive takes longer.
const CEILING_US: u64 = 120_000_000;

pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, CEILING_US, 3).expect("the bounds are fixed and valid")
}

/// A histogram in two parts: what came since the last turn, and all before it.
struct Recorder {
    interval: Mutex<Histogram<u64>>,
    total: Mutex<Histogram<u64>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { interval: Mutex::new(histogram()), total: Mutex::new(histogram()) }
    }
}

impl Recorder {
    fn record(&self, micros: u64) {
        self.interval.lock().saturating_record(micros.max(1));
    }

    /// Takes the interval out and adds it to the total, if it counts.
    fn turn(&self, counts: bool) -> Histogram<u64> {
        let interval = std::mem::replace(&mut *self.interval.lock(), histogram());
        if counts {
            self.total.lock().add(&interval).expect("all histograms have the same bounds");
        }
        interval
    }
}

/// The histograms of one interval.
pub(super) struct Interval {
    /// By metric: from when it was due, and from when it was begun.
    pub(super) latencies: Vec<[Histogram<u64>; 2]>,
    pub(super) lag: Histogram<u64>,
    pub(super) loop_delay: Histogram<u64>,
}

/// What failed, by kind: how often, and the first time in words.
#[derive(Default)]
struct Errors {
    by_kind: BTreeMap<&'static str, (u64, String)>,
    /// The kind that came up last.
    newest: Option<&'static str>,
}

/// All meters of a run. Shared by all users.
#[derive(Default)]
pub(super) struct Meters {
    latencies: [[Recorder; 2]; Metric::COUNT],
    lag: Recorder,
    loop_delay: Recorder,
    /// Whether the present phase counts.
    measured: AtomicBool,
    pub(super) routes: Routes,
    /// What users did, whatever came of it.
    pub(super) operations: AtomicU64,
    /// Messages handed to the SDK.
    pub(super) sent: AtomicU64,
    /// Pushes received.
    pub(super) pushes: AtomicU64,
    /// Commands to the push server beyond one for each notice: recoveries, and repetitions after a lost connection.
    pub(super) extra_commands: AtomicU64,
    /// Push connections that were cut on purpose.
    pub(super) severed: AtomicU64,
    /// What was due, and was not done since the user was offline then.
    pub(super) offline: AtomicU64,
    /// What was due, and was not done since too much of the same user was under way.
    pub(super) dropped: AtomicU64,
    /// Bytes that the push connections carried: to the server, and from it.
    pub(super) push_bytes: [AtomicU64; 2],
    /// Devices whose push connection is up.
    connected: AtomicI64,
    errors: Mutex<Errors>,
    error_count: AtomicU64,
}

impl Meters {
    /// Takes one sample: how long it took since it was due, and since it was begun.
    pub(super) fn record(&self, metric: Metric, since_due: u64, since_begun: u64) {
        let [due, begun] = &self.latencies[metric as usize];
        due.record(since_due);
        begun.record(since_begun);
    }

    /// By how much the generator was late.
    pub(super) fn late(&self, micros: u64) {
        self.lag.record(micros);
    }

    /// By how much the runtime was late to wake a task.
    pub(super) fn loop_delayed(&self, micros: u64) {
        self.loop_delay.record(micros);
    }

    /// Whether what is measured from now on counts.
    pub(super) fn measure(&self, counts: bool) {
        self.measured.store(counts, Ordering::Relaxed);
        self.routes.measure(counts);
    }

    /// Whether what is measured now counts.
    pub(super) fn measures(&self) -> bool {
        self.measured.load(Ordering::Relaxed)
    }

    /// Something failed, of this kind; the first of a kind is kept.
    pub(super) fn error(&self, kind: &'static str, what: impl FnOnce() -> String) {
        self.error_count.fetch_add(1, Ordering::Relaxed);
        let Errors { by_kind, newest } = &mut *self.errors.lock();
        let (count, _) = by_kind.entry(kind).or_insert_with(|| {
            *newest = Some(kind);
            (0, what())
        });
        *count += 1;
    }

    /// What failed, by kind, with the first of each.
    pub(super) fn errors(&self) -> BTreeMap<&'static str, (u64, String)> {
        self.errors.lock().by_kind.clone()
    }

    /// The kind of failure that came up last, and its first case.
    pub(super) fn newest_error(&self) -> Option<(&'static str, String)> {
        let errors = self.errors.lock();
        let kind = errors.newest?;
        Some((kind, errors.by_kind.get(kind)?.1.clone()))
    }

    /// How much failed.
    pub(super) fn error_count(&self) -> u64 {
        self.error_count.load(Ordering::Relaxed)
    }

    /// A push connection came up, or went down.
    pub(super) fn connection(&self, up: bool) {
        self.connected.fetch_add(if up { 1 } else { -1 }, Ordering::Relaxed);
    }

    /// Devices whose push connection is up.
    pub(super) fn connected(&self) -> u64 {
        u64::try_from(self.connected.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Ends the present interval.
    pub(super) fn turn(&self) -> Interval {
        let counts = self.measures();
        Interval {
            latencies: self.latencies.iter().map(|pair| pair.each_ref().map(|r| r.turn(counts))).collect(),
            lag: self.lag.turn(counts),
            loop_delay: self.loop_delay.turn(counts),
        }
    }

    /// All that counted of a latency, up to the last turn: from when it was due, and from when it was begun.
    pub(super) fn totals(&self, metric: Metric) -> [Histogram<u64>; 2] {
        self.latencies[metric as usize].each_ref().map(|r| r.total.lock().clone())
    }

    /// All that counted of the generator's lag, up to the last turn.
    pub(super) fn lag_total(&self) -> Histogram<u64> {
        self.lag.total.lock().clone()
    }

    /// All that counted of the runtime's delay, up to the last turn.
    pub(super) fn loop_delay_total(&self) -> Histogram<u64> {
        self.loop_delay.total.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_its_own_histograms_and_name() {
        for (index, label) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(label.metric as usize, index);
            let meters = Meters::default();
            meters.measure(true);
            meters.record(label.metric, 2_000, 1_000);
            meters.turn();
            let counts: Vec<u64> = Metric::ALL
                .iter()
                .map(|l| meters.totals(l.metric).iter().map(Histogram::len).sum())
                .collect();
            assert_eq!((counts.iter().sum::<u64>(), counts[index]), (2, 2));
            let [due, begun] = meters.totals(label.metric);
            assert!(due.max() >= 2_000 && begun.max() < 2_000);
        }
    }

    #[test]
    fn the_intervals_add_up_to_the_total() {
        let meters = Meters::default();
        meters.measure(true);
        let mut sum = histogram();
        for round in 1..=5 {
            for sample in 0..100 {
                meters.record(Metric::SendStored, round * 1_000 + sample, 1);
            }
            sum.add(&meters.turn().latencies[Metric::SendStored as usize][0]).unwrap();
        }
        assert_eq!(sum, meters.totals(Metric::SendStored)[0]);
    }

    #[test]
    fn what_is_not_measured_does_not_count() {
        let meters = Meters::default();
        meters.record(Metric::Login, 5_000, 5_000);
        assert_eq!(meters.turn().latencies[Metric::Login as usize][0].len(), 1);
        assert!(meters.totals(Metric::Login)[0].is_empty());
    }

    #[test]
    fn a_latency_beyond_the_ceiling_is_kept_as_the_ceiling() {
        let meters = Meters::default();
        meters.measure(true);
        meters.record(Metric::Connect, u64::MAX, 1);
        meters.turn();
        assert!(meters.totals(Metric::Connect)[0].max() >= CEILING_US);
    }

    #[test]
    fn errors_are_counted_by_kind_and_the_first_is_told() {
        let meters = Meters::default();
        for n in 0..3 {
            meters.error("sync", || format!("no {n}"));
        }
        assert_eq!(meters.errors()["sync"], (3, "no 0".to_owned()));
        assert_eq!(meters.error_count(), 3);
        meters.error("login", || "none".to_owned());
        meters.error("sync", || "no 3".to_owned());
        assert_eq!(meters.newest_error(), Some(("login", "none".to_owned())));
    }
}
