//! The life of a push connection, as a state machine: it is told what happened and says what to do.
//!
//! ```text
//!  Off ─start─▶ Renewing ─token─▶ AskingGate ─address─▶ Dialling ─CONNACK 0─▶ Accepting ─11─▶ Up
//!                  ▲                   ▲                    │ refused, lost        │ late     │ lost
//!                  │ 5, 6: new imToken │                    ▼                      ▼          ▼
//!                  └───────────────────┴──── time ──── Waiting (grows, with jitter) ◀─────────┘
//!                                                2, 3, 4, 10: Stopped, for good (CONN-STOP-CODES)
//! ```
//!
//! Invariants: at most one thing is under way; after `Stopped` nothing happens until [`Connection::start`]; the pause
//! before a reconnection never is zero, whatever the peer does (`CONN-BACKOFF`). The jitter is a hash of the seed and
//! the number of the attempt, so the machine draws no random number.

use std::collections::VecDeque;
use std::time::Duration;

use crate::protocol::push::{ClientId, DeviceClass};
use crate::protocol::{ConnectionReturnCode, ConnectionStatus, Timestamp, limits};

/// What the driver is to do, or to tell the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Fetch an imToken, then call [`Connection::token`].
    FetchToken,
    /// Ask the gate, then call [`Connection::gate`].
    AskGate,
    /// Open a connection under this id, then call [`Connection::dialled`].
    Dial(ClientId),
    /// Close the connection that is open or being opened.
    Close,
    /// Say goodbye on the connection that is open, or give up the one that is being opened.
    Goodbye,
    /// Tell the application.
    State(ConnectionState),
    /// Tell the application why it is not, or no longer, connected.
    Trouble(Trouble),
}

/// The state of the connection as the application is told it. Rule `CONN-STATUS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// The first connection is being opened; told once more when the gate has named the region.
    Connecting {
        /// The region that the gate named.
        region: Option<String>,
    },
    /// acceptConnect has come.
    Connected,
    /// A lost connection is being opened again.
    Reconnecting {
        /// The count of attempts since the connection was last up.
        attempt: u32,
    },
    /// The connection was lost; it will be opened again.
    NetworkDisconnected,
    /// There is no connection, and there will be none until the application asks for it.
    Disconnected {
        /// What the push server said; `None` if the application wanted it so.
        code: Option<ConnectionReturnCode>,
    },
}

impl ConnectionState {
    /// The number that the documentation of the protocol gives this state.
    pub fn status(&self) -> ConnectionStatus {
        match self {
            Self::Connecting { .. } => ConnectionStatus::CONNECTING,
            Self::Connected => ConnectionStatus::CONNECTED,
            Self::Reconnecting { .. } => ConnectionStatus::RECONNECTING,
            Self::NetworkDisconnected => ConnectionStatus::NETWORK_DISCONNECTED,
            Self::Disconnected { .. } => ConnectionStatus::DISCONNECTED,
        }
    }
}

impl std::fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.status().meaning().unwrap_or_default())?;
        match self {
            Self::Connecting { region: Some(region) } => write!(f, " to region `{region}`"),
            Self::Reconnecting { attempt } => write!(f, ", attempt {attempt}"),
            Self::Disconnected { code: Some(code) } => write!(f, " with {code}"),
            _ => Ok(()),
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The login gave no appKey; reported as code 7.
    NoAppKey,
    /// The token endpoint gave no imToken.
    NoToken(String),
    /// The gate did not answer usably.
    NoGate(String),
    /// The push server could not be reached, or closed the connection.
    Network(String),
    /// The push server left so many commands in a row without a reply; the connection is given up. Rule
    /// `CLIENT-RECOVER-TIMEOUT-RECONNECT`.
    Unanswered(u32),
    /// The push server refused, or ended, the connection with a code.
    Refused(ConnectionReturnCode),
    /// CONNACK 0 came, but acceptConnect did not within this time.
    NotAccepted(Duration),
}

impl Trouble {
    /// The connection return code that stands for it, where there is one. Rules `CONN-RETURN-CODES`, `GATE-FAILURE`.
    pub fn code(&self) -> Option<ConnectionReturnCode> {
        match self {
            Self::NoAppKey => Some(ConnectionReturnCode::AUTHENTICATION_SERVER_ERROR),
            Self::NoGate(_) => Some(ConnectionReturnCode::REQUEST_GATE_ERROR),
            Self::Refused(code) => Some(*code),
            Self::NoToken(_) | Self::Network(_) | Self::Unanswered(_) | Self::NotAccepted(_) => None,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAppKey => f.write_str("the login gave no appKey"),
            Self::NoToken(why) => write!(f, "the token endpoint gave no imToken: {why}"),
            Self::NoGate(why) => write!(f, "the gate did not answer usably: {why}"),
            Self::Network(why) => write!(f, "the push server is out of reach: {why}"),
            Self::Unanswered(commands) => {
                write!(f, "the push server left {commands} commands in a row without a reply")
            }
            Self::Refused(code) => write!(f, "the push server refused the connection with {code}"),
            Self::NotAccepted(within) => write!(
                f,
                "the push server answered CONNECT but sent no acceptConnect ({{\"returnCode\":11}}) within {} s",
                within.as_secs_f64()
            ),
        }
    }
}

/// How an attempt to open a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// CONNACK 0: wait for acceptConnect.
    Connack,
    /// CONNACK with another code.
    Refused(ConnectionReturnCode),
    /// No connection.
    Network(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Off,
    Renewing,
    AskingGate,
    Dialling,
    Accepting { deadline: Timestamp },
    Up,
    Waiting { until: Timestamp, renew: bool },
    Stopped,
}

/// See the module's text.
#[derive(Debug)]
pub struct Connection {
    state: State,
    device: DeviceClass,
    guid: String,
    seed: u64,
    /// How long acceptConnect may take after a CONNACK of 0.
    accept_within: Duration,
    /// Whether it has been up since it was started.
    was_up: bool,
    /// Attempts since it was last up, or started.
    attempts: u32,
    actions: VecDeque<Action>,
}

impl Connection {
    /// A client that is not connected; `guid` stays the same over all its connections.
    pub fn new(device: DeviceClass, guid: String, seed: u64, accept_within: Duration) -> Self {
        Self {
            state: State::Off,
            device,
            guid,
            seed,
            accept_within,
            was_up: false,
            attempts: 0,
            actions: VecDeque::new(),
        }
    }

    /// Connect, and stay connected: as a first connection, whatever was before. A reconnection would be refused while
    /// the client that took its place is live (`CONN-RECONNECT-REFUSED`), and its user has asked for this one.
    pub fn start(&mut self) {
        if matches!(self.state, State::Off | State::Stopped) {
            self.was_up = false;
            self.attempts = 0;
            self.actions.push_back(Action::State(ConnectionState::Connecting { region: None }));
            self.renew();
        }
    }

    /// Do not even try: the login gave no appKey. Rule `CONN-APPKEY-LOCAL`.
    pub fn refuse_without_app_key(&mut self) {
        if matches!(self.state, State::Off | State::Stopped) {
            self.state = State::Stopped;
            let code = ConnectionReturnCode::AUTHENTICATION_SERVER_ERROR;
            self.actions.push_back(Action::Trouble(Trouble::NoAppKey));
            self.actions.push_back(Action::State(ConnectionState::Disconnected { code: Some(code) }));
        }
    }

    /// Disconnect, and stay so.
    pub fn stop(&mut self) {
        if !matches!(self.state, State::Off | State::Stopped) {
            self.actions.push_back(Action::Goodbye);
            self.state = State::Off;
            self.actions.push_back(Action::State(ConnectionState::Disconnected { code: None }));
        }
    }

    /// Whether acceptConnect has come and the connection has not been lost since.
    pub fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// Whether it will not connect again by itself.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, State::Off | State::Stopped)
    }

    /// What to do now; call until there is nothing more.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::tick`] is due.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.state {
            State::Accepting { deadline } => Some(deadline),
            State::Waiting { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Timestamp) {
        match self.state {
            State::Accepting { deadline } if now >= deadline => {
                self.close();
                self.fail(Trouble::NotAccepted(self.accept_within), false, now);
            }
            State::Waiting { until, renew } if now >= until => {
                self.actions
                    .push_back(Action::State(ConnectionState::Reconnecting { attempt: self.attempts }));
                if renew {
                    self.renew();
                } else {
                    self.ask_gate();
                }
            }
            _ => {}
        }
    }

    /// An imToken was fetched, or not.
    pub fn token(&mut self, result: Result<(), String>, now: Timestamp) {
        if self.state != State::Renewing {
            return;
        }
        match result {
            Ok(()) => self.ask_gate(),
            Err(why) => {
                self.attempts += 1;
                self.actions.push_back(Action::Trouble(Trouble::NoToken(why)));
                self.state = State::Waiting { until: now.plus(limits::TOKEN_RETRY), renew: true };
            }
        }
    }

    /// The gate has answered with a region, or not.
    pub fn gate(&mut self, result: Result<String, String>, now: Timestamp) {
        if self.state != State::AskingGate {
            return;
        }
        match result {
            Ok(region) => {
                self.state = State::Dialling;
                if !self.was_up && self.attempts == 0 && !region.is_empty() {
                    let region = Some(region);
                    self.actions.push_back(Action::State(ConnectionState::Connecting { region }));
                }
                self.actions.push_back(Action::Dial(ClientId {
                    reconnection: self.was_up,
                    device: self.device,
                    guid: self.guid.clone(),
                }));
            }
            Err(why) => self.fail(Trouble::NoGate(why), false, now),
        }
    }

    /// The attempt to open a connection has ended.
    pub fn dialled(&mut self, result: Dialled, now: Timestamp) {
        if self.state != State::Dialling {
            return;
        }
        match result {
            Dialled::Connack => {
                self.state = State::Accepting { deadline: now.plus(self.accept_within) };
            }
            Dialled::Refused(code) => self.refused(code, now),
            Dialled::Network(why) => self.fail(Trouble::Network(why), false, now),
        }
    }

    /// A control message has come.
    pub fn control(&mut self, code: ConnectionReturnCode, now: Timestamp) {
        match (self.state, code) {
            (State::Accepting { .. }, ConnectionReturnCode::ACCEPT_CONNECT) => {
                self.state = State::Up;
                self.was_up = true;
                self.attempts = 0;
                self.actions.push_back(Action::State(ConnectionState::Connected));
            }
            (State::Up, ConnectionReturnCode::ACCEPT_CONNECT) => {}
            (State::Up | State::Accepting { .. }, _) => {
                self.close();
                self.refused(code, now);
            }
            _ => {}
        }
    }

    /// The open connection is lost, for whatever reason.
    pub fn lost(&mut self, why: String, now: Timestamp) {
        self.lost_by(Trouble::Network(why), now);
    }

    fn lost_by(&mut self, why: Trouble, now: Timestamp) {
        if matches!(self.state, State::Up | State::Accepting { .. }) {
            self.actions.push_back(Action::State(ConnectionState::NetworkDisconnected));
            self.fail(why, false, now);
        }
    }

    /// Give the open connection up and open another.
    pub fn reconnect(&mut self, why: Trouble, now: Timestamp) {
        if matches!(self.state, State::Up | State::Accepting { .. }) {
            self.close();
            self.lost_by(why, now);
        }
    }

    fn close(&mut self) {
        self.actions.push_back(Action::Close);
    }

    fn renew(&mut self) {
        self.state = State::Renewing;
        self.actions.push_back(Action::FetchToken);
    }

    fn ask_gate(&mut self) {
        self.state = State::AskingGate;
        self.actions.push_back(Action::AskGate);
    }

    fn refused(&mut self, code: ConnectionReturnCode, now: Timestamp) {
        if code.stops_reconnection() && !code.asks_for_new_token() {
            self.state = State::Stopped;
            self.actions.push_back(Action::Trouble(Trouble::Refused(code)));
            self.actions.push_back(Action::State(ConnectionState::Disconnected { code: Some(code) }));
        } else {
            self.fail(Trouble::Refused(code), code.asks_for_new_token(), now);
        }
    }

    fn fail(&mut self, trouble: Trouble, renew: bool, now: Timestamp) {
        self.attempts += 1;
        self.actions.push_back(Action::Trouble(trouble));
        self.state = State::Waiting { until: now.plus(self.pause()), renew };
    }

    /// The period doubles with every attempt in a row, and lies between half and one and a half times that.
    fn pause(&self) -> Duration {
        let doubled = limits::RECONNECT_PERIOD.saturating_mul(1 << (self.attempts.saturating_sub(1)).min(8));
        let period = doubled.min(limits::RECONNECT_PERIOD_MAX);
        let thousandths = 500 + mix(self.seed ^ u64::from(self.attempts)) % 1_000;
        period.mul_f64(thousandths as f64 / 1_000.0)
    }
}

/// The finaliser of splitmix64: spreads every bit of the input over the output.
fn mix(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "connection_machine_tests.rs"]
mod machine;
