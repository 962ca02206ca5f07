//! Files that people write, as TOML. What is wrong in one is told on one line: file, line, and what was expected.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

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
    #[error("{file}:{line}: {text}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
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
            Err(error) => Err(TomlFileError::Wrong {
                file: name,
                line: line_of(error.as_bytes(), error.utf8_error().valid_up_to()),
                text: "this is no UTF-8: expected text".to_owned(),
            }),
        }
    }

    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, TomlFileError> {
        toml::from_str(&self.text).map_err(|error| {
            let text = error.message().lines().collect::<Vec<_>>().join("; ");
            self.wrong_at(error.span().map_or(0, |span| span.start), text)
        })
    }

    /// Something is wrong at that byte.
    pub(crate) fn wrong_at(&self, offset: usize, text: impl Display) -> TomlFileError {
        self.wrong(line_of(self.text.as_bytes(), offset), text)
    }

    /// Something is wrong in that line.
    pub(crate) fn wrong(&self, line: usize, text: impl Display) -> TomlFileError {
        TomlFileError::Wrong { file: self.name.clone(), line, text: text.to_string() }
    }
}

fn line_of(text: &[u8], offset: usize) -> usize {
    text.iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
