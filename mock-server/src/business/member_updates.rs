//! Changes of a membership that goes on: names, roles, bans.
//!
//! Everybody changes their own name and picture; master and admin those of others, and roles and bans. Nobody but the
//! master touches the master, who passes the role on by giving it to another and is an admin then.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{SessionMember, Timestamp, UserId};

use super::collection::Slot;
use super::members::{check_role, check_status, manages};
use super::pinyin::syllables;
use super::sessions::Room;
use super::{Business, Operation, Refusal, require_if_given};
use crate::quirks::{Quirk, Quirks};

/// Changes a member. Rules `MEMBER-UPDATE`, `MEMBER-UPDATE-RIGHT`, `MEMBER-ROLES`, `MEMBER-MASTER-STAYS`,
/// `MEMBER-MASTER-PASSED-ON`, `MEMBER-STATUS`, `MEMBER-TWO-CLOCKS`, `MEMBER-CREATED-AT`, `MEMBER-UPDATED-AT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateMember {
    /// Who changes.
    pub caller: UserId,
    /// In which session.
    pub session: String,
    /// The membership.
    pub member: String,
    /// What is given changes.
    pub changes: rest::UpdateMember,
}

impl Operation for UpdateMember {
    type Reply = Arc<SessionMember>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<SessionMember>, Refusal> {
        let room = state.sessions.room_mut(&self.session)?;
        let by = room.check_member(&self.caller)?;
        let slot = room.member_slot(&self.member)?;
        let before = room.members.get(slot).clone();
        if before.is_delete {
            return Err(Refusal::not_found("the member was removed"));
        }
        let after = changed(&before, self.changes)?;
        if after == *before {
            return Ok(before);
        }
        check_rights(by, &before, &after, &state.quirks)?;
        let name_before = room.session.name.clone();
        if after.role == before.role {
            let stamp = room.stamps.next(now);
            if room.quirks.on(Quirk::RenameUnstamped) {
                room.members.touch(slot, |member| *member = after);
            } else {
                let moves_mts = room.quirks.on(Quirk::MtsMovesOnRename);
                let created_at = if moves_mts { stamp } else { after.created_at };
                room.members.update(slot, stamp, |member| *member = SessionMember { created_at, ..after });
            }
            room.members_changed(now);
        } else {
            let text = format!("{} is now {}", after.name, after.role);
            let by = self.caller.clone();
            room.change_role(slot, after, &by, now);
            state.membership_changed(&self.session, &by, text, now)?;
        }
        let room = state.sessions.room(&self.session)?;
        let member = room.members.get(slot).clone();
        if room.session.name != name_before {
            state.note_face(&self.session, now)?;
        }
        Ok(member)
    }
}

fn changed(before: &SessionMember, given: rest::UpdateMember) -> Result<SessionMember, Refusal> {
    require_if_given(given.name.as_deref(), "name")?;
    let mut after = before.clone();
    if let Some(name) = given.name {
        after.pinyin = syllables(&name);
        after.name = name;
    }
    after.role = given.role.unwrap_or(after.role);
    after.avatar_url = given.avatar_url.unwrap_or(after.avatar_url);
    after.status = given.status.unwrap_or(after.status);
    check_role(&after.role)?;
    check_status(&after.status)?;
    Ok(after)
}

fn check_rights(
    by: &SessionMember,
    before: &SessionMember,
    after: &SessionMember,
    quirks: &Quirks,
) -> Result<(), Refusal> {
    let own = by.user_id == before.user_id;
    if !own && !manages(by) {
        return Err(Refusal::forbidden("only master and admin change other members"));
    }
    if !own && before.role == Role::Master {
        return Err(Refusal::forbidden("only the master changes the master"));
    }
    if own && after.status != before.status && !quirks.on(Quirk::OwnStatusChanges) {
        return Err(Refusal::forbidden("nobody changes their own status"));
    }
    if after.role == before.role {
        return Ok(());
    }
    if !manages(by) {
        return Err(Refusal::forbidden("only master and admin give roles"));
    }
    if before.role == Role::Master {
        return Err(Refusal::bad_request("the master passes the role on by giving it to another"));
    }
    if after.role == Role::Master && by.role != Role::Master {
        return Err(Refusal::forbidden("only the master makes another the master"));
    }
    if after.role == Role::Master && after.status != Status::Active {
        return Err(Refusal::bad_request("the master is in good standing"));
    }
    Ok(())
}

impl Room {
    /// Gives a member another role; whoever gives away the mastership becomes an admin. Rules `MEMBER-CREATED-AT`,
    /// `MEMBER-MASTER-PASSED-ON`.
    fn change_role(&mut self, slot: Slot, after: SessionMember, by: &UserId, now: Timestamp) {
        if after.role == Role::Master
            && !self.quirks.on(Quirk::MasterPassedKept)
            && let Some(former) = self.by_user.get(by).copied()
        {
            let stamp = self.stamps.next(now);
            self.members.update(former, stamp, |member| {
                member.role = Role::Admin;
                member.created_at = stamp;
            });
        }
        let stamp = self.stamps.next(now);
        let created_at = if self.quirks.on(Quirk::MtsKeptOnRole) { after.created_at } else { stamp };
        self.members.update(slot, stamp, |member| *member = SessionMember { created_at, ..after });
    }
}
