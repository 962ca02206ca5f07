//! When users do something: one task for each user, and one that brings users online and offline.
//!
//! Where arrivals are open, each user has a schedule of its own, fixed by the seed: what is due is begun then, whatever
//! is under way, and what is begun late counts from when it was due. Where they are closed, each user does one thing,
//! waits until it is done, and thinks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use y2w_sdk::protocol::SessionType;

use super::behaviour::{Deed, Script};
use super::person::Person;
use super::population::stream;
use super::workload::{Arrival, Arrivals, Behaviour, Think};

/// How often it is looked who is to be online.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often a user whose share is not wanted looks whether it is, where arrivals are closed.
const IDLE_LOOK: Duration = Duration::from_millis(100);

/// Lets all users act until the last phase is over, or `stop` comes. Returns when what was begun is done.
pub(super) async fn everybody(
    script: Arc<Script>,
    people: Arc<[Arc<Person>]>,
    begun: u64,
    stop: CancellationToken,
) {
    let mut tasks = JoinSet::new();
    for person in people.iter() {
        let live = Live { script: script.clone(), person: person.clone(), begun, stop: stop.clone() };
        tasks.spawn(live.run());
    }
    tasks.spawn(attendance(people, begun, stop));
    while let Some(done) = tasks.join_next().await {
        if let Err(error) = done {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// One user's life.
struct Live {
    script: Arc<Script>,
    person: Arc<Person>,
    /// When the first phase began, in microseconds since 1970.
    begun: u64,
    stop: CancellationToken,
}

impl Live {
    async fn run(self) {
        match self.script.workload.arrival {
            Arrival::Open { rate, process } => self.open(Arrivals::new(process, rate)).await,
            Arrival::Closed { think } => self.closed(think).await,
        }
    }

    async fn open(self, mut arrivals: Arrivals) {
        let stage = self.person.stage.clone();
        let mut random = stream(self.script.seed, &format!("arrivals {}", self.person.index));
        let mut under_way = JoinSet::new();
        let mut number = 0;
        while let Some(at) = arrivals.next(&stage.timeline, || random.random::<f64>()) {
            let due = self.begun + micros(at);
            if !self.wait_until(due).await {
                break;
            }
            while under_way.try_join_next().is_some_and(survived) {}
            number += 1;
            let deed = Deed { user: self.person.index, number, due };
            stage.meters.late(stage.clock.micros().saturating_sub(due));
            self.begin(deed, &mut under_way);
        }
        while let Some(done) = under_way.join_next().await {
            survived(done);
        }
    }

    /// Begins what is due, without waiting for it.
    fn begin(&self, deed: Deed, under_way: &mut JoinSet<()>) {
        let meters = &self.person.stage.meters;
        if !self.person.is_online() {
            meters.offline.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some(behaviour) = self.script.choose(&self.person, deed) else {
            return;
        };
        if behaviour == Behaviour::Idle {
            return;
        }
        meters.operations.fetch_add(1, Ordering::Relaxed);
        if self.hands_over(behaviour, deed) {
            return;
        }
        if self.person.turns_are_taken() {
            meters.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (script, person) = (self.script.clone(), self.person.clone());
        under_way.spawn(async move {
            let _turn = person.turn();
            script.act(&person, behaviour, deed).await;
        });
    }

    /// Does what only hands something over to the client; false if the behaviour is another one.
    fn hands_over(&self, behaviour: Behaviour, deed: Deed) -> bool {
        let done = match behaviour {
            Behaviour::P2pText => self.script.send_text(&self.person, deed, &SessionType::P2p),
            Behaviour::GroupText => self.script.send_text(&self.person, deed, &SessionType::Group),
            Behaviour::File => self.script.send_file(&self.person, deed),
            _ => return false,
        };
        if !done {
            self.person.stage.meters.offline.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    async fn closed(self, think: Think) {
        let stage = self.person.stage.clone();
        let mut random = stream(self.script.seed, &format!("thinks {}", self.person.index));
        let end = self.begun + micros(stage.timeline.length());
        let mut number = 0;
        let mut due = self.begun;
        loop {
            let span = think.max.saturating_sub(think.min).mul_f64(random.random::<f64>());
            due = due.max(self.begun) + micros(think.min + span);
            if due >= end || !self.wait_until(due).await {
                return;
            }
            if stage.population.rank[self.person.index] >= stage.timeline.load_at(self.elapsed()) {
                due = stage.clock.micros() + micros(IDLE_LOOK);
                continue;
            }
            number += 1;
            let deed = Deed { user: self.person.index, number, due };
            stage.meters.late(stage.clock.micros().saturating_sub(due));
            self.carry_out(deed).await;
            due = stage.clock.micros();
        }
    }

    /// Does something and waits until it is done.
    async fn carry_out(&self, deed: Deed) {
        let meters = &self.person.stage.meters;
        if !self.person.is_online() {
            meters.offline.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some(behaviour) = self.script.choose(&self.person, deed).filter(|b| *b != Behaviour::Idle) else {
            return;
        };
        meters.operations.fetch_add(1, Ordering::Relaxed);
        if self.hands_over(behaviour, deed) {
            self.person.all_stored().await;
        } else {
            self.script.act(&self.person, behaviour, deed).await;
        }
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.person.stage.clock.micros().saturating_sub(self.begun))
    }

    /// False if the run is to stop before.
    async fn wait_until(&self, due: u64) -> bool {
        let now = self.person.stage.clock.micros();
        if due <= now {
            return !self.stop.is_cancelled();
        }
        let sleep = tokio::time::sleep(Duration::from_micros(due - now));
        self.stop.run_until_cancelled(sleep).await.is_some()
    }
}

/// Brings users online and offline as the phases want it.
async fn attendance(people: Arc<[Arc<Person>]>, begun: u64, stop: CancellationToken) {
    let Some(stage) = people.first().map(|p| p.stage.clone()) else {
        return;
    };
    let rank = |person: &Arc<Person>| stage.population.rank[person.index];
    let mut by_rank: Vec<Arc<Person>> = people.to_vec();
    by_rank.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    let wanted = |share: f64| by_rank.partition_point(|person| rank(person) < share);
    let mut online = wanted(stage.timeline.online_at(Duration::ZERO));
    let mut under_way = JoinSet::new();
    let mut at = Duration::ZERO;
    while at < stage.timeline.length() {
        at += LOOK_EVERY;
        let due = begun + micros(at);
        let now = stage.clock.micros();
        let sleep = tokio::time::sleep(Duration::from_micros(due.saturating_sub(now)));
        if stop.run_until_cancelled(sleep).await.is_none() {
            break;
        }
        let now_wanted = wanted(stage.timeline.online_at(at.min(stage.timeline.length())));
        for person in by_rank.get(online..now_wanted).unwrap_or_default() {
            under_way.spawn(come(person.clone(), due));
        }
        for person in by_rank.get(now_wanted..online).unwrap_or_default() {
            let person = person.clone();
            under_way.spawn(async move { person.go_offline().await });
        }
        online = now_wanted;
        while under_way.try_join_next().is_some_and(survived) {}
    }
    while let Some(done) = under_way.join_next().await {
        survived(done);
    }
}

/// Brings a user online; that it failed is counted.
pub(super) async fn come(person: Arc<Person>, due: u64) {
    if let Err(why) = person.come_online(due, false).await {
        person.stage.meters.error("logins that failed", || format!("{}: {why}", person.name()));
    }
}

/// Brings everybody online who is not.
pub(super) async fn all_online(people: &[Arc<Person>]) {
    let mut under_way = JoinSet::new();
    for person in people {
        let due = person.stage.clock.micros();
        under_way.spawn(come(person.clone(), due));
    }
    while let Some(done) = under_way.join_next().await {
        survived(done);
    }
}

fn survived(done: Result<(), tokio::task::JoinError>) -> bool {
    if let Err(error) = done {
        std::panic::resume_unwind(error.into_panic());
    }
    true
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
