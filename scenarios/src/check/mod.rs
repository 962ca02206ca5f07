//! What must hold of the messages of a run, decided while it goes on.
//!
//! A [`ledger::SessionLedger`] follows one session, a [`floater::Floater`] a member who comes and goes; [`Verifier`] owns
//! them for each session and collects the [`Finding`]s. Where a run is in several processes, [`accounts`] are compared at
//! the end. Memory is linear in sessions and members: a message is forgotten once every member has it.

pub mod accounts;
pub mod floater;
pub mod ledger;
mod verifier;

pub(crate) use verifier::FINDINGS_KEPT;
pub use verifier::{Check, Delivered, Seat, Sent, Verifier, Watched};

/// Something that must not be: the rule that it breaks, and prose that names the witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id in `docs/protocol.md`.
    pub rule: &'static str,
    /// What was seen, as one would tell a colleague.
    pub text: String,
}

/// The rules that a run checks, by what breaks them.
pub mod rules {
    /// A message that was acknowledged is missing.
    pub const LOST: &str = "SYNC-LOSSLESS";
    /// A message is there twice.
    pub const TWICE: &str = "MSG-ONCE";
    /// A sender's messages are not in the order of that sender.
    pub const SENDER_ORDER: &str = "CLIENT-SEND-ORDER";
    /// Members do not see the same order, or not the order of the stamps.
    pub const SESSION_ORDER: &str = "SYNC-ORDER";
    /// A message is not what its sender sent.
    pub const VERBATIM: &str = "MSG-CONTENT-VERBATIM";
    /// A message was not stored.
    pub const STORED: &str = "MSG-STORE";
    /// A member learnt of a message only by asking, not by a push.
    pub const PUSHED: &str = "PUSH-DELIVER";
    /// A notice could not be sent.
    pub const NOTICE: &str = "PUSH-SEND";
    /// Two users of a pair have different sessions.
    pub const ONE_SESSION: &str = "SESS-P2P-ONE";
    /// Somebody who is no member of a group any more sees what is new in it.
    pub const MEMBERSHIP: &str = "MSG-MEMBERS-ONLY";
    /// A group has other members than those that were added and not removed.
    pub const MEMBERS: &str = "MEMBER-LIST";
    /// A conversation is unread though it was read.
    pub const UNREAD: &str = "MSG-SYNC-MARKS-READ";
    /// A page of history is not in its order.
    pub const HISTORY: &str = "HIST-ORDER";
    /// A device that begins with nothing does not find what is there.
    pub const FRESH_DEVICE: &str = "MSG-SYNC";
    /// A user was thrown out.
    pub const KICKED: &str = "CONN-KICK";
}
