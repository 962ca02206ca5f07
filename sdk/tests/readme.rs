//! The tables of README.md name what there is: each test is in the file beside it, each Rust item in the sources.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of all tables with three columns: heading, Rust items, tests; each a list of what stands in backticks.
fn rows(readme: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let lines = readme.lines().filter(|line| line.starts_with("| ") && line.ends_with(" |"));
    let cells = lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    cells
        .filter(|cells| cells[1] != "Rust")
        .map(|cells| {
            assert_eq!(cells.len(), 3, "{cells:?}");
            (cells[0].to_owned(), quoted(cells[1]), quoted(cells[2]))
        })
        .collect()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// What a source file defines, and the types that it defines or gives methods.
struct Source {
    items: BTreeSet<String>,
    types: BTreeSet<String>,
}

impl Source {
    fn read(text: &str) -> Self {
        let mut source = Self { items: BTreeSet::new(), types: BTreeSet::new() };
        let code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        for line in code {
            for (before, word, after) in words(line) {
                if defines(before, after) {
                    source.items.insert(word.to_owned());
                    source.types.insert(word.to_owned());
                } else if before.starts_with("impl") {
                    source.types.insert(word.to_owned());
                }
            }
        }
        source
    }
}

/// The words of a line, each with what is before and after it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + line[at..].find(is_word)?;
        let end = line[begin..].find(|c| !is_word(c)).map_or(line.len(), |length| begin + length);
        at = end;
        Some((&line[..begin], &line[begin..end], &line[end..]))
    })
}

/// Whether a word between these is what the line defines: a function, a type, a constant, a field or a variant. A code of
/// the protocol is a row `NAME = 7, "meaning";` of a macro.
fn defines(before: &str, after: &str) -> bool {
    let keyword = before.split_whitespace().last().unwrap_or_default();
    let item = ["fn", "struct", "enum", "trait", "type", "const"].contains(&keyword);
    let field = before == "pub " && after.starts_with(": ");
    let variant = before.is_empty() && [",", " {", "(", " = "].iter().any(|next| after.starts_with(next));
    item || field || variant
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    found.iter().map(|path| Source::read(&std::fs::read_to_string(path).unwrap())).collect()
}

/// What is wrong with the path of an item, if anything is.
fn trouble(path: &str, sources: &[Source]) -> Option<String> {
    let mut segments: Vec<&str> = path.split("::").collect();
    let name = segments.pop()?;
    let owner = segments.pop_if(|last| last.starts_with(char::is_uppercase));
    let here = |source: &Source| {
        source.items.contains(name) && owner.is_none_or(|owner| source.types.contains(owner))
    };
    if !sources.iter().any(here) {
        return Some(format!("`{path}`: no source defines it"));
    }
    let module = segments.iter().fold(root().join("src"), |at, segment| at.join(segment));
    let is_module = module.is_dir() || module.with_extension("rs").is_file();
    (!is_module).then(|| format!("`{path}`: there is no such module"))
}

#[test]
fn every_rust_item_that_the_tables_name_exists() {
    let sources = sources();
    let mut wrong = Vec::new();
    let mut named = 0;
    for (what, items, _) in rows(&readme()) {
        let before = named;
        for item in items.iter().filter(|item| !["Ok", "Result"].contains(&item.as_str())) {
            named += 1;
            wrong.extend(trouble(item, &sources));
        }
        if named == before {
            wrong.push(format!("{what}: no item is named"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(named > 250, "{named}");
}

#[test]
fn every_test_that_the_tables_name_exists() {
    let mut wrong = Vec::new();
    let mut named = 0;
    for (what, _, tests) in rows(&readme()) {
        let mut file = None;
        for quoted in &tests {
            if quoted.ends_with(".rs") {
                file = std::fs::read_to_string(root().join(quoted)).ok();
                continue;
            }
            named += 1;
            let signature = format!("fn {quoted}(");
            if !file.as_ref().is_some_and(|text: &String| text.contains(&signature)) {
                wrong.push(format!("{what}: {quoted}"));
            }
        }
        if file.is_none() {
            wrong.push(format!("{what}: no test is named"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(named > 200, "{named}");
}

#[test]
fn an_item_that_is_not_there_is_noticed() {
    let sources = sources();
    for path in
        ["Users::resume", "current_user::Contacts::get", "protocol::SendReturnCode::TIMEOUT", "Event::Shown"]
    {
        assert_eq!(trouble(path, &sources), None);
    }
    for path in
        ["Users::resumes", "current_users::Contacts::get", "protocol::SendReturnCode::TIME", "Contacts::gate"]
    {
        assert!(trouble(path, &sources).is_some(), "{path}");
    }
}
