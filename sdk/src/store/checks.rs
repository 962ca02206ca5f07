//! What has to hold of every store, as one list of tests that each store runs.
//!
//! Whoever implements [`LocalStore`] runs the list with [`store_tests!`](crate::store_tests): it makes one test of each
//! function here. Its argument is an asynchronous function without arguments that gives a box or another smart pointer
//! to a new, empty store; what the store stands on, such as a temporary directory, may go along in it.
//!
//! ```
//! # use y2w_sdk::store::MemoryStore as MyStore;
//! #[cfg(test)]
//! mod tests {
//!     use super::MyStore;
//!
//!     async fn make() -> Box<MyStore> {
//!         Box::new(MyStore::default())
//!     }
//!
//!     y2w_sdk::store_tests!(make);
//! }
//! ```

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;

use super::{LocalStore, Part};
use crate::protocol::UserId;

/// Makes a test of each function in [`store::checks`](crate::store::checks); see there.
#[macro_export]
macro_rules! store_tests {
    ($make:expr) => {
        $crate::store_tests! {
            $make =>
            what_is_saved_is_loaded_byte_for_byte
            a_document_may_be_empty
            a_document_may_be_large
            a_later_save_replaces_the_document_whole
            what_was_never_saved_is_absent
            parts_are_listed_in_order
            a_thousand_sessions_are_kept
            users_are_apart_whatever_their_ids
            sessions_are_apart_whatever_their_ids
            what_is_removed_is_gone_alone
            what_is_set_aside_is_loaded_no_more
            a_dropped_save_leaves_the_old_or_the_new
            of_saves_at_once_one_is_left_whole
        }
    };
    ($make:expr => $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::store::checks::run(async {
                    let store = ($make)().await;
                    $crate::store::checks::$check(&*store).await;
                });
            }
        )*
    };
}

/// Ids that a store which makes names of them may stumble over.
const HOSTILE: &[&str] = &[
    "",
    " ",
    ".",
    "..",
    "../x",
    "..\\x",
    "a",
    "A",
    "a.",
    "a ",
    "a/b",
    "a\\b",
    "a%2fb",
    "a%2Fb",
    "/etc/passwd",
    "C:\\x",
    "CON",
    "con",
    "nul.txt",
    "-rf",
    "~",
    "users",
    "lock",
    "a:b",
    "*?\"<>|",
    "a\0b",
    "a\nb",
    "\u{7f}",
    "ä",
    "a\u{308}",
    "Ä",
    "ı",
    "李小龍",
    "\u{202e}x",
    "🦀",
];

/// Runs a check in a runtime of its own.
pub fn run(check: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime of one thread can be made").block_on(check);
}

/// All bytes come back, in their order.
pub async fn what_is_saved_is_loaded_byte_for_byte(store: &dyn LocalStore) {
    let user = UserId::from("1");
    for (i, part) in every_part("4").into_iter().enumerate() {
        let content: Vec<u8> = (0..=u8::MAX).cycle().skip(i).take(1_000).collect();
        save(store, &user, &part, content.clone()).await;
        assert_eq!(load(store, &user, &part).await, Some(Bytes::from(content)), "{part}");
    }
}

/// An empty document is not the same as none.
pub async fn a_document_may_be_empty(store: &dyn LocalStore) {
    let user = UserId::from("1");
    save(store, &user, &Part::Users, "").await;
    assert_eq!(load(store, &user, &Part::Users).await, Some(Bytes::new()));
    assert_eq!(parts(store, &user).await, [Part::Users]);
}

/// Five mebibytes.
pub async fn a_document_may_be_large(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let content: Bytes =
        (0..5 * 1024 * 1024).map(|i: u32| i.to_le_bytes()[usize::from(i.is_multiple_of(7))]).collect();
    save(store, &user, &Part::Users, content.clone()).await;
    let loaded = load(store, &user, &Part::Users).await;
    assert!(loaded == Some(content), "a large document is not what was saved");
}

/// Nothing of the document before is left, whichever is the longer.
pub async fn a_later_save_replaces_the_document_whole(store: &dyn LocalStore) {
    let user = UserId::from("1");
    for content in ["short", "a good deal longer", "", "x"] {
        save(store, &user, &Part::Contacts, content).await;
        assert_eq!(load(store, &user, &Part::Contacts).await, Some(Bytes::from(content)));
    }
}

/// Also beside documents that were, and also to be forgotten.
pub async fn what_was_never_saved_is_absent(store: &dyn LocalStore) {
    let user = UserId::from("1");
    assert_eq!(parts(store, &user).await, []);
    save(store, &user, &Part::Session("4".into()), "four").await;
    for part in [Part::Users, Part::Session("5".into()), Part::Messages("4".into())] {
        assert_eq!(load(store, &user, &part).await, None, "{part}");
        store.set_aside(&user, &part, "there is none").await.expect("nothing can be set aside");
        store.remove(&user, &part).await.expect("nothing can be removed");
    }
    assert_eq!(load(store, &"2".into(), &Part::Session("4".into())).await, None);
    assert_eq!(parts(store, &user).await, [Part::Session("4".into())]);
}

/// In the order of [`Part`], whatever the order of the saves.
pub async fn parts_are_listed_in_order(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let mut all: Vec<Part> = ["10", "9", "a", "B"].into_iter().flat_map(every_part).collect();
    all.reverse();
    for part in &all {
        save(store, &user, part, part.to_string()).await;
    }
    all.sort();
    all.dedup();
    assert_eq!(parts(store, &user).await, all);
}

/// Saved together, listed, loaded.
pub async fn a_thousand_sessions_are_kept(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let mut sessions: Vec<Part> =
        (0..1_000).map(|i| Part::Session(format!("s{i}").as_str().into())).collect();
    join_all(sessions.iter().map(|part| save(store, &user, part, part.to_string()))).await;
    sessions.sort();
    assert_eq!(parts(store, &user).await, sessions);
    for part in &sessions {
        assert_eq!(load(store, &user, part).await, Some(Bytes::from(part.to_string())));
    }
}

/// Every user has what was saved for that user, and nothing else.
pub async fn users_are_apart_whatever_their_ids(store: &dyn LocalStore) {
    let users: Vec<UserId> = hostile_ids().iter().map(|id| UserId::from(id.as_str())).collect();
    for user in &users {
        save(store, user, &Part::Users, format!("of {user}")).await;
    }
    for user in &users {
        assert_eq!(
            load(store, user, &Part::Users).await,
            Some(Bytes::from(format!("of {user}"))),
            "{user:?}"
        );
        assert_eq!(parts(store, user).await, [Part::Users], "{user:?}");
    }
    let (removed, left) = users.split_at(users.len() / 2);
    for user in removed {
        store.remove(user, &Part::Users).await.expect("a document can be removed");
    }
    for user in left {
        assert_eq!(parts(store, user).await, [Part::Users], "{user:?}");
    }
}

/// As for users; and the list gives the ids back as they were.
pub async fn sessions_are_apart_whatever_their_ids(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let mut all: Vec<Part> = hostile_ids().iter().flat_map(|id| every_part(id)).collect();
    all.sort();
    all.dedup();
    for part in &all {
        save(store, &user, part, part.to_string()).await;
    }
    assert_eq!(parts(store, &user).await, all);
    for part in &all {
        assert_eq!(load(store, &user, part).await, Some(Bytes::from(part.to_string())), "{part:?}");
    }
}

/// The other documents stay, and the part may be saved again.
pub async fn what_is_removed_is_gone_alone(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let (gone, stays) = (Part::Session("4".into()), Part::Messages("4".into()));
    save(store, &user, &gone, "gone").await;
    save(store, &user, &stays, "stays").await;
    store.remove(&user, &gone).await.expect("a document can be removed");
    assert_eq!(load(store, &user, &gone).await, None);
    assert_eq!(load(store, &user, &stays).await, Some(Bytes::from("stays")));
    assert_eq!(parts(store, &user).await, [stays]);
    save(store, &user, &gone, "again").await;
    assert_eq!(load(store, &user, &gone).await, Some(Bytes::from("again")));
}

/// However often; and what is saved then is loaded.
pub async fn what_is_set_aside_is_loaded_no_more(store: &dyn LocalStore) {
    let user = UserId::from("1");
    for round in 0..6 {
        let content = format!("round {round}");
        save(store, &user, &Part::Conversations, content.clone()).await;
        assert_eq!(load(store, &user, &Part::Conversations).await, Some(Bytes::from(content)));
        store.set_aside(&user, &Part::Conversations, "a test").await.expect("a document can be set aside");
        assert_eq!(load(store, &user, &Part::Conversations).await, None);
        assert_eq!(parts(store, &user).await, []);
    }
}

/// A save that is polled once and dropped is done or not, and does not come back later.
pub async fn a_dropped_save_leaves_the_old_or_the_new(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let old_and_new =
        |round| [format!("old {round}"), format!("new {round}").repeat(10_000)].map(Bytes::from);
    for round in 0..20 {
        let [old, new] = old_and_new(round);
        save(store, &user, &Part::Users, old.clone()).await;
        let _ = store.save(&user, &Part::Users, new.clone()).now_or_never();
        let found = load(store, &user, &Part::Users).await.expect("the document is there");
        assert!(found == old || found == new, "neither the old nor the new document: {} bytes", found.len());
        let _ = store.save(&user, &Part::Users, new.clone()).now_or_never();
        save(store, &user, &Part::Users, "last").await;
        assert_eq!(load(store, &user, &Part::Users).await, Some(Bytes::from("last")));
    }
}

/// Not a mixture of them.
pub async fn of_saves_at_once_one_is_left_whole(store: &dyn LocalStore) {
    let user = UserId::from("1");
    let contents: Vec<Bytes> = (1..=20_u8).map(|i| Bytes::from(vec![i; 1_000 * usize::from(i)])).collect();
    join_all(contents.iter().map(|content| save(store, &user, &Part::Users, content.clone()))).await;
    let found = load(store, &user, &Part::Users).await.expect("the document is there");
    assert!(contents.contains(&found), "none of the documents: {} bytes", found.len());
}

fn hostile_ids() -> Vec<String> {
    let long = ["x".repeat(5_000), "X".repeat(5_000), format!("{}y", "x".repeat(4_999)), "李".repeat(300)];
    HOSTILE.iter().map(|&id| id.to_owned()).chain(long).collect()
}

fn every_part(session: &str) -> [Part; 6] {
    let [members, messages] = [Part::Session, Part::Messages].map(|part| part(session.into()));
    [Part::Users, Part::Conversations, Part::Contacts, Part::UserSessions, members, messages]
}

async fn save(store: &dyn LocalStore, user: &UserId, part: &Part, content: impl Into<Bytes>) {
    store.save(user, part, content.into()).await.expect("a document can be saved");
}

async fn load(store: &dyn LocalStore, user: &UserId, part: &Part) -> Option<Bytes> {
    store.load(user, part).await.expect("a document can be loaded")
}

async fn parts(store: &dyn LocalStore, user: &UserId) -> Vec<Part> {
    store.parts(user).await.expect("documents can be listed")
}
