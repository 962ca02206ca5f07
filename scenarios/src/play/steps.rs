//! What a step makes a client do.

use y2w_sdk::protocol::entity::Role;
use y2w_sdk::protocol::rest::{AddMember, UpdateMember};
use y2w_sdk::protocol::{ImSessionId, SessionType};
use y2w_sdk::{CurrentUser, Draft, Error, NewGroup, Session};

use super::stage::{Stage, edited_text, text_of};
use crate::history::Outcome;
use crate::plan::{Action, Actor, Place, Step};

/// Why a step was not done.
enum Stop {
    Skipped(&'static str),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Has a client take a step.
pub(super) async fn take(stage: &Stage<'_>, client: &CurrentUser, actor: &Actor, step: &Step) -> Outcome {
    match act(stage, client, actor, step).await {
        Ok(()) => Outcome::Done,
        Err(Stop::Skipped(why)) => Outcome::Skipped(why),
        Err(Stop::Failed(why)) if is_refusal(&step.action, &why) => Outcome::Refused(why.to_string()),
        Err(Stop::Failed(why)) => Outcome::Failed(why.to_string()),
    }
}

/// Whether the server said no to the one request by which an action changes anything. Afterwards some look at what has
/// become of it: a refusal of that says nothing.
fn is_refusal(action: &Action, error: &Error) -> bool {
    let Error::Api(error) = error else {
        return false;
    };
    let only_reads = matches!(action, Action::SendText { .. } | Action::Read { .. } | Action::History { .. });
    let is_write = !error.call.starts_with("GET ") && !matches!(action, Action::CreateGroup { .. });
    error.status().is_some_and(|status| (400..500).contains(&status)) && (is_write || only_reads)
}

async fn act(stage: &Stage<'_>, client: &CurrentUser, actor: &Actor, step: &Step) -> Result<(), Stop> {
    match &step.action {
        Action::SendText { to } => {
            let session = open(stage, client, actor, to).await?.im_id();
            client.send(Draft::text(session, &text_of(step.id)))?;
        }
        Action::SendFile { to, bytes } => {
            let session = open(stage, client, actor, to).await?.im_id();
            let content = vec![b'y'; usize::try_from(*bytes).unwrap_or(usize::MAX)];
            client.send(Draft::file(session, &text_of(step.id), "text/plain", content))?;
        }
        Action::Edit { step: sent } => {
            let (session, id) =
                stage.learnt().sent(*sent).ok_or(Stop::Skipped("its message is not stored"))?;
            let session = known(client, &session).await?;
            session.messages().edit_text(&id, &edited_text(*sent, step.id)).await?;
        }
        Action::Recall { step: sent } => {
            let (session, id) =
                stage.learnt().sent(*sent).ok_or(Stop::Skipped("its message is not stored"))?;
            known(client, &session).await?.messages().remove(&id).await?;
        }
        Action::CreateGroup { group, members } => {
            let members: Vec<_> = members.iter().map(|name| stage.user(name).clone()).collect();
            let new = NewGroup { name: group, avatar_url: "", members: &members };
            let made = client.sessions().create_group(&new).await?;
            stage.learnt().group_made(group, made.id.clone());
        }
        Action::AddMember { group, user } => {
            let session = group_of(stage, client, group).await?;
            let user = stage.user(user);
            let new = AddMember {
                user_id: user.id.clone(),
                name: user.name.clone(),
                role: None,
                avatar_url: String::new(),
                status: None,
            };
            session.members().add(&new).await?;
        }
        Action::RemoveMember { group, user } => {
            let session = group_of(stage, client, group).await?;
            let uid = &stage.user(user).id;
            let member = session.members().get(uid).ok_or(Stop::Skipped("no member"))?;
            session.members().remove(&member.id).await?;
        }
        Action::Promote { group, user, admin } => {
            let session = group_of(stage, client, group).await?;
            let uid = &stage.user(user).id;
            let member = session.members().get(uid).ok_or(Stop::Skipped("no member"))?;
            let role = if *admin { Role::Admin } else { Role::User };
            let change = UpdateMember { role: Some(role), ..member.as_update() };
            session.members().update(&member.id, &change).await?;
        }
        Action::Rename { group } => {
            let session = group_of(stage, client, group).await?;
            session.rename(&format!("{group} {}", step.id)).await?;
        }
        Action::AddContact { user } => {
            client.contacts().add(&stage.user(user).id, user).await?;
        }
        Action::RemoveContact { user } => {
            let contact = client.contacts().get(&stage.user(user).id).ok_or(Stop::Skipped("no contact"))?;
            contact.remove().await?;
        }
        Action::Favourite { group } => {
            let id = stage.learnt().group(group).ok_or(NO_GROUP)?;
            client.user_sessions().add(&id, group, "").await?;
        }
        Action::Unfavourite { group } => {
            let id = stage.learnt().group(group).ok_or(NO_GROUP)?;
            let favourite = client.user_sessions().get(&id).ok_or(Stop::Skipped("no favourite"))?;
            client.user_sessions().remove(&favourite.id).await?;
        }
        Action::Pin { place, top } => {
            let (kind, target) = target(stage, actor, place)?;
            let conversation = client.user_conversations().get(&kind, &target);
            conversation.ok_or(Stop::Skipped("no conversation"))?.set_top(*top).await?;
        }
        Action::DeleteConversation { place } => {
            let (kind, target) = target(stage, actor, place)?;
            let conversation = client.user_conversations().get(&kind, &target);
            conversation.ok_or(Stop::Skipped("no conversation"))?.remove().await?;
        }
        Action::Read { place } => {
            let session = open(stage, client, actor, place).await?;
            client.set_current_session(Some(session.im_id()));
            session.messages().sync().await?;
        }
        Action::History { place } => {
            open(stage, client, actor, place).await?.messages().last().await?;
        }
        Action::Sync => refresh(client).await?,
        // The device does that itself.
        Action::Login | Action::Logout | Action::Crash { .. } => (),
    }
    Ok(())
}

/// Syncs all lists, and the sessions that are open.
pub(super) async fn refresh(client: &CurrentUser) -> Result<(), Error> {
    client.sync().await?;
    client.user_conversations().sync().await?;
    client.contacts().sync().await?;
    client.user_sessions().sync().await?;
    for conversation in client.user_conversations().list(None) {
        // The session may be gone, or closed to this user.
        drop(conversation.session().await);
    }
    for session in client.sessions().list() {
        // One that this user was removed from answers 403.
        drop(session.sync().await);
        client.request_messages(&session.im_id());
    }
    Ok(())
}

const NO_GROUP: Stop = Stop::Skipped("the group is not there");

/// The session of a place, open in this client.
async fn open<'a>(
    stage: &Stage<'_>,
    client: &'a CurrentUser,
    actor: &Actor,
    place: &Place,
) -> Result<Session<'a>, Stop> {
    let (kind, target) = target(stage, actor, place)?;
    let session = client.sessions().get(&target, &kind).await?;
    if let (Place::User(other), SessionType::P2p) = (place, &kind) {
        stage.learnt().pair_opened(&actor.user, other, session.id.clone());
    }
    Ok(session)
}

/// What a place is to the protocol: a session's type, and whom or what it is with.
fn target(stage: &Stage<'_>, actor: &Actor, place: &Place) -> Result<(SessionType, String), Stop> {
    Ok(match place {
        Place::User(other) => (SessionType::P2p, stage.user(other).id.to_string()),
        Place::Pair(one, other) => {
            let other = if *one == actor.user { other } else { one };
            (SessionType::P2p, stage.user(other).id.to_string())
        }
        Place::Group(name) => (SessionType::Group, stage.learnt().group(name).ok_or(NO_GROUP)?.to_string()),
    })
}

async fn group_of<'a>(stage: &Stage<'_>, client: &'a CurrentUser, name: &str) -> Result<Session<'a>, Stop> {
    let id = stage.learnt().group(name).ok_or(NO_GROUP)?;
    Ok(client.sessions().get(id.as_str(), &SessionType::Group).await?)
}

async fn known<'a>(client: &'a CurrentUser, session: &ImSessionId) -> Result<Session<'a>, Stop> {
    if client.sessions().by_id(&session.id).is_none() {
        client.open(session).await?;
    }
    client.sessions().by_id(&session.id).ok_or(Stop::Skipped("the session is not open"))
}
