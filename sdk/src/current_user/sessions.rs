//! Sessions: where users talk. Part 7 of the protocol.

use super::{CurrentUser, Handle, Messages, SessionMembers, UserConversation};
use crate::bridge::sync_queue::SyncKey;
use crate::error::Error;
use crate::protocol::push::{SyncItem, SyncType};
use crate::protocol::rest::{CreateSession, UpdateSession};
use crate::protocol::{self, ImSessionId, Role, SessionId, SessionType, User};
use crate::store::Part;

/// The sessions that a client knows. The seed's `Sessions`.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a> {
    pub(super) user: &'a CurrentUser,
}

/// A session. The seed's `Session`.
pub type Session<'a> = Handle<'a, protocol::Session>;

/// A group to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewGroup<'a> {
    /// Its name; if empty, the server names it after its first members (`SESS-NAME-AUTO`).
    pub name: &'a str,
    /// Where its picture is.
    pub avatar_url: &'a str,
    /// Who is in beside its maker, who becomes its master.
    pub members: &'a [User],
}

impl<'a> Sessions<'a> {
    /// The user that this belongs to. The seed's `user`.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The session with this target: the other user (`p2p`), the session (`group`), this user itself (`single`). It is
    /// looked for in what the client knows, then fetched with its members, and made where the protocol makes it so. The
    /// seed's `get`; rules `CLIENT-SESSION-ON-DEMAND`, `SESS-P2P-ONE`, `SESS-SINGLE-ONE`.
    pub async fn get(&self, target: &str, kind: &SessionType) -> Result<Session<'a>, Error> {
        let session = self.user.shared.open(kind, target).await?;
        self.by_id(&session.id).ok_or_else(|| Error::unknown("session", session.id.as_str()))
    }

    /// The session of this user's own devices. Rule `SESS-SINGLE-ONE`.
    pub async fn single(&self) -> Result<Session<'a>, Error> {
        self.get(self.user.shared.uid.as_str(), &SessionType::Single).await
    }

    /// A session that the client knows. The seed's `getById`.
    pub fn by_id(&self, id: &SessionId) -> Option<Session<'a>> {
        let session = self.user.with_model(|model| model.session(id).map(|known| known.session.clone()));
        session.map(|session| Handle::new(self.user, session))
    }

    /// All sessions that the client knows.
    pub fn list(&self) -> Vec<Session<'a>> {
        let sessions: Vec<_> = self
            .user
            .with_model(|model| model.sessions().into_iter().map(|known| known.session.clone()).collect());
        sessions.into_iter().map(|session| Handle::new(self.user, session)).collect()
    }

    /// What a conversation calls the target of this session. The seed's `getTargetId`; rule `CONV-TARGET`.
    pub fn target_id(&self, id: &SessionId) -> Option<String> {
        self.user.with_model(|model| {
            let known = model.session(id)?;
            model.target_of(known, &self.user.shared.uid).map(str::to_owned)
        })
    }

    /// Fetches the session with this target and its members as they are now. The seed's `remote.sync`; rule
    /// `CLIENT-SESSION-WITH-MEMBERS`.
    pub async fn sync(&self, target: &str, kind: &SessionType) -> Result<Session<'a>, Error> {
        let session = self.user.shared.fetch_session(kind, target).await?;
        self.by_id(&session.id).ok_or_else(|| Error::unknown("session", session.id.as_str()))
    }

    /// Makes a session without members, as the protocol has it: who makes it adds itself next. The seed's `remote.add`;
    /// rule `SESS-CREATE-GROUP`. [`Self::create_group`] does all of it.
    pub async fn add(
        &self,
        kind: SessionType,
        name: &str,
        secure_type: &str,
        avatar_url: &str,
    ) -> Result<Session<'a>, Error> {
        let wanted = CreateSession {
            kind,
            name: name.to_owned(),
            secure_type: secure_type.to_owned(),
            avatar_url: avatar_url.to_owned(),
        };
        let session = self.user.shared.api.create_session(&wanted).await?;
        let (id, keep) = (session.id.clone(), self.user.shared.keep_messages);
        let now = self.user.shared.clock.now();
        self.user.change(|core| {
            core.model.take_session(session, keep);
            core.changed(Part::Session(id.clone()), now);
        });
        self.by_id(&id).ok_or_else(|| Error::unknown("session", id.as_str()))
    }

    /// Makes a group with this user as its master and others in it, and tells them. Rules `SESS-CREATE-GROUP`,
    /// `MEMBER-ADD`.
    pub async fn create_group(&self, group: &NewGroup<'_>) -> Result<Session<'a>, Error> {
        let session = self.add(SessionType::Group, group.name, "private", group.avatar_url).await?;
        let me = self.user.me();
        let members = session.members();
        members.add_quietly(&me, Role::Master).await?;
        for user in group.members {
            members.add_quietly(user, Role::User).await?;
        }
        self.user.shared.sync_session(&session.id).await?;
        session.announce_membership();
        self.by_id(&session.id).ok_or_else(|| Error::unknown("session", session.id.as_str()))
    }

    /// Deletes a session, if the server lets this user. The seed's `remote.remove`; rule `SESS-DELETE`.
    pub async fn remove(&self, session: &Session<'_>) -> Result<(), Error> {
        self.user.shared.api.remove_session(&session.id).await?;
        let now = self.user.shared.clock.now();
        self.user.change(|core| {
            core.model.forget_session(&session.id);
            core.changed(Part::Session(session.id.clone()), now);
            core.changed(Part::Messages(session.id.clone()), now);
        });
        self.user.shared.sync_conversations().await?;
        Ok(())
    }
}

impl<'a> Session<'a> {
    /// The session as the push side names it.
    pub fn im_id(&self) -> ImSessionId {
        ImSessionId::new(self.kind.clone(), self.id.clone())
    }

    /// Its members.
    pub fn members(&self) -> SessionMembers<'a> {
        SessionMembers { user: self.user, session: self.im_id() }
    }

    /// Its messages.
    pub fn messages(&self) -> Messages<'a> {
        Messages { user: self.user, session: self.im_id() }
    }

    /// The conversation that leads to it, if there is one. The seed's `getConversation`.
    pub fn conversation(&self) -> Option<UserConversation<'a>> {
        let conversation = self.user.with_model(|model| {
            let known = model.session(&self.id)?;
            model.conversation_of(known, &self.user.shared.uid).cloned()
        });
        conversation.filter(|c| !c.is_delete).map(|c| Handle::new(self.user, c))
    }

    /// Where its picture is, as a full address.
    pub fn avatar(&self) -> Option<String> {
        self.user.absolute_url(&self.avatar_url)
    }

    /// Fetches the session and its members as they are now.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_session(&self.id).await?)
    }

    /// Changes the session: what is `None` stays. Rule `SESS-UPDATE`.
    pub async fn update(&self, change: &UpdateSession) -> Result<(), Error> {
        self.user.shared.api.update_session(&self.id, change).await?;
        self.sync().await?;
        self.announce_membership();
        Ok(())
    }

    /// Names the group; from then on the server no longer names it after its members. Rule `SESS-NAME-KEPT`.
    pub async fn rename(&self, name: &str) -> Result<(), Error> {
        let change = UpdateSession {
            name: Some(name.to_owned()),
            name_changed: Some(true),
            ..UpdateSession::default()
        };
        self.update(&change).await
    }

    /// Has the members' clients sync the session, its members and the message that the server wrote about the change.
    pub(super) fn announce_membership(&self) {
        announce_membership(self.user, &self.im_id());
    }
}

/// See [`Session::announce_membership`].
pub(super) fn announce_membership(user: &CurrentUser, session: &ImSessionId) {
    let of_session = |kind| SyncItem { kind, session_id: Some(session.to_string()) };
    let syncs = vec![
        SyncItem { kind: SyncType::USER_CONVERSATION, session_id: None },
        of_session(SyncType::SESSION_MEMBER),
        of_session(SyncType::MESSAGE),
    ];
    user.shared.announce(session, syncs);
    // The server's message about it is news to this client too.
    user.change(|core| {
        core.sync_queue.request(SyncKey::Conversations);
        if user.shared.follows(core, session) {
            core.sync_queue.request(SyncKey::Messages(session.clone()));
        }
    });
}
