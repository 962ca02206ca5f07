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
        if probe(World::new(&[])).await {
            seen.push(quirk.name());
        }
    }
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn every_probe_sees_its_quirk() {
    let mut unseen = Vec::new();
    for (quirk, probe) in probes() {
        if !probe(World::new(&[*quirk])).await {
            unseen.push(quirk.name());
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}
