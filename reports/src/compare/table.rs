//! The comparison as a table of texts, which the terminal, the page and Markdown share; and `compare.md`.

use std::fmt::Write as _;

use super::{Change, Comparison, Metric, Unit};
use crate::{
    ReportError,
    format::{self, NOTHING},
    markdown::cell,
};

/// The headings of [`rows`].
pub const COLUMNS: [&str; 6] = ["metric", "A", "B", "difference", "interval", "outcome"];

/// One row for each metric, and how it came out.
pub fn rows(comparison: &Comparison) -> Vec<([String; 6], Change)> {
    comparison.metrics.iter().map(|metric| (row(metric), metric.change)).collect()
}

fn row(metric: &Metric) -> [String; 6] {
    let share = |value: f64| match metric.a.median {
        0.0 => signed(value, metric.unit),
        median => signed_share(value / median.abs()),
    };
    [
        metric.id.clone(),
        value(metric.a.median, metric.unit),
        value(metric.b.median, metric.unit),
        share(metric.difference),
        metric
            .interval
            .map_or(NOTHING.to_owned(), |ends| format!("{} … {}", share(ends.low), share(ends.high))),
        word(metric.change).to_owned(),
    ]
}

/// How something came out, in a word.
pub(super) fn word(change: Change) -> &'static str {
    match change {
        Change::Regressed => "regressed",
        Change::Improved => "improved",
        Change::Same => "same",
        Change::Unclear => "unclear",
    }
}

pub(super) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Us => format::mean_micros(value),
        Unit::PerS => format::rate(value),
        Unit::Share => format::share(value),
        Unit::Bytes => format::bytes(value.max(0.0).round() as u64),
    }
}

fn signed(difference: f64, unit: Unit) -> String {
    format!("{}{}", sign(difference), value(difference.abs(), unit))
}

/// A difference in percent: to a tenth, and beyond ten to one.
fn signed_share(share: f64) -> String {
    let percent = share.abs() * 100.0;
    let decimals = usize::from(percent < 9.95);
    let text = format::decimal(percent, decimals);
    // What rounds to nothing has no direction.
    if text == "0.0" { "0 %".to_owned() } else { format!("{}{text} %", sign(share)) }
}

fn sign(value: f64) -> &'static str {
    match value {
        value if value > 0.0 => "+",
        value if value < 0.0 => "−",
        _ => "",
    }
}

pub(super) fn markdown(comparison: &Comparison) -> Result<String, ReportError> {
    let (a, b) = (&comparison.a, &comparison.b);
    let mut text = format!("## {} against {}\n\n", cell(&b.name), cell(&a.name));
    // Writing to a string does not fail.
    let _ = writeln!(text, "**{}**: {}\n", word(comparison.verdict), comparison.summary);
    for warning in &comparison.warnings {
        let _ = writeln!(text, "- {}", cell(warning));
    }
    if !comparison.warnings.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "A is {} ({}), B is {} ({}); medians, and how far chance may have moved their difference ({} intervals).\n",
        cell(&a.name),
        runs(a.runs.len()),
        cell(&b.name),
        runs(b.runs.len()),
        format::share(comparison.settings.confidence),
    );
    let _ = writeln!(text, "| {} |\n|---|--:|--:|--:|--:|---|", COLUMNS.join(" | "));
    for (row, change) in rows(comparison) {
        let mut cells = row.map(|text| cell(&text));
        if change == Change::Regressed {
            cells[5] = format!("**{}**", cells[5]);
        }
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    Ok(text)
}

pub(super) fn runs(count: usize) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{} runs", format::count(count as u64)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_direction_and_no_more_digits_than_they_earn() {
        for (share, text) in [
            (0.0, "0 %"),
            (0.000_4, "0 %"),
            (-0.000_4, "0 %"),
            (0.012_3, "+1.2 %"),
            (-0.057, "−5.7 %"),
            (0.0996, "+10 %"),
            (12.5, "+1,250 %"),
        ] {
            assert_eq!(signed_share(share), text, "{share}");
        }
        assert_eq!(signed(-1_500.0, Unit::Us), "−1.50 ms");
        assert_eq!(signed(0.001, Unit::Share), "+0.10 %");
    }
}
