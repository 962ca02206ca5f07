//! The business API's shapes that are not entities: paths, headers, parameters, answers.
//!
//! A path stands once, as a template with the ids in braces: the server routes by it, the client fills it.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::entity::{Message, MessageType, Role, SessionType, Status, User};
use super::lenient;
use super::time::Timestamp;

/// Paths of the business API, as templates.
pub mod path {
    /// `POST`
    pub const REGISTER: &str = "/v1/users/register";
    /// `POST`
    pub const LOGIN: &str = "/v1/users/login";
    /// `GET`
    pub const USERS: &str = "/v1/users";
    /// `GET`
    pub const USER: &str = "/v1/users/{user}";
    /// `GET`
    pub const USER_CONVERSATIONS: &str = "/v1/users/{user}/userConversations";
    /// `GET`
    pub const P2P_SESSION: &str = "/v1/sessions/p2p/{user}/{other}";
    /// `POST`
    pub const SESSIONS: &str = "/v1/sessions";
    /// `GET`
    pub const SESSION: &str = "/v1/sessions/{session}";
    /// `GET`, `POST`
    pub const MEMBERS: &str = "/v1/sessions/{session}/members";
    /// `GET`, `DELETE`
    pub const MEMBER: &str = "/v1/sessions/{session}/members/{member}";
    /// `GET`, `POST`
    pub const MESSAGES: &str = "/v1/sessions/{session}/messages";
    /// `GET`
    pub const MESSAGES_HISTORY: &str = "/v1/sessions/{session}/messages/history";
    /// `POST`: the imToken.
    pub const TOKEN: &str = "/oauth/token";
    /// `POST`: which push server.
    pub const GATE: &str = "/gateHandler";
}

/// Header of a GET: entries changed since then. Rule `SYNC-SINCE`.
pub const CLIENT_SYNC_TIME: &str = "client-sync-time";
/// Header of `POST messages`: one key, one message. Rule `MSG-IDEMPOTENCY-KEY`.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Puts `ids` into the template's braces, in order, encoded.
pub fn fill(template: &str, ids: &[&str]) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut ids = ids.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let id = ids.next().copied().unwrap_or_default();
        write!(filled, "{}", utf8_percent_encode(id, IN_PATH)).expect("writing to a String does not fail");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    filled.push_str(rest);
    filled
}

/// A list answer. Rule `API-LIST`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List<T> {
    /// How many there are in all, on this page and after it; servers of 2016 get it wrong, so nothing rests on it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total_count: u64,
    /// The page.
    pub entries: Vec<T>,
}

/// The answer to a sync of messages: a list, and when the session last changed. Rule `MSG-SESSION-UPDATED-AT`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageList<M = Message> {
    /// As in [`List`].
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total_count: u64,
    /// The page, oldest change first.
    pub entries: Vec<M>,
    /// When the session or its members last changed.
    #[serde(rename = "sessionUpdatedAt", default)]
    pub session_updated_at: Option<Timestamp>,
}

/// An error answer. Rule `API-ERROR-SHAPE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The HTTP status again.
    pub status: u16,
    /// A short name for the kind of error.
    pub error: String,
    /// What was wrong, for people.
    pub message: String,
}

/// `POST users/register`. Rule `AUTH-REGISTER`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// The account name.
    pub email: String,
    /// Lower-case MD5 hex of the password.
    pub password: String,
    /// The name that people see.
    pub name: String,
    /// Where the picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// `POST users/login`. Rule `AUTH-LOGIN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// The account name.
    pub email: String,
    /// Lower-case MD5 hex of the password.
    pub password: String,
}

/// The answer to a login. Rule `AUTH-LOGIN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggedIn {
    /// Who logged in.
    #[serde(flatten)]
    pub user: User,
    /// The bearer token of the business API.
    pub token: String,
    /// For how many seconds it is good.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub expires: u64,
    /// The appKey.
    pub key: String,
    /// The day's secret, for the token endpoint. Rule `AUTH-SECRET-DERIVED`.
    pub secret: String,
}

/// `POST /oauth/token`. Rule `TOKEN-GRANT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenRequest {
    /// `client_credentials`
    pub grant_type: String,
    /// The appKey.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
}

/// The only grant there is. Rule `TOKEN-GRANT`.
pub const GRANT_TYPE: &str = "client_credentials";

/// The answer of the token endpoint. Rule `TOKEN-GRANT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// The imToken.
    pub access_token: String,
    /// For how many seconds it is good.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub expires_in: u64,
    /// `bearer`
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token_type: String,
}

/// `POST /gateHandler`. Rule `GATE-REQUEST`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GateRequest {
    /// `register`
    pub oper: String,
    /// May be empty.
    #[serde(default)]
    pub country: String,
}

/// The only operation of the gate. Rule `GATE-REQUEST`.
pub const GATE_REGISTER: &str = "register";

/// The gate's answer. Rule `GATE-ANSWER`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateAnswer {
    /// Where to go.
    pub data: GateData,
}

/// Where the push server is. Rule `GATE-ANSWER`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateData {
    /// The region that the client now belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub region: String,
    /// The host; the ports are those of the protocol.
    pub url: String,
    /// `HOST:PORT` for MQTT over TCP where it differs from `url` and 1883; an extension of ours. Rule `GATE-TCP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
}

/// `POST sessions`. Rule `SESS-CREATE-GROUP`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateSession {
    /// What the session is; only `group` is made this way.
    #[serde(rename = "type")]
    pub kind: SessionType,
    /// The name; empty lets the server make it.
    #[serde(default)]
    pub name: String,
    /// `public` or `private`.
    #[serde(default)]
    pub secure_type: String,
    /// Where the picture is.
    #[serde(default)]
    pub avatar_url: String,
}

/// `POST members`. Rule `MEMBER-ADD`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddMember {
    /// Who.
    pub user_id: super::UserId,
    /// The name in this session.
    pub name: String,
    /// What the member may do; `user` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where the picture is.
    #[serde(default)]
    pub avatar_url: String,
    /// `active` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// `POST messages`. Rule `MSG-STORE`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoreMessage {
    /// The caller's own uid.
    pub sender: super::UserId,
    /// A string of JSON.
    pub content: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: MessageType,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_order_and_encoded() {
        assert_eq!(fill(path::P2P_SESSION, &["1", "a/b ?"]), "/v1/sessions/p2p/1/a%2Fb%20%3F");
        assert_eq!(fill(path::USERS, &[]), "/v1/users");
    }

    #[test]
    fn a_form_is_this_text() {
        let form = Register {
            email: "a@b.c".to_owned(),
            password: "e1".to_owned(),
            name: "例君".to_owned(),
            avatar_url: None,
        };
        assert_eq!(
            serde_urlencoded::to_string(form).unwrap(),
            "email=a%40b.c&password=e1&name=%E4%BE%8B%E5%90%9B"
        );
    }

    #[test]
    fn synced_messages_are_this_json() {
        let golden = concat!(
            r#"{"total_count":1,"entries":[{"id":"301","sender":"12","type":"text","content":"{}","isDelete":false,"#,
            r#""createdAt":"2016-11-24T08:00:05.120Z","updatedAt":"2016-11-24T08:00:05.120Z"}],"#,
            r#""sessionUpdatedAt":"2016-11-24T08:00:00.000Z"}"#
        );
        let list: MessageList = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&list).unwrap(), golden);
        let shared: MessageList<std::sync::Arc<Message>> = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&shared).unwrap(), golden);
    }

    #[test]
    fn a_gate_answer_of_2016_is_read() {
        let answer: GateAnswer =
            serde_json::from_str(r#"{"data":{"region":"cn","url":"push.example"}}"#).unwrap();
        assert_eq!(answer.data.url, "push.example");
        assert_eq!(answer.data.tcp, None);
    }
}
