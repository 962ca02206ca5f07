//! The measurements and their tables.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::child::Process;
use crate::fan_out::{self, FanOut};
use crate::memory::Idle;
use crate::mqtt::Broker;
use crate::peers;
use crate::requests::{self, Asked, Chat};

/// Connections of a fan-out, and the least deliveries per second to them.
const PUSH_BARS: [(usize, f64); 2] = [(1_000, 120_000.0), (9_000, 100_000.0)];
/// The least part of an empty handler's rate.
const HTTP_BAR: f64 = 0.5;
/// Rounds of requests to each of the two.
const ROUNDS: u32 = 10;
/// Most memory of an idle connection, in bytes.
const MEMORY_BAR: f64 = 8.0 * 1024.0;
/// Connections that one process holds.
const HELD: usize = 18_000;
/// Connections over which the memory of one is measured.
const MEASURED: usize = 4_000;

/// The server over real sockets
#[derive(Parser)]
struct Args {
    /// What to measure: push, http, memory [default: all of them]
    what: Vec<String>,

    /// For how long, each
    #[arg(long, default_value_t = 4, value_name = "SECONDS")]
    time: u64,

    /// Commands of a fan-out that are under way at once
    #[arg(long, default_value_t = 4, value_name = "N")]
    window: u64,

    /// Only our own server
    #[arg(long)]
    ours: bool,

    /// What Cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

pub(crate) fn run() -> ExitCode {
    let args = Args::parse();
    let needed = (HELD + 500) as u64;
    let allowed = rlimit::increase_nofile_limit(needed).expect("the limit of open files can be read");
    if allowed < needed {
        eprintln!("this needs {needed} open files, and may have {allowed}");
        return ExitCode::FAILURE;
    }
    let wanted = |what: &str| args.what.is_empty() || args.what.iter().any(|wanted| wanted == what);
    let mut met = true;
    if wanted("push") {
        met &= push(&args);
    }
    if wanted("http") {
        met &= http(&args);
    }
    if wanted("memory") {
        met &= memory();
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn push(args: &Args) -> bool {
    println!("one command to many connections, {} commands under way", args.window);
    println!("{:<14}{:>12}{:>16}{:>16}", "", "connections", "deliveries/s", "CPU/delivery");
    let mut met = true;
    for (connections, bar) in PUSH_BARS {
        let (server, http, addr) = peers::ours();
        let token = requests::im_token(http);
        let ours = fan_out(args, "y2w", &server, Broker { addr, token: Some(&token) }, connections);
        drop(server);
        met &= verdict(&format!("at least {bar:.0} deliveries/s"), ours.per_second >= bar);
        if args.ours {
            continue;
        }
        match peers::mosquitto() {
            Some((server, addr, _settings)) => {
                let theirs = fan_out(args, "Mosquitto", &server, Broker { addr, token: None }, connections);
                met &= verdict("no more CPU than Mosquitto", ours.cpu <= theirs.cpu);
            }
            None => println!("{:<14}is not installed: nothing to compare with", "Mosquitto"),
        }
        let (server, addr) = peers::rumqttd();
        fan_out(args, "rumqttd", &server, Broker { addr, token: None }, connections);
    }
    println!();
    met
}

fn fan_out(
    args: &Args,
    name: &str,
    server: &Process,
    broker: Broker<'_>,
    connections: usize,
) -> fan_out::Measured {
    let mut all = FanOut::to(broker, connections);
    let measured = all.measure(server, Duration::from_secs(args.time), args.window);
    let (rate, cpu) = (measured.per_second, measured.cpu.as_secs_f64() * 1e6);
    println!("{name:<14}{connections:>12}{rate:>16.0}{:>16}", format!("{cpu:.2} µs"));
    measured
}

fn http(args: &Args) -> bool {
    let time = Duration::from_secs(args.time);
    println!("requests over connections that stay");
    println!("{:<18}{:>12}{:>16}{:>12}{:>12}", "", "requests/s", "CPU/request", "p50", "p99");
    let (empty, empty_addr) = peers::empty();
    let (ours, http, _) = peers::ours();
    // What the one stores is not for the other to list.
    let [writing, reading] = [["ann", "bob"], ["eve", "joe"]].map(|names| Chat::on(http, names));
    let mut met = true;
    for (method, request) in [("POST", &writing.post), ("GET", &reading.get)] {
        let mut base = Asked::at(&empty, empty_addr, request);
        let mut of_ours = Asked::at(&ours, http, request);
        // In turns, so that what else the machine does hits both.
        for _ in 0..ROUNDS {
            base.round(time / ROUNDS);
            of_ours.round(time / ROUNDS);
        }
        print(&format!("{method} nothing"), &base.measured);
        print(&format!("{method} messages"), &of_ours.measured);
        let share = of_ours.measured.per_second() / base.measured.per_second();
        met &= verdict(&format!("{share:.2} of an empty handler's, at least {HTTP_BAR}"), share >= HTTP_BAR);
    }
    println!();
    met
}

fn print(name: &str, measured: &requests::Measured) {
    let micros = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
    println!(
        "{name:<18}{:>12.0}{:>16}{:>12}{:>12}",
        measured.per_second(),
        micros(measured.cpu()),
        micros(measured.quantile(0.5)),
        micros(measured.quantile(0.99))
    );
}

fn memory() -> bool {
    let (server, http, addr) = peers::ours();
    let token = requests::im_token(http);
    let broker = Broker { addr, token: Some(&token) };
    let mut idle = Idle::on(&server, broker);
    let bytes = idle.per_connection(&server, broker, MEASURED);
    println!("an idle connection: {:.2} KiB of the server's memory", bytes / 1024.0);
    let met = verdict(&format!("at most {:.0} KiB", MEMORY_BAR / 1024.0), bytes <= MEMORY_BAR);
    let mut all = idle.up_to(broker, HELD);
    all.once();
    println!(
        "{HELD} connections are live and have got a push each; the server has {:.0} MiB",
        server.memory() as f64 / (1024.0 * 1024.0)
    );
    met
}

fn verdict(bar: &str, met: bool) -> bool {
    println!("{:>14}{bar}: {}", "", if met { "met" } else { "MISSED" });
    met
}
