//! `compare.html`: the comparison on one page that needs nothing else: a row for each metric, its interval as a bar.
//!
//! Invariant: every string goes through the template's escaping; the bars are made of numbers only.

use std::fmt::Write as _;

use askama::Template;

use super::{
    About, Change, Comparison, Metric,
    table::{self, runs, word},
};
use crate::{ReportError, format};

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    comparison: &'a Comparison,
    class: &'static str,
    word: &'static str,
    badge: &'static str,
    rows: Vec<Row<'a>>,
    reach: String,
    tolerance: String,
    confidence: String,
    resamples: String,
    sides: [(&'static str, &'a About, String); 2],
}

struct Row<'a> {
    metric: &'a Metric,
    better: &'static str,
    class: &'static str,
    /// Column heading and text, without the metric's name and the outcome.
    values: [(&'static str, String); 4],
    word: &'static str,
    bar: String,
}

pub(super) fn render(comparison: &Comparison) -> Result<String, ReportError> {
    let reach = reach(comparison);
    let rows = comparison.metrics.iter().zip(table::rows(comparison)).map(|(metric, (texts, change))| {
        let [_, a, b, difference, interval, _] = texts;
        Row {
            metric,
            better: match metric.better {
                super::Better::Less => "",
                super::Better::More => "; more is better",
            },
            class: class(change),
            values: [("A", a), ("B", b), ("difference", difference), ("interval", interval)],
            word: word(change),
            bar: bar(metric, reach, comparison.settings.tolerance),
        }
    });
    let mut rows: Vec<_> = rows.collect();
    // What is certain comes first, the rest stays in its order.
    rows.sort_by_key(|row| match row.metric.change {
        Change::Regressed => 0,
        Change::Improved => 1,
        Change::Same | Change::Unclear => 2,
    });
    let page = Page {
        comparison,
        class: class(comparison.verdict),
        word: match comparison.verdict {
            Change::Regressed => "Regressed",
            Change::Improved => "Improved",
            Change::Same => "The same",
            Change::Unclear => "Unclear",
        },
        badge: match comparison.verdict {
            Change::Regressed => "M8 8l8 8M16 8l-8 8",
            Change::Improved => "M6.8 12.4l3.5 3.5 7-7.4",
            Change::Same => "M7.5 10h9M7.5 14h9",
            Change::Unclear => "M7.5 12h9",
        },
        rows,
        reach: format::share(reach),
        tolerance: format::share(comparison.settings.tolerance),
        confidence: format::share(comparison.settings.confidence),
        resamples: format::count(comparison.settings.resamples.into()),
        sides: [("A, the baseline", &comparison.a), ("B, the new one", &comparison.b)]
            .map(|(name, side)| (name, side, runs(side.runs.len()))),
    };
    Ok(page.render()?)
}

fn class(change: Change) -> &'static str {
    match change {
        Change::Regressed => "bad",
        Change::Improved => "good",
        Change::Same => "same",
        Change::Unclear => "idle",
    }
}

/// What share of A's median the bars reach to, the same for all: as far as most of what there is to show, and no further
/// than 100 %.
fn reach(comparison: &Comparison) -> f64 {
    let ends = comparison.metrics.iter().filter(|metric| metric.a.median != 0.0).flat_map(|metric| {
        let ends = metric.interval.map_or([metric.difference; 2], |ends| [ends.low, ends.high]);
        ends.map(|end| (end / metric.a.median).abs())
    });
    let most = ends.fold(comparison.settings.tolerance * 2.0, f64::max);
    let steps = [0.05, 0.1, 0.2, 0.5];
    steps.into_iter().find(|step| most <= *step).unwrap_or(1.0)
}

/// Half of a bar's width, in its own units.
const HALF: f64 = 100.0;

/// A metric's interval on a line from −`reach` to `reach`, the tolerance shaded, the difference of the medians a dot. What
/// lies beyond the line's ends stands at them.
fn bar(metric: &Metric, reach: f64, tolerance: f64) -> String {
    let Some(relative) = metric.relative else { return String::new() };
    let at = |share: f64| HALF + HALF * (share / reach).clamp(-1.0, 1.0);
    let mut svg = String::with_capacity(512);
    let (from, to) = (at(-tolerance), at(tolerance));
    // Writing into a string cannot fail.
    let _ = write!(
        svg,
        "<svg class=\"bar\" viewBox=\"-6 0 212 20\" aria-hidden=\"true\">\
         <rect class=\"f-band\" x=\"{from:.1}\" y=\"0\" width=\"{:.1}\" height=\"20\" opacity=\"0.2\"/>\
         <line class=\"l-grid\" x1=\"0\" y1=\"10\" x2=\"200\" y2=\"10\"/>\
         <line class=\"l-axis\" x1=\"{HALF}\" y1=\"0\" x2=\"{HALF}\" y2=\"20\"/>",
        to - from
    );
    if let Some(ends) = metric.interval {
        let (low, high) = (at(ends.low / metric.a.median.abs()), at(ends.high / metric.a.median.abs()));
        let _ = write!(
            svg,
            "<line class=\"range\" x1=\"{low:.1}\" y1=\"10\" x2=\"{:.1}\" y2=\"10\"/>",
            high.max(low + 0.1)
        );
    }
    let _ = write!(svg, "<circle class=\"point\" cx=\"{:.1}\" cy=\"10\" r=\"4\"/></svg>", at(relative));
    svg
}
