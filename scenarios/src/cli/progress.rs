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
        let findings = match snapshot.findings {
            0 => String::new(),
            n => format!(", {} FINDINGS", format::count(n)),
        };
        let latency =
            snapshot.synced_p99_us.map_or(String::new(), |p99| format!(", p99 {}", format::micros(p99)));
        let line = format!(
            "{} users connected, {:.0} messages/s, {} verified, {} due{latency}{findings}",
            format::count(snapshot.connected),
            snapshot.stored_per_s,
            format::count(snapshot.verified),
            format::count(u64::try_from(snapshot.owed).unwrap_or(0)),
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(snapshot.t_s as u64);
                bar.set_message(line);
            }
            None => eprintln!("  {:>4.0} s  {line}", snapshot.t_s),
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
