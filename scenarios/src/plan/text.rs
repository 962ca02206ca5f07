//! Plans as TOML.

use std::fmt::Write as _;
use std::path::Path;

use super::Plan;
use crate::toml_file::{TomlFile, TomlFileError};

impl Plan {
    /// Reads and checks the plan in a file.
    pub fn read(file: &Path) -> Result<Self, TomlFileError> {
        Self::of(&TomlFile::read(file)?)
    }

    /// Reads and checks a plan; `name` is what errors call it.
    pub fn parse(text: &str, name: &str) -> Result<Self, TomlFileError> {
        Self::of(&TomlFile::new(name, text))
    }

    fn of(file: &TomlFile) -> Result<Self, TomlFileError> {
        let plan: Self = file.parse()?;
        match plan.check() {
            Ok(()) => Ok(plan),
            Err(error) => {
                let index = error.table.map(|(_, index)| index.to_string());
                let table = error.table.iter().map(|(name, _)| *name);
                let place: Vec<&str> = table.chain(index.as_deref()).chain([error.field]).collect();
                Err(file.wrong_in(&place, error))
            }
        }
    }

    /// The plan as TOML, with what it is about as a comment before it. A step or a fault takes four lines, and what is as
    /// it is without saying is not said.
    pub fn to_toml(&self, about: &str) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        for line in about.lines() {
            let _ = writeln!(text, "{}", format!("# {line}").trim_end());
        }
        // TOML's integers end at 2^63, and a seed at 2^64: it is written as what it is, and read so.
        let plan = toml::Table::try_from(Self { seed: 0, ..self.clone() });
        for (key, value) in &plan.expect("a plan has nothing else that TOML has not") {
            if key == "seed" {
                let _ = writeln!(text, "seed = {}", self.seed);
                continue;
            }
            let tables = value.as_array().filter(|values| values.iter().all(toml::Value::is_table));
            let Some(tables) = tables.filter(|tables| !tables.is_empty()) else {
                let _ = writeln!(text, "{key} = {value}");
                continue;
            };
            for table in tables.iter().filter_map(toml::Value::as_table) {
                let _ = writeln!(text, "\n[[{key}]]");
                for (key, value) in table {
                    let _ = writeln!(text, "{key} = {value}");
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r##"
version = 1
seed = 7

[[user]]
name = "ann"
devices = ["web", "mobile"]

[[user]]
name = "bob"

[[step]]
id = 1
at = "1s"
by = "ann"
do = { create-group = { group = "team", members = ["bob"] } }

[[step]]
id = 2
at = "1500ms"
by = "bob"
do = { send-text = { to = "#team" } }

[[step]]
id = 3
at = "2s"
by = "ann/mobile"
do = "sync"

[[fault]]
id = 4
at = "1s"
for = "5s"
what = { partition = { who = "bob" } }
"##;

    #[test]
    fn a_plan_is_read_and_written_and_read() {
        let plan = Plan::parse(PLAN, "a.toml").unwrap();
        assert_eq!(plan.steps.len(), 3);
        assert_eq!(plan.end().0, 6_000);
        let again = Plan::parse(&plan.to_toml("found\nby chance"), "b.toml").unwrap();
        assert_eq!(again, plan);
    }

    #[test]
    fn a_written_plan_is_short() {
        let mut plan = Plan::parse(PLAN, "a.toml").unwrap();
        let step =
            "\n[[step]]\nid = 2\nat = \"1500ms\"\nby = \"bob\"\ndo = { send-text = { to = \"#team\" } }\n";
        let fault =
            "\n[[fault]]\nid = 4\nat = \"1s\"\nfor = \"5s\"\nwhat = { partition = { who = \"bob\" } }\n";
        let text = plan.to_toml("Found by chance.\n\nTwice.");
        assert!(
            text.starts_with("# Found by chance.\n#\n# Twice.\nversion = 1\nseed = 7\n\n[[user]]\n"),
            "{text}"
        );
        assert!(text.contains(step) && text.ends_with(fault), "{text}");
        plan.network.latency = super::super::Millis(20);
        plan.note = "Say \"hello\"\nand go".to_owned();
        plan.quirks = vec!["message-lost=0.5".to_owned()];
        let text = plan.to_toml("");
        assert!(
            text.contains("\nquirks = [\"message-lost=0.5\"]\nnetwork = { latency = \"20ms\" }\n"),
            "{text}"
        );
        assert_eq!(Plan::parse(&text, "b.toml").unwrap(), plan);
        (plan.users, plan.steps, plan.faults) = (Vec::new(), Vec::new(), Vec::new());
        assert_eq!(toml::from_str::<Plan>(&plan.to_toml("")).unwrap(), plan);
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_field_and_what_was_expected() {
        for (from, to, expected) in [
            ("seed = 7", "seed = ", "a.toml:3:"),
            ("seed = 7", "seed = 7\nsede = 8", "a.toml:4: unknown field `sede`"),
            ("seed = 7", "seed = \"x\"", "a.toml:3: invalid type"),
            ("at = \"1500ms\"", "at = \"soon\"", "a.toml:20: `soon` is no length of time"),
            ("send-text", "sendtext", "a.toml:22: unknown variant `sendtext`, expected one of `send-text`"),
            (
                "to = \"#team\"",
                "to = \"#teem\"",
                "a.toml:22: step 2, do: no step creates the group `teem`: expected one of team",
            ),
            ("to = \"#team\"", "to = \"bob\"", "a.toml:22: step 2, do: bob cannot talk to themselves"),
            (
                "to = \"#team\"",
                "to = \"#team\", x = 1",
                "a.toml:22: unexpected keys in table: x, available keys: to",
            ),
            (
                "ann/mobile",
                "ann/phone",
                "a.toml:27: step 3, by: ann has no device `phone`: expected one of web, mobile",
            ),
            ("id = 3", "id = 2", "a.toml:25: step 3, id: 2 is there twice"),
            ("for = \"5s\"", "", "a.toml:30: fault 1, for: there is none"),
            ("version = 1", "version = 2", "a.toml:2: version: 2 is unknown: expected 1"),
            ("name = \"bob\"", "name = \"ann\"", "a.toml:10: user 2, name: there are two users `ann`"),
        ] {
            assert!(PLAN.contains(from), "{from}");
            let error = Plan::parse(&PLAN.replacen(from, to, 1), "a.toml").unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}\n  is not\n{expected}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
