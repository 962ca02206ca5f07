//! A store of files: a directory per user, a file per document.
//!
//! ```text
//! DIR/lock                              held while a store is open here
//! DIR/user-USER/conversations           the document
//! DIR/user-USER/conversations.tmp-7     a save under way, or cut off by a crash: removed at the next opening
//! DIR/user-USER/conversations.broken-1  what could not be trusted: the newest three are kept
//! ```
//!
//! Life of a save: written to a file of its own, flushed to the disk, renamed over the document, and the directory
//! flushed; so a crash or a power failure leaves the old document or the new one. Each file says in its first line
//! what it holds (`sealed`), and what does not hold that is set aside when it is loaded. `names` makes file names of
//! ids, `disk` does the work, off the threads of the runtime.
//!
//! Calls for one document happen one at a time, and in effect in the order in which they were made: an earlier call
//! that comes to its turn late changes nothing. A save whose future is dropped is done or not; it may still be done in
//! the background, until the store is dropped, which waits for it.

mod disk;
mod names;
mod sealed;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use self::disk::{Disk, Turn};
use super::{LocalStore, Part, StoreError};
use crate::protocol::UserId;

/// Documents as files in a directory that no other client uses meanwhile. Needs tokio's runtime. One store serves all
/// users of a process.
///
/// ```
/// use std::sync::Arc;
/// use y2w_sdk::LoginOptions;
/// use y2w_sdk::store::FileStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let dir = directory.path().join("chat");
/// let store = Arc::new(FileStore::open(&dir).await?);
/// let options = LoginOptions::default().store(store.clone());
/// // Who has the directory is told to whoever else wants it.
/// let error = FileStore::open(&dir).await.unwrap_err();
/// assert!(error.to_string().contains("in use by another client"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileStore {
    disk: Arc<Disk>,
}

/// Why a directory could not be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another store is open there, in this process or another.
    #[error("the store at {} is in use by another client{}", dir.display(),
        process.map_or(String::new(), |id| format!(" (process {id})")))]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The process that holds it, where that can be told.
        process: Option<u32>,
    },
    /// The directory cannot be made, or not written to.
    #[error("the store at {} cannot be opened: {why}", dir.display())]
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// What stood in the way.
        why: String,
    },
}

impl FileStore {
    /// Opens the store in the directory `dir`, which is made if it is not there. [`OpenError`] if another store is open
    /// there, or if the directory cannot be written to.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        let dir = dir.as_ref().to_owned();
        let asked = dir.clone();
        let opened = off_thread(move || Disk::open(&asked)).await;
        let disk = opened.unwrap_or_else(|why| Err(OpenError::Unusable { dir, why }))?;
        Ok(Self { disk: Arc::new(disk) })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.disk.root()
    }

    /// Takes a turn at a document now, and does the work when the future is polled.
    fn at<T: Send + 'static>(
        &self,
        user: &UserId,
        part: &Part,
        doing: &'static str,
        work: impl FnOnce(&Turn) -> Result<T, String> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let turn = self.disk.turn(user, part);
        let (user, part) = (user.clone(), Some(part.clone()));
        Box::pin(async move {
            let done = off_thread(move || work(&turn)).await.and_then(|done| done);
            done.map_err(|why| StoreError { user, part, doing, why })
        })
    }
}

impl Drop for FileStore {
    /// Gives the directory free for the next store. Waits for calls under way whose futures were dropped.
    fn drop(&mut self) {
        self.disk.close();
    }
}

/// Does what may block where it holds nobody up.
#[expect(clippy::disallowed_methods, reason = "the order of calls is settled before, not by the threads")]
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|e| format!("the work was not done: {e}"))
}

impl LocalStore for FileStore {
    fn parts<'a>(&'a self, user: &'a UserId) -> BoxFuture<'a, Result<Vec<Part>, StoreError>> {
        let disk = self.disk.clone();
        let owner = user.clone();
        Box::pin(async move {
            let listed = off_thread(move || disk.parts(&owner)).await.and_then(|listed| listed);
            listed.map_err(|why| StoreError { user: user.clone(), part: None, doing: "listed", why })
        })
    }

    fn load<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.at(user, part, "loaded", Turn::load)
    }

    fn save<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
        content: Bytes,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.at(user, part, "saved", move |turn| turn.save(&content))
    }

    fn set_aside<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let why = why.to_owned();
        self.at(user, part, "set aside", move |turn| turn.set_aside(&why))
    }

    fn remove<'a>(&'a self, user: &'a UserId, part: &'a Part) -> BoxFuture<'a, Result<(), StoreError>> {
        self.at(user, part, "removed", Turn::remove)
    }
}
