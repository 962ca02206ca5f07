//! The command as scripts meet it: exit codes, one line for what went wrong, the files it leaves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn y2w(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_y2w")).args(args).env_remove("RUST_LOG").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The last line of standard error; it must name what was wrong.
fn refusal(output: &Output, code: i32) -> String {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr.lines().last().unwrap_or_default().to_owned()
}

/// Texts in pairs and a group; no condition on how fast anything is, since machines are noisy.
const CHAT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/workloads/chat.toml");

fn files(out: &Path) -> Vec<String> {
    let run = std::fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
    let mut names: Vec<String> =
        run.read_dir().unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const KICK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/kick-by-a-second-device.toml");

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    for args in [&["sim", KICK, "--story"][..], &["completions", "bash"], &["workloads", "--json"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_y2w")).args(args).stdout(full).output().unwrap();
        assert!(refusal(&output, 3).contains("cannot write to standard output"), "{args:?}");
    }
}

#[test]
fn a_small_run_passes_and_leaves_its_files() {
    let out = tempfile::tempdir().unwrap();
    let args = [
        "run",
        "--workload",
        CHAT,
        "--users",
        "6",
        "--duration",
        "1s",
        "--rate",
        "5",
        "--seed",
        "3",
        "--out",
    ];
    let output = y2w(&[&args[..], &[out.path().to_str().unwrap()]].concat());
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout} {}", text(&output.stderr));
    assert!(stdout.contains("PASSED: "), "{stdout}");
    assert!(stdout.contains("--seed 3"), "{stdout}");
    for latency in ["send→stored", "send→push", "send→ack", "send→synced", "connect", "p99.9", "service"]
    {
        assert!(stdout.contains(latency), "{latency}: {stdout}");
    }
    assert_eq!(files(out.path()), ["latency.hlog", "report.html", "result.json", "routes.hlog"]);
}

#[test]
fn json_on_standard_output_is_the_result_and_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    let args = ["-w", CHAT, "--users", "4", "--duration", "1s", "--rate", "5", "--json", "--out"];
    let output = y2w(&[&args[..], &[out.path().to_str().unwrap()]].concat());
    let result: y2w_reports::RunResult = serde_json::from_slice(&output.stdout).unwrap();
    assert!(result.verdict.passed(), "{result:?}");
}

#[test]
fn a_run_in_which_nothing_is_done_shows_nothing_and_does_not_pass() {
    let out = tempfile::tempdir().unwrap();
    let args = ["-w", CHAT, "--users", "2", "--duration", "1s", "--rate", "0.0001", "--seed", "1", "--out"];
    let output = y2w(&[&args[..], &[out.path().to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("FAILED: nothing was done"), "{}", text(&output.stdout));
}

#[test]
fn wrong_usage_is_one_line_and_exit_code_2() {
    for (args, culprit) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["run", "--users", "x"], "x"),
        (&["run", "--users", "1"], "1 cannot talk"),
        (&["run", "--rate", "0"], "above 0"),
        (&["run", "--workload", "quik"], "did you mean `quick`?"),
        (&["run", "--shard", "1/2"], "--target"),
        (&["capacity", "--rate", "3"], "--rate is what is looked for"),
        (&["capacity", "--threshold", "send_synced < 5"], "send_synced"),
        (&["merge", "nowhere"], "nowhere"),
        (&["compare", "nowhere", "nowhere"], "nowhere"),
        (&["run", "--target", "nowhere"], "--target: `nowhere` is no address"),
        (&["serve", "--http", "8080"], "8080"),
        (&["fuzz", "--cases", "0"], "--cases"),
        (&["fuzz", "--profile", "wild"], "wild"),
        (&["fuzz", "--quirk", "nonsense"], "nonsense"),
    ] {
        let output = y2w(args);
        let line = refusal(&output, 2);
        assert!(line.contains(culprit), "{line}");
        assert_eq!(text(&output.stderr).lines().count(), 1, "{}", text(&output.stderr));
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_exit_code_3_and_says_where() {
    // Bound and dropped: nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let line = refusal(&y2w(&["run", "--target", &format!("http://{nobody}")]), 3);
    assert!(line.contains(&nobody.to_string()) && line.contains("refused"), "{line}");
}

#[test]
fn a_server_that_says_nothing_is_exit_code_3_within_the_deadline() {
    // The system accepts the connection, and nobody ever reads from it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", silent.local_addr().unwrap());
    let line = refusal(&y2w(&["run", "--target", &target, "--deadline", "500ms"]), 3);
    assert!(line.contains("no answer within 0.5 s"), "{line}");
}

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/edit-shows-in-own-conversation.toml");

#[test]
fn a_plan_is_replayed_in_each_world_and_its_exit_code_says_how_it_went() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = format!("http://{target}");
    for (args, code, said) in [
        (&["--world", "sim"][..], 0, "all rules held"),
        (&["--world", "embedded"], 0, "all rules held"),
        (&["--world", "sim", "--quirk", "message-lost"], 1, "BROKEN  SYNC-LOSSLESS"),
        (&["--world", "embedded", "--quirk", "message-lost"], 1, "BROKEN  SYNC-LOSSLESS"),
        (&["--world", "remote", "--target", &target], 3, "the accounts have it in their names"),
    ] {
        let output = y2w(&[&["replay", PLAN], args].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains(said), "{args:?}: {}", text(&output.stdout));
    }
}

#[test]
fn a_replay_that_makes_no_sense_is_wrong_usage() {
    let missing = refusal(&y2w(&["replay", "no-such-plan.toml", "--world", "sim"]), 2);
    assert!(missing.contains("no-such-plan.toml"), "{missing}");
    for (args, culprit) in [
        (&["--world", "remote"][..], "--target"),
        (&["--world", "moon"], "moon"),
        (&["--world", "sim", "--target", "http://h"], "--target http://h is for --world remote"),
        (&["--world", "remote", "--target", "nowhere"], "--target: `nowhere` is no address"),
        (&["--world", "remote", "--target", "http://h", "--control", "x"], "--control: `x` is no address"),
        (&["--world", "sim", "--quirk", "no-such"], "no-such"),
    ] {
        let line = refusal(&y2w(&[&["replay", PLAN], args].concat()), 2);
        assert!(line.contains(culprit), "{line}");
    }
}

#[test]
fn a_port_in_use_is_exit_code_3_and_says_which() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for args in [
        ["serve", "--push", "127.0.0.1:0", "--http", &addr],
        ["serve", "--http", "127.0.0.1:0", "--push", &addr],
    ] {
        let line = refusal(&y2w(&args), 3);
        assert!(line.contains(&addr), "{line}");
    }
}

#[test]
fn a_finding_is_told_first_and_the_files_and_the_command_that_plays_it_again_last() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("found.toml");
    let file = file.to_str().unwrap();
    let output = y2w(&["fuzz", "--cases", "50", "--quirk", "message-lost", "--out", file]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout} {}", text(&output.stderr));
    let prose = stdout.find("BROKEN  SYNC-LOSSLESS: the message of step ").unwrap();
    let plan = stdout.find("\n# SYNC-LOSSLESS: ").unwrap();
    assert!(prose < plan && stdout.contains("quirks = [\"message-lost\"]"), "{stdout}");
    let svg = file.replace(".toml", ".svg");
    let last: Vec<&str> = stdout.lines().rev().take(3).collect();
    let again = format!("again:   y2w sim {file} --story");
    assert_eq!(last, [again, format!("diagram: {svg}"), format!("plan:    {file}")]);
    assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));

    let trace = |text: &str| text.lines().find_map(|line| Some(line.split_once(", trace ")?.1.to_owned()));
    let diagram = out.path().join("again.svg");
    let output = y2w(&["sim", file, "--diagram", diagram.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(trace(&text(&output.stdout)), trace(&stdout));
    assert_eq!(std::fs::read(diagram).unwrap(), std::fs::read(svg).unwrap());
}

#[test]
fn files_that_cannot_be_written_are_exit_code_3() {
    let args = ["fuzz", "--cases", "50", "--quirk", "message-lost", "--out", "/nowhere/found.toml"];
    assert!(refusal(&y2w(&args), 3).contains("/nowhere/found.toml"));
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/edit-shows-in-own-conversation.toml");
    assert!(refusal(&y2w(&["sim", plan, "--diagram", "/nowhere/a.svg"]), 3).contains("/nowhere/a.svg"));
}

/// Ctrl-C, as a terminal sends it.
#[cfg(unix)]
#[test]
fn a_campaign_that_is_interrupted_says_what_it_reached() {
    let child = Command::new(env!("CARGO_BIN_EXE_y2w"))
        .args(["fuzz", "--time", "10m", "--profile", "calm"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    // It listens from here on.
    assert_eq!(said.next().unwrap().unwrap(), "fuzzing with seed 1, profile calm");
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:?}");
    assert!(rest[0].starts_with("stopped: ") && rest[0].ends_with("all rules held"), "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("never reached: ")), "{rest:?}");
}

#[test]
fn two_processes_tell_the_same_story() {
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/logout-while-a-sync-waits.toml");
    let output = y2w(&["sim", plan, "--seed", "5", "--verify-determinism", "3"]);
    assert_eq!(output.status.code(), Some(0), "{} {}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout), "seed 5 to seed 7, each in two processes: the same story each time\n");
    let output = y2w(&["fuzz", "--seed", "9", "--quirk", "push-lost=0.5", "--verify-determinism", "4"]);
    assert_eq!(text(&output.stdout), "case 0 to case 3, each in two processes: the same story each time\n");
    refusal(&y2w(&["fuzz", "--verify-determinism", "0"]), 2);
}

#[test]
fn help_teaches_and_names_the_exit_codes() {
    let help = text(&y2w(&["run", "--help"]).stdout);
    for expected in ["--users", "--workload", "reconnect-storm", "--target", "Exit codes:"] {
        assert!(help.contains(expected), "{expected}: {help}");
    }
    let help = text(&y2w(&["fuzz", "--help"]).stdout);
    for expected in ["- all:", "- sync:", "- members:", "- push:", "- calm:", "--verify-determinism"] {
        assert!(help.contains(expected), "{expected}: {help}");
    }
    let script = text(&y2w(&["completions", "bash"]).stdout);
    assert!(script.contains("_y2w"), "{script}");
}

#[test]
fn the_workloads_are_listed_and_printed() {
    let listed = y2w(&["workloads"]);
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let json = y2w(&["workloads", "--json"]);
    let json: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).unwrap();
    for one in y2w_scenarios::load::workload::shipped() {
        let line = text(&listed.stdout)
            .lines()
            .find(|line| line.trim_start().starts_with(one.name))
            .map(str::to_owned);
        assert!(line.is_some_and(|line| line.ends_with(one.summary())), "{}", text(&listed.stdout));
        assert!(json.iter().any(|listed| listed["name"] == one.name && listed["summary"] == one.summary()));
        assert_eq!(text(&y2w(&["workloads", one.name]).stdout), one.text);
    }
    assert_eq!(
        (&json[0]["users"], &json[0]["length_s"], &json[0]["arrival"]),
        (&200.into(), &10.0.into(), &"1/s each".into())
    );
    let schema: serde_json::Value = serde_json::from_slice(&y2w(&["workloads", "--schema"]).stdout).unwrap();
    assert_eq!(schema["title"], "y2w workload");
    let line = refusal(&y2w(&["workloads", "qiuck"]), 2);
    assert!(
        line.contains(
            "there is no workload `qiuck`. Did you mean `quick`? Expected one of quick, p2p-steady"
        ),
        "{line}"
    );
    refusal(&y2w(&["workloads", "--schema", "quick"]), 2);
}

#[test]
fn who_reads_no_further_than_the_first_line_breaks_nothing() {
    let story = &["sim", KICK, "--story"][..];
    for args in [&["workloads"][..], &["workloads", "--schema"], &["completions", "bash"], story] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output =
            Command::new(env!("CARGO_BIN_EXE_y2w")).args(args).stdout(writer).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{args:?}");
    }
}
