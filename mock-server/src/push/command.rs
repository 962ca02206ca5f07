//! Reading a client's command: its form only. Whether it can be carried out is the [`Hub`](super::hub::Hub)'s to say.
//!
//! A payload that is wrong in several ways gets the code of the first check that fails (`PUSH-CHECK-ORDER`), and the
//! answer repeats what could be read of it (`PUSH-REPLY-UNREADABLE`).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use y2w_sdk::protocol::limits::UID_MAX;
use y2w_sdk::protocol::push::{ImMember, Reply, SEND_MESSAGE, UPDATE_SESSION};
use y2w_sdk::protocol::{ImSessionId, SendReturnCode};

/// What a client asks for, well formed.
#[derive(Debug)]
pub(crate) enum Command<'a> {
    /// Rule `PUSH-SEND`.
    Send { session: ImSessionId, mts: i64, message: Option<&'a RawValue> },
    /// Rule `PUSH-UPDATE`.
    Update {
        session: ImSessionId,
        mts: i64,
        members: Vec<ImMember>,
        force: bool,
        message: Option<&'a RawValue>,
    },
}

/// What an answer repeats of its command. Rule `PUSH-REPLY`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Echo {
    pub(crate) cmd: Option<String>,
    pub(crate) message_id: Option<String>,
}

impl Echo {
    /// The answer's payload.
    pub(crate) fn reply(self, return_code: SendReturnCode, mts: Option<i64>) -> Vec<u8> {
        serde_json::to_vec(&Reply { cmd: self.cmd, message_id: self.message_id, return_code, mts })
            .expect("a reply has string keys and finite numbers only")
    }
}

/// Reads a command, or says which check failed. Rule `PUSH-CHECK-ORDER`, rows 1 to 5.
pub(crate) fn parse<'a>(topic: &str, payload: &'a [u8]) -> (Echo, Result<Command<'a>, SendReturnCode>) {
    match object::<Shape<'a>>(payload) {
        Some(shape) => {
            let echo = Echo {
                cmd: text(shape.cmd),
                message_id: text(shape.message_id).or_else(|| number(shape.message_id)),
            };
            let command = well_formed(topic, echo.cmd.as_deref(), &shape);
            (echo, command)
        }
        None => (Echo::default(), Err(unreadable(payload))),
    }
}

/// Reads a JSON object. A reader of structs would take the elements of an array for the fields, one after the other.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    if is_object(json) { serde_json::from_slice(json).ok() } else { None }
}

fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow, default)]
    cmd: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "y2wMessageId")]
    message_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    mts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    members: Option<&'a RawValue>,
    #[serde(borrow, default)]
    force: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    message: Option<&'a RawValue>,
}

/// A `null` that is there is a value: a message may be anything.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn well_formed<'a>(topic: &str, cmd: Option<&str>, shape: &Shape<'a>) -> Result<Command<'a>, SendReturnCode> {
    let update = match cmd {
        Some(SEND_MESSAGE) => false,
        Some(UPDATE_SESSION) => true,
        _ => return Err(SendReturnCode::CMD_IS_INVALID),
    };
    let session = ImSessionId::from_topic(topic)
        .filter(|session| session.id.as_str().len() <= UID_MAX)
        .ok_or(SendReturnCode::SESSION_ID_IS_INVALID)?;
    let mts = shape.mts.and_then(whole_number).ok_or(SendReturnCode::SESSION_MTS_IS_INVALID)?;
    if !update {
        return Ok(Command::Send { session, mts, message: shape.message });
    }
    let members = shape.members.and_then(members).ok_or(SendReturnCode::SESSION_MEMBERS_IS_INVALID)?;
    Ok(Command::Update {
        session,
        mts,
        members,
        force: shape.force.is_some_and(|raw| matches!(raw.get(), "true" | "1")),
        // A script that fills in nothing sends `null`.
        message: shape.message.filter(|raw| raw.get() != "null"),
    })
}

/// An array of objects, each of them a member.
fn members(raw: &RawValue) -> Option<Vec<ImMember>> {
    let each: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    each.into_iter().map(|member| object(member.get().as_bytes())).collect()
}

fn unreadable(payload: &[u8]) -> SendReturnCode {
    let is_json = serde_json::from_slice::<IgnoredAny>(payload).is_ok();
    if is_json && !is_object(payload) {
        SendReturnCode::CMD_IS_INVALID
    } else {
        SendReturnCode::INVALID_FORMAT_OF_JSON_CONTENT
    }
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

fn number(raw: Option<&RawValue>) -> Option<String> {
    whole_number(raw?).map(|number| number.to_string())
}

/// A JSON number without its fraction: some languages write `1.0`, or an exponent.
fn whole_number(raw: &RawValue) -> Option<i64> {
    let number = raw.get();
    number.parse().ok().or_else(|| {
        let number: f64 = serde_json::from_str(number).ok()?;
        const EXACT: f64 = 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "within the range of exact whole numbers")]
        (number.abs() <= EXACT).then_some(number as i64)
    })
}
