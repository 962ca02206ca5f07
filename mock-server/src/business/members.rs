//! Who is in a session.
//!
//! A member has two clocks (`MEMBER-TWO-CLOCKS`): `createdAt` moves with the membership, `updatedAt` with everything.
//! The greatest `createdAt` is the session's mts (`MTS-DEFINITION`). Both come from the session's order of stamps, so
//! each change of membership makes a greater mts (`MTS-GROWS`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::{SessionMember, SessionType, Timestamp, UserId};

use super::collection::{Page, Range, Slot};
use super::pinyin::syllables;
use super::sessions::Room;
use super::{Business, Operation, Refusal, require};
use crate::quirks::Quirk;

/// Adds a user to a group, or revives the entry of one who was removed. Rules `MEMBER-ADD`, `MEMBER-ADD-RIGHT`,
/// `MEMBER-ADD-OUTSIDER`, `MEMBER-ROLES`, `MEMBER-REVIVE`, `MEMBER-ADD-TWICE`, `SESS-CREATE-FIRST-MEMBER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddMember {
    /// Who adds.
    pub caller: UserId,
    /// To which session.
    pub session: String,
    /// Whom.
    pub user: UserId,
    /// The name in this session.
    pub name: String,
    /// What the member may do.
    pub role: Role,
    /// Where the picture is.
    pub avatar_url: String,
    /// Whether the member begins in good standing.
    pub status: Status,
}

impl Operation for AddMember {
    type Reply = Arc<SessionMember>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<SessionMember>, Refusal> {
        let room = state.sessions.room(&self.session)?;
        room.check_may_add(&self.caller, &self.role)?;
        require(!self.name.is_empty(), "name")?;
        check_role(&self.role)?;
        check_status(&self.status)?;
        if !state.has_user(&self.user) {
            return Err(Refusal::bad_request("userId names no user"));
        }
        let known = room.by_user.get(&self.user).copied();
        if let Some(slot) = known.filter(|slot| !room.members.get(*slot).is_delete) {
            let room = state.sessions.room_mut(&self.session)?;
            if room.quirks.on(Quirk::MtsMovesOnReAdd) {
                let stamp = room.stamps.next(now);
                room.members.update(slot, stamp, |member| member.created_at = stamp);
            }
            return Ok(room.members.get(slot).clone());
        }
        let known = known.filter(|_| !state.quirks.on(Quirk::MemberReviveSecond));
        if self.role == Role::Master && room.master().is_some() {
            return Err(Refusal::bad_request("the session has a master"));
        }
        let text = format!("{} joined the group", self.name);
        let (caller, session) = (self.caller.clone(), self.session.clone());
        let added = self.enter(state, known, now)?;
        state.membership_changed(&session, &caller, text, now)?;
        Ok(added)
    }
}

impl AddMember {
    fn enter(
        self,
        state: &mut Business,
        known: Option<Slot>,
        now: Timestamp,
    ) -> Result<Arc<SessionMember>, Refusal> {
        let (room, ids) = state.sessions.room_and_member_ids(&self.session)?;
        let stamp = room.stamps.next(now);
        let keeps_mts = room.quirks.on(Quirk::MtsKeptOnRevive);
        let slot = if let Some(slot) = known {
            room.members.update(slot, stamp, |member| {
                member.pinyin = syllables(&self.name);
                member.name = self.name;
                member.role = self.role;
                member.avatar_url = self.avatar_url;
                member.status = self.status;
                member.is_delete = false;
                member.created_at = if keeps_mts { member.created_at } else { stamp };
            });
            slot
        } else {
            let slot = room.members.insert(SessionMember {
                id: ids.next(),
                user_id: self.user.clone(),
                pinyin: syllables(&self.name),
                name: self.name,
                role: self.role,
                status: self.status,
                avatar_url: self.avatar_url,
                last_read_time: None,
                is_delete: false,
                created_at: stamp,
                updated_at: stamp,
            });
            room.by_user.insert(self.user, slot);
            slot
        };
        Ok(room.members.get(slot).clone())
    }
}

/// Takes a member out of a group, or lets one leave; a master who goes hands the role on. Rules `MEMBER-REMOVE`,
/// `MEMBER-REMOVE-RIGHT`, `MEMBER-MASTER-STAYS`, `MEMBER-LEAVE`, `MEMBER-MASTER-LEAVES`, `SYNC-TOMBSTONE`.
///
/// To remove who is removed already changes nothing and succeeds: the answer to the first attempt may have been lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveMember {
    /// Who removes.
    pub caller: UserId,
    /// From which session.
    pub session: String,
    /// The membership.
    pub member: String,
}

impl Operation for RemoveMember {
    type Reply = Arc<SessionMember>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<SessionMember>, Refusal> {
        let room = state.sessions.room_mut(&self.session)?;
        room.check_group()?;
        room.check_known(&self.caller)?;
        let slot = room.member_slot(&self.member)?;
        let member = room.members.get(slot).clone();
        room.check_may_remove(&self.caller, &member)?;
        if member.is_delete {
            return Ok(member);
        }
        let removed = room.remove(slot, now).clone();
        if removed.role == Role::Master && !room.quirks.on(Quirk::MasterLeavesNone) {
            room.hand_on_mastership(now);
        }
        let text = if removed.user_id == self.caller {
            format!("{} left the group", removed.name)
        } else {
            format!("{} was removed from the group", removed.name)
        };
        state.membership_changed(&self.session, &self.caller, text, now)?;
        Ok(removed)
    }
}

impl Business {
    /// The members of a session, tombstones included. Rules `MEMBER-LIST`, `MEMBER-LIST-PRIVATE`.
    pub fn members(
        &self,
        caller: &UserId,
        session: &str,
        range: Range,
    ) -> Result<Page<SessionMember>, Refusal> {
        let room = self.sessions.room(session)?;
        if !self.quirks.on(Quirk::MembersListPublic) {
            room.check_known(caller)?;
        }
        Ok(self.sync(range, |range| room.members.page(range)))
    }

    /// One membership.
    pub fn member(
        &self,
        caller: &UserId,
        session: &str,
        member: &str,
    ) -> Result<&Arc<SessionMember>, Refusal> {
        let room = self.sessions.room(session)?;
        room.check_known(caller)?;
        Ok(room.members.get(room.member_slot(member)?))
    }

    /// What follows each change of membership of a group. Rule `MEMBER-SYSTEM-MESSAGE`.
    pub(super) fn membership_changed(
        &mut self,
        session: &str,
        actor: &UserId,
        text: String,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.sessions.room_mut(session)?.members_changed(now);
        self.write_system_message(session, actor, text, now)
    }
}

impl Room {
    pub(super) fn member_slot(&self, id: &str) -> Result<Slot, Refusal> {
        self.members.find(id).ok_or_else(|| Refusal::not_found("no such member"))
    }

    /// Makes a member a tombstone. Rules `MEMBER-CREATED-AT`, `SYNC-TOMBSTONE`.
    pub(super) fn remove(&mut self, slot: Slot, now: Timestamp) -> &Arc<SessionMember> {
        let stamp = self.stamps.next(now);
        self.last_removal = stamp;
        let keeps_mts = self.quirks.on(Quirk::MtsKeptOnRemoval);
        self.members.update(slot, stamp, |member| {
            member.is_delete = true;
            member.created_at = if keeps_mts { member.created_at } else { stamp };
        })
    }

    fn master(&self) -> Option<&Arc<SessionMember>> {
        self.members.iter().find(|member| !member.is_delete && member.role == Role::Master)
    }

    fn check_group(&self) -> Result<(), Refusal> {
        if self.session.kind == SessionType::Group {
            Ok(())
        } else {
            Err(Refusal::forbidden("the members of this session do not change"))
        }
    }

    fn check_may_add(&self, caller: &UserId, role: &Role) -> Result<(), Refusal> {
        self.check_group()?;
        if self.members.is_empty() {
            return if *caller == self.creator || self.quirks.on(Quirk::OutsiderAdds) {
                Ok(())
            } else {
                Err(Refusal::forbidden("the creator adds the first member"))
            };
        }
        if self.quirks.on(Quirk::OutsiderAdds) && !self.by_user.contains_key(caller) {
            return Ok(());
        }
        let by = self.check_member(caller)?;
        if *role != Role::User && !manages(by) && !self.quirks.on(Quirk::UserGivesRoles) {
            return Err(Refusal::forbidden("only master and admin give roles"));
        }
        Ok(())
    }

    fn check_may_remove(&self, caller: &UserId, member: &SessionMember) -> Result<(), Refusal> {
        if *caller == member.user_id {
            return Ok(());
        }
        let by = self.check_member(caller)?;
        if !manages(by) && !self.quirks.on(Quirk::AnyMemberRemoves) {
            return Err(Refusal::forbidden("only master and admin remove others"));
        }
        if member.role == Role::Master && !member.is_delete && !self.quirks.on(Quirk::MasterRemovable) {
            return Err(Refusal::forbidden("nobody removes the master"));
        }
        Ok(())
    }

    /// Makes the first active admin the master, or the first active member where there is no admin.
    fn hand_on_mastership(&mut self, now: Timestamp) {
        let heir = self
            .present()
            .find(|member| member.role == Role::Admin)
            .or_else(|| self.present().next())
            .and_then(|member| self.members.find(&member.id));
        if let Some(heir) = heir {
            let stamp = self.stamps.next(now);
            self.members.update(heir, stamp, |member| {
                member.role = Role::Master;
                member.created_at = stamp;
            });
        }
    }
}

pub(super) fn manages(member: &SessionMember) -> bool {
    matches!(member.role, Role::Master | Role::Admin)
}

/// Rule `MEMBER-ROLE-VALUES`.
pub(super) fn check_role(role: &Role) -> Result<(), Refusal> {
    match role {
        Role::Master | Role::Admin | Role::User => Ok(()),
        Role::Other(_) => Err(Refusal::bad_request("role is master, admin or user")),
    }
}

/// Rule `MEMBER-STATUS`.
pub(super) fn check_status(status: &Status) -> Result<(), Refusal> {
    match status {
        Status::Active | Status::Inactive => Ok(()),
        Status::Other(_) => Err(Refusal::bad_request("status is active or inactive")),
    }
}
