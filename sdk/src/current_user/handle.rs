//! One thing that a user has, and the user.

use std::fmt;
use std::ops::Deref;

use super::CurrentUser;

/// A thing of the model as it stood when it was asked for; its fields are the entity's. What can be done with it are the
/// methods of [`Contact`](super::Contact), [`UserConversation`](super::UserConversation),
/// [`UserSession`](super::UserSession), [`SessionMember`](super::SessionMember), [`Session`](super::Session).
pub struct Handle<'a, E> {
    pub(super) user: &'a CurrentUser,
    pub(super) entity: E,
}

impl<'a, E> Handle<'a, E> {
    pub(super) fn new(user: &'a CurrentUser, entity: E) -> Self {
        Self { user, entity }
    }

    /// The user that has it.
    pub fn current_user(&self) -> &'a CurrentUser {
        self.user
    }

    /// The thing alone.
    pub fn into_inner(self) -> E {
        self.entity
    }
}

impl<E> Deref for Handle<'_, E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.entity
    }
}

impl<E: Clone> Clone for Handle<'_, E> {
    fn clone(&self) -> Self {
        Self { user: self.user, entity: self.entity.clone() }
    }
}

impl<E: fmt::Debug> fmt::Debug for Handle<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entity.fmt(f)
    }
}
