//! A backend in this process and in virtual time, and short ways to ask it. What is answered is told, not judged.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Login, Packet, Publish};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use y2w_mock_server::quirks::Quirk;
use y2w_mock_server::{Backend, MockServer, PasswordCost};
use y2w_sdk::clock::Clock;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::credential::password_md5;

/// Longer than anything that comes at all takes in virtual time.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct World {
    pub(super) backend: Backend,
    router: Router,
    served: JoinSet<()>,
}

#[derive(Clone)]
pub(super) struct Person {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) login: Value,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) text: String,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn entries(&self) -> &[Value] {
        self.body["entries"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The ids of a list, or of an array.
    pub(super) fn ids(&self) -> Vec<&str> {
        let entries = self.body.as_array().map_or(self.entries(), Vec::as_slice);
        entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect()
    }

    /// A field's text; an id may be a number.
    pub(super) fn text_of(&self, field: &str) -> String {
        let value = &self.body[field];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
}

/// A request under construction.
pub(super) struct Call<'a> {
    world: &'a World,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    form: String,
}

impl Call<'_> {
    pub(super) fn by(self, person: &Person) -> Self {
        let token = person.login["token"].as_str().unwrap();
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(super) fn since(self, time: &str) -> Self {
        self.header("client-sync-time", time)
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn form(mut self, form: &[(&str, &str)]) -> Self {
        self.form = serde_urlencoded::to_string(form).unwrap();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    pub(super) fn body(mut self, body: impl Into<String>) -> Self {
        self.form = body.into();
        self
    }

    pub(super) async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.form)).unwrap();
        let response = self.world.router.clone().call(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: head.status.as_u16(), headers: head.headers, text, body }
    }
}

impl World {
    pub(super) fn new(quirks: &[Quirk]) -> Self {
        let backend = MockServer::builder()
            .app("key", "s3cret")
            .seed(7)
            .clock(Clock::starting_at(Timestamp::parse("2016-11-24T08:00:00.500Z").unwrap()))
            .password_cost(PasswordCost::Fast)
            .login_life(Duration::from_secs(3_600))
            .quirks(quirks.iter().copied())
            .backend();
        Self { router: backend.router(), backend, served: JoinSet::new() }
    }

    pub(super) fn call(&self, method: &'static str, path: impl Into<String>) -> Call<'_> {
        Call { world: self, method, path: path.into(), headers: Vec::new(), form: String::new() }
    }

    pub(super) fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call("GET", path)
    }

    pub(super) fn post(&self, path: impl Into<String>, form: &[(&str, &str)]) -> Call<'_> {
        self.call("POST", path).form(form)
    }

    pub(super) fn put(&self, path: impl Into<String>, form: &[(&str, &str)]) -> Call<'_> {
        self.call("PUT", path).form(form)
    }

    pub(super) fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call("DELETE", path)
    }

    pub(super) async fn login(&self, name: &str) -> Answer {
        let password = password_md5(name);
        self.post("/v1/users/login", &[("email", name), ("password", &password)]).send().await
    }

    pub(super) async fn person(&self, name: &str) -> Person {
        let password = password_md5(name);
        let form = [("email", name), ("password", &*password), ("name", name)];
        assert_eq!(self.post("/v1/users/register", &form).send().await.status, 200);
        let login = self.login(name).await;
        Person { uid: login.text_of("id"), name: name.to_owned(), login: login.body }
    }

    pub(super) async fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.person(name).await);
        }
        people.try_into().ok().unwrap()
    }

    pub(super) async fn p2p(&self, one: &Person, other: &Person) -> String {
        let path = format!("/v1/sessions/p2p/{}/{}", one.uid, other.uid);
        self.get(path).by(one).send().await.text_of("id")
    }

    /// A p2p session with so many messages of the first, texts `0`, `1` and so on, some milliseconds apart.
    pub(super) async fn chat(&self, count: usize) -> (Person, Person, String, Vec<Value>) {
        let [ann, bob] = self.people(["ann", "bob"]).await;
        let session = self.p2p(&ann, &bob).await;
        let mut stored = Vec::new();
        for n in 0..count {
            self.wait(20).await;
            stored.push(self.say(&ann, &session, &n.to_string()).await.body);
        }
        (ann, bob, session, stored)
    }

    /// A group with the first as its master and the others as members.
    pub(super) async fn group(&self, master: &Person, others: &[&Person]) -> String {
        let form = [("type", "group"), ("name", ""), ("secureType", "public"), ("avatarUrl", "")];
        let session = self.post("/v1/sessions", &form).by(master).send().await.text_of("id");
        self.enter(&session, master, master, "master").await;
        for other in others {
            self.enter(&session, master, other, "user").await;
        }
        session
    }

    pub(super) async fn enter(&self, session: &str, by: &Person, who: &Person, role: &str) -> Answer {
        let form = [("userId", &*who.uid), ("name", &*who.name), ("role", role)];
        self.post(format!("/v1/sessions/{session}/members"), &form).by(by).send().await
    }

    pub(super) async fn members(&self, session: &str, by: &Person) -> Answer {
        self.get(format!("/v1/sessions/{session}/members")).by(by).send().await
    }

    /// The entry of a user in a session, the newest where there are several.
    pub(super) async fn member(&self, session: &str, who: &Person) -> Value {
        let members = self.members(session, who).await;
        let of_who = members.entries().iter().rev().find(|member| member["userId"] == who.uid);
        of_who.cloned().unwrap_or_default()
    }

    pub(super) fn member_path(session: &str, member: &Value) -> String {
        format!("/v1/sessions/{session}/members/{}", member["id"].as_str().unwrap())
    }

    pub(super) async fn kick_out(&self, session: &str, by: &Person, who: &Person) -> Answer {
        let member = self.member(session, who).await;
        self.delete(Self::member_path(session, &member)).by(by).send().await
    }

    pub(super) async fn say(&self, by: &Person, session: &str, text: &str) -> Answer {
        let content = json!({ "text": text }).to_string();
        let form = [("sender", &*by.uid), ("content", &content), ("type", "text")];
        self.post(format!("/v1/sessions/{session}/messages"), &form).by(by).send().await
    }

    pub(super) fn messages(&self, session: &str) -> Call<'_> {
        self.get(format!("/v1/sessions/{session}/messages"))
    }

    pub(super) fn history(&self, session: &str) -> Call<'_> {
        self.get(format!("/v1/sessions/{session}/messages/history"))
    }

    pub(super) async fn conversations(&self, of: &Person) -> Answer {
        self.get(format!("/v1/users/{}/userConversations", of.uid)).by(of).send().await
    }

    /// The newest conversation of a user.
    pub(super) async fn conversation(&self, of: &Person) -> Value {
        self.conversations(of).await.entries().last().cloned().unwrap_or_default()
    }

    pub(super) fn contacts(of: &Person) -> String {
        format!("/v1/users/{}/contacts", of.uid)
    }

    pub(super) async fn befriend(&self, one: &Person, other: &Person) -> Answer {
        let form = [("userId", &*other.uid), ("name", &*other.name)];
        self.post(Self::contacts(one), &form).by(one).send().await
    }

    pub(super) async fn wait(&self, millis: u64) {
        tokio::time::advance(Duration::from_millis(millis)).await;
    }

    pub(super) async fn token_grant(&self, secret: &str) -> Answer {
        let form = [("grant_type", "client_credentials"), ("client_id", "key"), ("client_secret", secret)];
        self.post("/oauth/token", &form).send().await
    }

    pub(super) async fn im_token(&self) -> String {
        self.token_grant("s3cret").await.text_of("access_token")
    }

    /// A push connection, accepted or not.
    pub(super) async fn open(&mut self, uid: &str, client_id: &str) -> Conn {
        let token = self.im_token().await;
        self.open_with(uid, client_id, &token).await
    }

    pub(super) async fn open_with(&mut self, uid: &str, client_id: &str, token: &str) -> Conn {
        let mut connect = Connect::new(client_id);
        connect.login = Some(Login::new(uid, token));
        connect.keep_alive = 300;
        let mut bytes = BytesMut::new();
        connect.write(&mut bytes).unwrap();
        self.open_raw(&bytes).await
    }

    pub(super) async fn open_raw(&mut self, bytes: &[u8]) -> Conn {
        let (stream, theirs) = tokio::io::duplex(1 << 20);
        let backend = self.backend.clone();
        self.served.spawn(async move { backend.serve_push(theirs, &CancellationToken::new()).await });
        let mut conn = Conn { stream, input: BytesMut::new(), code: None };
        conn.write(bytes).await;
        conn.code = conn.connack().await;
        conn
    }

    /// As [`open`](Self::open), with the accept read.
    pub(super) async fn connect(&mut self, uid: &str, client_id: &str) -> Conn {
        self.connect_seen(uid, client_id).await.0
    }

    /// A push connection, and what came first on it.
    pub(super) async fn connect_seen(&mut self, uid: &str, client_id: &str) -> (Conn, Option<Value>) {
        let mut conn = self.open(uid, client_id).await;
        let first = conn.next().await;
        (conn, first)
    }

    /// Connections of users 1, 2 and 3, and a push session of 1 and 2 with mts 10 that the first knows.
    pub(super) async fn pushing(&mut self) -> [Conn; 3] {
        let mut first = self.connect("1", "00a").await;
        let second = self.connect("2", "00b").await;
        let third = self.connect("3", "00c").await;
        first.update(10, json!([{"uid": "1"}, {"uid": "2"}]), false, Value::Null).await;
        [first, second, third]
    }
}

/// The session that commands go to.
const TOPIC: &str = "y2w/session/group_4";

/// A client's end of a push connection.
pub(super) struct Conn {
    stream: DuplexStream,
    input: BytesMut,
    /// What CONNACK said.
    pub(super) code: Option<u8>,
}

impl Conn {
    async fn connack(&mut self) -> Option<u8> {
        let mut bytes = [0; 4];
        timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await.ok()?.ok()?;
        Some(bytes[3])
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        // The server may have closed already: what is read next tells.
        let _ = self.stream.write_all(bytes).await;
    }

    pub(super) async fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Ok(packet) = Packet::read(&mut self.input, usize::MAX) {
                return Some(packet);
            }
            if !matches!(timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await, Ok(Ok(1..))) {
                return None;
            }
        }
    }

    /// The payload of the next PUBLISH; `None` if none comes.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Packet::Publish(publish) = self.packet().await? {
                return Some(serde_json::from_slice(&publish.payload).unwrap());
            }
        }
    }

    /// Whether the server closes the connection within that time, after whatever it still says.
    pub(super) async fn closes(&mut self, within: Duration) -> bool {
        let mut rest = Vec::new();
        timeout(within, self.stream.read_to_end(&mut rest)).await.is_ok()
    }

    pub(super) async fn publish(&mut self, topic: &str, payload: &str) {
        let mut bytes = BytesMut::new();
        Publish::new(topic, QoS::AtMostOnce, payload).write(&mut bytes).unwrap();
        self.write(&bytes).await;
    }

    pub(super) async fn send(&mut self, mts: i64, message: Value) -> Value {
        let command = json!({"cmd": "sendMessage", "y2wMessageId": "g", "mts": mts, "message": message});
        self.ask(TOPIC, &command.to_string()).await
    }

    pub(super) async fn update(&mut self, mts: i64, members: Value, force: bool, message: Value) -> Value {
        let command = json!({
            "cmd": "updateSession", "y2wMessageId": "u", "mts": mts, "members": members, "force": force,
            "message": message,
        });
        self.ask(TOPIC, &command.to_string()).await
    }

    /// The reply to a command.
    pub(super) async fn ask(&mut self, topic: &str, payload: &str) -> Value {
        self.publish(topic, payload).await;
        self.next().await.unwrap_or_default()
    }
}

/// A probe: whether a server with these quirks is seen to deviate.
pub(super) type Probe = fn(World) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>>;

/// Makes rows of probes: `Quirk => |world| what is seen`.
macro_rules! probes {
    ($($quirk:ident => |$world:pat_param| $seen:block)+) => {
        pub(super) const PROBES: &[(y2w_mock_server::quirks::Quirk, $crate::quirks::world::Probe)] = &[
            $((y2w_mock_server::quirks::Quirk::$quirk, |$world| Box::pin(async move $seen)),)+
        ];
    };
}

pub(super) use probes;

/// A time on the wire in milliseconds.
pub(super) fn millis(time: &Value) -> i64 {
    Timestamp::parse(time.as_str().unwrap()).unwrap().as_millis()
}
