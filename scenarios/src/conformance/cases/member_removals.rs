//! Members: who is removed, who leaves, and who is master then. Part 8.1.

use serde_json::Value;

use super::super::case::Case;
use super::super::lab::Lab;
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::members::list;

pub(super) const CASES: &[Case] = &[
    Case::new("members.who-is-removed-is-a-tombstone", &["MEMBER-REMOVE"], |lab| Box::pin(removed(lab))),
    Case::new("members.only-who-manages-removes-others", &["MEMBER-REMOVE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(only_managers_remove(lab))
    }),
    Case::new("members.nobody-removes-the-master", &["MEMBER-MASTER-STAYS", "API-NO-EFFECT"], |lab| {
        Box::pin(nobody_removes_the_master(lab))
    }),
    Case::new("members.everyone-may-leave", &["MEMBER-LEAVE"], |lab| Box::pin(everyone_leaves(lab))),
    Case::new("members.a-master-who-leaves-has-an-heir", &["MEMBER-MASTER-LEAVES", "MEMBER-LEAVE"], |lab| {
        Box::pin(master_leaves(lab))
    }),
    Case::new("members.the-heir-of-a-master-is-active", &["MEMBER-MASTER-LEAVES", "MEMBER-LEAVE"], |lab| {
        Box::pin(heir_is_active(lab))
    }),
    Case::new("members.the-last-one-may-leave", &["MEMBER-LEAVE", "MEMBER-REMOVE"], |lab| {
        Box::pin(last_one_leaves(lab))
    }),
];

async fn removed(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let entry = lab.member(&ann, &group, &bob).await?;
    lab.remove_member(&ann, &group, &entry)?.send().await?.done(lab, "MEMBER-REMOVE")?;
    let gone = lab.member(&ann, &group, &bob).await?;
    let same = gone["id"] == entry["id"] && gone["isDelete"] == true;
    let expected = format!("the entry {} is there, with `isDelete` true", entry["id"]);
    lab.check("MEMBER-REMOVE", same, expected, gone.to_string())?;
    let other = lab.member(&ann, &group, &cat).await?;
    lab.check("MEMBER-REMOVE", other["isDelete"] == false, "cat is a member still", other.to_string())
}

async fn only_managers_remove(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let (dan, eve) = (lab.person("dan").await?, lab.person("eve").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    lab.join(&ann, &group, &dan, "admin").await?;
    let before = list(lab, &ann, &group).await?;
    for whom in [&cat, &dan] {
        let entry = lab.member(&ann, &group, whom).await?;
        for by in [&bob, &eve] {
            let asked = lab.remove_member(by, &group, &entry)?.send().await?;
            asked.refused(lab, "MEMBER-REMOVE-RIGHT", &[403])?;
        }
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    for (by, whom) in [(&dan, &cat), (&ann, &bob)] {
        let entry = lab.member(&ann, &group, whom).await?;
        lab.remove_member(by, &group, &entry)?.send().await?.done(lab, "MEMBER-REMOVE-RIGHT")?;
        let gone = lab.member(&ann, &group, whom).await?;
        let expected = format!("{} removes {}", by.name, whom.name);
        lab.check("MEMBER-REMOVE-RIGHT", gone["isDelete"] == true, expected, gone.to_string())?;
    }
    Ok(())
}

async fn nobody_removes_the_master(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    let before = list(lab, &ann, &group).await?;
    let master = lab.member(&ann, &group, &ann).await?;
    for by in [&cat, &bob] {
        let asked = lab.remove_member(by, &group, &master)?.send().await?;
        asked.refused(lab, "MEMBER-MASTER-STAYS", &[403])?;
        for change in [("name", "nobody"), ("role", "user"), ("status", "inactive")] {
            let asked = lab.change_member(by, &group, &master, &[change])?.send().await?;
            asked.refused(lab, "MEMBER-MASTER-STAYS", &[403])?;
        }
    }
    lab.unchanged("API-NO-EFFECT", "the members are", &before, &list(lab, &ann, &group).await?)?;
    // It is the master, and not what is done.
    let entry = lab.member(&ann, &group, &bob).await?;
    lab.remove_member(&cat, &group, &entry)?.send().await?.done(lab, "MEMBER-MASTER-STAYS")?;
    Ok(())
}

async fn everyone_leaves(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    for who in [&bob, &cat] {
        let entry = lab.member(who, &group, who).await?;
        lab.remove_member(who, &group, &entry)?.send().await?.done(lab, "MEMBER-LEAVE")?;
        let gone = lab.member(&ann, &group, who).await?;
        lab.check(
            "MEMBER-LEAVE",
            gone["isDelete"] == true,
            format!("{} is gone", who.name),
            gone.to_string(),
        )?;
    }
    let master = lab.member(&ann, &group, &ann).await?;
    lab.check("MEMBER-LEAVE", master["isDelete"] == false, "ann is there still", master.to_string())
}

/// The uids of the masters among the active members.
fn masters(members: &[Value]) -> Vec<&str> {
    let is = |member: &&Value| {
        member["role"] == "master" && member["isDelete"] == false && member["status"] == "active"
    };
    members.iter().filter(is).filter_map(|member| member["userId"].as_str()).collect()
}

async fn master_leaves(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let entry = lab.member(&ann, &group, &ann).await?;
    lab.remove_member(&ann, &group, &entry)?.send().await?.done(lab, "MEMBER-LEAVE")?;
    let members = lab.members(&bob, &group).await?;
    let heirs = masters(&members);
    let expected = "one of the two who are left is master then";
    lab.check("MEMBER-MASTER-LEAVES", heirs.len() == 1, expected, as_json(&members))?;
    // The heir has the right of it.
    let (heir, other) = if heirs == [&*bob.uid] { (&bob, &cat) } else { (&cat, &bob) };
    let entry = lab.member(heir, &group, other).await?;
    lab.remove_member(heir, &group, &entry)?.send().await?.done(lab, "MEMBER-MASTER-LEAVES")?;
    Ok(())
}

async fn heir_is_active(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let dan = lab.person("dan").await?;
    let group = lab.group(&ann, &[&bob, &cat, &dan]).await?;
    // The first is barred, the second is gone: the third is left.
    let entry = lab.member(&ann, &group, &bob).await?;
    lab.change_member(&ann, &group, &entry, &[("status", "inactive")])?.send().await?.needed()?;
    lab.put_out(&ann, &group, &cat).await?;
    let entry = lab.member(&ann, &group, &ann).await?;
    lab.remove_member(&ann, &group, &entry)?.send().await?.done(lab, "MEMBER-LEAVE")?;
    let members = lab.members(&dan, &group).await?;
    let expected = format!("{}, the only active member, is master", dan.uid);
    lab.check("MEMBER-MASTER-LEAVES", masters(&members) == [&*dan.uid], expected, as_json(&members))
}

async fn last_one_leaves(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    let entry = lab.member(&ann, &group, &ann).await?;
    lab.remove_member(&ann, &group, &entry)?.send().await?.done(lab, "MEMBER-LEAVE")?;
    let gone = lab.member(&ann, &group, &ann).await?;
    lab.check("MEMBER-REMOVE", gone["isDelete"] == true, "the last one is a tombstone", gone.to_string())
}
