//! `y2w workloads`: the workloads that come with y2w; one of them as a file to begin with; the schema of such files.

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::{OK, USAGE};
use crate::load::workload::{Arrival, SCHEMA, Shipped, shipped};
use crate::nearest::nearest;
use y2w_mock_server::cli::put;

/// What `y2w workloads` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct WorkloadsArgs {
    /// Print the file of this one, ready to be adapted: `y2w workloads quick > mine.toml`
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print the JSON Schema of workload files, for editors
    #[arg(long, conflicts_with_all = ["name", "json"])]
    schema: bool,

    /// List them as JSON
    #[arg(long, conflicts_with = "name")]
    json: bool,
}

/// One of them, as `--json` has it.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    title: String,
    summary: &'static str,
    users: usize,
    length_s: f64,
    /// As the table has it.
    arrival: String,
}

impl Listed {
    fn of(shipped: &Shipped) -> Self {
        let workload = shipped.workload();
        Self {
            name: shipped.name,
            summary: shipped.summary(),
            users: workload.population.users,
            length_s: workload.length().as_secs_f64(),
            arrival: told(workload.arrival),
            title: workload.title,
        }
    }
}

fn told(arrival: Arrival) -> String {
    match arrival {
        Arrival::Open { rate, .. } => format!("{rate}/s each"),
        Arrival::Closed { think } => {
            let [min, max] = [think.min, think.max].map(humantime::format_duration);
            format!("closed, {min} to {max}")
        }
    }
}

/// Prints what is asked for; the answer is the exit code.
pub(super) fn workloads(args: &WorkloadsArgs) -> u8 {
    let text = match &args.name {
        _ if args.schema => SCHEMA.to_owned(),
        Some(name) => match shipped().iter().find(|shipped| shipped.name == name) {
            Some(shipped) => shipped.text.to_owned(),
            None => {
                eprintln!("y2w: {}", unknown(name));
                return USAGE;
            }
        },
        None => {
            let listed: Vec<Listed> = shipped().iter().map(Listed::of).collect();
            if args.json { json(&listed) } else { table(&listed) }
        }
    };
    put(text);
    OK
}

/// What is said of a workload that does not come with y2w.
pub(super) fn unknown(name: &str) -> String {
    let names: Vec<&str> = shipped().iter().map(|shipped| shipped.name).collect();
    let near = nearest(name, names.iter().copied()).map(|near| format!(" Did you mean `{near}`?"));
    let near = near.unwrap_or_default();
    format!("there is no workload `{name}`.{near} Expected one of {}", names.join(", "))
}

fn json(listed: &[Listed]) -> String {
    let text = serde_json::to_string_pretty(listed).expect("names and numbers can be written as JSON");
    text + "\n"
}

fn table(listed: &[Listed]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["", "users", "length", "rate", ""]);
    for one in listed {
        let length = y2w_reports::format::seconds(one.length_s);
        table.add_row([one.name, &one.users.to_string(), &length, &one.arrival, one.summary]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!(
        "{}\n\n`y2w workloads NAME` prints one as a file to adapt; docs/workloads.md explains the fields.\n",
        lines.join("\n")
    )
}
