//! What is known of a group from what its server has answered: who is in, as what, since when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use y2w_sdk::protocol::entity::Role;
use y2w_sdk::protocol::{MemberId, MessageId, SessionMember, Timestamp, UserId};

/// See the module's text. Nothing is known any more once it is unsure.
pub(super) struct Group {
    /// Its name at the beginning.
    pub(super) name: Arc<str>,
    /// Who made it.
    pub(super) creator: UserId,
    /// The latest time that an answer about the session itself had.
    pub(super) updated_at: Timestamp,
    members: BTreeMap<UserId, SessionMember>,
    users: BTreeMap<MemberId, UserId>,
    /// Members whose role may be another since: the master has left, and the server has said who it is now to none yet.
    unsure_of: BTreeSet<UserId>,
    /// When each message was stored, by the answer to who stored it.
    pub(super) stored: BTreeMap<MessageId, Timestamp>,
    /// Messages that were deleted.
    pub(super) deleted: BTreeSet<MessageId>,
    pub(super) under_way: UnderWay,
}

/// Changes that the server is at: what overlaps has no order that one knows.
#[derive(Default)]
pub(super) struct UnderWay {
    changes: u32,
    version: u64,
}

impl UnderWay {
    /// A change begins. Gives what to ask [`is_alone`](Self::is_alone) with at its end; none if it is not alone now.
    pub(super) fn begins(&mut self) -> Option<u64> {
        self.changes += 1;
        self.version += 1;
        (self.changes == 1).then_some(self.version)
    }

    /// Something that changes nothing begins.
    pub(super) fn looks(&self) -> Option<u64> {
        (self.changes == 0).then_some(self.version)
    }

    pub(super) fn ends(&mut self) {
        self.changes -= 1;
    }

    /// Whether no change has begun since.
    pub(super) fn is_alone(&self, since: Option<u64>) -> bool {
        since == Some(self.version)
    }
}

impl Group {
    pub(super) fn new(name: String, creator: UserId, updated_at: Timestamp) -> Self {
        Self {
            name: name.into(),
            creator,
            updated_at,
            members: BTreeMap::new(),
            users: BTreeMap::new(),
            unsure_of: BTreeSet::new(),
            stored: BTreeMap::new(),
            deleted: BTreeSet::new(),
            under_way: UnderWay::default(),
        }
    }

    pub(super) fn never_had_members(&self) -> bool {
        self.members.is_empty()
    }

    /// All entries, tombstones too.
    pub(super) fn members(&self) -> impl Iterator<Item = &SessionMember> {
        self.members.values()
    }

    /// A user's entry.
    pub(super) fn get(&self, user: &UserId) -> Option<&SessionMember> {
        self.members.get(user)
    }

    /// A user's entry, if the user is in.
    pub(super) fn present(&self, user: &UserId) -> Option<&SessionMember> {
        self.get(user).filter(|member| !member.is_delete)
    }

    pub(super) fn by_id(&self, id: &MemberId) -> Option<&SessionMember> {
        self.users.get(id).and_then(|user| self.members.get(user))
    }

    /// Whether nobody but the server itself can have changed the entry since.
    pub(super) fn is_sure_of(&self, member: &SessionMember) -> bool {
        !self.unsure_of.contains(&member.user_id)
    }

    /// The greatest createdAt that is known: the mts, or less.
    pub(super) fn mts(&self) -> Option<Timestamp> {
        self.members.values().map(|member| member.created_at).max()
    }

    /// An entry as it is now.
    pub(super) fn take(&mut self, member: SessionMember) {
        self.users.insert(member.id.clone(), member.user_id.clone());
        self.unsure_of.remove(&member.user_id);
        self.members.insert(member.user_id.clone(), member);
    }

    /// Someone who is in, and not that one, is the master now.
    pub(super) fn mastership_moves(&mut self) {
        let present = self.members.values().filter(|member| !member.is_delete);
        self.unsure_of.extend(present.map(|member| member.user_id.clone()));
    }

    /// The former master is an admin now, with clocks of the server's own.
    pub(super) fn master_steps_back(&mut self, former: &UserId) {
        if let Some(former) = self.members.get_mut(former) {
            former.role = Role::Admin;
            self.unsure_of.insert(former.user_id.clone());
        }
    }

    /// Part of a list of members: what is unsure is known again.
    pub(super) fn listed(&mut self, entries: Vec<SessionMember>) {
        if self.unsure_of.is_empty() {
            return;
        }
        let is_master_known = entries.iter().any(|member| !member.is_delete && member.role == Role::Master);
        for member in entries {
            let is_news = self.members.get(&member.user_id).is_some_and(|k| k.updated_at < member.updated_at);
            if is_news && self.unsure_of.contains(&member.user_id) {
                self.take(member);
            }
        }
        if is_master_known {
            // Whoever else was in is what it was before.
            self.unsure_of.clear();
        }
    }
}
