//! The sync rule where several people write at once, and somebody who reads beside them: nothing slips below a watermark.
//! Part 12.

use futures_util::future::{join, try_join_all};
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::collection::stamp;
use super::super::held::Held;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "sync.what-many-say-at-once-reaches-a-reader",
        &["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE", "SYNC-STAMP-STRICT"],
        |lab| Box::pin(many_say(lab)),
    ),
    Case::new(
        "sync.what-many-edit-at-once-reaches-a-reader",
        &["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE"],
        |lab| Box::pin(many_edit(lab)),
    ),
    Case::new(
        "sync.whom-many-add-at-once-reaches-a-reader",
        &["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE"],
        |lab| Box::pin(many_add(lab)),
    ),
    Case::new(
        "sync.what-many-write-to-one-reaches-its-conversations",
        &["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE"],
        |lab| Box::pin(many_write_to_one(lab)),
    ),
    Case::new(
        "sync.whom-many-take-as-contact-at-once-has-them-all",
        &["SYNC-LOSSLESS", "SYNC-READ-YOUR-WRITE"],
        |lab| Box::pin(many_befriend(lab)),
    ),
    Case::new("sync.two-devices-come-to-hold-the-same", &["SYNC-LOSSLESS"], |lab| Box::pin(two_devices(lab))),
];

/// How many pages a reader asks for while others write.
const ROUNDS: usize = 8;

/// So many people.
async fn people(lab: &Lab, count: usize) -> Result<Vec<Person>, Stop> {
    let mut people = Vec::with_capacity(count);
    for n in 0..count {
        people.push(lab.person(&format!("writer{n}")).await?);
    }
    Ok(people)
}

/// Reads while others write, and then until there is nothing more; checks that this is all there is.
async fn beside<T>(
    lab: &Lab,
    by: &Person,
    path: &str,
    writing: impl Future<Output = Result<T, Stop>>,
) -> Result<(Held, T), Stop> {
    let mut held = Held::of(by, path);
    let reading = async {
        for _ in 0..ROUNDS {
            held.page(lab, 2).await?;
        }
        Ok::<_, Stop>(())
    };
    let (read, written) = join(reading, writing).await;
    let written = written?;
    read?;
    held.catch_up(lab, 2).await?;
    held.is_all(lab, "many writes beside its syncs").await?;
    Ok((held, written))
}

/// A group of all of them, the first its master.
async fn group(lab: &Lab, people: &[Person]) -> Result<String, Stop> {
    let others: Vec<&Person> = people[1..].iter().collect();
    lab.group(&people[0], &others).await
}

async fn many_say(lab: &Lab) -> Result<(), Stop> {
    let people = people(lab, 4).await?;
    let group = group(lab, &people).await?;
    let writing = try_join_all(people[1..].iter().map(async |by| {
        let mut said = Vec::new();
        for n in 0..4 {
            said.push(lab.text(by, &group, &format!("number {n} of {}", by.name)).await?);
        }
        Ok(said)
    }));
    let (held, said) = beside(lab, &people[0], &fill(path::MESSAGES, &[&group]), writing).await?;
    for messages in &said {
        let mut before = 0;
        for message in messages {
            let entry = message["id"].as_str().and_then(|id| held.entries.get(id));
            let expected = format!("the message {message} is held in the end");
            lab.check(
                "SYNC-READ-YOUR-WRITE",
                entry.is_some(),
                expected,
                as_json(&held.entries.keys().collect::<Vec<_>>()),
            )?;
            let at = stamp(entry.unwrap_or(&Value::Null))?;
            let expected = format!("it is stamped later than {before}, what the same one said before");
            lab.check("SYNC-STAMP-STRICT", at > before, expected, format!("{at}"))?;
            before = at;
        }
    }
    Ok(())
}

async fn many_edit(lab: &Lab) -> Result<(), Stop> {
    let people = people(lab, 4).await?;
    let group = group(lab, &people).await?;
    let mut said = Vec::new();
    for by in &people {
        said.push(lab.text(by, &group, "before").await?);
    }
    let last = r#"{"text":"the last"}"#;
    let writing = try_join_all(people.iter().zip(&said).map(async |(by, message)| {
        for content in [r#"{"text":"the first"}"#, last] {
            lab.edit(by, &group, message, &[("content", content)])?.send().await?.needed()?;
        }
        Ok(())
    }));
    let (held, _) = beside(lab, &people[0], &fill(path::MESSAGES, &[&group]), writing).await?;
    for message in &said {
        let entry = message["id"].as_str().and_then(|id| held.entries.get(id));
        let shows = entry.is_some_and(|entry| entry["content"] == last);
        let expected = format!("the last edit of {} is held in the end", message["id"]);
        lab.check("SYNC-READ-YOUR-WRITE", shows, expected, as_json(&entry))?;
    }
    Ok(())
}

async fn many_add(lab: &Lab) -> Result<(), Stop> {
    let people = people(lab, 3).await?;
    let group = group(lab, &people).await?;
    let mut new = Vec::new();
    for n in 0..6 {
        new.push(lab.person(&format!("new{n}")).await?);
    }
    let by = people.iter().cycle();
    let writing = try_join_all(new.iter().zip(by).map(async |(whom, by)| {
        let entry = lab.join(by, &group, whom, "user").await?;
        lab.change_member(whom, &group, &entry, &[("name", "renamed")])?.send().await?.needed()?;
        Ok(())
    }));
    let (held, _) = beside(lab, &people[0], &fill(path::MEMBERS, &[&group]), writing).await?;
    for whom in &new {
        let entry = held.entries.values().find(|entry| entry["userId"] == *whom.uid);
        let shows = entry.is_some_and(|entry| entry["name"] == "renamed");
        let expected = format!("{} is held in the end, with the name renamed", whom.uid);
        lab.check("SYNC-READ-YOUR-WRITE", shows, expected, as_json(&entry))?;
    }
    Ok(())
}

async fn many_write_to_one(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let people = people(lab, 4).await?;
    let mut sessions = Vec::new();
    for by in &people {
        sessions.push(lab.p2p(by, &ann).await?);
    }
    let writing = try_join_all(people.iter().zip(&sessions).map(async |(by, session)| {
        for text in ["first", "second", "last"] {
            lab.text(by, session, text).await?;
        }
        Ok(())
    }));
    let (held, _) = beside(lab, &ann, &fill(path::USER_CONVERSATIONS, &[&ann.uid]), writing).await?;
    for by in &people {
        let entry = held.entries.values().find(|entry| entry["targetId"] == *by.uid);
        let expected = format!("the conversation with {} is held in the end", by.uid);
        lab.check("SYNC-READ-YOUR-WRITE", entry.is_some(), expected, as_json(&held.entries))?;
    }
    Ok(())
}

async fn many_befriend(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let people = people(lab, 6).await?;
    let writing = try_join_all(people.iter().map(async |by| {
        let fields = [("userId", &*ann.uid), ("name", "ann")];
        let ask = lab.ask(Method::POST, fill(path::CONTACTS, &[&by.uid])).by(by).form(&fields);
        ask.send().await?.needed()
    }));
    let (held, _) = beside(lab, &ann, &fill(path::CONTACTS, &[&ann.uid]), writing).await?;
    if held.entries.is_empty() {
        return Err(Stop::Inconclusive("who is added does not get who adds as a contact".to_owned()));
    }
    for by in &people {
        let entry = held.entries.values().find(|entry| entry["userId"] == *by.uid);
        let expected = format!("{} is held in the end", by.uid);
        lab.check("SYNC-READ-YOUR-WRITE", entry.is_some(), expected, as_json(&held.entries))?;
    }
    Ok(())
}

async fn two_devices(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    let list = fill(path::MESSAGES, &[&session]);
    let (mut one, mut other) = (Held::of(&bob, &list), Held::of(&bob, &list));
    let mut said = Vec::new();
    for n in 0..6 {
        said.push(lab.text(&ann, &session, &format!("number {n}")).await?);
        // The one syncs after each write and page by page, the other now and then.
        one.page(lab, 1).await?;
        if n % 3 == 2 {
            lab.recall(&ann, &session, &said[n - 2])?.send().await?.needed()?;
            other.catch_up(lab, 100).await?;
        }
    }
    lab.edit(&ann, &session, &said[1], &[("content", r#"{"text":"edited"}"#)])?.send().await?.needed()?;
    one.catch_up(lab, 1).await?;
    other.catch_up(lab, 3).await?;
    one.is_all(lab, "syncs one by one").await?;
    other.is_all(lab, "syncs now and then").await?;
    let same = !one.entries.is_empty() && one.entries == other.entries;
    lab.check(
        "SYNC-LOSSLESS",
        same,
        format!("both hold the same: {}", as_json(&one.entries)),
        as_json(&other.entries),
    )
}
