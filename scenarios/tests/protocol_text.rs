//! The protocol's text and the code agree: every rule has its form, and every rule that the code cites exists.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn text() -> String {
    std::fs::read_to_string(root().join("docs/protocol.md")).unwrap()
}

/// The headings of rules and the line under each.
fn rules(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    lines.windows(2).filter_map(|w| w[0].strip_prefix("#### ").map(|id| (id, w[1]))).collect()
}

fn is_id(text: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    text.contains('-') && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.split('-').all(word)
}

/// What stands between backticks in comments of a source file.
fn quoted(source: &str) -> Vec<&str> {
    let comments = source.lines().filter(|l| l.trim_start().starts_with("//"));
    comments.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_rule_has_an_id_of_its_own_a_level_and_a_source() {
    let text = text();
    let rules = rules(&text);
    assert!(rules.len() > 300, "{}", rules.len());
    let mut seen = BTreeSet::new();
    for (id, level) in rules {
        assert!(is_id(id), "{id}");
        assert!(seen.insert(id), "{id} stands twice");
        let (level, sources) = level.split_once(" · source ").unwrap_or_else(|| panic!("{id}: {level}"));
        assert!(["MUST", "SHOULD", "MAY"].contains(&level), "{id}: {level}");
        assert!(sources.split(", ").all(|s| ["S", "W", "A", "I", "B", "O"].contains(&s)), "{id}: {sources}");
    }
}

#[test]
fn every_rule_that_a_comment_cites_exists() {
    let text = text();
    let known: BTreeSet<&str> = rules(&text).iter().map(|(id, _)| *id).collect();
    let areas: BTreeSet<&str> = known.iter().filter_map(|id| id.split('-').next()).collect();
    let mut files = Vec::new();
    for folder in ["sdk", "mock-server", "scenarios", "reports", "benches"] {
        sources(&root().join(folder), &mut files);
    }
    let mut cited = 0;
    let mut unknown = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for id in quoted(&source) {
            if is_id(id) && areas.contains(id.split('-').next().unwrap()) {
                cited += 1;
                if !known.contains(id) {
                    unknown.push(format!("{}: {id}", file.display()));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "cited but not in docs/protocol.md: {unknown:#?}");
    assert!(cited > 100, "{cited}");
}
