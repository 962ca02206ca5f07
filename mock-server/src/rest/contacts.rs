//! A user's contacts.

use y2w_sdk::protocol::Contact;
use y2w_sdk::protocol::rest::{self, path};

use super::answer::Made;
use super::call::Call;
use super::described::SYNC;
use super::route::{Act::Step, Route, delete, get, post, put};
use crate::business::{AddContact, RemoveContact, UpdateContact};

pub(super) const ROUTES: &[Route] = &[
    get(path::CONTACTS, Step(list))
        .says("The contacts that have changed since a time", &["CONTACT-LIST", "CONTACT-OWNER"])
        .asks(SYNC)
        .gives_list::<Contact>()
        .refuses(&[403]),
    post(path::CONTACTS, Step(add))
        .says(
            "Add a user to the contacts, and the caller to theirs",
            &["CONTACT-ADD", "CONTACT-ADD-MUTUAL", "CONTACT-ADD-TWICE", "CONTACT-REVIVE"],
        )
        .takes::<rest::AddContact>()
        .gives::<Contact>()
        .refuses(&[403]),
    get(path::CONTACT, Step(one)).says("A contact", &["CONTACT-OWNER"]).gives::<Contact>().refuses(&[403]),
    put(path::CONTACT, Step(update))
        .says("Change a contact", &["CONTACT-UPDATE"])
        .takes::<rest::UpdateContact>()
        .gives::<Contact>()
        .refuses(&[403]),
    delete(path::CONTACT, Step(remove))
        .says("Remove a contact: it becomes a tombstone", &["CONTACT-DELETE"])
        .gives::<Contact>()
        .refuses(&[403]),
];

/// `GET users/UID/contacts`.
fn list(call: &Call) -> Made {
    let ([owner], range) = (call.ids(), call.range()?);
    call.page(|business| business.contacts(&call.caller(), &owner, range))
}

/// `POST users/UID/contacts`.
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

/// `GET users/UID/contacts/CID`.
fn one(call: &Call) -> Made {
    let [owner, contact] = call.ids();
    call.entry(|business| business.contact(&call.caller(), &owner, &contact))
}

/// `PUT users/UID/contacts/CID`.
fn update(call: &Call) -> Made {
    let [owner, contact] = call.ids();
    call.apply(UpdateContact { caller: call.caller(), owner, contact, changes: call.params()? })
}

/// `DELETE users/UID/contacts/CID`.
fn remove(call: &Call) -> Made {
    let [owner, contact] = call.ids();
    call.apply(RemoveContact { caller: call.caller(), owner, contact })
}
