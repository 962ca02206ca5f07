//! What passes over a push connection, as a history has it: taken down at the server's end of the network, where a
//! command is noted when it is handed over, and an answer when it comes out.

use std::sync::Arc;

use y2w_sdk::protocol::UserId;
use y2w_sdk::protocol::push::{ClientId, ImMember, Reply};

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
    /// The push session that it is for, as the topic has it: `TYPE_ID`.
    pub session: String,
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
