//! Users: looking for them, looking at them, and what they say of themselves. Part 3.

use http::Method;
use serde_json::{Value, json};
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Answer;
use super::super::case::Case;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::need::Need;
use super::super::verdict::Stop;

pub(super) const CASES: &[Case] = &[
    Case::new("users.one-is-seen-by-others", &["USER-GET", "USER-FIELDS"], |lab| Box::pin(seen_by_others(lab))),
    Case::new("users.fields-are-there-or-empty", &["USER-FIELDS", "USER-GET", "USER-UPDATE"], |lab| Box::pin(fields(lab))),
    Case::new("users.a-chinese-name-has-its-syllables", &["USER-PINYIN", "USER-GET", "USER-UPDATE"], |lab| Box::pin(pinyin(lab))),
    Case::new("users.syllables-follow-the-name", &["USER-PINYIN", "USER-UPDATE"], |lab| Box::pin(pinyin_follows(lab))),
    Case::new("users.a-whole-account-is-found", &["USER-SEARCH", "API-LIST", "USER-FIELDS"], |lab| Box::pin(search(lab))),
    Case::new("users.a-part-of-an-account-finds-nobody", &["USER-SEARCH", "USER-SEARCH-NONE"], |lab| Box::pin(search_by_part(lab))),
    Case::new("users.a-name-finds-nobody", &["USER-SEARCH", "USER-SEARCH-NONE"], |lab| Box::pin(search_by_name(lab))),
    Case::new("users.a-search-for-nobody-is-an-empty-list", &["USER-SEARCH-NONE", "USER-SEARCH", "API-LIST"], |lab| Box::pin(search_for_nobody(lab))),
    Case::new("users.an-account-is-sought-as-it-is-written", &["USER-SEARCH", "USER-SEARCH-NONE"], |lab| Box::pin(search_decoded(lab))),
    Case::new("users.one-is-found-with-what-they-changed", &["USER-SEARCH", "USER-UPDATE"], |lab| Box::pin(search_after_change(lab))),
    Case::new("users.each-field-is-changed-alone", &["USER-UPDATE"], |lab| Box::pin(each_field(lab))),
    Case::new("users.all-fields-are-changed-at-once", &["USER-UPDATE", "USER-GET"], |lab| Box::pin(all_fields(lab))),
    Case::new("users.a-change-is-seen-by-others", &["USER-UPDATE", "USER-GET"], |lab| Box::pin(change_is_seen(lab))),
    Case::new("users.a-change-moves-the-stamp", &["USER-UPDATE", "SYNC-STAMP-STRICT"], |lab| Box::pin(change_moves_stamp(lab))),
    Case::new("users.a-change-leaves-the-account", &["USER-UPDATE", "AUTH-LOGIN"], |lab| Box::pin(change_leaves_account(lab))),
    Case::new("users.changes-at-once-are-all-kept", &["USER-UPDATE", "USER-GET"], |lab| Box::pin(changes_at_once(lab))),
    Case::new("users.nobody-else-changes-one", &["USER-UPDATE-RIGHT", "API-NO-EFFECT", "USER-UPDATE"], |lab| Box::pin(change_by_another(lab))),
    Case::new("users.nobody-else-deletes-one", &["USER-UPDATE-RIGHT", "API-NO-EFFECT", "USER-GET"], |lab| Box::pin(delete_by_another(lab))),
    Case::new("users.one-that-is-deleted-does-not-log-in", &["USER-DELETE", "AUTH-LOGIN-WRONG", "AUTH-LOGIN", "USER-GET"], |lab| Box::pin(deleted(lab))),
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

fn search<'a>(lab: &'a Lab, term: &str) -> super::super::ask::Ask<'a> {
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
    lab.check("USER-SEARCH-NONE", is_list, format!("a search for {term:?} is answered with a list"), answer.said())?;
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
    let longer = [format!("{account}x"), format!(" {account}"), format!("%{}", &account[1..]), format!("{before}%")];
    for part in parts.into_iter().chain(longer.iter().map(String::as_str)) {
        finds_nobody(lab, &ann, part).await?;
    }
    Ok(())
}

async fn search_by_name(lab: &Lab) -> Result<(), Stop> {
    let (ann, bob) = search_whole(lab).await?;
    let name = lab.account("called");
    update(lab, &bob, &[("name", &name)]).await.map_err(needed)?;
    for term in [&name, &bob.uid] {
        finds_nobody(lab, &ann, term).await?;
    }
    finds(lab, &ann, &bob.account, &bob).await?;
    Ok(())
}

/// Another case is about that.
fn needed(stop: Stop) -> Stop {
    match stop {
        Stop::Harness(why) => Stop::Inconclusive(why),
        other => other,
    }
}
