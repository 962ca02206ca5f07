//! What users can do, by number: users from 0 in the order of their registration, sessions and messages likewise. A
//! number may be one that nobody has.

use std::fmt::Debug;

use proptest::prelude::*;
use y2w_sdk::protocol::entity::{Role, Status};

use super::world::World;

/// Users and sessions at most.
pub(super) const USERS: usize = 5;
pub(super) const SESSIONS: usize = 4;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes; backwards as well.
    Pass(i64),
    Register {
        email: usize,
    },
    RenameUser {
        by: usize,
        user: usize,
        name: usize,
    },
    AddContact {
        by: usize,
        owner: usize,
        user: usize,
        name: usize,
    },
    TitleContact {
        by: usize,
        user: usize,
        title: usize,
    },
    RemoveContact {
        by: usize,
        user: usize,
    },
    CreateGroup {
        by: usize,
        named: bool,
    },
    OpenP2p {
        by: usize,
        one: usize,
        other: usize,
    },
    OpenSingle {
        by: usize,
        owner: usize,
    },
    AddFavourite {
        by: usize,
        session: usize,
        name: usize,
    },
    RenameFavourite {
        by: usize,
        session: usize,
        name: usize,
    },
    RemoveFavourite {
        by: usize,
        session: usize,
    },
    UpdateConversation {
        by: usize,
        session: usize,
        name: Option<usize>,
        top: Option<bool>,
    },
    RemoveConversation {
        by: usize,
        session: usize,
    },
    ClearUnread {
        by: usize,
        session: usize,
    },
    AddMember {
        by: usize,
        session: usize,
        user: usize,
        role: Role,
    },
    RemoveMember {
        by: usize,
        session: usize,
        user: usize,
    },
    UpdateMember {
        by: usize,
        session: usize,
        user: usize,
        changes: MemberChanges,
    },
    UpdateSession {
        by: usize,
        session: usize,
        name: Option<usize>,
        name_changed: Option<bool>,
    },
    DeleteSession {
        by: usize,
        session: usize,
    },
    Post {
        by: usize,
        session: usize,
        sender: usize,
        key: Option<usize>,
    },
    Edit {
        by: usize,
        session: usize,
        message: usize,
        text: usize,
    },
    Withdraw {
        by: usize,
        session: usize,
        message: usize,
    },
    Read {
        by: usize,
        session: usize,
    },
}

impl Step {
    /// Who does it.
    pub(super) fn by(&self) -> Option<usize> {
        match *self {
            Self::Pass(_) | Self::Register { .. } => None,
            Self::RenameUser { by, .. }
            | Self::AddContact { by, .. }
            | Self::TitleContact { by, .. }
            | Self::RemoveContact { by, .. }
            | Self::CreateGroup { by, .. }
            | Self::OpenP2p { by, .. }
            | Self::OpenSingle { by, .. }
            | Self::AddFavourite { by, .. }
            | Self::RenameFavourite { by, .. }
            | Self::RemoveFavourite { by, .. }
            | Self::UpdateConversation { by, .. }
            | Self::RemoveConversation { by, .. }
            | Self::ClearUnread { by, .. }
            | Self::AddMember { by, .. }
            | Self::RemoveMember { by, .. }
            | Self::UpdateMember { by, .. }
            | Self::UpdateSession { by, .. }
            | Self::DeleteSession { by, .. }
            | Self::Post { by, .. }
            | Self::Edit { by, .. }
            | Self::Withdraw { by, .. }
            | Self::Read { by, .. } => Some(by),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct MemberChanges {
    pub(super) name: Option<usize>,
    pub(super) role: Option<Role>,
    pub(super) status: Option<Status>,
}

/// A name that somebody gives.
pub(super) fn given(name: usize) -> String {
    format!("given {name}")
}

pub(super) fn text(n: usize) -> String {
    format!(r#"{{"text":"{n}"}}"#)
}

/// The second user is the first in most cases.
fn mostly_same(users: usize) -> impl Strategy<Value = (usize, usize)> {
    let same = prop::bool::weighted(0.9);
    (0..users, 0..users, same).prop_map(|(by, other, same)| (by, if same { by } else { other }))
}

/// Mostly one of those for which a step means something, now and then any.
fn mostly<T: Clone + Debug + 'static>(
    fitting: Vec<T>,
    any: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    if fitting.is_empty() {
        any.boxed()
    } else {
        prop_oneof![6 => prop::sample::select(fitting), 1 => any].boxed()
    }
}

/// What may happen next.
pub(super) fn any_step(world: &World) -> BoxedStrategy<Step> {
    let (users, sessions) = (world.users.len(), world.sessions.len());
    let anybody = || 0..users + 1;
    let name = || 0..3_usize;
    // Users and sessions, as they come.
    let any_pair = move || (0..users, prop_oneof![30 => 0..sessions.max(1), 1 => Just(SESSIONS)]);
    let accounts = prop_oneof![
        1 => (0..USERS).prop_map(|email| Step::Register { email }),
        1 => (mostly_same(users), name()).prop_map(|((by, user), name)| Step::RenameUser { by, user, name }),
    ];
    let opened = prop_oneof![
        3 => (0..users, any::<bool>()).prop_map(|(by, named)| Step::CreateGroup { by, named }),
        2 => (mostly_same(users), anybody()).prop_map(|((by, one), other)| Step::OpenP2p { by, one, other }),
        1 => mostly_same(users).prop_map(|(by, owner)| Step::OpenSingle { by, owner }),
    ];
    let (opens, talks) = match sessions {
        0 => (30, 1),
        SESSIONS => (0, 12),
        _ => (3, 12),
    };
    prop_oneof![
        2 => prop_oneof![0..3_i64, Just(-5)].prop_map(Step::Pass),
        2 => accounts,
        4 => lists(world, any_pair().boxed()),
        opens => opened,
        talks => rooms(world, any_pair().boxed()),
        talks => messages(world, any_pair().boxed()),
    ]
    .boxed()
}

fn lists(world: &World, any_pair: BoxedStrategy<(usize, usize)>) -> BoxedStrategy<Step> {
    let users = world.users.len();
    let name = || 0..3_usize;
    let contacts: Vec<_> = world.contacts.iter().map(|own| (own.owner, own.key)).collect();
    let contact = move || mostly(contacts.clone(), (0..users, 0..users + 1));
    let favourites: Vec<_> = world.favourites.iter().map(|own| (own.owner, own.key)).collect();
    let conversations: Vec<_> = world.conversations.iter().map(|own| (own.owner, own.key)).collect();
    let favourite = {
        let any = any_pair.clone();
        move || mostly(favourites.clone(), any.clone())
    };
    let conversation = {
        let any = any_pair.clone();
        move || mostly(conversations.clone(), any.clone())
    };
    prop_oneof![
        4 => (mostly_same(users), 0..users + 1, name())
            .prop_map(|((by, owner), user, name)| Step::AddContact { by, owner, user, name }),
        1 => (contact(), name()).prop_map(|((by, user), title)| Step::TitleContact { by, user, title }),
        2 => contact().prop_map(|(by, user)| Step::RemoveContact { by, user }),
        2 => (any_pair, name()).prop_map(|((by, session), name)| Step::AddFavourite { by, session, name }),
        1 => (favourite(), name())
            .prop_map(|((by, session), name)| Step::RenameFavourite { by, session, name }),
        1 => favourite().prop_map(|(by, session)| Step::RemoveFavourite { by, session }),
        3 => (conversation(), prop::option::of(name()), prop::option::of(any::<bool>()))
            .prop_map(|((by, session), name, top)| Step::UpdateConversation { by, session, name, top }),
        2 => conversation().prop_map(|(by, session)| Step::RemoveConversation { by, session }),
        1 => conversation().prop_map(|(by, session)| Step::ClearUnread { by, session }),
    ]
    .boxed()
}

fn rooms(world: &World, any_pair: BoxedStrategy<(usize, usize)>) -> BoxedStrategy<Step> {
    let users = world.users.len();
    let anybody = || 0..users + 1;
    let name = || 0..3_usize;
    // Who is in, and more often who has a say there, and over whom; who can end a group that has seen something.
    let (mut fitting, mut over, mut masters, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (n, session) in world.sessions.iter().enumerate() {
        fitting.extend(session.members.is_empty().then_some((session.creator, n)));
        for member in session.members.iter().filter(|member| member.is_active()) {
            fitting.push((member.user, n));
            if member.manages() {
                fitting.extend([(member.user, n); 3]);
                let others = session.members.iter().filter(|other| !other.gone);
                over.extend(others.map(|other| (member.user, n, other.user)));
            }
            if member.role == Role::Master {
                masters.push((member.user, n));
                ends.extend((session.messages.len() > 4).then_some((member.user, n)));
            }
        }
    }
    let other = any_pair.clone();
    let pair = move || mostly(fitting.clone(), other.clone());
    let any_other =
        (any_pair.clone(), anybody()).prop_map(|((by, session), user)| (by, session, user)).boxed();
    let other = move || mostly(over.clone(), any_other.clone());
    let role = || prop::sample::select(vec![Role::User, Role::User, Role::User, Role::Admin, Role::Master]);
    let status = || prop::sample::select(vec![Status::Active, Status::Inactive]);
    let given = (
        prop::option::of(name()),
        prop::option::weighted(0.4, role()),
        prop::option::weighted(0.3, status()),
    );
    let changes = given.prop_map(|(name, role, status)| MemberChanges { name, role, status });
    // The first member is the master, as it is where people do it.
    let first = if masters.is_empty() { 4 } else { 0 };
    let creators: Vec<_> =
        world.sessions.iter().enumerate().map(|(n, session)| (session.creator, n)).collect();
    prop_oneof![
        first => mostly(creators, any_pair.clone())
            .prop_map(|(by, session)| Step::AddMember { by, session, user: by, role: Role::Master }),
        6 => (pair(), anybody(), role())
            .prop_map(|((by, session), user, role)| Step::AddMember { by, session, user, role }),
        3 => other().prop_map(|(by, session, user)| Step::RemoveMember { by, session, user }),
        4 => (other(), changes)
            .prop_map(|((by, session, user), changes)| Step::UpdateMember { by, session, user, changes }),
        2 => (pair(), prop::option::of(name()), prop::option::of(any::<bool>())).prop_map(
            |((by, session), name, name_changed)| Step::UpdateSession { by, session, name, name_changed }
        ),
        1 => mostly(ends, any_pair).prop_map(|(by, session)| Step::DeleteSession { by, session }),
    ]
    .boxed()
}

fn messages(world: &World, any_pair: BoxedStrategy<(usize, usize)>) -> BoxedStrategy<Step> {
    let users = world.users.len();
    let (mut members, mut stored) = (Vec::new(), Vec::new());
    for (n, session) in world.sessions.iter().enumerate() {
        members.extend(session.active().into_iter().map(|user| (user, n)));
        for (place, message) in session.messages.iter().enumerate() {
            stored.extend(message.now().content.is_some().then_some((message.sender, n, place)));
        }
    }
    let any = any_pair.clone();
    let member = move || mostly(members.clone(), any.clone());
    let message = move || {
        let any = (any_pair.clone(), 0..8_usize).prop_map(|((by, session), message)| (by, session, message));
        mostly(stored.clone(), any)
    };
    let sender = (0..users, prop::bool::weighted(0.95));
    prop_oneof![
        6 => (member(), sender, prop::option::weighted(0.3, 0..2_usize)).prop_map(
            |((by, session), (other, own), key)| Step::Post { by, session, sender: if own { by } else { other }, key }
        ),
        3 => (message(), 0..2_usize)
            .prop_map(|((by, session, message), text)| Step::Edit { by, session, message, text }),
        2 => message().prop_map(|(by, session, message)| Step::Withdraw { by, session, message }),
        2 => member().prop_map(|(by, session)| Step::Read { by, session }),
    ]
    .boxed()
}
