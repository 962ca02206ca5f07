//! What a run came to, for a terminal.

use std::path::PathBuf;

use comfy_table::{CellAlignment, Table, presets};
use y2w_mock_server::cli::say;
use y2w_reports::format;
use y2w_reports::model::{Latency, LatencyClock, Outcome, Quantiles, RunResult};

/// Findings that are shown per check; the report has more.
const FINDINGS_SHOWN: usize = 5;

/// Prints the summary to standard output.
pub(super) fn print(result: &RunResult, files: &[PathBuf]) {
    say(render(result, files));
}

fn render(result: &RunResult, files: &[PathBuf]) -> String {
    let mut lines = vec![String::new()];
    lines.push(format!("{} against {}", result.title, result.environment.target));
    lines.push(format!("seed {}; repeat with: {}", result.seed, result.command));
    lines.push(String::new());
    lines.push(latencies(&result.latencies));
    lines.push(String::new());
    lines.extend(counts(result));
    lines.push(String::new());
    for check in &result.checks {
        let mark = if check.findings_total == 0 { "ok    " } else { "BROKEN" };
        let examined = format::count(check.examined);
        lines.push(format!("{mark}  {:<22} {} ({examined} examined)", check.id, check.title));
        for finding in check.findings.iter().take(FINDINGS_SHOWN) {
            lines.push(format!("          {finding}"));
        }
        let more = check.findings_total.saturating_sub(FINDINGS_SHOWN as u64);
        if more > 0 {
            lines.push(format!("          … and {} more", format::count(more)));
        }
    }
    lines.push(String::new());
    for threshold in &result.thresholds {
        let mark = if threshold.held { "ok    " } else { "MISSED" };
        lines.push(format!("{mark}  {:<30} {}", threshold.text, threshold.actual));
    }
    if !result.thresholds.is_empty() {
        lines.push(String::new());
    }
    let verdict = match result.verdict.outcome {
        Outcome::Passed => "PASSED",
        Outcome::Failed => "FAILED",
        Outcome::Invalid => "INVALID",
        Outcome::Interrupted => "INTERRUPTED",
    };
    lines.push(format!("{verdict}: {}", result.verdict.summary));
    lines.extend(result.verdict.reasons.iter().map(|reason| format!("  {reason}")));
    for file in files {
        lines.push(format!("wrote {}", file.display()));
    }
    lines.join("\n")
}

/// Each from when it was due; the last two columns from when it was begun.
fn latencies(latencies: &[Latency]) -> String {
    let mut table = Table::new();
    let header = ["", "p50", "p90", "p99", "p99.9", "max", "samples", "service p50", "p99"];
    table.load_preset(presets::NOTHING).set_header(header);
    for latency in latencies.iter().filter(|latency| latency.clock == LatencyClock::Intended) {
        let service =
            latencies.iter().find(|other| other.id == latency.id && other.clock == LatencyClock::Service);
        let quantiles = &latency.quantiles;
        let cell = |of: Option<&Quantiles>, value: fn(&Quantiles) -> u64| match of {
            Some(quantiles) if quantiles.count > 0 => format::micros(value(quantiles)),
            _ => format::NOTHING.to_owned(),
        };
        let due = |value| cell(Some(quantiles), value);
        let service = service.map(|service| &service.quantiles);
        table.add_row([
            latency.name.clone(),
            due(|q| q.p50),
            due(|q| q.p90),
            due(|q| q.p99),
            due(|q| q.p999),
            due(|q| q.max),
            format::count(quantiles.count),
            cell(service, |q| q.p50),
            cell(service, |q| q.p99),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// What was counted, the errors by kind.
fn counts(result: &RunResult) -> Vec<String> {
    let totals = &result.totals;
    let line = |value: u64, name: &str| format!("{:>12}  {name}", format::count(value));
    let mut lines = vec![
        line(totals.sent, "messages sent"),
        line(totals.stored, "messages stored"),
        line(totals.pushed, "pushes received"),
        line(totals.delivered, "deliveries verified"),
        line(totals.requests, "requests"),
    ];
    lines.extend(result.counters.iter().map(|counter| line(counter.value, &counter.name)));
    lines.push(line(totals.errors, "errors"));
    for error in &result.errors {
        lines.push(format!("{:>16}  {}, first: {}", format::count(error.count), error.kind, error.first));
    }
    lines
}
