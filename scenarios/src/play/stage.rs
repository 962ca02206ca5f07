//! What all devices of a play share: who there is, and what has come to be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use y2w_sdk::protocol::content::Content;
use y2w_sdk::protocol::{ImSessionId, MessageId, MessageType, SessionId, SessionType, User, UserId};
use y2w_sdk::push::{ConnectionState, OverStreams};
use y2w_sdk::{ClientConfig, Event, Users};

use super::{PlayError, brief};
use crate::history::{History, What};
use crate::plan::{Action, Actor, Plan};
use crate::world::{Weather, World};

/// The password of all users of a play.
pub(super) const PASSWORD: &str = "password";

/// See the module's text.
pub(super) struct Stage<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a Arc<dyn World>,
    pub(super) history: &'a Arc<History>,
    pub(super) weather: Arc<Weather>,
    /// The users, in the order of the plan.
    pub(super) users: Vec<User>,
    /// The place of each user in the plan, by name.
    places: BTreeMap<&'a str, usize>,
    /// The same by uid.
    places_of_ids: BTreeMap<UserId, usize>,
    /// The groups that the plan may make each user a member of, by the user's name.
    groups: BTreeMap<&'a str, BTreeSet<&'a str>>,
    learnt: Arc<Learnt>,
}

/// What has come to be in a play. Shared with the observers, which outlive no client.
#[derive(Default)]
pub(super) struct Learnt {
    groups: Mutex<BTreeMap<String, SessionId>>,
    pairs: Mutex<BTreeMap<(String, String), SessionId>>,
    /// Whom each user has a session of two with.
    partners: Mutex<BTreeMap<String, BTreeSet<String>>>,
    group_names: Mutex<BTreeMap<SessionId, String>>,
    sent: Mutex<BTreeMap<u32, (ImSessionId, MessageId)>>,
    /// Devices whose connection has ended for good.
    away: Mutex<BTreeSet<usize>>,
}

impl<'a> Stage<'a> {
    /// Registers the users.
    pub(super) async fn set(
        plan: &'a Plan,
        world: &'a Arc<dyn World>,
        history: &'a Arc<History>,
    ) -> Result<Self, PlayError> {
        let weather = Weather::new(plan, world.clock());
        let mut stage = Self {
            plan,
            world,
            history,
            weather,
            users: Vec::new(),
            places: plan.users.iter().enumerate().map(|(place, user)| (&*user.name, place)).collect(),
            places_of_ids: BTreeMap::new(),
            groups: groups_of_users(plan),
            learnt: Arc::default(),
        };
        let users = Users::new(stage.plain_config());
        for user in &plan.users {
            let registered = users.register(&world.account(&user.name), PASSWORD, &user.name).await;
            let failed = |error| PlayError::SetUp { who: Actor::new(&user.name, ""), why: brief(&error) };
            let registered = registered.map_err(failed)?;
            stage.places_of_ids.insert(registered.id.clone(), stage.users.len());
            stage.users.push(registered);
        }
        Ok(stage)
    }

    /// A client's way to the server without weather, and without push.
    pub(super) fn plain_config(&self) -> ClientConfig {
        let push = OverStreams::new(self.world.streams());
        ClientConfig::with_transports(self.world.base_url(), self.world.http(), Arc::new(push))
            .expect("a world knows its own address")
            .clock(self.world.clock())
    }

    /// The place of a user in the plan.
    pub(super) fn user_index(&self, name: &str) -> usize {
        *self.places.get(name).expect("a checked plan names its users")
    }

    pub(super) fn user(&self, name: &str) -> &User {
        &self.users[self.user_index(name)]
    }

    /// Whether a user is one of the plan's.
    pub(super) fn has(&self, uid: &UserId) -> bool {
        self.places_of_ids.contains_key(uid)
    }

    /// The plan's name of a user; the id of one that is not in the plan.
    pub(super) fn name_of(&self, uid: &UserId) -> String {
        let place = self.places_of_ids.get(uid);
        place.map_or_else(|| uid.to_string(), |place| self.plan.users[*place].name.clone())
    }

    /// The groups and pairs that a user may be in, by their names in the plan.
    pub(super) fn sessions_of(&self, user: &str) -> Vec<(String, ImSessionId)> {
        let groups = self.groups.get(user).into_iter().flatten().filter_map(|name| {
            let id = self.learnt.group(name)?;
            Some((format!("#{name}"), ImSessionId::new(SessionType::Group, id)))
        });
        let partners = self.learnt.partners.lock().get(user).cloned().unwrap_or_default();
        let pairs = partners.iter().filter_map(|other| {
            let (one, two) = ordered(user, other);
            let id = self.learnt.pair(user, other)?;
            Some((format!("{one}+{two}"), ImSessionId::new(SessionType::P2p, id)))
        });
        groups.chain(pairs).collect()
    }

    pub(super) fn learnt(&self) -> &Arc<Learnt> {
        &self.learnt
    }

    /// What a client of that device tells, noted; whoever waits for its connection is told as well.
    pub(super) fn observer(
        &self,
        device: usize,
        connected: &Arc<Notify>,
    ) -> impl Fn(&Event) + Send + Sync + 'static {
        let (history, learnt, connected) = (self.history.clone(), self.learnt.clone(), connected.clone());
        move |event: &Event| {
            if let Event::Stored { session, message, .. } = event
                && let Some(step) = step_of(&message.kind, &message.content)
            {
                learnt.sent.lock().insert(step, (session.clone(), message.id.clone()));
            }
            if let Event::Connection(state) = event {
                let is_away = matches!(state, ConnectionState::Disconnected { .. });
                let mut away = learnt.away.lock();
                if is_away {
                    away.insert(device)
                } else {
                    away.remove(&device)
                };
                if *state == ConnectionState::Connected {
                    connected.notify_one();
                }
            }
            history.note(Some(device), What::Told(event.clone()));
        }
    }

    /// Whether the connection of a device has ended for good.
    pub(super) fn is_away(&self, device: usize) -> bool {
        self.learnt.away.lock().contains(&device)
    }
}

impl Learnt {
    pub(super) fn group(&self, name: &str) -> Option<SessionId> {
        self.groups.lock().get(name).cloned()
    }

    pub(super) fn group_made(&self, name: &str, id: SessionId) {
        self.group_names.lock().insert(id.clone(), name.to_owned());
        self.groups.lock().insert(name.to_owned(), id);
    }

    pub(super) fn pair(&self, one: &str, other: &str) -> Option<SessionId> {
        self.pairs.lock().get(&ordered(one, other)).cloned()
    }

    pub(super) fn pair_opened(&self, one: &str, other: &str, id: SessionId) {
        self.pairs.lock().entry(ordered(one, other)).or_insert_with(|| {
            let mut partners = self.partners.lock();
            partners.entry(one.to_owned()).or_default().insert(other.to_owned());
            partners.entry(other.to_owned()).or_default().insert(one.to_owned());
            id
        });
    }

    /// The plan's name of a group.
    pub(super) fn group_name(&self, id: &SessionId) -> Option<String> {
        self.group_names.lock().get(id).cloned()
    }

    /// Every group and pair that has come to be, by its name in the plan.
    pub(super) fn sessions(&self) -> Vec<(String, ImSessionId)> {
        let groups = self.groups.lock();
        let pairs = self.pairs.lock();
        let groups = groups
            .iter()
            .map(|(name, id)| (format!("#{name}"), ImSessionId::new(SessionType::Group, id.clone())));
        let pairs = pairs
            .iter()
            .map(|((a, b), id)| (format!("{a}+{b}"), ImSessionId::new(SessionType::P2p, id.clone())));
        groups.chain(pairs).collect()
    }

    /// The message that a step sent, once it is stored.
    pub(super) fn sent(&self, step: u32) -> Option<(ImSessionId, MessageId)> {
        self.sent.lock().get(&step).cloned()
    }
}

/// Which groups each user may come into by the plan's steps.
fn groups_of_users(plan: &Plan) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut put = |user, group| groups.entry(user).or_default().insert(group);
    for step in &plan.steps {
        match &step.action {
            Action::CreateGroup { group, members } => {
                put(&*step.by.user, &**group);
                for member in members {
                    put(member, group);
                }
            }
            action => {
                if let Some((group, user)) = action.adds() {
                    put(user, group);
                }
            }
        }
    }
    groups
}

fn ordered(one: &str, other: &str) -> (String, String) {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    (first.to_owned(), second.to_owned())
}

/// The text that a step sends.
pub(super) fn text_of(step: u32) -> String {
    format!("step {step}")
}

/// The text that a step leaves in place of another's.
pub(super) fn edited_text(step: u32, by: u32) -> String {
    format!("step {step}, edited by step {by}")
}

/// The step that sent a message.
pub(crate) fn step_of(kind: &MessageType, content: &str) -> Option<u32> {
    step_said(&words_of(kind, content)?)
}

/// The step that words are of: the first number in [`text_of`] and [`edited_text`].
pub(crate) fn step_said(words: &str) -> Option<u32> {
    let rest = words.strip_prefix("step ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// A message's text, or its file's name.
pub(crate) fn words_of(kind: &MessageType, content: &str) -> Option<String> {
    match Content::parse(kind, content) {
        Content::Text(text) => Some(text.text),
        Content::File(file) => Some(file.name),
        _ => None,
    }
}

/// The step that a push tells of, by the text for the receivers' platform.
pub(crate) fn step_pushed(message: &str) -> Option<u32> {
    let (_, from) = message.split_once("\"msg\":\"")?;
    let (text, _) = from.split_once('"')?;
    step_said(text)
}
