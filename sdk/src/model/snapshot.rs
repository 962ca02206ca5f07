//! The model as documents: what a [`LocalStore`](crate::store::LocalStore) keeps between logins.
//!
//! A document is JSON of one [`Part`], with a version. A document of another version, or one that is not what it
//! should be, is refused as a whole: the caller sets it aside and the server's answers take its place. Watermark and
//! entries stand in one document (`CLIENT-LOCAL-STORE-TOGETHER`).

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Collection, Entry, Members, Messages, Model};
use crate::protocol::{Message, Session, SessionId, SessionMember, Timestamp, User, UserId};
use crate::store::Part;

/// What the documents are written as; another number is another form.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document<T> {
    version: u32,
    data: T,
}

#[derive(Serialize, Deserialize)]
struct Synced<T> {
    watermark: Timestamp,
    entries: Vec<T>,
}

#[derive(Serialize, Deserialize)]
struct UsersData<'a> {
    me: Cow<'a, User>,
    met: Vec<Cow<'a, User>>,
}

#[derive(Serialize, Deserialize)]
struct SessionData<'a> {
    session: Cow<'a, Session>,
    members: Synced<Cow<'a, SessionMember>>,
    /// The other user of a p2p session, where it is known.
    p2p_with: Option<UserId>,
    /// Whether it is this user's own.
    single: bool,
}

/// The messages of a session and where their syncs are; see [`Messages`].
#[derive(Serialize, Deserialize)]
pub(super) struct MessagesData {
    pub(super) watermark: Timestamp,
    pub(super) session_updated_at: Option<Timestamp>,
    pub(super) conversation_seen: Timestamp,
    pub(super) more: bool,
    pub(super) horizon: Option<Timestamp>,
    pub(super) entries: Vec<Arc<Message>>,
}

impl Model {
    /// The document of a part; `None` if there is nothing to keep.
    pub fn save(&self, part: &Part, me: &User) -> Option<Vec<u8>> {
        match part {
            Part::Users => {
                let met = self.users();
                let met = met.iter().map(|user| Cow::Borrowed(&**user)).collect();
                Some(write(UsersData { me: Cow::Borrowed(me), met }))
            }
            Part::Conversations => Some(write(synced(&self.conversations))),
            Part::Contacts => Some(write(synced(&self.contacts))),
            Part::UserSessions => Some(write(synced(&self.user_sessions))),
            Part::Session(id) => {
                let known = self.session(id)?;
                let p2p_with =
                    self.p2p.iter().find(|(_, session)| *session == id).map(|(user, _)| user.clone());
                let members = Synced {
                    watermark: known.members.watermark(),
                    entries: known.members.iter_all().map(Cow::Borrowed).collect(),
                };
                let single = self.single.as_ref() == Some(id);
                Some(write(SessionData { session: Cow::Borrowed(&known.session), members, p2p_with, single }))
            }
            Part::Messages(id) => Some(write(self.session(id)?.messages.to_data())),
        }
    }

    /// Takes a document in, as far as it is newer than nothing: call it on a model that knows nothing yet, sessions
    /// before their messages. The error says what is wrong with the document; the model is then as it was.
    pub fn restore(&mut self, part: &Part, document: &[u8], keep_messages: usize) -> Result<(), String> {
        match part {
            Part::Users => {
                let data: UsersData<'_> = read(document)?;
                for user in data.met {
                    self.take_user(user.into_owned());
                }
            }
            Part::Conversations => self.conversations = collection(document)?,
            Part::Contacts => self.contacts = collection(document)?,
            Part::UserSessions => self.user_sessions = collection(document)?,
            Part::Session(id) => {
                let data: SessionData<'_> = read(document)?;
                if data.session.id != *id {
                    return Err(format!("it holds session {}", data.session.id));
                }
                let members = data.members.entries.into_iter().map(Cow::into_owned).collect();
                let known = self.take_session(data.session.into_owned(), keep_messages);
                known.members = Members::restored(data.members.watermark, members);
                if let Some(other) = data.p2p_with {
                    self.learn_p2p(&other, id.clone());
                }
                if data.single {
                    self.learn_single(id.clone());
                }
            }
            Part::Messages(id) => {
                let data: MessagesData = read(document)?;
                let session = self.session_mut(id).ok_or("its session is not stored")?;
                session.messages = Messages::from_data(data, keep_messages);
            }
        }
        Ok(())
    }

    /// The parts of this model that a store keeps, messages included.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::Users, Part::Conversations, Part::Contacts, Part::UserSessions];
        let ids: Vec<SessionId> = self.sessions().into_iter().map(|s| s.session.id.clone()).collect();
        parts.extend(ids.iter().cloned().map(Part::Session));
        parts.extend(ids.into_iter().map(Part::Messages));
        parts
    }
}

fn synced<E: Entry>(collection: &Collection<E>) -> Synced<&E> {
    Synced { watermark: collection.watermark(), entries: collection.iter_all().collect() }
}

fn collection<E: Entry + DeserializeOwned>(document: &[u8]) -> Result<Collection<E>, String> {
    let data: Synced<E> = read(document)?;
    Ok(Collection::restored(data.watermark, data.entries))
}

fn write<T: Serialize>(data: T) -> Vec<u8> {
    serde_json::to_vec(&Document { version: VERSION, data })
        .expect("entities have string keys and finite numbers")
}

fn read<T: DeserializeOwned>(document: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_slice(document).map_err(|e| e.to_string())?;
    if version != VERSION {
        return Err(format!("it is of version {version}, this client reads version {VERSION}"));
    }
    let document: Document<T> = serde_json::from_slice(document).map_err(|e| e.to_string())?;
    Ok(document.data)
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
