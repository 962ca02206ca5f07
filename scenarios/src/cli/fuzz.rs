//! `y2w fuzz`: makes plans up until one breaks a rule, and shrinks it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use y2w_mock_server::cli::{put, say};
use y2w_mock_server::quirks::{NamedQuirk, Quirk};
use y2w_sdk::clock::Clock;

use super::determinism::DeterminismArgs;
use super::interrupt::Interrupt;
use super::progress::{self, Until, per_second};
use super::scoreboard::scoreboard;
use super::sim::draw;
use super::story::{count, extent, prose, reached};
use super::{BROKEN, ENVIRONMENT, OK, USAGE};
use crate::fuzz::score::is_watched;
use crate::fuzz::shrink::shrink;
use crate::fuzz::{Campaign, Found, Profile, breaks, simulate};
use crate::history::Keep;
use crate::judge::{Reach, Reached};
use crate::plan::Plan;

#[derive(Args)]
pub(super) struct FuzzArgs {
    /// Stop after so long
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    time: Duration,

    /// Stop after so many cases instead
    #[arg(long, value_name = "NUMBER", conflicts_with = "time", value_parser = clap::value_parser!(u64).range(1..))]
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

    /// Of all quirks, only those that break a rule which the fuzzer watches over
    #[arg(long, requires = "scoreboard", conflicts_with = "quirk")]
    watched: bool,

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
        if args.watched {
            quirks = Quirk::ALL.iter().copied().filter(|quirk| is_watched(*quirk)).collect();
        }
        return scoreboard(&quirks, args.seed, args.profile, args.time);
    }
    let campaign = Campaign { seed: args.seed, profile: args.profile, quirks: args.quirk.clone() };
    if let Some(code) = args.determinism.verify(|case| campaign.plan(case), |case| format!("case {case}")) {
        return code;
    }
    let clock = Clock::system();
    let interrupt = Interrupt::watch();
    say(format_args!("fuzzing with {}", of_campaign(args, ", ")));
    let until = match (args.case, args.cases) {
        (Some(_), _) => Until::Count(1),
        (None, Some(cases)) => Until::Count(cases),
        (None, None) => Until::Time(args.time),
    };
    let is_over = |done: u64| match until {
        Until::Count(count) => done >= count,
        Until::Time(time) => clock.elapsed() >= time,
    };
    let mut progress = progress::Campaign::new(clock, until);
    let mut reach = Reach::default();
    let mut done = 0;
    for case in args.case.unwrap_or(0).. {
        let found = campaign.case(case, &mut reach);
        done += 1;
        if let Some(found) = found {
            return report(args, &found, done, clock.elapsed(), progress, &interrupt);
        }
        if is_over(done) || interrupt.came() {
            break;
        }
        progress.advance(done);
    }
    drop(progress);
    say(format_args!(
        "{}{} cases in {:.1} s, {:.0} a second: all rules held",
        if interrupt.came() { "stopped: " } else { "" },
        done,
        clock.elapsed().as_secs_f64(),
        per_second(done, clock.elapsed())
    ));
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
    say(format_args!("plan:    {}\nagain:   y2w sim {} --story", args.out.display(), args.out.display()));
    OK
}

fn print_reach(reach: &Reach) {
    put(reached(reach));
    let missed = Reached::ALL.into_iter().filter(|(what, _)| reach.count(*what) == 0);
    let missed: Vec<&str> = missed.map(|(_, name)| name).collect();
    if !missed.is_empty() {
        say(format_args!("never reached: {}", missed.join(", ")));
    }
}

fn report(
    args: &FuzzArgs,
    found: &Found,
    cases: u64,
    elapsed: Duration,
    progress: progress::Campaign,
    interrupt: &Interrupt,
) -> u8 {
    let rule = found.anomaly.rule;
    progress.tell(&format!("case {} breaks {rule}: shrinking", found.case));
    // Who does not want to wait has the smallest one so far.
    let breaks_it = |plan: &Plan| !interrupt.came() && breaks(plan, rule);
    let small = shrink(&found.plan, breaks_it);
    drop(progress);
    let mut run = simulate(&small.plan, Keep { story: true, hash: true });
    // What was looked for comes first.
    run.verdict.anomalies.sort_by_key(|anomaly| anomaly.rule != rule);
    let why = run.verdict.anomalies.first().map_or(&*found.anomaly.text, |anomaly| &*anomaly.text);
    let again = again(args, found.case);
    let plan = small.plan.to_toml(&format!("{rule}: {why}\nFound by {again}"));

    say(format_args!(
        "case {} breaks {rule}, after {:.1} s and {}; shrunk to {} and {} in {}\n",
        found.case,
        elapsed.as_secs_f64(),
        count(usize::try_from(cases).unwrap_or(usize::MAX), "case"),
        count(small.plan.steps.len(), "step"),
        count(small.plan.faults.len(), "fault"),
        count(small.plays, "play"),
    ));
    say(format_args!("{}\n{plan}\n{}", prose(&small.plan, &run), extent(&small.plan, &run)));
    let diagram = beside(&args.out);
    let written = std::fs::write(&args.out, &plan)
        .map_err(|error| format!("cannot write {}: {error}", args.out.display()))
        .and_then(|()| draw(&small.plan, &run, &diagram));
    if let Err(error) = written {
        eprintln!("y2w: {error}");
        return ENVIRONMENT;
    }
    say(format_args!("plan:    {}", args.out.display()));
    say(format_args!("diagram: {}", diagram.display()));
    say(format_args!("again:   y2w sim {} --story", args.out.display()));
    BROKEN
}

/// Where the diagram of a plan goes that is written there: never to the plan's own place.
fn beside(plan: &Path) -> PathBuf {
    if plan.extension().is_some_and(|extension| extension == "toml") {
        return plan.with_extension("svg");
    }
    let mut name = plan.as_os_str().to_owned();
    name.push(".svg");
    name.into()
}

/// The command that plays a case again.
fn again(args: &FuzzArgs, case: u64) -> String {
    format!("y2w fuzz --{} --case {case}", of_campaign(args, " --"))
}

/// What a campaign is made from, in the command line's words.
fn of_campaign(args: &FuzzArgs, between: &str) -> String {
    let mut words = vec![format!("seed {}", args.seed)];
    let profile = args.profile.to_possible_value().filter(|_| args.profile != Profile::All);
    words.extend(profile.map(|profile| format!("profile {}", profile.get_name())));
    words.extend(args.quirk.iter().map(|quirk| format!("quirk {quirk}")));
    words.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagram_is_written_beside_its_plan() {
        for (plan, diagram) in
            [("a/found.toml", "a/found.svg"), ("/tmp/tmp.x7", "/tmp/tmp.x7.svg"), ("a.svg", "a.svg.svg")]
        {
            assert_eq!(beside(Path::new(plan)), Path::new(diagram));
        }
    }
}
