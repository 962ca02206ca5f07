//! Load runs as a CI job meets them: every behaviour at once, shards and their merging, sets that are compared, a generator
//! that cannot keep up, Ctrl-C.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

#[cfg(unix)]
use rustix::process::Signal;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_reports::RunResult;
use y2w_reports::model::{LatencyClock, Outcome};

const CHAT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/workloads/chat.toml");
const EVERYTHING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/workloads/everything.toml");

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_y2w"));
    // In tests a machine may be as slow as it likes.
    command.args(args).args(["--max-lag", "60s"]).env_remove("RUST_LOG");
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn y2w(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_y2w")).args(args).env_remove("RUST_LOG").output().unwrap()
}

/// The one run in a folder.
fn run_in(out: &Path) -> (PathBuf, RunResult) {
    let folders: Vec<PathBuf> = out.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    (folders[0].clone(), RunResult::read(&folders[0]).unwrap())
}

#[test]
fn users_who_do_everything_at_once_lose_nothing() {
    let out = tempfile::tempdir().unwrap();
    let output =
        command(&["run", "-w", EVERYTHING, "--seed", "5", "--out", out.path().to_str().unwrap()]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (_, result) = run_in(out.path());
    for check in &result.checks {
        assert!(check.examined > 0, "{} was not exercised", check.id);
    }
    for id in ["send_synced", "send_push", "send_stored", "send_ack", "login", "connect"] {
        for clock in [LatencyClock::Intended, LatencyClock::Service] {
            let latency = result.latencies.iter().find(|l| l.id == id && l.clock == clock).unwrap();
            assert!(latency.quantiles.count > 0, "{id} was not measured");
        }
    }
    for route in [
        "POST /v1/sessions/{session}/messages",
        "GET /v1/sessions/{session}/messages/history",
        "POST /v1/attachments",
    ] {
        assert!(
            result.routes.iter().any(|r| r.route == route && r.requests > 0 && r.bytes_received > 0),
            "{route}"
        );
    }
}

/// Starts all shards of a run against a server; each with the number of shards that there are said to be.
fn shards(server: &MockServer, out: &Path, run_id: &str, count: usize) -> Vec<Child> {
    let start = |index: usize| {
        let share = format!("{index}/{count}");
        let (target, out) = (server.http_url(), out.to_str().unwrap().to_owned());
        // By this seed a group's master and the member who comes and goes are in the same shard.
        let args = [
            "run", "-w", EVERYTHING, "--seed", "13", "--target", &target, "--run-id", run_id, "--shard",
            &share, "--out", &out,
        ];
        command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    (0..count).map(start).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_shards_run_as_one_and_merge_exactly() {
    let server = MockServer::builder().seed(1).password_cost(PasswordCost::Fast).start().await.unwrap();
    let out = tempfile::tempdir().unwrap();
    let running = shards(&server, out.path(), "four", 4);
    // The server goes on beside this thread.
    let ended: Vec<Output> = tokio::task::block_in_place(|| {
        running.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
    });
    for output in ended {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    }
    server.shutdown().await;
    let folders: Vec<String> = (0..4)
        .map(|i| out.path().join(format!("four-shard-{i}-of-4")).to_str().unwrap().to_owned())
        .collect();
    let parts: Vec<RunResult> = folders.iter().map(|f| RunResult::read(Path::new(f)).unwrap()).collect();

    let merged_out = tempfile::tempdir().unwrap();
    let into = merged_out.path().to_str().unwrap();
    let args: Vec<&str> =
        ["merge"].into_iter().chain(folders.iter().map(String::as_str)).chain(["--out", into]).collect();
    let output = y2w(&args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (_, merged) = run_in(merged_out.path());
    let sum = |of: fn(&RunResult) -> u64| parts.iter().map(of).sum::<u64>();
    assert_eq!(merged.totals.stored, sum(|r| r.totals.stored));
    assert_eq!(merged.totals.delivered, sum(|r| r.totals.delivered));
    let synced = |r: &RunResult| r.latencies.iter().find(|l| l.id == "send_synced").unwrap().quantiles;
    assert_eq!(synced(&merged).count, parts.iter().map(|r| synced(r).count).sum::<u64>());
    assert_eq!(synced(&merged).max, parts.iter().map(|r| synced(r).max).max().unwrap());
    let examined = |r: &RunResult, id: &str| r.checks.iter().find(|c| c.id == id).unwrap().examined;
    assert!(examined(&merged, "MSG-MEMBERS-ONLY") > 0, "nobody who comes and goes was followed");
    let lost = |r: &RunResult| examined(r, "SYNC-LOSSLESS");
    assert!(lost(&merged) > parts.iter().map(lost).sum::<u64>(), "nothing was compared across the shards");

    // What does not belong together, or is not all, is refused.
    let output = y2w(&[
        &["merge"][..],
        &folders[..3].iter().map(String::as_str).collect::<Vec<_>>(),
        &["--out", into],
    ]
    .concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("shard 3 of 4 is missing"), "{}", text(&output));
    forge_a_loss(Path::new(&folders[1]));
    let output = y2w(&args);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("acknowledged but"), "{}", text(&output));
}

/// Has a shard have seen less of a sender elsewhere than was acknowledged there.
fn forge_a_loss(folder: &Path) {
    let file = folder.join("deliveries.json");
    let mut deliveries: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let sessions = deliveries["sessions"].as_array_mut().unwrap().iter_mut();
    let remote = sessions
        .flat_map(|session| session["senders"].as_array_mut().unwrap())
        .find(|sender| sender["stored"].is_null() && sender["seen"].as_u64() > Some(0));
    remote.expect("a sender elsewhere")["seen"] = 0.into();
    std::fs::write(&file, deliveries.to_string()).unwrap();
}

#[test]
fn a_shard_whose_others_do_not_come_says_which_one_is_missing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(MockServer::builder().password_cost(PasswordCost::Fast).start()).unwrap();
    let target = server.http_url();
    let args =
        ["run", "-w", CHAT, "--target", &target, "--run-id", "alone", "--shard", "0/2", "--patience", "1s"];
    let output = command(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("shard 1 of 2 is not there"), "{}", text(&output));
}

#[test]
fn repeated_runs_are_a_set_that_compares_with_itself() {
    let out = tempfile::tempdir().unwrap();
    let set = out.path().to_str().unwrap();
    let output =
        command(&["run", "-w", CHAT, "--duration", "500ms", "--repeat", "3", "--out", set]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(out.path().read_dir().unwrap().count(), 3);
    let report = out.path().join("report");
    let output = y2w(&["compare", set, set, "--out", report.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("send_synced"), "{}", text(&output));
    assert!(report.join("compare.html").exists());
}

#[test]
fn a_generator_that_cannot_keep_its_schedule_makes_an_invalid_run() {
    let out = tempfile::tempdir().unwrap();
    let args = ["run", "-w", CHAT, "--max-lag", "1ns", "--out", out.path().to_str().unwrap()];
    let output = y2w(&args);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("INVALID: "), "{}", text(&output));
    let (_, result) = run_in(out.path());
    assert_eq!(result.verdict.outcome, Outcome::Invalid);
    assert!(!result.health.problems.is_empty());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_with_a_report_of_what_was() {
    ends_with_a_report(Signal::INT);
}

/// As schedulers end what runs too long.
#[cfg(unix)]
#[test]
fn sigterm_ends_a_run_with_a_report_of_what_was() {
    ends_with_a_report(Signal::TERM);
}

#[cfg(unix)]
fn ends_with_a_report(signal: Signal) {
    let out = tempfile::tempdir().unwrap();
    let args = ["run", "-w", CHAT, "--duration", "10m", "--out", out.path().to_str().unwrap()];
    let mut child = command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // The first line of figures: users are acting.
    lines.find(|line| line.contains("messages/s")).unwrap();
    send(&child, signal);
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(4));
    let (_, result) = run_in(out.path());
    assert_eq!(result.verdict.outcome, Outcome::Interrupted, "{:?}", result.verdict);
    assert!(result.duration_s < 600.0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_set_up_too() {
    // The system accepts the connection, and nobody ever answers: the set-up waits.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", silent.local_addr().unwrap());
    let args = ["run", "-w", CHAT, "--target", &target, "--deadline", "10m"];
    let mut child = command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.contains("connecting users")).unwrap();
    send(&child, Signal::INT);
    let said: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{said:?}");
    assert!(said.iter().any(|line| line.contains("nothing was measured")), "{said:?}");
}

#[cfg(unix)]
fn send(child: &Child, signal: Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}

#[test]
fn a_search_whose_trials_are_too_short_for_anything_to_be_due_says_so() {
    let out = tempfile::tempdir().unwrap();
    let args = ["capacity", "-w", CHAT, "--from", "0.01", "--trial", "300ms", "--seed", "7"];
    let output = command(&[&args[..], &["--out", out.path().to_str().unwrap()]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("nothing was due within"), "{}", text(&output));
}

#[test]
fn the_search_for_the_limit_ends_with_an_answer() {
    let out = tempfile::tempdir().unwrap();
    let search = |threshold: &str, to: &str| {
        let args = [
            "capacity",
            "-w",
            CHAT,
            "--from",
            "10",
            "--to",
            to,
            "--trial",
            "300ms",
            "--trials",
            "1",
            // So few are due that by chance none may be.
            "--seed",
            "7",
            "--threshold",
            threshold,
        ];
        command(&[&args[..], &["--json", "--out", out.path().to_str().unwrap()]].concat()).output().unwrap()
    };
    let output = search("lost == 0", "20");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&found["holds"], &found["fails"], &found["complete"]),
        (&20.0.into(), &serde_json::Value::Null, &true.into())
    );
    let output = search("stored_per_s > 1000000", "20");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["holds"], &found["fails"]), (&serde_json::Value::Null, &10.0.into()));
}

/// What is shipped for schedulers uses flags that there are.
#[test]
fn the_scripts_for_schedulers_use_flags_that_exist() {
    let help =
        ["run", "merge", "capacity", "compare", "serve"].map(|command| text(&y2w(&[command, "--help"])));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for file in ["shards/kubernetes.yaml", "shards/slurm.sh", "load.md"] {
        let script = std::fs::read_to_string(docs.join(file)).unwrap();
        let flags: Vec<&str> = script
            .split(|c: char| c.is_whitespace() || "\"`',[]|".contains(c))
            .map(|word| word.split_once('=').map_or(word, |(flag, _)| flag))
            .filter(|word| word.strip_prefix("--").is_some_and(|flag| flag.starts_with(char::is_alphabetic)))
            .collect();
        assert!(flags.contains(&"--shard"), "{file}: {flags:?}");
        for flag in flags.iter().filter(|flag| !OTHERS.contains(flag)) {
            assert!(help.iter().any(|help| help.contains(flag)), "{file}: {flag}");
        }
    }
}

/// Flags of other programs.
const OTHERS: [&str; 5] = ["--jobs", "--array", "--ntasks", "--job-name", "--time"];
