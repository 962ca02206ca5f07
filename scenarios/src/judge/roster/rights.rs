//! Who may do what in a group: what is due to a request, by what is known of the group when the server gets to it.

use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::rest::{AddMember, UpdateMember};
use y2w_sdk::protocol::{MemberId, SessionMember, UserId};

use super::group::Group;

/// What is due to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is carried out, by this rule.
    Done(&'static str),
    /// It is refused, by this rule.
    Refused(&'static str),
    /// The rules leave it open, or it is not known what they say.
    Open,
}

use Due::{Done, Open, Refused};

impl Group {
    /// Adding a member.
    pub(super) fn adding(&self, caller: &UserId, add: &AddMember) -> Due {
        if self.never_had_members() {
            let is_creator = *caller == self.creator;
            return if is_creator { Done("MEMBER-ADD") } else { Refused("SESS-CREATE-FIRST-MEMBER") };
        }
        let Some(by) = self.present(caller) else {
            return Refused("MEMBER-ADD-OUTSIDER");
        };
        let gives_role = !matches!(add.role, None | Some(Role::User));
        match self.manages(by) {
            _ if by.status != Status::Active => Open,
            Some(false) if gives_role => Refused("MEMBER-ROLES"),
            // What becomes of a role for who is in already, or of a second master, is left open.
            _ if gives_role => Open,
            _ => Done("MEMBER-ADD-RIGHT"),
        }
    }

    /// Removing a member.
    pub(super) fn removing(&self, caller: &UserId, member: &MemberId) -> Due {
        let Some(target) = self.by_id(member).filter(|target| !target.is_delete) else {
            return Open;
        };
        if target.user_id == *caller {
            return Done("MEMBER-LEAVE");
        }
        let Some(by) = self.present(caller) else {
            return Refused("MEMBER-REMOVE-RIGHT");
        };
        match self.manages(by) {
            Some(false) => Refused("MEMBER-REMOVE-RIGHT"),
            _ if self.is_master(target) == Some(true) => Refused("MEMBER-MASTER-STAYS"),
            Some(true) if by.status == Status::Active && self.is_master(target) == Some(false) => {
                Done("MEMBER-REMOVE")
            }
            _ => Open,
        }
    }

    /// Changing a member.
    pub(super) fn changing(&self, caller: &UserId, member: &MemberId, change: &UpdateMember) -> Due {
        let Some(target) = self.by_id(member).filter(|target| !target.is_delete) else {
            return Open;
        };
        if change.user_id.as_ref().is_some_and(|user| *user != target.user_id) || !self.is_sure_of(target) {
            return Open;
        }
        let role = change.role.as_ref().filter(|role| **role != target.role);
        let is_another_status = change.status.as_ref().is_some_and(|status| *status != target.status);
        let is_another_face = change.name.as_ref().is_some_and(|name| *name != target.name)
            || change.avatar_url.as_ref().is_some_and(|url| *url != target.avatar_url);
        if role.is_none() && !is_another_status && !is_another_face {
            return Open;
        }
        let Some(by) = self.present(caller) else {
            return Refused("MEMBER-UPDATE-RIGHT");
        };
        let is_own = target.user_id == *caller;
        let manages = match self.manages(by) {
            _ if by.status != Status::Active => return Open,
            None => return Open,
            Some(manages) => manages,
        };
        if !is_own && self.is_master(target) == Some(true) {
            return Refused("MEMBER-MASTER-STAYS");
        }
        if !is_own && !manages || is_own && is_another_status {
            return Refused("MEMBER-UPDATE-RIGHT");
        }
        match role {
            None => Done("MEMBER-UPDATE"),
            Some(_) if !manages => Refused("MEMBER-ROLES"),
            Some(Role::Master) if self.is_master(by) == Some(false) => Refused("MEMBER-MASTER-PASSED-ON"),
            Some(Role::Master) if target.status == Status::Active => Done("MEMBER-MASTER-PASSED-ON"),
            Some(Role::Admin | Role::User) if self.is_master(by) == Some(true) && !is_own => {
                Done("MEMBER-UPDATE")
            }
            Some(_) => Open,
        }
    }

    /// Storing a message.
    pub(super) fn storing(&self, caller: &UserId) -> Due {
        match self.present(caller) {
            None => Refused("MSG-MEMBERS-ONLY"),
            Some(by) if by.status == Status::Active => Done("MSG-STORE"),
            Some(_) => Open,
        }
    }

    /// Whether a member may do what masters and admins may; none if that is not known.
    fn manages(&self, member: &SessionMember) -> Option<bool> {
        self.is_sure_of(member).then_some(matches!(member.role, Role::Master | Role::Admin))
    }

    fn is_master(&self, member: &SessionMember) -> Option<bool> {
        self.is_sure_of(member).then_some(member.role == Role::Master)
    }
}
