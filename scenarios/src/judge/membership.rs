//! Who was removed from a group sees nothing of what comes after. Rule `MSG-MEMBERS-ONLY`.

use std::collections::{BTreeMap, BTreeSet};

use y2w_sdk::Event;

use super::{Cast, Checker, Findings};
use crate::history::{Happening, Outcome, What};
use crate::plan::{Action, Place, Plan};
use crate::play::step_of;

const RULE: &str = "MSG-MEMBERS-ONLY";

/// By the plan's own words: nobody's clock is looked at. A user is out from when the removal is done until somebody
/// begins to add the user again, and is not out at all if somebody did while the removal was under way; a message that its sender begins with in between is not for that user's eyes, unless
/// the user comes back.
pub(super) struct Membership {
    actions: BTreeMap<u32, Action>,
    users: Vec<String>,
    /// Removals under way that nobody's adding has met, by group and user.
    removing: BTreeSet<(String, usize)>,
    /// How many are adding a user to a group.
    adding: BTreeMap<(String, usize), u32>,
    /// Who is out of which group, and which happening showed it.
    out: BTreeMap<(String, usize), u64>,
    /// What was sent while a user was out.
    hidden: BTreeMap<(usize, u32), u64>,
    told: BTreeSet<(usize, u32)>,
}

impl Membership {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            actions: plan.steps.iter().map(|step| (step.id, step.action.clone())).collect(),
            users: plan.users.iter().map(|user| user.name.clone()).collect(),
            removing: BTreeSet::new(),
            adding: BTreeMap::new(),
            out: BTreeMap::new(),
            hidden: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    fn user(&self, name: &str) -> usize {
        self.users.iter().position(|user| user == name).unwrap_or(usize::MAX)
    }

    fn begins(&mut self, step: u32) {
        let Some(action) = self.actions.get(&step) else { return };
        if let Some((group, user)) = action.adds() {
            let user = self.user(user);
            let place = (group.to_owned(), user);
            self.out.remove(&place);
            self.removing.remove(&place);
            *self.adding.entry(place).or_default() += 1;
            self.hidden.retain(|(of, _), _| *of != user);
            return;
        }
        if let Action::SendText { to: Place::Group(group) }
        | Action::SendFile { to: Place::Group(group), .. } = action
        {
            let out = self.out.iter().filter(|((of, _), _)| of == group);
            let hidden: Vec<_> = out.map(|((_, user), witness)| ((*user, step), *witness)).collect();
            self.hidden.extend(hidden);
        }
    }

    fn ends(&mut self, step: u32, outcome: &Outcome, number: u64) {
        let Some(action) = self.actions.get(&step) else { return };
        // One that failed may have been done all the same, and may still be.
        if let Some((group, user)) = action.adds().filter(|_| !matches!(outcome, Outcome::Failed(_))) {
            let place = (group.to_owned(), self.user(user));
            self.adding.entry(place).and_modify(|adding| *adding = adding.saturating_sub(1));
        }
        if let Action::RemoveMember { group, user } = action {
            let place = (group.clone(), self.user(user));
            if self.removing.remove(&place) && *outcome == Outcome::Done {
                self.out.insert(place, number);
            }
        }
    }
}

impl Checker for Membership {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        match (&happening.what, happening.device) {
            (What::StepBegins(step), _) => self.begins(*step),
            (What::StepEnds { step, outcome }, _) => self.ends(*step, outcome, number),
            (What::Told(Event::Messages { merged, session }), Some(device)) => {
                let user = cast.user(device);
                for message in &merged.added {
                    let Some(step) = step_of(&message.kind, &message.content) else {
                        continue;
                    };
                    if let Some(removed) = self.hidden.get(&(user, step))
                        && self.told.insert((user, step))
                    {
                        let text = format!(
                            "{} sees the message of step {step} in {session}, which was sent after {} had been removed",
                            cast.name(device),
                            self.users[user]
                        );
                        found.add(RULE, &[*removed, number], text);
                    }
                }
            }
            _ => (),
        }
    }
}
