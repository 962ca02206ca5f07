//! The reference: sessions, their members and messages. Parts 7 to 10 of the protocol.

use y2w_sdk::protocol::entity::{Role, Status};

use super::steps::{MemberChanges, given, text};
use super::world::{Answer, Change, Kind, Member, Message, Session, Version, Why, World, unless};

impl Session {
    fn member(&self, user: usize) -> Option<&Member> {
        self.members.iter().find(|member| member.user == user)
    }

    fn member_mut(&mut self, user: usize) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.user == user)
    }

    /// Rules `MSG-MEMBERS-ONLY`, `MEMBER-STATUS`: one who is banned may do here what one who left may do.
    pub(super) fn is_active(&self, user: usize) -> bool {
        self.member(user).is_some_and(Member::is_active)
    }

    fn manages(&self, user: usize) -> bool {
        self.is_active(user) && self.member(user).is_some_and(Member::manages)
    }

    fn is_master(&self, user: usize) -> bool {
        self.is_active(user) && self.member(user).is_some_and(|member| member.role == Role::Master)
    }

    fn is_empty_of(&self, user: usize) -> bool {
        self.members.is_empty() && self.creator == user
    }

    /// Rule `MEMBER-LIST-PRIVATE`.
    pub(super) fn is_known_to(&self, user: usize) -> bool {
        self.is_empty_of(user) || self.member(user).is_some()
    }

    pub(super) fn active(&self) -> Vec<usize> {
        self.members.iter().filter(|member| member.is_active()).map(|member| member.user).collect()
    }

    /// Rules `SESS-NAME-AUTO`, `SESS-NAME-KEPT`.
    fn name_itself(&mut self) {
        if self.unnamed && !self.name_changed {
            let active = self.members.iter().filter(|member| member.is_active());
            let names: Vec<&str> = active.take(4).map(|member| member.name.as_str()).collect();
            self.name = names.join(",");
        }
    }

    /// What a user may read of the history, newest first: each message as that user may see it. Rules `HIST-ORDER`,
    /// `HIST-REMOVED`, `HIST-OUTSIDER`.
    pub(super) fn history(&self, user: usize) -> Option<Vec<(&Message, &Version)>> {
        let member = self.member(user)?;
        let last = if member.gone { member.joined } else { Change::MAX };
        let seen = self.messages.iter().rev().filter_map(|message| {
            let version = message.versions.iter().rev().find(|version| version.at <= last)?;
            Some((message, version))
        });
        Some(seen.collect())
    }
}

impl World {
    fn session(&mut self, session: usize) -> Result<&mut Session, Vec<Why>> {
        self.sessions.get_mut(session).ok_or_else(|| vec![Why::NotFound])
    }

    fn open(&mut self, kind: Kind, creator: usize, name: String) -> usize {
        let made = self.change();
        self.sessions.push(Session {
            kind,
            creator,
            unnamed: kind == Kind::Group && name.is_empty(),
            name,
            name_changed: false,
            made,
            changed: made,
            members: Vec::new(),
            messages: Vec::new(),
        });
        self.sessions.len() - 1
    }

    /// Puts a member in, or revives the entry. Rules `MEMBER-ONE-PER-USER`, `MEMBER-REVIVE`, `MEMBER-CREATED-AT`.
    fn enter(&mut self, session: usize, user: usize, name: String, role: Role) {
        let joined = self.change();
        let member =
            Member { user, name, role, status: Status::Active, gone: false, joined, changed: joined };
        let session = &mut self.sessions[session];
        match session.member_mut(user) {
            Some(known) => *known = member,
            None => session.members.push(member),
        }
    }

    fn store(&mut self, session: usize, sender: usize, content: Option<&str>, key: Option<usize>) -> usize {
        let at = self.change();
        let versions = vec![Version { at, content: content.map(str::to_owned), gone: false }];
        self.sessions[session].messages.push(Message { sender, key, versions });
        self.show_message(session, sender, content);
        self.sessions[session].messages.len() - 1
    }

    /// Rules `SESS-STAMP-ON-MEMBERSHIP`, `MEMBER-SYSTEM-MESSAGE`.
    fn membership_changed(&mut self, session: usize, by: usize) {
        self.members_changed(session);
        self.store(session, by, None, None);
    }

    fn members_changed(&mut self, session: usize) {
        self.sessions[session].changed = self.change();
        self.sessions[session].name_itself();
    }

    fn rename_conversations(&mut self, session: usize) {
        let active = self.sessions[session].active();
        self.reshow(session, active, |conversation, face| {
            if !conversation.more.named {
                face.clone_into(&mut conversation.name);
            }
        });
    }

    /// Rule `SESS-CREATE-GROUP`.
    pub(super) fn create_group(&mut self, by: usize, named: bool) -> Answer {
        let name = if named { "group".to_owned() } else { String::new() };
        Answer::Session(self.open(Kind::Group, by, name))
    }

    /// Rules `SESS-P2P-ONE`, `SESS-P2P-MEMBERS`, `SESS-P2P-PARTIES`, `MEMBER-SYSTEM-MESSAGE`.
    pub(super) fn open_p2p(&mut self, by: usize, one: usize, other: usize) -> Result<Answer, Vec<Why>> {
        unless(&[
            (by == one || by == other, Why::Forbidden),
            (one < self.users.len() && other < self.users.len(), Why::NotFound),
            (one != other, Why::Bad),
        ])?;
        let is_theirs = |session: &Session| {
            session.kind == Kind::P2p && session.member(one).is_some() && session.member(other).is_some()
        };
        if let Some(known) = self.sessions.iter().position(is_theirs) {
            return Ok(Answer::Session(known));
        }
        let session = self.open(Kind::P2p, by, String::new());
        for user in [one, other] {
            self.enter(session, user, self.users[user].name.clone(), Role::User);
        }
        self.store(session, by, None, None);
        Ok(Answer::Session(session))
    }

    /// Rules `SESS-SINGLE-ONE`, `SESS-SINGLE-MEMBER`.
    pub(super) fn open_single(&mut self, by: usize, owner: usize) -> Result<Answer, Vec<Why>> {
        unless(&[(by == owner, Why::Forbidden)])?;
        let is_own = |session: &Session| session.kind == Kind::Single && session.creator == owner;
        if let Some(known) = self.sessions.iter().position(is_own) {
            return Ok(Answer::Session(known));
        }
        let session = self.open(Kind::Single, by, String::new());
        self.enter(session, owner, self.users[owner].name.clone(), Role::User);
        Ok(Answer::Session(session))
    }

    /// Rules `MEMBER-ADD`, `MEMBER-ADD-RIGHT`, `MEMBER-ADD-OUTSIDER`, `MEMBER-ADD-TWICE`, `MEMBER-ROLES`,
    /// `SESS-CREATE-FIRST-MEMBER`. A group has one master at most.
    pub(super) fn add_member(
        &mut self,
        by: usize,
        session: usize,
        user: usize,
        role: Role,
    ) -> Result<(), Vec<Why>> {
        let exists = user < self.users.len();
        let known = self.session(session)?;
        let creates = known.is_empty_of(by);
        let there = known.member(user).is_some_and(|member| !member.gone);
        let has_master = known.members.iter().any(|member| !member.gone && member.role == Role::Master);
        unless(&[
            (known.kind == Kind::Group, Why::Forbidden),
            (creates || known.is_active(by), Why::Forbidden),
            (creates || role == Role::User || known.manages(by), Why::Forbidden),
            (exists, Why::Bad),
            (there || role != Role::Master || !has_master, Why::Bad),
        ])?;
        if !there {
            self.enter(session, user, given(user), role);
            self.membership_changed(session, by);
        }
        Ok(())
    }

    /// Rules `MEMBER-REMOVE`, `MEMBER-REMOVE-RIGHT`, `MEMBER-MASTER-STAYS`, `MEMBER-LEAVE`, `MEMBER-MASTER-LEAVES`. An
    /// admin comes before others when a master is needed, and who came earlier before who came later.
    pub(super) fn remove_member(&mut self, by: usize, session: usize, user: usize) -> Result<(), Vec<Why>> {
        let known = self.session(session)?;
        unless(&[(known.kind == Kind::Group, Why::Forbidden), (known.is_known_to(by), Why::Forbidden)])?;
        let member = known.member(user).cloned().ok_or_else(|| vec![Why::NotFound])?;
        let is_master = !member.gone && member.role == Role::Master;
        unless(&[
            (by == user || known.manages(by), Why::Forbidden),
            (by == user || !is_master, Why::Forbidden),
        ])?;
        if member.gone {
            return Ok(());
        }
        self.take_out(session, user);
        let known = &self.sessions[session];
        let heir = known.members.iter().filter(|heir| heir.is_active());
        let heir = heir.min_by_key(|heir| heir.role != Role::Admin).map(|heir| heir.user);
        if let Some(heir) = heir.filter(|_| is_master) {
            self.give_role(session, heir, Role::Master);
        }
        self.membership_changed(session, by);
        Ok(())
    }

    fn take_out(&mut self, session: usize, user: usize) {
        let change = self.change();
        let member = self.sessions[session].member_mut(user).unwrap();
        (member.gone, member.joined, member.changed) = (true, change, change);
    }

    /// Rule `MEMBER-CREATED-AT`.
    fn give_role(&mut self, session: usize, user: usize, role: Role) {
        let change = self.change();
        let member = self.sessions[session].member_mut(user).unwrap();
        (member.role, member.joined, member.changed) = (role, change, change);
    }

    /// Rules `MEMBER-UPDATE`, `MEMBER-UPDATE-RIGHT`, `MEMBER-ROLES`, `MEMBER-MASTER-STAYS`, `MEMBER-MASTER-PASSED-ON`,
    /// `MEMBER-TWO-CLOCKS`. What comes out as it was needs no right.
    pub(super) fn update_member(
        &mut self,
        by: usize,
        session: usize,
        user: usize,
        changes: MemberChanges,
    ) -> Result<(), Vec<Why>> {
        let known = self.session(session)?;
        unless(&[(known.is_active(by), Why::Forbidden)])?;
        let before = known.member(user).filter(|member| !member.gone).cloned();
        let before = before.ok_or_else(|| vec![Why::NotFound])?;
        let mut after = before.clone();
        after.name = changes.name.map_or(after.name, given);
        after.role = changes.role.unwrap_or(after.role);
        after.status = changes.status.unwrap_or(after.status);
        if after == before {
            return Ok(());
        }
        let (own, role) = (by == user, after.role != before.role);
        let to_master = role && after.role == Role::Master;
        unless(&[
            (own || known.manages(by), Why::Forbidden),
            (own || before.role != Role::Master, Why::Forbidden),
            (!own || after.status == before.status, Why::Forbidden),
            (!role || known.manages(by), Why::Forbidden),
            (!role || before.role != Role::Master, Why::Bad),
            (!to_master || known.is_master(by), Why::Forbidden),
            (!to_master || after.status == Status::Active, Why::Bad),
        ])?;
        let name = known.name.clone();
        if to_master {
            self.give_role(session, by, Role::Admin);
        }
        let change = self.change();
        let joined = if role { change } else { before.joined };
        *self.sessions[session].member_mut(user).unwrap() = Member { joined, changed: change, ..after };
        if role {
            self.membership_changed(session, by);
        } else {
            self.members_changed(session);
        }
        if self.sessions[session].name != name {
            self.rename_conversations(session);
        }
        Ok(())
    }

    /// Rules `SESS-UPDATE`, `SESS-UPDATE-RIGHT`, `SESS-NAME-CHOSEN`.
    pub(super) fn update_session(
        &mut self,
        by: usize,
        session: usize,
        name: Option<String>,
        name_changed: Option<bool>,
    ) -> Result<(), Vec<Why>> {
        let known = self.session(session)?;
        unless(&[(known.is_empty_of(by) || known.is_active(by), Why::Forbidden)])?;
        let before = (known.name.clone(), known.name_changed);
        let renamed = name.filter(|name| *name != known.name);
        let chosen = known.unnamed && renamed.is_some();
        known.name_changed = name_changed.unwrap_or(known.name_changed || chosen);
        known.name = renamed.unwrap_or_else(|| before.0.clone());
        known.name_itself();
        let after = (known.name.clone(), known.name_changed);
        if after != before {
            self.sessions[session].changed = self.change();
        }
        if after.0 != before.0 {
            self.rename_conversations(session);
        }
        Ok(())
    }

    /// Rules `SESS-DELETE`, `SESS-DELETE-RIGHT`, `SESS-DELETE-DISSOLVES`.
    pub(super) fn delete_session(&mut self, by: usize, session: usize) -> Result<(), Vec<Why>> {
        let known = self.session(session)?;
        unless(&[
            (known.kind == Kind::Group, Why::Forbidden),
            (known.is_empty_of(by) || known.is_master(by), Why::Forbidden),
        ])?;
        let members = known.members.iter().filter(|member| !member.gone);
        let members: Vec<usize> = members.map(|member| member.user).collect();
        self.reshow(session, members.clone(), |conversation, _| conversation.gone = true);
        for user in members {
            self.take_out(session, user);
        }
        self.sessions[session].changed = self.change();
        Ok(())
    }

    /// Rules `MSG-STORE`, `MSG-ONCE`, `MSG-SENDER`, `MSG-MEMBERS-ONLY`, `MSG-IDEMPOTENCY-KEY`.
    pub(super) fn post(
        &mut self,
        by: usize,
        session: usize,
        sender: usize,
        key: Option<usize>,
    ) -> Result<Answer, Vec<Why>> {
        let known = self.session(session)?;
        unless(&[(known.is_active(by), Why::Forbidden), (sender == by, Why::Forbidden)])?;
        let is_again = |message: &Message| key.is_some() && (message.sender, message.key) == (by, key);
        let message = match known.messages.iter().position(is_again) {
            Some(stored) => stored,
            None => self.store(session, by, Some(&text(9)), key),
        };
        Ok(Answer::Message(session, message))
    }

    /// Changes what a message says, or withdraws it. Rules `MSG-EDIT`, `MSG-DELETE`, `MSG-EDIT-RIGHT`,
    /// `MSG-EDIT-MEMBER`, `MSG-EDIT-SYSTEM`, `CONV-LAST-MESSAGE-EDITED`.
    pub(super) fn edit(
        &mut self,
        by: usize,
        session: usize,
        message: usize,
        content: Option<String>,
    ) -> Result<(), Vec<Why>> {
        let known = self.session(session)?;
        unless(&[(known.is_active(by), Why::Forbidden)])?;
        let found = known.messages.get(message).ok_or_else(|| vec![Why::NotFound])?;
        let before = found.now().clone();
        unless(&[
            (before.content.is_some(), Why::Forbidden),
            (found.sender == by, Why::Forbidden),
            (!before.gone || content.is_none(), Why::NotFound),
        ])?;
        let (gone, is_newest) = (content.is_none(), message + 1 == known.messages.len());
        let content = content.or_else(|| before.content.clone());
        if (&content, gone) == (&before.content, before.gone) {
            return Ok(());
        }
        let at = self.change();
        let version = Version { at, content: content.clone(), gone };
        self.sessions[session].messages[message].versions.push(version);
        if is_newest {
            let shown = if gone { Some(String::new()) } else { content };
            let active = self.sessions[session].active();
            self.reshow(session, active, |conversation, _| conversation.more.last = (by, shown.clone()));
        }
        Ok(())
    }

    /// Rule `MSG-SYNC-MARKS-READ`.
    pub(super) fn read(&mut self, by: usize, session: usize) -> Result<(), Vec<Why>> {
        unless(&[(self.session(session)?.is_active(by), Why::Forbidden)])?;
        // Who has no conversation has nothing to read.
        drop(self.clear_unread(by, session));
        Ok(())
    }
}
