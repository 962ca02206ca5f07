//! Sessions.

use y2w_sdk::protocol::rest::{self, CreateSession, path};
use y2w_sdk::protocol::{Session, SessionType};

use super::answer::Made;
use super::call::Call;
use super::error::ApiError;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{CreateGroup, DeleteSession, OpenP2p, OpenSingle, UpdateSession};

pub(super) const ROUTES: &[Route] = &[
    get(path::P2P_SESSION, Step(p2p))
        .says(
            "The one session of two users, made if there is none",
            &["SESS-P2P-ONE", "SESS-P2P-MEMBERS", "SESS-P2P-PARTIES"],
        )
        .gives::<Session>()
        .refuses(&[403]),
    get(path::SINGLE_SESSION, Step(single))
        .says(
            "The user's own session with their other devices, made if there is none",
            &["SESS-SINGLE-ONE", "SESS-SINGLE-MEMBER"],
        )
        .gives::<Session>()
        .refuses(&[403]),
    post(path::SESSIONS, Step(create))
        .says("Make a group, without members", &["SESS-CREATE-GROUP"])
        .takes::<CreateSession>()
        .gives::<Session>(),
    get(path::SESSION, Step(one)).says("A session", &["SESS-GET"]).gives::<Session>().refuses(&[403]),
    put(path::SESSION, Step(update))
        .says("Change a session", &["SESS-UPDATE", "SESS-UPDATE-RIGHT"])
        .takes::<rest::UpdateSession>()
        .gives::<Session>()
        .refuses(&[403]),
    delete(path::SESSION, Step(dissolve))
        .says("Dissolve a group", &["SESS-DELETE", "SESS-DELETE-RIGHT", "SESS-DELETE-DISSOLVES"])
        .gives::<Session>()
        .refuses(&[403]),
];

/// `GET sessions/p2p/A/B`.
fn p2p(call: &Call) -> Made {
    let [one, other] = call.ids();
    call.apply(OpenP2p { caller: call.caller(), one: (*one).into(), other: (*other).into() })
}

/// `GET sessions/single/UID`.
fn single(call: &Call) -> Made {
    let [owner] = call.ids();
    call.apply(OpenSingle { caller: call.caller(), owner })
}

/// `POST sessions`.
fn create(call: &Call) -> Made {
    let params: CreateSession = call.params()?;
    if params.kind != SessionType::Group {
        return Err(ApiError::bad_request("only groups are created this way"));
    }
    call.apply(CreateGroup {
        caller: call.caller(),
        name: params.name,
        secure_type: params.secure_type,
        avatar_url: params.avatar_url,
    })
}

/// `GET sessions/SID`.
fn one(call: &Call) -> Made {
    let [session] = call.ids();
    call.entry(|business| business.session(&call.caller(), &session))
}

/// `PUT sessions/SID`.
fn update(call: &Call) -> Made {
    let [session] = call.ids();
    call.apply(UpdateSession { caller: call.caller(), session, changes: call.params()? })
}

/// `DELETE sessions/SID`.
fn dissolve(call: &Call) -> Made {
    let [session] = call.ids();
    call.apply(DeleteSession { caller: call.caller(), session })
}
