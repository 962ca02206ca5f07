//! The JSON form: it cannot change unnoticed, and what is written can be read.

use crate::common::{empty, small};
use y2w_reports::{Exporter as _, RunResult, export::Json};

const SMALL: &str = include_str!("small.json");

#[test]
fn the_format_is_as_published() {
    assert_eq!(Json.render(&small()).unwrap(), SMALL);
}

#[test]
fn what_is_written_can_be_read() {
    for result in [small(), empty()] {
        let text = Json.render(&result).unwrap();
        assert_eq!(serde_json::from_str::<RunResult>(&text).unwrap(), result);
    }
}

#[test]
fn what_is_not_the_format_is_refused() {
    for (from, to, reason) in [
        ("y2w-run/1", "y2w-run/2", "format \"y2w-run/2\" is not \"y2w-run/1\""),
        ("\"run_id\"", "\"runId\"", "unknown field `runId`"),
        ("18446744073709551615\",\n  \"tool", "many\",\n  \"tool", "\"many\" is not a seed"),
    ] {
        assert!(SMALL.contains(from));
        let error = serde_json::from_str::<RunResult>(&SMALL.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_number_that_json_does_not_have_is_an_error() {
    let mut result = small();
    result.timeline.points[0].sent_per_s = f64::NAN;
    let error = Json.render(&result).unwrap_err().to_string();
    assert_eq!(error, "the result cannot be written as JSON: NaN is not a finite number");
}
