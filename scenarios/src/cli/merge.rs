//! `y2w merge`: the results of all shards of a run as one.

use std::path::PathBuf;

use clap::Args;
use y2w_sdk::clock::Clock;

use super::run::{exit_code, failed};
use super::{print_json, summary};
use crate::load::RunError;
use crate::load::merge::{Merged, merge};

/// What `y2w merge` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct MergeArgs {
    /// The folders of all shards
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,

    /// A name for the whole and its folder [default: from the time of day]
    #[arg(long, value_name = "NAME")]
    run_id: Option<String>,

    /// The folder that the whole's folder is made in
    #[arg(long, default_value = "reports/out", value_name = "DIR")]
    out: PathBuf,

    /// Print the result as JSON instead of the summary
    #[arg(long)]
    json: bool,
}

/// The answer is the exit code.
pub(super) fn run(args: &MergeArgs) -> u8 {
    match carry_out(args) {
        Ok((merged, files)) => {
            if args.json {
                print_json(&merged.result);
            } else {
                summary::print(&merged.result, &files);
            }
            exit_code(&merged.result)
        }
        Err(error) => failed(&error),
    }
}

fn carry_out(args: &MergeArgs) -> Result<(Merged, Vec<PathBuf>), RunError> {
    let stamp = || format!("{}-merged", Clock::system().now().to_string().replace([':', '.'], "-"));
    let run_id = args.run_id.clone().unwrap_or_else(stamp);
    let folders: Vec<String> = args.folders.iter().map(|dir| dir.display().to_string()).collect();
    let merged = merge(&args.folders, &run_id, &format!("y2w merge {}", folders.join(" ")))?;
    let wrong = |error: String| RunError::Environment(error);
    let folder = args.out.join(&run_id);
    std::fs::create_dir_all(&folder)
        .map_err(|e| wrong(format!("cannot make the folder {}: {e}", folder.display())))?;
    let mut files = y2w_reports::write_all(&folder, &merged.result).map_err(|e| wrong(e.to_string()))?;
    files.extend(merged.write_files(&folder)?);
    Ok((merged, files))
}
