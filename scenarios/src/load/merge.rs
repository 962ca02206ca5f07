//! `y2w merge`: the results of all shards of a run, put together as if one process had run it.
//!
//! Histograms are added, not averaged: percentiles are those of all samples. The checks are closed across shards: each
//! message that was acknowledged in one shard against each device in the others. What does not belong together, or is not
//! complete, is refused with the folder that it is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use y2w_reports::RunResult;
use y2w_reports::model::{Outcome as Word, Shards, Timeline, TimelinePoint};

use super::deliveries::Deliveries;
use super::measured::{Measured, OPERATIONS};
use super::meters::hlog::{self, Entry};
use super::meters::log::Packed;
use super::meters::{Metric, OfRoute, histogram};
use super::result::{LATENCIES, ROUTES, What, assemble, route_entry};
use super::sampler::{SAMPLE_EVERY, UNCOUNTED, of_point};
use super::workload::Workload;
use super::{Environment, RunError};
use crate::check::accounts;
use crate::check::rules;

/// One shard's files.
struct Part {
    dir: PathBuf,
    result: RunResult,
    log: Vec<Entry>,
    routes: BTreeMap<String, Histogram<u64>>,
    deliveries: Deliveries,
}

/// The results of all shards as one.
pub struct Merged {
    /// The whole.
    pub result: RunResult,
    log: Vec<Entry>,
    route_log: Vec<Entry>,
    began_s: f64,
}

/// Reads the folders of all shards of a run and puts them together; the run gets this name.
pub fn merge(dirs: &[PathBuf], run_id: &str, command: &str) -> Result<Merged, RunError> {
    let mut parts = dirs.iter().map(|dir| Part::read(dir)).collect::<Result<Vec<_>, _>>()?;
    parts.sort_by_key(|part| part.deliveries.shard);
    let count = check(&parts)?;
    let first = &parts[0].result;
    let workload = Workload::parse(&first.workload.name, &first.workload.text)
        .map_err(|e| wrong(&parts[0].dir, &format!("its workload cannot be read again: {e}")))?;

    let mut measured = parts.iter().map(Part::measured).reduce(|mut sum, part| {
        sum.add(part);
        sum
    });
    let Some(measured) = measured.as_mut() else {
        return Err(RunError::Settings(
            "there is nothing to merge: give the folders of all shards".to_owned(),
        ));
    };
    close(measured, &parts);
    let problems = parts
        .iter()
        .flat_map(|part| {
            let of = format!("shard {}", part.deliveries.shard);
            part.result.health.problems.iter().map(move |problem| format!("{of}: {problem}"))
        })
        .collect();
    let log = merged_log(&parts);
    let timeline = Timeline {
        interval_s: SAMPLE_EVERY.as_secs_f64(),
        points: points(&parts, &log),
        marks: first.timeline.marks.clone(),
    };
    let environment = Environment {
        run_id: run_id.to_owned(),
        started_at: parts.iter().map(|p| p.result.started_at.clone()).min().unwrap_or_default(),
        command: command.to_owned(),
        target: first.environment.target.clone(),
    };
    let what = What {
        workload: &workload,
        name: &first.workload.name,
        seed: first.seed,
        shards: Some(Shards { index: None, count }),
        interrupted: parts.iter().any(|p| p.result.verdict.outcome == Word::Interrupted),
    };
    let route_log = measured.routes.iter().map(|route| route_entry(route, measured.acted_s)).collect();
    let result = assemble(measured, &what, environment, timeline, problems);
    let began_s = humantime::parse_rfc3339_weak(&result.started_at)
        .ok()
        .and_then(|at| at.duration_since(std::time::SystemTime::UNIX_EPOCH).ok())
        .map_or(0.0, |since| since.as_secs_f64());
    Ok(Merged { result, log, route_log, began_s })
}

impl Merged {
    /// Writes the histograms into a folder that is there.
    pub fn write_files(&self, dir: &Path) -> Result<Vec<PathBuf>, RunError> {
        let environment = |e: hlog::HlogError| RunError::Environment(format!("cannot write {e}"));
        let (latencies, routes) = (dir.join(LATENCIES), dir.join(ROUTES));
        hlog::write(&latencies, "y2w: latencies of all shards, in microseconds", self.began_s, &self.log)
            .map_err(environment)?;
        hlog::write(
            &routes,
            "y2w: requests of all shards by route, in microseconds",
            self.began_s,
            &self.route_log,
        )
        .map_err(environment)?;
        Ok(vec![latencies, routes])
    }
}

fn wrong(dir: &Path, why: &str) -> RunError {
    RunError::Settings(format!("{}: {why}", dir.display()))
}

impl Part {
    fn read(dir: &Path) -> Result<Self, RunError> {
        let result = RunResult::read(dir).map_err(|e| RunError::Settings(e.to_string()))?;
        if result.shards.is_none_or(|shards| shards.index.is_none()) {
            return Err(wrong(dir, "this is not the result of a shard (`y2w run --shard I/N`)"));
        }
        let settings = |e: hlog::HlogError| RunError::Settings(e.to_string());
        Ok(Self {
            dir: dir.to_owned(),
            result,
            log: hlog::read(&dir.join(LATENCIES)).map_err(settings)?,
            routes: hlog::sums(&hlog::read(&dir.join(ROUTES)).map_err(settings)?),
            deliveries: Deliveries::read(dir).map_err(|e| RunError::Settings(e.to_string()))?,
        })
    }

    fn measured(&self) -> Measured {
        let sums = hlog::sums(&self.log);
        let sum = |tag: &str| sums.get(tag).cloned().unwrap_or_else(histogram);
        let result = &self.result;
        let route = |route: &y2w_reports::model::Route| OfRoute {
            route: route.route.clone(),
            requests: route.requests,
            failed: route.failed,
            bytes: [route.bytes_sent, route.bytes_received],
            latency: self.routes.get(&hlog::tag(&route.route)).cloned().unwrap_or_else(histogram),
        };
        let health = &result.health;
        let memory = (health.memory_begin, health.memory_peak, health.memory_end);
        Measured {
            latencies: Metric::ALL.iter().map(|l| [sum(l.id), sum(&format!("{}.service", l.id))]).collect(),
            lag: sum("lag"),
            loop_delay: sum("loop_delay"),
            routes: result.routes.iter().map(route).collect(),
            totals: result.totals,
            operations: result.counters.iter().find(|c| c.name == OPERATIONS).map_or(0, |c| c.value),
            errors: result.errors.clone(),
            counters: result.counters.clone(),
            checks: result.checks.clone(),
            users: health.users,
            dropped: health.dropped_samples,
            cpu_s: health.cpu_s,
            cpu_available_s: health.cpu_s.zip(health.cpu_share).map(|(cpu, share)| cpu / share.max(1e-6)),
            memory: match memory {
                (Some(begin), Some(peak), Some(end)) => Some([begin, peak, end]),
                _ => None,
            },
            memory_is_users: health.memory_per_user.is_some(),
            cores: f64::from(result.environment.cores),
            acted_s: result.duration_s,
        }
    }
}

/// Whether these are all shards of one run; how many there are.
fn check(parts: &[Part]) -> Result<u32, RunError> {
    let Some(first) = parts.first() else {
        return Err(RunError::Settings(
            "there is nothing to merge: give the folders of all shards".to_owned(),
        ));
    };
    let count = first.deliveries.shards;
    for part in parts {
        let (one, other) = (&first.result, &part.result);
        let differs = [
            ("the number of shards", part.deliveries.shards != count),
            ("the seed", one.seed != other.seed),
            ("the workload", one.workload != other.workload),
            ("the target", one.environment.target != other.environment.target),
            ("the version of y2w", one.tool_version != other.tool_version),
        ];
        if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(wrong(&part.dir, &format!("{what} is another one than in {}", first.dir.display())));
        }
    }
    for index in 0..count {
        let mut there = parts.iter().filter(|part| part.deliveries.shard == index);
        match (there.next(), there.next()) {
            (None, _) => {
                let text =
                    format!("the folder of shard {index} of {count} is missing: give those of all shards");
                return Err(RunError::Settings(text));
            }
            (_, Some(twice)) => return Err(wrong(&twice.dir, &format!("shard {index} is there twice"))),
            (Some(_), None) => {}
        }
    }
    u32::try_from(count).map_err(|_| RunError::Settings(format!("{count} shards are too many")))
}

/// Closes the checks across shards.
fn close(measured: &mut Measured, parts: &[Part]) {
    let title = "every acknowledged message reached every member";
    if let Some(part) = parts.iter().find(|part| !part.deliveries.settled) {
        let text = format!(
            "whether anything is lost between shards cannot be told: shard {} had not synced everything at the end",
            part.deliveries.shard
        );
        measured.found(rules::LOST, title, 0, vec![text]);
        return;
    }
    let all: Vec<_> = parts.iter().map(|part| part.deliveries.sessions.clone()).collect();
    let closed = accounts::close(&all);
    let mut texts: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for finding in closed.findings {
        texts.entry(finding.rule).or_default().push(finding.text);
    }
    measured.found(rules::LOST, title, closed.messages, Vec::new());
    for (rule, texts) in texts {
        measured.found(rule, title, 0, texts);
    }
}

/// The second that an interval ends in: those of all shards are taken together.
fn second(entry: &Entry) -> u64 {
    (entry.start + entry.length).as_secs_f64().round() as u64
}

fn merged_log(parts: &[Part]) -> Vec<Entry> {
    let mut merged: BTreeMap<(u64, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in parts.iter().flat_map(|part| &part.log) {
        merged.entry((second(entry), &entry.tag)).or_default().push(entry);
    }
    let one = |same: Vec<&Entry>| {
        let mut sum = histogram();
        same.iter().for_each(|entry| entry.samples.add_to(&mut sum));
        Entry { samples: Packed::of(&sum), ..same[0].clone() }
    };
    merged.into_values().map(one).collect()
}

/// The points of all shards, second by second.
fn points(parts: &[Part], log: &[Entry]) -> Vec<TimelinePoint> {
    let mut points: BTreeMap<u64, TimelinePoint> = BTreeMap::new();
    for part in parts {
        // Where two points of a shard fall into a second, as at the end, the later one stands for it.
        let by_second: BTreeMap<u64, &TimelinePoint> =
            part.result.timeline.points.iter().map(|p| (p.t_s.max(0.0).round() as u64, p)).collect();
        for (second, theirs) in by_second {
            let new = || TimelinePoint { t_s: theirs.t_s, ..TimelinePoint::default() };
            add(points.entry(second).or_insert_with(new), theirs);
        }
    }
    for entry in log {
        let Some(of_point) = of_point(entry.tag.strip_prefix(UNCOUNTED).unwrap_or(&entry.tag)) else {
            continue;
        };
        let histogram = entry.samples.histogram();
        // In a long run an interval of the log is several points long.
        let first = entry.start.as_secs_f64().round() as u64 + 1;
        for (_, point) in points.range_mut(first.min(second(entry))..=second(entry)) {
            of_point(point, &histogram);
        }
    }
    points.into_values().collect()
}

fn add(sum: &mut TimelinePoint, theirs: &TimelinePoint) {
    sum.users_connected += theirs.users_connected;
    sum.sent_per_s += theirs.sent_per_s;
    sum.stored_per_s += theirs.stored_per_s;
    sum.pushed_per_s += theirs.pushed_per_s;
    sum.delivered_per_s += theirs.delivered_per_s;
    sum.requests_per_s += theirs.requests_per_s;
    sum.errors_per_s += theirs.errors_per_s;
    sum.bytes_in_per_s += theirs.bytes_in_per_s;
    sum.bytes_out_per_s += theirs.bytes_out_per_s;
    sum.cpu_share = sum.cpu_share.map_or(theirs.cpu_share, |a| Some(a + theirs.cpu_share.unwrap_or(0.0)));
    sum.memory = sum.memory.map_or(theirs.memory, |a| Some(a + theirs.memory.unwrap_or(0)));
}
