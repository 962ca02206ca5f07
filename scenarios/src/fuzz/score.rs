//! How good the fuzzer is: how long it takes to find each of the mock server's quirks, and how small what it finds is.

use std::time::Duration;

use y2w_mock_server::quirks::Quirk;
use y2w_sdk::clock::Clock;

use super::shrink::shrink;
use super::{Campaign, Profile, breaks};
use crate::judge::Reach;

/// How one quirk fared.
#[derive(Clone, Debug)]
pub struct Score {
    /// Which.
    pub quirk: Quirk,
    /// What was found, if anything was.
    pub found: Option<FoundQuirk>,
    /// Cases that were played.
    pub cases: u64,
    /// How long it was looked for, without the shrinking.
    pub took: Duration,
}

/// A quirk that was found.
#[derive(Clone, Debug)]
pub struct FoundQuirk {
    /// The rule that was seen to be broken.
    pub rule: &'static str,
    /// Steps in the plan at first.
    pub steps_before: usize,
    /// Steps in the shrunk plan.
    pub steps: usize,
    /// Faults in the shrunk plan.
    pub faults: usize,
}

/// What the rules are called that the fuzzer is to watch over: lists and their syncs, order, membership, unread counts,
/// push sessions and deliveries, kicks.
const WATCHED: [&str; 14] = [
    "SYNC-",
    "MEMBER-",
    "MTS-",
    "MSG-ONCE",
    "MSG-MEMBERS-ONLY",
    "MSG-SYNC-MARKS-READ",
    "CONV-UNREAD",
    "HIST-ORDER",
    "HIST-REMOVED",
    "PUSH-DELIVER",
    "CONN-KICK",
    "CONN-TAKEOVER",
    "CONN-RECONNECT",
    "CONN-DEVICE-CLASSES",
];

/// Whether a quirk breaks one of the rules that the fuzzer is to watch over.
pub fn is_watched(quirk: Quirk) -> bool {
    quirk.rules().iter().any(|rule| WATCHED.iter().any(|watched| rule.starts_with(watched)))
}

/// Looks for one quirk for at most so long.
pub fn score(quirk: Quirk, seed: u64, profile: Profile, time: Duration) -> Score {
    let campaign = Campaign { seed, profile, quirks: vec![quirk.name().to_owned()] };
    let clock = Clock::system();
    let mut reach = Reach::default();
    let mut cases = 0;
    loop {
        let found = campaign.case(cases, &mut reach);
        cases += 1;
        let took = clock.elapsed();
        let Some(found) = found else {
            if took >= time {
                return Score { quirk, found: None, cases, took };
            }
            continue;
        };
        let rule = found.anomaly.rule;
        let small = shrink(&found.plan, |plan| breaks(plan, rule));
        let found = FoundQuirk {
            rule,
            steps_before: found.plan.steps.len(),
            steps: small.plan.steps.len(),
            faults: small.plan.faults.len(),
        };
        return Score { quirk, found: Some(found), cases, took };
    }
}
