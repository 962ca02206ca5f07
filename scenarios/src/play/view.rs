//! What a client knows, in the plan's own words: no ids, no times. Two worlds that did the same give the same views.

use std::collections::BTreeMap;

use y2w_sdk::model::{LocalStatus, Model, SessionModel};
use y2w_sdk::protocol::{Message, MessageType, SessionType, Timestamp, UserConversation, limits};
use y2w_sdk::{CurrentUser, Error, LoginOptions, MessageSync, Users};

use super::examine::{Examined, Examiner};
use super::stage::{PASSWORD, Stage, words_of};
use super::{PlayError, brief};

/// What a client knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// The contacts, each with its name.
    pub contacts: BTreeMap<String, String>,
    /// The favourite groups, each with its name.
    pub favourites: BTreeMap<String, String>,
    /// The conversations, by what they are with.
    pub conversations: BTreeMap<String, Conversation>,
    /// The sessions.
    pub rooms: BTreeMap<String, Room>,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// Whether it is on top.
    pub top: bool,
    /// How many messages are unread.
    pub unread: u32,
    /// The last message.
    pub last: String,
}

/// A session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// Who is in, and as what.
    pub members: BTreeMap<String, String>,
    /// What the server itself said in it.
    pub system: usize,
    /// Its messages, oldest first; `None` if this client does not follow them.
    pub messages: Option<Vec<String>>,
}

/// What the server knows of a user: what a client sees that knows nothing and fetches everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserView {
    /// Whose.
    pub user: String,
    /// What it sees. The rooms are those that it is in.
    pub view: View,
    /// Of a user who looks closely: what the server counted as unread along the way.
    pub unread: Option<UnreadAfter>,
}

/// How many messages a server counts as unread, by conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnreadAfter {
    /// After some history was read, which changes nothing.
    pub history: BTreeMap<String, u32>,
    /// After messages were synced, which reads them. Rule `MSG-SYNC-MARKS-READ`.
    pub sync: BTreeMap<String, u32>,
}

impl View {
    /// What a client knows now.
    pub(super) fn of(stage: &Stage<'_>, client: &CurrentUser) -> Self {
        let current = client.current_session();
        let me = stage.name_of(client.id());
        let follows_all = stage.plan.user(&me).is_none_or(|user| !user.current_only);
        client.with_model(|model| {
            let rooms = stage.sessions_of(&me).into_iter().filter_map(|(name, id)| {
                let known = model.session(&id.id)?;
                let follows = follows_all || current.as_ref() == Some(&id);
                Some((name, room(stage, known, follows)))
            });
            Self { rooms: rooms.collect(), ..Self::lists(stage, model) }
        })
    }

    fn lists(stage: &Stage<'_>, model: &Model) -> Self {
        let contacts = model.contacts.iter().map(|c| (stage.name_of(&c.user_id), c.name.clone()));
        let favourites =
            model.user_sessions.iter().map(|f| (group_name(stage, f.session_id.as_str()), f.name.clone()));
        let conversations = model.conversations.iter().filter(|c| c.visiable).map(|c| {
            let last = c.last_message.as_ref();
            let last = last.map_or_else(String::new, |last| shown(&last.kind, &last.content));
            (with_whom(stage, c), Conversation { top: c.top, unread: c.unread, last })
        });
        Self {
            contacts: contacts.collect(),
            favourites: favourites.collect(),
            conversations: conversations.collect(),
            rooms: BTreeMap::new(),
        }
    }
}

/// What the server knows, for each user, and what it answered to those who look closely.
pub(super) async fn truth(stage: &Stage<'_>) -> Result<(Vec<UserView>, Vec<Examined>), PlayError> {
    let mut views = Vec::new();
    let mut examined = Vec::new();
    for user in &stage.plan.users {
        let failed = |why: String| PlayError::Truth { who: user.name.clone(), why };
        let options = LoginOptions::default()
            .seed(stage.plan.seed)
            .message_sync(MessageSync::CurrentSession)
            .keep_messages(usize::MAX);
        let users = Users::new(stage.plain_config());
        let client = users.login_with(&stage.world.account(&user.name), PASSWORD, options).await;
        let client = client.map_err(|error| failed(brief(&error)))?;
        let examiner = Examiner::of(stage, &user.name, &client);
        let seen = fetch(stage, &client, examiner.as_ref(), &mut examined).await;
        let (view, unread) = seen.map_err(|error| failed(error.to_string()))?;
        views.push(UserView { user: user.name.clone(), view, unread });
    }
    Ok((views, examined))
}

async fn fetch(
    stage: &Stage<'_>,
    client: &CurrentUser,
    examiner: Option<&Examiner<'_>>,
    examined: &mut Vec<Examined>,
) -> Result<(View, Option<UnreadAfter>), Error> {
    client.contacts().sync().await?;
    client.user_sessions().sync().await?;
    client.user_conversations().sync().await?;
    let mut view = client.with_model(|model| View::lists(stage, model));
    let mut counted = UnreadAfter::default();
    if let Some(examiner) = examiner {
        for (place, id) in examiner.sessions() {
            examined.push(examiner.history(&place, &id.id).await);
        }
        counted.history = unread(stage, client).await?;
    }
    for (name, id) in stage.sessions_of(&stage.name_of(client.id())) {
        // Who is not in any more is told 403, or does not find itself among the members.
        if client.open(&id).await.is_err() {
            continue;
        }
        let Some(session) = client.sessions().by_id(&id.id) else {
            continue;
        };
        if session.members().get(client.id()).is_none() {
            continue;
        }
        while session.messages().more() {
            session.messages().last().await?;
        }
        let room = client.with_model(|model| model.session(&id.id).map(|known| room(stage, known, true)));
        view.rooms.extend(room.map(|room| (name, room)));
    }
    if let Some(examiner) = examiner {
        examined.extend(examiner.own_lists().await);
        for (place, id) in examiner.sessions() {
            examined.extend(examiner.session(&place, &id.id).await);
        }
        counted.sync = unread(stage, client).await?;
    }
    Ok((view, examiner.map(|_| counted)))
}

/// What the server counts as unread, by conversation: not what the client has made of it.
async fn unread(stage: &Stage<'_>, client: &CurrentUser) -> Result<BTreeMap<String, u32>, Error> {
    let all = client.api().conversations_since(client.id(), Timestamp::MIN, limits::PAGE_MAX).await?;
    let shown = all.iter().filter(|conversation| conversation.visiable && !conversation.is_delete);
    Ok(shown.map(|conversation| (with_whom(stage, conversation), conversation.unread)).collect())
}

/// What a conversation is with, in the plan's words.
fn with_whom(stage: &Stage<'_>, conversation: &UserConversation) -> String {
    match conversation.kind {
        SessionType::Group => group_name(stage, &conversation.target_id),
        _ => stage.name_of(&conversation.target_id.as_str().into()),
    }
}

fn room(stage: &Stage<'_>, known: &SessionModel, follows: bool) -> Room {
    let members = known.members.iter().map(|m| (stage.name_of(&m.user_id), m.role.to_string()));
    // What was stored, and no sync has brought yet, stands behind the others.
    let local = known.messages.local().iter().filter(|message| message.status == LocalStatus::Stored);
    let local = local.map(|message| shown(&message.kind, &message.content));
    let synced = known.messages.iter();
    let system = known.messages.iter().filter(|message| message.kind == MessageType::System).count();
    let shown = |message: &Message| (!message.is_delete).then(|| shown(&message.kind, &message.content));
    Room {
        name: known.session.name.clone(),
        members: members.collect(),
        system: if follows { system } else { 0 },
        messages: follows.then(|| synced.filter_map(|message| shown(message)).chain(local).collect()),
    }
}

fn group_name(stage: &Stage<'_>, id: &str) -> String {
    format!("#{}", stage.learnt().group_name(&id.into()).unwrap_or_else(|| id.to_owned()))
}

/// A message as people would tell it.
fn shown(kind: &MessageType, content: &str) -> String {
    words_of(kind, content).unwrap_or_else(|| content.to_owned())
}
