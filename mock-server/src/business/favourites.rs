//! Groups that a user has put on a list of their own; being on it means nothing to the group
//! (`FAV-DELETE-NOT-MEMBERSHIP`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::rest::UpdateUserSession;
use y2w_sdk::protocol::{SessionId, SessionType, Timestamp, UserId, UserSession};

use super::collection::{Page, Range};
use super::{Business, Operation, Refusal, require, require_if_given, same_user};
use crate::quirks::Quirk;

/// Puts a group on its user's list; one that is there already stays as it is. Rules `FAV-ADD`, `FAV-ONE-PER-SESSION`,
/// `FAV-OWNER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddFavourite {
    /// Who adds.
    pub caller: UserId,
    /// To whose list; the caller's own.
    pub owner: String,
    /// Which group.
    pub session: SessionId,
    /// Its name.
    pub name: String,
    /// Where its picture is.
    pub avatar_url: String,
}

impl Operation for AddFavourite {
    type Reply = Arc<UserSession>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<UserSession>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        require(!self.name.is_empty(), "name")?;
        let room = state.sessions.room(self.session.as_str());
        let room = room.map_err(|_| Refusal::bad_request("sessionId names no session"))?;
        if room.session.kind != SessionType::Group {
            return Err(Refusal::bad_request("only groups can be favourite groups"));
        }
        room.check_known(&self.caller)?;
        let favourites = &mut state.favourites;
        let known = favourites.under(&self.caller, self.session.as_str());
        if let Some(present) = known.filter(|favourite| !favourite.is_delete) {
            return Ok(present.clone());
        }
        let (name, avatar_url) = (&self.name, &self.avatar_url);
        let revive = |favourite: &mut UserSession| {
            favourite.name.clone_from(name);
            favourite.avatar_url.clone_from(avatar_url);
            favourite.is_delete = false;
        };
        let added = favourites.put(&self.caller, &self.session, now, revive, |id, stamp| UserSession {
            id,
            session_id: self.session.clone(),
            name: name.clone(),
            avatar_url: avatar_url.clone(),
            is_delete: false,
            created_at: Some(stamp),
            updated_at: Some(stamp),
        });
        Ok(added.clone())
    }
}

/// Changes how a user's list shows a group. Rules `FAV-UPDATE`, `FAV-OWNER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateFavourite {
    /// Who changes it.
    pub caller: UserId,
    /// On whose list; the caller's own.
    pub owner: String,
    /// The entry.
    pub favourite: String,
    /// What is given changes.
    pub changes: UpdateUserSession,
}

impl Operation for UpdateFavourite {
    type Reply = Arc<UserSession>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<UserSession>, Refusal> {
        let known = state.favourite(&self.caller, &self.owner, &self.favourite)?;
        if known.is_delete {
            return Err(Refusal::not_found("the group was taken off the list"));
        }
        require_if_given(self.changes.name.as_deref(), "name")?;
        let UpdateUserSession { name, avatar_url } = self.changes;
        let changed = state.favourites.edit(&self.caller, &self.favourite, now, |favourite| {
            favourite.name = name.unwrap_or_else(|| favourite.name.clone());
            favourite.avatar_url = avatar_url.unwrap_or_else(|| favourite.avatar_url.clone());
        });
        changed.ok_or_else(no_such)
    }
}

/// Takes a group off its user's list; to do so twice changes nothing. Rules `FAV-DELETE`, `FAV-DELETE-NOT-MEMBERSHIP`,
/// `FAV-OWNER`, `SYNC-TOMBSTONE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveFavourite {
    /// Who takes it off.
    pub caller: UserId,
    /// From whose list; the caller's own.
    pub owner: String,
    /// The entry.
    pub favourite: String,
}

impl Operation for RemoveFavourite {
    type Reply = Arc<UserSession>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<UserSession>, Refusal> {
        same_user(&self.caller, &self.owner)?;
        let take_off = |favourite: &mut UserSession| favourite.is_delete = true;
        let removed = if state.quirks.on(Quirk::TombstonesUnstamped) {
            state.favourites.edit_unstamped(&self.caller, &self.favourite, take_off)
        } else {
            state.favourites.edit(&self.caller, &self.favourite, now, take_off)
        };
        removed.ok_or_else(no_such)
    }
}

impl Business {
    /// A user's favourite groups, for that user. Rules `FAV-LIST`, `FAV-OWNER`.
    pub fn favourites(
        &self,
        caller: &UserId,
        owner: &str,
        range: Range,
    ) -> Result<Page<UserSession>, Refusal> {
        same_user(caller, owner)?;
        Ok(self.sync(range, |range| self.favourites.page(caller, range)))
    }

    /// One favourite group, taken off or not.
    pub fn favourite(
        &self,
        caller: &UserId,
        owner: &str,
        favourite: &str,
    ) -> Result<&Arc<UserSession>, Refusal> {
        same_user(caller, owner)?;
        self.favourites.entry(caller, favourite).ok_or_else(no_such)
    }
}

fn no_such() -> Refusal {
    Refusal::not_found("no such favourite group")
}
