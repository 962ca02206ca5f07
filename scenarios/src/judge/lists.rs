//! A list is the same however it is asked for: whole, since a time, in pages; and it is given to whom it is due. Rules
//! `SYNC-SINCE`, `SYNC-ORDER`, `SYNC-STAMP-STRICT`, `SYNC-PAGE-PREFIX`, `SYNC-HEADER-ABSENT`, `SYNC-HEADER-DATE`,
//! `SYNC-HEADER-BAD`, `API-LIST`, `API-LIST-LIMIT`, `API-LIST-OFFSET`, `HIST-ARRAY`, `HIST-ORDER`, `HIST-BOUNDARY`,
//! `HIST-PAGE`, `HIST-OUTSIDER`, `MSG-MEMBERS-ONLY`, `MEMBER-LIST-PRIVATE`, `MSG-SYNC-MARKS-READ`.

use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::limits::PAGE_MAX;

use super::{Cast, Checker, Ending, Findings};
use crate::check::rules;
use crate::history::Happening;
use crate::plan::Action;
use crate::play::{Answer, Asked, Examined, Since, Stub, UserView};

pub(super) struct Lists;

impl Checker for Lists {
    fn watch(&mut self, _: &Cast, _: u64, _: &Happening, _: &mut Findings) {}

    fn end(&mut self, ending: &Ending<'_>, found: &mut Findings) {
        for examined in &ending.played.examined {
            let (_, whole) = &examined.answers[0];
            if is_shut(ending, examined) {
                if whole.status != 403 {
                    let text = format!(
                        "{} is no member, asks for the {}, and is answered with {}",
                        examined.user, examined.list, whole.status
                    );
                    found.add(shut_by(examined), &[], text);
                }
                continue;
            }
            if whole.status == 200 {
                let broken = if examined.is_history { history(examined) } else { list(examined) };
                for (rule, what) in broken {
                    let text = format!("{} asks for the {}: {what}", examined.user, examined.list);
                    found.add(rule, &[], text);
                }
            }
        }
        for truth in &ending.played.truth {
            reading(truth, &ending.played.examined, found);
        }
    }
}

/// The place that a list is of, if it is of one.
fn place(examined: &Examined) -> Option<&str> {
    examined.list.split_once(" of ").map(|(_, place)| place)
}

/// Whether the list is none of the user's business.
fn is_shut(ending: &Ending<'_>, examined: &Examined) -> bool {
    let Some(place) = place(examined) else { return false };
    let truth = ending.played.truth.iter().find(|truth| truth.user == examined.user);
    let is_in = truth.is_some_and(|truth| truth.view.rooms.contains_key(place));
    // Who was a member once may look at the members and at the history.
    let is_for_all_times = !examined.list.starts_with("messages");
    let may_look = is_in || (is_for_all_times && may_have_been_in(ending, place, &examined.user));
    !may_look
}

fn may_have_been_in(ending: &Ending<'_>, place: &str, user: &str) -> bool {
    let Some(group) = place.strip_prefix('#') else {
        return place.split('+').any(|name| name == user);
    };
    ending.plan.steps.iter().any(|step| match &step.action {
        Action::CreateGroup { group: made, members } if made == group => {
            step.by.user == user || members.iter().any(|member| member == user)
        }
        action => action.adds() == Some((group, user)),
    })
}

fn shut_by(examined: &Examined) -> &'static str {
    if examined.is_history {
        "HIST-OUTSIDER"
    } else if examined.list.starts_with("members") {
        "MEMBER-LIST-PRIVATE"
    } else {
        "MSG-MEMBERS-ONLY"
    }
}

/// What is wrong with the answers about a list, by rule.
fn list(examined: &Examined) -> Vec<(&'static str, String)> {
    let (_, whole) = &examined.answers[0];
    let Some(all) = whole.entries.as_ref() else {
        return vec![(
            "API-LIST",
            "the answer is no list whose entries have an id and an updatedAt".to_owned(),
        )];
    };
    let mut broken = Vec::new();
    for pair in all.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if before.updated_at >= after.updated_at {
            let ties = before.updated_at == after.updated_at;
            let rule = if ties { "SYNC-STAMP-STRICT" } else { rules::SESSION_ORDER };
            let what = format!(
                "entry {} of {} comes before {} of {}",
                before.id, before.updated_at, after.id, after.updated_at
            );
            broken.push((rule, what));
        }
    }
    // A list of this many entries may have been cut.
    if all.len() >= PAGE_MAX || !broken.is_empty() {
        return broken;
    }
    for (asked, answer) in &examined.answers {
        broken.extend(wrong(all, asked, answer));
    }
    broken
}

/// What is wrong with one answer about a list that holds all these.
fn wrong(all: &[Stub], asked: &Asked, answer: &Answer) -> Option<(&'static str, String)> {
    if asked.since == Since::Nonsense {
        let what = || format!("a Client-Sync-Time that is no time is answered with {}", answer.status);
        return (answer.status != 400).then(|| ("SYNC-HEADER-BAD", what()));
    }
    let since = match &asked.since {
        Since::Millis(time) | Since::Date(time) => Some(*time),
        _ => None,
    };
    let matching: Vec<&Stub> =
        all.iter().filter(|entry| since.is_none_or(|since| entry.updated_at > since)).collect();
    let due: Vec<&Stub> = matching.iter().skip(asked.offset).take(asked.limit).copied().collect();
    let got: Vec<&Stub> = answer.entries.iter().flatten().collect();
    if answer.status == 200 && got == due {
        let matching = matching.len() as u64;
        return (answer.total != Some(matching)).then(|| {
            let said = answer.total.map_or_else(|| "nothing".to_owned(), |total| total.to_string());
            ("API-LIST", format!("{} match, and total_count says {said}, asked {}", matching, way(asked)))
        });
    }
    let rule = match &asked.since {
        _ if got.len() > asked.limit => "API-LIST-LIMIT",
        Since::Date(_) => "SYNC-HEADER-DATE",
        Since::Absent if asked.offset > 0 => "API-LIST-OFFSET",
        _ if asked.limit < PAGE_MAX => "SYNC-PAGE-PREFIX",
        Since::Millis(_) if since == Some(Timestamp::MIN) => "SYNC-HEADER-ABSENT",
        _ => "SYNC-SINCE",
    };
    let what = format!(
        "asked {}, the answer is {} with {}; due is {}",
        way(asked),
        answer.status,
        names(&got),
        names(&due)
    );
    Some((rule, what))
}

/// What is wrong with the answers about a history, by rule.
fn history(examined: &Examined) -> Vec<(&'static str, String)> {
    let (_, whole) = &examined.answers[0];
    let Some(all) = whole.entries.as_ref().filter(|_| whole.total.is_none()) else {
        return vec![("HIST-ARRAY", "the answer is no bare array of messages".to_owned())];
    };
    let mut broken = Vec::new();
    if let Some(pair) = all.windows(2).find(|pair| pair[0].created_at < pair[1].created_at) {
        let what = format!("message {} comes before {}, which is newer", pair[0].id, pair[1].id);
        broken.push(("HIST-ORDER", what));
        return broken;
    }
    for (asked, answer) in &examined.answers[1..] {
        let Since::Millis(since) = asked.since else { continue };
        let upto = all.iter().filter(|entry| entry.created_at.is_none_or(|created| created <= since));
        let due: Vec<&Stub> = upto.take(asked.limit).collect();
        let got: Vec<&Stub> = answer.entries.iter().flatten().collect();
        if got != due {
            let rule = if got.first() == due.first() { "HIST-PAGE" } else { "HIST-BOUNDARY" };
            let what = format!("asked {}, the answer is {}; due is {}", way(asked), names(&got), names(&due));
            broken.push((rule, what));
        }
    }
    broken
}

/// History leaves everything unread; a sync of messages reads all.
fn reading(truth: &UserView, examined: &[Examined], found: &mut Findings) {
    const RULE: &str = "MSG-SYNC-MARKS-READ";
    let Some(unread) = &truth.unread else { return };
    for (with, conversation) in &truth.view.conversations {
        let before = conversation.unread;
        if let Some(after) = unread.history.get(with).filter(|after| **after != before) {
            let text = format!(
                "{} read some history, and of the conversation with {with} {after} messages are unread in place of \
                 {before}",
                truth.user
            );
            found.add(RULE, &[], text);
        }
        let is_synced = examined.iter().any(|examined| {
            let is_it = examined.user == truth.user && examined.list.starts_with("messages");
            is_it
                && examined.answers[0].1.status == 200
                && place(examined).is_some_and(|place| leads(with, place, &truth.user))
        });
        if let Some(after) = unread.sync.get(with).filter(|after| **after > 0 && is_synced) {
            let text = format!(
                "{} synced the messages with {with}, and {after} of them are unread still",
                truth.user
            );
            found.add(RULE, &[], text);
        }
    }
}

/// Whether a user's conversation is with that place.
fn leads(with: &str, place: &str, user: &str) -> bool {
    with == place
        || place
            .split_once('+')
            .is_some_and(|(one, other)| (one, other) == (user, with) || (other, one) == (user, with))
}

fn way(asked: &Asked) -> String {
    let since = match &asked.since {
        Since::Absent => String::new(),
        Since::Millis(time) => format!("since {} ", time.as_millis()),
        Since::Date(time) => format!("since {time} "),
        Since::Nonsense => "since yesterday ".to_owned(),
    };
    format!("{since}with limit={} and offset={}", asked.limit, asked.offset)
}

fn names(entries: &[&Stub]) -> String {
    const SHOWN: usize = 6;
    let shown =
        entries.iter().take(SHOWN).map(|entry| format!("{}@{}", entry.id, entry.updated_at.as_millis()));
    let more = if entries.len() > SHOWN { ", …" } else { "" };
    format!("{} entries [{}{more}]", entries.len(), shown.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stub(id: u32, stamp: i64) -> Stub {
        let time = Timestamp::from_millis(stamp);
        Stub { id: id.to_string(), created_at: Some(time), updated_at: time, digest: id.into() }
    }

    fn answer(entries: &[Stub], total: u64) -> Answer {
        Answer { status: 200, total: Some(total), entries: Some(entries.to_vec()) }
    }

    fn asked(since: Since, offset: usize, limit: usize) -> Asked {
        Asked { since, offset, limit }
    }

    #[test]
    fn an_answer_is_what_the_whole_list_says() {
        let all = [stub(1, 10), stub(2, 20), stub(3, 30)];
        let since = |millis| Since::Millis(Timestamp::from_millis(millis));
        let good = [
            (asked(Since::Absent, 0, 2), answer(&all[..2], 3)),
            (asked(since(10), 0, 1_000), answer(&all[1..], 2)),
            (asked(Since::Absent, 1, 1), answer(&all[1..2], 3)),
        ];
        for (asked, answer) in &good {
            assert_eq!(wrong(&all, asked, answer), None, "{asked:?}");
        }
        let bad = [
            (asked(Since::Absent, 0, 2), answer(&all, 3), "API-LIST-LIMIT"),
            (asked(Since::Absent, 0, 2), answer(&all[1..], 3), "SYNC-PAGE-PREFIX"),
            (asked(Since::Absent, 0, 2), answer(&all[..2], 2), "API-LIST"),
            (asked(Since::Absent, 1, 1), answer(&all[..1], 3), "API-LIST-OFFSET"),
            (asked(since(10), 0, 1_000), answer(&all, 3), "SYNC-SINCE"),
            (asked(since(10), 0, 1_000), answer(&all[2..], 1), "SYNC-SINCE"),
            (asked(Since::Nonsense, 0, 1_000), answer(&all, 3), "SYNC-HEADER-BAD"),
        ];
        for (asked, answer, rule) in &bad {
            assert_eq!(wrong(&all, asked, answer).map(|(rule, _)| rule), Some(*rule), "{asked:?}");
        }
    }
}
