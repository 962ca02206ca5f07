//! Users: looking for them, looking at them, and what they say of themselves. Part 3.

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::{Answer, Ask};
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::need::Need;
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::new("users.one-is-seen-by-others", &["USER-GET", "USER-FIELDS"], |lab| {
        Box::pin(seen_by_others(lab))
    }),
    Case::new("users.fields-are-there-or-empty", &["USER-FIELDS", "USER-GET", "USER-UPDATE"], |lab| {
        Box::pin(fields(lab))
    }),
    Case::new("users.a-chinese-name-has-its-syllables", &["USER-PINYIN", "USER-GET", "USER-UPDATE"], |lab| {
        Box::pin(pinyin(lab))
    }),
    Case::new("users.syllables-follow-the-name", &["USER-PINYIN", "USER-UPDATE"], |lab| {
        Box::pin(pinyin_follows(lab))
    }),
    Case::new("users.a-whole-account-is-found", &["USER-SEARCH", "API-LIST", "USER-FIELDS"], |lab| {
        Box::pin(search_is_list(lab))
    }),
    Case::new("users.a-part-of-an-account-finds-nobody", &["USER-SEARCH", "USER-SEARCH-NONE"], |lab| {
        Box::pin(search_by_part(lab))
    }),
    Case::new("users.a-name-finds-nobody", &["USER-SEARCH", "USER-SEARCH-NONE"], |lab| {
        Box::pin(search_by_name(lab))
    }),
    Case::new(
        "users.a-search-for-nobody-is-an-empty-list",
        &["USER-SEARCH-NONE", "USER-SEARCH", "API-LIST"],
        |lab| Box::pin(search_for_nobody(lab)),
    ),
    Case::new("users.an-account-is-sought-as-it-is-written", &["USER-SEARCH", "USER-SEARCH-NONE"], |lab| {
        Box::pin(search_decoded(lab))
    }),
    Case::new("users.one-is-found-with-what-they-changed", &["USER-SEARCH", "USER-UPDATE"], |lab| {
        Box::pin(search_after_change(lab))
    }),
    Case::new("users.each-field-is-changed-alone", &["USER-UPDATE"], |lab| Box::pin(each_field(lab))),
    Case::new("users.all-fields-are-changed-at-once", &["USER-UPDATE", "USER-GET"], |lab| {
        Box::pin(all_fields(lab))
    }),
    Case::new("users.a-change-is-seen-by-others", &["USER-UPDATE", "USER-GET"], |lab| {
        Box::pin(change_is_seen(lab))
    }),
    Case::new("users.a-change-leaves-the-account", &["USER-UPDATE", "AUTH-LOGIN"], |lab| {
        Box::pin(change_leaves_account(lab))
    }),
    Case::new("users.changes-at-once-are-all-kept", &["USER-UPDATE", "USER-GET"], |lab| {
        Box::pin(changes_at_once(lab))
    }),
    Case::new(
        "users.nobody-else-changes-one",
        &["USER-UPDATE-RIGHT", "API-NO-EFFECT", "USER-UPDATE"],
        |lab| Box::pin(change_by_another(lab)),
    ),
    Case::new("users.nobody-else-deletes-one", &["USER-UPDATE-RIGHT", "API-NO-EFFECT", "USER-GET"], |lab| {
        Box::pin(delete_by_another(lab))
    }),
    Case::new(
        "users.one-that-is-deleted-does-not-log-in",
        &["USER-DELETE", "AUTH-LOGIN-WRONG", "AUTH-LOGIN", "USER-GET"],
        |lab| Box::pin(deleted(lab)),
    ),
];

/// Rule `USER-FIELDS`.
pub(super) fn is_user(lab: &Lab, user: &Value, answer: &Answer) -> Result<(), Stop> {
    let text = |name: &str| user[name].as_str().is_some_and(|text| !text.is_empty());
    for name in ["id", "email", "name"] {
        lab.check("USER-FIELDS", text(name), format!("`{name}` is a string and not empty"), answer.said())?;
    }
    for name in ["role", "jobTitle", "phone", "address", "status", "avatarUrl"] {
        let fits = user.get(name).is_none_or(|value| value.is_null() || value.is_string());
        lab.check("USER-FIELDS", fits, format!("`{name}` is a string, or empty"), answer.said())?;
    }
    Ok(())
}

fn own(person: &Person) -> String {
    fill(path::USER, &[&person.uid])
}

fn search<'a>(lab: &'a Lab, term: &str) -> Ask<'a> {
    lab.ask(Method::GET, format!("{}?filter_term={}", path::USERS, fill("{}", &[term])))
}

async fn get(lab: &Lab, by: &Person, whom: &Person) -> Result<Answer, Stop> {
    lab.ask(Method::GET, own(whom)).by(by).send().await?.done(lab, "USER-GET")
}

async fn update(lab: &Lab, person: &Person, fields: &[(&str, &str)]) -> Result<Answer, Stop> {
    lab.ask(Method::PUT, own(person)).by(person).form(fields).send().await?.done(lab, "USER-UPDATE")
}

/// A field has that value.
fn has(lab: &Lab, rule: &'static str, answer: &Answer, name: &str, value: &str) -> Result<(), Stop> {
    let is = answer.json[name].as_str().unwrap_or_default() == value;
    lab.check(rule, is, format!("`{name}` is {value:?} in the answer to {}", answer.what), answer.said())
}

async fn seen_by_others(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    for (asker, sought) in [(&ann, &bob), (&bob, &ann), (&ann, &ann)] {
        let user = get(lab, asker, sought).await?;
        has(lab, "USER-GET", &user, "id", &sought.uid)?;
        has(lab, "USER-GET", &user, "email", &sought.account)?;
        has(lab, "USER-GET", &user, "name", &sought.name)?;
        is_user(lab, &user.json, &user)?;
    }
    Ok(())
}

async fn fields(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    is_user(lab, &get(lab, &ann, &ann).await?.json, &get(lab, &ann, &ann).await?)?;
    let set = [("jobTitle", "captain"), ("phone", "1"), ("address", "2"), ("avatarUrl", "3.png")];
    update(lab, &ann, &set).await?;
    let user = get(lab, &ann, &ann).await?;
    is_user(lab, &user.json, &user)?;
    for (name, value) in set {
        // It was set: it may be absent no more.
        has(lab, "USER-FIELDS", &user, name, value)?;
    }
    Ok(())
}

/// The syllables of a user, if they are an array of texts.
fn syllables(user: &Value) -> Option<Vec<&str>> {
    user["pinyin"].as_array()?.iter().map(|one| one.as_str().filter(|text| !text.is_empty())).collect()
}

async fn pinyin(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    update(lab, &ann, &[("name", "小明")]).await?;
    let user = get(lab, &ann, &ann).await?;
    let said = syllables(&user.json);
    let right = said.is_some_and(|said| {
        said.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>() == ["xiao", "ming"]
    });
    lab.check("USER-PINYIN", right, "`pinyin` of 小明 is [\"xiao\",\"ming\"]", user.said())
}

async fn pinyin_follows(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let first = update(lab, &ann, &[("name", "李雷")]).await?;
    let second = update(lab, &ann, &[("name", "韩梅梅")]).await?;
    let (one, other) = (syllables(&first.json), syllables(&second.json));
    let lengths = (one.as_ref().map(Vec::len), other.as_ref().map(Vec::len));
    let expected = "`pinyin` has two syllables for 李雷, and three others for 韩梅梅";
    let shown = format!("{} and {}", first.json["pinyin"], second.json["pinyin"]);
    lab.check("USER-PINYIN", lengths == (Some(2), Some(3)) && one != other, expected, shown)
}

async fn finds(lab: &Lab, by: &Person, term: &str, whom: &Person) -> Result<Answer, Stop> {
    let answer = search(lab, term).by(by).send().await?.done(lab, "USER-SEARCH")?;
    let [found] = answer.entries() else {
        let expected = format!("a search for {term:?} finds one user");
        return lab.check("USER-SEARCH", false, expected, answer.said()).map(|()| answer);
    };
    let is = found["id"] == *whom.uid && found["email"] == *whom.account;
    let expected = format!("a search for {term:?} finds the user {}", whom.uid);
    lab.check("USER-SEARCH", is, expected, answer.said())?;
    Ok(answer)
}

async fn finds_nobody(lab: &Lab, by: &Person, term: &str) -> Result<Answer, Stop> {
    let answer = search(lab, term).by(by).send().await?.done(lab, "USER-SEARCH-NONE")?;
    let is_list = answer.json["entries"].is_array();
    lab.check(
        "USER-SEARCH-NONE",
        is_list,
        format!("a search for {term:?} is answered with a list"),
        answer.said(),
    )?;
    let none = answer.entries().is_empty();
    lab.check("USER-SEARCH", none, format!("a search for {term:?} finds nobody"), answer.said())?;
    Ok(answer)
}

async fn search_whole(lab: &Lab) -> Result<(Person, Person), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    finds(lab, &ann, &bob.account, &bob).await?;
    Ok((ann, bob))
}

async fn search_is_list(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = search_whole(lab).await?;
    let found = finds(lab, &ann, &bob.account, &bob).await?;
    let total = found.json["total_count"].as_u64() == Some(1);
    lab.check("API-LIST", total, "`total_count` is 1", found.said())?;
    is_user(lab, &found.entries()[0], &found)?;
    finds(lab, &ann, &ann.account, &ann).await?;
    Ok(())
}

async fn search_by_part(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = search_whole(lab).await?;
    let account = &*bob.account;
    let (before, _) = account.split_once('@').unwrap_or((account, ""));
    let parts = [before, &account[1..], &account[..account.len() - 1], &account[3..12]];
    let longer =
        [format!("{account}x"), format!(" {account}"), format!("%{}", &account[1..]), format!("{before}%")];
    for part in parts.into_iter().chain(longer.iter().map(String::as_str)) {
        finds_nobody(lab, &ann, part).await?;
    }
    Ok(())
}

async fn search_by_name(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = search_whole(lab).await?;
    let name = lab.account("called");
    lab.ask(Method::PUT, own(&bob)).by(&bob).form(&[("name", &name)]).send().await?.needed()?;
    for term in [&name, &bob.uid] {
        finds_nobody(lab, &ann, term).await?;
    }
    finds(lab, &ann, &bob.account, &bob).await?;
    Ok(())
}

async fn search_for_nobody(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = search_whole(lab).await?;
    let none = finds_nobody(lab, &ann, &lab.account("nobody")).await?;
    let total = none.json["total_count"].as_u64() == Some(0);
    lab.check("API-LIST", total, "`total_count` is 0", none.said())?;
    finds(lab, &bob, &ann.account, &ann).await?;
    Ok(())
}

async fn search_decoded(lab: &Lab) -> Result<(), Stop> {
    let own = lab.account("");
    let (plus, space) = (format!("a+b{own}"), format!("a b{own}"));
    let ann = lab.person("ann").await?;
    let user = lab.register(&plus, "Plus").send().await?.needed()?;
    finds_nobody(lab, &ann, &space).await?;
    for account in [&plus, &format!("例{own}")] {
        if *account != plus {
            lab.register(account, "Other").send().await?.needed()?;
        }
        let found = search(lab, account).by(&ann).send().await?.done(lab, "USER-SEARCH")?;
        let one = found.entries().len() == 1 && found.entries()[0]["email"] == **account;
        lab.check("USER-SEARCH", one, format!("the whole account {account:?} is found"), found.said())?;
    }
    let found = search(lab, &plus).by(&ann).send().await?.done(lab, "USER-SEARCH")?;
    let same = found.entries().first().is_some_and(|found| found["id"] == user.json["id"]);
    lab.check("USER-SEARCH", same, format!("{plus:?} is the user who registered so"), found.said())
}

async fn search_after_change(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = search_whole(lab).await?;
    update(lab, &bob, &[("name", "Robert"), ("jobTitle", "captain")]).await?;
    let found = finds(lab, &ann, &bob.account, &bob).await?;
    let new = found.entries()[0]["name"] == "Robert" && found.entries()[0]["jobTitle"] == "captain";
    lab.check("USER-SEARCH", new, "the user is found as Robert, captain", found.said())
}

const FIELDS: [&str; 5] = ["name", "jobTitle", "phone", "address", "avatarUrl"];

async fn each_field(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let mut expected = vec![("name", ann.name.clone())];
    for name in FIELDS {
        let value = format!("new {name}");
        let answer = update(lab, &ann, &[(name, &value)]).await?;
        expected.retain(|(known, _)| *known != name);
        expected.push((name, value));
        for (name, value) in &expected {
            has(lab, "USER-UPDATE", &answer, name, value)?;
        }
    }
    Ok(())
}

async fn all_fields(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    for round in ["one", "two"] {
        let values = FIELDS.map(|name| (name, format!("{name} {round}")));
        let fields: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, &**value)).collect();
        let answer = update(lab, &ann, &fields).await?;
        let user = get(lab, &ann, &ann).await?;
        for (name, value) in fields {
            has(lab, "USER-UPDATE", &answer, name, value)?;
            has(lab, "USER-UPDATE", &user, name, value)?;
        }
        has(lab, "USER-UPDATE", &answer, "id", &ann.uid)?;
    }
    Ok(())
}

async fn change_is_seen(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    update(lab, &ann, &[("name", "Anna"), ("phone", "+86 10"), ("avatarUrl", "anna.png")]).await?;
    let user = get(lab, &bob, &ann).await?;
    for (name, value) in [("name", "Anna"), ("phone", "+86 10"), ("avatarUrl", "anna.png")] {
        has(lab, "USER-UPDATE", &user, name, value)?;
    }
    has(lab, "USER-UPDATE", &get(lab, &ann, &bob).await?, "name", &bob.name)
}

async fn change_leaves_account(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.newcomer("ann").await?;
    let answer = update(lab, &ann, &[("name", "Anna")]).await?;
    has(lab, "USER-UPDATE", &answer, "email", &ann.account)?;
    let login = lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    has(lab, "AUTH-LOGIN", &login, "id", &ann.uid)?;
    has(lab, "AUTH-LOGIN", &login, "name", "Anna")
}

async fn changes_at_once(lab: &Lab) -> Result<(), Stop> {
    let ann = lab.person("ann").await?;
    let changes = FIELDS
        .map(|name| lab.ask(Method::PUT, own(&ann)).by(&ann).form(&[(name, &format!("new {name}"))]).send());
    for answer in try_join_all(changes).await? {
        answer.done(lab, "USER-UPDATE")?;
    }
    let user = get(lab, &ann, &ann).await?;
    FIELDS.into_iter().try_for_each(|name| has(lab, "USER-UPDATE", &user, name, &format!("new {name}")))
}

async fn change_by_another(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let before = get_raw(lab, &ann).await?;
    for name in FIELDS {
        let ask = lab.ask(Method::PUT, own(&ann)).by(&bob).form(&[(name, "Mallory")]);
        ask.send().await?.refused(lab, "USER-UPDATE-RIGHT", &[403])?;
    }
    let after = get_raw(lab, &ann).await?;
    let expected = format!("the user is as before: {}", before.said());
    lab.check("API-NO-EFFECT", before.json == after.json, expected, after.said())?;
    has(lab, "USER-UPDATE", &update(lab, &ann, &[("name", "Anna")]).await?, "name", "Anna")
}

/// The user, for a case that is about something else.
async fn get_raw(lab: &Lab, person: &Person) -> Result<Answer, Stop> {
    lab.ask(Method::GET, own(person)).by(person).send().await?.needed()
}

async fn delete_by_another(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.person("ann").await?, lab.person("bob").await?);
    let answer = lab.ask(Method::DELETE, own(&ann)).by(&bob).send().await?;
    // A server that lets nobody be deleted has no such route.
    if ![404, 405].contains(&answer.status) {
        answer.refused(lab, "USER-UPDATE-RIGHT", &[403])?;
    }
    for asker in [&ann, &bob] {
        let user = get(lab, asker, &ann).await?;
        let same = user.text("/email").as_deref() == Some(&*ann.account);
        lab.check("API-NO-EFFECT", same, "the user is there still", user.said())?;
    }
    Ok(())
}

async fn deleted(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = (lab.newcomer("ann").await?, lab.newcomer("bob").await?);
    lab.login(&ann.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    let answer = lab.ask(Method::DELETE, own(&ann)).by(&ann).send().await?;
    if !answer.is_done() {
        return Err(lab.lacks(Need::UserDelete, answer.said()));
    }
    lab.login(&ann.account, PASSWORD).send().await?.refused_somehow(lab, "AUTH-LOGIN-WRONG")?;
    lab.login(&bob.account, PASSWORD).send().await?.done(lab, "AUTH-LOGIN")?;
    get(lab, &bob, &bob).await?;
    Ok(())
}
