//! `y2w run`: the main job.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;
use y2w_mock_server::{MockServer, PasswordCost};
use y2w_reports::model::RunResult;
use y2w_sdk::clock::Clock;
use y2w_sdk::{ClientConfig, ConfigError};

use super::progress::Terminal;
use super::{BROKEN, ENVIRONMENT, OK, USAGE, summary};
use crate::load::{self, Chaos, Environment, RunError, Settings};

/// What `y2w run` takes.
#[derive(Args, Clone, Debug)]
pub(super) struct RunArgs {
    /// Simulated users
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(super) users: usize,

    /// How long they chat, as `10s` or `2m`
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    duration: Duration,

    /// Messages that each user sends per second, on average
    #[arg(long, default_value_t = 1.0, value_name = "NUMBER", value_parser = rate)]
    rate: f64,

    /// Partners that each user looks for; each pair has a p2p session
    #[arg(long, default_value_t = 2, value_name = "N")]
    partners: usize,

    /// Groups [default: one for every 20 users]
    #[arg(long, value_name = "N")]
    groups: Option<usize>,

    /// Members of each group [default: 8, or all users if there are fewer]
    #[arg(long, value_name = "N")]
    group_size: Option<usize>,

    /// What to inflict on the users
    #[arg(long, value_name = "KIND")]
    chaos: Option<Chaos>,

    /// Where all randomness comes from; a run prints its own [default: from the time of day]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Use the server at this URL instead of one started for the run, as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    target: Option<String>,

    /// How long one request, one connection attempt, or acceptConnect on it, may take
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Duration,

    /// How long a user may take to connect, and the end of the run may wait for what is outstanding
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    patience: Duration,

    /// The folder that each run's folder is made in
    #[arg(long, default_value = "reports/out", value_name = "DIR")]
    out: PathBuf,

    /// Print the result as JSON instead of the summary
    #[arg(long)]
    json: bool,

    /// Log more: -v what goes wrong on the way, -vv how it is mended, -vvv everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// File descriptors for everything but the push connections: HTTP connections, listeners, logs.
const SPARE_FILES: u64 = 1_500;

/// Carries the run out; the answer is the exit code.
pub(super) fn run(runtime: &Runtime, args: RunArgs) -> u8 {
    let (json, out) = (args.json, args.out.clone());
    let result = match runtime.block_on(carry_out(args)) {
        Ok(result) => result,
        Err(error) => {
            eprintln!("y2w: {error}");
            return match error {
                RunError::Settings(_) => USAGE,
                RunError::Environment(_) => ENVIRONMENT,
            };
        }
    };
    let files = match y2w_reports::write_all(&out.join(&result.run_id), &result) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("y2w: {error}");
            return ENVIRONMENT;
        }
    };
    if json {
        match serde_json::to_string_pretty(&result) {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("y2w: the result cannot be written as JSON: {error}"),
        }
    } else {
        summary::print(&result, &files);
    }
    if result.verdict.passed() { OK } else { BROKEN }
}

async fn carry_out(args: RunArgs) -> Result<RunResult, RunError> {
    let clock = Clock::system();
    let started_at = clock.now();
    let seed = args.seed.unwrap_or_else(|| clock.micros());
    let run_id = format!("{}-{:04x}", started_at.to_string().replace([':', '.'], "-"), seed & 0xffff);
    let settings = Settings {
        users: args.users,
        duration: args.duration,
        rate: args.rate,
        partners: args.partners,
        groups: args.groups.unwrap_or(args.users / 20),
        group_size: args.group_size.unwrap_or(args.users.min(8)),
        seed,
        chaos: args.chaos,
        patience: args.patience,
        account_prefix: run_id.clone(),
    };
    enough_files(settings.users, args.target.is_none())?;
    let (server, base_url, target) = match &args.target {
        Some(url) => (None, url.clone(), url.clone()),
        None => {
            let server = embedded(seed, clock).await?;
            let url = server.http_url();
            (Some(server), url, "mock server in the same process, loopback".to_owned())
        }
    };
    let client = ClientConfig::new(&base_url)
        .map_err(|error| match error {
            ConfigError::BaseUrl { .. } => RunError::Settings(format!("--target: {error}")),
            ConfigError::Http(_) => RunError::Environment(error.to_string()),
        })?
        .clock(clock)
        .deadline(args.deadline);
    let outcome = load::run(&client, &settings, &Terminal::new(clock)).await;
    if let Some(server) = server {
        server.shutdown().await;
    }
    let environment = Environment {
        run_id,
        started_at: started_at.to_string(),
        command: command(&args, &settings),
        target,
    };
    Ok(outcome?.into_result(&settings, environment))
}

async fn embedded(seed: u64, clock: Clock) -> Result<MockServer, RunError> {
    let builder = MockServer::builder().seed(seed).clock(clock).password_cost(PasswordCost::Fast);
    builder.start().await.map_err(|e| RunError::Environment(e.to_string()))
}

/// A push connection is a file at the client, and another one if the server is here too.
fn enough_files(users: usize, embedded: bool) -> Result<(), RunError> {
    let per_user = if embedded { 2 } else { 1 };
    let needed = users as u64 * per_user + SPARE_FILES;
    // As many as there may be: an overloaded server is asked over more connections than a quick one.
    let allowed = rlimit::increase_nofile_limit(rlimit::INFINITY)
        .map_err(|e| RunError::Environment(format!("the limit of open files cannot be read: {e}")))?;
    if allowed >= needed {
        return Ok(());
    }
    Err(RunError::Environment(format!(
        "{users} users need {needed} open files, but this process may have {allowed}: raise it with `ulimit -n`, or \
         use at most {} users",
        allowed.saturating_sub(SPARE_FILES) / per_user
    )))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.0..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0 to 100000 was expected".to_owned()),
    }
}

/// The command line that repeats the run.
fn command(args: &RunArgs, settings: &Settings) -> String {
    let mut command = format!(
        "y2w run --users {} --duration {} --rate {} --partners {} --groups {} --group-size {} --seed {}",
        settings.users,
        humantime::format_duration(settings.duration).to_string().replace(' ', ""),
        settings.rate,
        settings.partners,
        settings.groups,
        settings.group_size,
        settings.seed
    );
    if let Some(Chaos::Reconnect) = settings.chaos {
        command.push_str(" --chaos reconnect");
    }
    if let Some(target) = &args.target {
        command.push_str(&format!(" --target {target}"));
    }
    if args.out != Path::new("reports/out") {
        command.push_str(&format!(" --out {}", args.out.display()));
    }
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

    #[test]
    fn the_command_of_a_run_repeats_it() {
        let given = ["y2w", "--users", "7", "--duration", "90s", "--chaos", "reconnect", "--seed", "5"];
        let args = Cli::try_parse_from(given).unwrap().args;
        let settings = Settings {
            users: args.users,
            duration: args.duration,
            rate: args.rate,
            partners: args.partners,
            groups: 0,
            group_size: 7,
            seed: 5,
            chaos: args.chaos,
            patience: args.patience,
            account_prefix: String::new(),
        };
        let command = command(&args, &settings);
        assert_eq!(
            command,
            "y2w run --users 7 --duration 1m30s --rate 1 --partners 2 --groups 0 --group-size 7 --seed 5 --chaos reconnect"
        );
        let again = Cli::try_parse_from(command.split(' ').filter(|w| *w != "run")).unwrap().args;
        assert_eq!((again.users, again.duration, again.seed), (7, Duration::from_secs(90), Some(5)));
    }
}
