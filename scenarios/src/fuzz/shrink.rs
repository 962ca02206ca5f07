//! Makes a failing plan small: whoever reads it should see what matters and nothing else.
//!
//! Steps and faults are taken out by delta debugging; then users and devices that do nothing; then the weather is made
//! plain: no jitter, no latency, rates of one, no skews; then times are drawn together. A change stays if the plan still
//! breaks the same rule. What chance decides for the rest does not move (see [`crate::chance`]), which is why this works.

use std::collections::BTreeSet;

use crate::plan::{Action, Actor, Millis, Misfortune, Network, Plan, Whom};

/// Plays that shrinking may take.
pub const PLAYS_MAX: usize = 400;

/// A small plan and what it cost.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest plan found.
    pub plan: Plan,
    /// How often a plan was played for it.
    pub plays: usize,
}

/// Shrinks `plan` as long as `fails` says that it still fails in the same way.
pub fn shrink(plan: &Plan, fails: impl FnMut(&Plan) -> bool) -> Shrunk {
    let mut search = Search { best: plan.clone(), plays: 0, fails };
    let mut size = usize::MAX;
    // A later pass can make room for an earlier one.
    while weight(&search.best) < size && search.plays < PLAYS_MAX {
        size = weight(&search.best);
        search.fewer_things();
        search.fewer_people();
        search.plainer_weather();
        search.shorter_times();
    }
    Shrunk { plan: search.best, plays: search.plays }
}

fn weight(plan: &Plan) -> usize {
    plan.steps.len() + plan.faults.len() + plan.devices().count()
}

struct Search<F> {
    best: Plan,
    plays: usize,
    fails: F,
}

impl<F: FnMut(&Plan) -> bool> Search<F> {
    /// Takes a plan for the best if it makes sense, differs and still fails.
    fn try_plan(&mut self, plan: Plan) -> bool {
        if self.plays >= PLAYS_MAX || plan == self.best || plan.check().is_err() {
            return false;
        }
        self.plays += 1;
        let fails = (self.fails)(&plan);
        if fails {
            self.best = plan;
        }
        fails
    }

    fn try_change(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut plan = self.best.clone();
        change(&mut plan);
        self.try_plan(plan)
    }

    /// Delta debugging: halves first, single ones last.
    fn fewer_things(&mut self) {
        let mut size = ids(&self.best).len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            loop {
                let ids = ids(&self.best);
                if from >= ids.len() {
                    break;
                }
                let chunk: BTreeSet<u32> = ids[from..(from + size).min(ids.len())].iter().copied().collect();
                if !self.try_change(|plan| take_out(plan, &chunk)) {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }

    fn fewer_people(&mut self) {
        for user in self.best.users.clone() {
            self.try_change(|plan| take_out_user(plan, &user.name));
            for device in user.devices {
                self.try_change(|plan| take_out_device(plan, &user.name, &device));
            }
            self.try_change(|plan| {
                for user in plan.users.iter_mut().filter(|other| other.name == user.name) {
                    user.skew = 0;
                }
            });
            self.try_change(|plan| {
                for user in plan.users.iter_mut().filter(|other| other.name == user.name) {
                    user.current_only = false;
                }
            });
        }
    }

    fn plainer_weather(&mut self) {
        self.try_change(|plan| plan.network = Network::default());
        self.try_change(|plan| plan.network.jitter = Millis(0));
        for n in 0..self.best.faults.len() {
            self.try_change(|plan| match &mut plan.faults[n].what {
                Misfortune::LoseRequests { rate, .. } | Misfortune::LoseAnswers { rate, .. } => *rate = 1.0,
                Misfortune::Slow { by, .. } => *by = Millis(1_000),
                _ => (),
            });
        }
    }

    fn shorter_times(&mut self) {
        // Whole seconds, one after the other, are the easiest to read; else as short as it goes.
        self.try_change(|plan| {
            let mut times: Vec<u64> = plan.steps.iter().map(|step| step.at.0).collect();
            times.sort_unstable();
            times.dedup();
            for step in &mut plan.steps {
                let rank = times.partition_point(|time| *time < step.at.0) as u64;
                step.at = Millis(rank * 1_000);
            }
        });
        for n in 0..self.best.faults.len() {
            for lasts in [1_000, 5_000] {
                if self.best.faults[n].lasts.0 > lasts {
                    self.try_change(|plan| plan.faults[n].lasts = Millis(lasts));
                }
            }
        }
    }
}

fn ids(plan: &Plan) -> Vec<u32> {
    // From the end: what comes last depends on what came before, and not the reverse.
    let steps = plan.steps.iter().rev().map(|step| step.id);
    steps.chain(plan.faults.iter().map(|fault| fault.id)).collect()
}

/// Takes steps and faults out, and with them what cannot be without them.
fn take_out(plan: &mut Plan, ids: &BTreeSet<u32>) {
    plan.faults.retain(|fault| !ids.contains(&fault.id));
    plan.steps.retain(|step| !ids.contains(&step.id));
    loop {
        let made: BTreeSet<String> = plan.steps.iter().filter_map(|step| made_by(&step.action)).collect();
        let there: BTreeSet<u32> = plan.steps.iter().map(|step| step.id).collect();
        let before = plan.steps.len() + plan.faults.len();
        plan.steps.retain(|step| {
            step.action.group().is_none_or(|group| made.contains(group))
                && step.action.of_step().is_none_or(|of| there.contains(&of))
        });
        plan.faults.retain(|fault| match &fault.what {
            Misfortune::ForgetSession { session } | Misfortune::MoveMts { session, .. } => {
                session.group().is_none_or(|group| made.contains(group))
            }
            _ => true,
        });
        if plan.steps.len() + plan.faults.len() == before {
            return;
        }
    }
}

fn made_by(action: &Action) -> Option<String> {
    match action {
        Action::CreateGroup { group, .. } => Some(group.clone()),
        _ => None,
    }
}

/// Takes a user out with all that the user does, and all that is done with the user.
fn take_out_user(plan: &mut Plan, name: &str) {
    for step in &mut plan.steps {
        if let Action::CreateGroup { members, .. } = &mut step.action {
            members.retain(|member| member != name);
        }
    }
    let about = |step: &crate::plan::Step| step.by.user == name || step.action.users().contains(&name);
    let gone: BTreeSet<u32> = plan.steps.iter().filter(|step| about(step)).map(|step| step.id).collect();
    plan.users.retain(|user| user.name != name);
    plan.faults.retain(|fault| match &fault.what {
        Misfortune::ExpireTokens { user } | Misfortune::Kick { user } => user != name,
        Misfortune::ForgetSession { session } | Misfortune::MoveMts { session, .. } => {
            !session.users().contains(&name)
        }
        what => match what.who() {
            Some(Whom::User(user)) => user != name,
            Some(Whom::Device(actor)) => actor.user != name,
            Some(Whom::All) | None => true,
        },
    });
    take_out(plan, &gone);
}

/// Takes a device out that is not the user's only one, with what it does.
fn take_out_device(plan: &mut Plan, user: &str, device: &str) {
    let is_it = |actor: &Actor| actor.user == user && actor.device == device;
    for planned in plan.users.iter_mut().filter(|planned| planned.name == user && planned.devices.len() > 1) {
        planned.devices.retain(|name| name != device);
        if let Some(online) = &mut planned.online {
            online.retain(|name| name != device);
        }
    }
    plan.faults.retain(|fault| !matches!(fault.what.who(), Some(Whom::Device(actor)) if is_it(actor)));
    let gone: BTreeSet<u32> = plan.steps.iter().filter(|step| is_it(&step.by)).map(|step| step.id).collect();
    take_out(plan, &gone);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::generate;
    use crate::plan::Place;

    #[test]
    fn what_matters_is_all_that_is_left() {
        // Fails when Bob writes to Ann and anybody writes to the group.
        let fails = |plan: &Plan| {
            let to_ann = |action: &Action| *action == Action::SendText { to: Place::User("ann".to_owned()) };
            let to_group = |action: &Action| matches!(action, Action::SendText { to: Place::Group(_) });
            plan.steps.iter().any(|step| step.by.user == "bob" && to_ann(&step.action))
                && plan.steps.iter().any(|step| to_group(&step.action))
        };
        let failing: Vec<Plan> =
            (0..).map(|case| generate::plan(1, case, &[])).filter(|plan| fails(plan)).take(20).collect();
        for plan in failing {
            let small = shrink(&plan, fails);
            assert_eq!(small.plan.steps.len(), 3, "{}", small.plan.to_toml(""));
            assert!(small.plan.faults.is_empty());
            assert!(small.plan.users.len() <= 3 && small.plays <= PLAYS_MAX);
            assert_eq!(small.plan.network, Network::default());
        }
    }
}
