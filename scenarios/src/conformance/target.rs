//! What is tested, and what is known of it beside its address.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use parking_lot::Mutex;
use y2w_sdk::protocol::rest::{GateData, path};

use super::need::Need;
use crate::world::World;

/// See the module's text.
#[derive(Clone)]
pub struct Target {
    pub(super) world: Arc<dyn World>,
    /// What people call it.
    pub(super) name: String,
    /// The app's secret, where whoever tests knows it.
    pub(super) secret: Option<String>,
    /// What it is said not to have.
    pub(super) missing: BTreeSet<Need>,
    /// Where the token endpoint and the gate are, where they are not beside the business API.
    pub(super) token: Option<String>,
    pub(super) gate: Option<String>,
    /// Where the push server is, where no gate says it.
    pub(super) push: Option<GateData>,
    /// Accounts that nobody has used; none where everyone can register.
    pub(super) accounts: Option<Arc<Mutex<Vec<Account>>>>,
    /// How long an answer may take.
    pub(super) deadline: Duration,
}

/// An account that was made before the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) account: String,
    pub(super) password: String,
}

/// How long an answer may take, where nobody says otherwise.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// How long an answer may take that shows that a target is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

impl Target {
    /// That server. Nothing else is known of it.
    pub(super) fn new(world: Arc<dyn World>, name: &str) -> Self {
        Self {
            world,
            name: name.to_owned(),
            secret: None,
            missing: BTreeSet::new(),
            token: None,
            gate: None,
            push: None,
            accounts: None,
            deadline: DEADLINE,
        }
    }

    /// A server of ours, in virtual time: without sockets its gate has no place to name for TCP.
    pub fn in_virtual_time(world: Arc<dyn World>) -> Self {
        let name = "mock server, in virtual time";
        let missing = BTreeSet::from([Need::GateTcp]);
        Self { secret: Some("secret".to_owned()), missing, ..Self::new(world, name) }
    }

    /// A server of ours, on sockets: time passes as it does.
    pub fn on_sockets(world: Arc<dyn World>) -> Self {
        Self {
            name: "mock server, on loopback sockets".to_owned(),
            missing: BTreeSet::from([Need::Time]),
            ..Self::in_virtual_time(world)
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is said not to have.
    pub fn missing(&self) -> &BTreeSet<Need> {
        &self.missing
    }

    /// Whether anything answers there, be it what it may.
    pub async fn is_there(&self) -> bool {
        self.sign_of_life().await.is_ok()
    }

    /// Asks for anything; the error is why nothing answers.
    pub async fn sign_of_life(&self) -> Result<(), String> {
        let url = format!("{}{}", self.world.base_url(), path::USERS);
        let request = Request::builder().method(Method::GET).uri(url).body(Bytes::new());
        let request = request.map_err(|why| why.to_string())?;
        match tokio::time::timeout(SIGN_OF_LIFE, self.world.http().send(request)).await {
            Ok(answer) => answer.map(drop),
            Err(_) => Err(format!("no answer within {} s", SIGN_OF_LIFE.as_secs())),
        }
    }
}
