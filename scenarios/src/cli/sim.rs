//! `y2w sim`: plays a plan in the simulated world and says whether all rules held.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::{BROKEN, OK, USAGE};
use crate::fuzz::{Simulated, simulate};
use crate::history::{Happening, Keep, What};
use crate::plan::{Actor, Plan};

#[derive(Args)]
pub(super) struct SimArgs {
    #[command(flatten)]
    plan: PlanArgs,

    /// Play it with so many seeds, each twice, and compare all that happens
    #[arg(long, value_name = "SEEDS")]
    verify_determinism: Option<u64>,
}

/// Which plan, with which changes, and what is to be shown of it.
#[derive(Args)]
pub(super) struct PlanArgs {
    /// The plan, a TOML file; scenarios/plans has some
    #[arg(value_name = "PLAN")]
    file: PathBuf,

    /// Another seed than the plan's
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Another quirk of the server, beside the plan's; can be given again
    #[arg(long, value_name = "NAME[=RATE]")]
    quirk: Vec<String>,

    /// Print everything that happens
    #[arg(long)]
    story: bool,
}

impl PlanArgs {
    /// The plan, checked; or the exit code, and what is wrong is said.
    pub(super) fn read(&self) -> Result<Plan, u8> {
        let mut plan = Plan::read(&self.file).map_err(|error| usage(&error.to_string()))?;
        plan.seed = self.seed.unwrap_or(plan.seed);
        plan.quirks.extend_from_slice(&self.quirk);
        plan.check().map_err(|error| usage(&error.to_string()))?;
        Ok(plan)
    }
}

pub(super) fn sim(args: &SimArgs) -> u8 {
    let plan = match args.plan.read() {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    match args.verify_determinism {
        Some(seeds) => verify_determinism(&plan, seeds),
        None => show(&plan, &simulate(&plan, Keep { story: true, hash: true }), &args.plan),
    }
}

/// Prints what became of a plan; the answer is the exit code.
pub(super) fn show(plan: &Plan, run: &Simulated, args: &PlanArgs) -> u8 {
    if args.story {
        print!("{}", story(plan, &run.story));
    }
    for (id, why) in run.played.iter().flat_map(|played| &played.not_inflicted) {
        let fault = plan.faults.iter().find(|fault| fault.id == *id);
        let what = fault.and_then(|fault| toml::Value::try_from(&fault.what).ok());
        println!(
            "not inflicted: fault {id}, {}: {why}",
            what.map(|what| what.to_string()).unwrap_or_default()
        );
    }
    print!("{}", verdict(plan, run));
    if run.verdict.anomalies.is_empty() { OK } else { BROKEN }
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
        "{}: {} steps, {} faults, {} things happened; seed {}{}{}",
        if run.verdict.anomalies.is_empty() { "all rules held" } else { "rules were broken" },
        plan.steps.len(),
        plan.faults.len(),
        run.happenings,
        plan.seed,
        run.hash.map_or_else(String::new, |hash| format!(", trace {hash:016x}")),
        run.played.as_ref().map_or_else(String::new, |played| format!(", end {:016x}", played.digest())),
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
