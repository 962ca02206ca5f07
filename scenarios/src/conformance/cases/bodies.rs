//! Bodies that cannot be read, and bodies that are large. Part 1.

use http::Method;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;
use super::refusals::is_shaped;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The smallest limits that a server may have. Rule `API-BODY-MAX`.
const SMALL: usize = 64 * 1024;
const WITH_CONTENT: usize = 1024 * 1024;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "bodies.json-that-breaks-off",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(breaks_off(lab)),
    ),
    Case::new(
        "bodies.json-that-is-no-object",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(no_object(lab)),
    ),
    Case::new(
        "bodies.json-with-values-of-other-types",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(other_types(lab)),
    ),
    Case::new(
        "bodies.json-that-is-deep",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(deep(lab)),
    ),
    Case::new(
        "bodies.json-that-is-no-text",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(no_text(lab)),
    ),
    Case::new(
        "bodies.a-login-that-cannot-be-read",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "AUTH-LOGIN"],
        |lab| Box::pin(unreadable_login(lab)),
    ),
    Case::new(
        "bodies.a-registration-that-cannot-be-read",
        &["API-BAD-REQUEST", "API-ERROR-SHAPE", "AUTH-REGISTER"],
        |lab| Box::pin(unreadable_registration(lab)),
    ),
    Case::new("bodies.a-form-that-is-no-form", &["API-ERROR-SHAPE", "AUTH-LOGIN"], |lab| {
        Box::pin(no_form(lab))
    }),
    Case::new("bodies.a-body-of-64-kib-is-taken", &["API-BODY-MAX", "USER-UPDATE"], |lab| {
        Box::pin(small_is_taken(lab))
    }),
    Case::new("bodies.a-body-of-64-kib-is-taken-at-login", &["API-BODY-MAX", "AUTH-LOGIN"], |lab| {
        Box::pin(login_is_taken(lab))
    }),
    Case::new(
        "bodies.a-message-in-1-mib-is-taken",
        &["API-BODY-MAX", "MSG-CONTENT-VERBATIM", "MSG-STORE"],
        |lab| Box::pin(message_is_taken(lab)),
    ),
    Case::new(
        "bodies.a-larger-body-is-taken-or-refused-with-413",
        &["API-BODY-MAX", "API-ERROR-SHAPE", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(larger(lab)),
    ),
];

/// What a server may leave without a case, and why.
pub(super) const UNTESTED: &[(&str, &str)] = &[(
    "API-BODY-SLOW",
    "how long a server waits for the rest of a request is its own affair: a request would have to be left open for longer than anybody may wait",
)];

/// A change of the user with that body.
fn change<'a>(lab: &'a Lab, ann: &Person, kind: &str, body: impl Into<Vec<u8>>) -> Ask<'a> {
    lab.ask(Method::PUT, fill(path::USER, &[&ann.uid])).by(ann).body(kind, body.into())
}

/// Each of these bodies is refused with 400, and after them the user has the name that they had. Then it is changed.
async fn cannot_be_read(lab: &Lab, bodies: &[&[u8]]) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    for body in bodies {
        let answer = change(lab, &ann, JSON, *body).send().await?;
        let shown = String::from_utf8_lossy(body);
        let shown: String = shown.chars().take(60).collect();
        let expected = format!("{} with the body {shown:?} is refused with 400", answer.what);
        lab.check("API-BAD-REQUEST", answer.status == 400, expected, answer.said())?;
        is_shaped(lab, &answer)?;
    }
    let user = lab.ask(Method::GET, fill(path::USER, &[&ann.uid])).by(&ann).send().await?.needed()?;
    let same = user.text("/name").as_deref() == Some(&*ann.name);
    lab.check("API-NO-EFFECT", same, format!("the name is {} still", ann.name), user.said())?;
    let done = change(lab, &ann, JSON, r#"{"name":"Anna"}"#).send().await?.done(lab, "USER-UPDATE")?;
    is_called(lab, &done, "Anna")
}

fn is_called(lab: &Lab, answer: &Answer, name: &str) -> Result<(), Stop> {
    let is = answer.text("/name").as_deref() == Some(name);
    lab.check("USER-UPDATE", is, format!("a body that can be read changes the name to {name}"), answer.said())
}

async fn breaks_off(lab: &Lab) -> Result<(), Stop> {
    let bodies: [&[u8]; 6] = [
        b"{",
        br#"{"name"#,
        br#"{"name":"x""#,
        br#"{"name":"x"}}"#,
        br#"{"name":"x",}"#,
        br#"{"name":"x"} y"#,
    ];
    cannot_be_read(lab, &bodies).await
}

async fn no_object(lab: &Lab) -> Result<(), Stop> {
    cannot_be_read(lab, &[b"[]", b"\"name\"", b"17", b"null", br#"[{"name":"x"}]"#]).await
}

async fn other_types(lab: &Lab) -> Result<(), Stop> {
    let bodies: [&[u8]; 3] = [br#"{"name":{"first":"x"}}"#, br#"{"name":["x"]}"#, br#"{"name":{}}"#];
    cannot_be_read(lab, &bodies).await
}

async fn deep(lab: &Lab) -> Result<(), Stop> {
    let (arrays, objects) = ("[".repeat(20_000), r#"{"name":"#.repeat(5_000));
    cannot_be_read(lab, &[arrays.as_bytes(), objects.as_bytes()]).await
}

async fn no_text(lab: &Lab) -> Result<(), Stop> {
    cannot_be_read(lab, &[b"{\"name\":\"\xff\xfe\"}", b"\xff\xfe", b"\0", b"{\"name\":\"a\nb\"}"]).await
}

async fn unreadable_login(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    for body in ["{", "[]", r#"{"email":{},"password":[]}"#, r#"{"email":null,"password":null}"#, ""] {
        let answer = lab.ask(Method::POST, path::LOGIN).body(JSON, body).send().await?;
        is_shaped(lab, &answer.refused(lab, "API-BAD-REQUEST", &[400])?)?;
    }
    let body = format!(r#"{{"email":"{}","password":"{}"}}"#, ann.account, password_md5(PASSWORD));
    lab.ask(Method::POST, path::LOGIN).body(JSON, body).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

async fn unreadable_registration(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    let nested = format!(r#"{{"email":["{account}"],"password":{{}},"name":"Ann"}}"#);
    for body in ["{", "[]", "", &nested] {
        let answer = lab.ask(Method::POST, path::REGISTER).body(JSON, body.to_owned()).send().await?;
        is_shaped(lab, &answer.refused(lab, "API-BAD-REQUEST", &[400])?)?;
    }
    lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    Ok(())
}

/// Whether such a form is taken for something the text does not say; that is no right password in any case.
async fn no_form(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let bodies: [&[u8]; 5] = [b"%zz=%", b"&&&&", b"email", b"email=%ff%fe&password=%00", b"\xff\xfe=\0"];
    for body in bodies {
        let answer = lab.ask(Method::POST, path::LOGIN).body(FORM, body.to_vec()).send().await?;
        is_shaped(lab, &answer.refused_somehow(lab, "API-ERROR-SHAPE")?)?;
    }
    lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    Ok(())
}

/// JSON with spaces after it, so that it is as long as that.
fn padded(json: &str, length: usize) -> Vec<u8> {
    let mut body = json.as_bytes().to_vec();
    body.resize(length, b' ');
    body
}

async fn small_is_taken(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let body = padded(r#"{"name":"Anna"}"#, SMALL);
    let done = change(lab, &ann, JSON, body).send().await?.done(lab, "API-BODY-MAX")?;
    is_called(lab, &done, "Anna")
}

async fn login_is_taken(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let body = format!(r#"{{"email":"{}","password":"{}"}}"#, ann.account, password_md5(PASSWORD));
    let ask = lab.ask(Method::POST, path::LOGIN).body(JSON, padded(&body, SMALL));
    let login = ask.send().await?.done(lab, "API-BODY-MAX")?;
    let is_ann = login.text("/id").as_deref() == Some(&*ann.uid);
    lab.check("AUTH-LOGIN", is_ann, "a login in 64 KiB gives the user", login.said())
}

async fn message_is_taken(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let path = fill(path::MESSAGES, &[&lab.group(&ann, &[]).await?]);
    let head = format!("sender={}&type=text&content=", fill("{}", &[&ann.uid]));
    let content = "x".repeat(WITH_CONTENT - head.len());
    let body = format!("{head}{content}");
    let answer = lab.ask(Method::POST, &path).by(&ann).body(FORM, body).send().await?;
    let stored = answer.done(lab, "API-BODY-MAX")?;
    let same = stored.text("/content").is_some_and(|given| given == content);
    lab.check("MSG-CONTENT-VERBATIM", same, "the content is given back whole", stored.said())?;
    let plain = [("sender", &*ann.uid), ("type", "text"), ("content", "{}")];
    lab.ask(Method::POST, &path).by(&ann).form(&plain).send().await?.done(lab, "MSG-STORE")?;
    Ok(())
}

async fn larger(lab: &Lab) -> Result<(), Stop> {
    const LARGE: usize = 3 * 1024 * 1024;
    let ann = lab.newcomer("ann").await?;
    let answer = change(lab, &ann, JSON, padded(r#"{"name":"Anna"}"#, LARGE)).send().await?;
    if answer.is_done() {
        is_called(lab, &answer, "Anna")?;
    } else {
        is_shaped(lab, &answer.refused(lab, "API-BODY-MAX", &[413])?)?;
        let user = lab.ask(Method::GET, fill(path::USER, &[&ann.uid])).by(&ann).send().await?.needed()?;
        let same = user.text("/name").as_deref() == Some(&*ann.name);
        lab.check("API-NO-EFFECT", same, format!("the name is {} still", ann.name), user.said())?;
    }
    let done = change(lab, &ann, JSON, r#"{"name":"Anne"}"#).send().await?.done(lab, "USER-UPDATE")?;
    is_called(lab, &done, "Anne")
}
