//! How times, places and people are written in a plan.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time or a length of time in whole milliseconds; written as `250ms`, `3s`, `1h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Millis(pub u64);

/// A device of a user, as `ann/web`; the user alone, `ann`, is its first device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor {
    /// The user's name.
    pub user: String,
    /// The device's name; empty for the first.
    pub device: String,
}

/// A session as one user sees it: another user for the two of them, `#NAME` for a group, `ann+bob` for two users.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// With one other user.
    User(String),
    /// A group, by the name that the plan gives it.
    Group(String),
    /// Of these two, whoever looks.
    Pair(String, String),
}

/// Whom a fault concerns: `*`, a user with all devices, or one device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Whom {
    /// Everybody.
    All,
    /// All devices of a user.
    User(String),
    /// One device.
    Device(Actor),
}

impl Millis {
    /// As a length of time.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Whether it is none at all.
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            0 => (0, "s"),
            ms if ms % 3_600_000 == 0 => (ms / 3_600_000, "h"),
            ms if ms % 60_000 == 0 => (ms / 60_000, "min"),
            ms if ms % 1_000 == 0 => (ms / 1_000, "s"),
            ms => (ms, "ms"),
        };
        write!(f, "{number}{unit}")
    }
}

impl FromStr for Millis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time: expected one as 250ms, 3s, 5min or 1h");
        let duration = humantime::parse_duration(text).map_err(|_| wrong())?;
        u64::try_from(duration.as_millis()).map(Self).map_err(|_| wrong())
    }
}

impl Actor {
    /// A device of a user.
    pub fn new(user: &str, device: &str) -> Self {
        Self { user: user.to_owned(), device: device.to_owned() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)?;
        if self.device.is_empty() { Ok(()) } else { write!(f, "/{}", self.device) }
    }
}

impl FromStr for Actor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, device) = text.split_once('/').unwrap_or((text, ""));
        if is_name(user) && (device.is_empty() || is_name(device)) && !text.ends_with('/') {
            return Ok(Self::new(user, device));
        }
        Err(format!("`{text}` is nobody: expected a user's name, or USER/DEVICE"))
    }
}

impl Place {
    /// The group's name, if it is one.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Group(name) => Some(name),
            Self::User(_) | Self::Pair(..) => None,
        }
    }

    /// The users that are named.
    pub fn users(&self) -> Vec<&str> {
        match self {
            Self::User(name) => vec![name],
            Self::Pair(one, other) => vec![one, other],
            Self::Group(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => f.write_str(name),
            Self::Group(name) => write!(f, "#{name}"),
            Self::Pair(one, other) => write!(f, "{one}+{other}"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = match (text.strip_prefix('#'), text.split_once('+')) {
            (Some(group), _) if is_name(group) => Some(Self::Group(group.to_owned())),
            (None, Some((one, other))) if is_name(one) && is_name(other) => {
                Some(Self::Pair(one.to_owned(), other.to_owned()))
            }
            (None, None) if is_name(text) => Some(Self::User(text.to_owned())),
            _ => None,
        };
        place.ok_or_else(|| format!("`{text}` is no place: expected a user's name, #GROUP, or USER+USER"))
    }
}

impl Whom {
    /// Whether that device is meant. Its name is never empty.
    pub fn covers(&self, actor: &Actor) -> bool {
        match self {
            Self::All => true,
            Self::User(user) => *user == actor.user,
            Self::Device(device) => device == actor,
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::User(user) => f.write_str(user),
            Self::Device(actor) => actor.fmt(f),
        }
    }
}

impl FromStr for Whom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::All);
        }
        let actor: Actor = text
            .parse()
            .map_err(|_| format!("`{text}` is nobody: expected *, a user's name, or USER/DEVICE"))?;
        Ok(if actor.device.is_empty() { Self::User(actor.user) } else { Self::Device(actor) })
    }
}

/// Whether a text can be the name of a user, a device or a group.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What [`FromStr`] and [`fmt::Display`] read and write is what a file has.
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}

as_text!(Millis, Actor, Place, Whom);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["0s", "1ms", "999ms", "1s", "61s", "1min", "90min", "2h", "3600001ms"] {
            assert_eq!(text.parse::<Millis>().unwrap().to_string(), text);
        }
        for text in ["ann", "ann/web", "a-1/mobile2"] {
            assert_eq!(text.parse::<Actor>().unwrap().to_string(), text);
        }
        for text in ["ann", "#team", "ann+bob"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["*", "ann", "ann/web"] {
            assert_eq!(text.parse::<Whom>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_was_expected() {
        assert!("soon".parse::<Millis>().unwrap_err().contains("250ms"));
        for text in ["", "/", "ann/", "/web", "a nn", "ann/web/2"] {
            assert!(text.parse::<Actor>().unwrap_err().contains("USER/DEVICE"), "{text}");
        }
        for text in ["", "#", "+", "ann+", "#a+b", "a b"] {
            assert!(text.parse::<Place>().unwrap_err().contains("#GROUP"), "{text}");
        }
        assert!("".parse::<Whom>().unwrap_err().contains('*'));
    }

    #[test]
    fn a_fault_covers_all_a_user_or_a_device() {
        let phone = Actor::new("ann", "mobile");
        for (whom, covered) in
            [("*", true), ("ann", true), ("ann/mobile", true), ("ann/web", false), ("bob", false)]
        {
            assert_eq!(whom.parse::<Whom>().unwrap().covers(&phone), covered, "{whom}");
        }
    }
}
