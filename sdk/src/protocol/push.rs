//! What travels over the push connection: addresses, commands, replies, deliveries, notices.
//!
//! A payload is JSON in an MQTT PUBLISH. The message inside a command belongs to the clients: the push server passes
//! it on byte for byte, so it stays raw here.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::codes::{ConnectionReturnCode, SendReturnCode};
use super::entity::SessionType;
use super::ids::{SessionId, UserId};
use super::lenient;

/// `cmd` of a push, and of its delivery. Rule `PUSH-SEND`.
pub const SEND_MESSAGE: &str = "sendMessage";
/// `cmd` that tells the push server who is in a session. Rule `PUSH-UPDATE`.
pub const UPDATE_SESSION: &str = "updateSession";

const TOPIC_SESSION: &str = "y2w/session/";
const TOPIC_USER: &str = "y2w/user/";

/// A session as the push side names it: `TYPE_ID`. Rule `PUSH-TOPIC`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImSessionId {
    /// What the session is.
    pub kind: SessionType,
    /// Its id on the business side; for [`SessionType::App`] a uid.
    pub id: SessionId,
}

impl ImSessionId {
    /// Names a session.
    pub fn new(kind: SessionType, id: impl Into<SessionId>) -> Self {
        Self { kind, id: id.into() }
    }

    /// Reads `TYPE_ID`; `None` if one of the two is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('_')?;
        (!kind.is_empty() && !id.is_empty()).then(|| Self::new(SessionType::from(kind), id))
    }

    /// The topic that commands for this session go to.
    pub fn topic(&self) -> String {
        format!("{TOPIC_SESSION}{self}")
    }

    /// The session that a command's topic names.
    pub fn from_topic(topic: &str) -> Option<Self> {
        topic.strip_prefix(TOPIC_SESSION).and_then(Self::parse)
    }
}

impl fmt::Display for ImSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.kind, self.id)
    }
}

impl fmt::Debug for ImSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The topic of what the push server sends to a user. Rule `PUSH-TOPIC`.
pub fn user_topic(uid: &UserId) -> String {
    format!("{TOPIC_USER}{uid}")
}

/// A device class; at most one connection of each per user. Rule `CONN-KICK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceClass {
    /// `0`
    Web,
    /// `1`
    Mobile,
}

/// The MQTT client identifier: `R D GUID`, without the spaces. Rule `CONN-CLIENT-ID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId {
    /// `R`: a later connection of the same client, not its first.
    pub reconnection: bool,
    /// `D`: the device class.
    pub device: DeviceClass,
    /// What stays the same over all connections of one client.
    pub guid: String,
}

impl ClientId {
    /// Reads a client identifier; `None` if it has not this form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let reconnection = match chars.next()? {
            '0' => false,
            '1' => true,
            _ => return None,
        };
        let device = match chars.next()? {
            '0' => DeviceClass::Web,
            '1' => DeviceClass::Mobile,
            _ => return None,
        };
        let guid = chars.as_str();
        (!guid.is_empty()).then(|| Self { reconnection, device, guid: guid.to_owned() })
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = match self.device {
            DeviceClass::Web => '0',
            DeviceClass::Mobile => '1',
        };
        write!(f, "{}{device}{}", u8::from(self.reconnection), self.guid)
    }
}

/// A member in `updateSession`. Rule `PUSH-UPDATE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImMember {
    /// Who.
    pub uid: UserId,
    /// True removes.
    #[serde(rename = "isDel", default, deserialize_with = "lenient::flag")]
    pub is_del: bool,
}

/// What a client sends to the push server. Rules `PUSH-SEND`, `PUSH-UPDATE`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "cmd", rename_all_fields = "camelCase")]
pub enum Command<'a> {
    /// Push `message` to the members of the session.
    #[serde(rename = "sendMessage")]
    SendMessage {
        /// Ties the reply to the command; any text, unique in its connection.
        #[serde(rename = "y2wMessageId")]
        message_id: &'a str,
        /// The greatest `createdAt` of the members that the client knows.
        mts: i64,
        /// What to push.
        message: &'a RawValue,
    },
    /// Tell the push server who is in the session, then push `message` if there is one.
    #[serde(rename = "updateSession")]
    UpdateSession {
        /// Ties the reply to the command.
        #[serde(rename = "y2wMessageId")]
        message_id: &'a str,
        /// The mts that the members bring with them.
        mts: i64,
        /// Who is in, who is out.
        members: &'a [ImMember],
        /// Replace all members, whatever the mts.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        force: bool,
        /// What to push.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a RawValue>,
    },
}

impl Command<'_> {
    /// The payload of the PUBLISH.
    pub fn to_payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a command has string keys and finite numbers only")
    }
}

/// What the push server sends to a client.
#[derive(Clone, Debug)]
pub enum Downlink {
    /// `{"returnCode": n}`: about the connection itself. Rules `CONN-ACCEPT`, `CONN-KICK`.
    Control(ConnectionReturnCode),
    /// The answer to a command. Rule `PUSH-REPLY`.
    Reply(Reply),
    /// Another client's push. Rule `PUSH-DELIVER`.
    Delivery(Delivery),
}

/// The answer to a command. Rule `PUSH-REPLY`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The command's `cmd`, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<String>,
    /// The command's `y2wMessageId`, if it could be read.
    #[serde(rename = "y2wMessageId", default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What became of it.
    #[serde(rename = "returnCode")]
    pub return_code: SendReturnCode,
    /// The push server's mts; with 27 and 28.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mts: Option<i64>,
}

/// A push on its way to a member. Rule `PUSH-DELIVER`.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the sender sent, byte for byte.
    pub message: Box<RawValue>,
    /// Who sent it; an extension of ours, so that another form of it is another's.
    pub from: Option<UserId>,
    /// To which session, as `TYPE_ID`; an extension of ours, as above.
    pub session_id: Option<String>,
}

impl Downlink {
    /// Reads a payload from the push server; the error says what was wrong with it.
    pub fn parse(payload: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(default)]
            cmd: Option<String>,
            #[serde(rename = "returnCode", default)]
            return_code: Option<u32>,
            #[serde(default, borrow, deserialize_with = "present")]
            message: Option<&'a RawValue>,
            #[serde(default, deserialize_with = "lenient::if_readable")]
            from: Option<UserId>,
            #[serde(default, rename = "sessionId", deserialize_with = "lenient::if_readable")]
            session_id: Option<String>,
        }
        // A message may be `null`, which is not the same as none.
        fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
            Deserialize::deserialize(deserializer).map(Some)
        }
        let error = |e: serde_json::Error| e.to_string();
        let payload = str::from_utf8(payload).map_err(|error| error.to_string())?;
        // Readers of structs would take the elements of an array for their fields.
        if !payload.trim_ascii_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        let shape: Shape<'_> = serde_json::from_str(payload).map_err(error)?;
        match (shape.cmd, shape.return_code, shape.message) {
            (None, Some(code), _) => {
                // A reply to a command that the server could not read names no command, but it may name the id.
                let reply: Reply = serde_json::from_str(payload).map_err(error)?;
                if reply.message_id.is_some() || SendReturnCode::KNOWN.contains(&reply.return_code) {
                    Ok(Self::Reply(reply))
                } else {
                    Ok(Self::Control(ConnectionReturnCode(code)))
                }
            }
            (Some(_), Some(_), _) => serde_json::from_str(payload).map(Self::Reply).map_err(error),
            (_, None, Some(message)) => Ok(Self::Delivery(Delivery {
                message: message.to_owned(),
                from: shape.from,
                session_id: shape.session_id,
            })),
            (_, None, None) => Err("neither returnCode nor message".to_owned()),
        }
    }
}

/// The payload of a control message. Rules `CONN-ACCEPT`, `CONN-KICK`.
pub fn control_payload(code: ConnectionReturnCode) -> String {
    format!("{{\"returnCode\":{}}}", code.0)
}

/// The payload of a delivery: the message as it came, and who sent it where. Rule `PUSH-DELIVER`.
pub fn delivery_payload(message: &RawValue, from: &UserId, session: &ImSessionId) -> Vec<u8> {
    #[derive(Serialize)]
    struct Out<'a> {
        cmd: &'static str,
        message: &'a RawValue,
        from: &'a UserId,
        #[serde(rename = "sessionId")]
        session_id: fmt::Arguments<'a>,
    }
    serde_json::to_vec(&Out { cmd: SEND_MESSAGE, message, from, session_id: format_args!("{session}") })
        .expect("a delivery has string keys and finite numbers only")
}

/// What a notice asks its receiver to sync. Rule `NOTICE-TYPES`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SyncType(pub u32);

impl SyncType {
    /// The list of conversations.
    pub const USER_CONVERSATION: Self = Self(0);
    /// The messages of a session.
    pub const MESSAGE: Self = Self(1);
    /// The contacts.
    pub const CONTACT: Self = Self(2);
    /// The favourite groups.
    pub const USER_SESSION: Self = Self(3);
    /// The members of a session.
    pub const SESSION_MEMBER: Self = Self(4);
}

/// One thing to sync. Rule `NOTICE-SYNCS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncItem {
    /// What.
    #[serde(rename = "type")]
    pub kind: SyncType,
    /// Of which session, as `TYPE_ID`, where the type needs one.
    #[serde(rename = "sessionId", default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

/// What applications push by default: what to sync, and a text for a system notification. Rule `NOTICE-SYNCS`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What to sync, in this order. An item that cannot be read is of a type that nobody here knows, and left out: rule
    /// `NOTICE-UNKNOWN-TYPE`.
    #[serde(default, deserialize_with = "lenient::readable_objects")]
    pub syncs: Vec<SyncItem>,
    /// For the platform's own notification, if the push server passes it on.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient::if_readable")]
    pub pns: Option<Pns>,
    /// Whatever else the application put in.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Text for a platform notification. Rule `NOTICE-SYNCS`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pns {
    /// What to show.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub msg: String,
}

impl Notice {
    /// The default notice for a new message in `session`.
    pub fn new_message(session: &ImSessionId, text: impl Into<String>) -> Self {
        Self {
            syncs: vec![
                SyncItem { kind: SyncType::USER_CONVERSATION, session_id: None },
                SyncItem { kind: SyncType::MESSAGE, session_id: Some(session.to_string()) },
            ],
            pns: Some(Pns { msg: text.into() }),
            extra: serde_json::Map::new(),
        }
    }

    /// The notice as it goes into a command.
    pub fn to_raw(&self) -> Box<RawValue> {
        serde_json::value::to_raw_value(self).expect("a notice has string keys and finite numbers only")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn a_session_is_named_by_type_and_id() {
        let session = ImSessionId::new(SessionType::P2p, "12_3");
        assert_eq!(session.topic(), "y2w/session/p2p_12_3");
        assert_eq!(ImSessionId::from_topic("y2w/session/p2p_12_3"), Some(session));
        for bad in ["y2w/session/", "y2w/session/p2p", "y2w/session/p2p_", "y2w/session/_1", "p2p_1"] {
            assert_eq!(ImSessionId::from_topic(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_client_id_is_two_digits_and_a_guid() {
        let id = ClientId { reconnection: true, device: DeviceClass::Web, guid: "ab-1".to_owned() };
        assert_eq!(id.to_string(), "10ab-1");
        assert_eq!(ClientId::parse("10ab-1"), Some(id));
        for bad in ["", "0", "00", "20x", "02x", "é0x"] {
            assert_eq!(ClientId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn commands_are_this_json() {
        let message = raw(r#"{"syncs":[]}"#);
        let send = Command::SendMessage { message_id: "g1", mts: 7, message: &message };
        assert_eq!(
            String::from_utf8(send.to_payload()).unwrap(),
            r#"{"cmd":"sendMessage","y2wMessageId":"g1","mts":7,"message":{"syncs":[]}}"#
        );
        let members =
            [ImMember { uid: "1".into(), is_del: false }, ImMember { uid: "2".into(), is_del: true }];
        let update = Command::UpdateSession {
            message_id: "g2",
            mts: 8,
            members: &members,
            force: true,
            message: Some(&message),
        };
        assert_eq!(
            String::from_utf8(update.to_payload()).unwrap(),
            concat!(
                r#"{"cmd":"updateSession","y2wMessageId":"g2","mts":8,"#,
                r#""members":[{"uid":"1","isDel":false},{"uid":"2","isDel":true}],"force":true,"message":{"syncs":[]}}"#
            )
        );
    }

    #[test]
    fn what_the_server_sends_is_told_apart() {
        assert!(matches!(
            Downlink::parse(br#"{"returnCode": 11}"#).unwrap(),
            Downlink::Control(ConnectionReturnCode::ACCEPT_CONNECT)
        ));
        let reply = br#"{"cmd":"sendMessage","y2wMessageId":"g","returnCode":27,"mts":5}"#;
        match Downlink::parse(reply).unwrap() {
            Downlink::Reply(reply) => {
                assert_eq!(reply.return_code, SendReturnCode::SESSION_MTS_ON_CLIENT_HAS_EXPIRED);
                assert_eq!(reply.mts, Some(5));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(Downlink::parse(br#"{"returnCode":30}"#).unwrap(), Downlink::Reply(_)));
        match Downlink::parse(br#"{"cmd":"sendMessage","message":{"a": 1}}"#).unwrap() {
            Downlink::Delivery(delivery) => assert_eq!(delivery.message.get(), r#"{"a": 1}"#),
            other => panic!("{other:?}"),
        }
        for bad in [&b"{}"[..], b"[]", b"", b"{\"returnCode\":\"x\"}", b"\xff"] {
            assert!(Downlink::parse(bad).is_err());
        }
    }

    // Rule NOTICE-UNKNOWN-TYPE.
    #[test]
    fn what_is_odd_in_a_notice_does_not_take_the_rest_with_it() {
        let notice: Notice = serde_json::from_str(
            r#"{"syncs":[{"type":0},{"type":"x"},{"type":-1},{},null,[4],{"type":1,"sessionId":{}},{"type":9},{"type":2}],"pns":"hi"}"#,
        )
        .unwrap();
        assert_eq!(notice.syncs.iter().map(|item| item.kind.0).collect::<Vec<_>>(), [0, 9, 2]);
        assert_eq!(notice.pns, None);
    }

    #[test]
    fn a_delivery_is_read_whatever_another_server_adds_to_it() {
        let payload = br#"{"cmd":"sendMessage","message":1,"from":{"uid":"1"},"sessionId":7,"x":[]}"#;
        match Downlink::parse(payload) {
            Ok(Downlink::Delivery(delivery)) => {
                assert_eq!((delivery.from, delivery.session_id), (None, None));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_may_be_any_json_value() {
        for message in ["null", "0", "\"\"", "[]"] {
            match Downlink::parse(format!(r#"{{"cmd":"sendMessage","message":{message}}}"#).as_bytes()) {
                Ok(Downlink::Delivery(delivery)) => assert_eq!(delivery.message.get(), message),
                other => panic!("{message}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_array_is_not_read_as_if_its_elements_were_fields() {
        for array in [&br#"["message","from","p2p_1"]"#[..], br#" [null, null, "p2p_1"]"#] {
            assert!(Downlink::parse(array).is_err());
        }
    }

    #[test]
    fn the_payloads_of_the_server_are_these_bytes() {
        assert_eq!(control_payload(ConnectionReturnCode::KICKED), r#"{"returnCode":10}"#);
        let session = ImSessionId::new(SessionType::Group, "4");
        assert_eq!(
            String::from_utf8(delivery_payload(&raw(r#"{"x":[1, 2]}"#), &"9".into(), &session)).unwrap(),
            r#"{"cmd":"sendMessage","message":{"x":[1, 2]},"from":"9","sessionId":"group_4"}"#
        );
    }

    #[test]
    fn the_default_notice_is_this_json() {
        let session = ImSessionId::new(SessionType::P2p, "3");
        assert_eq!(
            serde_json::to_string(&Notice::new_message(&session, "hi")).unwrap(),
            r#"{"syncs":[{"type":0},{"type":1,"sessionId":"p2p_3"}],"pns":{"msg":"hi"}}"#
        );
    }

    #[test]
    fn what_an_application_puts_into_a_notice_arrives_exactly() {
        let golden = r#"{"syncs":[],"place":[-1.0623367169285906e-110,31.230416666666667,9007199254740993]}"#;
        let notice: Notice = serde_json::from_str(golden).unwrap();
        assert_eq!(notice.to_raw().get(), golden);
    }

    proptest::proptest! {
        #[test]
        fn no_payload_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Downlink::parse(&bytes);
        }
    }
}
