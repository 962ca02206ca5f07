//! What a run of the suite shows on a terminal: how far it is, what did not hold, and what it came to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use y2w_mock_server::cli::put;
use y2w_reports::conformance::{Conformance, Counts, RuleState, Standing};
use y2w_reports::format;
use y2w_sdk::clock::Clock;

use crate::conformance::report::again;
use crate::conformance::{Broken, Event, Result, Verdict, ledger};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Lines of what went over the wire that are shown; the report has all.
const LINES_SHOWN: usize = 40;

/// How far a run is, on standard error; what did not pass, on standard output, as it happens.
pub(super) struct Progress {
    clock: Clock,
    bar: Option<ProgressBar>,
    told: Duration,
    all: usize,
    is_slow: bool,
    done: usize,
    counts: Counts,
    running: BTreeSet<String>,
    /// The options that lead to the same server; none where standard output is for programs.
    ways: Option<String>,
}

impl Progress {
    /// `is_slow`: there is time to read lines; in virtual time there is not, and it passes in jumps.
    pub(super) fn new(clock: Clock, all: usize, is_slow: bool, ways: Option<String>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(all as u64));
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        let (told, counts, running) = (Duration::ZERO, Counts::new(), BTreeSet::new());
        Self { clock, bar, told, all, is_slow, done: 0, counts, running, ways }
    }

    pub(super) fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::Began(case) => {
                self.running.insert(case.to_owned());
            }
            Event::Ended(result) => {
                self.running.remove(&result.case);
                self.done += 1;
                *self.counts.entry(result.verdict).or_default() += 1;
                let is_told = !matches!(result.verdict, Verdict::Pass | Verdict::Unsupported);
                if let Some(ways) = self.ways.as_ref().filter(|_| is_told) {
                    self.aside(&told(result, ways));
                }
            }
        }
        self.line();
    }

    /// Prints without spoiling the bar.
    fn aside(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| put(text)),
            None => put(text),
        }
    }

    fn line(&mut self) {
        // The first of those that run is the one that has run the longest, mostly.
        let running = self.running.iter().next().map_or("", String::as_str);
        let line = format!("{}  {running}", counted(&self.counts));
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done as u64);
                bar.set_message(line);
            }
            None if self.is_slow && self.clock.elapsed() >= self.told + LINE_EVERY => {
                self.told = self.clock.elapsed();
                eprintln!("{} of {} cases: {line}", self.done, self.all);
            }
            None => (),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn counted(counts: &Counts) -> String {
    counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect::<Vec<_>>().join(", ")
}

/// What did not hold, what went over the wire, and how to have it again.
pub(super) fn told(result: &Result, ways: &str) -> String {
    let mut text = format!("{}  {}\n", result.verdict.to_string().to_uppercase(), result.case);
    // Writing to a string does not fail.
    for Broken { rule, expected, actual } in &result.broken {
        let known = ledger::rule(rule);
        let level = known.map_or_else(String::new, |rule| rule.level.to_string());
        let law = known.map_or_else(String::new, ledger::Rule::flowing);
        let _ = writeln!(text, "  {rule} ({level}): {}", law.lines().next().unwrap_or_default());
        let _ = writeln!(text, "    expected  {expected}\n    actual    {actual}");
    }
    if let Some(why) = &result.why {
        let _ = writeln!(text, "  {why}");
    }
    let skipped = result.timeline.len().saturating_sub(LINES_SHOWN);
    if skipped > 0 {
        let _ = writeln!(text, "    … {skipped} lines before; the report has them");
    }
    for line in &result.timeline[skipped..] {
        let at = line.at_us as f64 / 1e6;
        let _ = writeln!(text, "    {at:>9.3} s  {:<10} {}", line.who, line.what);
    }
    if result.verdict != Verdict::Pass {
        let _ = writeln!(text, "  again: {}", again(&result.case, ways));
    }
    text.push('\n');
    text
}

/// The areas, the rules, the verdict, and where all of it is written.
pub(super) fn summary(told: &Conformance, files: &[PathBuf]) -> String {
    let present: Vec<Verdict> =
        Verdict::ALL.into_iter().filter(|outcome| told.counts.contains_key(outcome)).collect();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(std::iter::once(String::new()).chain(present.iter().map(ToString::to_string)));
    let cells = |name: &str, counts: &Counts| {
        let count = |outcome| counts.get(outcome).map_or_else(String::new, ToString::to_string);
        std::iter::once(name.to_owned()).chain(present.iter().map(count)).collect::<Vec<_>>()
    };
    for area in &told.areas {
        table.add_row(cells(&area.name, &area.counts));
    }
    table.add_row(cells("all", &told.counts));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let rules = |state| told.rules.iter().filter(|rule| rule.state == state).count();
    let mut text = format!("{table}\n\n");
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} rules hold, {} are broken, {} unproven, {} not testable from outside",
        rules(RuleState::Holds),
        rules(RuleState::Broken),
        rules(RuleState::Unproven),
        rules(RuleState::Untested)
    );
    let uneven = told.cases.iter().filter(|case| case.runs.as_ref().is_some_and(|runs| runs.len() > 1));
    for case in uneven {
        let _ = writeln!(
            text,
            "not the same each time: {}: {}",
            case.name,
            case.runs.as_ref().map_or_else(String::new, counted)
        );
    }
    for case in &told.cases {
        if let Some(note) = &case.note {
            let _ = writeln!(text, "{}: {}: {note}", case.name, case.standing.word());
        } else if case.standing == Standing::Unexpected {
            let _ = writeln!(text, "{}: {}", case.outcome, case.name);
        }
    }
    let word = if told.verdict.passed { "AS EXPECTED" } else { "NOT AS EXPECTED" };
    let _ = writeln!(text, "{word}: {} In {}.", told.verdict.summary, format::seconds(told.duration_s));
    if let Some(page) = files.iter().find(|file| file.extension().is_some_and(|kind| kind == "html")) {
        let _ = writeln!(text, "wrote {} and {} files beside it", page.display(), files.len() - 1);
    }
    text
}
