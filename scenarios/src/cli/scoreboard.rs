//! `y2w fuzz --scoreboard`: how long it takes to find each quirk of the mock server.

use std::time::Duration;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use y2w_mock_server::cli::say;
use y2w_mock_server::quirks::Quirk;

use super::{BROKEN, OK};
use crate::fuzz::Profile;
use crate::fuzz::score::{Score, is_watched, score};

/// Looks for each of these quirks, or for all, and prints a table. The answer is the exit code: that all which break a
/// rule that the fuzzer watches over were found.
pub(super) fn scoreboard(quirks: &[Quirk], seed: u64, profile: Profile, time: Duration) -> u8 {
    let mut quirks = if quirks.is_empty() { Quirk::ALL.to_vec() } else { quirks.to_vec() };
    // Those that count first.
    quirks.sort_by_key(|quirk| !is_watched(*quirk));
    let mut scores = Vec::new();
    for (number, quirk) in quirks.iter().enumerate() {
        let score = score(*quirk, seed, profile, time);
        let what = score.found.as_ref().map_or_else(|| "not found".to_owned(), |found| found.rule.to_owned());
        eprintln!("{:>3} of {}  {:<28} {what}", number + 1, quirks.len(), quirk.name());
        scores.push(score);
    }
    say(table(&scores));
    let watched: Vec<&Score> = scores.iter().filter(|score| is_watched(score.quirk)).collect();
    say(summary("rules that the fuzzer watches over", &watched));
    say(summary("all", &scores.iter().collect::<Vec<_>>()));
    if watched.iter().all(|score| score.found.is_some()) { OK } else { BROKEN }
}

fn table(scores: &[Score]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["quirk", "found as", "cases", "after", "steps", "faults"]);
    for score in scores {
        let mark = if is_watched(score.quirk) { "" } else { " (not watched)" };
        let name = format!("{}{mark}", score.quirk.name());
        let (cases, took) = (score.cases.to_string(), format!("{:.2} s", score.took.as_secs_f64()));
        table.add_row(match &score.found {
            Some(found) => vec![
                name,
                found.rule.to_owned(),
                cases,
                took,
                format!("{} of {}", found.steps, found.steps_before),
                found.faults.to_string(),
            ],
            None => vec![name, "-".to_owned(), cases, took, String::new(), String::new()],
        });
    }
    table
}

fn summary(what: &str, scores: &[&Score]) -> String {
    let found: Vec<_> = scores.iter().filter_map(|score| score.found.as_ref().map(|f| (score, f))).collect();
    let seconds = median(found.iter().map(|(score, _)| score.took.as_secs_f64()).collect());
    let steps = median(found.iter().map(|(_, found)| found.steps as f64).collect());
    format!("{what}: {} of {} found; median {seconds:.2} s, {steps:.0} steps", found.len(), scores.len())
}

/// The one in the middle; 0 of none.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}
