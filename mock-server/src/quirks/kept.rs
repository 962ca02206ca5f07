//! How quirks are written where a state is kept: by their names, so that a table with more of them reads the same.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NamedQuirk, Quirks, Rate};

#[derive(Serialize, Deserialize)]
struct Kept {
    seed: u64,
    quirks: Vec<KeptQuirk>,
}

#[derive(Serialize, Deserialize)]
struct KeptQuirk {
    /// As on a command line.
    name: String,
    /// How often one with a rate was asked for.
    asked: u64,
}

impl Serialize for Quirks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let quirks = self.named().map(|named| KeptQuirk {
            name: named.to_string(),
            asked: self.rated(named.quirk).map_or(0, |rated| rated.asked),
        });
        Kept { seed: self.seed, quirks: quirks.collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quirks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(deserializer)?;
        let mut quirks = Self { seed: kept.seed, ..Self::default() };
        for KeptQuirk { name, asked } in kept.quirks {
            let NamedQuirk { quirk, rate } = name.parse().map_err(D::Error::custom)?;
            quirks.add(quirk, rate);
            quirks
                .rated
                .iter_mut()
                .filter(|rated| rated.quirk == quirk)
                .for_each(|rated| rated.asked = asked);
        }
        Ok(quirks)
    }
}

impl fmt::Display for NamedQuirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.quirk.name())?;
        if self.rate == Rate::ALWAYS { Ok(()) } else { write!(f, "={}", self.rate.0) }
    }
}

/// As they are named on a command line.
impl fmt::Display for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no quirks");
        }
        for (n, named) in self.named().enumerate() {
            let between = if n == 0 { "" } else { ", " };
            write!(f, "{between}{named}")?;
        }
        Ok(())
    }
}
