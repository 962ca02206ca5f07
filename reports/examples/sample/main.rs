//! Renders made-up results, so that anybody can look at the reports without a run.
//!
//! `cargo run -p y2w-reports --example sample -- FOLDER [NAME]`, where NAME is one of [`runs::RUNS`], or "compared".

mod compared;
mod runs;

use std::{env, error::Error, path::PathBuf};

use y2w_reports::{compare, write_all};

fn main() -> Result<(), Box<dyn Error>> {
    let names: Vec<_> = runs::RUNS.iter().map(|(name, _)| *name).collect();
    let usage = format!("usage: sample FOLDER [{}|compared]", names.join("|"));
    let mut args = env::args_os().skip(1);
    let folder = args.next().map(PathBuf::from).ok_or(usage)?;
    let name = args.next().unwrap_or_else(|| "passed".into());
    let files = if name == "compared" {
        compare::write(&folder, &compared::comparison()?)?
    } else {
        let known = runs::RUNS.iter().find(|(known, _)| name == *known);
        let (_, run) = known.ok_or_else(|| format!("no sample is called {}", name.display()))?;
        write_all(&folder, &run())?
    };
    for path in files {
        println!("{}", path.display());
    }
    Ok(())
}
