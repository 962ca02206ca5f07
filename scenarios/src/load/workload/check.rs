//! Whether a workload makes sense in itself. What is wrong is told with its place, so that the line in the file can be
//! found, and with what was expected.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::{
    Arrival, Behaviour, Fault, Groups, LENGTH_MAX, Level, Misfortune, Phase, RATE_MAX, Range, Size,
    USERS_MAX, VERSION, Workload,
};

/// What makes no sense in a workload: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Senseless {
    /// The keys that lead there, innermost last; numbers count from 0 in arrays.
    place: Vec<String>,
    text: String,
}

impl Senseless {
    fn new(place: &[&str], text: impl Into<String>) -> Self {
        Self { place: place.iter().map(ToString::to_string).collect(), text: text.into() }
    }

    /// The same, as seen from around it.
    fn within(mut self, around: &[&str]) -> Self {
        self.place.splice(0..0, around.iter().map(ToString::to_string));
        self
    }

    /// The keys that lead there, innermost last; numbers count from 0 in arrays.
    pub(super) fn place(&self) -> Vec<&str> {
        self.place.iter().map(String::as_str).collect()
    }
}

/// As `phase 2, length: it takes no time: …`: people count from 1.
impl fmt::Display for Senseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, key) in self.place.iter().enumerate() {
            match key.parse::<usize>() {
                Ok(index) => write!(f, " {}", index + 1)?,
                Err(_) if n == 0 => f.write_str(key)?,
                Err(_) => write!(f, ", {key}")?,
            }
        }
        write!(f, ": {}", self.text)
    }
}

type Checked = Result<(), Senseless>;

fn wrong(place: &[&str], text: impl Into<String>) -> Checked {
    Err(Senseless::new(place, text))
}

impl Workload {
    /// Whether it can be carried out: see the invariants in the module's text.
    pub fn check(&self) -> Checked {
        if self.version != VERSION {
            return wrong(&["version"], format!("{} is unknown: expected {VERSION}", self.version));
        }
        if self.title.trim().is_empty() {
            return wrong(&["title"], "it is empty: expected what it is, in a few words");
        }
        self.check_population().map_err(|error| error.within(&["population"]))?;
        self.check_arrival().map_err(|error| error.within(&["arrival"]))?;
        self.check_mix().map_err(|error| error.within(&["mix"]))?;
        size(self.payload.text, 1, usize::MAX, "text").map_err(|error| error.within(&["payload"]))?;
        size(self.payload.file, 1, usize::MAX, "file").map_err(|error| error.within(&["payload"]))?;
        self.check_phases()?;
        for (index, fault) in self.faults.iter().enumerate() {
            self.check_fault(fault).map_err(|error| error.within(&["fault", &index.to_string()]))?;
        }
        Ok(())
    }

    fn check_population(&self) -> Checked {
        let population = &self.population;
        let users = population.users;
        if !(2..=USERS_MAX).contains(&users) {
            let text = format!("{users} cannot talk to each other: expected 2 to {USERS_MAX} users");
            return wrong(&["users"], text);
        }
        size(population.contacts, 0, users - 1, "contacts")?;
        share(population.second_devices, "second-devices")?;
        for (index, groups) in population.groups.iter().enumerate() {
            check_groups(groups, users).map_err(|error| error.within(&["groups", &index.to_string()]))?;
        }
        Ok(())
    }

    fn check_arrival(&self) -> Checked {
        match self.arrival {
            Arrival::Open { rate, .. } if !(rate > 0.0 && rate <= RATE_MAX) => {
                let text = format!("{rate} a second: expected above 0, up to {RATE_MAX}");
                wrong(&["open", "rate"], text)
            }
            Arrival::Closed { think } if think.min > think.max => {
                let [min, max] = [think.min, think.max].map(humantime::format_duration);
                wrong(
                    &["closed", "think"],
                    format!("from {min} to {max}: expected `min` to be `max` at most"),
                )
            }
            Arrival::Open { .. } | Arrival::Closed { .. } => Ok(()),
        }
    }

    fn check_mix(&self) -> Checked {
        for (behaviour, weight) in &self.mix {
            if !(weight.is_finite() && *weight >= 0.0) {
                return wrong(&[behaviour.name()], format!("the weight {weight}: expected 0 or more"));
            }
        }
        if !self.mix.values().any(|weight| *weight > 0.0) {
            return wrong(&[], "nobody does anything: expected at least one behaviour with a weight above 0");
        }
        let done = self.mix.iter().filter(|(_, weight)| **weight > 0.0);
        let contacts = self.population.contacts.max() > 0;
        let groups = !self.population.groups.is_empty();
        for (behaviour, _) in done {
            let lacks = match behaviour {
                Behaviour::P2pText if !contacts => "population.contacts above 0",
                Behaviour::GroupText | Behaviour::MemberChurn if !groups => "[[population.groups]]",
                Behaviour::File | Behaviour::Read | Behaviour::History | Behaviour::SecondDevice
                    if !contacts && !groups =>
                {
                    "population.contacts above 0 or [[population.groups]]"
                }
                _ => continue,
            };
            return wrong(&[behaviour.name()], format!("nobody can do this: expected {lacks}"));
        }
        Ok(())
    }

    fn check_phases(&self) -> Checked {
        if self.phases.is_empty() {
            return wrong(&["phase"], "there is none: expected at least one [[phase]]");
        }
        let closed = matches!(self.arrival, Arrival::Closed { .. });
        for (index, phase) in self.phases.iter().enumerate() {
            check_phase(phase, closed).map_err(|error| error.within(&["phase", &index.to_string()]))?;
        }
        if self.length() > LENGTH_MAX {
            let [is, most] = [self.length(), LENGTH_MAX].map(humantime::format_duration);
            return wrong(&["phase"], format!("all phases together take {is}: expected {most} at most"));
        }
        Ok(())
    }

    fn check_fault(&self, fault: &Fault) -> Checked {
        let end = self.length();
        let told = humantime::format_duration(end);
        if fault.at >= end {
            let at = humantime::format_duration(fault.at);
            return wrong(&["at"], format!("{at} is no more in the run: expected less than {told}"));
        }
        if fault.at.saturating_add(fault.length) > end {
            let most = humantime::format_duration(end - fault.at);
            return wrong(
                &["length"],
                format!("it lasts longer than the run, {told}: expected {most} at most"),
            );
        }
        let name = fault.what.name();
        match fault.what.takes_length() {
            Some(true) if fault.length.is_zero() => {
                return wrong(
                    &["length"],
                    format!("{name} lasts for a time: expected its `length`, as \"10s\""),
                );
            }
            Some(false) if !fault.length.is_zero() => {
                return wrong(&["length"], format!("{name} happens at once: expected no `length`"));
            }
            _ => (),
        }
        let inside = |error: Senseless| error.within(&["what", name]);
        match fault.what {
            Misfortune::Cut { share: some } => share(some, "share").map_err(inside),
            Misfortune::DuplicatePushes { rate }
            | Misfortune::FailRequests { rate }
            | Misfortune::LoseAnswers { rate } => share(rate, "rate").map_err(inside),
            Misfortune::DelayPushes { by } | Misfortune::DelayRequests { by } if by.is_zero() => {
                wrong(&["by"], "no delay: expected a length of time above 0").map_err(inside)
            }
            _ => Ok(()),
        }
    }

    /// How long all phases take together.
    pub fn length(&self) -> Duration {
        self.phases.iter().fold(Duration::ZERO, |sum, phase| sum.saturating_add(phase.length))
    }
}

impl Misfortune {
    /// Whether it lasts for a time; nothing said where it can be both.
    const fn takes_length(self) -> Option<bool> {
        match self {
            Self::Cut { .. } => None,
            Self::RestartPush | Self::ExpireTokens => Some(false),
            Self::RefuseConnections
            | Self::DelayPushes { .. }
            | Self::DuplicatePushes { .. }
            | Self::DelayRequests { .. }
            | Self::FailRequests { .. }
            | Self::LoseAnswers { .. } => Some(true),
        }
    }
}

fn check_groups(groups: &Groups, users: usize) -> Checked {
    match (groups.count, groups.one_per_users) {
        (Some(0), None) => return wrong(&["count"], "0 groups: expected at least 1"),
        (None, Some(0)) => return wrong(&["one-per-users"], "one for every 0 users: expected at least 1"),
        (Some(_), None) | (None, Some(_)) => (),
        (Some(_), Some(_)) => {
            return wrong(&["one-per-users"], "there is a `count` as well: expected one of the two");
        }
        (None, None) => return wrong(&[], "how many is not said: expected `count` or `one-per-users`"),
    }
    if let Some(count) = groups.count.filter(|count| *count > USERS_MAX) {
        return wrong(&["count"], format!("{count} groups: expected {USERS_MAX} at most"));
    }
    size(groups.size, 2, users, "size")
}

fn check_phase(phase: &Phase, closed: bool) -> Checked {
    if phase.name.trim().is_empty() {
        return wrong(&["name"], "it is empty: expected a name, as \"hold\"");
    }
    if phase.length.is_zero() {
        return wrong(&["length"], "it takes no time: expected a length of time above 0");
    }
    if closed {
        level(phase.load, 1.0, "a share of the users, 0 to 1, since arrivals are closed", "load")?;
    } else {
        level(phase.load, f64::MAX, "0 or more", "load")?;
    }
    level(phase.online, 1.0, "a share of the users, 0 to 1", "online")
}

/// A level whose ends are from 0 to that.
fn level(level: Level, most: f64, expected: &str, field: &str) -> Checked {
    let is_wrong = |value: f64| !(value >= 0.0 && value <= most);
    let of = |value: f64, place: &[&str]| wrong(place, format!("{value}: expected {expected}"));
    match level {
        Level::Steady(value) if is_wrong(value) => of(value, &[field]),
        Level::Ramp(ramp) if is_wrong(ramp.from) => of(ramp.from, &[field, "from"]),
        Level::Ramp(ramp) if is_wrong(ramp.to) => of(ramp.to, &[field, "to"]),
        Level::Steady(_) | Level::Ramp(_) => Ok(()),
    }
}

fn share(share: f64, field: &str) -> Checked {
    if (0.0..=1.0).contains(&share) {
        return Ok(());
    }
    wrong(&[field], format!("{share} is no share: expected 0 to 1"))
}

/// A size of which every value is from `least` to `most`.
fn size(size: Size, least: usize, most: usize, field: &str) -> Checked {
    let expected =
        if most == usize::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
    let fits = |value: usize| (least..=most).contains(&value);
    let of = |value: usize, place: &[&str]| wrong(place, format!("{value}: expected {expected}"));
    match size {
        Size::Fixed(value) if !fits(value) => of(value, &[field]),
        Size::Drawn(Range { min, .. }) if !fits(min) => of(min, &[field, "min"]),
        Size::Drawn(Range { max, .. }) if !fits(max) => of(max, &[field, "max"]),
        Size::Drawn(Range { min, max, .. }) if min > max => {
            wrong(&[field, "min"], format!("{min} is above `max`, {max}: expected {max} at most"))
        }
        Size::Drawn(Range { skew, .. }) if !(skew.is_finite() && skew >= 0.0) => {
            wrong(&[field, "skew"], format!("{skew}: expected 0 or more"))
        }
        Size::Fixed(_) | Size::Drawn(_) => Ok(()),
    }
}
