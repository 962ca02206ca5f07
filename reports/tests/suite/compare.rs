//! Comparisons: what they find, what they refuse and warn of, and the files made of them.

use std::fs;
use std::path::PathBuf;

use crate::common::{elements, small};
use y2w_reports::compare::{Change, Comparison, SCHEMA, Set, Settings, compare, render, rows, write};
use y2w_reports::{Exporter as _, LatencyClock, Outcome, ReportError, RunResult, export::Json};

/// A passed run whose latencies and rates are this many times those of `small`, and whose name is its own.
fn run(name: &str, slowness: f64) -> RunResult {
    let mut run = small();
    let times = |value: u64| (value as f64 * slowness).round() as u64;
    run.run_id = name.to_owned();
    run.verdict.outcome = Outcome::Passed;
    run.health.problems.clear();
    let quantiles = &mut run.latencies[0].quantiles;
    quantiles.mean *= slowness;
    for value in [&mut quantiles.p50, &mut quantiles.p90, &mut quantiles.p99] {
        *value = times(*value);
    }
    run.duration_s *= slowness;
    run.health.cpu_s = run.health.cpu_s.map(|cpu_s| cpu_s * slowness);
    run
}

fn set(name: &str, slowness: &[f64]) -> Set {
    let file = |index: usize| format!("{name}-{index}.json");
    Set {
        name: name.to_owned(),
        runs: slowness
            .iter()
            .enumerate()
            .map(|(index, slow)| (file(index), run(&file(index), *slow)))
            .collect(),
    }
}

const NOISE: [f64; 6] = [1.0, 1.01, 0.99, 1.02, 0.98, 1.005];

fn noisy(name: &str, slowness: f64) -> Set {
    set(name, &NOISE.map(|noise| noise * slowness))
}

fn compared(a: &Set, b: &Set) -> Comparison {
    compare(a, b, Settings::default()).unwrap()
}

fn change(comparison: &Comparison, id: &str) -> Change {
    comparison.metrics.iter().find(|metric| metric.id == id).unwrap().change
}

#[test]
fn slower_is_regressed_and_faster_improved_in_each_metric_s_own_direction() {
    let worse = compared(&noisy("old", 1.0), &noisy("new", 1.5));
    assert_eq!(worse.verdict, Change::Regressed);
    for id in ["send_stored.p50", "send_stored.p99", "send_stored.mean", "stored_per_s", "cpu_per_message"] {
        assert_eq!(change(&worse, id), Change::Regressed, "{id}");
    }
    for id in ["errors", "memory_per_user"] {
        assert_eq!(change(&worse, id), Change::Same, "{id}");
    }
    let better = compared(&noisy("old", 1.5), &noisy("new", 1.0));
    assert_eq!(better.verdict, Change::Improved);
    assert_eq!(change(&better, "delivered_per_s"), Change::Improved);
    assert!(better.summary.starts_with("Of 9 metrics, 7 improved, 2 are the same"), "{}", better.summary);
}

#[test]
fn equal_sets_are_the_same_if_they_vary_little_and_unclear_if_much() {
    let same = compared(&noisy("old", 1.0), &noisy("new", 1.0));
    assert_eq!(same.verdict, Change::Same, "{same:#?}");
    let wild = [0.6, 1.7, 1.0, 0.8, 1.4];
    let unclear = compared(&set("old", &wild), &set("new", &wild));
    assert_eq!(unclear.verdict, Change::Unclear);
    assert_eq!(change(&unclear, "send_stored.p50"), Change::Unclear);
}

#[test]
fn a_difference_within_the_tolerance_is_none() {
    let (old, new) = (noisy("old", 1.0), noisy("new", 1.1));
    assert_eq!(compared(&old, &new).verdict, Change::Regressed);
    let tolerant = compare(&old, &new, Settings { tolerance: 0.2, ..Settings::default() }).unwrap();
    assert_eq!(tolerant.verdict, Change::Same);
}

#[test]
fn from_a_single_run_nothing_is_told() {
    let comparison = compared(&set("old", &[1.0]), &noisy("new", 9.0));
    assert_eq!(comparison.verdict, Change::Unclear);
    assert!(comparison.metrics.iter().all(|metric| metric.interval.is_none()));
    assert!(comparison.warnings[0].starts_with("old has a single run"), "{:?}", comparison.warnings);
    let few = compared(&set("old", &[1.0, 1.1, 1.2]), &set("new", &[1.0, 1.1, 1.2]));
    assert!(few.warnings[0].starts_with("With 3 and 3 runs"), "{:?}", few.warnings);
    assert_eq!(compared(&noisy("old", 1.0), &noisy("new", 1.0)).warnings, [""; 0]);
}

#[test]
fn the_same_seed_gives_the_same_comparison_and_a_metric_more_shifts_no_other() {
    let (old, new) = (noisy("old", 1.0), noisy("new", 1.03));
    let once = compared(&old, &new);
    assert_eq!(once, compared(&old, &new));
    let mut more = (old.clone(), new.clone());
    for (_, run) in more.0.runs.iter_mut().chain(&mut more.1.runs) {
        let mut login = run.latencies[0].clone();
        login.id = "login".to_owned();
        login.clock = LatencyClock::Service;
        // Of a kind that has both clocks, the one that users feel is compared.
        let mut begun = run.latencies[0].clone();
        begun.clock = LatencyClock::Service;
        run.latencies.splice(0..0, [login, begun]);
    }
    let with_more = compared(&more.0, &more.1);
    assert_eq!(with_more.metrics.len(), once.metrics.len() + 4);
    assert_eq!(with_more.metrics[0].id, "login.service.p50");
    assert_eq!(with_more.metrics[4..], once.metrics);
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let good = noisy("old", 1.0);
    let mut invalid = noisy("new", 1.0);
    invalid.runs[3].1.verdict.outcome = Outcome::Invalid;
    let refused = |a: &Set, b: &Set, settings| match compare(a, b, settings) {
        Err(ReportError::NotComparable(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let usual = Settings::default();
    assert!(refused(&good, &invalid, usual).starts_with("new-3.json is an invalid run"));
    assert!(refused(&invalid, &good, usual).starts_with("new-3.json is an invalid run"));
    let mut troubled = noisy("new", 1.0);
    troubled.runs[2].1.health.problems.push("late".to_owned());
    assert!(refused(&good, &troubled, usual).ends_with("must not be used: late"));
    assert!(refused(&set("none", &[]), &good, usual).starts_with("none has no run"));
    for (settings, said) in [
        (Settings { tolerance: f64::NAN, ..usual }, "a tolerance is"),
        (Settings { tolerance: -0.1, ..usual }, "a tolerance is"),
        (Settings { confidence: 1.0, ..usual }, "a confidence is"),
        (Settings { resamples: 0, ..usual }, "resamples are"),
    ] {
        let reason = refused(&good, &good, settings);
        assert!(reason.starts_with(said), "{reason}");
    }
}

#[test]
fn what_differs_beside_the_numbers_is_warned_of() {
    let a = noisy("old", 1.0);
    let mut b = noisy("new", 1.0);
    for (_, run) in &mut b.runs {
        run.workload.name = "three".to_owned();
        run.tool_version = "0.2.0".to_owned();
        run.environment.cores = 8;
        run.environment.target = "http://elsewhere".to_owned();
        run.health.memory_per_user = None;
    }
    b.runs[0].1.verdict.outcome = Outcome::Interrupted;
    b.runs.push(a.runs[1].clone());
    let warnings = compared(&a, &b).warnings.join("\n");
    for said in [
        "Different workloads: old has two, new has three and two.",
        "Different versions: old has 0.1.0, new has 0.1.0 and 0.2.0.",
        "Different numbers of cores: old has 2, new has 2 and 8.",
        "Different targets: ",
        "new-0.json was interrupted: ",
        "old-1.json is the same run as old-1.json, which is on the other side.",
    ] {
        assert!(warnings.contains(said), "{said}\n{warnings}");
    }
    b.runs.pop();
    assert!(compared(&a, &b).warnings.join("\n").contains("Only old has memory_per_user."));
    let mut edited = noisy("new", 1.0);
    edited.runs[0].1.workload.text.push_str("# faster\n");
    assert_eq!(compared(&a, &edited).warnings, ["The workloads have the same name, but not the same text."]);
}

#[test]
fn the_json_is_valid_by_its_schema_and_reads_back() {
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let mut no_errors = noisy("old", 1.0);
    no_errors.runs.iter_mut().for_each(|(_, run)| run.totals.errors = 0);
    for comparison in
        [compared(&no_errors, &noisy("new", 1.4)), compared(&set("a", &[1.0]), &set("b", &[2.0]))]
    {
        let text = render("compare.json", &comparison).unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(wrong, [""; 0]);
        assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), comparison);
        let mut other = json;
        other["metrics"][0]["change"] = "splendid".into();
        assert!(!validator.is_valid(&other));
    }
}

#[test]
fn the_table_says_medians_difference_and_interval() {
    let mut no_errors = noisy("old", 1.0);
    no_errors.runs.iter_mut().for_each(|(_, run)| run.totals.errors = 0);
    let rows = rows(&compared(&no_errors, &noisy("new", 1.5)));
    let row = |id: &str| rows.iter().find(|(row, _)| row[0] == id).unwrap().0.each_ref().map(String::as_str);
    let [_, a, b, difference, interval, outcome] = row("send_stored.p50");
    assert_eq!((a, b, difference, outcome), ("1.24 ms", "1.86 ms", "+50 %", "regressed"));
    assert!(interval.starts_with("+4") && interval.contains(" … +5"), "{interval}");
    // From nothing there is no share.
    assert_eq!(row("errors")[1..4], ["0 %", "0.006 %", "+0.006 %"]);
}

#[test]
fn page_and_markdown_bear_any_name_and_need_nothing_else() {
    let odd = "</script><b>|`*_&\"'";
    let mut b = noisy(odd, 1.5);
    b.runs[0].1.workload.name = odd.to_owned();
    let comparison = compared(&noisy("old", 1.0), &b);
    let page = render("compare.html", &comparison).unwrap().unwrap();
    for tag in elements(&page) {
        assert!(!tag.contains(" src=") && !tag.contains("NaN") && !tag.contains("inf"), "{tag}");
        assert!(!tag.contains(" href=") || tag.contains("href=\"data:,\""), "{tag}");
    }
    assert!(!page.contains("<script") && !page.contains("</script") && !page.contains("url("));
    assert_eq!(page.matches("<svg class=\"bar\"").count(), comparison.metrics.len());
    for text in ["Regressed", "send_stored.p99", "+50 %", "more is better", "Before you believe it"] {
        assert!(page.contains(text), "{text}");
    }
    let markdown = render("compare.md", &comparison).unwrap().unwrap();
    assert!(markdown.contains("\n|---|--:|--:|--:|--:|---|\n"), "{markdown}");
    assert!(markdown.contains("| send\\_stored.p50 | 1.24 ms | 1.86 ms | +50 % |"), "{markdown}");
    assert!(markdown.contains("| **regressed** |") && !markdown.contains("<b>"), "{markdown}");
}

#[test]
fn sets_are_read_from_files_and_folders_and_three_files_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.json");
    fs::write(&file, Json.render(&run("one", 1.0)).unwrap()).unwrap();
    y2w_reports::write_all(&dir.path().join("two"), &run("two", 1.0)).unwrap();
    let paths = [file.clone(), dir.path().join("two")];
    let set = Set::read("both", &paths).unwrap();
    assert_eq!(
        set.runs,
        [(file.display().to_string(), run("one", 1.0)), (paths[1].display().to_string(), run("two", 1.0))]
    );
    let missing = Set::read("none", &[PathBuf::from("nowhere.json")]).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read nowhere.json: "), "{missing}");
    let written = write(&dir.path().join("out"), &compared(&set, &set)).unwrap();
    let names: Vec<_> = written.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["compare.json", "compare.html", "compare.md"]);
}
