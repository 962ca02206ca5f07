//! Which part of a file a request asks for: single byte ranges of RFC 9110.

use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};

/// What to send of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it.
    Whole,
    /// So many bytes from there on; at least one.
    Part { start: u64, length: u64 },
    /// Nothing that it has.
    Outside,
}

/// Reads the header `Range` for a file of `size` bytes. One that cannot be read, or names several ranges, is as if it were
/// not there, which the RFC lets a server do. So is one under a condition: files have no validators here.
pub(super) fn asked(headers: &HeaderMap, size: u64) -> Asked {
    if headers.contains_key(IF_RANGE) {
        return Asked::Whole;
    }
    let header = headers.get(RANGE).and_then(|value| value.to_str().ok());
    header.and_then(|text| parse(text, size)).unwrap_or(Asked::Whole)
}

fn parse(text: &str, size: u64) -> Option<Asked> {
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let (start, end) = if first.is_empty() {
        (size.saturating_sub(number(last)?), size)
    } else {
        let first = number(first)?;
        let end = if last.is_empty() {
            size
        } else {
            let last = number(last)?;
            if last < first {
                return None;
            }
            size.min(last.saturating_add(1))
        };
        (first, end)
    };
    Some(if start < end { Asked::Part { start, length: end - start } } else { Asked::Outside })
}

/// Digits only: `u64` would take a sign as well.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of_ten(range: &str) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        asked(&headers, 10)
    }

    #[test]
    fn single_ranges_are_read() {
        for (range, start, length) in [
            ("bytes=0-3", 0, 4),
            ("bytes=4-", 4, 6),
            ("bytes=-3", 7, 3),
            ("bytes=-30", 0, 10),
            ("bytes=8-99", 8, 2),
            ("bytes=9-9", 9, 1),
            ("Bytes= 1-2 ", 1, 2),
            ("bytes=1-18446744073709551615", 1, 9),
        ] {
            assert_eq!(of_ten(range), Asked::Part { start, length }, "{range}");
        }
    }

    #[test]
    fn a_range_outside_is_told_from_one_that_makes_no_sense() {
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(of_ten(range), Asked::Outside, "{range}");
        }
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=x-2",
            "bytes=3-2",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=+1-2",
        ] {
            assert_eq!(of_ten(range), Asked::Whole, "{range}");
        }
        assert_eq!(asked(&HeaderMap::new(), 10), Asked::Whole);
    }

    #[test]
    fn of_an_empty_file_no_byte_can_be_asked_for() {
        assert_eq!(parse("bytes=0-", 0), Some(Asked::Outside));
        assert_eq!(parse("bytes=-5", 0), Some(Asked::Outside));
    }

    #[test]
    fn a_range_under_a_condition_is_left_aside() {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=0-3"));
        headers.insert(IF_RANGE, HeaderValue::from_static("\"x\""));
        assert_eq!(asked(&headers, 10), Asked::Whole);
    }
}
