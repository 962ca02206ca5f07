//! Members: their two clocks, and the mts of a session. Part 8.2.

use futures_util::future::try_join_all;
use serde_json::Value;

use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new("clocks.a-new-name-moves-one-clock", &["MEMBER-TWO-CLOCKS", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(one_clock(lab, "name", "rob"))
    }),
    Case::new("clocks.a-new-picture-moves-one-clock", &["MEMBER-TWO-CLOCKS", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(one_clock(lab, "avatarUrl", "attachments/7/content"))
    }),
    Case::new("clocks.a-ban-moves-one-clock", &["MEMBER-CREATED-AT", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(ban_moves_one_clock(lab))
    }),
    Case::new("clocks.a-role-moves-both-clocks", &["MEMBER-CREATED-AT", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(role_moves_both(lab))
    }),
    Case::new("clocks.a-removal-moves-both-clocks", &["MEMBER-CREATED-AT", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(removal_moves_both(lab))
    }),
    Case::new("clocks.leaving-moves-both-clocks", &["MEMBER-CREATED-AT", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(leaving_moves_both(lab))
    }),
    Case::new("clocks.a-return-moves-both-clocks", &["MEMBER-CREATED-AT", "MEMBER-UPDATED-AT"], |lab| {
        Box::pin(return_moves_both(lab))
    }),
    Case::new("clocks.talk-moves-neither-clock", &["MEMBER-CREATED-AT"], |lab| Box::pin(talk(lab))),
    Case::new("clocks.the-change-of-one-moves-no-others", &["MEMBER-CREATED-AT"], |lab| {
        Box::pin(others_stay(lab))
    }),
    Case::new("clocks.a-change-of-the-session-moves-neither-clock", &["MEMBER-CREATED-AT"], |lab| {
        Box::pin(session_changes(lab))
    }),
    Case::new("clocks.each-change-of-membership-has-a-greater-mts", &["MTS-GROWS"], |lab| {
        Box::pin(mts_grows(lab))
    }),
    Case::new("clocks.changes-at-once-have-an-mts-each", &["MTS-GROWS"], |lab| Box::pin(mts_at_once(lab))),
    Case::new("clocks.what-is-no-change-of-membership-keeps-the-mts", &["MEMBER-CREATED-AT"], |lab| {
        Box::pin(mts_stays(lab))
    }),
    Case::new("clocks.a-master-who-leaves-moves-the-clocks-of-the-heir", &["MEMBER-CREATED-AT"], |lab| {
        Box::pin(heir_moves(lab))
    }),
];

/// The mts of a session, from the list of its members. Rules `MTS-DEFINITION`, `MTS-FROM-LIST`.
async fn mts(lab: &Lab, by: &Person, session: &str) -> Result<i64, Stop> {
    let members = lab.members(by, session).await?;
    let greatest = members.iter().filter_map(|member| time(member, "createdAt")).max();
    greatest.ok_or_else(|| Stop::Inconclusive(format!("no member has a `createdAt`: {}", as_json(&members))))
}

/// Checks whether a clock of an entry moved forward, or stood still.
fn moved(
    lab: &Lab,
    rule: &'static str,
    clock: &str,
    moves: bool,
    before: &Value,
    after: &Value,
) -> Result<(), Stop> {
    let (was, is) = (time(before, clock), time(after, clock));
    let holds = was.is_some() && if moves { is > was } else { is == was };
    let how = if moves { "is later than" } else { "is still" };
    lab.check(rule, holds, format!("`{clock}` {how} {}", before[clock]), after.to_string())
}

/// A group of ann, the master, and bob.
async fn two(lab: &Lab) -> Result<(Person, Person, String), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    Ok((ann, bob, group))
}

async fn one_clock(lab: &Lab, field: &str, value: &str) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let before = lab.member(&ann, &group, &bob).await?;
    lab.change_member(&bob, &group, &before, &[(field, value)])?.send().await?.needed()?;
    let after = lab.member(&ann, &group, &bob).await?;
    if after[field] != *value {
        return Err(Stop::Inconclusive(format!("the `{field}` did not change: {after}")));
    }
    moved(lab, "MEMBER-UPDATED-AT", "updatedAt", true, &before, &after)?;
    moved(lab, "MEMBER-TWO-CLOCKS", "createdAt", false, &before, &after)
}

async fn ban_moves_one_clock(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    for status in ["inactive", "active"] {
        let before = lab.member(&ann, &group, &bob).await?;
        lab.change_member(&ann, &group, &before, &[("status", status)])?.send().await?.needed()?;
        let after = lab.member(&ann, &group, &bob).await?;
        moved(lab, "MEMBER-UPDATED-AT", "updatedAt", true, &before, &after)?;
        moved(lab, "MEMBER-CREATED-AT", "createdAt", false, &before, &after)?;
    }
    Ok(())
}

fn both_moved(lab: &Lab, before: &Value, after: &Value) -> Result<(), Stop> {
    moved(lab, "MEMBER-CREATED-AT", "createdAt", true, before, after)?;
    moved(lab, "MEMBER-UPDATED-AT", "updatedAt", true, before, after)
}

async fn role_moves_both(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    for role in ["admin", "user"] {
        let before = lab.member(&ann, &group, &bob).await?;
        lab.change_member(&ann, &group, &before, &[("role", role)])?.send().await?.needed()?;
        both_moved(lab, &before, &lab.member(&ann, &group, &bob).await?)?;
    }
    Ok(())
}

async fn removal_moves_both(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let before = lab.member(&ann, &group, &bob).await?;
    lab.leave(&ann, &group, &id(&before)?).await?;
    both_moved(lab, &before, &lab.member(&ann, &group, &bob).await?)
}

async fn leaving_moves_both(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let before = lab.member(&ann, &group, &bob).await?;
    lab.leave(&bob, &group, &id(&before)?).await?;
    both_moved(lab, &before, &lab.member(&ann, &group, &bob).await?)
}

async fn return_moves_both(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    lab.put_out(&ann, &group, &bob).await?;
    let before = lab.member(&ann, &group, &bob).await?;
    lab.join(&ann, &group, &bob, "user").await?;
    both_moved(lab, &before, &lab.member(&ann, &group, &bob).await?)
}

/// Checks that nobody's `createdAt` moved.
async fn nobody_moved(lab: &Lab, by: &Person, group: &str, before: &[Value]) -> Result<(), Stop> {
    let after = lab.members(by, group).await?;
    let times = |list: &[Value]| -> Vec<(String, String)> {
        let of = |member: &Value| (member["userId"].to_string(), member["createdAt"].to_string());
        let mut times: Vec<_> = list.iter().map(of).collect();
        times.sort_unstable();
        times
    };
    let expected = format!("everybody's `createdAt` is as before: {}", as_json(&times(before)));
    let same = !before.is_empty() && times(before) == times(&after);
    lab.check("MEMBER-CREATED-AT", same, expected, as_json(&times(&after)))
}

async fn talk(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let before = lab.members(&ann, &group).await?;
    let said = lab.text(&ann, &group, "hello").await?;
    lab.messages(&bob, &group).await?;
    lab.edit(&ann, &group, &said, &[("content", r#"{"text":"hallo"}"#)])?.send().await?.needed()?;
    lab.recall(&ann, &group, &said)?.send().await?.needed()?;
    nobody_moved(lab, &ann, &group, &before).await
}

async fn others_stay(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let cat = lab.person("cat").await?;
    let before = lab.member(&ann, &group, &bob).await?;
    lab.join(&ann, &group, &cat, "user").await?;
    let entry = lab.member(&ann, &group, &cat).await?;
    lab.change_member(&ann, &group, &entry, &[("role", "admin")])?.send().await?.needed()?;
    lab.put_out(&ann, &group, &cat).await?;
    moved(lab, "MEMBER-CREATED-AT", "createdAt", false, &before, &lab.member(&ann, &group, &bob).await?)
}

async fn session_changes(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, group) = two(lab).await?;
    let before = lab.members(&ann, &group).await?;
    let changes = [("name", "another name"), ("secureType", "private"), ("description", "new")];
    lab.change_session(&ann, &group, &changes).send().await?.needed()?;
    nobody_moved(lab, &ann, &group, &before).await
}

async fn mts_grows(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let cat = lab.person("cat").await?;
    let mut before = mts(lab, &ann, &group).await?;
    for step in [
        "cat joined",
        "bob became admin",
        "cat was removed",
        "cat came back",
        "bob became user",
        "cat left",
        "the master left",
    ] {
        match step {
            "cat joined" | "cat came back" => drop(lab.join(&ann, &group, &cat, "user").await?),
            "bob became admin" | "bob became user" => {
                let entry = lab.member(&ann, &group, &bob).await?;
                let role = step.rsplit(' ').next().unwrap_or_default();
                lab.change_member(&ann, &group, &entry, &[("role", role)])?.send().await?.needed()?;
            }
            "cat was removed" => lab.put_out(&ann, &group, &cat).await?,
            "cat left" => lab.put_out(&cat, &group, &cat).await?,
            _ => lab.put_out(&ann, &group, &ann).await?,
        }
        let after = mts(lab, &bob, &group).await?;
        let expected =
            format!("once {step} the greatest `createdAt` of the members is greater than {before}");
        lab.check("MTS-GROWS", after > before, expected, format!("{after}"))?;
        before = after;
    }
    Ok(())
}

async fn mts_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, group) = two(lab).await?;
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(lab.person(&format!("member{n}")).await?);
    }
    let before = mts(lab, &ann, &group).await?;
    try_join_all(people.iter().map(|person| lab.join(&ann, &group, person, "user"))).await?;
    let members = lab.members(&ann, &group).await?;
    let mut times = Vec::new();
    for person in &people {
        let entry = members.iter().find(|member| member["userId"] == *person.uid);
        times.extend(entry.and_then(|entry| time(entry, "createdAt")));
    }
    times.sort_unstable();
    times.dedup();
    let each = times.len() == people.len() && times.iter().all(|time| *time > before);
    let expected = format!("each of 5 who joined at once has a `createdAt` of its own, later than {before}");
    lab.check("MTS-GROWS", each, expected, as_json(&times))
}

async fn mts_stays(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let before = mts(lab, &ann, &group).await?;
    for (field, value) in [("name", "rob"), ("avatarUrl", "attachments/8/content")] {
        let entry = lab.member(&bob, &group, &bob).await?;
        lab.change_member(&bob, &group, &entry, &[(field, value)])?.send().await?.needed()?;
    }
    lab.text(&bob, &group, "hello").await?;
    lab.messages(&ann, &group).await?;
    let after = mts(lab, &ann, &group).await?;
    let expected = format!("with the same members the greatest `createdAt` is {before} still");
    lab.check("MEMBER-CREATED-AT", after == before, expected, format!("{after}"))?;
    // It moves where they change.
    lab.put_out(&ann, &group, &bob).await?;
    let after = mts(lab, &ann, &group).await?;
    let expected = format!("once bob is removed it is greater than {before}");
    lab.check("MEMBER-CREATED-AT", after > before, expected, format!("{after}"))
}

async fn heir_moves(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, group) = two(lab).await?;
    let before = lab.member(&bob, &group, &bob).await?;
    lab.put_out(&ann, &group, &ann).await?;
    let after = lab.member(&bob, &group, &bob).await?;
    if after["role"] != "master" {
        return Err(Stop::Inconclusive(format!("nobody became master: {after}")));
    }
    moved(lab, "MEMBER-CREATED-AT", "createdAt", true, &before, &after)
}
