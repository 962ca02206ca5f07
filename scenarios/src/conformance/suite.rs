//! Runs cases beside each other, and survives each of them: one that hangs is ended, one that panics is the harness's own
//! fault, and where the target dies, the cases that ran then are named and the others are not run into the void.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use parking_lot::Mutex;
use y2w_reports::conformance::{Counts, Line};

use super::case::Case;
use super::lab::Lab;
use super::need::Need;
use super::tape::{Tape, Told};
use super::target::{DEADLINE, Target};
use super::verdict::{Broken, Stop, Verdict};

/// How long one case may take, beside the time that it lets pass on purpose.
const CASE_DEADLINE: Duration = Duration::from_secs(60);

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Result {
    /// Its title.
    pub case: String,
    /// The id of the run.
    pub run: String,
    /// Its rules.
    pub rules: &'static [&'static str],
    /// What it came to.
    pub verdict: Verdict,
    /// The checks that did not hold.
    pub broken: Vec<Broken>,
    /// Why it is inconclusive, or what is wrong with it.
    pub why: Option<String>,
    /// What went over the wire; nothing if it passed.
    pub timeline: Vec<Line>,
    /// Microseconds that it took.
    pub took_us: u64,
    /// What it was told, to judge it again.
    pub told: Vec<Told>,
    /// What its target was said not to have.
    pub missing: BTreeSet<Need>,
    /// How long an answer could take.
    pub deadline: Duration,
    /// Of several runs, how many came to what.
    pub runs: Counts,
}

/// What is told of a run while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The case of that title begins.
    Began(&'a str),
    /// A case is over.
    Ended(&'a Result),
}

/// Runs these cases, at most so many at once. What happens is told as it happens; the results come in the order of their
/// names.
pub async fn run(
    cases: &[Case],
    target: &Target,
    id: &str,
    at_once: usize,
    tell: impl FnMut(Event<'_>),
) -> Vec<Result> {
    let watch = Mutex::new(Watch { tell, running: BTreeSet::new(), dead: None });
    let running = cases.iter().map(|case| watched(case, target, id, &watch));
    let mut results: Vec<Result> = stream::iter(running).buffer_unordered(at_once.max(1)).collect().await;
    results.sort_by(|a, b| a.case.cmp(&b.case));
    results
}

/// What is known of a run while it goes on.
struct Watch<T> {
    tell: T,
    /// The cases that run, by their titles.
    running: BTreeSet<String>,
    /// The cases that ran when the target was found dead, until it is there again.
    dead: Option<String>,
}

async fn watched<T: FnMut(Event<'_>)>(
    case: &Case,
    target: &Target,
    id: &str,
    watch: &Mutex<Watch<T>>,
) -> Result {
    let title = case.title();
    let dead = watch.lock().dead.clone();
    let result = match dead {
        Some(culprits) if !target.is_there().await => {
            let mut result = Result::new(case, id, Verdict::Inconclusive);
            result.why = Some(format!("not run: the target is dead since {culprits}"));
            result
        }
        _ => {
            {
                let mut watch = watch.lock();
                watch.dead = None;
                watch.running.insert(title.clone());
                (watch.tell)(Event::Began(&title));
            }
            let mut result = run_one(case, target, id).await;
            if result.verdict == Verdict::Inconclusive && !target.is_there().await {
                let mut watch = watch.lock();
                let culprits = watch.running.iter().cloned().collect::<Vec<_>>().join(" or ");
                let culprits = watch.dead.get_or_insert(culprits).clone();
                let why = result.why.unwrap_or_default();
                result.why =
                    Some(format!("{why}; the target does not answer any more, it died under {culprits}"));
            }
            result
        }
    };
    let mut watch = watch.lock();
    watch.running.remove(&title);
    (watch.tell)(Event::Ended(&result));
    result
}

/// Runs one case. It always comes to something.
async fn run_one(case: &Case, target: &Target, id: &str) -> Result {
    run_in(case, &Lab::new(target.clone(), case, id), id, &target.missing).await
}

/// Judges a case once more by what it was told, without a server. The target's words of then are given again.
pub(super) async fn judge_again(
    case: &Case,
    told: Vec<Told>,
    id: &str,
    missing: &BTreeSet<Need>,
    deadline: Duration,
) -> Result {
    run_in(case, &Lab::on(Tape::of(told), case, id, deadline), id, missing).await
}

async fn run_in(case: &Case, lab: &Lab, id: &str, missing: &BTreeSet<Need>) -> Result {
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
    let mut result = Result {
        took_us: lab.now(),
        missing: missing.clone(),
        deadline: lab.deadline(),
        ..Result::new(case, id, Verdict::Pass)
    };
    (result.broken, result.timeline, result.told) = lab.take();
    match ended {
        Ok(()) if result.broken.is_empty() => result.timeline.clear(),
        Ok(()) => result.verdict = Verdict::NonStrict,
        Err(Stop::Broken(last)) => {
            result.broken.push(last);
            result.verdict = Verdict::Fail;
        }
        Err(stop) => (result.verdict, result.why) = undecided(stop, missing),
    }
    result
}

/// What comes of a case that could not say anything.
fn undecided(stop: Stop, missing: &BTreeSet<Need>) -> (Verdict, Option<String>) {
    let (verdict, why) = match stop {
        Stop::Lacking(need, shown) if missing.contains(&need) => {
            (Verdict::Unsupported, format!("{need} is declared missing, and is: {shown}"))
        }
        Stop::Lacking(need, shown) => {
            let why = format!("{need} is missing, which the target does not declare: {shown}");
            (Verdict::Inconclusive, why)
        }
        Stop::Inconclusive(why) => (Verdict::Inconclusive, why),
        Stop::Harness(why) => (Verdict::HarnessError, why),
        Stop::Broken(broken) => (Verdict::Fail, broken.actual),
    };
    (verdict, Some(why))
}

impl Result {
    pub(super) fn new(case: &Case, id: &str, verdict: Verdict) -> Self {
        Self {
            case: case.title(),
            run: id.to_owned(),
            rules: case.rules,
            verdict,
            broken: Vec::new(),
            why: None,
            timeline: Vec::new(),
            took_us: 0,
            told: Vec::new(),
            missing: BTreeSet::new(),
            deadline: DEADLINE,
            runs: Counts::new(),
        }
    }

    /// The area of its case.
    pub fn area(&self) -> &str {
        self.case.split('.').next().unwrap_or_default()
    }
}

/// The results of several runs as one for each case: the worst of them, and how many came to what. The others are not
/// kept.
#[derive(Debug, Default)]
pub struct Together(BTreeMap<String, Result>);

impl Together {
    /// Adds the results of one run.
    pub fn add(&mut self, results: Vec<Result>) {
        for mut result in results {
            let known = self.0.remove(&result.case);
            let mut counts = known.as_ref().map_or_else(Counts::new, |known| known.runs.clone());
            *counts.entry(result.verdict).or_insert(0) += 1;
            if let Some(known) = known.filter(|known| badness(known.verdict) >= badness(result.verdict)) {
                result = known;
            }
            result.runs = counts;
            self.0.insert(result.case.clone(), result);
        }
    }

    /// One result for each case, in the order of their names.
    pub fn results(self) -> Vec<Result> {
        self.0.into_values().collect()
    }
}

fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Unsupported => 1,
        Verdict::NonStrict => 2,
        Verdict::Inconclusive => 3,
        Verdict::Fail => 4,
        Verdict::HarnessError => 5,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use bytes::Bytes;
    use futures_util::future::BoxFuture;
    use http::{Method, Request, Response};
    use y2w_sdk::api::HttpTransport;
    use y2w_sdk::clock::Clock;
    use y2w_sdk::push::{Mqtt, Streams};

    use super::*;
    use crate::world::{Harm, NotInflicted, World, in_virtual_time};

    /// A server that answers so many requests, and then none until it was asked so often.
    struct Mortal {
        dies: u32,
        returns: u32,
        asked: AtomicU32,
    }

    impl HttpTransport for Mortal {
        fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, std::result::Result<Response<Bytes>, String>> {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            let lives = asked < self.dies || asked >= self.returns;
            Box::pin(async move {
                if lives { Ok(Response::new(Bytes::new())) } else { Err("connection refused".to_owned()) }
            })
        }
    }

    struct Graveyard(Arc<Mortal>);

    impl World for Graveyard {
        fn base_url(&self) -> &'static str {
            "http://graveyard"
        }

        fn clock(&self) -> Clock {
            Clock::system()
        }

        fn http(&self) -> Arc<dyn HttpTransport> {
            self.0.clone()
        }

        fn streams(&self) -> Arc<dyn Streams> {
            Arc::new(Mqtt::tcp())
        }

        fn inflict(&self, _: Harm) -> BoxFuture<'_, std::result::Result<(), NotInflicted>> {
            Box::pin(async { Ok(()) })
        }
    }

    const RULES: &[&str] = &["API-TIME", "API-CORS"];

    async fn asks_once(lab: &Lab) -> std::result::Result<(), Stop> {
        lab.ask(Method::GET, "/v1/x").send().await.map(drop)
    }

    async fn panics(_: &Lab) -> std::result::Result<(), Stop> {
        panic!("a case that goes wrong")
    }

    async fn hangs(_: &Lab) -> std::result::Result<(), Stop> {
        std::future::pending().await
    }

    async fn cites_what_is_not_its_own(lab: &Lab) -> std::result::Result<(), Stop> {
        lab.check("AUTH-LOGIN", true, "", "")
    }

    const CASES: [Case; 6] = [
        Case::new("a.one", RULES, |lab| Box::pin(asks_once(lab))),
        Case::new("b.panics", RULES, |lab| Box::pin(panics(lab))),
        Case::new("c.hangs", RULES, |lab| Box::pin(hangs(lab))),
        Case::new("d.cites", RULES, |lab| Box::pin(cites_what_is_not_its_own(lab))),
        Case::new("e.one", RULES, |lab| Box::pin(asks_once(lab))),
        Case::new("f.one", RULES, |lab| Box::pin(asks_once(lab))),
    ];

    fn run_on(cases: &[Case], dies: u32, returns: u32) -> Vec<Result> {
        let world = Graveyard(Arc::new(Mortal { dies, returns, asked: AtomicU32::new(0) }));
        let target = Target::in_virtual_time(Arc::new(world));
        in_virtual_time(run(cases, &target, "test", 1, |_| ()))
    }

    #[test]
    fn what_goes_wrong_with_a_case_stops_no_other() {
        let results = run_on(&CASES, 100, 100);
        let verdicts: Vec<Verdict> = results.iter().map(|result| result.verdict).collect();
        let (pass, harness) = (Verdict::Pass, Verdict::HarnessError);
        assert_eq!(verdicts, [pass, harness, Verdict::Inconclusive, harness, pass, pass]);
        assert_eq!(results[1].why.as_deref(), Some("the case panicked"));
        assert_eq!(results[2].why.as_deref(), Some("it was not over after 60 s"));
        let cites = "the case cites AUTH-LOGIN, which is none of its rules";
        assert_eq!(results[3].why.as_deref(), Some(cites));
    }

    #[test]
    fn where_the_target_dies_the_case_is_named_and_the_others_wait_for_it_to_come_back() {
        let one = |name| Case { name, ..CASES[0] };
        let cases = [one("a.one"), one("b.two"), one("c.three"), one("d.four"), one("e.five"), one("f.six")];
        // It answers 3, then refuses 3: the request of d, the look whether it is there, and the look before e.
        let results = run_on(&cases, 3, 6);
        let verdicts: Vec<Verdict> = results.iter().map(|result| result.verdict).collect();
        let (pass, nothing) = (Verdict::Pass, Verdict::Inconclusive);
        assert_eq!(verdicts, [pass, pass, pass, nothing, nothing, pass]);
        let why = |index: usize| results[index].why.clone().unwrap_or_default();
        let died = "GET /v1/x: connection refused; the target does not answer any more, it died under d.four";
        assert_eq!(why(3), died);
        assert_eq!(why(4), "not run: the target is dead since d.four");
    }

    #[test]
    fn of_several_runs_the_worst_counts_and_all_are_counted() {
        let passed = run_on(&CASES[..1], 100, 100);
        let dead = run_on(&CASES[..1], 0, 100);
        let mut runs = Together::default();
        for run in [passed.clone(), dead, passed] {
            runs.add(run);
        }
        let both = runs.results();
        assert_eq!(both.len(), 1);
        assert_eq!(both[0].verdict, Verdict::Inconclusive);
        assert_eq!(both[0].runs, Counts::from([(Verdict::Pass, 2), (Verdict::Inconclusive, 1)]));
    }
}
