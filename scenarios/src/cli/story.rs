//! A simulated run in words, for a terminal.

use std::fmt::Write as _;

use crate::diagram::{Planned, beginning, witnesses};
use crate::fuzz::Simulated;
use crate::history::{Happening, What};
use crate::judge::{Reach, Reached};
use crate::plan::Plan;

/// Broken rules that are told; one broken server breaks a rule at every turn.
const TOLD_MAX: usize = 5;

/// Which rules a run broke, and what shows it.
pub(super) fn prose(plan: &Plan, run: &Simulated) -> String {
    let mut text = String::new();
    let anomalies = &run.verdict.anomalies;
    let shown = witnesses(plan, run, &anomalies[..anomalies.len().min(TOLD_MAX)]);
    // Writing to a string does not fail.
    for (anomaly, witnesses) in anomalies.iter().zip(shown) {
        let _ = writeln!(text, "BROKEN  {}: {}", anomaly.rule, anomaly.text);
        for witness in witnesses {
            let _ = writeln!(text, "        {witness}");
        }
    }
    if anomalies.len() > TOLD_MAX {
        let _ = writeln!(text, "        … and {} findings more", anomalies.len() - TOLD_MAX);
    }
    text
}

/// How much was played, and what another run can be compared by.
pub(super) fn extent(plan: &Plan, run: &Simulated) -> String {
    let trace = run.hash.map_or_else(String::new, |hash| format!(", trace {hash:016x}"));
    format!(
        "{} and {} played, {} things happened; seed {}{trace}",
        count(plan.steps.len(), "step"),
        count(plan.faults.len(), "fault"),
        run.happenings,
        plan.seed,
    )
}

/// What was reached, and how often, on a line; nothing if nothing was.
pub(super) fn reached(reach: &Reach) -> String {
    let all = Reached::ALL.into_iter().map(|(what, name)| (name, reach.count(what)));
    let reached: Vec<String> =
        all.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    if reached.is_empty() { String::new() } else { format!("reached: {}\n", reached.join(", ")) }
}

/// So many of them: `1 step`, `2 steps`.
pub(super) fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

/// Everything that happened, each on a line: when since the plan's beginning, to whom, what.
pub(super) fn story(plan: &Plan, happenings: &[Happening]) -> String {
    let planned = Planned::of(plan);
    let begin = beginning(&planned, happenings);
    let devices: Vec<String> = plan.devices().map(|actor| actor.to_string()).collect();
    let mut text = String::new();
    for (number, happening) in happenings.iter().enumerate() {
        let since = i128::from(happening.at) - i128::from(begin);
        let who = happening.device.and_then(|device| devices.get(device)).map_or("-", |name| name);
        let what = what(&planned, happening);
        let _ = writeln!(text, "#{number:<5}{:>10.3} s  {who:<12} {what}", since as f64 / 1e6);
    }
    text
}

fn what(planned: &Planned<'_>, happening: &Happening) -> String {
    match &happening.what {
        What::Request { call, method, path, since } => {
            let since = since.map_or_else(String::new, |since| format!(" since {since}"));
            format!("{method} {path}{since} (request {call})")
        }
        What::Answer { call, status: Some(status) } => format!("{} to request {call}", status.as_u16()),
        What::Answer { call, status: None } => format!("no answer to request {call}"),
        What::Arrives(arrived) => {
            format!("request {} reaches the server: {}", arrived.call, text(&arrived.body))
        }
        What::Served { call, answer: Some(served) } => {
            format!("the server says {} to request {call}: {}", served.status.as_u16(), text(&served.body))
        }
        What::Served { call, answer: None } => format!("the server ends with request {call} in hand"),
        What::Told(event) => format!("{event:?}"),
        What::StepBegins(id) => {
            let action = planned.step(*id).map_or_else(String::new, |step| step.action.to_string());
            format!("begins step {id}: {action}")
        }
        What::FaultBegins(id) => {
            let fault = planned.fault(*id).map_or_else(String::new, |fault| fault.what.to_string());
            format!("fault {id} begins: {fault}")
        }
        what => format!("{what:?}"),
    }
}

/// A body as it stands, on one line; no more of it than one reads.
fn text(body: &[u8]) -> String {
    const SHOWN: usize = 400;
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    let more = if body.len() > SHOWN { "…" } else { "" };
    format!("{}{more}", text.escape_debug().to_string().replace("\\\"", "\""))
}
