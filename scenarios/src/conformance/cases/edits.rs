//! Messages: edits and deletions, and who makes them. Part 9.

use serde_json::Value;

use super::super::case::Case;
use super::super::groups::{id, time};
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::new("edits.content-is-replaced", &["MSG-EDIT", "MSG-EDIT-CREATED-AT"], |lab| {
        Box::pin(edited(lab, "content"))
    }),
    Case::new("edits.the-type-is-replaced", &["MSG-EDIT", "MSG-EDIT-CREATED-AT"], |lab| {
        Box::pin(edited(lab, "type"))
    }),
    Case::new("edits.each-edit-is-stamped", &["MSG-EDIT", "MSG-EDIT-CREATED-AT"], |lab| {
        Box::pin(edited_again(lab))
    }),
    Case::new("edits.edited-content-comes-back-as-it-was", &["MSG-CONTENT-VERBATIM"], |lab| {
        Box::pin(edited_verbatim(lab))
    }),
    Case::new("edits.only-the-sender-edits", &["MSG-EDIT-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(only_the_sender(lab, false))
    }),
    Case::new("edits.only-the-sender-deletes", &["MSG-EDIT-RIGHT", "API-NO-EFFECT"], |lab| {
        Box::pin(only_the_sender(lab, true))
    }),
    Case::new("edits.who-was-removed-edits-nothing", &["MSG-EDIT-MEMBER", "API-NO-EFFECT"], |lab| {
        Box::pin(removed(lab, false))
    }),
    Case::new("edits.who-was-removed-deletes-nothing", &["MSG-EDIT-MEMBER", "API-NO-EFFECT"], |lab| {
        Box::pin(removed(lab, true))
    }),
    Case::new("edits.nobody-edits-what-the-server-wrote", &["MSG-EDIT-SYSTEM", "MSG-EDIT"], |lab| {
        Box::pin(servers_own(lab))
    }),
    Case::new("edits.a-deleted-message-is-a-tombstone", &["MSG-DELETE", "MSG-EDIT-CREATED-AT"], |lab| {
        Box::pin(deleted(lab))
    }),
    Case::new("edits.a-deletion-is-stamped", &["MSG-DELETE", "MSG-EDIT-CREATED-AT"], |lab| {
        Box::pin(deletion_stamped(lab))
    }),
    Case::new("edits.other-messages-stay", &["MSG-EDIT", "MSG-DELETE"], |lab| Box::pin(others_stay(lab))),
    Case::new("edits.one-that-is-not-there", &["API-NOT-FOUND", "MSG-EDIT"], |lab| Box::pin(not_there(lab))),
];

const CONTENT: &str = r#"{ "text" : "edited" }"#;

/// Ann and bob, their p2p session, and what ann said in it.
async fn said(lab: &Lab) -> Result<(Person, Person, String, Value), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    let said = lab.text(&ann, &session, "before").await?;
    Ok((ann, bob, session, said))
}

/// A message as bob is given it.
async fn seen(lab: &Lab, by: &Person, session: &str, message: &Value) -> Result<Value, Stop> {
    lab.message(by, session, &id(message)?).await
}

/// Checks that a message has a later stamp than before, and the time of its making still.
fn is_stamped(lab: &Lab, rule: &'static str, before: &Value, after: &Value) -> Result<(), Stop> {
    let later = time(after, "updatedAt") > time(before, "updatedAt");
    let expected = format!("its `updatedAt` is later than {}", before["updatedAt"]);
    lab.check(rule, later, expected, after.to_string())?;
    let expected = format!("its `createdAt` is {} still", before["createdAt"]);
    lab.check("MSG-EDIT-CREATED-AT", after["createdAt"] == before["createdAt"], expected, after.to_string())
}

async fn edited(lab: &Lab, field: &str) -> Result<(), Stop> {
    let (ann, bob, session, said) = said(lab).await?;
    let before = seen(lab, &bob, &session, &said).await?;
    let value = if field == "type" { "image" } else { CONTENT };
    let ask = lab.edit(&ann, &session, &said, &[(field, value)])?;
    let answer = ask.send().await?.done(lab, "MSG-EDIT")?;
    let after = seen(lab, &bob, &session, &said).await?;
    for (what, message) in [("the answer", &answer.json), ("what bob is given", &after)] {
        let expected = format!("{what} has the {field} {value}");
        lab.check("MSG-EDIT", message[field] == *value, expected, message.to_string())?;
        for kept in ["id", "sender", "type", "content", "isDelete"].into_iter().filter(|kept| *kept != field)
        {
            let expected = format!("{what} has the {kept} {} as before", before[kept]);
            lab.check("MSG-EDIT", message[kept] == before[kept], expected, message.to_string())?;
        }
    }
    is_stamped(lab, "MSG-EDIT", &before, &after)
}

async fn edited_again(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = said(lab).await?;
    lab.text(&bob, &session, "and more").await?;
    for n in 0..3 {
        let before = seen(lab, &bob, &session, &said).await?;
        let content = format!("{{\"text\":\"edited {n}\"}}");
        let ask = lab.edit(&ann, &session, &said, &[("type", "text"), ("content", &content)])?;
        ask.send().await?.done(lab, "MSG-EDIT")?;
        let after = seen(lab, &bob, &session, &said).await?;
        let expected = format!("the content {content}");
        lab.check("MSG-EDIT", after["content"] == *content, expected, after.to_string())?;
        is_stamped(lab, "MSG-EDIT", &before, &after)?;
    }
    Ok(())
}

async fn edited_verbatim(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = said(lab).await?;
    for content in [CONTENT, r#"{"b":1,"a":1.0}"#, "{\"text\":\"例 😀 a&b=c+d\"}\n"] {
        let ask = lab.edit(&ann, &session, &said, &[("content", content)])?;
        ask.send().await?.done(lab, "MSG-CONTENT-VERBATIM")?;
        let after = seen(lab, &bob, &session, &said).await?;
        let expected = format!("the content {content:?}");
        lab.check("MSG-CONTENT-VERBATIM", after["content"] == *content, expected, after.to_string())?;
    }
    Ok(())
}

async fn only_the_sender(lab: &Lab, deletes: bool) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let eve = lab.person("eve").await?;
    let group = lab.group(&ann, &[&bob]).await?;
    lab.join(&ann, &group, &cat, "admin").await?;
    let said = lab.text(&bob, &group, "what bob said").await?;
    let ask = |by| {
        if deletes {
            lab.recall(by, &group, &said)
        } else {
            lab.edit(by, &group, &said, &[("content", CONTENT)])
        }
    };
    let before = seen(lab, &bob, &group, &said).await?;
    for by in [&ann, &cat, &eve] {
        ask(by)?.send().await?.refused(lab, "MSG-EDIT-RIGHT", &[403])?;
    }
    lab.unchanged("API-NO-EFFECT", "the message is", &before, &seen(lab, &bob, &group, &said).await?)?;
    ask(&bob)?.send().await?.done(lab, "MSG-EDIT-RIGHT")?;
    Ok(())
}

async fn removed(lab: &Lab, deletes: bool) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let said = lab.text(&bob, &group, "what bob said").await?;
    let ask = || {
        if deletes {
            lab.recall(&bob, &group, &said)
        } else {
            lab.edit(&bob, &group, &said, &[("content", CONTENT)])
        }
    };
    let before = seen(lab, &ann, &group, &said).await?;
    lab.put_out(&ann, &group, &bob).await?;
    ask()?.send().await?.refused(lab, "MSG-EDIT-MEMBER", &[403])?;
    lab.unchanged("API-NO-EFFECT", "the message is", &before, &seen(lab, &ann, &group, &said).await?)?;
    lab.join(&ann, &group, &bob, "user").await?;
    ask()?.send().await?.done(lab, "MSG-EDIT-MEMBER")?;
    Ok(())
}

async fn servers_own(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    let messages = lab.messages(&ann, &group).await?;
    let Some(written) = messages.iter().find(|message| message["type"] == "system") else {
        return Err(Stop::Inconclusive("the server wrote nothing when the members joined".to_owned()));
    };
    for by in [&ann, &bob] {
        let asked = lab.edit(by, &group, written, &[("content", CONTENT)])?.send().await?;
        asked.refused(lab, "MSG-EDIT-SYSTEM", &[403])?;
        lab.recall(by, &group, written)?.send().await?.refused(lab, "MSG-EDIT-SYSTEM", &[403])?;
    }
    // What a user wrote is the user's.
    let said = lab.text(&ann, &group, "before").await?;
    lab.edit(&ann, &group, &said, &[("content", CONTENT)])?.send().await?.done(lab, "MSG-EDIT")?;
    Ok(())
}

async fn deleted(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = said(lab).await?;
    let before = seen(lab, &bob, &session, &said).await?;
    lab.recall(&ann, &session, &said)?.send().await?.done(lab, "MSG-DELETE")?;
    for by in [&ann, &bob] {
        let after = seen(lab, by, &session, &said).await?;
        let expected = format!("{} is given it with `isDelete` true", by.name);
        lab.check("MSG-DELETE", after["isDelete"] == true, expected, after.to_string())?;
        let expected = format!("its `createdAt` is {} still", before["createdAt"]);
        lab.check(
            "MSG-EDIT-CREATED-AT",
            after["createdAt"] == before["createdAt"],
            expected,
            after.to_string(),
        )?;
    }
    Ok(())
}

async fn deletion_stamped(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = said(lab).await?;
    lab.text(&bob, &session, "and more").await?;
    let before = seen(lab, &bob, &session, &said).await?;
    lab.recall(&ann, &session, &said)?.send().await?.done(lab, "MSG-DELETE")?;
    is_stamped(lab, "MSG-DELETE", &before, &seen(lab, &bob, &session, &said).await?)
}

async fn others_stay(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session, said) = said(lab).await?;
    let (kept, gone) = (lab.text(&ann, &session, "kept").await?, lab.text(&ann, &session, "gone").await?);
    let before = seen(lab, &bob, &session, &kept).await?;
    lab.edit(&ann, &session, &said, &[("content", CONTENT)])?.send().await?.done(lab, "MSG-EDIT")?;
    lab.unchanged("MSG-EDIT", "another message is", &before, &seen(lab, &bob, &session, &kept).await?)?;
    lab.recall(&ann, &session, &gone)?.send().await?.done(lab, "MSG-DELETE")?;
    lab.unchanged("MSG-DELETE", "another message is", &before, &seen(lab, &bob, &session, &kept).await?)
}

async fn not_there(lab: &Lab) -> Result<(), Stop> {
    let (ann, _, session, said) = said(lab).await?;
    let mut nothing = said.clone();
    nothing["id"] = Value::String(format!("{}404404404", id(&said)?));
    let asked = lab.edit(&ann, &session, &nothing, &[("content", CONTENT)])?.send().await?;
    asked.refused(lab, "API-NOT-FOUND", &[404])?;
    lab.recall(&ann, &session, &nothing)?.send().await?.refused(lab, "API-NOT-FOUND", &[404])?;
    lab.edit(&ann, &session, &said, &[("content", CONTENT)])?.send().await?.done(lab, "MSG-EDIT")?;
    Ok(())
}
