//! What passes over a push connection, as a history has it: taken down at the server's end of the network, where a
//! command is noted when it is handed over, and an answer when it comes out.

use std::sync::Arc;

use y2w_sdk::protocol::push::{ClientId, ImMember, ImSessionId, Reply};
use y2w_sdk::protocol::{ConnectionReturnCode, UserId};

/// One thing on a push connection.
#[derive(Clone, Debug)]
pub enum Pushed {
    /// The device introduces itself.
    Connect {
        /// As which client.
        client: ClientId,
        /// Whose.
        uid: UserId,
    },
    /// The server takes it, or not: the code of the CONNACK.
    Connack(u8),
    /// A command.
    Command(Arc<Command>),
    /// The reply to one.
    Reply(Reply),
    /// A message for the device, as the JSON that it is.
    Delivery(Arc<str>),
    /// A word about the connection itself.
    Control(u32),
    /// Something that cannot be read, and why.
    Unreadable(String),
    /// The connection is over.
    Closed(End),
}

/// A command as it was sent. Rules `PUSH-SEND`, `PUSH-UPDATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The push session that it is for.
    pub session: ImSessionId,
    /// Its y2wMessageId.
    pub id: String,
    /// The mts that it bears.
    pub mts: i64,
    /// The members that it tells; none if it only sends.
    pub members: Option<Vec<ImMember>>,
    /// Whether these are all.
    pub force: bool,
    /// What is to be delivered, as the JSON that it is.
    pub message: Option<Arc<str>>,
}

impl Pushed {
    /// Whether the server says with it that the connection is over: it was refused, or kicked.
    pub fn is_dismissal(&self) -> bool {
        match self {
            Self::Connack(code) => *code != 0,
            Self::Control(code) => *code != ConnectionReturnCode::ACCEPT_CONNECT.0,
            _ => false,
        }
    }
}

impl Command {
    /// Whether it tells members, and does not only send.
    pub fn is_update(&self) -> bool {
        self.members.is_some()
    }
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The device.
    Device,
    /// The server.
    Server,
    /// The network.
    Network,
}
