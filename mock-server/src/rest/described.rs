//! What a route says of itself. `openapi.json` is made of this by a test (`openapi`), so nothing of it is read when a server
//! runs.

#![cfg_attr(not(test), expect(dead_code, reason = "read by the test that makes openapi.json"))]

use y2w_sdk::protocol::rest::{CLIENT_SYNC_TIME, CONTENT_MD5, IDEMPOTENCY_KEY};

/// See the module.
pub(super) struct Said {
    /// What the route is for, in one line.
    pub(super) what: &'static str,
    /// The rules of docs/protocol.md that it keeps.
    pub(super) rules: &'static [&'static str],
    /// Parameters beside those in the path and in the body.
    pub(super) parameters: &'static [Parameter],
    /// The body.
    pub(super) takes: Takes,
    /// The answer to a request that is granted.
    pub(super) gives: Gives,
    /// Statuses beside those that follow from the rest.
    pub(super) refuses: &'static [u16],
}

impl Said {
    pub(super) const NOTHING: Self = Self {
        what: "",
        rules: &[],
        parameters: &[],
        takes: Takes::Nothing,
        gives: Gives::File,
        refuses: &[],
    };
}

/// A parameter of the query or of the head.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) what: &'static str,
    pub(super) is_number: bool,
}

/// Where a parameter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Header,
}

const fn number(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, what, is_number: true }
}

const fn header(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, place: Place::Header, what, is_number: false }
}

const LIMIT: Parameter = number("limit", "Most entries in the answer; more than 1000 are taken for 1000.");
const OFFSET: Parameter =
    number("offset", "How many of the matching entries are left out, from the first on.");
const SINCE: Parameter = header(
    CLIENT_SYNC_TIME,
    "Milliseconds since 1970, or a date: what has changed since then. From the beginning if absent.",
);

/// A list under the sync rule.
pub(super) const SYNC: &[Parameter] = &[LIMIT, OFFSET, SINCE];
/// The same, or a search.
pub(super) const SYNC_OR_SEARCH: &[Parameter] = &[
    LIMIT,
    OFFSET,
    SINCE,
    Parameter {
        name: "filter_term",
        place: Place::Query,
        what: "A whole account name: the answer is its user, or nobody.",
        is_number: false,
    },
];
/// A page of history.
pub(super) const HISTORY: &[Parameter] = &[
    number("limit", "Most messages in the answer; 20 if absent."),
    header(
        CLIENT_SYNC_TIME,
        "Milliseconds since 1970, or a date: what was stored then or before. From the newest on if absent.",
    ),
];
/// What lets a store be repeated.
pub(super) const IDEMPOTENT: &[Parameter] =
    &[header(IDEMPOTENCY_KEY, "The same key again stores nothing again, and has the same answer.")];
/// The sum of a file.
pub(super) const SUMMED: &[Parameter] = &[header(
    CONTENT_MD5,
    "The MD5 of the file in base64 or hexadecimal: checked, and an attachment that has it is answered in place of a new one.",
)];
/// A part of a file.
pub(super) const RANGED: &[Parameter] = &[header("range", "One range of bytes.")];

/// What a route takes in a body.
pub(super) enum Takes {
    Nothing,
    /// Parameters, as a form or as JSON.
    Parameters(Shape),
    /// One file, as multipart/form-data.
    File,
}

/// What a route gives.
pub(super) enum Gives {
    /// One JSON value.
    One(Shape),
    /// A bare array of them.
    Array(Shape),
    /// The bytes of a file, or some of them.
    File,
}

/// The form of a JSON value: that of a type.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    #[cfg(test)]
    pub(super) of: fn(&mut super::openapi::Schemas) -> String,
}

impl Shape {
    pub(super) const fn of<T: Shaped>() -> Self {
        Self {
            #[cfg(test)]
            of: super::openapi::add::<T>,
        }
    }

    pub(super) const fn list_of<T: Shaped>() -> Self {
        Self {
            #[cfg(test)]
            of: super::openapi::add_list::<T>,
        }
    }
}

/// A type that can describe itself; what that takes is there in tests only.
#[cfg(test)]
pub(super) trait Shaped: utoipa::ToSchema {}
#[cfg(test)]
impl<T: utoipa::ToSchema> Shaped for T {}
/// A type that can describe itself in tests.
#[cfg(not(test))]
pub(super) trait Shaped {}
#[cfg(not(test))]
impl<T> Shaped for T {}
