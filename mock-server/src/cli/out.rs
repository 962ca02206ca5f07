//! Standard output, for what commands say there.
//!
//! Who reads no further, as `head`, has what they wanted: that is no failure, and the command goes on. Where it cannot be
//! written for another reason, as on a full disk, the command ends with [`EXIT_ENVIRONMENT`]: half of what was asked for must
//! not pass for all of it.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};

use super::EXIT_ENVIRONMENT;

/// Says that, on lines of its own.
pub fn say(text: impl Display) {
    put(format_args!("{text}\n"));
}

/// Says that as it is.
pub fn put(text: impl Display) {
    let mut out = stdout().lock();
    let said = write!(out, "{text}").and_then(|()| out.flush());
    match said {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("cannot write to standard output: {error}");
            std::process::exit(EXIT_ENVIRONMENT.into());
        }
        _ => (),
    }
}
