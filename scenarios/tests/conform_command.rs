//! `y2w conform` as a CI job meets it: targets by file, exit codes, baselines, reports, recordings.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use tempfile::TempDir;
use y2w_reports::conformance::{Conformance, Outcome, Standing};
use y2w_scenarios::plan::Plan;
use y2w_scenarios::world::{Embedded, World};
use y2w_sdk::protocol::credential::password_md5;

/// A case that fails against a server that registers an email twice.
const TWICE: &str = "accounts.an-email-is-registered-once";

/// Runs the command in a folder of its own.
fn conform(dir: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_y2w"));
    command.arg("conform").args(args).args(["--out", "out"]).current_dir(dir).env_remove("RUST_LOG");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn code(output: &Output) -> i32 {
    let stderr = text(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output.status.code().unwrap()
}

/// The folder of the newest run.
fn newest(dir: &TempDir) -> PathBuf {
    let runs = std::fs::read_dir(dir.path().join("out")).unwrap();
    runs.map(|run| run.unwrap().path()).max().unwrap()
}

fn result(folder: &Path) -> Conformance {
    let text = std::fs::read_to_string(folder.join("conformance.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn write(dir: &TempDir, name: &str, text: &str) {
    std::fs::write(dir.path().join(name), text).unwrap();
}

/// A server for the test, and its target's file.
struct Server {
    world: Embedded,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start(quirks: &[&str]) -> Self {
        let quirks: Vec<String> = quirks.iter().map(|quirk| (*quirk).to_owned()).collect();
        let plan = Plan::of_server(&quirks).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let world = runtime.block_on(Embedded::start(&plan)).unwrap();
        Self { world, runtime }
    }

    fn file(&self, more: &str) -> String {
        format!("version = 1\nbase_url = \"{}\"\n{more}\n", self.world.base_url())
    }

    fn register(&self, account: &str, password: &str) {
        let body = format!("email={account}&password={}&name=Tester", password_md5(password));
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/v1/users/register", self.world.base_url()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .unwrap();
        let answer = self.runtime.block_on(self.world.http().send(request)).unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[test]
fn somebodys_server_is_tested_by_its_file() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start(&[]));
    write(&dir, "target.toml", &server.file("[app]\nsecret = \"secret\""));
    let output = conform(&dir, &["--target", "target.toml"]);
    assert_eq!(code(&output), 0, "{}{}", text(&output.stdout), text(&output.stderr));
    let told = result(&newest(&dir));
    assert_eq!(told.environment.target, server.world.base_url());
    assert!(told.verdict.passed && told.cases.iter().any(|case| case.outcome == Outcome::Pass), "{told:?}");
    // Twice on the same server, whose accounts of the first run are still there.
    let output = conform(&dir, &["--target", "target.toml", "--case", TWICE, "--repeat", "3"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    let told = result(&newest(&dir));
    assert_eq!(told.cases[0].runs, Some([(Outcome::Pass, 3)].into()));
}

#[test]
fn where_nobody_can_register_accounts_come_from_a_list_and_are_judged_again_without_their_passwords() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start(&["unread-counts-sender"]));
    for i in 1..=3 {
        server.register(&format!("t{i}"), "pass word");
    }
    let accounts = "[accounts]\npattern = \"t{i}\"\nto = 3\npassword = \"pass word\"";
    write(&dir, "target.toml", &server.file(accounts));
    let case = "unread.what-one-says-oneself-is-not";
    let output = conform(&dir, &["--target", "target.toml", "--case", case]);
    assert_eq!(code(&output), 1, "{}{}", text(&output.stdout), text(&output.stderr));
    let recording = newest(&dir).join(format!("recording-{case}.json"));
    let kept = std::fs::read_to_string(&recording).unwrap();
    assert!(!kept.contains("pass word") && !kept.contains(&password_md5("pass word")), "{kept}");
    // Judged again, it fails as it did; the server has no part in it.
    drop(server);
    let output = conform(&dir, &["--rejudge", recording.to_str().unwrap()]);
    assert_eq!(code(&output), 1, "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("CONV-UNREAD"), "{}", text(&output.stdout));
}

#[test]
fn an_account_of_the_list_that_was_used_before_says_nothing_about_the_server() {
    let (dir, server) = (TempDir::new().unwrap(), Server::start(&[]));
    for i in 1..=3 {
        server.register(&format!("t{i}"), "p");
    }
    let list = ["t1", "t2", "t3"].map(|name| format!("{{ account = \"{name}\", password = \"p\" }}"));
    let accounts = format!("[accounts]\nlist = [{}]", list.join(", "));
    write(&dir, "target.toml", &server.file(&accounts));
    let case = "unread.what-one-says-oneself-is-not";
    let args = ["--target", "target.toml", "--case", case];
    let first = conform(&dir, &args);
    assert_eq!(code(&first), 0, "{}{}", text(&first.stdout), text(&first.stderr));
    let second = conform(&dir, &args);
    assert_eq!(code(&second), 3, "{}", text(&second.stdout));
    assert!(
        text(&second.stdout).contains("t1 of the target's list was used before"),
        "{}",
        text(&second.stdout)
    );
}

#[test]
fn known_failures_pass_until_they_are_mended_or_their_day_is_over() {
    let dir = TempDir::new().unwrap();
    let broken = ["--world", "sim", "--case", TWICE, "--quirk", "email-twice"];
    let first = conform(&dir, &[&broken[..], &["--write-baseline", "known.toml"]].concat());
    assert_eq!(code(&first), 1, "{}", text(&first.stdout));
    let with = |args: &[&str]| conform(&dir, &[args, &["--baseline", "known.toml"]].concat());
    let unfinished = with(&broken);
    assert_eq!(code(&unfinished), 2);
    let expected = "y2w: known.toml:7:10: expected the reason why this is known\n";
    assert_eq!(text(&unfinished.stderr), expected);
    let written = std::fs::read_to_string(dir.path().join("known.toml")).unwrap();
    let reasoned = written.replace("reason = \"\"", "reason = \"mended in release 3\"");
    write(&dir, "known.toml", &reasoned);
    let known = with(&broken);
    assert_eq!(code(&known), 0, "{}", text(&known.stdout));
    assert_eq!(result(&newest(&dir)).cases[0].standing, Standing::Known);
    let mended = with(&["--world", "sim", "--case", TWICE]);
    assert_eq!(code(&mended), 1, "{}", text(&mended.stdout));
    assert!(text(&mended.stdout).contains("passes, though the baseline"), "{}", text(&mended.stdout));
    let line = reasoned.lines().find(|line| line.starts_with("expires")).unwrap().to_owned();
    write(&dir, "known.toml", &reasoned.replace(&line, "expires = 2016-11-24"));
    assert_eq!(code(&with(&broken)), 1);
    assert_eq!(result(&newest(&dir)).cases[0].standing, Standing::Expired);
}

#[test]
fn what_was_recorded_is_judged_again_and_the_reports_say_how() {
    let dir = TempDir::new().unwrap();
    let output = conform(&dir, &["--world", "sim", "--case", TWICE, "--quirk", "email-twice"]);
    assert_eq!(code(&output), 1);
    let folder = newest(&dir);
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let many = "recording-accounts.an-email-is-registered-once-of-many-at-once.json";
    let one = "recording-accounts.an-email-is-registered-once.json";
    let reports = ["badge.svg", "conformance.html", "conformance.json", "junit.xml"];
    assert_eq!(names, [&reports[..], &[many, one, "summary.md"]].concat());
    let told = result(&folder);
    assert_eq!(told.cases[0].command, format!("y2w conform --case {TWICE} --world sim --quirk email-twice"));
    assert_eq!(told.cases[0].recording.as_deref(), Some(one));
    let again = conform(&dir, &["--rejudge", folder.join(one).to_str().unwrap()]);
    assert_eq!(code(&again), 1);
    assert!(text(&again.stdout).contains("AUTH-REGISTER-UNIQUE (MUST)"), "{}", text(&again.stdout));
    write(&dir, "broken.json", "{}");
    let broken = conform(&dir, &["--rejudge", "broken.json"]);
    assert_eq!(code(&broken), 2);
    assert!(text(&broken.stderr).starts_with("y2w: broken.json: no recording: missing field `format`"));
}

#[test]
fn what_cannot_be_run_says_why_with_the_right_code() {
    let dir = TempDir::new().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    write(&dir, "nobody.toml", &format!("version = 1\nbase_url = \"http://{nobody}\"\n"));
    write(&dir, "broken.toml", "version = 1\nbase_url = 7\n");
    for (args, expected, says) in [
        (&["--case", "tea"][..], 2, "there is no case that begins with tea"),
        (&["--target", "broken.toml"], 2, "broken.toml:2:12: invalid type: integer `7`, expected a string"),
        (&["--target", "nowhere.toml"], 2, "cannot read nowhere.toml"),
        (&["--target", "nobody.toml"], 3, "cannot be reached"),
        (&["--quirk", "tea"], 2, "there is no quirk tea"),
        (&["--mutants", "--quirk", "tea"], 2, "there is no quirk tea"),
        (&["--repeat", "0"], 2, "0"),
        (&["--baseline", "nowhere.toml"], 2, "cannot read nowhere.toml"),
    ] {
        let output = conform(&dir, args);
        assert_eq!(code(&output), expected, "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(says), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn json_on_standard_output_is_the_result_once_and_whole() {
    let dir = TempDir::new().unwrap();
    let output = conform(&dir, &["--world", "sim", "--case", "conventions", "--json"]);
    let told: Conformance = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told.verdict.passed, "{told:?}");
    assert!(told.rules.iter().any(|rule| rule.id == "API-PREFIX"));
}
