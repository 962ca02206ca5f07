//! A process that is measured from outside: this program once more in another role, or another program.
//!
//! A child in a role serves until its standard input ends, so that it ends with its parent, however that does.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Set in the child's environment.
const VARIABLE: &str = "Y2W_SOCKETS_ROLE";

/// What this process is to be, if it is a child.
pub(crate) fn role() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

/// A running child; it is ended with this.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// This program in that role, and the line that it says first.
    pub(crate) fn in_role(role: &str) -> (Self, String) {
        let program = std::env::current_exe().expect("a running program has a file");
        let mut child = Command::new(program)
            .env(VARIABLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts once more");
        let output = child.stdout.take().expect("standard output is a pipe");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("a child says where it is");
        (Self { child }, line.trim().to_owned())
    }

    /// Another program, if it is there.
    pub(crate) fn of(command: &mut Command) -> Option<Self> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().ok().map(|child| Self { child })
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        // The name, in parentheses, may hold anything; user and system time are the 12th and 13th behind it.
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let ticks: u64 =
            behind.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// The resident memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = self.read("status");
        let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = value.and_then(|value| value.split_whitespace().next());
        1024 * number.and_then(|number| number.parse::<u64>().ok()).expect("the kernel tells it")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the child runs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
