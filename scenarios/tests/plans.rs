//! Every plan in `scenarios/plans`, in the simulated world: each has shown a bug once, or shows what plans can say.

use std::path::{Path, PathBuf};

use y2w_scenarios::fuzz::simulate;
use y2w_scenarios::history::Keep;
use y2w_scenarios::plan::Plan;

#[test]
fn every_plan_keeps_all_rules_and_is_the_same_story_each_time() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let plan = Plan::read(&file).unwrap();
        let keep = Keep { story: false, hash: true };
        let (run, again) = (simulate(&plan, keep), simulate(&plan, keep));
        assert!(run.verdict.anomalies.is_empty(), "{}: {:?}", file.display(), run.verdict.anomalies);
        assert_eq!(run.hash, again.hash, "{}", file.display());
    }
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
