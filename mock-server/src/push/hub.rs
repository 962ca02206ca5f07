//! Who is connected, who is in which push session, and what a command does: pure.
//!
//! A connection lives from an accepted [`Hub::connect`] until [`Hub::disconnect`], or until a later connection of its
//! user and device class takes its place. The caller moves the bytes.
//!
//! Invariants: a user has at most one live connection of each device class (`CONN-KICK`); a push session is an mts and a
//! set of uids and nothing more (`MTS-STATE-ONLY`); a command that fails has changed nothing and reaches nobody
//! (`PUSH-FAILURE-NO-EFFECT`). A command costs its members, never all connections.

use std::cmp::Ordering;

use bytes::Bytes;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use serde_json::value::RawValue;
use y2w_sdk::protocol::push::{ClientId, DeviceClass, ImMember, delivery_payload};
use y2w_sdk::protocol::{ConnectionReturnCode, ImSessionId, SendReturnCode, SessionType, UserId};

use super::command::{self, Command};
use crate::quirks::{Quirk, Quirks};

/// A connection's number in its server; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What becomes of somebody who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectOutcome {
    /// It is live from now on.
    Accepted {
        /// The older connection whose place it took.
        displaced: Option<Displaced>,
    },
    /// It is not let in. Rule `CONN-RECONNECT-REFUSED`.
    Refused(ConnectionReturnCode),
}

/// A connection that has to end, because another took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Displaced {
    /// It gets the notice 10 first. Rules `CONN-KICK`, `CONN-KICK-CLOSE`.
    Kicked(ConnId),
    /// Closed without a word: its own client is back. Rule `CONN-TAKEOVER`.
    Replaced(ConnId),
}

/// What a command leads to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The payload for the sender. Rule `PUSH-REPLY`.
    pub reply: Bytes,
    /// The payload for others, if there are any.
    pub delivery: Option<Delivery>,
}

/// One payload for many connections. Rules `PUSH-DELIVER`, `PUSH-DELIVER-ONCE`.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What they get.
    pub payload: Bytes,
    /// Who gets it, each once.
    pub to: Vec<ConnId>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Hub {
    sessions: FxHashMap<ImSessionId, PushSession>,
    users: FxHashMap<UserId, Devices>,
    connections: FxHashMap<ConnId, Connection>,
    quirks: Quirks,
}

impl Hub {
    /// An empty hub that breaks the rules as it is told.
    pub fn with_quirks(quirks: Quirks) -> Self {
        Self { quirks, ..Self::default() }
    }

    /// A client whose token was found good connects. Rules `CONN-KICK`, `CONN-DEVICE-CLASSES`, `CONN-TAKEOVER`,
    /// `CONN-RECONNECT-REFUSED`, `CONN-RECONNECT-FREE`.
    pub fn connect(&mut self, id: ConnId, uid: &UserId, client: ClientId) -> ConnectOutcome {
        let has = |quirk| self.quirks.on(quirk);
        let of_class = self.users.get(uid).and_then(|devices| devices.of_class(client.device));
        let across = !client.reconnection && has(Quirk::KickAcrossDevices);
        let older = of_class.or_else(|| self.connections_of(uid).next().filter(|_| across));
        let displaced = match older.and_then(|older| Some((older, self.connections.get(&older)?))) {
            None if client.reconnection && has(Quirk::ReconnectionNeedsLive) => {
                return ConnectOutcome::Refused(ConnectionReturnCode::KICKED);
            }
            None => None,
            Some((older, _)) if !client.reconnection && has(Quirk::KickSilent) => {
                Some(Displaced::Replaced(older))
            }
            Some((older, _)) if !client.reconnection => Some(Displaced::Kicked(older)),
            Some((older, known)) if known.client.guid == client.guid && !has(Quirk::TakeoverKicks) => {
                Some(Displaced::Replaced(older))
            }
            Some((older, known)) if known.client.guid == client.guid => Some(Displaced::Kicked(older)),
            Some((older, _)) if has(Quirk::ReconnectionAlwaysWins) => Some(Displaced::Kicked(older)),
            Some(_) => return ConnectOutcome::Refused(ConnectionReturnCode::KICKED),
        };
        let stays = has(Quirk::KickLeavesOlder) && matches!(displaced, Some(Displaced::Kicked(_)));
        let displaced = displaced.filter(|_| !stays);
        if let Some(older) = older
            && !stays
        {
            self.disconnect(older);
        }
        *self.users.entry(uid.clone()).or_default().of_class_mut(client.device) = Some(id);
        self.connections.insert(id, Connection { uid: uid.clone(), client });
        ConnectOutcome::Accepted { displaced }
    }

    /// A connection has ended; one that was displaced is gone already.
    pub fn disconnect(&mut self, id: ConnId) {
        let Some(gone) = self.connections.remove(&id) else {
            return;
        };
        if let Some(devices) = self.users.get_mut(&gone.uid) {
            let place = devices.of_class_mut(gone.client.device);
            if *place == Some(id) {
                *place = None;
            }
            if devices.is_empty() {
                self.users.remove(&gone.uid);
            }
        }
    }

    /// A connection sends a command. Rules `PUSH-CHECK-ORDER`, `PUSH-REPLY`; `None` if the connection is not live.
    pub fn command(&mut self, from: ConnId, topic: &str, payload: &[u8]) -> Option<Outcome> {
        let sender = self.connections.get(&from)?.uid.clone();
        let (mut echo, parsed) = command::parse(topic, payload);
        let is_update = matches!(parsed, Ok(Command::Update { .. }));
        let verdict = match parsed {
            Ok(command) => self.carry_out(command),
            Err(code) => Verdict::failure(code, None),
        };
        let verdict = self.distorted(verdict, is_update);
        let delivery = verdict.push.and_then(|push| {
            let to = self.receivers(&push, from);
            let as_string = self.quirks.on(Quirk::PushAsString).then(|| quoted(push.message));
            let message = as_string.as_deref().unwrap_or(push.message);
            (!to.is_empty())
                .then(|| Delivery { payload: delivery_payload(message, &sender, &push.session).into(), to })
        });
        if self.quirks.on(Quirk::ReplyWithoutId) {
            echo.message_id = None;
        }
        Some(Outcome { reply: echo.reply(verdict.code, verdict.mts).into(), delivery })
    }

    /// Loses a push session, as a restart would. Rule `MTS-FORGETS`.
    pub fn forget(&mut self, session: &ImSessionId) -> bool {
        self.sessions.remove(session).is_some()
    }

    /// Loses all push sessions; says how many there were.
    pub fn forget_all(&mut self) -> usize {
        std::mem::take(&mut self.sessions).len()
    }

    /// The mts of a session, if it is known.
    pub fn mts(&self, session: &ImSessionId) -> Option<i64> {
        self.sessions.get(session).map(|known| known.mts)
    }

    /// Gives a known session another mts; says which it had.
    pub fn set_mts(&mut self, session: &ImSessionId, mts: i64) -> Option<i64> {
        self.sessions.get_mut(session).map(|known| std::mem::replace(&mut known.mts, mts))
    }

    /// Every session: its mts and how many members it has, in no order.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = (&ImSessionId, i64, usize)> {
        self.sessions.iter().map(|(id, known)| (id, known.mts, known.members.len()))
    }

    /// Every live connection: whose it is and on what device, in no order.
    pub fn connections(&self) -> impl ExactSizeIterator<Item = (ConnId, &UserId, DeviceClass)> {
        self.connections.iter().map(|(id, known)| (*id, &known.uid, known.client.device))
    }

    /// A user's live connections.
    pub fn connections_of(&self, uid: &UserId) -> impl Iterator<Item = ConnId> + use<'_> {
        self.users.get(uid).into_iter().flat_map(Devices::live)
    }

    /// How many connections are live.
    pub fn live(&self) -> usize {
        self.connections.len()
    }

    fn carry_out<'a>(&mut self, command: Command<'a>) -> Verdict<'a> {
        match command {
            Command::Send { session, mts, message } => self.send(session, mts, message),
            Command::Update { session, mts, members, force, message } => {
                self.update(session, mts, members, force, message)
            }
        }
    }

    /// Rules `MTS-UNKNOWN-SESSION`, `MTS-CLIENT-BEHIND`, `MTS-SERVER-BEHIND`, `PUSH-APP`.
    fn send<'a>(&self, id: ImSessionId, mts: i64, message: Option<&'a RawValue>) -> Verdict<'a> {
        if id.kind == SessionType::App && !self.quirks.on(Quirk::AppNeedsSession) {
            return Verdict::success(id, message);
        }
        let Some(known) = self.sessions.get(&id) else {
            return Verdict::failure(SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST, None);
        };
        match mts.cmp(&known.mts) {
            _ if self.quirks.on(Quirk::MtsUnchecked) => Verdict::success(id, message),
            Ordering::Less => {
                Verdict::failure(SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, Some(known.mts))
            }
            Ordering::Greater => {
                Verdict::failure(SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED, Some(known.mts))
            }
            Ordering::Equal if known.members.is_empty() => {
                Verdict::failure(SendReturnCode::SESSION_MEMBERS_IS_NULL, None)
            }
            Ordering::Equal => Verdict::success(id, message),
        }
    }

    /// Rules `MTS-UPDATE-CREATES`, `MTS-UPDATE-BEHIND`, `MTS-UPDATE-APPLIES`, `MTS-UPDATE-TAKES-MTS`, `MTS-FORCE`.
    fn update<'a>(
        &mut self,
        id: ImSessionId,
        mts: i64,
        members: Vec<ImMember>,
        force: bool,
        message: Option<&'a RawValue>,
    ) -> Verdict<'a> {
        if id.kind == SessionType::App {
            return Verdict::success(id, message);
        }
        let has = |quirk| self.quirks.on(quirk);
        let is_new = !self.sessions.contains_key(&id);
        if is_new && has(Quirk::UpdateNeedsSession) {
            return Verdict::failure(SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST, None);
        }
        let known = self
            .sessions
            .entry(id.clone())
            .or_insert_with(|| PushSession { mts, members: IndexSet::default() });
        let is_behind = mts < known.mts && !force && !has(Quirk::UpdateBehindApplies);
        let refusal = Verdict::failure(SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED, Some(known.mts));
        if is_behind && !has(Quirk::RefusedUpdateApplies) {
            return refusal;
        }
        if !has(Quirk::UpdateKeepsMts) && !is_behind {
            known.mts = mts;
        }
        if (force && !has(Quirk::ForceMerges)) || has(Quirk::UpdateReplaces) {
            known.members.clear();
        }
        for member in members {
            if !member.is_del {
                if is_new || force || !has(Quirk::NewMemberNotPushed) {
                    known.members.insert(member.uid);
                }
            } else if !has(Quirk::RemovedStillPushed) {
                known.members.swap_remove(&member.uid);
            }
        }
        if is_behind { refusal } else { Verdict::success(id, message) }
    }

    /// What quirks make of a verdict.
    fn distorted<'a>(&mut self, mut verdict: Verdict<'a>, is_update: bool) -> Verdict<'a> {
        use SendReturnCode as Code;
        if self.quirks.is_empty() {
            return verdict;
        }
        for (quirk, code, told) in [
            (
                Quirk::BehindAs28,
                Code::SESSION_MTS_ON_CLIENT_HAS_EXPIRED,
                Code::SESSION_MTS_ON_SERVER_HAS_EXPIRED,
            ),
            (Quirk::EmptySession20, Code::SESSION_MEMBERS_IS_NULL, Code::SUCCESS),
            (Quirk::UnknownSession20, Code::SESSION_ON_SERVER_IS_NOT_EXIST, Code::SUCCESS),
            (Quirk::BadJson22, Code::INVALID_FORMAT_OF_JSON_CONTENT, Code::CMD_IS_INVALID),
        ] {
            if verdict.code == code && self.quirks.on(quirk) {
                verdict.code = told;
                break;
            }
        }
        if self.quirks.on(Quirk::ReplyWithoutMts) {
            verdict.mts = None;
        }
        let undelivered = is_update && self.quirks.on(Quirk::UpdateNotDelivered);
        verdict.push = verdict.push.filter(|_| !undelivered && !self.quirks.strikes(Quirk::FanOutLost));
        verdict
    }

    fn receivers(&mut self, push: &Pushed<'_>, from: ConnId) -> Vec<ConnId> {
        let members = self.sessions.get(&push.session);
        let addressed = (push.session.kind == SessionType::App).then(|| push.session.id.as_str());
        let of_members = members
            .filter(|_| addressed.is_none())
            .into_iter()
            .flat_map(|session| &session.members)
            .filter_map(|uid| self.users.get(uid));
        let of_addressed = addressed.and_then(|uid| self.users.get(uid));
        let to_sender = self.quirks.on(Quirk::PushToSender);
        let live = of_members.chain(of_addressed).flat_map(Devices::live);
        let mut to: Vec<ConnId> = live.filter(|id| *id != from || to_sender).collect();
        if self.quirks.on(Quirk::PushNotToOwnDevices) {
            let uid_of = |id: &ConnId| self.connections.get(id).map(|connection| &connection.uid);
            to.retain(|id| uid_of(id) != uid_of(&from));
        }
        if self.quirks.is_empty() {
            return to;
        }
        to.retain(|_| !self.quirks.strikes(Quirk::PushLost));
        let twice: Vec<ConnId> =
            to.iter().copied().filter(|_| self.quirks.strikes(Quirk::PushTwice)).collect();
        to.extend(twice);
        to
    }
}

/// A value as a string that holds it.
fn quoted(message: &RawValue) -> Box<RawValue> {
    serde_json::value::to_raw_value(message.get()).expect("a string is JSON")
}

#[derive(Debug)]
struct Connection {
    uid: UserId,
    client: ClientId,
}

#[derive(Debug)]
struct PushSession {
    mts: i64,
    members: IndexSet<UserId, FxBuildHasher>,
}

#[derive(Debug, Default)]
struct Devices {
    web: Option<ConnId>,
    mobile: Option<ConnId>,
}

impl Devices {
    fn of_class(&self, class: DeviceClass) -> Option<ConnId> {
        match class {
            DeviceClass::Web => self.web,
            DeviceClass::Mobile => self.mobile,
        }
    }

    fn of_class_mut(&mut self, class: DeviceClass) -> &mut Option<ConnId> {
        match class {
            DeviceClass::Web => &mut self.web,
            DeviceClass::Mobile => &mut self.mobile,
        }
    }

    fn is_empty(&self) -> bool {
        self.web.is_none() && self.mobile.is_none()
    }

    fn live(&self) -> impl Iterator<Item = ConnId> + use<> {
        self.web.into_iter().chain(self.mobile)
    }
}

/// What a command came to, and what is to be pushed if it was carried out.
struct Verdict<'a> {
    code: SendReturnCode,
    mts: Option<i64>,
    push: Option<Pushed<'a>>,
}

struct Pushed<'a> {
    session: ImSessionId,
    message: &'a RawValue,
}

impl<'a> Verdict<'a> {
    fn success(session: ImSessionId, message: Option<&'a RawValue>) -> Self {
        Self {
            code: SendReturnCode::SUCCESS,
            mts: None,
            push: message.map(|message| Pushed { session, message }),
        }
    }

    fn failure(code: SendReturnCode, mts: Option<i64>) -> Self {
        Self { code, mts, push: None }
    }
}
