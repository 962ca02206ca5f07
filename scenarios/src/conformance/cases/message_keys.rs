//! Messages: one that is sent again with the same idempotency key is one. Rule `MSG-IDEMPOTENCY-KEY`, where a server has it.

use futures_util::future::try_join_all;
use http::HeaderName;
use serde_json::json;
use y2w_sdk::protocol::rest::IDEMPOTENCY_KEY;

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::messages::{each_once, two};

pub(super) const CASES: &[Case] = &[
    Case::new("messages.one-key-is-one-message", &["MSG-STORE", "MSG-ONCE"], |lab| Box::pin(one_key(lab))),
    Case::new("messages.one-key-at-once-is-one-message", &["MSG-STORE", "MSG-ONCE"], |lab| {
        Box::pin(one_key_at_once(lab))
    }),
    Case::new("messages.a-key-is-its-senders", &["MSG-STORE"], |lab| Box::pin(key_is_its_senders(lab))),
    Case::new("messages.a-key-is-for-one-session", &["MSG-STORE"], |lab| {
        Box::pin(key_is_for_one_session(lab))
    }),
];

/// To store a message with an idempotency key.
fn keyed<'a>(lab: &'a Lab, by: &Person, session: &str, text: &str, key: &str) -> Ask<'a> {
    let content = json!({ "text": text }).to_string();
    lab.store(by, session, "text", &content).header(HeaderName::from_static(IDEMPOTENCY_KEY), key)
}

/// The message that the first request stored, unless there is no such thing here: then each has stored one.
fn is_one(lab: &Lab, answers: &[Answer]) -> Result<String, Stop> {
    let first = id(&answers[0].json)?;
    for answer in answers {
        if id(&answer.json)? != first {
            return Err(lab.lacks(Need::IdempotencyKey, format!("one key, two messages: {}", answer.said())));
        }
    }
    Ok(first)
}

async fn one_key(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = keyed(lab, &ann, &session, "with a key", &format!("key of {}", ann.uid)).send().await?;
        answers.push(answer.done(lab, "MSG-STORE")?);
    }
    is_one(lab, &answers)?;
    each_once(lab, &bob, &session, &["with a key".to_owned()]).await?;
    let other = keyed(lab, &ann, &session, "with another", &format!("other of {}", ann.uid)).send().await?;
    other.done(lab, "MSG-STORE")?;
    each_once(lab, &bob, &session, &["with a key".to_owned(), "with another".to_owned()]).await
}

async fn one_key_at_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let key = format!("key of {}", ann.uid);
    let asked = (0..6).map(|_| keyed(lab, &ann, &session, "with a key", &key).send());
    let answers = try_join_all(asked).await?;
    let answers: Result<Vec<Answer>, Stop> =
        answers.into_iter().map(|answer| answer.done(lab, "MSG-STORE")).collect();
    is_one(lab, &answers?)?;
    each_once(lab, &bob, &session, &["with a key".to_owned()]).await
}

/// Checks that an answer is the message that was asked to be stored, and no other.
fn is_own(
    lab: &Lab,
    answer: &Answer,
    sender: &Person,
    text: &str,
    others: &[String],
) -> Result<String, Stop> {
    let id = id(&answer.json)?;
    let is = answer.json["sender"] == *sender.uid
        && answer.json["content"] == *json!({ "text": text }).to_string()
        && !others.contains(&id);
    let expected = format!("a message of its own, of {} and with the text {text:?}", sender.uid);
    lab.check("MSG-STORE", is, expected, answer.said())?;
    Ok(id)
}

async fn key_is_its_senders(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let key = format!("key of {}", ann.uid);
    let mut ids = Vec::new();
    for (by, text) in [(&ann, "what ann says"), (&bob, "what bob says")] {
        let answer = keyed(lab, by, &session, text, &key).send().await?.done(lab, "MSG-STORE")?;
        ids.push(is_own(lab, &answer, by, text, &ids)?);
    }
    Ok(())
}

async fn key_is_for_one_session(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob, session) = two(lab).await?;
    let group = lab.group(&ann, &[&bob]).await?;
    let key = format!("key of {}", ann.uid);
    let mut ids = Vec::new();
    for (session, text) in [(&session, "said to bob"), (&group, "said to all")] {
        let answer = keyed(lab, &ann, session, text, &key).send().await?.done(lab, "MSG-STORE")?;
        ids.push(is_own(lab, &answer, &ann, text, &ids)?);
        let synced = lab.message(&bob, session, &ids[ids.len() - 1]).await?;
        let there = synced["content"] == *json!({ "text": text }).to_string();
        lab.check("MSG-STORE", there, format!("bob finds {text:?} in {session}"), synced.to_string())?;
    }
    Ok(())
}
