//! When everything is quiet, every device knows what the server knows. Rules `SYNC-LOSSLESS`, `SYNC-TOMBSTONE`,
//! `PUSH-DELIVER`.

use std::collections::BTreeMap;
use std::fmt::Debug;

use y2w_sdk::Event;
use y2w_sdk::push::ConnectionState;

use super::{Cast, Checker, Ending, Findings};
use crate::check::rules;
use crate::history::{Happening, What};
use crate::play::DeviceView;

const TOMBSTONE: &str = "SYNC-TOMBSTONE";

#[derive(Default)]
pub(super) struct Agreement {
    /// Devices whose connection has ended for good: nobody tells them anything any more.
    away: BTreeMap<usize, bool>,
}

impl Checker for Agreement {
    fn watch(&mut self, _: &Cast, _: u64, happening: &Happening, _: &mut Findings) {
        let Some(device) = happening.device else {
            return;
        };
        match &happening.what {
            What::LoggedIn => drop(self.away.insert(device, false)),
            What::Told(Event::Connection(ConnectionState::Disconnected { .. })) => {
                self.away.insert(device, true);
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        for actor in &ending.played.restless {
            let text = format!(
                "{actor} has not come to rest {} after the last step and the end of the last fault",
                ending.plan.quiet
            );
            found.add(rules::LOST, &[], text);
        }
        if !ending.played.restless.is_empty() {
            // What they know is on its way yet.
            return;
        }
        for seen in &ending.played.views {
            if self.away.get(&seen.device) != Some(&true) {
                compare(ending, seen, found);
            }
        }
    }
}

fn compare(ending: &Ending<'_>, seen: &DeviceView, found: &mut Findings) {
    let name = ending.cast.name(seen.device);
    let truth = &ending.played.truth[seen.user].view;
    let mut differ = |what: &str, difference: Option<Difference>| {
        if let Some(difference) = difference {
            found.add(difference.rule(), &[], format!("{name} {} {what}", difference.text()));
        }
    };
    differ("among its contacts", of_maps(&seen.view.contacts, &truth.contacts));
    differ("among its favourites", of_maps(&seen.view.favourites, &truth.favourites));
    differ("among its conversations", of_maps(&seen.view.conversations, &truth.conversations));
    for (place, room) in &truth.rooms {
        let Some(mine) = seen.view.rooms.get(place) else {
            if seen.follows_all && room.messages.as_ref().is_some_and(|messages| !messages.is_empty()) {
                differ("among its sessions", Some(Difference::Lacks(place.clone())));
            }
            continue;
        };
        let Some(messages) = &mine.messages else {
            continue;
        };
        differ(&format!("as a member of {place}"), of_maps(&mine.members, &room.members));
        if mine.name != room.name {
            let other = Difference::Other(place.clone(), mine.name.clone(), room.name.clone());
            differ("as its name", Some(other));
        }
        let theirs = room.messages.as_deref().unwrap_or_default();
        differ(&format!("among the messages of {place}"), of_lists(messages, theirs));
    }
}

/// The first difference between what is known and what is true.
enum Difference {
    Lacks(String),
    HasStill(String),
    Other(String, String, String),
}

impl Difference {
    fn rule(&self) -> &'static str {
        match self {
            Self::Lacks(_) | Self::Other(..) => rules::LOST,
            Self::HasStill(_) => TOMBSTONE,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Lacks(key) => format!("does not know `{key}`, which the server has,"),
            Self::HasStill(key) => format!("still knows `{key}`, which the server has no more,"),
            Self::Other(key, mine, theirs) => format!("knows `{key}` as {mine}, and the server as {theirs},"),
        }
    }
}

fn of_maps<V: PartialEq + Debug>(
    mine: &BTreeMap<String, V>,
    theirs: &BTreeMap<String, V>,
) -> Option<Difference> {
    for (key, value) in theirs {
        match mine.get(key) {
            None => return Some(Difference::Lacks(key.clone())),
            Some(other) if other != value => {
                return Some(Difference::Other(key.clone(), format!("{other:?}"), format!("{value:?}")));
            }
            Some(_) => (),
        }
    }
    mine.keys().find(|key| !theirs.contains_key(*key)).map(|key| Difference::HasStill(key.clone()))
}

fn of_lists(mine: &[String], theirs: &[String]) -> Option<Difference> {
    let count = |list: &[String], text: &String| list.iter().filter(|other| *other == text).count();
    if let Some(text) = theirs.iter().find(|text| count(mine, text) < count(theirs, text)) {
        return Some(Difference::Lacks(text.clone()));
    }
    mine.iter()
        .find(|text| count(mine, text) > count(theirs, text))
        .map(|text| Difference::HasStill(text.clone()))
}
