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
    /// It, read.
    pub fn workload(&self) -> Workload {
        match Workload::parse(self.name, self.text) {
            Ok(workload) => workload,
            Err(error) => unreachable!("what is shipped is tested: {error}"),
        }
    }
}

/// The workloads that come with y2w, the default first.
pub fn shipped() -> &'static [Shipped] {
    const fn of(name: &'static str, text: &'static str) -> Shipped {
        Shipped { name, text }
    }
    const SHIPPED: &[Shipped] = &[of("quick", include_str!("../../../workloads/quick.toml"))];
    SHIPPED
}
