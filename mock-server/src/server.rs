//! A backend behind three listeners: for HTTP, for MQTT over TCP and for MQTT over WebSocket.
//!
//! Its tasks end with [`MockServer::shutdown`], which waits for them, or when the handle is dropped.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use y2w_sdk::clock::Clock;

use crate::Backend;
use crate::apps::Apps;
use crate::attempts::LoginLimits;
use crate::backend::{App, Config, Listening};
use crate::business::AddEmoji;
use crate::files::{Files, FilesError};
use crate::journal::{self, DataError, Disk, Opened, Progress, SNAPSHOT_FROM};
use crate::push::{PushConfig, gateway};
use crate::quirks::{Profile, Quirk, Quirks, Rate};
use crate::rest;
use crate::secrets::PasswordCost;
#[cfg(feature = "tap")]
use crate::tap::Tap;
use crate::{control, http};

/// A running server. What a [`Backend`] can do, it can do.
#[derive(Debug)]
pub struct MockServer {
    apps: Apps,
    http_addr: SocketAddr,
    push_addr: SocketAddr,
    websocket_addr: SocketAddr,
    control_addr: Option<SocketAddr>,
    #[cfg(feature = "tap")]
    tap_addr: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl MockServer {
    /// A server that is not running yet, on free ports of 127.0.0.1.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// Where the business API, the token endpoint and the gate are: `http://HOST:PORT`.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http_addr)
    }

    /// Where the HTTP side listens.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Where the push server listens for MQTT over TCP.
    pub fn push_addr(&self) -> SocketAddr {
        self.push_addr
    }

    /// Where the push server listens for MQTT over WebSocket.
    pub fn websocket_addr(&self) -> SocketAddr {
        self.websocket_addr
    }

    /// Where the control API listens, if it was asked for.
    pub fn control_addr(&self) -> Option<SocketAddr> {
        self.control_addr
    }

    /// Where the tap listens, if it was asked for.
    #[cfg(feature = "tap")]
    pub fn tap_addr(&self) -> Option<SocketAddr> {
        self.tap_addr
    }

    /// The first app behind the listeners.
    pub fn backend(&self) -> &Backend {
        self.apps.first()
    }

    /// The apps behind the listeners, each with its base URL. Rule `API-APP-ISOLATION`.
    pub fn apps(&self) -> impl Iterator<Item = (String, &Backend)> {
        let others = self.apps.others().iter();
        let others = others.map(|app| (self.http_url() + &Apps::prefix(app.app_key()), app));
        std::iter::once((self.http_url(), self.apps.first())).chain(others)
    }

    /// Ends the listeners and all connections, and waits until their tasks have ended; that takes a few seconds where
    /// requests do not end. The data can be used by another server then.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Deref for MockServer {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        self.apps.first()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Which of a server's listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The business API, the token endpoint and the gate.
    Http,
    /// MQTT over TCP.
    Push,
    /// MQTT over WebSocket.
    WebSocket,
    /// The control API.
    Control,
    /// The tap.
    Tap,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Push => "push",
            Self::WebSocket => "WebSocket",
            Self::Control => "control",
            Self::Tap => "tap",
        })
    }
}

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A listener could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The directory for attachments cannot be used.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl StartError {
    /// Whether somebody else has a port.
    pub fn is_port_in_use(&self) -> bool {
        matches!(self, Self::Listen(error) if error.source.kind() == std::io::ErrorKind::AddrInUse)
    }
}

/// Why a listener could not be opened.
#[derive(Debug, Error)]
#[error("{} listener on {addr}: {source}{}", .listener, advice(.source))]
pub struct ListenError {
    /// Which listener could not be opened.
    pub listener: Listener,
    /// Where.
    pub addr: SocketAddr,
    /// Why.
    pub source: std::io::Error,
}

fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "; choose another port, or 0 for any that is free",
        std::io::ErrorKind::PermissionDenied => "; choose a port from 1024 on",
        std::io::ErrorKind::AddrNotAvailable => "; choose an address of this machine, such as 127.0.0.1",
        _ => "",
    }
}

/// What a server is to be. Every setting has a default.
#[derive(Clone, Debug)]
pub struct MockServerBuilder {
    config: Config,
    http: SocketAddr,
    push: SocketAddr,
    websocket: SocketAddr,
    control: Option<SocketAddr>,
    #[cfg(feature = "tap")]
    tap: Option<SocketAddr>,
}

/// The app of a server that is given none.
pub const DEFAULT_APP: (&str, &str) = ("y2w-app", "y2w-secret");

/// Largest attachment of a server that is told no other, in bytes.
pub const DEFAULT_MAX_FILE: u64 = 10 * 1024 * 1024;

/// What attachments take together of the memory of a server that is told nothing else, in bytes.
pub const DEFAULT_FILES_MEMORY: u64 = 256 * 1024 * 1024;

impl Default for MockServerBuilder {
    fn default() -> Self {
        Self {
            config: Config {
                app: App { key: DEFAULT_APP.0.to_owned(), secret: DEFAULT_APP.1.to_owned() },
                other_apps: Vec::new(),
                seed: None,
                clock: None,
                password_cost: PasswordCost::default(),
                login_life: Duration::from_secs(24 * 3_600),
                login_limits: LoginLimits::default(),
                gate_host: None,
                push: PushConfig::default(),
                files: None,
                max_file: DEFAULT_MAX_FILE,
                files_memory: DEFAULT_FILES_MEMORY,
                emojis: AddEmoji::built_in(),
                quirks: Quirks::default(),
                push_only: false,
                data_dir: None,
                snapshot_from: SNAPSHOT_FROM,
                progress: Progress::Hidden,
            },
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            push: SocketAddr::from(([127, 0, 0, 1], 0)),
            websocket: SocketAddr::from(([127, 0, 0, 1], 0)),
            control: None,
            #[cfg(feature = "tap")]
            tap: None,
        }
    }
}

impl MockServerBuilder {
    /// The app that the server serves.
    #[must_use]
    pub fn app(mut self, key: impl Into<String>, secret: impl Into<String>) -> Self {
        self.config.app = App { key: key.into(), secret: secret.into() };
        self
    }

    /// One more app beside it, with another key. Rule `API-APP-ISOLATION`.
    #[must_use]
    pub fn another_app(mut self, key: impl Into<String>, secret: impl Into<String>) -> Self {
        self.config.other_apps.push(App { key: key.into(), secret: secret.into() });
        self
    }

    /// Only the gate, the token endpoint and the push server, beside another business server that serves the same app: its
    /// logins' secrets get imTokens here, since they are derived from the app's secret (`AUTH-SECRET-DERIVED`). Requests to
    /// the business API are answered with 404.
    #[must_use]
    pub fn push_only(mut self) -> Self {
        self.config.push_only = true;
        self
    }

    /// What tokens, salts and the choices of faults are made from. Without it they come from the time and the process id.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// The server's time; the machine's if none is given.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.config.clock = Some(clock);
        self
    }

    /// Where the HTTP side listens; port 0 is any that is free.
    #[must_use]
    pub fn http(mut self, addr: SocketAddr) -> Self {
        self.http = addr;
        self
    }

    /// Where the push server listens for MQTT over TCP; port 0 is any that is free.
    #[must_use]
    pub fn push(mut self, addr: SocketAddr) -> Self {
        self.push = addr;
        self
    }

    /// Where the push server listens for MQTT over WebSocket; port 0 is any that is free.
    #[must_use]
    pub fn websocket(mut self, addr: SocketAddr) -> Self {
        self.websocket = addr;
        self
    }

    /// Where the control API listens; port 0 is any that is free. Without it there is none.
    #[must_use]
    pub fn control(mut self, addr: SocketAddr) -> Self {
        self.control = Some(addr);
        self
    }

    /// Where an MQTT broker listens to which every push command and delivery is mirrored; port 0 is any that is free.
    /// It ends with the process, and mirrors until the server ends.
    #[cfg(feature = "tap")]
    #[must_use]
    pub fn tap(mut self, addr: SocketAddr) -> Self {
        self.tap = Some(addr);
        self
    }

    /// How much work a password hash takes.
    #[must_use]
    pub fn password_cost(mut self, cost: PasswordCost) -> Self {
        self.config.password_cost = cost;
        self
    }

    /// For how long a login is good; a day if nothing is said.
    #[must_use]
    pub fn login_life(mut self, life: Duration) -> Self {
        self.config.login_life = life;
        self
    }

    /// How many logins may fail before more are refused for a while.
    #[must_use]
    pub fn login_limits(mut self, limits: LoginLimits) -> Self {
        self.config.login_limits = limits;
        self
    }

    /// The settings of the push server.
    #[must_use]
    pub fn push_config(mut self, config: PushConfig) -> Self {
        self.config.push = config;
        self
    }

    /// The host that the gate names, where it is not the one that the push server listens on. With a port, `HOST:PORT`,
    /// it is where clients reach the WebSocket; clients of 2016 need that to be 80, and then see the bare host.
    #[must_use]
    pub fn gate_host(mut self, host: impl Into<String>) -> Self {
        self.config.gate_host = Some(host.into());
        self
    }

    /// The directory that holds the bytes of attachments; memory if none is given. It is made if need be, one server at a
    /// time has it, and what an earlier server has left there that nobody can ask for any more is removed.
    #[must_use]
    pub fn files(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config.files = Some(directory.into());
        self
    }

    /// How many bytes all attachments together take at most, of all apps, where they are in memory.
    #[must_use]
    pub fn files_memory(mut self, bytes: u64) -> Self {
        self.config.files_memory = bytes;
        self
    }

    /// The directory that holds all business state, attachments included, so that it survives the server; memory if none
    /// is given. It is made if need be. One server at a time has it, with the same apps each time. Quirks may change from
    /// one start to the next: what was written under the earlier ones stays as it is.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config.data_dir = Some(directory.into());
        self
    }

    /// How large the log of commands gets before a snapshot of the state takes its place, in bytes; later if the last
    /// snapshot was larger than that.
    #[must_use]
    pub fn snapshot_from(mut self, bytes: u64) -> Self {
        self.config.snapshot_from = bytes;
        self
    }

    /// Shows on standard error how far reading the data is.
    #[must_use]
    pub(crate) fn show_progress(mut self) -> Self {
        self.config.progress = Progress::Shown;
        self
    }

    /// The largest attachment that is taken, in bytes.
    #[must_use]
    pub fn max_file(mut self, bytes: u64) -> Self {
        self.config.max_file = bytes;
        self
    }

    /// The app's emojis, in place of the built-in ones.
    #[must_use]
    pub fn emojis(mut self, emojis: Vec<AddEmoji>) -> Self {
        self.config.emojis = emojis;
        self
    }

    /// One deviation from the rules, each time.
    #[must_use]
    pub fn quirk(self, quirk: Quirk) -> Self {
        self.quirk_at(quirk, Rate::ALWAYS)
    }

    /// One deviation from the rules, as often as that.
    #[must_use]
    pub fn quirk_at(mut self, quirk: Quirk, rate: Rate) -> Self {
        self.config.quirks.add(quirk, rate);
        self
    }

    /// Several deviations from the rules, beside those that were asked for already.
    #[must_use]
    pub fn quirks(self, quirks: impl IntoIterator<Item = Quirk>) -> Self {
        quirks.into_iter().fold(self, Self::quirk)
    }

    /// The deviations of a known server, beside those that were asked for already.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        let quirks: Vec<Quirk> = profile.quirks().iter().collect();
        self.quirks(quirks)
    }

    /// The server's first app, without sockets. All in memory: directories are for [`start`](Self::start) only.
    pub fn backend(self) -> Backend {
        self.new_apps().first().clone()
    }

    /// All apps, without sockets. All in memory, as with [`backend`](Self::backend).
    pub fn new_apps(self) -> Apps {
        Backend::apps(&self.config, None, &self.config.new_files().into())
    }

    /// All apps, without sockets, with what is on that disk: nothing at first, and then what was acknowledged by the
    /// servers before, which have to be gone.
    pub fn apps_on(self, disk: &Disk) -> Result<Apps, DataError> {
        let opened = journal::open_disk(disk, &self.config.app_keys())?;
        Ok(Backend::apps(&self.config, Some(opened), &disk.files(|| self.config.new_files())))
    }

    /// Opens the listeners, reads the data if it is kept, and starts to serve.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let of_http = bind(Listener::Http, self.http)?;
        let push = bind(Listener::Push, self.push)?;
        let websocket = bind(Listener::WebSocket, self.websocket)?;
        let of_control = match self.control {
            Some(addr) => Some(bind(Listener::Control, addr)?),
            None => None,
        };
        #[cfg(feature = "tap")]
        let tap = match self.tap {
            Some(addr) => Some(open_tap(addr).await?),
            None => None,
        };
        let apps = open(&self.config)?;
        for app in apps.all() {
            app.set_listening(Listening { tcp: push.addr, websocket: websocket.addr });
        }
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(http::run(rest::router(&apps), of_http.listener, stop.clone()));
        tasks.spawn(gateway::tcp(apps.pushes(), apps.addresses().clone(), push.listener, stop.clone()));
        let addresses = apps.addresses().clone();
        tasks.spawn(gateway::websocket(apps.pushes(), addresses, websocket.listener, stop.clone()));
        let control_addr = of_control.as_ref().map(|bound| bound.addr);
        if let Some(bound) = of_control {
            if !bound.addr.ip().is_loopback() {
                tracing::warn!(addr = %bound.addr, "whoever reaches the control API may do everything with this server");
            }
            tasks.spawn(http::run(control::router(&apps), bound.listener, stop.clone()));
        }
        #[cfg(feature = "tap")]
        let tap_addr = tap.as_ref().map(|(addr, _)| *addr);
        #[cfg(feature = "tap")]
        if let Some((_, tap)) = tap {
            tasks.spawn(tap.mirror(apps.clone(), stop.clone()));
        }
        Ok(MockServer {
            apps,
            http_addr: of_http.addr,
            push_addr: push.addr,
            websocket_addr: websocket.addr,
            control_addr,
            #[cfg(feature = "tap")]
            tap_addr,
            stop,
            tasks,
        })
    }
}

/// The apps with what was kept of them.
fn open(config: &Config) -> Result<Apps, StartError> {
    let opened = match &config.data_dir {
        Some(directory) => {
            Some(journal::open(directory, &config.app_keys(), config.snapshot_from, config.progress)?)
        }
        None => None,
    };
    let files = match config.files_directory() {
        Some(directory) => {
            let in_use = opened.as_ref().map(Opened::attachment_keys).unwrap_or_default();
            Files::in_directory(directory, config.max_file, config.data_dir.is_some(), &in_use)?
        }
        None => config.new_files(),
    };
    Ok(Backend::apps(config, opened, &files.into()))
}

struct Bound {
    listener: TcpListener,
    addr: SocketAddr,
}

fn bind(listener: Listener, addr: SocketAddr) -> Result<Bound, ListenError> {
    let failed = |source| ListenError { listener, addr, source };
    let opened = listen(addr).map_err(failed)?;
    let addr = opened.local_addr().map_err(failed)?;
    Ok(Bound { listener: opened, addr })
}

/// Connections that may wait to be taken. A storm of thousands must not overflow it: who is turned away there tries
/// again a second later.
const BACKLOG: u32 = 8_192;

fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that starts again finds its port free. Elsewhere than on Unix it would let a second one take it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// The broker opens its listener itself, so a port is found, or found to be taken, before it starts.
#[cfg(feature = "tap")]
async fn open_tap(addr: SocketAddr) -> Result<(SocketAddr, Tap), ListenError> {
    let addr = bind(Listener::Tap, addr)?.addr;
    let failed = |source| ListenError { listener: Listener::Tap, addr, source };
    Ok((addr, Tap::open(addr).await.map_err(failed)?))
}
