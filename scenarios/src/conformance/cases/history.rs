//! History: reading back, page by page, as far as one may. Part 10.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::{as_json, top};

pub(super) const CASES: &[Case] = &[
    Case::new("history.it-is-an-array", &["HIST-ARRAY", "MSG-FIELDS"], |lab| Box::pin(array(lab))),
    Case::new("history.the-newest-comes-first", &["HIST-ORDER"], |lab| Box::pin(newest_first(lab))),
    Case::new("history.an-edit-leaves-a-message-in-its-place", &["HIST-ORDER"], |lab| {
        Box::pin(edited_in_place(lab))
    }),
    Case::new("history.the-message-at-the-boundary-is-given", &["HIST-BOUNDARY"], |lab| {
        Box::pin(boundary(lab))
    }),
    Case::new("history.a-page-is-full-while-there-are-more", &["HIST-PAGE"], |lab| Box::pin(pages(lab))),
    Case::new("history.a-page-at-a-boundary-is-full", &["HIST-PAGE", "HIST-BOUNDARY"], |lab| {
        Box::pin(pages_at_a_boundary(lab))
    }),
    Case::new("history.it-is-walked-to-its-beginning", &["HIST-BOUNDARY", "HIST-ORDER"], |lab| {
        Box::pin(walked(lab))
    }),
    Case::new(
        "history.of-many-at-once-is-walked-to-its-beginning",
        &["HIST-BOUNDARY", "HIST-ORDER"],
        |lab| Box::pin(walked_after_many(lab)),
    ),
    Case::new("history.edits-do-not-disturb-a-walk", &["HIST-BOUNDARY", "HIST-ORDER"], |lab| {
        Box::pin(walked_after_edits(lab))
    }),
    Case::new("history.before-the-first-message-there-is-nothing", &["HIST-BOUNDARY", "HIST-ARRAY"], |lab| {
        Box::pin(before_the_first(lab))
    }),
    Case::new("history.who-was-removed-reads-up-to-then", &["HIST-REMOVED"], |lab| Box::pin(removed(lab))),
    Case::new("history.who-left-reads-up-to-then", &["HIST-REMOVED"], |lab| Box::pin(left(lab))),
    Case::new("history.who-was-removed-reads-what-was-said-as-it-was", &["HIST-REMOVED"], |lab| {
        Box::pin(as_it_was(lab))
    }),
    Case::new("history.who-was-removed-walks-page-by-page", &["HIST-REMOVED", "HIST-ORDER"], |lab| {
        Box::pin(removed_walks(lab))
    }),
    Case::new("history.a-boundary-is-a-date-too", &["SYNC-HEADER-DATE", "HIST-BOUNDARY"], |lab| {
        Box::pin(boundary_by_date(lab))
    }),
    Case::new("history.a-boundary-that-is-none", &["SYNC-HEADER-BAD", "SYNC-HEADER"], |lab| {
        Box::pin(boundary_that_is_none(lab))
    }),
    Case::new("history.outsiders-read-none", &["HIST-OUTSIDER"], |lab| Box::pin(outsiders(lab))),
];

/// Ann and bob, their p2p session, and so many messages in it, as they were answered.
async fn talked(lab: &Lab, count: usize) -> Result<(Person, Person, String, Vec<Value>), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    let mut said = Vec::with_capacity(count);
    for n in 0..count {
        let by = if n % 2 == 0 { &ann } else { &bob };
        said.push(lab.text(by, &session, &format!("number {n}")).await?);
    }
    // The server's own times are those of its lists.
    let synced = lab.messages(&bob, &session).await?;
    for message in &mut said {
        let known = synced.iter().find(|known| known["id"] == message["id"]).cloned();
        *message = known.ok_or_else(|| Stop::Inconclusive(format!("no sync gives {message}")))?;
    }
    Ok((ann, bob, session, said))
}

/// When a message was created.
fn created(message: &Value) -> Result<i64, Stop> {
    let without = || Stop::Inconclusive(format!("a message without `createdAt`: {message}"));
    time(message, "createdAt").ok_or_else(without)
}

/// The messages of an answer; where it is no array, nothing can be said.
fn messages(answer: Answer) -> Result<Vec<Value>, Stop> {
    let answer = answer.needed()?;
    let none = || Stop::Inconclusive(format!("history is no array: {}", answer.said()));
    answer.json.as_array().cloned().ok_or_else(none)
}

async fn back(lab: &Lab, by: &Person, session: &str, until: i64, limit: usize) -> Result<Vec<Value>, Stop> {
    messages(lab.history(by, session, until, limit).send().await?)
}

fn ids(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["id"].as_str().unwrap_or("?")).collect()
}

async fn array(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = talked(lab, 2).await?;
    let answer = lab.history(&ann, &session, top(), 10).send().await?.done(lab, "HIST-ARRAY")?;
    let array = answer.json.as_array();
    lab.check("HIST-ARRAY", array.is_some(), "an array of messages, and no object around it", answer.said())?;
    for one in &said {
        let given = array.and_then(|array| array.iter().find(|message| message["id"] == one["id"]));
        let expected = format!("the message {one} is in it");
        lab.check("HIST-ARRAY", given == Some(one), expected, answer.said())?;
        let fields = ["id", "sender", "type", "content", "isDelete", "createdAt", "updatedAt"];
        lab.has_fields("MSG-FIELDS", "a message", given.unwrap_or(&Value::Null), &fields)?;
    }
    Ok(())
}

async fn newest_first(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = talked(lab, 4).await?;
    for by in [&ann, &bob] {
        let given = back(lab, by, &session, top(), 100).await?;
        let newest: Vec<&str> = ids(&said).into_iter().rev().collect();
        let expected = format!("{} is given first what was said last: {newest:?}", by.name);
        let first = given.len() >= said.len() && ids(&given)[..said.len()] == newest;
        lab.check("HIST-ORDER", first, expected, as_json(&ids(&given)))?;
        let mut times = Vec::new();
        for message in &given {
            times.push(created(message)?);
        }
        let falls = times.windows(2).all(|two| two[0] >= two[1]);
        lab.check("HIST-ORDER", falls, "each was created before the one above it", as_json(&times))?;
    }
    Ok(())
}

async fn edited_in_place(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = talked(lab, 3).await?;
    let before = back(lab, &bob, &session, top(), 100).await?;
    lab.edit(&ann, &session, &said[0], &[("content", r#"{"text":"edited"}"#)])?.send().await?.needed()?;
    let after = back(lab, &bob, &session, top(), 100).await?;
    let expected = format!("the edited message {} stays in its place: {:?}", said[0]["id"], ids(&before));
    lab.check("HIST-ORDER", ids(&after) == ids(&before), expected, as_json(&ids(&after)))
}

async fn boundary(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = talked(lab, 4).await?;
    for at in 1..3 {
        let time = created(&said[at])?;
        let upto = back(lab, &ann, &session, time, 100).await?;
        let is_first = upto.first().is_some_and(|message| message["id"] == said[at]["id"]);
        let expected = format!("history until {time} begins with {}, which was created then", said[at]["id"]);
        lab.check("HIST-BOUNDARY", is_first, expected, as_json(&ids(&upto)))?;
        let before = back(lab, &ann, &session, time - 1, 100).await?;
        let expected =
            format!("history until {} begins with {}, the one before", time - 1, said[at - 1]["id"]);
        let is_first = before.first().is_some_and(|message| message["id"] == said[at - 1]["id"]);
        lab.check("HIST-BOUNDARY", is_first, expected, as_json(&ids(&before)))?;
    }
    Ok(())
}

async fn pages(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = talked(lab, 4).await?;
    let newest: Vec<&str> = ids(&said).into_iter().rev().collect();
    for limit in 1..=4 {
        let page = back(lab, &ann, &session, top(), limit).await?;
        let expected = format!("a page of {limit}, the newest: {:?}", &newest[..limit]);
        lab.check("HIST-PAGE", ids(&page) == newest[..limit], expected, as_json(&ids(&page)))?;
    }
    let all = back(lab, &ann, &session, top(), 100).await?;
    let expected = "a page of 100 holds all that there is";
    let fits = all.len() >= said.len() && all.len() < 100;
    lab.check("HIST-PAGE", fits, expected, format!("{} messages", all.len()))
}

async fn pages_at_a_boundary(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = talked(lab, 5).await?;
    let newest: Vec<&str> = ids(&said).into_iter().rev().collect();
    for at in 0..3 {
        let time = created(&said[4 - at])?;
        for limit in 1..=2 {
            let page = back(lab, &ann, &session, time, limit).await?;
            let rest = &newest[at..at + limit];
            let expected = format!("until {time} a page of {limit}: {rest:?}");
            let has_it = page.first().is_some_and(|message| message["id"] == *newest[at]);
            lab.check("HIST-BOUNDARY", has_it, &*expected, as_json(&ids(&page)))?;
            lab.check("HIST-PAGE", ids(&page) == rest, expected, as_json(&ids(&page)))?;
        }
    }
    Ok(())
}

/// Walks back as a client does, from the time of the earliest message that it holds: the ids, in the order in which they
/// came first. Rules `CLIENT-HISTORY-TOP`, `CLIENT-HISTORY-END`.
async fn walk(lab: &Lab, by: &Person, session: &str, limit: usize) -> Result<Vec<String>, Stop> {
    const PAGES_MAX: usize = 50;
    let (mut seen, mut order, mut until) = (BTreeSet::new(), Vec::new(), top());
    for _ in 0..PAGES_MAX {
        let page = back(lab, by, session, until, limit).await?;
        for message in &page {
            until = until.min(created(message)?);
            let id = id(message)?;
            if seen.insert(id.clone()) {
                order.push(id);
            }
        }
        if page.len() < limit {
            return Ok(order);
        }
    }
    Err(Stop::Inconclusive(format!("there is no end of the history after {PAGES_MAX} pages")))
}

/// Checks that a walk with pages of each size sees everything that was said, the newest first.
async fn walks(lab: &Lab, by: &Person, session: &str, newest_first: &[&str]) -> Result<(), Stop> {
    for limit in [2, 3, 4] {
        let seen = walk(lab, by, session, limit).await?;
        let missing = newest_first.iter().find(|id| !seen.iter().any(|known| known == *id));
        let expected = format!("who walks back by pages of {limit} sees all of {newest_first:?}");
        lab.check(
            "HIST-BOUNDARY",
            missing.is_none(),
            expected,
            format!("{} is not in {seen:?}", missing.unwrap_or(&"")),
        )?;
        let known: Vec<&str> = seen.iter().map(|id| &**id).filter(|id| newest_first.contains(id)).collect();
        let expected = format!("by pages of {limit} they come newest first: {newest_first:?}");
        lab.check("HIST-ORDER", known == newest_first, expected, as_json(&known))?;
    }
    Ok(())
}

async fn walked(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = talked(lab, 7).await?;
    let newest: Vec<&str> = ids(&said).into_iter().rev().collect();
    walks(lab, &ann, &session, &newest).await?;
    walks(lab, &bob, &session, &newest).await
}

async fn walked_after_many(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    let texts: Vec<String> = (0..9).map(|n| format!("number {n}")).collect();
    let by = [&ann, &bob].into_iter().cycle();
    try_join_all(texts.iter().zip(by).map(|(text, by)| lab.text(by, &session, text))).await?;
    let mut synced = lab.messages(&ann, &session).await?;
    synced.retain(|message| message["type"] == "text");
    if synced.len() != texts.len() {
        return Err(Stop::Inconclusive(format!("of {} messages a sync gives {}", texts.len(), synced.len())));
    }
    let newest: Vec<&str> = ids(&synced).into_iter().rev().collect();
    walks(lab, &bob, &session, &newest).await
}

async fn walked_after_edits(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = talked(lab, 6).await?;
    // All of a page, and more, were edited later than what follows them.
    for message in &said[1..5] {
        let by = if message["sender"] == *ann.uid { &ann } else { &bob };
        lab.edit(by, &session, message, &[("content", r#"{"text":"edited"}"#)])?.send().await?.needed()?;
    }
    let newest: Vec<&str> = ids(&said).into_iter().rev().collect();
    walks(lab, &bob, &session, &newest).await
}

/// To read back from a time that may be written otherwise.
fn back_from<'a>(lab: &'a Lab, by: &Person, session: &str, time: &str) -> Ask<'a> {
    let path = format!("{}?limit=100", fill(path::MESSAGES_HISTORY, &[session]));
    lab.ask(Method::GET, path).by(by).since(time)
}

async fn boundary_by_date(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = talked(lab, 3).await?;
    let time = created(&said[1])?;
    let by_number = back(lab, &ann, &session, time, 100).await?;
    let date = Timestamp::from_millis(time).to_string();
    let by_date = back_from(lab, &ann, &session, &date).send().await?.done(lab, "SYNC-HEADER-DATE")?;
    let by_date = messages(by_date)?;
    let expected = format!("until {date} what there is until {time}: {:?}", ids(&by_number));
    lab.check("SYNC-HEADER-DATE", ids(&by_date) == ids(&by_number), expected, as_json(&ids(&by_date)))?;
    let is_first = by_date.first().is_some_and(|message| message["id"] == said[1]["id"]);
    let expected = format!("it begins with {}, which was created then", said[1]["id"]);
    lab.check("HIST-BOUNDARY", is_first, expected, as_json(&ids(&by_date)))
}

async fn boundary_that_is_none(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = talked(lab, 1).await?;
    for none in ["yesterday", "2016-13-45T99:00:00.000Z"] {
        back_from(lab, &ann, &session, none).send().await?.refused(lab, "SYNC-HEADER-BAD", &[400])?;
    }
    let all = messages(back_from(lab, &ann, &session, &top().to_string()).send().await?)?;
    let there = all.iter().any(|message| message["id"] == said[0]["id"]);
    lab.check("SYNC-HEADER", there, format!("until {} all is given", top()), as_json(&ids(&all)))
}

async fn before_the_first(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, _) = talked(lab, 2).await?;
    let all = back(lab, &ann, &session, top(), 100).await?;
    let Some(first) = all.last() else {
        return Err(Stop::Inconclusive("history is empty, though something was said".to_owned()));
    };
    let time = created(first)?;
    let none = lab.history(&ann, &session, time - 1, 10).send().await?.done(lab, "HIST-ARRAY")?;
    let is_empty = none.json.as_array().is_some_and(Vec::is_empty);
    lab.check("HIST-BOUNDARY", is_empty, "an empty array before the first message", none.said())?;
    let one = back(lab, &ann, &session, time, 10).await?;
    let expected = format!("until {time} the first message alone: {}", first["id"]);
    lab.check("HIST-BOUNDARY", one.len() == 1 && one[0]["id"] == first["id"], expected, as_json(&ids(&one)))
}

/// Checks that somebody who is not a member any more reads the one and not the other.
async fn reads_up_to(lab: &Lab, by: &Person, group: &str, before: &Value, after: &Value) -> Result<(), Stop> {
    let answer = lab.history(by, group, top(), 100).send().await?.done(lab, "HIST-REMOVED")?;
    let all = messages(answer)?;
    let has = |one: &Value| all.iter().any(|message| message["id"] == one["id"]);
    let expected = format!("{} reads {}, which was said before", by.name, before["id"]);
    lab.check("HIST-REMOVED", has(before), expected, as_json(&ids(&all)))?;
    let expected = format!("{} does not read {}, which was said after", by.name, after["id"]);
    lab.check("HIST-REMOVED", !has(after), expected, as_json(&ids(&all)))
}

async fn removed(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let before = lab.text(&ann, &group, "before").await?;
    lab.put_out(&ann, &group, &bob).await?;
    let after = lab.text(&ann, &group, "after").await?;
    reads_up_to(lab, &bob, &group, &before, &after).await?;
    let all = back(lab, &ann, &group, top(), 100).await?;
    let both = [&before, &after].iter().all(|one| all.iter().any(|message| message["id"] == one["id"]));
    lab.check("HIST-REMOVED", both, "ann, who is a member, reads both", as_json(&ids(&all)))
}

async fn left(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let before = lab.text(&bob, &group, "before").await?;
    lab.put_out(&bob, &group, &bob).await?;
    let after = lab.text(&ann, &group, "after").await?;
    reads_up_to(lab, &bob, &group, &before, &after).await
}

async fn as_it_was(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let (edited, deleted) = (lab.text(&ann, &group, "one").await?, lab.text(&ann, &group, "two").await?);
    let earlier = lab.text(&ann, &group, "three").await?;
    lab.edit(&ann, &group, &earlier, &[("content", r#"{"text":"edited before"}"#)])?
        .send()
        .await?
        .needed()?;
    let before = back(lab, &bob, &group, top(), 100).await?;
    lab.put_out(&ann, &group, &bob).await?;
    for _ in 0..2 {
        lab.edit(&ann, &group, &edited, &[("content", r#"{"text":"edited after"}"#)])?
            .send()
            .await?
            .needed()?;
    }
    lab.recall(&ann, &group, &deleted)?.send().await?.needed()?;
    let after = back(lab, &bob, &group, top(), 100).await?;
    for one in [&edited, &deleted, &earlier] {
        let find = |list: &[Value]| list.iter().find(|message| message["id"] == one["id"]).cloned();
        let (was, is) = (find(&before), find(&after));
        let same = was.is_some() && is == was;
        let expected = format!("bob reads it as it was when he was removed: {}", as_json(&was));
        lab.check("HIST-REMOVED", same, expected, as_json(&is))?;
    }
    // Members read it as it is.
    let now = back(lab, &ann, &group, top(), 100).await?;
    let shown = now.iter().find(|message| message["id"] == edited["id"]);
    let is_new = shown.is_some_and(|message| message["content"] == r#"{"text":"edited after"}"#);
    lab.check("HIST-REMOVED", is_new, "ann, who is a member, reads it as it is", as_json(&shown))
}

async fn removed_walks(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let mut said = Vec::new();
    for n in 0..5 {
        said.push(lab.text(&ann, &group, &format!("number {n}")).await?);
    }
    lab.put_out(&ann, &group, &bob).await?;
    for n in 5..8 {
        lab.text(&ann, &group, &format!("number {n}")).await?;
    }
    let newest: Vec<&str> = ids(&said).into_iter().rev().collect();
    let before = walk(lab, &bob, &group, 100).await?;
    for limit in [2, 3] {
        let seen = walk(lab, &bob, &group, limit).await?;
        let expected = format!("by pages of {limit} bob sees what he sees on one: {}", as_json(&before));
        lab.check("HIST-REMOVED", seen == before, expected, as_json(&seen))?;
    }
    let known: Vec<&str> = before.iter().map(|id| &**id).filter(|id| newest.contains(id)).collect();
    lab.check("HIST-ORDER", known == newest, format!("newest first: {newest:?}"), as_json(&before))
}

async fn outsiders(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, _) = talked(lab, 1).await?;
    let eve = lab.person("eve").await?;
    let group = lab.group(&ann, &[&bob]).await?;
    for session in [&session, &group] {
        lab.history(&eve, session, top(), 10).send().await?.refused(lab, "HIST-OUTSIDER", &[403])?;
        lab.history(&bob, session, top(), 10).send().await?.done(lab, "HIST-OUTSIDER")?;
    }
    Ok(())
}
