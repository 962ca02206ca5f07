//! Runs as sequence diagrams: what one looks for in a picture is there, and a long run makes no larger one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fmt::Write as _;

use y2w_reports::diagram::{Diagram, Mark, Row};
use y2w_scenarios::diagram::diagram;
use y2w_scenarios::fuzz::simulate;
use y2w_scenarios::history::Keep;
use y2w_scenarios::plan::Plan;

const PLAN: &str = r##"
version = 1
seed = 42
network = { latency = "20ms" }

[[user]]
name = "ann"
[[user]]
name = "bob"
devices = ["web", "mobile"]

[[step]]
id = 1
at = "0s"
by = "ann"
do = { create-group = { group = "team", members = ["bob"] } }
[[step]]
id = 2
at = "5s"
by = "ann"
do = { send-text = { to = "#team" } }
[[fault]]
id = 3
at = "4s"
for = "3s"
what = { partition = { who = "bob" } }
"##;

fn drawn(plan: &str) -> Diagram {
    let plan = Plan::parse(plan, "plan").unwrap();
    diagram(&plan, &simulate(&plan, Keep { story: true, hash: false }))
}

/// Each row on a line.
fn told(diagram: &Diagram) -> Vec<String> {
    let lane = |lane: &usize| {
        let lane = &diagram.lanes[*lane];
        if lane.is_server { lane.name.clone() } else { format!("{}/{}", lane.name, lane.note) }
    };
    let tell = |row: &Row| match &row.mark {
        Mark::Arrow { from, to, text, .. } => format!("{} > {}: {text}", lane(from), lane(to)),
        Mark::Exchange { from, to, text, .. } => format!("{} <> {}: {text}", lane(from), lane(to)),
        Mark::Lost { from, to, text } => format!("{} >| {}: {text}", lane(from), lane(to)),
        Mark::Note { lane: at, text, .. } => format!("{} {text}", lane(at)),
        Mark::Begin { .. } | Mark::Fault { .. } => {
            format!("{} {}", row.time, row.side.replace('\u{a0}', " "))
        }
        Mark::Skipped { count } => format!("… {count}"),
        Mark::End { text } => text.clone(),
    };
    diagram.rows.iter().map(tell).collect()
}

#[test]
fn a_run_is_told_between_devices_and_servers() {
    let diagram = drawn(PLAN);
    let lanes: Vec<String> =
        diagram.lanes.iter().map(|lane| format!("{} {}", lane.name, lane.is_server)).collect();
    assert_eq!(lanes, ["ann false", "bob false", "bob false", "business API true", "push server true"]);
    let rows = told(&diagram);
    for row in [
        "0.000 s ann: create-group team, members bob, step 1",
        "4.000 s partition bob, fault 3",
        "5.000 s ann: send-text to #team, step 2",
        "ann/web <> business API: POST sessions/1/messages → 200",
        "ann/web “step 2” is stored in #team",
        "push server > ann/web: 26 (the push server does not know the session)",
        "push server > bob/mobile: push of #team",
        "7.000 s fault 3 is over",
        "bob/mobile sees “step 2” in #team",
    ] {
        assert!(rows.iter().any(|other| other == row), "{row} is not in {rows:#?}");
    }
    assert_eq!(diagram.title, "All rules held");
    assert!(diagram.facts.iter().any(|fact| fact.contains("#team is session 1")), "{:?}", diagram.facts);
    // The partition lies over both of Bob's devices, from its beginning to its end.
    let band = &diagram.bands[0];
    assert_eq!((band.lanes.as_slice(), diagram.bands.len()), (&[1, 2][..], 1));
    assert!(rows[band.from].contains("partition") && rows[band.to].contains("is over"), "{band:?}");
    assert_eq!(diagram.svg().unwrap(), drawn(PLAN).svg().unwrap());
}

#[test]
fn who_waits_is_shown_from_the_request_to_its_answer() {
    let diagram = drawn(PLAN);
    let rows = told(&diagram);
    assert!(!diagram.waits.is_empty());
    for wait in &diagram.waits {
        let is_gap = |row: &str| row.starts_with('…');
        let (from, to) = (&rows[wait.from], &rows[wait.to]);
        assert!(is_gap(from) || from.contains("> business API: "), "{from}");
        assert!(is_gap(to) || to.starts_with("business API > "), "{to}");
        if !is_gap(from) && !is_gap(to) {
            let (asked, answered) = (from.split_once(": ").unwrap().1, to.split_once(" to ").unwrap().1);
            assert_eq!(asked, answered);
        }
    }
}

#[test]
fn what_shows_that_a_rule_was_broken_is_marked() {
    let diagram = drawn(&PLAN.replace("seed = 42", "seed = 42\nquirks = [\"message-lost=1\"]"));
    assert_eq!(diagram.title, "How SYNC-LOSSLESS was broken");
    assert!(diagram.findings[0].text.contains("step 2"), "{:?}", diagram.findings);
    let rows = told(&diagram);
    let marked: Vec<&String> = diagram
        .rows
        .iter()
        .zip(&rows)
        .filter(|(row, _)| row.findings.contains(&0))
        .map(|(_, told)| told)
        .collect();
    assert_eq!(marked, ["ann/web “step 2” is stored in #team"]);
}

#[test]
fn what_nothing_but_the_end_shows_is_told_at_the_end() {
    let tombstones = r##"
version = 1
seed = 1
quirks = ["tombstones-missing"]
[[user]]
name = "ann"
devices = ["web", "mobile"]
[[user]]
name = "bob"
[[step]]
id = 1
at = "0s"
by = "ann"
do = { add-contact = { user = "bob" } }
[[step]]
id = 2
at = "5s"
by = "ann"
do = { remove-contact = { user = "bob" } }
"##;
    let diagram = drawn(tombstones);
    let last = diagram.rows.last().unwrap();
    assert!(matches!(&last.mark, Mark::End { text } if text.contains("bob")), "{last:?}");
    assert!(!last.findings.is_empty());
}

#[test]
fn a_long_run_makes_no_larger_picture_and_says_what_it_leaves_out() {
    let mut plan = PLAN.replace("seed = 42", "seed = 42\nquirks = [\"message-lost=0.02\"]");
    for user in 0..20 {
        // Writing to a string does not fail.
        let _ = write!(plan, "[[user]]\nname = \"user{user}\"\n");
    }
    for step in 10..160 {
        let _ = write!(
            plan,
            "[[step]]\nid = {step}\nat = \"{step}s\"\nby = \"user{}\"\ndo = {{ send-text = {{ to = \"ann\" }} }}\n",
            step % 20
        );
    }
    let diagram = drawn(&plan);
    assert!(diagram.lanes.len() <= 14 && diagram.rows.len() <= 240, "{} rows", diagram.rows.len());
    assert!(diagram.rows.iter().any(|row| row.findings.contains(&0)), "the witness is shown");
    let left_out: u64 =
        diagram.rows.iter().map(|row| if let Mark::Skipped { count } = row.mark { count } else { 0 }).sum();
    assert!(left_out > 1_000, "{left_out}");
    assert!(
        diagram.facts.iter().any(|fact| fact.contains("devices more are not shown")),
        "{:?}",
        diagram.facts
    );
    assert!(diagram.svg().unwrap().len() < 200_000);
}
