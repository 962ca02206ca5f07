//! Tells a story in rows: what each happening looks like, and how much it matters. Whoever adds something that can
//! happen says here how it is told.

use std::collections::BTreeMap;

use http::Method;
use y2w_reports::diagram::{Band, Mark, Row, Tone, Wait};
use y2w_sdk::protocol::{ConnectionReturnCode, ImSessionId, Message, SendReturnCode, SessionId};
use y2w_sdk::push::ConnectionState;
use y2w_sdk::{Changed, Event};

use super::{Planned, beginning};
use crate::fuzz::Simulated;
use crate::history::{End, Happening, Outcome, Pushed, What};
use crate::judge::Anomaly;
use crate::plan::{Misfortune, Plan, Whom};
use crate::play::words_of;

/// One row before it is known where it will stand. Lanes are devices by their place in the plan, then the two servers.
pub(super) struct Item {
    pub(super) row: Row,
    pub(super) weight: Weight,
}

/// How much a row matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It shows that a rule was broken.
    Witness,
    /// What comes after it is because of it.
    Cause,
    /// It does not happen often.
    Rare,
    /// It is there for those around it.
    Plain,
    /// Nobody misses it.
    Quiet,
}

/// What the two sides of the server are called.
pub(super) const API: &str = "business API";
pub(super) const PUSH_SERVER: &str = "push server";

/// A story in rows.
pub(super) struct Told<'a> {
    pub(super) plan: &'a Plan,
    planned: Planned<'a>,
    names: Vec<String>,
    /// What the plan calls each session.
    pub(super) sessions: BTreeMap<ImSessionId, String>,
    by_id: BTreeMap<SessionId, String>,
    pub(super) devices: usize,
    begin: u64,
    pub(super) items: Vec<Item>,
    /// By number of request: the row it is in, and what it was.
    asked: BTreeMap<u64, (usize, String)>,
    pub(super) waits: Vec<Wait>,
    /// By fault: the row it began in.
    stands: BTreeMap<u32, usize>,
    pub(super) bands: Vec<Band>,
}

impl<'a> Told<'a> {
    /// All of it.
    pub(super) fn of(plan: &'a Plan, run: &Simulated, anomalies: &[Anomaly]) -> Self {
        let planned = Planned::of(plan);
        let names: Vec<String> = plan.devices().map(|actor| actor.to_string()).collect();
        let sessions = || run.played.iter().flat_map(|played| &played.sessions);
        let mut told = Told {
            plan,
            sessions: sessions().map(|(name, id)| (id.clone(), name.clone())).collect(),
            by_id: sessions().map(|(name, id)| (id.id.clone(), name.clone())).collect(),
            devices: names.len(),
            begin: beginning(&planned, &run.story),
            planned,
            names,
            items: Vec::new(),
            asked: BTreeMap::new(),
            waits: Vec::new(),
            stands: BTreeMap::new(),
            bands: Vec::new(),
        };
        let mut witnesses: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (number, anomaly) in anomalies.iter().enumerate() {
            for witness in &anomaly.witnesses {
                witnesses.entry(*witness).or_default().push(number);
            }
        }
        for (number, happening) in (0_u64..).zip(&run.story) {
            told.take(happening);
            // A witness that is told in no row of its own is the last one that is.
            if let (Some(shown), Some(item)) = (witnesses.get(&number), told.items.last_mut()) {
                item.weight = Weight::Witness;
                item.row.findings.extend(shown);
            }
        }
        let last = told.items.len().saturating_sub(1);
        let standing: Vec<(u32, usize)> = std::mem::take(&mut told.stands).into_iter().collect();
        for (fault, from) in standing {
            told.band(fault, from, last);
        }
        for (number, anomaly) in
            anomalies.iter().enumerate().filter(|(_, anomaly)| anomaly.witnesses.is_empty())
        {
            let mark = Mark::End { text: format!("in the end {}", anomaly.text) };
            let row = Row { time: String::new(), side: String::new(), mark, findings: vec![number] };
            told.items.push(Item { row, weight: Weight::Witness });
        }
        told
    }

    /// The lane of the business API.
    pub(super) fn api(&self) -> usize {
        self.devices
    }

    /// The lane of the push server.
    pub(super) fn push_side(&self) -> usize {
        self.devices + 1
    }

    /// Tells one thing that happened.
    fn take(&mut self, happening: &Happening) {
        let at = happening.at;
        let (api, push) = (self.api(), self.push_side());
        let arrow = |from, to, text: String, tone| Mark::Arrow { from, to, text, tone };
        match (&happening.what, happening.device) {
            (What::StepBegins(step), Some(lane)) => {
                let side = self.planned.step(*step).map_or_else(String::new, |planned| {
                    format!("{}: {}, step\u{a0}{step}", planned.by, planned.action)
                });
                self.row(at, side, Mark::Begin { lane }, Weight::Cause);
            }
            (What::StepEnds { step, outcome }, Some(lane)) => match outcome {
                Outcome::Done => (),
                Outcome::Skipped(why) => {
                    self.note(at, lane, format!("step {step} is skipped: {why}"), Tone::Quiet, Weight::Rare);
                }
                Outcome::Refused(why) => {
                    self.note(at, lane, format!("step {step} is refused: {why}"), Tone::Bad, Weight::Rare);
                }
                Outcome::Failed(why) => {
                    self.note(at, lane, format!("step {step} fails: {why}"), Tone::Bad, Weight::Rare);
                }
            },
            (What::FaultBegins(fault), _) => {
                let lanes = self.lanes_of(*fault);
                let what = self.planned.fault(*fault);
                let side = what.map_or_else(String::new, |what| format!("{}, fault\u{a0}{fault}", what.what));
                if what.is_some_and(|fault| !fault.what.is_once()) {
                    self.stands.insert(*fault, self.items.len());
                }
                self.row(at, side, Mark::Fault { lanes }, Weight::Cause);
            }
            (What::FaultEnds(fault), _) => {
                if let Some(from) = self.stands.remove(fault) {
                    self.band(*fault, from, self.items.len());
                }
                let lanes = self.lanes_of(*fault);
                self.row(at, format!("fault {fault} is over"), Mark::Fault { lanes }, Weight::Cause);
            }
            (What::LoggedIn(_), Some(lane)) => {
                self.note(at, lane, "logs in".to_owned(), Tone::Plain, Weight::Plain);
            }
            (What::LoggedOut, Some(lane)) => {
                self.note(at, lane, "is gone".to_owned(), Tone::Plain, Weight::Rare);
            }
            (What::Request { call, method, path, .. }, Some(from)) => {
                let text = asked(method, path);
                self.asked.insert(*call, (self.items.len(), text.clone()));
                let weight = if method == Method::GET { Weight::Quiet } else { Weight::Plain };
                self.row(at, String::new(), arrow(from, api, text, Tone::Request), weight);
            }
            (What::Answer { call, status }, Some(lane)) => {
                self.answer(at, lane, *call, status.map(|status| status.as_u16()));
            }
            (What::Dials, Some(from)) => {
                self.row(
                    at,
                    String::new(),
                    arrow(from, push, "connects".to_owned(), Tone::Push),
                    Weight::Plain,
                );
            }
            (What::Push { pushed, .. }, Some(lane)) => self.push(at, lane, pushed),
            (What::Told(event), Some(lane)) => self.event(at, lane, event),
            // At the server's end: what the client does and is told of it is shown.
            (What::Arrives(_) | What::Served { .. }, _) => (),
            // Nobody did it: nothing that is known happens so.
            (What::Inflicted(_), _) | (_, None) => (),
        }
    }

    /// What passes over a push connection.
    fn push(&mut self, at: u64, lane: usize, pushed: &Pushed) {
        let push = self.push_side();
        let (up, text, tone, weight) = match pushed {
            Pushed::Command(command) => {
                let kind = match (&command.members, command.force) {
                    (None, _) => "sendMessage",
                    (Some(_), false) => "updateSession",
                    (Some(_), true) => "updateSession by force",
                };
                let of = self.place(&command.session);
                let weight = if command.force { Weight::Rare } else { Weight::Quiet };
                (true, format!("{kind} to {of}, mts {}", command.mts), Tone::Push, weight)
            }
            Pushed::Reply(reply) => {
                let (text, tone, weight) = code_told(reply.return_code);
                (false, text, tone, weight)
            }
            Pushed::Connect { .. } => (true, "introduces itself".to_owned(), Tone::Push, Weight::Quiet),
            Pushed::Connack(0) => (false, "lets it in".to_owned(), Tone::Push, Weight::Quiet),
            Pushed::Connack(code) => {
                let code = ConnectionReturnCode((*code).into());
                (false, format!("refuses it with {code}"), Tone::Bad, Weight::Rare)
            }
            Pushed::Control(code) => {
                let code = ConnectionReturnCode(*code);
                let is_good = code == ConnectionReturnCode::ACCEPT_CONNECT;
                let (tone, weight) =
                    if is_good { (Tone::Push, Weight::Quiet) } else { (Tone::Bad, Weight::Rare) };
                (false, code.to_string(), tone, weight)
            }
            Pushed::Delivery(_) => (false, "a push leaves".to_owned(), Tone::Push, Weight::Quiet),
            Pushed::Closed(End::Server) => {
                (false, "closes the connection".to_owned(), Tone::Plain, Weight::Quiet)
            }
            Pushed::Closed(End::Device) => {
                (true, "closes the connection".to_owned(), Tone::Plain, Weight::Quiet)
            }
            Pushed::Closed(End::Network) => {
                (true, "the connection is lost".to_owned(), Tone::Bad, Weight::Quiet)
            }
            Pushed::Unreadable(why) => (false, format!("cannot be read: {why}"), Tone::Bad, Weight::Rare),
        };
        let (from, to) = if up { (lane, push) } else { (push, lane) };
        self.row(at, String::new(), Mark::Arrow { from, to, text, tone }, weight);
    }

    /// An answer, in the row of its request if nothing has happened since.
    fn answer(&mut self, at: u64, lane: usize, call: u64, status: Option<u16>) {
        let Some((row, text)) = self.asked.remove(&call) else {
            return;
        };
        let api = self.api();
        let is_good = status.is_some_and(|status| status < 400);
        let weight = if is_good { self.items[row].weight } else { Weight::Rare };
        let tone = if is_good { Tone::Request } else { Tone::Bad };
        let is_next = row + 1 == self.items.len();
        match status {
            Some(status) if is_next => {
                let text = format!("{text} → {status}");
                let item = &mut self.items[row];
                item.row.mark = Mark::Exchange { from: lane, to: api, text, tone };
                if item.weight != Weight::Witness {
                    item.weight = weight;
                }
                return;
            }
            Some(status) => {
                let mark = Mark::Arrow { from: api, to: lane, text: format!("{status} to {text}"), tone };
                self.row(at, String::new(), mark, weight);
            }
            None => {
                let mark = Mark::Lost { from: api, to: lane, text: format!("no answer to {text}") };
                self.row(at, String::new(), mark, weight);
            }
        }
        self.waits.push(Wait { lane, from: row, to: self.items.len() - 1 });
    }

    /// What a client told.
    fn event(&mut self, at: u64, lane: usize, event: &Event) {
        let (text, tone, weight) = match event {
            Event::Connection(ConnectionState::Connected) => {
                ("is connected".to_owned(), Tone::Good, Weight::Plain)
            }
            Event::Connection(ConnectionState::Connecting { .. }) => return,
            Event::Connection(ConnectionState::NetworkDisconnected) => {
                ("has lost its connection".to_owned(), Tone::Bad, Weight::Rare)
            }
            Event::Connection(ConnectionState::Reconnecting { attempt }) => {
                (format!("tries to connect again ({attempt})"), Tone::Quiet, Weight::Plain)
            }
            Event::Connection(ConnectionState::Disconnected { code: None }) => {
                ("is disconnected".to_owned(), Tone::Quiet, Weight::Plain)
            }
            Event::Connection(ConnectionState::Disconnected { code: Some(code) }) => {
                (format!("stays disconnected: {code}"), Tone::Bad, Weight::Rare)
            }
            Event::Kicked => ("is kicked".to_owned(), Tone::Bad, Weight::Rare),
            Event::Trouble(trouble) => (trouble.to_string(), Tone::Bad, Weight::Rare),
            // The step that sends it is a row already.
            Event::Shown { .. } => return,
            Event::Stored { session, message, .. } => {
                let text = format!("{} is stored in {}", named(message), self.place(session));
                (text, Tone::Good, Weight::Plain)
            }
            Event::StoreFailed { why, .. } => (format!("gives a message up: {why}"), Tone::Bad, Weight::Rare),
            Event::NoticeSent { commands: 1, .. } => {
                ("its notice is taken".to_owned(), Tone::Quiet, Weight::Quiet)
            }
            Event::NoticeSent { commands, .. } => {
                (format!("its notice is taken after {commands} commands"), Tone::Plain, Weight::Plain)
            }
            Event::NoticeFailed { code, .. } => {
                (format!("its notice failed: {code}"), Tone::Bad, Weight::Rare)
            }
            Event::Pushed { delivery, .. } => {
                let of = delivery.session_id.as_deref().and_then(ImSessionId::parse);
                let of = of.map_or_else(String::new, |id: ImSessionId| format!(" of {}", self.place(&id)));
                let mark = Mark::Arrow {
                    from: self.push_side(),
                    to: lane,
                    text: format!("push{of}"),
                    tone: Tone::Push,
                };
                return self.row(at, String::new(), mark, Weight::Plain);
            }
            Event::Messages { session, merged } => {
                let mut all = merged.added.iter().chain(&merged.changed).map(|message| named(message));
                let first: Vec<String> = all.by_ref().take(2).collect();
                let more = match all.count() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let text = format!("sees {}{more} in {}", first.join(", "), self.place(session));
                (text, Tone::Good, Weight::Plain)
            }
            Event::Changed(what) => (format!("{} changed", self.changed(what)), Tone::Quiet, Weight::Quiet),
            Event::Removed { session } => {
                (format!("learns that it is out of {}", self.place(session)), Tone::Bad, Weight::Rare)
            }
            Event::SyncFailed { why, again } => {
                let again = if *again { ", tries again" } else { "" };
                (format!("a sync failed{again}: {why}"), Tone::Bad, Weight::Rare)
            }
            Event::LocalStoreFailed { why } => {
                (format!("its local store failed: {why}"), Tone::Bad, Weight::Rare)
            }
            Event::Lagged(lost) => (format!("{lost} events are lost"), Tone::Bad, Weight::Rare),
        };
        self.note(at, lane, text, tone, weight);
    }

    /// A row as one would say it; none for those that are there to be looked at only.
    pub(super) fn sentence(&self, row: &Row) -> Option<String> {
        let name = |lane: &usize| match self.names.get(*lane) {
            Some(name) => name,
            None if *lane == self.api() => API,
            None => PUSH_SERVER,
        };
        let what = match &row.mark {
            Mark::Arrow { from, to, text, .. } | Mark::Lost { from, to, text } => {
                format!("{} to {}: {text}", name(from), name(to))
            }
            Mark::Exchange { from, to, text, .. } => format!("{} asks {}: {text}", name(from), name(to)),
            Mark::Note { lane, text, .. } => format!("{}: {text}", name(lane)),
            Mark::Begin { .. } | Mark::Fault { .. } => row.side.clone(),
            Mark::Skipped { .. } | Mark::End { .. } => return None,
        };
        Some(format!("{:>10}  {what}", row.time))
    }

    fn note(&mut self, at: u64, lane: usize, text: String, tone: Tone, weight: Weight) {
        self.row(at, String::new(), Mark::Note { lane, text, tone }, weight);
    }

    fn row(&mut self, at: u64, side: String, mark: Mark, weight: Weight) {
        let time = match at.checked_sub(self.begin) {
            Some(since) => format!("{:.3} s", since as f64 / 1e6),
            None => "before".to_owned(),
        };
        self.items.push(Item { row: Row { time, side, mark, findings: Vec::new() }, weight });
    }

    fn band(&mut self, fault: u32, from: usize, to: usize) {
        self.bands.push(Band { lanes: self.lanes_of(fault), from, to });
    }

    /// On whom a fault is.
    fn lanes_of(&self, fault: u32) -> Vec<usize> {
        let Some(fault) = self.planned.fault(fault) else {
            return Vec::new();
        };
        let of_devices = |who: &Whom| {
            let devices = self.plan.devices().enumerate().filter(|(_, actor)| who.covers(actor));
            devices.map(|(lane, _)| lane).collect()
        };
        match (&fault.what, fault.what.who()) {
            (_, Some(who)) => of_devices(who),
            (Misfortune::ExpireTokens { .. }, None) => vec![self.api()],
            (Misfortune::Kick { user }, None) => {
                let mut lanes: Vec<usize> = of_devices(&Whom::User(user.clone()));
                lanes.push(self.push_side());
                lanes
            }
            (_, None) => vec![self.push_side()],
        }
    }

    fn changed(&self, what: &Changed) -> String {
        match what {
            Changed::Me => "its own profile".to_owned(),
            Changed::Conversations => "its conversations".to_owned(),
            Changed::Contacts => "its contacts".to_owned(),
            Changed::UserSessions => "its favourites".to_owned(),
            Changed::Emojis => "the emojis".to_owned(),
            Changed::Session(id) => self.by_id.get(id).cloned().unwrap_or_else(|| format!("session {id}")),
        }
    }

    /// The plan's name of a session.
    fn place(&self, session: &ImSessionId) -> String {
        self.sessions.get(session).cloned().unwrap_or_else(|| session.to_string())
    }
}

/// A request as its row has it: what every path begins with and the size of pages tell nothing.
fn asked(method: &Method, path: &str) -> String {
    let path = path.strip_prefix("/v1/").unwrap_or(path);
    let path = path.split('?').next().unwrap_or(path);
    format!("{method} {path}")
}

/// A message by its words, or its id if it has none.
fn named(message: &Message) -> String {
    let words = words_of(&message.kind, &message.content);
    let words = words
        .map_or_else(|| format!("{} message {}", message.kind, message.id), |words| format!("“{words}”"));
    if message.is_delete { format!("{words} (deleted)") } else { words }
}

/// What a command was answered with.
fn code_told(code: SendReturnCode) -> (String, Tone, Weight) {
    let (tone, weight) = match code {
        SendReturnCode::SUCCESS => (Tone::Push, Weight::Plain),
        // Clients recover from these: they are no failures.
        SendReturnCode::SESSION_ON_SERVER_IS_NOT_EXIST
        | SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED
        | SendReturnCode::SESSION_MTS_ON_SERVER_HAS_EXPIRED => (Tone::Push, Weight::Rare),
        _ => (Tone::Bad, Weight::Rare),
    };
    (code.to_string(), tone, weight)
}
