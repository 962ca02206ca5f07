//! The members of a session. Part 8 of the protocol.

use super::sessions::announce_membership;
use super::{CurrentUser, Handle};
use crate::error::Error;
use crate::protocol::push::{SyncItem, SyncType};
use crate::protocol::rest::{AddMember, UpdateMember};
use crate::protocol::{self, ImSessionId, MemberId, Role, Status, Timestamp, User, UserId};

/// The members of a session. The seed's `SessionMembers`.
#[derive(Clone, Debug)]
pub struct SessionMembers<'a> {
    pub(super) user: &'a CurrentUser,
    pub(super) session: ImSessionId,
}

/// A member of a session. The seed's `SessionMember`.
pub type SessionMember<'a> = Handle<'a, protocol::SessionMember>;

impl<'a> SessionMembers<'a> {
    /// The user that has the session.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The session, as the push side names it. The seed's `session`.
    pub fn im_id(&self) -> &ImSessionId {
        &self.session
    }

    /// The member that is this user; `None` if it is none, or was removed. The seed's `getMember`.
    pub fn get(&self, user: &UserId) -> Option<SessionMember<'a>> {
        let member = self.look(|members| members.get(user).cloned()).flatten();
        member.map(|member| Handle::new(self.user, member))
    }

    /// All members, in the order of their first arrival. The seed's `getMembers`.
    pub fn list(&self) -> Vec<SessionMember<'a>> {
        let members = self.look(|members| members.iter().cloned().collect::<Vec<_>>()).unwrap_or_default();
        members.into_iter().map(|member| Handle::new(self.user, member)).collect()
    }

    /// The other one of a `p2p` session. The seed's `getP2POtherSideMember`.
    pub fn p2p_other_side(&self) -> Option<SessionMember<'a>> {
        let member = self.look(|members| members.other_than(&self.user.shared.uid).cloned()).flatten();
        member.map(|member| Handle::new(self.user, member))
    }

    /// The members' timestamp, which goes with each command to the push server; `None` if the session is not known. The
    /// seed's `createdAt` of the members, `mts` of an `imSession`; rule `MTS-DEFINITION`.
    pub fn mts(&self) -> Option<Timestamp> {
        self.look(crate::model::Members::mts)
    }

    /// Fetches what has changed, of the session as well. A status of 403 says that this user is no member. The seed's
    /// `remote.sync`; rules `MEMBER-LIST`, `MEMBER-LIST-PRIVATE`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_session(&self.session.id).await?)
    }

    /// Adds a member, and tells everybody. Every member may add others, but only master and admin may give another role
    /// than `user`: 403 for who may not. A user who was removed comes back under the same membership. The seed's
    /// `remote.add`; rules `MEMBER-ADD`, `MEMBER-ADD-RIGHT`, `MEMBER-ROLES`, `MEMBER-REVIVE`.
    pub async fn add(&self, member: &AddMember) -> Result<SessionMember<'a>, Error> {
        self.user.shared.api.add_member(&self.session.id, member).await?;
        self.changed().await?;
        self.get(&member.user_id).ok_or_else(|| Error::unknown("member", member.user_id.as_str()))
    }

    /// Adds users with the role `user`, one after the other, and tells everybody once. After an error those before it
    /// are in. Rule `MEMBER-ADD`.
    pub async fn add_users(&self, users: &[User]) -> Result<(), Error> {
        for user in users {
            self.add_quietly(user, Role::User).await?;
        }
        self.changed().await
    }

    /// Invites a user, who gets the role `user` and is in at once. Rule `MEMBER-INVITE`.
    pub async fn invite(&self, user: &User) -> Result<(), Error> {
        self.user.shared.api.invite_member(&self.session.id, &add_member(user, None)).await?;
        self.changed().await
    }

    /// Changes a member: name, role, picture or status; begin with [`SessionMember::as_update`](Handle::as_update). 403
    /// for who may not: only master and admin change others, give roles and bar members. Rules `MEMBER-UPDATE`,
    /// `MEMBER-UPDATE-RIGHT`, `MEMBER-ROLES`, `MEMBER-STATUS`.
    pub async fn update(&self, id: &MemberId, change: &UpdateMember) -> Result<(), Error> {
        self.user.shared.api.update_member(&self.session.id, id, change).await?;
        self.changed().await
    }

    /// Removes a member by the id of the membership, and tells everybody, the removed one too. Only master and admin
    /// remove others (403); everybody may leave. The seed's `remote.remove`; rules `MEMBER-REMOVE`,
    /// `MEMBER-REMOVE-RIGHT`, `MEMBER-LEAVE`.
    pub async fn remove(&self, id: &MemberId) -> Result<(), Error> {
        let removed =
            self.look(|members| members.iter().find(|m| m.id == *id).map(|m| m.user_id.clone())).flatten();
        self.user.shared.api.remove_member(&self.session.id, id).await?;
        if removed.as_ref() == Some(&self.user.shared.uid) {
            // Who has left may no longer see the members, let alone push to them.
            return Ok(self.user.shared.sync_conversations().await?);
        }
        self.changed().await?;
        if let Some(removed) = removed {
            let session_id = Some(self.session.to_string());
            let syncs = vec![
                SyncItem { kind: SyncType::USER_CONVERSATION, session_id: None },
                SyncItem { kind: SyncType::MESSAGE, session_id },
            ];
            self.user.announce_to(&removed, syncs);
        }
        Ok(())
    }

    /// Adds a member without syncing or telling anybody.
    pub(super) async fn add_quietly(&self, user: &User, role: Role) -> Result<(), Error> {
        let role = Some(role).filter(|role| *role != Role::User);
        self.user.shared.api.add_member(&self.session.id, &add_member(user, role)).await?;
        Ok(())
    }

    async fn changed(&self) -> Result<(), Error> {
        self.user.shared.sync_session(&self.session.id).await?;
        announce_membership(self.user, &self.session);
        Ok(())
    }

    fn look<T>(&self, look: impl FnOnce(&crate::model::Members) -> T) -> Option<T> {
        self.user.with_model(|model| model.session(&self.session.id).map(|known| look(&known.members)))
    }
}

impl SessionMember<'_> {
    /// The name to show: the title that this user has given a contact, else the member's own. Rule
    /// `CLIENT-CONTACT-TITLE`.
    pub fn display_name(&self) -> String {
        self.user.with_model(|model| model.member_name(&self.entity).to_owned())
    }

    /// Where the member's picture is, as a full address; `None` without a picture. The seed's `getAvatarUrl`.
    pub fn avatar(&self) -> Option<String> {
        self.user.absolute_url(&self.avatar_url)
    }

    /// All that an update of this member has to send, with nothing changed yet. Rule `MEMBER-UPDATE`.
    pub fn as_update(&self) -> UpdateMember {
        UpdateMember {
            user_id: Some(self.user_id.clone()),
            name: Some(self.name.clone()),
            role: Some(self.role.clone()),
            avatar_url: Some(self.avatar_url.clone()),
            status: Some(self.status.clone()),
        }
    }
}

fn add_member(user: &User, role: Option<Role>) -> AddMember {
    AddMember {
        user_id: user.id.clone(),
        name: user.name.clone(),
        role: Some(role.unwrap_or(Role::User)),
        avatar_url: user.avatar_url.clone(),
        status: Some(Status::Active),
    }
}
