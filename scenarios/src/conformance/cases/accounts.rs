//! Registration, login, tokens. Part 2.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;
use super::users::is_user;

/// What is left out of this area, and why.
pub(super) const UNTESTED: &[(&str, &str)] =
    &[("AUTH-PASSWORD-STORED", "what a server keeps of a password is not to be seen from outside")];

pub(super) const CASES: &[Case] = &[
    Case::new("accounts.register-gives-the-user", &["AUTH-REGISTER", "AUTH-PASSWORD-HIDDEN"], |lab| {
        Box::pin(register_gives_the_user(lab))
    }),
    Case::new("accounts.an-email-is-registered-once", &["AUTH-REGISTER-UNIQUE", "AUTH-REGISTER"], |lab| {
        Box::pin(an_email_is_registered_once(lab))
    }),
    Case::new("accounts.an-email-is-registered-once-of-many-at-once", &["AUTH-REGISTER-UNIQUE"], |lab| {
        Box::pin(of_many_at_once(lab))
    }),
    Case::new(
        "accounts.login-gives-token-and-key",
        &["AUTH-REGISTER", "AUTH-LOGIN", "AUTH-PASSWORD-HIDDEN"],
        |lab| Box::pin(login_gives_token_and_key(lab)),
    ),
    Case::new("accounts.a-second-login-leaves-the-first-token", &["AUTH-TOKEN-MANY", "AUTH-LOGIN"], |lab| {
        Box::pin(a_second_login(lab))
    }),
    Case::new("accounts.the-answer-to-a-registration-is-a-user", &["AUTH-REGISTER", "USER-FIELDS"], |lab| {
        Box::pin(register_gives_all_fields(lab))
    }),
    Case::new("accounts.a-registration-takes-a-picture", &["AUTH-REGISTER"], |lab| {
        Box::pin(register_with_a_picture(lab))
    }),
    Case::new("accounts.an-account-is-any-text", &["AUTH-REGISTER", "AUTH-LOGIN"], |lab| {
        Box::pin(any_text(lab))
    }),
    Case::new("accounts.a-name-is-any-text", &["AUTH-REGISTER", "USER-GET"], |lab| Box::pin(any_name(lab))),
    Case::new("accounts.two-users-may-have-one-name", &["AUTH-REGISTER", "AUTH-LOGIN"], |lab| {
        Box::pin(one_name(lab))
    }),
    Case::new(
        "accounts.a-refused-registration-changes-nothing",
        &["AUTH-REGISTER-UNIQUE", "API-NO-EFFECT", "AUTH-LOGIN", "AUTH-LOGIN-WRONG"],
        |lab| Box::pin(refused_registration(lab)),
    ),
    Case::new("accounts.a-login-gives-the-fields-of-the-user", &["AUTH-LOGIN", "USER-FIELDS"], |lab| {
        Box::pin(login_gives_all_fields(lab))
    }),
    Case::new("accounts.logins-at-once-give-a-token-each", &["AUTH-TOKEN-MANY", "AUTH-LOGIN"], |lab| {
        Box::pin(logins_at_once(lab))
    }),
];

async fn register_gives_the_user(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    let answer = lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let is_user = answer.text("/id").is_some_and(|id| !id.is_empty())
        && answer.text("/email").as_deref() == Some(&account)
        && answer.text("/name").as_deref() == Some("Ann");
    let expected = format!("the answer is the user, with an id, the email {account} and the name Ann");
    lab.check("AUTH-REGISTER", is_user, expected, answer.said())?;
    no_password(lab, &answer.json, &answer.said())
}

async fn an_email_is_registered_once(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.account("ann"), lab.account("bob"));
    lab.register(&ann, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    lab.register(&ann, "Another").send().await?.refused_somehow(lab, "AUTH-REGISTER-UNIQUE")?;
    // It is the email, and not that somebody registers.
    lab.register(&bob, "Bob").send().await?.done(lab, "AUTH-REGISTER")?;
    Ok(())
}

async fn of_many_at_once(lab: &Lab) -> Result<(), Stop> {
    const AT_ONCE: usize = 8;
    let account = lab.account("ann");
    let asked = (0..AT_ONCE).map(|_| lab.register(&account, "Ann").send());
    let answers = try_join_all(asked).await?;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let others_refused = statuses.iter().all(|status| *status == 200 || (400..500).contains(status));
    lab.check(
        "AUTH-REGISTER-UNIQUE",
        done == 1 && others_refused,
        format!("of {AT_ONCE} registrations of one email at once, one is done and the others are refused"),
        format!("they are answered with {statuses:?}"),
    )
}

async fn login_gives_token_and_key(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    let user = lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let answer = lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let same = answer.text("/id").is_some() && answer.text("/id") == user.text("/id");
    lab.check("AUTH-LOGIN", same, "the login gives the user who was registered", answer.said())?;
    for field in ["token", "key", "secret"] {
        let there = answer.text(&format!("/{field}")).is_some_and(|text| !text.is_empty());
        lab.check("AUTH-LOGIN", there, format!("the login gives `{field}`, a string"), answer.said())?;
    }
    let expires = answer.json.get("expires").and_then(Value::as_f64).is_some_and(|seconds| seconds > 0.0);
    lab.check("AUTH-LOGIN", expires, "the login gives `expires`, a number of seconds", answer.said())?;
    no_password(lab, &answer.json, &answer.said())
}

async fn a_second_login(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let again = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    own_user(lab, &ann).await?.done(lab, "AUTH-TOKEN-MANY")?;
    let second = Person { token: again.text("/token").unwrap_or_default(), ..ann };
    own_user(lab, &second).await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

pub(super) async fn own_user(lab: &Lab, person: &Person) -> Result<Answer, Stop> {
    lab.ask(Method::GET, format!("{}/{}", path::USERS, person.uid)).by(person).send().await
}

/// Neither the password nor what is made of it is anywhere in an answer.
pub(super) fn no_password(lab: &Lab, json: &Value, said: &str) -> Result<(), Stop> {
    let text = json.to_string();
    let hidden = !text.contains("\"password\"") && !text.contains(&md5(PASSWORD)) && !text.contains(PASSWORD);
    lab.check("AUTH-PASSWORD-HIDDEN", hidden, "the answer shows nothing of the password", said)
}

pub(super) fn md5(password: &str) -> String {
    y2w_sdk::protocol::credential::password_md5(password)
}

async fn register_gives_all_fields(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    let answer = lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    is_user(lab, &answer.json, &answer)
}

async fn register_with_a_picture(lab: &Lab) -> Result<(), Stop> {
    const PICTURE: &str = "https://example.org/ann.png?size=1&x=2";
    let account = lab.account("ann");
    let password = md5(PASSWORD);
    let fields = [("email", &*account), ("password", &password), ("name", "Ann"), ("avatarUrl", PICTURE)];
    let answer = lab.ask(Method::POST, path::REGISTER).form(&fields).send().await?;
    let answer = answer.done(lab, "AUTH-REGISTER")?;
    let kept = answer.text("/avatarUrl").as_deref() == Some(PICTURE);
    lab.check("AUTH-REGISTER", kept, format!("`avatarUrl` is {PICTURE}"), answer.said())
}

async fn any_text(lab: &Lab) -> Result<(), Stop> {
    let own = lab.account("");
    for account in
        [format!("no address {own}"), format!("例君{own}"), format!("a+b%20{own}"), format!("+{own}'\"")]
    {
        let user = lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
        let exact = user.text("/email").as_deref() == Some(&*account);
        lab.check("AUTH-REGISTER", exact, format!("the email is {account:?}"), user.said())?;
        let login = lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
        let same = login.text("/id").is_some() && login.text("/id") == user.text("/id");
        lab.check("AUTH-LOGIN", same, format!("{account:?} logs the same user in"), login.said())?;
    }
    Ok(())
}

async fn any_name(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for (number, name) in ["例君", "O'Brien \"x\" <b>", "\u{1f600}", "a & b = c"].into_iter().enumerate() {
        let account = lab.account(&format!("user{number}"));
        let user = lab.register(&account, name).send().await?.done(lab, "AUTH-REGISTER")?;
        let exact = user.text("/name").as_deref() == Some(name);
        lab.check("AUTH-REGISTER", exact, format!("the name is {name:?}"), user.said())?;
        let user = lab.ask(Method::GET, fill(path::USER, &[&id(&user.json)?])).by(&ann).send().await?;
        let user = user.done(lab, "USER-GET")?;
        let exact = user.text("/name").as_deref() == Some(name);
        lab.check("USER-GET", exact, format!("the name is {name:?} for others too"), user.said())?;
    }
    Ok(())
}

async fn one_name(lab: &Lab) -> Result<(), Stop> {
    let (one, other) = (lab.account("one"), lab.account("other"));
    let first = lab.register(&one, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let second = lab.register(&other, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let two = id(&first.json)? != id(&second.json)?;
    lab.check("AUTH-REGISTER", two, format!("it is another user than {}", first.said()), second.said())?;
    let login = lab.login(&one, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    lab.check("AUTH-LOGIN", id(&login.json)? == id(&first.json)?, "each logs in as themself", login.said())
}

async fn refused_registration(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let other = md5("another password");
    let fields = [("email", &*ann.account), ("password", &other), ("name", "Another")];
    let again = lab.ask(Method::POST, path::REGISTER).form(&fields).send().await?;
    again.refused_somehow(lab, "AUTH-REGISTER-UNIQUE")?;
    lab.login(&ann.account, "another password").send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let login = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let same =
        login.text("/id").as_deref() == Some(&*ann.uid) && login.text("/name").as_deref() == Some(&*ann.name);
    lab.check(
        "API-NO-EFFECT",
        same,
        format!("the user is {}, called {}, still", ann.uid, ann.name),
        login.said(),
    )
}

async fn login_gives_all_fields(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let login = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    is_user(lab, &login.json, &login)
}

async fn logins_at_once(lab: &Lab) -> Result<(), Stop> {
    const AT_ONCE: usize = 5;
    let ann = lab.newcomer("ann").await?;
    let logins = (0..AT_ONCE).map(|_| lab.login(&ann.account, PASSWORD).send());
    for login in try_join_all(logins).await? {
        let login = login.done(lab, "AUTH-LOGIN")?;
        let device = Person { token: login.text("/token").unwrap_or_default(), ..ann.clone() };
        own_user(lab, &device).await?.done(lab, "AUTH-TOKEN-MANY")?;
    }
    own_user(lab, &ann).await?.done(lab, "AUTH-TOKEN-MANY")?;
    Ok(())
}
