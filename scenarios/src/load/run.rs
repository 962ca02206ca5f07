//! A run from its first request to its verdict.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use y2w_reports::model::Mark;
use y2w_sdk::api::{HttpTransport, HyperHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::push::{Mqtt, OverStreams, PushTransport};
use y2w_sdk::{ClientConfig, ConfigError};

use super::behaviour::Script;
use super::faults::{self, Server};
use super::marshal::{Marshal, Point};
use super::measured::Measured;
use super::meters::{self, MeteredHttp, MeteredStreams, Meters, Process};
use super::person::Person;
use super::population::Population;
use super::result::{Ending, Outcome};
use super::sampler::{Progress, Sampler};
use super::watch::Stage;
use super::workload::{Behaviour, Timeline};
use super::{RunError, Settings, drive, endgame, setup};
use crate::check::floater::Floater;
use crate::check::{Verifier, rules};

/// How often the end of the run looks whether all is there.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Users who log out, or look once more, at the same time.
const AT_ONCE: usize = 64;

/// Requests that may be under way at the same time, where nothing else is said.
pub const CONNECTIONS: usize = 1_024;

/// Where the server is, how to get there, and how long it may take.
#[derive(Clone)]
pub struct Target {
    /// Of the business API, as `http://host:port`.
    pub base_url: String,
    /// What carries requests; they are measured around it.
    pub http: Arc<dyn HttpTransport>,
    /// What opens push connections, in place of plain TCP, whose bytes are counted.
    pub push: Option<Arc<dyn PushTransport>>,
    /// How many requests may be under way at the same time: connections that the process has files for.
    pub connections: usize,
    /// How long one request, one connection attempt, or acceptConnect on it, may take.
    pub deadline: Duration,
    /// What tells the time.
    pub clock: Clock,
    /// What can be done to the server.
    pub server: Server,
}

impl Target {
    /// A server on a network.
    pub fn new(base_url: &str, clock: Clock, deadline: Duration, server: Server) -> Self {
        let http = Arc::new(HyperHttp::new());
        let (base_url, connections) = (base_url.to_owned(), CONNECTIONS);
        Self { base_url, http, push: None, connections, deadline, clock, server }
    }

    /// A client of the server; measured if there are meters.
    fn client(&self, meters: Option<&Arc<Meters>>) -> Result<ClientConfig, RunError> {
        let wrong = |error: ConfigError| RunError::Settings(format!("--target: {error}"));
        let http: Arc<dyn HttpTransport> = match meters {
            Some(meters) => {
                Arc::new(MeteredHttp::new(self.http.clone(), meters.clone(), self.clock, self.connections))
            }
            None => self.http.clone(),
        };
        let push: Arc<dyn PushTransport> = match (&self.push, meters) {
            (Some(push), _) => push.clone(),
            (None, Some(meters)) => Arc::new(OverStreams::new(Arc::new(MeteredStreams::new(
                Arc::new(Mqtt::tcp()),
                meters.clone(),
            )))),
            (None, None) => Arc::new(Mqtt::tcp()),
        };
        let config = ClientConfig::with_transports(&self.base_url, http, push).map_err(wrong)?;
        Ok(config.clock(self.clock).deadline(self.deadline))
    }
}

/// Carries a run out. Findings are in the outcome; an error means that the run could not be made. After `stop` no user
/// begins anything; what was begun is ended, verified and told.
pub async fn run(
    target: &Target,
    settings: &Settings,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> Result<Outcome, RunError> {
    faults::check(&settings.workload, &target.server).await?;
    let process = Process::begin();
    let clock = target.clock;
    let meters = Arc::new(Meters::default());
    let stage = Arc::new(Stage {
        clock,
        meters: meters.clone(),
        population: Population::new(&settings.workload, settings.seed)?,
        timeline: Timeline::of(&settings.workload),
        phases: settings.workload.phases.clone(),
        shard: settings.shard,
        verifier: OnceLock::new(),
    });
    let _health = AbortOnDropHandle::new(watch_health(&meters, clock));
    // Logins of the set-up count, unless logins are what the workload is about.
    meters.measure(!setup::logs_in_again(&settings.workload));
    let set_up = async {
        let marshal = Marshal::meet(&target.client(None)?, settings).await?;
        let people = setup::users(&target.client(Some(&meters))?, settings, &stage, progress).await?;
        if let Some(marshal) = &marshal {
            marshal.reach(Point::Connected).await?;
        }
        let opened = setup::sessions(settings, &stage, &people, marshal.as_ref(), progress).await?;
        Ok((marshal, people, opened))
    };
    let set_up = stop.run_until_cancelled(set_up).await.ok_or(RunError::Interrupted)?;
    let (marshal, people, opened) = set_up?;
    let (watched, at) = setup::watched(&stage, &people, &opened);
    let verifier = stage.verifier.get_or_init(|| Verifier::new(watched));
    // When a member comes and goes is known where that is done, by the group's master.
    for (planned, watched) in stage.population.sessions.iter().zip(&at) {
        if let Some(watched) = watched.filter(|_| !stage.shard.has(planned.master)) {
            verifier.float(watched, Floater::lost_track);
        }
    }
    verifier.connected(people.iter().map(|p| p.devices.len() as u64).sum());
    opened.differing.into_iter().for_each(|text| verifier.found(rules::ONE_SESSION, text));
    let script = Arc::new(Script {
        workload: settings.workload.clone(),
        seed: settings.seed,
        sessions: opened.sessions,
        watched: at,
        account_prefix: settings.account_prefix.clone(),
    });
    some_offline(&stage, &people).await;
    if let Some(marshal) = &marshal {
        marshal.reach(Point::Opened).await?;
    }
    let begun = begin(settings, clock, marshal.as_ref()).await?;

    let mut sampler = Sampler::new(&stage, verifier, progress, &process, begun);
    sampler.measure_by_phase();
    progress.phase("running", stage.timeline.length().as_secs().max(1));
    let wait = Duration::from_micros(begun.saturating_sub(clock.micros()));
    let acting = async {
        stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        let faults_end = stop.child_token();
        let acting = async {
            drive::everybody(script.clone(), people.clone(), begun, stop.clone()).await;
            faults_end.cancel();
        };
        let faults = faults::inflict(settings, &stage, &target.server, &people, begun, faults_end.clone());
        tokio::join!(acting, faults);
    };
    sampler.during(acting).await;
    let acted = Duration::from_secs_f64(sampler.seconds().max(0.0));
    let interrupted = stop.is_cancelled();

    progress.phase("waiting for what is under way", 0);
    sampler.during(drained(settings.patience, &people, verifier, &script)).await;
    let late = unsettled(settings, &people);
    let work = sampler.work_is_over(late.is_none() && verifier.owed() <= 0);
    match late {
        None => verifier.pushes_are_over(),
        Some(who) => verifier.found(rules::PUSHED, format!("whether every push came cannot be told: {who}")),
    }
    if let Some(marshal) = &marshal {
        sampler.during(marshal.reach(Point::Stored)).await?;
    }
    progress.phase("syncing everybody once more", 0);
    sampler.during(everything_synced(settings.patience, &people)).await;
    let settled = match unsettled(settings, &people) {
        None => {
            verifier.all_is_synced();
            sampler.during(endgame::look(settings, &stage, &people, &script, verifier)).await;
            true
        }
        Some(who) => {
            verifier.found(rules::LOST, format!("whether anything is lost cannot be told: {who}"));
            false
        }
    };
    sampler.last_sample();
    let (points, log) =
        (std::mem::take(&mut sampler.points), std::mem::take(&mut sampler.log).into_entries());
    drop(sampler);
    let mut marks: Vec<Mark> = phase_marks(&stage, acted);
    marks.extend(faults::marks(&settings.workload));
    marks.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    let measured = Measured::of(&stage, verifier, &process, work, acted);
    let ending = Ending { interrupted, settled, begun };
    Ok(Outcome::new(&stage, verifier, measured, (points, marks, log), &ending))
}

#[expect(
    clippy::disallowed_methods,
    reason = "it looks at the runtime from beside the run, until the run is over"
)]
fn watch_health(meters: &Arc<Meters>, clock: Clock) -> tokio::task::JoinHandle<()> {
    tokio::spawn(meters::watch(meters.clone(), clock))
}

/// When the first phase begins, in microseconds since 1970.
async fn begin(settings: &Settings, clock: Clock, marshal: Option<&Marshal>) -> Result<u64, RunError> {
    let now = clock.micros();
    match (settings.start_at, marshal) {
        (Some(at), _) => {
            let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
            let at = u64::try_from(at).unwrap_or(u64::MAX);
            let late = Duration::from_micros(now.saturating_sub(at));
            if late > Duration::ZERO {
                return Err(RunError::Environment(format!(
                    "the users were ready {} s after --start-at: begin the shards earlier, or let it start later",
                    late.as_secs_f64()
                )));
            }
            Ok(at)
        }
        (None, Some(marshal)) => marshal.agree(now).await,
        (None, None) => Ok(now),
    }
}

/// Logs those out who are not to be online at the beginning.
async fn some_offline(stage: &Stage, people: &[Arc<Person>]) {
    let online = stage.timeline.online_at(Duration::ZERO);
    let off = people.iter().filter(|p| stage.population.rank[p.index] >= online);
    stream::iter(off).for_each_concurrent(AT_ONCE, |person| person.go_offline()).await;
}

/// Brings everybody online, and back into their groups, and waits until every message is stored, announced, and, as far
/// as pushes lead to it, with all members.
async fn drained(patience: Duration, people: &Arc<[Arc<Person>]>, verifier: &Verifier, script: &Script) {
    let all_there = async {
        drive::all_online(people).await;
        if script.workload.mix.contains_key(&Behaviour::MemberChurn) {
            stream::iter(people.iter())
                .for_each_concurrent(AT_ONCE, |person| script.all_back(person, verifier))
                .await;
        }
        join_all(people.iter().map(|p| p.settled())).await;
        let mut look = interval(LOOK_EVERY);
        while verifier.owed() > 0 {
            look.tick().await;
        }
        join_all(people.iter().map(|p| p.settled())).await;
    };
    // Who is not done by then is looked for afterwards.
    let _ = tokio::time::timeout(patience, all_there).await;
}

/// Who still has something under way after the patience is over, if anybody: what such a user lacks may be lost, or
/// merely late.
fn unsettled(settings: &Settings, people: &[Arc<Person>]) -> Option<String> {
    let busy: Vec<&str> = people.iter().filter(|p| !p.is_settled()).map(|p| p.name()).collect();
    let first = busy.first()?;
    Some(format!(
        "{} of {} users were not done after {} s (the first is {first}); the server, or this machine, is too slow for \
         this load, or does not answer: lower the load or raise --patience",
        busy.len(),
        people.len(),
        settings.patience.as_secs_f64()
    ))
}

async fn everything_synced(patience: Duration, people: &[Arc<Person>]) {
    for person in people {
        person.each_client(|device, client| {
            let places = device.watch.places.get();
            places.into_iter().flat_map(|p| p.keys()).for_each(|session| client.request_messages(session));
        });
    }
    let all = join_all(people.iter().map(|p| p.settled()));
    let _ = tokio::time::timeout(patience, all).await;
}

fn phase_marks(stage: &Stage, acted: Duration) -> Vec<Mark> {
    let mut begins = Duration::ZERO;
    let mut marks: Vec<Mark> = Vec::new();
    for phase in &stage.phases {
        if begins >= acted && !marks.is_empty() {
            break;
        }
        let ends = begins + phase.length;
        marks.push(mark(begins, Some(ends.min(acted.max(begins))), &phase.name));
        begins = ends;
    }
    marks.push(mark(acted, None, "end"));
    marks
}

fn mark(at: Duration, until: Option<Duration>, label: &str) -> Mark {
    Mark {
        t_s: at.as_secs_f64(),
        until_s: until.map(|until| until.as_secs_f64()),
        kind: y2w_reports::model::MarkKind::Phase,
        label: label.to_owned(),
    }
}
