//! What is done with bytes from a peer, shared by the property tests here and the fuzz targets in `sdk/fuzz`: everything
//! that may read them does so, and what can be read is written and read again. A driver panics if a rule is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use y2w_sdk::model::{Collection, Entry, Members, Messages};
use y2w_sdk::protocol::content::{Content, File, Image, Text};
use y2w_sdk::protocol::push::{
    ClientId, Delivery, Downlink, ImMember, Notice, Pns, Reply, SyncItem, delivery_payload,
};
use y2w_sdk::protocol::rest::{ErrorBody, GateAnswer, List, LoggedIn, MessageList, TokenAnswer};
use y2w_sdk::protocol::{
    Attachment, Contact, Emoji, ImSessionId, LastMessage, Message, MessageId, MessageType, Session,
    SessionMember, Timestamp, User, UserConversation, UserSession,
};

/// How many synced messages the model of a driver keeps: few, so that some are let go.
const KEEP: usize = 3;

/// A type by its name, and whether bytes can be read as one.
pub(crate) type Reader = (&'static str, fn(&[u8]) -> bool);

macro_rules! readers {
    ($($kind:ty,)*) => { &[$((stringify!($kind), json::<$kind>)),*] };
}

/// The things and answers of the business API, of the token endpoint and of the gate.
pub(crate) const ANSWERS: &[Reader] = readers! {
    User, Contact, UserSession, UserConversation, LastMessage, Session, SessionMember, Message, Attachment, Emoji,
    List<User>, List<Contact>, List<UserSession>, List<UserConversation>, List<Session>, List<SessionMember>,
    List<Message>, List<Emoji>, MessageList, LoggedIn, TokenAnswer, GateAnswer, ErrorBody,
};

/// What travels over the push connection, and what messages hold.
pub(crate) const PUSHES: &[Reader] = readers! { Reply, Notice, Pns, SyncItem, ImMember, Text, Image, File, };

/// Bytes that a business server, a gate or a token endpoint answered. The answer is what they could be read as.
pub(crate) fn rest_answer(bytes: &[u8]) -> Vec<&'static str> {
    let mut known = Known::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        known.merge(line);
    }
    texts(bytes);
    read_by(&[ANSWERS], bytes)
}

/// Bytes that came in a PUBLISH. The answer is what they could be read as.
pub(crate) fn push_payload(bytes: &[u8]) -> Vec<&'static str> {
    texts(bytes);
    let mut read = read_by(&[PUSHES], bytes);
    match Downlink::parse(bytes) {
        Ok(Downlink::Control(code)) => {
            assert!(!code.to_string().is_empty());
            read.push("Control");
        }
        Ok(Downlink::Reply(reply)) => {
            let written = serde_json::to_vec(&reply).expect("a reply can be written");
            // A reply that names no command and has no known code would be one about the connection.
            match Downlink::parse(&written).expect("what was written can be read") {
                Downlink::Reply(again) => assert_eq!(again, reply),
                other => panic!("{reply:?} became {other:?}"),
            }
        }
        Ok(Downlink::Delivery(delivery)) => {
            deliver(&delivery);
            read.push("Delivery");
        }
        Err(why) => assert!(!why.is_empty()),
    }
    read
}

/// The forms that a text may have of which the protocol knows.
fn texts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(id) = ImSessionId::parse(&text) {
        assert_eq!(id.to_string(), text);
        assert_eq!(ImSessionId::from_topic(&id.topic()), Some(id));
    }
    if let Some(id) = ClientId::parse(&text) {
        assert_eq!(id.to_string(), text);
    }
    if let Some(time) = Timestamp::parse(&text) {
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        assert_eq!(Timestamp::parse(&time.as_millis().to_string()), Some(time));
    }
    for kind in
        ["text", "system", "image", "file", "video", "audio", "location", "vote"].map(MessageType::from)
    {
        let content = Content::parse(&kind, &text);
        let written = match &content {
            Content::Text(said) => Text::json(&said.text),
            Content::Image(image) => image.to_json(),
            Content::File(file) => file.to_json(),
            Content::Other(other) => other.clone(),
        };
        assert_eq!(Content::parse(&kind, &written), content);
    }
}

fn deliver(delivery: &Delivery) {
    if let Ok(notice) = serde_json::from_slice::<Notice>(delivery.message.get().as_bytes()) {
        for session in notice.syncs.iter().filter_map(|sync| sync.session_id.as_deref()) {
            ImSessionId::parse(session);
        }
        json::<Notice>(notice.to_raw().get().as_bytes());
    }
    let from = delivery.from.clone().unwrap_or_default();
    let session = delivery.session_id.as_deref().and_then(ImSessionId::parse);
    let session = session.unwrap_or_else(|| ImSessionId::parse("p2p_1").expect("this is an id"));
    match Downlink::parse(&delivery_payload(&delivery.message, &from, &session)) {
        Ok(Downlink::Delivery(again)) => {
            assert_eq!(again.message.get(), delivery.message.get());
            assert_eq!((again.from, again.session_id), (Some(from), Some(session.to_string())));
        }
        other => panic!("{delivery:?} became {other:?}"),
    }
}

pub(crate) fn read_by(tables: &[&[Reader]], bytes: &[u8]) -> Vec<&'static str> {
    tables
        .iter()
        .flat_map(|table| table.iter())
        .filter(|(_, read)| read(bytes))
        .map(|(name, _)| *name)
        .collect()
}

/// Whether this is JSON of a `T`; then writing and reading gives the same again.
pub(crate) fn json<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return false };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(format!("{again:?}"), format!("{read:?}"));
    true
}

/// A model that pages are merged into.
pub(crate) struct Known {
    messages: Messages,
    members: Members,
    conversations: Collection<UserConversation>,
    /// When each message was created, as was first said, and whether another answer has contradicted that.
    created: BTreeMap<MessageId, Timestamp>,
    moved: bool,
}

impl Known {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            messages: Messages::keeping(KEEP),
            members: Members::default(),
            conversations: Collection::default(),
            created: BTreeMap::new(),
            moved: false,
        }
    }

    /// Merges a page, if it is one: of messages, of members, of conversations.
    pub(crate) fn merge(&mut self, page: &[u8]) {
        if let Ok(page) = serde_json::from_slice::<MessageList>(page) {
            self.merge_messages(page);
        }
        if let Ok(page) = serde_json::from_slice::<List<SessionMember>>(page) {
            let watermark = self.members.watermark();
            // Without members it is the watermark's beginning, which those of an odd server may be older than.
            let mts = if self.members.all().is_empty() { Timestamp::EPOCH } else { self.members.mts() };
            self.members.merge_page(page.entries.clone());
            assert!(self.members.watermark() >= watermark && self.members.mts() >= mts);
            assert!(page.entries.iter().all(|member| self.members.mts() >= member.created_at));
            assert!(self.members.present().len() <= self.members.all().len());
            assert_eq!(self.members.changed_since(self.members.mts()), []);
            again(page.entries, |page| self.members.merge_page(page));
        }
        if let Ok(page) = serde_json::from_slice::<List<UserConversation>>(page) {
            let watermark = self.conversations.watermark();
            self.conversations.merge_page(page.entries.clone());
            assert!(self.conversations.watermark() >= watermark);
            assert!(page.entries.iter().all(|entry| self.conversations.watermark() >= entry.stamp()));
            again(page.entries, |page| self.conversations.merge_page(page));
            let watermark = self.conversations.watermark();
            self.conversations.move_on();
            assert!(self.conversations.watermark() >= watermark);
        }
    }

    fn merge_messages(&mut self, page: MessageList) {
        let (watermark, updated_at) = (self.messages.watermark(), self.messages.session_updated_at());
        self.messages.merge_page(page.entries.clone(), page.session_updated_at);
        assert!(self.messages.watermark() >= watermark && self.messages.session_updated_at() >= updated_at);
        assert!(page.entries.iter().all(|message| self.messages.watermark() >= message.updated_at));
        let held: Vec<_> = self.messages.iter().cloned().collect();
        assert!(held.len() <= KEEP && held.is_sorted_by_key(|message| message.created_at));
        // A message that comes with another createdAt than before may be new or changed each time: not looked at.
        self.moved |= page
            .entries
            .iter()
            .any(|m| *self.created.entry(m.id.clone()).or_insert(m.created_at) != m.created_at);
        if !self.moved && all_differ(page.entries.iter().map(|message| &message.id)) {
            let again = self.messages.merge_page(page.entries, page.session_updated_at);
            assert_eq!(again.new_entries(), 0);
        }
    }
}

/// A page that comes again brings nothing new, unless it contradicts itself.
fn again<E: Entry<Key: Ord>>(page: Vec<E>, merge: impl FnOnce(Vec<E>) -> usize) {
    if all_differ(page.iter().map(Entry::key)) {
        assert_eq!(merge(page), 0);
    }
}

fn all_differ<K: Ord>(mut keys: impl Iterator<Item = K>) -> bool {
    let mut seen = BTreeSet::new();
    keys.all(|key| seen.insert(key))
}
