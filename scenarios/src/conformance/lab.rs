//! Where a case is: the world, users of its own, and the checks, each of which cites a rule.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use parking_lot::Mutex;
use serde_json::Value;
use y2w_reports::conformance::Line;
use y2w_sdk::api::HttpTransport;
use y2w_sdk::protocol::credential::{self, password_md5};
use y2w_sdk::protocol::push::ImSessionId;
use y2w_sdk::protocol::rest::{GateData, fill, path};
use y2w_sdk::protocol::{SessionType, Timestamp, limits};

use super::ask::Ask;
use super::case::{Case, Transport};
use super::ledger::{self, Level};
use super::need::Need;
use super::pushes::Common;
use super::tape::{Tape, Told};
use super::target::{Account, Target};
use super::timeline::Timeline;
use super::verdict::{Broken, Stop};
use crate::world::{Harm, NotInflicted, World};

/// Milliseconds of a day.
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// The password of all users that cases make.
pub(super) const PASSWORD: &str = "correct horse";

/// How long a case may let real time pass.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// See the module's text.
pub struct Lab {
    /// What is tested; none where a case is judged again by what it was told.
    target: Option<Target>,
    /// How long an answer may take.
    deadline: Duration,
    pub(super) tape: Tape,
    pub(super) timeline: Timeline,
    /// The case's name and the run's id: what is the case's own is called so.
    own: String,
    /// The rules that the case may cite.
    rules: &'static [&'static str],
    /// The way of push connections.
    pub(super) transport: Transport,
    /// What its push connections have in common.
    pub(super) common: Common,
    /// Checks of a SHOULD that did not hold.
    missed: Mutex<Vec<Broken>>,
    /// How many streams each has opened.
    streams: Mutex<BTreeMap<String, u32>>,
    /// What is not to be told by what is kept of a request: the words of a target's file.
    masks: Mutex<Vec<String>>,
    /// The time that the case has let pass on purpose.
    passed: Mutex<Duration>,
}

/// A user of a case, who is logged in.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// What the case calls them.
    pub(super) name: String,
    pub(super) account: String,
    pub(super) uid: String,
    pub(super) token: String,
    pub(super) key: String,
    pub(super) secret: String,
    /// Whether they are of the server's other app.
    pub(super) next_door: bool,
}

impl Person {
    /// The push session of the user's own devices. Rule `PUSH-APP`.
    pub(super) fn own_devices(&self) -> ImSessionId {
        ImSessionId::new(SessionType::App, self.uid.as_str())
    }
}

impl Lab {
    /// The mts of commands to a user's own devices. Rule `PUSH-APP-MTS`.
    pub(super) const APP_MTS: i64 = limits::APP_MTS;

    /// For that case in the run of that id.
    pub(super) fn new(target: Target, case: &Case, run: &str) -> Self {
        let tape = Tape::new(target.world.clock());
        let deadline = target.deadline;
        Self { target: Some(target), ..Self::on(tape, case, run, deadline) }
    }

    /// For that case once more, by what it was told then.
    pub(super) fn on(tape: Tape, case: &Case, run: &str, deadline: Duration) -> Self {
        Self {
            target: None,
            deadline,
            tape,
            timeline: Timeline::default(),
            own: format!("{}-{run}", case.title().replace(['.', '@'], "-")),
            rules: case.rules,
            transport: case.transport,
            common: Common::default(),
            missed: Mutex::default(),
            streams: Mutex::default(),
            masks: Mutex::default(),
            passed: Mutex::default(),
        }
    }

    /// An account that nobody else has.
    pub(super) fn account(&self, name: &str) -> String {
        format!("{name}-{}@example.org", self.own)
    }

    /// Microseconds since the case began.
    pub(super) fn now(&self) -> u64 {
        self.tape.now()
    }

    /// Notes what went over the wire, or happened.
    pub(super) fn note(&self, who: &str, what: String) {
        self.timeline.note(self.now(), who, what);
    }

    /// A name for another stream of theirs.
    pub(super) fn count(&self, who: &str) -> String {
        let mut streams = self.streams.lock();
        let count = streams.entry(who.to_owned()).or_default();
        *count += 1;
        format!("{who} stream {count}")
    }

    /// What the case is about is not there, as this shows: the end of the case.
    #[expect(clippy::unused_self, reason = "it reads like the other ways in which a case ends")]
    pub(super) fn lacks(&self, need: Need, shown: impl Into<String>) -> Stop {
        Stop::Lacking(need, shown.into())
    }

    /// Where that path is served.
    pub(super) fn base_url(&self, of: &str) -> String {
        let Some(target) = &self.target else { return String::new() };
        let elsewhere = match of {
            path::TOKEN => &target.token,
            path::GATE => &target.gate,
            _ => &None,
        };
        elsewhere.clone().unwrap_or_else(|| target.world.base_url().to_owned())
    }

    /// Where the push server is, where no gate says it.
    pub(super) fn known_place(&self) -> Option<GateData> {
        self.target.as_ref()?.push.clone()
    }

    /// How long an answer may take.
    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// What is kept of a request, with nothing in it that a target's file keeps secret.
    pub(super) fn masked(&self, body: &[u8]) -> Vec<u8> {
        let masks = self.masks.lock();
        if masks.is_empty() {
            return body.to_vec();
        }
        let text = String::from_utf8_lossy(body);
        let hidden = |text: &str| masks.iter().fold(text.to_owned(), |text, mask| text.replace(mask, "***"));
        // The name of a parameter stays, whatever the secret is: `client_secret`, for one.
        let field = |field: &str| match field.split_once('=') {
            Some((name, value)) => format!("{name}={}", hidden(value)),
            None => hidden(field),
        };
        text.split('&').map(field).collect::<Vec<_>>().join("&").into_bytes()
    }

    fn mask(&self, secret: &str) {
        let in_a_form: String = serde_urlencoded::to_string([("", secret)]).unwrap_or_default();
        let forms = [in_a_form.trim_start_matches('=').to_owned(), secret.to_owned()];
        self.masks.lock().extend(forms.into_iter().filter(|form| !form.is_empty()));
    }

    /// The address of the business API of the server's other app.
    pub(super) fn base_url_next_door(&self) -> Result<String, Stop> {
        let Some(target) = &self.target else { return Ok(String::new()) };
        let lacks = || self.lacks(Need::SecondApp, "no other app of the server is known");
        target.world.neighbour().ok_or_else(lacks)
    }

    pub(super) fn http(&self) -> Arc<dyn HttpTransport> {
        self.world().http()
    }

    /// The world, while there is one: nothing from outside is asked for where a tape tells it.
    pub(super) fn world(&self) -> &Arc<dyn World> {
        &self.target.as_ref().expect("what is on the tape is not asked for again").world
    }

    /// The secret that a login is given on the day that lies so many days after today, as the app's owner forms it.
    /// Rule `AUTH-SECRET-DERIVED`.
    pub(super) async fn derived_secret(&self, days: i64) -> Result<String, Stop> {
        let derived = async {
            let target = self.target.as_ref()?;
            let today = Timestamp::from_millis(target.world.clock().now().as_millis() + days * DAY_MILLIS);
            target.secret.as_ref().map(|secret| credential::derived_secret(secret, today))
        };
        let derived: Option<String> = self.tape.told(format!("derived secret {days}"), derived).await?;
        derived.ok_or_else(|| self.lacks(Need::AppSecret, "the app's secret is not known"))
    }

    /// The app's own secret, as its owner knows it.
    pub(super) async fn app_secret(&self) -> Result<String, Stop> {
        let known = async { self.target.as_ref().is_some_and(|target| target.secret.is_some()) };
        if !self.tape.told("is the app's secret known".to_owned(), known).await? {
            return Err(self.lacks(Need::AppSecret, "the app's secret is not known"));
        }
        let secret = self.target.as_ref().and_then(|target| target.secret.clone());
        let secret = secret.unwrap_or_else(|| "***".to_owned());
        self.mask(&secret);
        Ok(secret)
    }

    /// Whether the app's own secret is a text anywhere in an answer.
    pub(super) async fn shows_app_secret(&self, answer: &Value) -> Result<bool, Stop> {
        fn has_text(json: &Value, text: &str) -> bool {
            match json {
                Value::String(string) => string == text,
                Value::Array(values) => values.iter().any(|value| has_text(value, text)),
                Value::Object(fields) => fields.values().any(|value| has_text(value, text)),
                _ => false,
            }
        }
        let secret = self.app_secret().await?;
        self.tape.told("is the app's secret shown".to_owned(), async { has_text(answer, &secret) }).await
    }

    /// Milliseconds since 1970, here.
    pub(super) async fn time(&self) -> Result<i64, Stop> {
        self.tape.told("time".to_owned(), async { self.world().clock().now().as_millis() }).await
    }

    /// Lets time pass. Where it passes by itself only, nobody waits for long.
    pub(super) async fn pass(&self, time: Duration) -> Result<(), Stop> {
        let is_virtual = self.target.as_ref().is_none_or(|target| !target.missing.contains(&Need::Time));
        if !is_virtual && time > PAUSE_MAX {
            let shown = format!("{} s would have to pass, and time passes as it does here", time.as_secs());
            return Err(self.lacks(Need::Time, shown));
        }
        self.note("time", format!("{:.3} s pass", time.as_secs_f64()));
        let passing = async {
            *self.passed.lock() += time;
            tokio::time::sleep(time).await;
        };
        self.tape.told(format!("{} ms pass", time.as_millis()), passing).await
    }

    /// The time that the case has let pass since this was asked.
    pub(super) fn take_passed(&self) -> Duration {
        std::mem::take(&mut self.passed.lock())
    }

    /// Does to the server what only its operator can. It is done to what is the case's own: others are on the server.
    pub(super) async fn inflict(&self, harm: Harm) -> Result<(), Stop> {
        let what = format!("{harm:?}");
        let need = if matches!(harm, Harm::Bar(_)) { Need::Bar } else { Need::Control };
        let inflicted = async { self.world().inflict(harm).await.err().map(|NotInflicted(why)| why) };
        let not: Option<String> = self.tape.told(format!("inflict {what}"), inflicted).await?;
        self.note("operator", what);
        not.map_or(Ok(()), |why| Err(self.lacks(need, why)))
    }

    /// A request by nobody in particular.
    pub(super) fn ask(&self, method: Method, path: impl Into<String>) -> Ask<'_> {
        Ask::new(self, method, path.into())
    }

    /// Registers an account.
    pub(super) fn register(&self, account: &str, name: &str) -> Ask<'_> {
        let password = password_md5(PASSWORD);
        self.ask(Method::POST, path::REGISTER).form(&[
            ("email", account),
            ("password", &password),
            ("name", name),
        ])
    }

    /// Logs an account in.
    pub(super) fn login(&self, account: &str, password: &str) -> Ask<'_> {
        self.ask(Method::POST, path::LOGIN).form(&[("email", account), ("password", &password_md5(password))])
    }

    /// A new user, who is logged in. What goes wrong with that is for other cases to find: here nothing can be said then.
    pub(super) async fn person(&self, name: &str) -> Result<Person, Stop> {
        self.make(name, false).await
    }

    /// A new user whose password is the one of all that cases make: registered, where others are from a list too.
    pub(super) async fn newcomer(&self, name: &str) -> Result<Person, Stop> {
        let account = self.account(name);
        let registered = self.register(&account, name).named(name).send().await?;
        match registered.status {
            429 => return Err(Stop::Inconclusive(format!("{name} cannot be made: {}", registered.said()))),
            400..=499 => return Err(self.lacks(Need::Registration, registered.said())),
            _ => registered.needed()?,
        };
        self.log_in(name, self.login(&account, PASSWORD), &account, false).await
    }

    /// A new user of the server's other app. One of the same name in both apps has the same account.
    pub(super) async fn person_next_door(&self, name: &str) -> Result<Person, Stop> {
        self.make(name, true).await
    }

    async fn make(&self, name: &str, next_door: bool) -> Result<Person, Stop> {
        if let Some(Account { account, password }) = self.prepared(name, next_door).await? {
            let person = self.log_in(name, self.login(&account, &password), &account, next_door).await?;
            return self.is_unused(person).await;
        }
        let account = self.account(name);
        match self.log_in(name, self.register(&account, name), &account, next_door).await {
            Err(Stop::Lacking(..)) => {
                self.log_in(name, self.login(&account, PASSWORD), &account, next_door).await
            }
            done => done,
        }
    }

    /// Asks for a user with a token. An answer without a token is something missing.
    async fn log_in(&self, name: &str, ask: Ask<'_>, account: &str, next_door: bool) -> Result<Person, Stop> {
        let unusable = |what: String| Stop::Inconclusive(format!("{name} cannot be made: {what}"));
        let (what, is_login) = (ask.what(), ask.what().ends_with(path::LOGIN));
        let answer = if next_door { ask.next_door() } else { ask }.named(name).send().await?;
        if answer.status != 200 {
            return Err(unusable(format!("{what} was answered with {}", answer.said())));
        }
        let field = |pointer| answer.text(pointer);
        let (Some(uid), Some(token)) = (field("/id"), field("/token")) else {
            let without = "the login's answer has no id and no token".to_owned();
            return Err(if is_login { unusable(without) } else { self.lacks(Need::Registration, without) });
        };
        let (key, secret) = (field("/key").unwrap_or_default(), field("/secret").unwrap_or_default());
        let (name, account) = (name.to_owned(), account.to_owned());
        Ok(Person { name, account, uid, token, key, secret, next_door })
    }

    /// An account from the target's list, where there is one: nobody takes it again.
    async fn prepared(&self, name: &str, next_door: bool) -> Result<Option<Account>, Stop> {
        let list = self.target.as_ref().and_then(|target| target.accounts.clone()).filter(|_| !next_door);
        let taken = list.as_ref().and_then(|list| list.lock().pop());
        let told = async { list.as_ref().map(|_| taken.as_ref().map(|taken| taken.account.clone())) };
        let account: Option<Option<String>> = self.tape.told(format!("an account for {name}"), told).await?;
        let Some(account) = account else { return Ok(None) };
        let account = account.ok_or_else(|| {
            Stop::Inconclusive("the target's list has no account left that nobody has used".to_owned())
        })?;
        let password = taken.map_or_else(|| "***".to_owned(), |taken| taken.password);
        self.mask(&password_md5(&password));
        Ok(Some(Account { account, password }))
    }

    /// Whether nobody has used that account: what others did with it is not what the case did.
    async fn is_unused(&self, person: Person) -> Result<Person, Stop> {
        for of in [path::CONTACTS, path::USER_CONVERSATIONS, path::USER_SESSIONS] {
            let answer =
                self.ask(Method::GET, fill(of, &[&person.uid])).by(&person).send().await?.needed()?;
            if !answer.entries().is_empty() {
                let why =
                    format!("{} of the target's list was used before: {}", person.account, answer.said());
                return Err(Stop::Inconclusive(why));
            }
        }
        Ok(person)
    }

    /// A check: a MUST that does not hold ends the case, a SHOULD is noted.
    pub(super) fn check(
        &self,
        rule: &'static str,
        holds: bool,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Result<(), Stop> {
        self.judge(Broken { rule, expected: expected.into(), actual: actual.into() }, holds)
    }

    /// Apart from [`Self::check`], and never compiled into it: there are thousands of checks.
    #[inline(never)]
    fn judge(&self, broken: Broken, holds: bool) -> Result<(), Stop> {
        let rule = broken.rule;
        let Some(known) = ledger::rule(rule).filter(|_| self.rules.contains(&rule)) else {
            return Err(Stop::Harness(format!("the case cites {rule}, which is none of its rules")));
        };
        if holds {
            return Ok(());
        }
        match known.level {
            Level::Must => Err(Stop::Broken(broken)),
            Level::Should => {
                self.missed.lock().push(broken);
                Ok(())
            }
            Level::May => Err(Stop::Harness(format!("{rule} is a liberty: nothing can break it"))),
        }
    }

    /// The SHOULDs that were missed, what went over the wire, and what the case was told.
    pub(super) fn take(&self) -> (Vec<Broken>, Vec<Line>, Vec<Told>) {
        (std::mem::take(&mut self.missed.lock()), self.timeline.take(), self.tape.take())
    }
}
