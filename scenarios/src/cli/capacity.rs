//! `y2w capacity`: the highest load that holds.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::cli::say;
use y2w_reports::format;
use y2w_reports::model::{Outcome as Word, RunResult};
use y2w_sdk::clock::Clock;

use super::progress::Terminal;
use super::run::{LoadArgs, failed, on_a_server, server_in_words, settings, write};
use super::{BROKEN, INTERRUPTED, INVALID, OK, interrupt, print_json};
use crate::load::capacity::{Answer, Bounds, Search};
use crate::load::workload::{Arrival, Threshold};
use crate::load::{Environment, RunError, Settings};

pub(super) const EXAMPLES: &str = "\
Examples:
  y2w capacity -w p2p-steady                                the highest rate of p2p messages that this machine holds
  y2w capacity -w groups --threshold 'send_synced.p99 < 500ms'
  y2w capacity --by users --budget 30m --target http://127.0.0.1:8080

Exit codes: 0 an interval was found, or the limit was not reached; 1 not even the first load holds; 2 wrong usage;
3 the server, or this machine, did not let it take place; 4 ended by Ctrl-C; 5 the limit is this machine's, not the server's";

/// What `y2w capacity` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct CapacityArgs {
    #[command(flatten)]
    load: LoadArgs,

    /// What has to hold, in place of the workload's thresholds, as `send_synced.p99 < 250ms`; may be given again
    #[arg(long, value_name = "CONDITION")]
    threshold: Vec<Threshold>,

    /// What grows: operations of all users per second, or the number of users at the workload's rate
    #[arg(long, value_enum, default_value_t = By::Rate)]
    by: By,

    /// The first load to try
    #[arg(long, default_value_t = 100.0, value_name = "NUMBER", value_parser = super::run::rate)]
    from: f64,

    /// The highest load to try
    #[arg(long, default_value_t = 100_000.0, value_name = "NUMBER", value_parser = super::run::rate)]
    to: f64,

    /// How narrow the answer is to be, in percent of the load
    #[arg(long, default_value_t = 10, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    precision: u32,

    /// How often a load near the limit is tried; most of the trials decide
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    trials: u32,

    /// How long the phases of one trial take
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    trial: Duration,

    /// How long it may take in all; then it answers what it knows
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Duration,
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum By {
    /// Operations of all users together, per second.
    Rate,
    /// Users.
    Users,
}

/// One trial, as it is told.
#[derive(Clone, Debug, Serialize)]
struct Trial {
    load: f64,
    held: bool,
    /// Why not.
    why: String,
    stored_per_s: f64,
    synced_p99_us: u64,
    /// The folder of its report.
    report: PathBuf,
}

/// Everything, for machines.
#[derive(Clone, Debug, Serialize)]
struct Found {
    by: By,
    #[serde(flatten)]
    answer: Answer,
    /// Whether the interval is as narrow as it was to be.
    complete: bool,
    /// Whether the trial that set the limit failed since the generator could not keep up.
    limited_by_generator: bool,
    seconds: f64,
    trials: Vec<Trial>,
}

/// The answer is the exit code.
pub(super) fn run(runtime: &Runtime, args: &CapacityArgs) -> u8 {
    if args.from > args.to {
        return failed(&RunError::Settings(format!("--from {} is above --to {}", args.from, args.to)));
    }
    let stop = interrupt::token(runtime);
    if args.by == By::Rate && args.load.rate.is_some() {
        return failed(&RunError::Settings(
            "--rate is what is looked for: leave it out, or take --by users".to_owned(),
        ));
    }
    let found = match runtime.block_on(search(args, &stop)) {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    if args.load.json {
        print_json(&found);
    } else {
        say(format_args!("\n{}\n\n{}", table(&found), sentence(&found)));
    }
    match found.answer {
        _ if stop.is_cancelled() => INTERRUPTED,
        _ if found.limited_by_generator => INVALID,
        Answer { holds: None, fails: Some(_) } => BROKEN,
        _ => OK,
    }
}

async fn search(args: &CapacityArgs, stop: &CancellationToken) -> Result<Found, RunError> {
    let clock = Clock::system();
    let precision = f64::from(args.precision) / 100.0;
    let mut search = Search::new(Bounds { from: args.from, to: args.to, precision, trials: args.trials });
    let mut trials: Vec<Trial> = Vec::new();
    let mut limited_by_generator = false;
    let mut longest = args.trial;
    while let Some(load) = search.next() {
        // A trial that does not fit any more is not begun, so that the budget holds.
        if stop.is_cancelled() || clock.elapsed() + longest > args.budget {
            break;
        }
        let begun = clock.elapsed();
        eprintln!("trial {}: {}", trials.len() + 1, in_words(args.by, load));
        let (result, report) = trial(args, load, trials.len(), stop).await?;
        if stop.is_cancelled() {
            break;
        }
        longest = longest.max(clock.elapsed() - begun);
        let held = result.verdict.outcome == Word::Passed;
        let before = search.answer();
        search.tell(held);
        if search.answer().fails != before.fails {
            limited_by_generator = result.verdict.outcome == Word::Invalid;
        }
        let why = if held { String::new() } else { why(&result) };
        let synced_p99_us = result.latencies.first().map_or(0, |latency| latency.quantiles.p99);
        let stored_per_s = result.totals.stored as f64 / result.duration_s.max(1e-6);
        eprintln!("  {}", if held { "holds" } else { &why });
        trials.push(Trial { load, held, why, stored_per_s, synced_p99_us, report });
    }
    Ok(Found {
        by: args.by,
        answer: search.answer(),
        complete: search.next().is_none(),
        limited_by_generator,
        seconds: clock.elapsed().as_secs_f64(),
        trials,
    })
}

async fn trial(
    args: &CapacityArgs,
    load: f64,
    number: usize,
    stop: &CancellationToken,
) -> Result<(RunResult, PathBuf), RunError> {
    let clock = Clock::system();
    let started_at = clock.now().to_string();
    let seed = args.load.seed.map_or_else(|| clock.micros(), |seed| seed.wrapping_add(number as u64));
    let run_id = format!("{}-capacity-{number}", started_at.replace([':', '.'], "-"));
    let settings = under(args, load, seed, run_id.clone())?;
    let outcome = on_a_server(&args.load, &settings, &Terminal::new(clock), clock, stop).await?;
    if outcome.operations() == 0 && !stop.is_cancelled() {
        return Err(RunError::Settings(format!(
            "nothing was due within {} at {}, so the trial shows nothing: make trials longer (--trial), or begin higher \
             (--from)",
            humantime::format_duration(settings.workload.length()),
            in_words(args.by, load)
        )));
    }
    let environment = Environment {
        run_id: run_id.clone(),
        started_at,
        command: format!("y2w capacity --workload {} (at {})", args.load.workload, in_words(args.by, load)),
        target: server_in_words(&args.load),
    };
    let folder = args.load.out.join(run_id);
    let (result, _) = write(&folder, outcome, &settings, environment)?;
    Ok((result, folder))
}

/// The settings of a trial under this load.
fn under(args: &CapacityArgs, load: f64, seed: u64, run_id: String) -> Result<Settings, RunError> {
    let mut run = args.load.clone();
    run.duration = Some(run.duration.unwrap_or(args.trial));
    if args.by == By::Users {
        run.users = Some(load.round() as usize);
    }
    let mut settings = settings(&run, seed, run_id)?;
    if args.by == By::Rate {
        let rate = load / settings.workload.population.users as f64;
        settings.workload.arrival = match settings.workload.arrival {
            Arrival::Open { process, .. } => Arrival::Open { rate, process },
            Arrival::Closed { .. } => Arrival::Open { rate, process: Default::default() },
        };
    }
    if !args.threshold.is_empty() {
        settings.workload.thresholds.clone_from(&args.threshold);
    }
    settings.workload.check().map_err(|e| RunError::Settings(e.to_string()))?;
    Ok(settings)
}

fn why(result: &RunResult) -> String {
    let missed = result.thresholds.iter().find(|t| !t.held).map(|t| format!("{}: {}", t.text, t.actual));
    match result.verdict.outcome {
        Word::Invalid => {
            result.verdict.reasons.first().cloned().unwrap_or_else(|| result.verdict.summary.clone())
        }
        _ => missed.unwrap_or_else(|| result.verdict.summary.clone()),
    }
}

fn in_words(by: By, load: f64) -> String {
    match by {
        By::Rate => format!("{} operations a second", format::decimal(load, 0)),
        By::Users => format!("{} users", format::decimal(load, 0)),
    }
}

fn sentence(found: &Found) -> String {
    let words = |load| in_words(found.by, load);
    let answer = match found.answer {
        Answer { holds: Some(holds), fails: Some(fails) } => {
            format!("{} hold, {} do not", words(holds), words(fails))
        }
        Answer { holds: Some(holds), fails: None } if found.complete => {
            format!("not reached: {} hold, and no more was to be tried (--to)", words(holds))
        }
        Answer { holds: Some(holds), fails: None } => format!("not reached: {} hold", words(holds)),
        Answer { holds: None, fails: Some(fails) } => {
            format!("not even {} hold: begin lower, with --from", words(fails))
        }
        Answer { holds: None, fails: None } => "no trial came to an end within the budget".to_owned(),
    };
    let limit = if found.limited_by_generator {
        ". The limit is this machine's: the generator could not keep its schedule; more cores, or shards, would tell more"
    } else {
        ""
    };
    let narrow = if found.complete { "" } else { "; the budget, or Ctrl-C, ended the search" };
    format!("{answer}{narrow}{limit}. {} trials, {}", found.trials.len(), format::seconds(found.seconds))
}

fn table(found: &Found) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["load", "", "messages/s", "synced p99", ""]);
    let mut trials: Vec<&Trial> = found.trials.iter().collect();
    trials.sort_by(|a, b| a.load.total_cmp(&b.load));
    for trial in trials {
        table.add_row([
            format::decimal(trial.load, 0),
            if trial.held { "holds" } else { "fails" }.to_owned(),
            format::decimal(trial.stored_per_s, 0),
            format::micros(trial.synced_p99_us),
            trial.why.clone(),
        ]);
    }
    for column in [0, 2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(holds: Option<f64>, fails: Option<f64>, complete: bool) -> Found {
        let answer = Answer { holds, fails };
        let trials = Vec::new();
        Found { by: By::Rate, answer, complete, limited_by_generator: false, seconds: 60.0, trials }
    }

    #[test]
    fn every_answer_is_a_sentence() {
        for (found, says) in [
            (
                found(Some(800.0), Some(880.0), true),
                "800 operations a second hold, 880 operations a second do not.",
            ),
            (found(Some(800.0), Some(1_600.0), false), "do not; the budget, or Ctrl-C, ended the search."),
            (found(Some(800.0), None, true), "not reached: 800 operations a second hold, and no more"),
            (found(None, Some(100.0), true), "not even 100 operations a second hold"),
            (found(None, None, false), "no trial came to an end"),
        ] {
            let sentence = sentence(&found);
            assert!(sentence.contains(says), "{sentence}");
        }
    }
}
