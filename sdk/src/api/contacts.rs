//! Contacts: other users on a user's list.

use super::{Api, ApiError};
use crate::protocol::rest::{AddContact, UpdateContact, path};
use crate::protocol::{Contact, ContactId, Timestamp, UserId};

impl Api {
    /// Contacts changed since `since`, removed ones included. Rules `CONTACT-LIST`, `SYNC-SINCE`.
    pub async fn contacts_since(
        &self,
        me: &UserId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Contact>, ApiError> {
        let call = self.get(path::CONTACTS, &[me.as_str()]).limit(limit).since(since);
        call.list().await
    }

    /// A contact by the id of its entry. Rule `CONTACT-FIELDS`.
    pub async fn contact(&self, me: &UserId, id: &ContactId) -> Result<Contact, ApiError> {
        self.get(path::CONTACT, &[me.as_str(), id.as_str()]).find("contact").await
    }

    /// Adds a contact, on both sides. The answer may lack the times. An error with a status if it is one already. Rules
    /// `CONTACT-ADD`, `CONTACT-ADD-MUTUAL`, `CONTACT-ADD-TWICE`.
    pub async fn add_contact(&self, me: &UserId, contact: &AddContact) -> Result<Contact, ApiError> {
        self.post(path::CONTACTS, &[me.as_str()]).form(contact).send_as_user().await
    }

    /// Changes the given fields of a contact; `None` if the answer does not hold it. Rule `CONTACT-UPDATE`.
    pub async fn update_contact(
        &self,
        me: &UserId,
        id: &ContactId,
        change: &UpdateContact,
    ) -> Result<Option<Contact>, ApiError> {
        self.put(path::CONTACT, &[me.as_str(), id.as_str()]).form(change).write().await
    }

    /// Removes a contact, on this side only; a tombstone stays. Rules `CONTACT-DELETE`, `CONTACT-DELETE-OWN-SIDE`.
    pub async fn remove_contact(&self, me: &UserId, id: &ContactId) -> Result<(), ApiError> {
        self.delete(path::CONTACT, &[me.as_str(), id.as_str()]).done().await
    }
}
