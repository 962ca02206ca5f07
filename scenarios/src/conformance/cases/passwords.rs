//! Passwords: where they are shown, what a wrong one leads to, and how they are changed. Part 2.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::need::Need;
use super::super::verdict::Stop;
use super::accounts::{md5, no_password, own_user};
use super::refusals::is_shaped;
use crate::world::Harm;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "accounts.login-with-a-wrong-password",
        &["AUTH-LOGIN-WRONG", "AUTH-LOGIN-ALIKE", "AUTH-LOGIN"],
        |lab| Box::pin(login_with_a_wrong_password(lab)),
    ),
    Case::new(
        "accounts.a-password-is-in-no-answer",
        &["AUTH-PASSWORD-HIDDEN", "USER-GET", "USER-SEARCH", "USER-UPDATE", "AUTH-SET-PASSWORD"],
        |lab| Box::pin(password_in_no_answer(lab)),
    ),
    Case::new("accounts.login-as-nobody", &["AUTH-LOGIN-WRONG", "AUTH-REGISTER", "AUTH-LOGIN"], |lab| {
        Box::pin(login_as_nobody(lab))
    }),
    Case::new("accounts.login-with-the-password-of-another", &["AUTH-LOGIN-WRONG", "AUTH-LOGIN"], |lab| {
        Box::pin(password_of_another(lab))
    }),
    Case::new("accounts.a-failed-login-ends-no-token", &["AUTH-TOKEN-LIFE", "AUTH-LOGIN-WRONG"], |lab| {
        Box::pin(failed_login(lab))
    }),
    Case::new(
        "accounts.a-new-password-is-good-and-the-old-one-is-not",
        &["AUTH-SET-PASSWORD", "AUTH-LOGIN", "AUTH-LOGIN-WRONG"],
        |lab| Box::pin(new_password(lab)),
    ),
    Case::new(
        "accounts.a-password-is-not-changed-with-a-wrong-old-one",
        &["AUTH-SET-PASSWORD-OLD", "AUTH-LOGIN", "AUTH-SET-PASSWORD"],
        |lab| Box::pin(wrong_old_password(lab)),
    ),
    Case::new(
        "accounts.whose-password-is-changed-is-up-to-the-token",
        &["AUTH-SET-PASSWORD", "AUTH-SET-PASSWORD-OLD", "AUTH-LOGIN"],
        |lab| Box::pin(whose_password(lab)),
    ),
    Case::new("accounts.who-was-barred-does-not-log-in", &["AUTH-LOGIN-INACTIVE", "AUTH-LOGIN"], |lab| {
        Box::pin(barred(lab))
    }),
    Case::new(
        "accounts.who-fails-too-often-is-told-when-to-come-back",
        &["AUTH-LOGIN-LIMIT", "AUTH-LOGIN-ALIKE", "API-ERROR-SHAPE", "AUTH-TOKEN-LIFE"],
        |lab| Box::pin(login_limit(lab)),
    ),
];

async fn login_with_a_wrong_password(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let wrong = lab.login(&ann.account, "not it").send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let nobody = lab.login(&lab.account("nobody"), PASSWORD).send().await?;
    let nobody = nobody.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let alike = (wrong.status, &wrong.body) == (nobody.status, &nobody.body);
    let expected = format!("an unknown email is answered like a wrong password: {}", wrong.said());
    lab.check("AUTH-LOGIN-ALIKE", alike, expected, nobody.said())?;
    lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn password_in_no_answer(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let search = format!("{}?filter_term={}", path::USERS, fill("{}", &[&ann.account]));
    let change = [("oldPassword", md5(PASSWORD)), ("password", md5("new one"))];
    let change: Vec<(&str, &str)> = change.iter().map(|(name, value)| (*name, &**value)).collect();
    for (ask, rule) in [
        (lab.ask(Method::GET, fill(path::USER, &[&ann.uid])), "USER-GET"),
        (lab.ask(Method::GET, search), "USER-SEARCH"),
        (lab.ask(Method::PUT, fill(path::USER, &[&ann.uid])).form(&[("phone", "1")]), "USER-UPDATE"),
        (lab.ask(Method::POST, path::SET_PASSWORD).form(&change), "AUTH-SET-PASSWORD"),
    ] {
        let answer = ask.by(&ann).send().await?.done(lab, rule)?;
        no_password(lab, &answer.json, &answer.said())?;
        let new = answer.json.to_string().contains(&md5("new one"));
        lab.check(
            "AUTH-PASSWORD-HIDDEN",
            !new,
            "the answer shows nothing of the new password",
            answer.said(),
        )?;
    }
    let user = own_user(lab, &ann).await?.done(lab, "USER-GET")?;
    let is_ann = user.text("/email").as_deref() == Some(&*ann.account);
    lab.check("USER-GET", is_ann, format!("the user has the email {}", ann.account), user.said())
}

async fn login_as_nobody(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    lab.login(&account, PASSWORD).send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn password_of_another(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let (bob, others) = (lab.account("bob"), md5("hunter2"));
    let fields = [("email", &*bob), ("password", &others), ("name", "Bob")];
    lab.ask(Method::POST, path::REGISTER).form(&fields).send().await?.needed()?;
    lab.login(&ann.account, "hunter2").send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    lab.login(&bob, PASSWORD).send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    lab.login(&bob, "hunter2").send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn failed_login(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    lab.login(&ann.account, "not it").send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let user = own_user(lab, &ann).await?.done(lab, "AUTH-TOKEN-LIFE")?;
    let is_ann = user.text("/id").as_deref() == Some(&*ann.uid);
    lab.check("AUTH-TOKEN-LIFE", is_ann, "the token is good, and is the user's", user.said())
}

/// The same person with the token of that login: whether the older one is good still is for another case.
fn with_token_of(login: &Answer, person: Person) -> Person {
    Person { token: login.text("/token").unwrap_or_default(), ..person }
}

/// A change of the caller's password.
async fn change(lab: &Lab, by: &Person, old: &str, new: &str) -> Result<Answer, Stop> {
    let (old, new) = (md5(old), md5(new));
    lab.ask(Method::POST, path::SET_PASSWORD)
        .by(by)
        .form(&[("oldPassword", &old), ("password", &new)])
        .send()
        .await
}

async fn new_password(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let done = change(lab, &ann, PASSWORD, "new one").await?.done(lab, "AUTH-SET-PASSWORD")?;
    let said = done.json.get("success") == Some(&Value::Bool(true));
    lab.check("AUTH-SET-PASSWORD", said, "the answer is {\"success\":true}", done.said())?;
    lab.login(&ann.account, PASSWORD).send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    let login = lab.login(&ann.account, "new one").send().await?.done(lab, "AUTH-LOGIN")?;
    let same = login.text("/id").as_deref() == Some(&*ann.uid);
    lab.check("AUTH-SET-PASSWORD", same, "the new password logs the same user in", login.said())?;
    // And on from there.
    let ann = with_token_of(&login, ann);
    change(lab, &ann, "new one", "newer").await?.done(lab, "AUTH-SET-PASSWORD")?;
    lab.login(&ann.account, "newer").send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn wrong_old_password(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    for old in ["not it", "new one", ""] {
        change(lab, &ann, old, "new one").await?.refused_somehow(lab, "AUTH-SET-PASSWORD-OLD")?;
    }
    let login = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-SET-PASSWORD-OLD")?;
    let ann = with_token_of(&login, ann);
    change(lab, &ann, PASSWORD, "new one").await?.done(lab, "AUTH-SET-PASSWORD")?;
    lab.login(&ann.account, "new one").send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn whose_password(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.newcomer("ann").await?, lab.newcomer("bob").await?);
    // Bob's name for himself in the body makes no difference to Ann.
    let (old, new) = (md5(PASSWORD), md5("new one"));
    let fields = [("oldPassword", &*old), ("password", &*new), ("id", &*ann.uid), ("email", &*ann.account)];
    lab.ask(Method::POST, path::SET_PASSWORD).by(&bob).form(&fields).send().await?;
    let login = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-SET-PASSWORD")?;
    let ann = with_token_of(&login, ann);
    change(lab, &ann, PASSWORD, "newer").await?.done(lab, "AUTH-SET-PASSWORD")?;
    change(lab, &ann, PASSWORD, "newest").await?.refused_somehow(lab, "AUTH-SET-PASSWORD-OLD")?;
    lab.login(&ann.account, "newer").send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn barred(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.newcomer("ann").await?, lab.newcomer("bob").await?);
    lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    lab.inflict(Harm::Bar(ann.uid.as_str().into())).await?;
    lab.login(&ann.account, PASSWORD).send().await?.refused_somehow(lab, "AUTH-LOGIN-INACTIVE")?;
    lab.login(&bob.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

/// No more than what a user with a bad memory would try.
const FAILURES: usize = 12;

async fn login_limit(lab: &Lab) -> Result<(), Stop> {
    let (ann, nobody) = (lab.person("ann").await?, lab.account("nobody"));
    let mut last = None;
    for _ in 0..FAILURES {
        let known = lab.login(&ann.account, "not it").send().await?;
        let unknown = lab.login(&nobody, "not it").send().await?;
        let expected = format!("an unknown email is answered like a known one: {}", known.said());
        lab.check("AUTH-LOGIN-ALIKE", known.status == unknown.status, expected, unknown.said())?;
        last = Some(known);
    }
    own_user(lab, &ann).await?.done(lab, "AUTH-TOKEN-LIFE")?;
    let Some(last) = last.filter(|answer| answer.status == 429) else {
        let shown = format!("{FAILURES} failed logins of one account are all listened to");
        return Err(lab.lacks(Need::LoginLimit, shown));
    };
    is_shaped(lab, &last)?;
    let seconds = last.header("retry-after").and_then(|value| value.parse::<u64>().ok());
    // A limit without it is not the one that the text speaks of.
    let lacks =
        || lab.lacks(Need::LoginLimit, format!("429 without Retry-After in seconds: {}", last.said()));
    seconds.map(|_| ()).ok_or_else(lacks)
}
