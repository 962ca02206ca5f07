//! What holds for all of the business API. Part 1.

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::json;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::path;

use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD};
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::new("conventions.forms-and-json-are-the-same", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab))
    }),
    Case::new("conventions.a-token-is-needed", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(a_token_is_needed(lab))
    }),
    Case::new("conventions.a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(a_token_of_nobody(lab))
    }),
    Case::new("conventions.a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(a_token_in_the_query(lab))
    }),
    Case::new(
        "conventions.times-have-three-decimals-and-ids-are-strings",
        &["API-TIME", "API-ID", "API-AUTH"],
        |lab| Box::pin(times_and_ids(lab)),
    ),
];

async fn forms_and_json(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let body = json!({ "email": ann.account, "password": password_md5(PASSWORD) });
    let by_json = lab.ask(Method::POST, path::LOGIN).json(&body).send().await?;
    let by_json = by_json.done(lab, "API-FORM-AND-JSON")?;
    let by_form = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "API-FORM-AND-JSON")?;
    let same = by_json.text("/id").is_some() && by_json.text("/id") == by_form.text("/id");
    lab.check("API-FORM-AND-JSON", same, "both ways log the same user in", by_json.said())
}

/// A route of each kind of resource.
fn routes(uid: &str) -> [String; 4] {
    let user = format!("{}/{uid}", path::USERS);
    [
        user.clone(),
        format!("{user}/contacts"),
        format!("{user}/userConversations"),
        format!("{user}/userSessions"),
    ]
}

async fn a_token_is_needed(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for route in routes(&ann.uid) {
        lab.ask(Method::GET, &route).send().await?.refused(lab, "API-AUTH-NEEDED", &[401])?;
        lab.ask(Method::GET, &route).by(&ann).send().await?.done(lab, "API-AUTH")?;
    }
    Ok(())
}

async fn a_token_of_nobody(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for route in routes(&ann.uid) {
        let ask = lab.ask(Method::GET, &route).header(AUTHORIZATION, "Bearer nobody-was-given-this");
        ask.send().await?.refused(lab, "API-AUTH-INVALID", &[401])?;
        lab.ask(Method::GET, &route).by(&ann).send().await?.done(lab, "API-AUTH")?;
    }
    Ok(())
}

async fn a_token_in_the_query(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for route in routes(&ann.uid) {
        let ask = lab.ask(Method::GET, format!("{route}?access_token={}", ann.token));
        ask.send().await?.done(lab, "API-AUTH-QUERY")?;
        lab.ask(Method::GET, &route).send().await?.refused(lab, "API-AUTH-NEEDED", &[401])?;
    }
    Ok(())
}

async fn times_and_ids(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let user = lab.ask(Method::GET, format!("{}/{}", path::USERS, ann.uid)).by(&ann).send().await?;
    let user = user.done(lab, "API-AUTH")?;
    let id = user.json.get("id").is_some_and(serde_json::Value::is_string);
    lab.check("API-ID", id, "`id` is a string", user.said())?;
    for field in ["createdAt", "updatedAt"] {
        let time = user.text(&format!("/{field}")).unwrap_or_default();
        let exact = Timestamp::parse(&time).is_some_and(|read| read.to_string() == time);
        lab.check("API-TIME", exact, format!("`{field}` is as 2016-11-24T08:00:00.000Z"), user.said())?;
    }
    Ok(())
}
