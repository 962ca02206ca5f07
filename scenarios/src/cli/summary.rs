//! What a run came to, for a terminal.

use std::path::PathBuf;

use comfy_table::{CellAlignment, Table, presets};
use y2w_reports::format;
use y2w_reports::model::{Latency, RunResult};

/// Findings that are shown per check; the report has more.
const FINDINGS_SHOWN: usize = 5;

/// Prints the summary to standard output.
pub(super) fn print(result: &RunResult, files: &[PathBuf]) {
    println!("{}", render(result, files));
}

fn render(result: &RunResult, files: &[PathBuf]) -> String {
    let mut lines = vec![String::new()];
    lines.push(format!("{} against {}", result.title, result.environment.target));
    lines.push(format!("seed {}; repeat with: {}", result.seed, result.command));
    lines.push(String::new());
    lines.push(latencies(&result.latencies));
    lines.push(String::new());
    for counter in &result.counters {
        lines.push(format!("{:>12}  {}", format::count(counter.value), counter.name));
    }
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
    let verdict = if result.verdict.passed() { "PASSED" } else { "FAILED" };
    lines.push(format!("{verdict}: {}", result.verdict.summary));
    for file in files {
        lines.push(format!("wrote {}", file.display()));
    }
    lines.join("\n")
}

fn latencies(latencies: &[Latency]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["", "p50", "p90", "p99", "p99.9", "max", "samples"]);
    for latency in latencies {
        let quantiles = &latency.quantiles;
        let cell = |micros: u64| {
            if quantiles.count == 0 { format::NOTHING.to_owned() } else { format::micros(micros) }
        };
        table.add_row([
            latency.name.clone(),
            cell(quantiles.p50),
            cell(quantiles.p90),
            cell(quantiles.p99),
            cell(quantiles.p999),
            cell(quantiles.max),
            format::count(quantiles.count),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
