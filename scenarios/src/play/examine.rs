//! Asks the server the same in different ways, when everything is over: what a list holds has to be the same however it
//! is asked for. The requests are plain ones, without a client that could even out what is wrong.
//!
//! Which users look this closely is drawn from the plan's seed: everybody would cost more than the play itself.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request};
use serde::Deserialize;
use serde_json::value::RawValue;
use y2w_sdk::CurrentUser;
use y2w_sdk::protocol::limits::PAGE_MAX;
use y2w_sdk::protocol::rest::{CLIENT_SYNC_TIME, fill, path};
use y2w_sdk::protocol::{ImSessionId, SessionId, Timestamp, UserId};

use super::stage::Stage;
use crate::chance;

/// The share of users who look closely, and how many they are about at most.
const SHARE: f64 = 0.3;
const USERS_MAX: f64 = 20.0;

/// So many groups and pairs each of them looks at.
const SESSIONS_MAX: usize = 2;

/// What one user was answered about one list.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Who asked.
    pub user: String,
    /// For what, in the plan's words.
    pub list: String,
    /// Whether it is history, which is asked for and answered in its own way.
    pub is_history: bool,
    /// What was asked, and what was answered.
    pub answers: Vec<(Asked, Answer)>,
}

/// How a list was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Client-Sync-Time, as it stood in the header.
    pub since: Since,
    /// Leave out so many.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
}

/// A Client-Sync-Time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// None.
    Absent,
    /// As a number.
    Millis(Timestamp),
    /// As a date.
    Date(Timestamp),
    /// As something that is neither.
    Nonsense,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; 0 if there was none.
    pub status: u16,
    /// How many match, if that was said.
    pub total: Option<u64>,
    /// The entries; none if the answer is not what it should be.
    pub entries: Option<Vec<Stub>>,
}

/// What is looked at of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// All of it, as a hash.
    pub digest: u64,
}

/// A user who asks.
pub(super) struct Examiner<'a> {
    stage: &'a Stage<'a>,
    user: String,
    uid: UserId,
    token: String,
}

impl<'a> Examiner<'a> {
    /// The user, if it is one of those who look closely.
    pub(super) fn of(stage: &'a Stage<'a>, user: &str, client: &CurrentUser) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "about so many")]
        let share = SHARE.min(USERS_MAX / stage.plan.users.len() as f64);
        let looks = chance::happens(share, stage.plan.seed, ("examines", user));
        let login = client.login_state().filter(|_| looks)?;
        Some(Self { stage, user: user.to_owned(), uid: client.id().clone(), token: login.token })
    }

    /// The user's own lists.
    pub(super) async fn own_lists(&self) -> Vec<Examined> {
        let mut examined = Vec::new();
        for (name, template) in [
            ("conversations", path::USER_CONVERSATIONS),
            ("contacts", path::CONTACTS),
            ("favourites", path::USER_SESSIONS),
        ] {
            let path = fill(template, &[self.uid.as_str()]);
            examined.push(self.list(name.to_owned(), &path).await);
        }
        let users = self.list("users".to_owned(), path::USERS).await;
        // Where others make accounts at the same time, the list changes while it is looked at.
        let is_ours = |stub: &Stub| self.stage.has(&stub.id.as_str().into());
        if users.answers[0].1.entries.iter().flatten().all(is_ours) {
            examined.push(users);
        }
        examined
    }

    /// The sessions that the user is to look at, with their names.
    pub(super) fn sessions(&self) -> Vec<(String, ImSessionId)> {
        let mut sessions = self.stage.learnt().sessions();
        sessions.sort_by_cached_key(|(name, _)| {
            chance::draw(self.stage.plan.seed, ("examined", &self.user, name))
        });
        sessions.truncate(SESSIONS_MAX);
        sessions
    }

    /// The lists of a session.
    pub(super) async fn session(&self, place: &str, id: &SessionId) -> Vec<Examined> {
        let members = fill(path::MEMBERS, &[id.as_str()]);
        let messages = fill(path::MESSAGES, &[id.as_str()]);
        vec![
            self.list(format!("members of {place}"), &members).await,
            self.list(format!("messages of {place}"), &messages).await,
        ]
    }

    /// The history of a session.
    pub(super) async fn history(&self, place: &str, id: &SessionId) -> Examined {
        let path = fill(path::MESSAGES_HISTORY, &[id.as_str()]);
        let all = Asked { since: Since::Absent, offset: 0, limit: PAGE_MAX };
        let answer = self.ask(&path, &all).await;
        let times: Vec<_> = answer.entries.iter().flatten().filter_map(|stub| stub.created_at).collect();
        let mut answers = vec![(all, answer)];
        for (since, limit) in [(times.first(), 2), (times.get(times.len() / 2), 2), (times.last(), 1)] {
            if let Some(since) = since {
                let asked = Asked { since: Since::Millis(*since), offset: 0, limit };
                let answer = self.ask(&path, &asked).await;
                answers.push((asked, answer));
            }
        }
        Examined { user: self.user.clone(), list: format!("history of {place}"), is_history: true, answers }
    }

    async fn list(&self, list: String, path: &str) -> Examined {
        let all = Asked { since: Since::Absent, offset: 0, limit: PAGE_MAX };
        let answer = self.ask(path, &all).await;
        let stamps: Vec<Timestamp> = answer.entries.iter().flatten().map(|stub| stub.updated_at).collect();
        let refused = answer.status != 200;
        let mut answers = vec![(all, answer)];
        // Who is refused is refused however it is put.
        let ways = if refused { Vec::new() } else { ways(&stamps) };
        for asked in ways {
            let answer = self.ask(path, &asked).await;
            answers.push((asked, answer));
        }
        Examined { user: self.user.clone(), list, is_history: false, answers }
    }

    async fn ask(&self, path: &str, asked: &Asked) -> Answer {
        let world = self.stage.world;
        let uri = format!("{}{path}?limit={}&offset={}", world.base_url(), asked.limit, asked.offset);
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(uri)
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        let since = match &asked.since {
            Since::Absent => None,
            Since::Millis(time) => Some(time.as_millis().to_string()),
            Since::Date(time) => Some(time.to_string()),
            Since::Nonsense => Some("yesterday".to_owned()),
        };
        if let Some(since) = since {
            request = request.header(CLIENT_SYNC_TIME, since);
        }
        let Ok(request) = request.body(Bytes::new()) else { return Answer::default() };
        match world.http().send(request).await {
            Ok(response) => read(response.status().as_u16(), response.body()),
            Err(_) => Answer::default(),
        }
    }
}

/// The ways to ask for a list whose entries have these stamps.
fn ways(stamps: &[Timestamp]) -> Vec<Asked> {
    let first = Timestamp::MIN;
    let middle = stamps.get(stamps.len() / 2).copied().unwrap_or(first);
    let last = stamps.last().copied().unwrap_or(first);
    let asked = |since, offset, limit| Asked { since, offset, limit };
    vec![
        asked(Since::Millis(first), 0, PAGE_MAX),
        asked(Since::Millis(middle), 0, PAGE_MAX),
        asked(Since::Date(middle), 0, PAGE_MAX),
        asked(Since::Millis(last), 0, PAGE_MAX),
        asked(Since::Nonsense, 0, PAGE_MAX),
        asked(Since::Absent, 0, 1),
        asked(Since::Absent, 1, 2),
    ]
}

/// An entry's share in a [`Stub`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    id: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
    updated_at: Timestamp,
}

#[derive(Deserialize)]
struct Page<'a> {
    total_count: u64,
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

fn read(status: u16, body: &[u8]) -> Answer {
    let (total, entries) = if let Ok(page) = serde_json::from_slice::<Page<'_>>(body) {
        (Some(page.total_count), Some(page.entries))
    } else {
        (None, serde_json::from_slice::<Vec<&RawValue>>(body).ok())
    };
    let stub = |raw: &RawValue| {
        let read: Read = serde_json::from_str(raw.get()).ok()?;
        let digest = chance::draw(0, raw.get());
        Some(Stub { id: read.id, created_at: read.created_at, updated_at: read.updated_at, digest })
    };
    let entries = entries.and_then(|entries| entries.into_iter().map(stub).collect());
    Answer { status, total, entries }
}
