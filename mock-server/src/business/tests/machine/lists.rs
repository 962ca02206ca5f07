//! The reference: the lists that users own. Parts 4 to 6 of the protocol.

use super::world::{Kind, Own, Shown, Why, World, unless};

fn find<T>(all: &mut [Own<T>], owner: usize, key: usize) -> Option<&mut Own<T>> {
    all.iter_mut().find(|own| (own.owner, own.key) == (owner, key))
}

/// An entry of one's own that is there and no tombstone.
fn present<T>(all: &mut [Own<T>], owner: usize, key: usize) -> Result<&mut Own<T>, Vec<Why>> {
    find(all, owner, key).filter(|own| !own.gone).ok_or_else(|| vec![Why::NotFound])
}

/// Makes an entry a tombstone; one that is one stays as it is.
macro_rules! remove {
    ($world:ident, $list:ident, $owner:expr, $key:expr) => {{
        let known = find(&mut $world.$list, $owner, $key).ok_or_else(|| vec![Why::NotFound])?;
        if !known.gone {
            known.gone = true;
            let change = $world.change();
            find(&mut $world.$list, $owner, $key).unwrap().changed = change;
        }
        Ok(())
    }};
}

impl World {
    /// Rules `CONTACT-ADD`, `CONTACT-ADD-MUTUAL`, `CONTACT-ADD-TWICE`, `CONTACT-REVIVE`, `CONTACT-OWNER`.
    pub(super) fn add_contact(
        &mut self,
        by: usize,
        owner: usize,
        user: usize,
        name: &str,
    ) -> Result<(), Vec<Why>> {
        let there = |own: &Own<_>| (own.owner, own.key, own.gone) == (owner, user, false);
        unless(&[
            (by == owner, Why::Forbidden),
            (user != owner, Why::Bad),
            (user < self.users.len(), Why::Bad),
            (!self.contacts.iter().any(there), Why::Bad),
        ])?;
        let own_name = self.users[owner].name.clone();
        if find(&mut self.contacts, user, owner).is_none_or(|back| back.gone) {
            self.put_contact(user, owner, &own_name);
        }
        self.put_contact(owner, user, name);
        Ok(())
    }

    fn put_contact(&mut self, owner: usize, key: usize, name: &str) {
        let (made, name) = (self.change(), name.to_owned());
        if let Some(known) = find(&mut self.contacts, owner, key) {
            (known.name, known.gone, known.changed) = (name, false, made);
        } else {
            let more = String::new();
            self.contacts.push(Own { owner, key, name, gone: false, made, changed: made, more });
        }
    }

    /// Rule `CONTACT-UPDATE`.
    pub(super) fn title_contact(&mut self, by: usize, user: usize, title: &str) -> Result<(), Vec<Why>> {
        if present(&mut self.contacts, by, user)?.more != title {
            let change = self.change();
            let known = present(&mut self.contacts, by, user)?;
            (known.more, known.changed) = (title.to_owned(), change);
        }
        Ok(())
    }

    /// Rules `CONTACT-DELETE`, `CONTACT-DELETE-OWN-SIDE`.
    pub(super) fn remove_contact(&mut self, by: usize, user: usize) -> Result<(), Vec<Why>> {
        remove!(self, contacts, by, user)
    }

    /// Rules `FAV-ADD`, `FAV-ONE-PER-SESSION`.
    pub(super) fn add_favourite(&mut self, by: usize, session: usize, name: &str) -> Result<(), Vec<Why>> {
        let Some(known) = self.sessions.get(session) else { return Err(vec![Why::Bad]) };
        unless(&[(known.kind == Kind::Group, Why::Bad), (known.is_known_to(by), Why::Forbidden)])?;
        if find(&mut self.favourites, by, session).is_some_and(|known| !known.gone) {
            return Ok(());
        }
        let (made, name) = (self.change(), name.to_owned());
        if let Some(known) = find(&mut self.favourites, by, session) {
            (known.name, known.gone, known.changed) = (name, false, made);
        } else {
            let (owner, key) = (by, session);
            self.favourites.push(Own { owner, key, name, gone: false, made, changed: made, more: () });
        }
        Ok(())
    }

    /// Rule `FAV-UPDATE`.
    pub(super) fn rename_favourite(&mut self, by: usize, session: usize, name: &str) -> Result<(), Vec<Why>> {
        if present(&mut self.favourites, by, session)?.name != name {
            let change = self.change();
            let known = present(&mut self.favourites, by, session)?;
            (known.name, known.changed) = (name.to_owned(), change);
        }
        Ok(())
    }

    /// Rules `FAV-DELETE`, `FAV-DELETE-NOT-MEMBERSHIP`.
    pub(super) fn remove_favourite(&mut self, by: usize, session: usize) -> Result<(), Vec<Why>> {
        remove!(self, favourites, by, session)
    }

    /// What a conversation shows where its owner has chosen nothing: the other user in a session of two, the session in
    /// any other. Rule `CONV-TARGET`.
    fn face(&self, owner: usize, session: usize) -> String {
        let session = &self.sessions[session];
        let other = session.members.iter().find(|member| member.user != owner);
        match (session.kind, other) {
            (Kind::P2p, Some(other)) => self.users[other.user].name.clone(),
            _ => session.name.clone(),
        }
    }

    /// Rules `CONV-UPDATE`, `CONV-NAME-CHOSEN`, `CONV-CHANGE-STAMPED`. A name that is sent along is no choice, and the
    /// one that would be shown anyway is none either.
    pub(super) fn update_conversation(
        &mut self,
        by: usize,
        session: usize,
        name: Option<String>,
        top: Option<bool>,
    ) -> Result<(), Vec<Why>> {
        present(&mut self.conversations, by, session)?;
        let face = self.face(by, session);
        let known = present(&mut self.conversations, by, session)?;
        let before = (known.name.clone(), known.more.top);
        if let Some(name) = name.filter(|name| *name != known.name) {
            known.more.named = name != face;
            known.name = name;
        }
        known.more.top = top.unwrap_or(known.more.top);
        if (known.name.clone(), known.more.top) != before {
            let change = self.change();
            present(&mut self.conversations, by, session)?.changed = change;
        }
        Ok(())
    }

    /// Rule `CONV-DELETE`.
    pub(super) fn remove_conversation(&mut self, by: usize, session: usize) -> Result<(), Vec<Why>> {
        remove!(self, conversations, by, session)
    }

    /// Rule `CONV-CLEAR-UNREAD`.
    pub(super) fn clear_unread(&mut self, by: usize, session: usize) -> Result<(), Vec<Why>> {
        let known = find(&mut self.conversations, by, session).ok_or_else(|| vec![Why::NotFound])?;
        if std::mem::take(&mut known.more.unread) > 0 {
            let change = self.change();
            find(&mut self.conversations, by, session).unwrap().changed = change;
        }
        Ok(())
    }

    /// Rules `CONV-ON-MESSAGE`, `CONV-LAST-MESSAGE`, `CONV-UNREAD`, `CONV-UNREAD-SYSTEM`, `CONV-RETURNS`,
    /// `CONV-SERVER-MADE`.
    pub(super) fn show_message(&mut self, session: usize, sender: usize, content: Option<&str>) {
        for owner in self.sessions[session].active() {
            let counts = u32::from(owner != sender || content.is_none());
            let (face, made) = (self.face(owner, session), self.change());
            let last = (sender, content.map(str::to_owned));
            if let Some(known) = find(&mut self.conversations, owner, session) {
                known.more.last = last;
                known.more.unread += counts;
                (known.gone, known.changed) = (false, made);
                if !known.more.named {
                    known.name = face;
                }
            } else {
                let more = Shown { unread: counts, last, ..Shown::default() };
                let own = Own { owner, key: session, name: face, gone: false, made, changed: made, more };
                self.conversations.push(own);
            }
        }
    }

    /// Rules `CONV-LAST-MESSAGE-EDITED`, `CONV-CHANGE-STAMPED`, `CONV-NAME-CHOSEN`: what the conversations of these users
    /// show follows the session, but for those that were taken off the list.
    pub(super) fn reshow(
        &mut self,
        session: usize,
        owners: Vec<usize>,
        change: impl Fn(&mut Own<Shown>, &str),
    ) {
        for owner in owners {
            let face = self.face(owner, session);
            let Ok(known) = present(&mut self.conversations, owner, session) else { continue };
            let before = (known.name.clone(), known.gone, known.more.clone());
            change(known, &face);
            if (known.name.clone(), known.gone, known.more.clone()) != before {
                let change = self.change();
                find(&mut self.conversations, owner, session).unwrap().changed = change;
            }
        }
    }
}
