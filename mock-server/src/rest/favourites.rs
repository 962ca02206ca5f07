//! A user's favourite groups: `userSessions` on the wire.

use y2w_sdk::protocol::rest::{AddUserSession, path};

use super::answer::Made;
use super::call::Call;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{AddFavourite, RemoveFavourite, UpdateFavourite};

pub(super) static ROUTES: &[Route] = &[
    get(path::USER_SESSIONS, Step(list)),
    post(path::USER_SESSIONS, Step(add)),
    get(path::USER_SESSION, Step(one)),
    put(path::USER_SESSION, Step(update)),
    delete(path::USER_SESSION, Step(remove)),
];

/// `GET users/UID/userSessions`. Rules `FAV-LIST`, `FAV-OWNER`.
fn list(call: &Call) -> Made {
    let ([owner], range) = (call.ids(), call.range()?);
    call.page(|business| business.favourites(&call.caller(), &owner, range))
}

/// `POST users/UID/userSessions`. Rules `FAV-ADD`, `FAV-ONE-PER-SESSION`.
fn add(call: &Call) -> Made {
    let [owner] = call.ids();
    let params: AddUserSession = call.params()?;
    call.apply(AddFavourite {
        caller: call.caller(),
        owner,
        session: params.session_id,
        name: params.name,
        avatar_url: params.avatar_url,
    })
}

/// `GET users/UID/userSessions/USID`. Rule `FAV-OWNER`.
fn one(call: &Call) -> Made {
    let [owner, favourite] = call.ids();
    call.entry(|business| business.favourite(&call.caller(), &owner, &favourite))
}

/// `PUT users/UID/userSessions/USID`. Rule `FAV-UPDATE`.
fn update(call: &Call) -> Made {
    let [owner, favourite] = call.ids();
    call.apply(UpdateFavourite { caller: call.caller(), owner, favourite, changes: call.params()? })
}

/// `DELETE users/UID/userSessions/USID`. Rules `FAV-DELETE`, `FAV-DELETE-NOT-MEMBERSHIP`.
fn remove(call: &Call) -> Made {
    let [owner, favourite] = call.ids();
    call.apply(RemoveFavourite { caller: call.caller(), owner, favourite })
}
