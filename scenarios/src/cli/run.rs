//! `y2w run`: the main job.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_reports::model::{Outcome as Word, RunResult};
use y2w_sdk::clock::Clock;

use super::live::{About, Told};
use super::metrics::Metrics;
use super::progress::{Mode, Shown};
use super::{BROKEN, ENVIRONMENT, INTERRUPTED, INVALID, OK, USAGE, interrupt, print_json, summary};
use crate::load::workload::Workload;
use crate::load::{
    self, CONNECTIONS, Environment, Outcome, Progress, RunError, Server, Settings, Shard, Target,
};
use crate::nearest::nearest;
use crate::world::Control;

const DEADLINE: &str = "10s";
const PATIENCE: &str = "30s";
const MAX_LAG: &str = "250ms";

/// What every command takes that puts load on a server.
#[derive(Args, Clone, Debug)]
pub(super) struct LoadArgs {
    /// What users do: the name of a workload that y2w has (`y2w workloads` lists them), or a file
    #[arg(long, short, default_value = "quick", value_name = "NAME|FILE")]
    pub(super) workload: String,

    /// Simulated users, in place of the workload's number
    #[arg(long, value_name = "N")]
    pub(super) users: Option<usize>,

    /// How long all phases take together, as `10s` or `2m`: they are stretched, and the faults with them
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) duration: Option<Duration>,

    /// How often each user does something per second, in place of the workload's rate; makes arrivals open
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    pub(super) rate: Option<f64>,

    /// Where all randomness comes from; a run prints its own [default: from the time of day]
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// Use the server at this URL instead of one started for the run, as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub(super) target: Option<String>,

    /// The control API of that server, as `http://127.0.0.1:8090`, for faults that it is to inflict
    #[arg(long, value_name = "URL", requires = "target")]
    control: Option<String>,

    /// HTTP requests that may be under way at the same time; what has to wait makes the generator late [default: 1024,
    /// divided among the shards, or what there are files for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,

    /// How long one request, one connection attempt, or acceptConnect on it, may take
    #[arg(long, default_value = DEADLINE, value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Duration,

    /// How long a user may take to connect, and the end of the run may wait for what is outstanding
    #[arg(long, default_value = PATIENCE, value_name = "TIME", value_parser = humantime::parse_duration)]
    patience: Duration,

    /// How late 1 in 100 operations may begin before the figures count for nothing (exit code 5)
    #[arg(long, default_value = MAX_LAG, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_lag: Duration,

    /// The folder that each run's folder is made in
    #[arg(long, default_value = "reports/out", value_name = "DIR")]
    pub(super) out: PathBuf,

    /// Print the result as JSON instead of the summary
    #[arg(long)]
    pub(super) json: bool,

    /// Log more: -v what goes wrong on the way, -vv how it is mended, -vvv everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// What `y2w run` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) load: LoadArgs,

    /// Run it so often, each time in a folder of its own, for `y2w compare`
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,

    /// Run a share of the users, the I-th of N from 0, as `0/4`; `y2w merge` puts the results together
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "target", requires = "run_id")]
    shard: Option<Shard>,

    /// When the first phase begins, as `2026-11-23T20:00:00Z` [default: when all is ready]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_rfc3339_weak)]
    start_at: Option<SystemTime>,

    /// A name for the run and its folder; the same for all shards of a run, and another for each run against a server
    #[arg(long, value_name = "NAME", value_parser = run_id, conflicts_with = "repeat")]
    run_id: Option<String>,

    /// How it shows how far it is, on standard error
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    progress: Mode,

    /// Let Prometheus read what the run counts, at `http://ADDR/metrics`, as long as it takes; port 0 is any that is free
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
}

/// File descriptors for listeners, logs, and what is being written.
const SPARE_FILES: u64 = 200;
/// HTTP connections that a run needs at least to get anywhere.
const CONNECTIONS_MIN: u64 = 400;

/// Carries the run out; the answer is the exit code.
pub(super) fn run(runtime: &Runtime, args: &RunArgs) -> u8 {
    let stop = interrupt::token(runtime);
    let metrics = match args.metrics.map(|addr| Metrics::listen(runtime, addr)).transpose() {
        Ok(metrics) => metrics,
        Err(error) => return failed(&error),
    };
    if let Some(metrics) = &metrics {
        eprintln!("metrics at {}", metrics.url());
    }
    let mut worst = OK;
    for turn in 0..args.repeat {
        if args.repeat > 1 && !args.load.json {
            eprintln!("run {} of {}", turn + 1, args.repeat);
        }
        let (result, files) = match runtime.block_on(carry_out(args, turn, metrics.as_ref(), &stop)) {
            Ok(done) => done,
            Err(error) => return failed(&error),
        };
        if args.load.json {
            print_json(&result);
        } else {
            summary::print(&result, &files);
        }
        worst = worst.max(exit_code(&result));
        if stop.is_cancelled() {
            break;
        }
    }
    worst
}

/// Says why a run could not be made; the answer is the exit code.
pub(super) fn failed(error: &RunError) -> u8 {
    eprintln!("y2w: {error}");
    match error {
        RunError::Settings(_) => USAGE,
        RunError::Environment(_) => ENVIRONMENT,
        RunError::Interrupted => INTERRUPTED,
    }
}

pub(super) fn exit_code(result: &RunResult) -> u8 {
    match result.verdict.outcome {
        Word::Passed => OK,
        Word::Failed => BROKEN,
        Word::Invalid => INVALID,
        Word::Interrupted => INTERRUPTED,
    }
}

async fn carry_out(
    args: &RunArgs,
    turn: u32,
    metrics: Option<&Metrics>,
    stop: &CancellationToken,
) -> Result<(RunResult, Vec<PathBuf>), RunError> {
    let clock = Clock::system();
    let started_at = clock.now();
    let seed = args.load.seed.map_or_else(|| clock.micros(), |seed| seed.wrapping_add(u64::from(turn)));
    let stamp = started_at.to_string().replace([':', '.'], "-");
    let run_id = args.run_id.clone().unwrap_or_else(|| format!("{stamp}-{:04x}", seed & 0xffff));
    let mut settings = settings(&args.load, seed, run_id.clone())?;
    settings.shard = args.shard.unwrap_or(Shard::ALL);
    settings.start_at = args.start_at;
    let told = Arc::new(Told::new(About::of(&settings, server_in_words(&args.load))));
    if let Some(metrics) = metrics {
        metrics.show(told.clone());
    }
    let shown = Shown::begin(args.progress, told, clock, stop)?;
    let outcome = on_a_server(&args.load, &settings, &shown, clock, stop).await;
    drop(shown);
    let outcome = outcome?;
    let folder = match settings.shard.count {
        1 => run_id.clone(),
        count => format!("{run_id}-shard-{}-of-{count}", settings.shard.index),
    };
    let environment = Environment {
        run_id: folder.clone(),
        started_at: started_at.to_string(),
        command: command(args, &settings),
        target: server_in_words(&args.load),
    };
    write(&args.load.out.join(folder), outcome, &settings, environment)
}

/// The server, for the report.
pub(super) fn server_in_words(args: &LoadArgs) -> String {
    args.target.clone().unwrap_or_else(|| "mock server in the same process, loopback".to_owned())
}

/// Runs it against the target, or against a server of its own.
pub(super) async fn on_a_server(
    args: &LoadArgs,
    settings: &Settings,
    progress: &dyn Progress,
    clock: Clock,
    stop: &CancellationToken,
) -> Result<Outcome, RunError> {
    let files_for = enough_files(settings, args.target.is_none())?;
    let wanted = args.connections.map_or(CONNECTIONS.div_ceil(settings.shard.count), |n| n as usize);
    let connections = wanted.min(files_for);
    let here = match &args.target {
        Some(_) => None,
        None => Some(embedded(settings.seed, clock).await?),
    };
    let base_url =
        here.as_ref().map_or_else(|| args.target.clone().unwrap_or_default(), MockServer::http_url);
    let target = Target { connections, ..Target::new(&base_url, clock, args.deadline, Server::Elsewhere) };
    let server = match (&here, &args.control) {
        (Some(here), _) => Server::Here(here.backend().clone()),
        (None, Some(url)) => Server::Told(Control::new(url, target.http.clone())),
        (None, None) => Server::Elsewhere,
    };
    let target = Target { server, ..target };
    let outcome = load::run(&target, settings, progress, stop).await;
    if let Some(server) = here {
        server.shutdown().await;
    }
    outcome
}

/// Writes all files of a run into its folder.
pub(super) fn write(
    folder: &Path,
    outcome: Outcome,
    settings: &Settings,
    environment: Environment,
) -> Result<(RunResult, Vec<PathBuf>), RunError> {
    let wrong = |error: String| RunError::Environment(error);
    std::fs::create_dir_all(folder)
        .map_err(|e| wrong(format!("cannot make the folder {}: {e}", folder.display())))?;
    let more = outcome.write_files(folder).map_err(|e| wrong(e.to_string()))?;
    let result = outcome.into_result(settings, environment);
    let mut files = y2w_reports::write_all(folder, &result).map_err(|e| wrong(e.to_string()))?;
    files.extend(more);
    Ok((result, files))
}

/// What is to be run, by what the command line says.
pub(super) fn settings(args: &LoadArgs, seed: u64, run_id: String) -> Result<Settings, RunError> {
    let (workload, workload_name) = workload(&args.workload)?;
    let workload = adapted(workload, args)?;
    Ok(Settings {
        workload,
        workload_name,
        seed,
        patience: args.patience,
        max_lag: args.max_lag,
        account_prefix: run_id,
        shard: Shard::ALL,
        start_at: None,
    })
}

/// A shipped workload by its name, or a file's.
pub(super) fn workload(name: &str) -> Result<(Workload, String), RunError> {
    if let Some(workload) = Workload::shipped(name) {
        return Ok((workload, name.to_owned()));
    }
    let file = Path::new(name);
    let looks_like_a_file = file.extension().is_some() || name.contains(std::path::MAIN_SEPARATOR);
    if looks_like_a_file || file.exists() {
        let workload = Workload::read(file).map_err(|e| RunError::Settings(e.to_string()))?;
        let stem =
            file.file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned());
        return Ok((workload, stem));
    }
    let names = load::workload::shipped().iter().map(|s| s.name);
    let hint = nearest(name, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let text = format!(
        "there is no workload `{name}`, nor a file of that name{hint} `y2w workloads` lists them all"
    );
    Err(RunError::Settings(text))
}

/// The workload with what the command line says in place of what it says itself.
fn adapted(mut workload: Workload, args: &LoadArgs) -> Result<Workload, RunError> {
    use crate::load::workload::Arrival;
    if let Some(users) = args.users {
        workload = workload.of_users(users);
    }
    if let Some(duration) = args.duration {
        workload = workload.stretched(duration);
    }
    if let Some(rate) = args.rate {
        workload.arrival = match workload.arrival {
            Arrival::Open { process, .. } => Arrival::Open { rate, process },
            Arrival::Closed { .. } => Arrival::Open { rate, process: Default::default() },
        };
    }
    workload.check().map_err(|e| RunError::Settings(e.to_string()))?;
    Ok(workload)
}

async fn embedded(seed: u64, clock: Clock) -> Result<MockServer, RunError> {
    let builder = MockServer::builder().seed(seed).clock(clock).password_cost(PasswordCost::Fast);
    builder.start().await.map_err(|e| RunError::Environment(e.to_string()))
}

/// How many HTTP connections there may be beside the push connections. Each connection is a file at the client, and
/// another one if the server is here too.
fn enough_files(settings: &Settings, embedded: bool) -> Result<usize, RunError> {
    let population = &settings.workload.population;
    let users = population.users.div_ceil(settings.shard.count) as u64;
    let per_connection = if embedded { 2 } else { 1 };
    let devices = users + (users as f64 * population.second_devices).ceil() as u64;
    let needed = (devices + CONNECTIONS_MIN) * per_connection + SPARE_FILES;
    // As many as there may be: an overloaded server is asked over more connections than a quick one.
    let allowed = rlimit::increase_nofile_limit(rlimit::INFINITY)
        .map_err(|e| RunError::Environment(format!("the limit of open files cannot be read: {e}")))?;
    // A request that waits for a connection has a new one opened, and may then get one that has become free: there can be
    // twice as many as there are requests under way.
    let connections = (allowed.saturating_sub(SPARE_FILES) / per_connection).saturating_sub(devices) / 2;
    if allowed >= needed {
        return Ok(usize::try_from(connections).unwrap_or(usize::MAX));
    }
    Err(RunError::Environment(format!(
        "{devices} devices of {users} users need {needed} open files, but this process may have {allowed}: raise it with \
         `ulimit -n`, take at most {} users, or run them in several processes with --shard",
        (allowed.saturating_sub(SPARE_FILES) / per_connection).saturating_sub(CONNECTIONS_MIN) * users
            / devices.max(1)
    )))
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= load::workload::RATE_MAX => Ok(rate),
        _ => Err(format!("a number above 0, up to {}, was expected", load::workload::RATE_MAX)),
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, count)) if index < count => Ok(Shard { index, count }),
        _ => Err("the share's number, from 0, and how many there are were expected, as `0/4`".to_owned()),
    }
}

fn run_id(text: &str) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 64 && text.chars().all(fine) && !text.starts_with('.') {
        Ok(text.to_owned())
    } else {
        Err("up to 64 letters, digits, `-`, `_` and `.` were expected".to_owned())
    }
}

/// The command line that repeats the run.
fn command(args: &RunArgs, settings: &Settings) -> String {
    let mut command = format!("y2w run --workload {}", args.load.workload);
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.push_str(&format!(" --{name} {value}"));
        }
    };
    let time = |t: Duration| humantime::format_duration(t).to_string().replace(' ', "");
    let unless = |t: Duration, default: &str| Some(time(t)).filter(|text| text != default);
    add("users", args.load.users.map(|users| users.to_string()));
    add("duration", args.load.duration.map(time));
    add("rate", args.load.rate.map(|rate| rate.to_string()));
    add("seed", Some(settings.seed.to_string()));
    add("target", args.load.target.clone());
    add("control", args.load.control.clone());
    add("connections", args.load.connections.map(|connections| connections.to_string()));
    add("deadline", unless(args.load.deadline, DEADLINE));
    add("patience", unless(args.load.patience, PATIENCE));
    add("max-lag", unless(args.load.max_lag, MAX_LAG));
    add("shard", args.shard.map(|shard| format!("{}/{}", shard.index, shard.count)));
    add("run-id", args.run_id.clone());
    add("out", (args.load.out != Path::new("reports/out")).then(|| args.load.out.display().to_string()));
    command
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: RunArgs,
    }

    fn args(given: &[&str]) -> RunArgs {
        Cli::try_parse_from(["y2w"].iter().chain(given)).unwrap().args
    }

    #[test]
    fn the_command_of_a_run_repeats_it() {
        let given = args(
            &"-w p2p-steady --users 70 --duration 90s --seed 5 --rate 2.5 --patience 2m --connections 9"
                .split(' ')
                .collect::<Vec<_>>(),
        );
        let settings = settings(&given.load, 5, "r".to_owned()).unwrap();
        let command = command(&given, &settings);
        assert_eq!(
            command,
            "y2w run --workload p2p-steady --users 70 --duration 1m30s --rate 2.5 --seed 5 --connections 9 --patience 2m"
        );
        let words: Vec<&str> = command.split(' ').skip(2).collect();
        let again = super::settings(&args(&words).load, 5, "r".to_owned()).unwrap();
        assert_eq!(again.workload, settings.workload);
        assert_eq!(again.workload.length(), Duration::from_secs(90));
    }

    #[test]
    fn a_workload_that_is_not_there_is_told_with_what_is_near() {
        let error = workload("quik").unwrap_err().to_string();
        assert!(error.contains("did you mean `quick`?"), "{error}");
        let error = workload("none/such.toml").unwrap_err().to_string();
        assert!(error.contains("none/such.toml"), "{error}");
    }

    #[test]
    fn how_it_is_watched_is_said_on_the_command_line_and_is_none_of_the_commands_that_repeat_it() {
        let given = args(&["--progress", "plain", "--metrics", "[::1]:0"]);
        assert_eq!((given.progress, given.metrics), (Mode::Plain, "[::1]:0".parse().ok()));
        assert_eq!((args(&[]).progress, args(&[]).metrics), (Mode::Auto, None));
        let settings = settings(&given.load, 5, "r".to_owned()).unwrap();
        assert_eq!(command(&given, &settings), "y2w run --workload quick --seed 5");
    }

    #[test]
    fn shards_and_names_that_make_no_sense_are_refused() {
        for text in ["4/4", "0/0", "1", "a/b", "-1/4"] {
            assert!(shard(text).is_err(), "{text}");
        }
        assert_eq!(shard("3/4"), Ok(Shard { index: 3, count: 4 }));
        for text in ["", "../up", "a b", ".hidden"] {
            assert!(run_id(text).is_err(), "{text}");
        }
    }
}
