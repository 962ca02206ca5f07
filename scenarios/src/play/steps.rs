//! What a step makes a client do.

use y2w_sdk::protocol::entity::{Role, Status};
use y2w_sdk::protocol::push::ImMember;
use y2w_sdk::protocol::rest::{AddMember, UpdateMember};
use y2w_sdk::protocol::{ImSessionId, SessionType, Timestamp};
use y2w_sdk::{CurrentUser, Draft, Error, NewGroup, Session};

use super::stage::{Stage, edited_text, text_of};
use crate::history::Outcome;
use crate::plan::{Action, Actor, Place, Step};

/// Why a step was not done.
enum Stop {
    Skipped(&'static str),
    /// It was done, and no client has told the others of it.
    Untold,
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
        Err(Stop::Untold) => Outcome::Failed("it was done, and nobody is told of it".to_owned()),
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

fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Api(error) if error.status() == Some(403))
}

async fn act(stage: &Stage<'_>, client: &CurrentUser, actor: &Actor, step: &Step) -> Result<(), Stop> {
    match &step.action {
        Action::SendText { to } => {
            let session = open(stage, client, actor, to).await?.im_id();
            let text = text_of(step.id);
            client.send(Draft::text(session, &text).notification(&text))?;
        }
        Action::SendFile { to, bytes } => {
            let session = open(stage, client, actor, to).await?.im_id();
            let content = vec![b'y'; usize::try_from(*bytes).unwrap_or(usize::MAX)];
            let name = text_of(step.id);
            client.send(Draft::file(session, &name, "text/plain", content).notification(&name))?;
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
        Action::AddMember { group, user, admin } => {
            let session = group_of(stage, client, group).await?;
            session.members().add(&new_member(stage, user, *admin)).await?;
        }
        Action::Intrude { group, user } => {
            let new = new_member(stage, user, false);
            match group_of(stage, client, group).await {
                Ok(session) => drop(session.members().add(&new).await?),
                Err(Stop::Failed(why)) if is_forbidden(&why) => {
                    let id = stage.learnt().group(group).ok_or(NO_GROUP)?;
                    client.api().add_member(&id, &new).await.map_err(Error::from)?;
                    return Err(Stop::Untold);
                }
                Err(why) => return Err(why),
            }
        }
        Action::RemoveMember { group, user } => {
            let session = group_of(stage, client, group).await?;
            let uid = &stage.user(user).id;
            let member = session.members().get(uid).ok_or(Stop::Skipped("no member"))?;
            session.members().remove(&member.id).await?;
        }
        Action::Promote { group, user, admin } => {
            let role = if *admin { Role::Admin } else { Role::User };
            let change = UpdateMember { role: Some(role), ..UpdateMember::default() };
            change_member(stage, client, group, user, change).await?;
        }
        Action::PassMaster { group, user } => {
            let change = UpdateMember { role: Some(Role::Master), ..UpdateMember::default() };
            change_member(stage, client, group, user, change).await?;
        }
        Action::Ban { group, user, banned } => {
            let status = if *banned { Status::Inactive } else { Status::Active };
            let change = UpdateMember { status: Some(status), ..UpdateMember::default() };
            change_member(stage, client, group, user, change).await?;
        }
        Action::Nickname { group } => {
            let session = group_of(stage, client, group).await?;
            let member = session.members().get(client.id()).ok_or(Stop::Skipped("no member"))?;
            let name = format!("{} {}", actor.user, step.id);
            let change = UpdateMember { name: Some(name), ..UpdateMember::default() };
            session.members().update(&member.id, &change).await?;
        }
        Action::PushMembers { group, and, behind, force } => {
            let session = group_of(stage, client, group).await?;
            let mts = session.members().mts().ok_or(Stop::Skipped("no member"))?;
            let mts = Timestamp::from_millis(mts.as_millis().saturating_sub_unsigned(behind.0));
            let known =
                client.with_model(|model| model.session(&session.id).map(|known| known.members.all()));
            let named = and.iter().map(|user| ImMember { uid: stage.user(user).id.clone(), is_del: false });
            let members: Vec<ImMember> = known.into_iter().flatten().chain(named).collect();
            client.im().update_session(&session.im_id(), mts, &members, *force, None).await?;
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

fn new_member(stage: &Stage<'_>, user: &str, admin: bool) -> AddMember {
    let user = stage.user(user);
    AddMember {
        user_id: user.id.clone(),
        name: user.name.clone(),
        role: admin.then_some(Role::Admin),
        avatar_url: String::new(),
        status: None,
    }
}

/// Changes what is given of a member; all else is sent as it is known.
async fn change_member(
    stage: &Stage<'_>,
    client: &CurrentUser,
    group: &str,
    user: &str,
    change: UpdateMember,
) -> Result<(), Stop> {
    let session = group_of(stage, client, group).await?;
    let member = session.members().get(&stage.user(user).id).ok_or(Stop::Skipped("no member"))?;
    let known = member.as_update();
    let change =
        UpdateMember { role: change.role.or(known.role), status: change.status.or(known.status), ..known };
    session.members().update(&member.id, &change).await?;
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
