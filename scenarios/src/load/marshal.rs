//! Keeps the shards of a run together: each waits for the others at the few points where it has to.
//!
//! There is no coordinator. Each shard has one more user, its marshal, who has a p2p session with each other marshal on
//! the very server that is tested, and announces there how far the shard is. What is announced is a text with some JSON;
//! marshals are no users of the population: nothing of theirs is verified or counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use y2w_sdk::protocol::content::Text;
use y2w_sdk::protocol::{SessionId, SessionType, UserId};
use y2w_sdk::{ClientConfig, CurrentUser, Event, LoginOptions, Observer, Users};

use super::{RunError, Settings};
use crate::chance::draw;

/// What the shards wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Point {
    /// All users are registered and connected.
    Connected,
    /// All groups are made.
    Grouped,
    /// All sessions are open.
    Opened,
    /// The phases are over, and all that was sent is stored.
    Stored,
}

/// What a marshal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    shard: usize,
    /// The point that the shard has reached, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reached: Option<Point>,
    /// What the server calls groups, by their index in the population.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<usize, SessionId>,
    /// When the first phase begins, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begin: Option<u64>,
}

/// Groups that are told in one message.
const GROUPS_AT_ONCE: usize = 500;
/// Pushes may be what is tested: what they do not bring is asked for this often.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Between the last shard's being ready and the first phase, where no time is given.
pub(super) const HEAD_START: Duration = Duration::from_secs(2);

/// This shard's marshal.
pub(super) struct Marshal {
    shard: usize,
    count: usize,
    user: CurrentUser,
    others: Vec<UserId>,
    heard: Arc<Heard>,
    patience: Duration,
}

#[derive(Default)]
struct Heard {
    known: Mutex<Known>,
    more: Notify,
}

#[derive(Default)]
struct Known {
    reached: BTreeMap<usize, Point>,
    groups: BTreeMap<usize, SessionId>,
    begin: Option<u64>,
}

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        let Event::Messages { merged, .. } = event else {
            return;
        };
        let mut known = self.known.lock();
        for message in &merged.added {
            let text = serde_json::from_str::<Text>(&message.content).ok();
            if let Some(said) = text.and_then(|text| serde_json::from_str::<Said>(&text.text).ok()) {
                known.take(said);
            }
        }
        drop(known);
        self.more.notify_waiters();
    }
}

impl Known {
    fn take(&mut self, said: Said) {
        self.groups.extend(said.groups);
        self.begin = self.begin.or(said.begin);
        if let Some(point) = said.reached {
            let reached = self.reached.entry(said.shard).or_insert(point);
            *reached = (*reached).max(point);
        }
    }
}

impl Marshal {
    /// Comes to the server and meets the others there. None where there is one shard only.
    pub(super) async fn meet(client: &ClientConfig, settings: &Settings) -> Result<Option<Self>, RunError> {
        let (shard, count) = (settings.shard.index, settings.shard.count);
        if count == 1 {
            return Ok(None);
        }
        let unusable = |why: String| RunError::Environment(format!("the shards cannot meet: {why}"));
        let accounts = Users::new(client.clone());
        let account = |shard: usize| format!("{}-marshal-{shard}@y2w.test", settings.account_prefix);
        let password = format!("{:016x}", draw(settings.seed, ("marshal", shard)));
        let name = format!("marshal of shard {shard}");
        accounts.register(&account(shard), &password, &name).await.map_err(|e| {
            unusable(format!("{e}; is another shard {shard} of this run there, or is --run-id used again?"))
        })?;
        let heard = Arc::new(Heard::default());
        let options = LoginOptions::default()
            .observer(heard.clone())
            .seed(draw(settings.seed, ("marshal's client", shard)))
            .periodic_sync(ASK_EVERY);
        let user = accounts.login_with(&account(shard), &password, options).await;
        let user = user.map_err(|e| unusable(e.to_string()))?;
        user.connect();
        let mut others = Vec::new();
        for other in (0..count).filter(|other| *other != shard) {
            let found = look_for(&user, &account(other), settings.patience).await.map_err(|e| {
                unusable(format!(
                    "shard {other} of {count} is not there ({e}): start all of them, with the same --run-id"
                ))
            })?;
            user.open_p2p(&found).await.map_err(|e| unusable(e.to_string()))?;
            others.push(found);
        }
        Ok(Some(Self { shard, count, user, others, heard, patience: settings.patience }))
    }

    /// Says that this shard has reached a point, and waits until all others have.
    pub(super) async fn reach(&self, point: Point) -> Result<(), RunError> {
        self.say(&Said { reached: Some(point), ..self.nothing() }).await?;
        self.wait(&format!("{point:?}").to_lowercase(), |known| {
            let there = |shard: &usize| known.reached.get(shard).is_some_and(|reached| *reached >= point);
            (0..self.count)
                .filter(|shard| *shard != self.shard)
                .find(|shard| !there(shard))
                .map_or(Ok(()), Err)
        })
        .await
    }

    /// Tells the others what the server calls the groups that were made here, and learns of theirs.
    pub(super) async fn share_groups(
        &self,
        made: BTreeMap<usize, SessionId>,
    ) -> Result<BTreeMap<usize, SessionId>, RunError> {
        let mut left = made.iter();
        loop {
            let groups: BTreeMap<usize, SessionId> =
                left.by_ref().take(GROUPS_AT_ONCE).map(|(i, id)| (*i, id.clone())).collect();
            if groups.is_empty() {
                break;
            }
            self.say(&Said { groups, ..self.nothing() }).await?;
        }
        self.reach(Point::Grouped).await?;
        let mut groups = self.heard.known.lock().groups.clone();
        groups.extend(made);
        Ok(groups)
    }

    /// Agrees with the others when the first phase begins: the first shard says so. In microseconds since 1970.
    pub(super) async fn agree(&self, now: u64) -> Result<u64, RunError> {
        if self.shard == 0 {
            let begin = now + u64::try_from(HEAD_START.as_micros()).unwrap_or(0);
            self.say(&Said { begin: Some(begin), ..self.nothing() }).await?;
            return Ok(begin);
        }
        self.wait("told when it begins", |known| known.begin.ok_or(0)).await
    }

    fn nothing(&self) -> Said {
        Said { shard: self.shard, reached: None, groups: BTreeMap::new(), begin: None }
    }

    async fn say(&self, said: &Said) -> Result<(), RunError> {
        let text = serde_json::to_string(said).expect("what marshals say has string keys");
        for other in &self.others {
            let sent = self.user.send_text(other.as_str(), &SessionType::P2p, &text).await;
            sent.map_err(|e| RunError::Environment(format!("the shards cannot talk to each other: {e}")))?;
        }
        let stored = tokio::time::timeout(self.patience, self.user.settled()).await;
        stored.map_err(|_| {
            let waited = self.patience.as_secs_f64();
            RunError::Environment(format!("what the shards say to each other is not stored after {waited} s"))
        })
    }

    /// Waits until what is known holds; otherwise it says which shard is behind.
    async fn wait<T>(
        &self,
        what: &str,
        mut holds: impl FnMut(&Known) -> Result<T, usize>,
    ) -> Result<T, RunError> {
        let mut behind = 0;
        let waiting = async {
            loop {
                let more = self.heard.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                match holds(&self.heard.known.lock()) {
                    Ok(held) => return held,
                    Err(shard) => behind = shard,
                }
                more.await;
            }
        };
        match tokio::time::timeout(self.patience, waiting).await {
            Ok(held) => Ok(held),
            Err(_) => Err(RunError::Environment(format!(
                "shard {behind} is not {what} {} s after shard {}: has it failed? raise --patience if it is slow",
                self.patience.as_secs_f64(),
                self.shard
            ))),
        }
    }
}

async fn look_for(me: &CurrentUser, account: &str, patience: Duration) -> Result<UserId, String> {
    let looking = async {
        loop {
            match me.search(account).await {
                Ok(Some(user)) => return Ok(user.id),
                Ok(None) => tokio::time::sleep(ASK_EVERY / 5).await,
                Err(error) => return Err(error.to_string()),
            }
        }
    };
    let found = tokio::time::timeout(patience, looking).await;
    found.unwrap_or_else(|_| Err(format!("waited {} s", patience.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_marshal_says_is_short_and_comes_back() {
        let said = Said { shard: 2, reached: Some(Point::Opened), groups: BTreeMap::new(), begin: None };
        let text = serde_json::to_string(&said).unwrap();
        assert_eq!(text, r#"{"shard":2,"reached":"opened"}"#);
        assert_eq!(serde_json::from_str::<Said>(&text).unwrap(), said);
    }

    #[test]
    fn a_shard_never_goes_back() {
        let mut known = Known::default();
        let say = |point| Said { shard: 1, reached: Some(point), groups: BTreeMap::new(), begin: None };
        known.take(say(Point::Stored));
        known.take(say(Point::Connected));
        assert_eq!(known.reached[&1], Point::Stored);
    }
}
