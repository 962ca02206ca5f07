//! Before the phases: everybody registers, logs in, connects; partners find each other and open their sessions.
//!
//! In shards, each makes its own users, and waits for those of the others before it looks for partners. A group is made in
//! its master's shard, which tells the others what the server calls it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use rand::Rng;
use y2w_sdk::protocol::{ImSessionId, SessionId, SessionType, User};
use y2w_sdk::{ClientConfig, CurrentUser, NewGroup, Users};

use super::behaviour::user_name;
use super::marshal::Marshal;
use super::person::Person;
use super::population::{PlannedSession, stream as random_stream};
use super::sampler::Progress;
use super::watch::{Place, Stage};
use super::workload::{Behaviour, Workload};
use super::{RunError, Settings};
use crate::check::ledger::{Party, View};
use crate::check::{Seat, Watched};

/// Users, then sessions, that are being set up at the same time.
const AT_ONCE: usize = 64;

/// Makes and connects all users of this shard. The first one goes ahead alone, so that a server which cannot be used is
/// found out at once and with its reason.
pub(super) async fn users(
    client: &ClientConfig,
    settings: &Settings,
    stage: &Arc<Stage>,
    progress: &dyn Progress,
) -> Result<Arc<[Arc<Person>]>, RunError> {
    let accounts = Users::new(client.clone());
    let mut random = random_stream(settings.seed, "users");
    let seeds: Vec<u64> = (0..stage.population.users).map(|_| random.next_u64()).collect();
    let again = logs_in_again(&settings.workload);
    let mine: Vec<Arc<Person>> = stage
        .population
        .users_of(settings.shard)
        .map(|index| {
            let who = (account(&settings.account_prefix, index), seeds[index]);
            Arc::new(Person::new(stage.clone(), index, who, accounts.clone(), again, settings.patience))
        })
        .collect();
    let Some((first, others)) = mine.split_first() else {
        let text =
            format!("{} users are too few for {} shards", stage.population.users, settings.shard.count);
        return Err(RunError::Settings(text));
    };
    progress.phase("connecting users", mine.len() as u64);
    come_to_life(first, true).await?;
    let done = AtomicU64::new(1);
    let others: Vec<Result<(), RunError>> = stream::iter(others)
        .map(|person| async {
            let alive = come_to_life(person, false).await;
            progress.advance(done.fetch_add(1, Ordering::Relaxed) + 1);
            alive
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    others.into_iter().collect::<Result<(), RunError>>()?;
    Ok(mine.into())
}

/// Whether users log in more than once, so that their devices have to keep something.
pub(super) fn logs_in_again(workload: &Workload) -> bool {
    let relogin = workload.mix.get(&Behaviour::Relogin).is_some_and(|weight| *weight > 0.0);
    let not_all = |phase: &super::workload::Phase| {
        let ramp = phase.online.ramp();
        ramp.from < 1.0 || ramp.to < 1.0
    };
    relogin || workload.phases.iter().any(not_all)
}

async fn come_to_life(person: &Person, give_up_on_trouble: bool) -> Result<(), RunError> {
    let unusable = |why: String| RunError::Environment(format!("the server cannot be used: {why}"));
    let name = user_name(person.index);
    let registered = person.accounts.register(&person.account, &person.password, &name).await;
    registered.map_err(|e| unusable(e.to_string()))?;
    let now = person.stage.clock.micros();
    person.come_online(now, give_up_on_trouble).await.map_err(unusable)
}

/// What the server calls the sessions.
pub(super) struct Opened {
    /// By the population's index; none for a session that nobody in this shard is in.
    pub(super) sessions: Vec<Option<ImSessionId>>,
    /// Pairs whose ends got different sessions.
    pub(super) differing: Vec<String>,
}

/// Opens all sessions that somebody in this shard is in; both ends of a pair open theirs by themselves, as applications
/// do.
pub(super) async fn sessions(
    settings: &Settings,
    stage: &Stage,
    people: &[Arc<Person>],
    marshal: Option<&Marshal>,
    progress: &dyn Progress,
) -> Result<Opened, RunError> {
    let by_index: BTreeMap<usize, &Arc<Person>> = people.iter().map(|p| (p.index, p)).collect();
    let planned = &stage.population.sessions;
    let mine = |session: &PlannedSession| session.members.iter().any(|m| settings.shard.has(*m));
    progress.phase("opening sessions", planned.iter().filter(|s| mine(s)).count() as u64);
    let set_up = SetUp { settings, by_index, done: AtomicU64::new(0), progress };

    let made: Vec<Result<(usize, SessionId), RunError>> = stream::iter(planned.iter().enumerate())
        .filter(|(_, s)| std::future::ready(s.kind == SessionType::Group && settings.shard.has(s.master)))
        .map(|(index, session)| set_up.group(session, index))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut groups = made.into_iter().collect::<Result<BTreeMap<usize, SessionId>, RunError>>()?;
    if let Some(marshal) = marshal {
        groups = marshal.share_groups(groups).await?;
    }

    let opened: Vec<Result<OneOpened, RunError>> = stream::iter(planned.iter().enumerate())
        .filter(|(_, session)| std::future::ready(mine(session)))
        .map(|(index, session)| set_up.open(session, index, groups.get(&index)))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut sessions = vec![None; planned.len()];
    let mut differing = Vec::new();
    for opened in opened {
        let OneOpened { index, im_id, finding } = opened?;
        sessions[index] = Some(im_id);
        differing.extend(finding);
    }
    Ok(Opened { sessions, differing })
}

/// A session that is open.
struct OneOpened {
    /// In the population.
    index: usize,
    im_id: ImSessionId,
    /// If its ends got different sessions.
    finding: Option<String>,
}

struct SetUp<'a> {
    settings: &'a Settings,
    by_index: BTreeMap<usize, &'a Arc<Person>>,
    done: AtomicU64,
    progress: &'a dyn Progress,
}

impl SetUp<'_> {
    /// Makes a group with its members.
    async fn group(&self, session: &PlannedSession, index: usize) -> Result<(usize, SessionId), RunError> {
        let master =
            self.by_index.get(&session.master).ok_or_else(|| failed("making a group", "nobody is there"))?;
        let client = master.client().await;
        let client = client.as_ref().ok_or_else(|| failed("making a group", "its master is offline"))?;
        let mut found = Vec::with_capacity(session.members.len());
        for other in session.members.iter().filter(|m| **m != session.master) {
            found.push(self.find(client, *other).await?);
        }
        let name = format!("group {index}");
        let new = NewGroup { name: &name, avatar_url: "", members: &found };
        let created = client.sessions().create_group(&new).await;
        Ok((index, created.map_err(|e| failed("making a group", &e.to_string()))?.im_id().id))
    }

    /// Has all members in this shard open a session.
    async fn open(
        &self,
        session: &PlannedSession,
        index: usize,
        group: Option<&SessionId>,
    ) -> Result<OneOpened, RunError> {
        let mut opened: Option<(usize, ImSessionId)> = None;
        let mut finding = None;
        for &member in &session.members {
            let Some(person) = self.by_index.get(&member) else {
                continue;
            };
            let client = person.client().await;
            let client = client.as_ref().ok_or_else(|| failed("opening a session", "the user is offline"))?;
            let im_id = match (&session.kind, group) {
                (SessionType::P2p, _) => {
                    let other = session.members[usize::from(session.members[0] == member)];
                    let found = self.find(client, other).await?;
                    client
                        .open_p2p(&found.id)
                        .await
                        .map_err(|e| failed("opening a session", &e.to_string()))?
                }
                (_, Some(group)) => {
                    let im_id = ImSessionId::new(SessionType::Group, group.clone());
                    client.open(&im_id).await.map_err(|e| failed("opening a group", &e.to_string()))?;
                    im_id
                }
                (_, None) => {
                    return Err(failed("opening a group", "the shard that made it does not tell its id"));
                }
            };
            match &opened {
                None => opened = Some((member, im_id)),
                Some((other, theirs)) if *theirs != im_id => {
                    finding = Some(format!(
                        "user {other} has {theirs} with user {member}, who has {im_id} with user {other}"
                    ));
                }
                Some(_) => {}
            }
            // Second devices learn of the session here, so that its messages are known to be theirs.
            for device in person.devices.iter().skip(1) {
                if let Some(im_id) = &opened {
                    device.open(&im_id.1).await.map_err(|why| failed("opening a session", &why))?;
                }
            }
        }
        self.progress.advance(self.done.fetch_add(1, Ordering::Relaxed) + 1);
        let (_, im_id) = opened.ok_or_else(|| failed("opening a session", "nobody of it is here"))?;
        Ok(OneOpened { index, im_id, finding })
    }

    async fn find(&self, me: &CurrentUser, other: usize) -> Result<User, RunError> {
        let account = account(&self.settings.account_prefix, other);
        match me.search(&account).await {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(failed(
                "finding a partner",
                &format!("the account {account} is registered but not found"),
            )),
            Err(error) => Err(failed("finding a partner", &error.to_string())),
        }
    }
}

/// What the verifier watches, and for each session of the population its index there. Tells every device where it sees
/// its sessions from.
pub(super) fn watched(
    stage: &Stage,
    people: &[Arc<Person>],
    opened: &Opened,
) -> (Vec<Watched>, Vec<Option<usize>>) {
    let mut watched = Vec::new();
    let mut at = vec![None; opened.sessions.len()];
    let mut places: BTreeMap<(usize, usize), Vec<(ImSessionId, Place)>> = BTreeMap::new();
    let by_index: BTreeMap<usize, &Arc<Person>> = people.iter().map(|p| (p.index, p)).collect();
    for (planned, im_id) in opened.sessions.iter().enumerate() {
        let Some(im_id) = im_id else {
            continue;
        };
        let session = &stage.population.sessions[planned];
        let party = |m: &usize| Party {
            name: by_index.get(m).map_or_else(|| user_name(*m), |person| person.name_of(&person.devices[0])),
            here: stage.shard.has(*m),
        };
        let mut entry = Watched {
            name: im_id.to_string(),
            parties: session.members.iter().map(party).collect(),
            views: Vec::new(),
            floaters: Vec::new(),
        };
        for (of, member) in session.members.iter().enumerate() {
            let Some(person) = by_index.get(member) else {
                continue;
            };
            for (number, device) in person.devices.iter().enumerate() {
                let seat = if session.floater == Some(*member) {
                    if number > 0 {
                        continue;
                    }
                    entry.floaters.push(person.name_of(device));
                    Seat::Floater(entry.floaters.len() - 1)
                } else {
                    entry.views.push(View { name: person.name_of(device), of });
                    Seat::Device(entry.views.len() - 1)
                };
                let place = Place { planned, watched: watched.len(), seat };
                places.entry((*member, number)).or_default().push((im_id.clone(), place));
            }
        }
        at[planned] = Some(watched.len());
        watched.push(entry);
    }
    for ((member, number), places) in places {
        if let Some(person) = by_index.get(&member) {
            let set = person.devices[number].watch.places.set(places.into_iter().collect());
            debug_assert!(set.is_ok(), "places are told once");
        }
    }
    (watched, at)
}

fn failed(what: &str, why: &str) -> RunError {
    RunError::Environment(format!("{what} failed: {why}"))
}

/// The account of a user.
pub(super) fn account(prefix: &str, index: usize) -> String {
    format!("{prefix}-{index}@y2w.test")
}
