//! The whole business state of one app: pure, synchronous, deterministic.
//!
//! It has no clock, no I/O and no randomness: the time comes with each call, tokens and password hashes come made. A
//! write is an [`Operation`], plain data that can be kept and applied again; the same operations at the same times give
//! the same state, ids and stamps included. Reads are methods.
//!
//! Invariants:
//!
//! * What an operation refuses, it has not touched (`API-NO-EFFECT`): each one checks first and changes then.
//! * A session has one order of stamps for itself, its members and its messages; a user has one for each of the
//!   contacts, the favourite groups and the conversations; the app has one for the users and one for the emojis. Within each they strictly increase (`SYNC-STAMP-STRICT`). That members and messages
//!   of a session share theirs is what makes "up to the removal" (`HIST-REMOVED`) exact in a burst.
//! * Its quirks are part of the state and set by an operation, as is how often each has been asked about.
//! * A sync and a write never overlap, since both need the whole state; so no stamp can appear below a watermark
//!   (`SYNC-LOSSLESS`), even while stamps run ahead of the clock.

mod attachments;
mod collection;
mod command;
mod contacts;
mod conversations;
mod deviations;
mod emojis;
mod favourites;
mod history;
mod member_updates;
mod members;
mod messages;
mod order;
mod own_lists;
mod pinyin;
mod refusal;
mod session_updates;
mod sessions;
mod sorted;
mod sync;
mod tokens;
mod users;

#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::{Contact, SessionId, Timestamp, UserConversation, UserId, UserSession};

pub use attachments::{AddAttachment, StoredFile};
pub use collection::{Page, Range};
pub use command::{AsCommand, Command, Named};
pub use contacts::{AddContact, RemoveContact, UpdateContact};
pub use conversations::{ClearUnread, RemoveConversation, UpdateConversation};
pub use deviations::SetQuirks;
pub use emojis::AddEmoji;
pub use favourites::{AddFavourite, RemoveFavourite, UpdateFavourite};
pub use member_updates::UpdateMember;
pub use members::{AddMember, RemoveMember};
pub use messages::{DeleteMessage, EditMessage, IDEMPOTENCY_MEMORY, MarkRead, PostMessage, SyncedMessages};
pub use refusal::Refusal;
pub use session_updates::{DeleteSession, UpdateSession};
pub use sessions::{CreateGroup, OpenP2p, OpenSingle};
pub use tokens::{ExpireTokens, IssueToken};
pub use users::{Account, DeleteUser, Register, SetPassword, SetUserStatus, UpdateUser};

use crate::quirks::Quirks;
use attachments::Attachments;
use conversations::Choices;
use emojis::Emojis;
use own_lists::OwnLists;
use sessions::Sessions;
use tokens::Tokens;
use users::Users;

/// One write: what it takes, as plain data, and how it changes the state.
pub trait Operation: Named + Serialize + DeserializeOwned {
    /// What the caller gets.
    type Reply;

    /// Carries it out, or refuses it and leaves the state as it was.
    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Self::Reply, Refusal>;
}

/// The business state of one app. See the module. It is kept whole and read back as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Business {
    users: Users,
    tokens: Tokens,
    sessions: Sessions,
    contacts: OwnLists<Contact, UserId>,
    favourites: OwnLists<UserSession, SessionId>,
    conversations: OwnLists<UserConversation, SessionId>,
    #[serde(with = "sorted")]
    chosen: Choices,
    attachments: Attachments,
    emojis: Emojis,
    quirks: Quirks,
}

impl Business {
    /// Carries out an operation.
    pub fn apply<O: Operation>(&mut self, operation: O, now: Timestamp) -> Result<O::Reply, Refusal> {
        operation.apply(self, now)
    }

    /// How many users, sessions and messages there are.
    pub fn counts(&self) -> Counts {
        Counts { users: self.users.len(), sessions: self.sessions.len(), messages: self.sessions.messages() }
    }
}

/// How much a state holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts.
    pub users: u64,
    /// Sessions of every type.
    pub sessions: u64,
    /// Messages, the server's own included.
    pub messages: u64,
}

/// Gives ids: decimal numbers from 1. Rule `API-ID`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Ids {
    given: u64,
}

impl Ids {
    fn next<I: for<'a> From<&'a str>>(&mut self) -> I {
        self.given += 1;
        I::from(self.given.to_string().as_str())
    }
}

fn require(present: bool, name: &str) -> Result<(), Refusal> {
    if present { Ok(()) } else { Err(Refusal::bad_request(format!("{name} is missing"))) }
}

fn same_user(caller: &UserId, owner: &str) -> Result<(), Refusal> {
    if caller.as_str() == owner { Ok(()) } else { Err(Refusal::forbidden("this belongs to another user")) }
}

/// What may stay away, but not be empty.
fn require_if_given(text: Option<&str>, name: &str) -> Result<(), Refusal> {
    require(text != Some(""), name)
}
