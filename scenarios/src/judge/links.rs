//! The push connections of a run, as the history has them: what checkers of pushes share.

use std::collections::BTreeMap;

use y2w_sdk::protocol::push::ClientId;
use y2w_sdk::protocol::{ConnectionReturnCode, UserId};

use crate::history::{End, Happening, Pushed, What};

/// A push connection: of which device, and its number there.
pub(super) type LinkId = (usize, u32);

/// Whatever a server does at once is there within this time, in microseconds.
pub(super) const AT_ONCE: u64 = 1_000_000;

/// When something was seen: the number of its happening, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) number: u64,
    pub(super) at: u64,
}

/// What is known of a connection whose device has introduced itself.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: ClientId,
    pub(super) uid: UserId,
    /// When its CONNECT was handed to the server.
    pub(super) introduced: Moment,
    /// When it was accepted with CONNACK 0.
    pub(super) accepted: Option<Moment>,
    /// When the server's word came that clients wait for. Rule `CONN-ACCEPT`.
    pub(super) welcomed: bool,
    /// When it was refused, and with which code.
    pub(super) refused: Option<(Moment, u8)>,
    /// When the server said that it is over.
    pub(super) dismissed: Option<Moment>,
    /// When it was over, and who ended it.
    pub(super) closed: Option<(Moment, End)>,
}

impl Link {
    /// When the server had done with it, for one reason or another.
    pub(super) fn ended(&self) -> Option<Moment> {
        let closed = self.closed.map(|(moment, _)| moment);
        [closed, self.dismissed, self.refused.map(|(moment, _)| moment)].into_iter().flatten().min()
    }

    /// Whether it is accepted and nothing has ended it yet.
    pub(super) fn is_live(&self) -> bool {
        self.accepted.is_some() && self.ended().is_none()
    }

    /// Whether both are of the same user and device class, of which there can be one only. Rule `CONN-KICK`.
    pub(super) fn is_rival_of(&self, other: &Self) -> bool {
        self.uid == other.uid && self.client.device == other.client.device
    }
}

/// All connections so far.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: BTreeMap<LinkId, Link>,
    by_user: BTreeMap<UserId, Vec<LinkId>>,
}

impl Links {
    /// One more thing has happened.
    pub(super) fn watch(&mut self, number: u64, happening: &Happening) {
        let (Some(device), What::Push { connection, pushed }) = (happening.device, &happening.what) else {
            return;
        };
        let id = (device, *connection);
        let moment = Moment { number, at: happening.at };
        if let Pushed::Connect { client, uid } = pushed {
            self.by_user.entry(uid.clone()).or_default().push(id);
            self.links.insert(
                id,
                Link {
                    client: client.clone(),
                    uid: uid.clone(),
                    introduced: moment,
                    accepted: None,
                    welcomed: false,
                    refused: None,
                    dismissed: None,
                    closed: None,
                },
            );
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        match pushed {
            Pushed::Connack(0) => link.accepted = Some(moment),
            Pushed::Connack(code) => link.refused = Some((moment, *code)),
            Pushed::Control(code) if *code == ConnectionReturnCode::ACCEPT_CONNECT.0 => link.welcomed = true,
            Pushed::Control(_) => link.dismissed = Some(moment),
            Pushed::Closed(end) => link.closed = Some((moment, *end)),
            _ => (),
        }
    }

    /// The connection that something is about, if its device has introduced itself.
    pub(super) fn of(&self, happening: &Happening) -> Option<LinkId> {
        let (Some(device), What::Push { connection, .. }) = (happening.device, &happening.what) else {
            return None;
        };
        let id = (device, *connection);
        self.links.contains_key(&id).then_some(id)
    }

    pub(super) fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    /// All that ever were.
    pub(super) fn all(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(id, link)| (*id, link))
    }

    /// The connections of a user.
    pub(super) fn of_user<'a>(&'a self, uid: &UserId) -> impl Iterator<Item = (LinkId, &'a Link)> {
        let ids = self.by_user.get(uid).into_iter().flatten();
        ids.filter_map(|id| self.links.get(id).map(|link| (*id, link)))
    }

    /// Other connections of the same user and device class.
    pub(super) fn rivals(&self, id: LinkId) -> impl Iterator<Item = (LinkId, &Link)> {
        let link = self.links.get(&id);
        let of_user = link.into_iter().flat_map(|link| self.of_user(&link.uid));
        of_user.filter(move |(other, rival)| *other != id && link.is_some_and(|link| link.is_rival_of(rival)))
    }
}
