//! The hub beside lists: who is connected, and of each push session its mts and uids. What the lists do is read off
//! parts 13.5 and 14 of the protocol, table by table.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use serde_json::{Value, json};
use y2w_sdk::protocol::push::{ClientId, DeviceClass};
use y2w_sdk::protocol::{ConnectionReturnCode, ImSessionId, UserId};

use super::hub::{ConnId, ConnectOutcome, Displaced, Hub};
use crate::machines;

const USERS: usize = 4;
/// The sessions differ in their type, or in their id.
const SESSIONS: [&str; 3] = ["group_4", "p2p_4", "group_5"];

#[derive(Clone, Debug)]
enum Step {
    Connect { user: usize, mobile: bool, guid: u8, again: bool },
    Disconnect(u64),
    Command { from: u64, to: To, what: Command },
    Forget(usize),
    ForgetAll,
    SetMts(usize, i64),
}

#[derive(Clone, Debug)]
enum To {
    Session(usize),
    User(usize),
    /// A topic without a session id.
    Nowhere(&'static str),
}

/// A payload, and what may be wrong with it: each fault beside the others.
#[derive(Clone, Debug)]
struct Command {
    /// Bytes that are no JSON, or no object, instead of all the rest.
    instead: Option<&'static str>,
    cmd: Option<&'static str>,
    id: Option<String>,
    mts: Result<i64, Option<&'static str>>,
    /// Each user at most once: what it means to add and remove one at once is nowhere said.
    members: Result<Vec<(usize, bool)>, Option<&'static str>>,
    force: Option<bool>,
    message: Option<&'static str>,
}

impl Command {
    fn updates(&self) -> bool {
        self.cmd == Some("updateSession")
    }

    fn payload(&self) -> String {
        if let Some(instead) = self.instead {
            return instead.to_owned();
        }
        let mut fields = Vec::new();
        let mut field = |name: &str, json: Option<String>| {
            fields.extend(json.map(|json| format!("\"{name}\": {json}")));
        };
        field("message", self.message.map(str::to_owned));
        field("cmd", self.cmd.map(|cmd| format!("\"{cmd}\"")));
        field("y2wMessageId", self.id.as_ref().map(|id| format!("\"{id}\"")));
        field("mts", self.mts.map_or_else(|wrong| wrong.map(str::to_owned), |mts| Some(mts.to_string())));
        field("force", self.force.map(|force| force.to_string()));
        let members = match &self.members {
            Ok(members) => {
                let each = members.iter().map(|(user, gone)| json!({"uid": user.to_string(), "isDel": gone}));
                Some(Value::from_iter(each).to_string())
            }
            Err(wrong) => wrong.map(str::to_owned),
        };
        field("members", members);
        format!("{{{}}}", fields.join(","))
    }
}

fn command() -> impl Strategy<Value = Command> {
    let instead =
        prop::sample::select(vec!["", "{", "{\"cmd\":\"sendMessage\"", "[]", "7", "\"sendMessage\""]);
    let cmd = prop_oneof![
        10 => Just(Some("sendMessage")),
        10 => Just(Some("updateSession")),
        1 => Just(Some("fly")),
        1 => Just(None),
    ];
    let mts = prop_oneof![
        12 => (0..5_i64).prop_map(Ok),
        1 => prop::sample::select(vec![None, Some("\"3\""), Some("null"), Some("[3]")]).prop_map(Err),
    ];
    let wrong =
        vec![None, Some("{}"), Some("[1]"), Some("[{\"isDel\":true}]"), Some("null"), Some("[[\"1\",true]]")];
    let members = prop_oneof![
        12 => prop::collection::btree_map(0..USERS, prop::bool::weighted(0.3), 0..=USERS)
            .prop_map(|members| Ok(members.into_iter().collect())),
        1 => prop::sample::select(wrong).prop_map(Err),
    ];
    let message =
        prop::sample::select(vec!["{\"a\": [1, 2.50]}", "0", "\"\"", "[]", "{\"syncs\":[{\"type\":0}]}"]);
    (
        prop::option::weighted(0.05, instead),
        cmd,
        prop::option::weighted(0.9, "[a-z]{1,3}"),
        mts,
        members,
        prop::option::weighted(0.4, any::<bool>()),
        prop::option::weighted(0.7, message),
    )
        .prop_map(|(instead, cmd, id, mts, members, force, message)| Command {
            instead,
            cmd,
            id,
            mts,
            members,
            force,
            message,
        })
}

#[derive(Clone, Debug, PartialEq)]
struct Connected {
    id: u64,
    user: usize,
    mobile: bool,
    guid: u8,
}

#[derive(Clone, Debug, PartialEq)]
struct Session {
    which: usize,
    mts: i64,
    users: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Nothing,
    Connected(ConnectOutcome),
    /// The reply, what others get, and who these are.
    Command {
        reply: Value,
        delivery: Option<(String, Vec<u64>)>,
    },
    Had(Option<i64>),
    Were(usize),
}

#[derive(Clone, Debug)]
struct Reference {
    live: Vec<Connected>,
    sessions: Vec<Session>,
    connections: u64,
    answer: Answer,
}

impl Reference {
    /// Rules `CONN-KICK`, `CONN-DEVICE-CLASSES`, `CONN-TAKEOVER`, `CONN-RECONNECT-REFUSED`, `CONN-RECONNECT-FREE`.
    fn connect(&mut self, user: usize, mobile: bool, guid: u8, again: bool) -> ConnectOutcome {
        self.connections += 1;
        let older = self.live.iter().position(|live| (live.user, live.mobile) == (user, mobile));
        let displaced = match older {
            Some(older) if again && self.live[older].guid != guid => {
                return ConnectOutcome::Refused(ConnectionReturnCode::KICKED);
            }
            Some(older) => {
                let older = ConnId(self.live.remove(older).id);
                Some(if again { Displaced::Replaced(older) } else { Displaced::Kicked(older) })
            }
            None => None,
        };
        self.live.push(Connected { id: self.connections, user, mobile, guid });
        ConnectOutcome::Accepted { displaced }
    }

    fn session(&mut self, which: usize) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.which == which)
    }

    /// The table of `PUSH-CHECK-ORDER`, from its first row to its last, and what a command does that passes.
    /// The code, and the mts where one belongs into the reply (`PUSH-REPLY-MTS`).
    fn carry_out(&mut self, to: &To, what: &Command) -> (u32, Option<i64>) {
        match what.instead {
            Some(text) if serde_json::from_str::<Value>(text).is_err() => return (30, None),
            Some(_) => return (22, None),
            None => {}
        }
        if !matches!(what.cmd, Some("sendMessage" | "updateSession")) {
            return (22, None);
        }
        if let To::Nowhere(_) = to {
            return (24, None);
        }
        let Ok(mts) = what.mts else { return (25, None) };
        let members = match &what.members {
            Ok(members) => members.as_slice(),
            Err(_) if what.updates() => return (29, None),
            Err(_) => &[],
        };
        let To::Session(which) = *to else { return (20, None) };
        if what.updates() {
            return self.update(which, mts, members, what.force == Some(true));
        }
        match self.session(which) {
            None => (26, None),
            Some(known) if mts < known.mts => (27, Some(known.mts)),
            Some(known) if mts > known.mts => (28, Some(known.mts)),
            Some(known) if known.users.is_empty() => (31, None),
            Some(_) => (20, None),
        }
    }

    /// Rules `MTS-UPDATE-CREATES`, `MTS-UPDATE-BEHIND`, `MTS-UPDATE-APPLIES`, `MTS-UPDATE-TAKES-MTS`, `MTS-FORCE`.
    fn update(
        &mut self,
        which: usize,
        mts: i64,
        members: &[(usize, bool)],
        force: bool,
    ) -> (u32, Option<i64>) {
        let given: Vec<usize> = members.iter().filter(|(_, gone)| !gone).map(|(user, _)| *user).collect();
        let Some(known) = self.session(which) else {
            self.sessions.push(Session { which, mts, users: given });
            return (20, None);
        };
        if force {
            known.users = given;
        } else if mts < known.mts {
            return (27, Some(known.mts));
        } else {
            known.users.retain(|user| !members.contains(&(*user, true)) && !given.contains(user));
            known.users.extend(given);
        }
        known.mts = mts;
        (20, None)
    }

    /// Rules `PUSH-DELIVER`, `PUSH-DELIVER-UPDATE`, `PUSH-DELIVER-ONCE`, `PUSH-APP`.
    fn receivers(&self, to: &To, from: u64) -> Vec<u64> {
        let users = match *to {
            To::Session(which) => {
                let known = self.sessions.iter().find(|session| session.which == which);
                known.map(|session| session.users.clone()).unwrap_or_default()
            }
            To::User(user) => vec![user],
            To::Nowhere(_) => Vec::new(),
        };
        let live = self.live.iter().filter(|live| live.id != from && users.contains(&live.user));
        let mut ids: Vec<u64> = live.map(|live| live.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Rules `PUSH-REPLY`, `PUSH-REPLY-UNREADABLE`, `PUSH-FAILURE-NO-EFFECT`.
    fn command(&mut self, from: u64, to: &To, what: &Command) -> Answer {
        let Some(sender) = self.live.iter().find(|live| live.id == from).map(|live| live.user) else {
            return Answer::Nothing;
        };
        let before = self.sessions.clone();
        let (code, mts) = self.carry_out(to, what);
        assert!(code == 20 || self.sessions == before);
        let mut reply = json!({ "returnCode": code });
        if what.instead.is_none() {
            for (name, value) in [("cmd", what.cmd), ("y2wMessageId", what.id.as_deref())] {
                if let Some(value) = value {
                    reply[name] = json!(value);
                }
            }
        }
        if let Some(mts) = mts {
            reply["mts"] = json!(mts);
        }
        let receivers = self.receivers(to, from);
        let delivery = what.message.filter(|_| code == 20 && !receivers.is_empty()).map(|message| {
            let session = topic(to).strip_prefix("y2w/session/").unwrap().to_owned();
            let head = r#"{"cmd":"sendMessage","message":"#;
            (format!(r#"{head}{message},"from":"{sender}","sessionId":"{session}"}}"#), receivers)
        });
        Answer::Command { reply, delivery }
    }
}

fn topic(to: &To) -> String {
    match to {
        To::Session(which) => format!("y2w/session/{}", SESSIONS[*which]),
        To::User(user) => format!("y2w/session/y2wIMApp_{user}"),
        To::Nowhere(topic) => (*topic).to_owned(),
    }
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let answer = Answer::Nothing;
        Just(Self { live: Vec::new(), sessions: Vec::new(), connections: 0, answer }).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let connect = (0..USERS, any::<bool>(), 0..2_u8, prop::bool::weighted(0.4))
            .prop_map(|(user, mobile, guid, again)| Step::Connect { user, mobile, guid, again });
        // Mostly somebody who is live; now and then one that is gone, or was never there.
        let live: Vec<u64> = state.live.iter().map(|live| live.id).collect();
        let anybody = 1..state.connections + 2;
        let somebody = move || match live.is_empty() {
            true => anybody.clone().boxed(),
            false => prop_oneof![9 => prop::sample::select(live.clone()), 1 => anybody.clone()].boxed(),
        };
        let nowhere = vec!["y2w/session/", "y2w/session/group", "y2w/session/group_", "group_4", ""];
        let to = prop_oneof![
            12 => (0..SESSIONS.len()).prop_map(To::Session),
            1 => prop::sample::select(nowhere).prop_map(To::Nowhere),
        ];
        let of_session =
            (somebody(), to, command()).prop_map(|(from, to, what)| Step::Command { from, to, what });
        // Nothing is said of members of a user's own address.
        let of_user = (somebody(), 0..USERS, command()).prop_map(|(from, user, what)| {
            let cmd = what.cmd.filter(|_| !what.updates());
            Step::Command { from, to: To::User(user), what: Command { cmd, ..what } }
        });
        prop_oneof![
            6 => connect,
            1 => somebody().prop_map(Step::Disconnect),
            20 => of_session,
            2 => of_user,
            1 => (0..SESSIONS.len()).prop_map(Step::Forget),
            1 => (0..SESSIONS.len(), 0..5_i64).prop_map(|(which, mts)| Step::SetMts(which, mts)),
            1 => Just(Step::ForgetAll),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.answer = match step {
            Step::Connect { user, mobile, guid, again } => {
                Answer::Connected(state.connect(*user, *mobile, *guid, *again))
            }
            Step::Disconnect(id) => {
                state.live.retain(|live| live.id != *id);
                Answer::Nothing
            }
            Step::Command { from, to, what } => state.command(*from, to, what),
            Step::Forget(which) => {
                let had = state.session(*which).map(|session| session.mts);
                state.sessions.retain(|session| session.which != *which);
                Answer::Had(had)
            }
            Step::ForgetAll => Answer::Were(std::mem::take(&mut state.sessions).len()),
            Step::SetMts(which, mts) => {
                Answer::Had(state.session(*which).map(|session| std::mem::replace(&mut session.mts, *mts)))
            }
        };
        state
    }
}

fn im_session(which: usize) -> ImSessionId {
    ImSessionId::parse(SESSIONS[which]).unwrap()
}

#[derive(Debug, Default)]
struct Server {
    hub: Hub,
    connections: u64,
}

impl StateMachineTest for Server {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Self {
        Self::default()
    }

    fn apply(mut server: Self, reference: &Reference, step: Step) -> Self {
        let Self { hub, connections } = &mut server;
        let answer = match step {
            Step::Connect { user, mobile, guid, again } => {
                *connections += 1;
                let device = if mobile { DeviceClass::Mobile } else { DeviceClass::Web };
                let client = ClientId { reconnection: again, device, guid: guid.to_string() };
                let user = UserId::from(user.to_string().as_str());
                Answer::Connected(hub.connect(ConnId(*connections), &user, client))
            }
            Step::Disconnect(id) => {
                hub.disconnect(ConnId(id));
                Answer::Nothing
            }
            Step::Command { from, to, what } => {
                match hub.command(ConnId(from), &topic(&to), what.payload().as_bytes()) {
                    None => Answer::Nothing,
                    Some(outcome) => Answer::Command {
                        reply: serde_json::from_slice(&outcome.reply).unwrap(),
                        delivery: outcome.delivery.map(|delivery| {
                            let mut to: Vec<u64> = delivery.to.iter().map(|id| id.0).collect();
                            to.sort_unstable();
                            (String::from_utf8(delivery.payload.to_vec()).unwrap(), to)
                        }),
                    },
                }
            }
            Step::Forget(which) => {
                let had = hub.mts(&im_session(which));
                assert_eq!(hub.forget(&im_session(which)), had.is_some());
                Answer::Had(had)
            }
            Step::ForgetAll => Answer::Were(hub.forget_all()),
            Step::SetMts(which, mts) => Answer::Had(hub.set_mts(&im_session(which), mts)),
        };
        assert_eq!(answer, reference.answer);
        server
    }

    fn check_invariants(server: &Self, reference: &Reference) {
        let hub = &server.hub;
        let mut live: Vec<(u64, String, bool)> = hub
            .connections()
            .map(|(id, user, device)| (id.0, user.to_string(), device == DeviceClass::Mobile))
            .collect();
        live.sort();
        let mut should: Vec<(u64, String, bool)> =
            reference.live.iter().map(|live| (live.id, live.user.to_string(), live.mobile)).collect();
        should.sort();
        assert_eq!(live, should);
        assert_eq!(hub.live(), should.len());
        for user in 0..USERS {
            let of_user: Vec<u64> =
                reference.live.iter().filter(|live| live.user == user).map(|live| live.id).collect();
            let found = hub.connections_of(&UserId::from(user.to_string().as_str()));
            let mut found: Vec<u64> = found.map(|id| id.0).collect();
            found.sort_unstable();
            let mut of_user = of_user;
            of_user.sort_unstable();
            assert_eq!(found, of_user);
        }
        let mut sessions: Vec<_> =
            hub.sessions().map(|(id, mts, members)| (id.to_string(), mts, members)).collect();
        sessions.sort();
        let known = reference.sessions.iter();
        let mut should: Vec<_> = known
            .map(|session| (SESSIONS[session.which].to_owned(), session.mts, session.users.len()))
            .collect();
        should.sort();
        assert_eq!(sessions, should, "MTS-STATE-ONLY");
    }
}

#[test]
fn the_hub_does_what_the_rules_say() {
    machines::run::<Server>(300, 40);
}
