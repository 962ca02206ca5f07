//! A user's favourite groups: `userSessions` on the wire.

use y2w_sdk::protocol::UserSession;
use y2w_sdk::protocol::rest::{AddUserSession, UpdateUserSession, path};

use super::answer::Made;
use super::call::Call;
use super::described::SYNC;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{AddFavourite, RemoveFavourite, UpdateFavourite};

pub(super) const ROUTES: &[Route] = &[
    get(path::USER_SESSIONS, Step(list))
        .says("The favourite groups that have changed since a time", &["FAV-LIST", "FAV-OWNER"])
        .asks(SYNC)
        .gives_list::<UserSession>()
        .refuses(&[403]),
    post(path::USER_SESSIONS, Step(add))
        .says("Mark a group as a favourite", &["FAV-ADD", "FAV-ONE-PER-SESSION"])
        .takes::<AddUserSession>()
        .gives::<UserSession>()
        .refuses(&[403]),
    get(path::USER_SESSION, Step(one))
        .says("A favourite group", &["FAV-OWNER"])
        .gives::<UserSession>()
        .refuses(&[403]),
    put(path::USER_SESSION, Step(update))
        .says("Change a favourite group", &["FAV-UPDATE"])
        .takes::<UpdateUserSession>()
        .gives::<UserSession>()
        .refuses(&[403]),
    delete(path::USER_SESSION, Step(remove))
        .says(
            "Take a group off the favourites: the entry becomes a tombstone",
            &["FAV-DELETE", "FAV-DELETE-NOT-MEMBERSHIP"],
        )
        .gives::<UserSession>()
        .refuses(&[403]),
];

/// `GET users/UID/userSessions`.
fn list(call: &Call) -> Made {
    let ([owner], range) = (call.ids(), call.range()?);
    call.page(|business| business.favourites(&call.caller(), &owner, range))
}

/// `POST users/UID/userSessions`.
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

/// `GET users/UID/userSessions/USID`.
fn one(call: &Call) -> Made {
    let [owner, favourite] = call.ids();
    call.entry(|business| business.favourite(&call.caller(), &owner, &favourite))
}

/// `PUT users/UID/userSessions/USID`.
fn update(call: &Call) -> Made {
    let [owner, favourite] = call.ids();
    call.apply(UpdateFavourite { caller: call.caller(), owner, favourite, changes: call.params()? })
}

/// `DELETE users/UID/userSessions/USID`.
fn remove(call: &Call) -> Made {
    let [owner, favourite] = call.ids();
    call.apply(RemoveFavourite { caller: call.caller(), owner, favourite })
}
