//! How far a run is: a bar on a terminal, a line now and then elsewhere. Always on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use y2w_reports::format;
use y2w_sdk::clock::Clock;

use crate::load::{Progress, Snapshot};

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
}

const BETWEEN_LINES: Duration = Duration::from_secs(1);

impl Terminal {
    pub(super) fn new(clock: Clock) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
        Self { clock, bar, phase: Mutex::default() }
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
        *self.phase.lock() = Phase { total, told: self.clock.elapsed() };
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
    fn a_bar_goes_by_what_ends_the_campaign() {
        let after = Duration::from_secs(10);
        assert_eq!(Until::Count(12_000).position(2_000, after), (2_000, 12_000));
        assert_eq!(Until::Time(Duration::from_secs(8)).position(2_000, after), (8_000, 8_000));
    }
}
