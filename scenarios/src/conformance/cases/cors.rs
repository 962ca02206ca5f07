//! Whether browsers of any origin are let in, on every route. Part 1.

use http::Method;
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD};
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::routes::Resource::{
    self, Attachments, Contacts, Conversations, Emojis, Favourites, Members, Messages, Sessions, Users,
};
use super::routes::Stock;

pub(super) const CASES: &[Case] = &[
    Case::new("cors.users-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Users))
    }),
    Case::new("cors.contacts-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Contacts))
    }),
    Case::new("cors.favourites-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Favourites))
    }),
    Case::new("cors.conversations-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Conversations))
    }),
    Case::new("cors.sessions-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Sessions))
    }),
    Case::new("cors.members-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Members))
    }),
    Case::new("cors.messages-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Messages))
    }),
    Case::new("cors.attachments-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Attachments))
    }),
    Case::new("cors.emojis-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(open_to_browsers(lab, Emojis))
    }),
    Case::new(
        "cors.users-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Users)),
    ),
    Case::new(
        "cors.contacts-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Contacts)),
    ),
    Case::new(
        "cors.favourites-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Favourites)),
    ),
    Case::new(
        "cors.conversations-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Conversations)),
    ),
    Case::new(
        "cors.sessions-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Sessions)),
    ),
    Case::new(
        "cors.members-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Members)),
    ),
    Case::new(
        "cors.messages-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Messages)),
    ),
    Case::new(
        "cors.attachments-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Attachments)),
    ),
    Case::new(
        "cors.emojis-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight(lab, Emojis)),
    ),
    Case::new(
        "cors.login-and-registration-have-a-preflight",
        &["API-CORS-PREFLIGHT", "API-CORS", "API-CORS-HEADERS", "API-CORS-METHODS"],
        |lab| Box::pin(preflight_without_token(lab)),
    ),
    Case::new(
        "cors.login-and-registration-are-open-to-browsers",
        &["API-CORS", "AUTH-REGISTER", "AUTH-LOGIN"],
        |lab| Box::pin(login_and_registration(lab)),
    ),
    Case::new("cors.errors-of-each-kind-are-open-to-browsers", &["API-CORS", "API-SUCCESS"], |lab| {
        Box::pin(errors(lab))
    }),
];

fn is_open(lab: &Lab, answer: &Answer) -> Result<(), Stop> {
    let origin = answer.header("access-control-allow-origin");
    let expected = format!("the answer to {} has Access-Control-Allow-Origin: *", answer.what);
    lab.check(
        "API-CORS",
        origin == Some("*"),
        expected,
        format!("{} on {}", origin.unwrap_or("no such header"), answer.said()),
    )
}

async fn open_to_browsers(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    for step in &stock.steps {
        is_open(lab, &step.ask(lab).header(ORIGIN, "https://example.org").send().await?)?;
        let ask = step.ask(lab).header(ORIGIN, "https://example.org").by(&stock.ann);
        is_open(lab, &ask.send().await?.done(lab, "API-SUCCESS")?)?;
    }
    Ok(())
}

async fn preflight(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    for step in &stock.steps {
        is_answered(lab, &step.path, &step.method).await?;
    }
    Ok(())
}

async fn preflight_without_token(lab: &Lab) -> Result<(), Stop> {
    for route in [path::REGISTER, path::LOGIN] {
        is_answered(lab, route, &Method::POST).await?;
    }
    Ok(())
}

/// As a browser asks before it sends such a request, and without its words.
async fn is_answered(lab: &Lab, path: &str, method: &Method) -> Result<(), Stop> {
    const WANTED: &str = "authorization,client-sync-time,content-type";
    let asked = lab.ask(Method::OPTIONS, path).header(ORIGIN, "https://example.org");
    let asked = asked.header(ACCESS_CONTROL_REQUEST_METHOD, method.as_str());
    let asked = asked.header(ACCESS_CONTROL_REQUEST_HEADERS, WANTED);
    for ask in [asked, lab.ask(Method::OPTIONS, path)] {
        let answer = ask.send().await?;
        let expected = format!("OPTIONS {path} is answered with 200, without a token");
        lab.check("API-CORS-PREFLIGHT", answer.status == 200, expected, answer.said())?;
        is_open(lab, &answer)?;
        allows(
            lab,
            &answer,
            "API-CORS-HEADERS",
            "access-control-allow-headers",
            &[
                "content-type",
                "content-length",
                "content-md5",
                "authorization",
                "accept",
                "x-requested-with",
                "client-sync-time",
            ],
        )?;
        let methods = ["put", "post", "get", "delete", "options"];
        allows(lab, &answer, "API-CORS-METHODS", "access-control-allow-methods", &methods)?;
    }
    Ok(())
}

/// A list in a header names all of these, in any order and any case.
fn allows(lab: &Lab, answer: &Answer, rule: &'static str, header: &str, wanted: &[&str]) -> Result<(), Stop> {
    let given = answer.headers(header).collect::<Vec<_>>().join(",").to_ascii_lowercase();
    let names: Vec<&str> = given.split(',').map(str::trim).collect();
    let missing: Vec<&&str> = wanted.iter().filter(|name| !names.contains(name)).collect();
    let expected = format!("{} has {header} with {}", answer.what, wanted.join(", "));
    lab.check(
        rule,
        missing.is_empty(),
        expected,
        format!("{}, without {}", as_json(&given), as_json(&missing)),
    )
}

async fn login_and_registration(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    is_open(lab, &lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?)?;
    is_open(lab, &lab.register(&account, "Ann").send().await?)?;
    is_open(lab, &lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?)?;
    is_open(lab, &lab.login(&account, "not it").send().await?)
}

async fn errors(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let own = fill(path::USER, &[&ann.uid]);
    let asks = [
        lab.ask(Method::GET, "/v1/nowhere").by(&ann),
        lab.ask(Method::GET, fill(path::USER, &["999999999999"])).by(&ann),
        lab.ask(Method::GET, fill(path::CONTACTS, &[&bob.uid])).by(&ann),
        lab.ask(Method::POST, path::LOGIN).body("application/json", "{"),
        lab.ask(Method::PATCH, &own).by(&ann),
        lab.ask(Method::GET, &own),
    ];
    for ask in asks {
        let answer = ask.header(ORIGIN, "https://example.org").send().await?;
        is_open(lab, &answer)?;
    }
    lab.ask(Method::GET, &own).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    Ok(())
}
