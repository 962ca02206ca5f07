//! `y2w compare`: whether one set of runs is slower than another.

use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use y2w_mock_server::cli::say;
use y2w_reports::compare::{self, COLUMNS, Change, Comparison, Set, Settings, compare, rows};

use super::{BROKEN, ENVIRONMENT, OK, USAGE, print_json};

pub(super) const EXAMPLES: &str = "\
Examples:
  y2w run --repeat 10 --out before      ten runs of one build,
  y2w run --repeat 10 --out after       ten of another,
  y2w compare before after              and whether anything became slower

A and B are each a folder of runs, a run's folder, or a result.json. Small sets tell little: from one run on a side, nothing.

Exit codes: 0 nothing has regressed; 1 something has, by more than the tolerance and not by chance; 2 wrong usage, or files
that are no results, or results that cannot be compared; 3 the files could not be written";

/// What `y2w compare` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct CompareArgs {
    /// The baseline
    #[arg(value_name = "A")]
    a: PathBuf,

    /// What is new
    #[arg(value_name = "B")]
    b: PathBuf,

    /// How much worse may be, in percent
    #[arg(long, default_value_t = 5.0, value_name = "PERCENT", value_parser = percent)]
    tolerance: f64,

    /// How sure it has to be, in percent
    #[arg(long, default_value_t = 95.0, value_name = "PERCENT", value_parser = percent)]
    confidence: f64,

    /// Where the randomness of the resampling comes from
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Write compare.html, compare.json and compare.md into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

/// The answer is the exit code.
pub(super) fn run(args: &CompareArgs) -> u8 {
    let settings = Settings {
        tolerance: args.tolerance / 100.0,
        confidence: args.confidence / 100.0,
        seed: args.seed,
        ..Settings::default()
    };
    let read = |path: &Path| {
        let set = Set::read(&path.display().to_string(), &results(path)?);
        set.map_err(|error| error.to_string())
    };
    let sets = read(&args.a).and_then(|a| Ok((a, read(&args.b)?)));
    let comparison = sets.and_then(|(a, b)| compare(&a, &b, settings).map_err(|error| error.to_string()));
    let comparison = match comparison {
        Ok(comparison) => comparison,
        Err(error) => {
            eprintln!("y2w: {error}");
            return USAGE;
        }
    };
    let files = match args.out.as_deref().map(|out| compare::write(out, &comparison)).transpose() {
        Ok(files) => files.unwrap_or_default(),
        Err(error) => {
            eprintln!("y2w: {error}");
            return ENVIRONMENT;
        }
    };
    if args.json {
        print_json(&comparison);
    } else {
        say(render(&comparison, &files));
    }
    if comparison.verdict == Change::Regressed { BROKEN } else { OK }
}

/// The results in a place: the place itself if it is one, otherwise the runs in that folder.
fn results(path: &Path) -> Result<Vec<PathBuf>, String> {
    const RESULT: &str = "result.json";
    if !path.is_dir() || path.join(RESULT).exists() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(cannot)? {
        let folder = entry.map_err(cannot)?.path();
        if folder.join(RESULT).exists() {
            found.push(folder);
        }
    }
    // The order in which a folder lists them depends on the file system.
    found.sort();
    if found.is_empty() {
        return Err(format!(
            "{} holds no {RESULT}, and no folder in it does: no run was there",
            path.display()
        ));
    }
    Ok(found)
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(percent) if percent.is_finite() && percent >= 0.0 => Ok(percent),
        _ => Err("a number of percent, 0 or more, was expected".to_owned()),
    }
}

fn render(comparison: &Comparison, files: &[PathBuf]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(COLUMNS);
    for (row, change) in rows(comparison) {
        let mark = if change == Change::Regressed { " <" } else { "" };
        let [metric, a, b, difference, interval, word] = row;
        table.add_row([metric, a, b, difference, interval, format!("{word}{mark}")]);
    }
    for column in table.column_iter_mut().skip(1).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut lines = vec![
        format!("A  {} ({} runs)", comparison.a.name, comparison.a.runs.len()),
        format!("B  {} ({} runs)", comparison.b.name, comparison.b.runs.len()),
        String::new(),
        table.trim_fmt(),
        String::new(),
    ];
    lines.extend(comparison.warnings.iter().map(|warning| format!("note: {warning}")));
    lines.push(comparison.summary.clone());
    lines.extend(files.iter().map(|file| format!("wrote {}", file.display())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_a_folder_of_runs_or_a_run() {
        let dir = tempfile::tempdir().unwrap();
        let error = results(dir.path()).unwrap_err();
        assert!(error.contains("no run was there"), "{error}");
        for name in ["b", "a", "no run"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        for name in ["b", "a"] {
            std::fs::write(dir.path().join(name).join("result.json"), "{}").unwrap();
        }
        assert_eq!(results(dir.path()).unwrap(), [dir.path().join("a"), dir.path().join("b")]);
        assert_eq!(results(&dir.path().join("a")).unwrap(), [dir.path().join("a")]);
    }
}
