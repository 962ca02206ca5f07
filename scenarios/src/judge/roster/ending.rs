//! What the server's lists say of a group when all is over, beside what it answered to those who changed it.

use std::collections::{BTreeMap, BTreeSet};

use y2w_sdk::protocol::{ImSessionId, SessionId, SessionMember, SessionType, Timestamp, UserId};

use super::super::{Ending, Findings};
use super::group::Group;
use crate::play::{Examined, Stub};

/// Looks at everything that was seen of these groups in the end: once at each list and each user's view, however many
/// groups there are.
pub(super) fn look(
    groups: &BTreeMap<SessionId, Group>,
    uids: &BTreeMap<usize, UserId>,
    ending: &Ending<'_>,
    found: &mut Findings,
) {
    let place = |id: &SessionId| ending.place(&ImSessionId::new(SessionType::Group, id.clone()));
    let by_place: BTreeMap<String, &Group> = groups.iter().map(|(id, group)| (place(id), group)).collect();
    masters(&by_place, ending, found);
    let users: BTreeMap<&str, &UserId> =
        uids.iter().map(|(device, uid)| (&*ending.cast.actor(*device).user, uid)).collect();
    for examined in &ending.played.examined {
        let place = examined.list.split_once(" of ").map(|(_, place)| place);
        if let Some(group) = place.and_then(|place| by_place.get(place)) {
            let member = users.get(&*examined.user).and_then(|uid| group.get(uid));
            one_list(group, member, examined, found);
        }
    }
}

/// Looks at one list of a group; `member` is the entry of the user who asked for it.
fn one_list(group: &Group, member: Option<&SessionMember>, examined: &Examined, found: &mut Findings) {
    let whole = &examined.answers[0].1;
    // Who was a member once is let in.
    if examined.is_history && whole.status == 403 && member.is_some() {
        let text =
            format!("{} was a member and asks for the {}: it is refused", examined.user, examined.list);
        found.add("HIST-REMOVED", &[], text);
    }
    if whole.status != 200 {
        return;
    }
    let entries = whole.entries.as_deref().unwrap_or_default();
    let mut broken = |rule, what: String| {
        found.add(rule, &[], format!("{} asks for the {}: {what}", examined.user, examined.list));
    };
    let times: BTreeMap<&str, Timestamp> =
        entries.iter().rev().filter_map(|entry| Some((&*entry.id, entry.created_at?))).collect();
    if examined.list.starts_with("members") {
        for member in group.members().filter(|member| group.is_sure_of(member)) {
            if let Some(what) = another_time(&times, member.id.as_str(), member.created_at) {
                broken("MEMBER-CREATED-AT", what);
            }
        }
        return;
    }
    for (id, created) in &group.stored {
        if let Some(what) = another_time(&times, id.as_str(), *created) {
            broken("MSG-STORE", what);
        }
    }
    if let Some(member) = member.filter(|member| examined.is_history && member.is_delete) {
        removed(group, member, entries, &mut broken);
    }
}

/// A group that somebody is in has one master.
fn masters(groups: &BTreeMap<String, &Group>, ending: &Ending<'_>, found: &mut Findings) {
    let mut told = BTreeSet::new();
    for (place, room) in ending.played.truth.iter().flat_map(|truth| &truth.view.rooms) {
        let masters = room.members.values().filter(|role| *role == "master").count();
        let is_known = groups.get(place).is_some_and(|group| !group.never_had_members());
        if !is_known || room.members.is_empty() || masters == 1 || !told.insert(place) {
            continue;
        }
        let rule = if masters > 1 { "MEMBER-MASTER-PASSED-ON" } else { "MEMBER-MASTER-LEAVES" };
        let members: Vec<String> =
            room.members.iter().map(|(name, role)| format!("{name} as {role}")).collect();
        let members = members.join(", ");
        found.add(rule, &[], format!("{place} has {masters} masters; its members are {members}"));
    }
}

/// What the history of a removed member has to be.
fn removed(
    group: &Group,
    member: &SessionMember,
    entries: &[Stub],
    broken: &mut dyn FnMut(&'static str, String),
) {
    const RULE: &str = "HIST-REMOVED";
    let until = member.created_at;
    if let Some(late) = entries.iter().find(|entry| entry.created_at.is_some_and(|created| created > until)) {
        broken(RULE, format!("message {} is there, which was stored after the removal at {until}", late.id));
    }
    let due = group.stored.iter().filter(|(id, created)| **created < until && !group.deleted.contains(*id));
    for (id, created) in due {
        if !entries.iter().any(|entry| entry.id == id.as_str()) {
            broken(RULE, format!("message {id} of {created} is missing, from before the removal at {until}"));
            return;
        }
    }
}

/// How an entry's createdAt differs from what was answered to its writer.
fn another_time(listed: &BTreeMap<&str, Timestamp>, id: &str, answered: Timestamp) -> Option<String> {
    let listed = *listed.get(id)?;
    (listed != answered)
        .then(|| format!("{id} has the createdAt {listed}, and its writer was answered {answered}"))
}
