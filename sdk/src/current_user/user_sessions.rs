//! Favourite groups. Part 5 of the protocol.

use super::{CurrentUser, Handle, Session};
use crate::error::Error;
use crate::protocol::push::SyncType;
use crate::protocol::rest::{AddUserSession, UpdateUserSession};
use crate::protocol::{self, SessionId, SessionType, UserSessionId};

/// The favourite groups of a user: the groups that it has put on a list of its own. The seed's `UserSessions`.
#[derive(Clone, Copy, Debug)]
pub struct UserSessions<'a> {
    pub(super) user: &'a CurrentUser,
}

/// A favourite group. The seed's `UserSession`.
pub type UserSession<'a> = Handle<'a, protocol::UserSession>;

impl<'a> UserSessions<'a> {
    /// The user that this belongs to. The seed's `user`.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The favourite that is this session; `None` if it is none. The seed's `get`.
    pub fn get(&self, session: &SessionId) -> Option<UserSession<'a>> {
        let favourite = self.user.with_model(|model| model.user_sessions.get(session).cloned());
        favourite.map(|favourite| Handle::new(self.user, favourite))
    }

    /// All favourites, in the order of their first arrival. The seed's `getUserSessions`.
    pub fn list(&self) -> Vec<UserSession<'a>> {
        let favourites: Vec<_> = self.user.with_model(|model| model.user_sessions.iter().cloned().collect());
        favourites.into_iter().map(|favourite| Handle::new(self.user, favourite)).collect()
    }

    /// Fetches what has changed; [`Changed::UserSessions`](crate::Changed::UserSessions) tells if anything has. The
    /// client does so by itself when it connects and when a notice asks for it. The seed's `remote.sync`; rule
    /// `FAV-LIST`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_user_sessions().await?)
    }

    /// Marks a group as a favourite, under a name and a picture of this user's choice. The seed's `remote.add`; rules
    /// `FAV-ADD`, `FAV-ONE-PER-SESSION`.
    pub async fn add(
        &self,
        session: &SessionId,
        name: &str,
        avatar_url: &str,
    ) -> Result<UserSession<'a>, Error> {
        let add = AddUserSession {
            session_id: session.clone(),
            name: name.to_owned(),
            avatar_url: avatar_url.to_owned(),
        };
        self.user.shared.api.add_user_session(&self.user.shared.uid, &add).await?;
        self.changed().await?;
        self.get(session).ok_or_else(|| Error::unknown("favourite group", session.as_str()))
    }

    /// Changes a favourite's name or picture: what is `None` stays. Rule `FAV-UPDATE`.
    pub async fn update(&self, id: &UserSessionId, change: &UpdateUserSession) -> Result<(), Error> {
        self.user.shared.api.update_user_session(&self.user.shared.uid, id, change).await?;
        self.changed().await
    }

    /// Takes a group off the favourites; this user stays its member. The seed's `remote.remove`; rules `FAV-DELETE`,
    /// `FAV-DELETE-NOT-MEMBERSHIP`.
    pub async fn remove(&self, id: &UserSessionId) -> Result<(), Error> {
        self.user.shared.api.remove_user_session(&self.user.shared.uid, id).await?;
        self.changed().await
    }

    async fn changed(&self) -> Result<(), Error> {
        self.user.shared.sync_user_sessions().await?;
        self.user.announce_to_own_devices(SyncType::USER_SESSION);
        Ok(())
    }
}

impl UserSession<'_> {
    /// Where the favourite's picture is, as a full address; `None` without a picture. The seed's `getAvatarUrl`.
    pub fn avatar(&self) -> Option<String> {
        self.user.absolute_url(&self.avatar_url)
    }

    /// Opens the group: known, or fetched. An error if this user is no member any more.
    pub async fn session(&self) -> Result<Session<'_>, Error> {
        self.user.sessions().get(self.session_id.as_str(), &SessionType::Group).await
    }
}
