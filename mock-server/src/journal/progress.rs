//! How far reading the data has come.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Whether somebody is to see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nobody: a server inside of another program.
    #[default]
    Hidden,
    /// On standard error: a bar on a terminal, one line elsewhere.
    Shown,
}

/// The progress of one start.
pub(super) enum Shown {
    Bar(ProgressBar),
    Nothing,
}

impl Progress {
    /// So many commands are to be carried out again.
    pub(super) fn begin(self, commands: u64) -> Shown {
        if self == Self::Hidden || commands == 0 {
            return Shown::Nothing;
        }
        if !std::io::stderr().is_terminal() {
            eprintln!("replaying {commands} commands …");
            return Shown::Nothing;
        }
        let style = ProgressStyle::with_template("replaying {bar:24} {pos}/{len} commands  {eta}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Shown::Bar(ProgressBar::new(commands).with_style(style))
    }
}

impl Shown {
    pub(super) fn advance(&self, commands: u64) {
        if let Self::Bar(bar) = self {
            bar.inc(commands);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
