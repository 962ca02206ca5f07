//! What simulated time costs: `cargo bench -p y2w-benches --bench simulation [-- USERS MINUTES]`.
//!
//! Users who send a message a minute each, half of them to a neighbour, half to a group of ten, in the simulated world with
//! all checkers on, on one thread. First as many for an hour as the bar is about, then ten times as many, to see
//! whether the cost of one thing that happens stays the same.
//!
//! The bars: 1,000 users for a virtual hour in 6 s; the cost of a happening at 10,000 users at most 1.3 times that at
//! 1,000.

use std::time::Duration;

use y2w_scenarios::fuzz::simulate;
use y2w_scenarios::history::Keep;
use y2w_scenarios::plan::Plan;
use y2w_sdk::clock::Clock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the first run may take, and how much more a happening may cost in the second.
const BAR: Duration = Duration::from_secs(6);
const BAR_RATIO: f64 = 1.3;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if let [users, minutes] = numbers[..] {
        run(users, minutes);
        return;
    }
    // `cargo test` runs benches too, to see whether they work.
    if !std::env::args().any(|argument| argument == "--bench") {
        run(20, 1);
        return;
    }
    let (took, few) = run(1_000, 60);
    let (_, many) = run(10_000, 6);
    println!("an hour of 1,000 users: {:.1} s; the bar is {} s", took.as_secs_f64(), BAR.as_secs());
    println!("a happening at 10,000 users costs {:.2} times as much; the bar is {BAR_RATIO}", many / few);
}

/// Runs one, and returns how long it took and how many microseconds each happening.
fn run(users: u64, minutes: u64) -> (Duration, f64) {
    let users = usize::try_from(users).unwrap_or(usize::MAX);
    let plan = Plan::population(users, minutes, 1);
    let clock = Clock::system();
    let run = simulate(&plan, Keep::default());
    let took = clock.elapsed();
    for anomaly in &run.verdict.anomalies {
        println!("BROKEN {}: {}", anomaly.rule, anomaly.text);
    }
    assert!(run.verdict.anomalies.is_empty(), "a strict server breaks no rules");
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let each = took.as_secs_f64() * 1e6 / run.happenings.max(1) as f64;
    println!(
        "{users} users, {minutes} min: {:.2} s, {} happenings, {each:.2} µs each",
        took.as_secs_f64(),
        run.happenings
    );
    (took, each)
}
