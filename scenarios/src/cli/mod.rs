//! The command `y2w`: reads the command line, carries it out, says how it went by its exit code.

mod capacity;
mod compare;
mod conform;
mod determinism;
mod fuzz;
mod interrupt;
mod live;
mod merge;
mod metrics;
mod progress;
mod replay;
mod run;
mod scoreboard;
mod sim;
mod story;
mod summary;
mod workloads;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime::Runtime;
use tracing_subscriber::filter::LevelFilter;
use y2w_mock_server::cli::{
    EXIT_ENVIRONMENT, EXIT_USAGE, ServeArgs, log_to, log_to_stderr, parse, put, say, serve,
};

/// Protocol simulator and load test for the yun2win instant-messaging protocol
///
/// Without a subcommand, `y2w` is `y2w run`: it starts a server in this process, lets 200 simulated users chat over
/// it for ten seconds, verifies every message and writes a report.
#[derive(Parser)]
#[command(name = "y2w", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Let simulated users chat over a server, verify every message, measure, report
    #[command(after_help = EXAMPLES)]
    Run(run::RunArgs),

    /// Find the highest load that holds
    #[command(after_help = capacity::EXAMPLES)]
    Capacity(capacity::CapacityArgs),

    /// Say whether one set of runs is slower than another, and whether that may be chance
    #[command(after_help = compare::EXAMPLES)]
    Compare(compare::CompareArgs),

    /// Put the results of all shards of a run together, and close the checks across them
    Merge(merge::MergeArgs),
    /// List the workloads that come with y2w, or print one as a file to adapt
    Workloads(workloads::WorkloadsArgs),

    /// Play a plan in virtual time, without sockets, and judge what happens
    Sim(sim::SimArgs),

    /// Play a plan in any world: in virtual time, on real sockets, on a server that runs already
    Replay(replay::ReplayArgs),

    /// Make plans up until one breaks a rule; shrink it, and write it to a file
    Fuzz(fuzz::FuzzArgs),

    /// Test a server against the protocol, rule by rule
    #[command(after_help = conform::EXAMPLES)]
    Conform(conform::ConformArgs),

    /// Run the mock server until Ctrl-C
    Serve(ServeArgs),

    /// Print a completion script for a shell: `y2w completions bash > ~/.local/share/bash-completion/completions/y2w`
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

const EXAMPLES: &str = "\
Examples:
  y2w                                             the main job: 200 users, 10 s, everything verified
  y2w run --users 2000 --duration 20s             more of them
  y2w run --workload reconnect-storm              while they lose their connections
  y2w workloads                                   what else there is
  y2w run --target http://127.0.0.1:8080          against a server that runs already, as `y2w serve`

Exit codes:
  0  all checks and thresholds hold
  1  a check was broken, or a threshold does not hold; the summary says which
  2  wrong usage
  3  the server, or this machine, did not let the run take place
  4  ended by Ctrl-C; what was seen until then held
  5  this machine could not keep the schedule: the figures say nothing about the server";

/// Everything held.
const OK: u8 = 0;
/// A check was broken.
const BROKEN: u8 = 1;
/// Ctrl-C ended the run; what was seen until then held.
const INTERRUPTED: u8 = 4;
/// The generator could not keep its schedule: the figures count for nothing.
const INVALID: u8 = 5;
/// The command line, or the settings, make no sense.
const USAGE: u8 = EXIT_USAGE;
/// The run could not take place.
const ENVIRONMENT: u8 = EXIT_ENVIRONMENT;

/// Carries out a command line. What goes wrong is one line on standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli: Cli = match parse("y2w", args) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    ExitCode::from(match cli.command {
        None => run_with(&cli.run),
        Some(Command::Run(args)) => run_with(&args),
        Some(Command::Capacity(args)) => {
            log_to_stderr(LevelFilter::ERROR);
            with_runtime(|runtime| capacity::run(runtime, &args))
        }
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::Merge(args)) => merge::run(&args),
        Some(Command::Workloads(args)) => workloads::workloads(&args),
        Some(Command::Sim(args)) => sim::sim(&args),
        Some(Command::Replay(args)) => {
            log_to_stderr(LevelFilter::ERROR);
            with_runtime(|runtime| replay::replay(runtime, &args))
        }
        Some(Command::Fuzz(args)) => fuzz::fuzz(&args),
        Some(Command::Conform(args)) => {
            log_to_stderr(LevelFilter::ERROR);
            with_runtime(|runtime| conform::conform(runtime, &args))
        }
        Some(Command::Serve(args)) => {
            log_to_stderr(LevelFilter::WARN);
            with_runtime(|runtime| match runtime.block_on(serve(args)) {
                Ok(()) => OK,
                Err(error) => {
                    eprintln!("y2w: {error}");
                    ENVIRONMENT
                }
            })
        }
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "y2w", &mut script);
            put(String::from_utf8_lossy(&script));
            OK
        }
    })
}

/// Prints something for machines to standard output.
fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say(text),
        Err(error) => eprintln!("y2w: this cannot be written as JSON: {error}"),
    }
}

fn run_with(args: &run::RunArgs) -> u8 {
    let level = match args.load.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    log_to(level, || live::Log);
    with_runtime(|runtime| run::run(runtime, args))
}

fn with_runtime(work: impl FnOnce(&Runtime) -> u8) -> u8 {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => work(&runtime),
        Err(error) => {
            eprintln!("y2w: the runtime did not start: {error}");
            ENVIRONMENT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use y2w_mock_server::cli::one_line;

    fn refusal(args: &[&str]) -> String {
        let args = ["y2w"].iter().chain(args);
        Cli::try_parse_from(args).map_or_else(|error| one_line(&error), |_| "accepted".to_owned())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_usage_is_one_line_that_names_the_culprit() {
        for (args, culprit) in [
            (&["--nonsense"][..], "--nonsense"),
            (&["run", "--users", "many"], "many"),
            (&["run", "--shard", "4/4"], "4/4"),
            (&["run", "--duration", "ten"], "ten"),
            (&["run", "--rate", "-1"], "-1"),
            (&["run", "--progress", "loud"], "loud"),
            (&["run", "--metrics", "9090"], "9090"),
            (&["rnu"], "rnu"),
        ] {
            let line = refusal(args);
            assert!(line.contains(culprit), "{line}");
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }

    #[test]
    fn the_run_is_what_happens_without_a_subcommand() {
        let cli = Cli::try_parse_from(["y2w", "--users", "7"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.run.load.users, Some(7));
    }
}
