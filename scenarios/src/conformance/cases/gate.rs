//! The gate: where the push server is. Part 13.1.

use http::Method;
use http::header::ORIGIN;
use y2w_sdk::protocol::rest::{GATE_REGISTER, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::Lab;
use super::super::need::Need;
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::new("gate.it-names-a-region-and-a-place", &["GATE-ANSWER"], |lab| Box::pin(region_and_place(lab))),
    Case::new("gate.it-asks-for-no-token", &["GATE-ANSWER"], |lab| Box::pin(no_token(lab))),
    Case::new("gate.the-country-may-be-left-out-and-be-named", &["GATE-ANSWER"], |lab| {
        Box::pin(country(lab))
    }),
    Case::new("gate.it-answers-again-and-again", &["GATE-ANSWER"], |lab| Box::pin(again(lab))),
    Case::new("gate.its-answer-is-for-pages-of-any-origin", &["GATE-CORS", "GATE-ANSWER"], |lab| {
        Box::pin(any_origin(lab))
    }),
    Case::new("gate.a-preflight-is-answered-with-200", &["GATE-CORS", "GATE-ANSWER"], |lab| {
        Box::pin(preflight(lab))
    }),
    Case::both("gate.a-push-server-is-where-it-says", &["GATE-ANSWER", "CONN-ACCEPT"], |lab| {
        Box::pin(a_push_server_is_there(lab))
    }),
    Case::new("gate.the-place-for-tcp-is-one", &["GATE-TCP", "CONN-TCP"], |lab| {
        Box::pin(the_place_for_tcp(lab))
    }),
];

async fn ask(lab: &Lab, fields: &[(&str, &str)]) -> Result<Answer, Stop> {
    let answer = lab.ask(Method::POST, path::GATE).form(fields).send().await?;
    if answer.status == 404 {
        return Err(lab.lacks(Need::Push, format!("{}: {}", answer.what, answer.said())));
    }
    Ok(answer)
}

const FIELDS: [(&str, &str); 2] = [("oper", GATE_REGISTER), ("country", "")];

fn has_place(lab: &Lab, answer: &Answer) -> Result<(), Stop> {
    let region = answer.text("/data/region").is_some();
    lab.check("GATE-ANSWER", region, "`data.region` is a string", answer.said())?;
    let url = answer.text("/data/url").is_some_and(|url| !url.is_empty());
    lab.check("GATE-ANSWER", url, "`data.url` is a string that names a host", answer.said())
}

async fn region_and_place(lab: &Lab) -> Result<(), Stop> {
    let answer = ask(lab, &FIELDS).await?.done(lab, "GATE-ANSWER")?;
    has_place(lab, &answer)
}

async fn no_token(lab: &Lab) -> Result<(), Stop> {
    let without = ask(lab, &FIELDS).await?.done(lab, "GATE-ANSWER")?;
    has_place(lab, &without)?;
    // One that is there does no harm.
    let ann = lab.person("ann").await?;
    let with = lab.ask(Method::POST, path::GATE).by(&ann).form(&FIELDS).send().await?;
    has_place(lab, &with.done(lab, "GATE-ANSWER")?)
}

async fn country(lab: &Lab) -> Result<(), Stop> {
    for country in ["", "cn", "中国"] {
        let answer = ask(lab, &[("oper", GATE_REGISTER), ("country", country)]).await?;
        has_place(lab, &answer.done(lab, "GATE-ANSWER")?)?;
    }
    Ok(())
}

async fn again(lab: &Lab) -> Result<(), Stop> {
    let asked = (0..5).map(|_| ask(lab, &FIELDS));
    for answer in futures_util::future::try_join_all(asked).await? {
        has_place(lab, &answer.done(lab, "GATE-ANSWER")?)?;
    }
    Ok(())
}

async fn any_origin(lab: &Lab) -> Result<(), Stop> {
    let ask = lab.ask(Method::POST, path::GATE).form(&FIELDS).header(ORIGIN, "https://page.example");
    let answer = ask.send().await?.done(lab, "GATE-ANSWER")?;
    has_place(lab, &answer)?;
    is_for_all(lab, &answer)
}

fn is_for_all(lab: &Lab, answer: &Answer) -> Result<(), Stop> {
    let said = answer.header("access-control-allow-origin");
    let expected = format!("{} is answered with Access-Control-Allow-Origin: *", answer.what);
    lab.check("GATE-CORS", said == Some("*"), expected, said.unwrap_or("no such header"))
}

async fn preflight(lab: &Lab) -> Result<(), Stop> {
    let answer = ask(lab, &FIELDS).await?.done(lab, "GATE-ANSWER")?;
    has_place(lab, &answer)?;
    let preflight =
        lab.ask(Method::OPTIONS, path::GATE).header(ORIGIN, "https://page.example").send().await?;
    let is_ok = preflight.status == 200;
    lab.check("GATE-CORS", is_ok, "OPTIONS at the gate is answered with 200", preflight.said())?;
    is_for_all(lab, &preflight)
}

async fn a_push_server_is_there(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let answer = ask(lab, &FIELDS).await?.done(lab, "GATE-ANSWER")?;
    has_place(lab, &answer)?;
    let mut device = lab.device("ann", &lab.hello(&ann, "00one").await?).await?;
    device.accepted("CONN-ACCEPT").await?;
    device.is_of_use().await
}

/// A liberty: a gate need not name it.
async fn the_place_for_tcp(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let answer = ask(lab, &FIELDS).await?.needed()?;
    if answer.text("/data/tcp").is_none() {
        return Err(lab.lacks(Need::GateTcp, answer.said()));
    }
    let mut device = lab.device("ann", &lab.hello(&ann, "01one").await?).await?;
    device.accepted("CONN-TCP").await?;
    device.is_of_use().await
}

/// What cannot be seen from outside.
pub(super) const UNTESTED: &[(&str, &str)] = &[(
    "GATE-URL-PORT",
    "a gate may name a port and may leave it out: every case that connects follows what it says, and neither is wrong",
)];
