//! What only a store of files has to withstand: files that are torn, changed, foreign or in the way, and crashes.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Deref;
use std::process::{Command, Stdio};

use futures_util::FutureExt;
use parking_lot::Mutex;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::store::checks::run;

/// A store, and its directory for as long.
struct Temporary {
    store: FileStore,
    _dir: TempDir,
}

impl Deref for Temporary {
    type Target = FileStore;

    fn deref(&self) -> &FileStore {
        &self.store
    }
}

async fn make() -> Temporary {
    let dir = tempfile::tempdir().unwrap();
    Temporary { store: FileStore::open(dir.path()).await.unwrap(), _dir: dir }
}

crate::store_tests!(make);

fn ann() -> UserId {
    "Ann".into()
}

/// Where the document of [`ann`]'s users is.
fn file_in(dir: &Path) -> PathBuf {
    dir.join("user-%41nn/users")
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

async fn save(store: &FileStore, content: &'static str) {
    store.save(&ann(), &Part::Users, Bytes::from_static(content.as_bytes())).await.unwrap();
}

async fn load(store: &FileStore) -> Option<Bytes> {
    store.load(&ann(), &Part::Users).await.unwrap()
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_everything() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("not/there/yet");
    let store = FileStore::open(&place).await.unwrap();
    let long = Part::Messages("李".repeat(500).as_str().into());
    save(&store, "me").await;
    store.save(&ann(), &long, Bytes::from_static(b"long")).await.unwrap();
    drop(store);
    let store = FileStore::open(&place).await.unwrap();
    assert_eq!(load(&store).await.unwrap(), "me");
    assert_eq!(store.parts(&ann()).await.unwrap(), [Part::Users, long.clone()]);
    assert_eq!(store.load(&ann(), &long).await.unwrap().unwrap(), "long");
}

#[tokio::test]
async fn a_store_is_open_once_and_says_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).await.unwrap();
    let refused = FileStore::open(dir.path()).await.unwrap_err();
    let (at, process) = (dir.path().display(), std::process::id());
    assert_eq!(
        refused.to_string(),
        format!("the store at {at} is in use by another client (process {process})")
    );
    // A save in the background does not outlive the store.
    let _ = store.save(&ann(), &Part::Users, Bytes::from(vec![7; 1_000_000])).now_or_never();
    drop(store);
    FileStore::open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn the_later_call_wins_whatever_order_they_are_polled_in() {
    let store = make().await;
    let user = ann();
    let first = store.save(&user, &Part::Users, Bytes::from_static(b"first"));
    let second = store.save(&user, &Part::Users, Bytes::from_static(b"second"));
    second.await.unwrap();
    first.await.unwrap();
    assert_eq!(load(&store).await.unwrap(), "second");
}

#[tokio::test]
async fn what_a_crash_left_of_a_save_harms_nothing_and_is_removed() {
    let store = make().await;
    save(&store, "old").await;
    let Temporary { store, _dir: dir } = store;
    drop(store);
    let left = file_in(dir.path()).with_extension("tmp-1");
    fs::write(&left, "y2w-store 1 3").unwrap();
    fs::write(file_in(dir.path()).with_file_name("contacts.tmp-9"), "").unwrap();
    let store = FileStore::open(dir.path()).await.unwrap();
    assert_eq!(names(left.parent().unwrap()), ["users"]);
    assert_eq!(load(&store).await.unwrap(), "old");
    // And one that could not be removed.
    fs::write(&left, "y2w-store 1 3").unwrap();
    assert_eq!(store.parts(&ann()).await.unwrap(), [Part::Users]);
    save(&store, "new").await;
    assert_eq!(load(&store).await.unwrap(), "new");
}

#[tokio::test]
async fn only_the_newest_untrusted_files_are_kept() {
    let store = make().await;
    for round in 0..6 {
        save(&store, "good").await;
        fs::write(file_in(store.dir()), format!("round {round}")).unwrap();
        assert_eq!(load(&store).await, None);
    }
    let dir = file_in(store.dir()).parent().unwrap().to_owned();
    assert_eq!(names(&dir), ["users.broken-4", "users.broken-5", "users.broken-6"]);
    assert_eq!(fs::read_to_string(dir.join("users.broken-6")).unwrap(), "round 5");
    store.remove(&ann(), &Part::Users).await.unwrap();
    assert_eq!(names(&dir), Vec::<String>::new());
}

/// Where a log is written to, to be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_warning_says_which_file_what_was_wrong_and_what_happens() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // With one subscriber in the process, whether a place logs is decided by whichever thread comes by first, and the
    // other tests' have none. With two, both are asked.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish());
    let dir = tempfile::tempdir().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let disk = Arc::new(Disk::open(dir.path()).unwrap());
        let turn = disk.turn(&ann(), &Part::Users);
        turn.save(b"good").unwrap();
        fs::write(file_in(dir.path()), "").unwrap();
        assert_eq!(turn.load().unwrap(), None);
    });
    let log = String::from_utf8(log.0.lock().clone()).unwrap();
    let file = file_in(dir.path());
    for part in [
        " WARN ",
        "a stored document is set aside, its content is fetched again: it is empty",
        &format!("file={} aside={}.broken-1", file.display(), file.display()),
    ] {
        assert!(log.contains(part), "{log}");
    }
}

#[tokio::test]
async fn a_document_in_anothers_place_is_not_loaded() {
    let store = make().await;
    save(&store, "of Ann").await;
    let bob = UserId::from("bob");
    store.save(&bob, &Part::Contacts, Bytes::new()).await.unwrap();
    fs::copy(file_in(store.dir()), store.dir().join("user-bob/users")).unwrap();
    assert_eq!(store.load(&bob, &Part::Users).await.unwrap(), None);
    fs::copy(file_in(store.dir()), file_in(store.dir()).with_file_name("contacts")).unwrap();
    assert_eq!(store.load(&ann(), &Part::Contacts).await.unwrap(), None);
    assert_eq!(load(&store).await.unwrap(), "of Ann");
}

#[tokio::test]
async fn what_stands_in_the_way_is_set_aside_or_named() {
    let store = make().await;
    save(&store, "good").await;
    let file = file_in(store.dir());
    // A directory in place of the document: a load finds nothing, a save makes its way.
    for _ in 0..2 {
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(load(&store).await, None);
        fs::create_dir(&file).unwrap();
        save(&store, "good").await;
        assert_eq!(load(&store).await.unwrap(), "good");
    }
    // Files in the directory that are not the store's.
    for name in ["session-%zz", "session-A", "user", "session-x+0", ".hidden", "users~"] {
        fs::write(file.with_file_name(name), "x").unwrap();
    }
    assert_eq!(store.parts(&ann()).await.unwrap(), [Part::Users]);
    // A file in place of the user's directory: nothing can be done.
    let bob = store.dir().join("user-bob");
    fs::write(&bob, "").unwrap();
    let error = store.save(&"bob".into(), &Part::Users, Bytes::new()).await.unwrap_err().to_string();
    assert!(error.starts_with("users of user bob could not be saved: "), "{error}");
    assert!(error.contains(&*bob.to_string_lossy()), "{error}");
    store.load(&"bob".into(), &Part::Users).await.unwrap_err();
    let error = store.parts(&"bob".into()).await.unwrap_err().to_string();
    assert!(error.starts_with("documents of user bob could not be listed: "), "{error}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_gives_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = FileStore::open(&file).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("the store at {} cannot be opened: ", file.display())), "{error}");
    FileStore::open("").await.unwrap_err();
}

#[cfg(unix)]
#[tokio::test]
async fn files_without_permission_end_in_an_answer_or_an_error() {
    use std::os::unix::fs::PermissionsExt;

    let store = make().await;
    save(&store, "good").await;
    let file = file_in(store.dir());
    let dir = file.parent().unwrap();
    assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(dir, fs::Permissions::from_mode(0o000)).unwrap();
    // Permissions do not stop everybody.
    match store.load(&ann(), &Part::Users).await {
        Ok(found) => assert_eq!(found.unwrap(), "good"),
        Err(error) => assert!(error.to_string().contains("cannot be set aside"), "{error}"),
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let found = load(&store).await;
    assert_eq!(found.is_none(), dir.join("users.broken-1").exists());
}

/// A client that saves without end, if it is asked to; otherwise a test of nothing.
#[test]
fn a_client_to_be_killed() {
    let Some(dir) = std::env::var_os("Y2W_STORE_TO_BE_KILLED_IN") else { return };
    run(async {
        let store = FileStore::open(dir).await.unwrap();
        for round in 0_u64.. {
            let content = round.to_string().repeat(10_000);
            store.save(&ann(), &Part::Users, Bytes::from(content)).await.unwrap();
            println!("saved {round}");
        }
    });
}

#[tokio::test]
async fn a_client_that_is_killed_leaves_a_whole_document_no_older_than_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "store::files::tests::a_client_to_be_killed"])
        .env("Y2W_STORE_TO_BE_KILLED_IN", dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(client.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("saved 20\n") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the client has ended");
    }
    client.kill().unwrap();
    client.wait().unwrap();
    told.read_to_string(&mut line).unwrap();
    let acknowledged =
        line.lines().filter_map(|l| l.strip_prefix("saved ")?.parse::<u64>().ok()).next_back().unwrap();
    let store = FileStore::open(dir.path()).await.unwrap();
    let found = String::from_utf8(load(&store).await.unwrap().to_vec()).unwrap();
    let expected = [acknowledged, acknowledged + 1].map(|round| round.to_string().repeat(10_000));
    assert!(expected.contains(&found), "after {acknowledged}: {}", &found[..20]);
}

/// Damages the file of a document; what is loaded then.
fn load_after(content: &[u8], damage: impl FnOnce(&mut Vec<u8>)) -> (Option<Bytes>, Vec<String>, Bytes) {
    let mut outcome = None;
    run(async {
        let store = make().await;
        store.save(&ann(), &Part::Users, Bytes::copy_from_slice(content)).await.unwrap();
        let file = file_in(store.dir());
        let mut bytes = fs::read(&file).unwrap();
        damage(&mut bytes);
        fs::write(&file, &bytes).unwrap();
        let found = load(&store).await;
        save(&store, "fetched again").await;
        outcome = Some((found, names(file.parent().unwrap()), load(&store).await.unwrap()));
    });
    outcome.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_file_cut_short_anywhere_is_set_aside(content: Vec<u8>, at: prop::sample::Index) {
        let outcome = load_after(&content, |file| file.truncate(at.index(file.len())));
        prop_assert_eq!(outcome, (None, vec!["users".to_owned(), "users.broken-1".to_owned()], "fetched again".into()));
    }

    #[test]
    fn a_file_with_a_changed_byte_anywhere_is_set_aside(content: Vec<u8>, at: prop::sample::Index, change in 1..=u8::MAX) {
        let outcome = load_after(&content, |file| {
            let at = at.index(file.len());
            file[at] ^= change;
        });
        prop_assert_eq!(outcome, (None, vec!["users".to_owned(), "users.broken-1".to_owned()], "fetched again".into()));
    }

    #[test]
    fn a_file_of_arbitrary_bytes_is_set_aside(bytes: Vec<u8>) {
        let outcome = load_after(b"good", |file| *file = bytes);
        prop_assert_eq!(outcome, (None, vec!["users".to_owned(), "users.broken-1".to_owned()], "fetched again".into()));
    }
}

#[test]
fn every_length_and_every_bit_of_a_file_counts() {
    let content = b"{\"watermark\":1479974400000}\n";
    let good = [sealed::line("user-1", "users", content).as_bytes(), content].concat();
    assert_eq!(sealed::open(good.clone(), "user-1", "users").unwrap(), &content[..]);
    for length in 0..good.len() {
        sealed::open(good[..length].to_vec(), "user-1", "users").unwrap_err();
    }
    for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << bit;
        sealed::open(bytes, "user-1", "users").unwrap_err();
    }
}
