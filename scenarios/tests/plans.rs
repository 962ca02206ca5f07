//! Every plan in `scenarios/plans`, in the simulated world: each has shown a bug once, or shows what plans can say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;

use y2w_scenarios::fuzz::simulate;
use y2w_scenarios::history::{Happening, Keep, Outcome, What};
use y2w_scenarios::judge::Reached;
use y2w_scenarios::plan::Plan;

/// The plans, each with its file's text.
fn plans() -> Vec<(String, String, Plan)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut plans: Vec<_> = files
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&file).unwrap(), Plan::read(&file).unwrap())
        })
        .collect();
    plans.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(!plans.is_empty());
    plans
}

#[test]
fn every_plan_says_what_it_is_for() {
    for (name, text, _) in plans() {
        let comment: Vec<&str> = text.lines().take_while(|line| line.starts_with("# ")).collect();
        let says = |words: &str| comment.iter().any(|line| line.starts_with(words));
        assert!(comment.len() >= 2 && (says("# Found by ") || says("# Shows: ")), "{name}: {comment:?}");
    }
}

#[test]
fn every_plan_keeps_all_rules_and_is_the_same_story_each_time() {
    for (name, _, plan) in plans() {
        let keep = Keep { story: false, hash: true };
        let (run, again) = (simulate(&plan, keep), simulate(&plan, keep));
        assert!(run.verdict.anomalies.is_empty(), "{name}: {:?}", run.verdict.anomalies);
        assert_eq!(run.hash, again.hash, "{name}");
    }
}

/// A plan that is there to show something does.
#[test]
fn plans_reach_what_they_are_named_for() {
    let expected: [(&str, &[(Reached, u64)]); 10] = [
        ("partition-and-recovery", &[(Reached::NoAnswer, 1)]),
        ("kick-by-a-second-device", &[(Reached::Kick, 2)]),
        ("tokens-expire-while-sending", &[(Reached::TokenExpired, 1), (Reached::Refusal, 2)]),
        ("push-server-forgets-26", &[(Reached::UnknownSession, 3)]),
        ("client-behind-27", &[(Reached::ClientBehind, 3), (Reached::Force, 1)]),
        ("server-behind-28", &[(Reached::ServerBehind, 2), (Reached::Removed, 1)]),
        ("history-at-page-borders", &[(Reached::HistoryEnd, 2)]),
        ("burst-in-one-millisecond", &[(Reached::SameMillisecond, 1)]),
        ("two-apps-side-by-side", &[(Reached::Kick, 2)]),
        ("roles-change-hands", &[(Reached::StepRefused, 4), (Reached::Force, 1)]),
    ];
    let plans = plans();
    for (name, reached) in expected {
        let (_, _, plan) = plans.iter().find(|(other, ..)| other == name).unwrap();
        let run = simulate(plan, Keep { story: true, hash: false });
        for (what, at_least) in reached {
            let count = run.verdict.reached.count(*what);
            assert!(count >= *at_least, "{name}: {what:?} {count} times");
        }
        let may_be_refused = reached.iter().any(|(what, _)| *what == Reached::StepRefused);
        let done = |h: &Happening| match &h.what {
            What::StepEnds { outcome: Outcome::Refused(_), .. } => may_be_refused,
            What::StepEnds { outcome, .. } => *outcome == Outcome::Done,
            _ => true,
        };
        assert!(run.story.iter().all(done), "{name}: a step is not done");
    }
}

/// Pages of history bring every message once, also at their borders.
#[test]
fn history_is_paged_to_its_end() {
    let (_, _, plan) = plans().into_iter().find(|(name, ..)| name == "history-at-page-borders").unwrap();
    let played = simulate(&plan, Keep::default()).played.unwrap();
    let bob = played.views.iter().find(|view| plan.users[view.user].name == "bob").unwrap();
    let known = bob.view.rooms["#team"].messages.clone().unwrap();
    assert_eq!(known.iter().filter(|text| text.starts_with("step ")).count(), 41, "{known:?}");
    assert_eq!(Some(known), played.truth[bob.user].view.rooms["#team"].messages);
}

/// A broken server is found by the plan's own name for what it does wrong.
#[test]
fn a_plan_finds_a_quirk() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/edit-shows-in-own-conversation.toml");
    let mut plan = Plan::read(&file).unwrap();
    plan.quirks.push("message-lost=1".to_owned());
    let run = simulate(&plan, Keep::default());
    assert!(
        run.verdict.anomalies.iter().any(|anomaly| anomaly.rule == "SYNC-LOSSLESS"),
        "{:?}",
        run.verdict.anomalies
    );
}
