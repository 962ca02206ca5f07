//! When everything is quiet, every device knows what the server knows. Rules `SYNC-LOSSLESS`, `SYNC-TOMBSTONE`,
//! `PUSH-DELIVER`.

use std::collections::{BTreeMap, BTreeSet};

use y2w_sdk::Event;
use y2w_sdk::protocol::{ImSessionId, SendReturnCode};
use y2w_sdk::push::ConnectionState;

use super::links::LinkId;
use super::{Cast, Checker, Ending, Findings};
use crate::check::rules;
use crate::history::{Happening, Pushed, What};
use crate::plan::{Action, Misfortune};
use crate::play::{DeviceView, View, step_said};

const TOMBSTONE: &str = "SYNC-TOMBSTONE";

#[derive(Default)]
pub(super) struct Agreement {
    /// Devices whose connection has ended for good: nobody tells them anything any more.
    away: BTreeMap<usize, bool>,
    /// What each device did and may not have told anybody of: messages that are stored and whose notice is not sent, and
    /// when its last step began.
    owed: BTreeMap<usize, (i64, u64)>,
    /// When each device was last connected.
    connected: BTreeMap<usize, u64>,
    /// When each step began.
    begun: BTreeMap<u32, u64>,
    /// Whether a device ended, or was thrown out, with something untold; or could not tell it.
    is_untold: bool,
    recovering: Recovering,
}

/// Connections on which a client has learnt that the push server is behind, code 28, and has not told it yet which members
/// are new. A push server that forgets the session at that moment makes it anew of those members alone, and takes their mts:
/// the others learn of nothing more until the next change. Rules `CLIENT-RECOVER-28`, `MTS-UPDATE-CREATES`.
#[derive(Default)]
struct Recovering {
    /// The session of each command that waits for its reply.
    open: BTreeMap<(LinkId, String), ImSessionId>,
    behind: BTreeSet<(LinkId, ImSessionId)>,
}

impl Recovering {
    fn watch(&mut self, link: LinkId, pushed: &Pushed) {
        match pushed {
            Pushed::Command(command) => {
                if command.is_update() {
                    self.behind.remove(&(link, command.session.clone()));
                }
                self.open.insert((link, command.id.clone()), command.session.clone());
            }
            Pushed::Reply(reply) => {
                let open = reply.message_id.clone().and_then(|id| self.open.remove(&(link, id)));
                let is_28 = reply.return_code == SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED;
                self.behind.extend(open.filter(|_| is_28).map(|session| (link, session)));
            }
            Pushed::Closed(_) => {
                self.open.retain(|(of, _), _| *of != link);
                self.behind.retain(|(of, _)| *of != link);
            }
            _ => (),
        }
    }
}

/// Whatever a device does is told within this time, in microseconds, if it can be told at all.
const TOLD_WITHIN: u64 = 120_000_000;

impl Checker for Agreement {
    fn watch(&mut self, cast: &Cast, _: u64, happening: &Happening, _: &mut Findings) {
        if let What::FaultBegins(fault) | What::Inflicted(fault) = happening.what {
            let forgets = |fault: &Misfortune| {
                fault.restarts_push() || matches!(fault, Misfortune::ForgetSession { .. })
            };
            self.is_untold |= !self.recovering.behind.is_empty() && cast.fault(fault).is_some_and(forgets);
        }
        if let (Some(link), What::Push { pushed, .. }) = (cast.links.of(happening), &happening.what) {
            self.recovering.watch(link, pushed);
        }
        let Some(device) = happening.device else {
            return;
        };
        match &happening.what {
            What::Told(Event::Connection(ConnectionState::Connected)) => {
                self.connected.insert(device, happening.at);
            }
            What::StepBegins(step) => {
                self.begun.insert(*step, happening.at);
                self.owed.entry(device).or_default().1 = happening.at;
                self.is_untold |= self.away.get(&device) == Some(&true);
            }
            What::Told(Event::Stored { .. }) => self.owed.entry(device).or_default().0 += 1,
            What::Told(Event::NoticeSent { local_id: Some(_), .. }) => {
                self.owed.entry(device).or_default().0 -= 1;
            }
            What::Told(Event::NoticeFailed { .. }) => self.is_untold = true,
            What::LoggedIn(_) => {
                self.away.insert(device, false);
                self.owed.remove(&device);
            }
            What::LoggedOut => self.gone(device, happening.at),
            What::Told(Event::Connection(ConnectionState::Disconnected { .. })) => {
                self.away.insert(device, true);
                self.gone(device, happening.at);
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
        // The push server may have been told what is not, or not any more.
        let is_misled = |action: &Action| matches!(action, Action::PushMembers { force: true, .. });
        let is_misled = ending.plan.steps.iter().any(|step| is_misled(&step.action));
        if !ending.played.restless.is_empty() || self.is_untold || is_misled {
            // What some know is on its way yet, or will never come.
            return;
        }
        let (left, changed) = (left(ending), self.changed(ending));
        for seen in &ending.played.views {
            if self.away.get(&seen.device) != Some(&true) {
                let connected = self.connected.get(&seen.device).copied().unwrap_or(0);
                compare(ending, seen, &left, Untold { changed: &changed, connected }, found);
            }
        }
    }
}

/// What one device may not have been told of: messages that were changed before it last connected. Of a change to a
/// message that is not the newest its conversation shows nothing, so that who missed the notice learns of it when the
/// messages are synced for another reason. Rules `CLIENT-ON-CONNECTED`, `CLIENT-SYNC-MESSAGES-WHEN`.
#[derive(Clone, Copy)]
struct Untold<'a> {
    /// By the step that sent a message, when it was first changed.
    changed: &'a BTreeMap<u32, u64>,
    connected: u64,
}

impl Untold<'_> {
    fn has(self, step: u32) -> bool {
        self.changed.get(&step).is_some_and(|at| *at <= self.connected)
    }
}

impl Agreement {
    /// When the message of each step was first changed, of those that were.
    fn changed(&self, ending: &Ending<'_>) -> BTreeMap<u32, u64> {
        let mut changed = BTreeMap::new();
        for step in &ending.plan.steps {
            if let (Some(sent), Some(at)) = (step.action.of_step(), self.begun.get(&step.id)) {
                let first: &mut u64 = changed.entry(sent).or_insert(*at);
                *first = (*first).min(*at);
            }
        }
        changed
    }

    fn gone(&mut self, device: usize, at: u64) {
        let owes = |(messages, step): &(i64, u64)| *messages > 0 || at.saturating_sub(*step) < TOLD_WITHIN;
        self.is_untold |= self.owed.get(&device).is_some_and(owes);
    }
}

fn compare(
    ending: &Ending<'_>,
    seen: &DeviceView,
    left: &Left<'_>,
    untold: Untold<'_>,
    found: &mut Findings,
) {
    let name = ending.cast.name(seen.device);
    let truth = &ending.played.truth[seen.user].view;
    let mut differ = |what: &str, difference: Option<Difference>| {
        if let Some(difference) = difference {
            found.add(difference.rule(), &[], format!("{name} {} {what}", difference.text()));
        }
    };
    differ("among its contacts", of_maps(&seen.view.contacts, &truth.contacts));
    differ("among its favourites", of_maps(&seen.view.favourites, &truth.favourites));
    let user = &*ending.plan.users[seen.user].name;
    let has_left =
        |with: &str| left.get(with.trim_start_matches('#')).is_some_and(|users| users.contains(user));
    differ("among its conversations", of_conversations(&seen.view, truth, has_left));
    for (place, room) in &truth.rooms {
        // One whose conversation was deleted is not caught up with when a notice of it is lost.
        if left.contains_key(place.trim_start_matches('#')) || !is_shown(truth, place) {
            continue;
        }
        let Some(mine) = seen.view.rooms.get(place) else {
            if seen.follows_all {
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
        let of_steps = |messages| of_steps(messages, untold);
        let theirs = of_steps(room.messages.as_deref().unwrap_or_default());
        differ(&format!("among the messages of {place}"), of_lists(&of_steps(messages), &theirs));
    }
}

/// Of each conversation that somebody said something in last: whether it is on top, and what was said. That it was read
/// on one device, the others are not told; nor is anybody told of a session that was opened and no more, nor of what was
/// changed in a group that the user has left.
fn of_conversations(mine: &View, theirs: &View, has_left: impl Fn(&str) -> bool) -> Option<Difference> {
    let told = |view: &View, keys: &View| -> BTreeMap<String, String> {
        let said = |with: &String| keys.conversations.get(with).is_none_or(|c| step_said(&c.last).is_some());
        let all = view.conversations.iter().filter(|(with, _)| said(with) && !has_left(with));
        let words = |top| if top { "on top, the last message" } else { "the last message" };
        all.map(|(with, c)| (with.clone(), format!("{} {}", words(c.top), c.last))).collect()
    };
    of_maps(&told(mine, theirs), &told(theirs, theirs))
}

/// Who left which groups by themselves: who has left cannot tell the others, who learn of it, and of the role that is
/// passed on, with their next sync; nor their own other devices.
type Left<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn left<'a>(ending: &Ending<'a>) -> Left<'a> {
    let mut left = Left::new();
    for step in &ending.plan.steps {
        match &step.action {
            Action::RemoveMember { group, user } if *user == step.by.user => {
                left.entry(group).or_default().insert(user);
            }
            _ => (),
        }
    }
    left
}

/// What people sent, but for these steps. What the server says itself comes with no push of its own: a client has it with its next sync.
fn of_steps(messages: &[String], but: Untold<'_>) -> Vec<String> {
    let is_meant = |text: &&String| step_said(text).is_some_and(|step| !but.has(step));
    messages.iter().filter(is_meant).cloned().collect()
}

/// Whether there is a conversation that leads to that session, in which somebody said something last.
fn is_shown(truth: &View, place: &str) -> bool {
    let leads = |with: &str| with == place || place.split('+').any(|user| user == with);
    truth.conversations.iter().any(|(with, c)| leads(with) && step_said(&c.last).is_some())
}

/// The first difference between what is known and what is true.
enum Difference {
    Lacks(String),
    HasStill(String),
    Other(String, String, String),
    Order(String, String),
}

impl Difference {
    fn rule(&self) -> &'static str {
        match self {
            Self::Lacks(_) | Self::Other(..) => rules::LOST,
            Self::HasStill(_) => TOMBSTONE,
            Self::Order(..) => rules::SESSION_ORDER,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Lacks(key) => format!("does not know `{key}`, which the server has,"),
            Self::HasStill(key) => format!("still knows `{key}`, which the server has no more,"),
            Self::Order(mine, theirs) => format!("has `{mine}` where the server has `{theirs}`,"),
            Self::Other(key, mine, theirs) => {
                format!("knows `{key}` as `{mine}`, and the server as `{theirs}`,")
            }
        }
    }
}

fn of_maps(mine: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) -> Option<Difference> {
    for (key, value) in theirs {
        match mine.get(key) {
            None => return Some(Difference::Lacks(key.clone())),
            Some(other) if other != value => {
                return Some(Difference::Other(key.clone(), other.clone(), value.clone()));
            }
            Some(_) => (),
        }
    }
    mine.keys().find(|key| !theirs.contains_key(*key)).map(|key| Difference::HasStill(key.clone()))
}

fn of_lists(mine: &[String], theirs: &[String]) -> Option<Difference> {
    // How many more of each text there are in theirs than in mine.
    let mut more: BTreeMap<&str, i64> = BTreeMap::new();
    for (list, step) in [(theirs, 1), (mine, -1)] {
        list.iter().for_each(|text| *more.entry(text).or_default() += step);
    }
    if let Some(text) = theirs.iter().find(|text| more[text.as_str()] > 0) {
        return Some(Difference::Lacks(text.clone()));
    }
    if let Some(text) = mine.iter().find(|text| more[text.as_str()] < 0) {
        return Some(Difference::HasStill(text.clone()));
    }
    let (mine, theirs) = mine.iter().zip(theirs).find(|(mine, theirs)| mine != theirs)?;
    Some(Difference::Order(mine.clone(), theirs.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_differ_by_how_often_they_have_a_text_and_then_by_its_place() {
        let texts = |list: &str| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (mine, theirs, difference) in [
            ("a b a", "a b a", None),
            ("a b a", "a a b", Some("has `b` where the server has `a`,")),
            ("a b", "a a b", Some("does not know `a`, which the server has,")),
            ("a b c", "a b", Some("still knows `c`, which the server has no more,")),
            ("c", "b", Some("does not know `b`, which the server has,")),
        ] {
            let found = of_lists(&texts(mine), &texts(theirs)).map(|difference| difference.text());
            assert_eq!(found.as_deref(), difference, "{mine} and {theirs}");
        }
    }
}
