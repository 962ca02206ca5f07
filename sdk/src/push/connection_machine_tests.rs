//! A push connection beside a table of what each rule says to each event, at any time and in any order; and, whatever
//! happens, no storm: dials are apart.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::*;
use crate::machines;

const ACCEPT_WITHIN: Duration = Duration::from_secs(7);

#[derive(Clone, Debug)]
enum Step {
    Start,
    StartWithoutAppKey,
    Stop,
    Token(bool),
    Gate(Option<&'static str>),
    Dialled(Dialled),
    Control(u32),
    Lost,
    Reconnect,
    /// It is a millisecond before the time that the connection asked for, or long after where it asked for none.
    Early,
    /// It is that time.
    Due,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Nothing happens until it is started.
    Rests,
    Renews,
    AsksGate,
    Dials,
    WaitsForAccept,
    Up,
    Waits {
        renews: bool,
    },
}

#[derive(Clone, Debug)]
struct Reference {
    phase: Phase,
    /// Whether it has been up since it was started.
    was_up: bool,
    /// Attempts that failed since it was up, or was started.
    failures: usize,
    /// What the last step has to say.
    actions: Vec<Action>,
    /// The bounds in milliseconds of the time until the next step, if the last one began to wait.
    wait: Option<(u64, u64)>,
}

/// Half and one and a half times of 1 s, 2 s, 4 s, …, and of 30 s at most.
const PAUSES: [(u64, u64); 6] =
    [(500, 1_500), (1_000, 3_000), (2_000, 6_000), (4_000, 12_000), (8_000, 24_000), (15_000, 45_000)];

impl Reference {
    fn say(&mut self, actions: impl IntoIterator<Item = Action>) {
        self.actions.extend(actions);
    }

    fn renew(&mut self) {
        self.phase = Phase::Renews;
        self.say([Action::FetchToken]);
    }

    fn ask_gate(&mut self) {
        self.phase = Phase::AsksGate;
        self.say([Action::AskGate]);
    }

    /// Rules `CONN-BACKOFF`, `CONN-GO-ON-CODES`.
    fn try_again(&mut self, trouble: Trouble, renews: bool) {
        self.wait = Some(PAUSES[self.failures.min(5)]);
        self.failures += 1;
        self.phase = Phase::Waits { renews };
        self.say([Action::Trouble(trouble)]);
    }

    /// Rules `CONN-STOP-CODES`, `CONN-KICKED-STAYS`, `CONN-GO-ON-CODES`, `CONN-RENEW-TOKEN`, `CONN-CODE-UNKNOWN`.
    fn refused(&mut self, code: u32) {
        let trouble = Trouble::Refused(ConnectionReturnCode(code));
        match code {
            2 | 3 | 4 | 10 => {
                self.phase = Phase::Rests;
                self.say([Action::Trouble(trouble), disconnected(Some(code))]);
            }
            5 | 6 => self.try_again(trouble, true),
            _ => self.try_again(trouble, false),
        }
    }

    fn lost(&mut self) {
        self.lost_over(Trouble::Network("why".to_owned()));
    }

    fn lost_over(&mut self, why: Trouble) {
        self.say([Action::State(ConnectionState::NetworkDisconnected)]);
        self.try_again(why, false);
    }
}

fn disconnected(code: Option<u32>) -> Action {
    Action::State(ConnectionState::Disconnected { code: code.map(ConnectionReturnCode) })
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let reference =
            Self { phase: Phase::Rests, was_up: false, failures: 0, actions: Vec::new(), wait: None };
        Just(reference).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let code = || prop::sample::select(vec![2, 3, 4, 5, 6, 7, 10, 11, 99, 100, 101, 4_711]);
        let gate = || prop::sample::select(vec![Some(""), Some("cn"), None]).prop_map(Step::Gate);
        let dialled = || {
            prop_oneof![
                3 => Just(Dialled::Connack),
                1 => code().prop_map(|code| Dialled::Refused(ConnectionReturnCode(code))),
                1 => Just(Dialled::Network("why".to_owned())),
            ]
            .prop_map(Step::Dialled)
        };
        let any = prop_oneof![
            Just(Step::Start),
            Just(Step::StartWithoutAppKey),
            Just(Step::Stop),
            any::<bool>().prop_map(Step::Token),
            gate(),
            dialled(),
            code().prop_map(Step::Control),
            Just(Step::Lost),
            Just(Step::Reconnect),
            Just(Step::Early),
            Just(Step::Due),
        ];
        // Mostly what is waited for.
        let next = match state.phase {
            Phase::Rests => Just(Step::Start).boxed(),
            Phase::Renews => prop::bool::weighted(0.7).prop_map(Step::Token).boxed(),
            Phase::AsksGate => gate().boxed(),
            Phase::Dials => dialled().boxed(),
            Phase::WaitsForAccept => prop_oneof![3 => Just(Step::Control(11)), 1 => Just(Step::Due)].boxed(),
            Phase::Up => code().prop_map(Step::Control).boxed(),
            Phase::Waits { .. } => Just(Step::Due).boxed(),
        };
        prop_oneof![2 => next, 1 => any].boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.actions.clear();
        state.wait = None;
        let open = matches!(state.phase, Phase::Up | Phase::WaitsForAccept);
        match (state.phase, step) {
            // Whoever asks for it is a first client again: else the one that took its place would stay for ever
            // (`CONN-KICKED-STAYS`, `CONN-RECONNECT-REFUSED`).
            (Phase::Rests, Step::Start) => {
                (state.was_up, state.failures) = (false, 0);
                state.say([Action::State(ConnectionState::Connecting { region: None })]);
                state.renew();
            }
            // Rule `CONN-APPKEY-LOCAL`.
            (Phase::Rests, Step::StartWithoutAppKey) => {
                state.say([Action::Trouble(Trouble::NoAppKey), disconnected(Some(7))]);
            }
            (Phase::Rests, _) => {}
            (_, Step::Stop) => {
                state.phase = Phase::Rests;
                state.say([Action::Goodbye, disconnected(None)]);
            }
            (Phase::Renews, Step::Token(true)) => state.ask_gate(),
            // Rule `CONN-RENEW-RETRY`.
            (Phase::Renews, Step::Token(false)) => {
                state.failures += 1;
                state.phase = Phase::Waits { renews: true };
                state.wait = Some((10_000, 10_000));
                state.say([Action::Trouble(Trouble::NoToken("why".to_owned()))]);
            }
            // Rules `CONN-STATUS`, `CONN-CLIENT-ID`, `CONN-SAME-GUID`.
            (Phase::AsksGate, Step::Gate(Some(region))) => {
                state.phase = Phase::Dials;
                if !state.was_up && state.failures == 0 && !region.is_empty() {
                    let region = Some((*region).to_owned());
                    state.say([Action::State(ConnectionState::Connecting { region })]);
                }
                let id = ClientId {
                    reconnection: state.was_up,
                    device: DeviceClass::Mobile,
                    guid: "guid".to_owned(),
                };
                state.say([Action::Dial(id)]);
            }
            // Rule `GATE-FAILURE`.
            (Phase::AsksGate, Step::Gate(None)) => {
                state.try_again(Trouble::NoGate("why".to_owned()), false);
            }
            // Rule `CONN-ACCEPT-WAIT`.
            (Phase::Dials, Step::Dialled(Dialled::Connack)) => {
                state.phase = Phase::WaitsForAccept;
                state.wait = Some((7_000, 7_000));
            }
            (Phase::Dials, Step::Dialled(Dialled::Refused(code))) => state.refused(code.0),
            (Phase::Dials, Step::Dialled(Dialled::Network(why))) => {
                state.try_again(Trouble::Network(why.clone()), false);
            }
            (Phase::WaitsForAccept, Step::Control(11)) => {
                (state.phase, state.was_up, state.failures) = (Phase::Up, true, 0);
                state.say([Action::State(ConnectionState::Connected)]);
            }
            (Phase::Up, Step::Control(11)) => {}
            // Rule `CONN-CONTROL-CODE`.
            (_, Step::Control(code)) if open => {
                state.say([Action::Close]);
                state.refused(*code);
            }
            (_, Step::Lost) if open => state.lost(),
            (_, Step::Reconnect) if open => {
                state.say([Action::Close]);
                state.lost_over(Trouble::Unanswered(10));
            }
            (Phase::WaitsForAccept, Step::Due) => {
                state.say([Action::Close]);
                state.try_again(Trouble::NotAccepted(ACCEPT_WITHIN), false);
            }
            (Phase::Waits { renews }, Step::Due) => {
                let attempt = u32::try_from(state.failures).unwrap();
                state.say([Action::State(ConnectionState::Reconnecting { attempt })]);
                if renews {
                    state.renew();
                } else {
                    state.ask_gate();
                }
            }
            _ => {}
        }
        state
    }
}

#[derive(Debug)]
struct Client {
    connection: Connection,
    now: Timestamp,
    /// When it last dialled, unless somebody has asked for a connection since.
    dialled: Option<Timestamp>,
}

impl StateMachineTest for Client {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Self {
        let connection = Connection::new(DeviceClass::Mobile, "guid".to_owned(), 7, ACCEPT_WITHIN);
        Self { connection, now: Timestamp::MIN, dialled: None }
    }

    fn apply(mut client: Self, reference: &Reference, step: Step) -> Self {
        let Self { connection, now, dialled } = &mut client;
        let why = || "why".to_owned();
        match step {
            Step::Start => {
                connection.start();
                *dialled = None;
            }
            Step::StartWithoutAppKey => connection.refuse_without_app_key(),
            Step::Stop => connection.stop(),
            Step::Token(had) => connection.token(had.then_some(()).ok_or_else(why), *now),
            Step::Gate(region) => connection.gate(region.map(str::to_owned).ok_or_else(why), *now),
            Step::Dialled(result) => connection.dialled(result, *now),
            Step::Control(code) => connection.control(ConnectionReturnCode(code), *now),
            Step::Lost => connection.lost(why(), *now),
            Step::Reconnect => connection.reconnect(Trouble::Unanswered(10), *now),
            Step::Early => {
                let long_after = now.plus(Duration::from_secs(3_600));
                *now = connection.deadline().map_or(long_after, Timestamp::previous);
                connection.tick(*now);
            }
            Step::Due => {
                *now = connection.deadline().unwrap_or(*now);
                connection.tick(*now);
            }
        }
        let actions: Vec<Action> = std::iter::from_fn(|| connection.poll()).collect();
        if actions.iter().any(|action| matches!(action, Action::Dial(_))) {
            let since = dialled.replace(*now).map(|before| before.until(*now));
            assert!(
                since.is_none_or(|since| since >= Duration::from_millis(500)),
                "dials again after {since:?}"
            );
        }
        assert_eq!(actions, reference.actions);
        if let Some((least, most)) = reference.wait {
            let wait = now.until(connection.deadline().expect("it waits"));
            let bounds = Duration::from_millis(least)..=Duration::from_millis(most);
            assert!(bounds.contains(&wait), "{wait:?} is not in {bounds:?}");
        }
        client
    }

    fn check_invariants(client: &Self, reference: &Reference) {
        let connection = &client.connection;
        assert_eq!(connection.is_up(), reference.phase == Phase::Up);
        assert_eq!(connection.is_stopped(), reference.phase == Phase::Rests);
        let waits = matches!(reference.phase, Phase::WaitsForAccept | Phase::Waits { .. });
        assert_eq!(connection.deadline().is_some(), waits);
    }
}

#[test]
fn a_connection_does_what_the_rules_say_to_each_event() {
    machines::run::<Client>(1_000, 40);
}
