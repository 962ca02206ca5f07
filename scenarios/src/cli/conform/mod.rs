//! `y2w conform`: whether a server keeps the protocol, rule by rule.

mod mutants;
mod show;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use y2w_mock_server::cli::put;
use y2w_mock_server::quirks::Profile;
use y2w_reports::conformance::{Conformance, SCHEMA, Standing};
use y2w_sdk::clock::Clock;

use super::{BROKEN, ENVIRONMENT, OK, USAGE};
use crate::conformance::report::{About, is_recorded, recording_name, report};
use crate::conformance::{
    Baseline, Case, Recording, Result, Target, TargetFile, Together, Verdict, all, coverage, run,
};
use crate::plan::Plan;
use crate::world::{Embedded, Sim, in_virtual_time};
use show::Progress;

/// The cases themselves, or what is tested with them, went wrong.
const HARNESS: u8 = 4;

/// Cases that run beside each other on sockets.
const AT_ONCE: usize = 16;

pub(super) const EXAMPLES: &str = concat!(
    "\
Examples:
  y2w conform                                     the mock server on loopback sockets
  y2w conform --world sim --case push             the cases about push sessions, in virtual time
  y2w conform --target target.toml                somebody's server
  y2w conform --target target.toml --baseline known.toml
  y2w conform --rejudge FILE                      judge a recorded case again, without the server
  y2w conform --mutants                           which cases notice which broken rule

Exit codes:
  0  as expected: nothing is broken but what the baseline knows
  1  a rule is broken, a known failure passes, or the baseline's day for it is over
  2  wrong usage
  3  the target cannot be reached, or a case could say nothing about it
  4  a case itself went wrong

A target's file:

",
    include_str!("../../../../docs/conform-target.toml"),
    "\nA baseline:\n\n",
    include_str!("../../../../docs/conform-known.toml")
);

#[derive(Args)]
pub(super) struct ConformArgs {
    /// Where the mock server is: on loopback sockets, or in this thread and in virtual time
    #[arg(long, value_name = "WORLD", default_value = "embedded")]
    world: Where,

    /// Test the server that this file tells of
    #[arg(long, value_name = "FILE", conflicts_with_all = ["world", "quirk", "profile"])]
    target: Option<PathBuf>,

    /// Run the cases whose names begin so, as `accounts` or `accounts.login`; can be given again
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,

    /// Break a rule in the mock server on purpose, to see which cases notice; can be given again
    #[arg(long, value_name = "NAME[=RATE]")]
    quirk: Vec<String>,

    /// Have the mock server do all that a known server does
    #[arg(long, value_name = "NAME")]
    profile: Option<Profile>,

    /// Cases beside each other [default: 16, or what the target's file says; 1 in virtual time]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    at_once: Option<u32>,

    /// Run everything so often, and tell for each case how often it came to what
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,

    /// Failures that are known, each with a reason and a day; see below
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write what fails now as a baseline; its reasons are left for you to fill in
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,

    /// The folder that each run's folder is made in, with its reports and recordings
    #[arg(long, default_value = "reports/out", value_name = "DIR")]
    out: PathBuf,

    /// Print the result as JSON instead of the summary
    #[arg(long)]
    json: bool,

    /// Judge a recorded case again, without a server; can be given again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "cases", "quirk", "profile", "mutants"])]
    rejudge: Vec<PathBuf>,

    /// Run the suite against each quirk of the mock server, in virtual time; with --quirk, against these
    #[arg(long, conflicts_with_all = ["target", "profile", "repeat", "baseline", "write_baseline"])]
    mutants: bool,

    /// Print which cases there are for each rule, or why there is none, and run nothing
    #[arg(long)]
    coverage: bool,

    /// Print the names of the cases that would run, and run none
    #[arg(long)]
    list: bool,

    /// Print the JSON Schema of conformance.json
    #[arg(long)]
    schema: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Where {
    /// In this process, on loopback sockets
    Embedded,
    /// In virtual time, without sockets
    Sim,
}

/// Why nothing was run, and the exit code.
struct NotRun(u8, String);

pub(super) fn conform(runtime: &Runtime, args: &ConformArgs) -> u8 {
    carry_out(runtime, args).unwrap_or_else(|NotRun(code, why)| {
        eprintln!("y2w: {why}");
        code
    })
}

fn carry_out(runtime: &Runtime, args: &ConformArgs) -> std::result::Result<u8, NotRun> {
    if args.schema {
        put(SCHEMA);
        return Ok(OK);
    }
    if args.coverage {
        put(coverage::matrix());
        return Ok(OK);
    }
    if !args.rejudge.is_empty() {
        return rejudge(&args.rejudge);
    }
    let cases = chosen(&args.cases)?;
    if args.list {
        put(cases.iter().map(|case| case.title() + "\n").collect::<String>());
        return Ok(OK);
    }
    if args.mutants {
        return mutants::mutants(&args.quirk, &cases, &args.out);
    }
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose();
    let baseline = baseline.map_err(|error| NotRun(USAGE, error.to_string()))?.unwrap_or_default();
    let clock = Clock::system();
    let (about, results) = run_all(runtime, args, &cases)?;
    let about = About { duration_s: clock.elapsed().as_secs_f64(), ..about };
    let told = report(&about, &results, &baseline);
    if let Some(file) = &args.write_baseline {
        let text = Baseline::of_results(&results, clock.now().as_millis());
        std::fs::write(file, text)
            .map_err(|why| NotRun(ENVIRONMENT, format!("cannot write {}: {why}", file.display())))?;
    }
    let files = write(&args.out, &about, &told, &results)?;
    if args.json {
        let text = y2w_reports::conformance::render("conformance.json", &told);
        match text.unwrap_or_else(|| Ok(String::new())) {
            Ok(text) => put(&text),
            Err(error) => return Err(NotRun(HARNESS, error.to_string())),
        }
    } else {
        put(show::summary(&told, &files));
    }
    Ok(exit(&told))
}

/// The cases that are meant.
fn chosen(names: &[String]) -> std::result::Result<Vec<Case>, NotRun> {
    let all = all();
    for name in names {
        if !all.iter().any(|case| case.title().starts_with(name.as_str())) {
            let why = format!("there is no case that begins with {name}; `y2w conform --list` names all");
            return Err(NotRun(USAGE, why));
        }
    }
    let is_meant =
        |case: &Case| names.is_empty() || names.iter().any(|name| case.title().starts_with(name.as_str()));
    Ok(all.into_iter().filter(is_meant).collect())
}

/// Runs the cases as often as is asked for.
fn run_all(
    runtime: &Runtime,
    args: &ConformArgs,
    cases: &[Case],
) -> std::result::Result<(About, Vec<Result>), NotRun> {
    let clock = Clock::system();
    let started_at = clock.now().to_string();
    let is_slow = args.target.is_some() || args.world != Where::Sim;
    let all = cases.len() * args.repeat as usize;
    let mut progress = Progress::new(clock, all, is_slow, (!args.json).then(|| ways(args)));
    let mut about = About {
        run_id: format!("conform-{}", started_at.replace([':', '.'], "-")),
        started_at,
        duration_s: 0.0,
        target: String::new(),
        ways: ways(args),
        command: command(args),
        cores: std::thread::available_parallelism()
            .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
    };
    let at_once = |or: usize| args.at_once.map_or(or, |count| count as usize);
    let mut runs = Together::default();
    match (&args.target, args.world) {
        (Some(file), _) => {
            let file = TargetFile::read(file).map_err(|error| NotRun(USAGE, error.to_string()))?;
            let TargetFile { target, run: id, at_once: beside } = file;
            runtime.block_on(target.sign_of_life()).map_err(|why| {
                NotRun(ENVIRONMENT, format!("the target at {} cannot be reached: {why}", target.name()))
            })?;
            target.name().clone_into(&mut about.target);
            for time in 0..args.repeat {
                let id = format!("{id}-{time}");
                let beside = at_once(beside.unwrap_or(AT_ONCE));
                runs.add(runtime.block_on(run(cases, &target, &id, beside, |event| progress.tell(event))));
            }
        }
        (None, Where::Sim) => {
            let plan = plan(args)?;
            // In one thread one after the other is as fast, and always in the same order.
            for _ in 0..args.repeat {
                let results = in_virtual_time(async {
                    let target = Target::in_virtual_time(Arc::new(Sim::new(&plan)));
                    target.name().clone_into(&mut about.target);
                    run(cases, &target, "sim", at_once(1), |event| progress.tell(event)).await
                });
                runs.add(results);
            }
        }
        (None, Where::Embedded) => {
            let world = runtime.block_on(Embedded::start(&plan(args)?));
            let world = world.map_err(|error| NotRun(ENVIRONMENT, error.to_string()))?;
            let target = Target::on_sockets(Arc::new(world));
            target.name().clone_into(&mut about.target);
            for time in 0..args.repeat {
                let id = format!("run{time}");
                let beside = at_once(AT_ONCE);
                runs.add(runtime.block_on(run(cases, &target, &id, beside, |event| progress.tell(event))));
            }
        }
    }
    Ok((about, runs.results()))
}

/// The mock server that is asked for.
fn plan(args: &ConformArgs) -> std::result::Result<Plan, NotRun> {
    let of_profile = args.profile.map(Profile::quirks).unwrap_or_default();
    let names = of_profile.iter().map(|quirk| quirk.name().to_owned());
    let quirks: Vec<String> = names.chain(args.quirk.iter().cloned()).collect();
    Plan::of_server(&quirks).map_err(|error| NotRun(USAGE, error.to_string()))
}

/// The reports, and the recordings of what can be doubted.
fn write(
    out: &Path,
    about: &About,
    told: &Conformance,
    results: &[Result],
) -> std::result::Result<Vec<PathBuf>, NotRun> {
    let doubted = results.iter().filter(|result| is_recorded(result));
    let recordings = doubted.map(|result| {
        let recording = Recording::new(result);
        (recording_name(&result.case), recording.to_json())
    });
    y2w_reports::conformance::write(&out.join(&about.run_id), told, recordings.collect())
        .map_err(|error| NotRun(ENVIRONMENT, error.to_string()))
}

fn rejudge(files: &[PathBuf]) -> std::result::Result<u8, NotRun> {
    let mut results = Vec::new();
    for file in files {
        let named = |why: String| NotRun(USAGE, format!("{}: {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|why| named(why.to_string()))?;
        let recording = Recording::parse(&text).map_err(named)?;
        let result = in_virtual_time(recording.judge()).map_err(named)?;
        put(show::told(&result, ""));
        results.push(result);
    }
    let told = report(&About::default(), &results, &Baseline::default());
    Ok(exit(&told))
}

/// How to have the same server once more.
fn ways(args: &ConformArgs) -> String {
    let mut ways = String::new();
    if let Some(target) = &args.target {
        ways += &format!(" --target {}", target.display());
    }
    if args.world == Where::Sim {
        ways += " --world sim";
    }
    if let Some(profile) = args.profile.as_ref().and_then(ValueEnum::to_possible_value) {
        ways += &format!(" --profile {}", profile.get_name());
    }
    for quirk in &args.quirk {
        ways += &format!(" --quirk {quirk}");
    }
    ways
}

/// How to have the same run once more.
fn command(args: &ConformArgs) -> String {
    let cases = args.cases.iter().map(|case| format!(" --case {case}")).collect::<String>();
    let baseline = args.baseline.iter().map(|file| format!(" --baseline {}", file.display()));
    let repeat = if args.repeat > 1 { format!(" --repeat {}", args.repeat) } else { String::new() };
    format!("y2w conform{}{cases}{}{repeat}", ways(args), baseline.collect::<String>())
}

fn exit(told: &Conformance) -> u8 {
    let any = |outcome: Verdict| {
        told.cases.iter().any(|case| case.standing == Standing::Unexpected && case.outcome == outcome)
    };
    let is_stale = |standing| matches!(standing, Standing::UnexpectedPass | Standing::Expired);
    if any(Verdict::HarnessError) {
        HARNESS
    } else if any(Verdict::Fail) || told.cases.iter().any(|case| is_stale(case.standing)) {
        BROKEN
    } else if any(Verdict::Inconclusive) {
        ENVIRONMENT
    } else {
        OK
    }
}
