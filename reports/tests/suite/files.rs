//! The files in the folder.

use std::{fs, path::Path};

use crate::common::small;
use y2w_reports::{ReportError, write_all};

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_made_and_holds_the_files_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("runs/1");
    let paths = write_all(&dir, &small()).unwrap();
    assert_eq!(paths, [dir.join("result.json"), dir.join("report.html")]);
    assert_eq!(names(&dir), ["report.html", "result.json"]);
}

#[test]
fn files_of_an_earlier_run_are_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("result.json"), "old").unwrap();
    fs::write(dir.path().join(".result.json.unfinished"), "left by a crash").unwrap();
    write_all(dir.path(), &small()).unwrap();
    assert_eq!(names(dir.path()), ["report.html", "result.json"]);
    assert_eq!(fs::read_to_string(dir.path().join("result.json")).unwrap(), include_str!("small.json"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let dir = root.path().join("file/run");
    let error = write_all(&dir, &small()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot create the folder {}: ", dir.display())), "{error}");
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_nothing_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("report.html");
    fs::create_dir(&taken).unwrap();
    let error = write_all(dir.path(), &small()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write {}: ", taken.display())), "{error}");
    assert_eq!(names(dir.path()), ["report.html", "result.json"]);
}

#[test]
fn a_result_that_cannot_be_rendered_touches_nothing() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("run");
    let mut result = small();
    result.duration_s = f64::INFINITY;
    assert!(matches!(write_all(&dir, &result), Err(ReportError::Json(_))));
    assert!(!dir.exists());
}
