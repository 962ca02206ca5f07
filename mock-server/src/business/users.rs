//! Accounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Timestamp, User, UserId};

use super::collection::{Collection, Page, Range, Slot, Stamps};
use super::pinyin::syllables;
use super::{Business, Ids, Operation, Refusal, require, require_if_given, same_user};
use crate::quirks::Quirk;

/// Creates an account. Rules `AUTH-REGISTER`, `AUTH-REGISTER-UNIQUE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    /// The account name.
    pub email: String,
    /// The salted, slow hash of what the client sent. Rule `AUTH-PASSWORD-STORED`.
    pub password_hash: String,
    /// The name that people see.
    pub name: String,
    /// Where the picture is.
    pub avatar_url: String,
}

impl Operation for Register {
    type Reply = Arc<User>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<User>, Refusal> {
        state.check_registration(&self.email, &self.name)?;
        let users = &mut state.users;
        let stamp = users.stamps.next(now);
        let email: Arc<str> = Arc::from(self.email.as_str());
        let slot = users.all.insert(User {
            id: users.ids.next(),
            email: self.email,
            pinyin: syllables(&self.name),
            name: self.name,
            role: String::new(),
            job_title: String::new(),
            phone: String::new(),
            address: String::new(),
            status: Status::Active,
            avatar_url: self.avatar_url,
            created_at: Some(stamp),
            updated_at: Some(stamp),
        });
        users.by_email.insert(email, slot);
        users.password_hashes.push(Arc::from(self.password_hash));
        Ok(users.all.get(slot).clone())
    }
}

/// Changes what a user says of themself. Rules `USER-UPDATE`, `USER-UPDATE-RIGHT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateUser {
    /// Who changes it.
    pub caller: UserId,
    /// Who is changed: the caller.
    pub user: String,
    /// What is given changes.
    pub changes: rest::UpdateUser,
}

impl Operation for UpdateUser {
    type Reply = Arc<User>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<User>, Refusal> {
        let slot = state.users.slot(&self.user)?;
        if !state.quirks.on(Quirk::UserUpdatedByOthers) {
            same_user(&self.caller, &self.user)?;
        }
        require_if_given(self.changes.name.as_deref(), "name")?;
        let rest::UpdateUser { name, job_title, phone, address, avatar_url } = self.changes;
        Ok(state.users.edit(slot, now, |user| {
            if let Some(name) = name {
                user.pinyin = syllables(&name);
                user.name = name;
            }
            user.job_title = job_title.unwrap_or_else(|| user.job_title.clone());
            user.phone = phone.unwrap_or_else(|| user.phone.clone());
            user.address = address.unwrap_or_else(|| user.address.clone());
            user.avatar_url = avatar_url.unwrap_or_else(|| user.avatar_url.clone());
        }))
    }
}

/// Gives a user another password. Rules `AUTH-SET-PASSWORD`, `AUTH-SET-PASSWORD-OLD`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetPassword {
    /// Whose.
    pub caller: UserId,
    /// The hash that the old password was checked against: it must still be the one in force.
    pub old_hash: String,
    /// The hash of the new password.
    pub new_hash: String,
}

impl Operation for SetPassword {
    type Reply = ();

    fn apply(self, state: &mut Business, _: Timestamp) -> Result<(), Refusal> {
        let slot = state.users.slot(self.caller.as_str())?;
        let hash = &mut state.users.password_hashes[slot.index()];
        if **hash != *self.old_hash {
            return Err(Refusal::bad_request("the password has been changed meanwhile"));
        }
        *hash = Arc::from(self.new_hash);
        Ok(())
    }
}

/// Ends an account: its tokens are void, its name is free, nobody finds it. What it has written stays. Rules
/// `USER-DELETE`, `USER-UPDATE-RIGHT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteUser {
    /// Who ends it.
    pub caller: UserId,
    /// Which: the caller's own.
    pub user: String,
}

impl Operation for DeleteUser {
    type Reply = Arc<User>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<User>, Refusal> {
        let slot = state.users.slot(&self.user)?;
        same_user(&self.caller, &self.user)?;
        let deleted = state.users.edit(slot, now, |user| user.status = Status::Inactive);
        state.users.by_email.remove(&*deleted.email);
        state.users.deleted.insert(self.caller.clone());
        state.tokens.drop_all_of(&self.caller);
        Ok(deleted)
    }
}

/// Bars a user or lets them in again: an administrator's act, without a route. Rules `AUTH-LOGIN-INACTIVE`,
/// `AUTH-TOKEN-LIFE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetUserStatus {
    /// Whom.
    pub user: UserId,
    /// Whether they may log in from now on.
    pub status: Status,
}

impl Operation for SetUserStatus {
    type Reply = Arc<User>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<User>, Refusal> {
        let slot = state.users.slot(self.user.as_str())?;
        if self.status != Status::Active {
            state.tokens.drop_all_of(&self.user);
        }
        Ok(state.users.edit(slot, now, |user| user.status = self.status))
    }
}

/// What a login is checked against.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub user: Arc<User>,
    /// The hash given at [`Register`].
    pub password_hash: Arc<str>,
}

impl Business {
    /// Whether an account of that name could be created now: what [`Register`] checks, before a slow hash is made.
    pub fn check_registration(&self, email: &str, name: &str) -> Result<(), Refusal> {
        require(!email.is_empty(), "email")?;
        require(!name.is_empty(), "name")?;
        if self.users.by_email.contains_key(email) && !self.quirks.on(Quirk::EmailTwice) {
            return Err(Refusal::bad_request("the email is taken"));
        }
        Ok(())
    }

    /// The account of that name. Rules `AUTH-LOGIN`, `AUTH-LOGIN-INACTIVE`.
    pub fn account(&self, email: &str) -> Option<Account> {
        let slot = *self.users.by_email.get(email)?;
        Some(Account {
            user: self.users.all.get(slot).clone(),
            password_hash: self.users.password_hash(slot),
        })
    }

    /// A caller's own account.
    pub fn own_account(&self, caller: &UserId) -> Result<Account, Refusal> {
        let slot = self.users.slot(caller.as_str())?;
        Ok(Account { user: self.users.all.get(slot).clone(), password_hash: self.users.password_hash(slot) })
    }

    /// A user. Rule `USER-GET`.
    pub fn user(&self, id: &str) -> Result<&Arc<User>, Refusal> {
        self.users.known(id)
    }

    /// The user of exactly that account name, or nobody. Rules `USER-SEARCH`, `USER-SEARCH-NONE`.
    pub fn search_user(&self, email: &str) -> Page<User> {
        let entries: Vec<_> = if self.quirks.on(Quirk::SearchByPart) {
            self.users.all.iter().filter(|user| user.email.contains(email)).cloned().collect()
        } else {
            self.account(email).map(|found| found.user).into_iter().collect()
        };
        Page { total: entries.len() as u64, entries }
    }

    /// The app's users, synced like other lists.
    pub fn users(&self, range: Range) -> Page<User> {
        self.sync(range, |range| self.users.all.page(range))
    }

    pub(super) fn has_user(&self, id: &UserId) -> bool {
        self.users.slot(id.as_str()).is_ok()
    }
}

/// `password_hashes` is in step with the slots of `all`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Users {
    all: Collection<User>,
    #[serde(with = "super::sorted")]
    by_email: FxHashMap<Arc<str>, Slot>,
    password_hashes: Vec<Arc<str>>,
    deleted: BTreeSet<UserId>,
    stamps: Stamps,
    ids: Ids,
}

impl Users {
    pub(super) fn len(&self) -> u64 {
        self.all.len() as u64
    }

    /// A user, deleted or not: who has spoken keeps the name.
    pub(super) fn find(&self, id: &UserId) -> Option<&Arc<User>> {
        self.all.find_entry(id)
    }

    /// A user who is not deleted.
    pub(super) fn known(&self, id: &str) -> Result<&Arc<User>, Refusal> {
        self.slot(id).map(|slot| self.all.get(slot))
    }

    fn slot(&self, id: &str) -> Result<Slot, Refusal> {
        let found = self.all.find(id).filter(|_| self.deleted.is_empty() || !self.deleted.contains(id));
        found.ok_or_else(|| Refusal::not_found("no such user"))
    }

    /// Changes a user. One that comes out as it was keeps its stamp.
    fn edit(&mut self, slot: Slot, now: Timestamp, change: impl FnOnce(&mut User)) -> Arc<User> {
        let before = self.all.get(slot);
        let mut after = User::clone(before);
        change(&mut after);
        if after == **before {
            return before.clone();
        }
        let stamp = self.stamps.next(now);
        self.all.update(slot, stamp, |user| *user = after).clone()
    }

    fn password_hash(&self, slot: Slot) -> Arc<str> {
        self.password_hashes[slot.index()].clone()
    }
}
