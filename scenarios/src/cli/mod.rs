//! The command `y2w`: reads the command line, carries it out, says how it went by its exit code.

mod progress;
mod run;
mod summary;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use y2w_mock_server::cli::{ServeArgs, serve};

/// Protocol simulator and load test for the yun2win instant-messaging protocol
///
/// Without a subcommand, `y2w` is `y2w run`: it starts a server in this process, lets 200 simulated users chat over
/// it for ten seconds, verifies every message and writes a report.
#[derive(Parser)]
#[command(name = "y2w", version, args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Let simulated users chat over a server, verify every message, measure, report
    #[command(after_help = EXIT_CODES)]
    Run(run::RunArgs),

    /// Run the mock server until Ctrl-C
    #[command(after_help = EXIT_CODES)]
    Serve(ServeArgs),

    /// Print a completion script for a shell: `y2w completions bash > ~/.local/share/bash-completion/completions/y2w`
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all checks hold
  1  a check was broken; the summary says which message of whom
  2  wrong usage
  3  the server, or this machine, did not let the run take place";

/// Everything held.
const OK: u8 = 0;
/// A check was broken.
const BROKEN: u8 = 1;
/// The command line, or the settings, make no sense.
const USAGE: u8 = 2;
/// The run could not take place.
const ENVIRONMENT: u8 = 3;

/// Carries out a command line. What goes wrong is one line on standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            eprintln!("y2w: {}", one_line(&error));
            return ExitCode::from(USAGE);
        }
        Err(help) => {
            // Help and version: to standard output, as they are.
            return if help.print().is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(ENVIRONMENT)
            };
        }
    };
    ExitCode::from(match cli.command {
        None => with_runtime(&cli.run.clone(), |runtime| run::run(runtime, cli.run)),
        Some(Command::Run(args)) => with_runtime(&args.clone(), |runtime| run::run(runtime, args)),
        Some(Command::Serve(args)) => with_runtime(&Quiet, |runtime| match runtime.block_on(serve(args)) {
            Ok(()) => OK,
            Err(error) => {
                eprintln!("y2w: {error}");
                error.exit_code()
            }
        }),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "y2w", &mut std::io::stdout());
            OK
        }
    })
}

/// How much a command logs.
trait Verbosity {
    fn verbosity(&self) -> u8 {
        0
    }
}

struct Quiet;

impl Verbosity for Quiet {}

fn with_runtime(verbosity: &impl Verbosity, work: impl FnOnce(&tokio::runtime::Runtime) -> u8) -> u8 {
    log_to_stderr(verbosity.verbosity());
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => work(&runtime),
        Err(error) => {
            eprintln!("y2w: the runtime did not start: {error}");
            ENVIRONMENT
        }
    }
}

/// `RUST_LOG`, as `info` or `y2w_sdk=debug`, wins over the flags.
fn log_to_stderr(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .and_then(|targets| targets.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(wanted).init();
}

/// clap's reason and its tips without the usage, on one line.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut parts = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: "));
    let reason = parts.next().unwrap_or("wrong usage").to_owned();
    let rest: Vec<&str> = parts.collect();
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!(" ({})", rest.join("; "))
    };
    format!("{reason}{rest}; see y2w --help")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (&["run", "--chaos", "earthquake"], "earthquake"),
            (&["run", "--duration", "ten"], "ten"),
            (&["run", "--rate", "-1"], "-1"),
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
        assert_eq!(cli.run.users, 7);
    }
}
