//! A server without sockets: the state of one app, and what answers requests and connections over it.
//!
//! Whoever has a [`Backend`] can call its [`router`](Backend::router) in process and hand it byte streams as push
//! connections; the sockets of a [`MockServer`](crate::MockServer) do no more than that. Clones share the state.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::limits::PUSH_TCP_PORT;

use crate::apps::Apps;
use crate::attempts::{Attempts, LoginLimits};
use crate::business::{AddEmoji, Business, Operation, Refusal, SetQuirks};
use crate::faults::{Dice, Standing};
use crate::files::Files;
use crate::journal::{Held, OfApp, Opened, Progress};
use crate::push::{self, Push, PushConfig};
use crate::quirks::Quirks;
use crate::rest;
use crate::secrets::{PasswordCost, Secrets};
use crate::traffic::Traffic;

/// An app's key and secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The appKey.
    pub key: String,
    /// The app's own secret.
    pub secret: String,
}

/// What a server is given at its start.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) app: App,
    pub(crate) other_apps: Vec<App>,
    pub(crate) seed: Option<u64>,
    pub(crate) clock: Option<Clock>,
    pub(crate) password_cost: PasswordCost,
    pub(crate) login_life: Duration,
    pub(crate) login_limits: LoginLimits,
    pub(crate) gate_host: Option<String>,
    pub(crate) push: PushConfig,
    pub(crate) files: Option<PathBuf>,
    pub(crate) max_file: u64,
    pub(crate) files_memory: u64,
    pub(crate) emojis: Vec<AddEmoji>,
    pub(crate) quirks: Quirks,
    pub(crate) push_only: bool,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) snapshot_from: u64,
    pub(crate) progress: Progress,
}

impl Config {
    /// The keys of all apps.
    pub(crate) fn app_keys(&self) -> Vec<String> {
        std::iter::once(&self.app).chain(&self.other_apps).map(|app| app.key.clone()).collect()
    }

    /// Room for attachments in memory.
    pub(crate) fn new_files(&self) -> Files {
        Files::in_memory(self.max_file, self.files_memory)
    }

    /// Where the bytes of attachments are, if not in memory: with the data, unless it is said.
    pub(crate) fn files_directory(&self) -> Option<PathBuf> {
        let kept = self.data_dir.as_ref().map(|directory| directory.join("files"));
        self.files.clone().or(kept)
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Backend {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) login_life: Duration,
    pub(crate) attempts: Mutex<Attempts>,
    pub(crate) secrets: Secrets,
    pub(crate) business: Arc<Mutex<Business>>,
    pub(crate) journal: Option<OfApp>,
    pub(crate) push: Arc<Push>,
    pub(crate) files: Arc<Files>,
    pub(crate) standing: Standing,
    pub(crate) traffic: Traffic,
    /// Whether the business API is somebody else's.
    pub(crate) push_only: bool,
    pub(crate) quirks: Quirks,
    gate_host: Option<String>,
    listening: OnceLock<Listening>,
}

/// Where the push server listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listening {
    pub(crate) tcp: SocketAddr,
    pub(crate) websocket: SocketAddr,
}

/// What a server holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Accounts.
    pub users: u64,
    /// Sessions of every type.
    pub sessions: u64,
    /// Messages stored, the server's own included.
    pub messages: u64,
    /// Push connections that are live now.
    pub connections: u64,
    /// Push connections let in since the start.
    pub connections_accepted: u64,
    /// Push commands answered since the start.
    pub commands: u64,
    /// Payloads put on their way to a receiver since the start.
    pub deliveries: u64,
    /// Push connections dropped because their client read too slowly.
    pub overflows: u64,
    /// Push connections ended with the notice 10 since the start.
    pub kicks: u64,
    /// Sessions that the push server knows now.
    pub push_sessions: u64,
}

impl Backend {
    /// The apps that are asked for, each with a state of its own: the one that was kept, or an empty one.
    pub(crate) fn apps(config: &Config, opened: Option<Opened>, files: &Arc<Files>) -> Apps {
        let clock = config.clock.unwrap_or_else(Clock::system);
        let seed = config.seed.unwrap_or_else(|| arbitrary_seed(&clock));
        let starts = opened.as_ref().map_or(0, |opened| opened.starts);
        let mut held = opened.map(Opened::start).into_iter().flatten();
        // The seeds of apps differ, and those of the starts over the same data, or they would give out the same tokens.
        let mut apps =
            std::iter::once(&config.app).chain(&config.other_apps).zip(starts << 32..).map(|(app, n)| {
                let seed = seed ^ SPREAD.wrapping_mul(n);
                Self::new(config, app.clone(), clock, seed, held.next().unwrap_or_default(), files.clone())
            });
        let first = apps.next().expect("there is at least the first");
        Apps::new(first, apps.collect())
    }

    fn new(config: &Config, app: App, clock: Clock, seed: u64, held: Held, files: Arc<Files>) -> Self {
        let dice = Dice::new(seed);
        let quirks = config.quirks.seeded(seed);
        let new = Self {
            inner: Arc::new(Inner {
                push_only: config.push_only,
                app,
                clock,
                login_life: config.login_life,
                attempts: Mutex::new(Attempts::new(config.login_limits)),
                secrets: Secrets::new(seed, config.password_cost),
                business: held.state,
                journal: held.journal,
                standing: Standing::new(dice),
                traffic: Traffic::default(),
                push: Arc::new(Push::new(clock, config.push, dice, quirks.clone())),
                files,
                quirks,
                gate_host: config.gate_host.clone(),
                listening: OnceLock::new(),
            }),
        };
        new.furnish(&config.emojis);
        new
    }

    /// Gives the state what the server is told to have. A state that was kept goes on with its quirks where those are
    /// asked for again, and with other ones from now on where they are not; its emojis stay.
    fn furnish(&self, emojis: &[AddEmoji]) {
        let mut business = self.inner.business.lock();
        let quirks = &self.inner.quirks;
        if !business.quirks().named().eq(quirks.named()) {
            if business.counts().users > 0 {
                let (app, before) = (self.app_key(), business.quirks());
                tracing::warn!("the data of {app} was written with {before}; it goes on with {quirks}");
            }
            let set = self.apply_to(&mut business, SetQuirks { quirks: quirks.clone() });
            set.expect("quirks are never refused");
        }
        if business.has_emojis() {
            return;
        }
        for emoji in emojis {
            if let Err(refusal) = self.apply_to(&mut business, emoji.clone()) {
                tracing::warn!(%refusal, "an emoji is left out");
            }
        }
    }

    /// The business API, the token endpoint and the gate, to be served or called in process; without the first where
    /// that is another server's.
    pub fn router(&self) -> Router {
        rest::router(&Apps::new(self.clone(), Vec::new()))
    }

    /// Serves one push connection to its end, or until `stop`.
    pub async fn serve_push<S>(&self, mut stream: S, stop: &CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let pushes = self.inner.push.clone().into();
        tokio::select! {
            biased;
            () = stop.cancelled() => (),
            () = push::serve(&pushes, &mut stream) => (),
        }
    }

    /// The app's key.
    pub fn app_key(&self) -> &str {
        &self.inner.app.key
    }

    /// The app's own secret.
    pub fn app_secret(&self) -> &str {
        &self.inner.app.secret
    }

    /// The server's clock.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// What the server holds and has done.
    pub fn stats(&self) -> Stats {
        let counts = self.inner.business.lock().counts();
        let push = &self.inner.push;
        let counted = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            users: counts.users,
            sessions: counts.sessions,
            messages: counts.messages,
            connections: push.live() as u64,
            connections_accepted: counted(&push.counters.accepted),
            commands: counted(&push.counters.commands),
            deliveries: counted(&push.counters.deliveries),
            overflows: counted(&push.counters.overflows),
            kicks: counted(&push.counters.kicks),
            push_sessions: push.sessions() as u64,
        }
    }

    /// A copy of the push traffic from now on: commands as they come in, and what faults let through of the deliveries.
    /// Whoever asks last gets it; what there is no room for is left out.
    pub fn mirror_pushes(&self, capacity: usize) -> mpsc::Receiver<push::Mirrored> {
        self.inner.push.watch(capacity)
    }

    /// Carries out an operation of the business side now.
    pub(crate) fn apply<O: Operation>(&self, operation: O) -> Result<O::Reply, Refusal> {
        self.apply_to(&mut self.inner.business.lock(), operation)
    }

    /// The same for who holds the lock of the state already: what it was like is then what the operation finds.
    pub(crate) fn apply_to<O: Operation>(
        &self,
        business: &mut Business,
        operation: O,
    ) -> Result<O::Reply, Refusal> {
        // Under the lock, so that times go up in the order in which operations are carried out.
        let now = self.inner.clock.now();
        let Some(journal) = &self.inner.journal else {
            return business.apply(operation, now);
        };
        let record = journal.record(&operation, now);
        let reply = business.apply(operation, now)?;
        journal.append(&record);
        Ok(reply)
    }

    /// Tells the gate where the push server listens.
    pub(crate) fn set_listening(&self, listening: Listening) {
        // A backend is started once, so nobody else has set it.
        let _ = self.inner.listening.set(listening);
    }
}

impl Inner {
    /// What the gate names to a client that reached us as `called`: `url`, and `tcp` where that says something else
    /// than `url` and the protocol's ports. Rules `GATE-ANSWER`, `GATE-PORTS`, `GATE-URL-PORT`, `GATE-TCP`.
    pub(crate) fn push_server(&self, called: Option<&str>) -> (String, Option<String>) {
        let Some(listening) = self.listening.get() else {
            return (self.host(None, called), None);
        };
        let tcp = self.host(Some(listening.tcp.ip()), called);
        let websocket = self.host(Some(listening.websocket.ip()), called);
        let tcp_port = listening.tcp.port();
        let mapped = self.gate_host.as_deref().and_then(|host| split_port(host).1);
        let port = mapped.unwrap_or(listening.websocket.port());
        let url = if port == PUSH_WEBSOCKET_PORT { websocket.clone() } else { format!("{websocket}:{port}") };
        let needs_tcp = tcp != url || tcp_port != PUSH_TCP_PORT;
        (url, needs_tcp.then(|| format!("{tcp}:{tcp_port}")))
    }

    fn host(&self, ip: Option<IpAddr>, called: Option<&str>) -> String {
        match (&self.gate_host, ip) {
            (Some(host), _) => split_port(host).0.to_owned(),
            (None, Some(ip)) if !ip.is_unspecified() => bracketed(ip),
            // We listen everywhere: the name that brought the client here will do for the push server as well.
            (None, _) => called.map_or_else(|| "127.0.0.1".to_owned(), |host| split_port(host).0.to_owned()),
        }
    }
}

/// Where a client that was given a bare host looks for a WebSocket. Rule `GATE-PORTS`.
const PUSH_WEBSOCKET_PORT: u16 = 80;

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A host and, where it ends in one, its port.
fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port.parse().ok()),
        _ => (host, None),
    }
}

/// Spreads small numbers over all bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// For who gives no seed: differs between starts, and is fit for tests, not for guarding anything.
fn arbitrary_seed(clock: &Clock) -> u64 {
    let millis = clock.now().as_millis().unsigned_abs();
    millis.wrapping_mul(SPREAD) ^ u64::from(std::process::id()) ^ u64::from(clock.elapsed().subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MockServer;

    #[test]
    fn the_gate_names_ports_that_are_not_the_protocols() {
        for (tcp, websocket, named) in [
            ("127.0.0.1:1883", "127.0.0.1:80", ("127.0.0.1", None)),
            ("127.0.0.1:1884", "127.0.0.1:80", ("127.0.0.1", Some("127.0.0.1:1884"))),
            ("127.0.0.1:1883", "127.0.0.1:8083", ("127.0.0.1:8083", Some("127.0.0.1:1883"))),
            ("127.0.0.2:1883", "[::1]:80", ("[::1]", Some("127.0.0.2:1883"))),
            ("0.0.0.0:1883", "0.0.0.0:80", ("a.example", None)),
            ("0.0.0.0:9", "[::]:7", ("a.example:7", Some("a.example:9"))),
        ] {
            let backend = MockServer::builder().backend();
            backend.set_listening(Listening {
                tcp: tcp.parse().unwrap(),
                websocket: websocket.parse().unwrap(),
            });
            let (url, tcp) = backend.inner.push_server(Some("a.example:8080"));
            assert_eq!((&*url, tcp.as_deref()), named);
        }
        let elsewhere = MockServer::builder().gate_host("push.example").backend();
        elsewhere.set_listening(Listening {
            tcp: SocketAddr::from(([0, 0, 0, 0], 1883)),
            websocket: SocketAddr::from(([0, 0, 0, 0], 80)),
        });
        assert_eq!(elsewhere.inner.push_server(None), ("push.example".to_owned(), None));
        let mapped = MockServer::builder().gate_host("push.example:80").backend();
        mapped.set_listening(Listening {
            tcp: SocketAddr::from(([127, 0, 0, 1], 1883)),
            websocket: SocketAddr::from(([127, 0, 0, 1], 8083)),
        });
        assert_eq!(mapped.inner.push_server(None), ("push.example".to_owned(), None));
    }

    #[test]
    fn a_host_header_may_have_a_port() {
        for (header, split) in [
            ("a.example", ("a.example", None)),
            ("a.example:80", ("a.example", Some(80))),
            ("[::1]:80", ("[::1]", Some(80))),
            ("[::1]", ("[::1]", None)),
        ] {
            assert_eq!(split_port(header), split);
        }
    }
}
