//! Accounts.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::entity::Status;
use y2w_sdk::protocol::{Timestamp, User, UserId};

use super::collection::{Collection, Page, Range, Slot, Stamps};
use super::{Business, Ids, Operation, Refusal, require};

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
            name: self.name,
            pinyin: Vec::new(),
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
        if self.users.by_email.contains_key(email) {
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

    /// A user. Rule `USER-GET`.
    pub fn user(&self, id: &str) -> Result<&Arc<User>, Refusal> {
        self.users.all.find_entry(id).ok_or_else(|| Refusal::not_found("no such user"))
    }

    /// The user of exactly that account name, or nobody. Rules `USER-SEARCH`, `USER-SEARCH-NONE`.
    pub fn search_user(&self, email: &str) -> Page<User> {
        let entries: Vec<_> = self.account(email).map(|found| found.user).into_iter().collect();
        Page { total: entries.len() as u64, entries }
    }

    /// The app's users, synced like other lists.
    pub fn users(&self, range: Range) -> Page<User> {
        self.users.all.page(range)
    }

    pub(super) fn has_user(&self, id: &UserId) -> bool {
        self.users.all.find(id).is_some()
    }
}

/// `password_hashes` is in step with the slots of `all`.
#[derive(Clone, Debug, Default)]
pub(super) struct Users {
    all: Collection<User>,
    by_email: FxHashMap<Arc<str>, Slot>,
    password_hashes: Vec<Arc<str>>,
    stamps: Stamps,
    ids: Ids,
}

impl Users {
    pub(super) fn len(&self) -> u64 {
        self.all.len() as u64
    }

    pub(super) fn find(&self, id: &UserId) -> Option<&Arc<User>> {
        self.all.find_entry(id)
    }

    fn password_hash(&self, slot: Slot) -> Arc<str> {
        self.password_hashes[slot.index()].clone()
    }
}
