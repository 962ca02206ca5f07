//! `y2w-mock-server`: the server as a command of its own.

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use y2w_mock_server::cli::{ServeArgs, serve};

/// A reference server for the yun2win protocol, made to be tested against
///
/// It keeps all state in memory. Exit codes: 0 interrupted, 2 wrong usage, 3 a port is in use, 1 anything else.
#[derive(Parser)]
#[command(version)]
struct Command {
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> ExitCode {
    let command = Command::parse();
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .and_then(|targets| targets.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::WARN));
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .with(wanted)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(serve(command.serve)).map_err(|error| {
            eprintln!("{error}");
            error.exit_code()
        }),
        Err(error) => {
            eprintln!("no runtime: {error}");
            Err(1)
        }
    };
    ended.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS)
}
