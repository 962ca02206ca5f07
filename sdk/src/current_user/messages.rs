//! The messages of a session. Parts 9 and 10 of the protocol.

use std::sync::Arc;

use super::{CurrentUser, SessionMember};
use crate::bridge::Event;
use crate::bridge::sync_queue::SyncKey;
use crate::error::Error;
use crate::model::{LocalMessage, Merged, Next};
use crate::protocol::content::Text;
use crate::protocol::push::{SyncItem, SyncType};
use crate::protocol::rest::EditMessage;
use crate::protocol::{
    self, ImSessionId, Message, MessageId, MessageType, SessionType, Timestamp, UserId, limits,
};

/// The messages of a session. The seed's `Messages`; a message is made and stored by
/// [`CurrentUser::send`](super::CurrentUser::send).
///
/// ```no_run
/// # async fn run(session: y2w_sdk::Session<'_>) -> Result<(), y2w_sdk::Error> {
/// use y2w_sdk::protocol::content::Content;
///
/// let messages = session.messages();
/// // To the beginning of the session, twenty messages at a time.
/// while messages.more() {
///     messages.last().await?;
/// }
/// for message in messages.list() {
///     if let Content::Text(text) = Content::parse(&message.kind, &message.content) {
///         println!("{}: {}", message.created_at, text.text);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    pub(super) user: &'a CurrentUser,
    pub(super) session: ImSessionId,
}

/// Who sent a message, or whom it is to. The seed's `from` and `to`; rule `CLIENT-FROM-TO`.
#[derive(Clone, Debug)]
pub enum Party<'a> {
    /// A user, in a `p2p` session.
    User {
        /// Who.
        id: UserId,
        /// The name to show.
        name: String,
        /// Where the picture is, as a full address.
        avatar: Option<String>,
    },
    /// A member, in a group.
    Member(Box<SessionMember<'a>>),
    /// The group itself.
    Session(Box<protocol::Session>),
}

impl<'a> Messages<'a> {
    /// The user that has the session.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The session, as the push side names it. The seed's `session`.
    pub fn im_id(&self) -> &ImSessionId {
        &self.session
    }

    /// How many messages are held, withdrawn ones included, [local](Self::local) ones not. The seed's `count`.
    pub fn count(&self) -> usize {
        self.look(crate::model::Messages::len).unwrap_or(0)
    }

    /// The messages that are held, oldest first; those that this client is still storing are [`Self::local`]. A
    /// withdrawn message is there with `is_delete`. The seed's `getMessages`.
    pub fn list(&self) -> Vec<Arc<Message>> {
        self.look(|messages| messages.iter().cloned().collect()).unwrap_or_default()
    }

    /// What this client has sent and no sync has brought back yet, to be shown behind the others. Rules
    /// `CLIENT-MERGE-LOCAL`, `CLIENT-SEND-STATUS`.
    pub fn local(&self) -> Vec<LocalMessage> {
        self.look(|messages| messages.local().to_vec()).unwrap_or_default()
    }

    /// Whether there may be more history than is held. The seed's `more`.
    pub fn more(&self) -> bool {
        self.look(crate::model::Messages::more).unwrap_or(true)
    }

    /// Where history goes on: the time of the earliest message that is held, or the year 3000. The seed's `topDate`;
    /// rule `CLIENT-HISTORY-TOP`.
    pub fn top_date(&self) -> Timestamp {
        self.look(crate::model::Messages::top_date).unwrap_or(Timestamp::MAX)
    }

    /// Fetches what has changed; [`Event::Messages`] tells what came, and for the server it is read. A user who was
    /// removed from the session gets no error but [`Event::Removed`]. The seed's `remote.sync`; rules `MSG-SYNC`,
    /// `MSG-SYNC-MARKS-READ`, `CLIENT-REMOVED-403`.
    pub async fn sync(&self) -> Result<(), Error> {
        Ok(self.user.shared.sync_messages(&self.session).await?)
    }

    /// Fetches a page of 20 messages before those that are held; what it brings is held as well, and told as
    /// [`Event::Messages`]. The message at the boundary comes once more, so a page after the first brings 19 new ones
    /// at most. When there is no earlier one, [`Self::more`] is false. The seed's `remote.getLastMessages`; rules
    /// `CLIENT-HISTORY-TOP`, `CLIENT-HISTORY-END`, `HIST-BOUNDARY`.
    pub async fn last(&self) -> Result<Merged, Error> {
        let id = &self.session.id;
        let mut limit = limits::HISTORY_PAGE;
        loop {
            let page = self.user.shared.api.history(id, self.top_date(), limit).await?;
            let (merged, next) = {
                let mut core = self.user.shared.core.lock();
                let known = core.model.session_mut(id);
                let known = known.ok_or_else(|| Error::SessionNotOpen(self.session.clone()))?;
                let (merged, next) = known.messages.merge_history(page, limit);
                self.user.shared.messages_changed(&mut core, id);
                (merged, next)
            };
            match next {
                Next::Ask { limit: larger } if merged.new_entries() == 0 => limit = larger,
                Next::MoveOn => {
                    tracing::warn!(session = %self.session, "more messages share a stamp than fit a page of history");
                }
                _ => {
                    if merged.new_entries() > 0 {
                        let event = Event::Messages { session: self.session.clone(), merged: merged.clone() };
                        self.user.shared.tell(event);
                    }
                    return Ok(merged);
                }
            }
        }
    }

    /// Replaces the content of a message that this user sent, and has everybody sync it. 403 if another user sent it.
    /// Rules `MSG-EDIT`, `MSG-EDIT-RIGHT`.
    pub async fn edit(&self, id: &MessageId, kind: &MessageType, content: &str) -> Result<(), Error> {
        let edit = EditMessage {
            sender: Some(self.user.shared.uid.clone()),
            content: Some(content.to_owned()),
            kind: Some(kind.clone()),
        };
        self.user.shared.api.edit_message(&self.session.id, id, &edit).await?;
        self.changed().await
    }

    /// Replaces the text of a message that this user sent: see [`Self::edit`].
    pub async fn edit_text(&self, id: &MessageId, text: &str) -> Result<(), Error> {
        self.edit(id, &MessageType::Text, &Text::json(text)).await
    }

    /// Withdraws a message that this user sent, and has everybody sync it; it stays as a tombstone. 403 if another user
    /// sent it. Rule `MSG-DELETE`.
    pub async fn remove(&self, id: &MessageId) -> Result<(), Error> {
        self.user.shared.api.remove_message(&self.session.id, id).await?;
        self.changed().await
    }

    /// Who sent it: a user in a `p2p` session, a member in a group; `None` if the client does not know who that is, as
    /// of a member who was removed. The seed's `from`; rule `CLIENT-FROM-TO`.
    pub fn from(&self, message: &Message) -> Option<Party<'a>> {
        match self.session.kind {
            SessionType::Group => self.member(&message.sender),
            _ => self.party(&message.sender),
        }
    }

    /// Whom it is to: the other user in a `p2p` session, the session in a group. The seed's `to`; rule `CLIENT-FROM-TO`.
    pub fn to(&self, message: &Message) -> Option<Party<'a>> {
        if self.session.kind != SessionType::P2p {
            let known = self.user.sessions().by_id(&self.session.id)?;
            return Some(Party::Session(Box::new(known.into_inner())));
        }
        let other = self.user.with_model(|model| {
            let members = &model.session(&self.session.id)?.members;
            members.other_than(&message.sender).map(|m| m.user_id.clone())
        })?;
        self.party(&other)
    }

    fn member(&self, id: &UserId) -> Option<Party<'a>> {
        let members = super::SessionMembers { user: self.user, session: self.session.clone() };
        members.get(id).map(|member| Party::Member(Box::new(member)))
    }

    fn party(&self, id: &UserId) -> Option<Party<'a>> {
        let (name, avatar) = if *id == self.user.shared.uid {
            let me = self.user.me();
            (me.name.clone(), me.avatar_url.clone())
        } else {
            self.user.with_model(|model| {
                model.person(id).map(|(name, avatar)| (name.to_owned(), avatar.to_owned()))
            })?
        };
        Some(Party::User { id: id.clone(), name, avatar: self.user.absolute_url(&avatar) })
    }

    async fn changed(&self) -> Result<(), Error> {
        self.user.shared.sync_messages(&self.session).await?;
        let syncs = vec![
            SyncItem { kind: SyncType::USER_CONVERSATION, session_id: None },
            SyncItem { kind: SyncType::MESSAGE, session_id: Some(self.session.to_string()) },
        ];
        self.user.shared.announce(&self.session, syncs);
        // Who changed it is not told, and may see it as the conversation's last message.
        self.user.change(|core| core.sync_queue.request(SyncKey::Conversations));
        Ok(())
    }

    fn look<T>(&self, look: impl FnOnce(&crate::model::Messages) -> T) -> Option<T> {
        self.user.with_model(|model| model.session(&self.session.id).map(|known| look(&known.messages)))
    }
}
