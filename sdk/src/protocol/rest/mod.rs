//! The business API's shapes that are not entities: paths, headers, lists, errors, and by resource the parameters.
//!
//! A path stands once, as a template with the ids in braces: the server routes by it, the client fills it.

mod accounts;
mod lists;
mod sessions;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::entity::Message;
use super::lenient;
use super::time::Timestamp;

pub use accounts::*;
pub use lists::*;
pub use sessions::*;

/// Paths of the business API, as templates.
pub mod path {
    /// `POST`
    pub const REGISTER: &str = "/v1/users/register";
    /// `POST`
    pub const LOGIN: &str = "/v1/users/login";
    /// `GET`
    pub const USERS: &str = "/v1/users";
    /// `POST`
    pub const SET_PASSWORD: &str = "/v1/users/setPassword";
    /// `GET`, `PUT`, `DELETE`
    pub const USER: &str = "/v1/users/{user}";
    /// `GET`, `POST`
    pub const CONTACTS: &str = "/v1/users/{user}/contacts";
    /// `GET`, `PUT`, `DELETE`
    pub const CONTACT: &str = "/v1/users/{user}/contacts/{contact}";
    /// `GET`, `POST`
    pub const USER_SESSIONS: &str = "/v1/users/{user}/userSessions";
    /// `GET`, `PUT`, `DELETE`
    pub const USER_SESSION: &str = "/v1/users/{user}/userSessions/{user_session}";
    /// `GET`
    pub const USER_CONVERSATIONS: &str = "/v1/users/{user}/userConversations";
    /// `GET`, `PUT`, `DELETE`
    pub const USER_CONVERSATION: &str = "/v1/users/{user}/userConversations/{conversation}";
    /// `PUT`
    pub const UNREAD: &str = "/v1/users/{user}/userConversations/{conversation}/unread";
    /// `GET`
    pub const P2P_SESSION: &str = "/v1/sessions/p2p/{user}/{other}";
    /// `GET`
    pub const SINGLE_SESSION: &str = "/v1/sessions/single/{user}";
    /// `POST`
    pub const SESSIONS: &str = "/v1/sessions";
    /// `GET`, `PUT`, `DELETE`
    pub const SESSION: &str = "/v1/sessions/{session}";
    /// `GET`, `POST`
    pub const MEMBERS: &str = "/v1/sessions/{session}/members";
    /// `GET`, `PUT`, `DELETE`
    pub const MEMBER: &str = "/v1/sessions/{session}/members/{member}";
    /// `POST`
    pub const INVITE: &str = "/v1/sessions/{session}/members/invite";
    /// `GET`, `POST`
    pub const MESSAGES: &str = "/v1/sessions/{session}/messages";
    /// `GET`
    pub const MESSAGES_HISTORY: &str = "/v1/sessions/{session}/messages/history";
    /// `PUT`, `DELETE`
    pub const MESSAGE: &str = "/v1/sessions/{session}/messages/{message}";
    /// `POST`
    pub const ATTACHMENTS: &str = "/v1/attachments";
    /// `GET`
    pub const ATTACHMENT: &str = "/v1/attachments/{attachment}";
    /// `GET`
    pub const ATTACHMENT_CONTENT: &str = "/v1/attachments/{attachment}/content";
    /// `GET`
    pub const ATTACHMENT_CONTENT_NAME: &str = "/v1/attachments/{attachment}/content/{name}";
    /// `GET`
    pub const EMOJIS: &str = "/v1/emojis";

    /// How messages and avatars refer to an attachment: without host and without token. Rule `FILE-REFERENCE`.
    pub fn attachment_reference(id: &crate::protocol::AttachmentId) -> String {
        let absolute = super::fill(ATTACHMENT_CONTENT, &[id.as_str()]);
        absolute.trim_start_matches(super::BASE_PATH).to_owned()
    }
    /// `POST`: the imToken.
    pub const TOKEN: &str = "/oauth/token";
    /// `POST`: which push server.
    pub const GATE: &str = "/gateHandler";

    /// All of them.
    pub const ALL: [&str; 29] = [
        REGISTER,
        LOGIN,
        USERS,
        SET_PASSWORD,
        USER,
        CONTACTS,
        CONTACT,
        USER_SESSIONS,
        USER_SESSION,
        USER_CONVERSATIONS,
        USER_CONVERSATION,
        UNREAD,
        P2P_SESSION,
        SINGLE_SESSION,
        SESSIONS,
        SESSION,
        MEMBERS,
        MEMBER,
        INVITE,
        MESSAGES,
        MESSAGES_HISTORY,
        MESSAGE,
        ATTACHMENTS,
        ATTACHMENT,
        ATTACHMENT_CONTENT,
        ATTACHMENT_CONTENT_NAME,
        EMOJIS,
        TOKEN,
        GATE,
    ];
}

/// Header of a GET: entries changed since then. Rule `SYNC-SINCE`.
pub const CLIENT_SYNC_TIME: &str = "client-sync-time";
/// Query parameter that takes the place of the `Authorization` header. Rule `API-AUTH-QUERY`.
pub const ACCESS_TOKEN: &str = "access_token";
/// What relative URLs, as those of avatars and attachments, are relative to. Rule `FILE-REFERENCE`.
pub const BASE_PATH: &str = "/v1/";
/// Header of `POST attachments`: the MD5 of the file. Rule `FILE-DEDUP`.
pub const CONTENT_MD5: &str = "content-md5";
/// Header of `POST messages`: one key, one message. Rule `MSG-IDEMPOTENCY-KEY`.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Puts `ids` into the template's braces, in order, encoded.
pub fn fill(template: &str, ids: &[&str]) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    fill_into(&mut filled, template, ids);
    filled
}

/// The same behind what is in `filled` already.
pub(crate) fn fill_into(filled: &mut String, template: &str, ids: &[&str]) {
    let mut ids = ids.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let id = ids.next().copied().unwrap_or_default();
        filled.extend(utf8_percent_encode(id, IN_PATH));
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    filled.push_str(rest);
}

/// A list answer. Rule `API-LIST`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct List<T> {
    /// How many there are in all, on this page and after it; servers of 2016 get it wrong, so nothing rests on it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub total_count: u64,
    /// The page.
    pub entries: Vec<T>,
}

/// The answer to a sync of messages: a list, and when the session last changed. Rule `MSG-SESSION-UPDATED-AT`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The HTTP status again.
    pub status: u16,
    /// A short name for the kind of error.
    pub error: String,
    /// What was wrong, for people.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_order_and_encoded() {
        assert_eq!(fill(path::P2P_SESSION, &["1", "a/b ?"]), "/v1/sessions/p2p/1/a%2Fb%20%3F");
        assert_eq!(fill(path::USERS, &[]), "/v1/users");
        assert_eq!(path::attachment_reference(&"5".into()), "attachments/5/content");
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
