//! A session's members beside the server's list of them, and beside a push server that is told of them: whatever of the
//! two clocks moved, and however far behind the push server is, it ends with those who are in.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::Members;
use crate::machines;
use crate::protocol::entity::{Role, Status};
use crate::protocol::push::ImMember;
use crate::protocol::{SessionMember, Timestamp};

const USERS: usize = 6;

#[derive(Clone, Debug)]
enum Step {
    /// A user comes in or goes: both clocks move.
    Toggle(usize),
    /// An entry changes otherwise: one clock moves.
    Rename(usize),
    /// One page from the watermark on.
    Page(usize),
    /// An answer that came before comes again.
    Again(usize),
    /// What is held is stored, and read back.
    Restart,
    /// The push server forgets the session.
    Forget,
    /// The client syncs all there is, and tells the push server what that asks for; or everything at once.
    Tell { force: bool },
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    user: usize,
    gone: bool,
    joined: i64,
    changed: i64,
}

/// The server's list, and all that the client was given of it.
#[derive(Clone, Debug, Default)]
struct World {
    stamp: i64,
    list: Vec<Entry>,
    answers: Vec<Vec<Entry>>,
    received: Vec<Entry>,
    watermark: i64,
}

impl World {
    fn stamp(&mut self) -> i64 {
        self.stamp += 1;
        self.stamp
    }

    fn page(&self, since: i64, limit: usize) -> Vec<Entry> {
        let mut page: Vec<Entry> = self.list.iter().filter(|entry| entry.changed > since).cloned().collect();
        page.sort_by_key(|entry| entry.changed);
        page.truncate(limit);
        page
    }

    fn receive(&mut self, page: &[Entry]) {
        self.watermark = page.iter().map(|entry| entry.changed).fold(self.watermark, i64::max);
        self.received.extend_from_slice(page);
    }

    /// The newest of each user that was received, in the order in which users were first heard of.
    fn known(&self) -> Vec<Entry> {
        let mut known: Vec<Entry> = Vec::new();
        for entry in &self.received {
            match known.iter_mut().find(|held| held.user == entry.user) {
                Some(held) if held.changed < entry.changed => *held = entry.clone(),
                Some(_) => {}
                None => known.push(entry.clone()),
            }
        }
        known
    }

    /// Rule `MTS-DEFINITION`.
    fn mts(&self) -> i64 {
        self.known().iter().map(|entry| entry.joined).max().unwrap_or(0)
    }
}

impl ReferenceStateMachine for World {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        prop_oneof![
            6 => (0..USERS).prop_map(Step::Toggle),
            3 => (0..USERS).prop_map(Step::Rename),
            4 => (1..4_usize).prop_map(Step::Page),
            2 => (0..12_usize).prop_map(Step::Again),
            1 => Just(Step::Restart),
            1 => Just(Step::Forget),
            3 => prop::bool::weighted(0.2).prop_map(|force| Step::Tell { force }),
        ]
        .boxed()
    }

    fn preconditions(world: &Self, step: &Step) -> bool {
        match *step {
            Step::Rename(user) => world.list.iter().any(|entry| entry.user == user),
            Step::Again(n) => n < world.answers.len(),
            _ => true,
        }
    }

    fn apply(mut world: Self, step: &Step) -> Self {
        match *step {
            Step::Toggle(user) => {
                let stamp = world.stamp();
                match world.list.iter_mut().find(|entry| entry.user == user) {
                    Some(entry) => (entry.gone, entry.joined, entry.changed) = (!entry.gone, stamp, stamp),
                    None => world.list.push(Entry { user, gone: false, joined: stamp, changed: stamp }),
                }
            }
            Step::Rename(user) => {
                let stamp = world.stamp();
                world
                    .list
                    .iter_mut()
                    .filter(|entry| entry.user == user)
                    .for_each(|entry| entry.changed = stamp);
            }
            Step::Page(limit) => {
                let page = world.page(world.watermark, limit);
                world.receive(&page);
                world.answers.push(page);
            }
            Step::Again(n) => {
                let page = world.answers[n].clone();
                world.receive(&page);
            }
            Step::Tell { .. } => {
                let all = world.page(world.watermark, usize::MAX);
                world.receive(&all);
            }
            Step::Restart | Step::Forget => {}
        }
        world
    }
}

/// The client, and a push server as part 14 of the protocol has it.
#[derive(Debug, Default)]
struct Client {
    members: Members,
    push: Option<(i64, BTreeSet<String>)>,
    answers: Vec<Vec<Entry>>,
}

fn at(stamp: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::MIN.as_millis() + stamp)
}

fn member(entry: &Entry) -> SessionMember {
    SessionMember {
        id: entry.user.to_string().as_str().into(),
        user_id: entry.user.to_string().as_str().into(),
        name: entry.changed.to_string(),
        pinyin: Vec::new(),
        role: Role::User,
        status: Status::Active,
        avatar_url: String::new(),
        last_read_time: None,
        is_delete: entry.gone,
        created_at: at(entry.joined),
        updated_at: at(entry.changed),
    }
}

impl Client {
    fn merge(&mut self, page: &[Entry]) {
        let before: BTreeMap<_, _> =
            self.members.iter_all().map(|held| (held.user_id.clone(), held.updated_at)).collect();
        let page: Vec<SessionMember> = page.iter().map(member).collect();
        let is_new = |entry: &&SessionMember| {
            before.get(&entry.user_id).is_none_or(|updated_at| *updated_at < entry.updated_at)
        };
        let new = page.iter().filter(is_new).count();
        assert_eq!(self.members.merge_page(page), new);
    }

    /// Rules `MTS-UPDATE-CREATES`, `MTS-UPDATE-APPLIES`, `MTS-UPDATE-TAKES-MTS`, `MTS-FORCE`.
    fn update(&mut self, members: Vec<ImMember>, force: bool) {
        let mts = self.members.mts().as_millis() - Timestamp::MIN.as_millis();
        let (known, users) = self.push.get_or_insert_default();
        assert!(force || mts >= *known);
        *known = mts;
        if force {
            users.clear();
        }
        for ImMember { uid, is_del } in members {
            if is_del {
                users.remove(uid.as_str());
            } else {
                users.insert(uid.to_string());
            }
        }
    }
}

impl StateMachineTest for Client {
    type SystemUnderTest = Self;
    type Reference = World;

    fn init_test(_: &World) -> Self {
        Self::default()
    }

    fn apply(mut client: Self, world: &World, step: Step) -> Self {
        let since = client.members.watermark().as_millis() - Timestamp::MIN.as_millis();
        match step {
            Step::Toggle(_) | Step::Rename(_) => {}
            Step::Page(limit) => {
                let page = world.page(since, limit);
                client.merge(&page);
                client.answers.push(page);
            }
            Step::Again(n) => {
                let page = client.answers[n].clone();
                client.merge(&page);
            }
            Step::Restart => {
                let entries = client.members.iter_all().cloned().collect();
                client.members = Members::restored(client.members.watermark(), entries);
            }
            Step::Forget => client.push = None,
            Step::Tell { force } => {
                client.merge(&world.page(since, usize::MAX));
                // Rules `CLIENT-RECOVER-27-FORCE`, `CLIENT-RECOVER-26`, `CLIENT-RECOVER-28`.
                let members = match &client.push {
                    _ if force => client.members.all(),
                    None => client.members.present(),
                    Some((mts, _)) => client.members.changed_since(at(*mts)),
                };
                client.update(members, force);
                let (mts, users) = client.push.clone().unwrap();
                let server = world.list.iter();
                assert_eq!(mts, server.clone().map(|entry| entry.joined).max().unwrap_or(0));
                let present: BTreeSet<String> =
                    server.filter(|entry| !entry.gone).map(|entry| entry.user.to_string()).collect();
                assert_eq!(users, present, "whoever is in is pushed to, and nobody else");
            }
        }
        client
    }

    fn check_invariants(client: &Self, world: &World) {
        let members = &client.members;
        assert_eq!(members.watermark(), at(world.watermark), "SYNC-WATERMARK");
        assert_eq!(members.mts(), at(world.mts()), "MTS-DEFINITION");
        let known: Vec<SessionMember> = world.known().iter().map(member).collect();
        assert_eq!(members.iter_all().cloned().collect::<Vec<_>>(), known);
        let present: Vec<&SessionMember> = known.iter().filter(|member| !member.is_delete).collect();
        assert_eq!(members.iter().collect::<Vec<_>>(), present);
        for held in &known {
            assert_eq!(members.get(&held.user_id), Some(held).filter(|held| !held.is_delete));
        }
    }
}

#[test]
fn a_push_server_is_told_who_is_in_however_far_behind_it_is() {
    machines::run::<Client>(500, 40);
}
