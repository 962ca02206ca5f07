//! What has to hold at the end of a run: `METRIC[.service][.STAT] OP VALUE`, as `send_synced.p99 < 250ms`, `errors < 0.1%`,
//! `lost == 0`, `route("GET /v1/users").p99 <= 20ms`.
//!
//! Read once, with errors that say what was expected; shown as it is written; judged by whatever has the readings.
//! What was not measured does not hold.

mod metric;
mod read;

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use y2w_reports::format;

pub use metric::{Latency, Number, Reading, Route, Since, Stat};

/// A condition on what a run has measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    reading: Reading,
    relation: Relation,
    value: Value,
}

/// How a reading has to lie to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

/// What a reading is compared with, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Value {
    number: f64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    None,
    Percent,
    Microseconds,
    Milliseconds,
    Seconds,
}

/// What a run has measured. `None`: nothing.
pub trait Readings {
    /// A latency's statistic: microseconds, or a number where the statistic is [`Stat::Count`].
    fn latency(&self, latency: Latency, since: Since, stat: Stat) -> Option<f64>;
    /// The same for the requests of a route.
    fn route(&self, route: &Route, stat: Stat) -> Option<f64>;
    /// A count, or a rate per second.
    fn number(&self, number: Number) -> Option<f64>;
}

/// What came of a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whether it holds.
    pub held: bool,
    /// What was measured, for people.
    pub actual: String,
}

impl Threshold {
    /// What it is about.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Whether it holds.
    pub fn judge(&self, readings: &impl Readings) -> Judged {
        let Some((actual, text)) = self.measured(readings) else {
            return Judged { held: false, actual: "nothing was measured".to_owned() };
        };
        Judged { held: self.relation.holds(actual, self.value.amount()), actual: text }
    }

    /// The reading in the value's terms, and for people.
    fn measured(&self, readings: &impl Readings) -> Option<(f64, String)> {
        let (actual, stat) = match &self.reading {
            Reading::Latency(latency, since, stat) => (readings.latency(*latency, *since, *stat)?, *stat),
            Reading::Route(route, stat) => (readings.route(route, *stat)?, *stat),
            Reading::Number(number) => {
                let actual = readings.number(*number)?;
                return self.of_number(*number, actual, readings);
            }
        };
        let text = if stat == Stat::Count { plain(actual) } else { format::mean_micros(actual) };
        Some((actual, text))
    }

    fn of_number(&self, number: Number, actual: f64, readings: &impl Readings) -> Option<(f64, String)> {
        if self.value.unit != Unit::Percent {
            let text = if number.is_rate() { format::rate(actual) } else { plain(actual) };
            return Some((actual, text));
        }
        let all = readings.number(Number::Operations).filter(|all| *all > 0.0)?;
        let share = actual / all;
        let text = format!("{} % ({} of {})", format::decimal(share * 100.0, 3), plain(actual), plain(all));
        Some((share, text))
    }
}

/// A count, which has no decimals.
fn plain(number: f64) -> String {
    format::decimal(number, 0)
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.reading, self.relation, self.value)
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// By a visitor: what is wrong with the text is then told with the text's place.
impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Threshold;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a threshold, as \"send_synced.p99 < 250ms\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Threshold, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

impl Relation {
    const ALL: [Self; 5] = [Self::AtMost, Self::AtLeast, Self::Equal, Self::Below, Self::Above];

    fn holds(self, actual: f64, value: f64) -> bool {
        match self {
            Self::Below => actual < value,
            Self::AtMost => actual <= value,
            Self::Above => actual > value,
            Self::AtLeast => actual >= value,
            #[expect(clippy::float_cmp, reason = "what is equal was asked for")]
            Self::Equal => actual == value,
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

impl Value {
    /// Microseconds, a share from 0 to 1, or the number.
    fn amount(self) -> f64 {
        match self.unit {
            Unit::None | Unit::Microseconds => self.number,
            Unit::Percent => self.number / 100.0,
            Unit::Milliseconds => self.number * 1e3,
            Unit::Seconds => self.number * 1e6,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.sign())
    }
}

impl Unit {
    const ALL: [Self; 5] = [Self::None, Self::Percent, Self::Microseconds, Self::Milliseconds, Self::Seconds];

    const fn sign(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Percent => "%",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    const fn is_time(self) -> bool {
        matches!(self, Self::Microseconds | Self::Milliseconds | Self::Seconds)
    }
}
