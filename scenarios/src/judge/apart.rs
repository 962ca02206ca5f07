//! Nothing of one app is seen in another. Rule `API-APP-ISOLATION`.
//!
//! The other app's users say the same at the same times, under step ids of their own.

use std::collections::BTreeSet;

use y2w_sdk::Event;

use super::{Cast, Checker, Ending, Findings};
use crate::history::{Happening, Pushed, What};
use crate::plan::{NEIGHBOUR, Plan};
use crate::play::{View, step_of, step_pushed, step_said};

const RULE: &str = "API-APP-ISOLATION";

/// See the module's text.
pub(super) struct Apart {
    /// Whether there is another app.
    is_on: bool,
    /// Whether this is the other app.
    is_next_door: bool,
    /// The steps of others that were seen already.
    seen: BTreeSet<u32>,
}

impl Apart {
    pub(super) fn new(plan: &Plan) -> Self {
        let is_next_door = plan.steps.iter().any(|step| step.id >= NEIGHBOUR);
        Self { is_on: plan.neighbour, is_next_door, seen: BTreeSet::new() }
    }

    fn look(&mut self, who: &str, step: u32, how: &str, witness: Option<u64>, found: &mut Findings) {
        if (step >= NEIGHBOUR) != self.is_next_door && self.seen.insert(step) {
            let text = format!("{who} {how} what another app's user says in step {step}");
            found.add(RULE, witness.as_slice(), text);
        }
    }
}

impl Checker for Apart {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        let Some(device) = happening.device.filter(|_| self.is_on) else { return };
        match &happening.what {
            What::Told(Event::Messages { merged, .. }) => {
                for message in &merged.added {
                    if let Some(step) = step_of(&message.kind, &message.content) {
                        self.look(&cast.name(device), step, "syncs", Some(number), found);
                    }
                }
            }
            What::Push { pushed: Pushed::Delivery(message), .. } => {
                if let Some(step) = step_pushed(message) {
                    self.look(&cast.name(device), step, "is pushed", Some(number), found);
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        if !self.is_on {
            return;
        }
        for seen in &ending.played.views {
            for step in said(&seen.view) {
                self.look(&ending.cast.name(seen.device), step, "knows", None, found);
            }
        }
        for truth in &ending.played.truth {
            for step in said(&truth.view) {
                self.look(&truth.user, step, "is shown", None, found);
            }
        }
    }
}

/// The steps of which something stands in a view.
fn said(view: &View) -> impl Iterator<Item = u32> {
    let messages = view.rooms.values().flat_map(|room| room.messages.iter().flatten());
    let last = view.conversations.values().map(|conversation| &conversation.last);
    messages.chain(last).filter_map(|text| step_said(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Actor, Millis, Place, Step};

    /// What is found when a device of this plan, or of its neighbour, is pushed that.
    fn found(next_door: bool, message: &str) -> Vec<&'static str> {
        let mut plan =
            Plan::parse("version = 1\nseed = 1\nneighbour = true\n[[user]]\nname = \"ann\"", "plan").unwrap();
        let action = Action::SendText { to: Place::User("bob".to_owned()) };
        plan.steps = vec![Step { id: 4, at: Millis(0), by: Actor::new("ann", "web"), action }];
        let plan = if next_door { plan.next_door() } else { plan };
        let pushed = Pushed::Delivery(message.into());
        let what = What::Push { connection: 1, pushed };
        let mut findings = Findings::default();
        let happening = Happening { at: 0, device: Some(0), what };
        Apart::new(&plan).watch(&Cast::new(&plan), 0, &happening, &mut findings);
        findings.0.iter().map(|anomaly| anomaly.rule).collect()
    }

    #[test]
    fn a_push_of_the_other_app_is_found_on_both_sides() {
        let (ours, theirs) =
            (r#"{"syncs":[],"pns":{"msg":"step 4"}}"#, r#"{"syncs":[],"pns":{"msg":"step 1000004"}}"#);
        assert_eq!(found(false, theirs), [RULE]);
        assert_eq!(found(true, ours), [RULE]);
        assert_eq!(found(false, ours), [""; 0]);
        assert_eq!(found(true, theirs), [""; 0]);
    }
}
