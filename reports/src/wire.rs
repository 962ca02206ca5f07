//! The two places where the JSON form differs from what serde would write by itself.
//!
//! Invariant: what is written can be read back. Hence a number that JSON does not have is refused here, and not
//! written as `null`.

use serde::{Serializer, ser::Error as _};

/// Writes a number that must be finite.
pub(crate) fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        Err(S::Error::custom(format_args!("{value} is not a finite number")))
    }
}

/// Writes a number that must be finite, or `null` for none.
#[expect(clippy::ref_option, reason = "what serde calls")]
pub(crate) fn finite_or_none<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => finite(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// A 64-bit number as a decimal string: JavaScript would lose its last digits.
pub(crate) mod decimal_string {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format_args!("{text:?} is not a seed: {error}")))
    }
}
