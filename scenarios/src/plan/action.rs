//! What a device can do, and what can befall it.

use serde::{Deserialize, Serialize};

use super::{Millis, Place, Whom};

/// What a device does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Action {
    /// Sends a text, which says which step it is from.
    SendText {
        /// Where.
        to: Place,
    },
    /// Sends a file of so many bytes.
    SendFile {
        /// Where.
        to: Place,
        /// How large.
        bytes: u32,
    },
    /// Changes the text of a message that this user sent.
    Edit {
        /// The step that sent it.
        step: u32,
    },
    /// Deletes a message that this user sent.
    Recall {
        /// The step that sent it.
        step: u32,
    },
    /// Makes a group with oneself as its master.
    CreateGroup {
        /// Unique in the plan.
        group: String,
        /// The other members.
        members: Vec<String>,
    },
    /// Adds a user to a group.
    AddMember {
        /// Which group.
        group: String,
        /// Whom.
        user: String,
        /// Whether as an admin; otherwise as a plain member.
        #[serde(default, skip_serializing_if = "is_false")]
        admin: bool,
    },
    /// Adds a user to a group without looking first whether one may, as somebody does who means harm.
    Intrude {
        /// Which group.
        group: String,
        /// Whom.
        user: String,
    },
    /// Removes a user from a group; oneself, to leave it.
    RemoveMember {
        /// Which group.
        group: String,
        /// Whom.
        user: String,
    },
    /// Gives a member the role of an admin, or takes it away.
    Promote {
        /// Which group.
        group: String,
        /// Whom.
        user: String,
        /// Whether to an admin; otherwise to a plain member.
        admin: bool,
    },
    /// Gives the role of the master to another member.
    PassMaster {
        /// Of which group.
        group: String,
        /// To whom.
        user: String,
    },
    /// Takes a member out of good standing, or back into it. Nobody may do that to themself.
    Ban {
        /// In which group.
        group: String,
        /// Whom.
        user: String,
        /// Whether out of it.
        banned: bool,
    },
    /// Takes another name in a group, which says which step it is from; sends nothing but the name.
    Nickname {
        /// Which group.
        group: String,
    },
    /// Tells the push server by hand who is in a group, as far as one knows.
    PushMembers {
        /// Which group.
        group: String,
        /// Users who are named as well, members or not.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        and: Vec<String>,
        /// By how much the mts is less than that of the members.
        #[serde(default, skip_serializing_if = "Millis::is_zero")]
        behind: Millis,
        /// Whether by force: then these and no others are in.
        #[serde(default, skip_serializing_if = "is_false")]
        force: bool,
    },
    /// Gives a group another name, which says which step it is from.
    Rename {
        /// Which group.
        group: String,
    },
    /// Adds a contact.
    AddContact {
        /// Whom.
        user: String,
    },
    /// Removes a contact.
    RemoveContact {
        /// Whom.
        user: String,
    },
    /// Makes a group a favourite.
    Favourite {
        /// Which.
        group: String,
    },
    /// Makes it one no longer.
    Unfavourite {
        /// Which.
        group: String,
    },
    /// Puts a conversation on top, or back.
    Pin {
        /// Which.
        place: Place,
        /// Whether on top.
        top: bool,
    },
    /// Deletes a conversation; it comes back with the next message.
    DeleteConversation {
        /// Which.
        place: Place,
    },
    /// Opens a session and reads what is in it. It stays open.
    Read {
        /// Which.
        place: Place,
    },
    /// Fetches a page of older messages.
    History {
        /// Of which session.
        place: Place,
    },
    /// Syncs all lists, as a user who presses "refresh".
    Sync,
    /// Logs in and connects; for a device that is not logged in.
    Login,
    /// Logs out, as a user does.
    Logout,
    /// Ends without a word. What was sent and not yet stored is gone.
    Crash {
        /// Whether the local store is there at the next login.
        keep_store: bool,
    },
}

/// Something that befalls devices, the network or the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// Unique over steps and faults, and kept when the plan is shrunk.
    pub id: u32,
    /// When it begins, from the beginning of the run.
    pub at: Millis,
    /// How long it lasts; of no meaning where it happens at once.
    #[serde(rename = "for", default, skip_serializing_if = "Millis::is_zero")]
    pub lasts: Millis,
    /// What it is.
    pub what: Misfortune,
}

/// What can befall devices, the network or the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Misfortune {
    /// Everything takes longer, one way.
    Slow {
        /// Whose network.
        who: Whom,
        /// By how much.
        by: Millis,
    },
    /// Requests do not reach the server, and their sender is told that the connection was reset.
    LoseRequests {
        /// Whose.
        who: Whom,
        /// Which share, from 0 to 1.
        rate: f64,
    },
    /// Requests are carried out, and their sender is told that the connection was reset.
    LoseAnswers {
        /// Whose.
        who: Whom,
        /// Which share, from 0 to 1.
        rate: f64,
    },
    /// Nothing gets through in either direction, and nobody is told: requests hang, connections are silent.
    Partition {
        /// From whom.
        who: Whom,
    },
    /// What the server pushes does not reach the device; nobody is told.
    Deaf {
        /// Which device.
        who: Whom,
    },
    /// What the device sends over its push connection does not reach the server; nobody is told.
    Mute {
        /// Which device.
        who: Whom,
    },
    /// What goes over the push connections that stand when it begins goes nowhere from then on, in either direction and for
    /// good, also when it is over: as when a router on the way forgets them. Nobody is told; the ends notice when what
    /// they wait for does not come. No new ones get through until it is over.
    HalfOpen {
        /// Whose.
        who: Whom,
    },
    /// Push connections end, once.
    CutPush {
        /// Whose.
        who: Whom,
    },
    /// The server answers who connects for a push connection with "server unavailable".
    RefuseConnections,
    /// The push server restarts, once: all connections end, all push sessions are forgotten.
    RestartPush,
    /// The whole server stops: connections end, requests are refused. When the time is over, it starts again. The push
    /// side knows nothing then.
    RestartServer {
        /// Whether it kept a journal: then all that it acknowledged is there again. Otherwise it begins with nothing,
        /// without accounts too, and nobody can log in any more. Then it is only looked at how clients bear that.
        journal: bool,
    },
    /// The push server forgets all that it knows of a session, once.
    ForgetSession {
        /// Which; as its first user sees it, for two users `ann+bob`.
        session: Place,
    },
    /// The push server's mts of a session is moved, once.
    MoveMts {
        /// Which; as its first user sees it, for two users `ann+bob`.
        session: Place,
        /// By how many milliseconds, back or forth.
        by: i64,
    },
    /// A user's login tokens expire, once.
    ExpireTokens {
        /// Whose.
        user: String,
    },
    /// All imTokens expire, once.
    ExpireImTokens,
    /// An operator kicks a user, once.
    Kick {
        /// Whom.
        user: String,
    },
}

impl Action {
    /// The place that it is about.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::SendText { to } | Self::SendFile { to, .. } => Some(to),
            Self::Pin { place, .. }
            | Self::DeleteConversation { place }
            | Self::Read { place }
            | Self::History { place } => Some(place),
            _ => None,
        }
    }

    /// The group that it is about.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::CreateGroup { group, .. }
            | Self::AddMember { group, .. }
            | Self::RemoveMember { group, .. }
            | Self::Intrude { group, .. }
            | Self::Promote { group, .. }
            | Self::PassMaster { group, .. }
            | Self::Ban { group, .. }
            | Self::Nickname { group }
            | Self::PushMembers { group, .. }
            | Self::Rename { group }
            | Self::Favourite { group }
            | Self::Unfavourite { group } => Some(group),
            _ => self.place().and_then(Place::group),
        }
    }

    /// The other users that it names.
    pub fn users(&self) -> Vec<&str> {
        match self {
            Self::CreateGroup { members: users, .. } | Self::PushMembers { and: users, .. } => {
                users.iter().map(String::as_str).collect()
            }
            Self::AddMember { user, .. }
            | Self::RemoveMember { user, .. }
            | Self::Intrude { user, .. }
            | Self::Promote { user, .. }
            | Self::PassMaster { user, .. }
            | Self::Ban { user, .. }
            | Self::AddContact { user }
            | Self::RemoveContact { user } => vec![user],
            _ => self.place().map_or_else(Vec::new, Place::users),
        }
    }

    /// The group that it may make a user a member of, and the user.
    pub fn adds(&self) -> Option<(&str, &str)> {
        match self {
            Self::AddMember { group, user, .. } | Self::Intrude { group, user } => Some((group, user)),
            _ => None,
        }
    }

    /// The step whose message it is about.
    pub fn of_step(&self) -> Option<u32> {
        match self {
            Self::Edit { step } | Self::Recall { step } => Some(*step),
            _ => None,
        }
    }
}

impl Misfortune {
    /// Whose network it is on, where it is on one.
    pub fn who(&self) -> Option<&Whom> {
        match self {
            Self::Slow { who, .. }
            | Self::LoseRequests { who, .. }
            | Self::LoseAnswers { who, .. }
            | Self::Partition { who }
            | Self::Deaf { who }
            | Self::Mute { who }
            | Self::HalfOpen { who }
            | Self::CutPush { who } => Some(who),
            _ => None,
        }
    }

    /// Whether the push server forgets all that it knows by it.
    pub fn restarts_push(&self) -> bool {
        matches!(self, Self::RestartPush | Self::RestartServer { .. })
    }

    /// Whether it happens once, and does not last.
    pub fn is_once(&self) -> bool {
        !matches!(
            self,
            Self::Slow { .. }
                | Self::LoseRequests { .. }
                | Self::LoseAnswers { .. }
                | Self::Partition { .. }
                | Self::Deaf { .. }
                | Self::Mute { .. }
                | Self::HalfOpen { .. }
                | Self::RefuseConnections
                | Self::RestartServer { .. }
        )
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
fn is_false(flag: &bool) -> bool {
    !flag
}
