//! Lists: their form, `limit`, `offset`, and how many there are. Part 1.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::refusals::is_shaped;

pub(super) const CASES: &[Case] = &[
    Case::new("lists.contacts-say-how-many-there-are", &["API-LIST", "API-LIST-LIMIT"], |lab| {
        Box::pin(total_of_contacts(lab))
    }),
    Case::new("lists.favourites-say-how-many-there-are", &["API-LIST", "API-LIST-LIMIT"], |lab| {
        Box::pin(total_of_favourites(lab))
    }),
    Case::new("lists.contacts-have-a-limit", &["API-LIST-LIMIT", "API-LIST"], |lab| {
        Box::pin(limit_of_contacts(lab))
    }),
    Case::new("lists.favourites-have-a-limit", &["API-LIST-LIMIT", "API-LIST"], |lab| {
        Box::pin(limit_of_favourites(lab))
    }),
    Case::new("lists.contacts-begin-at-an-offset", &["API-LIST-OFFSET", "API-LIST"], |lab| {
        Box::pin(offset_of_contacts(lab))
    }),
    Case::new("lists.favourites-begin-at-an-offset", &["API-LIST-OFFSET", "API-LIST"], |lab| {
        Box::pin(offset_of_favourites(lab))
    }),
    Case::new(
        "lists.pages-of-contacts-make-the-whole",
        &["API-LIST-OFFSET", "API-LIST-LIMIT", "API-LIST"],
        |lab| Box::pin(pages_of_contacts(lab)),
    ),
    Case::new(
        "lists.pages-of-favourites-make-the-whole",
        &["API-LIST-OFFSET", "API-LIST-LIMIT", "API-LIST"],
        |lab| Box::pin(pages_of_favourites(lab)),
    ),
    Case::new("lists.a-hundred-where-nothing-is-said", &["API-LIST-LIMIT", "API-LIST"], |lab| {
        Box::pin(a_hundred(lab))
    }),
    Case::new(
        "lists.a-limit-that-is-no-number",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-LIST"],
        |lab| Box::pin(bad_limit(lab)),
    ),
    Case::new(
        "lists.an-offset-that-is-no-number",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-LIST"],
        |lab| Box::pin(bad_offset(lab)),
    ),
    Case::new("lists.tombstones-count", &["API-LIST", "SYNC-TOMBSTONE"], |lab| {
        Box::pin(tombstones_count(lab))
    }),
    Case::new("lists.what-is-older-does-not-count", &["API-LIST", "SYNC-SINCE"], |lab| {
        Box::pin(since_counts(lab))
    }),
];

/// Entries in a test list.
const COUNT: usize = 4;

/// A user with so many contacts, and the list.
async fn contacts(lab: &Lab) -> Result<(Person, String), Stop> {
    let ann = lab.person("ann").await?;
    for name in ["bob", "eve", "joe", "kim"] {
        let other = lab.person(name).await?;
        lab.befriend(&ann, &other, name).await?;
    }
    let list = fill(path::CONTACTS, &[&ann.uid]);
    Ok((ann, list))
}

async fn favourites(lab: &Lab) -> Result<(Person, String), Stop> {
    let ann = lab.person("ann").await?;
    for name in ["one", "two", "three", "four"] {
        let group = lab.group(&ann, &[]).await?;
        lab.favour(&ann, &group, name).await?;
    }
    let list = fill(path::USER_SESSIONS, &[&ann.uid]);
    Ok((ann, list))
}

type Whose = (Person, String);

async fn page(lab: &Lab, (person, list): &Whose, query: &str) -> Result<Answer, Stop> {
    let answer =
        lab.ask(Method::GET, format!("{list}{query}")).by(person).send().await?.done(lab, "API-LIST")?;
    let is_list = answer.json["entries"].is_array() && answer.json["total_count"].is_u64();
    lab.check(
        "API-LIST",
        is_list,
        "the answer has `total_count`, a number, and `entries`, an array",
        answer.said(),
    )?;
    Ok(answer)
}

fn ids(answer: &Answer) -> Vec<Value> {
    answer.entries().iter().map(|entry| entry["id"].clone()).collect()
}

async fn whole(lab: &Lab, whose: &Whose) -> Result<Vec<Value>, Stop> {
    let answer = page(lab, whose, "?limit=1000").await?;
    let all = ids(&answer);
    lab.check("API-LIST", all.len() == COUNT, format!("there are {COUNT} entries"), answer.said())?;
    Ok(all)
}

async fn total(lab: &Lab, whose: &Whose) -> Result<(), Stop> {
    whole(lab, whose).await?;
    for (query, most) in [("?limit=1000", COUNT), ("?limit=1", 1), ("?limit=3", 3), ("", COUNT)] {
        let answer = page(lab, whose, query).await?;
        let right = answer.json["total_count"] == COUNT;
        lab.check("API-LIST", right, format!("`total_count` is {COUNT}, whatever the page"), answer.said())?;
        let count = answer.entries().len() <= most;
        lab.check("API-LIST-LIMIT", count, format!("{query} gives at most {most} entries"), answer.said())?;
    }
    Ok(())
}

async fn limit(lab: &Lab, whose: &Whose) -> Result<(), Stop> {
    let all = whole(lab, whose).await?;
    for limit in [1, 2, 3, COUNT, COUNT + 1, 1_000, 5_000] {
        let answer = page(lab, whose, &format!("?limit={limit}")).await?;
        let expected = &all[..limit.min(COUNT)];
        let right = ids(&answer) == expected;
        lab.check(
            "API-LIST-LIMIT",
            right,
            format!("limit={limit} gives {}", as_json(&expected)),
            answer.said(),
        )?;
    }
    let none = page(lab, whose, "?limit=0").await?;
    lab.check("API-LIST-LIMIT", none.entries().is_empty(), "limit=0 gives no entries", none.said())
}

async fn offset(lab: &Lab, whose: &Whose) -> Result<(), Stop> {
    let all = whole(lab, whose).await?;
    for offset in [0, 1, 3, COUNT, COUNT + 1, 1_000_000] {
        let answer = page(lab, whose, &format!("?offset={offset}")).await?;
        let expected = &all[offset.min(COUNT)..];
        let right = ids(&answer) == expected;
        lab.check(
            "API-LIST-OFFSET",
            right,
            format!("offset={offset} gives {}", as_json(&expected)),
            answer.said(),
        )?;
    }
    Ok(())
}

async fn pages(lab: &Lab, whose: &Whose) -> Result<(), Stop> {
    let all = whole(lab, whose).await?;
    for limit in 1..COUNT {
        for offset in (0..COUNT).step_by(limit) {
            let answer = page(lab, whose, &format!("?offset={offset}&limit={limit}")).await?;
            let few = answer.entries().len() <= limit;
            lab.check(
                "API-LIST-LIMIT",
                few,
                format!("limit={limit} gives at most {limit} entries"),
                answer.said(),
            )?;
            let expected = &all[offset..(offset + limit).min(COUNT)];
            let holds = ids(&answer) == expected;
            let expected = format!(
                "offset={offset} with limit={limit} gives {} of {}",
                as_json(&expected),
                as_json(&all)
            );
            lab.check("API-LIST-OFFSET", holds, expected, answer.said())?;
        }
    }
    Ok(())
}

async fn total_of_contacts(lab: &Lab) -> Result<(), Stop> {
    total(lab, &contacts(lab).await?).await
}

async fn total_of_favourites(lab: &Lab) -> Result<(), Stop> {
    total(lab, &favourites(lab).await?).await
}

async fn limit_of_contacts(lab: &Lab) -> Result<(), Stop> {
    limit(lab, &contacts(lab).await?).await
}

async fn limit_of_favourites(lab: &Lab) -> Result<(), Stop> {
    limit(lab, &favourites(lab).await?).await
}

async fn offset_of_contacts(lab: &Lab) -> Result<(), Stop> {
    offset(lab, &contacts(lab).await?).await
}

async fn offset_of_favourites(lab: &Lab) -> Result<(), Stop> {
    offset(lab, &favourites(lab).await?).await
}

async fn pages_of_contacts(lab: &Lab) -> Result<(), Stop> {
    pages(lab, &contacts(lab).await?).await
}

async fn pages_of_favourites(lab: &Lab) -> Result<(), Stop> {
    pages(lab, &favourites(lab).await?).await
}

async fn a_hundred(lab: &Lab) -> Result<(), Stop> {
    const MESSAGES: usize = 101;
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    let texts: Vec<String> = (0..MESSAGES).map(|n| n.to_string()).collect();
    try_join_all(texts.iter().map(|text| lab.text(&ann, &group, text))).await?;
    let whose = (ann, fill(path::MESSAGES, &[&group]));
    let answer = page(lab, &whose, "").await?;
    let count = answer.entries().len();
    lab.check(
        "API-LIST-LIMIT",
        count == 100,
        "of more than 100 messages 100 are given",
        format!("{count} are"),
    )?;
    let rest = page(lab, &whose, "?limit=1000").await?.entries().len();
    let expected = format!("with limit=1000 all are given, {MESSAGES} or more");
    lab.check("API-LIST-LIMIT", (MESSAGES..=1_000).contains(&rest), expected, format!("{rest} are"))
}

async fn bad(lab: &Lab, name: &str) -> Result<(), Stop> {
    let whose = contacts(lab).await?;
    for value in ["x", "-1", "1.5", "%20"] {
        let ask = lab.ask(Method::GET, format!("{}?{name}={value}", whose.1)).by(&whose.0);
        is_shaped(lab, &ask.send().await?.refused(lab, "API-BAD-REQUEST", &[400])?)?;
    }
    page(lab, &whose, &format!("?{name}=1")).await.map(drop)
}

async fn bad_limit(lab: &Lab) -> Result<(), Stop> {
    bad(lab, "limit").await
}

async fn bad_offset(lab: &Lab) -> Result<(), Stop> {
    bad(lab, "offset").await
}

async fn tombstones_count(lab: &Lab) -> Result<(), Stop> {
    let whose = contacts(lab).await?;
    let all = whole(lab, &whose).await?;
    let one = all[1].as_str().unwrap_or_default();
    let (person, list) = &whose;
    lab.ask(Method::DELETE, format!("{list}/{}", fill("{}", &[one]))).by(person).send().await?.needed()?;
    let answer = page(lab, &whose, "?limit=1000").await?;
    let there = answer.entries().iter().any(|entry| entry["id"] == one && entry["isDelete"] == true);
    lab.check("SYNC-TOMBSTONE", there, format!("the removed entry {one} is in the list"), answer.said())?;
    let right = answer.json["total_count"] == COUNT;
    lab.check("API-LIST", right, format!("`total_count` is {COUNT}, the tombstone counted"), answer.said())
}

async fn since_counts(lab: &Lab) -> Result<(), Stop> {
    let whose = contacts(lab).await?;
    let all = page(lab, &whose, "?limit=1000").await?;
    let (person, list) = &whose;
    for (known, entry) in all.entries().iter().enumerate() {
        let since = super::super::groups::time(entry, "updatedAt").unwrap_or_default();
        let answer =
            lab.ask(Method::GET, list).by(person).since(since).send().await?.done(lab, "API-LIST")?;
        let rest = COUNT - 1 - known;
        let right = answer.entries().len() == rest;
        lab.check("SYNC-SINCE", right, format!("{rest} contacts are later than {since}"), answer.said())?;
        let total = answer.json["total_count"] == rest;
        lab.check("API-LIST", total, format!("`total_count` is {rest}, those that match"), answer.said())?;
    }
    Ok(())
}
