//! What a verified message costs, beside what its bare traffic costs: `cargo bench -p y2w-benches --bench end_to_end`.
//!
//! First a load run as `y2w run --workload p2p-steady` does it, on real sockets, with the server in the same process and
//! somewhat more load than it can carry, which short runs find out before: each message is stored, announced, pushed, synced
//! by its receiver and verified. Then a pair that knows nothing of the protocol (`bare`) carries as many HTTP requests and
//! MQTT frames of the same size, by as many connections, in the same process and with the same libraries. The ratio is what
//! the complete clients, the complete server and the checks leave of what the sockets could carry. Both are measured in turn,
//! several rounds, since machines are noisy.

mod bare;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_reports::RunResult;
use y2w_scenarios::load::workload::{Arrival, Process, Workload};
use y2w_scenarios::load::{self, Environment, Server, Settings, Shard, Target};
use y2w_sdk::clock::Clock;

use bare::Traffic;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a verified message costs, beside what its bare traffic costs
#[derive(Parser)]
struct Args {
    /// Simulated users
    #[arg(long, default_value_t = 500, value_name = "N")]
    users: usize,

    /// Messages that all of them are to send per second; a quarter more than this machine carries if it is not said
    #[arg(long, value_name = "NUMBER")]
    rate: Option<f64>,

    /// How long they send, in seconds
    #[arg(long, default_value_t = 4, value_name = "SECONDS")]
    seconds: u64,

    /// How often both are measured
    #[arg(long, default_value_t = 9, value_name = "N")]
    rounds: u32,

    /// What Cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// The bar: verified messages per second as a share of what the bare pair carries.
const BAR: f64 = 0.5;

/// Where the search for a rate that is too much begins, and how long each of its runs sends.
const FIRST_RATE: f64 = 4_000.0;
const SEARCH_SECONDS: u64 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    rlimit::increase_nofile_limit(rlimit::INFINITY).expect("the limit of open files can be read");
    let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
    let rate = args.rate.unwrap_or_else(|| runtime.block_on(too_much(args.users)));
    println!(
        "{} users, p2p, {rate:.0} messages/s wanted for {} s; server, users and checks in one process\n",
        args.users, args.seconds
    );
    println!(
        "{:<10}{:>14}{:>14}{:>14}{:>16}{:>8}",
        "", "messages/s", "requests each", "CPU each", "bare messages/s", "ratio"
    );
    let mut ratios = Vec::new();
    for round in 0..args.rounds {
        let run = runtime.block_on(run(args.users, rate, args.seconds, u64::from(round)));
        let ours = carried(&run);
        let traffic = Traffic::of(&run);
        if round == 0 {
            println!("{}\n", traffic.text());
        }
        let bare = runtime.block_on(bare::carried(&traffic));
        let each = |total: f64| total / run.totals.stored as f64;
        println!(
            "{:<10}{:>14.0}{:>14.1}{:>11.0} µs{:>16.0}{:>8.2}",
            format!("round {}", round + 1),
            ours,
            each(run.totals.requests as f64),
            run.health.cpu_s.map_or(f64::NAN, |cpu| each(cpu) * 1e6),
            bare,
            ours / bare
        );
        ratios.push(ours / bare);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    println!("\nmedian ratio {median:.2} (bar: {BAR}): {}", if median >= BAR { "met" } else { "MISSED" });
    if median >= BAR { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A quarter more than is carried when far too much is wanted.
async fn too_much(users: usize) -> f64 {
    let mut rate = FIRST_RATE;
    loop {
        let carried = carried(&run(users, rate, SEARCH_SECONDS, 0).await);
        if carried < 0.8 * rate {
            return 1.25 * carried;
        }
        rate *= 2.0;
    }
}

/// Messages per second, from the beginning of the phase until all were delivered: that is what its CPU time is of.
fn carried(run: &RunResult) -> f64 {
    let health = &run.health;
    let window = health.cpu_s.zip(health.cpu_share).map(|(cpu, share)| cpu / share);
    let window = window.expect("this system tells CPU times") / f64::from(run.environment.cores);
    run.totals.stored as f64 / window
}

async fn run(users: usize, rate: f64, seconds: u64, seed: u64) -> RunResult {
    let clock = Clock::system();
    let mut workload = Workload::shipped("p2p-steady").expect("it is shipped").of_users(users);
    let rate = rate / users as f64;
    workload.arrival = Arrival::Open { rate, process: Process::Constant };
    workload.thresholds.clear();
    // Without warming up: what is carried is counted from the first message on.
    workload.phases.drain(..workload.phases.len() - 1);
    let workload = workload.stretched(Duration::from_secs(seconds));
    let settings = Settings {
        workload,
        workload_name: "p2p-steady".to_owned(),
        seed,
        patience: Duration::from_secs(300),
        max_lag: Duration::from_secs(3_600),
        account_prefix: format!("bench-{seed}"),
        shard: Shard::ALL,
        start_at: None,
    };
    let server =
        MockServer::builder().seed(seed).clock(clock).password_cost(PasswordCost::Fast).start().await;
    let server = server.expect("the server starts");
    let here = Server::Here(server.backend().clone());
    let target = Target::new(&server.http_url(), clock, Duration::from_secs(60), here);
    let outcome =
        load::run(&target, &settings, &(), &CancellationToken::new()).await.expect("the run is made");
    server.shutdown().await;
    let result = outcome.into_result(&settings, Environment::default());
    assert!(result.checks.iter().all(|check| check.findings_total == 0), "{:?}", result.verdict);
    result
}
