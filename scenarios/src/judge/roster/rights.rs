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

#[cfg(test)]
mod tests {
    use y2w_sdk::protocol::Timestamp;

    use super::*;

    fn uid(name: &str) -> UserId {
        name.into()
    }

    /// A group that ann made: she is the master, bob an admin, carl a user, dora was removed; eve was never in.
    fn group() -> Group {
        let mut group = Group::new("team".to_owned(), uid("ann"), Timestamp::from_millis(1));
        let members =
            [("ann", Role::Master), ("bob", Role::Admin), ("carl", Role::User), ("dora", Role::User)];
        for ((name, role), at) in members.into_iter().zip(2..) {
            group.take(SessionMember {
                id: format!("m-{name}").as_str().into(),
                user_id: uid(name),
                name: name.to_owned(),
                pinyin: Vec::new(),
                role,
                status: Status::Active,
                avatar_url: String::new(),
                last_read_time: None,
                is_delete: name == "dora",
                created_at: Timestamp::from_millis(at),
                updated_at: Timestamp::from_millis(at),
            });
        }
        group
    }

    fn add(role: Role) -> AddMember {
        let (name, avatar_url) = ("eve".to_owned(), String::new());
        AddMember { user_id: uid("eve"), name, role: Some(role), avatar_url, status: None }
    }

    #[test]
    fn any_member_adds_users_and_those_who_manage_give_roles() {
        let group = group();
        for (caller, role, due) in [
            ("carl", Role::User, Done("MEMBER-ADD-RIGHT")),
            ("carl", Role::Admin, Refused("MEMBER-ROLES")),
            ("bob", Role::User, Done("MEMBER-ADD-RIGHT")),
            ("bob", Role::Admin, Open),
            ("dora", Role::User, Refused("MEMBER-ADD-OUTSIDER")),
            ("eve", Role::User, Refused("MEMBER-ADD-OUTSIDER")),
        ] {
            assert_eq!(group.adding(&uid(caller), &add(role.clone())), due, "{caller} adds as {role}");
        }
        let empty = Group::new("team".to_owned(), uid("ann"), Timestamp::from_millis(1));
        assert_eq!(empty.adding(&uid("ann"), &add(Role::Master)), Done("MEMBER-ADD"));
        assert_eq!(empty.adding(&uid("eve"), &add(Role::Master)), Refused("SESS-CREATE-FIRST-MEMBER"));
    }

    #[test]
    fn who_manages_removes_others_but_for_the_master_and_everybody_leaves() {
        let group = group();
        for (caller, member, due) in [
            ("ann", "bob", Done("MEMBER-REMOVE")),
            ("bob", "carl", Done("MEMBER-REMOVE")),
            ("bob", "ann", Refused("MEMBER-MASTER-STAYS")),
            ("carl", "bob", Refused("MEMBER-REMOVE-RIGHT")),
            ("carl", "carl", Done("MEMBER-LEAVE")),
            ("ann", "ann", Done("MEMBER-LEAVE")),
            ("eve", "carl", Refused("MEMBER-REMOVE-RIGHT")),
            ("ann", "dora", Open),
        ] {
            let member_id = format!("m-{member}").as_str().into();
            assert_eq!(group.removing(&uid(caller), &member_id), due, "{caller} removes {member}");
        }
    }

    #[test]
    fn names_are_ones_own_and_roles_are_given_by_those_who_have_one() {
        let group = group();
        let name = || UpdateMember { name: Some("other".to_owned()), ..UpdateMember::default() };
        let role = |role| UpdateMember { role: Some(role), ..UpdateMember::default() };
        let ban = || UpdateMember { status: Some(Status::Inactive), ..UpdateMember::default() };
        for (caller, member, change, due) in [
            ("carl", "carl", name(), Done("MEMBER-UPDATE")),
            ("bob", "carl", name(), Done("MEMBER-UPDATE")),
            ("carl", "bob", name(), Refused("MEMBER-UPDATE-RIGHT")),
            ("bob", "ann", name(), Refused("MEMBER-MASTER-STAYS")),
            ("eve", "carl", name(), Refused("MEMBER-UPDATE-RIGHT")),
            ("bob", "bob", ban(), Refused("MEMBER-UPDATE-RIGHT")),
            ("bob", "carl", ban(), Done("MEMBER-UPDATE")),
            ("carl", "carl", role(Role::Admin), Refused("MEMBER-ROLES")),
            ("carl", "carl", role(Role::User), Open),
            ("ann", "carl", role(Role::Admin), Done("MEMBER-UPDATE")),
            ("ann", "carl", role(Role::Master), Done("MEMBER-MASTER-PASSED-ON")),
            ("bob", "carl", role(Role::Master), Refused("MEMBER-MASTER-PASSED-ON")),
        ] {
            let id = format!("m-{member}").as_str().into();
            assert_eq!(
                group.changing(&uid(caller), &id, &change),
                due,
                "{caller} changes {member}: {change:?}"
            );
        }
    }

    #[test]
    fn only_members_write() {
        let group = group();
        assert_eq!(group.storing(&uid("carl")), Done("MSG-STORE"));
        assert_eq!(group.storing(&uid("dora")), Refused("MSG-MEMBERS-ONLY"));
        assert_eq!(group.storing(&uid("eve")), Refused("MSG-MEMBERS-ONLY"));
    }

    #[test]
    fn of_who_may_have_become_master_nothing_is_said() {
        let mut group = group();
        group.mastership_moves();
        assert_eq!(group.removing(&uid("carl"), &"m-bob".into()), Open);
        let mut bob = group.get(&uid("bob")).unwrap().clone();
        (bob.role, bob.updated_at) = (Role::Master, Timestamp::from_millis(9));
        group.listed(vec![bob]);
        assert_eq!(group.removing(&uid("carl"), &"m-bob".into()), Refused("MEMBER-REMOVE-RIGHT"));
    }
}
