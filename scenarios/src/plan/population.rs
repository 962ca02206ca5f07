//! A plan of many people who write to each other for a while: what a simulation is measured by.

use super::{Action, Actor, Millis, Network, Place, Plan, PlanUser, Step, VERSION};
use crate::chance;

/// Users in a group.
const GROUP: usize = 10;

/// When the first minute begins: everybody is there, and all groups are.
const FIRST_MINUTE: u64 = 60_000;

impl Plan {
    /// So many users, each of whom sends a message a minute for so many minutes, at a moment that is drawn: in turn one
    /// to a neighbour and one to a group of ten. Nothing befalls them.
    pub fn population(users: usize, minutes: u64, seed: u64) -> Self {
        let name = |n: usize| format!("u{n}");
        let group = |n: usize| format!("g{}", n / GROUP);
        let mut steps = Vec::new();
        let mut id = 0;
        let mut step = |at, by: usize, action| {
            id += 1;
            steps.push(Step { id, at: Millis(at), by: Actor::new(&name(by), "web"), action });
        };
        for first in (0..users).step_by(GROUP) {
            let members = (first + 1..users.min(first + GROUP)).map(name).collect();
            step(0, first, Action::CreateGroup { group: group(first), members });
        }
        for minute in 0..minutes {
            for user in 0..users {
                let at = FIRST_MINUTE * (minute + 1) + chance::below(60_000, seed, (user, minute));
                let to_group = (user as u64 + minute).is_multiple_of(2);
                let neighbour = if user % 2 == 1 || user + 1 == users { user - 1 } else { user + 1 };
                let to = if to_group { Place::Group(group(user)) } else { Place::User(name(neighbour)) };
                step(at, user, Action::SendText { to });
            }
        }
        Self {
            version: VERSION,
            seed,
            note: format!("{users} users send a message a minute each, for {minutes} minutes"),
            quirks: Vec::new(),
            in_turn: false,
            neighbour: false,
            quiet: Self::default_quiet(),
            network: Network::default(),
            users: (0..users).map(|n| PlanUser::new(&name(n))).collect(),
            steps,
            faults: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_population_is_a_plan_that_makes_sense() {
        for users in [2, 9, 10, 25] {
            let plan = Plan::population(users, 3, 7);
            assert_eq!(plan.check(), Ok(()), "{users}");
            let sends = plan.steps.iter().filter(|step| matches!(step.action, Action::SendText { .. }));
            assert_eq!(sends.count(), 3 * users);
        }
    }
}
