//! The day's derived secret, and the token endpoint that takes it. Part 2.

use std::time::Duration;

use http::Method;
use http::header::ORIGIN;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::need::Need;
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "tokens.the-secret-of-a-login-is-derived",
        &["AUTH-SECRET-DERIVED", "AUTH-SECRET-DAY", "AUTH-LOGIN"],
        |lab| Box::pin(derived(lab)),
    ),
    Case::new("tokens.the-secret-of-a-login-has-its-form", &["AUTH-SECRET-DERIVED", "AUTH-LOGIN"], |lab| {
        Box::pin(form_of_the_secret(lab))
    }),
    Case::new(
        "tokens.the-secret-is-one-for-all-users-of-the-day",
        &["AUTH-SECRET-DERIVED", "AUTH-LOGIN"],
        |lab| Box::pin(one_for_all(lab)),
    ),
    Case::new(
        "tokens.the-apps-own-secret-is-in-no-answer",
        &["AUTH-SECRET-HIDDEN", "AUTH-REGISTER", "AUTH-LOGIN", "USER-GET", "TOKEN-GRANT"],
        |lab| Box::pin(hidden(lab)),
    ),
    Case::new("tokens.another-day-has-another-secret", &["AUTH-SECRET-DERIVED", "AUTH-LOGIN"], |lab| {
        Box::pin(another_day(lab))
    }),
    Case::new("tokens.a-grant-gives-an-imtoken", &["TOKEN-GRANT"], |lab| Box::pin(grant_gives(lab))),
    Case::new("tokens.two-grants-are-both-good", &["TOKEN-GRANT"], |lab| Box::pin(two_grants(lab))),
    Case::new("tokens.the-secret-of-the-day-is-taken", &["TOKEN-SECRET-WINDOW", "TOKEN-REFUSE"], |lab| {
        Box::pin(today(lab))
    }),
    Case::new(
        "tokens.the-secret-of-the-day-before-is-taken",
        &["TOKEN-SECRET-WINDOW", "TOKEN-REFUSE"],
        |lab| Box::pin(yesterday(lab)),
    ),
    Case::new("tokens.the-secret-of-the-day-after-is-taken", &["TOKEN-SECRET-ZONE", "TOKEN-REFUSE"], |lab| {
        Box::pin(tomorrow(lab))
    }),
    Case::new("tokens.older-secrets-are-refused", &["TOKEN-SECRET-OLD", "TOKEN-SECRET-WINDOW"], |lab| {
        Box::pin(old(lab))
    }),
    Case::new(
        "tokens.the-secret-of-a-login-is-taken-on-the-next-day",
        &["TOKEN-SECRET-WINDOW", "TOKEN-SECRET-OLD", "AUTH-LOGIN"],
        |lab| Box::pin(on_the_next_day(lab)),
    ),
    Case::new("tokens.a-wrong-secret-is-refused", &["TOKEN-REFUSE", "TOKEN-GRANT"], |lab| {
        Box::pin(wrong_secret(lab))
    }),
    Case::new("tokens.an-unknown-app-is-refused", &["TOKEN-REFUSE", "TOKEN-GRANT"], |lab| {
        Box::pin(unknown_app(lab))
    }),
    Case::new("tokens.other-grants-are-refused", &["TOKEN-GRANT-TYPE", "TOKEN-GRANT"], |lab| {
        Box::pin(other_grants(lab))
    }),
    Case::new("tokens.browsers-are-let-in", &["TOKEN-CORS", "TOKEN-GRANT"], |lab| Box::pin(browsers(lab))),
    Case::new(
        "tokens.the-apps-own-secret-is-taken",
        &["TOKEN-RAW-SECRET", "TOKEN-GRANT", "TOKEN-REFUSE"],
        |lab| Box::pin(raw_secret(lab)),
    ),
];

fn grant<'a>(lab: &'a Lab, kind: &str, key: &str, secret: &str) -> Ask<'a> {
    let fields = [("grant_type", kind), ("client_id", key), ("client_secret", secret)];
    lab.ask(Method::POST, path::TOKEN).form(&fields)
}

async fn granted(lab: &Lab, person: &Person, secret: &str) -> Result<Answer, Stop> {
    grant(lab, "client_credentials", &person.key, secret).send().await
}

async fn login(lab: &Lab, person: &Person) -> Result<(Answer, String), Stop> {
    let login = lab.login(&person.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let secret = login.text("/secret").unwrap_or_default();
    Ok((login, secret))
}

/// The day that a derived secret names; the rest of it is nobody's business.
fn day_of(secret: &str) -> &str {
    secret.split_once("==").map_or("no day", |(_, day)| day)
}

async fn derived(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let before = lab.derived_secret(0).await?;
    let (_, secret) = login(lab, &ann).await?;
    let after = lab.derived_secret(0).await?;
    let utc = secret == before || secret == after;
    // The server's own date may be that of the day before or after.
    let other = secret == lab.derived_secret(-1).await? || secret == lab.derived_secret(1).await?;
    lab.check(
        "AUTH-SECRET-DERIVED",
        utc || other,
        "`secret` is the MD5 of the app's secret and of the day, then == and the day",
        format!("it is another, of the day {}", day_of(&secret)),
    )?;
    lab.check("AUTH-SECRET-DAY", utc, format!("the day is that of UTC, {}", day_of(&after)), day_of(&secret))
}

/// What can be seen of it without the app's secret.
async fn form_of_the_secret(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let (login, secret) = login(lab, &ann).await?;
    let (sum, day) = secret.split_once("==").unwrap_or_default();
    let is_sum = sum.len() == 32 && sum.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    let numbers: Vec<&str> = day.split('-').collect();
    let is_number = |number: &&str| number.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == **number);
    let is_day = numbers.len() == 3 && numbers.iter().all(is_number) && numbers[0].len() == 4;
    let expected = "`secret` is a sum in lower-case hexadecimal, ==, and a day as 2016-3-5";
    lab.check("AUTH-SECRET-DERIVED", is_sum && is_day, expected, login.said())
}

async fn one_for_all(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.newcomer("ann").await?, lab.newcomer("bob").await?);
    let (_, first) = login(lab, &ann).await?;
    let (login_of_bob, second) = login(lab, &bob).await?;
    let (_, third) = login(lab, &ann).await?;
    // The day may have changed in between: once.
    let same = !first.is_empty() && (first == second || second == third);
    lab.check(
        "AUTH-SECRET-DERIVED",
        same,
        "two users are given the same secret of the day",
        login_of_bob.said(),
    )
}

async fn hidden(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    let registered = lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let login = lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let ann = lab.newcomer("bob").await?;
    let user = lab.ask(Method::GET, fill(path::USER, &[&ann.uid])).by(&ann).send().await?;
    let user = user.done(lab, "USER-GET")?;
    let token = granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-GRANT")?;
    for answer in [registered, login, user, token] {
        let shown = lab.shows_app_secret(&answer.json).await?;
        let what = &answer.what;
        lab.check(
            "AUTH-SECRET-HIDDEN",
            !shown,
            format!("{what} does not show the app's secret"),
            answer.said(),
        )?;
    }
    Ok(())
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn another_day(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let (_, today) = login(lab, &ann).await?;
    lab.pass(DAY).await?;
    let (_, tomorrow) = login(lab, &ann).await?;
    let new = !today.is_empty() && !tomorrow.is_empty() && today != tomorrow;
    lab.check(
        "AUTH-SECRET-DERIVED",
        new,
        format!("a day later the secret is another than that of {}", day_of(&today)),
        format!("it is that of {}", day_of(&tomorrow)),
    )
}

/// The fields of an answer that grants.
fn is_granted(lab: &Lab, answer: &Answer) -> Result<(), Stop> {
    let text = |name: &str| answer.text(name).is_some_and(|text| !text.is_empty());
    let time = answer.json.get("expires_in").and_then(Value::as_f64).is_some_and(|seconds| seconds > 0.0);
    let expected = "the grant holds `access_token` and `token_type`, which are strings, and `expires_in`, a number of seconds";
    lab.check("TOKEN-GRANT", text("/access_token") && text("/token_type") && time, expected, answer.said())
}

async fn grant_gives(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    is_granted(lab, &granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-GRANT")?)
}

async fn two_grants(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    for person in [&ann, &ann, &bob] {
        is_granted(lab, &granted(lab, person, &person.secret).await?.done(lab, "TOKEN-GRANT")?)?;
    }
    Ok(())
}

/// The secret of that day, and as control one that is near it and wrong.
async fn secret_of(lab: &Lab, days: i64, rule: &'static str) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let secret = lab.derived_secret(days).await?;
    let answer = granted(lab, &ann, &secret).await?;
    let expected = format!("the secret of {} is taken, {days} days from today", day_of(&secret));
    lab.check(rule, answer.is_done() && answer.text("/access_token").is_some(), expected, answer.said())?;
    // The sum of one day with the date of another.
    let (sum, _) = secret.split_once("==").unwrap_or_default();
    let wrong = granted(lab, &ann, &format!("{sum}==2016-1-1")).await?;
    wrong.refused(lab, "TOKEN-REFUSE", &[401])?;
    Ok(())
}

async fn today(lab: &Lab) -> Result<(), Stop> {
    secret_of(lab, 0, "TOKEN-SECRET-WINDOW").await
}

async fn yesterday(lab: &Lab) -> Result<(), Stop> {
    secret_of(lab, -1, "TOKEN-SECRET-WINDOW").await
}

async fn tomorrow(lab: &Lab) -> Result<(), Stop> {
    secret_of(lab, 1, "TOKEN-SECRET-ZONE").await
}

async fn old(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for days in [-2, -3, -30, -365] {
        let secret = lab.derived_secret(days).await?;
        let answer = granted(lab, &ann, &secret).await?;
        let refused = (400..500).contains(&answer.status);
        let expected = format!("the secret of {}, {} days ago, is refused", day_of(&secret), -days);
        lab.check("TOKEN-SECRET-OLD", refused, expected, answer.said())?;
    }
    granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-SECRET-WINDOW")?;
    Ok(())
}

async fn on_the_next_day(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    lab.pass(DAY).await?;
    granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-SECRET-WINDOW")?;
    lab.pass(DAY).await?;
    let answer = granted(lab, &ann, &ann.secret).await?;
    let refused = (400..500).contains(&answer.status);
    lab.check("TOKEN-SECRET-OLD", refused, "the secret is refused two days after the login", answer.said())?;
    let (_, secret) = login(lab, &ann).await?;
    granted(lab, &ann, &secret).await?.done(lab, "TOKEN-SECRET-WINDOW")?;
    Ok(())
}

/// Rule `TOKEN-REFUSE`.
fn is_refused(lab: &Lab, answer: Answer) -> Result<(), Stop> {
    let answer = answer.refused(lab, "TOKEN-REFUSE", &[401])?;
    let named = answer.text("/error").as_deref() == Some("invalid_client");
    lab.check("TOKEN-REFUSE", named, "`error` is `invalid_client`", answer.said())
}

async fn wrong_secret(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let (sum, day) = ann.secret.split_once("==").unwrap_or_default();
    let mut cut = ann.secret.clone();
    cut.pop();
    for secret in ["wrong", sum, day, &cut, &format!("{}x", ann.secret), &format!("=={day}")] {
        is_refused(lab, granted(lab, &ann, secret).await?)?;
    }
    is_granted(lab, &granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-GRANT")?)
}

async fn unknown_app(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for key in ["no-such-app", &format!("{}x", ann.key)] {
        is_refused(lab, grant(lab, "client_credentials", key, &ann.secret).send().await?)?;
    }
    is_granted(lab, &granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-GRANT")?)
}

async fn other_grants(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for kind in ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS"] {
        let answer = grant(lab, kind, &ann.key, &ann.secret).send().await?;
        let answer = answer.refused(lab, "TOKEN-GRANT-TYPE", &[400])?;
        let named = answer.text("/error").as_deref() == Some("unsupported_grant_type");
        lab.check("TOKEN-GRANT-TYPE", named, "`error` is `unsupported_grant_type`", answer.said())?;
    }
    is_granted(lab, &granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-GRANT")?)
}

async fn browsers(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let is_open = |answer: &Answer| {
        let origin = answer.header("access-control-allow-origin");
        let expected = format!("the answer to {} has Access-Control-Allow-Origin: *", answer.what);
        lab.check(
            "TOKEN-CORS",
            origin == Some("*"),
            expected,
            format!("{} on {}", origin.unwrap_or("no such header"), answer.said()),
        )
    };
    let preflight =
        lab.ask(Method::OPTIONS, path::TOKEN).header(ORIGIN, "https://example.org").send().await?;
    let expected = "OPTIONS is answered with 200, without a token";
    lab.check("TOKEN-CORS", preflight.status == 200, expected, preflight.said())?;
    is_open(&preflight)?;
    for (secret, kind) in [("wrong", "client_credentials"), (&*ann.secret, "password")] {
        is_open(&grant(lab, kind, &ann.key, secret).header(ORIGIN, "https://example.org").send().await?)?;
    }
    let granted = granted(lab, &ann, &ann.secret).await?.done(lab, "TOKEN-GRANT")?;
    is_open(&granted)
}

async fn raw_secret(lab: &Lab) -> Result<(), Stop> {
    let (ann, secret) = (lab.person("ann").await?, lab.app_secret().await?);
    let answer = granted(lab, &ann, &secret).await?;
    if !answer.is_done() {
        let refused = is_refused(lab, answer.clone());
        return refused.and_then(|()| Err(lab.lacks(Need::RawSecret, answer.said())));
    }
    is_granted(lab, &answer)?;
    is_refused(lab, granted(lab, &ann, &format!("{secret}x")).await?)
}
