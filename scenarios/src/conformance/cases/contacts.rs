//! Contacts: both sides of an acquaintance, changes, removal and return. Part 4.

use futures_util::future::{join, try_join_all};
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new("contacts.adding-gives-the-contact", &["CONTACT-ADD", "CONTACT-FIELDS"], |lab| {
        Box::pin(add_gives(lab))
    }),
    Case::new("contacts.fields-in-the-list", &["CONTACT-FIELDS", "CONTACT-LIST", "CONTACT-ADD"], |lab| {
        Box::pin(fields_in_list(lab))
    }),
    Case::new("contacts.a-new-list-is-empty", &["CONTACT-LIST", "API-LIST", "CONTACT-ADD"], |lab| {
        Box::pin(new_list(lab))
    }),
    Case::new("contacts.adding-is-mutual", &["CONTACT-ADD-MUTUAL", "CONTACT-FIELDS", "CONTACT-ADD"], |lab| {
        Box::pin(mutual(lab))
    }),
    Case::new(
        "contacts.adding-leaves-the-other-sides-entry",
        &["CONTACT-ADD-MUTUAL", "CONTACT-ADD", "CONTACT-REVIVE"],
        |lab| Box::pin(mutual_leaves(lab)),
    ),
    Case::new(
        "contacts.adding-brings-the-other-side-back",
        &["CONTACT-ADD-MUTUAL", "CONTACT-REVIVE", "CONTACT-ADD"],
        |lab| Box::pin(mutual_revives(lab)),
    ),
    Case::new("contacts.one-is-added-once", &["CONTACT-ADD-TWICE", "API-NO-EFFECT", "CONTACT-ADD"], |lab| {
        Box::pin(twice(lab))
    }),
    Case::new(
        "contacts.who-was-added-by-another-is-there-already",
        &["CONTACT-ADD-TWICE", "CONTACT-ADD-MUTUAL", "CONTACT-ADD"],
        |lab| Box::pin(twice_from_other_side(lab)),
    ),
    Case::new(
        "contacts.one-is-added-once-of-many-at-once",
        &["CONTACT-ADD-TWICE", "CONTACT-ADD-MUTUAL"],
        |lab| Box::pin(many_at_once(lab)),
    ),
    Case::new(
        "contacts.two-who-add-each-other-at-once",
        &["CONTACT-ADD-TWICE", "CONTACT-ADD-MUTUAL"],
        |lab| Box::pin(each_other_at_once(lab)),
    ),
    Case::new("contacts.several-are-kept-apart", &["CONTACT-ADD", "CONTACT-LIST", "CONTACT-UPDATE"], |lab| {
        Box::pin(several(lab))
    }),
    Case::new(
        "contacts.one-who-returns-has-the-same-entry",
        &["CONTACT-REVIVE", "CONTACT-ADD", "CONTACT-DELETE"],
        |lab| Box::pin(returns(lab)),
    ),
    Case::new("contacts.one-may-come-and-go", &["CONTACT-REVIVE", "CONTACT-DELETE", "CONTACT-ADD"], |lab| {
        Box::pin(comes_and_goes(lab))
    }),
];

pub(super) fn list(of: &Person) -> String {
    fill(path::CONTACTS, &[&of.uid])
}

pub(super) fn adding<'a>(lab: &'a Lab, by: &Person, whom: &Person, name: &str) -> Ask<'a> {
    lab.ask(Method::POST, list(by)).by(by).form(&[("userId", &whom.uid), ("name", name)])
}

impl Lab {
    /// Adds somebody to the contacts, for a case that is about something else: the entry. Rule `CONTACT-ADD`.
    pub(super) async fn befriend(&self, by: &Person, whom: &Person, name: &str) -> Result<Value, Stop> {
        Ok(adding(self, by, whom, name).send().await?.needed()?.json)
    }
}

/// All of somebody's entries for that user, tombstones too.
pub(super) async fn entries(lab: &Lab, of: &Person, user: &Person) -> Result<Vec<Value>, Stop> {
    let entries = lab.changes(of, &list(of), 0).await?;
    Ok(entries.into_iter().filter(|entry| entry["userId"] == *user.uid).collect())
}

pub(super) fn entry(of: &Person, contact: &Value) -> Result<String, Stop> {
    Ok(fill(path::CONTACT, &[&of.uid, &id(contact)?]))
}

pub(super) async fn change(
    lab: &Lab,
    by: &Person,
    contact: &Value,
    fields: &[(&str, &str)],
) -> Result<Answer, Stop> {
    let ask = lab.ask(Method::PUT, entry(by, contact)?).by(by).form(fields);
    ask.send().await?.done(lab, "CONTACT-UPDATE")
}

pub(super) async fn remove(lab: &Lab, by: &Person, contact: &Value, rule: &'static str) -> Result<(), Stop> {
    lab.ask(Method::DELETE, entry(by, contact)?).by(by).send().await?.done(lab, rule)?;
    Ok(())
}

async fn remove_first(lab: &Lab, by: &Person, contact: &Value) -> Result<(), Stop> {
    lab.ask(Method::DELETE, entry(by, contact)?).by(by).send().await?.needed()?;
    Ok(())
}

/// There is one entry for that user, and it is a contact or a tombstone.
pub(super) async fn has_one(
    lab: &Lab,
    rule: &'static str,
    of: &Person,
    user: &Person,
    is_delete: bool,
) -> Result<Value, Stop> {
    let mut entries = entries(lab, of, user).await?;
    let one = entries.len() == 1 && entries[0]["isDelete"] == is_delete;
    let expected = format!("{} has one entry for {}, with `isDelete` {is_delete}", of.name, user.name);
    lab.check(rule, one, expected, as_json(&entries))?;
    Ok(entries.remove(0))
}

/// Two answers tell the same of an entry, in all that the rules speak of.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    let fields = [
        "id",
        "userId",
        "name",
        "pinyin",
        "title",
        "titlePinyin",
        "remark",
        "email",
        "avatarUrl",
        "isDelete",
        "createdAt",
        "updatedAt",
    ];
    fields.into_iter().all(|name| one[name] == other[name])
}

/// Rule `CONTACT-FIELDS`.
pub(super) fn is_contact(lab: &Lab, contact: &Value, said: &str) -> Result<(), Stop> {
    for name in ["id", "userId", "name", "createdAt", "updatedAt"] {
        let there = contact[name].as_str().is_some_and(|text| !text.is_empty());
        lab.check("CONTACT-FIELDS", there, format!("`{name}` is a string and not empty"), said)?;
    }
    for name in ["title", "remark", "email", "avatarUrl"] {
        let fits = contact.get(name).is_some_and(|value| value.is_null() || value.is_string());
        lab.check("CONTACT-FIELDS", fits, format!("`{name}` is there: a string, or null"), said)?;
    }
    for name in ["pinyin", "titlePinyin"] {
        lab.check("CONTACT-FIELDS", contact.get(name).is_some(), format!("`{name}` is there"), said)?;
    }
    let flag = contact["isDelete"].is_boolean();
    lab.check("CONTACT-FIELDS", flag, "`isDelete` is true or false", said)
}

async fn add_gives(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    let right =
        added.json["userId"] == *bob.uid && added.json["name"] == "Robert" && added.json["isDelete"] == false;
    let expected = format!("the answer is the contact: user {}, called Robert, not deleted", bob.uid);
    lab.check("CONTACT-ADD", right, expected, added.said())?;
    is_contact(lab, &added.json, &added.said())?;
    let known = has_one(lab, "CONTACT-ADD", &ann, &bob, false).await?;
    let expected = format!("the list has the entry as it was answered: {}", added.json);
    lab.check("CONTACT-ADD", is_same(&known, &added.json), expected, known.to_string())
}

async fn fields_in_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    let answer = lab.ask(Method::GET, list(&ann)).by(&ann).send().await?.done(lab, "CONTACT-LIST")?;
    let [contact] = answer.entries() else {
        return lab.check("CONTACT-LIST", false, "the list has one contact", answer.said());
    };
    is_contact(lab, contact, &answer.said())?;
    let email = contact["email"] == *bob.account;
    lab.check("CONTACT-FIELDS", email, format!("`email` is {}", bob.account), answer.said())
}

async fn new_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let answer = lab.ask(Method::GET, list(&ann)).by(&ann).send().await?.done(lab, "CONTACT-LIST")?;
    let empty = answer.json["entries"].as_array().is_some_and(Vec::is_empty);
    lab.check("CONTACT-LIST", empty, "a new user has no contacts", answer.said())?;
    lab.check("API-LIST", answer.json["total_count"] == 0, "`total_count` is 0", answer.said())?;
    adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    has_one(lab, "CONTACT-LIST", &ann, &bob, false).await.map(drop)
}

async fn mutual(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    let other = has_one(lab, "CONTACT-ADD-MUTUAL", &bob, &ann, false).await?;
    is_contact(lab, &other, &other.to_string())?;
    let right = other["email"] == *ann.account;
    lab.check("CONTACT-ADD-MUTUAL", right, format!("it is {}", ann.account), other.to_string())?;
    has_one(lab, "CONTACT-ADD", &ann, &bob, false).await.map(drop)
}

async fn mutual_leaves(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let [other] = &entries(lab, &bob, &ann).await?[..] else {
        return Err(Stop::Inconclusive("adding was not mutual".to_owned()));
    };
    let renamed =
        lab.ask(Method::PUT, entry(&bob, other)?).by(&bob).form(&[("name", "Anna"), ("title", "the boss")]);
    renamed.send().await?.needed()?;
    let before = entries(lab, &bob, &ann).await?;
    remove_first(lab, &ann, &added).await?;
    // Bob has Ann still, and not by this.
    adding(lab, &ann, &bob, "Rob").send().await?.done(lab, "CONTACT-REVIVE")?;
    let after = entries(lab, &bob, &ann).await?;
    let expected = format!("the other side's entry is as before: {}", as_json(&before));
    lab.check("CONTACT-ADD-MUTUAL", before == after, expected, as_json(&after))?;
    has_one(lab, "CONTACT-ADD", &ann, &bob, false).await.map(drop)
}

async fn mutual_revives(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let of_ann = lab.befriend(&ann, &bob, "Robert").await?;
    let [of_bob] = &entries(lab, &bob, &ann).await?[..] else {
        return Err(Stop::Inconclusive("adding was not mutual".to_owned()));
    };
    remove_first(lab, &ann, &of_ann).await?;
    remove_first(lab, &bob, of_bob).await?;
    adding(lab, &ann, &bob, "Rob").send().await?.done(lab, "CONTACT-ADD")?;
    let back = has_one(lab, "CONTACT-ADD-MUTUAL", &bob, &ann, false).await?;
    lab.check(
        "CONTACT-REVIVE",
        id(&back)? == id(of_bob)?,
        format!("it is the entry {}", id(of_bob)?),
        back.to_string(),
    )?;
    has_one(lab, "CONTACT-REVIVE", &ann, &bob, false).await.map(drop)
}

async fn twice(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    let before = lab.changes(&ann, &list(&ann), 0).await?;
    adding(lab, &ann, &bob, "Rob").send().await?.refused_somehow(lab, "CONTACT-ADD-TWICE")?;
    adding(lab, &ann, &bob, "Robert").send().await?.refused_somehow(lab, "CONTACT-ADD-TWICE")?;
    let after = lab.changes(&ann, &list(&ann), 0).await?;
    lab.check(
        "API-NO-EFFECT",
        before == after,
        format!("the contacts are as before: {}", as_json(&before)),
        as_json(&after),
    )?;
    // It is the contact, and not that somebody is added.
    adding(lab, &ann, &eve, "Eva").send().await?.done(lab, "CONTACT-ADD")?;
    Ok(())
}

async fn twice_from_other_side(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    has_one(lab, "CONTACT-ADD-MUTUAL", &bob, &ann, false).await?;
    adding(lab, &bob, &ann, "Anna").send().await?.refused_somehow(lab, "CONTACT-ADD-TWICE")?;
    has_one(lab, "CONTACT-ADD-TWICE", &bob, &ann, false).await?;
    adding(lab, &bob, &eve, "Eva").send().await?.done(lab, "CONTACT-ADD")?;
    Ok(())
}

/// Of these one was done, and the others were refused.
fn one_was_done(lab: &Lab, answers: &[Answer], what: &str) -> Result<(), Stop> {
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let done = answers.iter().filter(|answer| answer.is_done()).count();
    let refused = statuses.iter().filter(|status| (400..500).contains(*status)).count();
    let holds = done == 1 && refused == answers.len() - 1;
    let expected = format!("of {what} at once, one is done and the others are refused");
    lab.check("CONTACT-ADD-TWICE", holds, expected, format!("they are answered with {statuses:?}"))
}

async fn many_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let answers = try_join_all((0..6).map(|_| adding(lab, &ann, &bob, "Robert").send())).await?;
    one_was_done(lab, &answers, "six requests to add one user")?;
    has_one(lab, "CONTACT-ADD-TWICE", &ann, &bob, false).await?;
    has_one(lab, "CONTACT-ADD-MUTUAL", &bob, &ann, false).await.map(drop)
}

async fn each_other_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let (one, other) =
        join(adding(lab, &ann, &bob, "Robert").send(), adding(lab, &bob, &ann, "Anna").send()).await;
    one_was_done(lab, &[one?, other?], "two users who add each other")?;
    has_one(lab, "CONTACT-ADD-MUTUAL", &ann, &bob, false).await?;
    has_one(lab, "CONTACT-ADD-MUTUAL", &bob, &ann, false).await.map(drop)
}

async fn several(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    let first = adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    adding(lab, &ann, &eve, "Eva").send().await?.done(lab, "CONTACT-ADD")?;
    change(lab, &ann, &first.json, &[("name", "Rob")]).await?;
    for (whom, name) in [(&bob, "Rob"), (&eve, "Eva")] {
        let known = has_one(lab, "CONTACT-LIST", &ann, whom, false).await?;
        let right = known["name"] == name && known["email"] == *whom.account;
        lab.check("CONTACT-LIST", right, format!("{} is called {name}", whom.account), known.to_string())?;
    }
    Ok(())
}

async fn returns(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let first = adding(lab, &ann, &bob, "Robert").send().await?.done(lab, "CONTACT-ADD")?;
    remove(lab, &ann, &first.json, "CONTACT-DELETE").await?;
    has_one(lab, "CONTACT-DELETE", &ann, &bob, true).await?;
    let again = adding(lab, &ann, &bob, "Rob").send().await?.done(lab, "CONTACT-REVIVE")?;
    let same = again.json["id"] == first.json["id"] && again.json["isDelete"] == false;
    let expected = format!("the entry {} comes back, with `isDelete` false", first.json["id"]);
    lab.check("CONTACT-REVIVE", same, expected, again.said())?;
    let known = has_one(lab, "CONTACT-REVIVE", &ann, &bob, false).await?;
    lab.check(
        "CONTACT-ADD",
        known["name"] == "Rob",
        "the entry has the name of the new request",
        known.to_string(),
    )
}

async fn comes_and_goes(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    for name in ["one", "two", "three"] {
        let added = adding(lab, &ann, &bob, name).send().await?.done(lab, "CONTACT-ADD")?;
        has_one(lab, "CONTACT-REVIVE", &ann, &bob, false).await?;
        remove(lab, &ann, &added.json, "CONTACT-DELETE").await?;
        has_one(lab, "CONTACT-DELETE", &ann, &bob, true).await?;
    }
    Ok(())
}
