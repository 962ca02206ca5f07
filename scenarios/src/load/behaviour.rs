//! What users do, one function for each [`Behaviour`]. Handing a message over takes no time; what does is a turn
//! ([`Person::turn`]), of which each user may have some at once.
//!
//! What is random is drawn by who does it and how often that user has done something, so that no user shifts another.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use y2w_sdk::api::Api;
use y2w_sdk::bridge::{Body, Prepare, PrepareError};
use y2w_sdk::protocol::content::File;
use y2w_sdk::protocol::rest::path;
use y2w_sdk::protocol::{ImSessionId, MessageType, SessionType, Timestamp, limits};
use y2w_sdk::{CurrentUser, Draft, Error, Session};

use super::fresh;
use super::payload::Stamp;
use super::person::Person;
use super::watch::Pending;
use super::workload::{Behaviour, Workload};
use crate::chance;
use crate::check::{Sent, Verifier, rules};

/// What all users act by.
pub(super) struct Script {
    pub(super) workload: Workload,
    pub(super) seed: u64,
    /// What the server calls each session of the population; none where nobody here is in it.
    pub(super) sessions: Vec<Option<ImSessionId>>,
    /// For each session of the population its index at the verifier.
    pub(super) watched: Vec<Option<usize>>,
    /// What the accounts of all users begin with.
    pub(super) account_prefix: String,
}

/// One thing that a user does: the how-manieth, and when it was due, in microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Deed {
    pub(super) user: usize,
    pub(super) number: u64,
    pub(super) due: u64,
}

impl Deed {
    /// An even draw from 0 to below 1 for one purpose.
    fn uniform(self, seed: u64, what: &str) -> f64 {
        (chance::draw(seed, (self.user, self.number, what)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn pick<T: Copy>(self, seed: u64, what: &str, from: &[T]) -> Option<T> {
        let at = chance::below(from.len() as u64, seed, (self.user, self.number, what));
        from.get(usize::try_from(at).unwrap_or(0)).copied()
    }
}

impl Script {
    /// What this user does, by the weights of those things that it can do; none if it can do nothing.
    pub(super) fn choose(&self, person: &Person, deed: Deed) -> Option<Behaviour> {
        let possible = || self.workload.mix.iter().filter(|(b, w)| **w > 0.0 && self.can(person, **b));
        let all: f64 = possible().map(|(_, weight)| weight).sum();
        let mut left = deed.uniform(self.seed, "behaviour") * all;
        for (behaviour, weight) in possible() {
            left -= weight;
            if left < 0.0 {
                return Some(*behaviour);
            }
        }
        possible().next_back().map(|(behaviour, _)| *behaviour)
    }

    fn can(&self, person: &Person, behaviour: Behaviour) -> bool {
        match behaviour {
            Behaviour::P2pText => self.sessions_for(person, Some(&SessionType::P2p)).next().is_some(),
            Behaviour::GroupText => self.sessions_for(person, Some(&SessionType::Group)).next().is_some(),
            Behaviour::MemberChurn => self.churned_by(person).next().is_some(),
            Behaviour::File | Behaviour::Read | Behaviour::History | Behaviour::SecondDevice => {
                self.sessions_for(person, None).next().is_some()
            }
            Behaviour::ContactChurn | Behaviour::Reconnect | Behaviour::Relogin | Behaviour::Idle => true,
        }
    }

    /// The sessions that a user is in for good: where it comes and goes, it says nothing.
    fn sessions_for<'a>(
        &'a self,
        person: &'a Person,
        kind: Option<&'a SessionType>,
    ) -> impl Iterator<Item = usize> + 'a {
        let planned = &person.stage.population;
        planned.sessions_of[person.index].iter().map(|s| *s as usize).filter(move |s| {
            let session = &planned.sessions[*s];
            kind.is_none_or(|kind| session.kind == *kind) && session.floater != Some(person.index)
        })
    }

    pub(super) fn churned_by<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = usize> + 'a {
        let planned = &person.stage.population;
        self.sessions_for(person, Some(&SessionType::Group)).filter(move |s| {
            planned.sessions[*s].master == person.index && planned.sessions[*s].floater.is_some()
        })
    }

    fn session(
        &self,
        person: &Person,
        deed: Deed,
        kind: Option<&SessionType>,
    ) -> Option<(usize, &ImSessionId)> {
        let mine: Vec<usize> = self.sessions_for(person, kind).collect();
        let session = deed.pick(self.seed, "session", &mine)?;
        Some((session, self.sessions[session].as_ref()?))
    }

    /// Sends a text to a session of this kind. False if the user is not online.
    pub(super) fn send_text(&self, person: &Person, deed: Deed, kind: &SessionType) -> bool {
        let Some((session, im_id)) = self.session(person, deed, Some(kind)) else {
            return true;
        };
        let size = self.workload.payload.text.draw(deed.uniform(self.seed, "size"));
        self.send(person, deed, session, im_id, MessageType::Text, |stamp| {
            let content: Arc<str> = stamp.content(size).into();
            (Arc::new(OnceLock::from(content.clone())), Body::Ready(content))
        })
    }

    /// Sends a file to one of the user's sessions. False if the user is not online.
    pub(super) fn send_file(&self, person: &Person, deed: Deed) -> bool {
        let Some((session, im_id)) = self.session(person, deed, None) else {
            return true;
        };
        let size = self.workload.payload.file.draw(deed.uniform(self.seed, "size"));
        self.send(person, deed, session, im_id, MessageType::File, |stamp| {
            let content: Arc<OnceLock<Arc<str>>> = Arc::default();
            (content.clone(), Body::Prepare(Arc::new(StampedFile { stamp, size, content })))
        })
    }

    fn send(
        &self,
        person: &Person,
        deed: Deed,
        session: usize,
        im_id: &ImSessionId,
        kind: MessageType,
        body: impl FnOnce(Stamp) -> (Arc<OnceLock<Arc<str>>>, Body),
    ) -> bool {
        let stage = &person.stage;
        let Some(client) = person.client_now() else {
            return false;
        };
        let planned = &stage.population.sessions[session];
        let seat = planned.position(person.index).zip(self.watched[session]);
        let (Some(client), Some(verifier), Some((party, watched))) = (&*client, stage.verifier.get(), seat)
        else {
            return false;
        };
        let mark = verifier.sending(watched, party);
        let late = stage.clock.micros().saturating_sub(deed.due);
        let stamp = Stamp { user: person.index, number: mark.number, at: deed.due, late };
        let (content, body) = body(stamp);
        let pending = Pending { sent: Sent { session: watched, mark }, stamp, content };
        let draft = Draft { notice_extra: stamp.notice_extra(), ..Draft::new(im_id.clone(), kind, body) };
        match person.devices[0].watch.send(pending, || client.send(draft)) {
            Ok(()) => {
                stage.meters.sent.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                verifier.not_sent(watched, party);
                stage.meters.error("messages that the client did not take", || {
                    format!("message {} of {} to {im_id}: {error}", mark.number, person.name())
                });
            }
        }
        true
    }

    /// Does what takes its time. False if the user is not online.
    pub(super) async fn act(&self, person: &Person, behaviour: Behaviour, deed: Deed) -> bool {
        if behaviour == Behaviour::Relogin {
            if !person.is_online() {
                return false;
            }
            person.go_offline().await;
            if let Err(why) = person.come_online(deed.due, false).await {
                person.stage.meters.error("logins that failed", || why);
            }
            return true;
        }
        let client = person.client().await;
        let (Some(client), Some(verifier)) = (&*client, person.stage.verifier.get()) else {
            return false;
        };
        let (kind, done) = match behaviour {
            Behaviour::Read => ("reads that failed", self.read(person, client, deed).await),
            Behaviour::History => {
                ("pages of history that failed", self.history(person, client, verifier, deed).await)
            }
            Behaviour::MemberChurn => {
                ("changes of members that failed", self.churn(person, client, verifier, deed).await)
            }
            Behaviour::ContactChurn => {
                ("changes of contacts that failed", self.contact(person, client, deed).await)
            }
            Behaviour::SecondDevice => (
                "second devices that failed",
                match self.session(person, deed, None) {
                    Some((session, im_id)) => fresh::look(self, person, verifier, deed, session, im_id).await,
                    None => Ok(()),
                },
            ),
            Behaviour::Reconnect => {
                person.devices[0].watch.connecting(deed.due);
                client.sever();
                person.stage.meters.severed.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            Behaviour::P2pText
            | Behaviour::GroupText
            | Behaviour::File
            | Behaviour::Idle
            | Behaviour::Relogin => {
                return true;
            }
        };
        if let Err(error) = done {
            person.stage.meters.error(kind, || format!("{}: {error}", person.name()));
        }
        true
    }

    async fn read(&self, person: &Person, client: &CurrentUser, deed: Deed) -> Result<(), Error> {
        match self.session(person, deed, None) {
            Some((_, im_id)) => opened(client, im_id)?.messages().sync().await,
            None => Ok(()),
        }
    }

    /// Two pages of a session's history, the newest and the one before it.
    async fn history(
        &self,
        person: &Person,
        client: &CurrentUser,
        verifier: &Verifier,
        deed: Deed,
    ) -> Result<(), Error> {
        let Some((_, im_id)) = self.session(person, deed, None) else {
            return Ok(());
        };
        let mut before = Timestamp::MAX;
        for _ in 0..2 {
            let page = client.api().history(&im_id.id, before, limits::HISTORY_PAGE).await?;
            verifier.look(rules::HISTORY, 1);
            if let Some(pair) = page.windows(2).find(|pair| pair[0].created_at < pair[1].created_at) {
                let text = format!(
                    "in {im_id}, {} gets message {} of {} before message {} of {} in a page of history",
                    person.name(),
                    pair[0].id,
                    pair[0].created_at,
                    pair[1].id,
                    pair[1].created_at
                );
                verifier.found(rules::HISTORY, text);
            }
            match page.last() {
                Some(last) if page.len() >= limits::HISTORY_PAGE => before = last.created_at,
                _ => break,
            }
        }
        Ok(())
    }
}

pub(super) fn opened<'a>(client: &'a CurrentUser, im_id: &ImSessionId) -> Result<Session<'a>, Error> {
    client.sessions().by_id(&im_id.id).ok_or_else(|| Error::SessionNotOpen(im_id.clone()))
}

/// What a user is called.
pub(super) fn user_name(index: usize) -> String {
    format!("user {index}")
}

/// A file whose message carries a stamp. Each has bytes of its own, so that no server takes two for one.
struct StampedFile {
    stamp: Stamp,
    size: usize,
    /// What was made, for whoever compares it with what the server answers.
    content: Arc<OnceLock<Arc<str>>>,
}

impl Prepare for StampedFile {
    fn preview(&self) -> String {
        self.stamp.put_into(serde_json::Map::new())
    }

    fn prepare<'a>(&'a self, api: &'a Api) -> BoxFuture<'a, Result<String, PrepareError>> {
        Box::pin(async move {
            let mut bytes = self.stamp.content(0).into_bytes();
            bytes.resize(self.size.max(bytes.len()), b'.');
            let size = bytes.len() as u64;
            let uploaded = api.upload("notes.txt", "text/plain", Bytes::from(bytes)).await?;
            let src = path::attachment_reference(&uploaded.id);
            let file = File { src, name: "notes.txt".to_owned(), size };
            match serde_json::to_value(&file) {
                Ok(Value::Object(content)) => {
                    let content = self.stamp.put_into(content);
                    Ok(self.content.get_or_init(|| content.into()).to_string())
                }
                _ => Err(PrepareError::Final("the content of a file is no object".to_owned())),
            }
        })
    }
}
