//! `y2w replay`: plays a plan where it is told to, and says whether all rules held.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use y2w_mock_server::cli::say;
use y2w_sdk::ConfigError;

use super::progress::Terminal;
use super::sim::{PlanArgs, show};
use super::{ENVIRONMENT, USAGE};
use crate::fuzz::{Simulated, judged, simulate};
use crate::history::Keep;
use crate::load::Progress;
use crate::plan::Plan;
use crate::world::{Embedded, Remote, World};

#[derive(Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    plan: PlanArgs,

    /// Where to play it
    #[arg(long, value_name = "WORLD")]
    world: Where,

    /// The server to play it on, as `http://127.0.0.1:8080`, with `--world remote`
    #[arg(long, value_name = "URL", required_if_eq("world", "remote"))]
    target: Option<String>,

    /// The control API of that server, as `http://127.0.0.1:8090`, for what only an operator can inflict
    #[arg(long, value_name = "URL", requires = "target")]
    control: Option<String>,
}

/// The worlds there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Where {
    /// In virtual time, without sockets; `y2w sim` is short for it
    Sim,
    /// In real time, on a mock server started for it on loopback sockets
    Embedded,
    /// In real time, on the server at --target
    Remote,
}

/// Plays the plan; the answer is the exit code.
pub(super) fn replay(runtime: &Runtime, args: &ReplayArgs) -> u8 {
    let plan = match args.plan.read() {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    if let Some(target) = args.target.as_ref().filter(|_| args.world != Where::Remote) {
        eprintln!("y2w: --target {target} is for --world remote");
        return USAGE;
    }
    let keep = Keep { story: true, hash: false };
    match (args.world, &args.target) {
        (Where::Embedded, _) => match runtime.block_on(Embedded::start(&plan)) {
            Ok(world) => show(&plan, &runtime.block_on(watched(&plan, Arc::new(world), keep)), &args.plan),
            Err(error) => {
                eprintln!("y2w: {error}");
                ENVIRONMENT
            }
        },
        (Where::Remote, Some(target)) => remote(runtime, args, target, &plan, keep),
        (Where::Sim, _) | (Where::Remote, None) => {
            show(&plan, &simulate(&plan, Keep { hash: true, ..keep }), &args.plan)
        }
    }
}

fn remote(runtime: &Runtime, args: &ReplayArgs, target: &str, plan: &Plan, keep: Keep) -> u8 {
    // Within the runtime, whose clock the world's is.
    let _inside = runtime.enter();
    let world = match Remote::new(target, args.control.as_deref(), plan.seed) {
        Ok(world) => world,
        Err(error) => {
            let ConfigError::BaseUrl { url, .. } = &error;
            let option = if url == target { "--target" } else { "--control" };
            eprintln!("y2w: {option}: {error}");
            return USAGE;
        }
    };
    say(format_args!(
        "run {}: the accounts have it in their names; it is drawn from the seed {} and the time of day",
        world.run(),
        plan.seed
    ));
    if !plan.quirks.is_empty() {
        say(format_args!("not inflicted: the quirks {}: {target} has its own", plan.quirks.join(", ")));
    }
    if plan.neighbour {
        say(format_args!("not played: what the other app does: of {target} one app is known"));
    }
    let run = runtime.block_on(watched(plan, Arc::new(world), keep));
    match &run.not_played {
        Some(error) => {
            eprintln!("y2w: {target}: {error}");
            ENVIRONMENT
        }
        None => show(plan, &run, &args.plan),
    }
}

/// Plays a plan in real time, and shows how far it is.
async fn watched(plan: &Plan, world: Arc<dyn World>, keep: Keep) -> Simulated {
    let clock = world.clock();
    let terminal = Terminal::new(clock);
    let ticking = async {
        let end = plan.end().duration().as_secs();
        terminal.phase("playing, in seconds", end);
        let began = clock.elapsed();
        loop {
            tokio::time::sleep(EVERY).await;
            let played = (clock.elapsed() - began).as_secs();
            terminal.advance(played.min(end));
            if played > end {
                break;
            }
        }
        terminal.phase("waiting until everybody is at rest", 0);
        std::future::pending::<Infallible>().await
    };
    tokio::select! { biased;
        run = judged(plan, &world, keep) => run,
        never = ticking => match never {},
    }
}

/// How often it is shown how far a play is.
const EVERY: Duration = Duration::from_secs(1);
