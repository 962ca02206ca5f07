//! Conversations: what each user's list shows of a session, who changes it, how it goes and returns. Part 6. How much of
//! it is unread is in `unread.rs`.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::collection::{stamp, watermark};
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::{as_json, top};

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
    Case::new(
        "conversations.names-and-pins-are-the-owners",
        &["CONV-UPDATE", "CONV-CHANGE-STAMPED"],
        |lab| Box::pin(updated(lab)),
    ),
    Case::new("conversations.a-change-is-ones-own", &["CONV-UPDATE"], |lab| Box::pin(change_is_own(lab))),
    Case::new("conversations.a-chosen-name-stays", &["CONV-NAME-CHOSEN", "CONV-UPDATE"], |lab| {
        Box::pin(name_chosen(lab))
    }),
    Case::new("conversations.a-new-face-of-the-session-is-stamped", &["CONV-CHANGE-STAMPED"], |lab| {
        Box::pin(new_face(lab))
    }),
    Case::new("conversations.a-deleted-one-is-a-tombstone", &["CONV-DELETE", "CONV-CHANGE-STAMPED"], |lab| {
        Box::pin(deleted(lab))
    }),
    Case::new("conversations.the-session-of-a-deleted-one-stays", &["CONV-DELETE"], |lab| {
        Box::pin(session_stays(lab))
    }),
    Case::new(
        "conversations.a-deleted-one-returns-with-the-next-message",
        &["CONV-RETURNS", "CONV-ONE-PER-TARGET", "CONV-CHANGE-STAMPED"],
        |lab| Box::pin(returns(lab)),
    ),
    Case::new("conversations.they-are-their-owners", &["CONV-OWNER", "API-NO-EFFECT"], |lab| {
        Box::pin(owners(lab))
    }),
    Case::new("conversations.one-that-is-not-there", &["API-NOT-FOUND", "CONV-UPDATE"], |lab| {
        Box::pin(not_there(lab))
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
async fn two(lab: &Lab) -> Result<(Person, Person, String), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    Ok((ann, bob, session))
}

fn path_of(of: &Person, conversation: &Value) -> Result<String, Stop> {
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
async fn is_stamped(lab: &Lab, of: &Person, target: &str, known: i64, after: &str) -> Result<(), Stop> {
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
async fn each_once(lab: &Lab, of: &Person, count: usize) -> Result<(), Stop> {
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

/// Whether a flag is set, however it is written.
fn is_set(flag: &Value) -> bool {
    *flag == true || *flag == 1 || *flag == "1" || *flag == "true"
}

async fn updated(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "hello").await?;
    for (name, top, avatar) in
        [("my bob 例", "true", "attachments/9/content"), ("another bob", "false", "attachments/10/content")]
    {
        let before = lab.conversation(&ann, &bob.uid).await?;
        let fields =
            [("targetId", &*bob.uid), ("name", name), ("type", "p2p"), ("top", top), ("avatarUrl", avatar)];
        let ask = lab.ask(Method::PUT, path_of(&ann, &before)?).by(&ann).form(&fields);
        ask.send().await?.done(lab, "CONV-UPDATE")?;
        let after = lab.conversation(&ann, &bob.uid).await?;
        let is = after["name"] == *name
            && after["avatarUrl"] == *avatar
            && is_set(&after["top"]) == (top == "true");
        let expected = format!("its name is {name}, its picture {avatar}, and `top` is {top}");
        lab.check("CONV-UPDATE", is, expected, after.to_string())?;
        let same = ["id", "targetId", "type", "unread", "lastMessage", "isDelete"];
        let lost = same.into_iter().find(|field| after[*field] != before[*field]);
        let expected = format!("all else is as before: {before}");
        lab.check(
            "CONV-UPDATE",
            lost.is_none(),
            expected,
            format!("`{}` of {after}", lost.unwrap_or_default()),
        )?;
        is_stamped(lab, &ann, &bob.uid, stamp(&before)?, "a change of its name").await?;
    }
    Ok(())
}

async fn change_is_own(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "hello").await?;
    let (own, other) = (lab.conversation(&ann, &group).await?, lab.conversation(&bob, &group).await?);
    let fields = [("targetId", &*group), ("name", "mine"), ("type", "group"), ("top", "true")];
    let ask = lab.ask(Method::PUT, path_of(&ann, &own)?).by(&ann).form(&fields);
    ask.send().await?.done(lab, "CONV-UPDATE")?;
    let own = lab.conversation(&ann, &group).await?;
    lab.check("CONV-UPDATE", own["name"] == "mine", "ann's conversation is called mine", own.to_string())?;
    lab.unchanged("CONV-UPDATE", "bob's is", &other, &lab.conversation(&bob, &group).await?)?;
    let session = lab.session(&bob, &group).await?;
    lab.check("CONV-UPDATE", session["name"] == "group", "the group is called as before", session.to_string())
}

async fn name_chosen(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "hello").await?;
    let own = lab.conversation(&ann, &group).await?;
    let avatar = "attachments/11/content";
    let fields = [("targetId", &*group), ("name", "mine"), ("type", "group"), ("avatarUrl", avatar)];
    let ask = lab.ask(Method::PUT, path_of(&ann, &own)?).by(&ann).form(&fields);
    ask.send().await?.done(lab, "CONV-UPDATE")?;
    let changes = [("name", "ours"), ("avatarUrl", "attachments/12/content")];
    lab.change_session(&bob, &group, &changes).send().await?.needed()?;
    for after in ["the group is called otherwise", "the next message"] {
        let own = lab.conversation(&ann, &group).await?;
        let kept = own["name"] == "mine" && own["avatarUrl"] == *avatar;
        let expected = format!("after {after} ann's conversation is called mine, with the picture {avatar}");
        lab.check("CONV-NAME-CHOSEN", kept, expected, own.to_string())?;
        lab.text(&bob, &group, "hello").await?;
    }
    Ok(())
}

async fn new_face(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "hello").await?;
    for change in [("name", "another name"), ("avatarUrl", "attachments/13/content")] {
        let before = lab.conversation(&bob, &group).await?;
        lab.change_session(&ann, &group, &[change]).send().await?.needed()?;
        let after = lab.conversation(&bob, &group).await?;
        // Whether it shows that at once is the server's to say; what it shows is stamped.
        let shows = after["name"] != before["name"] || after["avatarUrl"] != before["avatarUrl"];
        let later = !shows || stamp(&after)? > stamp(&before)?;
        let expected = format!("a conversation that shows another {} has a later `updatedAt`", change.0);
        lab.check("CONV-CHANGE-STAMPED", later, expected, format!("{after} was {before}"))?;
    }
    // Its stamp moves where it changes.
    let known = stamp(&lab.conversation(&bob, &group).await?)?;
    lab.text(&ann, &group, "again").await?;
    is_stamped(lab, &bob, &group, known, "a message").await
}

async fn deleted(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "hello").await?;
    let before = lab.conversations(&bob).await?;
    let known = watermark(&before)?;
    let own = lab.conversation(&bob, &ann.uid).await?;
    let ask = lab.ask(Method::DELETE, path_of(&bob, &own)?).by(&bob);
    ask.send().await?.done(lab, "CONV-DELETE")?;
    let after = lab.conversation(&bob, &ann.uid).await?;
    let gone = after["id"] == own["id"] && after["isDelete"] == true;
    let expected = format!("the entry {} is there, with `isDelete` true", own["id"]);
    lab.check("CONV-DELETE", gone, expected, after.to_string())?;
    is_stamped(lab, &bob, &ann.uid, known, "its deletion").await?;
    let other = lab.conversation(&ann, &bob.uid).await?;
    lab.check("CONV-DELETE", other["isDelete"] == false, "ann's conversation stays", other.to_string())
}

async fn session_stays(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let said = lab.text(&ann, &group, "hello").await?;
    let own = lab.conversation(&bob, &group).await?;
    let members = lab.members(&bob, &group).await?;
    let ask = lab.ask(Method::DELETE, path_of(&bob, &own)?).by(&bob);
    ask.send().await?.done(lab, "CONV-DELETE")?;
    let session = lab.ask(Method::GET, fill(path::SESSION, &[&group])).by(&bob).send().await?;
    session.done(lab, "CONV-DELETE")?;
    lab.unchanged("CONV-DELETE", "the members are", &members, &lab.members(&bob, &group).await?)?;
    let back = lab.history(&bob, &group, top(), 10).send().await?.done(lab, "CONV-DELETE")?;
    let there = back.json.as_array().is_some_and(|all| all.iter().any(|message| message["id"] == said["id"]));
    lab.check("CONV-DELETE", there, format!("the message {} is there still", said["id"]), back.said())
}

async fn returns(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "hello").await?;
    let own = lab.conversation(&bob, &ann.uid).await?;
    for by in [&ann, &bob] {
        let ask = lab.ask(Method::DELETE, path_of(&bob, &own)?).by(&bob);
        ask.send().await?.needed()?;
        let gone = lab.conversation(&bob, &ann.uid).await?;
        lab.text(by, &session, "again").await?;
        each_once(lab, &bob, 1).await?;
        let back = lab.conversation(&bob, &ann.uid).await?;
        let same = back["id"] == own["id"] && back["isDelete"] == false;
        let expected = format!("{} says something: the conversation {} is back", by.name, own["id"]);
        lab.check("CONV-RETURNS", same, expected, back.to_string())?;
        is_stamped(lab, &bob, &ann.uid, stamp(&gone)?, "its return").await?;
    }
    Ok(())
}

async fn owners(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&bob, &session, "hello").await?;
    let before = lab.conversation(&ann, &bob.uid).await?;
    let (list, one) = (fill(path::USER_CONVERSATIONS, &[&ann.uid]), path_of(&ann, &before)?);
    let unread = fill(path::UNREAD, &[&ann.uid, &id(&before)?]);
    let fields = [("targetId", &*bob.uid), ("name", "taken"), ("type", "p2p")];
    let eve = lab.person("eve").await?;
    for by in [&bob, &eve] {
        lab.ask(Method::GET, &list).by(by).send().await?.refused(lab, "CONV-OWNER", &[403])?;
        let asked = lab.ask(Method::PUT, &one).by(by).form(&fields).send().await?;
        asked.refused(lab, "CONV-OWNER", &[403])?;
        let asked = lab.ask(Method::PUT, &unread).by(by).form(&[]).send().await?;
        asked.refused(lab, "CONV-OWNER", &[403])?;
        lab.ask(Method::DELETE, &one).by(by).send().await?.refused(lab, "CONV-OWNER", &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the conversation is", &before, &lab.conversation(&ann, &bob.uid).await?)?;
    lab.ask(Method::GET, &list).by(&ann).send().await?.done(lab, "CONV-OWNER")?;
    lab.ask(Method::PUT, &one).by(&ann).form(&fields).send().await?.done(lab, "CONV-OWNER")?;
    lab.ask(Method::PUT, &unread).by(&ann).form(&[]).send().await?.done(lab, "CONV-OWNER")?;
    lab.ask(Method::DELETE, &one).by(&ann).send().await?.done(lab, "CONV-OWNER")?;
    Ok(())
}

async fn not_there(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&bob, &session, "hello").await?;
    let own = lab.conversation(&ann, &bob.uid).await?;
    let fields = [("targetId", &*bob.uid), ("name", "x"), ("type", "p2p")];
    let nothing = format!("{}404404404", path_of(&ann, &own)?);
    let asked = lab.ask(Method::PUT, &nothing).by(&ann).form(&fields).send().await?;
    asked.refused(lab, "API-NOT-FOUND", &[404])?;
    lab.ask(Method::DELETE, &nothing).by(&ann).send().await?.refused(lab, "API-NOT-FOUND", &[404])?;
    let asked = lab.ask(Method::PUT, format!("{nothing}/unread")).by(&ann).form(&[]).send().await?;
    asked.refused(lab, "API-NOT-FOUND", &[404])?;
    let asked = lab.ask(Method::PUT, path_of(&ann, &own)?).by(&ann).form(&fields).send().await?;
    asked.done(lab, "CONV-UPDATE")?;
    Ok(())
}
