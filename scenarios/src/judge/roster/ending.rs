//! What the server's lists say of a group when all is over, beside what it answered to those who changed it.

use std::collections::BTreeMap;

use y2w_sdk::protocol::{ImSessionId, SessionId, SessionMember, SessionType, UserId};

use super::super::{Ending, Findings};
use super::group::Group;
use crate::play::{Examined, Stub};

/// Looks at everything that was seen of a group in the end.
pub(super) fn look(
    session: &SessionId,
    group: &Group,
    uids: &BTreeMap<usize, UserId>,
    ending: &Ending<'_>,
    found: &mut Findings,
) {
    let place = ending.place(&ImSessionId::new(SessionType::Group, session.clone()));
    masters(group, &place, ending, found);
    let of_place = |examined: &&Examined| {
        examined.list.split_once(" of ").is_some_and(|(_, of)| of == place)
            && examined.answers[0].1.status == 200
    };
    for examined in ending.played.examined.iter().filter(of_place) {
        let entries = examined.answers[0].1.entries.as_deref().unwrap_or_default();
        let mut broken = |rule, what: String| {
            found.add(rule, &[], format!("{} asks for the {}: {what}", examined.user, examined.list));
        };
        if examined.list.starts_with("members") {
            for member in group.members().filter(|member| group.is_sure_of(member)) {
                if let Some(what) = another_time(entries, member.id.as_str(), member.created_at) {
                    broken("MEMBER-CREATED-AT", what);
                }
            }
            continue;
        }
        for (id, created) in &group.stored {
            if let Some(what) = another_time(entries, id.as_str(), *created) {
                broken("MSG-STORE", what);
            }
        }
        if examined.is_history
            && let Some(member) =
                entry_of(group, &examined.user, uids, ending).filter(|member| member.is_delete)
        {
            removed(group, member, entries, &mut broken);
        }
    }
    for examined in &ending.played.examined {
        // Who was a member once is let in.
        let is_history = examined.is_history && examined.list.strip_prefix("history of ") == Some(&*place);
        let status = examined.answers[0].1.status;
        if is_history && status == 403 && entry_of(group, &examined.user, uids, ending).is_some() {
            let text =
                format!("{} was a member and asks for the {}: it is refused", examined.user, examined.list);
            found.add("HIST-REMOVED", &[], text);
        }
    }
}

/// A group that somebody is in has one master.
fn masters(group: &Group, place: &str, ending: &Ending<'_>, found: &mut Findings) {
    let rooms = ending.played.truth.iter().filter_map(|truth| truth.view.rooms.get(place));
    for room in rooms {
        let masters = room.members.values().filter(|role| *role == "master").count();
        if room.members.is_empty() || masters == 1 || group.never_had_members() {
            continue;
        }
        let rule = if masters > 1 { "MEMBER-MASTER-PASSED-ON" } else { "MEMBER-MASTER-LEAVES" };
        let members: Vec<String> =
            room.members.iter().map(|(name, role)| format!("{name} as {role}")).collect();
        found.add(
            rule,
            &[],
            format!("{place} has {masters} masters; its members are {}", members.join(", ")),
        );
        return;
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
fn another_time(entries: &[Stub], id: &str, answered: y2w_sdk::protocol::Timestamp) -> Option<String> {
    let listed = entries.iter().find(|entry| entry.id == id)?.created_at?;
    (listed != answered)
        .then(|| format!("{id} has the createdAt {listed}, and its writer was answered {answered}"))
}

/// The entry of a user, by the user's name in the plan.
fn entry_of<'a>(
    group: &'a Group,
    user: &str,
    uids: &BTreeMap<usize, UserId>,
    ending: &Ending<'_>,
) -> Option<&'a SessionMember> {
    let device = uids.iter().find(|(device, _)| ending.cast.actor(**device).user == user);
    device.and_then(|(_, uid)| group.get(uid))
}
