//! Whether two texts are the same JSON value: the order of keys, spaces, and how numbers and strings are written say
//! nothing, the last digit does. Pure.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// See the module's text. What is no JSON is the same as nothing.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    match (one.bytes().next(), other.bytes().next()) {
        (Some(b'{'), Some(b'{')) => objects(one, other).unwrap_or(false),
        (Some(b'['), Some(b'[')) => arrays(one, other).unwrap_or(false),
        (Some(b'"'), Some(b'"')) => {
            let text = |json: &str| serde_json::from_str::<String>(json).ok();
            text(one).is_some_and(|one| Some(one) == text(other))
        }
        (Some(b'-' | b'0'..=b'9'), Some(b'-' | b'0'..=b'9')) => number(one) == number(other),
        _ => one == other && !one.is_empty(),
    }
}

fn objects(one: &str, other: &str) -> serde_json::Result<bool> {
    type Fields<'a> = BTreeMap<String, &'a RawValue>;
    let (one, other): (Fields<'_>, Fields<'_>) = (serde_json::from_str(one)?, serde_json::from_str(other)?);
    let same = |((key, value), (key_there, there)): ((&String, &&RawValue), (&String, &&RawValue))| {
        key == key_there && is_same(value.get(), there.get())
    };
    Ok(one.len() == other.len() && one.iter().zip(&other).all(same))
}

fn arrays(one: &str, other: &str) -> serde_json::Result<bool> {
    let (one, other): (Vec<&RawValue>, Vec<&RawValue>) =
        (serde_json::from_str(one)?, serde_json::from_str(other)?);
    Ok(one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| is_same(one.get(), other.get())))
}

/// A JSON number as sign, digits without zeros around them, and the power of ten that they are multiplied by.
fn number(text: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(i64::MAX / 2);
    let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return (false, String::new(), 0);
    }
    let dropped = i64::try_from(digits.len() - kept.len()).unwrap_or(i64::MAX / 4);
    let fraction = i64::try_from(fraction.len()).unwrap_or(i64::MAX / 4);
    (negative, kept.to_owned(), exponent.saturating_add(dropped).saturating_sub(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_value_that_counts() {
        for (one, other) in [
            ("1.0", "1"),
            ("1e3", "1000"),
            ("-0.50", "-5E-1"),
            ("0", "-0.0"),
            (r#""\u00e9\/""#, r#""é/""#),
            (r#"{"a":1, "b":[true,null]}"#, r#"{"b":[true , null],"a":1.0}"#),
            ("[]", "[ ]"),
        ] {
            assert!(is_same(one, other), "{one} and {other}");
        }
        for (one, other) in [
            ("9007199254740993", "9007199254740992"),
            ("1", "\"1\""),
            ("1", "10"),
            ("-1", "1"),
            ("null", "false"),
            ("{}", "[]"),
            (r#"{"a":null}"#, "{}"),
            ("[1]", "[1,2]"),
            ("", ""),
            ("[1", "[1"),
        ] {
            assert!(!is_same(one, other), "{one} and {other}");
        }
    }
}
