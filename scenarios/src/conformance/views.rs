//! Looks that cases take at sessions, members, messages and conversations, and requests that several areas make of them.
//! What goes wrong with a look is for the cases about it to find; elsewhere nothing can be said then.

use http::Method;
use serde::Serialize;
use serde_json::Value;
use y2w_sdk::protocol::Timestamp;
use y2w_sdk::protocol::rest::{fill, path};

use super::ask::Ask;
use super::groups::id;
use super::lab::{Lab, Person};
use super::verdict::Stop;

/// The time from which history is asked for by who holds nothing of it: the year 3000. Rule `CLIENT-HISTORY-TOP`.
pub(super) fn top() -> i64 {
    Timestamp::MAX.as_millis()
}

impl Lab {
    /// A session as this user is shown it. Rule `SESS-GET`.
    pub(super) async fn session(&self, by: &Person, session: &str) -> Result<Value, Stop> {
        let ask = self.ask(Method::GET, fill(path::SESSION, &[session])).by(by);
        Ok(ask.send().await?.needed()?.json)
    }

    /// To change a session. Rule `SESS-UPDATE`.
    pub(super) fn change_session(&self, by: &Person, session: &str, changes: &[(&str, &str)]) -> Ask<'_> {
        self.ask(Method::PUT, fill(path::SESSION, &[session])).by(by).form(changes)
    }

    /// To end a group. Rule `SESS-DELETE`.
    pub(super) fn end_session(&self, by: &Person, session: &str) -> Ask<'_> {
        self.ask(Method::DELETE, fill(path::SESSION, &[session])).by(by)
    }

    /// The entries of all members, tombstones included. Rule `MEMBER-LIST`.
    pub(super) async fn members(&self, by: &Person, session: &str) -> Result<Vec<Value>, Stop> {
        self.changes(by, &fill(path::MEMBERS, &[session]), 0).await
    }

    /// Somebody's entry among the members.
    pub(super) async fn member(&self, by: &Person, session: &str, whom: &Person) -> Result<Value, Stop> {
        let members = self.members(by, session).await?;
        let entry = members.into_iter().find(|member| member["userId"] == *whom.uid);
        let missing = || Stop::Inconclusive(format!("{} is not on the list of members", whom.name));
        entry.ok_or_else(missing)
    }

    /// To add a member. Rule `MEMBER-ADD`.
    pub(super) fn add_member(&self, by: &Person, session: &str, whom: &Person, role: &str) -> Ask<'_> {
        let fields = [
            ("userId", &*whom.uid),
            ("name", &*whom.name),
            ("role", role),
            ("avatarUrl", ""),
            ("status", "active"),
        ];
        self.ask(Method::POST, fill(path::MEMBERS, &[session])).by(by).form(&fields)
    }

    /// To change a member: all fields are sent, as the rule says, and these are others. Rule `MEMBER-UPDATE`.
    pub(super) fn change_member(
        &self,
        by: &Person,
        session: &str,
        member: &Value,
        changes: &[(&str, &str)],
    ) -> Result<Ask<'_>, Stop> {
        let mut fields = Vec::new();
        for field in ["userId", "name", "role", "avatarUrl", "status"] {
            let changed = changes.iter().find(|(name, _)| *name == field).map(|(_, value)| *value);
            fields.push((field, changed.unwrap_or(member[field].as_str().unwrap_or_default())));
        }
        let path = fill(path::MEMBER, &[session, &id(member)?]);
        Ok(self.ask(Method::PUT, path).by(by).form(&fields))
    }

    /// To take a member out. Rule `MEMBER-REMOVE`.
    pub(super) fn remove_member(&self, by: &Person, session: &str, member: &Value) -> Result<Ask<'_>, Stop> {
        Ok(self.ask(Method::DELETE, fill(path::MEMBER, &[session, &id(member)?])).by(by))
    }

    /// Takes somebody out of a session, who is a member of it.
    pub(super) async fn put_out(&self, by: &Person, session: &str, whom: &Person) -> Result<(), Stop> {
        let entry = self.member(by, session, whom).await?;
        self.leave(by, session, &id(&entry)?).await
    }

    /// To store a message. Rule `MSG-STORE`.
    pub(super) fn store(&self, by: &Person, session: &str, kind: &str, content: &str) -> Ask<'_> {
        let fields = [("sender", &*by.uid), ("type", kind), ("content", content)];
        self.ask(Method::POST, fill(path::MESSAGES, &[session])).by(by).form(&fields)
    }

    /// To change a message. Rule `MSG-EDIT`.
    pub(super) fn edit(
        &self,
        by: &Person,
        session: &str,
        message: &Value,
        changes: &[(&str, &str)],
    ) -> Result<Ask<'_>, Stop> {
        let mut fields = vec![("sender", &*by.uid)];
        fields.extend(changes);
        Ok(self.ask(Method::PUT, fill(path::MESSAGE, &[session, &id(message)?])).by(by).form(&fields))
    }

    /// To delete a message. Rule `MSG-DELETE`.
    pub(super) fn recall(&self, by: &Person, session: &str, message: &Value) -> Result<Ask<'_>, Stop> {
        Ok(self.ask(Method::DELETE, fill(path::MESSAGE, &[session, &id(message)?])).by(by))
    }

    /// All messages of a session as a sync gives them; they are read by that. Rules `MSG-SYNC`, `MSG-SYNC-MARKS-READ`.
    pub(super) async fn messages(&self, by: &Person, session: &str) -> Result<Vec<Value>, Stop> {
        self.changes(by, &fill(path::MESSAGES, &[session]), 0).await
    }

    /// One message as a sync gives it.
    pub(super) async fn message(&self, by: &Person, session: &str, message: &str) -> Result<Value, Stop> {
        let messages = self.messages(by, session).await?;
        let found = messages.into_iter().find(|known| known["id"] == *message);
        found
            .ok_or_else(|| Stop::Inconclusive(format!("no sync of the messages gives the message {message}")))
    }

    /// To read back from that time. Rule `HIST-BOUNDARY`.
    pub(super) fn history(&self, by: &Person, session: &str, until: i64, limit: usize) -> Ask<'_> {
        let path = fill(path::MESSAGES_HISTORY, &[session]);
        self.ask(Method::GET, format!("{path}?limit={limit}")).by(by).since(until)
    }

    /// A user's conversations, tombstones included. Rule `CONV-LIST`.
    pub(super) async fn conversations(&self, of: &Person) -> Result<Vec<Value>, Stop> {
        self.changes(of, &fill(path::USER_CONVERSATIONS, &[&of.uid]), 0).await
    }

    /// A user's conversation with that other user, or in that group. Rule `CONV-TARGET`.
    pub(super) async fn conversation(&self, of: &Person, target: &str) -> Result<Value, Stop> {
        let found = self.conversations(of).await?.into_iter().find(|known| known["targetId"] == *target);
        found.ok_or_else(|| Stop::Inconclusive(format!("{} has no conversation with {target}", of.name)))
    }

    /// To say that a conversation was read. Rule `CONV-CLEAR-UNREAD`.
    pub(super) fn clear_unread(&self, of: &Person, conversation: &Value) -> Result<Ask<'_>, Stop> {
        Ok(self.ask(Method::PUT, fill(path::UNREAD, &[&of.uid, &id(conversation)?])).by(of).form(&[]))
    }

    /// Checks that an object has all these fields, by that rule.
    pub(super) fn has_fields(
        &self,
        rule: &'static str,
        what: &str,
        object: &Value,
        fields: &[&str],
    ) -> Result<(), Stop> {
        let missing: Vec<&str> = fields.iter().copied().filter(|field| object.get(field).is_none()).collect();
        let expected = format!("{what} has the fields {}", fields.join(", "));
        self.check(rule, missing.is_empty(), expected, format!("{} is not in {object}", missing.join(", ")))
    }

    /// Checks that something is as it was: that a request which was refused changed nothing, for one.
    pub(super) fn unchanged<T: PartialEq + Serialize>(
        &self,
        rule: &'static str,
        what: &str,
        before: &T,
        after: &T,
    ) -> Result<(), Stop> {
        let expected = format!("{what} as before: {}", as_json(before));
        self.check(rule, before == after, expected, as_json(after))
    }
}

/// The entry without the fields that may change without a word. Rule `MEMBER-LAST-READ-QUIET`.
pub(super) fn told(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(fields) = entry.as_object_mut() {
        fields.remove("lastReadTime");
    }
    entry
}

/// Something as people read it in a report: as JSON.
pub(super) fn as_json(what: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(what).unwrap_or_default()
}
