//! `y2w conform --mutants`: which cases notice which quirk of the mock server.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use comfy_table::{CellAlignment, Table, presets};
use parking_lot::Mutex;
use y2w_mock_server::cli::put;
use y2w_mock_server::quirks::{NamedQuirk, Quirk};
use y2w_sdk::clock::Clock;

use super::super::{BROKEN, ENVIRONMENT, OK, USAGE};
use super::NotRun;
use crate::conformance::{Case, Mutant, mutant};

/// Rules that are named in a row of the table.
const NAMED: usize = 2;

/// The file of the whole matrix, below the folder for reports.
const MATRIX: &str = "kill-matrix.csv";

/// Runs the cases against each of these quirks, or all, and prints the kill matrix. The answer is the exit code: that all
/// which break a rule for servers were noticed.
pub(super) fn mutants(names: &[String], cases: &[Case], out: &Path) -> Result<u8, NotRun> {
    let quirks: Vec<Quirk> = if names.is_empty() {
        Quirk::ALL.to_vec()
    } else {
        let quirk = |name: &String| name.parse().map(|named: NamedQuirk| named.quirk);
        names.iter().map(quirk).collect::<Result<_, _>>().map_err(|why| NotRun(USAGE, why))?
    };
    let clock = Clock::system();
    let mut mutants = all_of(&quirks, cases);
    mutants.sort_by_key(|mutant| quirks.iter().position(|quirk| *quirk == mutant.quirk));
    put(format_args!("{}\n", table(&mutants)));
    let file = out.join(MATRIX);
    let written = std::fs::create_dir_all(out).and_then(|()| std::fs::write(&file, matrix(&mutants, cases)));
    written.map_err(|why| NotRun(ENVIRONMENT, format!("cannot write {}: {why}", file.display())))?;
    let due: Vec<&Mutant> = mutants.iter().filter(|mutant| mutant.is_due()).collect();
    let survivors: Vec<&&Mutant> = due.iter().filter(|mutant| !mutant.is_killed()).collect();
    for survivor in &survivors {
        let quirk = survivor.quirk;
        put(format_args!(
            "SURVIVED: {} breaks {} and no case noticed\n",
            quirk.name(),
            quirk.rules().join(", ")
        ));
    }
    let understood = due.iter().filter(|mutant| mutant.is_understood()).count();
    put(format_args!(
        "{} of {} quirks that break a rule for servers were noticed, {understood} of them by a rule that they are said \
         to break; {} others only clients have to bear; {:.1} s\nwrote {}\n",
        due.len() - survivors.len(),
        due.len(),
        mutants.len() - due.len(),
        clock.elapsed().as_secs_f64(),
        file.display()
    ));
    Ok(if survivors.is_empty() { OK } else { BROKEN })
}

/// Each mutant lives in one thread; there are as many as the machine runs at once.
fn all_of(quirks: &[Quirk], cases: &[Case]) -> Vec<Mutant> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(quirks.len())));
    let work = || {
        while let Some(quirk) = quirks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mutant = mutant(*quirk, cases);
            let mut done = done.lock();
            done.push(mutant);
            if done.len().is_multiple_of(10) {
                eprintln!("{} of {} quirks", done.len(), quirks.len());
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    done.into_inner()
}

fn table(mutants: &[Mutant]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["quirk", "noticed", "cases", "first of them", "rules", "undecided"]);
    for mutant in mutants {
        let noticed = match (mutant.is_killed(), mutant.is_due()) {
            (true, _) if mutant.is_understood() => "yes",
            (true, _) => "by another rule",
            (false, true) => "NO",
            (false, false) => "for clients to bear",
        };
        let mut rules: Vec<&str> =
            mutant.killers.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
        rules.sort_unstable();
        rules.dedup();
        // The rules that it is said to break come first.
        rules.sort_by_key(|rule| !mutant.quirk.rules().contains(rule));
        let more = rules.len().saturating_sub(NAMED);
        let mut named = rules.into_iter().take(NAMED).collect::<Vec<_>>().join(" ");
        if more > 0 {
            named += &format!(" and {more} more");
        }
        table.add_row([
            mutant.quirk.name().to_owned(),
            noticed.to_owned(),
            mutant.killers.len().to_string(),
            mutant.killers.first().map_or_else(String::new, |(case, _)| case.clone()),
            named,
            mutant.undecided.to_string(),
        ]);
    }
    for column in [2, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The whole matrix: a line for each quirk, a column for each case, and in it the rules that the case found broken.
fn matrix(mutants: &[Mutant], cases: &[Case]) -> String {
    let titles: Vec<String> = cases.iter().map(Case::title).collect();
    let mut text = format!("quirk,{}\n", titles.join(","));
    for mutant in mutants {
        let cells = titles.iter().map(|title| {
            let killer = mutant.killers.iter().find(|(case, _)| case == title);
            killer.map_or_else(String::new, |(_, rules)| rules.join(" "))
        });
        text += &format!("{},{}\n", mutant.quirk.name(), cells.collect::<Vec<_>>().join(","));
    }
    text
}
