//! What was applied is there again, whatever came together in a commit, with snapshots and without; and what is no
//! longer what was written is refused.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::{MessageType, UserId, rest};

use super::*;
use crate::business::*;
use crate::quirks::{NamedQuirk, Quirk, Quirks, Rate};

const APPS: [&str; 2] = ["first", "second"];

fn keys() -> Vec<String> {
    APPS.map(str::to_owned).to_vec()
}

/// An open journal of two apps, written to as a backend does.
struct Subject {
    held: Vec<Held>,
    at: Timestamp,
}

impl Subject {
    /// With a snapshot as soon as the log has that many bytes.
    fn open(directory: &Path, snapshot_from: u64) -> Self {
        let opened = open(directory, &keys(), snapshot_from, Progress::Hidden).unwrap();
        Self { held: opened.start(), at: Timestamp::MIN }
    }

    fn in_memory() -> Self {
        Self { held: keys().iter().map(|_| Held::default()).collect(), at: Timestamp::MIN }
    }

    fn apply<O: Operation>(&self, app: usize, operation: O) {
        let Held { state, journal } = &self.held[app];
        let mut state = state.lock();
        let record = journal.as_ref().map(|journal| (journal, journal.record(&operation, self.at)));
        if state.apply(operation, self.at).is_ok()
            && let Some((journal, record)) = record
        {
            journal.append(&record);
        }
    }

    /// All there is to the states.
    fn states(&self) -> Vec<Value> {
        self.held.iter().map(|held| serde_json::to_value(&*held.state.lock()).unwrap()).collect()
    }
}

fn states(opened: &Opened) -> Vec<Value> {
    opened.states.iter().map(|state| serde_json::to_value(state).unwrap()).collect()
}

fn kept(opened: &Opened) -> &replay::Kept {
    match &opened.place {
        replay::Place::InDirectory(kept) => kept,
        replay::Place::InMemory(_) => panic!("it is not in a directory"),
    }
}

fn reopened(directory: &Path) -> Result<Opened, DataError> {
    open(directory, &keys(), u64::MAX, Progress::Hidden)
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Register(usize),
    EndAccount(usize),
    Token {
        of: usize,
        number: u32,
    },
    Group {
        by: usize,
        named: bool,
    },
    P2p {
        one: usize,
        other: usize,
    },
    Add {
        by: usize,
        session: usize,
        user: usize,
    },
    Remove {
        by: usize,
        session: usize,
        member: usize,
    },
    Post {
        by: usize,
        session: usize,
        key: Option<u8>,
        text: String,
    },
    Edit {
        by: usize,
        session: usize,
        message: usize,
    },
    Read {
        by: usize,
        session: usize,
    },
    Contact {
        by: usize,
        user: usize,
    },
    Retitle {
        by: usize,
        contact: usize,
    },
    Favour {
        by: usize,
        session: usize,
    },
    Conversation {
        by: usize,
        which: usize,
        top: bool,
    },
    Upload {
        name: String,
        sum: u8,
    },
    /// All tokens, or those of one.
    Expire(Option<usize>),
    /// From now on other rules are broken, some of them now and then.
    Break(Vec<NamedQuirk>, u64),
    /// A moment in which all that was written so far becomes durable.
    Settle,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let few = || 1..5_usize;
    let step = prop_oneof![
        1 => (0..4_u64).prop_map(Step::Wait),
        4 => few().prop_map(Step::Register),
        1 => few().prop_map(Step::EndAccount),
        2 => (few(), any::<u32>()).prop_map(|(of, number)| Step::Token { of, number }),
        3 => (few(), any::<bool>()).prop_map(|(by, named)| Step::Group { by, named }),
        2 => (few(), few()).prop_map(|(one, other)| Step::P2p { one, other }),
        5 => (few(), few(), few()).prop_map(|(by, session, user)| Step::Add { by, session, user }),
        1 => (few(), few(), few()).prop_map(|(by, session, member)| Step::Remove { by, session, member }),
        6 => (few(), few(), prop::option::of(0..3_u8), "\\PC{0,8}|\n\"\\\\")
            .prop_map(|(by, session, key, text)| Step::Post { by, session, key, text }),
        2 => (few(), few(), 1..9_usize)
            .prop_map(|(by, session, message)| Step::Edit { by, session, message }),
        2 => (few(), few()).prop_map(|(by, session)| Step::Read { by, session }),
        2 => (few(), few()).prop_map(|(by, user)| Step::Contact { by, user }),
        1 => (few(), few()).prop_map(|(by, contact)| Step::Retitle { by, contact }),
        1 => (few(), few()).prop_map(|(by, session)| Step::Favour { by, session }),
        2 => (few(), few(), any::<bool>())
            .prop_map(|(by, which, top)| Step::Conversation { by, which, top }),
        1 => ("\\PC{0,4}", 0..3_u8).prop_map(|(name, sum)| Step::Upload { name, sum }),
        1 => prop::option::of(few()).prop_map(Step::Expire),
        1 => (prop::collection::vec(quirk(), 0..4), any::<u64>())
            .prop_map(|(quirks, seed)| Step::Break(quirks, seed)),
        2 => Just(Step::Settle),
    ];
    prop::collection::vec((0..APPS.len(), step), 1..120)
}

fn quirk() -> impl Strategy<Value = NamedQuirk> {
    let rate = prop::sample::select(vec![0.2, 0.5, 1.0]);
    let often = prop::sample::select(vec![Quirk::MessageLost, Quirk::MessageTwice]);
    let any = prop::sample::select(Quirk::ALL.to_vec());
    prop_oneof![
        (often, rate).prop_map(|(quirk, rate)| NamedQuirk { quirk, rate: Rate::new(rate).unwrap() }),
        any.prop_map(|quirk| NamedQuirk { quirk, rate: Rate::ALWAYS }),
    ]
}

fn uid(n: usize) -> UserId {
    UserId::from(n.to_string().as_str())
}

/// Refusals are part of the game: they leave nothing behind, in the state or in the log.
fn take_step(subject: &mut Subject, app: usize, step: Step) {
    match step {
        // 0 sets the clock back.
        Step::Wait(0) => subject.at = Timestamp::MIN,
        Step::Wait(millis) => subject.at = subject.at.plus(Duration::from_millis(millis)),
        Step::Register(n) => subject.apply(
            app,
            Register {
                email: format!("{n}@example.org"),
                password_hash: format!("hash {n}"),
                name: format!("李 {n}"),
                avatar_url: String::new(),
            },
        ),
        Step::EndAccount(n) => subject.apply(app, DeleteUser { caller: uid(n), user: n.to_string() }),
        Step::Token { of, number } => subject.apply(
            app,
            IssueToken { user: uid(of), token: number.to_string(), life: Duration::from_millis(3) },
        ),
        Step::Group { by, named } => {
            let name = if named { "team" } else { "" }.to_owned();
            let (secure_type, avatar_url) = ("public".to_owned(), String::new());
            subject.apply(app, CreateGroup { caller: uid(by), name, secure_type, avatar_url });
        }
        Step::P2p { one, other } => {
            subject.apply(app, OpenP2p { caller: uid(one), one: uid(one), other: uid(other) });
        }
        Step::Add { by, session, user } => subject.apply(
            app,
            AddMember {
                caller: uid(by),
                session: session.to_string(),
                user: uid(user),
                name: format!("N{user}"),
                role: if by == user { Role::Master } else { Role::User },
                avatar_url: String::new(),
                status: Status::Active,
            },
        ),
        Step::Remove { by, session, member } => {
            let (session, member) = (session.to_string(), member.to_string());
            subject.apply(app, RemoveMember { caller: uid(by), session, member });
        }
        Step::Post { by, session, key, text } => subject.apply(
            app,
            PostMessage {
                caller: uid(by),
                session: session.to_string(),
                sender: uid(by),
                content: text,
                kind: MessageType::Text,
                idempotency_key: key.map(|key| key.to_string()),
            },
        ),
        Step::Edit { by, session, message } => {
            let changes = rest::EditMessage { content: Some("edited".to_owned()), ..Default::default() };
            let (session, message) = (session.to_string(), message.to_string());
            subject.apply(app, EditMessage { caller: uid(by), session, message, changes });
        }
        Step::Read { by, session } => {
            subject.apply(app, MarkRead { caller: uid(by), session: session.to_string() });
        }
        Step::Contact { by, user } => {
            let (name, avatar_url) = (format!("N{user}"), String::new());
            let owner = by.to_string();
            subject.apply(app, AddContact { caller: uid(by), owner, user: uid(user), name, avatar_url });
        }
        Step::Retitle { by, contact } => {
            let changes = rest::UpdateContact { title: Some("老板".to_owned()), ..Default::default() };
            let (owner, contact) = (by.to_string(), contact.to_string());
            subject.apply(app, UpdateContact { caller: uid(by), owner, contact, changes });
        }
        Step::Favour { by, session } => {
            let session = session.to_string().as_str().into();
            let (name, avatar_url) = ("team".to_owned(), String::new());
            let owner = by.to_string();
            subject.apply(app, AddFavourite { caller: uid(by), owner, session, name, avatar_url });
        }
        Step::Conversation { by, which, top } => {
            let (owner, conversation) = (by.to_string(), which.to_string());
            if top {
                subject.apply(app, ClearUnread { caller: uid(by), owner, conversation });
            } else {
                subject.apply(app, RemoveConversation { caller: uid(by), owner, conversation });
            }
        }
        Step::Upload { name, sum } => subject.apply(
            app,
            AddAttachment {
                key: format!("key {name}"),
                file_name: name,
                content_type: "text/plain".to_owned(),
                size: 3,
                md5: sum.to_string(),
                or_same: true,
            },
        ),
        Step::Expire(user) => subject.apply(app, ExpireTokens { user: user.map(uid) }),
        Step::Break(named, seed) => {
            let mut quirks = Quirks::default();
            named.iter().for_each(|named| quirks.add(named.quirk, named.rate));
            subject.apply(app, SetQuirks { quirks: quirks.seeded(seed) });
        }
        Step::Settle => wait(subject),
    }
}

#[test]
fn a_disk_that_lies_has_lost_what_came_last() {
    let disk = Disk::default();
    let mut subject = Subject { held: open_disk(&disk, &keys()).unwrap().start(), at: Timestamp::MIN };
    take_step(&mut subject, 0, Step::Register(1));
    let before = subject.states();
    take_step(&mut subject, 1, Step::Register(1));
    take_step(&mut subject, 0, Step::Register(2));
    drop(subject);
    assert_eq!(disk.lose_last(2).unwrap(), 2);
    assert_eq!(states(&open_disk(&disk, &keys()).unwrap()), before);
    assert_eq!((disk.lose_last(5).unwrap(), disk.lose_last(5).unwrap()), (1, 0));
}

fn wait(subject: &Subject) {
    let Some(OfApp { journal, .. }) = &subject.held[0].journal else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(journal.settled()).unwrap();
}

proptest! {
    // Each of them waits for a real disk a few times.
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Two runs over the same data, with snapshots at any place, end as one run in memory would.
    #[test]
    fn what_was_applied_is_there_again(
        steps in steps(), more in steps(), snapshot_from in prop::sample::select(vec![0, 500, 5_000, u64::MAX])
    ) {
        let directory = TempDir::new().unwrap();
        for steps in [steps, more] {
            let mut subject = Subject::open(directory.path(), snapshot_from);
            for (app, step) in steps {
                take_step(&mut subject, app, step);
            }
            let live = subject.states();
            drop(subject);
            prop_assert_eq!(states(&reopened(directory.path()).unwrap()), live);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The same on a disk in memory, where nothing is waited for.
    #[test]
    fn what_was_applied_is_on_a_disk_in_memory(steps in steps(), more in steps()) {
        let disk = Disk::default();
        for steps in [steps, more] {
            let mut subject = Subject { held: open_disk(&disk, &keys()).unwrap().start(), at: Timestamp::MIN };
            for (app, step) in steps {
                take_step(&mut subject, app, step);
            }
            prop_assert!(matches!(open_disk(&disk, &keys()), Err(DataError::Locked(_))));
            let live = subject.states();
            drop(subject);
            prop_assert_eq!(states(&open_disk(&disk, &keys()).unwrap()), live);
        }
    }

    /// A state that was kept and read back goes on as the one it was made of.
    #[test]
    fn a_snapshot_is_all_of_the_state(steps in steps(), more in steps()) {
        let mut subject = Subject::in_memory();
        for (app, step) in steps {
            take_step(&mut subject, app, step);
        }
        let mut copy = Subject::in_memory();
        copy.at = subject.at;
        for (of_copy, held) in copy.held.iter().zip(&subject.held) {
            let bytes = serde_json::to_vec(&*held.state.lock()).unwrap();
            *of_copy.state.lock() = serde_json::from_slice(&bytes).unwrap();
        }
        for (app, step) in more {
            take_step(&mut subject, app, step.clone());
            take_step(&mut copy, app, step);
        }
        prop_assert_eq!(copy.states(), subject.states());
    }
}

/// A directory with a short past, closed; and the states after each of its commands.
fn written(snapshot_from: u64) -> (TempDir, Vec<Vec<Value>>) {
    let directory = TempDir::new().unwrap();
    let mut subject = Subject::open(directory.path(), snapshot_from);
    let mut past = vec![subject.states()];
    for n in 1..40 {
        take_step(&mut subject, n % 2, Step::Register(n));
        if n % 8 == 0 {
            wait(&subject);
        }
        past.push(subject.states());
    }
    (directory, past)
}

#[test]
fn each_start_is_counted_and_the_log_goes_on() {
    let (directory, past) = written(2_000);
    for starts in 2..4 {
        let opened = reopened(directory.path()).unwrap();
        assert_eq!((opened.starts, kept(&opened).last), (starts - 1, 39));
        assert!(kept(&opened).header.upto > 0, "there was a snapshot");
        assert_eq!(Some(&states(&opened)), past.last());
    }
}

#[test]
fn the_apps_are_told_by_their_keys() {
    let (directory, past) = written(u64::MAX);
    let other_order = keys().into_iter().rev().collect::<Vec<_>>();
    let held = open(directory.path(), &other_order, u64::MAX, Progress::Hidden).unwrap().start();
    let read = Subject { held, at: Timestamp::MIN }.states();
    assert_eq!(read.iter().rev().collect::<Vec<_>>(), past.last().unwrap().iter().collect::<Vec<_>>());
    for others in [&["first"][..], &["first", "third"], &["first", "second", "third"]] {
        let others = others.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let error = open(directory.path(), &others, u64::MAX, Progress::Hidden).unwrap_err();
        assert!(matches!(error, DataError::Apps { .. }), "{error}");
        assert!(error.to_string().contains("of the apps first, second, not of first"), "{error}");
    }
}

#[test]
fn a_disk_in_memory_tells_the_apps_by_their_keys_too() {
    let disk = Disk::default();
    assert_eq!(open_disk(&disk, &keys()).unwrap().starts, 0);
    let other_order = keys().into_iter().rev().collect::<Vec<_>>();
    assert_eq!(open_disk(&disk, &other_order).unwrap().starts, 1);
    let error = open_disk(&disk, &keys()[..1]).unwrap_err().to_string();
    assert!(error.contains("the data in memory is of the apps first, second, not of first"), "{error}");
    assert_eq!(open_disk(&disk, &keys()).unwrap().starts, 2);
}

#[test]
fn one_process_at_a_time() {
    let (directory, _) = written(u64::MAX);
    let held = reopened(directory.path()).unwrap();
    let error = reopened(directory.path()).unwrap_err();
    assert!(matches!(error, DataError::Locked(_)), "{error}");
    drop(held);
    reopened(directory.path()).unwrap();
}

#[test]
fn another_format_is_refused() {
    let (directory, _) = written(u64::MAX);
    let opened = reopened(directory.path()).unwrap();
    let later = store::Header { format: 7, ..kept(&opened).header.clone() };
    kept(&opened).store.write_header(&later).unwrap();
    drop(opened);
    let error = reopened(directory.path()).unwrap_err().to_string();
    assert!(error.contains("has format 7, this server reads 1"), "{error}");
}

/// How commands are written is a format: what was written by an earlier server has to be read by a later one. Where this
/// has to change, so has `FORMAT`.
#[test]
fn commands_are_written_as_they_always_were() {
    fn written<O: Operation>(operation: &O) -> String {
        String::from_utf8(record::line(1, Timestamp::EPOCH, AsCommand(operation))).unwrap()
    }
    let mut quirks: Quirks = [Quirk::SenderForged].into_iter().collect();
    quirks.add(Quirk::MessageLost, Rate::new(0.25).unwrap());
    let post = PostMessage {
        caller: uid(2),
        session: "3".to_owned(),
        sender: uid(2),
        content: r#"{"text":"hi"}"#.to_owned(),
        kind: MessageType::Text,
        idempotency_key: None,
    };
    let lines = [
        written(&post),
        written(&ExpireTokens { user: None }),
        written(&IssueToken { user: uid(2), token: "t".to_owned(), life: Duration::from_millis(1_500) }),
        written(&SetQuirks { quirks: quirks.seeded(9) }),
    ]
    .concat();
    let golden = concat!(
        r#"{"app":1,"at":"1970-01-01T00:00:00.000Z","command":{"PostMessage":{"caller":"2","session":"3","sender":"2","#,
        r#""content":"{\"text\":\"hi\"}","kind":"text","idempotency_key":null}}}"#,
        "\n",
        r#"{"app":1,"at":"1970-01-01T00:00:00.000Z","command":{"ExpireTokens":{"user":null}}}"#,
        "\n",
        r#"{"app":1,"at":"1970-01-01T00:00:00.000Z","command":{"IssueToken":{"user":"2","token":"t","#,
        r#""life":{"secs":1,"nanos":500000000}}}}"#,
        "\n",
        r#"{"app":1,"at":"1970-01-01T00:00:00.000Z","command":{"SetQuirks":{"quirks":{"seed":9,"quirks":["#,
        r#"{"name":"message-lost=0.25","asked":0},{"name":"sender-forged","asked":0}]}}}}"#,
        "\n",
    );
    assert_eq!(lines, golden);
    assert_eq!(record::records(golden.as_bytes()).filter(Result::is_ok).count(), 4);
}

#[test]
fn a_log_with_a_gap_or_with_another_past_is_refused() {
    for (first, lines, what) in [
        (50, "\n", "the commands from 40 to 49 are missing"),
        (40, "nonsense\n", "command 40 cannot be read"),
        (
            40,
            r#"{"app":0,"at":0,"command":{"MarkRead":{"caller":"1","session":"9"}}}"#,
            "command 40 was accepted once and is now refused",
        ),
        (40, r#"{"app":2,"at":0,"command":{"MarkRead":{"caller":"1","session":"9"}}}"#, "is of no app"),
    ] {
        let (directory, _) = written(u64::MAX);
        let opened = reopened(directory.path()).unwrap();
        kept(&opened).store.commit(&(first..first + 1), lines.as_bytes()).unwrap();
        drop(opened);
        let error = reopened(directory.path()).unwrap_err();
        assert!(matches!(error, DataError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("journal.redb"), "a letter to somebody").unwrap();
    let error = reopened(directory.path()).unwrap_err();
    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
    let error =
        open(&directory.path().join("journal.redb"), &keys(), u64::MAX, Progress::Hidden).unwrap_err();
    assert!(matches!(error, DataError::Directory { .. }), "{error}");
}

#[test]
fn what_was_left_of_a_first_start_is_no_hindrance() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("journal.new"), "half of a store").unwrap();
    assert_eq!(kept(&reopened(directory.path()).unwrap()).last, 0);
}

/// A file that was cut or changed is refused, or read as it was after one of its commands: never as anything else, and
/// without a panic.
#[test]
fn a_damaged_file_is_refused_or_read_as_it_once_was() {
    for snapshot_from in [2_000, u64::MAX] {
        let (directory, past) = written(snapshot_from);
        let whole = std::fs::read(directory.path().join("journal.redb")).unwrap();
        let cut = (0..whole.len()).step_by(whole.len() / 12 + 1).map(|length| whole[..length].to_vec());
        let changed = (0..whole.len()).step_by(whole.len() / 30 + 1).map(|place| {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x41;
            bytes
        });
        let mut refused = 0;
        for bytes in cut.chain(changed) {
            let damaged = TempDir::new().unwrap();
            std::fs::write(damaged.path().join("journal.redb"), bytes).unwrap();
            match reopened(damaged.path()) {
                Ok(opened) => {
                    let last = usize::try_from(kept(&opened).last).unwrap();
                    assert_eq!(states(&opened), past[last]);
                }
                Err(error) => {
                    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 5, "{refused}");
    }
}
