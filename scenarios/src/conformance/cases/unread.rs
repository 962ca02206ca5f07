//! Conversations: how much is unread, and what reads it. Part 6, and of part 9 what marks a session read.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::collection::stamp;
use super::super::lab::{Lab, Person};
use super::super::verdict::Stop;
use super::super::views::top;

pub(super) const CASES: &[Case] = &[
    Case::new("unread.what-others-say-is-counted", &["CONV-UNREAD"], |lab| Box::pin(counted(lab))),
    Case::new("unread.what-one-says-oneself-is-not", &["CONV-UNREAD"], |lab| Box::pin(own_not_counted(lab))),
    Case::new("unread.each-member-has-a-count", &["CONV-UNREAD", "CONV-CLEAR-UNREAD"], |lab| {
        Box::pin(each_member(lab))
    }),
    Case::new("unread.each-session-has-a-count", &["CONV-UNREAD"], |lab| Box::pin(each_session(lab))),
    Case::new("unread.a-system-message-counts-for-all", &["CONV-UNREAD-SYSTEM"], |lab| {
        Box::pin(system_counts(lab))
    }),
    Case::new("unread.a-new-member-counts-for-all", &["CONV-UNREAD-SYSTEM"], |lab| {
        Box::pin(membership_counts(lab))
    }),
    Case::new("unread.it-is-cleared", &["CONV-CLEAR-UNREAD", "CONV-CHANGE-STAMPED", "CONV-UNREAD"], |lab| {
        Box::pin(cleared(lab))
    }),
    Case::new("unread.a-sync-reads", &["MSG-SYNC-MARKS-READ", "CONV-CHANGE-STAMPED", "CONV-UNREAD"], |lab| {
        Box::pin(sync_reads(lab))
    }),
    Case::new("unread.a-sync-reads-for-who-asks-only", &["MSG-SYNC-MARKS-READ", "CONV-UNREAD"], |lab| {
        Box::pin(sync_reads_own(lab))
    }),
    Case::new("unread.history-does-not-read", &["MSG-SYNC-MARKS-READ", "CONV-UNREAD"], |lab| {
        Box::pin(history_does_not(lab))
    }),
    Case::new("unread.an-edit-is-no-message", &["CONV-UNREAD"], |lab| Box::pin(edits(lab))),
    Case::new("unread.each-message-is-stamped", &["CONV-CHANGE-STAMPED", "CONV-UNREAD"], |lab| {
        Box::pin(stamped(lab))
    }),
];

/// Somebody's conversation, cleared: from here on it is counted.
async fn from_zero(lab: &Lab, of: &Person, target: &str) -> Result<(), Stop> {
    let conversation = lab.conversation(of, target).await?;
    lab.clear_unread(of, &conversation)?.send().await?.needed()?;
    Ok(())
}

/// Checks how much somebody has not read.
async fn is(
    lab: &Lab,
    rule: &'static str,
    of: &Person,
    target: &str,
    count: i64,
    when: &str,
) -> Result<Value, Stop> {
    let conversation = lab.conversation(of, target).await?;
    let expected = format!("{when}, `unread` of {} is {count}", of.name);
    lab.check(rule, conversation["unread"] == count, expected, conversation.to_string())?;
    Ok(conversation)
}

/// Ann and bob, who have talked and read it all.
async fn two(lab: &Lab) -> Result<(Person, Person, String), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let session = lab.p2p(&ann, &bob).await?;
    lab.text(&ann, &session, "hello").await?;
    from_zero(lab, &ann, &bob.uid).await?;
    from_zero(lab, &bob, &ann.uid).await?;
    Ok((ann, bob, session))
}

async fn counted(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 0, "with all read").await?;
    for n in 1..=3 {
        lab.text(&ann, &session, "hello").await?;
        is(lab, "CONV-UNREAD", &bob, &ann.uid, n, &format!("after {n} messages of ann")).await?;
    }
    Ok(())
}

async fn own_not_counted(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    for _ in 0..2 {
        lab.text(&ann, &session, "hello").await?;
    }
    is(lab, "CONV-UNREAD", &ann, &bob.uid, 0, "after 2 messages of ann's own").await?;
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 2, "after 2 messages of ann").await?;
    Ok(())
}

async fn each_member(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    lab.text(&ann, &group, "hello").await?;
    for of in [&ann, &bob, &cat] {
        from_zero(lab, of, &group).await?;
        is(lab, "CONV-CLEAR-UNREAD", of, &group, 0, "once it is cleared").await?;
    }
    for by in [&ann, &ann, &bob] {
        lab.text(by, &group, "hello").await?;
    }
    let when = "after 2 messages of ann and one of bob";
    is(lab, "CONV-UNREAD", &ann, &group, 1, when).await?;
    is(lab, "CONV-UNREAD", &bob, &group, 2, when).await?;
    is(lab, "CONV-UNREAD", &cat, &group, 3, when).await?;
    from_zero(lab, &cat, &group).await?;
    is(lab, "CONV-CLEAR-UNREAD", &cat, &group, 0, "once cat has cleared it").await?;
    is(lab, "CONV-CLEAR-UNREAD", &bob, &group, 2, "once cat, and not bob, has cleared it").await?;
    Ok(())
}

async fn each_session(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "hello").await?;
    from_zero(lab, &bob, &group).await?;
    lab.text(&ann, &session, "one").await?;
    lab.text(&ann, &group, "one").await?;
    lab.text(&ann, &group, "two").await?;
    let when = "after one message between two and 2 in the group";
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 1, when).await?;
    is(lab, "CONV-UNREAD", &bob, &group, 2, when).await?;
    Ok(())
}

async fn system_counts(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let content = r#"{"text":"ann is typing"}"#;
    lab.store(&ann, &session, "system", content).send().await?.needed()?;
    is(lab, "CONV-UNREAD-SYSTEM", &bob, &ann.uid, 1, "after a `system` message of ann").await?;
    is(lab, "CONV-UNREAD-SYSTEM", &ann, &bob.uid, 1, "after a `system` message of ann's own").await?;
    Ok(())
}

async fn membership_counts(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob]).await?;
    lab.text(&ann, &group, "hello").await?;
    from_zero(lab, &ann, &group).await?;
    from_zero(lab, &bob, &group).await?;
    lab.join(&ann, &group, &cat, "user").await?;
    for of in [&ann, &bob] {
        let conversation = lab.conversation(of, &group).await?;
        if conversation["lastMessage"]["type"] != "system" {
            return Err(Stop::Inconclusive(format!("nothing was said of the new member: {conversation}")));
        }
        is(lab, "CONV-UNREAD-SYSTEM", of, &group, 1, "once ann has added cat").await?;
    }
    Ok(())
}

async fn cleared(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "one").await?;
    lab.text(&ann, &session, "two").await?;
    let before = is(lab, "CONV-UNREAD", &bob, &ann.uid, 2, "after 2 messages").await?;
    lab.clear_unread(&bob, &before)?.send().await?.done(lab, "CONV-CLEAR-UNREAD")?;
    let after = is(lab, "CONV-CLEAR-UNREAD", &bob, &ann.uid, 0, "once it is cleared").await?;
    is_later(lab, &before, &after)?;
    lab.text(&ann, &session, "three").await?;
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 1, "after one message more").await?;
    Ok(())
}

/// Checks that a conversation was stamped with its change.
fn is_later(lab: &Lab, before: &Value, after: &Value) -> Result<(), Stop> {
    let later = stamp(after)? > stamp(before)?;
    let expected = format!("with another `unread` its `updatedAt` is later than {}", before["updatedAt"]);
    lab.check("CONV-CHANGE-STAMPED", later, expected, after.to_string())
}

async fn sync_reads(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let said = lab.text(&ann, &session, "hello").await?;
    let before = is(lab, "CONV-UNREAD", &bob, &ann.uid, 1, "after a message").await?;
    lab.messages(&bob, &session).await?;
    let after = is(lab, "MSG-SYNC-MARKS-READ", &bob, &ann.uid, 0, "once bob has synced the messages").await?;
    is_later(lab, &before, &after)?;
    lab.text(&ann, &session, "again").await?;
    // A sync that brings few of them or none reads as well.
    let ask = lab.ask(Method::GET, fill(path::MESSAGES, &[&session])).by(&bob).since(stamp(&said)?);
    ask.send().await?.needed()?;
    is(lab, "MSG-SYNC-MARKS-READ", &bob, &ann.uid, 0, "once bob has synced on").await?;
    Ok(())
}

async fn sync_reads_own(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, cat) = (lab.person("ann").await?, lab.person("bob").await?, lab.person("cat").await?);
    let group = lab.group(&ann, &[&bob, &cat]).await?;
    lab.text(&ann, &group, "hello").await?;
    for of in [&bob, &cat] {
        from_zero(lab, of, &group).await?;
    }
    lab.text(&ann, &group, "again").await?;
    lab.messages(&bob, &group).await?;
    is(lab, "MSG-SYNC-MARKS-READ", &bob, &group, 0, "once bob has synced the messages").await?;
    is(lab, "CONV-UNREAD", &cat, &group, 1, "once bob, and not cat, has synced them").await?;
    Ok(())
}

async fn history_does_not(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    lab.text(&ann, &session, "hello").await?;
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 1, "after a message").await?;
    lab.history(&bob, &session, top(), 10).send().await?.needed()?;
    is(lab, "MSG-SYNC-MARKS-READ", &bob, &ann.uid, 1, "once bob has looked back in history").await?;
    lab.messages(&bob, &session).await?;
    is(lab, "MSG-SYNC-MARKS-READ", &bob, &ann.uid, 0, "once bob has synced the messages").await?;
    Ok(())
}

async fn edits(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let said = lab.text(&ann, &session, "hello").await?;
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 1, "after a message").await?;
    lab.edit(&ann, &session, &said, &[("content", r#"{"text":"hallo"}"#)])?.send().await?.needed()?;
    is(lab, "CONV-UNREAD", &bob, &ann.uid, 1, "after a message and its edit").await?;
    Ok(())
}

async fn stamped(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    for n in 1..=3 {
        let before = lab.conversation(&bob, &ann.uid).await?;
        lab.text(&ann, &session, "the same again").await?;
        let after = is(lab, "CONV-UNREAD", &bob, &ann.uid, n, &format!("after {n} messages of ann")).await?;
        is_later(lab, &before, &after)?;
    }
    Ok(())
}
