//! Files that people write, as TOML. What is wrong in one is told on one line: file, line, column, and what was expected.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::de::{DeTable, DeValue};

/// Why a file is not what it should be.
#[derive(Debug, Error)]
pub enum TomlFileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in it is not as it should be.
    #[error("{file}:{line}:{column}: {text}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// What is wrong there.
        text: String,
    },
}

/// A file's text, and what errors call it.
pub(crate) struct TomlFile {
    name: String,
    text: String,
}

impl TomlFile {
    pub(crate) fn read(file: &Path) -> Result<Self, TomlFileError> {
        let bytes =
            std::fs::read(file).map_err(|source| TomlFileError::Read { file: file.to_owned(), source })?;
        let name = file.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
                Err(Self { name, text }.wrong_at(valid, "this is no UTF-8: expected text"))
            }
        }
    }

    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, TomlFileError> {
        toml::from_str(&self.text).map_err(|error| {
            let text = match error.message() {
                "wanted exactly 1 element, more than 1 element" => SEVERAL.to_owned(),
                "wanted exactly 1 element, found 0 elements" => NONE.to_owned(),
                text => text.lines().collect::<Vec<_>>().join("; "),
            };
            self.wrong_at(error.span().map_or(0, |span| span.start), text)
        })
    }

    /// Something is wrong at that byte.
    pub(crate) fn wrong_at(&self, offset: usize, text: impl Display) -> TomlFileError {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before[begin..].chars().count() + 1;
        TomlFileError::Wrong { file: self.name.clone(), line, column, text: text.to_string() }
    }

    /// Something is wrong with the value of that place: the keys that lead to it, of which numbers count from 0 in
    /// arrays. Where the file does not go so far, it is the table around it that is pointed at.
    pub(crate) fn wrong_in(&self, place: &[&str], text: impl Display) -> TomlFileError {
        self.wrong_at(offset_of(&self.text, place), text)
    }
}

/// What the reader says of a choice that was not made in words of its own.
const SEVERAL: &str = "several kinds at once: expected exactly one of these keys";
const NONE: &str = "nothing says of which kind it is: expected exactly one key";

fn offset_of(text: &str, place: &[&str]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 0 };
    let (mut table, mut offset, mut keys) = (root.get_ref(), 0, place);
    while let [key, rest @ ..] = keys {
        let Some(mut value) = table.get(*key) else { break };
        keys = rest;
        while let (DeValue::Array(values), [key, rest @ ..]) = (value.get_ref(), keys) {
            let Some(next) = key.parse().ok().and_then(|index: usize| values.get(index)) else { break };
            (value, keys) = (next, rest);
        }
        offset = value.span().start;
        let DeValue::Table(next) = value.get_ref() else { break };
        table = next;
    }
    offset
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_choice_is_made_once() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Choice {
            Open(u32),
            Closed(u32),
        }
        #[derive(Debug, Deserialize)]
        struct Chosen {
            arrival: Choice,
        }
        let parse = |text| TomlFile::new("a.toml", text).parse::<Chosen>().map(|chosen| chosen.arrival);
        for chosen in ["arrival.open = 1", "[arrival]\nclosed = 1"] {
            assert!(matches!(parse(chosen).unwrap(), Choice::Open(1) | Choice::Closed(1)));
        }
        let wrong = |text| parse(text).unwrap_err().to_string();
        assert_eq!(wrong("[arrival]\nopen = 1\nclosed = 1"), format!("a.toml:1:1: {SEVERAL}"));
        assert_eq!(wrong("\n[arrival]"), format!("a.toml:2:1: {NONE}"));
    }

    #[test]
    fn what_is_wrong_is_pointed_at_by_line_and_column() {
        let text = "version = 1\nmix = { \"größe\" = 2, b = 3 }\n\n[[phase]]\nlength = \"1s\"\n\n  [[phase]]\n  load = { from = 1, to = -1 }\n";
        let file = TomlFile::new("a.toml", text);
        for (place, expected) in [
            (&["version"][..], "a.toml:1:11: x"),
            (&["mix", "größe"], "a.toml:2:19: x"),
            (&["mix", "b"], "a.toml:2:26: x"),
            (&["mix", "c"], "a.toml:2:7: x"),
            (&["phase", "0"], "a.toml:4:1: x"),
            (&["phase", "0", "length"], "a.toml:5:10: x"),
            (&["phase", "1", "load", "to"], "a.toml:8:27: x"),
            (&["phase", "1", "online"], "a.toml:7:3: x"),
            (&["phase", "2"], "a.toml:4:1: x"),
            (&["nothing"], "a.toml:1:1: x"),
        ] {
            assert_eq!(file.wrong_in(place, "x").to_string(), expected, "{place:?}");
        }
    }
}
