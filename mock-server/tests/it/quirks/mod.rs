//! Every quirk is seen where it is on, and not where it is off.

mod accounts;
mod answers;
mod connections;
mod conversations;
mod history;
mod members;
mod messages;
mod push;
mod sync;
mod world;

use std::collections::BTreeSet;

use y2w_mock_server::quirks::Quirk;

use self::world::{Probe, World};

fn probes() -> impl Iterator<Item = &'static (Quirk, Probe)> {
    [
        accounts::PROBES,
        answers::PROBES,
        connections::PROBES,
        conversations::PROBES,
        history::PROBES,
        members::PROBES,
        messages::PROBES,
        push::PROBES,
        sync::PROBES,
    ]
    .into_iter()
    .flatten()
}

/// A server for a probe, with its quirk or without. What the server says in a new p2p session would only be in the way, so
/// that is off but for the probe of it.
fn world(probed: Quirk, is_on: bool) -> World {
    let silent = (probed != Quirk::P2pSilent).then_some(Quirk::P2pSilent);
    let quirks: Vec<Quirk> = silent.into_iter().chain(is_on.then_some(probed)).collect();
    World::new(&quirks)
}

#[test]
fn every_quirk_has_a_probe() {
    let probed: BTreeSet<Quirk> = probes().map(|(quirk, _)| *quirk).collect();
    let missing: Vec<_> = Quirk::ALL.iter().filter(|quirk| !probed.contains(quirk)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test(start_paused = true)]
async fn no_probe_sees_a_quirk_in_a_strict_server() {
    let mut seen = Vec::new();
    for (quirk, probe) in probes() {
        if probe(world(*quirk, false)).await {
            seen.push(quirk.name());
        }
    }
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn every_probe_sees_its_quirk() {
    let mut unseen = Vec::new();
    for (quirk, probe) in probes() {
        if !probe(world(*quirk, true)).await {
            unseen.push(quirk.name());
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}
