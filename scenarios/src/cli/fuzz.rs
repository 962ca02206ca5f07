//! `y2w fuzz`: makes plans up until one breaks a rule, and shrinks it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use y2w_mock_server::quirks::NamedQuirk;
use y2w_sdk::clock::Clock;

use super::determinism::DeterminismArgs;
use super::scoreboard::scoreboard;
use super::sim::draw;
use super::story::{count, extent, prose, reached};
use super::{BROKEN, ENVIRONMENT, OK, USAGE};
use crate::fuzz::shrink::shrink;
use crate::fuzz::{Campaign, Found, Profile, simulate};
use crate::history::Keep;
use crate::judge::{Reach, Reached};
use crate::plan::Plan;

#[derive(Args)]
pub(super) struct FuzzArgs {
    /// Stop after so long
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    time: Duration,

    /// Stop after so many cases instead
    #[arg(long, value_name = "NUMBER", conflicts_with = "time")]
    cases: Option<u64>,

    /// Where all chance comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// Which kinds of cases
    #[arg(long, value_name = "NAME", default_value = "all")]
    profile: Profile,

    /// Play this case only, and write its plan whether it breaks a rule or not
    #[arg(long, value_name = "NUMBER")]
    case: Option<u64>,

    /// Break a rule in the server on purpose, to see whether it is found; can be given again
    #[arg(long, value_name = "NAME[=RATE]")]
    quirk: Vec<String>,

    /// Look for each quirk of the mock server, or for those of --quirk, for at most --time each, and print a table
    #[arg(long, conflicts_with_all = ["cases", "case"])]
    scoreboard: bool,

    #[command(flatten)]
    determinism: DeterminismArgs,

    /// Where the plan that broke a rule is written; beside it, as .svg, what happens in it as a sequence diagram
    #[arg(long, value_name = "FILE", default_value = "y2w-found.toml")]
    out: PathBuf,
}

pub(super) fn fuzz(args: &FuzzArgs) -> u8 {
    let mut quirks = Vec::new();
    for quirk in &args.quirk {
        match quirk.parse::<NamedQuirk>() {
            Ok(named) => quirks.push(named.quirk),
            Err(error) => {
                eprintln!("y2w: {error}");
                return USAGE;
            }
        }
    }
    if args.scoreboard {
        return scoreboard(&quirks, args.seed, args.profile, args.time);
    }
    let campaign = Campaign { seed: args.seed, profile: args.profile, quirks: args.quirk.clone() };
    if let Some(code) = args.determinism.verify(|case| campaign.plan(case), |case| format!("case {case}")) {
        return code;
    }
    let clock = Clock::system();
    let mut reach = Reach::default();
    let first = args.case.unwrap_or(0);
    let last = args.case.or(args.cases.map(|cases| cases.saturating_sub(1)));
    println!("fuzzing with seed {}", args.seed);
    let mut shown = clock.elapsed();
    let mut done = 0;
    for case in first..=last.unwrap_or(u64::MAX) {
        let found = campaign.case(case, &mut reach);
        done += 1;
        if let Some(found) = found {
            return report(args, &found, done, clock.elapsed());
        }
        let elapsed = clock.elapsed();
        if last.is_none() && elapsed >= args.time {
            break;
        }
        if elapsed - shown >= PROGRESS_EVERY {
            shown = elapsed;
            eprintln!("{done} cases, {:.0} a second", per_second(done, elapsed));
        }
    }
    println!(
        "{done} cases in {:.1} s, {:.0} a second: all rules held",
        clock.elapsed().as_secs_f64(),
        per_second(done, clock.elapsed())
    );
    print_reach(&reach);
    match args.case {
        Some(case) => write(args, &campaign.plan(case).to_toml("")),
        None => OK,
    }
}

fn write(args: &FuzzArgs, plan: &str) -> u8 {
    if let Err(error) = std::fs::write(&args.out, plan) {
        eprintln!("y2w: cannot write {}: {error}", args.out.display());
        return ENVIRONMENT;
    }
    println!("plan:    {}\nagain:   y2w sim {} --story", args.out.display(), args.out.display());
    OK
}

const PROGRESS_EVERY: Duration = Duration::from_secs(5);

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn per_second(cases: u64, elapsed: Duration) -> f64 {
    cases as f64 / elapsed.as_secs_f64().max(1e-9)
}

fn print_reach(reach: &Reach) {
    print!("{}", reached(reach));
    let missed = Reached::ALL.into_iter().filter(|(what, _)| reach.count(*what) == 0);
    let missed: Vec<&str> = missed.map(|(_, name)| name).collect();
    if !missed.is_empty() {
        println!("never reached: {}", missed.join(", "));
    }
}

fn report(args: &FuzzArgs, found: &Found, cases: u64, elapsed: Duration) -> u8 {
    let rule = found.anomaly.rule;
    let breaks_it = |plan: &Plan| {
        simulate(plan, Keep::default()).verdict.anomalies.iter().any(|anomaly| anomaly.rule == rule)
    };
    let small = shrink(&found.plan, breaks_it);
    let mut run = simulate(&small.plan, Keep { story: true, hash: true });
    // What was looked for comes first.
    run.verdict.anomalies.sort_by_key(|anomaly| anomaly.rule != rule);
    let why = run.verdict.anomalies.first().map_or(&*found.anomaly.text, |anomaly| &*anomaly.text);
    let again = again(args, found.case);
    let plan = small.plan.to_toml(&format!("{rule}: {why}\nFound by {again}"));

    println!(
        "case {} breaks {rule}, after {:.1} s and {}; shrunk to {} and {} in {}\n",
        found.case,
        elapsed.as_secs_f64(),
        count(usize::try_from(cases).unwrap_or(usize::MAX), "case"),
        count(small.plan.steps.len(), "step"),
        count(small.plan.faults.len(), "fault"),
        count(small.plays, "play"),
    );
    println!("{}\n{plan}\n{}", prose(&small.plan, &run), extent(&small.plan, &run));
    let diagram = args.out.with_extension("svg");
    let written = std::fs::write(&args.out, &plan)
        .map_err(|error| format!("cannot write {}: {error}", args.out.display()))
        .and_then(|()| draw(&small.plan, &run, &diagram));
    if let Err(error) = written {
        eprintln!("y2w: {error}");
        return ENVIRONMENT;
    }
    println!("plan:    {}", args.out.display());
    println!("diagram: {}", diagram.display());
    println!("again:   y2w sim {} --story", args.out.display());
    BROKEN
}

/// The command that plays a case again.
fn again(args: &FuzzArgs, case: u64) -> String {
    let quirks: String = args.quirk.iter().map(|quirk| format!(" --quirk {quirk}")).collect();
    let profile = match args.profile.to_possible_value() {
        Some(value) if args.profile != Profile::All => format!(" --profile {}", value.get_name()),
        _ => String::new(),
    };
    format!("y2w fuzz --seed {} --case {case}{profile}{quirks}", args.seed)
}
