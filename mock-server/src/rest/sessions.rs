//! Sessions.

use y2w_sdk::protocol::SessionType;
use y2w_sdk::protocol::rest::{CreateSession, path};

use super::answer::Made;
use super::call::Call;
use super::error::ApiError;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{CreateGroup, DeleteSession, OpenP2p, OpenSingle, UpdateSession};

pub(super) static ROUTES: &[Route] = &[
    get(path::P2P_SESSION, Step(p2p)),
    get(path::SINGLE_SESSION, Step(single)),
    post(path::SESSIONS, Step(create)),
    get(path::SESSION, Step(one)),
    put(path::SESSION, Step(update)),
    delete(path::SESSION, Step(dissolve)),
];

/// `GET sessions/p2p/A/B`. Rules `SESS-P2P-ONE`, `SESS-P2P-MEMBERS`, `SESS-P2P-PARTIES`.
fn p2p(call: &Call) -> Made {
    let [one, other] = call.ids();
    call.apply(OpenP2p { caller: call.caller(), one: (*one).into(), other: (*other).into() })
}

/// `GET sessions/single/UID`. Rules `SESS-SINGLE-ONE`, `SESS-SINGLE-MEMBER`.
fn single(call: &Call) -> Made {
    let [owner] = call.ids();
    call.apply(OpenSingle { caller: call.caller(), owner })
}

/// `POST sessions`. Rule `SESS-CREATE-GROUP`.
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

/// `GET sessions/SID`. Rule `SESS-GET`.
fn one(call: &Call) -> Made {
    let [session] = call.ids();
    call.entry(|business| business.session(&call.caller(), &session))
}

/// `PUT sessions/SID`. Rules `SESS-UPDATE`, `SESS-UPDATE-RIGHT`.
fn update(call: &Call) -> Made {
    let [session] = call.ids();
    call.apply(UpdateSession { caller: call.caller(), session, changes: call.params()? })
}

/// `DELETE sessions/SID`. Rules `SESS-DELETE`, `SESS-DELETE-RIGHT`, `SESS-DELETE-DISSOLVES`.
fn dissolve(call: &Call) -> Made {
    let [session] = call.ids();
    call.apply(DeleteSession { caller: call.caller(), session })
}
