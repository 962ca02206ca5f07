//! Members: names, bans, roles, and what the server says of it in the session. Part 8.1.

use http::Method;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::members::list;

pub(super) const CASES: &[Case] = &[
    Case::new("members.a-change-is-answered-and-listed", &["MEMBER-UPDATE"], |lab| Box::pin(changed(lab))),
    Case::new("members.everyone-has-their-own-name", &["MEMBER-UPDATE-RIGHT"], |lab| Box::pin(own_name(lab))),
    Case::new("members.who-manages-changes-others", &["MEMBER-UPDATE-RIGHT"], |lab| {
        Box::pin(managers_change(lab))
    }),
    Case::new("members.nobody-else-changes-others", &["MEMBER-UPDATE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(nobody_else_changes(lab))
    }),
    Case::new("members.who-was-removed-changes-nobody", &["MEMBER-UPDATE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(removed_changes(lab))
    }),
    Case::new("members.nobody-changes-their-own-status", &["MEMBER-UPDATE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(own_status(lab))
    }),
    Case::new("members.what-is-not-given-stays", &["MEMBER-UPDATE"], |lab| Box::pin(one_field(lab))),
    Case::new("members.a-ban-is-shown-and-lifted", &["MEMBER-STATUS", "MEMBER-UPDATE"], |lab| {
        Box::pin(banned(lab))
    }),
    Case::new("members.a-role-is-given-and-taken", &["MEMBER-ROLES", "MEMBER-REMOVE-RIGHT"], |lab| {
        Box::pin(role_given_and_taken(lab))
    }),
    Case::new("members.a-master-passes-the-role-on", &["MEMBER-MASTER-PASSED-ON"], |lab| {
        Box::pin(passed_on(lab))
    }),
    Case::new(
        "members.an-admin-does-not-make-a-master",
        &["MEMBER-MASTER-PASSED-ON", "API-NO-EFFECT"],
        |lab| Box::pin(admin_makes_no_master(lab)),
    ),
    Case::new("members.a-new-member-is-told-of-in-the-group", &["MEMBER-SYSTEM-MESSAGE"], |lab| {
        Box::pin(told_in_the_group(lab))
    }),
    Case::new("members.two-are-told-that-they-can-talk", &["MEMBER-SYSTEM-MESSAGE"], |lab| {
        Box::pin(told_in_p2p(lab))
    }),
    Case::new("members.who-reads-has-a-time-of-it", &["MEMBER-LAST-READ", "MEMBER-FIELDS"], |lab| {
        Box::pin(last_read(lab))
    }),
];

/// Changes a member, and checks that the list shows that then.
async fn changes(
    lab: &Lab,
    rule: &'static str,
    by: &Person,
    group: &str,
    whom: &Person,
    (field, value): (&str, &str),
) -> Result<(), Stop> {
    let entry = lab.member(by, group, whom).await?;
    lab.change_member(by, group, &entry, &[(field, value)])?.send().await?.done(lab, rule)?;
    let entry = lab.member(by, group, whom).await?;
    let expected = format!("{} gives {} the {field} {value}", by.name, whom.name);
    lab.check(rule, entry[field] == *value, expected, entry.to_string())
}

async fn changed(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let entry = lab.member(&ann, &group, &bob).await?;
    let changes = [("name", "rob 例"), ("avatarUrl", "attachments/4/content")];
    let answer =
        lab.change_member(&ann, &group, &entry, &changes)?.send().await?.done(lab, "MEMBER-UPDATE")?;
    let listed = lab.member(&ann, &group, &bob).await?;
    for (what, member) in [("the answer", &answer.json), ("the entry on the list", &listed)] {
        for (field, value) in changes {
            let expected = format!("{what} has the {field} {value}");
            lab.check("MEMBER-UPDATE", member[field] == *value, expected, member.to_string())?;
        }
        for field in ["id", "userId", "role", "status", "isDelete"] {
            let expected = format!("{what} has the {field} {} as before", entry[field]);
            lab.check("MEMBER-UPDATE", member[field] == entry[field], expected, member.to_string())?;
        }
    }
    let other = lab.member(&ann, &group, &ann).await?;
    lab.check("MEMBER-UPDATE", other["name"] == "ann", "ann is called ann still", other.to_string())
}

async fn one_field(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    for (given, value) in [("name", "rob"), ("avatarUrl", "attachments/4/content"), ("status", "inactive")] {
        let before = lab.member(&ann, &group, &bob).await?;
        let path = fill(path::MEMBER, &[&group, &id(&before)?]);
        let ask = lab.ask(Method::PUT, path).by(&ann).form(&[(given, value)]);
        ask.send().await?.done(lab, "MEMBER-UPDATE")?;
        let after = lab.member(&ann, &group, &bob).await?;
        for field in ["userId", "name", "role", "avatarUrl", "status"] {
            let expected = if field == given { value } else { before[field].as_str().unwrap_or_default() };
            let words = format!("where {given} alone is given, {field} is {expected:?}");
            lab.check("MEMBER-UPDATE", after[field] == *expected, words, after.to_string())?;
        }
    }
    Ok(())
}

async fn own_name(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    for who in [&ann, &bob, &cat] {
        let name = format!("{} herself", who.name);
        changes(lab, "MEMBER-UPDATE-RIGHT", who, &group, who, ("name", &name)).await?;
        let picture = ("avatarUrl", "attachments/5/content");
        changes(lab, "MEMBER-UPDATE-RIGHT", who, &group, who, picture).await?;
    }
    Ok(())
}

async fn managers_change(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    for by in [&ann, &cat] {
        let name = format!("called so by {}", by.name);
        for change in [
            ("name", &*name),
            ("avatarUrl", &*format!("attachments/{}/content", by.uid)),
            ("status", "inactive"),
            ("status", "active"),
        ] {
            changes(lab, "MEMBER-UPDATE-RIGHT", by, &group, &bob, change).await?;
        }
    }
    Ok(())
}

async fn nobody_else_changes(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let eve = lab.person("eve").await?;
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let before = list(lab, &ann, &group).await?;
    let entry = lab.member(&ann, &group, &cat).await?;
    for by in [&bob, &eve] {
        for change in [("name", "nobody"), ("avatarUrl", "attachments/6/content"), ("status", "inactive")] {
            let asked = lab.change_member(by, &group, &entry, &[change])?.send().await?;
            asked.refused(lab, "MEMBER-UPDATE-RIGHT", &[403])?;
        }
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    changes(lab, "MEMBER-UPDATE-RIGHT", &ann, &group, &cat, ("name", "kat")).await
}

async fn removed_changes(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&cat]).await?;
    lab.join(&ann, &group, &bob, "admin").await?;
    lab.put_out(&ann, &group, &bob).await?;
    let before = list(lab, &ann, &group).await?;
    let entry = lab.member(&ann, &group, &cat).await?;
    let asked = lab.change_member(&bob, &group, &entry, &[("name", "nobody")])?.send().await?;
    asked.refused(lab, "MEMBER-UPDATE-RIGHT", &[403])?;
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    lab.join(&ann, &group, &bob, "admin").await?;
    changes(lab, "MEMBER-UPDATE-RIGHT", &bob, &group, &cat, ("name", "kat")).await
}

async fn own_status(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    let before = list(lab, &ann, &group).await?;
    for who in [&bob, &cat, &ann] {
        let entry = lab.member(who, &group, who).await?;
        let asked = lab.change_member(who, &group, &entry, &[("status", "inactive")])?.send().await?;
        asked.refused(lab, "MEMBER-UPDATE-RIGHT", &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    changes(lab, "MEMBER-UPDATE-RIGHT", &ann, &group, &bob, ("status", "inactive")).await
}

async fn banned(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    for status in ["inactive", "active", "inactive"] {
        let entry = lab.member(&ann, &group, &bob).await?;
        let ask = lab.change_member(&ann, &group, &entry, &[("status", status)])?;
        let answer = ask.send().await?.done(lab, "MEMBER-UPDATE")?;
        let listed = lab.member(&ann, &group, &bob).await?;
        for member in [&answer.json, &listed] {
            let expected = format!("bob is {status}, and a member");
            let is = member["status"] == *status && member["isDelete"] == false;
            lab.check("MEMBER-STATUS", is, expected, member.to_string())?;
        }
    }
    Ok(())
}

async fn role_given_and_taken(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    changes(lab, "MEMBER-ROLES", &ann, &group, &bob, ("role", "admin")).await?;
    changes(lab, "MEMBER-ROLES", &ann, &group, &bob, ("role", "user")).await?;
    // Who was an admin is none any more.
    let entry = lab.member(&ann, &group, &cat).await?;
    let asked = lab.remove_member(&bob, &group, &entry)?.send().await?;
    asked.refused(lab, "MEMBER-REMOVE-RIGHT", &[403])?;
    let asked = lab.change_member(&bob, &group, &entry, &[("role", "admin")])?.send().await?;
    asked.refused(lab, "MEMBER-ROLES", &[403])?;
    changes(lab, "MEMBER-ROLES", &ann, &group, &bob, ("role", "admin")).await?;
    lab.remove_member(&bob, &group, &entry)?.send().await?.done(lab, "MEMBER-REMOVE-RIGHT")?;
    Ok(())
}

async fn passed_on(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let entry = lab.member(&ann, &group, &bob).await?;
    let given = lab.change_member(&ann, &group, &entry, &[("role", "master")])?.send().await?;
    let given = given.done(lab, "MEMBER-MASTER-PASSED-ON")?;
    let (former, master) = (lab.member(&bob, &group, &ann).await?, lab.member(&bob, &group, &bob).await?);
    let expected = "bob is master";
    lab.check("MEMBER-MASTER-PASSED-ON", master["role"] == "master", expected, given.said())?;
    let expected = "ann, who was master, is an admin in the same step";
    lab.check("MEMBER-MASTER-PASSED-ON", former["role"] == "admin", expected, former.to_string())
}

async fn admin_makes_no_master(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    let before = list(lab, &ann, &group).await?;
    for whom in [&bob, &cat] {
        let entry = lab.member(&cat, &group, whom).await?;
        let asked = lab.change_member(&cat, &group, &entry, &[("role", "master")])?.send().await?;
        let is_refused = (400..500).contains(&asked.status);
        asked.refused(lab, "MEMBER-MASTER-PASSED-ON", &[403])?;
        if is_refused {
            lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
        }
    }
    let entry = lab.member(&ann, &group, &cat).await?;
    let given = lab.change_member(&ann, &group, &entry, &[("role", "master")])?.send().await?;
    given.done(lab, "MEMBER-MASTER-PASSED-ON")?;
    Ok(())
}

/// How many messages of the server's own there are in a session in which nobody else says any.
async fn system_messages(lab: &Lab, by: &Person, session: &str) -> Result<usize, Stop> {
    let messages = lab.messages(by, session).await?;
    Ok(messages.iter().filter(|message| message["type"] == "system").count())
}

async fn told_in_the_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[]).await?;
    for step in ["joined", "was removed", "came back"] {
        let before = system_messages(lab, &ann, &group).await?;
        match step {
            "was removed" => lab.put_out(&ann, &group, &bob).await?,
            _ => drop(lab.join(&ann, &group, &bob, "user").await?),
        }
        let after = system_messages(lab, &ann, &group).await?;
        let expected = format!("once bob {step} there are more `system` messages than {before}");
        lab.check("MEMBER-SYSTEM-MESSAGE", after > before, expected, format!("{after}"))?;
    }
    Ok(())
}

async fn told_in_p2p(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    for by in [&ann, &bob] {
        let count = system_messages(lab, by, &session).await?;
        let expected = format!("{} finds a `system` message in the session", by.name);
        lab.check("MEMBER-SYSTEM-MESSAGE", count > 0, expected, format!("{count}"))?;
    }
    Ok(())
}

async fn last_read(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "one").await?;
    let read = lab.ask(Method::GET, fill(path::MESSAGES, &[&group])).by(&bob).send().await?;
    read.needed()?;
    let first = lab.member(&ann, &group, &bob).await?;
    lab.has_fields("MEMBER-FIELDS", "a member", &first, &["lastReadTime"])?;
    let expected = "bob, who has synced the messages, has a `lastReadTime`";
    lab.check("MEMBER-LAST-READ", time(&first, "lastReadTime").is_some(), expected, first.to_string())
}
