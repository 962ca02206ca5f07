//! The emojis of the app. They are not the case's own: where somebody changes them meanwhile, nothing can be said. Part 11.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::path;

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::{Lab, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::super::views::as_json;

pub(super) const CASES: &[Case] = &[
    Case::new("emojis.are-a-list", &["EMOJI-LIST", "API-LIST", "API-ID"], |lab| Box::pin(are_a_list(lab))),
    Case::new("emojis.are-the-same-for-all", &["EMOJI-LIST"], |lab| Box::pin(same_for_all(lab))),
    Case::new("emojis.are-counted", &["API-LIST", "EMOJI-LIST"], |lab| Box::pin(are_counted(lab))),
    Case::new("emojis.come-in-pages", &["API-LIST-LIMIT", "API-LIST-OFFSET", "EMOJI-LIST"], |lab| {
        Box::pin(pages(lab))
    }),
];

async fn all(lab: &Lab, by: &Person) -> Result<Answer, Stop> {
    let answer = lab.ask(Method::GET, format!("{}?limit=1000", path::EMOJIS)).by(by).send().await?;
    let answer = answer.done(lab, "EMOJI-LIST")?;
    let is_list = answer.json["entries"].is_array();
    lab.check("EMOJI-LIST", is_list, "the answer is a list with `entries`", answer.said())?;
    if answer.entries().len() < 2 {
        return Err(lab.lacks(Need::Emojis, answer.said()));
    }
    Ok(answer)
}

fn ids(entries: &[Value]) -> Vec<&Value> {
    entries.iter().map(|entry| &entry["id"]).collect()
}

/// They are as they were.
async fn unchanged(lab: &Lab, by: &Person, before: &Answer) -> Result<(), Stop> {
    if all(lab, by).await?.json["entries"] == before.json["entries"] {
        return Ok(());
    }
    Err(Stop::Inconclusive("the emojis were changed meanwhile".to_owned()))
}

async fn are_a_list(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let answer = all(lab, &ann).await?;
    let total = answer.json["total_count"].is_u64();
    lab.check("API-LIST", total, "`total_count` is a number", answer.said())?;
    let known = ids(answer.entries());
    let texts = known.iter().all(|id| id.as_str().is_some_and(|id| !id.is_empty()));
    lab.check("API-ID", texts, "each has an `id`, a string", answer.said())?;
    let apart = known.iter().enumerate().all(|(n, id)| !known[..n].contains(id));
    lab.check("EMOJI-LIST", apart, "each has an id of its own", answer.said())
}

async fn same_for_all(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let (one, other) = (all(lab, &ann).await?, all(lab, &bob).await?);
    unchanged(lab, &ann, &one).await?;
    let expected = format!("another user is given the same: {}", one.said());
    lab.check("EMOJI-LIST", ids(one.entries()) == ids(other.entries()), expected, other.said())
}

async fn are_counted(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let answer = all(lab, &ann).await?;
    let count = answer.entries().len();
    let right = count == 1_000 || answer.json["total_count"] == count;
    lab.check("API-LIST", right, format!("`total_count` is {count}, as many as there are"), answer.said())
}

async fn pages(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let before = all(lab, &ann).await?;
    let whole = ids(before.entries());
    let page = async |query: &str| {
        let ask = lab.ask(Method::GET, format!("{}?{query}", path::EMOJIS)).by(&ann);
        ask.send().await?.done(lab, "EMOJI-LIST")
    };
    for (query, expected, rule) in [
        ("limit=1", &whole[..1], "API-LIST-LIMIT"),
        ("limit=1&offset=1", &whole[1..2], "API-LIST-OFFSET"),
        ("limit=1000&offset=1", &whole[1..], "API-LIST-OFFSET"),
        ("limit=1&offset=100000", &[], "API-LIST-OFFSET"),
    ] {
        let answer = page(query).await?;
        let right = ids(answer.entries()) == expected;
        if !right {
            unchanged(lab, &ann, &before).await?;
        }
        lab.check(
            rule,
            right,
            format!("{query} gives {} of {}", as_json(&expected), as_json(&whole)),
            answer.said(),
        )?;
    }
    Ok(())
}
