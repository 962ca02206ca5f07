//! The command `y2w`.

use std::process::ExitCode;

fn main() -> ExitCode {
    y2w_scenarios::cli::main(std::env::args_os())
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
