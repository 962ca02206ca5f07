//! The JSON form: it cannot change unnoticed, and what is written can be read.

use crate::common::{empty, small};
use std::fs;

use y2w_reports::{Exporter as _, RunResult, export::Json, model::SCHEMA};

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
        ("y2w-run/2", "y2w-run/1", "format \"y2w-run/1\" is not \"y2w-run/2\""),
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

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

#[test]
fn the_json_is_valid_by_its_schema_which_refuses_other_things() {
    let validator = validator();
    for result in [small(), empty()] {
        let json = serde_json::to_value(&result).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(wrong, [""; 0]);
    }
    let json = serde_json::to_value(small()).unwrap();
    for (place, wrong) in [
        ("/verdict/outcome", serde_json::json!("splendid")),
        ("/timeline/marks/0/kind", serde_json::json!("party")),
        ("/latencies/0/quantiles/p99", serde_json::json!(-1)),
        ("/health", serde_json::json!({})),
        ("/seed", serde_json::json!(7)),
    ] {
        let mut json = json.clone();
        *json.pointer_mut(place).unwrap() = wrong;
        assert!(!validator.is_valid(&json), "{place}");
    }
}

/// Each field of the form, wherever it stands, is known to the schema, and demanded by it.
#[test]
fn the_schema_demands_every_field() {
    let (validator, json) = (validator(), serde_json::to_value(small()).unwrap());
    let mut places = Vec::new();
    fields(&json, "", &mut places);
    assert!(places.len() > 100, "{places:?}");
    for (object, field) in places {
        let mut less = json.clone();
        less.pointer_mut(&object).unwrap().as_object_mut().unwrap().remove(&field);
        assert!(!validator.is_valid(&less), "{object}/{field} can be left out");
        assert!(serde_json::from_value::<RunResult>(less).is_err() || less_is_none(&json, &object, &field));
    }
}

/// Whether the field may be none, which Rust's reader takes a missing one for.
fn less_is_none(json: &serde_json::Value, object: &str, field: &str) -> bool {
    let mut none = json.clone();
    none.pointer_mut(object).unwrap()[field] = serde_json::Value::Null;
    validator().is_valid(&none)
}

fn fields(value: &serde_json::Value, place: &str, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                found.push((place.to_owned(), name.clone()));
                fields(value, &format!("{place}/{name}"), found);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                fields(value, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_result_is_read_from_its_file_or_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    y2w_reports::write_all(dir.path(), &small()).unwrap();
    assert_eq!(RunResult::read(dir.path()).unwrap(), small());
    assert_eq!(RunResult::read(&dir.path().join("result.json")).unwrap(), small());
}

#[test]
fn what_cannot_be_read_is_named_with_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("result.json");
    let read = || RunResult::read(dir.path()).unwrap_err().to_string();
    assert!(read().starts_with(&format!("cannot read {}: ", file.display())), "{}", read());
    for (text, said) in [
        (
            SMALL.replace("y2w-run/2", "y2w-run/1"),
            "format \"y2w-run/1\" is not \"y2w-run/2\" at line 2 column 23",
        ),
        ("{}".to_owned(), "missing field `format` at line 1 column 2"),
        (SMALL[..SMALL.len() / 2].to_owned(), "EOF while parsing"),
        ("\u{feff}".to_owned(), "expected value at line 1 column 1"),
    ] {
        fs::write(&file, text).unwrap();
        let begin = format!("{} is not the result of a run, format y2w-run/2: ", file.display());
        assert!(read().starts_with(&begin) && read().contains(said), "{}", read());
    }
}
