//! A server that stops and starts again in the middle of a plan, with its journal and without.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use y2w_scenarios::fuzz::{Simulated, judged, simulate};
use y2w_scenarios::history::{Keep, What};
use y2w_scenarios::plan::Plan;
use y2w_scenarios::world::{Embedded, Harm, NotInflicted, Sim, World, in_virtual_time};
use y2w_sdk::api::HttpTransport;
use y2w_sdk::clock::Clock;
use y2w_sdk::push::Streams;

/// The server is away from one second on, while Ann and Bob go on writing.
fn plan(journal: bool, lasts: &str) -> Plan {
    let text = format!(
        r##"
version = 1
seed = 5
quiet = "2min"
network = {{ latency = "1ms", jitter = "2ms" }}
user = [{{ name = "ann", devices = ["web", "mobile"] }}, {{ name = "bob" }}]
step = [
    {{ id = 1, at = "0s", by = "ann", do = {{ create-group = {{ group = "team", members = ["bob"] }} }} }},
    {{ id = 2, at = "500ms", by = "ann", do = {{ send-text = {{ to = "#team" }} }} }},
    {{ id = 3, at = "600ms", by = "bob", do = {{ send-file = {{ to = "ann", bytes = 3000 }} }} }},
    {{ id = 4, at = "700ms", by = "bob", do = {{ send-text = {{ to = "ann" }} }} }},
    {{ id = 5, at = "1001ms", by = "ann", do = {{ send-text = {{ to = "#team" }} }} }},
    {{ id = 6, at = "1500ms", by = "bob", do = {{ send-text = {{ to = "#team" }} }} }},
    {{ id = 7, at = "6s", by = "ann/mobile", do = {{ send-text = {{ to = "bob" }} }} }},
]
fault = [{{ id = 10, at = "1s", for = "{lasts}", what = {{ restart-server = {{ journal = {journal} }} }} }}]
"##
    );
    Plan::parse(&text, "plan").unwrap()
}

const ALL: Keep = Keep { story: true, hash: true };

fn everything_is_there(run: Simulated) {
    assert_eq!(run.verdict.anomalies, []);
    let played = run.played.unwrap();
    assert!(played.restless.is_empty() && played.not_inflicted.is_empty(), "{played:?}");
    let steps = |room: &str| {
        let messages = played.truth[1].view.rooms[room].messages.clone().unwrap();
        let mut steps: Vec<String> = messages.into_iter().filter(|text| text.starts_with("step")).collect();
        // Who is back first writes first.
        steps.sort_unstable();
        steps
    };
    assert_eq!(steps("#team"), ["step 2", "step 5", "step 6"]);
    assert_eq!(steps("ann+bob"), ["step 3", "step 4", "step 7"]);
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    everything_is_there(simulate(&plan(true, "3s"), ALL));
}

#[test]
fn a_restart_with_a_journal_is_the_same_story_each_time() {
    for seed in 0..2 {
        let plan = Plan { seed, ..plan(true, "3s") };
        let (run, again) = (simulate(&plan, ALL), simulate(&plan, ALL));
        let lines = |run: &Simulated| run.story.iter().map(|h| format!("{h:?}")).collect::<Vec<_>>();
        assert_eq!(lines(&run), lines(&again));
        assert_eq!(run.hash, again.hash);
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_on_real_sockets() {
    let plan = plan(true, "300ms");
    let world: Arc<dyn World> = Arc::new(Embedded::start(&plan).await.unwrap());
    everything_is_there(judged(&plan, &world, ALL).await);
}

/// A server that comes back with nothing: nobody is accused of anything, and nobody storms it.
fn nothing_is_there(run: Simulated) {
    assert_eq!(run.verdict.anomalies, []);
    assert!(run.played.unwrap().is_state_lost);
    let requests = run.story.iter().filter(|h| matches!(h.what, What::Request { .. })).count();
    assert!(requests < 1_000, "{requests}");
}

#[test]
fn clients_bear_a_server_that_has_lost_everything() {
    nothing_is_there(simulate(&plan(false, "3s"), ALL));
}

#[tokio::test]
async fn clients_bear_a_server_that_has_lost_everything_on_real_sockets() {
    let plan = Plan { quiet: "3s".parse().unwrap(), ..plan(false, "300ms") };
    let world: Arc<dyn World> = Arc::new(Embedded::start(&plan).await.unwrap());
    nothing_is_there(judged(&plan, &world, ALL).await);
}

/// A simulated world whose disk says that it has written what it has not.
struct LyingDisk {
    sim: Sim,
    lost: usize,
}

impl World for LyingDisk {
    fn base_url(&self) -> &str {
        self.sim.base_url()
    }

    fn clock(&self) -> Clock {
        self.sim.clock()
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.sim.http()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        self.sim.streams()
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        Box::pin(async move {
            if matches!(harm, Harm::Start { .. }) {
                assert_eq!(self.sim.disk().unwrap().lose_last(self.lost).unwrap(), self.lost);
            }
            self.sim.inflict(harm).await
        })
    }
}

#[test]
fn an_acknowledged_write_that_a_restart_has_lost_is_found() {
    let plan = plan(true, "3s");
    let run = |lost| {
        in_virtual_time(async {
            let world: Arc<dyn World> = Arc::new(LyingDisk { sim: Sim::new(&plan), lost });
            judged(&plan, &world, Keep::default()).await.verdict.anomalies
        })
    };
    assert_eq!(run(0), []);
    // The last are what reading writes down; before them are the messages of steps 3 and 4.
    let found = run(4);
    let is_it = |text: &str| text.contains("message of step 4") && text.contains("was acknowledged");
    assert!(found.iter().any(|found| found.rule == "SYNC-LOSSLESS" && is_it(&found.text)), "{found:?}");
}
