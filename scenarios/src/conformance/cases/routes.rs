//! Every route of the business API that needs a token, by resource, each with a request that is carried out: what holds for
//! all routes is looked at on all of them.
//!
//! The requests of a [`Stock`] are about objects that are there already, and stand in an order in which all of them are
//! carried out: what is removed is asked for no more. Routes that a server may have or not are none of them.

use http::Method;
use serde_json::{Map, Value};
use y2w_sdk::protocol::credential::password_md5;
use y2w_sdk::protocol::rest::{fill, path};

use super::super::ask::Ask;
use super::super::groups::id;
use super::super::lab::{Lab, PASSWORD, Person};
use super::super::verdict::Stop;
use super::upload;

/// What routes are about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Users,
    Contacts,
    Favourites,
    Conversations,
    Sessions,
    Members,
    Messages,
    Attachments,
    Emojis,
}

/// A user, with objects of one resource, and with a request for each of its routes.
pub(super) struct Stock {
    /// Who asks.
    pub(super) ann: Person,
    /// What is asked, in order.
    pub(super) steps: Vec<Step>,
    /// A text that is in the objects and in none of the requests.
    pub(super) mark: String,
}

/// A request that is carried out.
pub(super) struct Step {
    pub(super) method: Method,
    pub(super) path: String,
    /// The parameters in the body.
    pub(super) fields: Vec<(&'static str, String)>,
    /// The same paths with ids in place of the last that no object has. None where that is no object of the resource.
    pub(super) unknown: Vec<String>,
    is_upload: bool,
}

impl Step {
    fn new(method: Method, template: &str, ids: &[&str]) -> Self {
        Self { method, path: fill(template, ids), fields: Vec::new(), unknown: Vec::new(), is_upload: false }
    }

    fn get(template: &str, ids: &[&str]) -> Self {
        Self::new(Method::GET, template, ids)
    }

    fn post(template: &str, ids: &[&str], fields: &[(&'static str, &str)]) -> Self {
        Self::new(Method::POST, template, ids).with(fields)
    }

    fn put(template: &str, ids: &[&str], fields: &[(&'static str, &str)]) -> Self {
        Self::new(Method::PUT, template, ids).with(fields)
    }

    fn delete(template: &str, ids: &[&str]) -> Self {
        Self::new(Method::DELETE, template, ids)
    }

    fn with(mut self, fields: &[(&'static str, &str)]) -> Self {
        self.fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self
    }

    /// The last id names an object of the resource, or of the one above it. Beside an id far beyond all: one that becomes
    /// that of an object where a database takes a text for a number.
    fn of_object(mut self, template: &str, ids: &[&str]) -> Self {
        let Some((last, above)) = ids.split_last() else { return self };
        let other = |id: &str| fill(template, &[above, &[id]].concat());
        self.unknown = vec![other("999999999999"), other(&format!("{last}x"))];
        self
    }

    pub(super) fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// As a request by nobody, its body a form.
    pub(super) fn ask<'a>(&self, lab: &'a Lab) -> Ask<'a> {
        self.ask_at(lab, &self.path)
    }

    /// The same at another path.
    pub(super) fn ask_at<'a>(&self, lab: &'a Lab, path: &str) -> Ask<'a> {
        let ask = lab.ask(self.method.clone(), path);
        if self.is_upload {
            return upload::body(ask, &upload::text("a.txt", "some text"));
        }
        if self.fields.is_empty() {
            return ask;
        }
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(name, value)| (*name, &**value)).collect();
        ask.form(&fields)
    }

    /// As a request by nobody, its body JSON.
    pub(super) fn ask_in_json<'a>(&self, lab: &'a Lab) -> Ask<'a> {
        let fields: Map<String, Value> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        lab.ask(self.method.clone(), &self.path).json(&fields.into())
    }

    /// As a request with that person's token in the query.
    pub(super) fn ask_by_query<'a>(&self, lab: &'a Lab, person: &Person) -> Ask<'a> {
        let sign = if self.path.contains('?') { '&' } else { '?' };
        let token = fill("{token}", &[&person.token]);
        self.ask_at(lab, &format!("{}{sign}access_token={token}", self.path))
    }
}

impl Stock {
    /// With people whose names end so.
    pub(super) async fn of(lab: &Lab, resource: Resource, suffix: &str) -> Result<Self, Stop> {
        let name = |name: &str| format!("{name}{suffix}");
        // Of these one changes the password.
        let ann = match resource {
            Resource::Users => lab.newcomer(&name("ann")).await?,
            _ => lab.person(&name("ann")).await?,
        };
        let (bob, eve) = (lab.person(&name("bob")).await?, lab.person(&name("eve")).await?);
        let mark = lab.account(&name("mark"));
        let steps = match resource {
            Resource::Users => users(&ann, &bob),
            Resource::Contacts => contacts(lab, &ann, &bob, &eve, &mark).await?,
            Resource::Favourites => favourites(lab, &ann, &mark).await?,
            Resource::Conversations => conversations(lab, &ann, &bob, &mark).await?,
            Resource::Sessions => sessions(lab, &ann, &bob, &mark).await?,
            Resource::Members => members(lab, &ann, &bob, &eve, &mark).await?,
            Resource::Messages => messages(lab, &ann, &mark).await?,
            Resource::Attachments => attachments(lab, &ann, &mark).await?,
            Resource::Emojis => vec![Step::get(path::EMOJIS, &[])],
        };
        let mark = if resource == Resource::Users { bob.account } else { mark };
        Ok(Self { ann, steps, mark })
    }
}

fn users(ann: &Person, bob: &Person) -> Vec<Step> {
    let search = format!("{}?filter_term={}", path::USERS, fill("{}", &[&bob.account]));
    vec![
        Step { path: search, ..Step::get(path::USERS, &[]) },
        Step::get(path::USER, &[&bob.uid]).of_object(path::USER, &[&bob.uid]),
        Step::put(path::USER, &[&ann.uid], &[("name", "Anna"), ("jobTitle", "captain")]),
        Step::post(
            path::SET_PASSWORD,
            &[],
            &[("oldPassword", &password_md5(PASSWORD)), ("password", &password_md5("new one"))],
        ),
    ]
}

async fn contacts(
    lab: &Lab,
    ann: &Person,
    bob: &Person,
    eve: &Person,
    mark: &str,
) -> Result<Vec<Step>, Stop> {
    let bob = id(&lab.befriend(ann, bob, mark).await?)?;
    let ids: [&str; 2] = [&ann.uid, &bob];
    Ok(vec![
        Step::get(path::CONTACTS, &[&ann.uid]),
        Step::post(path::CONTACTS, &[&ann.uid], &[("userId", &eve.uid), ("name", "Eva")]),
        Step::put(path::CONTACT, &ids, &[("name", "Rob"), ("title", "the boss"), ("remark", "tall")])
            .of_object(path::CONTACT, &ids),
        Step::delete(path::CONTACT, &ids).of_object(path::CONTACT, &ids),
    ])
}

async fn favourites(lab: &Lab, ann: &Person, mark: &str) -> Result<Vec<Step>, Stop> {
    let (group, other) = (lab.group(ann, &[]).await?, lab.group(ann, &[]).await?);
    let favourite = id(&lab.favour(ann, &group, mark).await?)?;
    let ids: [&str; 2] = [&ann.uid, &favourite];
    let fields = [("sessionId", &*other), ("name", "hiking"), ("avatarUrl", "a.png")];
    Ok(vec![
        Step::get(path::USER_SESSIONS, &[&ann.uid]),
        Step::post(path::USER_SESSIONS, &[&ann.uid], &fields),
        Step::put(path::USER_SESSION, &ids, &[("name", "sailing"), ("avatarUrl", "b.png")])
            .of_object(path::USER_SESSION, &ids),
        Step::delete(path::USER_SESSION, &ids).of_object(path::USER_SESSION, &ids),
    ])
}

async fn conversations(lab: &Lab, ann: &Person, bob: &Person, mark: &str) -> Result<Vec<Step>, Stop> {
    let session = lab.p2p(ann, bob).await?;
    lab.text(bob, &session, mark).await?;
    let list = fill(path::USER_CONVERSATIONS, &[&ann.uid]);
    let entry = lab.entry(ann, &list, "targetId", &bob.uid).await?;
    let none = || Stop::Inconclusive("a message made no conversation".to_owned());
    let conversation = id(&entry.ok_or_else(none)?)?;
    let ids: [&str; 2] = [&ann.uid, &conversation];
    let change = [("targetId", &*bob.uid), ("type", "p2p"), ("name", "the boss"), ("avatarUrl", "a.png")];
    Ok(vec![
        Step::get(path::USER_CONVERSATIONS, &[&ann.uid]),
        Step::put(path::USER_CONVERSATION, &ids, &change).of_object(path::USER_CONVERSATION, &ids),
        Step::put(path::UNREAD, &ids, &[]).of_object(path::UNREAD, &ids),
        Step::delete(path::USER_CONVERSATION, &ids).of_object(path::USER_CONVERSATION, &ids),
    ])
}

async fn sessions(lab: &Lab, ann: &Person, bob: &Person, mark: &str) -> Result<Vec<Step>, Stop> {
    let group = lab.group(ann, &[]).await?;
    let named = lab.ask(Method::PUT, fill(path::SESSION, &[&group])).by(ann).form(&[("description", mark)]);
    named.send().await?.needed()?;
    let fields = [("type", "group"), ("name", "hiking"), ("secureType", "private"), ("avatarUrl", "a.png")];
    Ok(vec![
        Step::get(path::P2P_SESSION, &[&ann.uid, &bob.uid]),
        Step::get(path::SINGLE_SESSION, &[&ann.uid]),
        Step::get(path::SESSION, &[&group]).of_object(path::SESSION, &[&group]),
        Step::post(path::SESSIONS, &[], &fields),
        Step::put(path::SESSION, &[&group], &[("name", "sailing"), ("secureType", "private")])
            .of_object(path::SESSION, &[&group]),
    ])
}

async fn members(lab: &Lab, ann: &Person, bob: &Person, eve: &Person, mark: &str) -> Result<Vec<Step>, Stop> {
    let group = lab.group(ann, &[]).await?;
    let marked = Person { name: mark.to_owned(), ..bob.clone() };
    let member = id(&lab.join(ann, &group, &marked, "user").await?)?;
    let ids: [&str; 2] = [&group, &member];
    let of = |person: &Person, name: &str| {
        [
            ("userId", person.uid.clone()),
            ("name", name.to_owned()),
            ("role", "user".to_owned()),
            ("avatarUrl", "a.png".to_owned()),
            ("status", "active".to_owned()),
        ]
    };
    let (new, change) = (of(eve, "Eva"), of(bob, "Rob"));
    let texts = |fields: &[(&'static str, String); 5]| fields.clone().to_vec();
    Ok(vec![
        Step::get(path::MEMBERS, &[&group]).of_object(path::MEMBERS, &[&group]),
        Step { fields: texts(&new), ..Step::post(path::MEMBERS, &[&group], &[]) }
            .of_object(path::MEMBERS, &[&group]),
        Step { fields: texts(&change), ..Step::put(path::MEMBER, &ids, &[]) }.of_object(path::MEMBER, &ids),
        Step::delete(path::MEMBER, &ids).of_object(path::MEMBER, &ids),
    ])
}

async fn messages(lab: &Lab, ann: &Person, mark: &str) -> Result<Vec<Step>, Stop> {
    let group = lab.group(ann, &[]).await?;
    let message = id(&lab.text(ann, &group, mark).await?)?;
    let ids: [&str; 2] = [&group, &message];
    let store = [("sender", &*ann.uid), ("type", "text"), ("content", r#"{"text":"hello"}"#)];
    let edit = [("sender", &*ann.uid), ("type", "text"), ("content", r#"{"text":"hallo"}"#)];
    Ok(vec![
        Step::get(path::MESSAGES, &[&group]).of_object(path::MESSAGES, &[&group]),
        Step::get(path::MESSAGES_HISTORY, &[&group]).of_object(path::MESSAGES_HISTORY, &[&group]),
        Step::post(path::MESSAGES, &[&group], &store).of_object(path::MESSAGES, &[&group]),
        Step::put(path::MESSAGE, &ids, &edit).of_object(path::MESSAGE, &ids),
        Step::delete(path::MESSAGE, &ids).of_object(path::MESSAGE, &ids),
    ])
}

async fn attachments(lab: &Lab, ann: &Person, mark: &str) -> Result<Vec<Step>, Stop> {
    let file = id(&lab.upload(ann, &upload::text(mark, mark)).await?)?;
    let named = |id: &str| fill(path::ATTACHMENT_CONTENT_NAME, &[id, "a.txt"]);
    let step = Step { path: named(&file), ..Step::get("", &[]) };
    Ok(vec![
        Step::get(path::ATTACHMENT, &[&file]).of_object(path::ATTACHMENT, &[&file]),
        Step::get(path::ATTACHMENT_CONTENT, &[&file]).of_object(path::ATTACHMENT_CONTENT, &[&file]),
        Step { unknown: vec![named("999999999999"), named(&format!("{file}x"))], ..step },
        Step { is_upload: true, ..Step::post(path::ATTACHMENTS, &[], &[]) },
    ])
}
