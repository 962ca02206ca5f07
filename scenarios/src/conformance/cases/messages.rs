//! Messages: what is stored, and that it is given back as it was. Part 9. Edits and deletions are in `edits.rs`.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::{Value, json};
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Ask;
use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::{as_json, top};

pub(super) const CASES: &[Case] = &[
    Case::new("messages.one-is-answered-and-synced", &["MSG-STORE", "MSG-FIELDS", "MSG-SYNC"], |lab| {
        Box::pin(stored(lab))
    }),
    Case::new("messages.the-answer-is-the-message-that-is-synced", &["MSG-STORE"], |lab| {
        Box::pin(answer_is_the_message(lab))
    }),
    Case::new("messages.a-new-one-has-one-stamp", &["MSG-STAMP-NEW"], |lab| Box::pin(one_stamp(lab))),
    Case::new("messages.those-that-follow-are-stamped-later", &["SYNC-STAMP-STRICT", "MSG-STORE"], |lab| {
        Box::pin(stamped_later(lab))
    }),
    Case::new("messages.seven-types-are-taken", &["MSG-TYPES"], |lab| Box::pin(types(lab))),
    Case::new("messages.other-types-are-taken", &["MSG-TYPE-OPEN"], |lab| Box::pin(other_types(lab))),
    Case::new("messages.content-comes-back-as-it-was", &["MSG-CONTENT-VERBATIM"], |lab| {
        Box::pin(verbatim(lab))
    }),
    Case::new("messages.odd-characters-come-back-as-they-were", &["MSG-CONTENT-VERBATIM"], |lab| {
        Box::pin(odd_characters(lab))
    }),
    Case::new("messages.long-content-comes-back-as-it-was", &["MSG-CONTENT-VERBATIM"], |lab| {
        Box::pin(long_content(lab))
    }),
    Case::new("messages.a-json-body-is-taken", &["API-FORM-AND-JSON", "MSG-CONTENT-VERBATIM"], |lab| {
        Box::pin(json_body(lab))
    }),
    Case::new("messages.each-is-stored-once", &["MSG-ONCE"], |lab| Box::pin(once(lab))),
    Case::new("messages.each-of-many-at-once-is-stored-once", &["MSG-ONCE", "SYNC-STAMP-STRICT"], |lab| {
        Box::pin(once_of_many(lab))
    }),
    Case::new("messages.nobody-speaks-for-others", &["MSG-SENDER", "API-NO-EFFECT"], |lab| {
        Box::pin(sender(lab))
    }),
    Case::new("messages.outsiders-say-nothing", &["MSG-MEMBERS-ONLY", "API-NO-EFFECT"], |lab| {
        Box::pin(outsiders(lab))
    }),
    Case::new("messages.who-was-removed-says-nothing", &["MSG-MEMBERS-ONLY", "API-NO-EFFECT"], |lab| {
        Box::pin(removed(lab))
    }),
    Case::new("messages.outsiders-read-nothing", &["MSG-MEMBERS-ONLY"], |lab| Box::pin(outsiders_read(lab))),
    Case::new("messages.who-was-removed-reads-nothing", &["MSG-MEMBERS-ONLY"], |lab| {
        Box::pin(removed_reads(lab))
    }),
    Case::new("messages.one-may-talk-to-oneself", &["MSG-STORE", "MSG-SYNC"], |lab| Box::pin(single(lab))),
    Case::new("messages.sessions-are-apart", &["MSG-SYNC"], |lab| Box::pin(apart(lab))),
    Case::new("messages.a-sync-says-when-the-session-changed", &["MSG-SESSION-UPDATED-AT"], |lab| {
        Box::pin(session_updated_at(lab))
    }),
    Case::new(
        "messages.what-is-missing-is-said",
        &["API-BAD-REQUEST", "API-NO-EFFECT", "MSG-STORE"],
        |lab| Box::pin(what_is_missing(lab)),
    ),
];

const FIELDS: [&str; 7] = ["id", "sender", "type", "content", "isDelete", "createdAt", "updatedAt"];

/// Ann and bob, and their p2p session.
pub(super) async fn two(lab: &Lab) -> Result<(Person, Person, String), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    Ok((ann, bob, session))
}

/// The messages of users among these.
fn said(messages: &[Value]) -> Vec<&Value> {
    messages.iter().filter(|message| message["type"] != "system").collect()
}

async fn stored(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let content = r#"{"text":"hello"}"#;
    let answer = lab.store(&ann, &session, "text", content).send().await?.done(lab, "MSG-STORE")?;
    for by in [&ann, &bob] {
        let list = fill(path::MESSAGES, &[&session]);
        let synced = lab.ask(Method::GET, list).by(by).since(0).send().await?.done(lab, "MSG-SYNC")?;
        let entry = synced.entries().iter().find(|entry| entry["id"] == answer.json["id"]);
        let expected = format!("{} is given the message {}", by.name, answer.json["id"]);
        lab.check("MSG-SYNC", entry.is_some(), expected, synced.said())?;
        for (what, message) in [("the answer", &answer.json), ("the entry", entry.unwrap_or(&Value::Null))] {
            lab.has_fields("MSG-FIELDS", what, message, &FIELDS)?;
            let same = message["sender"] == *ann.uid
                && message["type"] == "text"
                && message["content"] == content
                && message["isDelete"] == false;
            let expected =
                format!("{what} has the sender {}, the type text and the content {content}", ann.uid);
            lab.check("MSG-STORE", same, expected, message.to_string())?;
        }
    }
    Ok(())
}

async fn answer_is_the_message(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    for n in 0..3 {
        // Stamps of whole seconds are rare: what is cut to them shows in one of several.
        let answer = lab.text(&ann, &session, &n.to_string()).await?;
        let synced = lab.message(&bob, &session, &id(&answer)?).await?;
        let differs = FIELDS.iter().find(|field| answer[**field] != synced[**field]);
        let expected = format!("the answer is the message as bob is given it: {synced}");
        lab.check(
            "MSG-STORE",
            differs.is_none(),
            expected,
            format!("`{}` differs: {answer}", differs.unwrap_or(&"")),
        )?;
    }
    Ok(())
}

async fn one_stamp(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let answer = lab.text(&ann, &session, "hello").await?;
    let synced = lab.message(&bob, &session, &id(&answer)?).await?;
    for (what, message) in [("answered", &answer), ("synced", &synced)] {
        let same = time(message, "createdAt").is_some() && message["createdAt"] == message["updatedAt"];
        let expected = format!("`createdAt` and `updatedAt` of the message as it is {what} are the same");
        lab.check("MSG-STAMP-NEW", same, expected, message.to_string())?;
    }
    Ok(())
}

async fn stamped_later(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let mut before = None;
    for n in 0..6 {
        let by = if n % 2 == 0 { &ann } else { &bob };
        let said = lab.text(by, &session, &format!("number {n}")).await?;
        let synced = lab.message(&bob, &session, &id(&said)?).await?;
        let text = json!({ "text": format!("number {n}") }).to_string();
        let expected = format!("the message that was stored: {text}");
        lab.check("MSG-STORE", synced["content"] == *text, expected, synced.to_string())?;
        let stamp = time(&synced, "createdAt");
        let expected =
            format!("its `createdAt` is later than that of the one before, {}", before.unwrap_or_default());
        lab.check("SYNC-STAMP-STRICT", stamp > before, expected, synced.to_string())?;
        before = stamp;
    }
    Ok(())
}

/// Stores messages of these types, and looks that they come back so.
async fn are_taken(lab: &Lab, rule: &'static str, kinds: &[&str]) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    for kind in kinds {
        let answer = lab.store(&ann, &session, kind, r#"{"text":"hello"}"#).send().await?;
        if !answer.is_done() {
            answer.done(lab, rule)?;
            continue;
        }
        let synced = lab.message(&bob, &session, &id(&answer.json)?).await?;
        lab.check(
            rule,
            synced["type"] == **kind,
            format!("a message of the type {kind}"),
            synced.to_string(),
        )?;
    }
    Ok(())
}

async fn types(lab: &Lab) -> Result<(), Stop> {
    let kinds = ["text", "image", "video", "audio", "file", "system", "location"];
    are_taken(lab, "MSG-TYPES", &kinds).await
}

async fn other_types(lab: &Lab) -> Result<(), Stop> {
    are_taken(lab, "MSG-TYPE-OPEN", &["sticker", "x-poll.v2"]).await
}

/// Stores contents, and looks that they come back as they were: in the answer, in a sync, and in history.
async fn come_back(lab: &Lab, contents: &[String]) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    for content in contents {
        let answer = lab.store(&ann, &session, "text", content).send().await?;
        let answer = answer.done(lab, "MSG-CONTENT-VERBATIM")?.json;
        let synced = lab.message(&bob, &session, &id(&answer)?).await?;
        let back = lab.history(&bob, &session, top(), 10).send().await?.needed()?.json;
        let back = back.as_array().and_then(|all| all.iter().find(|message| message["id"] == answer["id"]));
        let Some(back) = back else {
            return Err(Stop::Inconclusive(format!("history does not give {answer}")));
        };
        for (what, message) in [("the answer", &answer), ("a sync", &synced), ("history", back)] {
            let expected = format!("{what} gives the content {content:?}");
            lab.check(
                "MSG-CONTENT-VERBATIM",
                message["content"] == **content,
                expected,
                message.to_string(),
            )?;
        }
    }
    Ok(())
}

async fn verbatim(lab: &Lab) -> Result<(), Stop> {
    let contents = [
        r#"{"text":"hello"}"#,
        r#"{ "text" : "spaces",  "b":1 ,"a":2 }"#,
        r#"{"z":1,"a":1.0,"m":1e2,"n":12345678901234567890}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"text":"\u00e9\/\"\\ \ud83d\ude00"}"#,
        " {\"text\":\"around\"} ",
        "{\"text\":\n\t\"lines\"}\r\n",
        r#""a string""#,
        "[1, 2,3]",
        "null",
    ];
    come_back(lab, &contents.map(str::to_owned)).await
}

async fn odd_characters(lab: &Lab) -> Result<(), Stop> {
    let texts = [
        "你好，世界",
        "e\u{301} and \u{e9}",
        "😀👩‍👩‍👧‍👦🇩🇪",
        "مرحبا \u{202e}turned\u{202c}",
        "a&b=c+d%20e%e",
        "<script>alert('1')</script> -- '; DROP TABLE messages",
        "\u{feff}\u{200b}\u{a0}\u{2028}",
        "   ",
    ];
    let contents: Vec<String> = texts.iter().map(|text| json!({ "text": text }).to_string()).collect();
    come_back(lab, &contents).await
}

async fn long_content(lab: &Lab) -> Result<(), Stop> {
    let text: String = "0123456789例".chars().cycle().take(30_000).collect();
    come_back(lab, &[json!({ "text": text }).to_string()]).await
}

async fn json_body(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let content = "{ \"text\" : \"a&b=c+d 例\" }";
    let body = json!({ "sender": ann.uid, "type": "text", "content": content });
    let ask = lab.ask(Method::POST, fill(path::MESSAGES, &[&session])).by(&ann).json(&body);
    let answer = ask.send().await?.done(lab, "API-FORM-AND-JSON")?;
    let synced = lab.message(&bob, &session, &id(&answer.json)?).await?;
    let same = synced["content"] == content;
    lab.check("MSG-CONTENT-VERBATIM", same, format!("the content {content:?}"), synced.to_string())?;
    let by_form = lab.store(&ann, &session, "text", content).send().await?.done(lab, "API-FORM-AND-JSON")?;
    let same = by_form.json["content"] == synced["content"] && by_form.json["type"] == synced["type"];
    lab.check("API-FORM-AND-JSON", same, format!("by a form the same: {synced}"), by_form.said())
}

/// Checks that a reader finds each of these texts once, in a sync and in history.
pub(super) async fn each_once(lab: &Lab, by: &Person, session: &str, texts: &[String]) -> Result<(), Stop> {
    let synced = lab.messages(by, session).await?;
    let back = lab.history(by, session, top(), 1_000).send().await?.needed()?;
    let back = back.json.as_array().cloned().unwrap_or_default();
    for (what, messages) in [("a sync", &synced), ("history", &back)] {
        for text in texts {
            let of =
                |message: &&Value| message["content"].as_str().is_some_and(|known| known.contains(&**text));
            let ids: Vec<&Value> = messages.iter().filter(of).map(|message| &message["id"]).collect();
            let expected = format!("{what} gives the message {text:?} once");
            lab.check(
                "MSG-ONCE",
                ids.len() == 1,
                expected,
                format!("it gives those of the ids {}", as_json(&ids)),
            )?;
        }
        let expected = format!("{what} gives {} messages of users, as were stored", texts.len());
        let count = said(messages).len();
        lab.check("MSG-ONCE", count == texts.len(), expected, format!("{count}"))?;
    }
    Ok(())
}

async fn once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let texts: Vec<String> = (0..6).map(|n| format!("message {n} of six")).collect();
    for (n, text) in texts.iter().enumerate() {
        lab.text(if n % 2 == 0 { &ann } else { &bob }, &session, text).await?;
    }
    each_once(lab, &ann, &session, &texts).await?;
    each_once(lab, &bob, &session, &texts).await
}

async fn once_of_many(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    let texts: Vec<String> = (0..12).map(|n| format!("message {n} of twelve")).collect();
    let by = [&ann, &bob, &cat].into_iter().cycle();
    try_join_all(texts.iter().zip(by).map(|(text, by)| lab.text(by, &group, text))).await?;
    each_once(lab, &cat, &group, &texts).await?;
    let messages = lab.messages(&cat, &group).await?;
    let mut stamps: Vec<Option<i64>> = messages.iter().map(|message| time(message, "updatedAt")).collect();
    stamps.sort_unstable();
    let differ = stamps.windows(2).all(|two| two[0] != two[1]);
    lab.check("SYNC-STAMP-STRICT", differ, "no two of the messages have one stamp", as_json(&stamps))
}

/// To store a message in somebody's name.
fn in_the_name<'a>(lab: &'a Lab, by: &Person, sender: &Person, session: &str) -> Ask<'a> {
    let fields = [("sender", &*sender.uid), ("type", "text"), ("content", "{\"text\":\"forged\"}")];
    lab.ask(Method::POST, fill(path::MESSAGES, &[session])).by(by).form(&fields)
}

async fn sender(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let eve = lab.person("eve").await?;
    let before = lab.messages(&ann, &session).await?;
    for name in [&ann, &eve] {
        let asked = in_the_name(lab, &bob, name, &session).send().await?;
        asked.refused(lab, "MSG-SENDER", &[403])?;
    }
    let asked = in_the_name(lab, &eve, &ann, &session).send().await?;
    asked.refused(lab, "MSG-SENDER", &[403])?;
    lab.unchanged("API-NO-EFFECT", "the messages are", &before, &lab.messages(&ann, &session).await?)?;
    in_the_name(lab, &bob, &bob, &session).send().await?.done(lab, "MSG-SENDER")?;
    Ok(())
}

async fn outsiders(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let eve = lab.person("eve").await?;
    let group = lab.group(&ann, &[&bob]).await?;
    for session in [&session, &group] {
        let before = lab.messages(&ann, session).await?;
        let asked = lab.store(&eve, session, "text", "{}").send().await?;
        asked.refused(lab, "MSG-MEMBERS-ONLY", &[403])?;
        lab.unchanged("API-NO-EFFECT", "the messages are", &before, &lab.messages(&ann, session).await?)?;
        lab.store(&bob, session, "text", "{}").send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    }
    Ok(())
}

async fn removed(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.store(&bob, &group, "text", "{}").send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    for by in [&ann, &bob] {
        lab.put_out(by, &group, &bob).await?;
        let before = lab.messages(&ann, &group).await?;
        let asked = lab.store(&bob, &group, "text", "{}").send().await?;
        asked.refused(lab, "MSG-MEMBERS-ONLY", &[403])?;
        lab.unchanged("API-NO-EFFECT", "the messages are", &before, &lab.messages(&ann, &group).await?)?;
        lab.join(&ann, &group, &bob, "user").await?;
    }
    lab.store(&bob, &group, "text", "{}").send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    Ok(())
}

/// To sync messages.
fn sync<'a>(lab: &'a Lab, by: &Person, session: &str) -> Ask<'a> {
    lab.ask(Method::GET, fill(path::MESSAGES, &[session])).by(by).since(0)
}

async fn outsiders_read(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let eve = lab.person("eve").await?;
    let group = lab.group(&ann, &[&bob]).await?;
    for session in [&session, &group] {
        lab.text(&ann, session, "between us").await?;
        sync(lab, &eve, session).send().await?.refused(lab, "MSG-MEMBERS-ONLY", &[403])?;
        sync(lab, &bob, session).send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    }
    Ok(())
}

async fn removed_reads(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "between us").await?;
    sync(lab, &bob, &group).send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    for by in [&ann, &bob] {
        lab.put_out(by, &group, &bob).await?;
        sync(lab, &bob, &group).send().await?.refused(lab, "MSG-MEMBERS-ONLY", &[403])?;
        lab.join(&ann, &group, &bob, "user").await?;
        sync(lab, &bob, &group).send().await?.done(lab, "MSG-MEMBERS-ONLY")?;
    }
    Ok(())
}

async fn single(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let opened = lab.ask(Method::GET, fill(path::SINGLE_SESSION, &[&ann.uid])).by(&ann).send().await?;
    let session = id(&opened.needed()?.json)?;
    let stored = lab.store(&ann, &session, "text", "{\"text\":\"a note\"}").send().await?;
    let stored = stored.done(lab, "MSG-STORE")?;
    let synced = sync(lab, &ann, &session).send().await?.done(lab, "MSG-SYNC")?;
    let there = synced.entries().iter().any(|entry| entry["id"] == stored.json["id"]);
    lab.check("MSG-SYNC", there, format!("the message {} is there", stored.json["id"]), synced.said())
}

async fn apart(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &session, "for two").await?;
    lab.text(&ann, &group, "for the group").await?;
    for (session, own, other) in
        [(&session, "for two", "for the group"), (&group, "for the group", "for two")]
    {
        let messages = lab.messages(&bob, session).await?;
        let has = |text: &str| {
            messages
                .iter()
                .any(|message| message["content"].as_str().is_some_and(|known| known.contains(text)))
        };
        let expected = format!("the session {session} has the message {own:?}, and not {other:?}");
        lab.check("MSG-SYNC", has(own) && !has(other), expected, as_json(&messages))?;
    }
    Ok(())
}

async fn session_updated_at(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[]).await?;
    for change in ["nothing", "a new name", "a new member", "a message"] {
        match change {
            "a new name" => {
                drop(lab.change_session(&ann, &group, &[("name", "new")]).send().await?.needed()?);
            }
            "a new member" => drop(lab.join(&ann, &group, &bob, "user").await?),
            "a message" => drop(lab.text(&bob, &group, "hello").await?),
            _ => (),
        }
        let session = lab.session(&ann, &group).await?;
        let synced = sync(lab, &ann, &group).send().await?.needed()?;
        let same =
            time(&session, "updatedAt").is_some() && synced.json["sessionUpdatedAt"] == session["updatedAt"];
        let expected =
            format!("after {change} `sessionUpdatedAt` is the session's own {}", session["updatedAt"]);
        lab.check("MSG-SESSION-UPDATED-AT", same, expected, synced.said())?;
    }
    Ok(())
}

async fn what_is_missing(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session) = two(lab).await?;
    let list = fill(path::MESSAGES, &[&session]);
    let before = lab.messages(&ann, &session).await?;
    let all = [("sender", &*ann.uid), ("type", "text"), ("content", "{\"text\":\"hello\"}")];
    for missing in ["sender", "type", "content"] {
        let fields: Vec<(&str, &str)> = all.into_iter().filter(|(name, _)| *name != missing).collect();
        let asked = lab.ask(Method::POST, &list).by(&ann).form(&fields).send().await?;
        asked.refused(lab, "API-BAD-REQUEST", &[400])?;
    }
    lab.unchanged("API-NO-EFFECT", "the messages are", &before, &lab.messages(&ann, &session).await?)?;
    lab.ask(Method::POST, &list).by(&ann).form(&all).send().await?.done(lab, "MSG-STORE")?;
    Ok(())
}
