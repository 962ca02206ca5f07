//! Sessions: where users talk. Part 7 of the protocol.

use super::{CurrentUser, Handle, Messages, SessionMembers, UserConversation};
use crate::bridge::sync_queue::SyncKey;
use crate::error::Error;
use crate::protocol::push::{SyncItem, SyncType};
use crate::protocol::rest::{CreateSession, UpdateSession};
use crate::protocol::{self, ImSessionId, Role, SessionId, SessionType, User};
use crate::store::Part;

/// The sessions that a client knows. The seed's `Sessions`.
///
/// ```no_run
/// use y2w_sdk::protocol::SessionType;
/// use y2w_sdk::{CurrentUser, NewGroup};
///
/// # async fn run(ann: &CurrentUser) -> Result<(), Box<dyn std::error::Error>> {
/// let bob = ann.search("bob@example.org").await?.ok_or("nobody has that account")?;
/// // The one session of the two, made if need be.
/// let pair = ann.sessions().get(bob.id.as_str(), &SessionType::P2p).await?;
/// assert_eq!(pair.members().p2p_other_side().map(|member| member.user_id.clone()), Some(bob.id.clone()));
/// // A group that is Ann's.
/// let new = NewGroup { name: "lunch", members: &[bob], ..NewGroup::default() };
/// let group = ann.sessions().create_group(&new).await?;
/// ann.send_text(group.id.as_str(), &SessionType::Group, "noodles?").await?;
/// # Ok(())
/// # }
/// ```
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
    /// looked for in what the client knows, then fetched with its members, and made where the protocol makes it so: a
    /// `p2p` session always is there. An error if there is no such user or group, or if this user may not look at it.
    /// The seed's `get`; rules `CLIENT-SESSION-ON-DEMAND`, `SESS-P2P-ONE`, `SESS-SINGLE-ONE`.
    pub async fn get(&self, target: &str, kind: &SessionType) -> Result<Session<'a>, Error> {
        let session = self.user.shared.open(kind, target).await?;
        self.by_id(&session.id).ok_or_else(|| Error::unknown("session", session.id.as_str()))
    }

    /// The session of this user's own devices, made if need be. Rule `SESS-SINGLE-ONE`.
    pub async fn single(&self) -> Result<Session<'a>, Error> {
        self.get(self.user.shared.uid.as_str(), &SessionType::Single).await
    }

    /// A session that the client knows. The seed's `getById`.
    pub fn by_id(&self, id: &SessionId) -> Option<Session<'a>> {
        let session = self.user.with_model(|model| model.session(id).map(|known| known.session.clone()));
        session.map(|session| Handle::new(self.user, session))
    }

    /// All sessions that the client knows, ordered by id.
    pub fn list(&self) -> Vec<Session<'a>> {
        let sessions: Vec<_> = self
            .user
            .with_model(|model| model.sessions().into_iter().map(|known| known.session.clone()).collect());
        sessions.into_iter().map(|session| Handle::new(self.user, session)).collect()
    }

    /// What a conversation calls the target of this session: the other user (`p2p`), this user (`single`), or the
    /// session itself. `None` if the session is not known. The seed's `getTargetId`; rule `CONV-TARGET`.
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

    /// Makes a session without members, as the protocol has it: who makes it adds itself next, as the master.
    /// `secure_type` is `private` or `public`. The seed's `remote.add`; rules `SESS-CREATE-GROUP`,
    /// `SESS-CREATE-FIRST-MEMBER`, `SESS-SECURE-TYPES`. [`Self::create_group`] does all of it.
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

    /// Makes a private group with this user as its master and others in it, and tells them. It takes several requests:
    /// after an error the group may be there with some of its members. Rules `SESS-CREATE-GROUP`, `MEMBER-ADD`.
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

    /// Deletes a group, if this user is its master (else 403) and the server lets it; all its members are out then.
    /// This client forgets it. The seed's `remote.remove`; rules `SESS-DELETE`, `SESS-DELETE-RIGHT`,
    /// `SESS-DELETE-DISSOLVES`.
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
    /// The session as the push side names it. The seed's `id` of an `imSession`; rule `PUSH-TOPIC`.
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

    /// The conversation that leads to it; `None` before its first message, and while it is hidden. The seed's
    /// `getConversation`.
    pub fn conversation(&self) -> Option<UserConversation<'a>> {
        let conversation = self.user.with_model(|model| {
            let known = model.session(&self.id)?;
            model.conversation_of(known, &self.user.shared.uid).cloned()
        });
        conversation.filter(|c| !c.is_delete).map(|c| Handle::new(self.user, c))
    }

    /// Where its picture is, as a full address; `None` without a picture.
    pub fn avatar(&self) -> Option<String> {
        self.user.absolute_url(&self.avatar_url)
    }

    /// Fetches the session and its members as they are now. Rule `CLIENT-SESSION-WITH-MEMBERS`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_session(&self.id).await?)
    }

    /// Changes the session, and tells everybody: what is `None` stays. 403 for who is no member. Rules `SESS-UPDATE`,
    /// `SESS-UPDATE-RIGHT`.
    pub async fn update(&self, change: &UpdateSession) -> Result<(), Error> {
        self.user.shared.api.update_session(&self.id, change).await?;
        self.sync().await?;
        self.announce_membership();
        Ok(())
    }

    /// Names the group, and tells everybody; from then on the server no longer names it after its members. Rule
    /// `SESS-NAME-KEPT`.
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
