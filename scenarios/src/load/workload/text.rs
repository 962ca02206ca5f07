//! Workloads as TOML: those of a user, and those that come with y2w.

use std::path::Path;

use super::Workload;
use crate::toml_file::{TomlFile, TomlFileError};

/// A workload that comes with y2w.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// What it is called, as in `y2w run --workload NAME`.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

impl Workload {
    /// Reads and checks the workload in a file.
    pub fn read(file: &Path) -> Result<Self, TomlFileError> {
        Self::of(&TomlFile::read(file)?)
    }

    /// Reads and checks a workload; `name` is what errors call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, TomlFileError> {
        Self::of(&TomlFile::new(name, text))
    }

    fn of(file: &TomlFile) -> Result<Self, TomlFileError> {
        let workload: Self = file.parse()?;
        match workload.check() {
            Ok(()) => Ok(workload),
            Err(senseless) => Err(file.wrong_in(&senseless.place(), &senseless)),
        }
    }

    /// One that comes with y2w, by its name.
    pub fn shipped(name: &str) -> Option<Self> {
        shipped().iter().find(|shipped| shipped.name == name).map(Shipped::workload)
    }

    /// The workload as TOML, with all that its file left out.
    pub fn text(&self) -> String {
        toml::to_string(self).expect("a workload has nothing that TOML has not")
    }
}

impl Shipped {
    /// What it is, on a line: the file's first comment.
    pub fn summary(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default()
    }

    /// It, read.
    pub fn workload(&self) -> Workload {
        Workload::parse(self.name, self.text).expect("what is shipped is tested")
    }
}

/// The workloads that come with y2w, the default first.
pub fn shipped() -> &'static [Shipped] {
    macro_rules! shipped {
        ($($name:literal),*) => {
            &[$(Shipped { name: $name, text: include_str!(concat!("../../../workloads/", $name, ".toml")) }),*]
        };
    }
    shipped![
        "quick",
        "p2p-steady",
        "groups",
        "big-group",
        "reconnect-storm",
        "morning-login",
        "churn",
        "soak"
    ]
}

/// The JSON Schema of workload files, for editors and other programs.
pub const SCHEMA: &str = include_str!("../../../workloads/workload.schema.json");
