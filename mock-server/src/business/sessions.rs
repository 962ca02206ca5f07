//! Sessions: where users talk. Their members and messages are in the neighbouring files.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::{
    Message, MessageId, Session, SessionId, SessionMember, SessionType, Timestamp, User, UserId,
};

use super::collection::{Collection, Slot, Stamps};
use super::{Business, Ids, Operation, Refusal, same_user};
use crate::quirks::{Quirk, Quirks};

/// Gets the one p2p session of two users, and creates it if there is none. Rules `SESS-P2P-ONE`, `SESS-P2P-MEMBERS`,
/// `SESS-P2P-PARTIES`, `MEMBER-SYSTEM-MESSAGE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenP2p {
    /// Who asks: one of the two.
    pub caller: UserId,
    /// One of the two.
    pub one: UserId,
    /// The other.
    pub other: UserId,
}

impl Operation for OpenP2p {
    type Reply = Arc<Session>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Session>, Refusal> {
        let is_party = self.caller == self.one || self.caller == self.other;
        if !is_party && !state.quirks.on(Quirk::P2pByThird) {
            return Err(Refusal::forbidden("this session is between others"));
        }
        let one = state.user(self.one.as_str())?.clone();
        let other = state.user(self.other.as_str())?.clone();
        if one.id == other.id {
            return Err(Refusal::bad_request("a p2p session has two users"));
        }
        let known = state.sessions.p2p_room(&one.id, &other.id);
        if let Some(room) = known.filter(|room| !room.is_overlooked(&self.caller, &one.id, now)) {
            return Ok(room.session.clone());
        }
        let sessions = &mut state.sessions;
        let pair = unordered(one.id.clone(), other.id.clone());
        let mut room =
            Room::new(sessions.ids.next(), SessionType::P2p, self.caller, now, state.quirks.clone());
        for user in [&one, &other] {
            let member_id = sessions.member_ids.next();
            room.join(member_id, user, Role::User, now);
        }
        let session = room.session.clone();
        sessions.p2p.insert(pair, session.id.clone());
        let creator = room.creator.clone();
        sessions.rooms.insert(session.id.clone(), room);
        if !state.quirks.on(Quirk::P2pSilent) {
            let text = format!("{} and {} can talk now", one.name, other.name);
            state.write_system_message(session.id.as_str(), &creator, text, now)?;
        }
        Ok(session)
    }
}

/// Gets a user's one session with themself, and creates it if there is none. Rules `SESS-SINGLE-ONE`,
/// `SESS-SINGLE-MEMBER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenSingle {
    /// Who asks.
    pub caller: UserId,
    /// Whose session; the caller's own.
    pub owner: String,
}

impl Operation for OpenSingle {
    type Reply = Arc<Session>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Session>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        let owner = state.user(&self.owner)?.clone();
        let sessions = &mut state.sessions;
        let known = sessions.single.get(&owner.id).filter(|_| !state.quirks.on(Quirk::SinglePerCall));
        if let Some(room) = known.and_then(|id| sessions.rooms.get(id)) {
            return Ok(room.session.clone());
        }
        let mut room =
            Room::new(sessions.ids.next(), SessionType::Single, self.caller, now, state.quirks.clone());
        room.join(sessions.member_ids.next(), &owner, Role::User, now);
        let session = room.session.clone();
        sessions.single.insert(owner.id.clone(), session.id.clone());
        sessions.rooms.insert(session.id.clone(), room);
        Ok(session)
    }
}

/// Creates a group; it has no members yet. Rule `SESS-CREATE-GROUP`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateGroup {
    /// Who creates it, and may then add its first member.
    pub caller: UserId,
    /// The name; empty lets the server make it. Rule `SESS-NAME-AUTO`.
    pub name: String,
    /// `public` or `private`. Rule `SESS-SECURE-TYPES`.
    pub secure_type: String,
    /// Where the picture is.
    pub avatar_url: String,
}

impl Operation for CreateGroup {
    type Reply = Arc<Session>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Session>, Refusal> {
        check_secure_type(&self.secure_type)?;
        let creator =
            state.users.find(&self.caller).filter(|_| state.quirks.on(Quirk::CreatorJoins)).cloned();
        let sessions = &mut state.sessions;
        let mut room =
            Room::new(sessions.ids.next(), SessionType::Group, self.caller, now, state.quirks.clone());
        room.auto_named = self.name.is_empty();
        let session = Arc::make_mut(&mut room.session);
        session.name = self.name;
        session.secure_type = self.secure_type;
        session.avatar_url = self.avatar_url;
        if let Some(creator) = creator {
            room.join(sessions.member_ids.next(), &creator, Role::Master, now);
        }
        let session = room.session.clone();
        sessions.rooms.insert(session.id.clone(), room);
        Ok(session)
    }
}

impl Business {
    /// The p2p session of two users if there is one, whichever comes first.
    pub fn p2p_session(&self, one: &UserId, other: &UserId) -> Option<Arc<Session>> {
        self.sessions.p2p_room(one, other).map(|room| room.session.clone())
    }

    /// A session, for who is or was a member, and for the creator of an empty one. Rule `SESS-GET`.
    pub fn session(&self, caller: &UserId, id: &str) -> Result<&Arc<Session>, Refusal> {
        let room = self.sessions.room(id)?;
        room.check_known(caller)?;
        Ok(&room.session)
    }
}

/// Rule `SESS-SECURE-TYPES`.
pub(super) fn check_secure_type(secure_type: &str) -> Result<(), Refusal> {
    if matches!(secure_type, "" | "public" | "private") {
        Ok(())
    } else {
        Err(Refusal::bad_request("secureType is public or private"))
    }
}

fn unordered(one: UserId, other: UserId) -> (UserId, UserId) {
    if one <= other { (one, other) } else { (other, one) }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sessions {
    #[serde(with = "super::sorted")]
    rooms: FxHashMap<SessionId, Room>,
    #[serde(with = "super::sorted")]
    p2p: FxHashMap<(UserId, UserId), SessionId>,
    #[serde(with = "super::sorted")]
    single: FxHashMap<UserId, SessionId>,
    pub(super) ids: Ids,
    member_ids: Ids,
    pub(super) message_ids: Ids,
}

impl Sessions {
    pub(super) fn len(&self) -> u64 {
        self.rooms.len() as u64
    }

    pub(super) fn messages(&self) -> u64 {
        self.message_ids.given
    }

    /// Gives every session the quirks of the state.
    pub(super) fn set_quirks(&mut self, quirks: &Quirks) {
        self.rooms.values_mut().for_each(|room| room.quirks = quirks.clone());
    }

    pub(super) fn room(&self, id: &str) -> Result<&Room, Refusal> {
        self.rooms.get(id).ok_or_else(|| Refusal::not_found("no such session"))
    }

    pub(super) fn p2p_room(&self, one: &UserId, other: &UserId) -> Option<&Room> {
        let id = self.p2p.get(&unordered(one.clone(), other.clone()))?;
        self.rooms.get(id)
    }

    pub(super) fn room_and_member_ids(&mut self, id: &str) -> Result<(&mut Room, &mut Ids), Refusal> {
        match self.rooms.get_mut(id) {
            Some(room) => Ok((room, &mut self.member_ids)),
            None => Err(Refusal::not_found("no such session")),
        }
    }

    pub(super) fn room_mut(&mut self, id: &str) -> Result<&mut Room, Refusal> {
        self.rooms.get_mut(id).ok_or_else(|| Refusal::not_found("no such session"))
    }
}

/// A session with all that belongs to it. Its parts share one order of stamps; see the module above.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Room {
    pub(super) session: Arc<Session>,
    pub(super) creator: UserId,
    /// Created without a name, so the server makes it.
    pub(super) auto_named: bool,
    pub(super) stamps: Stamps,
    pub(super) members: Collection<SessionMember>,
    #[serde(with = "super::sorted")]
    pub(super) by_user: FxHashMap<UserId, Slot>,
    pub(super) messages: Collection<Message>,
    /// Those that the server wrote itself.
    pub(super) written: BTreeSet<MessageId>,
    /// What edited messages were when somebody was removed, oldest first: those may still read that, and nothing later.
    #[serde(with = "super::sorted")]
    pub(super) earlier: FxHashMap<MessageId, Vec<Arc<Message>>>,
    /// When the last member was removed.
    pub(super) last_removal: Timestamp,
    /// Messages stored with an idempotency key, and when each was, oldest first.
    #[serde(with = "super::sorted")]
    pub(super) keyed: FxHashMap<(UserId, Arc<str>), MessageId>,
    pub(super) keys: VecDeque<(Timestamp, UserId, Arc<str>)>,
    /// Those of the whole state.
    #[serde(skip)]
    pub(super) quirks: Quirks,
}

impl Room {
    fn new(id: SessionId, kind: SessionType, creator: UserId, now: Timestamp, quirks: Quirks) -> Self {
        let mut stamps = Stamps::default();
        let stamp = stamps.next(now);
        let session = Session {
            id,
            name: String::new(),
            name_changed: false,
            secure_type: String::new(),
            kind,
            description: String::new(),
            avatar_url: String::new(),
            created_at: Some(stamp),
            updated_at: Some(stamp),
        };
        Self {
            session: Arc::new(session),
            creator,
            auto_named: false,
            stamps,
            members: Collection::default(),
            by_user: FxHashMap::default(),
            messages: Collection::default(),
            written: BTreeSet::new(),
            earlier: FxHashMap::default(),
            last_removal: Timestamp::EPOCH,
            keyed: FxHashMap::default(),
            keys: VecDeque::new(),
            quirks,
        }
    }

    /// Puts in a member who has never been one.
    fn join(&mut self, id: y2w_sdk::protocol::MemberId, user: &User, role: Role, now: Timestamp) {
        let stamp = self.stamps.next(now);
        let slot = self.members.insert(SessionMember {
            id,
            user_id: user.id.clone(),
            name: user.name.clone(),
            pinyin: user.pinyin.clone(),
            role,
            status: Status::Active,
            avatar_url: user.avatar_url.clone(),
            last_read_time: None,
            is_delete: false,
            created_at: stamp,
            updated_at: stamp,
        });
        self.by_user.insert(user.id.clone(), slot);
    }

    /// Whether who opens a p2p session does not find this one.
    fn is_overlooked(&self, caller: &UserId, named_first: &UserId, now: Timestamp) -> bool {
        let is_new = self.session.created_at.is_some_and(|created| now < created.plus(P2P_RACE));
        let is_of_other = self.quirks.on(Quirk::P2pRace) && is_new && *caller != self.creator;
        let is_turned = self.quirks.on(Quirk::P2pPerDirection)
            && self.members.iter().next().is_some_and(|first| first.user_id != *named_first);
        is_of_other || is_turned
    }

    /// The entry of a user who is or was a member.
    pub(super) fn member_of(&self, user: &UserId) -> Option<&Arc<SessionMember>> {
        self.by_user.get(user).map(|slot| self.members.get(*slot))
    }

    /// The caller as a member in good standing. Rule `MSG-MEMBERS-ONLY`.
    pub(super) fn check_member(&self, caller: &UserId) -> Result<&Arc<SessionMember>, Refusal> {
        self.member_of(caller)
            .filter(|member| member.is_present())
            .ok_or_else(|| Refusal::forbidden("only for members of the session"))
    }

    /// As [`check_member`](Self::check_member), but one who was removed passes where the server has that quirk.
    pub(super) fn check_member_or(&self, quirk: Quirk, caller: &UserId) -> Result<(), Refusal> {
        if self.quirks.on(quirk) && self.by_user.contains_key(caller) {
            return Ok(());
        }
        self.check_member(caller).map(|_| ())
    }

    /// Whether the session may be known to the caller. Rule `MEMBER-LIST-PRIVATE`.
    ///
    /// A removed member may look: the own tombstone is how a client learns of its removal (`CLIENT-REMOVED-403`).
    pub(super) fn check_known(&self, caller: &UserId) -> Result<(), Refusal> {
        let creator_of_empty = self.members.is_empty() && *caller == self.creator;
        if creator_of_empty || self.by_user.contains_key(caller) {
            Ok(())
        } else {
            Err(Refusal::forbidden("only for members of the session"))
        }
    }

    /// The members in good standing, in the order in which they first came.
    pub(super) fn present(&self) -> impl Iterator<Item = &Arc<SessionMember>> {
        self.members.iter().filter(|member| member.is_present())
    }

    /// After a change of members: names an unnamed group and moves the session's stamp, by which others learn that
    /// their members are out of date. Rules `SESS-NAME-AUTO`, `SESS-NAME-KEPT`, `SESS-STAMP-ON-MEMBERSHIP`.
    pub(super) fn members_changed(&mut self, now: Timestamp) {
        let stamp = self.stamps.next(now);
        let derived = self.derived_name();
        let session = Arc::make_mut(&mut self.session);
        if !self.quirks.on(Quirk::SessionStampStill) {
            session.updated_at = Some(stamp);
        }
        if let Some(name) = derived {
            session.name = name;
        }
    }

    /// The name that the server makes for an unnamed group, while it does so.
    pub(super) fn derived_name(&self) -> Option<String> {
        let is_kept = self.session.name_changed && !self.quirks.on(Quirk::NameKeptOverwritten);
        (self.auto_named && !is_kept).then(|| {
            let names: Vec<&str> = self.present().take(NAMED_AFTER).map(|member| &*member.name).collect();
            names.join(",")
        })
    }
}

/// How long a session that somebody made is not seen by others, where a server has that quirk.
const P2P_RACE: Duration = Duration::from_millis(50);

/// How many members an unnamed group is named after. Rule `SESS-NAME-AUTO`.
const NAMED_AFTER: usize = 4;
