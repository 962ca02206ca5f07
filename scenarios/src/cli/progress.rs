//! How far a run is: a bar on a terminal, a line now and then elsewhere. Always on standard error.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use y2w_reports::format;

use crate::load::{Progress, Snapshot};

/// Shows progress on standard error.
pub(super) struct Terminal {
    bar: Option<ProgressBar>,
    phase: Mutex<Phase>,
}

#[derive(Default)]
struct Phase {
    name: String,
    total: u64,
    /// Tenths of the phase that were told; where there is no terminal, only these are.
    told: u64,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix:<32} {wide_bar} {pos}/{len} {msg}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, phase: Mutex::default() }
    }
}

impl Progress for Terminal {
    fn phase(&self, name: &str, total: u64) {
        *self.phase.lock() = Phase { name: name.to_owned(), total, told: 0 };
        match &self.bar {
            Some(bar) => {
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
        let mut phase = self.phase.lock();
        let tenths = (done * 10).checked_div(phase.total).unwrap_or(0);
        if tenths > phase.told && done < phase.total && phase.name != "chatting" {
            phase.told = tenths;
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
            Some(bar) => bar.set_message(line),
            None => eprintln!("  {line}"),
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
