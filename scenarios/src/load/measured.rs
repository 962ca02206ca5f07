//! Everything that a run has measured, as plain data: what thresholds are judged by and reports are made of. Those of
//! several runs can be added.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use y2w_reports::model::{
    Check, Counter, ErrorKind, Health, Latency, LatencyClock, PercentilePoint, Quantiles, Route, Totals,
};

use super::meters::{Label, Metric, OfRoute, Process};
use super::sampler::Work;
use super::watch::Stage;
use super::workload::{self, Number, Readings, Since, Stat};
use crate::check::{self, Verifier, rules};

/// See the module's text.
pub(super) struct Measured {
    /// By metric: from when it was due, and from when it was begun.
    pub(super) latencies: Vec<[Histogram<u64>; 2]>,
    pub(super) lag: Histogram<u64>,
    pub(super) loop_delay: Histogram<u64>,
    pub(super) routes: Vec<OfRoute>,
    pub(super) totals: Totals,
    pub(super) operations: u64,
    pub(super) errors: Vec<ErrorKind>,
    pub(super) counters: Vec<Counter>,
    pub(super) checks: Vec<Check>,
    pub(super) users: u64,
    /// What was due and left out, since too much was under way.
    pub(super) dropped: u64,
    /// CPU time of the phases and of what they led to, in seconds; none where the system does not tell.
    pub(super) cpu_s: Option<f64>,
    /// What the cores could have given in that time, in seconds.
    pub(super) cpu_available_s: Option<f64>,
    /// Resident memory in bytes: at the beginning, at most, at the end; none where the system does not tell.
    pub(super) memory: Option<[u64; 3]>,
    /// Whether the growth of that memory is what the users take.
    pub(super) memory_is_users: bool,
    /// Cores that the process could use.
    pub(super) cores: f64,
    /// How long the phases took, in seconds.
    pub(super) acted_s: f64,
}

impl Measured {
    pub(super) fn of(
        stage: &Stage,
        verifier: &Verifier,
        process: &Process,
        work: Work,
        acted: Duration,
    ) -> Self {
        let meters = &stage.meters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let bytes = |way: usize| load(&meters.routes.bytes[way]) + load(&meters.push_bytes[way]);
        let health = process.look();
        let errors = meters.errors().into_iter();
        Self {
            latencies: Metric::ALL.iter().map(|label| meters.totals(label.metric)).collect(),
            lag: meters.lag_total(),
            loop_delay: meters.loop_delay_total(),
            routes: meters.routes.totals(),
            totals: Totals {
                sent: load(&meters.sent),
                stored: verifier.stored_count(),
                pushed: load(&meters.pushes),
                delivered: verifier.delivered_count(),
                requests: load(&meters.routes.requests),
                errors: meters.error_count(),
                bytes_sent: bytes(0),
                bytes_received: bytes(1),
            },
            operations: load(&meters.operations),
            errors: errors
                .map(|(kind, (count, first))| ErrorKind { kind: kind.to_owned(), count, first })
                .collect(),
            counters: counters(stage),
            checks: verifier.checks().into_iter().map(report_check).collect(),
            users: stage.population.users_of(stage.shard).count() as u64,
            dropped: load(&meters.dropped),
            cpu_s: (!work.cpu.is_zero()).then_some(work.cpu.as_secs_f64()),
            cpu_available_s: (!work.cpu.is_zero()).then_some(work.available.as_secs_f64()),
            memory: (health.memory[2] > 0).then_some(health.memory),
            memory_is_users: process.is_first,
            cores: std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64),
            acted_s: acted.as_secs_f64(),
        }
    }

    /// How often rules were broken.
    pub(super) fn findings(&self) -> u64 {
        self.checks.iter().map(|check| check.findings_total).sum()
    }

    /// For the report: the most telling first.
    pub(super) fn latencies(&self) -> Vec<Latency> {
        let both = |(label, [due, begun]): (&Label, &[Histogram<u64>; 2])| {
            [(LatencyClock::Intended, due), (LatencyClock::Service, begun)].map(|(clock, histogram)| {
                Latency {
                    id: label.id.to_owned(),
                    name: label.name.to_owned(),
                    help: label.help.to_owned(),
                    clock,
                    quantiles: quantiles(histogram),
                    percentiles: percentiles(histogram),
                }
            })
        };
        Metric::ALL.iter().zip(&self.latencies).flat_map(both).collect()
    }

    /// For the report.
    pub(super) fn routes(&self) -> Vec<Route> {
        let route = |r: &OfRoute| Route {
            route: r.route.clone(),
            requests: r.requests,
            failed: r.failed,
            bytes_sent: r.bytes[0],
            bytes_received: r.bytes[1],
            latency: quantiles(&r.latency),
        };
        self.routes.iter().map(route).collect()
    }

    /// For the report; the problems are what was found to be wrong with the generator.
    pub(super) fn health(&self, problems: Vec<String>) -> Health {
        let memory = |at: usize| self.memory.map(|memory| memory[at]);
        let grown =
            self.memory.filter(|_| self.memory_is_users).map(|[begin, peak, _]| peak.saturating_sub(begin));
        Health {
            lag: quantiles(&self.lag),
            loop_delay: quantiles(&self.loop_delay),
            cpu_s: self.cpu_s,
            cpu_share: self
                .cpu_s
                .zip(self.cpu_available_s)
                .map(|(cpu, available)| (cpu / available.max(1e-6)).min(1.0)),
            memory_begin: memory(0),
            memory_peak: memory(1),
            memory_end: memory(2),
            dropped_samples: self.dropped,
            users: self.users,
            memory_per_user: grown.map(|grown| grown / self.users.max(1)),
            problems,
        }
    }

    /// Adds what another shard of the same run has measured. Its errors and counters are those of the same names.
    pub(super) fn add(&mut self, other: Self) {
        let sum = |mine: &mut Histogram<u64>, theirs: &Histogram<u64>| {
            mine.add(theirs).expect("all histograms have the same bounds");
        };
        for (mine, theirs) in self.latencies.iter_mut().zip(&other.latencies) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| sum(mine, theirs));
        }
        sum(&mut self.lag, &other.lag);
        sum(&mut self.loop_delay, &other.loop_delay);
        for theirs in other.routes {
            match self.routes.iter_mut().find(|mine| mine.route == theirs.route) {
                Some(mine) => {
                    mine.requests += theirs.requests;
                    mine.failed += theirs.failed;
                    mine.bytes.iter_mut().zip(theirs.bytes).for_each(|(mine, theirs)| *mine += theirs);
                    sum(&mut mine.latency, &theirs.latency);
                }
                None => self.routes.push(theirs),
            }
        }
        let (mine, theirs) = (&mut self.totals, other.totals);
        mine.sent += theirs.sent;
        mine.stored += theirs.stored;
        mine.pushed += theirs.pushed;
        mine.delivered += theirs.delivered;
        mine.requests += theirs.requests;
        mine.errors += theirs.errors;
        mine.bytes_sent += theirs.bytes_sent;
        mine.bytes_received += theirs.bytes_received;
        self.operations += other.operations;
        for theirs in other.errors {
            match self.errors.iter_mut().find(|mine| mine.kind == theirs.kind) {
                Some(mine) => mine.count += theirs.count,
                None => self.errors.push(theirs),
            }
        }
        for theirs in other.counters {
            match self.counters.iter_mut().find(|mine| mine.name == theirs.name) {
                Some(mine) => mine.value += theirs.value,
                None => self.counters.push(theirs),
            }
        }
        for theirs in other.checks {
            match self.checks.iter_mut().find(|mine| mine.id == theirs.id) {
                Some(mine) => add_check(mine, theirs),
                None => self.checks.push(theirs),
            }
        }
        self.users += other.users;
        self.dropped += other.dropped;
        let both = |mine: Option<f64>, theirs: Option<f64>| mine.zip(theirs).map(|(a, b)| a + b);
        self.cpu_s = both(self.cpu_s, other.cpu_s);
        self.cpu_available_s = both(self.cpu_available_s, other.cpu_available_s);
        let memory = self.memory.zip(other.memory);
        self.memory = memory.map(|(mine, theirs)| std::array::from_fn(|at| mine[at] + theirs[at]));
        self.memory_is_users &= other.memory_is_users;
        self.cores = self.cores.max(other.cores);
        self.acted_s = self.acted_s.max(other.acted_s);
    }

    /// Adds findings of a rule.
    pub(super) fn found(&mut self, rule: &str, title: &str, examined: u64, texts: Vec<String>) {
        let more = Check {
            id: rule.to_owned(),
            title: title.to_owned(),
            examined,
            findings_total: texts.len() as u64,
            findings: texts,
        };
        match self.checks.iter_mut().find(|check| check.id == rule) {
            Some(check) => add_check(check, more),
            None => self.checks.push(more),
        }
    }
}

fn add_check(mine: &mut Check, theirs: Check) {
    mine.examined += theirs.examined;
    mine.findings_total += theirs.findings_total;
    mine.findings.extend(theirs.findings);
    mine.findings.truncate(check::FINDINGS_KEPT);
}

fn report_check(check: check::Check) -> Check {
    Check {
        id: check.rule.to_owned(),
        title: check.title.to_owned(),
        examined: check.examined,
        findings_total: check.broken,
        findings: check.findings,
    }
}

fn counters(stage: &Stage) -> Vec<Counter> {
    let meters = &stage.meters;
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counter = |name: &str, value: u64, unit: &str, help: &str| Counter {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        help: help.to_owned(),
    };
    // Each session is one shard's: the one of who made it.
    let sessions = stage.population.sessions.iter().filter(|s| stage.shard.has(s.master)).count() as u64;
    vec![
        counter("sessions", sessions, "sessions", "p2p sessions and groups that were planned"),
        counter(OPERATIONS, load(&meters.operations), "operations", "things that users began to do"),
        counter(
            "extra push commands",
            load(&meters.extra_commands),
            "commands",
            "recoveries of a session's members, and repetitions after a lost connection",
        ),
        counter("connections cut", load(&meters.severed), "connections", "push connections cut on purpose"),
        counter(
            "skipped while offline",
            load(&meters.offline),
            "operations",
            "due while the user was offline",
        ),
        counter(
            "left out",
            load(&meters.dropped),
            "operations",
            "due while too much of the same user was under way",
        ),
    ]
}

/// The counter that errors are a share of.
pub(super) const OPERATIONS: &str = "operations";

/// Zeros without samples.
pub(super) fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    if histogram.is_empty() {
        return Quantiles::default();
    }
    let at = |percentile| histogram.value_at_percentile(percentile);
    Quantiles {
        count: histogram.len(),
        min: histogram.min(),
        mean: histogram.mean(),
        p50: at(50.0),
        p90: at(90.0),
        p95: at(95.0),
        p99: at(99.0),
        p999: at(99.9),
        max: histogram.max(),
    }
}

fn percentiles(histogram: &Histogram<u64>) -> Vec<PercentilePoint> {
    let point = |v: hdrhistogram::iterators::IterationValue<u64>| PercentilePoint {
        percentile: v.quantile_iterated_to() * 100.0,
        value_us: v.value_iterated_to(),
    };
    if histogram.is_empty() { Vec::new() } else { histogram.iter_quantiles(5).map(point).collect() }
}

fn statistic(histogram: &Histogram<u64>, stat: Stat) -> Option<f64> {
    if stat == Stat::Count {
        return Some(histogram.len() as f64);
    }
    let at = |percentile| histogram.value_at_percentile(percentile) as f64;
    (!histogram.is_empty()).then(|| match stat {
        Stat::P50 => at(50.0),
        Stat::P90 => at(90.0),
        Stat::P99 => at(99.0),
        Stat::P999 => at(99.9),
        Stat::Max => histogram.max() as f64,
        Stat::Mean => histogram.mean(),
        Stat::Min => histogram.min() as f64,
        Stat::Count => histogram.len() as f64,
    })
}

impl Readings for Measured {
    fn latency(&self, latency: workload::Latency, since: Since, stat: Stat) -> Option<f64> {
        if latency == workload::Latency::Lag {
            return statistic(&self.lag, stat);
        }
        let at = Metric::ALL.iter().position(|label| label.id == latency.name())?;
        let [due, begun] = &self.latencies[at];
        statistic(if since == Since::HandedOver { begun } else { due }, stat)
    }

    fn route(&self, route: &workload::Route, stat: Stat) -> Option<f64> {
        let wanted = format!("{} {}", route.method, shape(&route.path));
        let found = self.routes.iter().find(|r| shape(&r.route) == wanted)?;
        statistic(&found.latency, stat)
    }

    fn number(&self, number: Number) -> Option<f64> {
        let broken = |wanted: &[&str]| {
            let of = self.checks.iter().filter(|check| wanted.contains(&check.id.as_str()));
            of.map(|check| check.findings_total).sum::<u64>() as f64
        };
        Some(match number {
            Number::Lost => broken(&[rules::LOST, rules::FRESH_DEVICE]),
            Number::Twice => broken(&[rules::TWICE]),
            Number::Order => broken(&[rules::SENDER_ORDER, rules::SESSION_ORDER, rules::HISTORY]),
            Number::Unread => broken(&[rules::UNREAD]),
            Number::Membership => broken(&[rules::MEMBERSHIP, rules::MEMBERS]),
            Number::Findings => self.findings() as f64,
            Number::Errors => self.totals.errors as f64,
            Number::Operations => self.operations as f64,
            Number::StoredPerS => self.totals.stored as f64 / self.acted_s.max(1e-6),
            Number::DeliveredPerS => self.totals.delivered as f64 / self.acted_s.max(1e-6),
        })
    }
}

/// A path without the names of its ids.
fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        shape.push_str(before);
        shape.push_str("{}");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    shape + rest
}
