//! What cases have need of beside users: sessions with members, messages, and looks at them. What goes wrong with them
//! is for the cases about them to find; elsewhere nothing can be said then.

use http::Method;
use serde_json::Value;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{fill, path};

use super::lab::{Lab, Person};
use super::verdict::Stop;

impl Lab {
    /// The p2p session of two users: its id. Rule `SESS-P2P-ONE`.
    pub(super) async fn p2p(&self, one: &Person, other: &Person) -> Result<String, Stop> {
        let path = fill(path::P2P_SESSION, &[&one.uid, &other.uid]);
        id(&self.ask(Method::GET, path).by(one).send().await?.needed()?.json)
    }

    /// A new group, without members: its id. Rule `SESS-CREATE-GROUP`.
    pub(super) async fn empty_group(&self, creator: &Person, name: &str) -> Result<String, Stop> {
        let fields = [("type", "group"), ("name", name), ("secureType", "public"), ("avatarUrl", "")];
        id(&self.ask(Method::POST, path::SESSIONS).by(creator).form(&fields).send().await?.needed()?.json)
    }

    /// A new group with that master and these members: its id.
    pub(super) async fn group(&self, master: &Person, members: &[&Person]) -> Result<String, Stop> {
        let group = self.empty_group(master, "group").await?;
        self.join(master, &group, master, "master").await?;
        for member in members {
            self.join(master, &group, member, "user").await?;
        }
        Ok(group)
    }

    /// Adds somebody to a session: the member's entry. Rule `MEMBER-ADD`.
    pub(super) async fn join(
        &self,
        by: &Person,
        session: &str,
        whom: &Person,
        role: &str,
    ) -> Result<Value, Stop> {
        Ok(self.add_member(by, session, whom, role).send().await?.needed()?.json)
    }

    /// Takes a member out, by the id of the entry. Rule `MEMBER-REMOVE`.
    pub(super) async fn leave(&self, by: &Person, session: &str, member: &str) -> Result<(), Stop> {
        let ask = self.ask(Method::DELETE, fill(path::MEMBER, &[session, member])).by(by);
        ask.send().await?.needed()?;
        Ok(())
    }

    /// Stores a text: the message. Rule `MSG-STORE`.
    pub(super) async fn text(&self, by: &Person, session: &str, text: &str) -> Result<Value, Stop> {
        let content = serde_json::json!({ "text": text }).to_string();
        let fields = [("sender", &*by.uid), ("type", "text"), ("content", &*content)];
        let ask = self.ask(Method::POST, fill(path::MESSAGES, &[session])).by(by).form(&fields);
        Ok(ask.send().await?.needed()?.json)
    }

    /// The entries of a collection that changed since then, as one page of at most 1,000.
    pub(super) async fn changes(&self, by: &Person, path: &str, since: i64) -> Result<Vec<Value>, Stop> {
        let ask = self.ask(Method::GET, format!("{path}?limit=1000")).by(by).since(since);
        Ok(ask.send().await?.needed()?.entries().to_vec())
    }

    /// The entry of a collection whose field has that value.
    pub(super) async fn entry(
        &self,
        by: &Person,
        path: &str,
        field: &str,
        value: &str,
    ) -> Result<Option<Value>, Stop> {
        let entries = self.changes(by, path, 0).await?;
        Ok(entries.into_iter().find(|entry| entry[field] == value))
    }
}

/// The id of an object; where it has none, nothing can be said.
pub(super) fn id(object: &Value) -> Result<String, Stop> {
    let id = object["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Stop::Inconclusive(format!("an object without an id: {object}")))
}

/// A time of an object in milliseconds since 1970. Rule `API-TIME`.
pub(super) fn time(object: &Value, field: &str) -> Option<i64> {
    Timestamp::parse(object[field].as_str()?).map(Timestamp::as_millis)
}
