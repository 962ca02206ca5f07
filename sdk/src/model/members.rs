//! The members of a session, and the mts that the push server is asked with.

use super::collection::{Collection, Entry};
use crate::protocol::push::ImMember;
use crate::protocol::{SessionMember, Timestamp, UserId};

impl Entry for SessionMember {
    type Key = UserId;

    fn key(&self) -> UserId {
        self.user_id.clone()
    }

    fn stamp(&self) -> Timestamp {
        self.updated_at
    }

    fn is_tombstone(&self) -> bool {
        self.is_delete
    }
}

/// A session's members, removed ones included, and the greatest `createdAt` among them.
#[derive(Debug, Default)]
pub struct Members {
    collection: Collection<SessionMember>,
    mts: Option<Timestamp>,
}

impl Members {
    /// The stamp that the next sync asks from.
    pub fn watermark(&self) -> Timestamp {
        self.collection.watermark()
    }

    /// The members' timestamp: the greatest `createdAt` over all members, removed ones included. Rule
    /// `MTS-DEFINITION`.
    pub fn mts(&self) -> Timestamp {
        self.mts.unwrap_or(Timestamp::MIN)
    }

    /// The members as they were stored.
    pub fn restored(watermark: Timestamp, entries: Vec<SessionMember>) -> Self {
        let mts = entries.iter().map(|m| m.created_at).max();
        Self { collection: Collection::restored(watermark, entries), mts }
    }

    /// A member by user; not a removed one.
    pub fn get(&self, user: &UserId) -> Option<&SessionMember> {
        self.collection.get(user)
    }

    /// The members that were not removed.
    pub fn iter(&self) -> impl Iterator<Item = &SessionMember> {
        self.collection.iter()
    }

    /// All members, the removed ones included.
    pub fn iter_all(&self) -> impl Iterator<Item = &SessionMember> {
        self.collection.iter_all()
    }

    /// The other one of a p2p session.
    pub fn other_than(&self, user: &UserId) -> Option<&SessionMember> {
        self.iter().find(|m| m.user_id != *user)
    }

    /// Merges a page of a sync; the answer is the number of entries that changed something.
    pub fn merge_page(&mut self, page: Vec<SessionMember>) -> usize {
        for member in &page {
            self.mts = self.mts.max(Some(member.created_at));
        }
        self.collection.merge_page(page)
    }

    /// See [`Collection::move_on`].
    pub fn move_on(&mut self) {
        self.collection.move_on();
    }

    /// Who is in: for a push server that does not know the session. Rule `CLIENT-RECOVER-26`.
    pub fn present(&self) -> Vec<ImMember> {
        self.iter().filter(|m| m.is_present()).map(im_member).collect()
    }

    /// Whose membership changed after `mts`: for a push server that is behind. Rule `CLIENT-RECOVER-28`.
    pub fn changed_since(&self, mts: Timestamp) -> Vec<ImMember> {
        self.collection.iter_all().filter(|m| m.created_at > mts).map(im_member).collect()
    }

    /// Everybody, the removed ones marked so: for a forced update. Rule `CLIENT-RECOVER-27`.
    pub fn all(&self) -> Vec<ImMember> {
        self.collection.iter_all().map(im_member).collect()
    }
}

fn im_member(member: &SessionMember) -> ImMember {
    ImMember { uid: member.user_id.clone(), is_del: !member.is_present() }
}

#[cfg(test)]
#[path = "members_machine_tests.rs"]
mod machine;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(user: &str, removed: bool, created: i64, updated: i64) -> SessionMember {
        serde_json::from_value(json!({
            "id": user, "userId": user, "isDelete": removed,
            "createdAt": Timestamp::MIN.as_millis() + created, "updatedAt": Timestamp::MIN.as_millis() + updated,
        }))
        .unwrap()
    }

    fn uids(members: &[ImMember]) -> Vec<(&str, bool)> {
        members.iter().map(|m| (m.uid.as_str(), m.is_del)).collect()
    }

    #[test]
    fn the_mts_is_the_greatest_created_at_tombstones_included() {
        let mut members = Members::default();
        members.merge_page(vec![member("1", false, 1, 9), member("2", true, 5, 6)]);
        assert_eq!(members.mts().as_millis(), Timestamp::MIN.as_millis() + 5);
        assert_eq!(members.watermark().as_millis(), Timestamp::MIN.as_millis() + 9);
    }

    #[test]
    fn each_recovery_names_its_members() {
        let mut members = Members::default();
        members.merge_page(vec![member("1", false, 1, 1), member("2", true, 5, 5), member("3", false, 7, 7)]);
        assert_eq!(uids(&members.present()), [("1", false), ("3", false)]);
        assert_eq!(uids(&members.all()), [("1", false), ("2", true), ("3", false)]);
        let since = Timestamp::MIN.plus(std::time::Duration::from_millis(1));
        assert_eq!(uids(&members.changed_since(since)), [("2", true), ("3", false)]);
    }
}
