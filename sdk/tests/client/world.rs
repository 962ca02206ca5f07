//! A mock server and clients in one process, and what can go wrong between them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use y2w_mock_server::{Backend, MockServer, PasswordCost};
use y2w_sdk::api::{HttpTransport, InProcessHttp};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::content::Content;
use y2w_sdk::protocol::{MessageType, SessionType, Timestamp, User};
use y2w_sdk::push::{ByteStream, ConnectionState, InProcessPush};
use y2w_sdk::{ClientConfig, CurrentUser, Event, LoginOptions, NewGroup, Session, Users};

/// Virtual time that anything may take before a test has failed.
const PATIENT: Duration = Duration::from_secs(3_600);

/// What happens to a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    /// It never reaches the server.
    Lost,
    /// The server carries it out, the answer is lost.
    AnswerLost,
    /// Nobody ever answers.
    Hangs,
}

type Judge = Box<dyn FnMut(&Method, &str) -> Fate + Send>;

/// One request as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) since: Option<Timestamp>,
    pub(crate) key: Option<String>,
}

struct Net {
    inner: InProcessHttp<axum::Router>,
    judge: Mutex<Judge>,
    log: Mutex<Vec<Sent>>,
}

impl HttpTransport for Net {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        let header = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        let path = request.uri().path().to_owned();
        self.log.lock().push(Sent {
            method: request.method().clone(),
            path: path.clone(),
            since: header("client-sync-time").and_then(|text| Timestamp::parse(&text)),
            key: header("idempotency-key"),
        });
        let fate = (self.judge.lock())(request.method(), &path);
        Box::pin(async move {
            match fate {
                Fate::Arrives => self.inner.send(request).await,
                Fate::Lost => Err("the request was lost".to_owned()),
                Fate::AnswerLost => {
                    self.inner.send(request).await?;
                    Err("the answer was lost".to_owned())
                }
                Fate::Hangs => std::future::pending().await,
            }
        })
    }
}

/// A server, and how clients reach it.
pub(crate) struct World {
    pub(crate) server: Backend,
    net: Arc<Net>,
    push: Arc<Mutex<CancellationToken>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Clock::starting_at(Timestamp::from_millis(1_480_000_000_000));
        let server = MockServer::builder()
            .app("key", "secret")
            .seed(7)
            .clock(clock)
            .password_cost(PasswordCost::Fast)
            .backend();
        let net = Net {
            inner: InProcessHttp::new(server.router()),
            judge: Mutex::new(Box::new(|_, _| Fate::Arrives)),
            log: Mutex::default(),
        };
        Self { server, net: Arc::new(net), push: Arc::default() }
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let (server, push) = (self.server.clone(), self.push.clone());
        let dial = move || -> BoxFuture<'static, Result<Box<dyn ByteStream>, String>> {
            let server = server.clone();
            let stop = push.lock().clone();
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            #[expect(clippy::disallowed_methods, reason = "the server's end; it ends with the stream")]
            tokio::spawn(async move { server.serve_push(theirs, &stop).await });
            Box::pin(async move { Ok(Box::new(ours) as Box<dyn ByteStream>) })
        };
        let push = InProcessPush::new(Arc::new(dial));
        ClientConfig::with_transports("http://server", self.net.clone(), Arc::new(push))
            .unwrap()
            .clock(self.server.clock())
    }

    pub(crate) fn users(&self) -> Users {
        Users::new(self.config())
    }

    /// A new user, connected, with nothing left to sync.
    pub(crate) async fn user(&self, name: &str) -> CurrentUser {
        self.users().register(&account(name), "pw", name).await.unwrap();
        self.login(name, LoginOptions::default().seed(1)).await
    }

    /// Another login of a user that exists, connected, with nothing left to sync.
    pub(crate) async fn login(&self, name: &str, options: LoginOptions) -> CurrentUser {
        let user = self.users().login_with(&account(name), "pw", options).await.unwrap();
        connected(&user).await;
        user
    }

    /// Decides over each request from now on.
    pub(crate) fn judge(&self, judge: impl FnMut(&Method, &str) -> Fate + Send + 'static) {
        *self.net.judge.lock() = Box::new(judge);
    }

    /// The next `times` requests of this method whose path ends so meet this fate.
    pub(crate) fn next(&self, method: Method, path_end: &'static str, fate: Fate, mut times: u32) {
        self.judge(move |m, path| {
            if *m == method && path.ends_with(path_end) && times > 0 {
                times -= 1;
                return fate;
            }
            Fate::Arrives
        });
    }

    /// What was requested since the last call.
    pub(crate) fn requests(&self) -> Vec<Sent> {
        std::mem::take(&mut self.net.log.lock())
    }

    /// Cuts every push connection.
    pub(crate) fn cut_push(&self) {
        std::mem::take(&mut *self.push.lock()).cancel();
    }
}

pub(crate) fn account(name: &str) -> String {
    format!("{name}@example.org")
}

/// Connects, and waits until that and the syncs after it are done.
pub(crate) async fn connected(user: &CurrentUser) {
    let mut events = user.events();
    if !user.is_connected() {
        user.connect();
        let up = |event: &Event| matches!(event, Event::Connection(ConnectionState::Connected)).then_some(());
        within(events.wait_for(up)).await.unwrap();
    }
    settled(user).await;
}

pub(crate) async fn settled(user: &CurrentUser) {
    within(user.settled()).await;
}

/// Waits until all of them have nothing to do: what one sends, another syncs.
pub(crate) async fn all_settled(users: &[&CurrentUser]) {
    for _ in 0..5 {
        for user in users {
            settled(user).await;
        }
        // Lets what is between the ends arrive: virtual time passes only when nothing else can be done.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENT, future).await.unwrap()
}

/// The texts that a client shows in a session, those that it has sent itself behind the others; no system messages.
pub(crate) fn texts(user: &CurrentUser, session: &Session<'_>) -> Vec<String> {
    let messages = user.sessions().by_id(&session.id).unwrap().messages();
    let text = |kind: &MessageType, content: &str| Content::parse(kind, content).text().map(str::to_owned);
    let synced = messages.list();
    let synced = synced.iter().filter(|m| m.kind != MessageType::System);
    let mut texts: Vec<String> = synced.filter_map(|m| text(&m.kind, &m.content)).collect();
    texts.extend(messages.local().iter().filter_map(|m| text(&m.kind, &m.content)));
    texts
}

/// The session of two users, from the first one's side.
pub(crate) async fn p2p<'a>(user: &'a CurrentUser, other: &CurrentUser) -> Session<'a> {
    user.sessions().get(other.id().as_str(), &SessionType::P2p).await.unwrap()
}

/// A group of these users, made by the first.
pub(crate) async fn group<'a>(users: &[&'a CurrentUser], name: &str) -> Session<'a> {
    let members: Vec<User> = users[1..].iter().map(|user| (*user.me()).clone()).collect();
    let new = NewGroup { name, avatar_url: "", members: &members };
    let group = users[0].sessions().create_group(&new).await.unwrap();
    all_settled(users).await;
    group
}
