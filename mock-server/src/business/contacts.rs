//! Whom a user knows. Each side of an acquaintance has an entry of its own, made in one step (`CONTACT-ADD-MUTUAL`) and
//! changed and removed apart (`CONTACT-DELETE-OWN-SIDE`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Contact, Timestamp, User, UserId};

use super::collection::{Page, Range};
use super::own_lists::OwnLists;
use super::pinyin::syllables;
use super::{Business, Operation, Refusal, require, require_if_given, same_user};
use crate::quirks::Quirk;

/// Adds two users to each other's contacts. Rules `CONTACT-ADD`, `CONTACT-ADD-MUTUAL`, `CONTACT-ADD-TWICE`,
/// `CONTACT-REVIVE`, `CONTACT-OWNER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddContact {
    /// Who adds.
    pub caller: UserId,
    /// To whose contacts; the caller's own.
    pub owner: String,
    /// Whom.
    pub user: UserId,
    /// The name of that user.
    pub name: String,
    /// Where that user's picture is; empty takes the user's own.
    pub avatar_url: String,
}

impl Operation for AddContact {
    type Reply = Arc<Contact>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Contact>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        require(!self.name.is_empty(), "name")?;
        if self.user == self.caller {
            return Err(Refusal::bad_request("nobody is their own contact"));
        }
        let adder = state.users.known(self.caller.as_str())?;
        let added = state.users.known(self.user.as_str());
        let added = added.map_err(|_| Refusal::bad_request("userId names no user"))?;
        let contacts = &mut state.contacts;
        if contacts.has(&self.caller, &self.user) {
            return Err(Refusal::bad_request("the user is a contact already"));
        }
        if state.quirks.on(Quirk::ContactReviveSecond) {
            contacts.unlink(&self.caller, self.user.as_str());
        }
        if !contacts.has(&self.user, &self.caller) {
            contacts.put_user(&self.user, adder, &adder.name, &adder.avatar_url, now);
        }
        let avatar_url = if self.avatar_url.is_empty() { &added.avatar_url } else { &self.avatar_url };
        Ok(contacts.put_user(&self.caller, added, &self.name, avatar_url, now).clone())
    }
}

/// Changes what an owner has noted of a contact. Rules `CONTACT-UPDATE`, `CONTACT-OWNER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateContact {
    /// Who changes it.
    pub caller: UserId,
    /// Among whose contacts; the caller's own.
    pub owner: String,
    /// The entry.
    pub contact: String,
    /// What is given changes.
    pub changes: rest::UpdateContact,
}

impl Operation for UpdateContact {
    type Reply = Arc<Contact>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Contact>, Refusal> {
        let known = state.contact(&self.caller, &self.owner, &self.contact)?;
        if known.is_delete {
            return Err(Refusal::not_found("the contact was removed"));
        }
        require_if_given(self.changes.name.as_deref(), "name")?;
        let rest::UpdateContact { user_id: _, name, title, remark, avatar_url } = self.changes;
        let changed = state.contacts.edit(&self.caller, &self.contact, now, |contact| {
            if let Some(name) = name {
                contact.pinyin = syllables(&name);
                contact.name = name;
            }
            if let Some(title) = title {
                contact.title_pinyin = syllables(&title);
                contact.title = title;
            }
            contact.remark = remark.unwrap_or_else(|| contact.remark.clone());
            contact.avatar_url = avatar_url.unwrap_or_else(|| contact.avatar_url.clone());
        });
        changed.ok_or_else(no_such)
    }
}

/// Takes a user off the owner's contacts; off the other side's they stay on. To remove who is removed already changes
/// nothing. Rules `CONTACT-DELETE`, `CONTACT-DELETE-OWN-SIDE`, `CONTACT-OWNER`, `SYNC-TOMBSTONE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveContact {
    /// Who removes.
    pub caller: UserId,
    /// From whose contacts; the caller's own.
    pub owner: String,
    /// The entry.
    pub contact: String,
}

impl Operation for RemoveContact {
    type Reply = Arc<Contact>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Contact>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        let take_off = |contact: &mut Contact| contact.is_delete = true;
        let contacts = &mut state.contacts;
        let removed = if state.quirks.on(Quirk::TombstonesUnstamped) {
            contacts.edit_unstamped(&self.caller, &self.contact, take_off)
        } else {
            contacts.edit(&self.caller, &self.contact, now, take_off)
        };
        if let Some(removed) = &removed
            && state.quirks.on(Quirk::ContactRemovalMutual)
        {
            contacts.edit_under(&removed.user_id, self.caller.as_str(), now, take_off);
        }
        removed.ok_or_else(no_such)
    }
}

impl Business {
    /// A user's contacts, for that user. Rules `CONTACT-LIST`, `CONTACT-OWNER`.
    pub fn contacts(&self, caller: &UserId, owner: &str, range: Range) -> Result<Page<Contact>, Refusal> {
        if self.quirks.on(Quirk::ContactsOfOthers) {
            let owner = UserId::from(owner);
            return Ok(self.sync(range, |range| self.contacts.page(&owner, range)));
        }
        same_user(caller, owner)?;
        Ok(self.sync(range, |range| self.contacts.page(caller, range)))
    }

    /// One contact, removed or not.
    pub fn contact(&self, caller: &UserId, owner: &str, contact: &str) -> Result<&Arc<Contact>, Refusal> {
        same_user(caller, owner)?;
        self.contacts.entry(caller, contact).ok_or_else(no_such)
    }
}

fn no_such() -> Refusal {
    Refusal::not_found("no such contact")
}

impl OwnLists<Contact, UserId> {
    fn has(&self, owner: &UserId, user: &UserId) -> bool {
        self.under(owner, user.as_str()).is_some_and(|contact| !contact.is_delete)
    }

    fn put_user(
        &mut self,
        owner: &UserId,
        user: &User,
        name: &str,
        avatar_url: &str,
        now: Timestamp,
    ) -> &Arc<Contact> {
        let revive = |contact: &mut Contact| {
            name.clone_into(&mut contact.name);
            contact.pinyin = syllables(name);
            avatar_url.clone_into(&mut contact.avatar_url);
            contact.is_delete = false;
        };
        self.put(owner, &user.id, now, revive, |id, stamp| Contact {
            id,
            user_id: user.id.clone(),
            name: name.to_owned(),
            pinyin: syllables(name),
            title: String::new(),
            title_pinyin: Vec::new(),
            remark: String::new(),
            email: user.email.clone(),
            avatar_url: avatar_url.to_owned(),
            is_delete: false,
            created_at: Some(stamp),
            updated_at: Some(stamp),
        })
    }
}
