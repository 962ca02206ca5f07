//! A client made of stock parts, and nothing that retries or sleeps.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::{AsyncClient, ConnectionError, Event, MqttOptions, Packet, StateError};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use y2w_mock_server::{MockServer, MockServerBuilder, PasswordCost};
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::limits::PACKET_MAX;

/// How long anything may take before the test has failed.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn server() -> MockServer {
    builder().start().await.unwrap()
}

pub(crate) fn builder() -> MockServerBuilder {
    MockServer::builder().app("key", "secret").seed(7).password_cost(PasswordCost::Fast)
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    /// What came, and the same read as JSON.
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["status"], status);
        assert!(self.body["error"].is_string() && self.body["message"].is_string());
        self.body
    }
}

/// Calls the business API; a request is built up by [`Call`].
pub(crate) struct Api {
    base: String,
    http: reqwest::Client,
}

impl Api {
    pub(crate) fn of(server: &MockServer) -> Self {
        Self::at(server.http_url())
    }

    pub(crate) fn at(base: String) -> Self {
        static TLS: Once = Once::new();
        TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        Self { base, http: reqwest::Client::new() }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        Call(self.http.request(method, format!("{}{path}", self.base)))
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Call {
        self.call("POST", path).form(form)
    }

    pub(crate) fn put(&self, path: &str, form: &[(&str, &str)]) -> Call {
        self.call("PUT", path).form(form)
    }

    pub(crate) async fn register(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let password = password_md5(name);
        let form = [("email", &*email), ("password", &*password), ("name", name)];
        self.post("/v1/users/register", &form).send().await.ok();
        let login = self.post("/v1/users/login", &form[..2]).send().await.ok();
        let text = |field: &str| login[field].as_str().unwrap().to_owned();
        Person {
            uid: text("id"),
            name: text("name"),
            token: text("token"),
            key: text("key"),
            secret: text("secret"),
        }
    }

    pub(crate) async fn im_token(&self, person: &Person) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &person.key),
            ("client_secret", &person.secret),
        ];
        let answer = self.post("/oauth/token", &form).send().await.ok();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn p2p(&self, one: &Person, other: &Person) -> String {
        let path = format!("/v1/sessions/p2p/{}/{}", one.uid, other.uid);
        let session = self.get(&path).by(one).send().await.ok();
        session["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send_text(&self, by: &Person, session: &str, text: &str) -> Value {
        let content = json!({ "text": text }).to_string();
        let form = [("sender", &*by.uid), ("content", &content), ("type", "text")];
        let path = format!("/v1/sessions/{session}/messages");
        self.post(&path, &form).by(by).send().await.ok()
    }
}

pub(crate) struct Call(reqwest::RequestBuilder);

impl Call {
    pub(crate) fn by(self, person: &Person) -> Self {
        self.header("authorization", &format!("Bearer {}", person.token))
    }

    pub(crate) fn since(self, time: &str) -> Self {
        self.header("client-sync-time", time)
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn form(self, form: &[(&str, &str)]) -> Self {
        let form = serde_urlencoded::to_string(form).unwrap();
        self.header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    pub(crate) fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// For a request whose answer is lost.
    pub(crate) async fn unanswered(self) {
        let lost = timeout(DEADLINE, self.0.send()).await.unwrap();
        assert!(lost.is_err(), "{lost:?}");
    }

    pub(crate) async fn send(self) -> Answer {
        self.attempt().await.unwrap()
    }

    /// The answer, where the server may be gone before it is whole.
    pub(crate) async fn attempt(self) -> reqwest::Result<Answer> {
        let answer = timeout(DEADLINE, self.0.send()).await.unwrap()?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let bytes = timeout(DEADLINE, answer.bytes()).await.unwrap()?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, headers, bytes, body })
    }
}

pub(crate) struct Person {
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// What a push connection sees, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    /// CONNACK with that code.
    ConnAck(u32),
    /// A PUBLISH: topic and payload.
    Payload(String, Value),
    /// The server closed the connection.
    Closed,
}

/// A push connection by rumqttc.
pub(crate) struct Mqtt {
    client: AsyncClient,
    seen: mpsc::UnboundedReceiver<Seen>,
    _poll: JoinSet<()>,
}

impl Mqtt {
    pub(crate) fn open(server: &MockServer, uid: &str, im_token: &str, client_id: &str) -> Self {
        let addr = server.push_addr();
        let mut options = MqttOptions::new(client_id, addr.ip().to_string(), addr.port());
        options.set_credentials(uid, im_token).set_keep_alive(Duration::from_secs(300));
        options.set_max_packet_size(PACKET_MAX, PACKET_MAX);
        let (client, mut events) = AsyncClient::new(options, 64);
        let (report, seen) = mpsc::unbounded_channel();
        let mut poll = JoinSet::new();
        poll.spawn(async move {
            loop {
                let polled = events.poll().await;
                let end =
                    polled.as_ref().err().map(|error| refusal(error).map_or(Seen::Closed, Seen::ConnAck));
                // What was read together with the end waits in rumqttc's state.
                let waiting = end.is_some().then(|| std::mem::take(&mut events.state.events));
                let seen = polled
                    .into_iter()
                    .chain(waiting.into_iter().flatten())
                    .filter_map(of_interest)
                    .chain(end);
                for seen in seen {
                    let last = matches!(seen, Seen::Closed | Seen::ConnAck(1..));
                    if report.send(seen).is_err() || last {
                        return;
                    }
                }
            }
        });
        Self { client, seen, _poll: poll }
    }

    /// Opens a connection and sees it accepted.
    pub(crate) async fn accepted(server: &MockServer, uid: &str, im_token: &str, client_id: &str) -> Self {
        let mut connection = Self::open(server, uid, im_token, client_id);
        assert_eq!(connection.next().await, Seen::ConnAck(0));
        assert_eq!(connection.payload().await, json!({"returnCode": 11}));
        connection
    }

    pub(crate) async fn next(&mut self) -> Seen {
        timeout(DEADLINE, self.seen.recv())
            .await
            .expect("something is seen in time")
            .expect("the connection has not ended before")
    }

    pub(crate) async fn payload(&mut self) -> Value {
        match self.next().await {
            Seen::Payload(_, payload) => payload,
            other => panic!("{other:?} in place of a payload"),
        }
    }

    pub(crate) async fn command(&self, session: &str, payload: &Value) {
        let topic = format!("y2w/session/{session}");
        let payload = payload.to_string();
        self.client.publish(topic, QoS::AtMostOnce, false, payload).await.unwrap();
    }

    /// Sends a command and gives the reply to it, which has to be the next that comes.
    pub(crate) async fn ask(&mut self, session: &str, payload: Value) -> Value {
        self.command(session, &payload).await;
        self.payload().await
    }

    /// Pushes a mark to a user directly: what was sent to the user before comes before it.
    pub(crate) async fn mark(&mut self, uid: &str, mark: &str) {
        let push = json!({"cmd": "sendMessage", "y2wMessageId": "mark", "mts": 1_264_953_600_000_i64, "message": mark});
        let reply = self.ask(&format!("y2wIMApp_{uid}"), push).await;
        assert_eq!(reply["returnCode"], 20);
    }

    pub(crate) fn client(&self) -> &AsyncClient {
        &self.client
    }
}

fn of_interest(event: Event) -> Option<Seen> {
    match event {
        Event::Incoming(Packet::ConnAck(ack)) => Some(Seen::ConnAck(ack.code as u32)),
        Event::Incoming(Packet::Publish(publish)) => {
            let payload = serde_json::from_slice(&publish.payload).unwrap();
            Some(Seen::Payload(publish.topic, payload))
        }
        _ => None,
    }
}

fn refusal(error: &ConnectionError) -> Option<u32> {
    use rumqttc::mqttbytes::Error::InvalidConnectReturnCode;
    match error {
        ConnectionError::ConnectionRefused(code) => Some(*code as u32),
        ConnectionError::MqttState(StateError::Deserialization(InvalidConnectReturnCode(code))) => {
            Some(u32::from(*code))
        }
        _ => None,
    }
}

/// The mts of a session: the greatest `createdAt` of its members, in milliseconds.
pub(crate) async fn mts(api: &Api, session: &str, by: &Person) -> i64 {
    let path = format!("/v1/sessions/{session}/members");
    let members = api.get(&path).by(by).send().await.ok();
    let created = |member: &Value| {
        let text = member["createdAt"].as_str().unwrap().to_owned();
        y2w_sdk::protocol::Timestamp::parse(&text).unwrap().as_millis()
    };
    members["entries"].as_array().unwrap().iter().map(created).max().unwrap()
}

/// A group without a name, with `master` and then `others` as members.
pub(crate) async fn group(api: &Api, master: &Person, others: &[&Person]) -> String {
    let form = [("type", "group"), ("name", ""), ("secureType", "public"), ("avatarUrl", "")];
    let session = api.post("/v1/sessions", &form).by(master).send().await.ok();
    let session = session["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{session}/members");
    let roles = std::iter::once("master").chain(std::iter::repeat("user"));
    for (person, role) in std::iter::once(&master).chain(others).zip(roles) {
        let form = [("userId", &*person.uid), ("name", &*person.name), ("role", role)];
        api.post(&path, &form).by(master).send().await.ok();
    }
    session
}

/// The names of the attachments' files in a directory.
pub(crate) fn stored_files(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string());
    let mut names: Vec<_> = names.map(Result::unwrap).filter(|name| name.ends_with(".attachment")).collect();
    names.sort_unstable();
    names
}
