//! Plans beyond the simulated world: over real sockets, in real time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_scenarios::fuzz::{Simulated, generate, judged, simulate};
use y2w_scenarios::history::Keep;
use y2w_scenarios::plan::Plan;
use y2w_scenarios::world::{Embedded, Remote, World};

/// Cases that are compared over real sockets; as many as `Y2W_WORLDS_CASES` says.
const CASES: u64 = 40;

/// So many at a time: they share the machine.
const AT_ONCE: usize = 20;

/// Faults and clocks that differ are taken away, and each step waits until nothing is under way any more: what is left is
/// the same whoever is faster. Where the ends differ all the same, one of the worlds is wrong.
fn case_without_races(case: u64) -> Plan {
    let mut plan = generate::plan(11, case, &[]);
    plan.in_turn = true;
    plan.faults.clear();
    plan.users.iter_mut().for_each(|user| user.skew = 0);
    plan.steps.iter_mut().for_each(|step| step.at.0 = 0);
    plan.network.latency.0 /= 10;
    plan.network.jitter.0 /= 10;
    plan
}

#[test]
fn plans_without_races_end_alike_in_virtual_time_and_on_real_sockets() {
    let cases = std::env::var("Y2W_WORLDS_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let plans: Vec<Plan> = (0..cases).map(case_without_races).collect();
    let simulated: Vec<Simulated> = plans.iter().map(|plan| simulate(plan, Keep::default())).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let real = stream::iter(&plans).map(embedded).buffered(AT_ONCE).collect::<Vec<Simulated>>();
    for (case, (one, other)) in simulated.into_iter().zip(runtime.block_on(real)).enumerate() {
        let plan = plans[case].to_toml(&format!("case {case}"));
        assert_eq!((&*one.verdict.anomalies, &*other.verdict.anomalies), (&[][..], &[][..]), "{plan}");
        let (one, other) = (one.played.unwrap(), other.played.unwrap());
        if one.digest() != other.digest() {
            for (one, other) in one.views.iter().zip(&other.views) {
                assert_eq!(one, other, "{plan}");
            }
            assert_eq!(one.truth, other.truth, "{plan}");
            panic!("{plan}: others are logged in at the end");
        }
    }
}

async fn embedded(plan: &Plan) -> Simulated {
    let world: Arc<dyn World> = Arc::new(Embedded::start(plan).await.unwrap());
    judged(plan, &world, Keep::default()).await
}

/// A short plan with every fault that a server of ours can be made to have.
const FAULTS: &str = r##"
version = 1
seed = 3
quiet = "40s"
network = { latency = "2ms" }
user = [{ name = "ann", devices = ["web", "mobile"] }, { name = "bob" }]

[[step]]
id = 1
at = "0s"
by = "ann"
do = { create-group = { group = "team", members = ["bob"] } }
[[step]]
id = 2
at = "200ms"
by = "bob"
do = { send-text = { to = "#team" } }
[[step]]
id = 3
at = "900ms"
by = "ann/mobile"
do = { send-text = { to = "#team" } }

[[fault]]
id = 10
at = "500ms"
what = { forget-session = { session = "#team" } }
[[fault]]
id = 11
at = "500ms"
what = { expire-tokens = { user = "ann" } }
[[fault]]
id = 12
at = "500ms"
what = "expire-im-tokens"
[[fault]]
id = 13
at = "600ms"
what = "restart-push"
[[fault]]
id = 14
at = "500ms"
for = "400ms"
what = "refuse-connections"
[[fault]]
id = 15
at = "500ms"
for = "700ms"
what = { partition = { who = "bob" } }
[[fault]]
id = 16
at = "1300ms"
what = { move-mts = { session = "#team", by = 60000 } }
[[fault]]
id = 17
at = "1400ms"
what = { cut-push = { who = "*" } }
"##;

#[tokio::test]
async fn faults_befall_a_server_on_real_sockets() {
    let run = embedded(&Plan::parse(FAULTS, "plan").unwrap()).await;
    assert_eq!(run.verdict.anomalies, []);
    let played = run.played.unwrap();
    assert!(played.restless.is_empty() && played.not_inflicted.is_empty(), "{played:?}");
    let team = &played.truth[1].view.rooms["#team"];
    assert!(
        team.messages.as_ref().unwrap().ends_with(&["step 2".to_owned(), "step 3".to_owned()]),
        "{team:?}"
    );
}

/// A server that others use too, and which is known by its URLs alone.
#[tokio::test]
async fn a_plan_is_played_again_and_again_on_one_remote_server() {
    let server = MockServer::builder()
        .password_cost(PasswordCost::Fast)
        .control(([127, 0, 0, 1], 0).into())
        .start()
        .await
        .unwrap();
    let (target, control) = (server.http_url(), format!("http://{}/", server.control_addr().unwrap()));
    let plan = Plan::parse(FAULTS, "plan").unwrap();
    for control in [None, Some(&*control)] {
        let world: Arc<dyn World> = Arc::new(Remote::new(&target, control, plan.seed).unwrap());
        let run = judged(&plan, &world, Keep::default()).await;
        assert_eq!(run.verdict.anomalies, []);
        let not_inflicted: Vec<u32> =
            run.played.unwrap().not_inflicted.into_iter().map(|(fault, _)| fault).collect();
        // What lies on the network is inflicted anywhere.
        let on_the_server = if control.is_some() { vec![] } else { vec![10, 11, 12, 14, 13, 16] };
        assert_eq!(not_inflicted, on_the_server);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn plans_that_found_something_in_virtual_time_are_clean_on_real_sockets() {
    let plans = ["edit-shows-in-own-conversation.toml", "lost-answer-leaves-no-members.toml"];
    let plans = plans.map(|name| {
        let mut plan = Plan::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("plans").join(name)).unwrap();
        // What takes a quarter of a minute in virtual time need not take it in real time.
        for at in
            plan.steps.iter_mut().map(|step| &mut step.at).chain(plan.faults.iter_mut().map(|f| &mut f.at))
        {
            at.0 /= 10;
        }
        plan.faults.iter_mut().for_each(|fault| fault.lasts.0 /= 10);
        plan
    });
    for run in join_all(plans.iter().map(embedded)).await {
        assert_eq!(run.verdict.anomalies, []);
    }
}

/// The same finding on real sockets as in virtual time.
#[tokio::test]
async fn a_quirk_is_found_on_real_sockets() {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let mut plan = Plan::read(&plans.join("edit-shows-in-own-conversation.toml")).unwrap();
    plan.quirks.push("message-lost=1".to_owned());
    let run = embedded(&plan).await;
    assert!(run.verdict.anomalies.iter().any(|found| found.rule == "SYNC-LOSSLESS"), "{:?}", run.verdict);
}
