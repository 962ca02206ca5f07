//! Why an operation was not carried out. One that is refused has changed nothing (`API-NO-EFFECT`).

use std::borrow::Cow;

use thiserror::Error;

/// Why the business state said no, with a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A parameter is missing or makes no sense. Rule `API-BAD-REQUEST`.
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    /// The token is unknown or has expired. Rule `API-AUTH-INVALID`.
    #[error("{0}")]
    Unauthorized(Cow<'static, str>),
    /// The caller has no right to it. Rule `API-FORBIDDEN`.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// What the path names is not there. Rule `API-NOT-FOUND`.
    #[error("{0}")]
    NotFound(Cow<'static, str>),
}

impl Refusal {
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRequest(message.into())
    }

    pub(crate) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(message.into())
    }

    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::NotFound(message.into())
    }
}
