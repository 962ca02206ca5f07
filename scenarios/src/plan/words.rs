//! Steps and faults on a line, in the words that a plan file has for them: `send-text to #team`.

use std::fmt;

use serde::Serialize;
use toml::Value;

use super::{Action, Misfortune};

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(self))
    }
}

impl fmt::Display for Misfortune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(self))
    }
}

/// The name of what it is, and its fields. What it is about, which is the first field, needs no name.
fn words(what: &impl Serialize) -> String {
    let value = Value::try_from(what).expect("a plan has nothing that TOML has not");
    let Some((name, Value::Table(fields))) = value.as_table().and_then(|table| table.iter().next()) else {
        return plain(&value);
    };
    let mut words = name.clone();
    for (n, (field, value)) in fields.iter().enumerate() {
        words.push_str(if n == 0 { " " } else { ", " });
        if n > 0 || field == "to" || !value.is_str() {
            words.push_str(field);
            words.push(' ');
        }
        words.push_str(&plain(value));
    }
    words
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::Plan;

    #[test]
    fn what_a_plan_has_is_told_on_a_line() {
        let action = |text: &str| {
            let plan: toml::Table = toml::from_str(&format!("do = {text}")).unwrap();
            plan["do"].clone().try_into::<super::Action>().unwrap().to_string()
        };
        for (text, words) in [
            ("\"sync\"", "sync"),
            ("{ send-text = { to = \"#team\" } }", "send-text to #team"),
            ("{ edit = { step = 4 } }", "edit step 4"),
            (
                "{ create-group = { group = \"team\", members = [\"bob\", \"carl\"] } }",
                "create-group team, members bob carl",
            ),
            ("{ create-group = { group = \"team\", members = [] } }", "create-group team, members none"),
            (
                "{ promote = { group = \"team\", user = \"bob\", admin = true } }",
                "promote team, user bob, admin true",
            ),
            ("{ crash = { keep-store = false } }", "crash keep-store false"),
        ] {
            assert_eq!(action(text), words);
        }
        let plan = "version = 1\nseed = 1\n[[user]]\nname = \"bob\"\n[[fault]]\nid = 1\nat = \"0s\"\nfor = \"1s\"\n\
                    what = { lose-answers = { who = \"bob\", rate = 0.3 } }";
        let plan = Plan::parse(plan, "plan").unwrap();
        assert_eq!(plan.faults[0].what.to_string(), "lose-answers bob, rate 0.3");
    }
}
