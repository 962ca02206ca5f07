//! What a client knows, in the plan's own words: no ids, no times. Two worlds that did the same give the same views.

use std::collections::BTreeMap;

use y2w_sdk::model::{LocalStatus, Model, SessionModel};
use y2w_sdk::protocol::{Message, MessageType, SessionType};
use y2w_sdk::{CurrentUser, Error, LoginOptions, MessageSync, Users};

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
}

impl View {
    /// What a client knows now.
    pub(super) fn of(stage: &Stage<'_>, client: &CurrentUser) -> Self {
        let current = client.current_session();
        let me = stage.name_of(client.id());
        let follows_all = stage.plan.user(&me).is_none_or(|user| !user.current_only);
        client.with_model(|model| {
            let rooms = stage.learnt().sessions().into_iter().filter_map(|(name, id)| {
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
            let with = match c.kind {
                SessionType::Group => group_name(stage, &c.target_id),
                _ => stage.name_of(&c.target_id.as_str().into()),
            };
            let last = c.last_message.as_ref();
            let last = last.map_or_else(String::new, |last| shown(&last.kind, &last.content));
            (with, Conversation { top: c.top, unread: c.unread, last })
        });
        Self {
            contacts: contacts.collect(),
            favourites: favourites.collect(),
            conversations: conversations.collect(),
            rooms: BTreeMap::new(),
        }
    }
}

/// What the server knows, for each user.
pub(super) async fn truth(stage: &Stage<'_>) -> Result<Vec<UserView>, PlayError> {
    let mut views = Vec::new();
    for user in &stage.plan.users {
        let failed = |why: String| PlayError::Truth { who: user.name.clone(), why };
        let options = LoginOptions::default()
            .seed(stage.plan.seed)
            .message_sync(MessageSync::CurrentSession)
            .keep_messages(usize::MAX);
        let users = Users::new(stage.plain_config());
        let client = users.login_with(&stage.world.account(&user.name), PASSWORD, options).await;
        let client = client.map_err(|error| failed(brief(&error)))?;
        let view = fetch(stage, &client).await.map_err(|error| failed(error.to_string()))?;
        views.push(UserView { user: user.name.clone(), view });
    }
    Ok(views)
}

async fn fetch(stage: &Stage<'_>, client: &CurrentUser) -> Result<View, Error> {
    client.contacts().sync().await?;
    client.user_sessions().sync().await?;
    client.user_conversations().sync().await?;
    let mut view = client.with_model(|model| View::lists(stage, model));
    for (name, id) in stage.learnt().sessions() {
        // Who is not in is told 403, or does not find the session among those of others.
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
    Ok(view)
}

fn room(stage: &Stage<'_>, known: &SessionModel, follows: bool) -> Room {
    let members = known.members.iter().map(|m| (stage.name_of(&m.user_id), m.role.to_string()));
    // What was stored, and no sync has brought yet, stands behind the others.
    let local = known.messages.local().iter().filter(|message| message.status == LocalStatus::Stored);
    let local = local.map(|message| shown(&message.kind, &message.content));
    let synced = known.messages.iter();
    let shown = |message: &Message| (!message.is_delete).then(|| shown(&message.kind, &message.content));
    Room {
        name: known.session.name.clone(),
        members: members.collect(),
        messages: follows.then(|| synced.filter_map(|message| shown(message)).chain(local).collect()),
    }
}

fn group_name(stage: &Stage<'_>, id: &str) -> String {
    let sessions = stage.learnt().sessions();
    let found = sessions.into_iter().find(|(name, im_id)| name.starts_with('#') && im_id.id.as_str() == id);
    found.map_or_else(|| format!("#{id}"), |(name, _)| name)
}

/// A message as people would tell it.
fn shown(kind: &MessageType, content: &str) -> String {
    words_of(kind, content).unwrap_or_else(|| content.to_owned())
}
