//! Whole numbers that are the same for all, or drawn for each. In TOML a number, or `{ min = 1, max = 9, skew = 1 }`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A whole number: always the same, or drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Size {
    /// Always this.
    Fixed(usize),
    /// Drawn between two bounds, both included.
    Drawn(Range),
}

/// Bounds of what is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Range {
    /// The least.
    pub min: usize,
    /// The greatest.
    pub max: usize,
    /// 0: all alike. Greater: small values are more common; of the way from `min` to `max`, `u^(1 + skew)` for a uniform `u`
    /// from 0 to 1.
    #[serde(default)]
    pub skew: f64,
}

impl Size {
    /// The value for a number that was drawn evenly from 0 to below 1.
    pub fn draw(self, uniform: f64) -> usize {
        match self {
            Self::Fixed(size) => size,
            Self::Drawn(Range { min, max, skew }) => {
                let values = max.saturating_sub(min) as f64 + 1.0;
                // What is cut off is below `values`, which is one more than there is to add.
                let more = (values * uniform.powf(1.0 + skew)) as usize;
                min.saturating_add(more).min(max)
            }
        }
    }

    /// The least that can come of it.
    pub fn min(self) -> usize {
        match self {
            Self::Fixed(size) => size,
            Self::Drawn(range) => range.min,
        }
    }

    /// The greatest that can come of it.
    pub fn max(self) -> usize {
        match self {
            Self::Fixed(size) => size,
            Self::Drawn(range) => range.max,
        }
    }

    /// The same, but never more than that.
    #[must_use]
    pub fn at_most(self, most: usize) -> Self {
        match self {
            Self::Fixed(size) => Self::Fixed(size.min(most)),
            Self::Drawn(range) => {
                Self::Drawn(Range { min: range.min.min(most), max: range.max.min(most), ..range })
            }
        }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::Fixed(0)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or { min, max, skew }")
            }

            fn visit_i64<E: Error>(self, size: i64) -> Result<Size, E> {
                let wrong = |_| E::invalid_value(Unexpected::Signed(size), &self);
                usize::try_from(size).map(Size::Fixed).map_err(wrong)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Size, A::Error> {
                Range::deserialize(MapAccessDeserializer::new(map)).map(Size::Drawn)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_lies_between_the_bounds_and_a_skew_favours_the_small() {
        let even = Size::Drawn(Range { min: 2, max: 5, skew: 0.0 });
        let draws: Vec<usize> = (0..8).map(|n| even.draw(f64::from(n) / 8.0)).collect();
        assert_eq!(draws, [2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!((even.draw(1.0), even.draw(0.999_999_999)), (5, 5));
        let skewed = Size::Drawn(Range { min: 0, max: 99, skew: 1.0 });
        let below_25 = (0..1_000).filter(|n| skewed.draw(f64::from(*n) / 1_000.0) < 25).count();
        assert_eq!(below_25, 500);
        let widest = Size::Drawn(Range { min: 0, max: usize::MAX, skew: 0.0 });
        assert_eq!(widest.draw(1.0), usize::MAX);
        assert_eq!((Size::Fixed(7).draw(0.5), Size::Fixed(7).max()), (7, 7));
    }
}
