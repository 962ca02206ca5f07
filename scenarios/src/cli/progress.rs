//! How far a run is: the live view or a bar on a terminal, a line now and then elsewhere. Always on standard error.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use y2w_reports::format;
use y2w_sdk::clock::Clock;

use super::live::{Live, Told};
use crate::load::{Progress, RunError, Snapshot};

/// How a run shows how far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// The live view where standard error is a terminal, else lines
    #[default]
    Auto,
    /// The live view: rates, latencies, connections, errors; `q` ends the run
    Live,
    /// One line that is written over
    Bar,
    /// A line a second, and in runs of more than five minutes one every ten seconds
    Plain,
}

/// Shows how far a run is, until it is dropped; and keeps what was told for others who show it.
pub(super) struct Shown {
    told: Arc<Told>,
    lines: Option<Terminal>,
    _live: Option<Live>,
}

impl Shown {
    pub(super) fn begin(
        mode: Mode,
        told: Arc<Told>,
        clock: Clock,
        stop: &CancellationToken,
    ) -> Result<Self, RunError> {
        let terminal = std::io::stderr().is_terminal();
        if let (Mode::Live | Mode::Bar, false) = (mode, terminal) {
            let text = "--progress live and bar need a terminal on standard error; there is --progress plain";
            return Err(RunError::Environment(text.to_owned()));
        }
        let lines = match mode {
            Mode::Live => None,
            Mode::Auto if terminal && can_be_live() => None,
            Mode::Auto | Mode::Bar => Some(Terminal::new(clock)),
            Mode::Plain => Some(Terminal::plain(clock)),
        };
        if lines.is_some() {
            return Ok(Self { told, lines, _live: None });
        }
        match Live::begin(told.clone(), clock, stop.clone()) {
            Ok(live) => Ok(Self { told, lines, _live: Some(live) }),
            Err(_) if mode == Mode::Auto => {
                Ok(Self { told, lines: Some(Terminal::plain(clock)), _live: None })
            }
            Err(error) => Err(RunError::Environment(format!("--progress live: {error}"))),
        }
    }

    fn tell(&self, what: impl Fn(&dyn Progress)) {
        what(&*self.told);
        if let Some(lines) = &self.lines {
            what(lines);
        }
    }
}

impl Progress for Shown {
    fn phase(&self, name: &str, total: u64) {
        self.tell(|progress| progress.phase(name, total));
    }

    fn advance(&self, done: u64) {
        self.tell(|progress| progress.advance(done));
    }

    fn snapshot(&self, snapshot: &Snapshot) {
        self.tell(|progress| progress.snapshot(snapshot));
    }
}

/// Whether the terminal knows more than lines, has keys, and is ours: a process in the background that changes its
/// terminal is stopped.
fn can_be_live() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let keys = std::io::stdin().is_terminal();
    #[cfg(unix)]
    let ours =
        rustix::termios::tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp());
    #[cfg(not(unix))]
    let ours = true;
    !dumb && keys && ours
}

/// Shows progress on standard error.
pub(super) struct Terminal {
    clock: Clock,
    bar: Option<ProgressBar>,
    phase: Mutex<Phase>,
}

#[derive(Default)]
struct Phase {
    total: u64,
    /// When the last line was written; where there is no terminal, a second passes between lines.
    told: Duration,
    /// The point of the last line, in seconds of the run.
    point_s: Option<f64>,
}

/// Whether a point has a line: each of them has, unless the run is long.
fn has_line(last_s: Option<f64>, point_s: f64, length_s: f64) -> bool {
    // Points are a second apart, and a little more or less.
    length_s <= LONG_S || last_s.is_none_or(|last| point_s - last >= BETWEEN_LINES_OF_LONG_S - 0.5)
}

const BETWEEN_LINES: Duration = Duration::from_secs(1);
/// From this length on, a run has fewer lines.
const LONG_S: f64 = 300.0;
const BETWEEN_LINES_OF_LONG_S: f64 = 10.0;

impl Terminal {
    pub(super) fn new(clock: Clock) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
        Self { clock, bar, phase: Mutex::default() }
    }

    /// Lines, also where there is a terminal.
    pub(super) fn plain(clock: Clock) -> Self {
        Self { clock, bar: None, phase: Mutex::default() }
    }
}

/// With steps to count, and without.
fn style(total: u64) -> ProgressStyle {
    let template =
        if total > 0 { "{prefix} {bar:24} {pos}/{len}  {wide_msg}" } else { "{prefix} {wide_msg}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Terminal {
    fn phase(&self, name: &str, total: u64) {
        *self.phase.lock() = Phase { total, told: self.clock.elapsed(), point_s: None };
        match &self.bar {
            Some(bar) => {
                bar.set_style(style(total));
                bar.set_prefix(name.to_owned());
                bar.set_length(total);
                bar.set_position(0);
                bar.set_message("");
            }
            None => eprintln!("{name} …"),
        }
    }

    fn advance(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        let (mut phase, now) = (self.phase.lock(), self.clock.elapsed());
        if now >= phase.told + BETWEEN_LINES && done < phase.total {
            phase.told = now;
            eprintln!("  {} of {}", format::count(done), format::count(phase.total));
        }
    }

    fn snapshot(&self, snapshot: &Snapshot) {
        let point = &snapshot.point;
        if self.bar.is_none() {
            let mut phase = self.phase.lock();
            if !has_line(phase.point_s, point.t_s, snapshot.length_s) {
                return;
            }
            phase.point_s = Some(point.t_s);
        }
        let some = |count: u64, what: &str| match count {
            0 => String::new(),
            n => format!(", {} {what}", format::count(n)),
        };
        let latency =
            point.synced_p99_us.map_or(String::new(), |p99| format!(", p99 {}", format::micros(p99)));
        let line = format!(
            "{}{} connected, {:.0} messages/s, {} verified, {} due{latency}{}{}",
            snapshot.phase.as_deref().map_or(String::new(), |phase| format!("{phase}: ")),
            format::count(point.users_connected),
            point.stored_per_s,
            format::count(snapshot.verified),
            format::count(u64::try_from(snapshot.owed).unwrap_or(0)),
            some(snapshot.errors, "errors"),
            some(snapshot.findings, "FINDINGS"),
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(point.t_s.max(0.0) as u64);
                bar.set_message(line);
            }
            None => eprintln!("  {:>4.0} s  {line}", point.t_s),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// When a campaign of simulated plans is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// After so many.
    Count(u64),
    /// After so long.
    Time(Duration),
}

/// How far a campaign of simulated plans is.
pub(super) struct Campaign {
    clock: Clock,
    until: Until,
    bar: Option<ProgressBar>,
    told: Duration,
}

/// Between two looks at the bar, and between two lines where there is no terminal.
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Campaign {
    /// Begins now, by a clock that was made now.
    pub(super) fn new(clock: Clock, until: Until) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{bar:24} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        Self { clock, until, bar, told: Duration::ZERO }
    }

    /// So many have been played.
    pub(super) fn advance(&mut self, done: u64) {
        let elapsed = self.clock.elapsed();
        let pause = if self.bar.is_some() { BAR_EVERY } else { LINE_EVERY };
        if elapsed < self.told + pause {
            return;
        }
        self.told = elapsed;
        let line = self.until.line(done, elapsed);
        match &self.bar {
            Some(bar) => {
                let (position, length) = self.until.position(done, elapsed);
                bar.set_length(length);
                bar.set_position(position);
                bar.set_message(line);
            }
            None => eprintln!("{line}"),
        }
    }

    /// Something else is done now, that takes its time.
    pub(super) fn tell(&self, what: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None => eprintln!("{what} …"),
        }
    }
}

impl Until {
    /// Where a bar stands, and where it ends.
    fn position(self, done: u64, elapsed: Duration) -> (u64, u64) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Count(all) => (done, all),
            Self::Time(time) => (millis(elapsed.min(time)), millis(time)),
        }
    }

    /// How many, how fast, how long it will take yet.
    fn line(self, done: u64, elapsed: Duration) -> String {
        let rate = per_second(done, elapsed);
        let (count, left) = match self {
            Self::Count(all) => {
                let left = all.saturating_sub(done) as f64 / rate.max(1e-9);
                (format!("{} of {}", format::count(done), format::count(all)), left)
            }
            Self::Time(time) => (format::count(done), time.saturating_sub(elapsed).as_secs_f64()),
        };
        format!("{count} cases, {rate:.0} a second, {} left", format::seconds(left.ceil()))
    }
}

/// So many in that time, for people.
pub(super) fn per_second(cases: u64, elapsed: Duration) -> f64 {
    cases as f64 / elapsed.as_secs_f64().max(1e-9)
}

impl Drop for Campaign {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_many_how_fast_and_how_long_yet() {
        let after = Duration::from_secs(10);
        let line = Until::Count(12_000).line(2_000, after);
        assert_eq!(line, "2,000 of 12,000 cases, 200 a second, 50 s left");
        let line = Until::Time(Duration::from_secs(75)).line(2_000, after);
        assert_eq!(line, "2,000 cases, 200 a second, 1 min 5 s left");
        assert_eq!(Until::Count(7).line(7, after), "7 of 7 cases, 1 a second, 0 s left");
    }

    #[test]
    fn a_long_run_has_a_line_every_ten_seconds_and_a_short_one_each_second() {
        let told = |length_s: f64| {
            let mut last = None;
            let lines = (0..60).map(|n| f64::from(n) * 1.001).filter(|t| {
                let line = has_line(last, *t, length_s);
                last = if line { Some(*t) } else { last };
                line
            });
            lines.count()
        };
        assert_eq!((told(300.0), told(301.0)), (60, 6));
    }

    #[test]
    fn a_bar_goes_by_what_ends_the_campaign() {
        let after = Duration::from_secs(10);
        assert_eq!(Until::Count(12_000).position(2_000, after), (2_000, 12_000));
        assert_eq!(Until::Time(Duration::from_secs(8)).position(2_000, after), (8_000, 8_000));
    }
}
