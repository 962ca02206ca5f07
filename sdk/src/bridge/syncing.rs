//! The syncs: page after page from the business API into the model. Rules `SYNC-LOOP`, `SYNC-WATERMARK`.
//!
//! Each is a loop of: read the watermark, ask, merge. Dropped anywhere, it leaves a model that is merely less up to
//! date: entries and watermark are taken in together. Two at the same time do no harm either, since merging is
//! idempotent and no watermark goes back.

use futures_util::future::BoxFuture;

use super::sync_queue::SyncKey;
use super::{Changed, Event, HANDLER_MAX, Shared, SyncContext};
use crate::api::ApiError;
use crate::model::{Collection, Entry, Model, Next, Paging, SessionModel};
use crate::protocol::{ImSessionId, SessionId, SessionType, Timestamp, UserId};
use crate::store::Part;

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A handler of the application said so.
    #[error("{0}")]
    Handler(String),
}

impl SyncError {
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Api(error) => error.is_transient(),
            Self::Handler(_) => true,
        }
    }
}

/// A synced list of one user, or of the app.
struct Listed<E: Entry> {
    what: Changed,
    part: Option<Part>,
    of: fn(&mut Model) -> &mut Collection<E>,
}

impl Shared {
    /// Syncs what a queue entry names.
    pub(super) async fn sync(&self, key: &SyncKey) -> Result<(), SyncError> {
        match key {
            SyncKey::Conversations => self.sync_conversations().await?,
            SyncKey::Contacts => self.sync_contacts().await?,
            SyncKey::UserSessions => self.sync_user_sessions().await?,
            SyncKey::Messages(session) => self.sync_messages(session).await?,
            SyncKey::Members(session) => self.sync_session(&session.id).await?,
            SyncKey::Conversation(kind, target) => {
                let session = self.open(kind, target).await?;
                self.sync_messages(&session).await?;
            }
            SyncKey::Custom(kind, session) => {
                if let Some((_, handler)) = self.handlers.iter().find(|(known, _)| known == kind) {
                    let context = SyncContext { uid: &self.uid, api: &self.api, session: session.as_deref() };
                    let sync = tokio::time::timeout(HANDLER_MAX, handler.sync(context));
                    sync.await.unwrap_or_else(|_| Err(too_long())).map_err(SyncError::Handler)?;
                }
            }
        }
        Ok(())
    }

    /// The session that a conversation's target leads to, with its members: known, or fetched. Rule
    /// `CLIENT-SESSION-ON-DEMAND`.
    pub(crate) async fn open(&self, kind: &SessionType, target: &str) -> Result<ImSessionId, ApiError> {
        if let Some(known) = self.core.lock().model.session_of(kind, target).filter(|s| s.has_members()) {
            return Ok(known.im_id());
        }
        self.fetch_session(kind, target).await
    }

    /// Fetches a session by what a conversation calls its target, with its members.
    pub(crate) async fn fetch_session(
        &self,
        kind: &SessionType,
        target: &str,
    ) -> Result<ImSessionId, ApiError> {
        let session = match kind {
            SessionType::P2p => self.api.p2p_session(&self.uid, &UserId::from(target)).await?,
            SessionType::Single => self.api.single_session(&UserId::from(target)).await?,
            _ => self.api.session(&SessionId::from(target)).await?,
        };
        let id = session.id.clone();
        self.core.lock().model.take_session(session, self.keep_messages);
        self.sync_members(&id).await?;
        let mut core = self.core.lock();
        match kind {
            SessionType::P2p => core.model.learn_p2p(&UserId::from(target), id.clone()),
            SessionType::Single => core.model.learn_single(id.clone()),
            _ => {}
        }
        core.changed(Part::Session(id.clone()), self.clock.now());
        Ok(ImSessionId::new(kind.clone(), id))
    }

    pub(crate) async fn sync_conversations(&self) -> Result<(), ApiError> {
        let list = Listed {
            what: Changed::Conversations,
            part: Some(Part::Conversations),
            of: |model| &mut model.conversations,
        };
        self.sync_list(list, |since, limit| Box::pin(self.api.conversations_since(&self.uid, since, limit)))
            .await
    }

    pub(crate) async fn sync_contacts(&self) -> Result<(), ApiError> {
        let list =
            Listed { what: Changed::Contacts, part: Some(Part::Contacts), of: |model| &mut model.contacts };
        self.sync_list(list, |since, limit| Box::pin(self.api.contacts_since(&self.uid, since, limit))).await
    }

    pub(crate) async fn sync_user_sessions(&self) -> Result<(), ApiError> {
        let list = Listed {
            what: Changed::UserSessions,
            part: Some(Part::UserSessions),
            of: |model| &mut model.user_sessions,
        };
        self.sync_list(list, |since, limit| Box::pin(self.api.user_sessions_since(&self.uid, since, limit)))
            .await
    }

    pub(crate) async fn sync_emojis(&self) -> Result<(), ApiError> {
        let list = Listed { what: Changed::Emojis, part: None, of: |model| &mut model.emojis };
        self.sync_list(list, |since, limit| Box::pin(self.api.emojis_since(since, limit))).await
    }

    async fn sync_list<'a, E: Entry>(
        &'a self,
        list: Listed<E>,
        fetch: impl Fn(Timestamp, usize) -> BoxFuture<'a, Result<Vec<E>, ApiError>>,
    ) -> Result<(), ApiError> {
        let mut paging = Paging::default();
        loop {
            let since = (list.of)(&mut self.core.lock().model).watermark();
            let page = fetch(since, paging.limit()).await?;
            let entries = page.len();
            let (next, new) = {
                let mut core = self.core.lock();
                let collection = (list.of)(&mut core.model);
                let new = collection.merge_page(page);
                let next = paging.page(entries, new);
                if next == Next::MoveOn {
                    warn_moved_on(&list.what);
                    collection.move_on();
                }
                if let Some(part) = list.part.clone().filter(|_| new > 0) {
                    core.changed(part, self.clock.now());
                }
                (next, new)
            };
            if new > 0 {
                self.tell(Event::Changed(list.what.clone()));
            }
            if next == Next::Done {
                return Ok(());
            }
        }
    }

    /// Syncs a session and its members. Rule `CLIENT-SESSION-WITH-MEMBERS`.
    pub(crate) async fn sync_session(&self, id: &SessionId) -> Result<(), ApiError> {
        let session = self.api.session(id).await?;
        let changed = {
            let mut core = self.core.lock();
            let before = core.model.session(id).map(|known| known.session.clone());
            let known = core.model.take_session(session, self.keep_messages);
            let changed = before.as_ref() != Some(&known.session);
            if changed {
                core.changed(Part::Session(id.clone()), self.clock.now());
            }
            changed
        };
        if changed {
            self.tell(Event::Changed(Changed::Session(id.clone())));
        }
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
            let (next, new) = {
                let mut core = self.core.lock();
                let Some(session) = core.model.session_mut(id) else {
                    return Ok(());
                };
                let new = session.members.merge_page(page);
                let next = paging.page(entries, new);
                if next == Next::MoveOn {
                    warn_moved_on(&Changed::Session(id.clone()));
                    session.members.move_on();
                }
                if next == Next::Done && session.session.kind == SessionType::P2p {
                    let other = session.members.other_than(&self.uid).map(|m| m.user_id.clone());
                    if let Some(other) = other {
                        core.model.learn_p2p(&other, id.clone());
                    }
                }
                if new > 0 {
                    core.changed(Part::Session(id.clone()), self.clock.now());
                }
                (next, new)
            };
            if new > 0 {
                self.tell(Event::Changed(Changed::Session(id.clone())));
            }
            if next == Next::Done {
                return Ok(());
            }
        }
    }

    pub(crate) async fn sync_messages(&self, im_id: &ImSessionId) -> Result<(), ApiError> {
        let id = &im_id.id;
        let is_known = self.core.lock().model.session(id).is_some_and(SessionModel::has_members);
        if !is_known {
            self.sync_session(id).await?;
        }
        match self.sync_message_pages(im_id).await {
            Err(error) if error.status() == Some(403) => {
                self.tell(Event::Removed { session: im_id.clone() });
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
            core.model.session(id).and_then(|s| core.model.conversation_stamp(s, &self.uid))
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
                // What history has brought before, or what was let go, is no news, and what comes behind it may be.
                let moved = session.messages.watermark() > since;
                let next = paging.page(entries, merged.new_entries().max(usize::from(moved)));
                if next == Next::MoveOn {
                    warn_moved_on(&Changed::Session(id.clone()));
                    session.messages.move_on();
                }
                (merged, next)
            };
            if merged.new_entries() > 0 {
                self.tell(Event::Messages { session: im_id.clone(), merged });
            }
            if next == Next::Done {
                break;
            }
        }
        let (outdated, told, read) = {
            let mut core = self.core.lock();
            let Some(session) = core.model.session_mut(id) else {
                return Ok(());
            };
            if let Some(stamp) = conversation {
                session.messages.saw_conversation(stamp);
            }
            let outdated = session.is_outdated();
            let told = session.messages.session_updated_at();
            self.messages_changed(&mut core, id);
            (outdated, told, conversation.is_some_and(|stamp| core.model.mark_read(id, &self.uid, stamp)))
        };
        if read {
            self.tell(Event::Changed(Changed::Conversations));
        }
        if outdated {
            self.sync_session(id).await?;
            if let Some(session) = self.core.lock().model.session_mut(id) {
                session.synced_for(told);
            }
        }
        Ok(())
    }

    /// The messages of this session have changed.
    pub(crate) fn messages_changed(&self, core: &mut super::Core, id: &SessionId) {
        if self.store_messages {
            core.changed(Part::Messages(id.clone()), self.clock.now());
        }
    }
}

/// Why what the application was to do counts as failed.
pub(super) fn too_long() -> String {
    format!("the application took longer than {} s", HANDLER_MAX.as_secs())
}

fn warn_moved_on(what: &Changed) {
    tracing::warn!(
        ?what,
        "a full page of the largest size held nothing new: the watermark was moved on, entries with its stamp may be missing"
    );
}
