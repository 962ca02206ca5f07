//! Sessions: their names, their stamps, and their ends. Part 7.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::super::views::top;

pub(super) const CASES: &[Case] = &[
    Case::new("sessions.an-unnamed-group-is-named-after-four-members", &["SESS-NAME-AUTO"], |lab| {
        Box::pin(named_after_four(lab))
    }),
    Case::new("sessions.the-name-follows-who-leaves", &["SESS-NAME-AUTO"], |lab| Box::pin(name_follows(lab))),
    Case::new("sessions.the-name-follows-a-members-name", &["SESS-NAME-AUTO"], |lab| {
        Box::pin(name_follows_rename(lab))
    }),
    Case::new("sessions.the-name-is-of-active-members", &["SESS-NAME-AUTO"], |lab| {
        Box::pin(name_of_active(lab))
    }),
    Case::new("sessions.a-named-group-keeps-its-name", &["SESS-CREATE-GROUP", "SESS-NAME-AUTO"], |lab| {
        Box::pin(named_group(lab))
    }),
    Case::new("sessions.a-name-that-was-changed-is-kept", &["SESS-NAME-KEPT", "SESS-NAME-AUTO"], |lab| {
        Box::pin(name_kept(lab))
    }),
    Case::new("sessions.a-derived-name-is-frozen-by-name-changed", &["SESS-NAME-KEPT"], |lab| {
        Box::pin(name_frozen(lab))
    }),
    Case::new("sessions.a-name-given-alone-is-chosen", &["SESS-NAME-CHOSEN"], |lab| {
        Box::pin(name_chosen(lab))
    }),
    Case::new("sessions.membership-moves-the-stamp", &["SESS-STAMP-ON-MEMBERSHIP", "SESS-GET"], |lab| {
        Box::pin(membership_moves_the_stamp(lab))
    }),
    Case::new("sessions.only-the-master-ends-a-group", &["SESS-DELETE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(only_the_master_ends(lab))
    }),
    Case::new("sessions.the-creator-ends-an-empty-group", &["SESS-DELETE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(creator_ends_empty(lab))
    }),
    Case::new(
        "sessions.sessions-of-two-and-of-one-have-no-end",
        &["SESS-DELETE-RIGHT", "API-NO-EFFECT"],
        |lab| Box::pin(no_end(lab)),
    ),
    Case::new("sessions.the-end-dissolves-a-group", &["SESS-DELETE-DISSOLVES", "MSG-MEMBERS-ONLY"], |lab| {
        Box::pin(dissolved(lab))
    }),
];

/// Checks what a group is called.
async fn is_called(
    lab: &Lab,
    rule: &'static str,
    by: &Person,
    group: &str,
    name: &str,
    when: &str,
) -> Result<(), Stop> {
    let session = lab.session(by, group).await?;
    let expected = format!("{when} the group is called {name:?}");
    lab.check(rule, session["name"] == *name, expected, session.to_string())
}

/// A group without a name, with that master.
async fn unnamed(lab: &Lab, master: &Person) -> Result<String, Stop> {
    let group = lab.empty_group(master, "").await?;
    lab.join(master, &group, master, "master").await?;
    Ok(group)
}

async fn named_after_four(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = unnamed(lab, &ann).await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, "ann", "with one member").await?;
    let mut name = "ann".to_owned();
    for more in ["bob", "cat", "dan"] {
        let person = lab.person(more).await?;
        lab.join(&ann, &group, &person, "user").await?;
        name = format!("{name},{more}");
        is_called(lab, "SESS-NAME-AUTO", &ann, &group, &name, &format!("once {more} has joined")).await?;
    }
    let eve = lab.person("eve").await?;
    lab.join(&ann, &group, &eve, "user").await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, &name, "with a fifth member").await
}

async fn name_follows(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = unnamed(lab, &ann).await?;
    lab.join(&ann, &group, &bob, "user").await?;
    lab.join(&ann, &group, &cat, "user").await?;
    lab.put_out(&ann, &group, &bob).await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, "ann,cat", "once bob is removed").await?;
    let entry = lab.member(&cat, &group, &cat).await?;
    lab.leave(&cat, &group, &id(&entry)?).await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, "ann", "once cat has left").await
}

async fn name_follows_rename(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = unnamed(lab, &ann).await?;
    let entry = lab.join(&ann, &group, &bob, "user").await?;
    lab.change_member(&bob, &group, &entry, &[("name", "rob")])?.send().await?.needed()?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, "ann,rob", "once bob calls himself rob in it").await
}

async fn name_of_active(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = unnamed(lab, &ann).await?;
    let entry = lab.join(&ann, &group, &bob, "user").await?;
    lab.change_member(&ann, &group, &entry, &[("status", "inactive")])?.send().await?.needed()?;
    lab.join(&ann, &group, &cat, "user").await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, "ann,cat", "while bob is inactive").await
}

async fn named_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let named = lab.empty_group(&ann, "team").await?;
    let unnamed = unnamed(lab, &ann).await?;
    lab.join(&ann, &named, &ann, "master").await?;
    for group in [&named, &unnamed] {
        lab.join(&ann, group, &bob, "user").await?;
    }
    let when = "after two members joined";
    is_called(lab, "SESS-CREATE-GROUP", &ann, &named, "team", when).await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &unnamed, "ann,bob", when).await
}

async fn name_kept(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = unnamed(lab, &ann).await?;
    lab.join(&ann, &group, &bob, "user").await?;
    is_called(lab, "SESS-NAME-AUTO", &ann, &group, "ann,bob", "before somebody names it").await?;
    let changes = [("name", "team"), ("nameChanged", "true")];
    lab.change_session(&ann, &group, &changes).send().await?.needed()?;
    lab.join(&ann, &group, &cat, "user").await?;
    is_called(lab, "SESS-NAME-KEPT", &ann, &group, "team", "after another member joined").await?;
    lab.put_out(&ann, &group, &bob).await?;
    is_called(lab, "SESS-NAME-KEPT", &ann, &group, "team", "after a member was removed").await?;
    let session = lab.session(&cat, &group).await?;
    lab.check("SESS-NAME-KEPT", session["nameChanged"] == true, "`nameChanged` is true", session.to_string())
}

async fn name_frozen(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = unnamed(lab, &ann).await?;
    lab.join(&ann, &group, &bob, "user").await?;
    let before = lab.session(&ann, &group).await?;
    let name = before["name"].as_str().unwrap_or_default();
    let changes = [("name", name), ("nameChanged", "true")];
    lab.change_session(&ann, &group, &changes).send().await?.needed()?;
    lab.join(&ann, &group, &cat, "user").await?;
    is_called(lab, "SESS-NAME-KEPT", &ann, &group, name, "after another member joined").await
}

async fn name_chosen(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = unnamed(lab, &ann).await?;
    let before = lab.session(&ann, &group).await?;
    let expected = "`nameChanged` is false while nobody has named the group";
    lab.check("SESS-NAME-CHOSEN", before["nameChanged"] == false, expected, before.to_string())?;
    lab.change_session(&ann, &group, &[("name", "team")]).send().await?.needed()?;
    is_called(lab, "SESS-NAME-CHOSEN", &ann, &group, "team", "once it is given that name").await?;
    let after = lab.session(&ann, &group).await?;
    let expected = "`nameChanged` is true once the group was given a name";
    lab.check("SESS-NAME-CHOSEN", after["nameChanged"] == true, expected, after.to_string())?;
    lab.join(&ann, &group, &bob, "user").await?;
    is_called(lab, "SESS-NAME-CHOSEN", &ann, &group, "team", "after a member joined").await
}

async fn membership_moves_the_stamp(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[]).await?;
    let get = fill(path::SESSION, &[&group]);
    let mut before = lab.ask(Method::GET, &get).by(&ann).send().await?.done(lab, "SESS-GET")?.json;
    for step in ["joined", "became admin", "was removed", "joined again"] {
        match step {
            "became admin" => {
                let entry = lab.member(&ann, &group, &bob).await?;
                lab.change_member(&ann, &group, &entry, &[("role", "admin")])?.send().await?.needed()?;
            }
            "was removed" => lab.put_out(&ann, &group, &bob).await?,
            _ => drop(lab.join(&ann, &group, &bob, "user").await?),
        }
        let after = lab.ask(Method::GET, &get).by(&ann).send().await?.done(lab, "SESS-GET")?.json;
        let moved = time(&after, "updatedAt") > time(&before, "updatedAt");
        let expected =
            format!("once bob {step} the session's `updatedAt` is later than {}", before["updatedAt"]);
        lab.check("SESS-STAMP-ON-MEMBERSHIP", moved, expected, after.to_string())?;
        before = after;
    }
    Ok(())
}

/// Looks whether groups can be ended here at all: a master ends one of their own.
async fn can_be_ended(lab: &Lab, master: &Person) -> Result<(), Stop> {
    let group = lab.group(master, &[]).await?;
    let ended = lab.end_session(master, &group).send().await?;
    if ended.is_done() { Ok(()) } else { Err(lab.lacks(Need::SessionDelete, ended.said())) }
}

async fn only_the_master_ends(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let (cat, eve) = (lab.person("cat").await?, lab.person("eve").await?);
    can_be_ended(lab, &ann).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    for by in [&bob, &cat, &eve] {
        lab.end_session(by, &group).send().await?.refused(lab, "SESS-DELETE-RIGHT", &[403])?;
    }
    lab.put_out(&ann, &group, &bob).await?;
    lab.end_session(&bob, &group).send().await?.refused(lab, "SESS-DELETE-RIGHT", &[403])?;
    let said = lab.store(&cat, &group, "text", r#"{"text":"still here"}"#).send().await?;
    said.done(lab, "API-NO-EFFECT")?;
    lab.end_session(&ann, &group).send().await?.done(lab, "SESS-DELETE-RIGHT")?;
    Ok(())
}

async fn creator_ends_empty(lab: &Lab) -> Result<(), Stop> {
    let (ann, eve) = (lab.person("ann").await?, lab.person("eve").await?);
    can_be_ended(lab, &ann).await?;
    let group = lab.empty_group(&ann, "team").await?;
    lab.end_session(&eve, &group).send().await?.refused(lab, "SESS-DELETE-RIGHT", &[403])?;
    let there = lab.ask(Method::GET, fill(path::SESSION, &[&group])).by(&ann).send().await?;
    there.done(lab, "API-NO-EFFECT")?;
    lab.end_session(&ann, &group).send().await?.done(lab, "SESS-DELETE-RIGHT")?;
    Ok(())
}

async fn no_end(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    can_be_ended(lab, &ann).await?;
    let p2p = lab.p2p(&ann, &bob).await?;
    let single = lab.ask(Method::GET, fill(path::SINGLE_SESSION, &[&ann.uid])).by(&ann).send().await?;
    let single = id(&single.needed()?.json)?;
    for session in [&p2p, &single] {
        lab.end_session(&ann, session).send().await?.refused(lab, "SESS-DELETE-RIGHT", &[403])?;
        let said = lab.store(&ann, session, "text", r#"{"text":"still here"}"#).send().await?;
        said.done(lab, "API-NO-EFFECT")?;
    }
    Ok(())
}

async fn dissolved(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    can_be_ended(lab, &ann).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    let said = lab.text(&ann, &group, "the last word").await?;
    lab.end_session(&ann, &group).send().await?.needed()?;
    for by in [&ann, &bob] {
        let who = &by.name;
        let session = lab.ask(Method::GET, fill(path::SESSION, &[&group])).by(by).send().await?;
        session.done(lab, "SESS-DELETE-DISSOLVES")?;
        let list = lab.ask(Method::GET, fill(path::MEMBERS, &[&group])).by(by).since(0).send().await?;
        let list = list.done(lab, "SESS-DELETE-DISSOLVES")?;
        let gone = |member: &Value| member["isDelete"] == true;
        let all = list.entries().len() == 2 && list.entries().iter().all(gone);
        let expected = format!("{who} finds both members as tombstones");
        lab.check("SESS-DELETE-DISSOLVES", all, expected, list.said())?;
        let back = lab.history(by, &group, top(), 10).send().await?.done(lab, "SESS-DELETE-DISSOLVES")?;
        let reads = back.json.as_array().is_some_and(|all| all.iter().any(|one| one["id"] == said["id"]));
        let expected = format!("{who} reads in history what was said before the end");
        lab.check("SESS-DELETE-DISSOLVES", reads, expected, back.said())?;
        let conversation = lab.conversation(by, &group).await?;
        let expected = format!("{who}'s conversation is a tombstone");
        lab.check("SESS-DELETE-DISSOLVES", gone(&conversation), expected, conversation.to_string())?;
        if all {
            lab.store(by, &group, "text", "{}").send().await?.refused(lab, "MSG-MEMBERS-ONLY", &[403])?;
        }
    }
    Ok(())
}
