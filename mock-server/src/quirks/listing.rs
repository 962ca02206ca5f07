//! The table of quirks for people and for programs.

use std::fmt::Write;

use serde_json::json;

use super::Quirk;

/// One line for each quirk: its name, the rules it breaks, what it does.
pub fn as_text() -> String {
    let width = |text: fn(Quirk) -> usize| Quirk::ALL.iter().map(|quirk| text(*quirk)).max().unwrap_or(0);
    let names = width(|quirk| quirk.name().len());
    let rules = width(|quirk| quirk.rules().join(" ").len());
    let mut text = format!("{:names$}  {:rules$}  WHAT IT DOES\n", "NAME", "BREAKS");
    for quirk in Quirk::ALL {
        let breaks = quirk.rules().join(" ");
        line(&mut text, format_args!("{:names$}  {breaks:rules$}  {}", quirk.name(), quirk.does()));
    }
    text
}

/// The same as a JSON array of objects.
pub fn as_json() -> String {
    let rows: Vec<_> = Quirk::ALL
        .iter()
        .map(|quirk| {
            json!({
                "name": quirk.name(), "area": quirk.area(), "breaks": quirk.rules(),
                "does": quirk.does(), "rate": quirk.takes_rate(),
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}

/// The same as the tables of `docs/quirks.md`, one for each area.
pub fn as_markdown() -> String {
    let mut text = String::new();
    let mut area = "";
    for quirk in Quirk::ALL {
        if quirk.area() != area {
            area = quirk.area();
            line(&mut text, format_args!("\n## {area}\n\n| quirk | breaks | what it does |\n|---|---|---|"));
        }
        let rules: Vec<String> = quirk.rules().iter().map(|rule| format!("`{rule}`")).collect();
        let rate = if quirk.takes_rate() { " (`=RATE`)" } else { "" };
        let (name, rules, does) = (quirk.name(), rules.join(", "), quirk.does());
        line(&mut text, format_args!("| `{name}`{rate} | {rules} | {does} |"));
    }
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes all that is written");
}

/// The three names that are most like one that does not exist.
pub(super) fn nearest(name: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
    names.sort_by_key(|known| (!known.contains(name), distance(name, known), *known));
    names.truncate(3);
    names
}

/// How many signs have to be put in, taken out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (n, sign) in one.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], n + 1);
        for (m, known) in other.iter().enumerate() {
            let changed = corner + usize::from(sign != *known);
            corner = row[m + 1];
            row[m + 1] = changed.min(corner + 1).min(row[m] + 1);
        }
    }
    row[other.len()]
}
