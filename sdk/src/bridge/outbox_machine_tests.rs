//! The outbox beside a plain list of notices, each with what the push server last said of it: order within a session,
//! recovery from 26, 27 and 28, force, timeouts, lost connections, and what is given up.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use serde_json::value::RawValue;

use super::{Action, Outbox, Scope};
use crate::machines;
use crate::protocol::{ImSessionId, SendReturnCode, SessionType, Timestamp};

/// Sessions by number: two that differ in their type only, another, and one user's own address.
const SESSIONS: usize = 4;
const ADDRESS: usize = 3;

fn session(n: usize) -> ImSessionId {
    let (kind, id) = [
        (SessionType::Group, "1"),
        (SessionType::P2p, "1"),
        (SessionType::Group, "2"),
        (SessionType::App, "1"),
    ][n]
        .clone();
    ImSessionId::new(kind, id)
}

fn number(of: &ImSessionId) -> usize {
    (0..SESSIONS).find(|n| session(*n) == *of).unwrap()
}

fn time(millis: u64) -> Timestamp {
    Timestamp::MIN.plus(Duration::from_millis(millis))
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push {
        session: usize,
        of_message: bool,
    },
    Online,
    Offline,
    Pass(u64),
    /// Nobody answers for so many times ten seconds.
    Silence(usize),
    /// The push server answers the command that is on its way for a session.
    Reply {
        session: usize,
        code: u32,
        mts: Option<u64>,
    },
    /// It answers so many commands of a session in a row with this code, and each time all members are synced.
    Asks {
        session: usize,
        code: u32,
        times: usize,
    },
    /// It answers a command that nobody waits for any more.
    LateReply {
        which: usize,
        code: u32,
    },
    Synced(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Send(usize),
    Update(usize, Whom),
    Sync(usize),
    Reconnect,
    Done(Option<u64>, u32),
    Failed(Option<u64>, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whom {
    Present,
    Since(u64),
    All,
}

#[derive(Clone, Debug, PartialEq)]
enum At {
    /// Its turn has come, or will; as an update if so said.
    Due(Option<Whom>),
    /// Sent at that time.
    OnItsWay(u64, Option<Whom>),
    /// Once the members are synced.
    Syncing(Option<Whom>),
}

#[derive(Clone, Debug)]
struct Notice {
    number: u64,
    session: usize,
    of_message: bool,
    at: At,
    commands: u32,
    /// Answers that asked for recovery, and those among them that said 27.
    asked: u32,
    behind: u32,
}

impl Notice {
    fn local_id(&self) -> Option<u64> {
        self.of_message.then_some(self.number)
    }
}

/// Notices in the order in which they were handed in; of each session the first one has its turn.
#[derive(Clone, Debug, Default)]
struct Reference {
    now: u64,
    online: bool,
    pushed: u64,
    notices: Vec<Notice>,
    timeouts_in_row: u32,
    /// What is said after the last step, one time after the other.
    said: Vec<Said>,
}

impl Reference {
    fn head(&mut self, session: usize) -> Option<&mut Notice> {
        self.notices.iter_mut().find(|notice| notice.session == session)
    }

    fn is_on_its_way(&self, session: usize) -> bool {
        let head = self.notices.iter().find(|notice| notice.session == session);
        head.is_some_and(|head| matches!(head.at, At::OnItsWay(..)))
    }

    /// Rules `PUSH-TIMEOUT`, `CLIENT-RECOVER-TIMEOUT`, `CLIENT-RECOVER-TIMEOUT-RECONNECT`; then all that may go goes.
    fn settle(&mut self) {
        for notice in &mut self.notices {
            if let At::OnItsWay(since, whom) = notice.at
                && self.now >= since + 10_000
            {
                notice.at = At::Due(whom);
                self.timeouts_in_row += 1;
                if self.timeouts_in_row == 10 {
                    self.timeouts_in_row = 0;
                    self.said.push(Said::Reconnect);
                }
            }
        }
        if !self.online {
            return;
        }
        let now = self.now;
        for session in 0..SESSIONS {
            let Some(head) = self.head(session) else { continue };
            if let At::Due(whom) = head.at {
                head.at = At::OnItsWay(now, whom);
                head.commands += 1;
                self.said.push(whom.map_or(Said::Send(session), |whom| Said::Update(session, whom)));
            }
        }
    }

    fn lose(&mut self) {
        self.timeouts_in_row = 0;
        for notice in &mut self.notices {
            if let At::OnItsWay(_, whom) = notice.at {
                notice.at = At::Due(whom);
            }
        }
    }

    /// Rules `CLIENT-RECOVER-26`, `CLIENT-RECOVER-27`, `CLIENT-RECOVER-27-FORCE`, `CLIENT-RECOVER-28`,
    /// `CLIENT-RECOVER-REPORT`, `PUSH-APP`. A push server that never has enough is left alone in the end.
    fn answered(&mut self, session: usize, code: u32, mts: Option<u64>) {
        self.timeouts_in_row = 0;
        let place = self.notices.iter().position(|notice| notice.session == session).unwrap();
        let head = &mut self.notices[place];
        let asks = matches!(code, 26..=28) && session != ADDRESS;
        head.asked += u32::from(asks);
        if asks && head.asked < 12 {
            head.behind += u32::from(code == 27);
            head.at = match (code, mts) {
                (26, _) => At::Due(Some(Whom::Present)),
                (28, Some(mts)) => At::Due(Some(Whom::Since(mts))),
                (28, None) => At::Due(Some(Whom::All)),
                _ if head.behind > 3 => At::Syncing(Some(Whom::All)),
                _ => At::Syncing(None),
            };
            if code == 27 {
                self.said.push(Said::Sync(session));
            }
            return;
        }
        let over = self.notices.remove(place);
        self.said.push(match code {
            20 => Said::Done(over.local_id(), over.commands),
            _ => Said::Failed(over.local_id(), code),
        });
    }

    fn synced(&mut self, session: usize) {
        if let Some(head) = self.head(session)
            && let At::Syncing(whom) = head.at
        {
            head.at = At::Due(whom);
        }
    }
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let on_their_way: Vec<usize> = (0..SESSIONS).filter(|n| state.is_on_its_way(*n)).collect();
        let code = || prop::sample::select(vec![20, 20, 26, 26, 27, 27, 27, 28, 28, 31, 21, 4_711]);
        let push = (0..SESSIONS, prop::bool::weighted(0.8))
            .prop_map(|(session, of_message)| Step::Push { session, of_message });
        let other = prop_oneof![
            (if state.online { 1 } else { 9 }) => Just(Step::Online),
            1 => Just(Step::Offline),
            2 => prop_oneof![0..9_999_u64, Just(10_000)].prop_map(Step::Pass),
            1 => (1..13_usize).prop_map(Step::Silence),
            1 => (0..100_usize, code()).prop_map(|(which, code)| Step::LateReply { which, code }),
            4 => (0..SESSIONS).prop_map(Step::Synced),
        ];
        if on_their_way.is_empty() {
            return prop_oneof![4 => push, 6 => other].boxed();
        }
        let some = || prop::sample::select(on_their_way.clone());
        prop_oneof![
            4 => push,
            6 => other,
            9 => (some(), code(), prop::option::of(0..5_u64))
                .prop_map(|(session, code, mts)| Step::Reply { session, code, mts }),
            1 => (some(), 26..29_u32, 1..14_usize)
                .prop_map(|(session, code, times)| Step::Asks { session, code, times }),
        ]
        .boxed()
    }

    fn preconditions(state: &Self, step: &Step) -> bool {
        match *step {
            Step::Reply { session, .. } | Step::Asks { session, .. } => state.is_on_its_way(session),
            _ => true,
        }
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.said.clear();
        match *step {
            Step::Push { session, of_message } => {
                let number = state.pushed;
                state.pushed += 1;
                let at = At::Due(None);
                state.notices.push(Notice {
                    number,
                    session,
                    of_message,
                    at,
                    commands: 0,
                    asked: 0,
                    behind: 0,
                });
            }
            Step::Online => state.online = true,
            Step::Offline => {
                state.online = false;
                state.lose();
            }
            Step::Pass(millis) => state.now += millis,
            Step::Silence(times) => {
                for _ in 0..times {
                    state.now += 10_000;
                    state.settle();
                }
            }
            Step::Reply { session, code, mts } => state.answered(session, code, mts),
            Step::Asks { session, code, times } => {
                for _ in 0..times {
                    if state.is_on_its_way(session) {
                        state.answered(session, code, Some(1));
                        (0..SESSIONS).for_each(|n| state.synced(n));
                        state.settle();
                    }
                }
            }
            Step::LateReply { .. } => {}
            Step::Synced(session) => state.synced(session),
        }
        state.settle();
        state
    }
}

#[derive(Debug, Default)]
struct Client {
    outbox: Outbox,
    /// Milliseconds since the first step.
    now: u64,
    pushed: u64,
    /// The newest command of each session, until it is answered.
    sent: BTreeMap<usize, u64>,
    /// Those that nobody waits for any more.
    past: Vec<u64>,
    said: Vec<Said>,
}

impl Client {
    /// All that the outbox says now. Commands to different sessions may come in any order, but after all else.
    fn settle(&mut self) {
        let (mut told, mut commands) = (Vec::new(), Vec::new());
        while let Some(action) = self.outbox.poll(time(self.now)) {
            match action {
                Action::Send { id, session } => commands.push(self.command(id, &session, None)),
                Action::Update { id, session, scope } => {
                    commands.push(self.command(id, &session, Some(scope)));
                }
                Action::SyncMembers(session) => told.push(Said::Sync(number(&session))),
                Action::Reconnect => told.push(Said::Reconnect),
                Action::Done { local_id, commands } => told.push(Said::Done(local_id, commands)),
                Action::Failed { local_id, code } => told.push(Said::Failed(local_id, code.0)),
            }
        }
        commands.sort();
        commands.sort_by_key(|said| match said {
            Said::Send(session) | Said::Update(session, _) => *session,
            _ => SESSIONS,
        });
        self.said.extend(told.into_iter().chain(commands));
    }

    fn command(&mut self, id: u64, session: &ImSessionId, scope: Option<Scope>) -> Said {
        let newest = self.sent.values().chain(&self.past).max();
        assert!(newest.is_none_or(|newest| id > *newest), "an id is given once");
        let session = number(session);
        self.past.extend(self.sent.insert(session, id));
        match scope {
            None => Said::Send(session),
            Some(Scope::Present) => Said::Update(session, Whom::Present),
            Some(Scope::All) => Said::Update(session, Whom::All),
            Some(Scope::Since(mts)) => {
                let since = Timestamp::MIN.until(mts).as_millis();
                Said::Update(session, Whom::Since(u64::try_from(since).unwrap()))
            }
        }
    }

    fn answer(&mut self, session: usize, code: u32, mts: Option<u64>) {
        let id = self.sent.remove(&session).unwrap();
        self.past.push(id);
        self.outbox.reply(id, SendReturnCode(code), mts.map(time));
    }
}

impl StateMachineTest for Client {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Self {
        Self::default()
    }

    fn apply(mut client: Self, reference: &Reference, step: Step) -> Self {
        client.said.clear();
        match step {
            Step::Push { session: n, of_message } => {
                let message = RawValue::from_string(client.pushed.to_string()).unwrap();
                client.outbox.push(&session(n), of_message.then_some(client.pushed), message);
                client.pushed += 1;
            }
            Step::Online => client.outbox.online(),
            Step::Offline => {
                client.outbox.offline();
                let sent = std::mem::take(&mut client.sent);
                client.past.extend(sent.into_values());
            }
            Step::Pass(millis) => client.now += millis,
            Step::Silence(times) => {
                for _ in 0..times {
                    client.now += 10_000;
                    client.settle();
                }
            }
            Step::Reply { session, code, mts } => client.answer(session, code, mts),
            Step::Asks { session: n, code, times } => {
                for _ in 0..times {
                    if client.sent.contains_key(&n) {
                        client.answer(n, code, Some(1));
                        (0..SESSIONS).for_each(|n| client.outbox.members_synced(&session(n)));
                        client.settle();
                    }
                }
            }
            Step::LateReply { which, code } => {
                if !client.past.is_empty() {
                    let id = client.past[which % client.past.len()];
                    client.outbox.reply(id, SendReturnCode(code), None);
                }
            }
            Step::Synced(n) => client.outbox.members_synced(&session(n)),
        }
        client.settle();
        assert_eq!(client.said, reference.said);
        client
    }

    fn check_invariants(client: &Self, reference: &Reference) {
        let outbox = &client.outbox;
        assert_eq!(
            (outbox.len(), outbox.is_empty()),
            (reference.notices.len(), reference.notices.is_empty())
        );
        for n in 0..SESSIONS {
            let head = reference.notices.iter().find(|notice| notice.session == n);
            let message = outbox.head(&session(n)).map(|message| message.get().to_owned());
            assert_eq!(message, head.map(|head| head.number.to_string()));
        }
        let due = reference.notices.iter().filter_map(|notice| match notice.at {
            At::OnItsWay(since, _) => Some(time(since + 10_000)),
            _ => None,
        });
        assert_eq!(outbox.deadline(), due.min());
        let lanes = (0..SESSIONS).filter(|n| reference.notices.iter().any(|notice| notice.session == *n));
        assert_eq!(outbox.lanes.len(), lanes.count(), "nothing is kept of a session without notices");
    }

    /// When all is well again, every notice that is left reaches the push server, each once and in its order.
    fn teardown(mut client: Self, reference: Reference) {
        client.outbox.online();
        client.said.clear();
        for n in 0..SESSIONS {
            client.outbox.members_synced(&session(n));
        }
        client.settle();
        while let Some(n) = client.sent.keys().next().copied() {
            client.answer(n, 20, None);
            client.settle();
        }
        assert!(client.outbox.is_empty());
        for n in 0..SESSIONS {
            let left = reference.notices.iter().filter(|notice| notice.session == n);
            let left: Vec<u64> = left.filter_map(Notice::local_id).collect();
            let done = client.said.iter().filter_map(|said| match said {
                Said::Done(Some(id), _) if left.contains(id) => Some(*id),
                _ => None,
            });
            assert_eq!(done.collect::<Vec<_>>(), left);
        }
    }
}

#[test]
fn every_notice_reaches_the_push_server_once_or_is_given_up_for_a_reason() {
    machines::run::<Client>(500, 60);
}
