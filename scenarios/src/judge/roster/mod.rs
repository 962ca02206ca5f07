//! Who is in a group, and what the server makes of that: who may change it, how the two clocks of a member move, who
//! may write. Rules `MEMBER-ADD`, `MEMBER-ADD-RIGHT`, `MEMBER-ADD-OUTSIDER`, `MEMBER-ADD-TWICE`, `MEMBER-REVIVE`,
//! `MEMBER-ONE-PER-USER`, `MEMBER-ROLES`, `MEMBER-REMOVE`, `MEMBER-REMOVE-RIGHT`, `MEMBER-MASTER-STAYS`,
//! `MEMBER-LEAVE`, `MEMBER-MASTER-LEAVES`, `MEMBER-UPDATE`, `MEMBER-UPDATE-RIGHT`, `MEMBER-MASTER-PASSED-ON`,
//! `MEMBER-CREATED-AT`, `MEMBER-TWO-CLOCKS`, `MEMBER-UPDATED-AT`, `MTS-GROWS`, `MSG-MEMBERS-ONLY`, `MSG-STORE`,
//! `SESS-CREATE-FIRST-MEMBER`, `SESS-UPDATE`, `HIST-REMOVED`.
//!
//! A model of each group that is made in the run, kept by what the server answers. It is exact while one change follows
//! the other at the server's end; of a group where two overlapped, or where an answer was lost with the server, nothing
//! is said any more.

mod ask;
mod ending;
mod group;
mod rights;

use std::collections::BTreeMap;

use http::StatusCode;
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use y2w_sdk::protocol::entity::Role;
use y2w_sdk::protocol::rest::List;
use y2w_sdk::protocol::{
    MemberId, Message, Session, SessionId, SessionMember, SessionType, Timestamp, UserId,
};

use super::{Cast, Checker, Ending, Findings};
use crate::history::{Arrived, Happening, Served, What, is_taken_down};
use crate::plan::Misfortune;
use ask::{About, Ask};
use group::Group;
use rights::Due;

/// See the module's text.
#[derive(Default)]
pub(super) struct Roster {
    groups: BTreeMap<SessionId, Group>,
    /// Who each device is.
    uids: BTreeMap<usize, UserId>,
    /// Requests that are not answered yet, with the happening that showed each.
    sent: FxHashMap<u64, u64>,
    /// What the server is at.
    under_way: BTreeMap<u64, UnderWay>,
}

struct UnderWay {
    caller: UserId,
    device: usize,
    ask: Ask,
    due: Due,
    /// To be asked whether it was alone.
    since: Option<u64>,
}

impl Checker for Roster {
    fn watch(&mut self, cast: &Cast, number: u64, happening: &Happening, found: &mut Findings) {
        match (&happening.what, happening.device) {
            (What::LoggedIn(uid), Some(device)) => drop(self.uids.insert(device, uid.clone())),
            (What::Request { call, method, path, .. }, _) if is_taken_down(method, path) => {
                self.sent.insert(*call, number);
            }
            (What::Answer { call, .. }, _) => drop(self.sent.remove(call)),
            (What::Arrives(arrived), Some(device)) => self.arrives(device, arrived),
            (What::Served { call, answer }, _) => {
                if let Some(under_way) = self.under_way.remove(call) {
                    let witness = self.sent.get(call).copied().unwrap_or(number);
                    self.served(cast, under_way, answer.as_ref(), witness, found);
                }
            }
            (What::FaultBegins(fault), _) => {
                if let Some(Misfortune::RestartServer { journal: false }) = cast.fault(*fault) {
                    self.groups.clear();
                }
            }
            _ => (),
        }
    }

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        ending::look(&self.groups, &self.uids, ending, found);
    }
}

impl Roster {
    fn arrives(&mut self, device: usize, arrived: &Arrived) {
        let (Some(ask), Some(caller)) = (Ask::of(arrived), self.uids.get(&device).cloned()) else {
            return;
        };
        let (mut due, mut since) = (Due::Open, None);
        if let Ask::Of(session, about) = &ask {
            let Some(group) = self.groups.get_mut(session) else { return };
            due = match about {
                About::Add(add) => group.adding(&caller, add),
                About::Remove(member) => group.removing(&caller, member),
                About::Change(member, change) => group.changing(&caller, member, change),
                About::Store => group.storing(&caller),
                _ => Due::Open,
            };
            let changes = about.changes_members();
            since = if changes { group.under_way.begins() } else { group.under_way.looks() };
        }
        self.under_way.insert(arrived.call, UnderWay { caller, device, ask, due, since });
    }

    fn served(
        &mut self,
        cast: &Cast,
        under_way: UnderWay,
        answer: Option<&Served>,
        witness: u64,
        found: &mut Findings,
    ) {
        let UnderWay { caller, device, ask, due, since } = under_way;
        let (session, about) = match ask {
            Ask::Create => return self.created(caller, answer),
            Ask::Of(session, about) => (session, about),
        };
        let Some(group) = self.groups.get_mut(&session) else { return };
        let changes = about.changes_members();
        if changes {
            group.under_way.ends();
        }
        let is_alone = group.under_way.is_alone(since);
        let answer = answer.filter(|answer| !answer.status.is_server_error());
        let Some(answer) = answer.filter(|_| is_alone) else {
            if changes {
                self.groups.remove(&session);
            }
            return;
        };
        let name = group.name.clone();
        let mut broken = |rule: &'static str, what: String| {
            let text = format!("{} asked {} in {name}, {what}", cast.name(device), about.words());
            found.add(rule, &[witness], text);
        };
        let is_done = answer.status.is_success();
        match due {
            Due::Refused(rule) if is_done => broken(rule, "and it was done".to_owned()),
            Due::Done(rule) if is_refusal(answer.status) => {
                broken(rule, format!("and was refused with {}", answer.status.as_u16()));
            }
            _ => (),
        }
        if is_done && !group.takes(&caller, &about, &answer.body, &mut broken) {
            self.groups.remove(&session);
        }
    }

    fn created(&mut self, creator: UserId, answer: Option<&Served>) {
        let made = answer.filter(|answer| answer.status.is_success());
        let made = made.and_then(|answer| read::<Session>(&answer.body));
        if let Some(made) = made.filter(|made| made.kind == SessionType::Group) {
            let updated_at = made.updated_at.unwrap_or(Timestamp::MIN);
            self.groups.insert(made.id, Group::new(made.name, creator, updated_at));
        }
    }
}

/// Whether a server says that it will not do this. It may ask to log in again, or to come back later.
fn is_refusal(status: StatusCode) -> bool {
    const LATER: [StatusCode; 3] =
        [StatusCode::UNAUTHORIZED, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_client_error() && !LATER.contains(&status)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

type Broken<'a> = &'a mut dyn FnMut(&'static str, String);

impl Group {
    /// What was asked has been done. Says whether the group is known still.
    fn takes(&mut self, caller: &UserId, about: &About, body: &[u8], broken: Broken<'_>) -> bool {
        match about {
            About::Members => {
                if let Some(list) = read::<List<SessionMember>>(body) {
                    self.listed(list.entries);
                }
            }
            About::Store => {
                if let Some(message) = read::<Message>(body) {
                    self.stored.insert(message.id, message.created_at);
                }
            }
            About::DeleteMessage(id) => drop(self.deleted.insert(id.clone())),
            About::Rename => self.renamed(body, broken),
            About::End | About::Unclear => return false,
            About::Add(add) => {
                let Some(member) = read::<SessionMember>(body).filter(|member| member.user_id == add.user_id)
                else {
                    broken("MEMBER-ADD", "and the answer is not that member".to_owned());
                    return false;
                };
                self.added(&member, broken);
                self.take(member);
            }
            About::Remove(id) => return self.removed(id, body, broken),
            About::Change(id, _) => {
                let Some(member) = read::<SessionMember>(body).filter(|member| member.id == *id) else {
                    broken("MEMBER-UPDATE", "and the answer is not that member".to_owned());
                    return false;
                };
                return self.changed(caller, member, broken);
            }
        }
        true
    }

    fn added(&self, member: &SessionMember, broken: Broken<'_>) {
        let created = member.created_at;
        match self.get(&member.user_id) {
            Some(before) if !before.is_delete => {
                if self.is_sure_of(before) && created != before.created_at {
                    let what = format!(
                        "who is in since {}: createdAt is {created} in the answer",
                        before.created_at
                    );
                    broken("MEMBER-ADD-TWICE", what);
                }
                return;
            }
            Some(before) if before.id != member.id || member.is_delete || created <= before.created_at => {
                let what = format!(
                    "who was in before as {}, until {}: the answer is {} of {created}{}",
                    before.id,
                    before.created_at,
                    member.id,
                    if member.is_delete { ", a tombstone" } else { "" }
                );
                broken("MEMBER-REVIVE", what);
                return;
            }
            _ => (),
        }
        self.grows(created, broken);
    }

    /// A change of membership makes a greater mts.
    fn grows(&self, created: Timestamp, broken: Broken<'_>) {
        if let Some(mts) = self.mts().filter(|mts| created <= *mts) {
            broken("MTS-GROWS", format!("which made createdAt {created}, where the mts was {mts} before"));
        }
    }

    fn removed(&mut self, id: &MemberId, body: &[u8], broken: Broken<'_>) -> bool {
        let Some(before) = self.by_id(id).cloned() else { return false };
        // Not all servers answer with what is left of it.
        let Some(member) = read::<SessionMember>(body).filter(|member| member.id == *id) else {
            return false;
        };
        if before.is_delete {
            return true;
        }
        if !member.is_delete {
            broken("MEMBER-REMOVE", "and the answer is no tombstone".to_owned());
            return false;
        }
        let is_sure = self.is_sure_of(&before);
        if is_sure && member.created_at <= before.created_at {
            let what = format!("and createdAt is {} as it was before", member.created_at);
            broken("MEMBER-CREATED-AT", what);
        } else {
            self.grows(member.created_at, broken);
        }
        let was_master = before.role == Role::Master || !is_sure;
        self.take(member);
        if was_master {
            self.mastership_moves();
        }
        true
    }

    fn changed(&mut self, caller: &UserId, member: SessionMember, broken: Broken<'_>) -> bool {
        let before = self.get(&member.user_id).filter(|before| self.is_sure_of(before)).cloned();
        if let Some(before) = &before {
            self.clocks(before, &member, broken);
        }
        if member.role == Role::Master && member.user_id != *caller {
            match before {
                Some(before) if before.role == Role::Master => (),
                Some(_) => self.master_steps_back(caller),
                // Whether the caller was the master, or who is the master now was so before, is not known.
                None => return false,
            }
        }
        self.take(member);
        true
    }

    /// What a change of a member has to do to its two clocks.
    fn clocks(&self, before: &SessionMember, member: &SessionMember, broken: Broken<'_>) {
        let (created, was) = (member.created_at, before.created_at);
        let is_another_role = member.role != before.role;
        let shows =
            |m: &SessionMember| (m.name.clone(), m.role.clone(), m.status.clone(), m.avatar_url.clone());
        if is_another_role && created <= was {
            let what = format!("which is another role, and createdAt is {created} as it was before");
            broken("MEMBER-CREATED-AT", what);
        } else if is_another_role {
            self.grows(created, broken);
        } else if created != was {
            let what =
                format!("which leaves the membership as it is, and moves createdAt from {was} to {created}");
            broken("MEMBER-TWO-CLOCKS", what);
        }
        if shows(member) != shows(before) && member.updated_at <= before.updated_at {
            let what = format!("which changes it, and updatedAt is {} as it was before", member.updated_at);
            broken("MEMBER-UPDATED-AT", what);
        }
    }

    fn renamed(&mut self, body: &[u8], broken: Broken<'_>) {
        let updated = read::<Session>(body).and_then(|session| session.updated_at);
        match updated {
            Some(updated) if updated > self.updated_at => self.updated_at = updated,
            Some(updated) => {
                let what = format!("and its updatedAt is {updated}, where it was {} before", self.updated_at);
                broken("SESS-UPDATE", what);
            }
            None => broken("SESS-UPDATE", "and the answer is no session with an updatedAt".to_owned()),
        }
    }
}
