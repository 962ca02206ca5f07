//! What the live view shows, as plain data: fed by what the run tells, read by [`draw`](super::draw). Its size is bounded
//! however long a run is.

use std::collections::VecDeque;
use std::time::Duration;

use crate::load::{Settings, Snapshot};

/// Points that are kept of each rate: five minutes, at one a second.
const KEPT: usize = 300;
/// Stages that are kept; a run has five.
const STAGES: usize = 16;

/// What is known of a run before it begins.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct About {
    /// The workload's title.
    pub(in crate::cli) title: String,
    /// The workload's name.
    pub(in crate::cli) workload: String,
    /// The server, in words.
    pub(in crate::cli) target: String,
    pub(in crate::cli) seed: u64,
    /// What repeats the run calls it.
    pub(in crate::cli) run_id: String,
    /// Which share of the users, as `0/4`, if not all.
    pub(in crate::cli) shard: Option<String>,
    /// The workload's phases and how long each takes.
    pub(in crate::cli) phases: Vec<(String, Duration)>,
    /// The lag above which the run counts for nothing.
    pub(in crate::cli) max_lag: Duration,
}

impl About {
    pub(in crate::cli) fn of(settings: &Settings, target: String) -> Self {
        let shard = settings.shard;
        Self {
            title: settings.workload.title.clone(),
            workload: settings.workload_name.clone(),
            target,
            seed: settings.seed,
            run_id: settings.account_prefix.clone(),
            shard: (shard.count > 1).then(|| format!("{}/{}", shard.index, shard.count)),
            phases: settings.workload.phases.iter().map(|p| (p.name.clone(), p.length)).collect(),
            max_lag: settings.max_lag,
        }
    }
}

/// A stage of the run, as setting up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stage {
    pub(super) name: String,
    /// Steps; 0 where there is nothing to count.
    pub(super) total: u64,
    pub(super) done: u64,
}

/// How often things happened in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) stored: f64,
    pub(super) delivered: f64,
    pub(super) requests: f64,
    pub(super) connected: f64,
}

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct State {
    pub(in crate::cli) about: About,
    pub(super) stages: Vec<Stage>,
    pub(in crate::cli) last: Option<Snapshot>,
    pub(super) rates: VecDeque<Rates>,
    /// Points there were, those no longer kept included.
    pub(super) seen: u64,
    /// Whether the user has ended it.
    pub(super) ending: bool,
    /// Whether the keys are explained.
    pub(super) help: bool,
    /// Lines of the log that wait for the end.
    pub(super) held: usize,
}

impl State {
    pub(super) fn new(about: About) -> Self {
        Self { about, ..Self::default() }
    }

    /// The run has come to its next stage.
    pub(super) fn stage(&mut self, name: &str, total: u64) {
        if let Some(before) = self.stages.last_mut() {
            before.done = before.total;
        }
        if self.stages.len() == STAGES {
            self.stages.remove(0);
        }
        self.stages.push(Stage { name: name.to_owned(), total, done: 0 });
    }

    /// So many steps of the stage are done; told out of order, the most counts.
    pub(super) fn advance(&mut self, done: u64) {
        if let Some(stage) = self.stages.last_mut() {
            stage.done = stage.done.max(done.min(stage.total));
        }
    }

    /// The stages so far; the last one is the present one.
    pub(in crate::cli) fn stage_names(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(|stage| stage.name.as_str())
    }

    /// How many steps the present stage has, and how many are done.
    pub(in crate::cli) fn present(&self) -> Option<[u64; 2]> {
        self.stages.last().map(|stage| [stage.total, stage.done])
    }

    /// A second has passed.
    pub(super) fn snapshot(&mut self, snapshot: &Snapshot) {
        let point = &snapshot.point;
        if self.rates.len() == KEPT {
            self.rates.pop_front();
        }
        self.rates.push_back(Rates {
            stored: point.stored_per_s,
            delivered: point.delivered_per_s,
            requests: point.requests_per_s,
            connected: point.users_connected as f64,
        });
        self.seen += 1;
        // The steps of the phases are their seconds.
        self.advance(point.t_s.max(0.0) as u64);
        self.last = Some(snapshot.clone());
    }

    /// A rate over time in at most so many columns, each the mean of as many points as it takes.
    pub(super) fn columns(&self, width: usize, of: impl Fn(&Rates) -> f64) -> Vec<u64> {
        if width == 0 || self.rates.is_empty() {
            return Vec::new();
        }
        // A point stays with its neighbours as time goes on, so that columns only move, and do not flicker; one column is
        // spare for that.
        let per_column = match self.rates.len() {
            few if few <= width => 1,
            many => many.div_ceil(width.saturating_sub(1).max(1)) as u64,
        };
        let first = self.seen - self.rates.len() as u64;
        let mut columns: Vec<(u64, f64, f64)> = Vec::new();
        for (at, rates) in (first..).zip(&self.rates) {
            let column = at / per_column;
            match columns.last_mut() {
                Some((last, sum, count)) if *last == column => {
                    *sum += of(rates);
                    *count += 1.0;
                }
                _ => columns.push((column, of(rates), 1.0)),
            }
        }
        let from = columns.len().saturating_sub(width);
        // In hundredths, so that slow rates have heights too.
        columns[from..].iter().map(|(_, sum, count)| (sum / count * 100.0).max(0.0) as u64).collect()
    }

    /// How far it is through all phases together, from 0 to 1; and the seconds that are left.
    pub(super) fn through(&self) -> (f64, f64) {
        let Some(last) = &self.last else {
            return (0.0, self.length().as_secs_f64());
        };
        let length = last.length_s.max(1e-6);
        let share = last.point.t_s / length;
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        (share, (length - last.point.t_s).clamp(0.0, length))
    }

    /// How long all phases take together.
    pub(super) fn length(&self) -> Duration {
        self.about.phases.iter().map(|(_, length)| *length).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(points: u32) -> State {
        let mut state = State::default();
        for n in 0..points {
            let mut snapshot = Snapshot::default();
            snapshot.point.stored_per_s = f64::from(n);
            state.snapshot(&snapshot);
        }
        state
    }

    #[test]
    fn points_that_fit_have_a_column_each_and_more_share_them() {
        let stored = |state: &State, width| state.columns(width, |r| r.stored);
        assert_eq!(stored(&told(3), 5), [0, 100, 200]);
        assert_eq!(stored(&told(8), 5), [50, 250, 450, 650]);
        assert!(stored(&told(0), 5).is_empty() && stored(&told(8), 0).is_empty());
        assert_eq!(stored(&told(8), 1), [350]);
    }

    #[test]
    fn a_columns_points_stay_together_as_time_goes_on() {
        let (before, after) = (told(1_000), told(1_001));
        let (before, after) = (before.columns(60, |r| r.stored), after.columns(60, |r| r.stored));
        assert!(before.len() <= 60 && after.len() <= 60);
        let same = before.iter().filter(|column| after.contains(column)).count();
        assert!(same >= before.len() - 2, "{before:?} {after:?}");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut state = told(5_000);
        assert_eq!(state.rates.len(), KEPT);
        for n in 0..100 {
            state.stage(&n.to_string(), 5);
        }
        assert_eq!(state.stages.len(), STAGES);
    }

    #[test]
    fn steps_that_are_told_out_of_order_count_up() {
        let mut state = State::default();
        state.advance(7);
        state.stage("connecting users", 10);
        for done in [1, 3, 2, 99] {
            state.advance(done);
        }
        state.stage("opening sessions", 4);
        assert_eq!(state.stages[0].done, 10);
        state.stage("running", 0);
        state.advance(9);
        assert_eq!((state.stages[1].done, state.stages[2].done), (4, 0));
    }
}
