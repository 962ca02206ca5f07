//! Conversations: what their owners make of them, how they go and return. Part 6.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::collection::{stamp, watermark};
use super::super::groups::id;
use super::super::lab::Lab;
use super::super::verdict::Stop;
use super::super::views::top;
use super::conversations::{each_once, is_stamped, path_of, two};

pub(super) const CASES: &[Case] = &[
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
