//! The mock server in a child process: this program once more, told so by its environment.
//!
//! The child serves until its standard input ends, so that it ends with its parent, however that does.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use y2w_mock_server::{MockServer, PasswordCost};

/// Set in the child's environment.
const VARIABLE: &str = "Y2W_IDLE_USERS_SERVER";

/// Whether this process is to be the server.
pub(crate) fn is_wanted() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Serves: prints its URL, then waits for the end of its standard input.
pub(crate) fn run() -> ExitCode {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files can be read");
    let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
    let starting = MockServer::builder().password_cost(PasswordCost::Fast).start();
    let server = runtime.block_on(starting).expect("there are free ports on the loopback");
    println!("{}", server.http_url());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("standard input is a pipe");
    ExitCode::SUCCESS
}

/// The running child; it is ended with this.
pub(crate) struct Server {
    child: Child,
    /// Where its business API is.
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("a running program has a file");
        let mut child = Command::new(program)
            .env(VARIABLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts once more");
        let output = child.stdout.take().expect("standard output is a pipe");
        let mut url = String::new();
        BufReader::new(output).read_line(&mut url).expect("the server says where it is");
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
