//! Members: who comes in, who goes, who may do what to whom. Part 8.1. Their changes are in `member_changes.rs`, their two
//! clocks in `clocks.rs`.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::{as_json, told};

pub(super) const CASES: &[Case] = &[
    Case::new("members.a-member-has-its-fields", &["MEMBER-FIELDS", "MEMBER-LIST"], |lab| {
        Box::pin(fields(lab))
    }),
    Case::new("members.one-is-as-it-was-added", &["MEMBER-ADD", "MEMBER-STATUS"], |lab| {
        Box::pin(as_added(lab))
    }),
    Case::new("members.roles-are-three", &["MEMBER-ROLE-VALUES", "MEMBER-ADD"], |lab| Box::pin(roles(lab))),
    Case::new("members.statuses-are-two", &["MEMBER-STATUS", "MEMBER-ADD"], |lab| Box::pin(statuses(lab))),
    Case::new("members.any-active-member-adds-others", &["MEMBER-ADD-RIGHT"], |lab| {
        Box::pin(any_member_adds(lab))
    }),
    Case::new("members.who-is-in-reads-the-list", &["MEMBER-LIST", "MEMBER-LIST-PRIVATE"], |lab| {
        Box::pin(list_is_private(lab))
    }),
    Case::new(
        "members.only-who-manages-gives-roles-to-new-members",
        &["MEMBER-ROLES", "API-NO-EFFECT"],
        |lab| Box::pin(roles_of_new(lab)),
    ),
    Case::new(
        "members.only-who-manages-gives-roles-to-old-members",
        &["MEMBER-ROLES", "API-NO-EFFECT"],
        |lab| Box::pin(roles_of_old(lab)),
    ),
    Case::new("members.outsiders-add-nobody", &["MEMBER-ADD-OUTSIDER", "API-NO-EFFECT"], |lab| {
        Box::pin(outsiders_add(lab))
    }),
    Case::new("members.who-was-removed-adds-nobody", &["MEMBER-ADD-OUTSIDER", "API-NO-EFFECT"], |lab| {
        Box::pin(removed_adds(lab))
    }),
    Case::new("members.one-added-twice-is-one", &["MEMBER-ADD-TWICE", "MEMBER-ONE-PER-USER"], |lab| {
        Box::pin(added_twice(lab))
    }),
    Case::new("members.one-added-by-many-at-once-is-one", &["MEMBER-ONE-PER-USER"], |lab| {
        Box::pin(added_at_once(lab))
    }),
    Case::new(
        "members.one-revived-by-many-at-once-is-one",
        &["MEMBER-ONE-PER-USER", "MEMBER-REVIVE"],
        |lab| Box::pin(revived_at_once(lab)),
    ),
    Case::new("members.who-comes-back-is-the-same-entry", &["MEMBER-REVIVE", "MEMBER-ONE-PER-USER"], |lab| {
        Box::pin(revived(lab))
    }),
    Case::new("members.who-comes-back-may-do-as-before", &["MEMBER-REVIVE", "MSG-MEMBERS-ONLY"], |lab| {
        Box::pin(revived_talks(lab))
    }),
    Case::new("members.who-is-invited-is-a-user", &["MEMBER-INVITE"], |lab| Box::pin(invited(lab))),
    Case::new("members.what-is-missing-is-said", &["API-BAD-REQUEST", "MEMBER-ADD"], |lab| {
        Box::pin(what_is_missing(lab))
    }),
    Case::new("members.one-that-is-not-there", &["API-NOT-FOUND", "MEMBER-REMOVE"], |lab| {
        Box::pin(not_there(lab))
    }),
];

const FIELDS: [&str; 11] = [
    "id",
    "userId",
    "name",
    "pinyin",
    "role",
    "status",
    "avatarUrl",
    "lastReadTime",
    "isDelete",
    "createdAt",
    "updatedAt",
];

/// The list of members as it is told, by which one sees whether anything changed.
pub(super) async fn list(lab: &Lab, by: &Person, group: &str) -> Result<Vec<Value>, Stop> {
    Ok(lab.members(by, group).await?.iter().map(told).collect())
}

async fn fields(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let path = fill(path::MEMBERS, &[&group]);
    let list = lab.ask(Method::GET, path).by(&bob).since(0).send().await?.done(lab, "MEMBER-LIST")?;
    for person in [&ann, &bob] {
        let entry = list.entries().iter().find(|entry| entry["userId"] == *person.uid);
        let expected = format!("{} is on the list of members", person.uid);
        lab.check("MEMBER-LIST", entry.is_some(), expected, list.said())?;
        lab.has_fields("MEMBER-FIELDS", "a member", entry.unwrap_or(&Value::Null), &FIELDS)?;
    }
    Ok(())
}

async fn as_added(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    for (name, role, status) in
        [("bob", "user", "active"), ("cat", "admin", "active"), ("dan", "user", "inactive")]
    {
        let person = lab.person(name).await?;
        let called = format!("{name} 例");
        let fields = [
            ("userId", &*person.uid),
            ("name", &*called),
            ("role", role),
            ("avatarUrl", "attachments/3/content"),
            ("status", status),
        ];
        let ask = lab.ask(Method::POST, fill(path::MEMBERS, &[&group])).by(&ann).form(&fields);
        let answer = ask.send().await?.done(lab, "MEMBER-ADD")?;
        let entry = lab.member(&ann, &group, &person).await?;
        for (what, member) in [("the answer", &answer.json), ("the entry on the list", &entry)] {
            for (field, value) in &fields[..4] {
                let expected = format!("{what} has the {field} {value}, as was said");
                lab.check("MEMBER-ADD", member[*field] == **value, expected, member.to_string())?;
            }
            let expected = format!("{what} has the status {status}, as was said");
            lab.check("MEMBER-STATUS", member["status"] == *status, expected, member.to_string())?;
            let expected = format!("{what} is no tombstone");
            lab.check("MEMBER-ADD", member["isDelete"] == false, expected, member.to_string())?;
        }
        let expected = format!("the answer is the member {}", entry["id"]);
        lab.check("MEMBER-ADD", answer.json["id"] == entry["id"], expected, answer.said())?;
    }
    Ok(())
}

/// Adds somebody with that value of a field that has few, and looks that the list shows no other.
async fn is_one_of(
    lab: &Lab,
    rule: &'static str,
    field: &str,
    values: &[&str],
    other: &str,
) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[]).await?;
    let mut fields =
        [("userId", &*bob.uid), ("name", "bob"), ("role", "user"), ("avatarUrl", ""), ("status", "active")];
    for (name, value) in &mut fields {
        if *name == field {
            *value = other;
        }
    }
    // It may be refused or taken for another one; given back it is not.
    lab.ask(Method::POST, fill(path::MEMBERS, &[&group])).by(&ann).form(&fields).send().await?;
    lab.add_member(&ann, &group, &cat, "user").send().await?.done(lab, "MEMBER-ADD")?;
    for member in lab.members(&ann, &group).await? {
        let known = values.iter().any(|value| member[field] == **value);
        lab.check(rule, known, format!("`{field}` is one of {}", values.join(", ")), member.to_string())?;
    }
    Ok(())
}

async fn roles(lab: &Lab) -> Result<(), Stop> {
    is_one_of(lab, "MEMBER-ROLE-VALUES", "role", &["master", "admin", "user"], "king").await
}

async fn statuses(lab: &Lab) -> Result<(), Stop> {
    is_one_of(lab, "MEMBER-STATUS", "status", &["active", "inactive"], "asleep").await
}

async fn any_member_adds(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    for (by, name) in [(&bob, "dan"), (&cat, "eve"), (&ann, "fay")] {
        let person = lab.person(name).await?;
        let answer =
            lab.add_member(by, &group, &person, "user").send().await?.done(lab, "MEMBER-ADD-RIGHT")?;
        let entry = lab.member(&person, &group, &person).await?;
        let is_in = entry["role"] == "user" && entry["isDelete"] == false;
        let expected = format!("{name}, whom {} added, is a member", by.name);
        lab.check("MEMBER-ADD-RIGHT", is_in, expected, answer.said())?;
    }
    Ok(())
}

async fn list_is_private(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let p2p = lab.p2p(&ann, &bob).await?;
    for session in [&group, &p2p] {
        let list = fill(path::MEMBERS, &[session]);
        lab.ask(Method::GET, &list).by(&eve).send().await?.refused(lab, "MEMBER-LIST-PRIVATE", &[403])?;
        for by in [&ann, &bob] {
            let seen = lab.ask(Method::GET, &list).by(by).send().await?.done(lab, "MEMBER-LIST")?;
            lab.check("MEMBER-LIST", seen.entries().len() == 2, "the two members", seen.said())?;
        }
    }
    // An empty group is for its creator.
    let empty = fill(path::MEMBERS, &[&lab.empty_group(&ann, "team").await?]);
    lab.ask(Method::GET, &empty).by(&eve).send().await?.refused(lab, "MEMBER-LIST-PRIVATE", &[403])?;
    lab.ask(Method::GET, &empty).by(&ann).send().await?.done(lab, "MEMBER-LIST-PRIVATE")?;
    Ok(())
}

async fn roles_of_new(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let before = list(lab, &ann, &group).await?;
    for role in ["admin", "master"] {
        let asked = lab.add_member(&bob, &group, &cat, role).send().await?;
        asked.refused(lab, "MEMBER-ROLES", &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    let added = lab.add_member(&ann, &group, &cat, "admin").send().await?.done(lab, "MEMBER-ROLES")?;
    lab.check("MEMBER-ROLES", added.json["role"] == "admin", "the master adds an admin", added.said())
}

async fn roles_of_old(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let before = list(lab, &ann, &group).await?;
    for whom in [&cat, &bob] {
        let entry = lab.member(&ann, &group, whom).await?;
        for role in ["admin", "master"] {
            let asked = lab.change_member(&bob, &group, &entry, &[("role", role)])?.send().await?;
            asked.refused(lab, "MEMBER-ROLES", &[403])?;
        }
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    let entry = lab.member(&ann, &group, &bob).await?;
    let given = lab.change_member(&ann, &group, &entry, &[("role", "admin")])?.send().await?;
    let given = given.done(lab, "MEMBER-ROLES")?;
    lab.check("MEMBER-ROLES", given.json["role"] == "admin", "the master makes bob an admin", given.said())
}

async fn outsiders_add(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    let group = lab.group(&ann, &[]).await?;
    let before = list(lab, &ann, &group).await?;
    for whom in [&eve, &bob] {
        let asked = lab.add_member(&eve, &group, whom, "user").send().await?;
        asked.refused(lab, "MEMBER-ADD-OUTSIDER", &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    lab.add_member(&ann, &group, &eve, "user").send().await?.done(lab, "MEMBER-ADD-OUTSIDER")?;
    lab.add_member(&eve, &group, &bob, "user").send().await?.done(lab, "MEMBER-ADD-OUTSIDER")?;
    Ok(())
}

async fn removed_adds(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.put_out(&ann, &group, &bob).await?;
    let before = list(lab, &ann, &group).await?;
    for whom in [&bob, &cat] {
        let asked = lab.add_member(&bob, &group, whom, "user").send().await?;
        asked.refused(lab, "MEMBER-ADD-OUTSIDER", &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    lab.add_member(&ann, &group, &cat, "user").send().await?.done(lab, "MEMBER-ADD-OUTSIDER")?;
    Ok(())
}

/// The one entry of somebody.
async fn only_entry(lab: &Lab, by: &Person, group: &str, whom: &Person) -> Result<Value, Stop> {
    let members = lab.members(by, group).await?;
    let of: Vec<&Value> = members.iter().filter(|member| member["userId"] == *whom.uid).collect();
    let expected = format!("{} has one entry", whom.uid);
    lab.check("MEMBER-ONE-PER-USER", of.len() == 1, expected, as_json(&members))?;
    Ok(of.first().map(|entry| Value::clone(entry)).unwrap_or_default())
}

async fn added_twice(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let before = only_entry(lab, &ann, &group, &bob).await?;
    // Whether that is refused or done is the server's to say.
    lab.add_member(&ann, &group, &bob, "user").send().await?;
    let after = only_entry(lab, &ann, &group, &bob).await?;
    let still = before["createdAt"].is_string() && after["createdAt"] == before["createdAt"];
    let expected = format!("its `createdAt` is {} still", before["createdAt"]);
    lab.check("MEMBER-ADD-TWICE", still, expected, after.to_string())
}

async fn added_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let by = [&ann, &bob].into_iter().cycle().take(8);
    let answers = try_join_all(by.map(|by| lab.add_member(by, &group, &cat, "user").send())).await?;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let done = answers.iter().any(super::super::ask::Answer::is_done);
    let expected = "of 8 who add cat at once, one does at least";
    lab.check("MEMBER-ONE-PER-USER", done, expected, format!("they are answered with {statuses:?}"))?;
    let entry = only_entry(lab, &ann, &group, &cat).await?;
    lab.check("MEMBER-ONE-PER-USER", entry["isDelete"] == false, "cat is a member", entry.to_string())
}

async fn revived_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let before = only_entry(lab, &ann, &group, &cat).await?;
    lab.leave(&ann, &group, &id(&before)?).await?;
    let by = [&ann, &bob].into_iter().cycle().take(6);
    try_join_all(by.map(|by| lab.add_member(by, &group, &cat, "user").send())).await?;
    let after = only_entry(lab, &ann, &group, &cat).await?;
    let same = after["id"] == before["id"] && after["isDelete"] == false;
    lab.check("MEMBER-REVIVE", same, format!("the entry {} is back", before["id"]), after.to_string())
}

async fn revived(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    for round in 1..=2 {
        let entry = only_entry(lab, &ann, &group, &bob).await?;
        lab.leave(&ann, &group, &id(&entry)?).await?;
        let gone = only_entry(lab, &ann, &group, &bob).await?;
        let answer = lab.add_member(&ann, &group, &bob, "user").send().await?.done(lab, "MEMBER-REVIVE")?;
        let back = only_entry(lab, &ann, &group, &bob).await?;
        let expected =
            format!("added again ({round}), it is the entry {}, with `isDelete` false", entry["id"]);
        for shown in [&answer.json, &back] {
            let same = shown["id"] == entry["id"] && shown["isDelete"] == false;
            lab.check("MEMBER-REVIVE", same, &*expected, shown.to_string())?;
        }
        for clock in ["createdAt", "updatedAt"] {
            let moved = back[clock].as_str() > gone[clock].as_str();
            let expected = format!("its `{clock}` is later than {}, when it was a tombstone", gone[clock]);
            lab.check("MEMBER-REVIVE", moved, expected, back.to_string())?;
        }
    }
    Ok(())
}

async fn revived_talks(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.put_out(&ann, &group, &bob).await?;
    let said = lab.store(&bob, &group, "text", "{}").send().await?;
    said.refused(lab, "MSG-MEMBERS-ONLY", &[403])?;
    lab.join(&ann, &group, &bob, "user").await?;
    lab.store(&bob, &group, "text", "{}").send().await?.done(lab, "MEMBER-REVIVE")?;
    let read = lab.ask(Method::GET, fill(path::MESSAGES, &[&group])).by(&bob).since(0).send().await?;
    read.done(lab, "MEMBER-REVIVE")?;
    Ok(())
}

async fn invited(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let fields = [
        ("userId", &*cat.uid),
        ("name", "cat"),
        ("role", "admin"),
        ("avatarUrl", ""),
        ("status", "inactive"),
    ];
    let ask = lab.ask(Method::POST, fill(path::INVITE, &[&group])).by(&bob).form(&fields);
    let answer = ask.send().await?.done(lab, "MEMBER-INVITE")?;
    let members = lab.members(&ann, &group).await?;
    let entry = members.iter().find(|member| member["userId"] == *cat.uid);
    let is_user = entry.is_some_and(|entry| entry["role"] == "user" && entry["status"] == "active");
    let expected = "cat is a member, with the role user and the status active, whatever was said";
    lab.check("MEMBER-INVITE", is_user, expected, format!("{} after {}", as_json(&entry), answer.said()))
}

async fn what_is_missing(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[]).await?;
    let list = fill(path::MEMBERS, &[&group]);
    let nobody = [("name", "bob"), ("role", "user"), ("avatarUrl", ""), ("status", "active")];
    let asked = lab.ask(Method::POST, &list).by(&ann).form(&nobody).send().await?;
    asked.refused(lab, "API-BAD-REQUEST", &[400])?;
    lab.add_member(&ann, &group, &bob, "user").send().await?.done(lab, "MEMBER-ADD")?;
    Ok(())
}

async fn not_there(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let entry = lab.member(&ann, &group, &bob).await?;
    let mut nobody = entry.clone();
    nobody["id"] = Value::String(format!("{}404404404", id(&entry)?));
    let asked = lab.remove_member(&ann, &group, &nobody)?.send().await?;
    asked.refused(lab, "API-NOT-FOUND", &[404])?;
    let asked = lab.change_member(&ann, &group, &nobody, &[("name", "x")])?.send().await?;
    asked.refused(lab, "API-NOT-FOUND", &[404])?;
    lab.remove_member(&ann, &group, &entry)?.send().await?.done(lab, "MEMBER-REMOVE")?;
    Ok(())
}
