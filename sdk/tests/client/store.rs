//! What a client remembers between logins.

use std::sync::Arc;
use std::time::Duration;

use y2w_sdk::protocol::{SessionType, Timestamp};
use y2w_sdk::store::{FileStore, LocalStore, MemoryStore, Part};
use y2w_sdk::{CurrentUser, Event, LoginOptions};

use crate::world::{World, account, all_settled, connected, group, p2p, texts};

const P2P: SessionType = SessionType::P2p;

/// Ann with a store, a contact, a group, a favourite and messages; and Bob.
async fn ann_with(world: &World, options: LoginOptions) -> (CurrentUser, CurrentUser) {
    let bob = world.user("bob").await;
    world.users().register(&account("ann"), "pw", "ann").await.unwrap();
    let ann = world.login("ann", options).await;
    ann.contacts().add(bob.id(), "bob").await.unwrap();
    let team = group(&[&ann, &bob], "team").await;
    ann.user_sessions().add(&team.id, "team", "").await.unwrap();
    ann.send_text(bob.id().as_str(), &P2P, "hello").await.unwrap();
    all_settled(&[&ann, &bob]).await;
    p2p(&ann, &bob).await.messages().sync().await.unwrap();
    all_settled(&[&ann, &bob]).await;
    (ann, bob)
}

fn stored(store: &MemoryStore) -> LoginOptions {
    LoginOptions::default().seed(5).store(Arc::new(store.clone()))
}

#[tokio::test(start_paused = true)]
async fn after_a_logout_everything_but_messages_is_known_before_the_first_request() {
    let world = World::new();
    let store = MemoryStore::default();
    let (ann, bob) = ann_with(&world, stored(&store)).await;
    let login = ann.login_state().unwrap();
    ann.logout().await;
    world.requests();
    let ann = world.users().resume(login, stored(&store)).await;
    assert_eq!(ann.contacts().get(bob.id()).unwrap().display_name(), "bob");
    assert_eq!(ann.user_sessions().list().len(), 1);
    assert_eq!(ann.user_conversations().list(None).len(), 2);
    assert_eq!(ann.sessions().list().len(), 2);
    let session = p2p(&ann, &bob).await;
    assert_eq!((session.members().list().len(), session.messages().count()), (2, 0));
    assert_eq!(world.requests(), []);
    connected(&ann).await;
    assert_eq!(texts(&ann, &session), ["hello"]);
    let contacts = world.requests().into_iter().find(|r| r.path.ends_with("/contacts")).unwrap();
    assert!(contacts.since > Some(Timestamp::MIN), "it goes on from the watermark");
}

#[tokio::test(start_paused = true)]
async fn messages_are_stored_if_the_application_wants_it_so() {
    let world = World::new();
    let store = MemoryStore::default();
    let (ann, bob) = ann_with(&world, stored(&store).store_messages()).await;
    let login = ann.login_state().unwrap();
    ann.logout().await;
    let ann = world.users().resume(login, stored(&store).store_messages()).await;
    assert_eq!(texts(&ann, &p2p(&ann, &bob).await), ["hello"]);
    world.requests();
    connected(&ann).await;
    let path = format!("/v1/sessions/{}/messages", p2p(&ann, &bob).await.id);
    let messages: Vec<_> = world.requests().into_iter().filter(|r| r.path == path).collect();
    assert!(messages.iter().all(|r| r.since > Some(Timestamp::MIN)), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_crashes_loses_no_more_than_the_last_seconds() {
    let world = World::new();
    let store = MemoryStore::default();
    let (ann, bob) = ann_with(&world, stored(&store).save_after(Duration::from_secs(1))).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let login = ann.login_state().unwrap();
    drop(ann);
    let ann = world.users().resume(login, stored(&store)).await;
    assert!(ann.contacts().get(bob.id()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_document_that_cannot_be_used_is_set_aside_told_and_fetched_again() {
    let world = World::new();
    let store = MemoryStore::default();
    let (ann, bob) = ann_with(&world, stored(&store)).await;
    let (login, id) = (ann.login_state().unwrap(), ann.id().clone());
    ann.logout().await;
    store.save(&id, &Part::Contacts, "{\"version\":1,\"data\":".into()).await.unwrap();
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let observer = {
        let told = told.clone();
        move |event: &Event| {
            if let Event::LocalStoreFailed { why } = event {
                told.lock().push(why.clone());
            }
        }
    };
    let ann = world.users().resume(login, stored(&store).observer(Arc::new(observer))).await;
    assert!(ann.contacts().get(bob.id()).is_none());
    assert!(told.lock()[0].contains("set aside"), "{:?}", told.lock());
    assert!(store.aside(&id, &Part::Contacts).is_some());
    connected(&ann).await;
    assert!(ann.contacts().get(bob.id()).is_some());
    ann.logout().await;
    assert!(store.load(&id, &Part::Contacts).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn users_of_one_store_do_not_see_each_other() {
    let world = World::new();
    let store = MemoryStore::default();
    let (ann, bob) = ann_with(&world, stored(&store)).await;
    ann.logout().await;
    let login = bob.login_state().unwrap();
    let bob = world.users().resume(login, stored(&store)).await;
    assert_eq!(bob.contacts().list().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_torn_costs_a_warning_and_a_sync_never_more() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let options = async || {
        let store = FileStore::open(dir.path()).await.unwrap();
        LoginOptions::default().seed(5).store(Arc::new(store))
    };
    let (ann, bob) = ann_with(&world, options().await).await;
    let login = ann.login_state().unwrap();
    ann.logout().await;
    let mut torn = 0;
    for file in files_below(dir.path()) {
        let bytes = std::fs::read(&file).unwrap();
        if bytes.len() > 200 {
            std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            torn += 1;
        }
    }
    assert!(torn >= 3, "{torn}");
    let ann = world.users().resume(login, options().await).await;
    assert_eq!(ann.contacts().list().len(), 0);
    connected(&ann).await;
    assert_eq!(ann.contacts().get(bob.id()).unwrap().display_name(), "bob");
    assert_eq!(texts(&ann, &p2p(&ann, &bob).await), ["hello"]);
}

fn files_below(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test(start_paused = true)]
async fn users_that_were_met_are_known_again() {
    let world = World::new();
    let store = MemoryStore::default();
    let (ann, bob) = ann_with(&world, stored(&store)).await;
    assert!(ann.search(&account("bob")).await.unwrap().is_some());
    let login = ann.login_state().unwrap();
    ann.logout().await;
    let ann = world.users().resume(login, stored(&store)).await;
    world.requests();
    assert_eq!(ann.user(bob.id()).await.unwrap().email, account("bob"));
    assert_eq!(world.requests(), []);
}
