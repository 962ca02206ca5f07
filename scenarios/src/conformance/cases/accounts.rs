//! Registration, login, tokens. Part 2.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::path;

use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;

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
    Case::new(
        "accounts.login-with-a-wrong-password",
        &["AUTH-LOGIN-WRONG", "AUTH-LOGIN-ALIKE", "AUTH-LOGIN"],
        |lab| Box::pin(login_with_a_wrong_password(lab)),
    ),
    Case::new("accounts.a-second-login-leaves-the-first-token", &["AUTH-TOKEN-MANY", "AUTH-LOGIN"], |lab| {
        Box::pin(a_second_login(lab))
    }),
    Case::new(
        "accounts.a-password-is-changed-by-who-knows-the-old-one",
        &["AUTH-SET-PASSWORD", "AUTH-SET-PASSWORD-OLD", "AUTH-LOGIN", "AUTH-LOGIN-WRONG"],
        |lab| Box::pin(a_password_is_changed(lab)),
    ),
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
    let answers = futures_util::future::try_join_all(asked).await?;
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

async fn login_with_a_wrong_password(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let wrong = lab.login(&ann.account, "not it").send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let nobody = lab.login(&lab.account("nobody"), PASSWORD).send().await?;
    let nobody = nobody.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let alike = (wrong.status, &wrong.body) == (nobody.status, &nobody.body);
    let expected = format!("an unknown email is answered like a wrong password: {}", wrong.said());
    lab.check("AUTH-LOGIN-ALIKE", alike, expected, nobody.said())?;
    lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn a_second_login(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let again = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    own_user(lab, &ann).await?.done(lab, "AUTH-TOKEN-MANY")?;
    let second = Person { token: again.text("/token").unwrap_or_default(), ..ann };
    own_user(lab, &second).await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn a_password_is_changed(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let change = async |old: &str, new: &str| {
        let (old, new) = (md5(old), md5(new));
        let ask = lab.ask(Method::POST, path::SET_PASSWORD).by(&ann);
        ask.form(&[("oldPassword", &old), ("password", &new)]).send().await
    };
    change("not it", "new one").await?.refused_somehow(lab, "AUTH-SET-PASSWORD-OLD")?;
    lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-SET-PASSWORD-OLD")?;
    let done = change(PASSWORD, "new one").await?.done(lab, "AUTH-SET-PASSWORD")?;
    let said = done.json.get("success") == Some(&Value::Bool(true));
    lab.check("AUTH-SET-PASSWORD", said, "the answer is {\"success\":true}", done.said())?;
    lab.login(&ann.account, PASSWORD).send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    lab.login(&ann.account, "new one").send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn own_user(lab: &Lab, person: &Person) -> Result<super::super::ask::Answer, Stop> {
    lab.ask(Method::GET, format!("{}/{}", path::USERS, person.uid)).by(person).send().await
}

/// Neither the password nor what is made of it is anywhere in an answer.
fn no_password(lab: &Lab, json: &Value, said: &str) -> Result<(), Stop> {
    let text = json.to_string();
    let hidden = !text.contains("\"password\"") && !text.contains(&md5(PASSWORD)) && !text.contains(PASSWORD);
    lab.check("AUTH-PASSWORD-HIDDEN", hidden, "the answer shows nothing of the password", said)
}

fn md5(password: &str) -> String {
    y2w_sdk::protocol::credential::password_md5(password)
}
