//! The reference: everything in plain lists, as the protocol tells it.
//!
//! It gives no stamps, since a server is free in them, but numbers its changes: each change of an entry gets the next
//! number of all. A stamp stands for such a number, so stamps have to be in the order of the numbers. What is refused,
//! is refused for one of the reasons that are named: nobody has said which check comes first.

use y2w_sdk::protocol::entity::{Role, Status};

use super::steps::{Step, given};

/// The number of a change.
pub(super) type Change = u64;

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Why {
    Bad,
    Forbidden,
    NotFound,
}

/// What a step answers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Session(usize),
    Message(usize, usize),
    Refused(Vec<Why>),
}

#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) email: usize,
    pub(super) name: String,
    pub(super) made: Change,
    pub(super) changed: Change,
}

/// An entry of a list that a user owns: contacts under the other user, the others under a session.
#[derive(Clone, Debug)]
pub(super) struct Own<T> {
    pub(super) owner: usize,
    pub(super) key: usize,
    pub(super) name: String,
    pub(super) gone: bool,
    pub(super) made: Change,
    pub(super) changed: Change,
    pub(super) more: T,
}

/// What a contact is called by its owner.
pub(super) type Title = String;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shown {
    /// The owner has chosen the name.
    pub(super) named: bool,
    pub(super) top: bool,
    pub(super) unread: u32,
    /// Sender and content of the newest message; of the server's own no content.
    pub(super) last: (usize, Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Group,
    P2p,
    Single,
}

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) kind: Kind,
    pub(super) creator: usize,
    pub(super) name: String,
    /// Created without a name.
    pub(super) unnamed: bool,
    pub(super) name_changed: bool,
    pub(super) made: Change,
    pub(super) changed: Change,
    /// In the order in which they first came.
    pub(super) members: Vec<Member>,
    /// In the order in which they were stored.
    pub(super) messages: Vec<Message>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) user: usize,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) status: Status,
    pub(super) gone: bool,
    /// When the membership last changed, and when anything of it: rule `MEMBER-TWO-CLOCKS`.
    pub(super) joined: Change,
    pub(super) changed: Change,
}

impl Member {
    pub(super) fn is_active(&self) -> bool {
        !self.gone && self.status == Status::Active
    }

    pub(super) fn manages(&self) -> bool {
        self.role == Role::Master || self.role == Role::Admin
    }
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) sender: usize,
    /// With which key it was stored.
    pub(super) key: Option<usize>,
    /// All that it ever was, oldest first.
    pub(super) versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Version {
    pub(super) at: Change,
    /// `None` if the server wrote it.
    pub(super) content: Option<String>,
    pub(super) gone: bool,
}

impl Message {
    pub(super) fn now(&self) -> &Version {
        self.versions.last().unwrap()
    }
}

#[derive(Clone, Debug)]
pub(super) struct World {
    /// In milliseconds.
    pub(super) now: i64,
    /// When each change was made.
    pub(super) made_at: Vec<i64>,
    pub(super) users: Vec<User>,
    pub(super) contacts: Vec<Own<Title>>,
    pub(super) favourites: Vec<Own<()>>,
    pub(super) conversations: Vec<Own<Shown>>,
    pub(super) sessions: Vec<Session>,
    pub(super) answer: Answer,
}

/// The reasons against something, those that hold.
pub(super) fn unless(all: &[(bool, Why)]) -> Result<(), Vec<Why>> {
    let against: Vec<Why> = all.iter().filter(|(fine, _)| !fine).map(|(_, why)| *why).collect();
    if against.is_empty() { Ok(()) } else { Err(against) }
}

impl World {
    /// Three users and nothing else.
    pub(super) fn new() -> Self {
        let mut world = Self {
            now: 0,
            made_at: Vec::new(),
            users: Vec::new(),
            contacts: Vec::new(),
            favourites: Vec::new(),
            conversations: Vec::new(),
            sessions: Vec::new(),
            answer: Answer::Done,
        };
        for email in 0..3 {
            world.take(&Step::Register { email });
        }
        world
    }

    pub(super) fn change(&mut self) -> Change {
        self.made_at.push(self.now);
        self.made_at.len() as Change
    }

    pub(super) fn take(&mut self, step: &Step) {
        let answer = self.carry_out(step);
        self.answer = answer.unwrap_or_else(Answer::Refused);
    }

    fn carry_out(&mut self, step: &Step) -> Result<Answer, Vec<Why>> {
        match step.clone() {
            Step::Pass(millis) => self.now += millis,
            Step::Register { email } => self.register(email)?,
            Step::RenameUser { by, user, name } => self.rename_user(by, user, &given(name))?,
            Step::AddContact { by, owner, user, name } => self.add_contact(by, owner, user, &given(name))?,
            Step::TitleContact { by, user, title } => self.title_contact(by, user, &given(title))?,
            Step::RemoveContact { by, user } => self.remove_contact(by, user)?,
            Step::AddFavourite { by, session, name } => self.add_favourite(by, session, &given(name))?,
            Step::RenameFavourite { by, session, name } => {
                self.rename_favourite(by, session, &given(name))?;
            }
            Step::RemoveFavourite { by, session } => self.remove_favourite(by, session)?,
            Step::UpdateConversation { by, session, name, top } => {
                self.update_conversation(by, session, name.map(given), top)?;
            }
            Step::RemoveConversation { by, session } => self.remove_conversation(by, session)?,
            Step::ClearUnread { by, session } => self.clear_unread(by, session)?,
            Step::CreateGroup { by, named } => return Ok(self.create_group(by, named)),
            Step::OpenP2p { by, one, other } => return self.open_p2p(by, one, other),
            Step::OpenSingle { by, owner } => return self.open_single(by, owner),
            Step::AddMember { by, session, user, role } => self.add_member(by, session, user, role)?,
            Step::RemoveMember { by, session, user } => self.remove_member(by, session, user)?,
            Step::UpdateMember { by, session, user, changes } => {
                self.update_member(by, session, user, changes)?;
            }
            Step::UpdateSession { by, session, name, name_changed } => {
                self.update_session(by, session, name.map(given), name_changed)?;
            }
            Step::DeleteSession { by, session } => self.delete_session(by, session)?,
            Step::Post { by, session, sender, key } => return self.post(by, session, sender, key),
            Step::Edit { by, session, message, text } => {
                self.edit(by, session, message, Some(super::steps::text(text)))?;
            }
            Step::Withdraw { by, session, message } => self.edit(by, session, message, None)?,
            Step::Read { by, session } => self.read(by, session)?,
        }
        Ok(Answer::Done)
    }

    /// Rules `AUTH-REGISTER`, `AUTH-REGISTER-UNIQUE`.
    fn register(&mut self, email: usize) -> Result<(), Vec<Why>> {
        unless(&[(self.users.iter().all(|user| user.email != email), Why::Bad)])?;
        let change = self.change();
        self.users.push(User { email, name: format!("N{email}"), made: change, changed: change });
        Ok(())
    }

    /// Rules `USER-UPDATE`, `USER-UPDATE-RIGHT`.
    fn rename_user(&mut self, by: usize, user: usize, name: &str) -> Result<(), Vec<Why>> {
        unless(&[(by == user, Why::Forbidden)])?;
        if self.users[user].name != name {
            let change = self.change();
            name.clone_into(&mut self.users[user].name);
            self.users[user].changed = change;
        }
        Ok(())
    }
}
