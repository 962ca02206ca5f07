//! `--verify-determinism`: the same plans here and in another process of the same program have to be the same stories.
//!
//! Life: the other process is this program with the same arguments and a hidden one more. It plays the plans from the
//! last to the first, so that what one play leaves behind for the next shows as well, and prints one hash for each; then
//! this process compares. Where two differ, the other process tells that story whole, and the first difference is shown.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use clap::Args;
use y2w_mock_server::cli::{put, say};
use y2w_sdk::clock::Clock;

use super::progress::{Campaign, Until};
use super::{BROKEN, ENVIRONMENT, OK};
use crate::fuzz::simulate;
use crate::history::Keep;
use crate::plan::Plan;

#[derive(Args)]
pub(super) struct DeterminismArgs {
    /// Play so many seeds, or cases, in this process and in another one, and compare all that happens
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    verify_determinism: Option<u64>,

    /// Be the other process, and print the hashes
    #[arg(long, hide = true, requires = "verify_determinism")]
    other_process: bool,

    /// Be the other process, and tell the story of one
    #[arg(long, hide = true, requires = "verify_determinism", value_name = "NUMBER")]
    other_process_tells: Option<u64>,
}

impl DeterminismArgs {
    /// Compares the plans of these numbers, from 0, if that is asked for; the answer is the exit code. `name` is what a
    /// number is called.
    pub(super) fn verify(&self, plan: impl Fn(u64) -> Plan, name: impl Fn(u64) -> String) -> Option<u8> {
        let number = self.verify_determinism?;
        let result = match self.other_process_tells {
            Some(one) => Ok(listed(&tell(&plan(one)))),
            None if self.other_process => {
                let mut hashes: Vec<String> = (0..number).rev().map(|n| hash(&plan(n))).collect();
                hashes.reverse();
                Ok(listed(&hashes))
            }
            None => compare(number, plan, name),
        };
        Some(result.unwrap_or_else(|error| {
            eprintln!("y2w: {error}");
            ENVIRONMENT
        }))
    }
}

fn compare(number: u64, plan: impl Fn(u64) -> Plan, name: impl Fn(u64) -> String) -> Result<u8, String> {
    let other = Other::begin("--other-process")?;
    let mut progress = Campaign::new(Clock::system(), Until::Count(number));
    let mut ours = Vec::new();
    for n in 0..number {
        ours.push(hash(&plan(n)));
        progress.advance(n + 1);
    }
    drop(progress);
    let theirs = other.lines()?;
    if ours.len() != theirs.len() {
        return Err(format!("the other process gave {} hashes instead of {}", theirs.len(), ours.len()));
    }
    let Some(differs) = (0..number).zip(ours.iter().zip(&theirs)).find(|(_, (our, their))| our != their)
    else {
        say(format_args!(
            "{} to {}, each in two processes: the same story each time",
            name(0),
            name(number - 1)
        ));
        return Ok(OK);
    };
    let (n, (our, their)) = differs;
    say(format_args!("{} gives two stories: trace {our} in this process, {their} in another", name(n)));
    let ours = tell(&plan(n));
    let theirs = Other::begin(&format!("--other-process-tells={n}"))?.lines()?;
    put(difference(&ours, &theirs));
    Ok(BROKEN)
}

fn hash(plan: &Plan) -> String {
    format!("{:016x}", simulate(plan, Keep { story: false, hash: true }).hash.unwrap_or(0))
}

/// Everything that happens, each on a line, with nothing left out.
fn tell(plan: &Plan) -> Vec<String> {
    let run = simulate(plan, Keep { story: true, hash: false });
    run.story.iter().map(|happening| format!("{happening:?}")).collect()
}

fn listed(lines: &[String]) -> u8 {
    put(lines.iter().flat_map(|line| [line, "\n"]).collect::<String>());
    OK
}

/// The first happening in which two stories differ.
fn difference(ours: &[String], theirs: &[String]) -> String {
    let longer = ours.len().max(theirs.len());
    let Some(n) = (0..longer).find(|n| ours.get(*n) != theirs.get(*n)) else {
        return "played once more, both are the same: it depends on what was played before\n".to_owned();
    };
    let of = |story: &[String]| story.get(n).cloned().unwrap_or_else(|| "nothing more happens".to_owned());
    let mut text = format!("the first difference is #{n}:\n");
    // Writing to a string does not fail.
    if let Some(before) = n.checked_sub(1).and_then(|before| ours.get(before)) {
        let _ = writeln!(text, "  after  {before}");
    }
    let _ = writeln!(text, "  here   {}\n  there  {}", of(ours), of(theirs));
    text
}

/// The other process. It does what this one does, so that it ends when this one does; and with it at the latest, since
/// nobody reads what it says then.
struct Other {
    child: std::process::Child,
}

impl Other {
    fn begin(hidden: &str) -> Result<Self, String> {
        let program =
            std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
        let mut command = Command::new(&program);
        command.args(std::env::args_os().skip(1)).arg(hidden).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn();
        let child = child.map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        Ok(Self { child })
    }

    fn lines(self) -> Result<Vec<String>, String> {
        let output = self.child.wait_with_output();
        let output = output.map_err(|error| format!("the other process is out of reach: {error}"))?;
        if !output.status.success() {
            return Err(format!("the other process ended with {}", output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_first_difference_is_shown_with_what_came_before() {
        let told = difference(&story("a b c"), &story("a x c"));
        assert_eq!(told, "the first difference is #1:\n  after  a\n  here   b\n  there  x\n");
        let told = difference(&story("a"), &story("a b"));
        assert!(told.ends_with("  here   nothing more happens\n  there  b\n"), "{told}");
        assert!(difference(&story("x"), &story("y")).contains("#0:\n  here   x\n"));
        assert!(difference(&story("a b"), &story("a b")).contains("what was played before"));
    }
}
