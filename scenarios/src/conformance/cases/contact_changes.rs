//! Contacts: changes, removal, and who has a part in them. Part 4.

use http::Method;

use super::super::case::Case;
use super::super::groups::time;
use super::super::lab::Lab;
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::contacts::{change, entries, entry, has_one, is_contact, is_same, list, remove};
use super::routes::{Resource, Stock};

pub(super) const CASES: &[Case] = &[
    Case::new("contacts.each-field-is-changed-alone", &["CONTACT-UPDATE"], |lab| Box::pin(each_field(lab))),
    Case::new("contacts.a-change-of-user-is-no-change", &["CONTACT-UPDATE"], |lab| Box::pin(user_stays(lab))),
    Case::new("contacts.a-change-is-in-the-list", &["CONTACT-UPDATE", "CONTACT-LIST"], |lab| {
        Box::pin(change_in_list(lab))
    }),
    Case::new(
        "contacts.an-answer-to-a-change-has-the-new-stamp",
        &["CONTACT-UPDATE", "SYNC-STAMP-STRICT"],
        |lab| Box::pin(change_stamped(lab)),
    ),
    Case::new("contacts.a-change-is-on-one-side", &["CONTACT-UPDATE", "CONTACT-LIST"], |lab| {
        Box::pin(change_on_one_side(lab))
    }),
    Case::new(
        "contacts.removal-leaves-a-tombstone",
        &["CONTACT-DELETE", "CONTACT-LIST", "CONTACT-FIELDS", "SYNC-TOMBSTONE"],
        |lab| Box::pin(tombstone(lab)),
    ),
    Case::new("contacts.removal-is-on-one-side", &["CONTACT-DELETE-OWN-SIDE", "CONTACT-DELETE"], |lab| {
        Box::pin(removed_on_one_side(lab))
    }),
    Case::new("contacts.each-sees-their-own", &["CONTACT-LIST", "CONTACT-OWNER"], |lab| {
        Box::pin(own_list(lab))
    }),
    Case::new("contacts.strangers-have-no-part-in-them", &["CONTACT-OWNER", "API-NO-EFFECT"], |lab| {
        Box::pin(strangers(lab))
    }),
    Case::new("contacts.a-contact-has-no-right-either", &["CONTACT-OWNER", "CONTACT-LIST"], |lab| {
        Box::pin(contact_has_no_right(lab))
    }),
];

const FIELDS: [&str; 4] = ["name", "title", "remark", "avatarUrl"];

async fn each_field(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let mut expected = vec![("name", "Robert".to_owned())];
    for name in FIELDS {
        let value = format!("new {name}");
        let answer = change(lab, &ann, &added, &[(name, &value)]).await?;
        expected.retain(|(known, _)| *known != name);
        expected.push((name, value));
        for (name, value) in &expected {
            let is = answer.json[*name] == **value;
            lab.check("CONTACT-UPDATE", is, format!("`{name}` is {value:?}"), answer.said())?;
        }
    }
    Ok(())
}

async fn user_stays(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    for user in [&bob, &eve] {
        change(lab, &ann, &added, &[("userId", &user.uid), ("name", "Rob")]).await?;
        let known = has_one(lab, "CONTACT-UPDATE", &ann, &bob, false).await?;
        let right = known["name"] == "Rob" && known["id"] == added["id"];
        lab.check(
            "CONTACT-UPDATE",
            right,
            "the entry is the same user's, and called Rob",
            known.to_string(),
        )?;
    }
    let others = entries(lab, &ann, &eve).await?;
    lab.check("CONTACT-UPDATE", others.is_empty(), "the user of the request is no contact", as_json(&others))
}

async fn change_in_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let watermark =
        time(&has_one(lab, "CONTACT-LIST", &ann, &bob, false).await?, "updatedAt").unwrap_or_default();
    let values = FIELDS.map(|name| (name, format!("new {name}")));
    let fields: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, &**value)).collect();
    change(lab, &ann, &added, &fields).await?;
    let changed = lab.changes(&ann, &list(&ann), watermark).await?;
    let [contact] = &changed[..] else {
        let expected = "a sync from before the change brings the contact";
        return lab.check("CONTACT-LIST", false, expected, as_json(&changed));
    };
    for (name, value) in fields {
        let is = contact[name] == value;
        lab.check("CONTACT-UPDATE", is, format!("`{name}` is {value:?} in the list"), contact.to_string())?;
    }
    Ok(())
}

async fn change_stamped(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let answer = change(lab, &ann, &added, &[("name", "Rob")]).await?;
    let known = has_one(lab, "CONTACT-UPDATE", &ann, &bob, false).await?;
    let expected = format!("the answer is the contact as it is in the list: {known}");
    lab.check("CONTACT-UPDATE", is_same(&answer.json, &known), expected, answer.said())?;
    let moved = time(&answer.json, "updatedAt") > time(&added, "updatedAt");
    let expected = format!("`updatedAt` is later than {}", added["updatedAt"]);
    lab.check("SYNC-STAMP-STRICT", moved, expected, answer.said())
}

async fn change_on_one_side(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let before = entries(lab, &bob, &ann).await?;
    let changed =
        change(lab, &ann, &added, &[("name", "Rob"), ("title", "the boss"), ("remark", "tall")]).await?;
    lab.check("CONTACT-UPDATE", changed.json["title"] == "the boss", "`title` is the boss", changed.said())?;
    let after = entries(lab, &bob, &ann).await?;
    let expected = format!("the other's list is as before: {}", as_json(&before));
    lab.check("CONTACT-LIST", before == after && before.len() == 1, expected, as_json(&after))
}

async fn tombstone(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let before = has_one(lab, "CONTACT-LIST", &ann, &bob, false).await?;
    remove(lab, &ann, &added, "CONTACT-DELETE").await?;
    let since = time(&before, "updatedAt").unwrap_or_default();
    let changed = lab.changes(&ann, &list(&ann), since).await?;
    let there = changed.len() == 1 && changed[0]["id"] == before["id"] && changed[0]["isDelete"] == true;
    let expected = "a sync from before the removal brings the entry, with `isDelete` true";
    lab.check("SYNC-TOMBSTONE", there, expected, as_json(&changed))?;
    let tombstone = has_one(lab, "CONTACT-DELETE", &ann, &bob, true).await?;
    is_contact(lab, &tombstone, &tombstone.to_string())
}

async fn removed_on_one_side(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let before = entries(lab, &bob, &ann).await?;
    remove(lab, &ann, &added, "CONTACT-DELETE").await?;
    has_one(lab, "CONTACT-DELETE", &ann, &bob, true).await?;
    let after = entries(lab, &bob, &ann).await?;
    let stays = before.len() == 1 && before == after;
    let expected = format!("the other's list is as before: {}", as_json(&before));
    lab.check("CONTACT-DELETE-OWN-SIDE", stays, expected, as_json(&after))
}

async fn own_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, eve) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("eve").await?);
    lab.befriend(&ann, &bob, "Robert").await?;
    let of_eve = lab.changes(&eve, &list(&eve), 0).await?;
    lab.check(
        "CONTACT-LIST",
        of_eve.is_empty(),
        "who has nothing to do with it has no contacts",
        as_json(&of_eve),
    )?;
    let other = lab.ask(Method::GET, list(&ann)).by(&eve).send().await?;
    other.refused(lab, "CONTACT-OWNER", &[403])?;
    has_one(lab, "CONTACT-LIST", &ann, &bob, false).await.map(drop)
}

async fn strangers(lab: &Lab) -> Result<(), Stop> {
    let stock = Stock::of(lab, Resource::Contacts, "").await?;
    let before = lab.changes(&stock.ann, &list(&stock.ann), 0).await?;
    let stranger = lab.person("stranger").await?;
    for step in &stock.steps {
        step.ask(lab).by(&stranger).send().await?.refused(lab, "CONTACT-OWNER", &[403])?;
    }
    let after = lab.changes(&stock.ann, &list(&stock.ann), 0).await?;
    lab.check(
        "API-NO-EFFECT",
        before == after,
        format!("the contacts are as before: {}", as_json(&before)),
        as_json(&after),
    )?;
    for step in &stock.steps {
        step.ask(lab).by(&stock.ann).send().await?.done(lab, "CONTACT-OWNER")?;
    }
    Ok(())
}

async fn contact_has_no_right(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let added = lab.befriend(&ann, &bob, "Robert").await?;
    let own = entry(&ann, &added)?;
    for ask in [
        lab.ask(Method::GET, list(&ann)),
        lab.ask(Method::PUT, &own).form(&[("name", "Mallory")]),
        lab.ask(Method::DELETE, &own),
    ] {
        ask.by(&bob).send().await?.refused(lab, "CONTACT-OWNER", &[403])?;
    }
    let known = has_one(lab, "CONTACT-LIST", &ann, &bob, false).await?;
    lab.check(
        "CONTACT-OWNER",
        known["name"] == "Robert",
        "the contact is called Robert still",
        known.to_string(),
    )
}
