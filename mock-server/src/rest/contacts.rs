//! A user's contacts.

use std::sync::Arc;

use axum::extract::State;
use y2w_sdk::protocol::Contact;
use y2w_sdk::protocol::rest::{self, List};

use super::answer::{Answer, Json, list as as_list};
use super::request::{Caller, Ids, ListQuery, Params};
use crate::Backend;
use crate::business::{AddContact, RemoveContact, UpdateContact};

/// `GET users/UID/contacts`. Rules `CONTACT-LIST`, `CONTACT-OWNER`.
pub(super) async fn list(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(owner): Ids<String>,
    query: ListQuery,
) -> Answer<List<Arc<Contact>>> {
    let page = backend.inner.business.lock().contacts(&caller, &owner, query.range())?;
    Ok(Json(as_list(page)))
}

/// `POST users/UID/contacts`. Rules `CONTACT-ADD`, `CONTACT-ADD-MUTUAL`, `CONTACT-ADD-TWICE`, `CONTACT-REVIVE`.
pub(super) async fn add(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids(owner): Ids<String>,
    Params(params): Params<rest::AddContact>,
) -> Answer<Arc<Contact>> {
    Ok(Json(backend.apply(AddContact {
        caller,
        owner,
        user: params.user_id,
        name: params.name,
        avatar_url: params.avatar_url,
    })?))
}

/// `GET users/UID/contacts/CID`. Rule `CONTACT-OWNER`.
pub(super) async fn one(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, contact)): Ids<(String, String)>,
) -> Answer<Arc<Contact>> {
    let contact = backend.inner.business.lock().contact(&caller, &owner, &contact)?.clone();
    Ok(Json(contact))
}

/// `PUT users/UID/contacts/CID`. Rule `CONTACT-UPDATE`.
pub(super) async fn update(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, contact)): Ids<(String, String)>,
    Params(changes): Params<rest::UpdateContact>,
) -> Answer<Arc<Contact>> {
    Ok(Json(backend.apply(UpdateContact { caller, owner, contact, changes })?))
}

/// `DELETE users/UID/contacts/CID`. Rule `CONTACT-DELETE`.
pub(super) async fn remove(
    State(backend): State<Backend>,
    Caller(caller): Caller,
    Ids((owner, contact)): Ids<(String, String)>,
) -> Answer<Arc<Contact>> {
    Ok(Json(backend.apply(RemoveContact { caller, owner, contact })?))
}
