//! What a run shows while it runs, to scripts and to Prometheus.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

fn y2w(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_y2w"));
    command.args(args).env_remove("RUST_LOG");
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asks once, on a connection of its own.
fn get(addr: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn prometheus_reads_the_figures_as_long_as_the_run_takes() {
    let out = tempfile::tempdir().unwrap();
    let args =
        ["run", "--users", "6", "--duration", "3s", "--rate", "20", "--metrics", "127.0.0.1:0", "--out"];
    let args = [&args[..], &[out.path().to_str().unwrap()]].concat();
    let mut child = y2w(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = said.next().unwrap();
    let addr = first.strip_prefix("metrics at http://").and_then(|rest| rest.strip_suffix("/metrics"));
    let addr = addr.unwrap_or_else(|| panic!("{first}")).to_owned();
    // A point is in the metrics before it is told in a line.
    assert!(said.any(|line| line.contains("messages/s")));
    let answer = get(&addr, "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain; version=0.0.4"), "{answer}");
    for expected in [
        "\ny2w_load_stage{stage=\"running\"} 1\n",
        "\ny2w_load_connections ",
        "{of=\"send_synced\",quantile=\"0.5\"} ",
    ] {
        assert!(answer.contains(expected), "{expected} {answer}");
    }
    let stored = answer.lines().find_map(|line| line.strip_prefix("y2w_load_messages_stored_total "));
    assert!(stored.unwrap().parse::<u64>().unwrap() > 0, "{answer}");
    assert!(get(&addr, "/").starts_with("HTTP/1.1 404"));
    let rest: Vec<String> = said.collect();
    assert_ne!(child.wait().unwrap().code(), Some(3), "{rest:?}");
    assert!(TcpStream::connect(&addr).is_err(), "it ends with the run");
}

#[test]
fn an_address_for_metrics_that_is_taken_is_exit_code_3_and_says_which() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = y2w(&["run", "--metrics", &addr]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).starts_with(&format!("y2w: --metrics: cannot listen on {addr}: ")),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_live_view_needs_a_terminal() {
    for how in ["live", "bar"] {
        let output = y2w(&["run", "--progress", how]).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert!(stderr(&output).contains("need a terminal on standard error"), "{}", stderr(&output));
    }
}

#[test]
fn the_help_names_the_ways_to_watch_a_run() {
    let output = y2w(&["run", "--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&output.stdout);
    for expected in ["--progress <HOW>", "- auto:", "- live:", "- plain:", "--metrics <ADDR>"] {
        assert!(help.contains(expected), "{expected}: {help}");
    }
}
