//! What another app of the same server does at the same time: the same, by users of the same names.

use super::{Action, Plan, Step};

/// How far the ids of the other app's steps are from those of the plan.
pub(crate) const NEIGHBOUR: u32 = 1_000_000;

impl Plan {
    /// The plan of the other app: the same steps, under ids of their own, so that what they say can be told apart. What
    /// befalls network and server befalls this plan's app only.
    pub(crate) fn next_door(&self) -> Self {
        let moved = |id: u32| id.saturating_add(NEIGHBOUR);
        let step = |step: &Step| {
            let action = match &step.action {
                Action::Edit { step } => Action::Edit { step: moved(*step) },
                Action::Recall { step } => Action::Recall { step: moved(*step) },
                action => action.clone(),
            };
            Step { id: moved(step.id), action, ..step.clone() }
        };
        Self { steps: self.steps.iter().map(step).collect(), faults: Vec::new(), ..self.clone() }
    }
}
