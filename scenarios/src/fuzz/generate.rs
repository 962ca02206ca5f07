//! Plans by chance, in the swarm style: each case has some kinds of steps and faults and not the others, so that the
//! rare ones get room. Biased to what breaks servers: bursts within a millisecond, changes of members near messages,
//! devices that come and go while others write. First faults, then quiet.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::profile::{FaultKind, Kind, Profile};
use crate::chance;
use crate::plan::{
    Action, Actor, Fault, Millis, Misfortune, Network, Place, Plan, PlanUser, Step, VERSION, Whom,
};

/// The case of that number, of all kinds.
pub fn plan(seed: u64, case: u64, quirks: &[String]) -> Plan {
    plan_in(Profile::All, seed, case, quirks)
}

/// The case of that number in a profile.
pub fn plan_in(profile: Profile, seed: u64, case: u64, quirks: &[String]) -> Plan {
    let seed = chance::draw(seed, ("case", case));
    let mut bytes = [0; 32];
    for (place, number) in (0_u64..).zip(bytes.chunks_mut(8)) {
        number.copy_from_slice(&chance::draw(seed, place).to_le_bytes());
    }
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let mut draft =
        any_draft().new_tree(&mut runner).expect("nothing is filtered, so nothing is refused").current();
    if profile == Profile::Small {
        draft.make_small();
    }
    draft.into_plan(profile, seed, quirks)
}

/// What chance decides; what has to fit together is put together from it in [`Draft::into_plan`].
#[derive(Clone, Debug)]
struct Draft {
    users: Vec<DraftUser>,
    /// Which kinds of actions and faults this case has.
    swarm: u64,
    latency: u64,
    jitter: u64,
    steps: Vec<DraftStep>,
    faults: Vec<DraftFault>,
}

#[derive(Clone, Copy, Debug)]
struct DraftUser {
    devices: u8,
    current_only: bool,
    skew: i64,
}

#[derive(Clone, Copy, Debug)]
struct DraftStep {
    /// Milliseconds after the step before; mostly none.
    pause: u64,
    kind: u32,
    by: u32,
    to: u32,
    other: u32,
}

#[derive(Clone, Copy, Debug)]
struct DraftFault {
    at: u64,
    lasts: u64,
    kind: u32,
    who: u32,
    rate: f64,
}

/// How far a device's clock may be off, in milliseconds.
const SKEW_MAX: i64 = 90_000;

/// A number of one of these ranges, each as often as it says. `prop_oneof!` would set up a random generator for each
/// range that is not taken, to shrink towards it; plans are [shrunk](super::shrink) in another way.
fn one_of(ranges: &'static [(u32, Range<i64>)]) -> impl Strategy<Value = i64> + Clone {
    let turns: u32 = ranges.iter().map(|(weight, _)| weight).sum();
    (0..turns, any::<u32>()).prop_map(|(turn, number)| {
        let mut behind = 0;
        let taken = ranges.iter().find(|(weight, _)| {
            behind += weight;
            turn < behind
        });
        let (_, range) = taken.expect("a turn is one of theirs");
        range.start + i64::from(number) % (range.end - range.start)
    })
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let skew = one_of(&[(4, SKEW_MAX..SKEW_MAX + 1), (1, 0..2 * SKEW_MAX)]).prop_map(|skew| skew - SKEW_MAX);
    let user = (1..=3_u8, prop::bool::weighted(0.3), skew)
        .prop_map(|(devices, current_only, skew)| DraftUser { devices, current_only, skew });
    let millis = |ways| one_of(ways).prop_map(i64::unsigned_abs);
    let pause = millis(&[(4, 0..1), (2, 1..5), (3, 10..500), (1, 500..8_000)]);
    let step = (pause, any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>())
        .prop_map(|(pause, kind, by, to, other)| DraftStep { pause, kind, by, to, other });
    let fault = (0..20_000_u64, 1..30_000_u64, any::<u32>(), any::<u32>(), 0.05..0.9)
        .prop_map(|(at, lasts, kind, who, rate)| DraftFault { at, lasts, kind, who, rate });
    (
        vec(user, 2..=4),
        any::<u64>(),
        millis(&[(2, 0..1), (3, 1..60)]),
        millis(&[(2, 0..1), (2, 1..80)]),
        vec(step, 4..24),
        // As often none as one, two and three together half as often again.
        (0..9_usize, vec(fault, 3)).prop_map(|(turn, mut faults)| {
            faults.truncate(turn.saturating_sub(1) / 2);
            faults
        }),
    )
        .prop_map(|(users, swarm, latency, jitter, steps, faults)| Draft {
            users,
            swarm,
            latency,
            jitter,
            steps,
            faults,
        })
}

const NAMES: [&str; 4] = ["ann", "bob", "carl", "dora"];
const DEVICES: [&str; 3] = ["web", "mobile", "web2"];
const GROUP: &str = "team";

fn pick<T>(all: &[T], number: u32) -> &T {
    &all[number as usize % all.len()]
}

/// What a small case has at most.
const SMALL_STEPS: usize = 8;
const SMALL_FAULTS: usize = 1;

impl Draft {
    fn make_small(&mut self) {
        self.users.truncate(2);
        self.users.iter_mut().for_each(|user| user.devices = 1);
        self.steps.truncate(SMALL_STEPS);
        self.faults.truncate(SMALL_FAULTS);
    }

    fn into_plan(self, profile: Profile, seed: u64, quirks: &[String]) -> Plan {
        let users: Vec<PlanUser> =
            self.users.iter().zip(NAMES).map(|(user, name)| user.planned(name)).collect();
        let names: Vec<&str> = users.iter().map(|user| &*user.name).collect();
        let mut steps = Vec::new();
        // The group is there first; who is in it from the beginning is up to the swarm.
        let founders: Vec<String> = names[1..]
            .iter()
            .zip(0..)
            .filter(|(_, n)| self.swarm >> (40 + n) & 1 == 0)
            .map(|(name, _)| (*name).to_owned())
            .collect();
        steps.push(Step {
            id: 1,
            at: Millis(0),
            by: Actor::new(names[0], DEVICES[0]),
            action: Action::CreateGroup { group: GROUP.to_owned(), members: founders },
        });
        let kinds = profile.actions(self.swarm);
        let mut at = 1_000;
        for (draft, id) in self.steps.iter().zip(2..) {
            at += draft.pause;
            let user = pick(&users, draft.by);
            let device = pick(&user.devices, draft.by / 7);
            if let Some(action) = draft.action(*pick(&kinds, draft.kind), &user.name, &names, &steps) {
                steps.push(Step { id, at: Millis(at), by: Actor::new(&user.name, device), action });
            }
        }
        let faults =
            self.faults.iter().zip(1_001..).filter_map(|(draft, id)| draft.fault(profile, id, &users));
        let faults: Vec<Fault> = faults.collect();
        let restarts = faults.iter().any(|fault| matches!(fault.what, Misfortune::RestartServer { .. }));
        let neighbour = self.swarm >> 44 & 7 == 0 && !restarts;
        Plan {
            version: VERSION,
            seed,
            note: String::new(),
            quirks: quirks.to_vec(),
            quiet: Millis(600_000),
            in_turn: false,
            neighbour,
            network: Network { latency: Millis(self.latency), jitter: Millis(self.jitter) },
            faults,
            steps,
            users,
        }
    }
}

impl DraftUser {
    fn planned(self, name: &str) -> PlanUser {
        let devices: Vec<String> =
            DEVICES.iter().take(self.devices.into()).map(|d| (*d).to_owned()).collect();
        // A second device of one class comes later, by a login.
        let online = (devices.len() > 2).then(|| devices[..2].to_vec());
        PlanUser { name: name.to_owned(), devices, online, skew: self.skew, current_only: self.current_only }
    }
}

impl DraftStep {
    fn action(self, kind: Kind, me: &str, names: &[&str], before: &[Step]) -> Option<Action> {
        let others: Vec<&str> = names.iter().filter(|name| **name != me).copied().collect();
        let user = (*pick(&others, self.to)).to_owned();
        let anybody = (*pick(names, self.to)).to_owned();
        let team = || Place::Group(GROUP.to_owned());
        let group = || GROUP.to_owned();
        let place = if self.other.is_multiple_of(2) { team() } else { Place::User(user.clone()) };
        let mine: Vec<u32> = before
            .iter()
            .filter(|step| step.by.user == me && matches!(step.action, Action::SendText { .. }))
            .map(|step| step.id)
            .collect();
        let sent = || (!mine.is_empty()).then(|| *pick(&mine, self.to));
        Some(match kind {
            Kind::Text => Action::SendText { to: Place::User(user) },
            Kind::TextToGroup => Action::SendText { to: team() },
            Kind::File => Action::SendFile { to: place, bytes: self.other % 5_000 },
            Kind::Edit => Action::Edit { step: sent()? },
            Kind::Recall => Action::Recall { step: sent()? },
            Kind::Add => Action::AddMember { group: group(), user, admin: self.other.is_multiple_of(4) },
            Kind::Intrude => Action::Intrude { group: group(), user: anybody },
            Kind::Remove => Action::RemoveMember { group: group(), user: anybody },
            Kind::Promote => Action::Promote { group: group(), user, admin: self.other.is_multiple_of(2) },
            Kind::PassMaster => Action::PassMaster { group: group(), user },
            // What becomes of others who are banned is left open; rule `MEMBER-STATUS`.
            Kind::BanSelf => {
                let banned = !self.other.is_multiple_of(4);
                Action::Ban { group: group(), user: me.to_owned(), banned }
            }
            Kind::Nickname => Action::Nickname { group: group() },
            Kind::PushMembers => {
                let force = self.other.is_multiple_of(2);
                let and = if force { Vec::new() } else { vec![user] };
                let behind = Millis(if self.other.is_multiple_of(3) { 1_000 } else { 0 });
                Action::PushMembers { group: group(), and, behind, force }
            }
            Kind::Rename => Action::Rename { group: group() },
            Kind::Contact => Action::AddContact { user },
            Kind::NoContact => Action::RemoveContact { user },
            Kind::Favourite => Action::Favourite { group: group() },
            Kind::NoFavourite => Action::Unfavourite { group: group() },
            Kind::Pin => Action::Pin { place, top: !self.other.is_multiple_of(3) },
            Kind::Delete => Action::DeleteConversation { place },
            Kind::Read => Action::Read { place },
            Kind::History => Action::History { place },
            Kind::Sync => Action::Sync,
            Kind::Login => Action::Login,
            Kind::Logout => Action::Logout,
            Kind::Crash => Action::Crash { keep_store: self.other.is_multiple_of(2) },
        })
    }
}

impl DraftFault {
    fn fault(self, profile: Profile, id: u32, users: &[PlanUser]) -> Option<Fault> {
        let kinds = profile.faults();
        if kinds.is_empty() {
            return None;
        }
        let user = pick(users, self.who);
        let device = Actor::new(&user.name, pick::<String>(&user.devices, self.who / 7));
        let who = match self.who % 3 {
            0 => Whom::All,
            1 => Whom::User(user.name.clone()),
            _ => Whom::Device(device),
        };
        let session = Place::Group(GROUP.to_owned());
        let user = user.name.clone();
        // Half a percent of requests each way is weather, more is a fault; tenths make plans easier to read.
        let rate = (self.rate * 10.0).ceil() / 10.0;
        let what = match pick(kinds, self.kind) {
            FaultKind::Slow => Misfortune::Slow { who, by: Millis(self.lasts % 3_000) },
            FaultKind::LoseRequests => Misfortune::LoseRequests { who, rate },
            FaultKind::LoseAnswers => Misfortune::LoseAnswers { who, rate },
            FaultKind::Partition => Misfortune::Partition { who },
            FaultKind::Deaf => Misfortune::Deaf { who },
            FaultKind::Mute => Misfortune::Mute { who },
            FaultKind::CutPush => Misfortune::CutPush { who },
            FaultKind::Refuse => Misfortune::RefuseConnections,
            FaultKind::RestartPush => Misfortune::RestartPush,
            FaultKind::Forget => Misfortune::ForgetSession { session },
            FaultKind::MoveMts => Misfortune::MoveMts {
                session,
                by: if self.lasts.is_multiple_of(2) { 60_000 } else { -60_000 },
            },
            FaultKind::ExpireTokens => Misfortune::ExpireTokens { user },
            FaultKind::ExpireImTokens => Misfortune::ExpireImTokens,
            FaultKind::HalfOpen => Misfortune::HalfOpen { who },
            FaultKind::Kick => Misfortune::Kick { user },
            // Restarts of all are rare in the field too; and one that leaves nothing to be
            // compared at the end is worth a try now and then.
            FaultKind::RestartServer if self.rate < 0.7 => Misfortune::RestartPush,
            FaultKind::RestartServer => Misfortune::RestartServer { journal: !self.who.is_multiple_of(12) },
        };
        let lasts = if what.is_once() { Millis(0) } else { Millis(self.lasts) };
        Some(Fault { id, at: Millis(self.at), lasts, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_a_plan_that_can_be_written_and_read() {
        for case in 0..300 {
            let made = plan(7, case, &[]);
            assert_eq!(made.check(), Ok(()), "case {case}: {made:#?}");
            assert_eq!(Plan::parse(&made.to_toml("a case"), "case").unwrap(), made);
        }
    }

    #[test]
    fn a_case_depends_on_seed_and_number_alone() {
        assert_eq!(plan(7, 3, &[]), plan(7, 3, &[]));
        assert_ne!(plan(7, 3, &[]), plan(7, 4, &[]));
        assert_ne!(plan(7, 3, &[]), plan(8, 3, &[]));
    }
}
