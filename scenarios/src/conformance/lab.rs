//! Where a case is: the world, users of its own, and the checks, each of which cites a rule.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use parking_lot::Mutex;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::push::ImSessionId;
use y2w_sdk::protocol::rest::path;
use y2w_sdk::protocol::{SessionType, limits};

use super::ask::Ask;
use super::ledger::{self, Level};
use super::timeline::{Line, Timeline};
use super::verdict::{Broken, Stop};
use crate::world::World;

/// How long an answer may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// The password of all users that cases make.
pub(super) const PASSWORD: &str = "correct horse";

/// See the module's text.
pub struct Lab {
    pub(super) world: Arc<dyn World>,
    pub(super) timeline: Timeline,
    /// The case's name and the run's id: what is the case's own is called so.
    own: String,
    /// The rules that the case may cite.
    rules: &'static [&'static str],
    /// Checks of a SHOULD that did not hold.
    missed: Mutex<Vec<Broken>>,
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

    /// For the case of that name in the run of that id.
    pub(super) fn new(world: Arc<dyn World>, name: &str, run: &str, rules: &'static [&'static str]) -> Self {
        let timeline = Timeline::new(world.clock());
        Self {
            timeline,
            own: format!("{}-{run}", name.replace('.', "-")),
            rules,
            missed: Mutex::default(),
            world,
        }
    }

    /// An account that nobody else has.
    pub(super) fn account(&self, name: &str) -> String {
        self.world.account(&format!("{name}-{}", self.own))
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
        let account = self.account(name);
        let unusable = |what: String| Stop::Inconclusive(format!("{name} cannot be made: {what}"));
        for ask in [self.register(&account, name), self.login(&account, PASSWORD)] {
            let what = ask.what();
            let answer = ask.send().await?;
            if answer.status != 200 {
                return Err(unusable(format!("{what} was answered with {}", answer.status)));
            }
            let field = |pointer| answer.text(pointer);
            if let (Some(uid), Some(token)) = (field("/id"), field("/token")) {
                let (key, secret) = (field("/key").unwrap_or_default(), field("/secret").unwrap_or_default());
                return Ok(Person { name: name.to_owned(), account, uid, token, key, secret });
            }
        }
        Err(unusable("the login's answer has no id and no token".to_owned()))
    }

    /// A check: a MUST that does not hold ends the case, a SHOULD is noted.
    pub(super) fn check(
        &self,
        rule: &'static str,
        holds: bool,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Result<(), Stop> {
        let Some(known) = ledger::rule(rule).filter(|_| self.rules.contains(&rule)) else {
            return Err(Stop::Harness(format!("the case cites {rule}, which is none of its rules")));
        };
        if holds {
            return Ok(());
        }
        let broken = Broken { rule, expected: expected.into(), actual: actual.into() };
        match known.level {
            Level::Must => Err(Stop::Broken(broken)),
            Level::Should => {
                self.missed.lock().push(broken);
                Ok(())
            }
            Level::May => Err(Stop::Harness(format!("{rule} is a liberty: nothing can break it"))),
        }
    }

    /// The SHOULDs that were missed, and what went over the wire.
    pub(super) fn take(&self) -> (Vec<Broken>, Vec<Line>) {
        (std::mem::take(&mut self.missed.lock()), self.timeline.take())
    }
}
