//! Before the chat: everybody registers, logs in, connects; partners find each other and open their sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use rand::Rng;
use y2w_sdk::protocol::{ImSessionId, SessionType, User};
use y2w_sdk::{ClientConfig, CurrentUser, LoginOptions, NewGroup, Users};

use super::meters::Metric;
use super::population::{self, PlannedSession};
use super::run::Progress;
use super::user::{SimUser, Stage, Watch};
use super::{RunError, Settings};

/// Users, then sessions, that are being set up at the same time.
const AT_ONCE: usize = 64;
/// Messages that a simulated user keeps in memory per session: enough for what may come again.
const KEEP_MESSAGES: usize = 32;

/// Makes and connects all users. The first one goes ahead alone, so that a server which cannot be used is found out at
/// once and with its reason.
pub(super) async fn users(
    client: &ClientConfig,
    settings: &Settings,
    stage: &Arc<Stage>,
    progress: &dyn Progress,
) -> Result<Vec<Arc<SimUser>>, RunError> {
    let accounts = Users::new(client.clone());
    let mut random = population::stream(settings.seed, "users");
    let seeds: Vec<u64> = (0..settings.users).map(|_| random.next_u64()).collect();
    progress.phase("connecting users", settings.users as u64);
    let first = user(&accounts, settings, stage, 0, seeds[0], true).await?;
    let done = AtomicU64::new(1);
    let others: Vec<Result<Arc<SimUser>, RunError>> = stream::iter(1..settings.users)
        .map(|index| {
            let (accounts, seed, done) = (&accounts, seeds[index], &done);
            async move {
                let user = user(accounts, settings, stage, index, seed, false).await;
                progress.advance(done.fetch_add(1, Ordering::Relaxed) + 1);
                user
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    std::iter::once(Ok(first)).chain(others).collect()
}

async fn user(
    accounts: &Users,
    settings: &Settings,
    stage: &Arc<Stage>,
    index: usize,
    seed: u64,
    give_up_on_trouble: bool,
) -> Result<Arc<SimUser>, RunError> {
    let account = account(settings, index);
    let unusable = |why: String| RunError::Environment(format!("the server cannot be used: {why}"));
    let password = format!("{seed:016x}");
    let name = format!("user {index}");
    accounts.register(&account, &password, &name).await.map_err(|e| unusable(e.to_string()))?;
    let watch = Arc::new(Watch::new(stage.clone(), index, name));
    let options = LoginOptions::default().observer(watch.clone()).seed(seed).keep_messages(KEEP_MESSAGES);
    let begun = stage.clock.micros();
    let user =
        accounts.login_with(&account, &password, options).await.map_err(|e| unusable(e.to_string()))?;
    user.connect();
    let up = wait_until_up(&watch, give_up_on_trouble);
    match tokio::time::timeout(settings.patience, up).await {
        Ok(Ok(())) => {}
        Ok(Err(trouble)) => return Err(unusable(trouble)),
        Err(_) => return Err(not_up(&watch, settings.patience)),
    }
    stage.meters.record(Metric::Connect, stage.clock.micros().saturating_sub(begun));
    Ok(Arc::new(SimUser { user, watch }))
}

async fn wait_until_up(watch: &Watch, give_up_on_trouble: bool) -> Result<(), String> {
    while !watch.is_up() {
        if give_up_on_trouble && let Some(trouble) = watch.trouble.lock().take() {
            return Err(trouble);
        }
        watch.changed.notified().await;
    }
    Ok(())
}

fn not_up(watch: &Watch, patience: Duration) -> RunError {
    let trouble = watch.trouble.lock().take().unwrap_or_else(|| "no reason is known".to_owned());
    RunError::Environment(format!(
        "{} was not connected to the push server within {} s: {trouble}",
        watch.name,
        patience.as_secs_f64()
    ))
}

/// Opens all sessions; both ends of a pair open theirs by themselves, as applications do. The second list names the
/// pairs whose ends got different sessions.
pub(super) async fn sessions(
    settings: &Settings,
    stage: &Stage,
    users: &[Arc<SimUser>],
    progress: &dyn Progress,
) -> Result<(Vec<ImSessionId>, Vec<String>), RunError> {
    let planned = &stage.population.sessions;
    progress.phase("opening sessions", planned.len() as u64);
    let done = AtomicU64::new(0);
    let opened: Vec<Result<(ImSessionId, Option<String>), RunError>> =
        stream::iter(planned.iter().enumerate())
            .map(|(index, session)| {
                let done = &done;
                async move {
                    let opened = match session.kind {
                        SessionType::P2p => pair(settings, users, session).await,
                        _ => group(settings, users, session, index).await.map(|id| (id, None)),
                    };
                    progress.advance(done.fetch_add(1, Ordering::Relaxed) + 1);
                    opened
                }
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
    let mut sessions = Vec::with_capacity(opened.len());
    let mut findings = Vec::new();
    for opened in opened {
        let (session, finding) = opened?;
        sessions.push(session);
        findings.extend(finding);
    }
    Ok((sessions, findings))
}

async fn pair(
    settings: &Settings,
    users: &[Arc<SimUser>],
    session: &PlannedSession,
) -> Result<(ImSessionId, Option<String>), RunError> {
    let (a, b) = (session.members[0], session.members[1]);
    let from_a = open_with(settings, &users[a].user, b).await?;
    let from_b = open_with(settings, &users[b].user, a).await?;
    let differ = (from_a != from_b)
        .then(|| format!("user {a} has {from_a} with user {b}, who has {from_b} with user {a}"));
    Ok((from_a, differ))
}

async fn open_with(settings: &Settings, me: &CurrentUser, other: usize) -> Result<ImSessionId, RunError> {
    let found = find(settings, me, other).await?;
    me.open_p2p(&found.id).await.map_err(|e| failed("opening a session", &e.to_string()))
}

async fn group(
    settings: &Settings,
    users: &[Arc<SimUser>],
    session: &PlannedSession,
    index: usize,
) -> Result<ImSessionId, RunError> {
    let (master, others) = session.members.split_first().expect("a group has at least two members");
    let mut found = Vec::with_capacity(others.len());
    for other in others {
        found.push(find(settings, &users[*master].user, *other).await?);
    }
    let name = format!("group {index}");
    let new = NewGroup { name: &name, avatar_url: "", members: &found };
    let created = users[*master].user.sessions().create_group(&new).await;
    let group = created.map_err(|e| failed("making a group", &e.to_string()))?.im_id();
    for other in others {
        let opened = users[*other].user.open(&group).await;
        opened.map_err(|e| failed("opening a group", &e.to_string()))?;
    }
    Ok(group)
}

async fn find(settings: &Settings, me: &CurrentUser, other: usize) -> Result<User, RunError> {
    let account = account(settings, other);
    match me.search(&account).await {
        Ok(Some(user)) => Ok(user),
        Ok(None) => {
            Err(failed("finding a partner", &format!("the account {account} is registered but not found")))
        }
        Err(error) => Err(failed("finding a partner", &error.to_string())),
    }
}

fn failed(what: &str, why: &str) -> RunError {
    RunError::Environment(format!("{what} failed: {why}"))
}

fn account(settings: &Settings, index: usize) -> String {
    format!("{}-{index}@y2w.test", settings.account_prefix)
}
