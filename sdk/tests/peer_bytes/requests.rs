//! What a server reads of what its clients send: the parameters of the business API, as JSON and as forms.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use y2w_sdk::protocol::rest::{
    AddContact, AddMember, AddUserSession, CreateSession, EditMessage, GateRequest, Login, Register,
    SetPassword, StoreMessage, TokenRequest, UpdateContact, UpdateConversation, UpdateMember, UpdateSession,
    UpdateUser, UpdateUserSession,
};

use crate::drivers::{Reader, json, read_by};

macro_rules! parameters {
    ($($kind:ty,)*) => {
        /// As JSON.
        pub(crate) const JSON: &[Reader] = &[$((stringify!($kind), json::<$kind>)),*];
        /// As forms.
        pub(crate) const FORMS: &[Reader] = &[$((concat!(stringify!($kind), " form"), form::<$kind>)),*];
    };
}

parameters! {
    Register, Login, TokenRequest, GateRequest, SetPassword, UpdateUser, AddContact, UpdateContact, AddUserSession,
    UpdateUserSession, UpdateConversation, CreateSession, AddMember, StoreMessage, UpdateSession, UpdateMember,
    EditMessage,
}

/// Bytes in the body of a request. The answer is what they could be read as.
pub(crate) fn rest_request(bytes: &[u8]) -> Vec<&'static str> {
    read_by(&[JSON, FORMS], bytes)
}

/// Whether this is a form of a `T`; then writing and reading gives the same again.
fn form<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) -> bool {
    let Ok(read) = serde_urlencoded::from_bytes::<T>(bytes) else { return false };
    let written = serde_urlencoded::to_string(&read).expect("what was read can be written");
    let again: T = serde_urlencoded::from_str(&written).expect("what was written can be read");
    assert_eq!(format!("{again:?}"), format!("{read:?}"));
    true
}
