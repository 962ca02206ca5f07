//! Members of a session.

use y2w_sdk::protocol::SessionMember;
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::rest::{self, path};

use super::answer::Made;
use super::call::Call;
use super::described::SYNC;
use super::error::ApiError;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{AddMember, RemoveMember, UpdateMember};
use crate::quirks::Quirk;

pub(super) const ROUTES: &[Route] = &[
    get(path::MEMBERS, Step(list))
        .says("The members that have changed since a time", &["MEMBER-LIST", "MEMBER-LIST-PRIVATE"])
        .asks(SYNC)
        .gives_list::<SessionMember>()
        .refuses(&[403]),
    post(path::MEMBERS, Step(add))
        .says("Add a member", &["MEMBER-ADD"])
        .takes::<rest::AddMember>()
        .gives::<SessionMember>()
        .refuses(&[403]),
    post(path::INVITE, Step(invite))
        .says("Add a member with the role user", &["MEMBER-INVITE"])
        .takes::<rest::AddMember>()
        .gives::<SessionMember>()
        .refuses(&[403]),
    get(path::MEMBER, Step(one))
        .says("A member", &["MEMBER-FIELDS", "MEMBER-LIST-PRIVATE"])
        .gives::<SessionMember>()
        .refuses(&[403]),
    put(path::MEMBER, Step(update))
        .says("Change a member", &["MEMBER-UPDATE", "MEMBER-UPDATE-RIGHT", "MEMBER-ROLES"])
        .takes::<rest::UpdateMember>()
        .gives::<SessionMember>()
        .refuses(&[403]),
    delete(path::MEMBER, Step(remove))
        .says("Remove a member, or leave: the entry becomes a tombstone", &["MEMBER-REMOVE", "MEMBER-LEAVE"])
        .gives::<SessionMember>()
        .refuses(&[403]),
];

/// `GET sessions/SID/members`.
fn list(call: &Call) -> Made {
    let ([session], range) = (call.ids(), call.range()?);
    call.page(|business| business.members(&call.caller(), &session, range))
}

/// `POST sessions/SID/members`.
fn add(call: &Call) -> Made {
    put_in(call, call.params()?)
}

/// `POST sessions/SID/members/invite`: role and status are the server's to say.
fn invite(call: &Call) -> Made {
    put_in(call, rest::AddMember { role: None, status: None, ..call.params()? })
}

fn put_in(call: &Call, params: rest::AddMember) -> Made {
    let [session] = call.ids();
    call.apply(AddMember {
        caller: call.caller(),
        session,
        user: params.user_id,
        name: params.name,
        role: params.role.unwrap_or(Role::User),
        avatar_url: params.avatar_url,
        status: params.status.unwrap_or(Status::Active),
    })
}

/// `GET sessions/SID/members/MID`.
fn one(call: &Call) -> Made {
    let [session, member] = call.ids();
    call.entry(|business| business.member(&call.caller(), &session, &member))
}

/// `PUT sessions/SID/members/MID`.
fn update(call: &Call) -> Made {
    let [session, member] = call.ids();
    let changes: rest::UpdateMember = call.params()?;
    let rest::UpdateMember { user_id, name, role, avatar_url, status } = &changes;
    let is_whole =
        user_id.is_some() && name.is_some() && role.is_some() && avatar_url.is_some() && status.is_some();
    if !is_whole && call.backend().inner.quirks.on(Quirk::MemberUpdateNeedsAll) {
        return Err(ApiError::bad_request("userId, name, role, avatarUrl and status are needed"));
    }
    call.apply(UpdateMember { caller: call.caller(), session, member, changes })
}

/// `DELETE sessions/SID/members/MID`.
fn remove(call: &Call) -> Made {
    let [session, member] = call.ids();
    call.apply(RemoveMember { caller: call.caller(), session, member })
}
