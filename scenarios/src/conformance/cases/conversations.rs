//! Conversations: what each user's list shows of a session, who changes it, how it goes and returns. Part 6. How much of
//! it is unread is in `unread.rs`.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::collection::stamp;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "conversations.a-message-makes-one-for-each-member",
        &["CONV-ON-MESSAGE", "CONV-FIELDS", "CONV-LIST"],
        |lab| Box::pin(made_by_a_message(lab)),
    ),
    Case::new("conversations.a-message-between-two-makes-one-for-both", &["CONV-ON-MESSAGE"], |lab| {
        Box::pin(made_for_both(lab))
    }),
    Case::new("conversations.who-is-new-has-none", &["CONV-LIST", "CONV-ON-MESSAGE"], |lab| {
        Box::pin(who_is_new(lab))
    }),
    Case::new("conversations.no-client-makes-one", &["CONV-SERVER-MADE", "API-NO-EFFECT"], |lab| {
        Box::pin(no_client_makes_one(lab))
    }),
    Case::new("conversations.those-of-two-are-with-the-other", &["CONV-TARGET"], |lab| {
        Box::pin(target_of_p2p(lab))
    }),
    Case::new("conversations.those-of-groups-are-with-the-group", &["CONV-TARGET"], |lab| {
        Box::pin(target_of_group(lab))
    }),
    Case::new("conversations.many-messages-are-in-one", &["CONV-ONE-PER-TARGET"], |lab| Box::pin(one(lab))),
    Case::new(
        "conversations.many-messages-at-once-are-in-one",
        &["CONV-ONE-PER-TARGET", "CONV-ON-MESSAGE"],
        |lab| Box::pin(one_of_many_at_once(lab)),
    ),
    Case::new(
        "conversations.the-last-message-is-shown",
        &["CONV-LAST-MESSAGE", "CONV-CHANGE-STAMPED"],
        |lab| Box::pin(last_message(lab)),
    ),
    Case::new("conversations.the-last-message-of-a-group-is-shown-to-all", &["CONV-LAST-MESSAGE"], |lab| {
        Box::pin(last_message_of_group(lab))
    }),
    Case::new(
        "conversations.an-edit-of-the-last-message-is-shown",
        &["CONV-LAST-MESSAGE-EDITED", "CONV-CHANGE-STAMPED"],
        |lab| Box::pin(last_message_edited(lab)),
    ),
    Case::new(
        "conversations.a-deletion-of-the-last-message-is-shown",
        &["CONV-LAST-MESSAGE-EDITED", "CONV-CHANGE-STAMPED"],
        |lab| Box::pin(last_message_deleted(lab)),
    ),
    Case::new("conversations.an-edit-of-an-older-message-is-not", &["CONV-LAST-MESSAGE"], |lab| {
        Box::pin(older_message_edited(lab))
    }),
];

const FIELDS: [&str; 12] = [
    "id",
    "targetId",
    "name",
    "type",
    "top",
    "visiable",
    "unread",
    "lastMessage",
    "avatarUrl",
    "isDelete",
    "createdAt",
    "updatedAt",
];

/// Ann and bob, and their p2p session.
pub(super) async fn two(lab: &Lab) -> Result<(Person, Person, String), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    Ok((ann, bob, session))
}

pub(super) fn path_of(of: &Person, conversation: &Value) -> Result<String, Stop> {
    Ok(fill(path::USER_CONVERSATION, &[&of.uid, &id(conversation)?]))
}

fn content(text: &str) -> String {
    serde_json::json!({ "text": text }).to_string()
}

/// Checks that somebody's conversation shows that as its last message.
async fn shows_last(
    lab: &Lab,
    rule: &'static str,
    of: &Person,
    target: &str,
    (sender, kind, content): (&Person, &str, &str),
) -> Result<(), Stop> {
    let conversation = lab.conversation(of, target).await?;
    let last = &conversation["lastMessage"];
    let same = last["sender"] == *sender.uid && last["type"] == *kind && last["content"] == *content;
    let expected =
        format!("{} sees as last message one of {}, of type {kind}: {content:?}", of.name, sender.uid);
    lab.check(rule, same, expected, last.to_string())
}

/// Checks that somebody's conversation has a later stamp than it had.
pub(super) async fn is_stamped(
    lab: &Lab,
    of: &Person,
    target: &str,
    known: i64,
    after: &str,
) -> Result<(), Stop> {
    let conversation = lab.conversation(of, target).await?;
    let later = stamp(&conversation)? > known;
    let expected = format!("after {after} the conversation has a later `updatedAt` than {known}");
    lab.check("CONV-CHANGE-STAMPED", later, expected, conversation.to_string())
}

async fn made_by_a_message(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    lab.text(&ann, &group, "hello").await?;
    for of in [&ann, &bob, &cat] {
        let list = fill(path::USER_CONVERSATIONS, &[&of.uid]);
        let seen = lab.ask(Method::GET, list).by(of).since(0).send().await?.done(lab, "CONV-LIST")?;
        let entry = seen.entries().iter().find(|entry| entry["targetId"] == *group);
        let expected = format!("{} has a conversation with the group {group}", of.name);
        lab.check("CONV-ON-MESSAGE", entry.is_some(), &*expected, seen.said())?;
        let entry = entry.cloned().unwrap_or_default();
        lab.check("CONV-ON-MESSAGE", entry["isDelete"] == false, expected, entry.to_string())?;
        lab.has_fields("CONV-FIELDS", "a conversation", &entry, &FIELDS)?;
        lab.has_fields(
            "CONV-FIELDS",
            "its `lastMessage`",
            &entry["lastMessage"],
            &["sender", "type", "content"],
        )?;
    }
    Ok(())
}

async fn made_for_both(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "hello").await?;
    for (of, other) in [(&ann, &bob), (&bob, &ann)] {
        let all = lab.conversations(of).await?;
        let is_there = all.iter().any(|entry| entry["type"] == "p2p" && entry["isDelete"] == false);
        let expected = format!("{} has a conversation with {}", of.name, other.name);
        lab.check("CONV-ON-MESSAGE", is_there, expected, as_json(&all))?;
    }
    Ok(())
}

async fn who_is_new(lab: &Lab) -> Result<(), Stop> {
    let (ann, eve) = (lab.person("ann").await?, lab.person("eve").await?);
    let group = lab.group(&ann, &[]).await?;
    lab.text(&ann, &group, "hello").await?;
    let list = fill(path::USER_CONVERSATIONS, &[&eve.uid]);
    let none = lab.ask(Method::GET, list).by(&eve).since(0).send().await?.done(lab, "CONV-LIST")?;
    let is_empty = none.json["entries"].as_array().is_some_and(Vec::is_empty);
    lab.check("CONV-LIST", is_empty, "who has talked with nobody has no conversation", none.said())?;
    let some = lab.conversations(&ann).await?;
    lab.check("CONV-ON-MESSAGE", some.len() == 1, "who has talked in one group has one", as_json(&some))
}

async fn no_client_makes_one(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let fields = [("targetId", &*bob.uid), ("name", "bob"), ("type", "p2p")];
    let list = fill(path::USER_CONVERSATIONS, &[&ann.uid]);
    let asked = lab.ask(Method::POST, list).by(&ann).form(&fields).send().await?;
    asked.refused_somehow(lab, "CONV-SERVER-MADE")?;
    let none = lab.conversations(&ann).await?;
    lab.check("API-NO-EFFECT", none.is_empty(), "there is no conversation then", as_json(&none))?;
    let session = lab.p2p(&ann, &bob).await?;
    lab.text(&ann, &session, "hello").await?;
    let one = lab.conversations(&ann).await?;
    lab.check("CONV-SERVER-MADE", one.len() == 1, "the server makes one with a message", as_json(&one))
}

async fn target_of_p2p(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "hello").await?;
    for (of, other) in [(&ann, &bob), (&bob, &ann)] {
        let all = lab.conversations(of).await?;
        let is = |entry: &Value| entry["type"] == "p2p" && entry["targetId"] == *other.uid;
        let expected = format!("one conversation, of type p2p with the target {}", other.uid);
        lab.check("CONV-TARGET", all.len() == 1 && is(&all[0]), expected, as_json(&all))?;
    }
    Ok(())
}

async fn target_of_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&bob, &group, "hello").await?;
    for of in [&ann, &bob] {
        let all = lab.conversations(of).await?;
        let is = |entry: &Value| entry["type"] == "group" && entry["targetId"] == *group;
        let expected = format!("one conversation, of type group with the target {group}");
        lab.check("CONV-TARGET", all.len() == 1 && is(&all[0]), expected, as_json(&all))?;
    }
    Ok(())
}

/// Checks that somebody has so many conversations, no two of which are with the same.
pub(super) async fn each_once(lab: &Lab, of: &Person, count: usize) -> Result<(), Stop> {
    let all = lab.conversations(of).await?;
    let mut keys: Vec<String> =
        all.iter().map(|entry| format!("{} {}", entry["type"], entry["targetId"])).collect();
    keys.sort_unstable();
    keys.dedup();
    let expected = format!("{} has {count} conversations, each with somebody else", of.name);
    let each = keys.len() == count && all.len() == count;
    lab.check("CONV-ONE-PER-TARGET", each, expected, as_json(&all))
}

async fn one(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    for n in 0..3 {
        for (by, session) in [(&ann, &session), (&bob, &session), (&ann, &group), (&bob, &group)] {
            lab.text(by, session, &n.to_string()).await?;
        }
    }
    each_once(lab, &ann, 2).await?;
    each_once(lab, &bob, 2).await
}

async fn one_of_many_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let texts: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let by = [&ann, &bob].into_iter().cycle();
    let said = texts.iter().zip(by).map(|(text, by)| lab.text(by, &session, text));
    try_join_all(said).await?;
    each_once(lab, &ann, 1).await?;
    each_once(lab, &bob, 1).await?;
    let (seen_by_ann, seen_by_bob) =
        (lab.conversation(&ann, &bob.uid).await?, lab.conversation(&bob, &ann.uid).await?);
    let (one, other) = (&seen_by_ann["lastMessage"], &seen_by_bob["lastMessage"]);
    let expected = format!("both see the same last message: {one}");
    lab.check("CONV-ON-MESSAGE", one.is_object() && one == other, expected, other.to_string())
}

async fn last_message(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let mut known = 0;
    for (by, kind, content) in [
        (&ann, "text", content("first")),
        (&bob, "text", content("second")),
        (&bob, "image", r#"{"src":"attachments/5/content", "width":640, "height":480}"#.to_owned()),
        (&ann, "location", r#"{"lat":  1.0}"#.to_owned()),
    ] {
        lab.store(by, &session, kind, &content).send().await?.needed()?;
        shows_last(lab, "CONV-LAST-MESSAGE", &ann, &bob.uid, (by, kind, &content)).await?;
        shows_last(lab, "CONV-LAST-MESSAGE", &bob, &ann.uid, (by, kind, &content)).await?;
        is_stamped(lab, &bob, &ann.uid, known, "a message").await?;
        known = stamp(&lab.conversation(&bob, &ann.uid).await?)?;
    }
    Ok(())
}

async fn last_message_of_group(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    for (by, text) in [(&bob, "one"), (&cat, "two"), (&ann, "three")] {
        lab.text(by, &group, text).await?;
        for of in [&ann, &bob, &cat] {
            shows_last(lab, "CONV-LAST-MESSAGE", of, &group, (by, "text", &content(text))).await?;
        }
    }
    Ok(())
}

async fn last_message_edited(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "older").await?;
    let said = lab.text(&ann, &session, "before").await?;
    let before = lab.conversation(&bob, &ann.uid).await?;
    let changes = [("type", "image"), ("content", &*content("recalled"))];
    lab.edit(&ann, &session, &said, &changes)?.send().await?.needed()?;
    let edited = content("recalled");
    for (of, other) in [(&ann, &bob), (&bob, &ann)] {
        shows_last(lab, "CONV-LAST-MESSAGE-EDITED", of, &other.uid, (&ann, "image", &edited)).await?;
    }
    let after = lab.conversation(&bob, &ann.uid).await?;
    let expected = format!("`unread` is {} still", before["unread"]);
    lab.check("CONV-LAST-MESSAGE-EDITED", after["unread"] == before["unread"], expected, after.to_string())?;
    if after["lastMessage"] != before["lastMessage"] {
        is_stamped(lab, &bob, &ann.uid, stamp(&before)?, "an edit that it shows").await?;
    }
    Ok(())
}

async fn last_message_deleted(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let said = lab.text(&ann, &session, "before").await?;
    let before = lab.conversation(&bob, &ann.uid).await?;
    lab.recall(&ann, &session, &said)?.send().await?.needed()?;
    for (of, other) in [(&ann, &bob), (&bob, &ann)] {
        shows_last(lab, "CONV-LAST-MESSAGE-EDITED", of, &other.uid, (&ann, "text", "")).await?;
    }
    let after = lab.conversation(&bob, &ann.uid).await?;
    let expected = format!("`unread` is {} still", before["unread"]);
    lab.check("CONV-LAST-MESSAGE-EDITED", after["unread"] == before["unread"], expected, after.to_string())?;
    if after["lastMessage"] != before["lastMessage"] {
        is_stamped(lab, &bob, &ann.uid, stamp(&before)?, "a deletion that it shows").await?;
    }
    Ok(())
}

async fn older_message_edited(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let (older, oldest) =
        (lab.text(&ann, &session, "older").await?, lab.text(&ann, &session, "oldest").await?);
    lab.text(&bob, &session, "newest").await?;
    let edited = content("edited");
    lab.edit(&ann, &session, &older, &[("content", &edited)])?.send().await?.needed()?;
    lab.recall(&ann, &session, &oldest)?.send().await?.needed()?;
    let newest = content("newest");
    shows_last(lab, "CONV-LAST-MESSAGE", &ann, &bob.uid, (&bob, "text", &newest)).await?;
    shows_last(lab, "CONV-LAST-MESSAGE", &bob, &ann.uid, (&bob, "text", &newest)).await
}
