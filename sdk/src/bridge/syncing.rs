//! The syncs: page after page from the business API into the model. Rules `SYNC-LOOP`, `SYNC-WATERMARK`.
//!
//! Each is a loop of: read the watermark, ask, merge. Dropped anywhere, it leaves a model that is merely less up to
//! date: entries and watermark are taken in together.

use super::sync_queue::SyncKey;
use super::{Event, Shared};
use crate::api::ApiError;
use crate::model::{Next, Paging};
use crate::protocol::{ImSessionId, SessionId, SessionType, UserId};

impl Shared {
    /// Syncs what a queue entry names.
    pub(super) async fn sync(&self, key: &SyncKey) -> Result<(), ApiError> {
        match key {
            SyncKey::Conversations => self.sync_conversations().await,
            SyncKey::Messages(session) => self.sync_messages(session).await,
            SyncKey::Members(session) => self.sync_session(&session.id).await,
            SyncKey::Conversation(kind, target) => {
                let session = self.open(kind, target).await?;
                self.sync_messages(&session).await
            }
        }
    }

    /// The session that a conversation's target leads to, with its members: known, or fetched. Rule
    /// `CLIENT-SESSION-ON-DEMAND`.
    pub(crate) async fn open(&self, kind: &SessionType, target: &str) -> Result<ImSessionId, ApiError> {
        if let Some(known) = self.core.lock().model.session_of(kind, target) {
            return Ok(known.im_id());
        }
        let session = if *kind == SessionType::P2p {
            self.api.p2p_session(&self.me.id, &UserId::from(target)).await?
        } else {
            self.api.session(&SessionId::from(target)).await?
        };
        let id = session.id.clone();
        self.core.lock().model.take_session(session, self.keep_messages);
        self.sync_members(&id).await?;
        let mut core = self.core.lock();
        if *kind == SessionType::P2p {
            core.model.learn_p2p(&UserId::from(target), id.clone());
        }
        Ok(ImSessionId::new(kind.clone(), id))
    }

    async fn sync_conversations(&self) -> Result<(), ApiError> {
        let mut paging = Paging::default();
        loop {
            let since = self.core.lock().model.conversations.watermark();
            let page = self.api.conversations_since(&self.me.id, since, paging.limit()).await?;
            let entries = page.len();
            let mut core = self.core.lock();
            let new = core.model.conversations.merge_page(page);
            match paging.page(entries, new) {
                Next::Ask { .. } => {}
                Next::Done => return Ok(()),
                Next::MoveOn => {
                    warn_moved_on("conversations");
                    core.model.conversations.move_on();
                }
            }
        }
    }

    /// Syncs a session and its members. Rule `CLIENT-SESSION-WITH-MEMBERS`.
    pub(crate) async fn sync_session(&self, id: &SessionId) -> Result<(), ApiError> {
        let session = self.api.session(id).await?;
        self.core.lock().model.take_session(session, self.keep_messages);
        self.sync_members(id).await
    }

    async fn sync_members(&self, id: &SessionId) -> Result<(), ApiError> {
        let mut paging = Paging::default();
        loop {
            let since = match self.core.lock().model.session(id) {
                Some(session) => session.members.watermark(),
                None => return Ok(()),
            };
            let page = self.api.members_since(id, since, paging.limit()).await?;
            let entries = page.len();
            let mut core = self.core.lock();
            let Some(session) = core.model.session_mut(id) else {
                return Ok(());
            };
            let new = session.members.merge_page(page);
            let next = paging.page(entries, new);
            if next == Next::MoveOn {
                warn_moved_on("members");
                session.members.move_on();
            }
            if next == Next::Done {
                if session.session.kind == SessionType::P2p {
                    let other = session.members.other_than(&self.me.id).map(|m| m.user_id.clone());
                    if let Some(other) = other {
                        core.model.learn_p2p(&other, id.clone());
                    }
                }
                return Ok(());
            }
        }
    }

    async fn sync_messages(&self, im_id: &ImSessionId) -> Result<(), ApiError> {
        let id = &im_id.id;
        if self.core.lock().model.session(id).is_none() {
            self.sync_session(id).await?;
        }
        match self.sync_message_pages(im_id).await {
            Err(error) if error.status() == Some(403) => {
                self.tell(&Event::Removed { session: im_id.clone() });
                // Removed members may not be allowed to look at the session either.
                self.sync_session(id).await.or_else(|e| if e.status() == Some(403) { Ok(()) } else { Err(e) })
            }
            other => other,
        }
    }

    async fn sync_message_pages(&self, im_id: &ImSessionId) -> Result<(), ApiError> {
        let id = &im_id.id;
        let mut paging = Paging::default();
        let conversation = {
            let core = self.core.lock();
            core.model.session(id).and_then(|s| core.model.conversation_stamp(s, &self.me.id))
        };
        loop {
            let since = match self.core.lock().model.session(id) {
                Some(session) => session.messages.watermark(),
                None => return Ok(()),
            };
            let page = self.api.messages_since(id, since, paging.limit()).await?;
            let entries = page.entries.len();
            let (merged, next) = {
                let mut core = self.core.lock();
                let Some(session) = core.model.session_mut(id) else {
                    return Ok(());
                };
                let merged = session.messages.merge_page(page.entries, page.session_updated_at);
                let next = paging.page(entries, merged.new_entries());
                if next == Next::MoveOn {
                    warn_moved_on("messages");
                    session.messages.move_on();
                }
                (merged, next)
            };
            if merged.new_entries() > 0 {
                self.tell(&Event::Messages { session: im_id.clone(), merged });
            }
            if next == Next::Done {
                break;
            }
        }
        let outdated = {
            let mut core = self.core.lock();
            let Some(session) = core.model.session_mut(id) else {
                return Ok(());
            };
            if let Some(stamp) = conversation {
                session.messages.saw_conversation(stamp);
            }
            session.messages.session_updated_at() > session.session.updated_at
        };
        // Rule CLIENT-SESSION-OUTDATED.
        if outdated { self.sync_session(id).await } else { Ok(()) }
    }
}

fn warn_moved_on(what: &str) {
    tracing::warn!(
        what,
        "a full page of the largest size held nothing new: the watermark was moved on, entries with its stamp may be missing"
    );
}
