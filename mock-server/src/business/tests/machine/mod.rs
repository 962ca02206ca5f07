//! The whole business state beside a reference in plain lists: accounts, own lists, groups with roles, bans and names,
//! messages with edits, and every read that there is, after every step.

mod compare;
mod lists;
mod rooms;
mod steps;
mod world;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Session, SessionType};

use super::*;
use crate::machines;
use steps::{SESSIONS, Step, USERS, given, text};
use world::{Answer, Why, World};

struct Rules;

impl ReferenceStateMachine for Rules {
    type State = World;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<World> {
        Just(World::new()).boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Step> {
        steps::any_step(world)
    }

    /// Who does something is there, and there are no more sessions than can be named.
    fn preconditions(world: &World, step: &Step) -> bool {
        let opens = matches!(step, Step::CreateGroup { .. } | Step::OpenP2p { .. } | Step::OpenSingle { .. });
        step.by().is_none_or(|by| by < world.users.len()) && (!opens || world.sessions.len() < SESSIONS)
    }

    fn apply(mut world: World, step: &Step) -> World {
        world.take(step);
        world
    }
}

/// The state, and the ids that it gave, in their order.
struct Server {
    state: Business,
    now: Timestamp,
    users: Vec<UserId>,
    sessions: Vec<String>,
}

impl Server {
    fn new() -> Self {
        let state = Business::default();
        Self { state, now: at(0), users: Vec::new(), sessions: Vec::new() }
    }

    fn user(&self, n: usize) -> UserId {
        self.users.get(n).cloned().unwrap_or_else(|| UserId::from("nobody"))
    }

    fn session(&self, n: usize) -> String {
        self.sessions.get(n).cloned().unwrap_or_else(|| "nowhere".to_owned())
    }

    /// The id of what is looked for, or one that nothing has.
    fn id_of<T>(found: Option<&Arc<T>>, id: impl Fn(&T) -> &str) -> String {
        found.map_or_else(|| "nothing".to_owned(), |found| id(found).to_owned())
    }

    fn contact(&self, owner: usize, user: usize) -> String {
        let found = self.state.contacts.under(&self.user(owner), self.user(user).as_str());
        Self::id_of(found, |contact| contact.id.as_str())
    }

    fn favourite(&self, owner: usize, session: usize) -> String {
        let found = self.state.favourites.under(&self.user(owner), &self.session(session));
        Self::id_of(found, |favourite| favourite.id.as_str())
    }

    fn conversation(&self, owner: usize, session: usize) -> String {
        let found = self.state.conversations.under(&self.user(owner), &self.session(session));
        Self::id_of(found, |conversation| conversation.id.as_str())
    }

    fn member(&self, session: usize, user: usize) -> String {
        let room = self.state.sessions.room(&self.session(session)).ok();
        let found = room.and_then(|room| room.member_of(&self.user(user)));
        Self::id_of(found, |member| member.id.as_str())
    }

    fn message(&self, session: usize, message: usize) -> String {
        let room = self.state.sessions.room(&self.session(session)).ok();
        let found = room.and_then(|room| room.messages.iter().nth(message));
        Self::id_of(found, |message| message.id.as_str())
    }

    fn opened(&mut self, session: &Session) -> Answer {
        let id = session.id.as_str();
        let known = self.sessions.iter().position(|known| known == id);
        Answer::Session(known.unwrap_or_else(|| {
            self.sessions.push(id.to_owned());
            self.sessions.len() - 1
        }))
    }

    fn register(&mut self, email: usize) -> Result<Answer, Refusal> {
        let register = Register {
            email: format!("e{email}"),
            password_hash: String::new(),
            name: format!("N{email}"),
            avatar_url: String::new(),
        };
        self.users.push(self.state.apply(register, self.now)?.id.clone());
        Ok(Answer::Done)
    }

    fn done<O: Operation>(&mut self, operation: O) -> Result<Answer, Refusal> {
        self.state.apply(operation, self.now).map(|_| Answer::Done)
    }

    fn take(&mut self, step: Step) -> Result<Answer, Refusal> {
        let caller = self.user(step.by().unwrap_or_default());
        let owner = caller.to_string();
        let avatar_url = String::new();
        match step {
            Step::Pass(millis) => {
                self.now = Timestamp::from_millis(self.now.as_millis() + millis);
                Ok(Answer::Done)
            }
            Step::Register { email } => self.register(email),
            Step::RenameUser { by: _, user, name } => {
                let changes = rest::UpdateUser { name: Some(given(name)), ..Default::default() };
                self.done(UpdateUser { caller, user: self.user(user).to_string(), changes })
            }
            Step::AddContact { by: _, owner, user, name } => {
                let (owner, user) = (self.user(owner).to_string(), self.user(user));
                self.done(AddContact { caller, owner, user, name: given(name), avatar_url })
            }
            Step::TitleContact { by, user, title } => {
                let changes = rest::UpdateContact { title: Some(given(title)), ..Default::default() };
                self.done(UpdateContact { caller, owner, contact: self.contact(by, user), changes })
            }
            Step::RemoveContact { by, user } => {
                self.done(RemoveContact { caller, owner, contact: self.contact(by, user) })
            }
            Step::AddFavourite { by: _, session, name } => {
                let session = self.session(session).as_str().into();
                self.done(AddFavourite { caller, owner, session, name: given(name), avatar_url })
            }
            Step::RenameFavourite { by, session, name } => {
                let changes = rest::UpdateUserSession { name: Some(given(name)), ..Default::default() };
                self.done(UpdateFavourite { caller, owner, favourite: self.favourite(by, session), changes })
            }
            Step::RemoveFavourite { by, session } => {
                self.done(RemoveFavourite { caller, owner, favourite: self.favourite(by, session) })
            }
            Step::UpdateConversation { by, session, name, top } => {
                let conversation = self.conversation(by, session);
                let known = self.state.conversation(&caller, &owner, &conversation);
                let name = name.map(given).or(known.ok().map(|known| known.name.clone()));
                let changes = rest::UpdateConversation {
                    target_id: String::new(),
                    name: name.unwrap_or_default(),
                    kind: SessionType::Group,
                    top,
                    avatar_url: None,
                };
                self.done(UpdateConversation { caller, owner, conversation, changes })
            }
            Step::RemoveConversation { by, session } => {
                let conversation = self.conversation(by, session);
                self.done(RemoveConversation { caller, owner, conversation })
            }
            Step::ClearUnread { by, session } => {
                let conversation = self.conversation(by, session);
                self.done(ClearUnread { caller, owner, conversation })
            }
            Step::CreateGroup { by: _, named } => {
                let name = if named { "group".to_owned() } else { String::new() };
                let create = CreateGroup { caller, name, secure_type: "public".to_owned(), avatar_url };
                self.state.apply(create, self.now).map(|session| self.opened(&session))
            }
            Step::OpenP2p { by: _, one, other } => {
                let open = OpenP2p { caller, one: self.user(one), other: self.user(other) };
                self.state.apply(open, self.now).map(|session| self.opened(&session))
            }
            Step::OpenSingle { by: _, owner } => {
                let open = OpenSingle { caller, owner: self.user(owner).to_string() };
                self.state.apply(open, self.now).map(|session| self.opened(&session))
            }
            Step::AddMember { by: _, session, user, role } => {
                let (session, name) = (self.session(session), given(user));
                let user = self.user(user);
                let status = Status::Active;
                self.done(AddMember { caller, session, user, name, role, avatar_url, status })
            }
            Step::RemoveMember { by: _, session, user } => {
                let member = self.member(session, user);
                self.done(RemoveMember { caller, session: self.session(session), member })
            }
            Step::UpdateMember { by: _, session, user, changes } => {
                let member = self.member(session, user);
                let changes = rest::UpdateMember {
                    name: changes.name.map(given),
                    role: changes.role,
                    status: changes.status,
                    ..Default::default()
                };
                self.done(UpdateMember { caller, session: self.session(session), member, changes })
            }
            Step::UpdateSession { by: _, session, name, name_changed } => {
                let session = self.session(session);
                let name = name.map(given);
                let changes = rest::UpdateSession { name, name_changed, ..Default::default() };
                self.done(UpdateSession { caller, session, changes })
            }
            Step::DeleteSession { by: _, session } => {
                self.done(DeleteSession { caller, session: self.session(session) })
            }
            Step::Post { by: _, session, sender, key } => {
                let post = PostMessage {
                    caller,
                    session: self.session(session),
                    sender: self.user(sender),
                    content: text(9),
                    kind: MessageType::Text,
                    idempotency_key: key.map(|key| key.to_string()),
                };
                let id = self.state.apply(post, self.now)?.id.to_string();
                let place = (0..).find(|n| self.message(session, *n) == id);
                Ok(Answer::Message(session, place.unwrap()))
            }
            Step::Edit { by: _, session, message, text: n } => {
                let message = self.message(session, message);
                let changes = rest::EditMessage { content: Some(text(n)), ..Default::default() };
                self.done(EditMessage { caller, session: self.session(session), message, changes })
            }
            Step::Withdraw { by: _, session, message } => {
                let message = self.message(session, message);
                self.done(DeleteMessage { caller, session: self.session(session), message })
            }
            Step::Read { by: _, session } => self.done(MarkRead { caller, session: self.session(session) }),
        }
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::MIN.as_millis() + millis)
}

fn why(refusal: &Refusal) -> Why {
    match refusal {
        Refusal::BadRequest(_) => Why::Bad,
        Refusal::Forbidden(_) => Why::Forbidden,
        Refusal::NotFound(_) => Why::NotFound,
        Refusal::Unauthorized(_) => panic!("{refusal}"),
    }
}

impl StateMachineTest for Server {
    type SystemUnderTest = Self;
    type Reference = Rules;

    fn init_test(world: &World) -> Self {
        let mut server = Self::new();
        for user in &world.users {
            server.register(user.email).unwrap();
        }
        server
    }

    fn apply(mut server: Self, world: &World, step: Step) -> Self {
        match (server.take(step), &world.answer) {
            (Err(refusal), Answer::Refused(reasons)) => {
                assert!(reasons.contains(&why(&refusal)), "{refusal:?} is none of {reasons:?}");
            }
            (answer, expected) => assert_eq!(answer.as_ref(), Ok(expected)),
        }
        server
    }

    fn check_invariants(server: &Self, world: &World) {
        compare::all(server, world, false);
    }

    /// At the end each page from each stamp on.
    fn teardown(server: Self, world: World) {
        compare::all(&server, &world, true);
    }
}

#[test]
fn the_state_is_what_the_rules_say_after_every_step() {
    machines::run::<Server>(60, 60);
}
