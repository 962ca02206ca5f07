//! What the driver does for messages and their notices: preparing, storing, commands to the push server.

use std::sync::Arc;

use super::draft::{Body, PrepareError};
use super::driver::{Done, Driver};
use super::outbox::{Action, Scope};
use super::send_queue::{AfterStore, Queued, StoreOutcome};
use super::sync_queue::SyncKey;
use super::syncing::too_long;
use super::{Core, Event, HANDLER_MAX, Shared};
use crate::api::ApiError;
use crate::protocol::push::{Command, Notice};
use crate::protocol::rest::StoreMessage;
use crate::protocol::{ImSessionId, Message, SendReturnCode, SessionType, Timestamp, limits};
use crate::push::Trouble;

impl Driver {
    pub(super) fn outbox_action(
        &self,
        action: Action,
        core: &mut Core,
        now: Timestamp,
        events: &mut Vec<Event>,
    ) {
        match action {
            Action::Send { id, session } => self.command(core, id, &session, None),
            Action::Update { id, session, scope } => self.command(core, id, &session, Some(scope)),
            Action::SyncMembers(session) => core.sync_queue.request(SyncKey::Members(session)),
            Action::Reconnect => {
                core.connection.reconnect(Trouble::Unanswered(limits::TIMEOUTS_BEFORE_RECONNECT), now);
            }
            Action::Done { local_id, commands } => events.push(Event::NoticeSent { local_id, commands }),
            Action::Failed { local_id, code } => events.push(Event::NoticeFailed { local_id, code }),
        }
    }

    /// Sends the notice at the head of a session's lane, as a push or as an update of the members.
    fn command(&self, core: &mut Core, id: u64, im_id: &ImSessionId, update: Option<Scope>) {
        let (Some(link), Some(message)) = (&self.link, core.outbox.head(im_id)) else {
            return;
        };
        let message_id = id.to_string();
        if im_id.kind == SessionType::App {
            let command = Command::SendMessage { message_id: &message_id, mts: limits::APP_MTS, message };
            link.uplink.publish(im_id.topic(), command.to_payload());
            return;
        }
        let Some(session) = core.model.session(&im_id.id) else {
            // It was deleted meanwhile: without its members no command can be made.
            core.outbox.reply(id, SendReturnCode::SESSION_IS_INVALID, None);
            return;
        };
        let mts = session.members.mts().as_millis();
        let payload = match update {
            None => Command::SendMessage { message_id: &message_id, mts, message }.to_payload(),
            Some(scope) => {
                let members = match scope {
                    Scope::Present => session.members.present(),
                    Scope::Since(mts) => session.members.changed_since(mts),
                    Scope::All => session.members.all(),
                };
                let force = scope == Scope::All;
                let (message_id, members, message) = (&message_id[..], &members[..], Some(message));
                Command::UpdateSession { message_id, mts, members, force, message }.to_payload()
            }
        };
        link.uplink.publish(im_id.topic(), payload);
    }
}

pub(super) async fn prepare(shared: Arc<Shared>, queued: Queued) -> Done {
    let result = match &queued.draft.body {
        Body::Ready(content) => Ok(content.to_string()),
        Body::Prepare(body) => tokio::time::timeout(HANDLER_MAX, body.prepare(&shared.api))
            .await
            .unwrap_or_else(|_| Err(PrepareError::Transient(too_long()))),
    };
    Done::Prepared(queued, result)
}

pub(super) async fn store(shared: Arc<Shared>, queued: Queued, content: Arc<str>) -> Done {
    let draft = &queued.draft;
    let message =
        StoreMessage { sender: shared.uid.clone(), content: content.to_string(), kind: draft.kind.clone() };
    let key = format!("{}-{}", shared.guid, queued.local_id);
    let result = shared.api.store_message(&draft.session.id, &message, &key).await;
    Done::Stored(queued, result)
}

pub(super) fn prepared(
    shared: &Shared,
    queued: &Queued,
    result: Result<String, PrepareError>,
    now: Timestamp,
) {
    match result {
        Ok(content) => {
            let content: Arc<str> = content.into();
            let mut core = shared.core.lock();
            if let Some(known) = core.model.session_mut(&queued.draft.session.id) {
                known.messages.local_storing(queued.local_id, Some(content.clone()));
            }
            core.send_queue.prepared(content);
        }
        Err(error) => {
            let outcome = if error.is_transient() { StoreOutcome::Transient } else { StoreOutcome::Refused };
            let after = shared.core.lock().send_queue.finished(outcome, now);
            not_stored(shared, after, &error.to_string());
        }
    }
}

pub(super) fn stored(shared: &Shared, queued: Queued, result: Result<Message, ApiError>, now: Timestamp) {
    let message = match result {
        Ok(message) => message,
        Err(error) => {
            let outcome = if error.is_transient() { StoreOutcome::Transient } else { StoreOutcome::Refused };
            let after = shared.core.lock().send_queue.finished(outcome, now);
            return not_stored(shared, after, &error.to_string());
        }
    };
    let Queued { local_id, draft } = queued;
    let session = draft.session.clone();
    {
        let mut core = shared.core.lock();
        core.send_queue.finished(StoreOutcome::Stored, now);
        if let Some(known) = core.model.session_mut(&session.id) {
            known.messages.local_stored(local_id, &message.id);
        }
        let mut notice = Notice::new_message(&session, draft.notification.as_str());
        notice.extra.clone_from(&draft.notice_extra);
        core.outbox.push(&session, Some(local_id), notice.to_raw());
        // Nobody pushes to the sender itself, whose conversation has changed as well.
        core.sync_queue.request(SyncKey::Conversations);
    }
    shared.tell(Event::Stored { local_id, session, message });
}

/// A try to prepare or to store a message has failed.
fn not_stored(shared: &Shared, after: AfterStore, why: &str) {
    match after {
        AfterStore::Failed(Queued { local_id, draft }) => {
            let session = draft.session.clone();
            if let Some(known) = shared.core.lock().model.session_mut(&session.id) {
                known.messages.local_failed(local_id);
            }
            shared.tell(Event::StoreFailed { local_id, session, why: why.to_owned() });
        }
        AfterStore::TryAgain | AfterStore::Stored(_) => {
            tracing::debug!(why, "a message could not be stored and is tried again");
        }
    }
}
