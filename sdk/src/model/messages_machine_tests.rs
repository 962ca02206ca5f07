//! A client's messages of one session beside the server's log of them: syncs in pages of any size, answers that come
//! again, messages of the client's own whose answers come late, history, and restarts.
//!
//! The reference holds what was received, and finds by sorting all of it what is to be held: the newest ones, each in
//! its newest version.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::super::{Next, Paging};
use super::{LocalStatus, Merged, Messages};
use crate::machines;
use crate::protocol::{Message, MessageId, MessageType, Timestamp};

#[derive(Clone, Debug)]
enum Step {
    /// Somebody else stores a message, changes or withdraws one.
    Post,
    Edit(usize),
    Withdraw(usize),
    /// The client hands one in.
    Send,
    /// The server stores the message of that number.
    Store(u64),
    /// The client learns of it.
    Answer(u64),
    Fail(u64),
    Retry(u64),
    Discard(u64),
    /// One page from the watermark on.
    Page(usize),
    /// Page after page, until nothing new comes.
    Sync(usize),
    /// An answer that came before comes again.
    Again(usize),
    History(usize),
    /// The client goes on from its local store, which has no messages that are on their way.
    Restart,
}

/// The server's log: a message is a number, and the stamps at which it was stored and changed, and whether it is gone.
#[derive(Clone, Debug, PartialEq)]
struct Logged {
    created: i64,
    updated: i64,
    gone: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Local {
    id: u64,
    status: LocalStatus,
    /// As what the server has stored it, and whether the client knows.
    stored: Option<usize>,
    known: bool,
}

#[derive(Clone, Debug, Default)]
struct World {
    stamp: i64,
    log: Vec<Logged>,
    /// The newest version of each message that was received, unless it was forgotten with the client.
    received: BTreeMap<usize, Logged>,
    /// How many are held.
    keep: usize,
    watermark: i64,
    locals: Vec<Local>,
    sent: u64,
    answers: Vec<Vec<(usize, Logged)>>,
    /// What the last step has merged.
    merged: Vec<(usize, Logged)>,
    before: BTreeMap<usize, Logged>,
}

const KEEP: usize = 4;

impl World {
    fn stamp(&mut self) -> i64 {
        self.stamp += 1;
        self.stamp
    }

    fn store(&mut self) -> usize {
        let stamp = self.stamp();
        self.log.push(Logged { created: stamp, updated: stamp, gone: false });
        self.log.len() - 1
    }

    /// Rules `SYNC-SINCE`, `SYNC-ORDER`, `SYNC-PAGE-PREFIX`.
    fn page(&self, since: i64, limit: usize) -> Vec<(usize, Logged)> {
        let all = self.log.iter().cloned().enumerate();
        let mut page: Vec<_> = all.filter(|(_, logged)| logged.updated > since).collect();
        page.sort_by_key(|(_, logged)| logged.updated);
        page.truncate(limit);
        page
    }

    /// Rules `HIST-ORDER`, `HIST-BOUNDARY`, `HIST-PAGE`.
    fn history(&self, until: i64, limit: usize) -> Vec<(usize, Logged)> {
        let all = self.log.iter().cloned().enumerate().rev();
        all.filter(|(_, logged)| logged.created <= until).take(limit).collect()
    }

    /// The newest of all that were received, oldest first.
    fn held(&self) -> BTreeMap<usize, Logged> {
        let newest = self.received.iter().rev().take(self.keep);
        newest.map(|(n, logged)| (*n, logged.clone())).collect()
    }

    fn earliest(&self) -> i64 {
        self.held().values().next().map_or(i64::MAX, |logged| logged.created)
    }

    /// Rules `CLIENT-MERGE-ONCE`, `CLIENT-MERGE-KEEP`.
    fn receive(&mut self, page: &[(usize, Logged)]) {
        for (n, logged) in page {
            let known = self.received.entry(*n).or_insert_with(|| logged.clone());
            if logged.updated > known.updated {
                *known = logged.clone();
            }
            self.locals.retain(|local| !(local.known && local.stored == Some(*n)));
        }
        self.merged.extend_from_slice(page);
    }

    fn sync(&mut self, limit: usize) -> bool {
        let page = self.page(self.watermark, limit);
        self.watermark = page.iter().map(|(_, logged)| logged.updated).fold(self.watermark, i64::max);
        self.receive(&page);
        self.answers.push(page.clone());
        self.settle();
        !page.is_empty()
    }

    fn look_back(&mut self, limit: usize) {
        let before = self.held().len();
        let page = self.history(self.earliest(), limit);
        let (short, all) = (page.len() < limit, self.held());
        let new = page.iter().filter(|(n, _)| !all.contains_key(n)).count();
        self.keep = self.keep.max(before + new);
        self.receive(&page);
        // A page of nothing but the boundary is asked for again, as large as can be.
        if !short && new == 0 {
            self.look_back(1_000);
        }
    }

    /// Only so many that have been stored or given up are shown beside the synced ones.
    fn settle(&mut self) {
        let settled = |local: &Local| local.status != LocalStatus::Storing;
        while self.locals.iter().filter(|local| settled(local)).count() > self.keep {
            let oldest = self.locals.iter().position(settled).unwrap();
            self.locals.remove(oldest);
        }
    }

    fn local(&mut self, id: u64) -> Option<&mut Local> {
        self.locals.iter_mut().find(|local| local.id == id)
    }

    fn of(&self, fitting: impl Fn(&Local) -> bool) -> Vec<u64> {
        self.locals.iter().filter(|local| fitting(local)).map(|local| local.id).collect()
    }
}

impl ReferenceStateMachine for World {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { keep: KEEP, ..Self::default() }).boxed()
    }

    fn transitions(world: &Self) -> BoxedStrategy<Step> {
        let storing = |local: &Local| local.status == LocalStatus::Storing;
        let on_their_way = world.of(|local| storing(local) && local.stored.is_none());
        let unanswered = world.of(|local| storing(local) && local.stored.is_some());
        let failed = world.of(|local| local.status == LocalStatus::StoreFailed);
        let some = |weight: u32, of: Vec<u64>, step: fn(u64) -> Step| {
            let weight = if of.is_empty() { 0 } else { weight };
            (weight, prop::sample::select(if of.is_empty() { vec![0] } else { of }).prop_map(step).boxed())
        };
        let logged = 0..world.log.len().max(1);
        let mut all = vec![
            (4, Just(Step::Post).boxed()),
            (3, logged.clone().prop_map(Step::Edit).boxed()),
            (1, logged.prop_map(Step::Withdraw).boxed()),
            (2, Just(Step::Send).boxed()),
            some(3, on_their_way.clone(), Step::Store),
            some(1, on_their_way, Step::Fail),
            some(3, unanswered, Step::Answer),
            some(1, failed.clone(), Step::Retry),
            some(1, failed, Step::Discard),
            (4, (1..4_usize).prop_map(Step::Page).boxed()),
            (2, (1..4_usize).prop_map(Step::Sync).boxed()),
            (2, (0..20_usize).prop_map(Step::Again).boxed()),
            (2, (1..5_usize).prop_map(Step::History).boxed()),
            (1, Just(Step::Restart).boxed()),
        ];
        all.retain(|(weight, _)| *weight > 0);
        prop::strategy::Union::new_weighted(all).boxed()
    }

    fn preconditions(world: &Self, step: &Step) -> bool {
        let local = |id: u64| world.locals.iter().find(|local| local.id == id);
        let storing = |id: u64, stored: bool| {
            local(id)
                .is_some_and(|local| local.status == LocalStatus::Storing && local.stored.is_some() == stored)
        };
        let failed = |id: u64| local(id).is_some_and(|local| local.status == LocalStatus::StoreFailed);
        match *step {
            Step::Edit(n) | Step::Withdraw(n) => n < world.log.len(),
            Step::Store(id) | Step::Fail(id) => storing(id, false),
            Step::Answer(id) => storing(id, true),
            Step::Retry(id) | Step::Discard(id) => failed(id),
            Step::Again(n) => n < world.answers.len(),
            _ => true,
        }
    }

    fn apply(mut world: Self, step: &Step) -> Self {
        world.merged.clear();
        world.before = world.held();
        match *step {
            Step::Post => drop(world.store()),
            Step::Edit(n) => world.log[n].updated = world.stamp(),
            Step::Withdraw(n) => {
                let updated = world.stamp();
                world.log[n] = Logged { updated, gone: true, ..world.log[n].clone() };
            }
            Step::Send => {
                let (id, status) = (world.sent, LocalStatus::Storing);
                world.locals.push(Local { id, status, stored: None, known: false });
                world.sent += 1;
            }
            Step::Store(id) => {
                let stored = world.store();
                world.local(id).unwrap().stored = Some(stored);
            }
            Step::Answer(id) => {
                let held = world.held();
                let local = world.local(id).unwrap();
                (local.status, local.known) = (LocalStatus::Stored, true);
                if held.contains_key(&local.stored.unwrap()) {
                    world.locals.retain(|local| local.id != id);
                }
                world.settle();
            }
            Step::Fail(id) => world.local(id).unwrap().status = LocalStatus::StoreFailed,
            Step::Retry(id) => world.local(id).unwrap().status = LocalStatus::Storing,
            Step::Discard(id) => world.locals.retain(|local| local.id != id),
            Step::Page(limit) => drop(world.sync(limit)),
            Step::Sync(limit) => while world.sync(limit) {},
            Step::Again(n) => {
                let page = world.answers[n].clone();
                world.watermark =
                    page.iter().map(|(_, logged)| logged.updated).fold(world.watermark, i64::max);
                world.receive(&page);
                world.settle();
            }
            Step::History(limit) => world.look_back(limit),
            Step::Restart => {
                world.received = world.held();
                world.keep = KEEP;
                world.locals.clear();
                // What was asked for before is not waited for any more.
                world.answers.clear();
            }
        }
        world
    }
}

struct Client {
    messages: Messages,
    answers: Vec<Vec<(usize, Logged)>>,
    sent: u64,
    ids: BTreeMap<u64, MessageId>,
}

fn at(stamp: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::MIN.as_millis() + stamp)
}

fn id(n: usize) -> MessageId {
    n.to_string().as_str().into()
}

fn message((n, logged): &(usize, Logged)) -> Message {
    Message {
        id: id(*n),
        sender: "1".into(),
        kind: MessageType::Text,
        content: format!("at {}", logged.updated),
        is_delete: logged.gone,
        created_at: at(logged.created),
        updated_at: at(logged.updated),
    }
}

fn messages(page: &[(usize, Logged)]) -> Vec<Message> {
    page.iter().map(message).collect()
}

impl Client {
    /// As the driver does it: page after page, until one brings nothing new.
    fn sync(&mut self, world: &World, limit: usize, pages: usize) {
        let mut paging = Paging::default();
        for _ in 0..pages {
            let since = self.messages.watermark().as_millis() - Timestamp::MIN.as_millis();
            let page = world.page(since, limit);
            self.answers.push(page.clone());
            let watermark = self.messages.watermark();
            let new = self.messages.merge_page(messages(&page), None).new_entries();
            let moved = self.messages.watermark() > watermark;
            match paging.page(page.len(), new.max(usize::from(moved))) {
                Next::Done => return,
                Next::Ask { .. } => {}
                Next::MoveOn => panic!("no two messages of this server share a stamp"),
            }
        }
    }

    fn look_back(&mut self, world: &World, mut limit: usize) -> Merged {
        let watermark = self.messages.watermark();
        loop {
            let until = self.messages.top_date().as_millis() - Timestamp::MIN.as_millis();
            let page = world.history(until, limit);
            let (merged, next) = self.messages.merge_history(messages(&page), limit);
            assert_eq!(self.messages.watermark(), watermark, "CLIENT-HISTORY-NO-WATERMARK");
            match next {
                Next::Ask { limit: larger } => limit = larger,
                Next::Done => return merged,
                Next::MoveOn => panic!("no two messages of this server share a stamp"),
            }
        }
    }

    /// What is told to be new was not there, what is told to be changed was; and nothing newer than all is left out.
    fn check_merged(merged: &Merged, world: &World) {
        let newest = world.before.values().next_back().map_or(0, |logged| logged.created);
        for (n, logged) in &world.merged {
            let added = merged.added.iter().filter(|message| message.id == id(*n)).count();
            let changed = merged.changed.iter().any(|message| message.id == id(*n));
            match world.before.get(n) {
                Some(before) => assert_eq!((added, changed), (0, logged.updated > before.updated)),
                None if logged.created > newest => assert_eq!(added, 1),
                None => assert!(added <= 1),
            }
        }
        assert!(merged.new_entries() <= world.merged.len());
    }
}

impl StateMachineTest for Client {
    type SystemUnderTest = Self;
    type Reference = World;

    fn init_test(_: &World) -> Self {
        Self { messages: Messages::keeping(KEEP), answers: Vec::new(), sent: 0, ids: BTreeMap::new() }
    }

    fn apply(mut client: Self, world: &World, step: Step) -> Self {
        match step {
            Step::Post | Step::Edit(_) | Step::Withdraw(_) => {}
            Step::Send => {
                client.messages.add_local(client.sent, MessageType::Text, "{}".into(), Timestamp::MIN);
                client.sent += 1;
            }
            // The newest of the log; the client does not know yet.
            Step::Store(local) => drop(client.ids.insert(local, id(world.log.len() - 1))),
            Step::Answer(local) => client.messages.local_stored(local, &client.ids[&local]),
            Step::Fail(local) => client.messages.local_failed(local),
            Step::Retry(local) => client.messages.local_storing(local, None),
            Step::Discard(local) => client.messages.discard_local(local),
            Step::Page(limit) => {
                let watermark = client.messages.watermark().as_millis() - Timestamp::MIN.as_millis();
                let page = world.page(watermark, limit);
                client.answers.push(page.clone());
                Self::check_merged(&client.messages.merge_page(messages(&page), None), world);
            }
            Step::Sync(limit) => client.sync(world, limit, usize::MAX),
            Step::Again(n) => {
                let page = messages(&client.answers[n]);
                Self::check_merged(&client.messages.merge_page(page, None), world);
            }
            Step::History(limit) => {
                let before = client.messages.len();
                let merged = client.look_back(world, limit);
                assert!(merged.added.len() <= client.messages.len() - before);
            }
            Step::Restart => {
                client.messages = Messages::from_data(client.messages.to_data(), KEEP);
                client.answers.clear();
            }
        }
        client
    }

    fn check_invariants(client: &Self, world: &World) {
        let known = &client.messages;
        assert_eq!(known.watermark(), at(world.watermark), "SYNC-WATERMARK");
        let held = world.held();
        let should: Vec<Message> = held.iter().map(|(n, logged)| message(&(*n, logged.clone()))).collect();
        let shown: Vec<Message> = known.iter().map(|message| Message::clone(message)).collect();
        assert_eq!(shown, should, "the newest, each as it was told last, in their order");
        let top = held.values().next().map_or(Timestamp::MAX, |logged| at(logged.created));
        assert_eq!(known.top_date(), top, "CLIENT-HISTORY-TOP");
        // What the next sync brings does not need history.
        let mut log = world.log.iter().filter(|logged| logged.updated <= world.watermark);
        let older = log.any(|logged| logged.created < world.earliest());
        assert!(known.more() || !older, "CLIENT-HISTORY-END");
        let locals: Vec<_> = known.local().iter().map(|local| (local.local_id, local.status)).collect();
        let should: Vec<_> = world.locals.iter().map(|local| (local.id, local.status)).collect();
        assert_eq!(locals, should, "CLIENT-MERGE-ONCE, CLIENT-MERGE-KEEP");
    }

    /// In the end a client that syncs and looks back as far as it goes has all there is.
    fn teardown(mut client: Self, world: World) {
        client.sync(&world, 2, usize::MAX);
        for _ in 0..=world.log.len() {
            if client.messages.more() {
                client.look_back(&world, 2);
            }
        }
        let all: Vec<Message> =
            world.log.iter().cloned().enumerate().map(|logged| message(&logged)).collect();
        let shown: Vec<Message> = client.messages.iter().map(|message| Message::clone(message)).collect();
        assert_eq!(shown, all);
        assert!(!client.messages.more());
    }
}

#[test]
fn a_clients_messages_are_the_newest_of_what_it_was_told() {
    machines::run::<Client>(400, 60);
}
