//! What holds for all of the business API: forms and JSON, ids, times, answers. Part 1.

use http::Method;
use serde_json::{Value, json};
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD};
use super::super::verdict::Stop;
use super::routes::Resource::{
    self, Attachments, Contacts, Conversations, Emojis, Favourites, Members, Messages, Sessions, Users,
};
use super::routes::Stock;

pub(super) const CASES: &[Case] = &[
    Case::new("conventions.users-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Users))
    }),
    Case::new("conventions.contacts-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Contacts))
    }),
    Case::new("conventions.favourites-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Favourites))
    }),
    Case::new("conventions.conversations-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Conversations))
    }),
    Case::new("conventions.sessions-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Sessions))
    }),
    Case::new("conventions.members-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Members))
    }),
    Case::new("conventions.messages-take-forms-and-json-alike", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(forms_and_json(lab, Messages))
    }),
    Case::new(
        "conventions.users-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Users)),
    ),
    Case::new(
        "conventions.contacts-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Contacts)),
    ),
    Case::new(
        "conventions.favourites-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Favourites)),
    ),
    Case::new(
        "conventions.conversations-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Conversations)),
    ),
    Case::new(
        "conventions.sessions-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Sessions)),
    ),
    Case::new(
        "conventions.members-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Members)),
    ),
    Case::new(
        "conventions.messages-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Messages)),
    ),
    Case::new(
        "conventions.attachments-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Attachments)),
    ),
    Case::new(
        "conventions.emojis-are-answered-in-json",
        &["API-JSON-ANSWER", "API-ID", "API-TIME", "API-SUCCESS"],
        |lab| Box::pin(answers(lab, Emojis)),
    ),
    Case::new(
        "conventions.a-registration-is-a-form-or-json",
        &["API-FORM-AND-JSON", "AUTH-REGISTER"],
        |lab| Box::pin(register_in_json(lab)),
    ),
    Case::new("conventions.a-login-is-a-form-or-json", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(login_in_json(lab))
    }),
    Case::new("conventions.a-form-is-decoded", &["API-FORM-AND-JSON", "USER-UPDATE", "USER-GET"], |lab| {
        Box::pin(a_form_is_decoded(lab))
    }),
    Case::new("conventions.json-with-a-character-set-is-json", &["API-FORM-AND-JSON"], |lab| {
        Box::pin(json_with_a_character_set(lab))
    }),
    Case::new(
        "conventions.whoever-registers-has-an-id-that-is-a-text",
        &["API-ID", "AUTH-REGISTER"],
        |lab| Box::pin(id_of_a_registration(lab)),
    ),
    Case::new("conventions.routes-are-under-v1", &["API-PREFIX", "API-NOT-FOUND"], |lab| {
        Box::pin(prefix(lab))
    }),
    Case::new("conventions.what-was-done-is-said-to-be-done", &["API-SUCCESS", "USER-GET"], |lab| {
        Box::pin(what_was_done(lab))
    }),
];

async fn forms_and_json(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let (one, other) = (Stock::of(lab, resource, "").await?, Stock::of(lab, resource, "-json").await?);
    for (form, json) in one.steps.iter().zip(&other.steps) {
        if form.fields.is_empty() {
            continue;
        }
        let by_form = form.ask(lab).by(&one.ann).send().await?.done(lab, "API-FORM-AND-JSON")?;
        let by_json = json.ask_in_json(lab).by(&other.ann).send().await?.done(lab, "API-FORM-AND-JSON")?;
        let keys = |answer: &Answer| -> Vec<String> {
            answer.json.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
        };
        let there = !keys(&by_form).is_empty() && keys(&by_form) == keys(&by_json);
        let expected = format!("{} in JSON is answered like a form: {}", json.what(), by_form.said());
        lab.check("API-FORM-AND-JSON", there, expected, by_json.said())?;
        for (step, answer) in [(form, &by_form), (json, &by_json)] {
            for (name, value) in &step.fields {
                let same = answer.json.get(*name).is_none_or(|given| given.as_str() == Some(value));
                let expected = format!("after {} `{name}` is {value:?}", step.what());
                lab.check("API-FORM-AND-JSON", same, expected, answer.said())?;
            }
        }
    }
    Ok(())
}

async fn answers(lab: &Lab, resource: Resource) -> Result<(), Stop> {
    let stock = Stock::of(lab, resource, "").await?;
    for step in &stock.steps {
        let answer = step.ask(lab).by(&stock.ann).send().await?.done(lab, "API-SUCCESS")?;
        if step.path.contains("/content") {
            continue;
        }
        let is_json = serde_json::from_slice::<Value>(&answer.body).is_ok_and(|json| !json.is_null());
        lab.check(
            "API-JSON-ANSWER",
            is_json,
            format!("{} is answered with JSON", step.what()),
            answer.said(),
        )?;
        well_formed(lab, &answer.json, &answer)?;
    }
    Ok(())
}

/// Ids and times anywhere in an answer.
fn well_formed(lab: &Lab, json: &Value, answer: &Answer) -> Result<(), Stop> {
    for (name, value) in json.as_object().into_iter().flatten() {
        let is_id = name == "id" || name.ends_with("Id") || name == "sender";
        let id = !is_id || value.is_string();
        lab.check("API-ID", id, format!("`{name}` is a string"), answer.said())?;
        let is_time = name.ends_with("At") || name == "lastReadTime";
        let text = value.as_str().unwrap_or_default();
        let exact = Timestamp::parse(text).is_some_and(|read| read.to_string() == text);
        let time = !is_time || value.is_null() || exact;
        lab.check("API-TIME", time, format!("`{name}` is as 2016-11-24T08:00:00.000Z"), answer.said())?;
        well_formed(lab, value, answer)?;
    }
    json.as_array().into_iter().flatten().try_for_each(|value| well_formed(lab, value, answer))
}

async fn register_in_json(lab: &Lab) -> Result<(), Stop> {
    let account = |name: &str| lab.account(name);
    let body = json!({ "email": account("ann"), "password": password_md5(PASSWORD), "name": "Ann" });
    let by_json = lab.ask(Method::POST, path::REGISTER).json(&body).send().await?;
    let by_json = by_json.done(lab, "API-FORM-AND-JSON")?;
    let by_form = lab.register(&account("bob"), "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let keys = |answer: &Answer| -> Vec<String> {
        answer.json.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
    };
    let same = keys(&by_json) == keys(&by_form) && by_json.text("/name").as_deref() == Some("Ann");
    let expected = format!("a registration in JSON is answered like a form: {}", by_form.said());
    lab.check("API-FORM-AND-JSON", same, expected, by_json.said())?;
    // The password came through as well.
    let login = lab.login(&account("ann"), PASSWORD).send().await?.done(lab, "API-FORM-AND-JSON")?;
    let same = login.text("/id").is_some() && login.text("/id") == by_json.text("/id");
    lab.check("API-FORM-AND-JSON", same, "who registered in JSON logs in with a form", login.said())
}

/// Without a user who was made before: where ids are none, no case makes one.
async fn id_of_a_registration(lab: &Lab) -> Result<(), Stop> {
    let account = lab.account("ann");
    let registered = lab.register(&account, "Ann").send().await?.done(lab, "AUTH-REGISTER")?;
    let login = lab.login(&account, PASSWORD).send().await?.done(lab, "AUTH-REGISTER")?;
    for answer in [&registered, &login] {
        let text = answer.text("/id").is_some_and(|id| !id.is_empty());
        lab.check("API-ID", text, "`id` is a string", answer.said())?;
    }
    let same = registered.json["id"] == login.json["id"];
    lab.check(
        "AUTH-REGISTER",
        same,
        format!("it is the user of the registration: {}", registered.said()),
        login.said(),
    )
}

async fn login_in_json(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let body = json!({ "email": ann.account, "password": password_md5(PASSWORD) });
    let by_json = lab.ask(Method::POST, path::LOGIN).json(&body).send().await?;
    let by_json = by_json.done(lab, "API-FORM-AND-JSON")?;
    let by_form = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "API-FORM-AND-JSON")?;
    let same = by_json.text("/id").is_some() && by_json.text("/id") == by_form.text("/id");
    lab.check("API-FORM-AND-JSON", same, "both ways log the same user in", by_json.said())
}

async fn a_form_is_decoded(lab: &Lab) -> Result<(), Stop> {
    const NAME: &str = "Ann & Bob = 100 % +1 / \"例君\" \u{1f600}";
    let ann = lab.person("ann").await?;
    let own = fill(path::USER, &[&ann.uid]);
    let change = lab.ask(Method::PUT, &own).by(&ann).form(&[("name", NAME), ("address", "a b\nc")]);
    change.send().await?.done(lab, "USER-UPDATE")?;
    let by_form = lab.ask(Method::GET, &own).by(&ann).send().await?.done(lab, "USER-GET")?;
    let exact = by_form.text("/name").as_deref() == Some(NAME)
        && by_form.text("/address").as_deref() == Some("a b\nc");
    lab.check("API-FORM-AND-JSON", exact, format!("the form sets the name {NAME:?}"), by_form.said())?;
    let plain = lab.ask(Method::PUT, &own).by(&ann).json(&json!({ "name": "x" }));
    plain.send().await?.done(lab, "USER-UPDATE")?;
    let change = lab.ask(Method::PUT, &own).by(&ann).json(&json!({ "name": NAME }));
    change.send().await?.done(lab, "USER-UPDATE")?;
    let by_json = lab.ask(Method::GET, &own).by(&ann).send().await?.done(lab, "USER-GET")?;
    let exact = by_json.text("/name").as_deref() == Some(NAME);
    lab.check("API-FORM-AND-JSON", exact, format!("JSON sets the same name {NAME:?}"), by_json.said())
}

async fn json_with_a_character_set(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for (kind, name) in [("application/json; charset=utf-8", "例君"), ("Application/JSON", "小明")] {
        let ask = lab.ask(Method::PUT, fill(path::USER, &[&ann.uid])).by(&ann);
        let answer = ask.body(kind, json!({ "name": name }).to_string()).send().await?;
        let answer = answer.done(lab, "API-FORM-AND-JSON")?;
        let read = answer.text("/name").as_deref() == Some(name);
        lab.check("API-FORM-AND-JSON", read, format!("{kind} is read as JSON: {name}"), answer.said())?;
    }
    let form = lab.ask(Method::PUT, fill(path::USER, &[&ann.uid])).by(&ann);
    let form = form.body("application/x-www-form-urlencoded; charset=UTF-8", "name=%E4%BE%8B");
    let answer = form.send().await?.done(lab, "API-FORM-AND-JSON")?;
    let read = answer.text("/name").as_deref() == Some("例");
    lab.check("API-FORM-AND-JSON", read, "a form with a character set is read as a form", answer.said())
}

async fn prefix(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let here = fill(path::USER, &[&ann.uid]);
    let there = lab.ask(Method::GET, &here).by(&ann).send().await?.done(lab, "API-PREFIX")?;
    let same = there.text("/id").as_deref() == Some(&*ann.uid);
    lab.check("API-PREFIX", same, format!("the user is at {here}"), there.said())?;
    for elsewhere in ["/v1", "/v1/", "/v1/nowhere", "/v1/users/1/nowhere", "/v1/nowhere/1"] {
        let answer = lab.ask(Method::GET, elsewhere).by(&ann).send().await?;
        answer.refused(lab, "API-NOT-FOUND", &[404])?;
    }
    Ok(())
}

async fn what_was_done(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let own = fill(path::USER, &[&ann.uid]);
    for name in ["one", "two", "three"] {
        let said = lab.ask(Method::PUT, &own).by(&ann).form(&[("name", name)]).send().await?;
        let user = lab.ask(Method::GET, &own).by(&ann).send().await?.done(lab, "USER-GET")?;
        let done = user.text("/name").as_deref() == Some(name);
        lab.check(
            "API-SUCCESS",
            done && said.is_done(),
            "a name that changed was answered with 2xx",
            said.said(),
        )?;
    }
    Ok(())
}
