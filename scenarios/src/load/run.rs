//! A run from its first request to its verdict.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use y2w_reports::model::{Mark, MarkKind, TimelinePoint};
use y2w_sdk::ClientConfig;
use y2w_sdk::protocol::ImSessionId;

use super::meters::{Counts, Meters, Metric};
use super::population::{Population, stream};
use super::result::Outcome;
use super::user::{SimUser, Stage};
use super::{Chaos, RunError, SEVERED_PER_SECOND, Settings, setup};
use crate::check::{Verifier, rules};

/// Told how far the run is.
pub trait Progress: Send + Sync {
    /// A phase begins; it has so many steps, or takes so many seconds.
    fn phase(&self, name: &str, total: u64);
    /// So many of the phase's steps are done.
    fn advance(&self, done: u64);
    /// How it goes; about once a second.
    fn snapshot(&self, snapshot: &Snapshot);
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// Seconds since the chat began.
    pub t_s: f64,
    /// Users whose push connection is up.
    pub connected: u64,
    /// Messages stored per second since the last snapshot.
    pub stored_per_s: f64,
    /// Deliveries verified so far.
    pub verified: u64,
    /// Deliveries that stored messages still owe.
    pub owed: i64,
    /// 99th percentile of send→synced so far, in microseconds.
    pub synced_p99_us: Option<u64>,
    /// Broken rules so far.
    pub findings: u64,
}

/// A point of the timeline, and a progress line, every so often.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// How often chaos strikes.
const CHAOS_EVERY: Duration = Duration::from_millis(200);
/// How often the end of the run looks whether all is there.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Carries a run out. Findings are in the outcome; an error means that the run could not be made.
pub async fn run(
    client: &ClientConfig,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Outcome, RunError> {
    let stage = Arc::new(Stage {
        clock: client.time(),
        meters: Meters::default(),
        population: Population::new(settings)?,
        verifier: OnceLock::new(),
    });
    let users = setup::users(client, settings, &stage, progress).await?;
    let (sessions, differing) = setup::sessions(settings, &stage, &users, progress).await?;
    let verifier = stage.verifier.get_or_init(|| watch(&stage, &users, &sessions));
    verifier.connected(users.len() as u64);
    for text in differing {
        verifier.found(rules::ONE_SESSION, text);
    }
    let mut sampler = Sampler::new(&stage, verifier, progress);
    let begun = stage.clock.elapsed();
    sampler.mark(if settings.chaos.is_some() { "chat and chaos" } else { "chat" });
    progress.phase("chatting", settings.duration.as_secs().max(1));
    sampler.during(chat(settings, &stage, &users, &sessions)).await;
    let chatted = stage.clock.elapsed() - begun;

    sampler.mark("drain");
    progress.phase("waiting for what is under way", 0);
    sampler.during(drained(settings.patience, &users, verifier)).await;
    match unsettled(settings, &users) {
        None => verifier.pushes_are_over(),
        Some(who) => verifier.found(rules::PUSHED, format!("whether every push came cannot be told: {who}")),
    }
    sampler.mark("everybody syncs");
    progress.phase("syncing everybody once more", 0);
    sampler.during(everything_synced(settings.patience, &stage, &users, &sessions)).await;
    match unsettled(settings, &users) {
        None => verifier.all_is_synced(),
        Some(who) => verifier.found(rules::LOST, format!("whether anything is lost cannot be told: {who}")),
    }
    sampler.last_sample();
    let (timeline, marks) = (sampler.points, sampler.marks);
    Ok(Outcome::new(&stage, verifier, chatted, SAMPLE_EVERY, timeline, marks))
}

fn watch(stage: &Stage, users: &[Arc<SimUser>], sessions: &[ImSessionId]) -> Verifier {
    let name = |user: &usize| format!("{} (id {})", users[*user].watch.name, users[*user].user.me().id);
    let names = stage.population.sessions.iter().map(|s| s.members.iter().map(name).collect());
    Verifier::new(sessions.iter().cloned().zip(names).collect())
}

async fn chat(settings: &Settings, stage: &Stage, users: &[Arc<SimUser>], sessions: &[ImSessionId]) {
    let mut chatting = JoinSet::new();
    let start = stage.clock.micros();
    let sessions: Arc<[ImSessionId]> = sessions.into();
    for user in users {
        let (user, sessions, settings) = (user.clone(), sessions.clone(), settings.clone());
        chatting.spawn(async move {
            user.chat(&sessions, settings.seed, settings.rate, start, settings.duration).await;
        });
    }
    let mut chaos = ChaosMonkey::new(settings);
    loop {
        tokio::select! {
            biased;
            joined = chatting.join_next() => match joined {
                None => return,
                Some(Ok(())) => {}
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            },
            () = chaos.strikes() => chaos.strike(stage, users),
        }
    }
}

/// Waits until every message is stored, announced, and, as far as pushes lead to it, with all members.
async fn drained(patience: Duration, users: &[Arc<SimUser>], verifier: &Verifier) {
    let all_there = async {
        join_all(users.iter().map(|u| u.user.settled())).await;
        let mut look = interval(LOOK_EVERY);
        while verifier.owed() > 0 {
            look.tick().await;
        }
        join_all(users.iter().map(|u| u.user.settled())).await;
    };
    // Who is not done by then is looked for afterwards.
    let _ = tokio::time::timeout(patience, all_there).await;
}

/// Who still has something under way after the patience is over, if anybody: what such a user lacks may be lost, or
/// merely late.
fn unsettled(settings: &Settings, users: &[Arc<SimUser>]) -> Option<String> {
    let busy: Vec<&str> =
        users.iter().filter(|u| !u.user.is_settled()).map(|u| u.watch.name.as_str()).collect();
    let first = busy.first()?;
    Some(format!(
        "{} of {} users were not done after {} s (the first is {first}); the server, or this machine, is too slow for \
         this load, or does not answer: lower the load or raise --patience",
        busy.len(),
        users.len(),
        settings.patience.as_secs_f64()
    ))
}

async fn everything_synced(
    patience: Duration,
    stage: &Stage,
    users: &[Arc<SimUser>],
    sessions: &[ImSessionId],
) {
    for user in users {
        for &session in &stage.population.sessions_of[user.watch.index] {
            user.user.request_messages(&sessions[session]);
        }
    }
    let all = join_all(users.iter().map(|u| u.user.settled()));
    let _ = tokio::time::timeout(patience, all).await;
}

/// Cuts push connections.
struct ChaosMonkey {
    ticks: Option<Interval>,
    random: ChaCha8Rng,
    per_strike: f64,
    due: f64,
}

impl ChaosMonkey {
    fn new(settings: &Settings) -> Self {
        let Chaos::Reconnect = settings.chaos.unwrap_or(Chaos::Reconnect);
        Self {
            ticks: settings.chaos.map(|_| interval(CHAOS_EVERY)),
            random: stream(settings.seed, "chaos"),
            per_strike: settings.users as f64 * SEVERED_PER_SECOND * CHAOS_EVERY.as_secs_f64(),
            due: 0.0,
        }
    }

    async fn strikes(&mut self) {
        match &mut self.ticks {
            Some(ticks) => {
                ticks.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    fn strike(&mut self, stage: &Stage, users: &[Arc<SimUser>]) {
        self.due += self.per_strike;
        let mut victims = BTreeSet::new();
        while self.due >= 1.0 {
            self.due -= 1.0;
            victims.insert(self.random.random_range(0..users.len()));
        }
        for victim in victims {
            if users[victim].user.is_connected() {
                users[victim].user.sever();
                stage.meters.severed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Takes a point of the timeline every second while something else goes on.
struct Sampler<'a> {
    stage: &'a Stage,
    verifier: &'a Verifier,
    progress: &'a dyn Progress,
    ticks: Interval,
    begun: Duration,
    counts: Counts,
    points: Vec<TimelinePoint>,
    marks: Vec<Mark>,
}

impl<'a> Sampler<'a> {
    fn new(stage: &'a Stage, verifier: &'a Verifier, progress: &'a dyn Progress) -> Self {
        let mut ticks = tokio::time::interval_at(first_tick(), SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let begun = stage.clock.elapsed();
        let (counts, points, marks) = (Counts::default(), Vec::new(), Vec::new());
        Self { stage, verifier, progress, ticks, begun, counts, points, marks }
    }

    async fn during<F: Future>(&mut self, work: F) -> F::Output {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                output = &mut work => return output,
                _ = self.ticks.tick() => self.sample(),
            }
        }
    }

    fn mark(&mut self, label: &str) {
        self.marks.push(Mark {
            t_s: self.seconds(),
            until_s: None,
            kind: MarkKind::Phase,
            label: label.to_owned(),
        });
    }

    fn sample(&mut self) {
        let (stored, delivered) = (self.verifier.stored_count(), self.verifier.delivered_count());
        let (point, counts) = self.stage.meters.point(self.seconds(), stored, delivered, self.counts);
        self.counts = counts;
        self.points.push(point);
        self.progress.snapshot(&Snapshot {
            t_s: point.t_s,
            connected: point.users_connected,
            stored_per_s: point.stored_per_s,
            verified: delivered,
            owed: self.verifier.owed(),
            synced_p99_us: self.stage.meters.percentile(Metric::Synced, 99.0),
            findings: self.verifier.broken_count(),
        });
    }

    /// The rest of the time since the last point, unless it is too short for a rate to mean anything.
    fn last_sample(&mut self) {
        let last = self.points.last().map_or(0.0, |point| point.t_s);
        if self.points.is_empty() || self.seconds() - last >= SAMPLE_EVERY.as_secs_f64() / 2.0 {
            self.sample();
        }
    }

    fn seconds(&self) -> f64 {
        (self.stage.clock.elapsed() - self.begun).as_secs_f64()
    }
}

#[expect(clippy::disallowed_methods, reason = "tokio's interval takes its first tick as an instant")]
fn first_tick() -> Instant {
    Instant::now() + SAMPLE_EVERY
}
