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

    #[command(flatten)]
    determinism: DeterminismArgs,
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
    let seed = |n: u64| plan.seed.wrapping_add(n);
    let verified =
        args.determinism.verify(|n| Plan { seed: seed(n), ..plan.clone() }, |n| format!("seed {}", seed(n)));
    if let Some(code) = verified {
        return code;
    }
    let run = simulate(&plan, Keep { story: true, hash: true });
    if args.story {
        print!("{}", story(&plan, &run.story));
    }
    print!("{}{}", prose(&plan, &run), reached(&run.verdict.reached));
    let is_broken = !run.verdict.anomalies.is_empty();
    println!("{}: {}", if is_broken { "rules were broken" } else { "all rules held" }, extent(&plan, &run));
    if let Some(file) = &args.diagram {
        if let Err(error) = draw(&plan, &run, file) {
            eprintln!("y2w: {error}");
            return ENVIRONMENT;
        }
        println!("diagram: {}", file.display());
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
