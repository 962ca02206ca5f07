//! The collections that clients copy by syncing, seen as one thing: a list of entries that are made, changed and removed.
//! The laws of the sync rule (part 12) are the same for all of them; `cases/sync*.rs` says each once.
//!
//! A collection is one user's, and all of it is the case's own. What its entries are made of (users to be added, groups
//! to be put on a list) is there before the first of them is made, so that several can be made at once.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::rest::{fill, path};

use super::ask::Answer;
use super::groups::{id, time};
use super::lab::{Lab, Person};
use super::verdict::Stop;

/// Which of the collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Contacts,
    Favourites,
    Conversations,
    Members,
    Messages,
}

/// See the module's text.
pub(super) struct Collection<'a> {
    lab: &'a Lab,
    pub(super) kind: Kind,
    /// Whose it is: who reads and writes it.
    pub(super) owner: Person,
    /// Where the list is.
    pub(super) path: String,
    /// The group whose members or messages these are; empty elsewhere.
    group: String,
    /// What entries are made of.
    stuff: Vec<Stuff>,
}

/// What an entry is made of.
enum Stuff {
    /// A user, to be a contact or a member.
    User(Person),
    /// A group of the owner's, to be a favourite or talked in.
    Group(String),
    /// That number.
    Words(usize),
}

/// An entry that was made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) id: String,
    /// Which of the collection's stuff it is made of.
    of: usize,
}

/// A page of a collection.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) total: Value,
    pub(super) entries: Vec<Value>,
}

impl<'a> Collection<'a> {
    /// One of a new user, with stuff for so many entries.
    pub(super) async fn new(lab: &'a Lab, kind: Kind, entries: usize) -> Result<Self, Stop> {
        let owner = lab.person("owner").await?;
        let group = match kind {
            Kind::Members | Kind::Messages => lab.group(&owner, &[]).await?,
            _ => String::new(),
        };
        let mut stuff = Vec::with_capacity(entries);
        for n in 0..entries {
            stuff.push(match kind {
                Kind::Contacts | Kind::Members => Stuff::User(lab.person(&format!("other{n}")).await?),
                Kind::Favourites | Kind::Conversations => Stuff::Group(lab.group(&owner, &[]).await?),
                Kind::Messages => Stuff::Words(n),
            });
        }
        let path = match kind {
            Kind::Contacts => fill(path::CONTACTS, &[&owner.uid]),
            Kind::Favourites => fill(path::USER_SESSIONS, &[&owner.uid]),
            Kind::Conversations => fill(path::USER_CONVERSATIONS, &[&owner.uid]),
            Kind::Members => fill(path::MEMBERS, &[&group]),
            Kind::Messages => fill(path::MESSAGES, &[&group]),
        };
        Ok(Self { lab, kind, owner, path, group, stuff })
    }

    /// Makes an entry; one that was removed comes back where its kind does that.
    pub(super) async fn make(&self, of: usize) -> Result<Made, Stop> {
        let (lab, owner) = (self.lab, &self.owner);
        let made = match (&self.stuff[of], self.kind) {
            (Stuff::User(user), Kind::Contacts) => {
                let fields = [("userId", &*user.uid), ("name", &*user.name)];
                let ask = lab.ask(Method::POST, &self.path).by(owner).form(&fields);
                ask.send().await?.needed()?.json
            }
            (Stuff::User(user), _) => lab.join(owner, &self.group, user, "user").await?,
            (Stuff::Group(group), Kind::Favourites) => {
                let fields = [("sessionId", &**group), ("name", "favourite"), ("avatarUrl", "")];
                let ask = lab.ask(Method::POST, &self.path).by(owner).form(&fields);
                ask.send().await?.needed()?.json
            }
            (Stuff::Group(group), _) => {
                lab.text(owner, group, "made").await?;
                lab.conversation(owner, group).await?
            }
            (Stuff::Words(n), _) => lab.text(owner, &self.group, &format!("made {n}")).await?,
        };
        Ok(Made { id: id(&made)?, of })
    }

    /// Makes the first so many entries, one after the other.
    pub(super) async fn make_all(&self, count: usize) -> Result<Vec<Made>, Stop> {
        let mut made = Vec::with_capacity(count);
        for of in 0..count {
            made.push(self.make(of).await?);
        }
        Ok(made)
    }

    /// Changes an entry, so that it shows that mark.
    pub(super) async fn change(&self, made: &Made, mark: &str) -> Result<(), Stop> {
        let content = serde_json::json!({ "text": mark }).to_string();
        let fields: Vec<(&str, &str)> = match (&self.stuff[made.of], self.kind) {
            (Stuff::User(user), Kind::Contacts) => vec![("userId", &*user.uid), ("title", mark)],
            (Stuff::User(user), _) => vec![
                ("userId", &*user.uid),
                ("name", mark),
                ("role", "user"),
                ("avatarUrl", ""),
                ("status", "active"),
            ],
            (Stuff::Group(_), Kind::Favourites) => vec![("name", mark)],
            (Stuff::Group(group), _) => vec![("targetId", &**group), ("name", mark), ("type", "group")],
            (Stuff::Words(_), _) => {
                vec![("sender", &*self.owner.uid), ("type", "text"), ("content", &*content)]
            }
        };
        let ask = self.lab.ask(Method::PUT, self.path_of(made)).by(&self.owner).form(&fields);
        ask.send().await?.needed()?;
        Ok(())
    }

    /// Whether an entry shows that mark.
    pub(super) fn shows(&self, entry: &Value, mark: &str) -> bool {
        let field = match self.kind {
            Kind::Contacts => "title",
            Kind::Favourites | Kind::Conversations | Kind::Members => "name",
            Kind::Messages => "content",
        };
        entry[field].as_str().is_some_and(|text| text.contains(mark))
    }

    /// Removes an entry.
    pub(super) async fn remove(&self, made: &Made) -> Result<(), Stop> {
        let ask = self.lab.ask(Method::DELETE, self.path_of(made)).by(&self.owner);
        ask.send().await?.needed()?;
        Ok(())
    }

    /// Whether what was removed comes back when it is made again. A message is another one then.
    pub(super) fn revives(&self) -> bool {
        self.kind != Kind::Messages
    }

    fn path_of(&self, made: &Made) -> String {
        format!("{}/{}", self.path, made.id)
    }

    /// Asks for what changed since then, with that query, and gives whatever is answered.
    pub(super) async fn ask(&self, since: Option<String>, query: &str) -> Result<Answer, Stop> {
        let ask = self.lab.ask(Method::GET, format!("{}{query}", self.path)).by(&self.owner);
        match since {
            Some(since) => ask.since(&since).send().await,
            None => ask.send().await,
        }
    }

    /// At most so many of the entries that changed since then.
    pub(super) async fn page(&self, since: i64, limit: usize) -> Result<Page, Stop> {
        Self::read(self.ask(Some(since.to_string()), &format!("?limit={limit}")).await?)
    }

    /// All entries that changed since then.
    pub(super) async fn since(&self, since: i64) -> Result<Vec<Value>, Stop> {
        Ok(self.page(since, 1_000).await?.entries)
    }

    /// All entries.
    pub(super) async fn all(&self) -> Result<Vec<Value>, Stop> {
        self.since(0).await
    }

    /// The page of an answer; where it is none, nothing can be said.
    pub(super) fn read(answer: Answer) -> Result<Page, Stop> {
        let answer = answer.needed()?;
        Ok(Page { total: answer.json["total_count"].clone(), entries: answer.entries().to_vec() })
    }
}

/// When an entry last changed, in milliseconds since 1970; where it does not say, nothing can be said.
pub(super) fn stamp(entry: &Value) -> Result<i64, Stop> {
    time(entry, "updatedAt").ok_or_else(|| Stop::Inconclusive(format!("an entry without a stamp: {entry}")))
}

/// The watermark of who holds these entries: the greatest stamp, and 0 where there is none. Rule `SYNC-WATERMARK`.
pub(super) fn watermark(entries: &[Value]) -> Result<i64, Stop> {
    let mut greatest = 0;
    for entry in entries {
        greatest = greatest.max(stamp(entry)?);
    }
    Ok(greatest)
}

/// Entries in short: each one's id and stamp, in their order.
pub(super) fn brief(entries: &[Value]) -> String {
    let one = |entry: &Value| {
        let text = |field| entry[field].as_str().unwrap_or("?");
        format!("{} of {}", text("id"), text("updatedAt"))
    };
    if entries.is_empty() {
        "nothing".to_owned()
    } else {
        entries.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Where an entry is among others; where it is not, nothing can be said.
pub(super) fn place(entries: &[Value], made: &Made) -> Result<usize, Stop> {
    let found = entries.iter().position(|entry| entry["id"] == *made.id);
    found.ok_or_else(|| Stop::Inconclusive(format!("no sync gives the entry {}, which was made", made.id)))
}
