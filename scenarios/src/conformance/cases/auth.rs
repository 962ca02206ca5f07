//! Who calls: the login token in the head and in the query, on every route. Part 1.

use std::time::Duration;

use http::Method;
use http::header::AUTHORIZATION;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;
use super::routes::Resource::{
    self, Attachments, Contacts, Conversations, Emojis, Favourites, Members, Messages, Sessions, Users,
};
use super::routes::Stock;
use crate::world::Harm;

pub(super) const CASES: &[Case] = &[
    Case::new("auth.users-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Users))
    }),
    Case::new("auth.contacts-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Contacts))
    }),
    Case::new("auth.favourites-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Favourites))
    }),
    Case::new("auth.conversations-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Conversations))
    }),
    Case::new("auth.sessions-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Sessions))
    }),
    Case::new("auth.members-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Members))
    }),
    Case::new("auth.messages-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Messages))
    }),
    Case::new("auth.attachments-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Attachments))
    }),
    Case::new("auth.emojis-need-a-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(need_a_token(lab, Emojis))
    }),
    Case::new("auth.users-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Users))
    }),
    Case::new("auth.contacts-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Contacts))
    }),
    Case::new("auth.favourites-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Favourites))
    }),
    Case::new("auth.conversations-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Conversations))
    }),
    Case::new("auth.sessions-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Sessions))
    }),
    Case::new("auth.members-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Members))
    }),
    Case::new("auth.messages-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Messages))
    }),
    Case::new("auth.attachments-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Attachments))
    }),
    Case::new("auth.emojis-refuse-a-token-of-nobody", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(refuse_a_token_of_nobody(lab, Emojis))
    }),
    Case::new("auth.users-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Users))
    }),
    Case::new("auth.contacts-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Contacts))
    }),
    Case::new("auth.favourites-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Favourites))
    }),
    Case::new(
        "auth.conversations-take-a-token-in-the-query",
        &["API-AUTH-QUERY", "API-AUTH-NEEDED"],
        |lab| Box::pin(take_a_token_in_the_query(lab, Conversations)),
    ),
    Case::new("auth.sessions-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Sessions))
    }),
    Case::new("auth.members-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Members))
    }),
    Case::new("auth.messages-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Messages))
    }),
    Case::new("auth.attachments-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Attachments))
    }),
    Case::new("auth.emojis-take-a-token-in-the-query", &["API-AUTH-QUERY", "API-AUTH-NEEDED"], |lab| {
        Box::pin(take_a_token_in_the_query(lab, Emojis))
    }),
    Case::new("auth.a-header-without-a-bearer-token-is-no-token", &["API-AUTH-NEEDED", "API-AUTH"], |lab| {
        Box::pin(no_bearer(lab))
    }),
    Case::new(
        "auth.what-is-refused-for-want-of-a-token-has-no-effect",
        &["API-NO-EFFECT", "API-AUTH-NEEDED", "API-AUTH"],
        |lab| Box::pin(no_effect(lab)),
    ),
    Case::new(
        "auth.no-token-is-needed-to-register-and-to-log-in",
        &["API-AUTH-NEEDED", "AUTH-REGISTER", "AUTH-LOGIN"],
        |lab| Box::pin(no_token_is_needed(lab)),
    ),
    Case::new("auth.a-token-cut-short-is-none-of-the-servers", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(a_token_cut_short(lab))
    }),
    Case::new("auth.an-imtoken-is-no-login-token", &["API-AUTH-INVALID", "API-AUTH"], |lab| {
        Box::pin(an_im_token(lab))
    }),
    Case::new(
        "auth.a-token-that-an-operator-ended-is-refused",
        &["API-AUTH-INVALID", "API-AUTH", "AUTH-LOGIN"],
        |lab| Box::pin(ended_by_an_operator(lab)),
    ),
    Case::new(
        "auth.a-token-is-refused-after-its-time",
        &["API-AUTH-INVALID", "AUTH-TOKEN-LIFE", "AUTH-LOGIN"],
        |lab| Box::pin(after_its_time(lab)),
    ),
    Case::new("auth.a-token-is-good-for-as-long-as-announced", &["AUTH-TOKEN-LIFE", "AUTH-LOGIN"], |lab| {
        Box::pin(as_long_as_announced(lab))
    }),
];

async fn need_a_token(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    for step in &stock.steps {
        step.ask(lab).send().await?.refused(lab, "API-AUTH-NEEDED", &[401])?;
        step.ask(lab).by(&stock.ann).send().await?.done(lab, "API-AUTH")?;
    }
    Ok(())
}

async fn refuse_a_token_of_nobody(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    let nobody = Person { token: "nobody-was-given-this".to_owned(), ..stock.ann.clone() };
    for step in &stock.steps {
        step.ask(lab).by(&nobody).send().await?.refused(lab, "API-AUTH-INVALID", &[401])?;
        step.ask_by_query(lab, &nobody).send().await?.refused(lab, "API-AUTH-INVALID", &[401])?;
        step.ask(lab).by(&stock.ann).send().await?.done(lab, "API-AUTH")?;
    }
    Ok(())
}

async fn take_a_token_in_the_query(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    for step in &stock.steps {
        let without = step.ask(lab).send().await?;
        let expected = format!("{} without a token is not carried out", step.what());
        lab.check("API-AUTH-NEEDED", !without.is_done(), expected, without.said())?;
        step.ask_by_query(lab, &stock.ann).send().await?.done(lab, "API-AUTH-QUERY")?;
    }
    Ok(())
}

fn own(person: &Person) -> String {
    fill(path::USER, &[&person.uid])
}

async fn no_bearer(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for header in ["Basic eDp5", "Bearer", "nonsense", ""] {
        let ask = lab.ask(Method::GET, own(&ann)).header(AUTHORIZATION, header);
        ask.send().await?.refused(lab, "API-AUTH-NEEDED", &[401])?;
    }
    lab.ask(Method::GET, own(&ann)).by(&ann).send().await?.done(lab, "API-AUTH")?;
    Ok(())
}

async fn no_effect(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let rename = || lab.ask(Method::PUT, own(&ann)).form(&[("name", "Somebody Else")]);
    let without = rename().send().await?;
    let expected = "a change of name without a token is not carried out";
    lab.check("API-AUTH-NEEDED", !without.is_done(), expected, without.said())?;
    let nobody = Person { token: "nobody-was-given-this".to_owned(), ..ann.clone() };
    rename().by(&nobody).send().await?;
    let user = lab.ask(Method::GET, own(&ann)).by(&ann).send().await?.done(lab, "API-AUTH")?;
    let same = user.text("/name").as_deref() == Some(&*ann.name);
    lab.check("API-NO-EFFECT", same, format!("the name is {} still", ann.name), user.said())?;
    let renamed = rename().by(&ann).send().await?.done(lab, "API-AUTH")?;
    let new = renamed.text("/name").as_deref() == Some("Somebody Else");
    lab.check("API-AUTH", new, "the same request with a token changes the name", renamed.said())
}

async fn no_token_is_needed(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let login = lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let uid = id(&login.json)?;
    // It is these routes, and not that no token is asked for anywhere.
    let user = lab.ask(Method::GET, fill(path::USER, &[&uid])).send().await?;
    lab.check("API-AUTH-NEEDED", !user.is_done(), "a user is not shown without a token", user.said())
}

async fn a_token_cut_short(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut short = ann.token.clone();
    short.pop();
    let longer = format!("{}x", ann.token);
    for token in [short, longer, ann.uid.clone(), "null".to_owned(), "undefined".to_owned()] {
        let other = Person { token, ..ann.clone() };
        let answer = lab.ask(Method::GET, own(&ann)).by(&other).send().await?;
        answer.refused(lab, "API-AUTH-INVALID", &[401])?;
    }
    lab.ask(Method::GET, own(&ann)).by(&ann).send().await?.done(lab, "API-AUTH")?;
    Ok(())
}

async fn an_im_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let other = Person { token: lab.im_token(&ann).await?, ..ann.clone() };
    let answer = lab.ask(Method::GET, own(&ann)).by(&other).send().await?;
    answer.refused(lab, "API-AUTH-INVALID", &[401])?;
    lab.ask(Method::GET, own(&ann)).by(&ann).send().await?.done(lab, "API-AUTH")?;
    Ok(())
}

async fn ended_by_an_operator(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.newcomer("ann").await?, lab.newcomer("bob").await?);
    lab.inflict(Harm::ExpireTokens(Some(ann.uid.as_str().into()))).await?;
    let answer = lab.ask(Method::GET, own(&ann)).by(&ann).send().await?;
    answer.refused(lab, "API-AUTH-INVALID", &[401])?;
    lab.ask(Method::GET, own(&ann)).by(&bob).send().await?.done(lab, "API-AUTH")?;
    let back = Person { token: token_of_login(lab, &ann).await?.0, ..ann.clone() };
    lab.ask(Method::GET, own(&ann)).by(&back).send().await?.done(lab, "API-AUTH")?;
    Ok(())
}

/// The token of another login, and for how many seconds it is good.
async fn token_of_login(lab: &Lab, person: &Person) -> Result<(String, u64), Stop> {
    let login = lab.login(&person.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let expires = login.json["expires"].as_u64();
    let unusable = || Stop::Inconclusive(format!("no token and time in {}", login.said()));
    Ok((login.text("/token").ok_or_else(unusable)?, expires.ok_or_else(unusable)?))
}

async fn as_long_as_announced(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let (token, expires) = token_of_login(lab, &ann).await?;
    let ann = Person { token, ..ann };
    lab.pass(Duration::from_secs(expires.saturating_sub(1))).await?;
    lab.ask(Method::GET, own(&ann)).by(&ann).send().await?.done(lab, "AUTH-TOKEN-LIFE")?;
    Ok(())
}

async fn after_its_time(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let (token, expires) = token_of_login(lab, &ann).await?;
    let old = Person { token, ..ann.clone() };
    lab.ask(Method::GET, own(&ann)).by(&old).send().await?.done(lab, "AUTH-TOKEN-LIFE")?;
    // It may be good for longer than announced, and not for ever.
    lab.pass(Duration::from_secs(expires.saturating_mul(2))).await?;
    lab.ask(Method::GET, own(&ann)).by(&old).send().await?.refused(lab, "API-AUTH-INVALID", &[401])?;
    let back = Person { token: token_of_login(lab, &ann).await?.0, ..ann.clone() };
    lab.ask(Method::GET, own(&ann)).by(&back).send().await?.done(lab, "AUTH-TOKEN-LIFE")?;
    Ok(())
}
