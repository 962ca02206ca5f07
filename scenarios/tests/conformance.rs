//! The suite against servers: a strict one passes everything, in both worlds; one that breaks a rule fails in the case about
//! it. Servers that are none are met in `degenerate.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::sync::Arc;

use y2w_mock_server::quirks::{Profile, Quirk};
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

/// What a reader must not have to know: how values look in the language that the suite is written in.
const NO_WORDS: [&str; 7] = ["Some(", "Object {", "String(\"", "Bool(", "Array [", "Ok(", "None "];

#[test]
fn what_is_broken_is_told_in_plain_words() {
    let quirks = [
        &["email-twice", "total-of-page", "limit-ignored", "offset-ignored"][..],
        &["message-twice", "contact-removal-mutual", "cors-missing-on-errors", "master-leaves-none"],
        &["session-updated-by-any", "history-oldest-first", "p2p-target-is-session", "reply-without-id"],
        &["mts-kept-on-removal", "stamps-coarse", "unread-stops-at-1", "push-twice", "bad-json-22"],
    ];
    let mut looked_at = 0;
    for result in quirks.into_iter().flat_map(in_sim) {
        let texts = result.broken.iter().flat_map(|broken| [&broken.expected, &broken.actual]);
        for text in texts.chain(&result.why) {
            looked_at += 1;
            let word = NO_WORDS.iter().find(|word| text.contains(**word));
            assert!(word.is_none(), "{} says {word:?}: {text}", result.case);
        }
    }
    assert!(looked_at > 100, "{looked_at}");
}

#[test]
fn the_deviations_of_the_server_of_2016_are_listed() {
    let quirks: Vec<&str> = Profile::Yun2win2016.quirks().iter().map(Quirk::name).collect();
    let results = in_sim(&quirks);
    let broken: BTreeSet<&str> =
        results.iter().flat_map(|result| &result.broken).map(|broken| broken.rule).collect();
    // What `docs/protocol.md` tells of that server at its end, as far as a server is bound by it.
    for rule in [
        "API-AUTH-NEEDED",
        "API-ERROR-SHAPE",
        "API-NOT-FOUND",
        "API-JSON-ANSWER",
        "API-LIST",
        "AUTH-REGISTER-UNIQUE",
        "AUTH-LOGIN-WRONG",
        "CONTACT-FIELDS",
        "SESS-UPDATE",
        "MEMBER-UPDATE",
        "MSG-STORE",
        "SYNC-SINCE",
    ] {
        assert!(broken.contains(rule), "{rule} is not among {broken:?}");
    }
    let undecided = results.iter().filter(|result| result.verdict == Verdict::Inconclusive).count();
    assert_eq!(undecided, 0);
}
