//! Standing faults as data: what a library's user sets and the control API takes, in one form.
//!
//! A setting that is left out is a fault that is not there; a name that is unknown is refused, so that a misspelt fault
//! does not silently do nothing.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// All faults that stand on one app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Faults {
    /// Of the business API, the token endpoint and the gate. The first whose pattern fits a request counts, alone.
    pub routes: Vec<RouteFault>,
    /// Of what the push server delivers.
    pub push: PushFaults,
}

/// What happens to the requests of some routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct RouteFault {
    /// The method, such as `POST`; any if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path as it is documented, such as `/v1/sessions/{id}/messages`; `*` stands for any one part, and at the end
    /// for all that follow. Empty is any path.
    pub path: String,
    /// How long a request waits before it is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Answered in place of being carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorFault>,
    /// How many of the requests, from 0 to 1, are not carried out and get no answer: the connection is closed.
    pub lose_request: f64,
    /// How many of the requests, from 0 to 1, are carried out and get no answer: the connection is closed.
    pub lose_answer: f64,
}

/// An error in place of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ErrorFault {
    /// How many of the requests, from 0 to 1.
    pub rate: f64,
    /// The status, from 400 to 599.
    pub status: u16,
}

/// What happens to pushes on their way to one connection. Answers to commands and control messages are not touched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct PushFaults {
    /// How long a push waits; what comes behind it to the same connection waits as well (`PUSH-DELIVER-ORDER`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Latency>,
    /// How many pushes, from 0 to 1, never arrive.
    pub loss: f64,
    /// How many of the others, from 0 to 1, arrive twice.
    pub duplicate: f64,
}

/// How long something takes, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// The time.
        ms: f64,
    },
    /// Anything between two bounds, alike.
    Uniform {
        /// The shortest.
        min_ms: f64,
        /// The longest.
        max_ms: f64,
    },
    /// Around a mean, like the sum of many small causes; never below zero nor above the mean and six deviations.
    Normal {
        /// The mean.
        mean_ms: f64,
        /// The standard deviation.
        deviation_ms: f64,
    },
}

/// A setting that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct FaultyPlan(String);

/// Longest time that a fault may hold something back, in milliseconds: an hour.
const LONGEST_MS: f64 = 3_600_000.0;

impl Faults {
    /// Whether every setting makes sense.
    pub(super) fn check(&self) -> Result<(), FaultyPlan> {
        for (n, route) in self.routes.iter().enumerate() {
            let name = |setting: &str| format!("routes[{n}].{setting}");
            if !route.path.is_empty() && !route.path.starts_with(['/', '*']) {
                return Err(FaultyPlan(format!("{} begins with / or is *", name("path"))));
            }
            rate(&name("loseRequest"), route.lose_request)?;
            rate(&name("loseAnswer"), route.lose_answer)?;
            if let Some(error) = &route.error {
                rate(&name("error.rate"), error.rate)?;
                if !(400..600).contains(&error.status) {
                    return Err(FaultyPlan(format!("{} is from 400 to 599", name("error.status"))));
                }
            }
            route.latency.iter().try_for_each(|latency| latency.check(&name("latency")))?;
        }
        rate("push.loss", self.push.loss)?;
        rate("push.duplicate", self.push.duplicate)?;
        self.push.delay.iter().try_for_each(|delay| delay.check("push.delay"))
    }

    /// The fault that counts for a route.
    pub(super) fn of_route(&self, method: &str, path: &str) -> Option<&RouteFault> {
        self.routes.iter().find(|fault| fault.fits(method, path))
    }
}

impl RouteFault {
    fn fits(&self, method: &str, path: &str) -> bool {
        let same_method = self.method.as_ref().is_none_or(|asked| asked.eq_ignore_ascii_case(method));
        same_method && (self.path.is_empty() || fits(&self.path, path))
    }
}

/// Whether a route's path is one of a pattern's.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut asked, mut parts) = (pattern.split('/').peekable(), path.split('/'));
    while let Some(asked_part) = asked.next() {
        if asked_part == "*" && asked.peek().is_none() {
            return parts.next().is_some();
        }
        let Some(part) = parts.next() else {
            return false;
        };
        let both_named = asked_part.starts_with('{') && part.starts_with('{');
        if asked_part != "*" && asked_part != part && !both_named {
            return false;
        }
    }
    parts.next().is_none()
}

impl PushFaults {
    /// Whether no push meets anything.
    pub(crate) fn is_quiet(&self) -> bool {
        *self == Self::default()
    }
}

impl Latency {
    fn check(&self, name: &str) -> Result<(), FaultyPlan> {
        let given: &[(&str, f64)] = match self {
            Self::Fixed { ms } => &[("ms", *ms)],
            Self::Uniform { min_ms, max_ms } => &[("minMs", *min_ms), ("maxMs", *max_ms)],
            Self::Normal { mean_ms, deviation_ms } => &[("meanMs", *mean_ms), ("deviationMs", *deviation_ms)],
        };
        for (setting, ms) in given {
            if !(0.0..=LONGEST_MS).contains(ms) {
                return Err(FaultyPlan(format!("{name}.{setting} is from 0 to {LONGEST_MS}")));
            }
        }
        match self {
            Self::Uniform { min_ms, max_ms } if min_ms > max_ms => {
                Err(FaultyPlan(format!("{name}.minMs is greater than maxMs")))
            }
            _ => Ok(()),
        }
    }
}

fn rate(name: &str, rate: f64) -> Result<(), FaultyPlan> {
    if (0.0..=1.0).contains(&rate) { Ok(()) } else { Err(FaultyPlan(format!("{name} is from 0 to 1"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_paths() {
        let messages = "/v1/sessions/{session}/messages";
        for (pattern, path, expected) in [
            (messages, messages, true),
            ("/v1/sessions/{id}/messages", messages, true),
            ("/v1/sessions/*/messages", messages, true),
            ("/v1/*", messages, true),
            ("*", messages, true),
            ("/v1/sessions/*/members", messages, false),
            ("/v1/sessions/*", "/v1/sessions", false),
            ("/v1/sessions", "/v1/sessions/{session}", false),
            ("/v1/users/{id}", "/v1/users/login", false),
            ("/v1/users/*", "/v1/users/login", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_first_that_fits_counts() {
        let route = |method: Option<&str>, path: &str, lose_answer| RouteFault {
            method: method.map(str::to_owned),
            path: path.to_owned(),
            lose_answer,
            ..RouteFault::default()
        };
        let routes =
            vec![route(Some("post"), "/a", 0.1), route(None, "/a", 0.2), route(Some("GET"), "", 0.3)];
        let faults = Faults { routes, ..Faults::default() };
        let of = |method, path| faults.of_route(method, path).map(|fault| fault.lose_answer);
        assert_eq!(of("POST", "/a"), Some(0.1));
        assert_eq!(of("PUT", "/a"), Some(0.2));
        assert_eq!(of("GET", "/b"), Some(0.3));
        assert_eq!(of("PUT", "/b"), None);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (json, reason) in [
            (r#"{"routes":[{"path":"v1"}]}"#, "routes[0].path begins with / or is *"),
            (r#"{"routes":[{},{"loseAnswer":1.5}]}"#, "routes[1].loseAnswer is from 0 to 1"),
            (
                r#"{"routes":[{"error":{"rate":1,"status":200}}]}"#,
                "routes[0].error.status is from 400 to 599",
            ),
            (r#"{"push":{"loss":-1}}"#, "push.loss is from 0 to 1"),
            (r#"{"push":{"delay":{"fixed":{"ms":-1}}}}"#, "push.delay.ms is from 0 to 3600000"),
            (
                r#"{"push":{"delay":{"uniform":{"minMs":2,"maxMs":1}}}}"#,
                "push.delay.minMs is greater than maxMs",
            ),
        ] {
            let faults: Faults = serde_json::from_str(json).unwrap();
            assert_eq!(faults.check().unwrap_err().to_string(), reason);
        }
        for unknown in [
            r#"{"route":[]}"#,
            r#"{"routes":[{"loose":1}]}"#,
            r#"{"push":{"lost":1}}"#,
            r#"{"push":{"delay":{"fixed":{"s":1}}}}"#,
            r#"{"push":{"delay":{"normal":{"meanMs":1,"deviationMs":1,"x":1}}}}"#,
        ] {
            let error = serde_json::from_str::<Faults>(unknown).unwrap_err().to_string();
            assert!(error.contains("unknown field"), "{error}");
        }
    }
}
