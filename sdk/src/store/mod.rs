//! The local store: what a client knows, kept between logins. Rules `CLIENT-LOCAL-STORE`,
//! `CLIENT-LOCAL-STORE-NO-MESSAGES`, `CLIENT-LOCAL-STORE-TOGETHER`.
//!
//! A store holds, per user, one document for each [`Part`]; what is in a document is the client's affair. Life of a
//! document: saved whole, replaced whole, loaded at the next login. A watermark and the entries it stands for are in
//! one document, so they are never apart.
//!
//! Invariants of every store:
//!
//! * a save happens wholly or not at all, whenever the process ends;
//! * what is loaded is byte for byte what was last saved, or it is absent: a document that cannot be trusted is set
//!   aside with a warning, and the client fetches what it held from the server again;
//! * users never see each other's documents.
//!
//! Two stores are here: [`FileStore`] keeps files in a directory, [`MemoryStore`] keeps nothing beyond the process. An
//! application may bring its own: it implements [`LocalStore`] and runs the list of [`checks`].

pub mod checks;
mod files;
mod memory;
mod part;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use files::{FileStore, OpenError};
pub use memory::MemoryStore;
pub use part::Part;

use crate::protocol::UserId;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{} of user {user} could not be {doing}: {why}", part.as_ref().map_or("documents".to_owned(), Part::to_string))]
pub struct StoreError {
    /// Whose document.
    pub user: UserId,
    /// Which document; `None` if it was about all of them.
    pub part: Option<Part>,
    /// `loaded`, `saved`, …
    pub doing: &'static str,
    /// What stood in the way.
    pub why: String,
}

/// Keeps documents; given to [`LoginOptions::store`](crate::LoginOptions::store). See the [module's text](self) for
/// what every store guarantees.
///
/// Calls for one document may be under way at once. Each of them happens as a whole, and of several saves one is left.
///
/// ```
/// use y2w_sdk::store::{LocalStore, MemoryStore, Part};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), y2w_sdk::store::StoreError> {
/// let store = MemoryStore::default();
/// let (ann, bob) = ("1".into(), "2".into());
/// store.save(&ann, &Part::Contacts, "a document".into()).await?;
/// assert_eq!(store.load(&ann, &Part::Contacts).await?.as_deref(), Some(&b"a document"[..]));
/// assert_eq!(store.load(&bob, &Part::Contacts).await?, None);
/// # Ok(())
/// # }
/// ```
pub trait LocalStore: Send + Sync {
    /// The documents there are of a user, in the order of [`Part`]. Whether one can be trusted shows when it is loaded.
    fn parts<'a>(&'a self, user: &'a UserId) -> BoxFuture<'a, Result<Vec<Part>, StoreError>>;

    /// A document as it was last saved; `None` if there is none that can be trusted.
    fn load<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>>;

    /// Replaces a document. When the future is dropped before its end, the old document or the new one is there.
    fn save<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
        content: Bytes,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Puts a document that its reader cannot make sense of out of the way, so that it is loaded no more.
    fn set_aside<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Forgets a document, and what was set aside of it.
    fn remove<'a>(&'a self, user: &'a UserId, part: &'a Part) -> BoxFuture<'a, Result<(), StoreError>>;
}
