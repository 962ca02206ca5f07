//! What is said where something is refused: the status, its form, and that it has changed nothing. Part 1.

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::Value;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::groups::id;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;
use super::super::views::as_json;
use super::routes::Resource::{
    self, Attachments, Contacts, Conversations, Favourites, Members, Messages, Sessions, Users,
};
use super::routes::Stock;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "refusals.users-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Users)),
    ),
    Case::new(
        "refusals.contacts-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Contacts)),
    ),
    Case::new(
        "refusals.favourites-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Favourites)),
    ),
    Case::new(
        "refusals.conversations-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Conversations)),
    ),
    Case::new(
        "refusals.sessions-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Sessions)),
    ),
    Case::new(
        "refusals.members-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Members)),
    ),
    Case::new(
        "refusals.messages-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Messages)),
    ),
    Case::new(
        "refusals.attachments-that-are-not-there",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(not_there(lab, Attachments)),
    ),
    Case::new(
        "refusals.a-registration-without-a-parameter",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "AUTH-REGISTER"],
        |lab| Box::pin(register_without(lab)),
    ),
    Case::new(
        "refusals.a-login-without-a-parameter",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "AUTH-LOGIN"],
        |lab| Box::pin(login_without(lab)),
    ),
    Case::new(
        "refusals.a-change-of-password-without-a-parameter",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "AUTH-SET-PASSWORD"],
        |lab| Box::pin(set_password_without(lab)),
    ),
    Case::new(
        "refusals.a-contact-without-a-user",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "CONTACT-ADD"],
        |lab| Box::pin(contact_without(lab)),
    ),
    Case::new(
        "refusals.a-favourite-group-without-a-session",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "FAV-ADD"],
        |lab| Box::pin(favourite_without(lab)),
    ),
    Case::new(
        "refusals.a-session-without-a-type",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "SESS-CREATE-GROUP"],
        |lab| Box::pin(session_without(lab)),
    ),
    Case::new(
        "refusals.a-member-without-a-user",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "MEMBER-ADD"],
        |lab| Box::pin(member_without(lab)),
    ),
    Case::new(
        "refusals.a-message-without-a-parameter",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "MSG-STORE"],
        |lab| Box::pin(message_without(lab)),
    ),
    Case::new("refusals.no-token", &["API-ERROR-SHAPE", "API-SUCCESS"], |lab| Box::pin(no_token(lab))),
    Case::new("refusals.no-right", &["API-ERROR-SHAPE", "API-FORBIDDEN", "API-SUCCESS"], |lab| {
        Box::pin(no_right(lab))
    }),
    Case::new("refusals.no-such-route", &["API-ERROR-SHAPE", "API-NOT-FOUND", "API-SUCCESS"], |lab| {
        Box::pin(no_such_route(lab))
    }),
    Case::new(
        "refusals.a-method-that-a-route-has-not",
        &["API-ERROR-SHAPE", "API-NO-EFFECT", "API-SUCCESS"],
        |lab| Box::pin(no_such_method(lab)),
    ),
    Case::new("refusals.what-the-business-refuses", &["API-ERROR-SHAPE", "API-SUCCESS"], |lab| {
        Box::pin(business(lab))
    }),
    Case::new(
        "refusals.the-token-endpoint",
        &["TOKEN-REFUSE", "TOKEN-GRANT-TYPE", "API-ERROR-SHAPE", "TOKEN-GRANT"],
        |lab| Box::pin(token_endpoint(lab)),
    ),
    Case::new(
        "refusals.ids-that-no-server-gives",
        &["API-NOT-FOUND", "API-ERROR-SHAPE", "API-SUCCESS"],
        |lab| Box::pin(odd_ids(lab)),
    ),
    Case::new(
        "refusals.a-write-that-is-forbidden-has-no-effect",
        &["API-NO-EFFECT", "API-FORBIDDEN", "API-SUCCESS"],
        |lab| Box::pin(forbidden_has_no_effect(lab)),
    ),
];

/// Rule `API-ERROR-SHAPE`.
pub(super) fn is_shaped(lab: &Lab, answer: &Answer) -> Result<(), Stop> {
    let text = |name: &str| answer.json.get(name).is_some_and(Value::is_string);
    let status = answer.json.get("status").and_then(Value::as_u64) == Some(answer.status.into());
    let expected = format!(
        "the refusal of {} is an object with `status` {}, and with `error` and `message`, which are strings",
        answer.what, answer.status
    );
    lab.check("API-ERROR-SHAPE", status && text("error") && text("message"), expected, answer.said())
}

/// Checks the status by that rule, and the form.
async fn is_refused(lab: &Lab, ask: Ask<'_>, rule: &'static str, statuses: &[u16]) -> Result<(), Stop> {
    let answer = ask.send().await?.refused(lab, rule, statuses)?;
    is_shaped(lab, &answer)
}

async fn not_there(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    for step in &stock.steps {
        for unknown in &step.unknown {
            is_refused(lab, step.ask_at(lab, unknown).by(&stock.ann), "API-NOT-FOUND", &[404]).await?;
        }
        step.ask(lab).by(&stock.ann).send().await?.done(lab, "API-SUCCESS")?;
    }
    Ok(())
}

/// The fields without the one of that name.
fn without<'a>(fields: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    fields.iter().filter(|(field, _)| *field != name).copied().collect()
}

async fn register_without(lab: &Lab) -> Result<(), Stop> {
    let (account, password) = (lab.account("ann"), password_md5(PASSWORD));
    let fields = [("email", &*account), ("password", &*password), ("name", "Ann")];
    for (name, _) in fields {
        let ask = lab.ask(Method::POST, path::REGISTER).form(&without(&fields, name));
        is_refused(lab, ask, "API-BAD-REQUEST", &[400]).await?;
        let ask = lab.login(&account, PASSWORD).send().await?;
        let expected = "nobody was registered by a request that was refused";
        lab.check("API-NO-EFFECT", !ask.is_done(), expected, ask.said())?;
    }
    lab.ask(Method::POST, path::REGISTER).form(&fields).send().await?.done(lab, "AUTH-REGISTER")?;
    Ok(())
}

async fn login_without(lab: &Lab) -> Result<(), Stop> {
    let (ann, password) = (lab.newcomer("ann").await?, password_md5(PASSWORD));
    let fields = [("email", &*ann.account), ("password", &*password)];
    for (name, _) in fields {
        let ask = lab.ask(Method::POST, path::LOGIN).form(&without(&fields, name));
        is_refused(lab, ask, "API-BAD-REQUEST", &[400]).await?;
    }
    is_refused(lab, lab.ask(Method::POST, path::LOGIN), "API-BAD-REQUEST", &[400]).await?;
    lab.ask(Method::POST, path::LOGIN).form(&fields).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn set_password_without(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let (old, new) = (password_md5(PASSWORD), password_md5("new one"));
    let fields = [("oldPassword", &*old), ("password", &*new)];
    let set = |fields: &[(&str, &str)]| lab.ask(Method::POST, path::SET_PASSWORD).by(&ann).form(fields);
    for (name, _) in fields {
        is_refused(lab, set(&without(&fields, name)), "API-BAD-REQUEST", &[400]).await?;
    }
    let login = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "API-NO-EFFECT")?;
    let ann = Person { token: login.text("/token").unwrap_or_default(), ..ann };
    let set = |fields: &[(&str, &str)]| lab.ask(Method::POST, path::SET_PASSWORD).by(&ann).form(fields);
    set(&fields).send().await?.done(lab, "AUTH-SET-PASSWORD")?;
    Ok(())
}

/// Asks without each of these, and then with all; the list is as it was until then.
async fn needs(
    lab: &Lab,
    person: &Person,
    list: &str,
    fields: &[(&'static str, &str)],
    needed: &[&str],
    rule: &'static str,
) -> Result<(), Stop> {
    let before = lab.changes(person, list, 0).await?;
    let post = |fields: &[(&str, &str)]| lab.ask(Method::POST, list).by(person).form(fields);
    for name in needed {
        is_refused(lab, post(&without(fields, name)), "API-BAD-REQUEST", &[400]).await?;
    }
    let after = lab.changes(person, list, 0).await?;
    let expected = format!("the list is as before: {}", as_json(&before));
    lab.check("API-NO-EFFECT", before == after, expected, as_json(&after))?;
    post(fields).send().await?.done(lab, rule)?;
    Ok(())
}

async fn contact_without(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let fields = [("userId", &*bob.uid), ("name", "Bob")];
    needs(lab, &ann, &fill(path::CONTACTS, &[&ann.uid]), &fields, &["userId"], "CONTACT-ADD").await
}

async fn favourite_without(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let group = lab.group(&ann, &[]).await?;
    let fields = [("sessionId", &*group), ("name", "hiking"), ("avatarUrl", "a.png")];
    needs(lab, &ann, &fill(path::USER_SESSIONS, &[&ann.uid]), &fields, &["sessionId"], "FAV-ADD").await
}

async fn session_without(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let fields = [("type", "group"), ("name", "hiking"), ("secureType", "public"), ("avatarUrl", "a.png")];
    let post = |fields: &[(&str, &str)]| lab.ask(Method::POST, path::SESSIONS).by(&ann).form(fields);
    is_refused(lab, post(&without(&fields, "type")), "API-BAD-REQUEST", &[400]).await?;
    let unreadable = [("type", "nonsense"), ("name", "hiking"), ("secureType", "public"), ("avatarUrl", "")];
    is_refused(lab, post(&unreadable), "API-BAD-REQUEST", &[400]).await?;
    post(&fields).send().await?.done(lab, "SESS-CREATE-GROUP")?;
    Ok(())
}

async fn member_without(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let list = fill(path::MEMBERS, &[&lab.group(&ann, &[]).await?]);
    let fields =
        [("userId", &*bob.uid), ("name", "Bob"), ("role", "user"), ("avatarUrl", ""), ("status", "active")];
    needs(lab, &ann, &list, &fields, &["userId"], "MEMBER-ADD").await
}

async fn message_without(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let list = fill(path::MESSAGES, &[&lab.group(&ann, &[]).await?]);
    let fields = [("sender", &*ann.uid), ("type", "text"), ("content", r#"{"text":"hello"}"#)];
    needs(lab, &ann, &list, &fields, &["type", "content"], "MSG-STORE").await
}

async fn no_token(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let own = fill(path::USER, &[&ann.uid]);
    for ask in [
        lab.ask(Method::GET, &own),
        lab.ask(Method::PUT, &own).form(&[("name", "x")]),
        lab.ask(Method::POST, path::ATTACHMENTS),
        lab.ask(Method::GET, &own).header(AUTHORIZATION, "Bearer nobody-was-given-this"),
    ] {
        // Which status it is others look at.
        let answer = ask.send().await?.refused_somehow(lab, "API-ERROR-SHAPE")?;
        is_shaped(lab, &answer)?;
    }
    lab.ask(Method::GET, &own).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    Ok(())
}

async fn no_right(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    for route in [path::CONTACTS, path::USER_SESSIONS, path::USER_CONVERSATIONS] {
        let route = fill(route, &[&ann.uid]);
        is_refused(lab, lab.ask(Method::GET, &route).by(&bob), "API-FORBIDDEN", &[403]).await?;
        lab.ask(Method::GET, &route).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    }
    let group = fill(path::MESSAGES, &[&lab.group(&ann, &[]).await?]);
    is_refused(lab, lab.ask(Method::GET, &group).by(&bob), "API-FORBIDDEN", &[403]).await?;
    lab.ask(Method::GET, &group).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    Ok(())
}

async fn no_such_route(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for (method, route) in
        [(Method::GET, "/v1/nowhere"), (Method::POST, "/v1/nowhere"), (Method::DELETE, "/v1/nowhere/1")]
    {
        is_refused(lab, lab.ask(method, route).by(&ann), "API-NOT-FOUND", &[404]).await?;
    }
    lab.ask(Method::GET, fill(path::USER, &[&ann.uid])).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    Ok(())
}

/// Whether that is 404 or 405 this text does not say; it is a refusal in any case.
async fn no_such_method(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let contacts = fill(path::CONTACTS, &[&ann.uid]);
    let user = fill(path::USER, &[&ann.uid]);
    let brew = || Method::from_bytes(b"BREW").map_err(|why| Stop::Harness(why.to_string()));
    for (method, route) in [
        (Method::DELETE, path::REGISTER),
        (Method::DELETE, path::LOGIN),
        (Method::PUT, path::LOGIN),
        (brew()?, path::LOGIN),
        (brew()?, &*contacts),
        (brew()?, &*user),
    ] {
        let answer = lab.ask(method, route).by(&ann).send().await?;
        let answer = answer.refused_somehow(lab, "API-ERROR-SHAPE")?;
        is_shaped(lab, &answer)?;
    }
    let user = lab.ask(Method::GET, fill(path::USER, &[&ann.uid])).by(&ann).send().await?;
    let user = user.done(lab, "API-SUCCESS")?;
    let same = user.text("/email").as_deref() == Some(&*ann.account);
    lab.check("API-NO-EFFECT", same, "the user is there as before", user.said())
}

async fn business(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    lab.befriend(&ann, &bob, "bob").await?;
    let contacts = fill(path::CONTACTS, &[&ann.uid]);
    let again = [("userId", &*bob.uid), ("name", "bob")];
    for ask in [
        lab.register(&ann.account, "Another"),
        lab.login(&ann.account, "not it"),
        lab.ask(Method::POST, &contacts).by(&ann).form(&again),
    ] {
        let answer = ask.send().await?.refused_somehow(lab, "API-ERROR-SHAPE")?;
        is_shaped(lab, &answer)?;
    }
    lab.ask(Method::GET, &contacts).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    Ok(())
}

async fn token_endpoint(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let grant = |kind: &str, secret: &str| {
        let fields = [("grant_type", kind), ("client_id", &*ann.key), ("client_secret", secret)];
        lab.ask(Method::POST, path::TOKEN).form(&fields)
    };
    is_refused(lab, grant("client_credentials", "wrong"), "TOKEN-REFUSE", &[401]).await?;
    is_refused(lab, grant("password", &ann.secret), "TOKEN-GRANT-TYPE", &[400]).await?;
    grant("client_credentials", &ann.secret).send().await?.done(lab, "TOKEN-GRANT")?;
    Ok(())
}

/// A server takes ids as texts or as numbers; these are neither its own nor anybody's.
async fn odd_ids(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let long = "9".repeat(400);
    for odd in
        ["-1", "1.5", "1e3", "0x10", "null", "' or '1'='1", "例君", "%", "a b", "99999999999999999999", &long]
    {
        for route in [path::USER, path::SESSION, path::ATTACHMENT] {
            let ask = lab.ask(Method::GET, fill(route, &[odd])).by(&ann);
            is_refused(lab, ask, "API-NOT-FOUND", &[404]).await?;
        }
    }
    lab.ask(Method::GET, fill(path::USER, &[&ann.uid])).by(&ann).send().await?.done(lab, "API-SUCCESS")?;
    Ok(())
}

async fn forbidden_has_no_effect(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let contact = id(&lab.befriend(&ann, &bob, "Bob").await?)?;
    let (list, entry) = (fill(path::CONTACTS, &[&ann.uid]), fill(path::CONTACT, &[&ann.uid, &contact]));
    let before = lab.changes(&ann, &list, 0).await?;
    for ask in [
        lab.ask(Method::PUT, &entry).form(&[("name", "Mallory")]),
        lab.ask(Method::DELETE, &entry),
        lab.ask(Method::POST, &list).form(&[("userId", &bob.uid), ("name", "Mallory")]),
    ] {
        ask.by(&bob).send().await?.refused(lab, "API-FORBIDDEN", &[403])?;
    }
    let after = lab.changes(&ann, &list, 0).await?;
    let expected = format!("the contacts are as before: {}", as_json(&before));
    lab.check("API-NO-EFFECT", before == after, expected, as_json(&after))?;
    let renamed = lab.ask(Method::PUT, &entry).by(&ann).form(&[("name", "Rob")]).send().await?;
    renamed.done(lab, "API-SUCCESS")?;
    Ok(())
}
