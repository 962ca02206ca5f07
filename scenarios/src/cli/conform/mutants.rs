//! `y2w conform --mutants`: which cases notice which quirk of the mock server.

use std::sync::atomic::{AtomicUsize, Ordering};

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use parking_lot::Mutex;
use y2w_mock_server::quirks::{NamedQuirk, Quirk};
use y2w_sdk::clock::Clock;

use super::super::{BROKEN, OK};
use super::say;
use crate::conformance::{Case, Mutant, mutant};

/// Cases that are named in a row of the table.
const NAMED: usize = 3;

/// Runs the cases against each of these quirks, or all, and prints the kill matrix. The answer is the exit code: that all
/// which break a rule for servers were noticed.
pub(super) fn mutants(names: &[String], cases: &[Case]) -> Result<u8, String> {
    let quirks: Vec<Quirk> = if names.is_empty() {
        Quirk::ALL.to_vec()
    } else {
        let quirk = |name: &String| name.parse().map(|named: NamedQuirk| named.quirk);
        names.iter().map(quirk).collect::<Result<_, _>>()?
    };
    let clock = Clock::system();
    let mut mutants = all_of(&quirks, cases);
    mutants.sort_by_key(|mutant| quirks.iter().position(|quirk| *quirk == mutant.quirk));
    say(&format!("{}\n", table(&mutants)));
    let due: Vec<&Mutant> = mutants.iter().filter(|mutant| mutant.is_due()).collect();
    let survivors: Vec<&&Mutant> = due.iter().filter(|mutant| !mutant.is_killed()).collect();
    for survivor in &survivors {
        let quirk = survivor.quirk;
        say(&format!("SURVIVED: {} breaks {} and no case noticed\n", quirk.name(), quirk.rules().join(", ")));
    }
    let understood = due.iter().filter(|mutant| mutant.is_understood()).count();
    say(&format!(
        "{} of {} quirks that break a rule for servers were noticed, {understood} of them by a rule that they are said \
         to break; {} others only clients have to bear; {:.1} s\n",
        due.len() - survivors.len(),
        due.len(),
        mutants.len() - due.len(),
        clock.elapsed().as_secs_f64()
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
    table.load_preset(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["quirk", "noticed", "by the rules", "in the cases", "undecided"]);
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
        let mut cases: Vec<&str> = mutant.killers.iter().map(|(case, _)| &**case).take(NAMED).collect();
        let more = format!("and {} more", mutant.killers.len().saturating_sub(NAMED));
        if mutant.killers.len() > NAMED {
            cases.push(&more);
        }
        table.add_row([
            mutant.quirk.name().to_owned(),
            noticed.to_owned(),
            rules.join(", "),
            cases.join(", "),
            mutant.undecided.to_string(),
        ]);
    }
    table
}
