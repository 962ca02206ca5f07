//! Lines of the log while the live view has the screen: they are held, and printed when it is gone.

use std::io::{self, Write};

use parking_lot::Mutex;

/// Lines that are held; of more, the number is told.
const HELD: usize = 1_000;

/// What is held, while anything is to be.
static LINES: Mutex<Option<Lines>> = Mutex::new(None);

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<Vec<u8>>,
    more: usize,
}

impl Lines {
    fn push(&mut self, line: &[u8]) {
        if self.kept.len() < HELD {
            self.kept.push(line.to_vec());
        } else {
            self.more += 1;
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        self.kept.iter().try_for_each(|line| out.write_all(line))?;
        match self.more {
            0 => Ok(()),
            more => {
                writeln!(out, "… and {more} more lines of the log; --progress plain prints them as they come")
            }
        }
    }
}

/// From now on lines are held.
pub(super) fn begin() {
    LINES.lock().get_or_insert_default();
}

/// Prints what was held; from now on lines are printed as they come.
pub(super) fn end() {
    let lines = LINES.lock().take();
    if let Some(lines) = lines {
        // Where standard error is gone there is nobody to tell.
        let _ = lines.print(&mut io::stderr());
    }
}

/// How many lines wait.
pub(super) fn count() -> usize {
    LINES.lock().as_ref().map_or(0, |lines| lines.kept.len() + lines.more)
}

/// Where the log goes: to standard error, unless it is held. Each write is a line.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(lines) = &mut *LINES.lock() {
            lines.push(line);
            return Ok(line.len());
        }
        io::stderr().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_printed_in_order_and_no_more_than_so_many() {
        let mut lines = Lines::default();
        for n in 0..HELD + 7 {
            lines.push(format!("line {n}\n").as_bytes());
        }
        let mut out = Vec::new();
        lines.print(&mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("line 0\nline 1\n"), "{out}");
        assert!(out.ends_with(
            "line 999\n… and 7 more lines of the log; --progress plain prints them as they come\n"
        ));
    }
}
