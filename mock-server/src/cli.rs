//! The command that runs a server until it is interrupted.

mod out;

use std::ffi::OsString;
use std::net::{AddrParseError, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser};
use thiserror::Error;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::journal::SNAPSHOT_FROM;
use crate::push::PushConfig;
use crate::quirks::{NamedQuirk, Profile};
use crate::server::{DEFAULT_FILES_MEMORY, DEFAULT_MAX_FILE};
use crate::{App, LoginLimits, MockServer, PasswordCost, StartError};

pub use out::{put, say};

/// How a server is to run.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where the business API, the token endpoint and the gate listen; port 0 is any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub http: SocketAddr,

    /// Where the push server listens for MQTT over TCP; 2016 clients expect port 1883
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:1883")]
    pub push: SocketAddr,

    /// Where the push server listens for MQTT over WebSocket; 2016 clients expect port 80
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8083")]
    pub ws: SocketAddr,

    /// Only the gate, the token endpoint and the push server, beside another business server with the same --app
    #[arg(long, conflicts_with_all = ["fast_hash", "data_dir", "files", "files_memory", "max_file"])]
    pub push_only: bool,

    /// Where the control API listens: faults, the live page at /, /metrics; port 0 is any that is free, and there is none
    /// without it
    #[arg(long, value_name = "ADDR")]
    pub control: Option<SocketAddr>,

    /// Where to mirror every push command and delivery for any MQTT tool, as in `mosquitto_sub -t 'y2w/#' -v`; there is no
    /// such listener without it. Needs a build with the cargo feature `tap`
    #[arg(long, value_name = "ADDR", value_parser = parse_tap)]
    pub tap: Option<SocketAddr>,

    /// The app to serve: its key and its secret; given again, one more app, at /apps/KEY [default: y2w-app:y2w-secret]
    #[arg(long, value_name = "KEY:SECRET", value_parser = parse_app)]
    pub app: Vec<App>,

    /// The host that the gate names to clients, where it is not the one the push server listens on; a port is where they
    /// reach the WebSocket: HOST:80 suits 2016 clients behind a port mapping
    #[arg(long, value_name = "HOST[:PORT]")]
    pub gate_host: Option<String>,

    /// Makes tokens, salts and what faults hit repeatable
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// Hash passwords with as little work as possible: for load runs, where logins would cost more than all else
    #[arg(long)]
    pub fast_hash: bool,

    /// How many logins of one account may fail in five minutes before more are answered with 429; 0 for any number
    #[arg(long, value_name = "NUMBER", default_value_t = LoginLimits::default().per_account)]
    pub failed_logins: u32,

    /// The same for all logins from one address
    #[arg(long, value_name = "NUMBER", default_value_t = LoginLimits::default().per_address)]
    pub failed_logins_per_address: u32,

    /// Keep attachments in this directory, which is made if need be; below --data-dir or in memory otherwise. Those of an earlier server that nobody can ask for any more are removed
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,

    /// How much memory attachments take together, in bytes, where they are in memory; an upload that does not fit gets 507
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_FILES_MEMORY, conflicts_with_all = ["files", "data_dir"])]
    pub files_memory: u64,

    /// Keep all business state in this directory, attachments included, so that every answered request survives a crash; in memory otherwise
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// How large the log of --data-dir gets before a snapshot of the state takes its place, in bytes; later if the last snapshot was larger
    #[arg(long, value_name = "BYTES", default_value_t = SNAPSHOT_FROM, requires = "data_dir")]
    pub snapshot_from: u64,

    /// The largest attachment that is taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_FILE)]
    pub max_file: u64,

    /// How many pushes may wait for one slow connection before it is dropped
    #[arg(long, value_name = "NUMBER", default_value_t = PushConfig::default().outgoing_queue)]
    pub outgoing_queue: usize,

    /// How many bytes these pushes may have together
    #[arg(long, value_name = "BYTES", default_value_t = PushConfig::default().outgoing_bytes)]
    pub outgoing_bytes: usize,

    /// How many push connections one address may have [default: 4096, and no limit for loopback]
    #[arg(long, value_name = "NUMBER")]
    pub connections_per_address: Option<usize>,

    /// Break a rule on purpose, where it says so at a rate from 0 to 1; can be given again. `y2w-mock-server quirks` lists them
    #[arg(long, value_name = "NAME[=RATE]")]
    pub quirk: Vec<NamedQuirk>,

    /// Be like that server
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
}

/// Why serving ended.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// One key for two apps.
    #[error("the app {0} is given twice")]
    SameApp(String),
    /// Interrupts cannot be waited for.
    #[error("cannot wait for an interrupt: {0}")]
    Interrupt(#[source] std::io::Error),
}

/// The exit code of a command line that makes no sense.
pub const EXIT_USAGE: u8 = 2;
/// The exit code of a command that this machine, or something that has the port, did not let run.
pub const EXIT_ENVIRONMENT: u8 = 3;

/// Logs to standard error: `RUST_LOG`, as `info` or `y2w_sdk=debug`, wins over `level`.
pub fn log_to_stderr(level: LevelFilter) {
    log_to(level, std::io::stderr);
}

/// The same, to where each line is to be written.
pub fn log_to<W>(level: LevelFilter, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .and_then(|targets| targets.parse::<Targets>().ok())
        // The broker behind the tap calls it an error when who watches goes away.
        .unwrap_or_else(|| Targets::new().with_default(level).with_target("rumqttd", LevelFilter::OFF));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    tracing_subscriber::registry().with(lines).with(wanted).init();
}

/// Reads a command line. What goes wrong is one line on standard error; help and version are printed as they are.
pub fn parse<C: Parser>(name: &str, args: impl IntoIterator<Item = OsString>) -> Result<C, ExitCode> {
    let args: Vec<OsString> = args.into_iter().collect();
    C::try_parse_from(&args).map_err(|error| {
        if error.use_stderr() {
            let asked = asked::<C>(&args);
            eprintln!("{name}: {}; see {name}{asked} --help", one_line(&error));
            ExitCode::from(EXIT_USAGE)
        } else if error.print().is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(EXIT_ENVIRONMENT)
        }
    })
}

/// The subcommand that a command line begins with, if it does, and its own.
fn asked<C: Parser>(args: &[OsString]) -> String {
    let mut command = &C::command();
    let mut asked = String::new();
    for arg in args.iter().skip(1) {
        let Some(subcommand) = command.find_subcommand(arg) else {
            break;
        };
        command = subcommand;
        asked = format!("{asked} {}", subcommand.get_name());
    }
    asked
}

/// clap's reason and its tips without the usage, on one line.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut parts = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: "));
    let reason = parts.next().unwrap_or("wrong usage").to_owned();
    let rest: Vec<&str> = parts.collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join("; ")) };
    format!("{reason}{rest}")
}

/// Starts a server, prints where it is, and serves until Ctrl-C.
pub async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    // Each connection is an open file. Where no more are allowed, it serves as many as are.
    if let Err(error) = rlimit::increase_nofile_limit(rlimit::INFINITY) {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
    let at_http = if args.push_only { "token, gate  " } else { "business API " };
    let described = !args.push_only;
    let server = start(args).await?;
    say(format_args!("{at_http} {}", server.http_url()));
    if described {
        say(format_args!("              described at {}/docs", server.http_url()));
    }
    say(format_args!("push server   {} (MQTT 3.1.1)", server.push_addr()));
    say(format_args!("              ws://{}/ (the same over WebSocket)", server.websocket_addr()));
    if let Some(addr) = server.control_addr() {
        say(format_args!(
            "control       http://{addr}/ (page; API at /_mock/, described at /_mock/docs; /metrics)"
        ));
    }
    #[cfg(feature = "tap")]
    if let Some(addr) = server.tap_addr() {
        say(format_args!("tap           {addr} (MQTT; all that is pushed: y2w/#)"));
    }
    for (url, app) in server.apps() {
        say(format_args!("app           {}:{} at {url}", app.app_key(), app.app_secret()));
    }
    say("Ctrl-C ends it.");
    let interrupted = tokio::signal::ctrl_c().await;
    server.shutdown().await;
    interrupted.map_err(ServeError::Interrupt)
}

async fn start(args: ServeArgs) -> Result<MockServer, ServeError> {
    let mut builder = MockServer::builder()
        .http(args.http)
        .push(args.push)
        .websocket(args.ws)
        .max_file(args.max_file)
        .files_memory(args.files_memory)
        .login_limits(LoginLimits {
            per_account: args.failed_logins,
            per_address: args.failed_logins_per_address,
            ..LoginLimits::default()
        })
        .password_cost(if args.fast_hash { PasswordCost::Fast } else { PasswordCost::Slow })
        .push_config(PushConfig {
            outgoing_queue: args.outgoing_queue,
            outgoing_bytes: args.outgoing_bytes,
            connections_per_address: args.connections_per_address,
            ..PushConfig::default()
        });
    builder = builder.profile(args.profile);
    if args.push_only {
        builder = builder.push_only();
    }
    for NamedQuirk { quirk, rate } in args.quirk {
        builder = builder.quirk_at(quirk, rate);
    }
    for (n, app) in args.app.iter().enumerate() {
        if args.app[..n].iter().any(|earlier| earlier.key == app.key) {
            return Err(ServeError::SameApp(app.key.clone()));
        }
        builder = match n {
            0 => builder.app(&app.key, &app.secret),
            _ => builder.another_app(&app.key, &app.secret),
        };
    }
    if let Some(host) = args.gate_host {
        builder = builder.gate_host(host);
    }
    if let Some(addr) = args.control {
        builder = builder.control(addr);
    }
    #[cfg(feature = "tap")]
    if let Some(addr) = args.tap {
        builder = builder.tap(addr);
    }
    if let Some(seed) = args.seed {
        builder = builder.seed(seed);
    }
    if let Some(directory) = args.files {
        builder = builder.files(directory);
    }
    if let Some(directory) = args.data_dir {
        builder = builder.data_dir(directory).snapshot_from(args.snapshot_from).show_progress();
    }
    Ok(builder.start().await?)
}

/// The broker behind it doubles the build, so most builds are without.
fn parse_tap(text: &str) -> Result<SocketAddr, String> {
    if cfg!(feature = "tap") {
        text.parse().map_err(|error: AddrParseError| error.to_string())
    } else {
        Err(format!(
            "this build has no tap; cargo run --release --features tap -- serve --tap {text} makes one"
        ))
    }
}

fn parse_app(text: &str) -> Result<App, String> {
    match text.split_once(':') {
        Some((key, secret)) if !key.is_empty() && !secret.is_empty() => {
            Ok(App { key: key.to_owned(), secret: secret.to_owned() })
        }
        _ => Err("an app is given as KEY:SECRET".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn args(args: &[&str]) -> Result<ServeArgs, clap::Error> {
        Command::try_parse_from([&["serve"], args].concat()).map(|command| command.args)
    }

    #[test]
    fn whose_help_is_to_be_read_is_that_of_the_subcommand() {
        #[derive(Parser)]
        struct Outer {
            #[command(subcommand)]
            _command: Option<Inner>,
        }
        #[derive(clap::Subcommand)]
        enum Inner {
            Serve(ServeArgs),
        }
        let asked = |line: &str| asked::<Outer>(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for (line, subcommand) in
            [("y2w serve --htp x", " serve"), ("y2w --users serve", ""), ("y2w srve", ""), ("y2w", "")]
        {
            assert_eq!(asked(line), subcommand, "{line}");
        }
    }

    #[test]
    fn an_app_is_key_and_secret() {
        let given = args(&["--app", "k:s:s"]).unwrap();
        let app = App { key: "k".to_owned(), secret: "s:s".to_owned() };
        assert_eq!(given.app, [app]);
        for bad in ["k", "k:", ":s"] {
            assert!(args(&["--app", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn quirks_are_named_one_by_one_and_a_profile_as_one() {
        let given =
            args(&["--quirk", "push-lost=0.5", "--quirk", "sender-forged", "--profile", "yun2win-2016"]);
        let given = given.unwrap();
        let names: Vec<_> = given.quirk.iter().map(|named| named.quirk.name()).collect();
        assert_eq!((names, given.profile), (vec!["push-lost", "sender-forged"], Profile::Yun2win2016));
        let line = one_line(&args(&["--quirk", "sender-forget"]).unwrap_err());
        assert!(line.contains("near to it are sender-forged, ") && !line.contains('\n'), "{line}");
        assert!(args(&["--profile", "yun2win"]).is_err());
    }

    #[test]
    fn what_only_the_business_side_has_is_refused_without_it() {
        assert!(args(&["--push-only", "--app", "k:s"]).unwrap().push_only);
        for more in [&["--files", "x"][..], &["--max-file", "1"], &["--fast-hash"]] {
            let line = one_line(&args(&[&["--push-only"], more].concat()).unwrap_err());
            assert!(line.contains("--push-only") && line.contains(more[0]), "{line}");
        }
    }

    #[test]
    fn settings_of_what_is_not_there_are_refused() {
        for odd in [
            &["--snapshot-from", "1"][..],
            &["--files-memory", "1", "--files", "d"],
            &["--files-memory", "1", "--data-dir", "d"],
            &["--push-only", "--app", "k:s", "--data-dir", "d"],
        ] {
            assert!(args(odd).is_err(), "{odd:?}");
        }
        assert!(args(&["--data-dir", "d", "--files", "f", "--snapshot-from", "1"]).is_ok());
    }

    #[cfg(not(feature = "tap"))]
    #[test]
    fn a_build_without_a_tap_says_how_to_make_one() {
        let line = one_line(&args(&["--tap", "127.0.0.1:1884"]).unwrap_err());
        assert!(
            line.contains("no tap") && line.contains("--features tap -- serve --tap 127.0.0.1:1884"),
            "{line}"
        );
    }

    #[tokio::test]
    async fn a_port_in_use_is_told_apart() {
        let any = "127.0.0.1:0";
        let serve = |push: &str, more: &[&str]| {
            args(&[&["--http", any, "--push", push, "--ws", any][..], more].concat()).unwrap()
        };
        let first = start(serve(any, &["--fast-hash"])).await.unwrap();
        let taken = first.push_addr().to_string();
        let error = start(serve(&taken, &[])).await.unwrap_err();
        let ServeError::Start(error) = error else {
            panic!("{error}");
        };
        let text = error.to_string();
        assert!(text.contains("push") && text.contains(&taken), "{text}");
        assert!(text.contains("choose another port"), "{text}");
        assert!(error.is_port_in_use());
        let file = std::env::current_exe().unwrap();
        let beside = serve(any, &["--files", file.to_str().unwrap()]);
        assert!(start(beside).await.unwrap_err().to_string().contains("for attachments"));
        let twice = serve(any, &["--app", "k:s", "--app", "k:t"]);
        assert!(matches!(start(twice).await, Err(ServeError::SameApp(key)) if key == "k"));
        first.shutdown().await;
    }
}
