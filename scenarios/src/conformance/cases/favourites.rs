//! Favourite groups. Part 5.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::routes::{Resource, Stock};

pub(super) const CASES: &[Case] = &[
    Case::new("favourites.adding-gives-the-entry", &["FAV-ADD", "FAV-FIELDS"], |lab| {
        Box::pin(add_gives(lab))
    }),
    Case::new("favourites.fields-in-the-list", &["FAV-FIELDS", "FAV-LIST", "FAV-ADD"], |lab| {
        Box::pin(fields_in_list(lab))
    }),
    Case::new("favourites.a-new-list-is-empty", &["FAV-LIST", "API-LIST", "FAV-ADD"], |lab| {
        Box::pin(new_list(lab))
    }),
    Case::new("favourites.a-group-is-there-once", &["FAV-ONE-PER-SESSION", "FAV-ADD"], |lab| {
        Box::pin(once(lab))
    }),
    Case::new(
        "favourites.a-group-is-there-once-of-many-at-once",
        &["FAV-ONE-PER-SESSION", "FAV-ADD"],
        |lab| Box::pin(once_at_once(lab)),
    ),
    Case::new("favourites.several-are-kept-apart", &["FAV-LIST", "FAV-ADD", "FAV-UPDATE"], |lab| {
        Box::pin(several(lab))
    }),
    Case::new(
        "favourites.one-that-returns-has-the-same-entry",
        &["FAV-ONE-PER-SESSION", "FAV-DELETE", "FAV-ADD"],
        |lab| Box::pin(returns(lab)),
    ),
    Case::new("favourites.each-field-is-changed-alone", &["FAV-UPDATE"], |lab| Box::pin(each_field(lab))),
    Case::new("favourites.a-change-is-in-the-list", &["FAV-UPDATE", "FAV-LIST"], |lab| {
        Box::pin(change_in_list(lab))
    }),
    Case::new("favourites.a-change-leaves-the-group", &["FAV-UPDATE", "SESS-GET"], |lab| {
        Box::pin(change_leaves_group(lab))
    }),
    Case::new(
        "favourites.removal-leaves-a-tombstone",
        &["FAV-DELETE", "FAV-LIST", "FAV-FIELDS", "SYNC-TOMBSTONE"],
        |lab| Box::pin(tombstone(lab)),
    ),
    Case::new("favourites.removal-leaves-the-group", &["FAV-DELETE-NOT-MEMBERSHIP", "FAV-DELETE"], |lab| {
        Box::pin(removal_leaves_group(lab))
    }),
    Case::new("favourites.each-member-has-their-own", &["FAV-LIST", "FAV-ADD"], |lab| {
        Box::pin(own_list(lab))
    }),
    Case::new("favourites.strangers-have-no-part-in-them", &["FAV-OWNER", "API-NO-EFFECT"], |lab| {
        Box::pin(strangers(lab))
    }),
    Case::new("favourites.fellow-members-have-no-right-either", &["FAV-OWNER", "FAV-LIST"], |lab| {
        Box::pin(members_have_no_right(lab))
    }),
];

fn list(of: &Person) -> String {
    fill(path::USER_SESSIONS, &[&of.uid])
}

fn adding<'a>(lab: &'a Lab, by: &Person, group: &str, name: &str) -> Ask<'a> {
    let fields = [("sessionId", group), ("name", name), ("avatarUrl", "a.png")];
    lab.ask(Method::POST, list(by)).by(by).form(&fields)
}

impl Lab {
    /// Adds a group to the favourites, for a case that is about something else: the entry. Rule `FAV-ADD`.
    pub(super) async fn favour(&self, by: &Person, group: &str, name: &str) -> Result<Value, Stop> {
        Ok(adding(self, by, group, name).send().await?.needed()?.json)
    }
}

/// Somebody with a group.
async fn ann(lab: &Lab) -> Result<(Person, String), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    Ok((ann, group))
}

fn entry(of: &Person, favourite: &Value) -> Result<String, Stop> {
    Ok(fill(path::USER_SESSION, &[&of.uid, &id(favourite)?]))
}

async fn change(lab: &Lab, by: &Person, favourite: &Value, fields: &[(&str, &str)]) -> Result<Answer, Stop> {
    let ask = lab.ask(Method::PUT, entry(by, favourite)?).by(by).form(fields);
    ask.send().await?.done(lab, "FAV-UPDATE")
}

async fn remove(lab: &Lab, by: &Person, favourite: &Value) -> Result<(), Stop> {
    lab.ask(Method::DELETE, entry(by, favourite)?).by(by).send().await?.done(lab, "FAV-DELETE")?;
    Ok(())
}

/// There is one entry for that group, and it is a favourite or a tombstone.
async fn has_one(
    lab: &Lab,
    rule: &'static str,
    of: &Person,
    group: &str,
    is_delete: bool,
) -> Result<Value, Stop> {
    let mut entries = lab.changes(of, &list(of), 0).await?;
    entries.retain(|entry| entry["sessionId"] == *group);
    let one = entries.len() == 1 && entries[0]["isDelete"] == is_delete;
    let expected = format!("{} has one entry for the group {group}, with `isDelete` {is_delete}", of.name);
    lab.check(rule, one, expected, as_json(&entries))?;
    Ok(entries.remove(0))
}

/// Two answers tell the same of an entry, in all that the rules speak of.
fn is_same(one: &Value, other: &Value) -> bool {
    let fields = ["id", "sessionId", "name", "avatarUrl", "isDelete", "createdAt", "updatedAt"];
    fields.into_iter().all(|name| one[name] == other[name])
}

/// Rule `FAV-FIELDS`.
fn is_favourite(lab: &Lab, favourite: &Value, said: &str) -> Result<(), Stop> {
    for name in ["id", "sessionId", "name", "createdAt", "updatedAt"] {
        let there = favourite[name].as_str().is_some_and(|text| !text.is_empty());
        lab.check("FAV-FIELDS", there, format!("`{name}` is a string and not empty"), said)?;
    }
    lab.check("FAV-FIELDS", favourite["avatarUrl"].is_string(), "`avatarUrl` is a string", said)?;
    lab.check("FAV-FIELDS", favourite["isDelete"].is_boolean(), "`isDelete` is true or false", said)
}

async fn add_gives(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let added = adding(lab, &ann, &group, "hiking").send().await?.done(lab, "FAV-ADD")?;
    let given = added.json["sessionId"] == *group
        && added.json["name"] == "hiking"
        && added.json["avatarUrl"] == "a.png"
        && added.json["isDelete"] == false;
    let expected = format!("the answer is the entry: session {group}, hiking, a.png, not deleted");
    lab.check("FAV-ADD", given, expected, added.said())?;
    is_favourite(lab, &added.json, &added.said())?;
    let known = has_one(lab, "FAV-ADD", &ann, &group, false).await?;
    let expected = format!("the list has the entry as it was answered: {}", added.json);
    lab.check("FAV-ADD", is_same(&known, &added.json), expected, known.to_string())
}

async fn fields_in_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    adding(lab, &ann, &group, "hiking").send().await?.done(lab, "FAV-ADD")?;
    let answer = lab.ask(Method::GET, list(&ann)).by(&ann).send().await?.done(lab, "FAV-LIST")?;
    let [favourite] = answer.entries() else {
        return lab.check("FAV-LIST", false, "the list has one entry", answer.said());
    };
    is_favourite(lab, favourite, &answer.said())
}

async fn new_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let answer = lab.ask(Method::GET, list(&ann)).by(&ann).send().await?.done(lab, "FAV-LIST")?;
    let empty = answer.json["entries"].as_array().is_some_and(Vec::is_empty);
    lab.check("FAV-LIST", empty, "to be in a group makes it no favourite", answer.said())?;
    lab.check("API-LIST", answer.json["total_count"] == 0, "`total_count` is 0", answer.said())?;
    adding(lab, &ann, &group, "hiking").send().await?.done(lab, "FAV-ADD")?;
    has_one(lab, "FAV-LIST", &ann, &group, false).await.map(drop)
}

async fn once(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let first = adding(lab, &ann, &group, "hiking").send().await?.done(lab, "FAV-ADD")?;
    for name in ["hiking", "sailing"] {
        let again = adding(lab, &ann, &group, name).send().await?.done(lab, "FAV-ONE-PER-SESSION")?;
        let same = again.json["id"] == first.json["id"];
        let expected = format!("the group's entry is {} still", first.json["id"]);
        lab.check("FAV-ONE-PER-SESSION", same, expected, again.said())?;
        has_one(lab, "FAV-ONE-PER-SESSION", &ann, &group, false).await?;
    }
    Ok(())
}

async fn once_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let answers = try_join_all((0..6).map(|_| adding(lab, &ann, &group, "hiking").send())).await?;
    let known = has_one(lab, "FAV-ONE-PER-SESSION", &ann, &group, false).await?;
    for answer in answers {
        let answer = answer.done(lab, "FAV-ADD")?;
        let same = answer.json["id"] == known["id"];
        let expected = format!("each answer is the one entry, {}", known["id"]);
        lab.check("FAV-ONE-PER-SESSION", same, expected, answer.said())?;
    }
    Ok(())
}

async fn several(lab: &Lab) -> Result<(), Stop> {
    let (ann, one) = ann(lab).await?;
    let other = lab.group(&ann, &[]).await?;
    let first = adding(lab, &ann, &one, "hiking").send().await?.done(lab, "FAV-ADD")?;
    adding(lab, &ann, &other, "sailing").send().await?.done(lab, "FAV-ADD")?;
    change(lab, &ann, &first.json, &[("name", "climbing")]).await?;
    for (group, name) in [(&one, "climbing"), (&other, "sailing")] {
        let known = has_one(lab, "FAV-LIST", &ann, group, false).await?;
        lab.check(
            "FAV-LIST",
            known["name"] == name,
            format!("the group {group} is {name}"),
            known.to_string(),
        )?;
    }
    Ok(())
}

async fn returns(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let first = adding(lab, &ann, &group, "hiking").send().await?.done(lab, "FAV-ADD")?;
    remove(lab, &ann, &first.json).await?;
    has_one(lab, "FAV-DELETE", &ann, &group, true).await?;
    let again = adding(lab, &ann, &group, "sailing").send().await?.done(lab, "FAV-ONE-PER-SESSION")?;
    let same = again.json["id"] == first.json["id"] && again.json["isDelete"] == false;
    let expected = format!("the entry {} comes back, with `isDelete` false", first.json["id"]);
    lab.check("FAV-ONE-PER-SESSION", same, expected, again.said())?;
    let known = has_one(lab, "FAV-ONE-PER-SESSION", &ann, &group, false).await?;
    lab.check(
        "FAV-ADD",
        known["name"] == "sailing",
        "the entry has the name of the new request",
        known.to_string(),
    )
}

async fn each_field(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let added = lab.favour(&ann, &group, "hiking").await?;
    for (name, avatar, fields) in [
        ("sailing", "a.png", &[("name", "sailing")][..]),
        ("sailing", "b.png", &[("avatarUrl", "b.png")]),
        ("climbing", "c.png", &[("name", "climbing"), ("avatarUrl", "c.png")]),
    ] {
        let answer = change(lab, &ann, &added, fields).await?;
        let known = has_one(lab, "FAV-UPDATE", &ann, &group, false).await?;
        for (json, said) in [(&answer.json, answer.said()), (&known, known.to_string())] {
            let is = json["name"] == name && json["avatarUrl"] == avatar;
            lab.check("FAV-UPDATE", is, format!("after {fields:?} the entry is {name}, {avatar}"), said)?;
        }
    }
    Ok(())
}

async fn change_in_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let added = lab.favour(&ann, &group, "hiking").await?;
    let before = has_one(lab, "FAV-LIST", &ann, &group, false).await?;
    change(lab, &ann, &added, &[("name", "sailing")]).await?;
    let changed = lab.changes(&ann, &list(&ann), time(&before, "updatedAt").unwrap_or_default()).await?;
    let there = changed.len() == 1 && changed[0]["id"] == before["id"] && changed[0]["name"] == "sailing";
    lab.check("FAV-LIST", there, "a sync from before the change brings the entry, sailing", as_json(&changed))
}

async fn change_leaves_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let added = lab.favour(&ann, &group, "hiking").await?;
    let session = || lab.ask(Method::GET, fill(path::SESSION, &[&group])).by(&ann);
    let before = session().send().await?.done(lab, "SESS-GET")?;
    change(lab, &ann, &added, &[("name", "sailing"), ("avatarUrl", "b.png")]).await?;
    let after = session().send().await?.done(lab, "SESS-GET")?;
    let same = before.json["id"].is_string() && before.json == after.json;
    lab.check("FAV-UPDATE", same, format!("the group is as before: {}", before.said()), after.said())
}

async fn tombstone(lab: &Lab) -> Result<(), Stop> {
    let (ann, group) = ann(lab).await?;
    let added = lab.favour(&ann, &group, "hiking").await?;
    let before = has_one(lab, "FAV-LIST", &ann, &group, false).await?;
    remove(lab, &ann, &added).await?;
    let changed = lab.changes(&ann, &list(&ann), time(&before, "updatedAt").unwrap_or_default()).await?;
    let there = changed.len() == 1 && changed[0]["id"] == before["id"] && changed[0]["isDelete"] == true;
    let expected = "a sync from before the removal brings the entry, with `isDelete` true";
    lab.check("SYNC-TOMBSTONE", there, expected, as_json(&changed))?;
    let tombstone = has_one(lab, "FAV-DELETE", &ann, &group, true).await?;
    is_favourite(lab, &tombstone, &tombstone.to_string())
}

async fn removal_leaves_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let added = lab.favour(&bob, &group, "hiking").await?;
    let text = lab.text(&ann, &group, "before").await?;
    let look = async || {
        let session = lab.ask(Method::GET, fill(path::SESSION, &[&group])).by(&bob).send().await?.needed()?;
        let members = lab.changes(&bob, &fill(path::MEMBERS, &[&group]), 0).await?;
        Ok::<_, Stop>((session.json, members))
    };
    let before = look().await?;
    remove(lab, &bob, &added).await?;
    let after = look().await?;
    let same = before == after && before.1.len() == 2;
    let expected = format!("the group and its two members are as before: {}", as_json(&before));
    lab.check("FAV-DELETE-NOT-MEMBERSHIP", same, expected, as_json(&after))?;
    let messages = lab.ask(Method::GET, fill(path::MESSAGES, &[&group])).by(&bob).send().await?;
    let messages = messages.done(lab, "FAV-DELETE-NOT-MEMBERSHIP")?;
    let there = messages.entries().iter().any(|message| message["id"] == text["id"]);
    lab.check("FAV-DELETE-NOT-MEMBERSHIP", there, "the member still gets the messages", messages.said())
}

async fn own_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    adding(lab, &ann, &group, "hiking").send().await?.done(lab, "FAV-ADD")?;
    let of_bob = lab.changes(&bob, &list(&bob), 0).await?;
    lab.check("FAV-LIST", of_bob.is_empty(), "a fellow member's list is empty", as_json(&of_bob))?;
    let own = adding(lab, &bob, &group, "sailing").send().await?.done(lab, "FAV-ADD")?;
    lab.ask(Method::DELETE, entry(&bob, &own.json)?).by(&bob).send().await?.needed()?;
    let known = has_one(lab, "FAV-LIST", &ann, &group, false).await?;
    lab.check("FAV-LIST", known["name"] == "hiking", "one's own entry is as it was", known.to_string())
}

async fn strangers(lab: &Lab) -> Result<(), Stop> {
    let stock = Stock::of(lab, Resource::Favourites, "").await?;
    let before = lab.changes(&stock.ann, &list(&stock.ann), 0).await?;
    let stranger = lab.person("stranger").await?;
    for step in &stock.steps {
        step.ask(lab).by(&stranger).send().await?.refused(lab, "FAV-OWNER", &[403])?;
    }
    let after = lab.changes(&stock.ann, &list(&stock.ann), 0).await?;
    lab.check(
        "API-NO-EFFECT",
        before == after,
        format!("the list is as before: {}", as_json(&before)),
        as_json(&after),
    )?;
    for step in &stock.steps {
        step.ask(lab).by(&stock.ann).send().await?.done(lab, "FAV-OWNER")?;
    }
    Ok(())
}

async fn members_have_no_right(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let added = lab.favour(&ann, &group, "hiking").await?;
    let own = entry(&ann, &added)?;
    for ask in [
        lab.ask(Method::GET, list(&ann)),
        lab.ask(Method::PUT, &own).form(&[("name", "sailing")]),
        lab.ask(Method::DELETE, &own),
    ] {
        ask.by(&bob).send().await?.refused(lab, "FAV-OWNER", &[403])?;
    }
    let known = has_one(lab, "FAV-LIST", &ann, &group, false).await?;
    lab.check("FAV-OWNER", known["name"] == "hiking", "the entry is hiking still", known.to_string())
}
