//! `y2w sim`: plays a plan in the simulated world and says whether all rules held.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{BROKEN, ENVIRONMENT, OK, USAGE};
use crate::diagram;
use crate::fuzz::{Simulated, simulate};
use crate::history::{Happening, Keep, What};
use crate::plan::{Actor, Plan};

#[derive(Args)]
pub(super) struct SimArgs {
    /// The plan, a TOML file; scenarios/plans has some
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// Another seed than the plan's
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Another quirk of the server, beside the plan's; can be given again
    #[arg(long, value_name = "NAME[=RATE]")]
    quirk: Vec<String>,

    /// Print everything that happens
    #[arg(long)]
    story: bool,

    /// Draw what happens into this file, as a sequence diagram (SVG)
    #[arg(long, value_name = "FILE")]
    diagram: Option<PathBuf>,

    /// Play it with so many seeds, each twice, and compare all that happens
    #[arg(long, value_name = "SEEDS")]
    verify_determinism: Option<u64>,
}

pub(super) fn sim(args: SimArgs) -> u8 {
    let mut plan = match Plan::read(&args.plan) {
        Ok(plan) => plan,
        Err(error) => return usage(&error.to_string()),
    };
    plan.seed = args.seed.unwrap_or(plan.seed);
    plan.quirks.extend(args.quirk);
    if let Err(error) = plan.check() {
        return usage(&error.to_string());
    }
    if let Some(seeds) = args.verify_determinism {
        return verify_determinism(&plan, seeds);
    }
    let run = simulate(&plan, Keep { story: true, hash: true });
    if args.story {
        print!("{}", story(&plan, &run.story));
    }
    print!("{}", verdict(&plan, &run));
    if let Some(file) = &args.diagram {
        if let Err(error) = draw(&plan, &run, file) {
            eprintln!("y2w: {error}");
            return ENVIRONMENT;
        }
        println!("drawn: {}", file.display());
    }
    if run.verdict.anomalies.is_empty() { OK } else { BROKEN }
}

/// Writes a run's sequence diagram.
pub(super) fn draw(plan: &Plan, run: &Simulated, file: &Path) -> Result<(), String> {
    let svg = diagram::diagram(plan, run).svg().map_err(|error| error.to_string())?;
    std::fs::write(file, svg).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn usage(error: &str) -> u8 {
    eprintln!("y2w: {error}");
    USAGE
}

/// What was found, and with which hash the run can be compared.
pub(super) fn verdict(plan: &Plan, run: &Simulated) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    for anomaly in &run.verdict.anomalies {
        let _ = writeln!(text, "BROKEN  {}  {}", anomaly.rule, anomaly.text);
        for witness in &anomaly.witnesses {
            let number = usize::try_from(*witness).unwrap_or(usize::MAX);
            if let Some(happening) = run.story.get(number) {
                let _ = writeln!(text, "        #{number}  {}", line(plan, &run.story, happening));
            }
        }
    }
    let _ = writeln!(
        text,
        "{}: {} steps, {} faults, {} things happened; seed {}, trace {:016x}",
        if run.verdict.anomalies.is_empty() { "all rules held" } else { "rules were broken" },
        plan.steps.len(),
        plan.faults.len(),
        run.happenings,
        plan.seed,
        run.hash.unwrap_or(0),
    );
    text
}

fn story(plan: &Plan, happenings: &[Happening]) -> String {
    let mut text = String::new();
    for (number, happening) in happenings.iter().enumerate() {
        let _ = writeln!(text, "#{number}  {}", line(plan, happenings, happening));
    }
    text
}

/// One thing that happened, on a line: when since the beginning, to whom, what.
fn line(plan: &Plan, all: &[Happening], happening: &Happening) -> String {
    let since = happening.at - all.first().map_or(0, |first| first.at);
    let device = happening.device.and_then(|device| plan.devices().nth(device));
    let who = device.as_ref().map_or_else(|| "-".to_owned(), Actor::to_string);
    let what = match &happening.what {
        What::Request { call, method, path, since } => {
            let since = since.map_or_else(String::new, |since| format!(" since {since}"));
            format!("{method} {path}{since} (request {call})")
        }
        What::Answer { call, status: Some(status) } => format!("{} to request {call}", status.as_u16()),
        What::Answer { call, status: None } => format!("no answer to request {call}"),
        What::Told(event) => format!("{event:?}"),
        what => format!("{what:?}"),
    };
    format!("{:>10.3} s  {who:<12} {what}", since as f64 / 1e6)
}

fn verify_determinism(plan: &Plan, seeds: u64) -> u8 {
    for seed in plan.seed..plan.seed.saturating_add(seeds) {
        let plan = Plan { seed, ..plan.clone() };
        let keep = Keep { story: false, hash: true };
        let (one, other) = (simulate(&plan, keep), simulate(&plan, keep));
        if one.hash != other.hash {
            println!("seed {seed} gives two stories: {:?} and {:?}", one.hash, other.hash);
            return BROKEN;
        }
    }
    println!("{seeds} seeds, each played twice: the same story each time");
    OK
}
