//! What a request is about a group.

use http::Method;
use serde::de::DeserializeOwned;
use y2w_sdk::protocol::rest::{AddMember, UpdateMember, path};
use y2w_sdk::protocol::{MemberId, MessageId, SessionId};

use crate::history::Arrived;

/// See the module's text.
pub(super) enum Ask {
    /// A session is made.
    Create,
    /// Something about one that is there.
    Of(SessionId, About),
}

pub(super) enum About {
    Add(AddMember),
    /// Something about members that cannot be read: the server may make of it what it likes.
    Unclear,
    Change(MemberId, UpdateMember),
    Remove(MemberId),
    Members,
    Store,
    DeleteMessage(MessageId),
    Rename,
    End,
}

impl Ask {
    /// What a request is; none if it is none of these.
    pub(super) fn of(arrived: &Arrived) -> Option<Self> {
        let path = arrived.path.split('?').next()?.strip_prefix(path::SESSIONS)?;
        let mut segments = path.split('/').skip(1);
        let Some(session) = segments.next() else {
            return (arrived.method == Method::POST).then_some(Self::Create);
        };
        let (what, which, more) = (segments.next(), segments.next(), segments.next());
        let about = match (&arrived.method, what, which, more) {
            (&Method::PUT, None, ..) => About::Rename,
            (&Method::DELETE, None, ..) => About::End,
            (&Method::GET, Some("members"), None, _) => About::Members,
            (&Method::POST, Some("members"), None, _) => read(arrived).map_or(About::Unclear, About::Add),
            (&Method::POST, Some("members"), Some("invite"), None) => {
                let invited = |add| About::Add(AddMember { role: None, status: None, ..add });
                read(arrived).map_or(About::Unclear, invited)
            }
            (&Method::PUT, Some("members"), Some(id), None) => {
                read(arrived).map_or(About::Unclear, |change| About::Change(id.into(), change))
            }
            (&Method::DELETE, Some("members"), Some(id), None) => About::Remove(id.into()),
            (&Method::POST, Some("messages"), None, _) => About::Store,
            (&Method::DELETE, Some("messages"), Some(id), None) => About::DeleteMessage(id.into()),
            _ => return None,
        };
        Some(Self::Of(session.into(), about))
    }
}

impl About {
    /// Whether it changes who is in, or as what.
    pub(super) fn changes_members(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Unclear | Self::Change(..) | Self::Remove(_) | Self::End)
    }

    /// What is asked for, as one would say it.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Add(_) => "to add a member",
            Self::Unclear => "for some change of members",
            Self::Change(..) => "to change a member",
            Self::Remove(_) => "to remove a member",
            Self::Members => "for the members",
            Self::Store => "to store a message",
            Self::DeleteMessage(_) => "to delete a message",
            Self::Rename => "to change the session",
            Self::End => "to delete the session",
        }
    }
}

fn read<T: DeserializeOwned>(arrived: &Arrived) -> Option<T> {
    // Clients choose; rule `API-FORM-AND-JSON`.
    if arrived.body.starts_with(b"{") {
        serde_json::from_slice(&arrived.body).ok()
    } else {
        serde_urlencoded::from_bytes(&arrived.body).ok()
    }
}
