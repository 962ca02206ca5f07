//! Workload files: those that come with y2w, and what is said of those that make no sense.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::time::Duration;

use y2w_scenarios::load::workload::{Arrival, Behaviour, Level, Misfortune, Process, Range, Size, Workload};

const WORKLOAD: &str = r#"version = 1
title = "All of it"
about = "One of everything."
thresholds = ["send_synced.p99 < 250ms", "lost == 0"]

[population]
users = 50
contacts = { min = 1, max = 4, skew = 1 }
second-devices = 0.1
[[population.groups]]
count = 3
size = 8
[[population.groups]]
one-per-users = 10
size = { min = 3, max = 20, skew = 2.5 }

[arrival.open]
rate = 2
process = "constant"

[mix]
p2p-text = 10
group-text = 2.5
idle = 0

[payload]
text = 100

[[phase]]
name = "ramp"
length = "1m 30s"
load = { from = 0, to = 1 }
online = { from = 0.5, to = 1 }
measured = false

[[phase]]
name = "hold"
length = "90s"

[[fault]]
at = "10s"
length = "5s"
what = { cut = { share = 0.05 } }

[[fault]]
at = "2m"
what = "restart-push"

[[fault]]
at = "2m 30s"
length = "1s"
what = { delay-requests = { by = "250ms" } }
"#;

fn said(text: &str) -> String {
    let error = Workload::parse("w.toml", text).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

/// Each mistake with the beginning of what is said of it.
fn are_refused(mistakes: &[(&str, &str, &str)]) {
    for (from, to, expected) in mistakes {
        assert!(WORKLOAD.contains(from), "{from}");
        let said = said(&WORKLOAD.replacen(from, to, 1));
        assert!(said.starts_with(&format!("w.toml:{expected}")), "{said}\n  is not\nw.toml:{expected}");
    }
}

#[test]
fn a_workload_is_read_and_written_and_read() {
    let workload = Workload::parse("w.toml", WORKLOAD).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(workload.population.contacts, Size::Drawn(Range { min: 1, max: 4, skew: 1.0 }));
    assert_eq!(workload.arrival, Arrival::Open { rate: 2.0, process: Process::Constant });
    assert_eq!(workload.mix[&Behaviour::GroupText], 2.5);
    assert_eq!(workload.payload.text, Size::Fixed(100));
    assert_eq!(workload.payload.file, Size::Drawn(Range { min: 1024, max: 65_536, skew: 2.0 }));
    assert_eq!(workload.length(), Duration::from_secs(180));
    assert_eq!(workload.phases[1].load, Level::Steady(1.0));
    assert!(!workload.phases[0].measured && workload.phases[1].measured);
    assert_eq!(workload.faults[1].what, Misfortune::RestartPush);
    assert_eq!(workload.faults[2].what, Misfortune::DelayRequests { by: Duration::from_millis(250) });
    let text = workload.text();
    let again = Workload::parse("again.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again, workload, "{text}");
}

#[test]
fn what_is_left_out_has_a_default() {
    let text = "version = 1\ntitle = \"Nothing\"\npopulation = { users = 2 }\nmix = { idle = 1 }\n\
                phase = [{ name = \"hold\", length = \"1s\" }]\n";
    let workload = Workload::parse("w.toml", text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(workload.population.contacts, Size::Fixed(0));
    assert_eq!(workload.arrival, Arrival::Open { rate: 1.0, process: Process::Poisson });
    assert_eq!(workload.payload.text, Size::Drawn(Range { min: 20, max: 200, skew: 1.0 }));
    assert_eq!((workload.faults.len(), workload.thresholds.len(), &*workload.about), (0, 0, ""));
    assert_eq!(Workload::parse("again.toml", &workload.text()).unwrap(), workload);
}

#[test]
fn what_has_other_fields_or_other_types() {
    are_refused(&[
        ("version = 1\n", "", "1:1: missing field `version`"),
        ("title = \"All of it\"", "title =", "2:"),
        ("title", "titel", "2:1: unknown field `titel`, expected one of `version`, `title`"),
        ("title = \"All of it\"", "title = 7", "2:9: invalid type: integer `7`, expected a string"),
        ("users = 50", "", "6:1: missing field `users`"),
        ("users = 50", "users = -1", "7:9: invalid value: integer `-1`, expected usize"),
        ("users = 50", "users = 50\nuser = 1", "8:1: unknown field `user`, expected one of `users`"),
        ("[mix]", "[nix]", "21:2: unknown field `nix`, expected one of"),
        ("p2p-text = 10", "p2p-txt = 10", "22:1: unknown variant `p2p-txt`, expected one of `p2p-text`"),
        ("p2p-text = 10", "p2p-text = \"10\"", "22:12: invalid type: string \"10\", expected f64"),
    ]);
}

#[test]
fn what_is_no_size_and_no_level() {
    are_refused(&[
        (
            "size = 8",
            "size = \"8\"",
            "12:8: invalid type: string \"8\", expected a whole number, or { min, max, skew }",
        ),
        (
            "size = 8",
            "size = 8.5",
            "12:8: invalid type: floating point `8.5`, expected a whole number, or { min, max, skew }",
        ),
        (
            "size = 8",
            "size = -8",
            "12:8: invalid value: integer `-8`, expected a whole number, or { min, max, skew }",
        ),
        ("max = 4", "top = 4", "8:23: unknown field `top`, expected one of `min`, `max`, `skew`"),
        ("max = 4, ", "", "8:12: missing field `max`"),
        (
            "{ from = 0, to = 1 }",
            "\"full\"",
            "32:8: invalid type: string \"full\", expected a number, or { from, to }",
        ),
        ("{ from = 0, to = 1 }", "{ from = 0 }", "32:8: missing field `to`"),
        (
            "{ from = 0, to = 1 }",
            "{ from = 0, too = 1 }",
            "32:20: unknown field `too`, expected `from` or `to`",
        ),
    ]);
}

#[test]
fn what_is_no_length_of_time() {
    are_refused(&[
        ("\"90s\"", "90", "38:10: 90 of what: expected a length of time with its unit, as \"10s\""),
        ("\"90s\"", "1.5", "38:10: 1.5 of what: expected a length of time with its unit, as \"10s\""),
        ("\"90s\"", "\"soon\"", "38:10: \"soon\" is no length of time ("),
        ("\"90s\"", "true", "38:10: invalid type: boolean `true`, expected a length of time, as \"10s\""),
    ]);
}

#[test]
fn what_is_no_arrival_and_no_fault() {
    are_refused(&[
        ("arrival.open", "arrival.opne", "17:10: unknown variant `opne`, expected `open` or `closed`"),
        (
            "process = \"constant\"",
            "proces = \"constant\"",
            "19:1: unexpected keys in table: proces, available keys: rate, process",
        ),
        ("rate = 2", "", "17:1: missing field `rate`"),
        ("\"constant\"", "\"steady\"", "19:11: unknown variant `steady`, expected `poisson` or `constant`"),
        ("cut =", "cutt =", "43:10: unknown variant `cutt`, expected one of `cut`, `restart-push`"),
        (
            "{ share = 0.05 }",
            "{ rate = 0.05 }",
            "43:18: unexpected keys in table: rate, available keys: share",
        ),
        ("{ share = 0.05 }", "{ }", "43:16: missing field `share`"),
        ("{ cut = { share = 0.05 } }", "\"cut\"", "43:8: "),
        ("\"restart-push\"", "{ restart-push = { rate = 1 } }", "47:"),
        ("at = \"2m\"\n", "", "45:1: missing field `at`"),
        (
            "at = \"2m\"\n",
            "at = \"2m\"\nfor = \"1s\"\n",
            "47:1: unknown field `for`, expected one of `at`, `length`, `what`",
        ),
        (
            "by = \"250ms\"",
            "by = 250",
            "52:34: 250 of what: expected a length of time with its unit, as \"10s\"",
        ),
    ]);
}

#[test]
fn who_cannot_be() {
    are_refused(&[
        ("version = 1", "version = 2", "1:11: version: 2 is unknown: expected 1"),
        ("All of it", " ", "2:9: title: it is empty: expected what it is"),
        (
            "users = 50",
            "users = 1",
            "7:9: population, users: 1 cannot talk to each other: expected 2 to 1000000 users",
        ),
        ("users = 50", "users = 10000000", "7:9: population, users: 10000000 "),
        ("max = 4", "max = 50", "8:29: population, contacts, max: 50: expected 0 to 49"),
        (
            "min = 1, max = 4",
            "min = 5, max = 4",
            "8:20: population, contacts, min: 5 is above `max`, 4: expected 4 at most",
        ),
        ("skew = 1", "skew = -1", "8:39: population, contacts, skew: -1: expected 0 or more"),
        ("skew = 1", "skew = inf", "8:39: population, contacts, skew: inf: expected 0 or more"),
        (
            "second-devices = 0.1",
            "second-devices = 10",
            "9:18: population, second-devices: 10 is no share: expected 0 to 1",
        ),
        ("count = 3", "count = 0", "11:9: population, groups 1, count: 0 groups: expected at least 1"),
        (
            "count = 3",
            "one-per-users = 0",
            "11:17: population, groups 1, one-per-users: one for every 0 users",
        ),
        (
            "count = 3",
            "count = 3\none-per-users = 5",
            "12:17: population, groups 1, one-per-users: there is a `count` as well: expected one of the two",
        ),
        (
            "count = 3\n",
            "",
            "10:1: population, groups 1: how many is not said: expected `count` or `one-per-users`",
        ),
        ("size = 8", "size = 51", "12:8: population, groups 1, size: 51: expected 2 to 50"),
        ("size = 8", "size = 1", "12:8: population, groups 1, size: 1: expected 2 to 50"),
        ("min = 3", "min = 1", "15:16: population, groups 2, size, min: 1: expected 2 to 50"),
    ]);
}

#[test]
fn what_nobody_can_do() {
    are_refused(&[
        ("p2p-text = 10", "p2p-text = -1", "22:12: mix, p2p-text: the weight -1: expected 0 or more"),
        ("p2p-text = 10", "p2p-text = nan", "22:12: mix, p2p-text: the weight NaN: expected 0 or more"),
        ("p2p-text = 10\ngroup-text = 2.5\n", "", "21:1: mix: nobody does anything: expected at least one"),
        (
            "contacts = { min = 1, max = 4, skew = 1 }",
            "",
            "22:12: mix, p2p-text: nobody can do this: expected population.contacts above 0",
        ),
        ("text = 100", "text = 0", "27:8: payload, text: 0: expected at least 1"),
        ("text = 100", "file = { min = 9, max = 8 }", "27:16: payload, file, min: 9 is above `max`"),
    ]);
    let groups =
        &WORKLOAD[WORKLOAD.find("[[population.groups]]").unwrap()..WORKLOAD.find("[arrival").unwrap()];
    let without = |behaviour: &str, contacts: &str| {
        let text = WORKLOAD.replacen(groups, "", 1).replacen("p2p-text = 10\ngroup-text", behaviour, 1);
        said(&text.replacen("contacts = { min = 1, max = 4, skew = 1 }", contacts, 1))
    };
    for behaviour in ["group-text", "member-churn"] {
        let expected = format!("mix, {behaviour}: nobody can do this: expected [[population.groups]]");
        assert!(without(behaviour, "contacts = 3").ends_with(&expected), "{}", without(behaviour, ""));
    }
    for behaviour in ["file", "read", "history", "second-device"] {
        let expected = "nobody can do this: expected population.contacts above 0 or [[population.groups]]";
        assert!(without(behaviour, "").ends_with(expected), "{}", without(behaviour, ""));
    }
}

#[test]
fn when_it_cannot_be() {
    are_refused(&[
        ("rate = 2", "rate = 0", "18:8: arrival, open, rate: 0 a second: expected above 0, up to 100000"),
        ("rate = 2", "rate = 100001", "18:8: arrival, open, rate: 100001 a second"),
        ("rate = 2", "rate = nan", "18:8: arrival, open, rate: NaN a second"),
        ("name = \"hold\"", "name = \"\"", "37:8: phase 2, name: it is empty: expected a name"),
        ("\"90s\"", "\"0s\"", "38:10: phase 2, length: it takes no time: expected a length of time above 0"),
        (
            "\"90s\"",
            "\"8days\"",
            "29:1: phase: all phases together take 8days 1m 30s: expected 7days at most",
        ),
        ("to = 1 }", "to = -1 }", "32:25: phase 1, load, to: -1: expected 0 or more"),
        ("from = 0, to = 1 }", "from = inf, to = 1 }", "32:17: phase 1, load, from: inf: expected 0 or more"),
        (
            "{ from = 0.5, to = 1 }",
            "1.5",
            "33:10: phase 1, online: 1.5: expected a share of the users, 0 to 1",
        ),
        (
            "from = 0.5",
            "from = -0.5",
            "33:19: phase 1, online, from: -0.5: expected a share of the users, 0 to 1",
        ),
    ]);
    let phases = &WORKLOAD[WORKLOAD.find("[[phase]]").unwrap()..];
    let none = WORKLOAD.replacen(phases, "", 1).replacen("[population]", "phase = []\n[population]", 1);
    assert_eq!(said(&none), "w.toml:6:9: phase: there is none: expected at least one [[phase]]");
    let open = "[arrival.open]\nrate = 2\nprocess = \"constant\"";
    let closed = |think: &str| WORKLOAD.replacen(open, &format!("[arrival.closed]\nthink = {think}\n"), 1);
    let busy = closed("{ min = \"1s\", max = \"2s\" }").replacen("to = 1 }", "to = 2 }", 1);
    let expected = "w.toml:32:25: phase 1, load, to: 2: expected a share of the users, 0 to 1, since arrivals are closed";
    assert_eq!(said(&busy), expected);
    let expected = "w.toml:18:9: arrival, closed, think: from 3s to 2s: expected `min` to be `max` at most";
    assert_eq!(said(&closed("{ min = \"3s\", max = \"2s\" }")), expected);
}

#[test]
fn what_cannot_befall() {
    are_refused(&[
        ("at = \"10s\"", "at = \"3m\"", "41:6: fault 1, at: 3m is no more in the run: expected less than 3m"),
        (
            "length = \"5s\"",
            "length = \"3m\"",
            "42:10: fault 1, length: it lasts longer than the run, 3m: expected 2m 50s at most",
        ),
        (
            "share = 0.05",
            "share = 1.05",
            "43:26: fault 1, what, cut, share: 1.05 is no share: expected 0 to 1",
        ),
        (
            "at = \"2m\"",
            "at = \"2m\"\nlength = \"1s\"",
            "47:10: fault 2, length: restart-push happens at once: expected no `length`",
        ),
        (
            "length = \"1s\"\n",
            "",
            "49:1: fault 3, length: delay-requests lasts for a time: expected its `length`, as \"10s\"",
        ),
        (
            "by = \"250ms\"",
            "by = \"0s\"",
            "52:34: fault 3, what, delay-requests, by: no delay: expected a length of time above 0",
        ),
        (
            "{ cut = { share = 0.05 } }",
            "{ lose-answers = { rate = 2 } }",
            "43:34: fault 1, what, lose-answers, rate: 2 is no share",
        ),
    ]);
}

#[test]
fn what_is_no_threshold() {
    are_refused(&[
        (
            "lost == 0",
            "losst == 0",
            "4:42: `losst == 0` is no threshold: there is no metric `losst`. Did you mean `lost`? Expected one of login, connect, ",
        ),
        (
            "send_synced.p99 < 250ms",
            "send_synced < 250ms",
            "4:15: `send_synced < 250ms` is no threshold: which statistic of `send_synced`",
        ),
        ("thresholds = [", "thresholds = [7, ", "4:15: invalid type: integer `7`, expected a threshold, as"),
    ]);
}
