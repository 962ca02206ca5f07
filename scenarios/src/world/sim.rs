//! The world in one thread and in virtual time: the server's router is called, its push side is served over streams in
//! memory. Must live in a current-thread runtime whose time is paused: then nothing but the plan's seed decides what
//! happens.
//!
//! A server that is stopped is gone with all that it has not on its [`Disk`]; the next one is made anew.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use parking_lot::Mutex;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::quirks::NamedQuirk;
use y2w_mock_server::{Apps, Backend, Disk, LoginLimits, MockServer, MockServerBuilder, PasswordCost};
use y2w_sdk::api::{HttpTransport, InProcessHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::rest::GateData;
use y2w_sdk::push::{ByteStream, Streams};

use super::{Harm, NotInflicted, RESET, STREAM_BYTES, World, next_door};
use crate::chance;
use crate::plan::Plan;

/// When simulated time begins: 2016-11-24 at noon, in milliseconds since 1970.
const BEGIN_MILLIS: i64 = 1_479_988_800_000;

/// See the module's text.
pub struct Sim {
    machine: Arc<Machine>,
    clock: Clock,
    plan: Plan,
    kept: Mutex<Kept>,
}

/// What outlives a server.
struct Kept {
    /// None where no fault of the plan has need of it.
    disk: Option<Disk>,
    /// How many servers there were.
    starts: u32,
}

/// Where the server is, while it runs.
#[derive(Default)]
struct Machine {
    running: Mutex<Option<Running>>,
}

/// A server that runs.
#[derive(Clone)]
struct Running {
    apps: Apps,
    http: Arc<InProcessHttp<axum::Router>>,
    stop: CancellationToken,
}

impl Sim {
    /// A fresh server with the plan's quirks.
    pub fn new(plan: &Plan) -> Self {
        let clock = Clock::starting_at(Timestamp::from_millis(BEGIN_MILLIS));
        let kept = Mutex::new(Kept { disk: plan.wants_journal().then(Disk::default), starts: 0 });
        let new = Self { machine: Arc::default(), clock, plan: plan.clone(), kept };
        new.start(true).expect("a disk that is new can be used");
        new
    }

    /// The disk of the server, where the plan has it started again with what is on it.
    pub fn disk(&self) -> Option<Disk> {
        self.kept.lock().disk.clone()
    }

    fn start(&self, journal: bool) -> Result<(), NotInflicted> {
        let mut kept = self.kept.lock();
        let builder = builder(&self.plan, kept.starts, self.clock);
        kept.starts += 1;
        if let Some(disk) = kept.disk.as_mut().filter(|_| !journal) {
            *disk = Disk::default();
        }
        let apps = match &kept.disk {
            Some(disk) => builder.apps_on(disk).map_err(|error| NotInflicted(error.to_string()))?,
            None => builder.new_apps(),
        };
        let http = Arc::new(InProcessHttp::new(apps.router()));
        *self.machine.running.lock() = Some(Running { apps, http, stop: CancellationToken::new() });
        Ok(())
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
        self.machine.clone()
    }

    fn streams(&self) -> Arc<dyn Streams> {
        self.machine.clone()
    }

    fn websockets(&self) -> Arc<dyn Streams> {
        Arc::new(Websockets(self.machine.clone()))
    }

    fn neighbour(&self) -> Option<String> {
        self.plan.neighbour.then(|| next_door::url(self.base_url()))
    }

    fn inflict(&self, harm: Harm) -> BoxFuture<'_, Result<(), NotInflicted>> {
        let running = self.machine.running();
        Box::pin(async move {
            match (harm, running) {
                (Harm::Stop, running) => {
                    *self.machine.running.lock() = None;
                    if let Some(running) = running {
                        running.stop.cancel();
                    }
                    Ok(())
                }
                (Harm::Start { journal }, None) => self.start(journal),
                (harm, Some(running)) => {
                    harm_ours(running.apps.first(), &harm);
                    Ok(())
                }
                // What befalls a server that is down changes nothing.
                (_, None) => Ok(()),
            }
        })
    }
}

/// What whoever asks a server that is down is told.
const REFUSED: &str = "connection refused";

impl Machine {
    fn running(&self) -> Option<Running> {
        self.running.lock().clone()
    }

    /// A stream whose other end the server serves in that way.
    fn serve(
        &self,
        serve: impl FnOnce(Running, DuplexStream) -> BoxFuture<'static, ()> + Send + 'static,
    ) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        let running = self.running();
        Box::pin(async move {
            let running = running.ok_or(REFUSED)?;
            let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
            #[expect(clippy::disallowed_methods, reason = "the server's end, which ends with the stream")]
            tokio::spawn(serve(running, theirs));
            Ok(Box::new(ours) as Box<dyn ByteStream>)
        })
    }
}

impl HttpTransport for Machine {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let running = self.running();
        Box::pin(async move {
            let Running { http, stop, .. } = running.ok_or(REFUSED)?;
            tokio::select! { biased;
                () = stop.cancelled() => Err(RESET.to_owned()),
                answer = http.send(request) => answer,
            }
        })
    }
}

impl Streams for Machine {
    fn address(&self, _: &GateData) -> Result<String, String> {
        Ok("in-memory".to_owned())
    }

    fn open(&self, _: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        self.serve(|Running { apps, stop, .. }, stream| {
            Box::pin(async move { apps.serve_push(stream, &stop).await })
        })
    }
}

/// The WebSocket side of a machine.
struct Websockets(Arc<Machine>);

impl Streams for Websockets {
    fn address(&self, _: &GateData) -> Result<String, String> {
        Ok("ws://in-memory/".to_owned())
    }

    fn open(&self, _: &str) -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
        self.0.serve(|Running { apps, stop, .. }, stream| {
            Box::pin(async move { apps.serve_websocket(stream, &stop).await })
        })
    }
}

/// The server that a plan asks for, wherever it is to run; the first, or the one after so many restarts. What one gives
/// out no other does.
pub(super) fn builder(plan: &Plan, start: u32, clock: Clock) -> MockServerBuilder {
    let seed = if start == 0 { plan.seed } else { chance::draw(plan.seed, ("start", start)) };
    // All clients come from one address: it is the account alone that can fail too often.
    let login_limits = LoginLimits { per_address: 0, ..LoginLimits::default() };
    let builder = MockServer::builder().app("key", "secret").seed(seed).clock(clock);
    let builder = builder.password_cost(PasswordCost::Fast).login_limits(login_limits);
    let builder =
        if plan.neighbour { builder.another_app(next_door::KEY, next_door::SECRET) } else { builder };
    let quirks = plan.quirks.iter().filter_map(|quirk| quirk.parse::<NamedQuirk>().ok());
    quirks.fold(builder, |builder, quirk| builder.quirk_at(quirk.quirk, quirk.rate))
}

/// Does this to a server of ours that runs.
pub(crate) fn harm_ours(server: &Backend, harm: &Harm) {
    match harm {
        Harm::Refuse(time) => server.refuse_connections(*time),
        Harm::RestartPush => drop(server.restart_push()),
        Harm::Forget(session) => drop(server.forget_session(session)),
        Harm::MoveMts(session, by) => {
            if let Some(mts) = server.session_mts(session) {
                server.move_mts(session, mts.saturating_add(*by));
            }
        }
        Harm::ExpireTokens(user) => drop(server.expire_tokens(user.as_ref())),
        Harm::ExpireImTokens => server.expire_im_tokens(),
        Harm::Kick(user) => drop(server.kick(user)),
        Harm::Bar(user) => drop(server.set_user_status(user, Status::Inactive)),
        // That is up to whoever has it.
        Harm::Stop | Harm::Start { .. } => (),
    }
}
