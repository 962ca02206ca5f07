//! How much of something there is in a phase. In TOML a number, or `{ from = 0.1, to = 1 }`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// How much of something there is in a phase: all the time the same, or rising or falling evenly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Level {
    /// All the time this.
    Steady(f64),
    /// From one to the other.
    Ramp(Ramp),
}

/// From one level to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ramp {
    /// At the phase's beginning.
    pub from: f64,
    /// At its end.
    pub to: f64,
}

impl Level {
    /// The same, as what it is at the phase's beginning and at its end.
    pub fn ramp(self) -> Ramp {
        match self {
            Self::Steady(level) => Ramp { from: level, to: level },
            Self::Ramp(ramp) => ramp,
        }
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::Steady(1.0)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Level;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or { from, to }")
            }

            fn visit_f64<E: Error>(self, level: f64) -> Result<Level, E> {
                Ok(Level::Steady(level))
            }

            fn visit_i64<E: Error>(self, level: i64) -> Result<Level, E> {
                Ok(Level::Steady(level as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Level, A::Error> {
                Ramp::deserialize(MapAccessDeserializer::new(map)).map(Level::Ramp)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}
