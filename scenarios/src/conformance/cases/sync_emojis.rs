//! The sync rule over the emojis of the app. They are not the case's own, and somebody may change them meanwhile: what is
//! looked at holds whatever others do.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::path;

use super::super::case::Case;
use super::super::collection::{brief, stamp};
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new("sync.emojis-are-given-from-their-stamp-on", &["SYNC-HEADER", "SYNC-SINCE"], |lab| {
        Box::pin(from_their_stamp_on(lab))
    }),
    Case::new("sync.emojis-come-oldest-change-first", &["SYNC-ORDER", "API-LIST-LIMIT"], |lab| {
        Box::pin(oldest_change_first(lab))
    }),
    Case::new(
        "sync.emojis-are-not-given-for-a-time-that-is-none",
        &["SYNC-HEADER-BAD", "SYNC-HEADER"],
        |lab| Box::pin(a_time_that_is_none(lab)),
    ),
];

/// The emojis that changed since then. Where there are none at all, there is nothing to be seen of them.
async fn since(lab: &Lab, by: &Person, since: i64) -> Result<Vec<Value>, Stop> {
    let ask = lab.ask(Method::GET, format!("{}?limit=1000", path::EMOJIS)).by(by).since(since);
    let answer = ask.send().await?;
    if since == 0 && answer.entries().is_empty() {
        return Err(lab.lacks(Need::Emojis, answer.said()));
    }
    Ok(answer.needed()?.entries().to_vec())
}

async fn from_their_stamp_on(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let all = since(lab, &ann, 0).await?;
    for (at, emoji) in all.iter().enumerate().take(3) {
        let known = stamp(emoji)?;
        let before = since(lab, &ann, known - 1).await?;
        let is_there = before.iter().any(|given| given["id"] == emoji["id"]);
        let expected = format!("who asks for what is later than {} is given the emoji of {known}", known - 1);
        lab.check("SYNC-HEADER", is_there, expected, brief(&before))?;
        let after = since(lab, &ann, known).await?;
        let mut earliest = i64::MAX;
        for given in &after {
            earliest = earliest.min(stamp(given)?);
        }
        let expected = format!("who asks for what is later than {known} is given nothing of then or before");
        lab.check("SYNC-SINCE", earliest > known, expected, brief(&after))?;
        let missing =
            all[at + 1..].iter().find(|later| !after.iter().any(|given| given["id"] == later["id"]));
        let expected = format!("who asks for what is later than {known} is given all that is later");
        lab.check("SYNC-SINCE", missing.is_none(), expected, format!("not given: {}", as_json(&missing)))?;
    }
    Ok(())
}

async fn oldest_change_first(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let all = since(lab, &ann, 0).await?;
    let mut stamps = Vec::new();
    for emoji in &all {
        stamps.push(stamp(emoji)?);
    }
    let expected = "each emoji has a later `updatedAt` than the one before it";
    lab.check("SYNC-ORDER", stamps.is_sorted(), expected, brief(&all))?;
    let page = lab.ask(Method::GET, format!("{}?limit=1", path::EMOJIS)).by(&ann).since(0).send().await?;
    let one = page.needed()?.entries().len();
    lab.check("API-LIST-LIMIT", one == 1, "one emoji on a page of at most one", format!("{one} emojis"))
}

async fn a_time_that_is_none(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let ask = lab.ask(Method::GET, path::EMOJIS).by(&ann).since("yesterday");
    ask.send().await?.refused(lab, "SYNC-HEADER-BAD", &[400])?;
    lab.ask(Method::GET, path::EMOJIS).by(&ann).since(0).send().await?.done(lab, "SYNC-HEADER")?;
    Ok(())
}
