//! `y2w conform`: whether a server keeps the protocol, rule by rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use y2w_sdk::clock::Clock;

use super::{BROKEN, ENVIRONMENT, OK, USAGE};
use crate::conformance::{Broken, Case, Result, Target, Verdict, all, ledger, run};
use crate::plan::Plan;
use crate::world::{Embedded, Sim, in_virtual_time};

/// The cases themselves, or what is tested with them, went wrong.
const HARNESS: u8 = 4;

/// Cases that run beside each other on real sockets.
const AT_ONCE: usize = 16;

#[derive(Args)]
pub(super) struct ConformArgs {
    /// Where the server is: on loopback sockets, or in this thread and in virtual time
    #[arg(long, value_name = "WORLD", default_value = "embedded")]
    world: Where,

    /// Run the cases whose names begin so, as `accounts` or `accounts.login`; can be given again
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,

    /// Break a rule in the server on purpose, to see which cases notice; can be given again
    #[arg(long, value_name = "NAME[=RATE]")]
    quirk: Vec<String>,

    /// Print which cases there are for each rule, and run none
    #[arg(long)]
    coverage: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Where {
    /// In this process, on loopback sockets
    Embedded,
    /// In virtual time, without sockets
    Sim,
}

pub(super) fn conform(runtime: &Runtime, args: &ConformArgs) -> u8 {
    if args.coverage {
        say(&coverage());
        return OK;
    }
    let is_meant = |case: &Case| {
        args.cases.is_empty() || args.cases.iter().any(|name| case.name.starts_with(name.as_str()))
    };
    let cases: Vec<Case> = all().into_iter().filter(is_meant).collect();
    if cases.is_empty() {
        eprintln!(
            "y2w: there is no case that begins with {}; `y2w conform --coverage` names all",
            args.cases.join(" or ")
        );
        return USAGE;
    }
    let plan = match Plan::of_server(&args.quirk) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("y2w: {error}");
            return USAGE;
        }
    };
    let clock = Clock::system();
    let tell = |result: &Result| {
        if result.verdict != Verdict::Pass {
            say(&format!("{}  again: y2w conform --case {}{}\n\n", told(result), result.case, ways(args)));
        }
    };
    let results = match args.world {
        Where::Sim => in_virtual_time(async {
            let target = Target::in_virtual_time(Arc::new(Sim::new(&plan)));
            // In one thread one after the other is as fast, and always in the same order.
            run(&cases, &target, "sim", 1, tell).await
        }),
        Where::Embedded => match runtime.block_on(Embedded::start(&plan)) {
            Ok(world) => {
                let target = Target::on_sockets(Arc::new(world));
                runtime.block_on(run(&cases, &target, "embedded", AT_ONCE, tell))
            }
            Err(error) => {
                eprintln!("y2w: {error}");
                return ENVIRONMENT;
            }
        },
    };
    let took = clock.elapsed().as_secs_f64();
    say(&format!("{}\n{} cases in {took:.1} s\n", summary(&results), results.len()));
    exit(&results)
}

/// Whoever reads only the beginning has what they wanted.
fn say(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}

/// How to have the same server once more.
fn ways(args: &ConformArgs) -> String {
    let quirks = args.quirk.iter().map(|quirk| format!(" --quirk {quirk}")).collect::<String>();
    format!("{}{quirks}", if args.world == Where::Sim { " --world sim" } else { "" })
}

/// What did not hold, and what went over the wire.
fn told(result: &Result) -> String {
    let mut text = format!("{}  {}\n", result.verdict.to_string().to_uppercase(), result.case);
    // Writing to a string does not fail.
    for Broken { rule, expected, actual } in &result.broken {
        let level = ledger::rule(rule).map_or_else(String::new, |rule| rule.level.to_string());
        let _ = writeln!(text, "  {rule} ({level})\n    expected  {expected}\n    actual    {actual}");
    }
    if let Some(why) = &result.why {
        let _ = writeln!(text, "  {why}");
    }
    for line in &result.timeline {
        let _ = writeln!(text, "    {:>9.3} s  {:<10} {}", line.at as f64 / 1e6, line.who, line.what);
    }
    text
}

/// A line for each area, and one for all.
fn summary(results: &[Result]) -> String {
    let mut areas: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for result in results {
        for area in [result.case.split('.').next().unwrap_or_default(), "~all"] {
            *areas.entry(area).or_default().entry(result.verdict).or_default() += 1;
        }
    }
    let line = |(area, counts): (&&str, &BTreeMap<Verdict, usize>)| {
        let counts =
            Verdict::ALL.iter().filter_map(|verdict| counts.get(verdict).map(|n| format!("{n} {verdict}")));
        format!("{:<14} {}", area.trim_start_matches('~'), counts.collect::<Vec<_>>().join(", "))
    };
    areas.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn exit(results: &[Result]) -> u8 {
    let any = |verdict| results.iter().any(|result| result.verdict == verdict);
    if any(Verdict::HarnessError) {
        HARNESS
    } else if any(Verdict::Fail) {
        BROKEN
    } else if any(Verdict::Inconclusive) {
        ENVIRONMENT
    } else {
        OK
    }
}

/// Which cases there are for each rule.
fn coverage() -> String {
    let cases = all();
    let mut text = String::new();
    let mut part = "";
    let mut covered = 0;
    // Writing to a string does not fail.
    for rule in ledger::rules() {
        if rule.part != part {
            part = rule.part;
            let _ = writeln!(text, "\n{part}");
        }
        let of_rule = cases.iter().filter(|case| case.rules.contains(&rule.id));
        let mut names: Vec<&str> = of_rule.map(|case| case.name).collect();
        // A case over both ways is one to read about.
        names.dedup();
        covered += usize::from(!names.is_empty());
        let names = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        let _ = writeln!(text, "  {:<34} {:<6} {names}", rule.id, rule.level.to_string());
    }
    let _ =
        writeln!(text, "\n{covered} of {} rules have a case; {} cases", ledger::rules().len(), cases.len());
    text
}
