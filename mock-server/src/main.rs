//! `y2w-mock-server`: the server as a command of its own.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;
use y2w_mock_server::cli::{EXIT_ENVIRONMENT, ServeArgs, log_to_stderr, parse, serve};
use y2w_mock_server::quirks;

/// As the command `y2w` has it: connections are served by two threads and more, which free each other's memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A reference server for the yun2win protocol, made to be tested against
///
/// It keeps all state in memory, unless it is given a data directory. Exit codes: 0 interrupted, 2 wrong usage, 3 a port or
/// the data is in use, the data cannot be read, or the machine does not let it serve.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Command {
    #[command(subcommand)]
    other: Option<Other>,

    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Other {
    /// List what `--quirk` takes: the names, the rules that each breaks, what it does
    Quirks {
        /// As JSON
        #[arg(long)]
        json: bool,

        /// As the tables of docs/quirks.md
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
    },
}

fn main() -> ExitCode {
    let command: Command = match parse("y2w-mock-server", std::env::args_os()) {
        Ok(command) => command,
        Err(code) => return code,
    };
    if let Some(Other::Quirks { json, markdown }) = command.other {
        let list = match (json, markdown) {
            (true, _) => quirks::as_json(),
            (_, true) => quirks::as_markdown(),
            _ => quirks::as_text(),
        };
        print!("{list}");
        return ExitCode::SUCCESS;
    }
    log_to_stderr(LevelFilter::WARN);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(serve(command.serve)).map_err(|error| error.to_string()),
        Err(error) => Err(format!("the runtime did not start: {error}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("y2w-mock-server: {error}");
            ExitCode::from(EXIT_ENVIRONMENT)
        }
    }
}
