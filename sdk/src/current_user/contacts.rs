//! Contacts. Part 4 of the protocol.

use super::{CurrentUser, Handle};
use crate::error::Error;
use crate::protocol::push::{SyncItem, SyncType};
use crate::protocol::rest::{AddContact, UpdateContact};
use crate::protocol::{self, ContactId, SessionType, UserId};

/// The contacts of a user. The seed's `Contacts`.
///
/// ```no_run
/// # async fn run(ann: &y2w_sdk::CurrentUser) -> Result<(), Box<dyn std::error::Error>> {
/// let bob = ann.search("bob@example.org").await?.ok_or("nobody has that account")?;
/// let contact = ann.contacts().add(&bob.id, &bob.name).await?;
/// // This user's own name for Bob, shown in place of his.
/// contact.set_title("Bobby").await?;
/// for contact in ann.contacts().list() {
///     println!("{} {:?}", contact.display_name(), contact.avatar());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Contacts<'a> {
    pub(super) user: &'a CurrentUser,
}

/// A contact. The seed's `Contact`.
pub type Contact<'a> = Handle<'a, protocol::Contact>;

impl<'a> Contacts<'a> {
    /// The user that this belongs to. The seed's `user`.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The contact that is this user; `None` if there is none, or none is known yet. The seed's `get`.
    pub fn get(&self, user: &UserId) -> Option<Contact<'a>> {
        let contact = self.user.with_model(|model| model.contacts.get(user).cloned());
        contact.map(|contact| Handle::new(self.user, contact))
    }

    /// All contacts, in the order of their first arrival. The seed's `getContacts`.
    pub fn list(&self) -> Vec<Contact<'a>> {
        let contacts: Vec<_> = self.user.with_model(|model| model.contacts.iter().cloned().collect());
        contacts.into_iter().map(|contact| Handle::new(self.user, contact)).collect()
    }

    /// Fetches what has changed; [`Changed::Contacts`](crate::Changed::Contacts) tells if anything has. The client does
    /// so by itself when it connects and when a notice asks for it. The seed's `remote.sync`; rule `CONTACT-LIST`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_contacts().await?)
    }

    /// Adds a user to the contacts, and this user to that user's; then syncs them here, and has that user's clients and
    /// this user's other devices do so. An error with a status if the user is a contact already; one that was removed
    /// comes back. The seed's `remote.add`; rules `CONTACT-ADD`, `CONTACT-ADD-MUTUAL`, `CONTACT-ADD-TWICE`,
    /// `CONTACT-REVIVE`.
    pub async fn add(&self, user: &UserId, name: &str) -> Result<Contact<'a>, Error> {
        let add = AddContact { user_id: user.clone(), name: name.to_owned(), avatar_url: String::new() };
        self.user.shared.api.add_contact(&self.user.shared.uid, &add).await?;
        self.changed(user).await?;
        self.get(user).ok_or_else(|| Error::unknown("contact", user.as_str()))
    }

    /// Changes a contact: what is `None` stays. The seed's `remote.store`; rule `CONTACT-UPDATE`.
    pub async fn update(&self, id: &ContactId, change: &UpdateContact) -> Result<(), Error> {
        self.user.shared.api.update_contact(&self.user.shared.uid, id, change).await?;
        self.user.shared.sync_contacts().await?;
        self.user.announce_to_own_devices(SyncType::CONTACT);
        Ok(())
    }

    /// Removes a contact, from this user's list only: this user stays on the other's. The seed's `remote.remove`; rules
    /// `CONTACT-DELETE`, `CONTACT-DELETE-OWN-SIDE`.
    pub async fn remove(&self, id: &ContactId) -> Result<(), Error> {
        self.user.shared.api.remove_contact(&self.user.shared.uid, id).await?;
        self.user.shared.sync_contacts().await?;
        self.user.announce_to_own_devices(SyncType::CONTACT);
        Ok(())
    }

    async fn changed(&self, other: &UserId) -> Result<(), Error> {
        self.user.shared.sync_contacts().await?;
        self.user.announce_to_own_devices(SyncType::CONTACT);
        self.user.announce_to(other, vec![SyncItem { kind: SyncType::CONTACT, session_id: None }]);
        Ok(())
    }
}

impl Contact<'_> {
    /// Where the contact's picture is, as a full address; `None` without a picture. The seed's `getAvatarUrl`; the name
    /// and the pinyin to show are [`display_name`](protocol::Contact::display_name) and
    /// [`display_pinyin`](protocol::Contact::display_pinyin).
    pub fn avatar(&self) -> Option<String> {
        self.user.absolute_url(&self.avatar_url)
    }

    /// Sets this user's own name for the contact, shown in place of its name; empty for none. Rules `CONTACT-UPDATE`,
    /// `CLIENT-CONTACT-TITLE`.
    pub async fn set_title(&self, title: &str) -> Result<(), Error> {
        let change = UpdateContact {
            user_id: Some(self.user_id.clone()),
            name: Some(self.name.clone()),
            title: Some(title.to_owned()),
            remark: Some(self.remark.clone()),
            avatar_url: Some(self.avatar_url.clone()),
        };
        self.user.contacts().update(&self.id, &change).await
    }

    /// Removes it from this user's contacts: see [`Contacts::remove`].
    pub async fn remove(&self) -> Result<(), Error> {
        self.user.contacts().remove(&self.id).await
    }

    /// Opens the session with this contact, making it if need be. Rule `SESS-P2P-ONE`.
    pub async fn session(&self) -> Result<super::Session<'_>, Error> {
        self.user.sessions().get(self.user_id.as_str(), &SessionType::P2p).await
    }
}
