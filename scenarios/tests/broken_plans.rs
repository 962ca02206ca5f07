//! What `y2w sim` says of a plan that is none: on one line the file, the line, the field, and what was expected; exit
//! code 2.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::Path;
use std::process::Command;

const PLAN: &str = r##"version = 1
seed = 7
quirks = ["message-lost=0.5"]

[[user]]
name = "ann"
devices = ["web", "mobile"]
online = ["web"]

[[user]]
name = "bob"

[[step]]
id = 1
at = "1s"
by = "ann"
do = { create-group = { group = "team", members = ["bob"] } }

[[step]]
id = 2
at = "1500ms"
by = "bob"
do = { send-text = { to = "#team" } }

[[step]]
id = 3
at = "2s"
by = "bob"
do = { edit = { step = 2 } }

[[fault]]
id = 4
at = "1s"
for = "5s"
what = { lose-answers = { who = "bob", rate = 0.5 } }

[[fault]]
id = 5
at = "1s"
what = { forget-session = { session = "#team" } }
"##;

/// What the command says of a file, without the file's name.
fn refusal(directory: &Path, plan: &[u8]) -> String {
    let file = directory.join("plan.toml");
    std::fs::write(&file, plan).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_y2w")).arg("sim").arg(&file).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!((stderr.lines().count(), output.stdout.len()), (1, 0), "{stderr}");
    let name = format!("{}", file.display());
    assert!(stderr.contains(&name), "{stderr}");
    stderr.trim_end().replace(&name, "plan.toml")
}

/// Each mistake with the beginning of what is said of it.
fn are_refused(mistakes: &[(&str, &str, &str)]) {
    let directory = tempfile::tempdir().unwrap();
    for (from, to, expected) in mistakes {
        assert!(PLAN.contains(from), "{from}");
        let said = refusal(directory.path(), PLAN.replacen(from, to, 1).as_bytes());
        assert!(said.starts_with(&format!("y2w: plan.toml:{expected}")), "{said}\n  is not\n{expected}");
    }
}

#[test]
fn what_is_no_toml_or_has_other_fields() {
    are_refused(&[
        ("seed = 7", "seed =", "2:7: "),
        ("seed = 7", "sede = 7", "2:1: unknown field `sede`, expected one of `version`, `seed`"),
        ("seed = 7", "seed = \"x\"", "2:8: invalid type: string \"x\", expected u64"),
        ("seed = 7", "seed = -1", "2:8: invalid value: integer `-1`, expected u64"),
        ("seed = 7\n", "", "1:1: missing field `seed`"),
        ("name = \"bob\"", "", "10:1: missing field `name`"),
        (
            "by = \"bob\"",
            "who = \"bob\"",
            "22:1: unknown field `who`, expected one of `id`, `at`, `by`, `do`",
        ),
        ("send-text", "say", "23:8: unknown variant `say`, expected one of `send-text`"),
        ("{ to = \"#team\" }", "{ into = \"#team\" }", "23:22: "),
        ("lose-answers", "lose-all", "35:10: unknown variant `lose-all`, expected one of `slow`"),
    ]);
}

#[test]
fn what_is_no_time_and_nobody_and_no_place() {
    are_refused(&[
        ("\"1500ms\"", "\"soon\"", "21:6: `soon` is no length of time: expected one as 250ms"),
        ("\"1500ms\"", "1500", "21:6: invalid type: integer `1500`, expected a string"),
        ("by = \"bob\"", "by = \"bob/\"", "22:6: `bob/` is nobody: expected a user's name, or USER/DEVICE"),
        (
            "to = \"#team\"",
            "to = \"#\"",
            "23:27: `#` is no place: expected a user's name, #GROUP, or USER+USER",
        ),
        ("who = \"bob\"", "who = \"\"", "35:33: `` is nobody: expected *, a user's name, or USER/DEVICE"),
    ]);
}

#[test]
fn what_cannot_be_meant_of_the_whole() {
    are_refused(&[
        ("version = 1", "version = 2", "1:11: version: 2 is unknown: expected 1"),
        ("message-lost", "message-gone", "3:10: quirks: there is no quirk message-gone; near to it "),
        ("message-lost=0.5", "message-lost=5", "3:10: quirks: "),
    ]);
    let directory = tempfile::tempdir().unwrap();
    let with_neighbour = PLAN.replacen("seed = 7", "neighbour = true\nseed = 7", 1);
    for (from, to, expected) in [
        (
            "id = 3",
            "id = 1000003",
            "the other app's steps have such ids as 1000003: expected ids below 1000000",
        ),
        (
            "{ forget-session = { session = \"#team\" } }",
            "{ restart-server = { journal = true } }",
            "the other app's server restarts too: expected no fault restart-server",
        ),
    ] {
        let said = refusal(directory.path(), with_neighbour.replacen(from, to, 1).as_bytes());
        assert_eq!(said, format!("y2w: plan.toml:2:13: neighbour: {expected}"));
    }
    let said = refusal(directory.path(), b"version = 1\nseed = 7\n");
    assert_eq!(said, "y2w: plan.toml:1:1: user: there is nobody: expected at least one [[user]]");
}

#[test]
fn users_that_make_no_sense() {
    are_refused(&[
        ("name = \"bob\"", "name = \"b ob\"", "11:8: user 2, name: `b ob` is no name: expected letters"),
        ("name = \"bob\"", "name = \"ann\"", "11:8: user 2, name: there are two users `ann`"),
        ("[\"web\", \"mobile\"]", "[]", "7:11: user 1, devices: there is none: expected at least one"),
        ("\"mobile\"]", "\"phone\"]", "7:11: user 1, devices: `phone` is no device: expected web, mobile"),
        ("\"mobile\"]", "\"web\"]", "7:11: user 1, devices: `web` is there twice"),
        (
            "online = [\"web\"]",
            "online = [\"web2\"]",
            "8:10: user 1, online: ann has no device `web2`: expected one of web, mobile",
        ),
    ]);
}

#[test]
fn steps_that_make_no_sense() {
    are_refused(&[
        ("id = 3", "id = 2", "26:6: step 3, id: 2 is there twice"),
        ("group = \"team\"", "group = \"the team\"", "17:6: step 1, do: `the team` is no name"),
        ("[\"bob\"] } }", "[\"ann\"] } }", "17:6: step 1, do: ann is a member by creating the group"),
        (
            "[\"bob\"] } }",
            "[\"carl\"] } }",
            "17:6: step 1, do: there is no user `carl`: expected one of ann, bob",
        ),
        (
            "by = \"bob\"",
            "by = \"carl\"",
            "22:6: step 2, by: there is no user `carl`: expected one of ann, bob",
        ),
        (
            "by = \"bob\"",
            "by = \"bob/web2\"",
            "22:6: step 2, by: bob has no device `web2`: expected one of web",
        ),
        (
            "to = \"#team\"",
            "to = \"#teem\"",
            "23:6: step 2, do: no step creates the group `teem`: expected one of team",
        ),
        ("to = \"#team\"", "to = \"bob\"", "23:6: step 2, do: bob cannot talk to themselves"),
        (
            "send-text = { to = \"#team\" }",
            "create-group = { group = \"team\", members = [] }",
            "23:6: step 2, do: the group `team` is created twice",
        ),
        (
            "step = 2",
            "step = 9",
            "29:6: step 3, do: there is no step 9: expected one that sends a text of bob",
        ),
        ("step = 2", "step = 1", "29:6: step 3, do: step 1 sends no text of bob: expected one that does"),
    ]);
}

#[test]
fn faults_that_make_no_sense() {
    are_refused(&[
        ("id = 4", "id = 1", "32:6: fault 1, id: 1 is there twice"),
        ("for = \"5s\"\n", "", "31:1: fault 1, for: there is none: this fault lasts"),
        (
            "id = 5\nat = \"1s\"",
            "id = 5\nat = \"1s\"\nfor = \"1s\"",
            "40:7: fault 2, for: this fault happens once",
        ),
        ("rate = 0.5", "rate = 1.5", "35:8: fault 1, what: 1.5 is no rate: expected one from 0 to 1"),
        (
            "who = \"bob\"",
            "who = \"carl\"",
            "35:8: fault 1, what: there is no user `carl`: expected one of ann, bob",
        ),
        (
            "who = \"bob\"",
            "who = \"bob/web7\"",
            "35:8: fault 1, what: bob has no device `web7`: expected one of web",
        ),
        (
            "session = \"#team\"",
            "session = \"#teem\"",
            "40:8: fault 2, what: no step creates the group `teem`",
        ),
        (
            "session = \"#team\"",
            "session = \"bob\"",
            "40:8: fault 2, what: `bob` is one user only: expected #GROUP",
        ),
    ]);
}

#[test]
fn what_is_no_text_and_what_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let said = refusal(directory.path(), b"version = 1\nseed = \xff");
    assert!(said.starts_with("y2w: plan.toml:2:8: "), "{said}");
    let output = Command::new(env!("CARGO_BIN_EXE_y2w")).args(["sim", "/nowhere.toml"]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.contains("/nowhere.toml"), "{stderr}");
}
