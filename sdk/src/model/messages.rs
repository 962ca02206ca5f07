//! The messages of a session: what was synced, and what this client is storing.
//!
//! Synced messages stand in the server's order, by `createdAt`. Only the newest `keep` of them are held; an older
//! one that comes again is known to be older and changes nothing. Local messages stand behind the synced ones until
//! a sync brings them (`CLIENT-MERGE-LOCAL`).
//!
//! History is the other direction: from the earliest message held backwards, by `createdAt`. It never moves the
//! watermark, and a sync never moves [`Messages::top_date`] forward but by letting old messages go, which can then be
//! paged again (`CLIENT-HISTORY-NO-WATERMARK`). What was paged back to is held on top of `keep`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::paging::Next;
use super::snapshot::MessagesData;
use crate::protocol::{Message, MessageId, MessageType, Timestamp, limits};

/// A message that this client sends, until a sync brings it back.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalMessage {
    /// Its number among all that this client sent.
    pub local_id: u64,
    /// What it holds.
    pub kind: MessageType,
    /// Its content; of one whose file is yet to be uploaded what the draft shows until then.
    pub content: Arc<str>,
    /// When it was handed over, by this client's clock.
    pub created_at: Timestamp,
    /// How far it is.
    pub status: LocalStatus,
    /// The server's id, once it is stored.
    pub id: Option<MessageId>,
}

/// How far a local message is: the seed's `storing`, `stored`, `storefailed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalStatus {
    /// On its way.
    Storing,
    /// The server has acknowledged it.
    Stored,
    /// Given up.
    StoreFailed,
}

/// What a page changed.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Messages seen for the first time, in the order of the answer.
    pub added: Vec<Arc<Message>>,
    /// Messages known before that are now different.
    pub changed: Vec<Arc<Message>>,
}

impl Merged {
    /// How many entries of the page changed something.
    pub fn new_entries(&self) -> usize {
        self.added.len() + self.changed.len()
    }
}

/// Where a message stands: by `createdAt`, and by arrival among those of the same time.
type Place = (Timestamp, u64);

/// The messages of one session.
#[derive(Debug)]
pub struct Messages {
    synced: BTreeMap<Place, Arc<Message>>,
    places: FxHashMap<MessageId, Place>,
    /// How many messages have come.
    arrived: u64,
    local: Vec<LocalMessage>,
    keep: usize,
    /// Whether the server may hold messages before the earliest one here.
    more: bool,
    /// Where the next page of history begins, if not at the earliest message held.
    history_from: Option<Timestamp>,
    /// `createdAt` of the newest message that was let go.
    horizon: Option<Timestamp>,
    watermark: Timestamp,
    session_updated_at: Option<Timestamp>,
    conversation_seen: Timestamp,
}

impl Messages {
    /// No messages yet; at most `keep` synced ones will be held.
    pub fn keeping(keep: usize) -> Self {
        Self {
            synced: BTreeMap::new(),
            places: FxHashMap::default(),
            arrived: 0,
            local: Vec::new(),
            keep: keep.max(1),
            more: true,
            history_from: None,
            horizon: None,
            watermark: Timestamp::MIN,
            session_updated_at: None,
            conversation_seen: Timestamp::MIN,
        }
    }

    /// The stamp that the next sync asks from.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// The synced messages, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.synced.values()
    }

    /// How many synced messages are held. The seed's `count`.
    pub fn len(&self) -> usize {
        self.synced.len()
    }

    /// Whether no synced message is held.
    pub fn is_empty(&self) -> bool {
        self.synced.is_empty()
    }

    /// Whether there may be more history than is held. The seed's `more`; rule `CLIENT-HISTORY-END`.
    pub fn more(&self) -> bool {
        self.more
    }

    /// Where history goes on: the time of the earliest message held, or the year 3000. The seed's `topDate`; rules
    /// `CLIENT-HISTORY-TOP`, `CLIENT-HISTORY-CREATED-AT`.
    pub fn top_date(&self) -> Timestamp {
        let earliest = self.earliest().unwrap_or(Timestamp::MAX);
        self.history_from.map_or(earliest, |from| from.min(earliest))
    }

    /// The local messages, in the order they were sent.
    pub fn local(&self) -> &[LocalMessage] {
        &self.local
    }

    /// When the session last changed, as the newest sync said. Rule `MSG-SESSION-UPDATED-AT`.
    pub fn session_updated_at(&self) -> Option<Timestamp> {
        self.session_updated_at
    }

    /// The conversation's stamp up to which these messages are known to be synced.
    pub fn conversation_seen(&self) -> Timestamp {
        self.conversation_seen
    }

    /// A sync of these messages that began when the conversation stood at `stamp` has ended.
    pub fn saw_conversation(&mut self, stamp: Timestamp) {
        self.conversation_seen = self.conversation_seen.max(stamp);
    }

    /// Merges a page of a sync.
    pub fn merge_page(&mut self, page: Vec<Message>, session_updated_at: Option<Timestamp>) -> Merged {
        let mut merged = Merged::default();
        for message in page {
            self.watermark = self.watermark.max(message.updated_at);
            self.merge_one(message, &mut merged);
        }
        self.session_updated_at = self.session_updated_at.max(session_updated_at);
        self.drop_synced_locals();
        self.trim();
        merged
    }

    /// See [`Collection::move_on`](super::Collection::move_on).
    pub fn move_on(&mut self) {
        self.watermark = self.watermark.next();
    }

    /// Merges a page of history that was asked for with `limit` from [`Self::top_date`]. A full page without anything
    /// new asks for a larger one; if that brings nothing either, more messages share one stamp than fit a page, and
    /// history goes on before that stamp ([`Next::MoveOn`]).
    pub fn merge_history(&mut self, page: Vec<Message>, limit: usize) -> (Merged, Next) {
        let asked_from = self.top_date();
        let entries = page.len();
        let mut merged = Merged::default();
        let horizon = self.horizon.take();
        for message in page {
            self.merge_one(message, &mut merged);
        }
        self.drop_synced_locals();
        // What lies before the earliest message held stays unknown, so that a late edit of it is no news.
        self.horizon =
            horizon.map(|old| self.earliest().map_or(old, |earliest| old.min(earliest.previous())));
        self.keep = self.keep.max(self.synced.len());
        self.history_from = None;
        if entries < limit {
            self.more = false;
            (merged, Next::Done)
        } else if merged.added.is_empty() && limit < limits::PAGE_MAX {
            (merged, Next::Ask { limit: limits::PAGE_MAX })
        } else if merged.added.is_empty() {
            self.history_from = Some(asked_from.previous());
            (merged, Next::MoveOn)
        } else {
            (merged, Next::Done)
        }
    }

    /// A message of this client is on its way.
    pub fn add_local(&mut self, local_id: u64, kind: MessageType, content: Arc<str>, now: Timestamp) {
        self.local.push(LocalMessage {
            local_id,
            kind,
            content,
            created_at: now,
            status: LocalStatus::Storing,
            id: None,
        });
    }

    /// A message of this client that was given up is tried again, or its content is ready now.
    pub fn local_storing(&mut self, local_id: u64, content: Option<Arc<str>>) {
        if let Some(local) = self.local.iter_mut().find(|l| l.local_id == local_id) {
            local.status = LocalStatus::Storing;
            if let Some(content) = content {
                local.content = content;
            }
        }
    }

    /// Forgets a message of this client that was given up.
    pub fn discard_local(&mut self, local_id: u64) {
        self.local.retain(|l| l.local_id != local_id || l.status != LocalStatus::StoreFailed);
    }

    /// A message of this client was stored as `id`.
    pub fn local_stored(&mut self, local_id: u64, id: &MessageId) {
        // A push from elsewhere may have had this very message synced before its own answer arrived.
        if self.places.contains_key(id) {
            self.local.retain(|l| l.local_id != local_id);
        } else if let Some(local) = self.local.iter_mut().find(|l| l.local_id == local_id) {
            local.status = LocalStatus::Stored;
            local.id = Some(id.clone());
        }
        self.trim();
    }

    /// A message of this client was given up.
    pub fn local_failed(&mut self, local_id: u64) {
        if let Some(local) = self.local.iter_mut().find(|l| l.local_id == local_id) {
            local.status = LocalStatus::StoreFailed;
        }
    }

    pub(super) fn to_data(&self) -> MessagesData {
        MessagesData {
            watermark: self.watermark,
            session_updated_at: self.session_updated_at,
            conversation_seen: self.conversation_seen,
            more: self.more,
            horizon: self.horizon,
            entries: self.synced.values().cloned().collect(),
        }
    }

    pub(super) fn from_data(data: MessagesData, keep: usize) -> Self {
        let mut messages = Self::keeping(keep);
        let mut ignored = Merged::default();
        for message in data.entries {
            messages.merge_one(Arc::unwrap_or_clone(message), &mut ignored);
        }
        messages.watermark = messages.watermark.max(data.watermark);
        messages.session_updated_at = data.session_updated_at;
        messages.conversation_seen = data.conversation_seen;
        messages.more = data.more;
        messages.horizon = data.horizon;
        messages.trim();
        messages
    }

    fn merge_one(&mut self, message: Message, merged: &mut Merged) {
        if let Some(place) = self.places.get(&message.id) {
            let Some(known) = self.synced.get_mut(place) else {
                return;
            };
            // An edit never moves a message, so the place stays right whatever the answer says.
            let message = Message { created_at: known.created_at, ..message };
            if message.updated_at > known.updated_at
                || message.updated_at == known.updated_at && message != **known
            {
                *known = Arc::new(message);
                merged.changed.push(known.clone());
            }
        } else if self.horizon.is_none_or(|horizon| message.created_at > horizon) {
            let message = Arc::new(message);
            let place = (message.created_at, self.arrived);
            self.arrived += 1;
            self.places.insert(message.id.clone(), place);
            self.synced.insert(place, message.clone());
            merged.added.push(message);
        } else {
            // It has come, though it is too old to be held: its local one has had its time.
            self.local.retain(|l| l.id.as_ref() != Some(&message.id));
        }
    }

    fn earliest(&self) -> Option<Timestamp> {
        self.synced.first_key_value().map(|((created_at, _), _)| *created_at)
    }

    /// A local message is there until its stored one is: by a sync, or by a page of history.
    fn drop_synced_locals(&mut self) {
        let known = &self.places;
        self.local.retain(|l| l.id.as_ref().is_none_or(|id| !known.contains_key(id)));
    }

    fn trim(&mut self) {
        while self.synced.len() > self.keep {
            let Some((_, oldest)) = self.synced.pop_first() else {
                break;
            };
            self.places.remove(&oldest.id);
            self.horizon = self.horizon.max(Some(oldest.created_at));
            self.more = true;
        }
        let settled = self.local.iter().filter(|l| l.status != LocalStatus::Storing).count();
        let mut excess = settled.saturating_sub(self.keep);
        if excess > 0 {
            self.local.retain(|l| {
                let drop = excess > 0 && l.status != LocalStatus::Storing;
                excess -= usize::from(drop);
                !drop
            });
        }
    }
}

#[cfg(test)]
#[path = "messages_machine_tests.rs"]
mod machine;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::MessageType;

    fn message(id: u32, created: i64, updated: i64) -> Message {
        let at = |ms| Timestamp::from_millis(Timestamp::MIN.as_millis() + ms);
        Message {
            id: id.to_string().as_str().into(),
            sender: "1".into(),
            kind: MessageType::Text,
            content: format!("at {updated}"),
            is_delete: false,
            created_at: at(created),
            updated_at: at(updated),
        }
    }

    fn local(messages: &mut Messages, local_id: u64) {
        messages.add_local(local_id, MessageType::Text, "{}".into(), Timestamp::MIN);
    }

    fn ids<'a>(messages: impl IntoIterator<Item = &'a Arc<Message>>) -> Vec<&'a str> {
        messages.into_iter().map(|m| m.id.as_str()).collect()
    }

    #[test]
    fn a_page_of_history_takes_the_place_of_local_messages_too() {
        let mut messages = Messages::keeping(100);
        messages.add_local(0, MessageType::Text, "mine".into(), Timestamp::from_millis(1));
        messages.local_stored(0, &"7".into());
        messages.merge_history(vec![message(7, 5, 5)], 20);
        assert_eq!((messages.len(), messages.local().len()), (1, 0));
    }

    #[test]
    fn messages_stand_in_the_servers_order_whatever_order_they_come_in() {
        let mut messages = Messages::keeping(10);
        messages.merge_page(vec![message(2, 2, 2)], None);
        let merged = messages.merge_page(vec![message(1, 1, 1), message(3, 3, 3)], None);
        assert_eq!(ids(&merged.added), ["1", "3"]);
        assert_eq!(ids(messages.iter()), ["1", "2", "3"]);
    }

    #[test]
    fn an_edit_changes_the_message_in_its_place() {
        let mut messages = Messages::keeping(10);
        messages.merge_page(vec![message(1, 1, 1), message(2, 2, 2)], None);
        let merged = messages.merge_page(vec![message(1, 1, 5)], None);
        assert_eq!((merged.added.len(), ids(&merged.changed)), (0, vec!["1"]));
        assert_eq!(ids(messages.iter()), ["1", "2"]);
        assert_eq!(messages.merge_page(vec![message(1, 1, 3)], None).new_entries(), 0);
    }

    #[test]
    fn a_message_whose_time_is_told_differently_keeps_its_place_and_is_no_news_for_ever() {
        let mut messages = Messages::keeping(10);
        messages.merge_page(vec![message(1, 1, 5), message(2, 2, 5)], None);
        assert_eq!(messages.merge_page(vec![message(1, 3, 5)], None).new_entries(), 0);
        assert_eq!(messages.merge_page(vec![message(1, 3, 6)], None).changed.len(), 1);
        assert_eq!(messages.merge_page(vec![message(1, 3, 6)], None).new_entries(), 0);
        assert_eq!(ids(messages.iter()), ["1", "2"]);
    }

    #[test]
    fn messages_of_one_time_stand_in_the_order_they_came_in() {
        let mut messages = Messages::keeping(10);
        messages.merge_page(vec![message(2, 7, 7), message(1, 7, 7)], None);
        messages.merge_page(vec![message(3, 7, 8), message(2, 7, 9)], None);
        assert_eq!(ids(messages.iter()), ["2", "1", "3"]);
    }

    #[test]
    fn a_message_that_comes_again_with_another_created_at_is_no_news() {
        let mut messages = Messages::keeping(10);
        messages.merge_page(vec![message(1, 1_500, 1_500)], None);
        for _ in 0..3 {
            assert_eq!(
                messages
                    .merge_page(
                        vec![Message {
                            created_at: message(1, 1_000, 0).created_at,
                            ..message(1, 1_500, 1_500)
                        }],
                        None
                    )
                    .new_entries(),
                0
            );
        }
    }

    #[test]
    fn only_the_newest_are_held_and_an_old_one_that_comes_again_is_not_new() {
        let mut messages = Messages::keeping(2);
        messages.merge_page((1..=5).map(|i| message(i, i.into(), i.into())).collect(), None);
        assert_eq!(ids(messages.iter()), ["4", "5"]);
        assert_eq!(messages.merge_page(vec![message(2, 2, 9)], None).new_entries(), 0);
        assert_eq!(ids(messages.iter()), ["4", "5"]);
    }

    #[test]
    fn a_local_message_stays_until_a_sync_brings_it() {
        let mut messages = Messages::keeping(10);
        local(&mut messages, 0);
        local(&mut messages, 1);
        messages.local_stored(0, &"7".into());
        messages.merge_page(vec![message(6, 6, 6)], None);
        assert_eq!(messages.local().len(), 2);
        messages.merge_page(vec![message(7, 7, 7)], None);
        assert_eq!(messages.local().iter().map(|l| l.local_id).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_sync_that_overtakes_the_stores_answer_leaves_no_copy() {
        let mut messages = Messages::keeping(10);
        local(&mut messages, 0);
        messages.merge_page(vec![message(7, 7, 7)], None);
        messages.local_stored(0, &"7".into());
        assert_eq!(messages.local(), []);
    }

    // Rule `CLIENT-MERGE-ONCE`. It was changed before the sync, which so brings it after newer ones.
    #[test]
    fn a_local_message_goes_when_a_sync_brings_it_too_late_to_be_held() {
        let mut messages = Messages::keeping(2);
        local(&mut messages, 0);
        messages.local_stored(0, &"1".into());
        messages.merge_page((2..=5).map(|i| message(i, i.into(), i.into())).collect(), None);
        assert_eq!(messages.local().len(), 1);
        messages.merge_page(vec![message(1, 1, 6)], None);
        assert_eq!(messages.local(), []);
        assert_eq!(ids(messages.iter()), ["4", "5"]);
    }

    #[test]
    fn a_failed_message_stays_and_says_so() {
        let mut messages = Messages::keeping(10);
        local(&mut messages, 0);
        messages.local_failed(0);
        assert_eq!(messages.local()[0].status, LocalStatus::StoreFailed);
    }

    #[test]
    fn history_is_paged_backwards_from_the_earliest_message_until_a_page_is_short() {
        let mut messages = Messages::keeping(2);
        assert_eq!((messages.top_date(), messages.more()), (Timestamp::MAX, true));
        messages.merge_page((3..=6).map(|i| message(i, i.into(), i.into())).collect(), None);
        assert_eq!(messages.top_date(), message(5, 5, 5).created_at);
        let watermark = messages.watermark();
        let (merged, next) =
            messages.merge_history(vec![message(5, 5, 5), message(4, 4, 4), message(3, 3, 9)], 3);
        assert_eq!((ids(&merged.added), next), (vec!["4", "3"], Next::Done));
        assert_eq!(ids(messages.iter()), ["3", "4", "5", "6"]);
        assert_eq!((messages.watermark(), messages.more()), (watermark, true));
        let (merged, _) = messages.merge_history(vec![message(3, 3, 9), message(1, 1, 1)], 3);
        assert_eq!((ids(&merged.added), messages.more()), (vec!["1"], false));
    }

    #[test]
    fn a_late_edit_of_what_history_has_not_reached_is_no_news() {
        let mut messages = Messages::keeping(2);
        messages.merge_page((1..=6).map(|i| message(i, i.into(), i.into())).collect(), None);
        messages.merge_history(vec![message(5, 5, 5), message(4, 4, 4)], 2);
        assert_eq!(messages.merge_page(vec![message(2, 2, 20)], None).new_entries(), 0);
        assert_eq!(messages.merge_page(vec![message(4, 4, 21)], None).changed.len(), 1);
    }

    #[test]
    fn a_page_of_history_that_is_wholly_known_does_not_loop_for_ever() {
        let mut messages = Messages::keeping(10);
        messages.merge_page((0..3).map(|i| message(i, 7, 7)).collect(), None);
        let same = || (0..3).map(|i| message(i, 7, 7)).collect::<Vec<_>>();
        assert_eq!(messages.merge_history(same(), 3).1, Next::Ask { limit: limits::PAGE_MAX });
        let full: Vec<Message> = same().into_iter().cycle().take(limits::PAGE_MAX).collect();
        assert_eq!(messages.merge_history(full, limits::PAGE_MAX).1, Next::MoveOn);
        assert_eq!(messages.top_date(), message(0, 6, 6).created_at);
        assert!(messages.more());
    }

    #[test]
    fn messages_that_were_let_go_can_be_paged_again() {
        let mut messages = Messages::keeping(2);
        messages.merge_page(vec![message(1, 1, 1)], None);
        messages.merge_history(vec![message(1, 1, 1)], 20);
        assert!(!messages.more());
        messages.merge_page((2..=4).map(|i| message(i, i.into(), i.into())).collect(), None);
        assert!(messages.more());
        assert_eq!(messages.top_date(), message(3, 3, 3).created_at);
    }
}
