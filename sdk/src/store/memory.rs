//! A store that lasts as long as the process: for tests and simulation, where a client ends and begins again with what
//! it had stored.
//!
//! Every call takes effect when it is made, not when its future is polled, so its order is that of the calls.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::{LocalStore, Part, StoreError};
use crate::protocol::UserId;

/// Documents in memory. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Documents>>,
}

#[derive(Debug, Default)]
struct Documents {
    kept: BTreeMap<UserId, BTreeMap<Part, Bytes>>,
    aside: BTreeMap<(UserId, Part), Bytes>,
}

impl MemoryStore {
    /// The document that was last set aside of this part, for a test to look at.
    pub fn aside(&self, user: &UserId, part: &Part) -> Option<Bytes> {
        self.shared.lock().aside.get(&(user.clone(), part.clone())).cloned()
    }
}

impl Documents {
    fn take(&mut self, user: &UserId, part: &Part) -> Option<Bytes> {
        self.kept.get_mut(user)?.remove(part)
    }
}

impl LocalStore for MemoryStore {
    fn parts<'a>(&'a self, user: &'a UserId) -> BoxFuture<'a, Result<Vec<Part>, StoreError>> {
        let documents = self.shared.lock();
        let parts = documents.kept.get(user).map(|d| d.keys().cloned().collect());
        Box::pin(ready(Ok(parts.unwrap_or_default())))
    }

    fn load<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        let documents = self.shared.lock();
        let content = documents.kept.get(user).and_then(|d| d.get(part)).cloned();
        Box::pin(ready(Ok(content)))
    }

    fn save<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
        content: Bytes,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.shared.lock().kept.entry(user.clone()).or_default().insert(part.clone(), content);
        Box::pin(ready(Ok(())))
    }

    fn set_aside<'a>(
        &'a self,
        user: &'a UserId,
        part: &'a Part,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut documents = self.shared.lock();
        if let Some(content) = documents.take(user, part) {
            tracing::warn!(%user, %part, "a stored document is set aside, its content is fetched again: {why}");
            documents.aside.insert((user.clone(), part.clone()), content);
        }
        Box::pin(ready(Ok(())))
    }

    fn remove<'a>(&'a self, user: &'a UserId, part: &'a Part) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut documents = self.shared.lock();
        documents.take(user, part);
        documents.aside.remove(&(user.clone(), part.clone()));
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn make() -> Box<MemoryStore> {
        Box::default()
    }

    crate::store_tests!(make);

    #[tokio::test]
    async fn a_client_that_begins_again_finds_what_its_store_held() {
        let store = MemoryStore::default();
        let again = store.clone();
        store.save(&"1".into(), &Part::Users, Bytes::from_static(b"me")).await.unwrap();
        drop(store);
        assert_eq!(again.load(&"1".into(), &Part::Users).await.unwrap().unwrap(), "me");
    }

    #[tokio::test]
    async fn what_was_set_aside_can_be_looked_at() {
        let store = MemoryStore::default();
        let (user, part) = ("1".into(), Part::Contacts);
        store.save(&user, &part, Bytes::from_static(b"old form")).await.unwrap();
        store.set_aside(&user, &part, "a form of long ago").await.unwrap();
        assert_eq!(store.aside(&user, &part).unwrap(), "old form");
        store.remove(&user, &part).await.unwrap();
        assert_eq!(store.aside(&user, &part), None);
    }
}
