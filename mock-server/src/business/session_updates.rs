//! What becomes of a session after it was created: other names, and its end.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use y2w_sdk::protocol::entity::Role;
use y2w_sdk::protocol::rest;
use y2w_sdk::protocol::{Session, SessionType, Timestamp, UserId};

use super::sessions::{Room, check_secure_type};
use super::{Business, Operation, Refusal, require};
use crate::quirks::Quirk;

/// Changes what a session shows of itself. Rules `SESS-UPDATE`, `SESS-UPDATE-RIGHT`, `SESS-NAME-AUTO`,
/// `SESS-NAME-KEPT`, `SESS-NAME-CHOSEN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateSession {
    /// Who changes it.
    pub caller: UserId,
    /// Which.
    pub session: String,
    /// What is given changes.
    pub changes: rest::UpdateSession,
}

impl Operation for UpdateSession {
    type Reply = Arc<Session>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Session>, Refusal> {
        let room = state.sessions.room_mut(&self.session)?;
        room.check_may_update(&self.caller)?;
        let given = self.changes;
        check_secure_type(given.secure_type.as_deref().unwrap_or_default())?;
        let before = room.session.clone();
        let emptied = given.name.as_deref() == Some("") && !before.name.is_empty();
        require(!emptied, "name")?;
        let session = Arc::make_mut(&mut room.session);
        let renamed = given.name.filter(|name| *name != session.name);
        // A name given alone was chosen by somebody, else the next member would undo it.
        let chosen = (room.auto_named && renamed.is_some()).then_some(true);
        session.name_changed = given.name_changed.or(chosen).unwrap_or(session.name_changed);
        session.name = renamed.unwrap_or_else(|| before.name.clone());
        session.secure_type = given.secure_type.unwrap_or_else(|| before.secure_type.clone());
        session.description = given.description.unwrap_or_else(|| before.description.clone());
        session.avatar_url = given.avatar_url.unwrap_or_else(|| before.avatar_url.clone());
        if let Some(derived) = room.derived_name() {
            Arc::make_mut(&mut room.session).name = derived;
        }
        if room.session == before {
            return Ok(before);
        }
        let stamp = room.stamps.next(now);
        Arc::make_mut(&mut room.session).updated_at = Some(stamp);
        let session = room.session.clone();
        if session.name != before.name || session.avatar_url != before.avatar_url {
            state.note_face(&self.session, now)?;
        }
        Ok(session)
    }
}

/// Ends a group: all its members are removed at once, and their conversations with it go. Who was a member can still
/// look at what was before, as anybody removed can. Rules `SESS-DELETE`, `SESS-DELETE-RIGHT`, `SESS-DELETE-DISSOLVES`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteSession {
    /// Who ends it: its master.
    pub caller: UserId,
    /// Which.
    pub session: String,
}

impl Operation for DeleteSession {
    type Reply = Arc<Session>;

    fn apply(self, state: &mut Business, now: Timestamp) -> Result<Arc<Session>, Refusal> {
        let room = state.sessions.room(&self.session)?;
        room.check_may_delete(&self.caller)?;
        // While its members are still there.
        state.note_end(&self.session, now)?;
        let room = state.sessions.room_mut(&self.session)?;
        let left: Vec<_> = room.members.slots().filter(|slot| !room.members.get(*slot).is_delete).collect();
        for slot in left {
            room.remove(slot, now);
        }
        let stamp = room.stamps.next(now);
        Arc::make_mut(&mut room.session).updated_at = Some(stamp);
        Ok(room.session.clone())
    }
}

impl Room {
    fn check_may_update(&self, caller: &UserId) -> Result<(), Refusal> {
        let is_open = self.quirks.on(Quirk::SessionUpdatedByAny);
        if is_open || (self.members.is_empty() && *caller == self.creator) {
            return Ok(());
        }
        self.check_member(caller).map(|_| ())
    }

    fn check_may_delete(&self, caller: &UserId) -> Result<(), Refusal> {
        if self.session.kind != SessionType::Group {
            return Err(Refusal::forbidden("only groups can be ended"));
        }
        if self.members.is_empty() && *caller == self.creator {
            return Ok(());
        }
        match self.check_member(caller)?.role {
            Role::Master => Ok(()),
            _ if self.quirks.on(Quirk::SessionDeletedByAny) => Ok(()),
            _ => Err(Refusal::forbidden("only the master ends a group")),
        }
    }
}
