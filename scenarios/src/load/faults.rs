//! What befalls users and server while a run goes on, as the workload has it.
//!
//! What concerns the server needs one that can be told: the one in this process, or one with a control API. What stands
//! for a while is put together from all faults that stand at the time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use y2w_mock_server::Backend;
use y2w_mock_server::faults::{ErrorFault, Faults, Latency, PushFaults, RouteFault};
use y2w_reports::model::{Mark, MarkKind};

use super::person::Person;
use super::watch::Stage;
use super::workload::{Fault, Misfortune, Workload};
use super::{RunError, Settings};
use crate::chance;
use crate::world::{Control, Harm, NotInflicted, harm_ours};

/// The server of a run, as far as it can be told to misbehave.
#[derive(Clone, Debug)]
pub enum Server {
    /// In this process.
    Here(Backend),
    /// Elsewhere, with a control API. What it inflicts hits all users of that server.
    Told(Control),
    /// Elsewhere.
    Elsewhere,
}

/// How often a cut that lasts cuts.
const CUT_EVERY: Duration = Duration::from_secs(1);
/// The status of requests that are made to fail.
const UNAVAILABLE: u16 = 503;

/// Whether this server can be told what the workload wants of it; what stands there from before is lifted.
pub(super) async fn check(workload: &Workload, server: &Server) -> Result<(), RunError> {
    let needs = workload.faults.iter().find(|fault| !matches!(fault.what, Misfortune::Cut { .. }));
    match (needs, server) {
        (Some(fault), Server::Elsewhere) => Err(RunError::Settings(format!(
            "the workload's fault `{}` at {} is inflicted on the server, and this one cannot be told so: leave --target \
             out, name the server's control API (--control), or leave out the fault",
            label(&fault.what),
            humantime::format_duration(fault.at)
        ))),
        (Some(_), Server::Told(_)) => {
            set(server, Faults::default()).await.map_err(|error| RunError::Environment(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// The faults, for the report's pictures.
pub(super) fn marks(workload: &Workload) -> Vec<Mark> {
    let mark = |fault: &Fault| Mark {
        t_s: fault.at.as_secs_f64(),
        until_s: (!fault.length.is_zero()).then(|| (fault.at + fault.length).as_secs_f64()),
        kind: MarkKind::Fault,
        label: label(&fault.what).to_owned(),
    };
    workload.faults.iter().map(mark).collect()
}

fn label(what: &Misfortune) -> &'static str {
    match what {
        Misfortune::Cut { .. } => "cut",
        Misfortune::RestartPush => "restart-push",
        Misfortune::RefuseConnections => "refuse-connections",
        Misfortune::DelayPushes { .. } => "delay-pushes",
        Misfortune::DuplicatePushes { .. } => "duplicate-pushes",
        Misfortune::DelayRequests { .. } => "delay-requests",
        Misfortune::FailRequests { .. } => "fail-requests",
        Misfortune::LoseAnswers { .. } => "lose-answers",
        Misfortune::ExpireTokens => "expire-tokens",
    }
}

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Cut,
    Begin,
    End,
}

/// Inflicts the workload's faults until `stop` comes; what stands then is lifted.
pub(super) async fn inflict(
    settings: &Settings,
    stage: &Stage,
    server: &Server,
    people: &Arc<[Arc<Person>]>,
    begun: u64,
    stop: CancellationToken,
) {
    let faults = &settings.workload.faults;
    let mut due = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        if let Misfortune::Cut { .. } = fault.what {
            let cuts = (0..).map(|n| CUT_EVERY * n).take_while(|at| at.is_zero() || *at < fault.length);
            due.extend(cuts.map(|at| (fault.at + at, Event::Cut, index)));
        } else {
            due.push((fault.at, Event::Begin, index));
            if !fault.length.is_zero() {
                due.push((fault.at + fault.length, Event::End, index));
            }
        }
    }
    due.sort();
    let mut standing = vec![false; faults.len()];
    for (at, event, index) in due {
        let at = begun + u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        let sleep = tokio::time::sleep(Duration::from_micros(at.saturating_sub(stage.clock.micros())));
        if stop.run_until_cancelled(sleep).await.is_none() {
            break;
        }
        let fault = &faults[index];
        match event {
            Event::Cut => cut(settings, stage, people, fault, (index, at)),
            Event::Begin | Event::End => {
                standing[index] = event == Event::Begin;
                // In shards only one of them tells the server.
                if settings.shard.index == 0 {
                    if let (Some(harm), Event::Begin) = (at_once(fault), event) {
                        told(stage, inflict_now(server, &harm).await, fault);
                    }
                    let stands = stand(faults.iter().zip(&standing).filter(|(_, s)| **s).map(|(f, _)| f));
                    told(stage, set(server, stands).await, fault);
                }
            }
        }
    }
    if let (Some(last), 0) = (faults.last(), settings.shard.index) {
        told(stage, set(server, Faults::default()).await, last);
    }
}

fn told(stage: &Stage, done: Result<(), NotInflicted>, fault: &Fault) {
    if let Err(error) = done {
        let what = || format!("{} at {}: {error}", label(&fault.what), humantime::format_duration(fault.at));
        stage.meters.error("faults that the server was not told of", what);
    }
}

fn cut(settings: &Settings, stage: &Stage, people: &Arc<[Arc<Person>]>, fault: &Fault, matter: (usize, u64)) {
    let Misfortune::Cut { share } = fault.what else {
        return;
    };
    for person in people.iter() {
        if chance::happens(share, settings.seed, ("cut", matter.0, matter.1, person.index)) {
            person.each_client(|device, client| {
                if client.is_connected() {
                    device.watch.connecting(stage.clock.micros());
                    client.sever();
                    stage.meters.severed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }
}

/// What happens at once, whether it lasts or not.
fn at_once(fault: &Fault) -> Option<Harm> {
    match fault.what {
        Misfortune::RestartPush => Some(Harm::RestartPush),
        Misfortune::RefuseConnections => Some(Harm::Refuse(fault.length)),
        Misfortune::ExpireTokens => Some(Harm::ExpireTokens(None)),
        _ => None,
    }
}

/// All these faults as one.
fn stand<'a>(standing: impl Iterator<Item = &'a Fault>) -> Faults {
    let fixed = |by: Duration| Some(Latency::Fixed { ms: by.as_secs_f64() * 1e3 });
    let mut push = PushFaults::default();
    // Of the routes that fit a request the first counts alone, so all that befalls requests is one fault.
    let mut route = RouteFault { path: "/v1/*".to_owned(), ..RouteFault::default() };
    for fault in standing {
        match fault.what {
            Misfortune::DelayPushes { by } => push.delay = fixed(by),
            Misfortune::DuplicatePushes { rate } => push.duplicate = rate,
            Misfortune::DelayRequests { by } => route.latency = fixed(by),
            Misfortune::FailRequests { rate } => route.error = Some(ErrorFault { rate, status: UNAVAILABLE }),
            Misfortune::LoseAnswers { rate } => route.lose_answer = rate,
            _ => {}
        }
    }
    Faults { routes: vec![route], push }
}

async fn inflict_now(server: &Server, harm: &Harm) -> Result<(), NotInflicted> {
    match server {
        Server::Here(backend) => harm_ours(backend, harm),
        Server::Told(control) => control.inflict(harm).await?,
        Server::Elsewhere => {}
    }
    Ok(())
}

/// Has the server do this from now on, in place of all that stood.
async fn set(server: &Server, faults: Faults) -> Result<(), NotInflicted> {
    match server {
        Server::Here(backend) => backend.set_faults(faults).map_err(|error| NotInflicted(error.to_string())),
        Server::Told(control) => control.set_faults(&faults).await,
        Server::Elsewhere => Ok(()),
    }
}
