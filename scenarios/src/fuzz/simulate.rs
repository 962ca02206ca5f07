//! One plan, played and judged: in the simulated world, or in another.

use std::sync::Arc;

use futures_util::future::join;

use crate::chance;
use crate::history::{Happening, History, Keep};
use crate::judge::{Anomaly, Judge, Verdict};
use crate::plan::Plan;
use crate::play::{PlayError, Played, play};
use crate::world::{NextDoor, Sim, World, in_virtual_time};

/// What became of a plan.
#[derive(Debug)]
pub struct Simulated {
    /// What the judge says.
    pub verdict: Verdict,
    /// What everybody knows at the end; none if the plan could not be played to its end.
    pub played: Option<Played>,
    /// Why it could not.
    pub not_played: Option<PlayError>,
    /// Everything that happened, if it was to be kept.
    pub story: Vec<Happening>,
    /// A hash over everything that happened, if it was to be kept.
    pub hash: Option<u64>,
    /// How many things happened.
    pub happenings: u64,
}

/// The rule that a server breaks which does not let users be made, or what it knows be fetched.
const NOT_PLAYED: &str = "API-ERROR-SHAPE";

/// Plays a plan in the simulated world.
pub fn simulate(plan: &Plan, keep: Keep) -> Simulated {
    in_virtual_time(async {
        let world: Arc<dyn World> = Arc::new(Sim::new(plan));
        judged(plan, &world, keep).await
    })
}

/// Whether a plan breaks this rule in the simulated world.
pub fn breaks(plan: &Plan, rule: &str) -> bool {
    simulate(plan, Keep::default()).verdict.anomalies.iter().any(|anomaly| anomaly.rule == rule)
}

/// Plays a plan in any world, and next door what another app of the server is to do at the same time.
pub async fn judged(plan: &Plan, world: &Arc<dyn World>, keep: Keep) -> Simulated {
    let Some(url) = world.neighbour().filter(|_| plan.neighbour) else {
        return one_app(plan, world, keep).await;
    };
    let (theirs, next_door) =
        (plan.next_door(), Arc::new(NextDoor::new(world.clone(), url)) as Arc<dyn World>);
    let quiet = Keep { story: false, ..keep };
    let (mut run, other) = join(one_app(plan, world, keep), one_app(&theirs, &next_door, quiet)).await;
    run.verdict.reached.add(&other.verdict.reached);
    let told = |anomaly: Anomaly| {
        let text = format!("in the other app, {}", anomaly.text);
        Anomaly { text, witnesses: Vec::new(), ..anomaly }
    };
    run.verdict.anomalies.extend(other.verdict.anomalies.into_iter().map(told));
    run.happenings += other.happenings;
    run.hash = run.hash.zip(other.hash).map(|(ours, theirs)| chance::draw(ours, theirs));
    run
}

async fn one_app(plan: &Plan, world: &Arc<dyn World>, keep: Keep) -> Simulated {
    let judge = Judge::new(plan);
    let history = Arc::new(History::new(world.clock(), keep, Box::new(judge.clone())));
    let played = play(plan, world, &history).await;
    let (verdict, played, not_played) = match played {
        Ok(played) => (judge.verdict(plan, &played), Some(played), None),
        Err(error) => {
            let anomaly = Anomaly { rule: NOT_PLAYED, text: error.to_string(), witnesses: Vec::new() };
            (Verdict { anomalies: vec![anomaly], ..Verdict::default() }, None, Some(error))
        }
    };
    let (hash, happenings) = (history.hash(), history.count());
    Simulated { verdict, played, not_played, story: history.take_story(), hash, happenings }
}
