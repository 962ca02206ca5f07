//! What the driver does with pushes and with syncs that have ended.

use super::sync_queue::SyncKey;
use super::syncing::SyncError;
use super::{Core, Event, SaveQueue, Shared};
use crate::config::MessageSync;
use crate::model::SessionModel;
use crate::protocol::push::{Delivery, Notice, SyncType};
use crate::protocol::{ImSessionId, SessionType, Timestamp};

pub(super) fn synced(shared: &Shared, key: &SyncKey, result: Result<(), SyncError>, now: Timestamp) {
    let again = result.as_ref().is_err_and(SyncError::is_transient);
    {
        let mut core = shared.core.lock();
        core.sync_queue.finished(!again, now);
        if !again {
            if let SyncKey::Members(session) = key {
                core.outbox.members_synced(session);
            }
            if *key == SyncKey::Conversations && std::mem::take(&mut core.catch_up) {
                shared.request_what_is_behind(&mut core);
            }
        }
    }
    if let Err(error) = result {
        shared.tell(Event::SyncFailed { why: error.to_string(), again });
    }
}

/// A push: queue what it asks to sync, tell the application. Rules `NOTICE-TYPES`, `NOTICE-UNKNOWN-TYPE`.
pub(super) fn delivered(shared: &Shared, delivery: Delivery) {
    let notice: Option<Notice> = serde_json::from_str(delivery.message.get()).ok();
    if let Some(notice) = &notice {
        let mut core = shared.core.lock();
        for item in &notice.syncs {
            let session = item.session_id.as_deref().and_then(ImSessionId::parse);
            let is_custom = shared.handlers.iter().any(|(kind, _)| *kind == item.kind);
            let key = match (item.kind, session) {
                (kind, _) if is_custom => SyncKey::Custom(kind, item.session_id.clone()),
                (SyncType::USER_CONVERSATION, _) => SyncKey::Conversations,
                (SyncType::CONTACT, _) => SyncKey::Contacts,
                (SyncType::USER_SESSION, _) => SyncKey::UserSessions,
                (SyncType::MESSAGE, Some(session)) if session.kind != SessionType::App => {
                    if !shared.follows(&core, &session) {
                        continue;
                    }
                    SyncKey::Messages(session)
                }
                (SyncType::SESSION_MEMBER, Some(session)) => SyncKey::Members(session),
                (kind, _) => {
                    tracing::debug!(?kind, "a push asks to sync what this client does not know");
                    continue;
                }
            };
            core.sync_queue.request(key);
        }
    }
    shared.tell(Event::Pushed { delivery, notice });
}

impl Shared {
    /// Queues the messages of every conversation that is behind. Rule `CLIENT-ON-CONNECTED`.
    fn request_what_is_behind(&self, core: &mut Core) {
        let behind: Vec<SyncKey> = core
            .model
            .conversations_behind()
            .map(|c| (c, core.model.session_of(&c.kind, &c.target_id).map(SessionModel::im_id)))
            .filter(|(_, session)| match session {
                Some(session) => self.follows(core, session),
                None => self.message_sync == MessageSync::Everywhere,
            })
            .map(|(c, _)| SyncKey::Conversation(c.kind.clone(), c.target_id.clone()))
            .collect();
        for key in behind {
            core.sync_queue.request(key);
        }
    }
}

impl Core {
    /// Queues all that a client which was away has missed. Rule `CLIENT-ON-CONNECTED`.
    pub(super) fn sync_everything(&mut self) {
        self.sync_queue.request(SyncKey::Conversations);
        self.sync_queue.request(SyncKey::Contacts);
        self.sync_queue.request(SyncKey::UserSessions);
        if let Some(session) = self.current.clone() {
            self.sync_queue.request(SyncKey::Messages(session));
        }
        self.catch_up = true;
    }

    pub(super) fn offline(&mut self) {
        self.outbox.offline();
        self.raw.offline();
    }

    /// Whether the user has logged out and everything is stored.
    pub(super) fn is_over(&self) -> bool {
        self.closing && self.saves.as_ref().is_none_or(SaveQueue::is_idle)
    }
}
