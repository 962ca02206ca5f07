//! `y2w sim`: plays a plan in the simulated world and says whether all rules held.

use std::path::{Path, PathBuf};

use clap::Args;

use super::determinism::DeterminismArgs;
use super::story::{extent, prose, reached, story};
use super::{BROKEN, ENVIRONMENT, OK, USAGE};
use crate::diagram;
use crate::fuzz::{Simulated, simulate};
use crate::history::Keep;
use crate::plan::Plan;
use y2w_mock_server::cli::{put, say};

#[derive(Args)]
pub(super) struct SimArgs {
    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    determinism: DeterminismArgs,
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

    /// Draw what happens into this file, as a sequence diagram (SVG)
    #[arg(long, value_name = "FILE")]
    diagram: Option<PathBuf>,
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
    let seed = |n: u64| plan.seed.wrapping_add(n);
    let verified =
        args.determinism.verify(|n| Plan { seed: seed(n), ..plan.clone() }, |n| format!("seed {}", seed(n)));
    if let Some(code) = verified {
        return code;
    }
    show(&plan, &simulate(&plan, Keep { story: true, hash: true }), &args.plan)
}

/// Prints what became of a plan; the answer is the exit code.
pub(super) fn show(plan: &Plan, run: &Simulated, args: &PlanArgs) -> u8 {
    if args.story {
        put(story(plan, &run.story));
    }
    for (id, why) in run.played.iter().flat_map(|played| &played.not_inflicted) {
        let fault = plan.faults.iter().find(|fault| fault.id == *id);
        let what = fault.and_then(|fault| toml::Value::try_from(&fault.what).ok());
        say(format_args!(
            "not inflicted: fault {id}, {}: {why}",
            what.map(|what| what.to_string()).unwrap_or_default()
        ));
    }
    put(format_args!("{}{}", prose(plan, run), reached(&run.verdict.reached)));
    let is_broken = !run.verdict.anomalies.is_empty();
    say(format_args!(
        "{}: {}",
        if is_broken { "rules were broken" } else { "all rules held" },
        extent(plan, run)
    ));
    if let Some(file) = &args.diagram {
        if let Err(error) = draw(plan, run, file) {
            eprintln!("y2w: {error}");
            return ENVIRONMENT;
        }
        say(format_args!("diagram: {}", file.display()));
    }
    if is_broken { BROKEN } else { OK }
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
