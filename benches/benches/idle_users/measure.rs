//! The measurement and its table.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::limits::KEEP_ALIVE;
use y2w_sdk::{ClientConfig, CurrentUser};

use crate::server::Server;
use crate::{process, users};

/// Memory that a user may cost, in bytes.
const MEMORY_BAR: f64 = 64.0 * 1024.0;
/// A client looks three times in a keep-alive whether it has to ping (`CONN-PING`).
const FIRST_LOOK: Duration = Duration::from_secs(KEEP_ALIVE.as_secs() / 3);
/// For the last pushes to come and to be answered.
const SETTLE: Duration = Duration::from_secs(2);
/// The HTTP client lets go of a connection that was not used for 30 s within another 30 s.
const REST: Duration = Duration::from_secs(65);
/// Files that are no push connections: HTTP connections, pipes, the runtime's own.
const SPARE_FILES: usize = 500;

/// What an idle user costs in memory and CPU
#[derive(Parser)]
struct Args {
    /// How many users; rounded up to a multiple of four
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    users: usize,

    /// How long to look at the idle process, in seconds
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    idle: u64,

    /// Look at it once more for as long as a keep-alive lasts, five minutes
    #[arg(long)]
    keep_alive: bool,

    /// What Cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

pub(crate) fn run() -> ExitCode {
    let args = Args::parse();
    let quarter = args.users.div_ceil(4).max(1);
    let needed = (4 * quarter + SPARE_FILES) as u64;
    let allowed = rlimit::increase_nofile_limit(needed).expect("the limit of open files can be read");
    if allowed < needed {
        eprintln!("this needs {needed} open files, and may have {allowed}: use fewer --users");
        return ExitCode::FAILURE;
    }
    let server = Server::start();
    let runtime = Runtime::new().expect("the runtime starts");
    if runtime.block_on(measure(&args, &server.url, quarter)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Makes the users in two halves and prints what they cost; false if that is too much memory, or if they are not what
/// they are to be.
async fn measure(args: &Args, url: &str, quarter: usize) -> bool {
    let count = 4 * quarter;
    let clock = Clock::system();
    let client = ClientConfig::new(url).expect("the server says where it is").clock(clock);
    println!(
        "{count} users in one process, each logged in, connected over MQTT on TCP, with a contact, a conversation"
    );
    println!("and a session of two members and two messages; the server is another process\n");

    let none = process::memory();
    println!("{:<26}{:>12}{:>12}", "resident memory", "process", "per user");
    println!("{:<26}{:>12}", "before the first user", mebibytes(none));
    let begun = clock.elapsed();
    let mut users = made(&client, 0..quarter).await;
    let half = process::memory();
    row(&format!("{} users", count / 2), half, none, count / 2);
    users.extend(made(&client, quarter..2 * quarter).await);
    let all = process::memory();
    row(&format!("{count} users"), all, none, count);
    row("  of these the second half", all, half, count / 2);

    let idle = idle(Duration::from_secs(args.idle)).await;
    let looked = clock.elapsed() - begun > FIRST_LOOK;
    sleep(REST).await;
    let rested = process::memory();
    row("once HTTP is closed too", rested, none, count);
    println!();
    idle.print(count, if looked { "some keep-alives due" } else { "no keep-alive due" });
    if args.keep_alive {
        self::idle(KEEP_ALIVE).await.print(count, "every keep-alive due");
    }

    let complete = users.iter().filter(|user| users::is_complete(user)).count();
    println!("\n{complete} of {count} users are connected and complete");
    let per_user = all.max(rested).saturating_sub(none) as f64 / count as f64;
    let met = per_user <= MEMORY_BAR;
    let verdict = if met { "met" } else { "MISSED" };
    println!("memory of a user: {} (bar: {}): {verdict}", kibibytes(per_user), kibibytes(MEMORY_BAR));
    met && complete == count
}

async fn made(client: &ClientConfig, pairs: std::ops::Range<usize>) -> Vec<CurrentUser> {
    let users = users::pairs(client, pairs).await.expect("the server does what it is asked");
    sleep(SETTLE).await;
    users
}

/// What the process did while there was nothing to do.
struct Idle {
    time: Duration,
    cpu: Duration,
    waits: u64,
}

async fn idle(time: Duration) -> Idle {
    let waits = process::waits();
    let cpu = process::cpu();
    sleep(time).await;
    let cpu = process::cpu() - cpu;
    Idle { time, cpu, waits: process::waits() - waits }
}

impl Idle {
    fn print(&self, users: usize, what: &str) {
        let (seconds, cpu) = (self.time.as_secs_f64(), self.cpu.as_secs_f64());
        println!(
            "idle for {seconds} s, {what}: {:.2} ms of CPU, {:.4} % of a core, {:.2} µs per user and minute; the threads \
             waited {} times",
            cpu * 1e3,
            cpu / seconds * 100.0,
            cpu * 1e6 / users as f64 / (seconds / 60.0),
            self.waits
        );
    }
}

fn row(what: &str, process: u64, without: u64, users: usize) {
    let per_user = process.saturating_sub(without) as f64 / users as f64;
    println!("{what:<26}{:>12}{:>12}", mebibytes(process), kibibytes(per_user));
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}

fn kibibytes(bytes: f64) -> String {
    format!("{:.1} KiB", bytes / 1024.0)
}
