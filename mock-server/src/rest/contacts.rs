//! A user's contacts.

use y2w_sdk::protocol::rest::{self, path};

use super::answer::Made;
use super::call::Call;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{AddContact, RemoveContact, UpdateContact};

pub(super) static ROUTES: &[Route] = &[
    get(path::CONTACTS, Step(list)),
    post(path::CONTACTS, Step(add)),
    get(path::CONTACT, Step(one)),
    put(path::CONTACT, Step(update)),
    delete(path::CONTACT, Step(remove)),
];

/// `GET users/UID/contacts`. Rules `CONTACT-LIST`, `CONTACT-OWNER`.
fn list(call: &Call) -> Made {
    let ([owner], range) = (call.ids(), call.range()?);
    call.page(|business| business.contacts(&call.caller(), &owner, range))
}

/// `POST users/UID/contacts`. Rules `CONTACT-ADD`, `CONTACT-ADD-MUTUAL`, `CONTACT-ADD-TWICE`, `CONTACT-REVIVE`.
fn add(call: &Call) -> Made {
    let [owner] = call.ids();
    let params: rest::AddContact = call.params()?;
    call.apply(AddContact {
        caller: call.caller(),
        owner,
        user: params.user_id,
        name: params.name,
        avatar_url: params.avatar_url,
    })
}

/// `GET users/UID/contacts/CID`. Rule `CONTACT-OWNER`.
fn one(call: &Call) -> Made {
    let [owner, contact] = call.ids();
    call.entry(|business| business.contact(&call.caller(), &owner, &contact))
}

/// `PUT users/UID/contacts/CID`. Rule `CONTACT-UPDATE`.
fn update(call: &Call) -> Made {
    let [owner, contact] = call.ids();
    call.apply(UpdateContact { caller: call.caller(), owner, contact, changes: call.params()? })
}

/// `DELETE users/UID/contacts/CID`. Rule `CONTACT-DELETE`.
fn remove(call: &Call) -> Made {
    let [owner, contact] = call.ids();
    call.apply(RemoveContact { caller: call.caller(), owner, contact })
}
