//! Members of a session.

use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::rest::{self, path};

use super::answer::Made;
use super::call::Call;
use super::error::ApiError;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{AddMember, RemoveMember, UpdateMember};
use crate::quirks::Quirk;

pub(super) static ROUTES: &[Route] = &[
    get(path::MEMBERS, Step(list)),
    post(path::MEMBERS, Step(add)),
    post(path::INVITE, Step(invite)),
    get(path::MEMBER, Step(one)),
    put(path::MEMBER, Step(update)),
    delete(path::MEMBER, Step(remove)),
];

/// `GET sessions/SID/members`. Rules `MEMBER-LIST`, `MEMBER-LIST-PRIVATE`.
fn list(call: &Call) -> Made {
    let ([session], range) = (call.ids(), call.range()?);
    call.page(|business| business.members(&call.caller(), &session, range))
}

/// `POST sessions/SID/members`. Rule `MEMBER-ADD`.
fn add(call: &Call) -> Made {
    put_in(call, call.params()?)
}

/// `POST sessions/SID/members/invite`: role and status are the server's to say. Rule `MEMBER-INVITE`.
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

/// `PUT sessions/SID/members/MID`. Rules `MEMBER-UPDATE`, `MEMBER-UPDATE-RIGHT`, `MEMBER-ROLES`.
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

/// `DELETE sessions/SID/members/MID`. Rules `MEMBER-REMOVE`, `MEMBER-LEAVE`.
fn remove(call: &Call) -> Made {
    let [session, member] = call.ids();
    call.apply(RemoveMember { caller: call.caller(), session, member })
}
