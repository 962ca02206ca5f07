//! Lets faults come and go at their times.

use y2w_sdk::protocol::{ImSessionId, SessionType, Timestamp};

use super::stage::Stage;
use crate::history::What;
use crate::plan::{Fault, Misfortune, Place};
use crate::world::{Harm, NotInflicted};

/// Has every fault of the plan come and go; returns those that could not be inflicted in this world, and why.
pub(super) async fn befall(stage: &Stage<'_>, begin: Timestamp) -> Vec<(u32, NotInflicted)> {
    let mut turns: Vec<(u64, bool, &Fault)> = Vec::new();
    for fault in &stage.plan.faults {
        turns.push((fault.at.0, true, fault));
        if !fault.what.is_once() {
            turns.push((fault.at.0 + fault.lasts.0, false, fault));
        }
    }
    turns.sort_by_key(|(at, begins, fault)| (*at, *begins, fault.id));
    let mut standing: Vec<Fault> = Vec::new();
    let mut not_inflicted = Vec::new();
    for (at, begins, fault) in turns {
        let when = begin.plus(std::time::Duration::from_millis(at));
        stage.world.clock().sleep_until(when).await;
        let what = if begins { What::FaultBegins(fault.id) } else { What::FaultEnds(fault.id) };
        stage.history.note(None, what);
        if begins {
            standing.push(fault.clone());
        } else {
            standing.retain(|other| other.id != fault.id);
        }
        stage.weather.set(standing.clone());
        match &fault.what {
            Misfortune::CutPush { who } => stage.weather.cut(|actor| who.covers(actor)),
            Misfortune::HalfOpen { who } if begins => stage.weather.deaden(|actor| who.covers(actor)),
            _ => (),
        }
        // A server that several faults have stopped starts again when the last of them is over.
        let is_down = |other: &Fault| matches!(other.what, Misfortune::RestartServer { .. });
        let stays_down = !begins && is_down(fault) && standing.iter().any(is_down);
        if let Some(harm) = harm(stage, fault, begins).filter(|_| !stays_down) {
            match stage.world.inflict(harm).await {
                Ok(()) => stage.history.note(None, What::Inflicted(fault.id)),
                Err(why) => not_inflicted.push((fault.id, why)),
            }
        }
    }
    not_inflicted
}

/// What a fault does to the server when it begins, or when it is over, if it is on the server and what it is about has
/// come to be.
fn harm(stage: &Stage<'_>, fault: &Fault, begins: bool) -> Option<Harm> {
    Some(match &fault.what {
        Misfortune::RestartServer { .. } if begins => Harm::Stop,
        Misfortune::RestartServer { journal } => Harm::Start { journal: *journal },
        _ if !begins => return None,
        Misfortune::RefuseConnections => Harm::Refuse(fault.lasts.duration()),
        Misfortune::RestartPush => Harm::RestartPush,
        Misfortune::ForgetSession { session } => Harm::Forget(found(stage, session)?),
        Misfortune::MoveMts { session, by } => Harm::MoveMts(found(stage, session)?, *by),
        Misfortune::ExpireTokens { user } => Harm::ExpireTokens(Some(stage.user(user).id.clone())),
        Misfortune::ExpireImTokens => Harm::ExpireImTokens,
        Misfortune::Kick { user } => Harm::Kick(stage.user(user).id.clone()),
        _ => return None,
    })
}

fn found(stage: &Stage<'_>, place: &Place) -> Option<ImSessionId> {
    match place {
        Place::Group(name) => stage.learnt().group(name).map(|id| ImSessionId::new(SessionType::Group, id)),
        Place::Pair(one, other) => {
            stage.learnt().pair(one, other).map(|id| ImSessionId::new(SessionType::P2p, id))
        }
        Place::User(_) => None,
    }
}
