//! Sessions: of two, of one, of many; who changes them. Part 7. Their names and their ends are in `session_changes.rs`.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Ask;
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new("sessions.p2p-is-one-whoever-asks", &["SESS-P2P-ONE"], |lab| Box::pin(p2p_is_one(lab))),
    Case::new("sessions.p2p-is-one-of-many-asks-at-once", &["SESS-P2P-ONE"], |lab| {
        Box::pin(p2p_is_one_of_many(lab))
    }),
    Case::new("sessions.p2p-is-one-after-a-message", &["SESS-P2P-ONE"], |lab| Box::pin(p2p_stays(lab))),
    Case::new("sessions.p2p-has-both-as-members", &["SESS-P2P-MEMBERS"], |lab| Box::pin(p2p_members(lab))),
    Case::new("sessions.p2p-is-of-its-type", &["SESS-TYPES", "SESS-FIELDS", "SESS-GET"], |lab| {
        Box::pin(p2p_type(lab))
    }),
    Case::new("sessions.p2p-is-opened-by-its-two", &["SESS-P2P-PARTIES", "SESS-P2P-ONE"], |lab| {
        Box::pin(p2p_parties(lab))
    }),
    Case::new("sessions.single-is-one", &["SESS-SINGLE-ONE"], |lab| Box::pin(single_is_one(lab))),
    Case::new("sessions.single-is-one-of-many-asks-at-once", &["SESS-SINGLE-ONE"], |lab| {
        Box::pin(single_is_one_of_many(lab))
    }),
    Case::new("sessions.single-has-one-member", &["SESS-SINGLE-MEMBER"], |lab| Box::pin(single_member(lab))),
    Case::new("sessions.single-is-of-its-type", &["SESS-TYPES", "SESS-FIELDS", "SESS-GET"], |lab| {
        Box::pin(single_type(lab))
    }),
    Case::new("sessions.a-new-group-has-no-members", &["SESS-CREATE-GROUP"], |lab| {
        Box::pin(new_group_is_empty(lab))
    }),
    Case::new(
        "sessions.a-group-is-as-it-was-created",
        &["SESS-CREATE-GROUP", "SESS-SECURE-TYPES", "SESS-TYPES", "SESS-FIELDS", "SESS-GET"],
        |lab| Box::pin(as_it_was_created(lab)),
    ),
    Case::new("sessions.groups-of-one-name-are-two", &["SESS-CREATE-GROUP"], |lab| {
        Box::pin(groups_of_one_name(lab))
    }),
    Case::new(
        "sessions.the-creator-fills-an-empty-group",
        &["SESS-CREATE-FIRST-MEMBER", "API-NO-EFFECT"],
        |lab| Box::pin(creator_fills(lab)),
    ),
    Case::new("sessions.what-is-given-changes", &["SESS-UPDATE"], |lab| Box::pin(what_is_given_changes(lab))),
    Case::new("sessions.the-answer-to-a-change-is-the-session", &["SESS-UPDATE"], |lab| {
        Box::pin(answer_to_a_change(lab))
    }),
    Case::new("sessions.any-active-member-changes-a-group", &["SESS-UPDATE-RIGHT"], |lab| {
        Box::pin(any_member_changes(lab))
    }),
    Case::new("sessions.nobody-else-changes-a-group", &["SESS-UPDATE-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(nobody_else_changes(lab))
    }),
    Case::new(
        "sessions.the-creator-changes-an-empty-group",
        &["SESS-UPDATE-RIGHT", "API-NO-EFFECT"],
        |lab| Box::pin(creator_changes_empty(lab)),
    ),
    Case::new("sessions.one-that-is-not-there", &["API-NOT-FOUND", "SESS-GET"], |lab| {
        Box::pin(not_there(lab))
    }),
];

const FIELDS: [&str; 9] =
    ["id", "name", "nameChanged", "secureType", "type", "description", "avatarUrl", "createdAt", "updatedAt"];

/// To open the p2p session of two, named in that order.
fn open<'a>(lab: &'a Lab, by: &Person, one: &Person, other: &Person) -> Ask<'a> {
    lab.ask(Method::GET, fill(path::P2P_SESSION, &[&one.uid, &other.uid])).by(by)
}

/// To open somebody's own session.
fn open_single<'a>(lab: &'a Lab, of: &Person) -> Ask<'a> {
    lab.ask(Method::GET, fill(path::SINGLE_SESSION, &[&of.uid])).by(of)
}

async fn p2p_is_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let mut ids = Vec::new();
    for (by, one, other) in [(&ann, &ann, &bob), (&bob, &ann, &bob), (&ann, &bob, &ann), (&bob, &bob, &ann)] {
        let answer = open(lab, by, one, other).send().await?.done(lab, "SESS-P2P-ONE")?;
        ids.push(id(&answer.json)?);
    }
    let one = ids.iter().all(|id| *id == ids[0]);
    let expected = "whoever of the two asks, and in whichever order, the session is one";
    lab.check("SESS-P2P-ONE", one, expected, format!("the ids are {ids:?}"))?;
    // Others have another one.
    let other = open(lab, &ann, &ann, &cat).send().await?.done(lab, "SESS-P2P-ONE")?;
    let expected = format!("ann and cat have another session than ann and bob, which is {}", ids[0]);
    lab.check("SESS-P2P-ONE", id(&other.json)? != ids[0], expected, other.said())
}

async fn p2p_is_one_of_many(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let ways = [(&ann, &ann, &bob), (&bob, &ann, &bob), (&ann, &bob, &ann), (&bob, &bob, &ann)];
    let asked = ways.iter().cycle().take(12).map(|(by, one, other)| open(lab, by, one, other).send());
    let mut ids = Vec::new();
    for answer in try_join_all(asked).await? {
        ids.push(id(&answer.done(lab, "SESS-P2P-ONE")?.json)?);
    }
    let later = open(lab, &bob, &ann, &bob).send().await?.done(lab, "SESS-P2P-ONE")?;
    ids.push(id(&later.json)?);
    let one = ids.iter().all(|id| *id == ids[0]);
    let expected = "of 12 asks at once by both, and one after them, all are given one session";
    lab.check("SESS-P2P-ONE", one, expected, format!("the ids are {ids:?}"))?;
    let other = lab.p2p(&bob, &cat).await?;
    lab.check("SESS-P2P-ONE", other != ids[0], "bob and cat have another session", other)
}

async fn p2p_stays(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    lab.text(&ann, &session, "hello").await?;
    let again = open(lab, &bob, &bob, &ann).send().await?.done(lab, "SESS-P2P-ONE")?;
    let expected = format!("after a message the session is {session} still");
    lab.check("SESS-P2P-ONE", id(&again.json)? == session, expected, again.said())?;
    // What the one said the other reads there.
    let read = lab.messages(&bob, &session).await?;
    let is_there = read.iter().any(|message| message["sender"] == *ann.uid && message["type"] == "text");
    lab.check("SESS-P2P-ONE", is_there, "bob reads in it what ann said", as_json(&read))
}

/// The uids of the active members, in order.
fn active(members: &[Value]) -> Vec<&str> {
    let active = members.iter().filter(|member| member["isDelete"] == false && member["status"] == "active");
    let mut uids: Vec<&str> = active.filter_map(|member| member["userId"].as_str()).collect();
    uids.sort_unstable();
    uids
}

async fn p2p_members(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    let mut both = [&*ann.uid, &*bob.uid];
    both.sort_unstable();
    for by in [&ann, &bob] {
        let members = lab.members(by, &session).await?;
        let expected = format!("{} finds both as active members: {both:?}", by.name);
        let are = active(&members) == both && members.len() == both.len();
        lab.check("SESS-P2P-MEMBERS", are, expected, as_json(&members))?;
    }
    for by in [&bob, &ann] {
        let said = lab.store(by, &session, "text", r#"{"text":"hello"}"#).send().await?;
        said.done(lab, "SESS-P2P-MEMBERS")?;
    }
    Ok(())
}

/// Checks what every session shows of itself.
async fn shows_itself(lab: &Lab, by: &Person, opened: &Value, kind: &str) -> Result<(), Stop> {
    let got = lab.ask(Method::GET, fill(path::SESSION, &[&id(opened)?])).by(by).send().await?;
    let got = got.done(lab, "SESS-GET")?;
    for (what, session) in [("the session that was answered", opened), ("the session asked for", &got.json)] {
        lab.has_fields("SESS-FIELDS", what, session, &FIELDS)?;
        let expected = format!("{what} has the type {kind}");
        lab.check("SESS-TYPES", session["type"] == *kind, expected, session.to_string())?;
    }
    let expected = format!("the session asked for is the one that was answered: {opened}");
    lab.check("SESS-GET", got.json["id"] == opened["id"], expected, got.said())
}

async fn p2p_type(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let opened = open(lab, &ann, &ann, &bob).send().await?.needed()?;
    shows_itself(lab, &ann, &opened.json, "p2p").await?;
    shows_itself(lab, &bob, &opened.json, "p2p").await
}

async fn p2p_parties(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    open(lab, &eve, &ann, &bob).send().await?.refused(lab, "SESS-P2P-PARTIES", &[403])?;
    open(lab, &ann, &ann, &bob).send().await?.done(lab, "SESS-P2P-ONE")?;
    open(lab, &eve, &ann, &bob).send().await?.refused(lab, "SESS-P2P-PARTIES", &[403])?;
    open(lab, &eve, &ann, &eve).send().await?.done(lab, "SESS-P2P-ONE")?;
    Ok(())
}

async fn single_is_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let first = open_single(lab, &ann).send().await?.done(lab, "SESS-SINGLE-ONE")?;
    let again = open_single(lab, &ann).send().await?.done(lab, "SESS-SINGLE-ONE")?;
    let (first, expected) = (id(&first.json)?, format!("asked again it is the same: {}", first.said()));
    lab.check("SESS-SINGLE-ONE", id(&again.json)? == first, expected, again.said())?;
    let other = open_single(lab, &bob).send().await?.done(lab, "SESS-SINGLE-ONE")?;
    lab.check("SESS-SINGLE-ONE", id(&other.json)? != first, "another user has another", other.said())
}

async fn single_is_one_of_many(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut ids = Vec::new();
    for answer in try_join_all((0..8).map(|_| open_single(lab, &ann).send())).await? {
        ids.push(id(&answer.done(lab, "SESS-SINGLE-ONE")?.json)?);
    }
    let one = ids.iter().all(|id| *id == ids[0]);
    lab.check("SESS-SINGLE-ONE", one, "8 asks at once are given one session", format!("the ids are {ids:?}"))
}

async fn single_member(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let session = id(&open_single(lab, &ann).send().await?.needed()?.json)?;
    let members = lab.members(&ann, &session).await?;
    let alone = active(&members) == [&*ann.uid] && members.len() == 1;
    lab.check("SESS-SINGLE-MEMBER", alone, format!("{} alone is its member", ann.uid), as_json(&members))?;
    let said = lab.store(&ann, &session, "text", r#"{"text":"to my other devices"}"#).send().await?;
    said.done(lab, "SESS-SINGLE-MEMBER")?;
    Ok(())
}

async fn single_type(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let opened = open_single(lab, &ann).send().await?.needed()?;
    shows_itself(lab, &ann, &opened.json, "single").await
}

/// To create a group.
fn create<'a>(lab: &'a Lab, by: &Person, name: &str, secure: &str, avatar: &str) -> Ask<'a> {
    let fields = [("type", "group"), ("name", name), ("secureType", secure), ("avatarUrl", avatar)];
    lab.ask(Method::POST, path::SESSIONS).by(by).form(&fields)
}

async fn new_group_is_empty(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let created = create(lab, &ann, "team", "public", "").send().await?.done(lab, "SESS-CREATE-GROUP")?;
    let group = id(&created.json)?;
    let members = lab.members(&ann, &group).await?;
    lab.check("SESS-CREATE-GROUP", members.is_empty(), "a new group has no members", as_json(&members))?;
    let added = lab.add_member(&ann, &group, &ann, "master").send().await?.done(lab, "SESS-CREATE-GROUP")?;
    let is_master = added.json["userId"] == *ann.uid && added.json["role"] == "master";
    lab.check("SESS-CREATE-GROUP", is_master, "the creator adds itself as master", added.said())?;
    let members = lab.members(&ann, &group).await?;
    let expected = "the creator is the only member then";
    lab.check("SESS-CREATE-GROUP", active(&members) == [&*ann.uid], expected, as_json(&members))
}

async fn as_it_was_created(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for (name, secure) in [("a team", "public"), ("ein Team, 团队", "private")] {
        let avatar = "attachments/1/content";
        let created = create(lab, &ann, name, secure, avatar).send().await?.done(lab, "SESS-CREATE-GROUP")?;
        lab.join(&ann, &id(&created.json)?, &ann, "master").await?;
        shows_itself(lab, &ann, &created.json, "group").await?;
        let got = lab.session(&ann, &id(&created.json)?).await?;
        for session in [&created.json, &got] {
            let same = session["name"] == *name && session["avatarUrl"] == *avatar;
            let expected = format!("the group has the name {name} and the picture {avatar}");
            lab.check("SESS-CREATE-GROUP", same, expected, session.to_string())?;
            let expected = format!("its secureType is {secure}, as was said");
            lab.check("SESS-SECURE-TYPES", session["secureType"] == *secure, expected, session.to_string())?;
        }
    }
    Ok(())
}

async fn groups_of_one_name(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let asked = (0..4).map(|_| create(lab, &ann, "team", "public", "").send());
    let mut ids = Vec::new();
    for answer in try_join_all(asked).await? {
        ids.push(id(&answer.done(lab, "SESS-CREATE-GROUP")?.json)?);
    }
    ids.sort_unstable();
    let differ = ids.windows(2).all(|two| two[0] != two[1]);
    lab.check("SESS-CREATE-GROUP", differ, "4 groups created at once are 4 groups", as_json(&ids))
}

async fn creator_fills(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.empty_group(&ann, "team").await?;
    for role in ["master", "user"] {
        let asked = lab.add_member(&bob, &group, &bob, role).send().await?;
        asked.refused(lab, "SESS-CREATE-FIRST-MEMBER", &[403])?;
        let asked = lab.add_member(&bob, &group, &ann, role).send().await?;
        asked.refused(lab, "SESS-CREATE-FIRST-MEMBER", &[403])?;
    }
    let members = lab.members(&ann, &group).await?;
    lab.check("API-NO-EFFECT", members.is_empty(), "the group has no members still", as_json(&members))?;
    lab.add_member(&ann, &group, &ann, "master").send().await?.done(lab, "SESS-CREATE-FIRST-MEMBER")?;
    lab.add_member(&ann, &group, &bob, "user").send().await?.done(lab, "SESS-CREATE-FIRST-MEMBER")?;
    Ok(())
}

async fn what_is_given_changes(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    for (field, value) in [
        ("name", "another name"),
        ("secureType", "private"),
        ("avatarUrl", "attachments/2/content"),
        ("description", "what it is for"),
        ("nameChanged", "true"),
    ] {
        let before = lab.session(&ann, &group).await?;
        lab.change_session(&ann, &group, &[(field, value)]).send().await?.done(lab, "SESS-UPDATE")?;
        let after = lab.session(&ann, &group).await?;
        let changed = after[field] == *value || (field == "nameChanged" && after[field] == true);
        lab.check("SESS-UPDATE", changed, format!("`{field}` is {value} then"), after.to_string())?;
        // A name given alone may set `nameChanged` (`SESS-NAME-CHOSEN`), and each change may be stamped.
        let others = FIELDS.iter().filter(|other| ![field, "nameChanged", "updatedAt"].contains(other));
        let lost = others.into_iter().find(|other| after[**other] != before[**other]);
        let expected = format!("what was not given stays: {before}");
        lab.check("SESS-UPDATE", lost.is_none(), expected, format!("`{}` of {after}", lost.unwrap_or(&"")))?;
    }
    Ok(())
}

async fn answer_to_a_change(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    let changes = [("name", "another name"), ("description", "what it is for")];
    let answer = lab.change_session(&ann, &group, &changes).send().await?.done(lab, "SESS-UPDATE")?;
    let session = lab.session(&ann, &group).await?;
    let differs = FIELDS.iter().find(|field| answer.json[**field] != session[**field]);
    let expected = format!("the answer is the session as it is: {session}");
    lab.check(
        "SESS-UPDATE",
        differs.is_none(),
        expected,
        format!("`{}` differs: {}", differs.unwrap_or(&""), answer.said()),
    )
}

async fn any_member_changes(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    for by in [&ann, &bob, &cat] {
        let name = format!("named by {}", by.name);
        let answer = lab.change_session(by, &group, &[("name", &name)]).send().await?;
        answer.done(lab, "SESS-UPDATE-RIGHT")?;
        let session = lab.session(&ann, &group).await?;
        lab.check(
            "SESS-UPDATE-RIGHT",
            session["name"] == *name,
            format!("it is {name} then"),
            session.to_string(),
        )?;
    }
    Ok(())
}

async fn nobody_else_changes(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.put_out(&ann, &group, &bob).await?;
    let p2p = lab.p2p(&ann, &bob).await?;
    for (by, session) in [(&bob, &group), (&eve, &group), (&eve, &p2p)] {
        let before = lab.session(&ann, session).await?;
        let asked =
            lab.change_session(by, session, &[("name", "mine"), ("description", "mine")]).send().await?;
        asked.refused(lab, "SESS-UPDATE-RIGHT", &[403])?;
        let after = lab.session(&ann, session).await?;
        lab.unchanged("API-NO-EFFECT", "the session is", &before, &after)?;
    }
    lab.change_session(&ann, &group, &[("name", "ours")]).send().await?.done(lab, "SESS-UPDATE-RIGHT")?;
    Ok(())
}

async fn creator_changes_empty(lab: &Lab) -> Result<(), Stop> {
    let (ann, eve) = (lab.person("ann").await?, lab.person("eve").await?);
    let group = lab.empty_group(&ann, "team").await?;
    let asked = lab.change_session(&eve, &group, &[("name", "mine")]).send().await?;
    asked.refused(lab, "SESS-UPDATE-RIGHT", &[403])?;
    let asked = lab.change_session(&ann, &group, &[("description", "ours")]).send().await?;
    let changed = asked.done(lab, "SESS-UPDATE-RIGHT")?;
    let kept = changed.json["name"] == "team" && changed.json["description"] == "ours";
    lab.check("API-NO-EFFECT", kept, "it has the creator's name and description", changed.said())
}

async fn not_there(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    let nothing = format!("{group}404404404");
    lab.ask(Method::GET, fill(path::SESSION, &[&nothing])).by(&ann).send().await?.refused(
        lab,
        "API-NOT-FOUND",
        &[404],
    )?;
    let p2p = fill(path::P2P_SESSION, &[&ann.uid, &format!("{}404404404", ann.uid)]);
    lab.ask(Method::GET, p2p).by(&ann).send().await?.refused(lab, "API-NOT-FOUND", &[404])?;
    let asked = lab.change_session(&ann, &nothing, &[("name", "mine")]).send().await?;
    asked.refused(lab, "API-NOT-FOUND", &[404])?;
    let list = lab.ask(Method::GET, fill(path::MEMBERS, &[&nothing])).by(&ann).send().await?;
    list.refused(lab, "API-NOT-FOUND", &[404])?;
    let list = lab.ask(Method::GET, fill(path::MESSAGES, &[&nothing])).by(&ann).send().await?;
    list.refused(lab, "API-NOT-FOUND", &[404])?;
    let said = lab.store(&ann, &nothing, "text", "{}").send().await?;
    said.refused(lab, "API-NOT-FOUND", &[404])?;
    let back = lab.history(&ann, &nothing, super::super::views::top(), 2).send().await?;
    back.refused(lab, "API-NOT-FOUND", &[404])?;
    let found = lab.ask(Method::GET, fill(path::SESSION, &[&group])).by(&ann).send().await?;
    found.done(lab, "SESS-GET")?;
    Ok(())
}
