//! Two apps of one server: neither sees anything of the other. Rule `API-APP-ISOLATION`.

use http::Method;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;
use super::routes::Resource::{
    self, Attachments, Contacts, Conversations, Favourites, Members, Messages, Sessions, Users,
};
use super::routes::Stock;
use crate::conformance::ask::Answer;

/// What all of these are about.
const RULE: &str = "API-APP-ISOLATION";

pub(super) const CASES: &[Case] = &[
    Case::new("apps.users-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Users))
    }),
    Case::new("apps.contacts-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Contacts))
    }),
    Case::new("apps.favourites-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Favourites))
    }),
    Case::new("apps.conversations-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Conversations))
    }),
    Case::new("apps.sessions-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Sessions))
    }),
    Case::new("apps.members-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Members))
    }),
    Case::new("apps.messages-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Messages))
    }),
    Case::new("apps.attachments-are-nowhere-in-another-app", &["API-APP-ISOLATION"], |lab| {
        Box::pin(nowhere_else(lab, Attachments))
    }),
    Case::new("apps.one-email-in-two-apps-is-two-users", &["API-APP-ISOLATION"], |lab| {
        Box::pin(two_users(lab))
    }),
    Case::new("apps.a-search-finds-nobody-of-another-app", &["API-APP-ISOLATION", "USER-SEARCH"], |lab| {
        Box::pin(search(lab))
    }),
    Case::new("apps.a-token-is-good-in-its-own-app", &["API-APP-ISOLATION", "API-AUTH"], |lab| {
        Box::pin(token(lab))
    }),
    Case::new("apps.a-password-is-good-in-its-own-app", &["API-APP-ISOLATION", "AUTH-LOGIN"], |lab| {
        Box::pin(password(lab))
    }),
    Case::new(
        "apps.each-has-a-key-and-a-secret-of-its-own",
        &["API-APP-ISOLATION", "TOKEN-REFUSE", "TOKEN-GRANT"],
        |lab| Box::pin(secrets(lab)),
    ),
];

/// Somebody of another app asks the same, with the same ids: ids are each app's own, so it is what the answers hold that
/// tells.
async fn nowhere_else(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let Stock { ann, steps, mark } = Stock::of(lab, resource, "").await?;
    let zoe = lab.person_next_door("zoe").await?;
    let shows = |answer: &Answer| String::from_utf8_lossy(&answer.body).contains(&mark);
    let mut before = Vec::new();
    for step in steps.iter().filter(|step| step.method == Method::GET) {
        let first = step.ask(lab).by(&ann).send().await?.needed()?;
        let again = step.ask(lab).by(&ann).send().await?.needed()?;
        // What is never the same tells nothing.
        if first.body == again.body {
            before.push((step, again));
        }
    }
    if !before.iter().any(|(_, answer)| shows(answer)) {
        return Err(Stop::Inconclusive(format!("its own app does not show {mark:?}")));
    }
    for step in &steps {
        let answer = step.ask(lab).by(&zoe).send().await?;
        let expected = format!("{} in another app shows nothing of this one", step.what());
        lab.check(RULE, !shows(&answer), expected, answer.said())?;
    }
    for (step, before) in &before {
        let after = step.ask(lab).by(&ann).send().await?.needed()?;
        let expected = format!("{} is answered as before: {}", step.what(), before.said());
        lab.check(RULE, after.body == before.body, expected, after.said())?;
    }
    let own = lab.ask(Method::GET, fill(path::USER, &[&zoe.uid])).by(&zoe).send().await?.done(lab, RULE)?;
    let is_zoe = own.text("/email").as_deref() == Some(&*zoe.account);
    lab.check(RULE, is_zoe, "the user of the other app finds itself there", own.said())
}

fn own(person: &Person) -> String {
    fill(path::USER, &[&person.uid])
}

async fn two_users(lab: &Lab) -> Result<(), Stop> {
    let (ann, namesake) = (lab.person("ann").await?, lab.person_next_door("ann").await?);
    let rename = lab.ask(Method::PUT, own(&namesake)).by(&namesake).form(&[("name", "Namesake")]);
    rename.send().await?.done(lab, RULE)?;
    for (person, name) in [(&ann, "ann"), (&namesake, "Namesake")] {
        let user = lab.ask(Method::GET, own(person)).by(person).send().await?;
        let user = user.done(lab, RULE)?;
        let is_own = user.text("/name").as_deref() == Some(name);
        lab.check(RULE, is_own, format!("this app's user is called {name}"), user.said())?;
    }
    Ok(())
}

async fn search(lab: &Lab) -> Result<(), Stop> {
    let (ann, zoe) = (lab.person("ann").await?, lab.person_next_door("zoe").await?);
    for (asker, sought, found) in [(&ann, &zoe, 0), (&zoe, &ann, 0), (&ann, &ann, 1), (&zoe, &zoe, 1)] {
        let path = format!("{}?filter_term={}", path::USERS, fill("{}", &[&sought.account]));
        let rule = if found == 0 { RULE } else { "USER-SEARCH" };
        let answer = lab.ask(Method::GET, path).by(asker).send().await?.done(lab, rule)?;
        let right = answer.entries().len() == found && answer.json["entries"].is_array();
        let expected = format!("{} finds {found} users by {}", asker.name, sought.account);
        lab.check(rule, right, expected, answer.said())?;
    }
    Ok(())
}

async fn token(lab: &Lab) -> Result<(), Stop> {
    let (ann, zoe) = (lab.person("ann").await?, lab.person_next_door("zoe").await?);
    for person in [&ann, &zoe] {
        let stray = Person { next_door: !person.next_door, ..person.clone() };
        let answer = lab.ask(Method::GET, own(person)).by(&stray).send().await?;
        answer.refused(lab, RULE, &[401])?;
        lab.ask(Method::GET, own(person)).by(person).send().await?.done(lab, "API-AUTH")?;
    }
    Ok(())
}

async fn password(lab: &Lab) -> Result<(), Stop> {
    let (ann, zoe) = (lab.person("ann").await?, lab.person_next_door("zoe").await?);
    let here = lab.login(&zoe.account, PASSWORD).send().await?;
    here.refused_somehow(lab, RULE)?;
    let there = lab.login(&ann.account, PASSWORD).next_door().send().await?;
    there.refused_somehow(lab, RULE)?;
    let own = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    lab.check("AUTH-LOGIN", id(&own.json)? == ann.uid, "the login gives the app's own user", own.said())?;
    lab.login(&zoe.account, PASSWORD).next_door().send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn secrets(lab: &Lab) -> Result<(), Stop> {
    let (ann, zoe) = (lab.person("ann").await?, lab.person_next_door("zoe").await?);
    let keys = format!("{:?} and {:?}", ann.key, zoe.key);
    lab.check(RULE, ann.key != zoe.key, "a login in each app gives the key of that app", keys)?;
    if ann.secret == zoe.secret {
        return Err(Stop::Inconclusive("both apps have the same secret".to_owned()));
    }
    let grant = async |key: &str, secret: &str| {
        let fields = [("grant_type", "client_credentials"), ("client_id", key), ("client_secret", secret)];
        lab.ask(Method::POST, path::TOKEN).form(&fields).send().await
    };
    grant(&ann.key, &zoe.secret).await?.refused(lab, "TOKEN-REFUSE", &[401])?;
    grant(&zoe.key, &ann.secret).await?.refused(lab, "TOKEN-REFUSE", &[401])?;
    grant(&ann.key, &ann.secret).await?.done(lab, "TOKEN-GRANT")?;
    Ok(())
}
