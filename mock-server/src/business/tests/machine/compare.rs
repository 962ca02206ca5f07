//! Every read of the state beside what the reference holds.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use y2w_sdk::protocol::{Contact, Message as Stored, SessionMember, UserConversation, UserSession};

use super::world::{Change, Kind, Member, Message, Own, Session, Shown, Title, Version, World};
use super::*;

/// Which stamp each change was given.
#[derive(Default)]
struct Stamps(BTreeMap<Change, Timestamp>);

impl Stamps {
    fn see(&mut self, change: Change, stamp: Timestamp) {
        let known = self.0.insert(change, stamp);
        assert!(known.is_none_or(|known| known == stamp), "one change, {known:?} and {stamp:?}");
    }

    /// Rules `SYNC-STAMP-STRICT`, `SYNC-LOSSLESS`: stamps are in the order of the changes, and none is before its time.
    fn check(&self, world: &World) {
        let mut last = Timestamp::EPOCH;
        for (change, stamp) in &self.0 {
            let time = world.made_at[usize::try_from(change - 1).unwrap()];
            assert!(*stamp > last && *stamp >= at(time), "{:?}", self.0);
            last = *stamp;
        }
    }
}

/// What is compared of one list.
struct List<'a, T, E> {
    /// A page of it.
    read: &'a dyn Fn(Range) -> Page<T>,
    /// All that is in it.
    expected: Vec<&'a E>,
    changed: fn(&E) -> Change,
    stamp: fn(&T) -> Timestamp,
    same: &'a dyn Fn(&T, &E, &mut Stamps),
}

impl<T: Debug, E> List<'_, T, E> {
    /// Rules `SYNC-ORDER`, `SYNC-SINCE`, `SYNC-PAGE-PREFIX`, `SYNC-TOMBSTONE`, `API-LIST`, `API-LIST-OFFSET`: what is given
    /// since any stamp is the part of the whole that has a later one.
    fn check(mut self, stamps: &mut Stamps, world: &World, thorough: bool) {
        self.expected.sort_by_key(|entry| (self.changed)(entry));
        let all = (self.read)(ALL).entries;
        assert_eq!(all.len(), self.expected.len(), "{all:?}");
        for (entry, expected) in all.iter().zip(&self.expected) {
            (self.same)(entry, expected, stamps);
            stamps.see((self.changed)(expected), (self.stamp)(entry));
        }
        let sinces = all.iter().map(|entry| (self.stamp)(entry)).enumerate();
        // Not each of them each time.
        let sinces =
            sinces.filter(|(n, _)| thorough || n % 5 == world.made_at.len() % 5).map(|(_, since)| since);
        for since in sinces.chain([Timestamp::EPOCH]) {
            let later: Vec<&Arc<T>> = all.iter().filter(|entry| (self.stamp)(entry) > since).collect();
            for (offset, limit) in [(0, usize::MAX), (0, 2), (1, 1), (later.len(), 5)] {
                let page = (self.read)(Range { since, offset, limit });
                assert_eq!(page.total, later.len() as u64);
                let part: Vec<&Arc<T>> = later.iter().copied().skip(offset).take(limit).collect();
                assert_eq!(page.entries.len(), part.len());
                assert!(page.entries.iter().zip(part).all(|(given, entry)| Arc::ptr_eq(given, entry)));
            }
        }
    }
}

pub(super) fn all(server: &Server, world: &World, thorough: bool) {
    let mut stamps = Stamps::default();
    assert_eq!(server.state.counts().users, world.users.len() as u64);
    for (n, user) in world.users.iter().enumerate() {
        let known = server.state.user(server.user(n).as_str()).unwrap();
        assert_eq!((&known.name, &known.email), (&user.name, &format!("e{}", user.email)));
        stamps.see(user.made, known.created_at.unwrap());
        stamps.see(user.changed, known.updated_at.unwrap());
        assert_eq!(
            server.state.search_user(&known.email).entries,
            std::slice::from_ref(known),
            "USER-SEARCH"
        );
    }
    stamps.check(world);
    for owner in 0..world.users.len() {
        own_lists(server, world, owner, thorough);
    }
    for n in 0..world.sessions.len() {
        room(server, world, n, thorough);
    }
}

fn own_lists(server: &Server, world: &World, owner: usize, thorough: bool) {
    let user = server.user(owner);
    let (contacts, favourites, conversations) =
        (&mut Stamps::default(), &mut Stamps::default(), &mut Stamps::default());
    List {
        read: &|range| server.state.contacts(&user, user.as_str(), range).unwrap(),
        expected: world.contacts.iter().filter(|own| own.owner == owner).collect(),
        changed: |own: &Own<Title>| own.changed,
        stamp: |entry: &Contact| entry.updated_at.unwrap(),
        same: &|entry, own, stamps| {
            let shown = (&entry.user_id, &entry.name, &entry.title, entry.is_delete);
            assert_eq!(shown, (&server.user(own.key), &own.name, &own.more, own.gone));
            stamps.see(own.made, entry.created_at.unwrap());
        },
    }
    .check(contacts, world, thorough);
    List {
        read: &|range| server.state.favourites(&user, user.as_str(), range).unwrap(),
        expected: world.favourites.iter().filter(|own| own.owner == owner).collect(),
        changed: |own: &Own<()>| own.changed,
        stamp: |entry: &UserSession| entry.updated_at.unwrap(),
        same: &|entry, own, stamps| {
            let shown = (entry.session_id.as_str(), &entry.name, entry.is_delete);
            assert_eq!(shown, (server.session(own.key).as_str(), &own.name, own.gone));
            stamps.see(own.made, entry.created_at.unwrap());
        },
    }
    .check(favourites, world, thorough);
    List {
        read: &|range| server.state.conversations(&user, user.as_str(), range).unwrap(),
        expected: world.conversations.iter().filter(|own| own.owner == owner).collect(),
        changed: |own: &Own<Shown>| own.changed,
        stamp: |entry: &UserConversation| entry.updated_at,
        same: &|entry, own, stamps| {
            same_conversation(server, world, entry, own);
            stamps.see(own.made, entry.created_at.unwrap());
        },
    }
    .check(conversations, world, thorough);
    for stamps in [contacts, favourites, conversations] {
        stamps.check(world);
    }
    let stranger = server.user((owner + 1) % world.users.len());
    assert!(server.state.contacts(&stranger, user.as_str(), ALL).is_err(), "CONTACT-OWNER");
    assert!(server.state.favourites(&stranger, user.as_str(), ALL).is_err(), "FAV-OWNER");
    assert!(server.state.conversations(&stranger, user.as_str(), ALL).is_err(), "CONV-OWNER");
}

/// Rules `CONV-FIELDS`, `CONV-TARGET`, `CONV-LAST-MESSAGE`, `CONV-UNREAD`.
fn same_conversation(server: &Server, world: &World, entry: &UserConversation, own: &Own<Shown>) {
    let session = &world.sessions[own.key];
    let other = session.members.iter().find(|member| member.user != own.owner);
    let target = match (session.kind, other) {
        (Kind::P2p, Some(other)) => server.user(other.user).to_string(),
        _ => server.session(own.key),
    };
    assert_eq!((&entry.target_id, &entry.kind), (&target, &kind(session)));
    let shown = (&entry.name, entry.top, entry.unread, entry.is_delete);
    assert_eq!(shown, (&own.name, own.more.top, own.more.unread, own.gone));
    assert_eq!(entry.visiable, !own.gone);
    let last = entry.last_message.as_ref().unwrap();
    let (sender, content) = &own.more.last;
    assert_eq!(last.sender, server.user(*sender));
    assert_eq!(last.kind == MessageType::System, content.is_none());
    assert!(content.as_ref().is_none_or(|content| *content == last.content), "{last:?}, not {content:?}");
}

fn kind(session: &Session) -> SessionType {
    match session.kind {
        Kind::Group => SessionType::Group,
        Kind::P2p => SessionType::P2p,
        Kind::Single => SessionType::Single,
    }
}

fn room(server: &Server, world: &World, n: usize, thorough: bool) {
    let (session, id) = (&world.sessions[n], server.session(n));
    // A session, its members and its messages share one order.
    let stamps = &mut Stamps::default();
    let known = server.state.sessions.room(&id).unwrap();
    let fields = (&known.session.name, known.session.name_changed, &known.session.kind);
    assert_eq!(fields, (&session.name, session.name_changed, &kind(session)));
    stamps.see(session.made, known.session.created_at.unwrap());
    stamps.see(session.changed, known.session.updated_at.unwrap());
    List {
        read: &|range| known.members.page(range),
        expected: session.members.iter().collect(),
        changed: |member: &Member| member.changed,
        stamp: |entry: &SessionMember| entry.updated_at,
        same: &|entry, member, stamps| {
            assert_eq!((&entry.user_id, &entry.name), (&server.user(member.user), &member.name));
            let state = (&entry.role, &entry.status, entry.is_delete);
            assert_eq!(state, (&member.role, &member.status, member.gone));
            stamps.see(member.joined, entry.created_at);
        },
    }
    .check(stamps, world, thorough);
    List {
        read: &|range| known.messages.page(range),
        expected: session.messages.iter().collect(),
        changed: |message: &Message| message.now().at,
        stamp: |entry: &Stored| entry.updated_at,
        same: &|entry, message, stamps| same_message(server, entry, message, message.now(), stamps),
    }
    .check(stamps, world, thorough);
    for reader in 0..USERS {
        reads(server, world, n, reader, stamps, thorough);
    }
    stamps.check(world);
}

/// What is said of a withdrawn message's content is left open.
fn same_message(server: &Server, entry: &Stored, message: &Message, version: &Version, stamps: &mut Stamps) {
    assert_eq!((&entry.sender, entry.is_delete), (&server.user(message.sender), version.gone));
    assert_eq!(entry.kind == MessageType::System, version.content.is_none());
    let content = version.content.as_ref().filter(|_| !version.gone);
    assert!(content.is_none_or(|content| *content == entry.content), "{entry:?}");
    stamps.see(message.versions[0].at, entry.created_at);
    stamps.see(version.at, entry.updated_at);
}

/// Who may read what. Rules `MEMBER-LIST-PRIVATE`, `MSG-MEMBERS-ONLY`, `HIST-OUTSIDER`, `HIST-REMOVED`, `HIST-BOUNDARY`,
/// `HIST-PAGE`, `MSG-SESSION-UPDATED-AT`.
fn reads(server: &Server, world: &World, n: usize, reader: usize, stamps: &mut Stamps, thorough: bool) {
    let (session, id, user) = (&world.sessions[n], server.session(n), server.user(reader));
    let (state, knows) = (&server.state, session.is_known_to(reader));
    assert_eq!(state.session(&user, &id).is_ok(), knows);
    assert_eq!(state.members(&user, &id, ALL).is_ok(), knows);
    let messages = state.messages(&user, &id, ALL);
    assert_eq!(messages.is_ok(), session.is_active(reader));
    if let Ok(messages) = messages {
        assert_eq!(messages.page.entries.len(), session.messages.len());
        stamps.see(session.changed, messages.session_updated_at.unwrap());
    }
    let ever = Timestamp::from_millis(i64::MAX);
    let (history, expected) = (state.history(&user, &id, ever, usize::MAX), session.history(reader));
    assert_eq!(history.is_ok(), expected.is_some());
    let (Ok(history), Some(expected)) = (history, expected) else { return };
    assert_eq!(history.len(), expected.len());
    for (entry, (message, version)) in history.iter().zip(expected) {
        same_message(server, entry, message, version, stamps);
    }
    for (n, entry) in history.iter().enumerate().filter(|(n, _)| thorough || *n == world.made_at.len() % 5) {
        let page = state.history(&user, &id, entry.created_at, 2).unwrap();
        let part = &history[n..history.len().min(n + 2)];
        assert_eq!(page, part);
    }
}
