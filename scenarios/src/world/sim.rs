//! The world in one thread and in virtual time: the server's router is called, its push side is served over streams in
//! memory. Must live in a current-thread runtime whose time is paused: then nothing but the plan's seed decides what
//! happens.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::quirks::NamedQuirk;
use y2w_mock_server::{Backend, MockServer, MockServerBuilder, PasswordCost};
use y2w_sdk::api::{HttpTransport, InProcessHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::{ByteStream, Streams};

use super::{Harm, NotInflicted, World};
use crate::plan::Plan;

/// When simulated time begins: 2016-11-24 at noon, in milliseconds since 1970.
const BEGIN_MILLIS: i64 = 1_479_988_800_000;

/// What a stream in memory holds before its writer has to wait.
const STREAM_BYTES: usize = 64 * 1024;

/// See the module's text.
pub struct Sim {
    server: Backend,
    http: Arc<InProcessHttp<axum::Router>>,
    clock: Clock,
}

impl Sim {
    /// A fresh server with the plan's quirks.
    pub fn new(plan: &Plan) -> Self {
        let clock = Clock::starting_at(Timestamp::from_millis(BEGIN_MILLIS));
        let server = builder(plan, clock).backend();
        let http = Arc::new(InProcessHttp::new(server.router()));
        Self { server, http, clock }
    }

    /// The server.
    pub fn server(&self) -> &Backend {
        &self.server
    }
}

/// Runs something in a runtime of one thread and virtual time, which ends with it.
pub fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing of the machine").block_on(work)
}

impl World for Sim {
    fn base_url(&self) -> &'static str {
        "http://server"
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn http(&self) -> Arc<dyn HttpTransport> {
        self.http.clone()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(InMemory(self.server.clone()))
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        harm_ours(&self.server, &harm);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Streams to the push side of a server in this thread.
struct InMemory(Backend);

impl Streams for InMemory {
    fn address(&self, _: &GateData) -> Result<String, String> {
        Ok("in-memory".to_owned())
    }

    fn open(&self, _: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let server = self.0.clone();
        let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
        #[expect(clippy::disallowed_methods, reason = "the server's end, which ends with the stream")]
        tokio::spawn(async move { server.serve_push(theirs, &CancellationToken::new()).await });
        Box::pin(async move { Ok(Box::new(ours) as Box<dyn ByteStream>) })
    }
}

/// The server that a plan asks for, wherever it is to run.
pub(super) fn builder(plan: &Plan, clock: Clock) -> MockServerBuilder {
    let builder = MockServer::builder()
        .app("key", "secret")
        .seed(plan.seed)
        .clock(clock)
        .password_cost(PasswordCost::Fast);
    let quirks = plan.quirks.iter().filter_map(|quirk| quirk.parse::<NamedQuirk>().ok());
    quirks.fold(builder, |builder, quirk| builder.quirk_at(quirk.quirk, quirk.rate))
}

/// Does this to a server of ours.
pub(super) fn harm_ours(server: &Backend, harm: &Harm) {
    match harm {
        Harm::Refuse(time) => server.refuse_connections(*time),
        Harm::RestartPush => drop(server.restart_push()),
        Harm::Forget(session) => drop(server.forget_session(session)),
        Harm::MoveMts(session, by) => {
            if let Some(mts) = server.session_mts(session) {
                server.move_mts(session, mts.saturating_add(*by));
            }
        }
        Harm::ExpireTokens(user) => drop(server.expire_tokens(Some(user))),
        Harm::ExpireImTokens => server.expire_im_tokens(),
        Harm::Kick(user) => drop(server.kick(user)),
    }
}
