//! What is pushed reaches everybody whom it has to reach, once, and nobody else. Rules `PUSH-DELIVER`,
//! `PUSH-DELIVER-UPDATE`, `PUSH-DELIVER-ONCE`, `PUSH-DELIVER-VERBATIM`, `PUSH-DELIVER-ORDER`, `MTS-UPDATE-APPLIES`.
//!
//! Who is in a push session is known here where commands that change it did not overlap; where they did, the members
//! that a command names are known again once it is answered, and the others are not. Deliveries do not name their command:
//! they are counted, by connection and message, against what must and what may have been sent there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use y2w_sdk::protocol::push::ImSessionId;
use y2w_sdk::protocol::{SendReturnCode, SessionType, UserId};

use super::links::{AT_ONCE, Link, LinkId, Links, Moment};
use super::{Cast, Checker, Ending, Findings};
use crate::check::rules;
use crate::history::{Command, Happening, Pushed, What};
use crate::plan::Misfortune;

const UPDATE: &str = "PUSH-DELIVER-UPDATE";
const ONCE: &str = "PUSH-DELIVER-ONCE";
const VERBATIM: &str = "PUSH-DELIVER-VERBATIM";
const ORDER: &str = "PUSH-DELIVER-ORDER";
const APPLIES: &str = "MTS-UPDATE-APPLIES";

#[derive(Default)]
pub(super) struct Fanout {
    sessions: BTreeMap<ImSessionId, Session>,
    /// Every command with a message.
    carried: Vec<Carried>,
    /// By message, the commands that carry it.
    by_message: FxHashMap<Arc<str>, Vec<usize>>,
    /// Commands that wait for a reply.
    open: BTreeMap<(LinkId, String), Open>,
    /// How often each message came out at each connection, and where it was last seen.
    delivered: FxHashMap<(LinkId, Arc<str>), (u32, u64)>,
    /// By connection and session, when the latest delivered command was handed over.
    latest: BTreeMap<(LinkId, ImSessionId), u64>,
    now: u64,
}

#[derive(Default)]
struct Session {
    members: Arc<Members>,
    /// Changes with all that can change the members.
    version: u64,
    updates_open: u32,
}

/// Who is in a push session, as far as one knows.
#[derive(Clone, Debug, Default)]
struct Members {
    known: BTreeMap<UserId, bool>,
    /// Whether somebody else may be in.
    others: bool,
}

struct Open {
    command: Arc<Command>,
    /// Its place among those that carry a message.
    carried: Option<usize>,
    version: u64,
    /// Nothing that changes the members was under way when it was handed over; for one that does so itself, nothing else.
    is_alone: bool,
    /// The members before.
    before: Arc<Members>,
}

struct Carried {
    link: LinkId,
    command: Arc<Command>,
    handed: Moment,
    replied: Option<(Moment, SendReturnCode)>,
    /// Whom it goes to, if that is known.
    to: Option<Arc<Members>>,
}

impl Members {
    /// Whether somebody is in; none if that is not known.
    fn has(&self, uid: &UserId) -> Option<bool> {
        self.known.get(uid).copied().or((!self.others).then_some(false))
    }

    fn unknown() -> Arc<Self> {
        Arc::new(Self { known: BTreeMap::new(), others: true })
    }

    /// After an updateSession that was carried out.
    fn after(&self, command: &Command) -> Self {
        let mut after = if command.force { Self::default() } else { self.clone() };
        for member in command.members.iter().flatten() {
            after.known.insert(member.uid.clone(), !member.is_del);
        }
        after
    }
}

impl Fanout {
    /// The server forgets all sessions, or one of them: which, is not known here.
    fn forget(&mut self, all: bool) {
        for session in self.sessions.values_mut() {
            session.version += 1;
            let is_empty = all && session.updates_open == 0;
            session.members = if is_empty { Arc::default() } else { Members::unknown() };
        }
    }

    fn handed_over(&mut self, link: LinkId, number: u64, command: &Arc<Command>) {
        let session = self.sessions.entry(command.session.clone()).or_default();
        let is_alone = session.updates_open == 0;
        let before = session.members.clone();
        if command.is_update() {
            session.version += 1;
            session.updates_open += 1;
            session.members = Members::unknown();
        }
        let carried = command.message.clone().map(|message| {
            let place = self.carried.len();
            self.by_message.entry(message).or_default().push(place);
            self.carried.push(Carried {
                link,
                command: command.clone(),
                handed: Moment { number, at: self.now },
                replied: None,
                to: None,
            });
            place
        });
        let version = session.version;
        let open = Open { command: command.clone(), carried, version, is_alone, before };
        self.open.insert((link, command.id.clone()), open);
    }

    fn replied(&mut self, link: LinkId, number: u64, id: &str, code: SendReturnCode) {
        let Some(open) = self.open.remove(&(link, id.to_owned())) else { return };
        let Some(session) = self.sessions.get_mut(&open.command.session) else { return };
        let is_update = open.command.is_update();
        session.updates_open -= u32::from(is_update);
        let is_undisturbed = open.is_alone && session.version == open.version && session.updates_open == 0;
        let is_done = code == SendReturnCode::SUCCESS;
        if is_update && is_undisturbed {
            session.members = if is_done { Arc::new(open.before.after(&open.command)) } else { open.before };
        }
        if let Some(place) = open.carried {
            let carried = &mut self.carried[place];
            carried.replied = Some((Moment { number, at: self.now }, code));
            let of = &open.command.session;
            carried.to = if of.kind == SessionType::App {
                // A user's own devices, which need no push session. Rule `PUSH-APP`.
                let user = UserId::from(of.id.as_str());
                Some(Arc::new(Members { known: [(user, true)].into(), others: false }))
            } else {
                is_undisturbed.then(|| session.members.clone())
            };
        }
    }

    /// What a connection that is over has not been answered may have been carried out, or be so yet.
    fn closed(&mut self, link: LinkId) {
        let keys: Vec<_> = {
            let from = self.open.range((link, String::new())..);
            from.take_while(|((other, _), _)| *other == link).map(|(key, _)| key.clone()).collect()
        };
        for key in keys {
            let Some(open) = self.open.remove(&key) else { continue };
            if open.command.is_update()
                && let Some(session) = self.sessions.get_mut(&open.command.session)
            {
                session.updates_open -= 1;
                session.version += 1;
                session.members = Members::unknown();
            }
        }
    }

    fn delivered(
        &mut self,
        cast: &Cast,
        link: LinkId,
        number: u64,
        message: &Arc<str>,
        found: &mut Findings,
    ) {
        let Some(message) = self.known(message) else {
            let text =
                format!("{} gets a message that nobody has pushed like this: {message}", cast.name(link.0));
            found.add(VERBATIM, &[number], text);
            return;
        };
        let seen = self.delivered.entry((link, message.clone())).or_default();
        *seen = (seen.0 + 1, number);
        // Which of several commands it is of, nobody can say.
        let [place] = self.by_message[&message][..] else { return };
        let carried = &self.carried[place];
        let latest = self.latest.entry((link, carried.command.session.clone())).or_default();
        if let Some((replied, _)) = carried.replied.filter(|(replied, _)| replied.number < *latest) {
            let text = format!(
                "{} gets a push to {} after one that was sent later, when the first had been answered",
                cast.name(link.0),
                carried.command.session
            );
            found.add(ORDER, &[carried.handed.number, replied.number, *latest, number], text);
        }
        *latest = carried.handed.number.max(*latest);
    }

    /// The message among those that were pushed: the same text, or the same JSON.
    fn known(&self, message: &Arc<str>) -> Option<Arc<str>> {
        if let Some((known, _)) = self.by_message.get_key_value(message) {
            return Some(known.clone());
        }
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let wanted = value(message)?;
        self.by_message.keys().find(|known| value(known).is_some_and(|known| known == wanted)).cloned()
    }

    /// Whether a command may have reached a connection.
    fn may_reach(&self, carried: &Carried, id: LinkId, link: &Link) -> bool {
        let is_in = carried.to.as_ref().is_none_or(|to| to.has(&link.uid) != Some(false));
        let is_late = |(replied, _): (Moment, SendReturnCode)| link.introduced > replied;
        let is_refused = carried.replied.is_some_and(|(_, code)| code != SendReturnCode::SUCCESS);
        is_in && id != carried.link && !is_refused && !carried.replied.is_some_and(is_late)
    }

    /// Counts what each connection has to get.
    fn due<'a>(&'a self, links: &Links) -> FxHashMap<(LinkId, &'a Arc<str>), (u32, usize)> {
        let mut due: FxHashMap<(LinkId, &Arc<str>), (u32, usize)> = FxHashMap::default();
        for (place, carried) in self.carried.iter().enumerate() {
            let (Some((replied, SendReturnCode::SUCCESS)), Some(to)) = (carried.replied, &carried.to) else {
                continue;
            };
            let Some(message) = &carried.command.message else { continue };
            let members = to.known.iter().filter(|(_, is_in)| **is_in);
            for (id, link) in members.flat_map(|(uid, _)| links.of_user(uid)) {
                let is_there = link.accepted.is_some_and(|accepted| accepted < carried.handed);
                let until = link.ended().map_or(self.now, |moment| moment.at);
                if id != carried.link && is_there && until > replied.at + AT_ONCE {
                    due.entry((id, message)).or_insert((0, place)).0 += 1;
                }
            }
        }
        due
    }
}

/// Messages that more commands than this carry are not told apart.
const ALIKE_MAX: usize = 64;

impl Checker for Fanout {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        self.now = happening.at;
        let fault = match happening.what {
            What::FaultBegins(fault) | What::Inflicted(fault) => cast.fault(fault),
            _ => None,
        };
        match fault {
            // It may be inflicted in a moment, or not at all.
            Some(what) if what.restarts_push() => self.forget(matches!(happening.what, What::Inflicted(_))),
            Some(Misfortune::ForgetSession { .. }) => self.forget(false),
            _ => (),
        }
        let Some(link) = cast.links.of(happening) else { return };
        let What::Push { pushed, .. } = &happening.what else { return };
        match pushed {
            Pushed::Command(command) => self.handed_over(link, number, command),
            Pushed::Reply(reply) => {
                let id = reply.message_id.as_deref().unwrap_or_default();
                self.replied(link, number, id, reply.return_code);
            }
            Pushed::Delivery(message) => self.delivered(cast, link, number, message, found),
            Pushed::Closed(_) => self.closed(link),
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        let mut missing: Vec<_> = self.due(&ending.cast.links).into_iter().collect();
        // The order of what is found must not hang on how the table is laid out.
        missing.sort_by_key(|((id, _), (_, place))| (*place, *id));
        for ((id, message), (count, place)) in missing {
            let got = self.delivered.get(&(id, message.clone())).map_or(0, |(count, _)| *count);
            if got < count {
                let carried = &self.carried[place];
                let rule = if carried.command.is_update() { UPDATE } else { rules::PUSHED };
                let text = format!(
                    "{} did not get {message}, which {} pushed to {}: {got} times in place of {count}",
                    ending.cast.name(id.0),
                    ending.cast.name(carried.link.0),
                    carried.command.session
                );
                found.add(rule, &[carried.handed.number], text);
            }
        }
        let mut got: Vec<_> = self.delivered.iter().collect();
        got.sort_by_key(|(_, (_, number))| *number);
        for ((id, message), (count, number)) in got {
            let alike = &self.by_message[message];
            let Some(link) = ending.cast.links.link(*id).filter(|_| alike.len() <= ALIKE_MAX) else {
                continue;
            };
            let reach = |place: &&usize| self.may_reach(&self.carried[**place], *id, link);
            let may = alike.iter().filter(reach).count();
            if *count as usize <= may {
                continue;
            }
            let is_out = alike.iter().all(|place| {
                let to = self.carried[*place].to.as_ref();
                to.is_some_and(|to| to.has(&link.uid) == Some(false))
            });
            let rule = if is_out { APPLIES } else { ONCE };
            let why = if is_out { ", and its user is no member" } else { "" };
            let text = format!(
                "{} got {message} {count} times, and may have got it {may} times{why}",
                ending.cast.name(id.0)
            );
            let witnesses: Vec<u64> =
                alike.iter().map(|place| self.carried[*place].handed.number).chain([*number]).collect();
            found.add(rule, &witnesses, text);
        }
    }
}
