//! What a client knows: collections that syncs are merged into. Pure and synchronous.
//!
//! Invariants, whatever order answers come in:
//!
//! * a watermark comes from list answers only and never goes back (`SYNC-WATERMARK`);
//! * an entry that comes again changes nothing, and an older state never replaces a newer one (`SYNC-MERGE-KEY`);
//! * tombstones are kept, so a stale entry cannot bring a deleted one back (`SYNC-TOMBSTONE`).

pub mod collection;
pub mod members;
pub mod messages;
mod names;
pub mod paging;
pub mod snapshot;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use collection::{Collection, Entry};
pub use members::Members;
pub use messages::{LocalMessage, LocalStatus, Merged, Messages};
pub use paging::{Next, Paging};

use crate::protocol::{
    Contact, Emoji, EmojiId, ImSessionId, Session, SessionId, SessionType, Timestamp, User, UserConversation,
    UserId, UserSession,
};

/// The whole of what one user's client knows.
#[derive(Debug, Default)]
pub struct Model {
    /// The conversations, by type and target.
    pub conversations: Collection<UserConversation>,
    /// The contacts, by user.
    pub contacts: Collection<Contact>,
    /// The favourite groups, by session.
    pub user_sessions: Collection<UserSession>,
    /// The emojis of the app.
    pub emojis: Collection<Emoji>,
    users: FxHashMap<UserId, Arc<User>>,
    sessions: FxHashMap<SessionId, SessionModel>,
    p2p: FxHashMap<UserId, SessionId>,
    single: Option<SessionId>,
}

/// What a client knows of one session.
#[derive(Debug)]
pub struct SessionModel {
    /// The session itself.
    pub session: Session,
    /// Its members.
    pub members: Members,
    /// Its messages.
    pub messages: Messages,
    /// The `sessionUpdatedAt` that the session was last synced for. A server that cuts the session's own stamp to the
    /// second would otherwise have it synced after every page of messages.
    synced_for: Option<Timestamp>,
}

impl SessionModel {
    /// Whether its members are known. They are not where a fetch of the session was cut short.
    pub fn has_members(&self) -> bool {
        self.members.iter_all().next().is_some()
    }

    /// The session as the push side names it.
    pub fn im_id(&self) -> ImSessionId {
        ImSessionId::new(self.session.kind.clone(), self.session.id.clone())
    }
}

impl SessionModel {
    /// Whether the session has changed since it was fetched, as the newest page of messages says. Once it was synced for
    /// that, it no longer is. Rule `CLIENT-SESSION-OUTDATED`.
    pub fn is_outdated(&self) -> bool {
        let told = self.messages.session_updated_at();
        told > self.session.updated_at && told > self.synced_for
    }

    /// The session was synced because of a page that said `told`.
    pub fn synced_for(&mut self, told: Option<Timestamp>) {
        self.synced_for = self.synced_for.max(told);
    }
}

impl Model {
    /// Takes in a session as the server answered it; members and messages that are known stay.
    pub fn take_session(&mut self, session: Session, keep_messages: usize) -> &mut SessionModel {
        let known = self.sessions.entry(session.id.clone()).or_insert_with(|| SessionModel {
            session: session.clone(),
            members: Members::default(),
            messages: Messages::keeping(keep_messages),
            synced_for: None,
        });
        if session.updated_at >= known.session.updated_at {
            known.session = session;
        }
        known
    }

    /// Remembers another user.
    pub fn take_user(&mut self, user: User) -> Arc<User> {
        let user = Arc::new(user);
        self.users.insert(user.id.clone(), user.clone());
        user
    }

    /// A user that was met before.
    pub fn user(&self, id: &UserId) -> Option<&Arc<User>> {
        self.users.get(id)
    }

    /// All users that were met, ordered by id.
    pub fn users(&self) -> Vec<Arc<User>> {
        let mut users: Vec<_> = self.users.values().cloned().collect();
        users.sort_by(|a, b| a.id.cmp(&b.id));
        users
    }

    /// All sessions that are known, ordered by id.
    pub fn sessions(&self) -> Vec<&SessionModel> {
        let mut sessions: Vec<_> = self.sessions.values().collect();
        sessions.sort_by(|a, b| a.session.id.cmp(&b.session.id));
        sessions
    }

    /// Forgets a session that was deleted.
    pub fn forget_session(&mut self, id: &SessionId) {
        self.sessions.remove(id);
        self.p2p.retain(|_, session| session != id);
        if self.single.as_ref() == Some(id) {
            self.single = None;
        }
    }

    /// A session by its id.
    pub fn session(&self, id: &SessionId) -> Option<&SessionModel> {
        self.sessions.get(id)
    }

    /// A session by its id, to merge into.
    pub fn session_mut(&mut self, id: &SessionId) -> Option<&mut SessionModel> {
        self.sessions.get_mut(id)
    }

    /// The session that a conversation leads to, if it is known. Rule `CONV-TARGET`.
    pub fn session_of(&self, kind: &SessionType, target: &str) -> Option<&SessionModel> {
        match kind {
            SessionType::P2p => self.p2p.get(target).and_then(|id| self.sessions.get(id)),
            SessionType::Single => self.single.as_ref().and_then(|id| self.sessions.get(id)),
            _ => self.sessions.get(target),
        }
    }

    /// Remembers that the p2p session with the user `other` is `session`.
    pub fn learn_p2p(&mut self, other: &UserId, session: SessionId) {
        self.p2p.insert(other.clone(), session);
    }

    /// Remembers this user's `single` session. Rule `SESS-SINGLE-ONE`.
    pub fn learn_single(&mut self, session: SessionId) {
        self.single = Some(session);
    }

    /// What a conversation calls the target of this session: the other user (`p2p`), the user itself (`single`), or
    /// the session. The seed's `getTargetId`; rule `CONV-TARGET`.
    pub fn target_of<'a>(&'a self, session: &'a SessionModel, me: &'a UserId) -> Option<&'a str> {
        match session.session.kind {
            SessionType::P2p => session.members.other_than(me).map(|m| m.user_id.as_str()),
            SessionType::Single => Some(me.as_str()),
            _ => Some(session.session.id.as_str()),
        }
    }

    /// The conversation that leads to this session, if there is one.
    pub fn conversation_of(&self, session: &SessionModel, me: &UserId) -> Option<&UserConversation> {
        let target = self.target_of(session, me)?;
        self.conversations.find(&(session.session.kind.clone(), target.to_owned()))
    }

    /// The stamp of the conversation that leads to this session, if there is one.
    pub fn conversation_stamp(&self, session: &SessionModel, me: &UserId) -> Option<Timestamp> {
        self.conversation_of(session, me).map(|c| c.updated_at)
    }

    /// The server has just marked this session as read, when its conversation was of the stamp `seen`; a newer one may
    /// count newer messages. The answer is whether that changed anything. Rule `MSG-SYNC-MARKS-READ`.
    pub fn mark_read(&mut self, session: &SessionId, me: &UserId, seen: Timestamp) -> bool {
        let conversation = self.session(session).and_then(|known| self.conversation_of(known, me));
        let Some(key) = conversation.filter(|c| c.unread > 0 && c.updated_at <= seen).map(Entry::key) else {
            return false;
        };
        self.conversations.amend(&key, |c| c.unread = 0)
    }

    /// The conversations whose messages are not synced up to their stamp, in the order of their first arrival: what
    /// a client that was away has to sync. Rule `CLIENT-ON-CONNECTED`.
    pub fn conversations_behind(&self) -> impl Iterator<Item = &UserConversation> {
        self.conversations.iter().filter(|conversation| {
            self.session_of(&conversation.kind, &conversation.target_id)
                .is_none_or(|session| conversation.updated_at > session.messages.conversation_seen())
        })
    }
}

macro_rules! entries {
    ($($entry:ty { $key:ty, $key_of:expr, $stamp_of:expr })*) => {$(
        impl Entry for $entry {
            type Key = $key;

            fn key(&self) -> Self::Key {
                let key_of: fn(&Self) -> Self::Key = $key_of;
                key_of(self)
            }

            fn stamp(&self) -> Timestamp {
                let stamp_of: fn(&Self) -> Timestamp = $stamp_of;
                stamp_of(self)
            }

            fn is_tombstone(&self) -> bool {
                self.is_delete
            }
        }
    )*};
}

// Rule SYNC-MERGE-KEY.
entries! {
    UserConversation { (SessionType, String), |c| (c.kind.clone(), c.target_id.clone()), |c| c.updated_at }
    Contact { UserId, |c| c.user_id.clone(), |c| c.updated_at.unwrap_or(Timestamp::MIN) }
    UserSession { SessionId, |u| u.session_id.clone(), |u| u.updated_at.unwrap_or(Timestamp::MIN) }
    Emoji { EmojiId, |e| e.id.clone(), |e| e.updated_at }
}
