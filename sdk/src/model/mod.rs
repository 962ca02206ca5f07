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
pub mod paging;

use rustc_hash::FxHashMap;

pub use collection::{Collection, Entry};
pub use members::Members;
pub use messages::{LocalMessage, LocalStatus, Merged, Messages};
pub use paging::{Next, Paging};

use crate::protocol::{ImSessionId, Session, SessionId, SessionType, Timestamp, UserConversation, UserId};

/// The whole of what one user's client knows.
#[derive(Debug, Default)]
pub struct Model {
    /// The conversations, by type and target.
    pub conversations: Collection<UserConversation>,
    sessions: FxHashMap<SessionId, SessionModel>,
    p2p: FxHashMap<UserId, SessionId>,
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
}

impl SessionModel {
    /// The session as the push side names it.
    pub fn im_id(&self) -> ImSessionId {
        ImSessionId::new(self.session.kind.clone(), self.session.id.clone())
    }
}

impl Model {
    /// Takes in a session as the server answered it; members and messages that are known stay.
    pub fn take_session(&mut self, session: Session, keep_messages: usize) -> &mut SessionModel {
        let known = self.sessions.entry(session.id.clone()).or_insert_with(|| SessionModel {
            session: session.clone(),
            members: Members::default(),
            messages: Messages::keeping(keep_messages),
        });
        if session.updated_at >= known.session.updated_at {
            known.session = session;
        }
        known
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
            _ => self.sessions.get(target),
        }
    }

    /// Remembers that the p2p session with the user `other` is `session`.
    pub fn learn_p2p(&mut self, other: &UserId, session: SessionId) {
        self.p2p.insert(other.clone(), session);
    }

    /// The stamp of the conversation that leads to this session, if there is one.
    pub fn conversation_stamp(&self, session: &SessionModel, me: &UserId) -> Option<Timestamp> {
        let target = match session.session.kind {
            SessionType::P2p => session.members.other_than(me)?.user_id.as_str(),
            _ => session.session.id.as_str(),
        };
        self.conversations.find(&(session.session.kind.clone(), target.to_owned())).map(|c| c.updated_at)
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

impl Entry for UserConversation {
    type Key = (SessionType, String);

    fn key(&self) -> Self::Key {
        (self.kind.clone(), self.target_id.clone())
    }

    fn stamp(&self) -> Timestamp {
        self.updated_at
    }

    fn is_tombstone(&self) -> bool {
        self.is_delete
    }
}
