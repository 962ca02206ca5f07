//! The world in one thread and in virtual time: the server's router is called, its push side is served over streams in
//! memory. Must live in a current-thread runtime whose time is paused: then nothing but the plan's seed decides what
//! happens.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::quirks::NamedQuirk;
use y2w_mock_server::{Backend, MockServer, PasswordCost};
use y2w_sdk::api::{HttpTransport, InProcessHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::push::ByteStream;

use super::{Harm, Unsupported, World};
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
        let mut builder = MockServer::builder()
            .app("key", "secret")
            .seed(plan.seed)
            .clock(clock)
            .password_cost(PasswordCost::Fast);
        for quirk in plan.quirks.iter().filter_map(|quirk| quirk.parse::<NamedQuirk>().ok()) {
            builder = builder.quirk_at(quirk.quirk, quirk.rate);
        }
        let server = builder.backend();
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

    fn dial(&self) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let server = self.server.clone();
        let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
        #[expect(clippy::disallowed_methods, reason = "the server's end, which ends with the stream")]
        tokio::spawn(async move { server.serve_push(theirs, &CancellationToken::new()).await });
        Box::pin(async move { Ok(Box::new(ours) as Box<dyn ByteStream>) })
    }

    fn inflict(&self, harm: &Harm) -> Result<(), Unsupported> {
        harm_ours(&self.server, harm);
        Ok(())
    }
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
