//! Runs cases beside each other, and survives each of them.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use serde::Serialize;

use super::case::Case;
use super::lab::Lab;
use super::need::Need;
use super::tape::{Tape, Told};
use super::target::Target;
use super::timeline::Line;
use super::verdict::{Broken, Stop, Verdict};

/// How long one case may take, beside the time that it lets pass on purpose.
const CASE_DEADLINE: Duration = Duration::from_secs(60);

/// What became of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Result {
    /// Its title.
    pub case: String,
    /// Its rules.
    pub rules: &'static [&'static str],
    /// What it came to.
    pub verdict: Verdict,
    /// The checks that did not hold.
    pub broken: Vec<Broken>,
    /// Why it is inconclusive, or what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What went over the wire; nothing if it passed.
    pub timeline: Vec<Line>,
    /// What it was told, to judge it again.
    #[serde(skip)]
    pub told: Vec<Told>,
}

/// Runs these cases, at most so many at once; their results come as they end.
pub async fn run(
    cases: &[Case],
    target: &Target,
    id: &str,
    at_once: usize,
    mut tell: impl FnMut(&Result),
) -> Vec<Result> {
    let running = cases.iter().map(|case| run_one(case, target, id));
    let mut ended = stream::iter(running).buffer_unordered(at_once.max(1));
    let mut results = Vec::with_capacity(cases.len());
    while let Some(result) = ended.next().await {
        tell(&result);
        results.push(result);
    }
    results.sort_by(|a: &Result, b| a.case.cmp(&b.case));
    results
}

/// Runs one case. It always comes to something: a case that hangs is ended, one that panics is the harness's own fault.
pub async fn run_one(case: &Case, target: &Target, id: &str) -> Result {
    run_in(case, &Lab::new(target.clone(), case, id), &target.missing).await
}

/// Judges a case once more by what it was told, without a server.
pub async fn judge_again(case: &Case, recorded: Vec<Told>, id: &str, missing: &BTreeSet<Need>) -> Result {
    run_in(case, &Lab::on(Tape::of(recorded), case, id), missing).await
}

async fn run_in(case: &Case, lab: &Lab, missing: &BTreeSet<Need>) -> Result {
    let mut running = AssertUnwindSafe((case.run)(lab)).catch_unwind();
    let mut allowed = CASE_DEADLINE;
    let ended = loop {
        match tokio::time::timeout(allowed, &mut running).await {
            Ok(Ok(ended)) => break ended,
            Ok(Err(_)) => break Err(Stop::Harness("the case panicked".to_owned())),
            Err(_) => allowed = lab.take_passed(),
        }
        if allowed.is_zero() {
            let late = format!("it was not over after {} s", CASE_DEADLINE.as_secs());
            break Err(Stop::Inconclusive(late));
        }
    };
    let (mut broken, mut timeline, told) = lab.take();
    let (verdict, why) = match ended {
        Ok(()) if broken.is_empty() => (Verdict::Pass, None),
        Ok(()) => (Verdict::NonStrict, None),
        Err(Stop::Broken(last)) => {
            broken.push(last);
            (Verdict::Fail, None)
        }
        Err(Stop::Inconclusive(why)) => (Verdict::Inconclusive, Some(why)),
        Err(Stop::Lacking(need, shown)) if missing.contains(&need) => {
            (Verdict::Unsupported, Some(format!("{need} is declared missing, and is: {shown}")))
        }
        Err(Stop::Lacking(need, shown)) => {
            let why = format!("{need} is missing, which the target does not declare: {shown}");
            (Verdict::Inconclusive, Some(why))
        }
        Err(Stop::Harness(why)) => (Verdict::HarnessError, Some(why)),
    };
    if verdict == Verdict::Pass {
        timeline.clear();
    }
    Result { case: case.title(), rules: case.rules, verdict, broken, why, timeline, told }
}
