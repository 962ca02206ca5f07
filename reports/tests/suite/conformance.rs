//! The files of a conformance run: they say what the run says, are valid in their formats, and bear what servers say.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use y2w_reports::conformance::{
    Area, Broken, Case, Conformance, Counts, Line, Outcome, Rule, RuleState, SCHEMA, Standing, Verdict,
    render, write,
};
use y2w_reports::model::Environment;

/// What a server may say: it means something to each of the formats.
const ODD: &str = "</script><b>&\"'\u{1}\u{7}]]>|`*_ \u{fffe}";

fn case(name: &str, outcome: Outcome, standing: Standing) -> Case {
    Case {
        name: name.to_owned(),
        area: name.split('.').next().unwrap().to_owned(),
        rules: vec!["AUTH-LOGIN".to_owned()],
        outcome,
        standing,
        note: None,
        fingerprint: None,
        broken: Vec::new(),
        why: None,
        timeline: Vec::new(),
        took_us: 1_500,
        command: format!("y2w conform --case {name}"),
        recording: None,
        runs: None,
    }
}

fn failed(name: &str, standing: Standing) -> Case {
    let broken = Broken {
        rule: "AUTH-LOGIN".to_owned(),
        level: "MUST".to_owned(),
        text: "A server answers.".to_owned(),
        expected: "200".to_owned(),
        actual: ODD.to_owned(),
    };
    let line = Line { at_us: 12_000, who: "ann".to_owned(), what: ODD.to_owned() };
    Case {
        broken: vec![broken],
        timeline: vec![line],
        fingerprint: Some("fail AUTH-LOGIN 0".to_owned()),
        recording: Some("recording-x.json".to_owned()),
        runs: Some(Counts::from([(Outcome::Pass, 2), (Outcome::Fail, 1)])),
        ..case(name, Outcome::Fail, standing)
    }
}

fn run() -> Conformance {
    let cases = vec![
        case("accounts.a", Outcome::Pass, Standing::Good),
        failed("accounts.b", Standing::Unexpected),
        Case { note: Some("mended soon".to_owned()), ..failed("push.c", Standing::Known) },
        Case { why: Some(ODD.to_owned()), ..case("push.d", Outcome::Inconclusive, Standing::Unexpected) },
        Case { why: Some("lacking".to_owned()), ..case("push.e", Outcome::Unsupported, Standing::Good) },
        Case { note: Some("gone".to_owned()), ..case("push.f", Outcome::Pass, Standing::UnexpectedPass) },
    ];
    let mut counts = Counts::new();
    let mut areas: BTreeMap<String, Counts> = BTreeMap::new();
    for case in &cases {
        *counts.entry(case.outcome).or_default() += 1;
        *areas.entry(case.area.clone()).or_default().entry(case.outcome).or_default() += 1;
    }
    let rule = Rule {
        id: "AUTH-LOGIN".to_owned(),
        level: "MUST".to_owned(),
        sources: "S".to_owned(),
        part: "2. Accounts".to_owned(),
        text: "A server answers.".to_owned(),
        state: RuleState::Broken,
        cases: cases.iter().map(|case| case.name.clone()).collect(),
        untested: None,
    };
    let untested = Rule {
        id: "CLIENT-X".to_owned(),
        state: RuleState::Untested,
        cases: Vec::new(),
        untested: Some("binds clients".to_owned()),
        ..rule.clone()
    };
    Conformance {
        format: "y2w-conformance/1".to_owned(),
        run_id: "r".to_owned(),
        started_at: "2016-11-24T08:00:00.120Z".to_owned(),
        duration_s: 1.5,
        tool_version: "0.1.0".to_owned(),
        command: "y2w conform".to_owned(),
        environment: Environment {
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cores: 2,
            target: "http://127.0.0.1:1".to_owned(),
        },
        verdict: Verdict { passed: false, summary: "6 cases; not expected: 1 fail.".to_owned() },
        counts,
        areas: areas.into_iter().map(|(name, counts)| Area { name, counts }).collect(),
        cases,
        rules: vec![rule, untested],
    }
}

fn file(name: &str) -> String {
    render(name, &run()).unwrap().unwrap()
}

#[test]
fn the_json_is_valid_by_its_schema_and_reads_back() {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json: serde_json::Value = serde_json::from_str(&file("conformance.json")).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(wrong, [""; 0]);
    assert_eq!(serde_json::from_value::<Conformance>(json.clone()).unwrap(), run());
    // The schema refuses something, too.
    let mut other = json;
    other["cases"][0]["outcome"] = "splendid".into();
    assert!(!validator.is_valid(&other));
}

/// What the usual schema lets an element have: its attributes, those that it must have first, and its children in order.
fn allowed(name: &str) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    match name {
        "testsuites" => (&["name", "tests", "failures", "errors", "time"], &[], &["testsuite"]),
        "testsuite" => (
            &["name", "tests", "failures", "errors", "skipped", "time", "timestamp"],
            &["name", "tests", "failures", "errors", "time", "timestamp"],
            &["testcase"],
        ),
        "testcase" => (
            &["name", "classname", "time"],
            &["name", "classname", "time"],
            &["properties", "skipped", "error", "failure", "system-out"],
        ),
        "properties" => (&[], &[], &["property"]),
        "property" => (&["name", "value"], &["name", "value"], &[]),
        "failure" | "error" => (&["message", "type"], &["type"], &[]),
        "skipped" => (&["message"], &[], &[]),
        "system-out" => (&[], &[], &[]),
        other => panic!("{other} is no element of the schema"),
    }
}

fn check(node: Node) {
    let name = node.tag_name().name();
    let (attributes, needed, children) = allowed(name);
    for attribute in node.attributes() {
        assert!(attributes.contains(&attribute.name()), "{name} has {}", attribute.name());
    }
    for attribute in needed {
        assert!(node.has_attribute(*attribute), "{name} has no {attribute}");
    }
    for child in node.children().filter(Node::is_element) {
        assert!(children.contains(&child.tag_name().name()), "{name} has {}", child.tag_name().name());
        check(child);
    }
}

#[test]
fn the_junit_file_is_valid_and_counts_what_is_in_it() {
    let text = file("junit.xml");
    let document = Document::parse(&text).unwrap();
    let root = document.root_element();
    check(root);
    let count = |node: Node, name: &str| node.descendants().filter(|node| node.has_tag_name(name)).count();
    for suite in root.children().filter(Node::is_element).chain([root]) {
        let said = |name: &str| suite.attribute(name).unwrap_or("0").parse::<usize>().unwrap();
        assert_eq!(said("tests"), count(suite, "testcase"));
        assert_eq!(said("failures"), count(suite, "failure"));
        assert_eq!(said("errors"), count(suite, "error"));
        if suite != root {
            assert_eq!(said("skipped"), count(suite, "skipped"));
            assert_eq!(suite.attribute("timestamp"), Some("2016-11-24T08:00:00"));
        }
    }
    let of = |case: &str, name: &str| {
        let case = root.descendants().find(|node| node.attribute("name") == Some(case)).unwrap();
        case.descendants().find(|node| node.has_tag_name(name)).map(|node| {
            node.attribute("message").or_else(|| node.attribute("value")).unwrap_or_default().to_owned()
        })
    };
    assert_eq!(of("accounts.b", "failure").as_deref(), Some("AUTH-LOGIN (MUST)"));
    assert_eq!(of("accounts.b", "property").as_deref(), Some("AUTH-LOGIN"));
    assert_eq!(of("push.c", "skipped").as_deref(), Some("known: mended soon: AUTH-LOGIN (MUST)"));
    assert!(of("push.d", "error").unwrap().contains("</script><b>&"));
    assert_eq!(of("push.e", "skipped").as_deref(), Some("lacking"));
    assert!(of("push.f", "failure").unwrap().starts_with("passes, though the baseline"));
}

#[test]
fn the_page_shows_each_case_with_its_evidence_and_needs_nothing_else() {
    let page = file("conformance.html");
    for text in [
        "<title>Not as expected: conformance of http://127.0.0.1:1</title>",
        "6 cases; not expected: 1 fail.",
        "accounts.b",
        "A server answers.",
        "y2w conform --case accounts.b",
        "y2w conform --rejudge recording-x.json",
        "pass 2 of 3, fail 1 of 3",
        "binds clients",
        "mended soon",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("</script>").count(), 1, "what a server says is no part of the page");
    assert!(!page.contains("<b>") && !page.contains(" src=") && !page.contains("url("));
    // What is not as expected comes first.
    assert!(page.find("accounts.b").unwrap() < page.find("accounts.a").unwrap());
}

#[test]
fn the_summary_names_what_is_not_as_expected_and_bears_what_a_server_says() {
    let text = file("summary.md");
    assert!(
        text.contains("| area | pass | fail | unsupported | inconclusive |\n|---|--:|--:|--:|--:|"),
        "{text}"
    );
    assert!(text.contains("**fail** `accounts.b`") && !text.contains("`push.c`"), "{text}");
    assert!(text.contains("actual: \\</script\\>\\<b\\>\\&\"'\\]\\]\\>\\|\\`\\*\\_ "), "{text}");
}

#[test]
fn the_badge_says_how_many_fail() {
    let badge = file("badge.svg");
    Document::parse(&badge).unwrap();
    assert!(badge.contains(">2 of 6 fail<"), "{badge}");
}

#[test]
fn all_files_are_written_into_one_folder_with_those_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let beside = vec![("recording-x.json".to_owned(), "{}".to_owned())];
    let files = write(dir.path(), &run(), beside).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    let expected =
        ["conformance.json", "conformance.html", "junit.xml", "summary.md", "badge.svg", "recording-x.json"];
    assert_eq!(names, expected);
    assert!(files.iter().all(|file| file.is_file()));
}
