//! The suite against servers: a strict one passes everything, in both worlds; one that breaks a rule fails in the case about
//! it. Servers that are none are met in `degenerate.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;

use y2w_scenarios::conformance::{Recording, Result, Target, Verdict, all, run};
use y2w_scenarios::plan::Plan;
use y2w_scenarios::world::{Embedded, Sim, in_virtual_time};

fn in_sim(quirks: &[&str]) -> Vec<Result> {
    let quirks: Vec<String> = quirks.iter().map(|quirk| (*quirk).to_owned()).collect();
    let plan = Plan::of_server(&quirks).unwrap();
    in_virtual_time(async {
        let target = Target::in_virtual_time(Arc::new(Sim::new(&plan)));
        run(&all(), &target, "test", 1, |_| ()).await
    })
}

/// The names of those that did not pass, with their verdicts.
fn others(results: &[Result]) -> Vec<String> {
    let others =
        results.iter().filter(|result| !matches!(result.verdict, Verdict::Pass | Verdict::Unsupported));
    others
        .map(|result| format!("{} {}: {:?} {:?}", result.verdict, result.case, result.broken, result.why))
        .collect()
}

#[test]
fn a_strict_server_passes_in_virtual_time() {
    let results = in_sim(&[]);
    assert_eq!(results.len(), all().len());
    assert_eq!(others(&results), [""; 0]);
}

#[tokio::test]
async fn a_strict_server_passes_on_real_sockets() {
    let plan = Plan::of_server(&[]).unwrap();
    let target = Target::on_sockets(Arc::new(Embedded::start(&plan).await.unwrap()));
    let results = run(&all(), &target, "test", 16, |_| ()).await;
    assert_eq!(others(&results), [""; 0]);
}

#[test]
fn what_is_broken_is_named_with_both_sides_and_all_that_went_over_the_wire() {
    let results = in_sim(&["email-twice"]);
    let failed: Vec<&Result> = results.iter().filter(|result| result.verdict == Verdict::Fail).collect();
    let result = failed.iter().find(|result| result.case == "accounts.an-email-is-registered-once").unwrap();
    let [broken] = &result.broken[..] else { panic!("{:?}", result.broken) };
    assert_eq!(broken.rule, "AUTH-REGISTER-UNIQUE");
    assert_eq!(broken.expected, "POST /v1/users/register is refused with a 4xx status");
    assert!(broken.actual.starts_with("200  {"), "{}", broken.actual);
    let said: Vec<&str> = result.timeline.iter().map(|line| &*line.what).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].starts_with("POST /v1/users/register  email=ann-"), "{}", said[0]);
    assert!(said[0].ends_with("password=***&name=Ann"), "{}", said[0]);
}

#[test]
fn what_a_case_was_told_is_judged_again_without_a_server() {
    // The last of them holds messages back, which is told to several connections at once.
    let told = [in_sim(&[]), in_sim(&["email-twice", "force-merges", "push-reordered"])].concat();
    for result in told {
        let recording = Recording::parse(&Recording::new(&result).to_json()).unwrap();
        let again = in_virtual_time(recording.judge()).unwrap();
        assert_eq!((again.verdict, &again.broken), (result.verdict, &result.broken), "{:?}", again.why);
        assert_eq!(again.timeline, result.timeline, "{}", result.case);
    }
}
