//! Whether a plan makes sense.

use std::collections::BTreeSet;

use thiserror::Error;
use y2w_mock_server::quirks::NamedQuirk;
use y2w_sdk::protocol::limits::KEEP_ALIVE;

use super::names::is_name;
use super::{Action, Actor, Millis, Misfortune, NEIGHBOUR, Place, Plan, VERSION, Whom};

/// What is wrong with a plan: where, which field, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{field}: {text}", .table.as_ref().map(|(name, index)| format!("{name} {}, ", index + 1)).unwrap_or_default())]
pub struct PlanError {
    /// The table it is in, as `step`, and which of them, from 0; none at the top.
    pub table: Option<(&'static str, usize)>,
    /// The field.
    pub field: &'static str,
    /// What is wrong, and what was expected.
    pub text: String,
}

/// How long a device may take to notice that a connection is dead, and to have another: a ping is sent within two thirds
/// of the keep-alive and waited for through a whole one.
const NOTICED_WITHIN: Millis = Millis(2 * KEEP_ALIVE.as_secs() * 1_000);

impl Plan {
    /// Whether the plan can be played: see the invariants in the module's text.
    pub fn check(&self) -> Result<(), PlanError> {
        let top = |field, text| Err(PlanError { table: None, field, text });
        if self.version != VERSION {
            return top("version", format!("{} is unknown: expected {VERSION}", self.version));
        }
        for quirk in &self.quirks {
            if let Err(error) = quirk.parse::<NamedQuirk>() {
                return top("quirks", error.to_string());
            }
        }
        if self.users.is_empty() {
            return top("user", "there is nobody: expected at least one [[user]]".to_owned());
        }
        if self.neighbour {
            self.check_neighbour()?;
        }
        self.check_users()?;
        self.check_steps()?;
        self.check_faults()
    }

    fn check_neighbour(&self) -> Result<(), PlanError> {
        let wrong = |text| Err(PlanError { table: None, field: "neighbour", text });
        if self.faults.iter().any(|fault| matches!(fault.what, Misfortune::RestartServer { .. })) {
            return wrong("the other app's server restarts too: expected no fault restart-server".to_owned());
        }
        if let Some(step) = self.steps.iter().find(|step| step.id >= NEIGHBOUR) {
            let text =
                format!("the other app's steps have such ids as {}: expected ids below {NEIGHBOUR}", step.id);
            return wrong(text);
        }
        Ok(())
    }

    fn check_users(&self) -> Result<(), PlanError> {
        let mut names = BTreeSet::new();
        for (index, user) in self.users.iter().enumerate() {
            let wrong = |field, text| Err(PlanError { table: Some(("user", index)), field, text });
            if !is_name(&user.name) {
                return wrong(
                    "name",
                    format!("`{}` is no name: expected letters, digits and hyphens", user.name),
                );
            }
            if !names.insert(&user.name) {
                return wrong("name", format!("there are two users `{}`: names are unique", user.name));
            }
            if user.devices.is_empty() {
                return wrong("devices", "there is none: expected at least one, as [\"web\"]".to_owned());
            }
            let mut devices = BTreeSet::new();
            for device in &user.devices {
                let kind = device.trim_end_matches(|c: char| c.is_ascii_digit());
                if !["web", "mobile"].contains(&kind) {
                    return wrong(
                        "devices",
                        format!("`{device}` is no device: expected web, mobile, web2, mobile2, …"),
                    );
                }
                if !devices.insert(device) {
                    return wrong("devices", format!("`{device}` is there twice"));
                }
            }
            for device in user.online.iter().flatten() {
                if !devices.contains(device) {
                    let known = user.devices.join(", ");
                    return wrong(
                        "online",
                        format!("{} has no device `{device}`: expected one of {known}", user.name),
                    );
                }
            }
        }
        Ok(())
    }

    fn check_steps(&self) -> Result<(), PlanError> {
        let mut ids = BTreeSet::new();
        let mut made = BTreeSet::new();
        for (index, step) in self.steps.iter().enumerate() {
            let wrong = |field, text| Err(PlanError { table: Some(("step", index)), field, text });
            if !ids.insert(step.id) {
                return wrong("id", format!("{} is there twice: ids are unique", step.id));
            }
            if let Action::CreateGroup { group, members } = &step.action {
                if !is_name(group) {
                    return wrong(
                        "do",
                        format!("`{group}` is no name: expected letters, digits and hyphens"),
                    );
                }
                if !made.insert(group.as_str()) {
                    return wrong("do", format!("the group `{group}` is created twice"));
                }
                if members.contains(&step.by.user) {
                    return wrong("do", format!("{} is a member by creating the group", step.by.user));
                }
            }
        }
        for (index, step) in self.steps.iter().enumerate() {
            let wrong = |field, text| Err(PlanError { table: Some(("step", index)), field, text });
            if let Err(text) = self.known_actor(&step.by) {
                return wrong("by", text);
            }
            if let Err(text) = step.action.users().into_iter().try_for_each(|user| self.known_user(user)) {
                return wrong("do", text);
            }
            // Asked at each step: by the names at hand first.
            let unknown = step.action.group().filter(|group| !made.contains(group));
            if let Err(text) = unknown.map_or(Ok(()), |group| self.known_group(group)) {
                return wrong("do", text);
            }
            if let Some(Place::User(user)) =
                step.action.place().filter(|place| **place == Place::User(step.by.user.clone()))
            {
                return wrong("do", format!("{user} cannot talk to themselves: expected another user"));
            }
            if let Some(of) = step.action.of_step() {
                let Some(sent) = self.step(of) else {
                    let text =
                        format!("there is no step {of}: expected one that sends a text of {}", step.by.user);
                    return wrong("do", text);
                };
                if !matches!(sent.action, Action::SendText { .. }) || sent.by.user != step.by.user {
                    let text = format!("step {of} sends no text of {}: expected one that does", step.by.user);
                    return wrong("do", text);
                }
            }
        }
        Ok(())
    }

    fn check_faults(&self) -> Result<(), PlanError> {
        let mut ids: BTreeSet<u32> = self.steps.iter().map(|step| step.id).collect();
        for (index, fault) in self.faults.iter().enumerate() {
            let wrong = |field, text| Err(PlanError { table: Some(("fault", index)), field, text });
            if !ids.insert(fault.id) {
                return wrong(
                    "id",
                    format!("{} is there twice: ids are unique over steps and faults", fault.id),
                );
            }
            if !fault.what.is_once() && fault.lasts.is_zero() {
                return wrong(
                    "for",
                    "there is none: this fault lasts, so expected how long, as \"5s\"".to_owned(),
                );
            }
            if fault.what.is_once() && !fault.lasts.is_zero() {
                return wrong("for", "this fault happens once: leave it out".to_owned());
            }
            match &fault.what {
                Misfortune::LoseRequests { rate, .. } | Misfortune::LoseAnswers { rate, .. }
                    if !(0.0..=1.0).contains(rate) =>
                {
                    return wrong("what", format!("{rate} is no rate: expected one from 0 to 1"));
                }
                Misfortune::HalfOpen { .. } if self.quiet < NOTICED_WITHIN => {
                    return wrong(
                        "what",
                        format!(
                            "a device may take most of two keep-alives until it notices that a connection is half \
                             open: expected a quiet time of at least {NOTICED_WITHIN}, not {}",
                            self.quiet
                        ),
                    );
                }
                Misfortune::ForgetSession { session } | Misfortune::MoveMts { session, .. } => {
                    if let Err(text) = self.known_session(session) {
                        return wrong("what", text);
                    }
                }
                Misfortune::ExpireTokens { user } | Misfortune::Kick { user } => {
                    if let Err(text) = self.known_user(user) {
                        return wrong("what", text);
                    }
                }
                _ => (),
            }
            let known = match fault.what.who() {
                Some(Whom::User(user)) => self.known_user(user),
                Some(Whom::Device(actor)) => self.known_actor(actor),
                Some(Whom::All) | None => Ok(()),
            };
            if let Err(text) = known {
                return wrong("what", text);
            }
        }
        Ok(())
    }

    fn known_user(&self, name: &str) -> Result<(), String> {
        if self.user(name).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = self.users.iter().map(|user| &*user.name).collect();
        Err(format!("there is no user `{name}`: expected one of {}", names.join(", ")))
    }

    fn known_actor(&self, actor: &Actor) -> Result<(), String> {
        self.known_user(&actor.user)?;
        let devices = self.user(&actor.user).map_or(&[][..], |user| &user.devices);
        if actor.device.is_empty() || devices.contains(&actor.device) {
            return Ok(());
        }
        Err(format!(
            "{} has no device `{}`: expected one of {}",
            actor.user,
            actor.device,
            devices.join(", ")
        ))
    }

    fn known_session(&self, place: &Place) -> Result<(), String> {
        match place {
            Place::User(name) => Err(format!("`{name}` is one user only: expected #GROUP or USER+USER")),
            Place::Pair(one, other) => self.known_user(one).and_then(|()| self.known_user(other)),
            Place::Group(name) => self.known_group(name),
        }
    }

    fn known_group(&self, name: &str) -> Result<(), String> {
        let made = self.steps.iter().filter_map(|step| match &step.action {
            Action::CreateGroup { group, .. } => Some(&**group),
            _ => None,
        });
        let made: Vec<&str> = made.collect();
        if made.contains(&name) {
            return Ok(());
        }
        let expected = if made.is_empty() {
            "a step that does".to_owned()
        } else {
            format!("one of {}", made.join(", "))
        };
        Err(format!("no step creates the group `{name}`: expected {expected}"))
    }
}
